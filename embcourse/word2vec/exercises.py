"""The exercises of the word2vec chapter: from pairs to a trainer that makes word vectors."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.word2vec import reference


def tables(rng: np.random.Generator, words: int = 6, dim: int = 3, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors, of entries between -scale and scale."""
    return rng.uniform(-scale, scale, (words, dim)), rng.uniform(-scale, scale, (words, dim))


def large_tables(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Tables (6, 4) with logits up to 14,400: u_w . v_w is above 5,700 for every word, and above 709 exp overflows."""
    inputs = rng.uniform(40, 60, (6, 4)) * rng.choice([-1, 1], (6, 4))
    inputs[5] = np.copysign(inputs[5], inputs[2])              # the mean of rows 2 and 5 is long as well
    return inputs, inputs * rng.uniform(0.9, 1.0, (6, 4))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


# A logit is a sum of d <= 6 products of numbers up to 1, a softmax sums V <= 9 powers; then come a mean over at most 12
# examples and, in gradients, products with rows. That makes fewer than 128 roundings of numbers below 8.
ORDINARY = Tolerance(operations=128, scale=8.0)
# Logits near 1e4 are right to 1e4 eps, and so is the logarithm of a probability.
LARGE = Tolerance(operations=128, scale=2e4)
# A probability then errs by as much, and is multiplied with vectors of entries up to 60.
LARGE_GRADIENT = Tolerance(operations=128, scale=1.2e6)


# ----------------------------------------------------------------------------------------------------- sampled windows


def pair_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([4, 1, 3, 0, 2]), np.array([0, 5]), np.array([1, 2, 1, 1, 2])), label="one sentence")
    ids = rng.permutation(20)
    yield Case((ids, np.array([0, 8, 13, 20]), rng.integers(1, 4, 20)), label="three sentences")
    yield Case((rng.permutation(22)[::2], np.array([0, 6, 11]), rng.integers(1, 5, 22)[::2]), label="views with gaps")
    yield Case((np.array([5, 6, 7, 8]), np.array([0, 2, 4]), np.array([3, 3, 1, 3])), label="radii beyond the border")
    yield Case((np.array([1, 1, 2, 1]), np.array([0, 4]), np.array([1, 2, 1, 3])), "edge", "a word beside itself")
    yield Case((np.array([3, 0]), np.array([0, 2]), np.array([9, 9])), "edge", "radii longer than the text")
    yield Case((np.array([3, 0, 4]), np.array([0, 1, 1, 3]), np.array([2, 2, 2])), "edge", "an empty sentence")
    yield Case((np.array([3]), np.array([0, 1]), np.array([2])), "edge", "one word")
    yield Case((np.zeros(0, int), np.array([0]), np.zeros(0, int)), "edge", "no text")


def paired_with(*, before=0, after=0, nearest=1, borders=True, left=True, radius_of="centre", same_word=True,
                swapped=False, wraps=False):
    """Pairs of sampled windows with one part replaced."""
    def solve(ids, offsets, radii):
        centres, contexts = [], []
        ends = offsets.tolist() if borders else [0, len(ids)]
        for start, end in zip(ends[:-1], ends[1:]):
            for t in range(start, end):
                for s in range(start, end):
                    radius = radii[t] if radius_of == "centre" else radii[s] if radius_of == "context" else max(radii)
                    reach = radius + before if s < t else radius + after
                    if wraps and s < t < start + radius:             # a slice from a negative start is empty here
                        continue
                    if not nearest <= abs(s - t) <= reach or (s < t and not left):
                        continue
                    if s != t and ids[s] == ids[t] and not same_word:
                        continue
                    centres.append(ids[t])
                    contexts.append(ids[s])
        both = np.array(centres, dtype=int), np.array(contexts, dtype=int)
        return both[::-1] if swapped else both
    return solve


def pairs_by_lists(ids, offsets, radii):
    centres, contexts = [], []
    for start, end in zip(offsets[:-1], offsets[1:]):
        sentence, reach = ids[start:end].tolist(), radii[start:end].tolist()
        for t, word in enumerate(sentence):
            near = sentence[max(0, t - reach[t]):t] + sentence[t + 1:t + 1 + reach[t]]
            centres += [word] * len(near)
            contexts += near
    return centres, contexts


def pairs_by_matrix(ids, offsets, radii):
    """One yes or no for every two positions."""
    place = np.arange(len(ids))
    sentence = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    distance = np.abs(place[:, None] - place)
    t, s = np.nonzero((distance > 0) & (distance <= radii[:, None]) & (sentence[:, None] == sentence))
    return ids[t], ids[s]


SAMPLED_PAIRS = Exercise(
    id="word2vec.sampled_pairs", points=2,
    reference=lambda ids, offsets, radii: reference.sampled_pairs(ids, radii, offsets),
    cases=pair_cases,
    misconceptions=[
        Misconception("makes the window one too short", paired_with(before=-1, after=-1),
                      "A radius of 1 reaches the words next to the centre; one of 2 reaches one further."),
        Misconception("leaves out the last position on the right", paired_with(after=-1),
                      "Python's range and slices leave out their end. To include position t + r, end at t + r + 1."),
        Misconception("makes the window one too long", paired_with(before=1, after=1),
                      "Words at distance r are inside, words at distance r + 1 are not."),
        Misconception("loses the left side near the start", paired_with(wraps=True),
                      "t - r is negative there, and Python reads a negative index from the end. Start at the beginning "
                      "of the sentence instead."),
        Misconception("crosses the border of a sentence", paired_with(borders=False),
                      "The last word of one sentence and the first of the next stand side by side in `ids` by chance. "
                      "Stop at the borders that `offsets` gives."),
        Misconception("takes the radius of the context", paired_with(radius_of="context"),
                      "The window belongs to the centre: position t sees s if they are at most radii[t] apart, "
                      "whatever radii[s] is."),
        Misconception("uses the largest radius everywhere", paired_with(radius_of="largest"),
                      "Each centre has a radius of its own: radii[t]."),
        Misconception("pairs the centre with itself", paired_with(nearest=0),
                      "Position t is not its own context."),
        Misconception("looks to the right only", paired_with(left=False),
                      "The window reaches as far to the left as to the right."),
        Misconception("leaves out a word's other occurrences", paired_with(same_word=False),
                      "Leave out the centre's position, not its word: \"very very good\" has very beside very."),
        Misconception("swaps centre and context", paired_with(swapped=True),
                      "The centres come first. With radii that differ, that is not the same."),
    ],
    alternatives=[pairs_by_lists, pairs_by_matrix],
    hints=["Go through the sentences, in each through the positions t, and for each t through the positions s near it.",
           "s runs from the larger of start and t - radii[t] to the smaller of end - 1 and t + radii[t].",
           "`for s in range(max(start, t - radii[t]), min(end, t + radii[t] + 1)):` and, if s != t, append ids[t] and "
           "ids[s]."],
)


# --------------------------------------------------------------------------------------------------------- log-softmax


def logit_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.0, 1.0, 3.0], [2.0, -1.0, 0.5]]),), label="two rows", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, (4, 7)),), label="four rows", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, 5),), label="one axis", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, (2, 3, 4)),), label="three axes", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, (3, 8))[:, ::2],), label="a view with gaps", tolerance=ORDINARY)
    yield Case((rng.uniform(-4, 4, (3, 1)),), "edge", "one word", tolerance=ORDINARY)
    yield Case((np.zeros((0, 4)),), "edge", "no rows")
    yield Case((np.full((2, 5), 2.0),), "edge", "all equal", tolerance=ORDINARY)
    yield Case((np.array([[1e4, 1e4 - 1, 0.0]]),), "stability", "logits of 10,000", tolerance=LARGE)
    yield Case((np.array([[-1e4, -1e4 - 1, -1e4 + 2]]),), "stability", "logits of -10,000", tolerance=LARGE)
    yield Case((np.array([[1e4, -1e4], [-1e4, -1e4]]),), "stability", "rows far apart", tolerance=LARGE)


def log_softmax_with(*, shift="row", axis=-1, after=False, log=np.log, powers=True, epsilon=0.0, plain=False):
    """The log-softmax with one part replaced."""
    def solve(logits):
        with np.errstate(all="ignore"):
            if shift == "row":
                logits = logits - logits.max(axis=axis, keepdims=True, initial=-np.inf)
            elif shift == "all":
                logits = logits - logits.max(initial=-np.inf)
            total = np.exp(logits).sum(axis=axis, keepdims=True)
            if plain:
                return np.exp(logits) / total
            if after:
                return log(np.exp(logits) / total + epsilon)
            return logits - (log(total) if powers else total)
    return solve


def log_softmax_by_logaddexp(logits):
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def log_softmax_by_rows(logits):
    rows = []
    for row in logits.reshape(-1, logits.shape[-1]).tolist():
        top = max(row)
        total = top + math.log(math.fsum(math.exp(x - top) for x in row))
        rows.append([x - total for x in row])
    return np.array(rows).reshape(logits.shape)


LOG_SOFTMAX = Exercise(
    id="word2vec.log_softmax", points=2,
    reference=reference.log_softmax,
    cases=logit_cases,
    misconceptions=[
        Misconception("exponentiates large logits as they are", log_softmax_with(shift=None),
                      "exp(1000) overflows, and exp(-1000) is 0. Subtract the row's maximum first: no probability "
                      "changes."),
        Misconception("takes the logarithm of a probability that has rounded to 0", log_softmax_with(after=True),
                      "exp(-1000) is 0 and ln 0 is infinite. Don't form the probability: subtract the logarithm of the "
                      "sum from the shifted logits."),
        Misconception("adds a small number to save the logarithm",
                      log_softmax_with(after=True, epsilon=1e-12),
                      "A small number inside the logarithm changes every small probability: ln 1e-12 is only -27.6. "
                      "Subtract the logarithm of the sum from the shifted logits instead."),
        Misconception("sums over the wrong axis", log_softmax_with(axis=0),
                      "Each row is a distribution over the vocabulary, which is the last axis."),
        Misconception("subtracts one maximum from all rows", log_softmax_with(shift="all"),
                      "A row far below the largest one then underflows. Each row needs its own maximum."),
        Misconception("returns probabilities", log_softmax_with(plain=True),
                      "These are the probabilities. Asked are their natural logarithms."),
        Misconception("takes another base", log_softmax_with(log=np.log2),
                      "The logarithm is the natural one, np.log."),
        Misconception("subtracts the sum, not its logarithm", log_softmax_with(powers=False),
                      "ln(a / b) is ln a - ln b: subtract the logarithm of the sum of exponentials."),
    ],
    alternatives=[log_softmax_by_logaddexp, log_softmax_by_rows],
    hints=["ln(exp(x_i) / S) is x_i - ln S. Write that, then ask what happens at x = 1000.",
           "Subtract the row's maximum from the row before anything else; keepdims=True keeps the shapes fitting.",
           "`shifted = logits - logits.max(axis=-1, keepdims=True)`, then shifted minus the log of the sum of "
           "np.exp(shifted)."],
)


# ------------------------------------------------------------------------------------------------------ skip-gram loss


def skipgram_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), np.array([0, 1, 4]), np.array([2, 5, 3])), label="three pairs", tolerance=ORDINARY)
    yield Case((*tables(rng, 9, 5), rng.integers(0, 9, 12), rng.integers(0, 9, 12)), label="twelve pairs",
               tolerance=ORDINARY)
    inputs, outputs = tables(rng, 7, 6)
    yield Case((inputs[:, ::2], outputs[:, ::2], np.array([5, 0, 1, 0, 2, 0])[::2], np.array([3, 0, 6, 0, 4, 0])[::2]),
               label="views with gaps", tolerance=ORDINARY)
    yield Case((*tables(rng, 5, 4), np.array([2, 2, 2, 0]), np.array([1, 1, 3, 3])), label="the same words again",
               tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([3]), np.array([1])), "edge", "one pair", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([3, 1]), np.array([3, 2])), "edge", "a word beside itself", tolerance=ORDINARY)
    yield Case((*tables(rng, 1, 2), np.array([0, 0]), np.array([0, 0])), "edge", "a vocabulary of one word",
               tolerance=ORDINARY)
    yield Case((*tables(rng, 8, 1), np.array([7, 0]), np.array([0, 6])), "edge", "one dimension", tolerance=ORDINARY)


def large_pairs(rng: np.random.Generator, tolerance: Tolerance) -> Case:
    """Logits of thousands: the softmax is all but a yes or no."""
    return Case((*large_tables(rng), np.array([0, 3, 5]), np.array([1, 2, 4])), "stability", "logits of thousands",
                tolerance=tolerance)


def loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from skipgram_cases(rng)
    yield Case((np.zeros((4, 2)), np.zeros((4, 2)), np.array([0, 1]), np.array([2, 3])), "edge", "all vectors 0",
               tolerance=ORDINARY)
    yield large_pairs(rng, LARGE)
    none = np.zeros(0, int)
    yield Case((*tables(rng), none, none), "errors", "no pairs", raises=ValueError)


def loss_with(*, table="two", average=True, swapped=False, naive=False, log=np.log, sign=-1.0, others=False,
              over_pairs=False, checked=True):
    """The skip-gram loss with one part replaced."""
    def solve(inputs, outputs, centres, contexts):
        if checked and len(centres) == 0:
            raise ValueError("no pairs")
        if table == "swapped":
            inputs, outputs = outputs, inputs
        elif table != "two":
            inputs = outputs = inputs if table == "inputs" else outputs
        if swapped:
            centres, contexts = contexts, centres
        logits = inputs[centres] @ outputs.T
        axis = 0 if over_pairs else -1
        pairs = np.arange(len(centres))
        with np.errstate(all="ignore"):
            top = 0.0 if naive else logits.max(axis=axis, keepdims=True)
            powers = np.exp(logits - top)
            if others:
                powers[pairs, contexts] = 0.0
            log_p = (logits - top - log(powers.sum(axis=axis, keepdims=True)))[pairs, contexts]
        return sign * float(log_p.mean() if average else log_p.sum())
    return solve


def loss_by_pairs(inputs, outputs, centres, contexts):
    if not len(centres):
        raise ValueError("there must be at least one pair")
    total = 0.0
    for c, o in zip(centres.tolist(), contexts.tolist()):
        logits = [math.fsum(a * b for a, b in zip(u, inputs[c].tolist())) for u in outputs.tolist()]
        top = max(logits)
        total += top + math.log(math.fsum(math.exp(x - top) for x in logits)) - logits[o]
    return total / len(centres)


def loss_by_logaddexp(inputs, outputs, centres, contexts):
    if centres.size == 0:
        raise ValueError("there must be at least one pair")
    every = np.logaddexp.reduce(inputs @ outputs.T, axis=1)
    return np.mean(every[centres] - np.einsum("nd,nd->n", inputs[centres], outputs[contexts]))


SKIPGRAM_LOSS = Exercise(
    id="word2vec.skipgram_loss", points=2,
    reference=reference.skipgram_loss,
    cases=loss_cases,
    misconceptions=[
        Misconception("uses one table for both roles", loss_with(table="inputs"),
                      "A word has two vectors. The centre's is a row of `inputs`, those of the words that are "
                      "predicted are rows of `outputs`."),
        Misconception("uses the output table for both roles", loss_with(table="outputs"),
                      "A word has two vectors. The centre's is a row of `inputs`, not of `outputs`."),
        Misconception("swaps the two tables", loss_with(table="swapped"),
                      "The centre is read in `inputs`; what is predicted stands in `outputs`."),
        Misconception("predicts the centre from the context", loss_with(swapped=True),
                      "Skip-gram predicts the context from the centre: v belongs to the centre, the target is the "
                      "context."),
        Misconception("adds up where the mean is asked", loss_with(average=False),
                      "Divide by the number of pairs: the loss is a mean."),
        Misconception("exponentiates large logits as they are", loss_with(naive=True),
                      "exp overflows above 709. Use your log_softmax."),
        Misconception("has the wrong sign", loss_with(sign=1.0),
                      "The loss is minus the log-probability; it is never negative."),
        Misconception("leaves the context out of the sum", loss_with(others=True),
                      "The sum in the denominator runs over the whole vocabulary, the context included."),
        Misconception("normalises over the pairs", loss_with(over_pairs=True),
                      "Each pair has a softmax of its own, over the words of the vocabulary: the last axis of "
                      "inputs[centres] @ outputs.T."),
        Misconception("returns nan for no pairs", loss_with(checked=False),
                      "The mean of nothing is not a number. Raise a ValueError when there is no pair."),
    ],
    alternatives=[loss_by_pairs, loss_by_logaddexp],
    hints=["For each pair, the logits are the products of v_c with all V output rows.",
           "inputs[centres] @ outputs.T has shape (n, V). Its log-softmax at the contexts is what you need.",
           "`log_softmax(inputs[centres] @ outputs.T)[np.arange(len(centres)), contexts]`, averaged, with a minus."],
)


# ------------------------------------------------------------------------------------------------- skip-gram gradients


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from skipgram_cases(rng)
    yield large_pairs(rng, LARGE_GRADIENT)


def gradients_with(*, average=True, truth=True, duplicates="added", rows="all", sign=1.0, naive=False, seen="all",
                   swapped=False):
    """Both gradients of the skip-gram loss, with one part replaced."""
    def solve(inputs, outputs, centres, contexts):
        pairs = np.arange(len(centres))
        logits = inputs[centres] @ outputs.T
        with np.errstate(all="ignore"):
            error = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) if naive else probabilities(logits)
        if truth:
            error[pairs, contexts] -= 1.0
        error *= sign / (len(centres) if average else 1)
        target = np.zeros_like(error)
        target[pairs, contexts] = error[pairs, contexts]
        of_inputs = (target if seen == "target" else error) @ outputs
        grad_inputs = np.zeros_like(inputs)
        if duplicates == "added":
            np.add.at(grad_inputs, centres, of_inputs)
        else:
            grad_inputs[centres] += of_inputs
        grad_outputs = (target if rows == "target" else error).T @ inputs[centres]
        return (grad_outputs, grad_inputs) if swapped else (grad_inputs, grad_outputs)
    return solve


def gradients_by_pairs(inputs, outputs, centres, contexts):
    grad_inputs, grad_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)
    for c, o in zip(centres, contexts):
        p = probabilities(outputs @ inputs[c])
        grad_inputs[c] += (p @ outputs - outputs[o]) / len(centres)
        grad_outputs += np.outer(p, inputs[c]) / len(centres)
        grad_outputs[o] -= inputs[c] / len(centres)
    return grad_inputs, grad_outputs


def gradients_by_one_hot(inputs, outputs, centres, contexts):
    """Rows picked and gradients spread by matrices of ones and zeros."""
    words = np.eye(len(inputs))
    centre, context = words[centres], words[contexts]
    error = (probabilities(centre @ inputs @ outputs.T) - context) / len(centres)
    return centre.T @ error @ outputs, error.T @ centre @ inputs


SKIPGRAM_GRADIENTS = Exercise(
    id="word2vec.skipgram_gradients", points=3,
    reference=lambda *args: reference.skipgram_gradients(*args)[1:],
    cases=gradient_cases,
    misconceptions=[
        Misconception("keeps one pair of a word that stands in several", gradients_with(duplicates="one"),
                      "`grad[centres] += ...` writes each row once, even where a word stands in `centres` several "
                      "times. Use np.add.at, or a loop."),
        Misconception("forgets the truth", gradients_with(truth=False),
                      "The error is P(w | c) minus 1 for the context, and P(w | c) for all others. Subtract the 1."),
        Misconception("moves only the context's output row", gradients_with(rows="target"),
                      "Every word stands in the denominator, so every row of `outputs` has a gradient: P(w | c) v_c "
                      "for the words that are not the context."),
        Misconception("lets only the context pull at the centre", gradients_with(seen="target"),
                      "The centre's gradient sums over the whole vocabulary: e_w u_w for every word w."),
        Misconception("forgets to divide by the number of pairs", gradients_with(average=False),
                      "The loss is a mean over n pairs, so each pair contributes 1/n of its gradient."),
        Misconception("has the wrong sign", gradients_with(sign=-1.0),
                      "The error is the prediction minus the truth. Yours points downhill; the gradient uphill."),
        Misconception("swaps the two gradients", gradients_with(swapped=True),
                      "The gradient of `inputs` comes first."),
        Misconception("exponentiates large logits as they are", gradients_with(naive=True),
                      "exp overflows above 709. Use your log_softmax, and np.exp of that."),
    ],
    alternatives=[gradients_by_pairs, gradients_by_one_hot],
    hints=["Do it for one pair first: the error e (V numbers) is P(w | c), minus 1 at the context.",
           "One pair: v_c gets e @ outputs, u_w gets e[w] v_c for every w. Divide by n, and add up over the pairs.",
           "`error` has shape (n, V). `np.add.at(grad_inputs, centres, error @ outputs)` and "
           "`grad_outputs = error.T @ inputs[centres]`."],
)


# ------------------------------------------------------------------------------------------------------------ one step


def step_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), 0, 1, 0.5), label="a pair", tolerance=ORDINARY)
    yield Case((*tables(rng, 8, 5), 6, 2, 1.0), label="rate 1", tolerance=ORDINARY)
    inputs, outputs = tables(rng, dim=6)
    yield Case((inputs[:, ::2], outputs[:, ::2], 4, 3, 0.8), label="views with gaps", tolerance=ORDINARY)
    yield Case((*tables(rng), 2, 2, 0.7), "edge", "a word beside itself", tolerance=ORDINARY)
    yield Case((*tables(rng), 5, 0, 0.0), "edge", "rate 0", tolerance=ORDINARY)
    yield Case((*tables(rng, 1, 3), 0, 0, 0.5), "edge", "a vocabulary of one word", tolerance=ORDINARY)
    yield Case((*large_tables(rng), 1, 4, 0.5), "stability", "logits of thousands",
               tolerance=LARGE_GRADIENT)


def stepped_with(*, first="none", sign=-1.0, rows="all", inputs_too=True, outputs_too=True, moved="centre",
                 naive=False):
    """One step with one part replaced; first: the table that moves before the other's gradient is taken."""
    def solve(inputs, outputs, centre, context, learning_rate):
        new_inputs, new_outputs = inputs.copy(), outputs.copy()
        logits = outputs @ inputs[centre]
        with np.errstate(all="ignore"):
            error = np.exp(logits) / np.exp(logits).sum() if naive else probabilities(logits)
        error[context] -= 1.0
        change_inputs = sign * learning_rate * (error @ outputs)
        change_outputs = sign * learning_rate * np.outer(error, inputs[centre])
        if first == "inputs":
            change_outputs = sign * learning_rate * np.outer(error, inputs[centre] + change_inputs)
        if first == "outputs":
            change_inputs = sign * learning_rate * (error @ (outputs + change_outputs))
        if inputs_too:
            new_inputs[centre if moved == "centre" else context] += change_inputs
        if outputs_too:
            if rows == "all":
                new_outputs += change_outputs
            else:
                new_outputs[context] += change_outputs[context]
        return new_inputs, new_outputs
    return solve


def step_by_gradients(inputs, outputs, centre, context, learning_rate):
    of_inputs, of_outputs = gradients_by_one_hot(inputs, outputs, np.array([centre]), np.array([context]))
    return inputs - learning_rate * of_inputs, outputs - learning_rate * of_outputs


def step_by_lists(inputs, outputs, centre, context, learning_rate):
    v, u = inputs.tolist(), outputs.tolist()
    old = list(v[centre])
    logits = [math.fsum(a * b for a, b in zip(row, old)) for row in u]
    top = max(logits)
    total = math.fsum(math.exp(x - top) for x in logits)
    for w, x in enumerate(logits):
        g = learning_rate * (float(w == context) - math.exp(x - top) / total)
        for k, a in enumerate(old):
            v[centre][k] += g * u[w][k]
            u[w][k] += g * a
    return v, u


SGD_STEP = Exercise(
    id="word2vec.sgd_step", points=2,
    reference=lambda *args: reference.sgd_step(*args)[1:],
    cases=step_cases,
    misconceptions=[
        Misconception("moves the outputs by the new input row", stepped_with(first="inputs"),
                      "Both gradients belong to the values from before the step. Compute both, then move both."),
        Misconception("moves the input row by the new outputs", stepped_with(first="outputs"),
                      "Both gradients belong to the values from before the step. Compute both, then move both."),
        Misconception("steps uphill", stepped_with(sign=1.0),
                      "The gradient points to where the loss grows. Subtract it."),
        Misconception("moves only the context's output row", stepped_with(rows="target"),
                      "With the full softmax every row of `outputs` moves, each by its own error."),
        Misconception("leaves the input row alone", stepped_with(inputs_too=False),
                      "Both tables learn: the centre's row of `inputs` moves too."),
        Misconception("leaves the output rows alone", stepped_with(outputs_too=False),
                      "Both tables learn: the rows of `outputs` move too."),
        Misconception("moves the context's input row", stepped_with(moved="context"),
                      "The input row that took part is the centre's."),
        Misconception("exponentiates large logits as they are", stepped_with(naive=True),
                      "exp overflows above 709. Use your gradients from above, or your log_softmax."),
    ],
    alternatives=[step_by_gradients, step_by_lists],
    hints=["A single pair is a batch of one: your gradients from the exercise before will do.",
           "Take both gradients first, from the tables as they came. Then make the new tables.",
           "`grad_inputs, grad_outputs = skipgram_gradients(inputs, outputs, np.array([centre]), np.array([context]))`"
           ", and return each table minus learning_rate times its gradient."],
)


# ---------------------------------------------------------------------------------------------------------------- CBOW


def hidden_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((tables(rng)[0], np.array([0, 2, 5]), True), label="mean of three", tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.array([4, 1, 3]), False), label="sum of three", tolerance=ORDINARY)
    yield Case((tables(rng, 9, 8)[0][:, ::2], rng.permutation(9)[:6][::2], True), label="views with gaps",
               tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.array([1, 3, 3, 3]), True), label="a word three times", tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.array([2, 2, 0]), False), "edge", "a word twice, summed", tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.array([4]), True), "edge", "one word", tolerance=ORDINARY)
    yield Case((tables(rng)[0], np.zeros(0, int), True), "errors", "no context", raises=ValueError)
    yield Case((tables(rng)[0], np.zeros(0, int), False), "errors", "no context, summed", raises=ValueError)


