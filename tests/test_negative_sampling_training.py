"""`embcourse.negative_sampling.train`: the same result whatever the corpus comes as, stopped and
resumed, and on threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from embcourse.data import bible
from embcourse.negative_sampling import Training, model, train
from embcourse.text import Encoded, Vocabulary, tokenize
from embcourse.training import Diverged, Progress, load_checkpoint, open_corpus, save_checkpoint
from embcourse.vectors import Embeddings
from tests.notebooks import ROOT

SETTINGS = {
    "dim": 20,
    "window": 3,
    "negative": 3,
    "min_count": 2,
    "epochs": 2,
    "threads": 1,
    "seed": 5,
}
KINDS = [
    {"model": kind, "loss": loss, "negatives": negatives}
    for kind in ("skipgram", "cbow")
    for loss in ("negative", "hierarchical")
    for negatives in ("per_window", "per_pair")
]


@pytest.fixture(scope="module")
def verses() -> list[list[str]]:
    """About 45,000 tokens: several chunks an epoch."""
    return [tokenize(verse) for verse in bible("kjv").verses[:1_800]]


def bits(embeddings: Embeddings) -> bytes:
    return embeddings.matrix.tobytes()


class Stop(Exception):
    pass


def stop_after(reports: int):
    """A callback that raises at its n-th call."""
    seen: list[Progress] = []

    def callback(report: Progress) -> None:
        seen.append(report)
        if len(seen) == reports:
            raise Stop

    return callback


class TestOneThread:
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
    def test_is_reproducible_to_the_bit(self, verses, kind) -> None:
        assert bits(train(verses, **SETTINGS, **kind)) == bits(train(verses, **SETTINGS, **kind))

    def test_other_seeds_give_other_vectors(self, verses) -> None:
        assert bits(train(verses, **SETTINGS)) != bits(train(verses, **{**SETTINGS, "seed": 6}))

    def test_list_generator_file_and_encoded_give_the_same_vectors(
        self, verses, tmp_path: Path
    ) -> None:
        path = tmp_path / "verses.txt"
        path.write_text("\n".join(" ".join(verse) for verse in verses), encoding="utf-8")
        vocabulary = Vocabulary.build(verses, min_count=2, unknown="drop")
        expected = train(verses, **SETTINGS)
        assert expected.vocabulary.tokens == vocabulary.tokens
        for corpus, given in (
            ((verse for verse in verses), None),
            (path, None),
            (vocabulary.encode_documents(verses), vocabulary),
        ):
            assert bits(train(corpus, vocabulary=given, **SETTINGS)) == bits(expected)

    def test_learns(self, verses) -> None:
        losses: list[float] = []
        train(
            verses, **{**SETTINGS, "epochs": 8}, callback=lambda report: losses.append(report.loss)
        )
        assert np.mean(losses[-5:]) < np.mean(losses[:5])


class TestResuming:
    @pytest.mark.parametrize(
        "kind", [{}, {"model": "cbow", "loss": "hierarchical"}], ids=["skipgram", "cbow-tree"]
    )
    @pytest.mark.parametrize("reports", [1, 3, 5])
    def test_equals_an_unbroken_training(self, verses, tmp_path: Path, reports, kind) -> None:
        settings = {**SETTINGS, "epochs": 4, **kind}
        path = tmp_path / "run"
        for stop in (reports, 1):
            with pytest.raises(Stop):
                train(verses, **settings, checkpoint=path, callback=stop_after(stop))
        assert bits(train(verses, **settings, checkpoint=path)) == bits(train(verses, **settings))

    def test_a_finished_checkpoint_gives_the_vectors_at_once(self, verses, tmp_path: Path) -> None:
        first = train(verses, **SETTINGS, checkpoint=tmp_path / "run")
        reports: list[Progress] = []
        again = train(verses, **SETTINGS, checkpoint=tmp_path / "run", callback=reports.append)
        assert bits(again) == bits(first) and not reports

    def test_run_until_an_epoch_and_on(self, verses) -> None:
        training = Training(verses, **SETTINGS)
        training.run(until=1)
        assert not training.finished
        assert bits(training.run().embeddings()) == bits(train(verses, **SETTINGS))
        with pytest.raises(ValueError, match="until must lie between 1 and 2"):
            training.run(until=3)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"dim": 10}, "dim was 20, is 10 now"),
            ({"seed": 1}, "seed was 5"),
            ({"model": "cbow"}, "model was 'skipgram'"),
        ],
    )
    def test_refuses_a_checkpoint_of_other_settings(
        self, verses, tmp_path: Path, change, message
    ) -> None:
        train(verses, **SETTINGS, checkpoint=tmp_path / "run")
        with pytest.raises(ValueError, match=message):
            train(verses, **{**SETTINGS, **change}, checkpoint=tmp_path / "run")

    def test_refuses_a_checkpoint_of_another_corpus(self, verses, tmp_path: Path) -> None:
        train(verses, **SETTINGS, checkpoint=tmp_path / "run")
        with pytest.raises(ValueError, match="corpus was"):
            train(verses[::-1], **SETTINGS, checkpoint=tmp_path / "run")

    def test_refuses_a_file_that_is_no_checkpoint(self, verses, tmp_path: Path) -> None:
        (tmp_path / "run").write_text("notes")
        with pytest.raises(ValueError, match="no checkpoint"):
            train(verses, **SETTINGS, checkpoint=tmp_path / "run")

    @pytest.mark.skipif(os.name != "posix", reason="needs signals")
    @pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
    def test_survives_a_killed_process(self, verses, tmp_path: Path, end) -> None:
        corpus, path, vectors = tmp_path / "verses.txt", tmp_path / "run", tmp_path / "vectors.npy"
        corpus.write_text("\n".join(" ".join(verse) for verse in verses), encoding="utf-8")
        settings = {**SETTINGS, "epochs": 60}
        program = f"""
