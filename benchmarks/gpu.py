"""What the GPU paths of word2vec and negative_sampling cost, beside what people use: `make
bench-gpu`.

    python -m benchmarks.gpu           both measurements, under 10 minutes on one GPU
    python -m benchmarks.gpu --smoke   tiny sizes, to see that it runs; without a GPU too

Softmax loss: one forward and backward pass over B examples and V words, for the loss and both
gradients. Candidates are measured in turn, round after round; what is reported is the median.
Compiling and tuning happen in a first call that is not timed. Inputs are random, two sets in turn.
Errors are ||x - exact|| / ||exact||, with exact in float64. Extra memory is the peak beyond inputs
and the gradients that were asked for.

Training: skip-gram with negative sampling over the same corpus by gensim, by our CPU path on all
          cores and by our GPU
path, in turn. The clock runs from the corpus in each program's own format to the trained tables;
counting words is not in it. Quality is measured on the vectors of every run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from benchmarks import results

if TYPE_CHECKING:
    from torch import Tensor

SOFTMAX = {"examples": 16_384, "words": 100_000, "dim": 128}
SOFTMAX_SMOKE = {"examples": 48, "words": 200, "dim": 16}
TRAINING = {
    "tokens": 12_000_000,
    "words": 30_000,
    "dim": 128,
    "window": 5,
    "negative": 5,
    "epochs": 3,
}
TRAINING_SMOKE = {"tokens": 300, "words": 60, "dim": 8, "window": 2, "negative": 2, "epochs": 1}
CHUNK_TOKENS = 1_000_000  # of the GPU path
SAMPLE = 1e-3


def main(arguments: list[str] | None = None) -> int:
    """Measure and write one JSON file; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, a GPU is not needed")
    parser.add_argument(
        "--only", choices=("softmax", "training"), help="one of the two measurements"
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="times that every candidate is measured (default 5)"
    )
    parser.add_argument(
        "--seconds", type=float, default=540, help="no new round begins after so long (default 540)"
    )
    parser.add_argument(
        "--output", type=Path, help="default: benchmarks/results/<machine>-<date>-gpu.json"
    )
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {chosen.rounds}")

    import torch

    if not torch.cuda.is_available():
        if not chosen.smoke:
            print(
                "error: no GPU: torch.cuda.is_available() is False; --smoke runs without one",
                file=sys.stderr,
            )
            return 2
        os.environ["TRITON_INTERPRET"] = "1"  # before triton is imported
    begin = time.monotonic()
    deadline = begin + chosen.seconds
    result: dict[str, Any] = {"kind": "gpu", "smoke": chosen.smoke, **describe_machine()}
    if chosen.only != "training":
        # At most half the time, so that the other measurement gets its rounds.
        half = begin + chosen.seconds / 2 if chosen.only is None else deadline
        sizes = SOFTMAX_SMOKE if chosen.smoke else SOFTMAX
        result["softmax"] = measure_softmax(sizes, chosen.rounds, half, chosen.smoke)
        print(
            table(
                result["softmax"]["rows"],
                ("name", "group", "ms", "error_hidden", "error_outputs", "extra_share"),
            )
        )
        print(json.dumps(result["softmax"]["ratios"]))
    if chosen.only != "softmax":
        result["training"] = measure_training(
            TRAINING_SMOKE if chosen.smoke else TRAINING, chosen.rounds, deadline
        )
        print(table(result["training"]["rows"], ("name", "words_per_second", "loss", "purity")))
        print(json.dumps(result["training"]["ratios"]))
    result["seconds"] = round(time.monotonic() - begin, 1)
    name = f"{result['machine']}-{result['date']}-gpu.json"
    path = chosen.output or results.FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(f"written: {path}")
    return 0