def hidden_with(*, always=None, distinct=False, divisor="words", checked=True):
    """The hidden vector of CBOW with one part replaced."""
    def solve(inputs, contexts, mean):
        if checked and len(contexts) == 0:
            raise ValueError("no context")
        contexts = np.unique(contexts) if distinct else contexts
        total = inputs[contexts].sum(axis=0)
        count = len(contexts) if divisor == "words" else len(inputs) if divisor == "vocabulary" else inputs.shape[1]
        with np.errstate(all="ignore"):
            return total / count if (mean if always is None else always) else total
    return solve


def hidden_by_loop(inputs, contexts, mean):
    if not len(contexts):
        raise ValueError("there must be a context")
    total = [0.0] * inputs.shape[1]
    for word in contexts:
        total = [a + b for a, b in zip(total, inputs[word])]
    return [a / len(contexts) for a in total] if mean else total


def hidden_by_counts(inputs, contexts, mean):
    """How often each word occurs, times its row."""
    if contexts.size < 1:
        raise ValueError("there must be a context")
    weights = np.bincount(contexts, minlength=len(inputs)).astype(float)
    return (weights / weights.sum() if mean else weights) @ inputs


CBOW_HIDDEN = Exercise(
    id="word2vec.cbow_hidden", points=1,
    reference=reference.cbow_hidden,
    cases=hidden_cases,
    misconceptions=[
        Misconception("adds up where the mean is meant", hidden_with(always=False),
                      "With mean=True, divide by the number of context words. A sum grows with the window."),
        Misconception("averages where the sum is meant", hidden_with(always=True),
                      "With mean=False, return the sum as it is."),
        Misconception("counts a repeated word once", hidden_with(distinct=True),
                      "A word that stands in the context twice is added twice, and counts as two in the mean."),
        Misconception("divides by the vocabulary", hidden_with(divisor="vocabulary"),
                      "The mean is over the context: divide by the number of words in it."),
        Misconception("divides by the dimension", hidden_with(divisor="dimension"),
                      "Average over the words, axis 0, not over the components of a vector."),
        Misconception("accepts a context without a word", hidden_with(checked=False),
                      "Without a word there is nothing to predict from. Raise a ValueError."),
    ],
    alternatives=[hidden_by_loop, hidden_by_counts],
    hints=["Pick the context's rows of `inputs`. How do you go from m rows to one?",
           "Indexing with an array of ids repeats a row as often as its id occurs. Sum along axis 0.",
           "`inputs[contexts].mean(axis=0)` or `.sum(axis=0)`, after a look whether `contexts` is empty."],
)


