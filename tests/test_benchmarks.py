"""The harness of the benchmarks, on tiny sizes. No test asserts a time."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import (
    ablation,
    cluster,
    measure,
    quality,
    results,
    reverser,
    speed,
    steps,
    tables,
    translation,
)
from benchmarks.cells import run_cells
from benchmarks.corpora import repeated, wikipedia_documents, zipfian
from benchmarks.intervals import mean_interval, ratio_interval
from benchmarks.softmax_cost import measure_softmax_cost
from benchmarks.systems import PEER, SYSTEMS, prepare
from embcourse.data import benchmark_results
from embcourse.text import Encoded, Vocabulary


def small_result(date: str, **more: object) -> dict:
    return {"machine": "test", "date": date, **more}


def test_the_newest_result_of_each_kind_is_read(tmp_path: Path) -> None:
    for date in ("2026-01-02", "2026-01-10", "2026-01-09"):
        results.write("speed", small_result(date, kind="speed"), tmp_path)
    results.write("quality", small_result("2027-01-01", kind="quality"), tmp_path)
    assert benchmark_results("speed", tmp_path) == small_result("2026-01-10", kind="speed")
    assert benchmark_results("quality", tmp_path)["kind"] == "quality"
    assert benchmark_results("gpu", tmp_path) is None


def test_a_machine_is_described_without_names_of_hosts_or_folders() -> None:
    machine = results.describe_machine()
    assert machine["cores"] >= 1 and machine["versions"]["numpy"] == np.__version__
    assert "/" not in json.dumps(machine)


def test_repeated_documents_are_whole_and_equally_frequent() -> None:
    encoded = Encoded(np.array([1, 2, 3, 4, 5, 6], np.int32), np.array([0, 2, 2, 6]))
    longer = repeated(encoded, 3, seed=1)
    documents = [tuple(part) for part in np.split(longer.ids, longer.offsets[1:-1])]
    assert sorted(documents) == sorted([(1, 2), (), (3, 4, 5, 6)] * 3)


def test_zipfian_refuses_fewer_tokens_than_words() -> None:
    with pytest.raises(
        ValueError, match="zipfian: tokens must be at least words, got 3 tokens for 4 words"
    ):
        zipfian(4, 3, seed=0)


def test_wikipedia_documents_stay_below_the_limit_of_gensim() -> None:
    lengths = [len(document) for document in wikipedia_documents()]
    assert max(lengths) == 1000 and min(lengths) > 0


def test_intervals_of_known_samples() -> None:
    assert mean_interval([1.0, 2.0, 3.0])["high"] == pytest.approx(2 + 4.302653 / 3**0.5, abs=1e-6)
    assert mean_interval([0.5]) == {"mean": 0.5, "se": None, "low": None, "high": None, "n": 1}
    assert ratio_interval([10, 30, 20], [10, 10, 10]) == {
        "median": 2.0,
        "low": 1.0,
        "high": 3.0,
        "n": 3,
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_program_trains_what_it_is_given(system: str) -> None:
    documents = [["a", "b", "c", "d"], ["b", "c"]] * 6
    train, vectors = prepare(
        system, documents, dim=6, negative=2, epochs=2, min_count=1, sample=0.1, seed=1
    )
    before = vectors().matrix.copy()
    train()
    after = vectors()
    assert after.matrix.shape == (4, 6) and np.isfinite(after.matrix).all()
    assert not np.array_equal(before, after.matrix)


def test_every_program_of_ours_has_a_peer_that_is_measured() -> None:
    assert set(PEER) | set(PEER.values()) == set(SYSTEMS)


def test_throughput_growth_and_steps_have_all_their_rows() -> None:
    documents = wikipedia_documents()[:4]
    vocabulary = Vocabulary.build(documents, min_count=1, unknown="drop")
    encoded = vocabulary.encode_documents(documents)
    result = {
        "throughput": speed.throughput(wikipedia_documents()[:12], rounds=2, epochs=1),
        "growth_tokens": speed.growth_tokens(encoded, vocabulary, (1, 2), rounds=1),
        "growth_words": speed.growth_words((20, 40), 400, rounds=1),
        "steps": steps.measure_steps(encoded, vocabulary, rounds=1),
        "softmax_cost": measure_softmax_cost(1, sizes=(10, 20), pairs=4, dim=3),
    }
    assert [row["tokens"] for row in result["growth_tokens"]] == [
        len(encoded.ids),
        2 * len(encoded.ids),
    ]
    assert len(result["throughput"]) == 2 * len(SYSTEMS)
    ratios = {row["system"]: row["ratio"]["n"] for row in result["throughput"] if "ratio" in row}
    assert ratios == dict.fromkeys(PEER, 2)
    table = tables.speed_table(json.loads(json.dumps(result)))
    for name in (*SYSTEMS, *steps.VARIANTS, "40 words"):
        assert f"| {name} |" in table


def test_the_plain_loops_learn_too() -> None:
    encoded, vocabulary = zipfian(30, 3000, seed=0)
    tables_of_words = steps.fast.make_tables(vocabulary.counts)
    for name in steps.VARIANTS:
        first, second = (steps.trained(name, encoded, 30, tables_of_words) for _ in range(2))
        assert np.abs(first[1]).max() > 0 and np.array_equal(first[1], second[1])


def test_an_interrupted_quality_run_trains_only_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        quality.results,
        "describe_machine",
        lambda: small_result("2026-01-01", processor="p", cores=1, versions={}),
    )
    wanted = [
        {
            "experiment": "systems",
            "value": None,
            "corpus": "wikipedia",
            "system": "CBOW",
            "seed": seed,
            "settings": {"epochs": 1, "threads": 1, "dim": 4, "min_count": 100},
        }
        for seed in range(2)
    ]
    path = quality.run(wanted[:1], tmp_path, workers=1)
    first = json.loads(path.read_text())["runs"]
    quality.run(wanted, tmp_path, workers=1)
    result = json.loads(path.read_text())
    assert len(result["runs"]) == 2 and first[0] in result["runs"]
    assert result["summary"][0]["wordsim353"]["n"] == 2
    assert "| wikipedia | CBOW |" in tables.quality_table(result)


def test_cells_are_distinct_and_the_comparison_with_gensim_comes_first() -> None:
    cells = list(quality.cells())
    assert len({json.dumps(cell, sort_keys=True) for cell in cells}) == len(cells)
    assert {cell["experiment"] for cell in cells[: 5 * (len(SYSTEMS) + len(quality.SKIPGRAM))]} == {
        "systems"
    }


def test_a_difference_below_one_standard_error_is_no_miss() -> None:
    def row(system: str, mean: float) -> dict:
        value = {"mean": mean, "se": 0.01, "low": mean, "high": mean, "n": 5}
        return {
            "experiment": "systems",
            "corpus": "c",
            "system": system,
            "value": None,
        } | dict.fromkeys(tables.MEASURES, value)

    peer = row("gensim CBOW", 0.50)
    assert "missed" not in tables.quality_verdicts({"summary": [peer, row("CBOW", 0.487)]})
    assert "missed" in tables.quality_verdicts({"summary": [peer, row("CBOW", 0.485)]})


def test_the_programs_for_the_first_update_and_for_memory_run() -> None:
    imported, whole = map(float, measure.in_subprocess(speed.FIRST_UPDATE).split())
    assert 0 < imported < whole
    row = speed.memory(words=2000, dim=16)
    assert row is None or row["tables_mb"] == 2 * 2000 * 16 * 4 / 1e6


def measured_on_a_cluster(cell: dict) -> dict:
    """A cell as if it had been trained: worse by 0.02 with shards, and by 0.001 a seed."""
    value = round(0.5 - 0.02 * bool(cell["shards"]) + 0.001 * cell["seed"], 4)
    return cell | dict.fromkeys(tables.MEASURES, value) | {"seconds": 1.0}


def test_an_interrupted_cluster_run_trains_only_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        results,
        "describe_machine",
        lambda: small_result("2026-01-01", processor="p", cores=1, versions={}),
    )
    trained: list[dict] = []

    def measured(workers: int, cells: list[dict]):
        for cell in cells:
            if len(trained) == 7:
                raise KeyboardInterrupt
            trained.append(cell)
            yield measured_on_a_cluster(cell)

    monkeypatch.setattr(cluster, "measured", measured)
    wanted = list(cluster.cells(seeds=2, epochs=1))
    assert len(wanted) == 2 * 2 * 2 * 4
    with pytest.raises(KeyboardInterrupt):
        cluster.run(wanted, tmp_path)
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text())["runs"] == sorted(
        map(measured_on_a_cluster, wanted[:7]), key=cluster._identity
    )
    trained.clear()
    for _ in range(5):  # each goes seven cells further
        try:
            cluster.run(wanted, tmp_path)
        except KeyboardInterrupt:
            trained.clear()
    result = json.loads(path.read_text())
    assert len(result["runs"]) == len(result["summary"]) * 2 == len(wanted)


def test_the_table_of_the_cluster_says_how_many_standard_errors_lie_between() -> None:
    runs = [measured_on_a_cluster(cell) for cell in cluster.cells(seeds=3, epochs=1)]
    result = {"summary": cluster.summarise(runs)}
    # 0.001 a seed: each mean of three is sure to 0.001 / sqrt(3), the difference to sqrt(2) of it.
    expected = -0.02 / (0.001 * (2 / 3) ** 0.5)
    table = tables.cluster_table(result).splitlines()
    assert len(table) == 2 + 2 * 2 * 4
    assert "| wikipedia | cbow | 1 | one machine | 0.501 ± 0.001 | " in table[-8]
    assert f"| wikipedia | cbow | 1 | 64 shards | 0.481 ± 0.001 ({expected:+.1f}) | " in table[-5]
    rows = tables.cluster_differences(result)
    assert len(rows) == 2 * 2 * 3 * 3
    assert [row["errors"] for row in rows] == pytest.approx([expected] * len(rows), rel=1e-3)
    verdict = tables.cluster_verdict(result)
    assert verdict.startswith("Of 36 differences 36 fall short by more than one standard error.")
    assert f"The mean of all differences is {expected:+.1f} standard errors." in verdict
    assert f"cbow on wikipedia, 4 shards, simlex999 ({expected:+.1f})" in verdict


def test_chance_alone_leaves_some_cells_short() -> None:
    """Two means of three values from one distribution: how often is one short by an error?"""
    rng = np.random.default_rng(0)
    cells = [cell for cell in cluster.cells(seeds=3) if cell["shards"] in (0, 4)]
    names = (*tables.MEASURES, "seconds")
    short, chance = [], []
    for _ in range(100):
        runs = [cell | dict(zip(names, rng.normal(size=4), strict=True)) for cell in cells]
        verdict = tables.cluster_verdict({"summary": cluster.summarise(runs)})
        found = re.match(r"Of 12 differences (\d+) .* leave about (\d+)\.", verdict)
        short.append(int(found[1]))
        chance.append(int(found[2]))
    assert np.mean(short) == pytest.approx(np.mean(chance), abs=0.5)


def test_one_seed_gives_a_table_without_errors() -> None:
    runs = [measured_on_a_cluster(cell) for cell in cluster.cells(seeds=1, epochs=1)]
    result = {"summary": cluster.summarise(runs)}
    assert "| 64 shards | 0.480 | 0.480 | 0.480 | 1 |" in tables.cluster_table(result)
    assert tables.cluster_differences(result) == []
    assert "nothing can be said" in tables.cluster_verdict(result)


def test_a_file_with_other_settings_is_not_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dates = iter(("2026-01-01", "2026-01-02", "2026-01-03"))
    monkeypatch.setattr(
        results,
        "describe_machine",
        lambda: small_result(next(dates), processor="p", cores=1, versions={}),
    )
    for dim, there in ((1, 1), (2, 2), (1, 2)):
        run_cells("reverser", [{"dim": dim}], iter, str, {"dim": dim}, folder=tmp_path)
        assert len(list(tmp_path.iterdir())) == there


@pytest.mark.parametrize("module", [quality, reverser])
def test_the_stored_results_are_continued(
    module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that changes, or an entry with another name, would begin all anew."""
    held = benchmark_results(module.__name__.split(".")[-1])
    here = {name: held[name] for name in ("machine", "processor", "cores", "versions", "date")}
    monkeypatch.setattr(results, "describe_machine", lambda: here | {"date": "2030-01-01"})
    path = results.write(held["kind"], held, tmp_path)
    finished = path.read_text()
    assert module.run(held["runs"][:3], tmp_path) == path
    assert path.read_text() == finished


