"""Counting and training on a Dask cluster of real worker processes, one of which is killed."""

from __future__ import annotations

import gzip
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cluster
from embcourse import cooccurrence, distributed, negative_sampling
from embcourse.data import bible
from embcourse.distributed.training import (
    Copy,
    added,
    encode_shard,
    parts,
    put_together,
    train_part,
)
from embcourse.negative_sampling import fast
from embcourse.text import Vocabulary, tokenize
from embcourse.training import Diverged, Progress, read_sentences

dask_distributed = pytest.importorskip("dask.distributed")

SETTINGS = {"dim": 16, "window": 3, "negative": 3, "min_count": 3, "seed": 1}


@pytest.fixture(scope="module")
def verses() -> list[list[str]]:
    return [tokenize(verse) for verse in bible("kjv").verses[:3_000]]


@pytest.fixture(scope="module")
def shards(verses, tmp_path_factory) -> list[Path]:
    return distributed.write_shards(verses, tmp_path_factory.mktemp("shards"), 4)


@pytest.fixture(scope="module")
def client() -> Iterator[dask_distributed.Client]:
    with (
        dask_distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        dask_distributed.Client(cluster) as client,
    ):
        yield client


class TestShards:
    def test_sentences_are_dealt_in_turn(self, verses, shards) -> None:
        dealt = [list(read_sentences(path)) for path in shards]
        assert [dealt[i % 4][i // 4] for i in range(len(verses))] == verses

    @pytest.mark.parametrize(
        ("sentences", "count", "error", "message"),
        [
            ([["a b"]], 1, ValueError, "white space"),
            ([[""]], 1, ValueError, "empty"),
            (["a b"], 1, TypeError, "sequence of tokens"),
            ([["a"]], 0, ValueError, "at least 1"),
        ],
    )
    def test_refuses(self, tmp_path: Path, sentences, count, error, message) -> None:
        with pytest.raises(error, match=message):
            distributed.write_shards(sentences, tmp_path, count)

    def test_paths_are_checked_before_anything_is_sent(self, tmp_path: Path) -> None:
        for function in (distributed.build_vocabulary, distributed.train):
            with pytest.raises(FileNotFoundError, match="path of no file"):
                function([tmp_path / "missing.txt"], None)
            with pytest.raises(TypeError, match="shards must be paths, got"):
                function([["a", "b"]], None)
            with pytest.raises(ValueError, match="at least one file"):
                function([], None)


class TestCounting:
    def test_shards_may_be_a_folder_compressed_and_in_any_encoding(
        self, verses, shards, client, tmp_path: Path
    ) -> None:
        whole = Vocabulary.build([*verses, ["café"] * 3], min_count=2)
        for number, shard in enumerate(shards):
            text = shard.read_text(encoding="utf-8") + "café café café\n" * (number == 0)
            (tmp_path / f"{number}.txt.gz").write_bytes(gzip.compress(text.encode("latin-1")))
        for named in (tmp_path, str(tmp_path / "*.gz"), sorted(tmp_path.iterdir())):
            ours = distributed.build_vocabulary(named, client, min_count=2, encoding="latin-1")
            assert ours.tokens == whole.tokens and ours.counts.tolist() == whole.counts.tolist()
        with pytest.raises(ValueError, match=r"0\.txt\.gz, line \d+, column 4: expected utf-8"):
            distributed.build_vocabulary(tmp_path, client)
        with pytest.raises(ValueError, match=r"0\.txt\.gz, line \d+, column 4: expected utf-8"):
            distributed.train(tmp_path, client, **SETTINGS)
        settings = {"epochs": 1, **SETTINGS, "min_count": 2}
        ours = distributed.train(tmp_path, client, encoding="latin-1", **settings)
        assert ours.vocabulary.tokens == whole.tokens
        assert "café" in ours

    def test_vocabulary_is_the_one_of_the_whole_corpus(self, verses, shards, client) -> None:
        for limits in ({"min_count": 2}, {"min_count": 1, "max_size": 50}):
            ours = distributed.build_vocabulary(shards, client, **limits)
            whole = Vocabulary.build(verses, **limits)
            assert ours.tokens == whole.tokens and ours.counts.tolist() == whole.counts.tolist()

    @pytest.mark.parametrize("weighting", ["flat", "harmonic"])
    def test_cooccurrence_is_the_one_of_the_whole_corpus(
        self, verses, shards, client, weighting
    ) -> None:
        vocabulary = Vocabulary.build(verses, min_count=3, unknown="drop")
        ours = distributed.cooccurrence_counts(
            shards, vocabulary, client, window=4, weighting=weighting
        )
        whole = cooccurrence.count(verses, vocabulary, window=4, weighting=weighting)
        assert ours.shape == whole.shape
        # Sums of at most some thousand terms, in another order.
        assert abs(ours - whole).max() <= 1e4 * np.finfo(float).eps * whole.max()


class TestTraining:
    def test_result_does_not_depend_on_who_did_what(self, shards, client) -> None:
        one = distributed.train(shards, client, epochs=2, averages=2, **SETTINGS)
        two = distributed.train(shards, client, epochs=2, averages=2, **SETTINGS)
        here = distributed.train(shards, cluster.Here(), epochs=2, averages=2, **SETTINGS)
        assert one.matrix.tobytes() == two.matrix.tobytes() == here.matrix.tobytes()
        assert np.isfinite(one.matrix).all() and one.matrix.std() > 0.02

    def test_one_shard_and_one_round_is_training_on_one_machine(
        self, verses, tmp_path: Path, client
    ) -> None:
        (shard,) = distributed.write_shards(verses, tmp_path, 1)
        ours = distributed.train([shard], client, epochs=1, averages=1, **SETTINGS)
        vocabulary = Vocabulary.build(verses, min_count=3, unknown="drop")
        assert ours.vocabulary.tokens == vocabulary.tokens
        model = negative_sampling.Training(
            vocabulary.encode_documents(verses),
            vocabulary=vocabulary,
            epochs=1,
            threads=1,
            **{**SETTINGS, "min_count": 3},
        )
        tables = (model.inputs, model.outputs)
        rates = (0.025, 1e-4)
        copy = train_part(
            encode_shard(str(shard), vocabulary),
            fast.make_tables(vocabulary.counts),
            tables,
            (0.0, 1.0),
            rates,
            1_000_003,
            model.settings,
        )
        # What a single copy has changed is added as it is: one rounding more.
        error = np.abs(ours.matrix - copy.inputs).max()
        assert error <= 2 * np.finfo(np.float32).eps * np.abs(copy.inputs).max()

    def test_a_lost_worker_changes_nothing(self, shards, client) -> None:
        settings = {"epochs": 12, "averages": 2, **SETTINGS}
        undisturbed = distributed.train(shards, client, **settings)
        pid = min(client.run(os.getpid).values())
        killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
        killer.start()
        disturbed = distributed.train(shards, client, **settings)
        assert killer.finished.is_set()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert disturbed.matrix.tobytes() == undisturbed.matrix.tobytes()

    @pytest.mark.parametrize("shards", [1, 3, 5, 16])
    @pytest.mark.parametrize("rounds", [1, 2, 8])
    def test_the_rounds_of_an_epoch_cover_every_shard_once_in_order(self, shards, rounds) -> None:
        met = [list(parts(range(shards), number, rounds)) for number in range(rounds)]
        places = [shard + share for round_ in met for shard, part, _ in round_ for share in part]
        assert places[0] == 0 and places[-1] == shards
        assert places[1:-1:2] == places[2::2]
        for round_ in met:
            passed = [share for _, _, shares in round_ for share in shares]
            assert passed[0] == 0 and passed[-1] == 1 and passed[1:-1:2] == passed[2::2]

    def test_together_copies_go_as_far_as_one_machine_and_no_row_far_in_a_round(self) -> None:
        rng = np.random.default_rng(0)
        directions = rng.standard_normal((5, 8))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        moved = (directions * [[0.0], [0.01], [1.6], [2.4], [40.0]]).astype(np.float32)
        for copies, lengths in (
            (1, [0, 0.01, 1.6, 2.4, 40]),  # a single copy's change is added as it is
            (2, [0, 0.005, 0.8, 1.2, 20]),  # twice as large steps, and the mean of two
            (4, [0, 0.005, 0.8, 0.8, 10]),  # between half of the sum and the mean
            (16, [0, 0.005, 0.8, 0.8, 2.5]),
        ):
            together = put_together(moved, copies)
            assert together.dtype == np.float32
            np.testing.assert_allclose(
                together, directions * np.array(lengths)[:, None], rtol=1e-5, atol=0
            )

    def test_a_round_is_of_so_many_tokens_or_words(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        for words, tokens, expected in ((50, 200_000, 12), (50, 3_000, 8), (20_000, 200_000, 10)):
            text = np.append(np.arange(words), rng.integers(words, size=tokens - words)).astype(str)
            folder = tmp_path / f"{words}-{tokens}"
            shards = distributed.write_shards(text.reshape(-1, 100).tolist(), folder, 4)
            rounds: list[Progress] = []
            settings = SETTINGS | {"dim": 2, "min_count": 1}
            distributed.train(shards, cluster.Here(), epochs=1, callback=rounds.append, **settings)
            assert len(rounds) == expected

    def test_a_checkpoint_is_saved_eight_times_an_epoch(
        self, shards, tmp_path: Path, monkeypatch
    ) -> None:
        saved: list[int] = []
        save = distributed.training.save_checkpoint

        def spied(path, arrays, done, settings) -> None:
            saved.append(done)
            save(path, arrays, done, settings)

        monkeypatch.setattr(distributed.training, "save_checkpoint", spied)
        settings = SETTINGS | {"averages": 20, "epochs": 2, "checkpoint": tmp_path / "run"}
        distributed.train(shards, cluster.Here(), **settings)
        assert len(saved) == 16 and saved[7] == 20 and saved[-1] == 40

    def test_changes_of_copies_are_added(self) -> None:
        one = Copy(np.full((2, 1), 4.0), np.ones((1, 1)), 2.0, 5)
        total = added(added(one, one), one)
        assert total.loss_sum == 6.0 and total.loss_terms == 15
        assert total.inputs.tolist() == [[12.0], [12.0]] and total.outputs.tolist() == [[3.0]]

    @pytest.mark.parametrize("method", [{}, {"model": "cbow"}, {"loss": "hierarchical"}], ids=str)
    def test_four_copies_are_as_good_as_one(self, verses, tmp_path: Path, client, method) -> None:
        losses: dict[int, float] = {}
        for count in (1, 4):
            shards = distributed.write_shards(verses, tmp_path / str(count), count)
            reports: list[Progress] = []
            vectors = distributed.train(
                shards,
                client,
                copies=count,
                epochs=3,
                callback=reports.append,
                **method,
                **SETTINGS,
            )
            assert np.abs(vectors.matrix).max() < 20
            losses[count] = reports[-1].loss
        assert losses[4] < 1.05 * losses[1]  # their mean is above by a tenth

    def test_a_rate_too_high_is_an_error_and_keeps_the_last_good_checkpoint(
        self, shards, client, tmp_path: Path
    ) -> None:
        path = tmp_path / "run"
        with pytest.raises(Diverged, match="try a lower learning_rate"):
            distributed.train(
                shards, client, epochs=30, checkpoint=path, learning_rate=50.0, **SETTINGS
            )
        assert not path.exists() or np.isfinite(np.load(path)["inputs"]).all()

    def test_resumed_it_gives_the_bits_of_an_unbroken_run(
        self, shards, client, tmp_path: Path
    ) -> None:
        settings = {"epochs": 3, "averages": 2, **SETTINGS}
        seen: list[Progress] = []
        unbroken = distributed.train(shards, client, callback=seen.append, **settings)
        assert [report.epoch for report in seen] == [1, 1, 2, 2, 3, 3]
        assert seen[-1].tokens == seen[-1].total_tokens

        def stop(report: Progress) -> None:
            if report.epoch == 2:
                raise InterruptedError

        path = tmp_path / "run"
        with pytest.raises(InterruptedError):
            distributed.train(shards, client, checkpoint=path, callback=stop, **settings)
        resumed = distributed.train(shards, client, checkpoint=path, **settings)
        assert resumed.matrix.tobytes() == unbroken.matrix.tobytes()
        with pytest.raises(
            ValueError, match="belongs to another training: averages was 2, is 1 now"
        ):
            distributed.train(shards, client, checkpoint=path, **{**settings, "averages": 1})

    def test_no_pair_trained_is_an_error(self, tmp_path: Path, client) -> None:
        shards = distributed.write_shards([["a", "b", "c", "d", "e"]] * 40, tmp_path, 2)
        with pytest.raises(ValueError, match="no pair was trained: with sample=1e-12"):
            distributed.train(shards, client, **{**SETTINGS, "sample": 1e-12})

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"averages": 0}, ValueError, "averages must be at least 1"),
            ({"epochs": 1.5}, TypeError, "epochs must be an integer"),
            ({"window": 0}, ValueError, "window must be at least 1"),
            ({"negative": 10**6}, ValueError, "smaller than the vocabulary"),
            ({"copies": 5}, ValueError, "copies must not be more than the shards, got 5 for 4"),
            ({"threads": 2}, TypeError, "train: got an unexpected keyword argument 'threads'"),
            ({"checkpoint": "no/such/folder/run"}, FileNotFoundError, "a folder that is not there"),
        ],
    )
    def test_refuses(self, shards, client, arguments, error, message) -> None:
        with pytest.raises(error, match=message):
            distributed.train(shards, client, **{**SETTINGS, **arguments})