def cbow_cases(rng: np.random.Generator) -> Iterator[Case]:
    def contexts(*lengths, size=6):
        return [rng.permutation(size)[:length] for length in lengths]

    yield Case((*tables(rng), np.array([0, 3]), contexts(3, 2), True), label="mean, two targets", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([1, 4, 2]), contexts(4, 2, 3), False), label="sum, three targets",
               tolerance=ORDINARY)
    inputs, outputs = tables(rng, 8, 6)
    yield Case((inputs[:, ::2], outputs[:, ::2], np.array([5, 0, 7, 0, 5, 0])[::2], contexts(4, 1, 3, size=8), True),
               label="views with gaps", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([2, 5]), [np.array([1, 1, 3, 1]), np.array([0, 1])], True),
               label="a word three times", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([2, 5]), [np.array([4, 4]), np.array([0, 4, 1])], False), "edge",
               "a word twice, summed", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([2, 0, 5]), [np.array([1, 3]), np.zeros(0, int), np.array([4, 0, 2])], True),
               "edge", "a target without a context", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([3]), [np.array([3, 1])], True), "edge", "the target in its own context",
               tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([4]), [np.array([2])], True), "edge", "one word", tolerance=ORDINARY)


def cbow_large(rng: np.random.Generator, tolerance: Tolerance) -> Case:
    """Logits of thousands."""
    return Case((*large_tables(rng), np.array([0, 3]), [np.array([1]), np.array([2, 5])], True), "stability",
                "logits of thousands", tolerance=tolerance)


