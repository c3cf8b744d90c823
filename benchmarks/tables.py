"""The results as Markdown tables, with what was to be reached beside what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scipy import stats

# program -> least ratio to gensim on 1 and 2 threads; None: shown without a bar
BARS: dict[str, tuple[float | None, float | None]] = {
    "skip-gram per_window": (5.0, 5.0),
    "skip-gram per_pair": (3.0, 2.5),
    "CBOW": (3.0, 2.4),
    "hierarchical": (2.0, 2.0),
}
MEMORY_BAR_MB = 200
CACHED_BAR_SECONDS = 1.0
GROWTH_BAR = 0.25
MEASURES = ("wordsim353", "simlex999", "analogies")


def markdown(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table.

    >>> print(markdown(["a", "b"], [[1, 2]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    header = list(header)
    lines = [header, ["---"] * len(header), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(
        "|" + "|".join(line) + "|" if i == 1 else "| " + " | ".join(line) + " |"
        for i, line in enumerate(lines)
    )


def speed_table(result: dict[str, Any]) -> str:
    """Everything that `make bench` measured."""
    sections = [
        throughput_table,
        memory_table,
        growth_table,
        first_update_table,
        steps_table,
        softmax_table,
    ]
    return "\n\n".join(text for text in (section(result) for section in sections) if text)


def throughput_table(result: dict[str, Any]) -> str:
    """Words a second and the ratio to gensim."""
    rows = []
    for row in result.get("throughput", ()):
        ratio, bar = row.get("ratio"), BARS.get(row["system"], (None, None))[row["threads"] - 1]
        rows.append(
            [
                row["system"],
                row["threads"],
                f"{row['median'] / 1e3:.0f}",
                (
                    f"{ratio['median']:.1f} ({ratio['low']:.1f} to {ratio['high']:.1f})"
                    if ratio
                    else ""
                ),
                f"{bar:.1f}" if bar else "",
                _verdict(ratio["median"] >= bar) if ratio and bar else "",
                f"{row['quality']['wordsim353']:.2f}",
            ]
        )
    header = [
        "program",
        "threads",
        "thousand words/s",
        "times gensim",
        "at least",
        "",
        "WordSim-353",
    ]
    return markdown(header, rows) if rows else ""


def memory_table(result: dict[str, Any]) -> str:
    """Memory beyond the two tables."""
    held = result.get("memory")
    if not held:
        return ""
    extra = held["extra_mb"]
    row = [
        f"{held['words']:,}",
        held["dim"],
        f"{extra:.0f}",
        MEMORY_BAR_MB,
        _verdict(extra < MEMORY_BAR_MB),
    ]
    return markdown(["words", "dim", "MB beyond the two tables", "below", ""], [row])


def growth_table(result: dict[str, Any]) -> str:
    """Words a second against size, relative to the smallest."""
    rows = []
    for part, unit in (("growth_tokens", "tokens"), ("growth_words", "words")):
        held = result.get(part, [])
        for row in held:
            share = row["median"] / held[0]["median"]
            rows.append(
                [
                    f"{row[unit]:,} {unit}",
                    f"{row['median'] / 1e3:.0f}",
                    f"{share:.2f}",
                    _verdict(abs(share - 1) <= GROWTH_BAR),
                ]
            )
    header = ["size", "thousand words/s", "relative to the smallest", f"within {GROWTH_BAR:.0%}"]
    return markdown(header, rows) if rows else ""


def first_update_table(result: dict[str, Any]) -> str:
    """Seconds from import to the first vectors."""
    held = result.get("first_update")
    if not held:
        return ""
    cached = held["cached"]["median"]
    rows: list[list[object]] = [
        ["nothing compiled yet", f"{held['cold']['median']:.1f}", "", ""],
        [
            "compiled before",
            f"{cached:.2f}",
            CACHED_BAR_SECONDS,
            _verdict(cached < CACHED_BAR_SECONDS),
        ],
    ]
    return markdown(["import to first vectors", "seconds", "below", ""], rows)


def steps_table(result: dict[str, Any]) -> str:
    """The kernel, step by step."""
    held = result.get("steps", [])
    rows = [
        [row["variant"], f"{row['median'] / 1e3:.0f}", f"{row['median'] / held[0]['median']:.1f}"]
        for row in held
    ]
    return (
        markdown(["variant, one thread", "thousand words/s", "times the first"], rows)
        if rows
        else ""
    )


def softmax_table(result: dict[str, Any]) -> str:
    """The full softmax against the size of the vocabulary."""
    rows = [[f"{row['words']:,}", f"{row['median']:.0f}"] for row in result.get("softmax_cost", [])]
    return markdown(["words", "microseconds a pair, full softmax"], rows) if rows else ""


def quality_table(result: dict[str, Any], experiment: str = "systems") -> str:
    """Means over the seeds with their standard errors; for a sweep, with 95 % intervals."""
    rows = []
    for row in result["summary"]:
        if row["experiment"] != experiment:
            continue
        what = row["value"] if row["value"] is not None else row["corpus"]
        seeds = row["wordsim353"]["n"]
        scores = [_with_error(row[name], experiment == "systems") for name in MEASURES]
        rows.append([what, row["system"], *scores, seeds])
    if experiment != "systems":
        rows.sort(key=lambda row: (row[1], row[0]))
    first = "corpus" if experiment == "systems" else experiment
    return (
        markdown([first, "program", "WordSim-353", "SimLex-999", "analogies", "seeds"], rows)
        if rows
        else ""
    )


def quality_verdicts(result: dict[str, Any]) -> str:
    """Each program beside gensim's: the difference of the means, and the standard error of that
    difference."""
    from benchmarks.systems import PEER

    held = {
        (row["corpus"], row["system"]): row
        for row in result["summary"]
        if row["experiment"] == "systems"
    }
    rows = []
    for (corpus, system), row in held.items():
        theirs = held.get((corpus, PEER.get(system, "")))
        if theirs is None:
            continue
        for name in MEASURES:
            held_against = difference(row[name], theirs[name])
            if held_against is None:
                continue
            less, error = held_against
            rows.append(
                [corpus, system, name, f"{less:+.3f} ± {error:.3f}", _verdict(less >= -error)]
            )
    header = [
        "corpus",
        "program",
        "measure",
        "less gensim's",
        "not below by more than one standard error",
    ]
    return markdown(header, rows) if rows else ""


def _with_error(value: dict[str, Any], standard_error: bool) -> str:
    if value["se"] is None:
        return f"{value['mean']:.3f}"
    half = value["se"] if standard_error else value["high"] - value["mean"]
    return f"{value['mean']:.3f} ± {half:.3f}"


def _verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


def difference(one: dict[str, Any], other: dict[str, Any]) -> tuple[float, float] | None:
    """The difference of two means and its standard error; None where there is a single value.

    >>> difference({"mean": 0.5, "se": 0.03}, {"mean": 0.25, "se": 0.04})
    (0.25, 0.05)
    """
    if one["se"] is None or other["se"] is None:
        return None
    return one["mean"] - other["mean"], float(round((one["se"] ** 2 + other["se"] ** 2) ** 0.5, 12))


def cluster_table(result: dict[str, Any]) -> str:
    """Quality of training on a cluster beside one machine: means, their standard errors, and after
    them the difference in standard errors of the difference."""
    alone = _alone(result)
    rows = []
    for row in result["summary"]:
        beside = alone.get(_trained(row)) if row["shards"] else None
        cells = []
        for name in MEASURES:
            cell = _with_error(row[name], standard_error=True)
            less = difference(row[name], beside[name]) if beside else None
            cells.append(f"{cell} ({less[0] / less[1]:+.1f})" if less else cell)
        where = f"{row['shards']} shards" if row["shards"] else "one machine"
        rows.append(
            [row["corpus"], row["model"], row["epochs"], where, *cells, row["wordsim353"]["n"]]
        )
    header = ["corpus", "model", "epochs", "trained on"]
    return markdown([*header, "WordSim-353", "SimLex-999", "analogies", "seeds"], rows)


def cluster_differences(result: dict[str, Any]) -> list[dict[str, Any]]:
    """How far the quality on a cluster is from that of one machine, one row for every mean.

    returns: rows of corpus, model, epochs, shards, measure, the smaller number of seeds, and
             `errors`: the difference in its standard errors, below 0 where the cluster is worse.
    """
    alone = _alone(result)
    rows = []
    for row in result["summary"]:
        beside = alone.get(_trained(row)) if row["shards"] else None
        if beside is None:
            continue
        for name in MEASURES:
            less = difference(row[name], beside[name])
            if less:
                held = {key: row[key] for key in ("corpus", "model", "epochs", "shards")}
                seeds = min(row[name]["n"], beside[name]["n"])
                held |= {"measure": name, "seeds": seeds, "errors": less[0] / less[1]}
                rows.append(held)
    return rows


def cluster_verdict(result: dict[str, Any]) -> str:
    """What may be said of the cluster beside one machine: how many differences fall short by more
    than a standard error and how many would by chance, their mean, and which are far off."""
    rows = cluster_differences(result)
    if not rows:
        return "With one seed nothing can be said of the differences."
    errors = [row["errors"] for row in rows]
    short = sum(error < -1 for error in errors)
    # Two means of n values each: Student's t with 2 n - 2 degrees of freedom.
    chance = sum(stats.t.cdf(-1, 2 * row["seeds"] - 2) for row in rows)
    far = [
        f"{row['model']} on {row['corpus']}, {row['shards']} shards, {row['measure']}"
        f" ({row['errors']:+.1f})"
        for row in rows
        if row["errors"] < -2
    ]
    return (
        f"Of {len(rows)} differences {short} fall short by more than one standard error. If nothing"
        f" were lost, chance would leave about {chance:.0f}. The mean of all differences is"
        f" {sum(errors) / len(errors):+.1f} standard errors. Short by more than two:"
        f" {'; '.join(far) or 'none'}."
    )


def _alone(result: dict[str, Any]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {_trained(row): row for row in result["summary"] if not row["shards"]}


def _trained(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["corpus"], row["model"], row["epochs"]


def cluster_workers(result: dict[str, Any]) -> str:
    """Who ran the tasks.

    >>> cluster_workers({"settings": {"workers": 4}})
    'Trained on a cluster of 4 worker processes.'
    """
    workers = result["settings"]["workers"]
    if workers:
        return f"Trained on a cluster of {workers} worker processes."
    return (
        "The tasks of the cluster were run one after the other in one process: who runs them"
        " changes no bit of the result."
    )
