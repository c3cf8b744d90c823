"""From a network's logits to texts, with a cache: greedy, beam search, sampling."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from embcourse.arguments import require_number, require_whole
from embcourse.transformer.fast.network import Transformer
from embcourse.transformer.reference.decoding import length_penalty


class Found(NamedTuple):
    """A text that a decoder found.

    ids  : its tokens, without the marks at its begin and end.
    score: log-probability, divided by the length penalty where there is one.
    """

    ids: list[int]
    score: float


@torch.inference_mode()
def greedy(
    network: Transformer,
    source: Tensor,
    source_mask: Tensor | None,
    *,
    begin: int,
    end: int,
    longest: int,
) -> list[Found]:
    """For each source the text that takes the likeliest token at every step.

    source     : (sources, m) ids.
    source_mask: (sources, 1, m), True at the source's tokens, or None.
    begin, end : ids of the marks around a text.
    longest    : tokens after which a text that has not ended is cut; its score is that of the cut
                 text.
    """
    network.eval()
    memory = network.encode(source, source_mask)
    cache = network.start(memory, source_mask, 1, longest + 1)
    token = source.new_full((len(source), 1), begin)
    texts = [Found([], 0.0) for _ in range(len(source))]
    left = torch.arange(len(source))
    for place in range(longest):
        logs = network.step(token, place, cache).log_softmax(dim=-1)[:, 0]
        best, token = logs.max(dim=-1)
        for i, source_id in enumerate(left.tolist()):
            ids = texts[source_id].ids + ([] if token[i] == end else [int(token[i])])
            texts[source_id] = Found(ids, texts[source_id].score + float(best[i]))
        going = (token != end).nonzero().flatten()
        if len(going) == 0:
            break
        if len(going) < len(left):
            cache, left, token = cache.only(going), left[going], token[going]
        token = token.unsqueeze(1)
    return texts


@torch.inference_mode()
def beam_search(
    network: Transformer,
    source: Tensor,
    source_mask: Tensor | None,
    *,
    begin: int,
    end: int,
    longest: int,
    beam: int = 4,
    alpha: float = 0.6,
) -> list[Found]:
    """For each source the best text that a beam of several begins finds.

    At every step each of the `beam` texts is continued by each token. Of the `beam` best
    continuations those that end are kept, with their log-probability divided by the length penalty;
    the `beam` best that do not end go on. The search is over when `beam` texts have ended; at
    `longest` those that go on are kept as they are.

    alpha  : 0 for no length penalty; the larger, the longer the texts.
    returns: one `Found` for each source; its score is divided by the length penalty, whose length
             counts the mark that ends the text.
    raises : TypeError or ValueError for a beam, an alpha or a longest that is no good.

    Wu et al. (2016), section 7, for the length penalty.
    """
    beam = require_whole("beam_search", "beam", beam, least=1)
    alpha = require_number("beam_search", "alpha", alpha, least=0)
    longest = require_whole("beam_search", "longest", longest, least=1)
    network.eval()
    cache = network.start(network.encode(source, source_mask), source_mask, beam, longest)
    sources, vocabulary = len(source), network.shape.tokens
    left = torch.arange(sources)  # the sources that are not done
    tokens = source.new_full((sources, beam), begin)
    written = source.new_empty((sources, beam, 0))
    scores = torch.full((sources, beam), -torch.inf)
    scores[:, 0] = 0.0  # all texts of a source begin alike, so one of them counts
    ended: list[list[Found]] = [[] for _ in range(sources)]
    for place in range(longest):
        logs = network.step(tokens, place, cache).log_softmax(dim=-1)
        # At most one continuation of each text ends: of the best 2 x beam, beam or more go on.
        sums, picks = (scores.unsqueeze(-1) + logs).flatten(1).topk(2 * beam)
        parents, tokens = picks // vocabulary, picks % vocabulary
        ends = tokens == end
        penalty = length_penalty(place + 1, alpha)
        for i, j in (ends & (sums > -torch.inf))[:, :beam].nonzero().tolist():
            text = Found(written[i, parents[i, j]].tolist(), float(sums[i, j]) / penalty)
            ended[int(left[i])].append(text)
        going = torch.tensor([i for i, s in enumerate(left.tolist()) if len(ended[s]) < beam])
        if len(going) == 0:
            break
        if len(going) < len(left):
            cache, left, written = cache.only(going), left[going], written[going]
            sums, parents, tokens, ends = sums[going], parents[going], tokens[going], ends[going]
        # A stable sort brings those that go on to the front, the best of them first.
        chosen = ends.to(torch.uint8).argsort(dim=1, stable=True)[:, :beam]
        scores, parents = sums.gather(1, chosen), parents.gather(1, chosen)
        tokens = tokens.gather(1, chosen)
        rows = torch.arange(len(left)).unsqueeze(1)
        cache.reorder((rows * beam + parents).flatten(), place + 1)
        written = torch.cat([written[rows, parents], tokens.unsqueeze(-1)], dim=-1)
    else:
        penalty = length_penalty(longest, alpha)
        for i, number in enumerate(left.tolist()):
            for ids, score in zip(written[i].tolist(), scores[i].tolist(), strict=True):
                ended[number].append(Found(ids, score / penalty))
    return [max(texts, key=lambda text: text.score) for texts in ended]