def test_every_ablation_changes_something_that_exists() -> None:
    from dataclasses import fields

    from embcourse.transformer.model import Shape, TrainingSettings

    names = {field.name for kind in (Shape, TrainingSettings) for field in fields(kind)}
    base = ablation.BASE["shape"] | ablation.BASE["training"]
    for variant, changes in ablation.VARIANTS.items():
        assert set(changes) <= names, variant
        assert all(base.get(name) != value for name, value in changes.items()), variant


@pytest.mark.parametrize("variant", ["no residuals", "SwiGLU", "no warm-up"])
def test_an_ablation_trains_and_is_judged(variant: str) -> None:
    settings = ablation.SETTINGS | {"steps": 1, "pieces": 200}
    settings["shape"] = settings["shape"] | {"d_model": 16, "layers": 1, "longest": 48}
    measured = ablation.measure({"variant": variant, "seed": 1}, settings)
    assert measured["variant"] == variant
    assert 1 < measured["loss"] < 100
    assert measured["parameters"] > 1000


def test_the_translator_is_trained_interrupted_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import embcourse.transformer.model as model

    whole = model.verse_splits()
    few = model.Splits(
        *(
            model.Verses(*(column[:count] for column in part))
            for part, count in zip(whole, (60, 4, 12), strict=True)
        )
    )
    monkeypatch.setattr(model, "verse_splits", lambda: few)
    small = {"d_model": 16, "heads": 2, "layers": 1, "hidden": 32, "longest": 256}
    for name, value in (("SHAPE", small), ("PIECES", 200), ("ALPHAS", (0.6,)), ("BOOTSTRAP", 20)):
        monkeypatch.setattr(translation, name, value)
    work = tmp_path / "work"
    translation.train(1, work, threads=1)
    translation.train(2, work, threads=1)
    curve = json.loads((work / translation.CURVE).read_text())
    assert [row["epoch"] for row in curve] == [1, 2]
    result = json.loads(translation.evaluate(work, tmp_path, threads=1).read_text())
    assert result["verses"] == {"train": 60, "validation": 4, "test": 12}
    systems = {row["system"]: row["chrf"]["value"] for row in result["scores"]}
    assert systems["copy"] > systems["beam"], "two epochs on 60 verses translate nothing"
    above = result["above_copying"]["chrf"]
    assert above["value"] == pytest.approx(systems["beam"] - systems["copy"], abs=0.02)
    assert above["low"] < above["high"] < 0
    assert {sample["kind"] for sample in result["samples"]} == {"good", "middle", "bad"}
    with pytest.raises(SystemExit, match="was trained with other settings"):
        monkeypatch.setattr(translation, "TRAINING", {"warmup": 3})
        translation.train(3, work, threads=1)