def cbow_loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from cbow_cases(rng)
    yield cbow_large(rng, LARGE)
    yield Case((*tables(rng), np.array([1]), [np.zeros(0, int)], True), "errors", "no target with a context",
               raises=ValueError)


def cbow_with(*, what="loss", always=None, distinct=False, counted="used", swapped=False, naive=False, one_by_one=False,
              share="right", truth=True, duplicates="added", rows="all", average=True, one_table=False):
    """Loss or gradients of CBOW with one part replaced."""
    def solve(inputs, outputs, targets, contexts, mean):
        if swapped:
            inputs, outputs = outputs, inputs
        if one_table:
            outputs = inputs
        mean = mean if always is None else always
        used = [(t, np.unique(c) if distinct else c) for t, c in zip(targets, contexts) if len(c)]
        if not used:
            raise ValueError("no target with a context")
        count = (len(used) if counted == "used" else len(targets)) if average else 1
        loss, grad_inputs, grad_outputs = 0.0, np.zeros(inputs.shape), np.zeros(outputs.shape)
        for target, context in used:
            hidden = inputs[context].mean(axis=0) if mean else inputs[context].sum(axis=0)
            if one_by_one:
                loss -= np.mean([reference.log_softmax(outputs @ inputs[c])[target] for c in context]) / count
                continue
            logits = outputs @ hidden
            with np.errstate(all="ignore"):
                top = 0.0 if naive else logits.max()
                total = np.exp(logits - top).sum()
                loss -= (logits[target] - top - np.log(total)) / count
                error = np.exp(logits - top) / total
            if truth:
                error[target] -= 1.0
            error /= count
            if rows == "target":
                grad_outputs[target] += error[target] * hidden
            else:
                grad_outputs += np.outer(error, hidden)
            change = error @ outputs
            divide = {"right": mean, "never": False, "always": True}[share]
            change = change / len(context) if divide else change
            if duplicates == "added":
                np.add.at(grad_inputs, context, change)
            else:
                grad_inputs[context] += change
        return float(loss) if what == "loss" else (grad_inputs, grad_outputs)
    return solve


