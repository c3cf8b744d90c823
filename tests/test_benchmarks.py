"""The harness of the benchmarks, on tiny sizes. No test asserts a time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import measure, quality, results, speed, steps, tables
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