import signal
import threading
import numpy as np
from embcourse.negative_sampling import train
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in the background
vectors = train({str(corpus)!r}, **{settings!r}, checkpoint={str(path)!r}, checkpoint_every=0.05)
np.save({str(vectors)!r}, vectors.matrix)
"""
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(end)
        assert process.wait(timeout=60) != 0
        assert path.exists() and not vectors.exists()
        resumed = train(corpus, **settings, checkpoint=path)
        assert bits(resumed) == bits(train(corpus, **settings))


class TestThreads:
    @pytest.mark.parametrize("kind", KINDS[::2], ids=lambda kind: "-".join(kind.values()))
    def test_two_threads_learn_as_well_as_one(self, verses, kind) -> None:
        last: dict[int, float] = {}
        for threads in (1, 2):
            losses: list[float] = []
            settings = {**SETTINGS, "threads": threads, "epochs": 4}
            train(verses, **settings, **kind, callback=lambda report: losses.append(report.loss))
            last[threads] = float(np.nanmean(losses[-8:]))
        assert last[2] == pytest.approx(last[1], rel=0.1)

    def test_every_token_is_trained_once_an_epoch(self, verses) -> None:
        reports: list[Progress] = []
        training = Training(verses, **{**SETTINGS, "threads": 3}, callback=reports.append).run()
        tokens = int(training.vocabulary.counts.sum())
        assert reports[-1].tokens == reports[-1].total_tokens == 2 * tokens
        assert [report.tokens for report in reports] == sorted(
            {report.tokens for report in reports}
        )
        assert training.finished

    def test_stopped_between_chunks_it_resumes(self, verses, tmp_path: Path) -> None:
        settings = {**SETTINGS, "epochs": 6, "threads": 2, "checkpoint": tmp_path / "run"}
        with pytest.raises(Stop):
            train(verses, **settings, callback=stop_after(2))
        reports: list[Progress] = []
        train(verses, **settings, callback=reports.append)
        assert reports[0].tokens > 20_000 and reports[-1].tokens == reports[-1].total_tokens

    def test_an_error_in_a_worker_is_raised_and_saves_nothing(self, verses, tmp_path: Path) -> None:
        training = Training(verses, **{**SETTINGS, "threads": 2}, checkpoint=tmp_path / "run")
        training._corpus.ids[30_000] = 2_000_000  # a broken disk
        with pytest.raises(ValueError, match="ids must lie"):
            training.run()
        assert not (tmp_path / "run").exists()


class TestStart:
    def test_vectors_to_begin_with_are_where_it_begins(self, verses) -> None:
        vocabulary = Vocabulary.build(verses, min_count=2, unknown="drop")
        table = np.random.default_rng(0).normal(size=(len(vocabulary), 20))
        training = Training(verses, **SETTINGS, start=table)
        np.testing.assert_array_equal(training.inputs, table.astype(np.float32))
        known = Embeddings(["god", "zzz"], np.ones((2, 20)))
        training = Training(verses, **SETTINGS, start=known)
        assert (training.inputs[vocabulary["god"]] == 1).all() and abs(
            training.inputs[vocabulary["the"]]
        ).max() < 0.03

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_refuses_what_is_not_finite(self, verses, bad) -> None:
        vocabulary = Vocabulary.build(verses, min_count=2, unknown="drop")
        table = np.zeros((len(vocabulary), 20))
        table[3, 1] = bad
        with pytest.raises(ValueError, match=f"the vector of '{vocabulary.tokens[3]}' holds NaN"):
            train(verses, **SETTINGS, start=table)


class TestRefusals:
    TEXT = [["a", "b", "a", "b", "c", "c"]] * 3

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"model": "glove"}, ValueError, "model must be 'skipgram' or 'cbow', got 'glove'"),
            (
                {"loss": "hinge"},
                ValueError,
                "loss must be 'negative', 'hierarchical' or 'softmax'",
            ),
            ({"negatives": "none"}, ValueError, "negatives must be"),
            ({"device": "tpu"}, ValueError, "device must be 'cpu' or 'cuda'"),
            ({"dim": 0}, ValueError, "dim must be at least 1, got 0"),
            ({"dim": 2.0}, TypeError, "dim must be an integer"),
            ({"window": 0}, ValueError, "window must be at least 1"),
            ({"negative": 0}, ValueError, "negative must be at least 1"),
            (
                {"negative": 3},
                ValueError,
                "negative must be smaller than the vocabulary, got negative=3 for 3 words",
            ),
            ({"epochs": 0}, ValueError, "epochs must be at least 1"),
            ({"threads": 0}, ValueError, "threads must be at least 1"),
            ({"seed": -1}, ValueError, "seed must be at least 0"),
            ({"sample": 1.5}, ValueError, "sample must lie between 0 and 1"),
            ({"sample": float("nan")}, ValueError, "sample must lie"),
            ({"noise_power": -1}, ValueError, "noise_power must be finite and not negative"),
            ({"learning_rate": float("inf")}, ValueError, "learning_rate must be"),
            (
                {"min_learning_rate": 0.5},
                ValueError,
                "min_learning_rate must lie between 0 and 0.025",
            ),
            ({"min_count": 0}, ValueError, "min_count must be at least 1"),
            ({"min_count": 10}, ValueError, "no word is left"),
            (
                {"start": np.zeros((3, 5))},
                ValueError,
                r"start must have shape \(words, dim\) = \(3, 4\), got \(3, 5\)",
            ),
            ({"start": np.zeros((3, 4), int)}, TypeError, "start must be Embeddings or floats"),
            ({"loss": "softmax", "checkpoint": "run"}, ValueError, "has no negative"),
        ],
    )
    def test_bad_arguments(self, arguments, error, message) -> None:
        with pytest.raises(error, match=message):
            train(self.TEXT, **{"dim": 4, "negative": 2, "min_count": 1, "threads": 1, **arguments})

    def test_empty_corpus(self) -> None:
        with pytest.raises(ValueError, match="holds no token"):
            train([])

    def test_hierarchical_needs_two_words(self) -> None:
        with pytest.raises(ValueError, match="at least two words"):
            train([["a"] * 10], loss="hierarchical")

    def test_no_gpu(self) -> None:
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
        with pytest.raises(ValueError, match="needs a GPU"):
            train(self.TEXT, min_count=1, negative=2, device="cuda")

    def test_arguments_are_refused_before_the_corpus_is_read(self) -> None:
        def never():
            raise AssertionError("the corpus was read")
            yield

        with pytest.raises(ValueError, match="window"):
            train(never(), window=0)


class TestOutputs:
    def test_output_vectors(self, verses) -> None:
        training = Training(verses, **SETTINGS).run()
        assert training.output_embeddings().matrix.tobytes() == training.outputs.tobytes()
        assert training.output_embeddings().vocabulary is training.vocabulary

    def test_a_tree_has_no_output_vectors(self, verses) -> None:
        training = Training(verses, **SETTINGS, loss="hierarchical")
        assert training.outputs.shape == (len(training.vocabulary) - 1, 20)
        with pytest.raises(ValueError, match="inner nodes"):
            training.output_embeddings()

    def test_softmax_is_the_exact_objective(self, verses) -> None:
        from embcourse import word2vec

        common = {"dim": 8, "window": 2, "min_count": 20, "epochs": 1, "seed": 3}
        assert bits(train(verses[:300], loss="softmax", **common)) == bits(
            word2vec.train(verses[:300], **common)
        )

    def test_rate_falls_in_a_straight_line_to_its_floor(self) -> None:
        rates: list[float] = []
        text = [["a", "b"] * 5_000] * 4
        train(
            text,
            dim=4,
            negative=1,
            epochs=1,
            threads=1,
            learning_rate=0.2,
            min_learning_rate=0.07,
            callback=lambda report: rates.append(report.learning_rate),
        )
        assert rates == pytest.approx([0.15, 0.1, 0.07, 0.07])

    def test_seeds_of_chunks_differ(self) -> None:
        seeds = {
            model._mixed(seed, epoch, chunk)
            for seed in range(4)
            for epoch in range(8)
            for chunk in range(64)
        }
        assert len(seeds) == 4 * 8 * 64

    def test_encoded_corpus_is_left_alone(self, verses) -> None:
        vocabulary = Vocabulary.build(verses, min_count=2, unknown="drop")
        encoded = vocabulary.encode_documents(verses)
        before = Encoded(encoded.ids.copy(), encoded.offsets.copy())
        train(encoded, vocabulary=vocabulary, **SETTINGS)
        assert (encoded.ids == before.ids).all() and (encoded.offsets == before.offsets).all()


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "run", {"table": np.zeros(2)}, 3, {"method": "glove"})
    with pytest.raises(ValueError, match="another training"):
        train([["a", "b"] * 10], dim=2, negative=1, checkpoint=tmp_path / "run")


# ------------------------------------------------------------------------- nothing fails in silence


class TestFailures:
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
    def test_a_training_that_diverges_stops_at_once_and_keeps_the_last_good_checkpoint(
        self, verses, tmp_path, kind
    ) -> None:
        path, settings = (
            tmp_path / "run",
            {**SETTINGS, "epochs": 400, "learning_rate": 60.0, **kind},
        )
        fresh = Training(verses, **settings)
        fresh.save(path)
        seen: list[Progress] = []
        with pytest.raises(
            Diverged, match="try a lower learning_rate; .*run holds the last good state"
        ):
            train(verses, **settings, checkpoint=path, checkpoint_every=0, callback=seen.append)
        assert seen == [] or seen[-1].tokens < seen[-1].total_tokens / 2
        corpus = open_corpus(verses, min_count=2).fingerprint()
        arrays, _ = load_checkpoint(path, fresh.settings.as_dict() | {"corpus": corpus})
        assert all(np.isfinite(array).all() for array in arrays.values())

    @pytest.mark.parametrize("rate", [3.0, 5.0, 1e6])
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
    def test_a_loss_of_nan_stops_it_before_it_is_reported(self, rate, kind) -> None:
        """Once NaN meant that no loss was sampled, and a text was trained on it to the end."""
        text = [["a", "b", "c", "d"], ["b", "c", "e", "a"]] * 6_000
        settings = {**SETTINGS, "sample": 0, "epochs": 5, **kind}
        seen: list[Progress] = []
        with pytest.raises(Diverged):
            train(text, **settings, learning_rate=rate, callback=seen.append)
        assert all(report.loss < 1e3 for report in seen)
        assert not seen or seen[-1].tokens < seen[-1].total_tokens / 2

    @pytest.mark.parametrize(
        ("corpus", "arguments", "message"),
        [
            ([["a"], ["b"], ["a"]], {"min_count": 1}, "no sentence holds two words .* min_count=1"),
            (
                [["a", "b", "c"]] * 9 + [["a"]] * 5,
                {"min_count": 1, "max_size": 1, "negative": 1},
                "negative|max_size=1",
            ),
            (
                [["a", "b", "c"]] * 50,
                {"min_count": 1, "sample": 1e-12},
                "no pair was trained: with sample=1e-12",
            ),
        ],
    )
    def test_vectors_that_nothing_has_trained_are_not_returned(
        self, corpus, arguments, message
    ) -> None:
        with pytest.raises(ValueError, match=message):
            train(corpus, **{"dim": 4, "negative": 1, "epochs": 1, "threads": 1, **arguments})

    def test_a_vocabulary_may_be_larger_than_the_corpus(self) -> None:
        vocabulary = Vocabulary(["a", "b", "c", "never"])
        for loss in ("negative", "hierarchical"):
            training = Training(
                [["a", "b", "c"]] * 20,
                vocabulary=vocabulary,
                dim=4,
                negative=2,
                loss=loss,
                sample=0,
                threads=1,
                learning_rate=0.5,
            )
            before = training.inputs.copy()
            training.run()
            assert (training.inputs[:3] != before[:3]).any(axis=1).all()
            assert (training.inputs[3] == before[3]).all()
        assert (
            not Training(
                [["a", "b", "c"]] * 20,
                vocabulary=vocabulary,
                dim=4,
                negative=2,
                sample=0,
                threads=1,
                noise_power=0,
            )
            .run()
            .outputs[3]
            .any()
        )

    def test_a_checkpoint_is_tried_before_the_corpus_is_read(self, tmp_path: Path) -> None:
        def corpus():
            raise AssertionError("read")
            yield []

        with pytest.raises(
            FileNotFoundError, match="checkpoint lies in a folder that is not there"
        ):
            train(corpus(), checkpoint=tmp_path / "none" / "run")


INTERRUPTED = {**SETTINGS, "epochs": 8, "checkpoint_every": 0.02}


@pytest.fixture(scope="module")
def unbroken(verses) -> tuple[bytes, float]:
    """The bits of an unbroken training, and how long it took once everything is compiled."""
    train(verses, **INTERRUPTED)
    start = time.monotonic()
    return bits(train(verses, **INTERRUPTED)), time.monotonic() - start


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
class TestInterrupted:
    """A forked process trains; the parent interrupts it. What it leaves must resume to the bits of
    an unbroken run."""

    def forked(self, verses, path: Path, threads: int = 1) -> int:
        signals = {signal.SIGINT, signal.SIGTERM}
        # none may reach the child before it can catch them
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        child = os.fork()
        if child:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            return child
        try:
            # ignored where pytest runs in the background
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            train(verses, **{**INTERRUPTED, "threads": threads}, checkpoint=path)
        finally:
            os._exit(0)

    @pytest.mark.parametrize(
        "signals",
        [
            [signal.SIGKILL],
            [signal.SIGTERM],
            [signal.SIGINT],
            [signal.SIGINT] * 2,
            [signal.SIGINT] * 5,
        ],
        ids=lambda signals: f"{signals[0].name}-{len(signals)}",
    )
    def test_resumes_to_the_same_bits(self, verses, unbroken, tmp_path: Path, signals) -> None:
        """Ten moments for each way to be interrupted: fifty in all."""
        expected, seconds = unbroken
        rng = np.random.default_rng(len(signals) + int(signals[0]))
        for moment in range(10):
            path = tmp_path / f"run{moment}"
            child = self.forked(verses, path)
            time.sleep(rng.uniform(0.0, 1.2) * seconds)
            for number in signals:
                try:
                    os.kill(child, number)
                except ProcessLookupError:
                    break
                time.sleep(rng.uniform(0, 0.01))
            os.waitpid(child, 0)
            resumed = train(verses, **INTERRUPTED, checkpoint=path)
            assert bits(resumed) == expected, f"moment {moment}"

    def test_ctrl_c_while_the_first_thread_starts(
        self, verses, unbroken, tmp_path: Path, monkeypatch
    ) -> None:
        """A slow machine met this moment: the thread ran already, and nobody waited for it before
        the state was saved."""
        start = threading.Thread.start

        def start_and_press(thread: threading.Thread) -> None:
            start(thread)
            if thread.name.startswith("ThreadPoolExecutor"):
                signal.raise_signal(signal.SIGINT)

        train_chunk = Training._train_chunk

        def train_slowly(training: Training, chunk: model.Chunk) -> tuple[float, int]:
            result = train_chunk(training, chunk)
            time.sleep(0.1)
            return result

        monkeypatch.setattr(threading.Thread, "start", start_and_press)
        monkeypatch.setattr(Training, "_train_chunk", train_slowly)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                train(verses, **INTERRUPTED, checkpoint=tmp_path / "run")
        finally:
            signal.signal(signal.SIGINT, before)
        monkeypatch.undo()
        assert bits(train(verses, **INTERRUPTED, checkpoint=tmp_path / "run")) == unbroken[0]

    def test_a_second_ctrl_c_on_several_threads_saves_whole_chunks(
        self, verses, tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(0)
        for moment in range(5):
            path = tmp_path / f"run{moment}"
            child = self.forked(verses, path, threads=3)
            time.sleep(rng.uniform(0.05, 0.3))
            for _ in range(4):
                os.kill(child, signal.SIGINT)
                time.sleep(rng.uniform(0, 0.005))
            os.waitpid(child, 0)
            if path.exists():
                resumed = Training(verses, **INTERRUPTED, checkpoint=path)
                assert np.isfinite(resumed.inputs).all()
                assert resumed.run().finished