def cbow_loss_by_matrix(inputs, outputs, targets, contexts, mean):
    """All hidden vectors from one matrix of counts."""
    counts = np.array([np.bincount(np.asarray(c, dtype=int), minlength=len(inputs)) for c in contexts], dtype=float)
    used = counts.sum(axis=1) > 0
    if not used.any():
        raise ValueError("at least one target needs a context")
    counts = counts[used]
    hidden = (counts / counts.sum(axis=1, keepdims=True) if mean else counts) @ inputs
    logits = hidden @ outputs.T
    right = logits[np.arange(len(logits)), targets[used]]
    return np.mean(np.logaddexp.reduce(logits, axis=1) - right)


def cbow_loss_by_loop(inputs, outputs, targets, contexts, mean):
    losses = []
    for target, context in zip(targets, contexts):
        if len(context) == 0:
            continue
        hidden = sum(inputs[word] for word in context) / (len(context) if mean else 1)
        losses.append(-reference.log_softmax(outputs @ hidden)[target])
    if not losses:
        raise ValueError("at least one target needs a context")
    return sum(losses) / len(losses)


CBOW_LOSS = Exercise(
    id="word2vec.cbow_loss", points=1,
    reference=reference.cbow_loss,
    cases=cbow_loss_cases,
    misconceptions=[
        Misconception("adds up the context where the mean is meant", cbow_with(always=False),
                      "With mean=True, h is the mean of the context's rows, as your cbow_hidden returns it."),
        Misconception("averages the context where the sum is meant", cbow_with(always=True),
                      "With mean=False, h is the sum. Pass `mean` on to cbow_hidden."),
        Misconception("counts a repeated word once", cbow_with(distinct=True),
                      "A word that stands in the context twice is added twice, and counts as two in the mean."),
        Misconception("counts targets without a context", cbow_with(counted="all"),
                      "A target without a context is left out: of the sum, and of the number you divide by."),
        Misconception("adds up the targets' losses", cbow_with(average=False),
                      "Divide by the number of targets that have a context: the loss is a mean."),
        Misconception("swaps the two tables", cbow_with(swapped=True),
                      "The context is read in `inputs`; the target is predicted in `outputs`."),
        Misconception("uses one table for both roles", cbow_with(one_table=True),
                      "The target and its rivals are rows of `outputs`."),
        Misconception("predicts from one context word at a time", cbow_with(one_by_one=True),
                      "That is skip-gram turned round. CBOW first joins the context to one vector h, then predicts "
                      "once."),
        Misconception("exponentiates large logits as they are", cbow_with(naive=True),
                      "exp overflows above 709. Use your log_softmax."),
    ],
    alternatives=[cbow_loss_by_matrix, cbow_loss_by_loop],
    hints=["One target at a time: h from cbow_hidden, V logits, one log-probability.",
           "The logits are outputs @ h. Skip a target whose context is empty, and don't count it.",
           "Collect `-log_softmax(outputs @ cbow_hidden(inputs, context, mean))[target]` in a list; raise if it stays "
           "empty; return its mean."],
)