def describe_machine() -> dict[str, Any]:
    """What the numbers belong to: the GPU, which names the file, and the rest of the machine."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    machine = (gpu or platform.machine()).lower().replace(" ", "-")
    return results.describe_machine(("torch", "triton", "numpy", "numba", "gensim")) | {
        "machine": machine,
        "gpu": gpu,
    }


# ------------------------------------------------------------------------------------- softmax loss


def measure_softmax(
    sizes: dict[str, int], rounds: int, deadline: float, smoke: bool
) -> dict[str, Any]:
    """Milliseconds, errors and memory of every candidate, and what ours gains on the others of its
    group."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows = []
    before = torch.get_float32_matmul_precision()
    try:
        # A group multiplies in one precision. float32 means torch's default, tf32 what `high`
        # allows.
        single, half = torch.float32, torch.bfloat16
        groups = [
            ("float32", single, "highest"),
            ("tf32", single, "high"),
            ("bf16", half, "highest"),
        ]
        for position, (group, dtype, matmul) in enumerate(groups):
            torch.set_float32_matmul_precision(matmul)
            share = time.monotonic() + (deadline - time.monotonic()) / (len(groups) - position)
            inputs = [softmax_inputs(sizes, dtype, device, seed) for seed in (0, 1)]
            rows += measure_group(group, candidates(group, smoke), inputs, rounds, share)
    finally:
        torch.set_float32_matmul_precision(before)
    return {
        "sizes": sizes,
        "unit": "ms for loss and both gradients",
        "rows": rows,
        "ratios": softmax_ratios(rows),
    }


def softmax_inputs(
    sizes: dict[str, int], dtype: Any, device: str, seed: int
) -> tuple[Any, Any, Any]:
    """Random vectors with logits of standard deviation 3, and targets by Zipf's law."""
    import torch

    random = torch.Generator(device).manual_seed(seed)
    scale = (3.0 / sizes["dim"] ** 0.5) ** 0.5
    hidden, outputs = (
        (scale * torch.randn(sizes[rows], sizes["dim"], device=device, generator=random))
        .to(dtype)
        .requires_grad_()
        for rows in ("examples", "words")
    )
    uniform = torch.rand(sizes["examples"], device=device, generator=random, dtype=torch.float64)
    targets = (sizes["words"] ** uniform).long() - 1
    return hidden, outputs, targets.clamp(0, sizes["words"] - 1)