def cbow_gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from cbow_cases(rng)
    yield cbow_large(rng, LARGE_GRADIENT)


def cbow_gradients_by_matrix(inputs, outputs, targets, contexts, mean):
    """h = A X, with A the shares of the words in the contexts: the gradient of X is A' times that of h."""
    used = [i for i, context in enumerate(contexts) if len(context)]
    shares = np.zeros((len(used), len(inputs)))
    for row, i in enumerate(used):
        for word in contexts[i]:
            shares[row, word] += 1 / len(contexts[i]) if mean else 1
    hidden = shares @ inputs
    error = probabilities(hidden @ outputs.T)
    error[np.arange(len(used)), targets[used]] -= 1
    error /= len(used)
    return shares.T @ (error @ outputs), error.T @ hidden


def cbow_gradients_by_loop(inputs, outputs, targets, contexts, mean):
    pairs = [(target, context) for target, context in zip(targets, contexts) if len(context)]
    of_inputs, of_outputs = np.zeros_like(inputs), np.zeros_like(outputs)
    for target, context in pairs:
        share = 1 / len(context) if mean else 1
        hidden = share * sum(inputs[word] for word in context)
        p = probabilities(outputs @ hidden)
        for word in context:
            of_inputs[word] += share * (p @ outputs - outputs[target]) / len(pairs)
        for word in range(len(outputs)):
            of_outputs[word] += (p[word] - (word == target)) * hidden / len(pairs)
    return of_inputs, of_outputs


def cbow_gradient_with(**changes):
    return cbow_with(what="gradients", **changes)