def candidates(group: str, smoke: bool) -> dict[str, Callable[..., Any]]:
    """The functions (hidden, outputs, targets) -> loss that are compared in a group."""
    import torch
    from torch.nn.functional import cross_entropy
    from torch.utils.checkpoint import checkpoint

    from embcourse.word2vec import gpu

    def eager(hidden: Tensor, outputs: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(hidden @ outputs.T, targets)

    def in_float32(
        hidden: Tensor, outputs: Tensor, targets: Tensor
    ) -> Tensor:  # what autocast does
        return cross_entropy((hidden @ outputs.T).float(), targets)

    def summed(hidden: Tensor, outputs: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy((hidden @ outputs.T).float(), targets, reduction="sum")

    def chunked(hidden: Tensor, outputs: Tensor, targets: Tensor) -> Tensor:
        """1,024 examples at a time; their logits are dropped and made again for the backward
        pass."""
        parts = zip(hidden.split(1024), targets.split(1024), strict=True)
        options: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
        sums = [checkpoint(summed, part, outputs, wanted, **options) for part, wanted in parts]
        return torch.stack(sums).sum() / len(hidden)

    found: dict[str, Callable[..., Any]] = {"eager": eager}
    if group == "bf16":
        found["eager, softmax in float32"] = in_float32
    if not smoke:  # compiling for a CPU would need a compiler, and minutes
        torch._dynamo.reset()
        found["torch.compile"] = torch.compile(in_float32 if group == "bf16" else eager)
    found["chunked"] = chunked
    if group == "bf16":
        found["ours"] = gpu.softmax_loss
        found["ours, float32 tables"] = lambda hidden, outputs, targets: gpu.softmax_loss(
            hidden, outputs, targets, precision="bf16"
        )
    else:
        precision: Literal["tf32x3", "tf32"] = "tf32x3" if group == "float32" else "tf32"
        found["ours"] = lambda hidden, outputs, targets: gpu.softmax_loss(
            hidden, outputs, targets, precision=precision
        )
    return found


def measure_group(
    group: str,
    functions: dict[str, Callable[..., Any]],
    inputs: list[Any],
    rounds: int,
    deadline: float,
) -> list[dict[str, Any]]:
    """One row a candidate. A candidate that cannot run is reported with its error, and the others
    go on."""
    import torch

    wide = [
        (
            hidden.detach().float().requires_grad_(),
            outputs.detach().float().requires_grad_(),
            targets,
        )
        for hidden, outputs, targets in inputs
    ]
    exact = exact_softmax(*inputs[0])
    rows: list[dict[str, Any]] = []
    for name, function in functions.items():
        mine = wide if name.endswith("float32 tables") else inputs
        row: dict[str, Any] = {"name": name, "group": group, "samples_ms": []}
        rows.append(row)
        try:
            start = time.perf_counter()
            run(function, mine[0])
            synchronize()
            row["first_call_s"] = round(time.perf_counter() - start, 2)
            row.update(errors(function, mine[0], exact))
            row.update(memory(function, mine[0]))
        # out of memory, or not compilable on this machine
        except (RuntimeError, ValueError) as error:
            row["failed"] = f"{type(error).__name__}: {str(error)[:300]}"
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
    del exact
    working = [(row, functions[row["name"]]) for row in rows if "failed" not in row]
    for number in range(rounds):
        if number and time.monotonic() > deadline:
            break
        for row, function in working:
            mine = wide if row["name"].endswith("float32 tables") else inputs
            row["samples_ms"].append(round(milliseconds(function, mine), 4))
    for row, _ in working:
        row["ms"] = round(statistics.median(row["samples_ms"]), 4)
    return rows


def run(function: Callable[..., Any], inputs: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """Loss and gradients; nothing is left behind on the inputs."""
    import torch

    hidden, outputs, targets = inputs
    loss = function(hidden, outputs, targets)
    return loss.detach(), *torch.autograd.grad(loss, (hidden, outputs))


def synchronize() -> None:
    """Wait until the device has done all it was told."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def milliseconds(function: Callable[..., Any], inputs: list[Any]) -> float:
    """Of one call, from several in a row that fill about a fifth of a second."""
    run(function, inputs[0])
    synchronize()
    start = time.perf_counter()
    run(function, inputs[1])
    synchronize()
    calls = max(2, min(50, round(0.2 / (time.perf_counter() - start))))
    start = time.perf_counter()
    for call in range(calls):
        run(function, inputs[call % 2])
    synchronize()
    return (time.perf_counter() - start) / calls * 1000


def exact_softmax(hidden: Any, outputs: Any, targets: Any) -> tuple[Any, Any, Any]:
    """Loss and gradients in float64, 1,024 examples at a time."""
    import torch

    hidden, outputs = hidden.detach().double(), outputs.detach().double()
    loss, for_hidden, for_outputs = 0.0, torch.zeros_like(hidden), torch.zeros_like(outputs)
    for start in range(0, len(hidden), 1024):
        part, wanted = hidden[start : start + 1024], targets[start : start + 1024]
        log_softmax = torch.log_softmax(part @ outputs.T, dim=1)
        here = torch.arange(len(part), device=part.device)
        loss -= log_softmax[here, wanted].sum() / len(hidden)
        gradient = log_softmax.exp_()
        gradient[here, wanted] -= 1
        gradient /= len(hidden)
        for_hidden[start : start + 1024] = gradient @ outputs
        for_outputs += gradient.T @ part
    return loss, for_hidden, for_outputs


def errors(
    function: Callable[..., Any], inputs: tuple[Any, Any, Any], exact: tuple[Any, Any, Any]
) -> dict[str, float]:
    """Relative errors of loss and gradients, and whether a second run gives the same bits."""
    import torch

    got, again = run(function, inputs), run(function, inputs)
    named = {}
    for name, value, right in zip(
        ("error_loss", "error_hidden", "error_outputs"), got, exact, strict=True
    ):
        error = float((value.double() - right).norm() / right.norm())
        if not np.isfinite(error):
            raise ValueError(f"{name} is {error}")
        named[name] = float(f"{error:.3g}")
    named["same_bits_twice"] = all(torch.equal(a, b) for a, b in zip(got, again, strict=True))
    return named


def memory(function: Callable[..., Any], inputs: tuple[Any, Any, Any]) -> dict[str, float]:
    """Peak beyond inputs and gradients, in MB and as a share of the B x V logits in float32;
    nothing without a GPU."""
    import torch

    if not torch.cuda.is_available():
        return {}
    hidden, outputs, _ = inputs
    synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run(function, inputs)
    synchronize()
    extra = torch.cuda.max_memory_allocated() - before - hidden.nbytes - outputs.nbytes
    logits = len(hidden) * len(outputs) * 4
    return {"extra_MB": round(extra / 1e6, 1), "extra_share": round(extra / logits, 4)}


def softmax_ratios(rows: list[dict[str, Any]]) -> dict[str, float]:
    """How many times faster ours is than each other candidate of its group."""
    ratios = {}
    for row in rows:
        ours = next(
            (other for other in rows if other["group"] == row["group"] and other["name"] == "ours"),
            {},
        )
        if "ms" in row and "ms" in ours and not row["name"].startswith("ours"):
            ratios[f"{row['group']}: {row['name']}"] = round(row["ms"] / ours["ms"], 3)
    return ratios


# ----------------------------------------------------------------------------------------- training


def measure_training(sizes: dict[str, int], rounds: int, deadline: float) -> dict[str, Any]:
    """Words a second and quality of each trainer, in turn; ratios to gensim and to our CPU path."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    corpus = planted_corpus(sizes["tokens"], sizes["words"], seed=0)
    trainers: dict[str, Callable[[int], tuple[float, np.ndarray, np.ndarray]]] = {
        "ours, GPU": lambda seed: train_on_gpu(corpus, sizes, seed, device),
        "ours, CPU": lambda seed: train_on_cpu(corpus, sizes, seed),
    }
    skipped = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            import gensim  # noqa: F401
        except ImportError:
            skipped["gensim"] = "not installed on this machine"
        else:
            text = Path(folder, "corpus.txt")
            write_text(corpus, text)
            trainers["gensim"] = lambda seed: train_with_gensim(text, corpus, sizes, seed)
        rows: list[dict[str, Any]] = [
            {"name": name, "samples": [], "losses": [], "purities": []} for name in trainers
        ]
        for name in ("ours, GPU", "ours, CPU"):  # compiles; not timed
            small = planted_corpus(min(sizes["tokens"], 20_000), sizes["words"], seed=1)
            if name == "ours, GPU":
                train_on_gpu(small, sizes, 0, device)
            else:
                train_on_cpu(small, sizes, 0)
        for seed in range(rounds):
            if seed and time.monotonic() > deadline:
                break
            for row in rows:
                seconds, inputs, outputs = trainers[row["name"]](seed)
                row["samples"].append(round(sizes["tokens"] * sizes["epochs"] / seconds))
                row["losses"].append(
                    round(held_out_loss(inputs, outputs, corpus, sizes["negative"]), 4)
                )
                row["purities"].append(round(purity(inputs, corpus), 4))
    for row in rows:
        row["words_per_second"] = round(statistics.median(row["samples"]))
        row["loss"] = round(statistics.mean(row["losses"]), 4)
        row["purity"] = round(statistics.mean(row["purities"]), 4)
    speed = {row["name"]: row["words_per_second"] for row in rows}
    ratios = {
        f"GPU to {name}": round(speed["ours, GPU"] / speed[name], 2)
        for name in speed
        if name != "ours, GPU"
    }
    return {
        "sizes": sizes,
        "sample": SAMPLE,
        "unit": "tokens of the corpus a second",
        "rows": rows,
        "ratios": ratios,
        "skipped": skipped,
        "quality": (
            "loss: negative sampling on held-out pairs, nats; purity: share of words whose nearest"
            " neighbour has the same topic"
        ),
    }


class Corpus:
    """A made-up text: ids (tokens,), offsets (sentences + 1,), topics (words,), -1 for none,
    counts, held-out pairs."""

    def __init__(
        self, ids: np.ndarray, offsets: np.ndarray, topics: np.ndarray, held_out: np.ndarray
    ) -> None:
        self.ids, self.offsets, self.topics, self.held_out = ids, offsets, topics, held_out
        self.counts = np.bincount(ids, minlength=len(topics))


def planted_corpus(tokens: int, words: int, seed: int) -> Corpus:
    """Sentences of 20 tokens. Half the tokens come from the sentence's topic, half are words of no
    topic.

    Frequencies fall as 1 / rank in both halves, as they do in text, so that hot rows are as hot as
    there. A word's neighbours should be the words of its topic, which measures quality without a
    list of human judgements. Some more sentences give (pairs, 2) neighbouring words that no trainer
    sees.
    """
    rng = np.random.default_rng(seed)
    length, plain = 20, max(words // 20, 2)
    topics_count = max((words - plain) // 40, 2)
    size = (words - plain) // topics_count
    training = -(-tokens // length)
    sentences = training + min(training, 2_500)
    topic = rng.integers(0, topics_count, sentences)[:, None]
    rank = (size ** rng.random((sentences, length))).astype(np.int64) - 1  # density 1 / rank
    of_topic = plain + topic * size + np.minimum(rank, size - 1)
    of_none = np.minimum((plain ** rng.random((sentences, length))).astype(np.int64) - 1, plain - 1)
    text = np.where(rng.random((sentences, length)) < 0.5, of_topic, of_none).astype(np.int32)
    ids = text[:training].ravel()[:tokens]
    owner = np.full(words, -1)
    owner[plain : plain + topics_count * size] = np.repeat(np.arange(topics_count), size)
    # every word of the vocabulary occurs
    present = np.flatnonzero(np.bincount(ids, minlength=words))
    renumbered = np.full(words, -1, np.int32)
    renumbered[present] = np.arange(len(present))
    fresh = renumbered[text[training:]]
    pairs = np.stack([fresh[:, :-1].ravel(), fresh[:, 1:].ravel()], axis=1)
    offsets = np.append(np.arange(0, tokens, length), tokens)
    return Corpus(renumbered[ids], offsets, owner[present], pairs[(pairs >= 0).all(axis=1)])


def write_text(corpus: Corpus, path: Path) -> None:
    """One sentence a line, for gensim's fastest way in."""
    names = np.array([f"w{word}" for word in range(len(corpus.topics))])
    with open(path, "w", encoding="utf-8") as file:
        for start, end in zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True):
            file.write(" ".join(names[corpus.ids[start:end]]) + "\n")


def start_vectors(corpus: Corpus, dim: int, seed: int) -> np.ndarray:
    """(words, dim) float32, uniform in (-0.5, 0.5) / dim."""
    uniform = np.random.default_rng(seed).random((len(corpus.topics), dim), dtype=np.float32)
    return (uniform - np.float32(0.5)) / np.float32(dim)


def train_on_gpu(
    corpus: Corpus, sizes: dict[str, int], seed: int, device: str
) -> tuple[float, np.ndarray, np.ndarray]:
    """Seconds and tables. The ids are copied to the device chunk by chunk within the clock."""
    import torch

    from embcourse.negative_sampling import fast, gpu

    tables = gpu.to_device(fast.make_tables(corpus.counts, sample=SAMPLE), device)
    inputs = torch.from_numpy(start_vectors(corpus, sizes["dim"], seed)).to(device)
    outputs = torch.zeros_like(inputs)
    cuts = np.searchsorted(corpus.offsets, np.arange(CHUNK_TOKENS, len(corpus.ids), CHUNK_TOKENS))
    cuts = np.unique([0, *cuts, len(corpus.offsets) - 1])
    total, passed = sizes["epochs"] * len(corpus.ids), 0
    synchronize()
    begin = time.perf_counter()
    for epoch in range(sizes["epochs"]):
        for number, (first, last) in enumerate(itertools.pairwise(cuts)):
            offsets = corpus.offsets[first : last + 1]
            ids = corpus.ids[offsets[0] : offsets[-1]]
            first_rate, last_rate = (
                max(0.025 * (1 - tokens / total), 1e-4) for tokens in (passed, passed + len(ids))
            )
            gpu.train_chunk(
                "skipgram",
                "negative",
                inputs,
                outputs,
                ids,
                offsets - offsets[0],
                tables,
                sizes["window"],
                sizes["negative"],
                first_rate,
                last_rate,
                seed=(seed * 1000 + epoch) * 100_000 + number,
            )
            passed += len(ids)
    synchronize()
    return time.perf_counter() - begin, inputs.cpu().numpy(), outputs.cpu().numpy()


def train_on_cpu(
    corpus: Corpus, sizes: dict[str, int], seed: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """Seconds and tables of `negative_sampling.Training` on all cores."""
    from embcourse.negative_sampling import Training
    from embcourse.text import Encoded, Vocabulary

    vocabulary = Vocabulary([f"w{word}" for word in range(len(corpus.topics))], corpus.counts)
    training = Training(
        Encoded(corpus.ids, corpus.offsets),
        vocabulary=vocabulary,
        dim=sizes["dim"],
        window=sizes["window"],
        negative=sizes["negative"],
        sample=SAMPLE,
        epochs=sizes["epochs"],
        seed=seed,
    )
    begin = time.perf_counter()
    training.run()
    return time.perf_counter() - begin, np.array(training.inputs), np.array(training.outputs)


def train_with_gensim(
    text: Path, corpus: Corpus, sizes: dict[str, int], seed: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """Seconds and tables of gensim on all cores, reading a file of sentences; counting words is not
    in the clock."""
    from gensim.models import Word2Vec

    model = Word2Vec(
        vector_size=sizes["dim"],
        window=sizes["window"],
        negative=sizes["negative"],
        sample=SAMPLE,
        sg=1,
        min_count=1,
        epochs=sizes["epochs"],
        seed=seed + 1,
        workers=results.cores(),
    )
    model.build_vocab(corpus_file=str(text))
    words = model.corpus_total_words
    begin = time.perf_counter()
    model.train(
        corpus_file=str(text),
        total_words=words,
        total_examples=model.corpus_count,
        epochs=sizes["epochs"],
    )
    seconds = time.perf_counter() - begin
    order = [model.wv.key_to_index[f"w{word}"] for word in range(len(corpus.topics))]
    return seconds, model.wv.vectors[order], model.syn1neg[order]


def held_out_loss(inputs: np.ndarray, outputs: np.ndarray, corpus: Corpus, negative: int) -> float:
    """Negative sampling's loss on the held-out pairs, with the same negatives for every trainer."""
    noise = corpus.counts**0.75
    pairs = corpus.held_out
    negatives = np.random.default_rng(0).choice(
        len(noise), (len(pairs), negative), p=noise / noise.sum()
    )
    centres = inputs[pairs[:, 0]].astype(np.float64)
    right = (centres * outputs[pairs[:, 1]]).sum(axis=1)
    wrong = np.einsum("nd,nkd->nk", centres, outputs[negatives].astype(np.float64))
    return float(np.logaddexp(0, -right).mean() + np.logaddexp(0, wrong).sum(axis=1).mean())


def purity(inputs: np.ndarray, corpus: Corpus) -> float:
    """Share of the words with a topic whose nearest neighbour by cosine has the same; of the 2,000
    most frequent."""
    with_topic = np.flatnonzero(corpus.topics >= 0)
    asked = with_topic[np.argsort(-corpus.counts[with_topic], kind="stable")[:2000]]
    units = inputs / np.maximum(np.linalg.norm(inputs, axis=1, keepdims=True), 1e-12)
    similarity = units[asked] @ units[with_topic].T
    similarity[np.arange(len(asked)), np.searchsorted(with_topic, asked)] = -np.inf
    nearest = with_topic[similarity.argmax(axis=1)]
    return float((corpus.topics[nearest] == corpus.topics[asked]).mean())


def table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    """Rows as aligned text."""
    lines = [
        columns,
        *(
            tuple(str(row.get(column, row.get("failed", "-"))) for column in columns)
            for row in rows
        ),
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