CBOW_GRADIENTS = Exercise(
    id="word2vec.cbow_gradients", points=2,
    reference=lambda *args: reference.cbow_gradients(*args)[1:],
    cases=cbow_gradient_cases,
    misconceptions=[
        Misconception("gives every context word the whole gradient of the mean", cbow_gradient_with(share="never"),
                      "With mean=True each of the m context words has only 1/m of h, so it gets 1/m of h's gradient. "
                      "(The released program leaves out the 1/m; the gradient has it.)"),
        Misconception("divides by m where h is a sum", cbow_gradient_with(share="always"),
                      "With mean=False each context word counts in full, and gets all of h's gradient."),
        Misconception("adds up the context where the mean is meant", cbow_gradient_with(always=False),
                      "With mean=True, h is the mean of the context's rows; its gradient has the 1/m as well."),
        Misconception("keeps one occurrence of a repeated word", cbow_gradient_with(duplicates="one"),
                      "`grad[context] += ...` writes each row once. A word that stands there twice gets twice as much: "
                      "use np.add.at, or a loop."),
        Misconception("forgets the truth", cbow_gradient_with(truth=False),
                      "The error is P(w | context) minus 1 for the target, and P(w | context) for all others."),
        Misconception("moves only the target's output row", cbow_gradient_with(rows="target"),
                      "Every word stands in the denominator, so every row of `outputs` has a gradient."),
        Misconception("counts targets without a context", cbow_gradient_with(counted="all"),
                      "A target without a context is left out of the number you divide by."),
        Misconception("forgets to divide by the number of targets", cbow_gradient_with(average=False),
                      "The loss is a mean over the targets, so each contributes its share of the gradient."),
        Misconception("exponentiates large logits as they are", cbow_gradient_with(naive=True),
                      "exp overflows above 709. Use your log_softmax, and np.exp of that."),
    ],
    alternatives=[cbow_gradients_by_matrix, cbow_gradients_by_loop],
    hints=["As for skip-gram, with h in the place of v_c. Then: how much of h is each context word?",
           "The gradient of h is error @ outputs. Each context word gets 1/m of it for a mean, all of it for a sum.",
           "`np.add.at(grad_inputs, context, grad_hidden / len(context))` for a mean; count only targets with a "
           "context."],
)


# ----------------------------------------------------------------------------------------------------------- analogies


def analogy_vectors(rng: np.random.Generator, words: int, dim: int, a: int, b: int, c: int) -> np.ndarray:
    """Vectors of very different lengths, whose scores for the question are far apart for rounding."""
    while True:
        vectors = rng.normal(size=(words, dim)) * rng.uniform(0.2, 5.0, (words, 1))
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        query = units[b] - units[a] + units[c]
        if np.diff(np.sort(units @ query)).min() > 1e-6 and np.linalg.norm(query) > 0.1:
            return vectors


def analogy_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((analogy_vectors(rng, 8, 3, 0, 1, 2), 0, 1, 2, 5), label="all the others")
    yield Case((analogy_vectors(rng, 20, 4, 7, 3, 11), 7, 3, 11, 6), label="six of twenty")
    wide = np.repeat(analogy_vectors(rng, 12, 3, 5, 0, 9), 2, axis=1)
    wide[:, 1::2] = rng.normal(size=(12, 3))
    yield Case((wide[:, ::2], 5, 0, 9, 4), label="a view with gaps")
    yield Case((analogy_vectors(rng, 10, 2, 4, 8, 1), 4, 8, 1, 1), label="the best one")
    # Unit vectors along the axes: the scores are -1, 0 and 1 exactly, so these ties are no matter of rounding.
    axes = np.concatenate([np.eye(3), 2 * np.eye(3), -4 * np.eye(3)])
    yield Case((axes, 0, 1, 2, 6), "edge", "ties: the smaller id first")
    yield Case((analogy_vectors(rng, 7, 3, 2, 2, 5), 2, 2, 5, 4), "edge", "a = b: the neighbours of c")
    yield Case((analogy_vectors(rng, 6, 3, 0, 4, 5), 0, 4, 5, 50), "edge", "more asked than there are")
    yield Case((analogy_vectors(rng, 3, 3, 0, 1, 2), 0, 1, 2, 2), "edge", "no other word")


def answered_with(*, excluded="abc", rows=True, query_units=True, swapped=False, sign=1.0, last_first=False,
                  without_c=False):
    """An analogy with one part replaced."""
    def solve(vectors, a, b, c, k):
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        x = units if query_units else vectors
        query = x[a] - x[b] + x[c] if swapped else x[b] - x[a] + (0 if without_c else x[c])
        scores = sign * ((units if rows else vectors) @ query)
        left_out = {"a": a, "b": b, "c": c}
        out = {left_out[name] for name in excluded}
        order = np.argsort(scores, kind="stable")[::-1] if last_first else np.argsort(-scores, kind="stable")
        return np.array([w for w in order.tolist() if w not in out][:k], dtype=int)
    return solve


def analogy_by_sorting(vectors, a, b, c, k):
    units = [row / math.sqrt(row @ row) for row in vectors]
    query = units[b] - units[a] + units[c]
    others = [w for w in range(len(vectors)) if w not in (a, b, c)]
    return sorted(others, key=lambda w: (-float(units[w] @ query), w))[:k]


def analogy_by_cosines(vectors, a, b, c, k):
    """The sum of three cosines, without the vector in between."""
    gram = vectors @ vectors.T
    lengths = np.sqrt(np.diag(gram))
    cosines = gram / lengths / lengths[:, None]
    scores = cosines[b] - cosines[a] + cosines[c]
    scores[[a, b, c]] = -np.inf
    return np.argsort(-scores, kind="stable")[:min(k, len(vectors) - len({a, b, c}))]


ANALOGY = Exercise(
    id="word2vec.analogy", points=2,
    reference=answered_with(),
    cases=analogy_cases,
    misconceptions=[
        Misconception("leaves the question's words among the answers", answered_with(excluded=""),
                      "The nearest word to b - a + c is mostly c or b itself. By custom a, b and c are left out: that "
                      "is part of the method, and of every score that it is reported with."),
        Misconception("leaves out c only", answered_with(excluded="c"),
                      "All three words of the question are left out: a and b as well."),
        Misconception("ranks by products with rows of any length", answered_with(rows=False),
                      "A long row wins by its length. Divide every row by its length before you compare."),
        Misconception("adds up vectors of any length", answered_with(query_units=False),
                      "In b - a + c the longest of the three counts most. Use the rows of length 1 there too."),
        Misconception("swaps a and b", answered_with(swapped=True),
                      "a is to b as c is to the answer: b - a is the step that is taken from c."),
        Misconception("ranks the farthest first", answered_with(sign=-1.0),
                      "The best answer has the largest cosine. Sort downwards."),
        Misconception("puts the larger id first in a tie", answered_with(last_first=True),
                      "Reversing a sort reverses the ties as well. Sort the negative scores with kind=\"stable\"."),
        Misconception("forgets to start from c", answered_with(without_c=True),
                      "b - a is only the step. Take it from c."),
    ],
    alternatives=[analogy_by_sorting, analogy_by_cosines],
    hints=["Divide every row by its length. Then the cosine is a product.",
           "The scores are units @ (units[b] - units[a] + units[c]). Sort downwards, and drop a, b and c.",
           "`order = np.argsort(-scores, kind=\"stable\")`, then `[w for w in order if w not in (a, b, c)][:k]`."],
)


# ------------------------------------------------------------------------------------------------------------ training


def train_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), np.array([0, 1, 4]), np.array([2, 5, 3]), np.array([2, 0, 1]), 0.8),
               label="three steps", tolerance=ORDINARY)
    yield Case((*tables(rng, 5, 4), np.array([3, 0]), np.array([1, 2]), np.array([1, 0, 0, 1, 1, 0]), 1.0),
               label="three epochs of two pairs", tolerance=ORDINARY)
    inputs, outputs = tables(rng, 7, 6)
    yield Case((inputs[:, ::2], outputs[:, ::2], rng.integers(0, 7, 10)[::2], rng.integers(0, 7, 10)[::2],
                np.array([4, 0, 1, 0, 3, 0, 0, 0])[::2], 0.6), label="views with gaps", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([2, 2]), np.array([4, 2]), np.array([0, 1, 0, 0]), 0.9), "edge",
               "the same pair again", tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([1]), np.array([3]), np.array([0]), 0.7), "edge", "one step",
               tolerance=ORDINARY)
    yield Case((*tables(rng), np.array([1]), np.array([3]), np.zeros(0, int), 0.7), "edge", "no step")


def trained_reference(inputs, outputs, centres, contexts, order, learning_rate):
    losses = np.zeros(len(order))
    inputs, outputs = inputs.copy(), outputs.copy()
    for k, pair in enumerate(order):
        rate = learning_rate * (1 - k / len(order))
        losses[k], inputs, outputs = reference.sgd_step(inputs, outputs, centres[pair], contexts[pair], rate)
    return inputs, outputs, losses


def trained_with(*, decay="right", ordered=True, batch=False, loss_when="before", step=None, swapped=False,
                 one_epoch=False):
    """The trainer with one part replaced."""
    step = step or stepped_with()

    def solve(inputs, outputs, centres, contexts, order, learning_rate):
        first_inputs, first_outputs = inputs, outputs
        inputs, outputs, losses = inputs.copy(), outputs.copy(), []
        if one_epoch:
            order = order[:len(centres)]
        if swapped:
            centres, contexts = contexts, centres
        steps = len(order)
        for k, pair in enumerate(order):
            pair = pair if ordered else k % len(centres)
            c, o = centres[pair], contexts[pair]
            rate = learning_rate * {"right": 1 - k / steps, "none": 1.0, "early": 1 - (k + 1) / steps,
                                    "to zero": 1 - k / max(steps - 1, 1), "twice": (1 - k / steps) ** 2}[decay]
            old = (first_inputs, first_outputs) if batch else (inputs, outputs)
            new = step(*old, c, o, rate)
            losses.append(-reference.log_softmax((new if loss_when == "after" else old)[1]
                                                 @ (new if loss_when == "after" else old)[0][c])[o])
            inputs, outputs = (inputs + new[0] - old[0], outputs + new[1] - old[1]) if batch else new
        losses = np.array(losses, dtype=float)
        return inputs, outputs, np.cumsum(losses) / np.arange(1, steps + 1) if loss_when == "mean" else losses
    return solve


def train_in_place(inputs, outputs, centres, contexts, order, learning_rate):
    """Rows moved where they stand, in copies of the tables."""
    v, u = inputs.copy(), outputs.copy()
    losses = np.empty(len(order))
    for k in range(len(order)):
        c, o = centres[order[k]], contexts[order[k]]
        log_p = reference.log_softmax(u @ v[c])
        losses[k] = -log_p[o]
        error = np.exp(log_p)
        error[o] -= 1
        error *= learning_rate * (len(order) - k) / len(order)
        pull = error @ u
        u -= np.outer(error, v[c])
        v[c] -= pull
    return v, u, losses


TRAIN_SKIPGRAM = Exercise(
    id="word2vec.train_skipgram", points=3,
    reference=trained_reference,
    cases=train_cases,
    misconceptions=[
        Misconception("keeps the learning rate", trained_with(decay="none"),
                      "The rate falls: step k of N, counted from 0, has learning_rate (1 - k / N)."),
        Misconception("lets the rate fall a step too early", trained_with(decay="early"),
                      "Steps count from 0: the first one has the full rate, and the last one still moves."),
        Misconception("reaches rate 0 at the last step", trained_with(decay="to zero"),
                      "Divide by the number of steps, N, not N - 1: the last step has learning_rate / N."),
        Misconception("lets the rate fall on a curve", trained_with(decay="twice"),
                      "The rate falls on a straight line: multiply the first rate by 1 - k / N, once."),
        Misconception("ignores the order", trained_with(ordered=False),
                      "Step k trains pair order[k], not pair k."),
        Misconception("takes every gradient from the first tables", trained_with(batch=True),
                      "Each step starts from the tables that the step before it left."),
        Misconception("notes the loss after the step", trained_with(loss_when="after"),
                      "The loss of a step is the pair's loss just before the tables move."),
        Misconception("notes a running mean of the losses", trained_with(loss_when="mean"),
                      "losses[k] is the loss of step k alone."),
        Misconception("stops after one epoch", trained_with(one_epoch=True),
                      "`order` may be longer than the list of pairs: it holds all steps of all epochs."),
        Misconception("predicts the centre from the context", trained_with(swapped=True),
                      "The input row is the centre's; what is predicted is the context."),
        Misconception("moves the outputs by the new input row", trained_with(step=stepped_with(first="inputs")),
                      "Both gradients of a step belong to the values from before the step."),
        Misconception("steps uphill", trained_with(step=stepped_with(sign=1.0)),
                      "The gradient points to where the loss grows. Subtract it."),
    ],
    alternatives=[trained_with(), train_in_place],
    hints=["Go through `order`. For each number k and pair order[k]: the rate, the loss, one step.",
           "The loss comes from skipgram_loss with arrays of one pair, before the step; the tables from sgd_step.",
           "`rate = learning_rate * (1 - k / len(order))`, `inputs, outputs = sgd_step(inputs, outputs, c, o, rate)`. "
           "Begin with copies, so that no step at all returns copies too."],
)
