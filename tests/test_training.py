"""The room that every trainer uses: corpora of any kind and size, progress, checkpoints."""

from __future__ import annotations

import gc
import os
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from embcourse.text import Encoded, Vocabulary
from embcourse.training import (
    Progress,
    Reporter,
    compact_rows,
    corpus,
    load_checkpoint,
    open_corpus,
    padded_rows,
    read_sentences,
    save_checkpoint,
)
from hypothesis import given
from hypothesis import strategies as st

sentences = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=12)


def sentences_of(opened: corpus.TrainingCorpus) -> list[list[str]]:
    return [
        opened.vocabulary.decode(opened.ids[start:end])
        for start, end in zip(opened.offsets[:-1], opened.offsets[1:], strict=True)
    ]


class TestOpenCorpus:
    @given(sentences, st.integers(1, 3), st.sampled_from([1, 2, 5, 1 << 20]))
    def test_is_what_vocabulary_and_encoding_give(self, texts, min_count, block) -> None:
        counts = Counter(token for text in texts for token in text)
        if not any(count >= min_count for count in counts.values()):
            with pytest.raises(ValueError, match="holds no token|no word is left"):
                open_corpus(texts, min_count=min_count)
            return
        before, corpus._BLOCK = corpus._BLOCK, block                 # also where blocks end inside a sentence
        try:
            opened = open_corpus(iter(texts), min_count=min_count)
        finally:
            corpus._BLOCK = before
        vocabulary = Vocabulary.build(texts, min_count=min_count, unknown="drop")
        expected = vocabulary.encode_documents(texts)
        assert opened.vocabulary.tokens == vocabulary.tokens
        assert opened.vocabulary.counts.tolist() == vocabulary.counts.tolist()
        assert opened.ids.tolist() == expected.ids.tolist()
        assert opened.offsets.tolist() == expected.offsets.tolist()

    @given(sentences.filter(any), st.integers(1, 5))
    def test_long_sentences_are_cut_and_nothing_is_lost(self, texts, longest) -> None:
        opened = open_corpus(texts, min_count=1, max_sentence=longest)
        pieces = [text[i : i + longest] for text in texts for i in range(0, len(text), longest) or [0]]
        assert sentences_of(opened) == pieces

    def test_list_generator_file_and_encoded_are_the_same_corpus(self, tmp_path: Path) -> None:
        texts = [["b", "a"], [], ["a", "c", "a", "rare"], ["c"]]
        path = tmp_path / "corpus.txt"
        path.write_text("\n".join(" ".join(text) for text in texts), encoding="utf-8")
        vocabulary = Vocabulary.build([*texts, *texts], min_count=3, unknown="drop")
        one = open_corpus(texts, vocabulary=vocabulary)
        others = [
            open_corpus((text for text in texts), vocabulary=vocabulary),
            open_corpus(path, vocabulary=vocabulary),
            open_corpus(str(path), vocabulary=vocabulary),
            open_corpus(vocabulary.encode_documents(texts), vocabulary=vocabulary),
        ]
        assert {other.fingerprint() for other in others} == {one.fingerprint()}

    def test_encoded_sentences_are_cut_too(self) -> None:
        ids = np.arange(7, dtype=np.int32) % 3
        opened = open_corpus(Encoded(ids, np.array([0, 5, 5, 7])), vocabulary=Vocabulary(list("abc")), max_sentence=2)
        assert opened.offsets.tolist() == [0, 2, 4, 5, 7]

    def test_counts_come_from_the_vocabulary_or_else_from_the_corpus(self) -> None:
        assert open_corpus([["b", "b"]], vocabulary=Vocabulary(list("ab"), [7, 9])).vocabulary.counts.tolist() == [7, 9]
        assert open_corpus([["b", "b"]], vocabulary=Vocabulary(["a", "b"])).vocabulary.counts.tolist() == [0, 2]

    def test_policy_of_the_vocabulary_holds(self) -> None:
        with pytest.raises(KeyError, match="z"):
            open_corpus([["a", "z"]], vocabulary=Vocabulary(["a", "b"]))
        replacing = Vocabulary(["<unk>", "a"], unknown="replace")
        assert open_corpus([["a", "z", "a"]], vocabulary=replacing).ids.tolist() == [1, 0, 1]

    @pytest.mark.parametrize(
        ("texts", "arguments", "error", "message"),
        [
            ([], {}, ValueError, "holds no token"),
            ([[], []], {}, ValueError, "holds no token"),
            ([["a", "b"]], {"min_count": 2}, ValueError, "none of 2 words occurs min_count=2"),
            ([["a"]], {"vocabulary": Vocabulary(["b"], unknown="drop")}, ValueError, "is in the vocabulary"),
            (["a b c"], {}, TypeError, "sentence 0 must be a list of tokens"),
            ([[1, 2]], {"min_count": 1}, TypeError, "tokens must be strings, got 1"),
            ([[["a"]]], {}, TypeError, "list of strings"),
            ("no/such/file.txt", {}, FileNotFoundError, "path of no file"),
            ("a sentence, not a path", {}, FileNotFoundError, "path of no file"),
            (Encoded(np.array([0], np.int32), np.array([0, 1])), {}, ValueError, "needs its vocabulary"),
            (Encoded(np.array([3], np.int32), np.array([0, 1])), {"vocabulary": Vocabulary(["a", "b"])}, ValueError, "0 and 1"),
            (Encoded(np.array([0], np.int32), np.array([0, 2])), {"vocabulary": Vocabulary(["a", "b"])}, ValueError, "offsets"),
            ([["a"]], {"max_sentence": 0}, ValueError, "max_sentence"),
            ([["a"]], {"vocabulary": ["a"]}, TypeError, "must be a Vocabulary"),
        ],
    )
    def test_refuses(self, texts, arguments, error, message) -> None:
        with pytest.raises(error, match=message):
            open_corpus(texts, **arguments)

    @pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
    def test_temporary_files_have_no_name_and_vanish_with_the_corpus(self, monkeypatch, tmp_path: Path) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        opened = open_corpus([["a", "b"]] * 100, min_count=1)
        assert list(tmp_path.iterdir()) == []
        maps = Path("/proc/self/maps")
        assert str(tmp_path) in maps.read_text()
        del opened
        gc.collect()
        assert str(tmp_path) not in maps.read_text()

    def test_a_broken_generator_leaves_nothing(self, monkeypatch, tmp_path: Path) -> None:
        def broken():
            yield ["a"]
            raise RuntimeError("the disk is gone")

        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with pytest.raises(RuntimeError, match="the disk is gone"):
            open_corpus(broken())
        assert list(tmp_path.iterdir()) == []

    @given(sentences.filter(any), st.integers(1, 8))
    def test_chunks_are_whole_sentences_and_cover_the_corpus(self, texts, size) -> None:
        opened = open_corpus(texts, min_count=1)
        borders = opened.borders(size)
        assert borders[0] == 0 and borders[-1] == len(opened.offsets) - 1
        chunks = [opened.chunk(start, end) for start, end in zip(borders[:-1], borders[1:], strict=True)]
        assert np.concatenate([chunk.ids for chunk in chunks]).tolist() == opened.ids.tolist()
        assert all(chunk.offsets[0] == 0 and chunk.offsets[-1] == len(chunk.ids) for chunk in chunks)
        longest = max(map(len, texts))
        assert all(len(chunk.ids) < size + longest for chunk in chunks)

    def test_reads_lines_as_sentences(self, tmp_path: Path) -> None:
        path = tmp_path / "text.txt"
        path.write_bytes("eins  zwei\t drei\r\n\nvier für".encode())
        assert list(read_sentences(path)) == [["eins", "zwei", "drei"], [], ["vier", "für"]]


class TestReporter:
    def test_counts_tokens_epochs_and_loss(self) -> None:
        seen: list[Progress] = []
        with Reporter(epochs=3, epoch_tokens=10, done=5, callback=seen.append) as reporter:
            reporter.passed(5, loss_sum=3.0, loss_terms=2, learning_rate=0.5)
            reporter.passed(10, loss_sum=0.0, loss_terms=0, learning_rate=0.25)
            reporter.passed(10, loss_sum=1.0, loss_terms=1, learning_rate=0.125)
        assert [report.epoch for report in seen] == [1, 2, 3]
        assert [report.tokens for report in seen] == [10, 20, 30]
        assert seen[0].loss == 1.5 and np.isnan(seen[1].loss) and seen[2].loss == 1.0
        assert seen[2].total_tokens == 30 and seen[2].learning_rate == 0.125
        assert seen[2].words_per_second == pytest.approx(25 / seen[2].seconds)

    def test_bar_shows_the_loss(self, capsys) -> None:
        with Reporter(epochs=1, epoch_tokens=10, progress=True) as reporter:
            reporter.passed(10, loss_sum=3.0, loss_terms=2, learning_rate=0.5)
        assert "loss 1.500" in capsys.readouterr().err


class TestCheckpoint:
    SETTINGS = {"dim": 3, "model": "cbow", "sample": 1e-3, "limit": None}

    def test_round_trip_is_exact(self, tmp_path: Path) -> None:
        arrays = {"inputs": np.random.default_rng(0).random((5, 3), np.float32), "outputs": np.zeros((0, 3), np.float32)}
        save_checkpoint(tmp_path / "run", arrays, 17, self.SETTINGS)
        loaded, position = load_checkpoint(tmp_path / "run", self.SETTINGS)
        assert position == 17 and list(loaded) == ["inputs", "outputs"]
        assert all(loaded[name].tobytes() == arrays[name].tobytes() for name in arrays)
        assert [path.name for path in tmp_path.iterdir()] == ["run"]

    @pytest.mark.parametrize(
        ("change", "message"),
        [({"dim": 4}, "dim was 3, is 4 now"), ({"new": 1}, "new was None, is 1 now"), ({"model": "sg"}, "model was 'cbow'")],
    )
    def test_refuses_other_settings(self, tmp_path: Path, change, message) -> None:
        save_checkpoint(tmp_path / "run", {}, 0, self.SETTINGS)
        with pytest.raises(ValueError, match=message):
            load_checkpoint(tmp_path / "run", {**self.SETTINGS, **change})

    @pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut short"])
    def test_refuses_a_file_that_is_no_checkpoint(self, tmp_path: Path, content) -> None:
        (tmp_path / "run").write_bytes(content)
        with pytest.raises(ValueError, match="no checkpoint"):
            load_checkpoint(tmp_path / "run", self.SETTINGS)

    def test_a_failed_write_leaves_the_old_checkpoint(self, tmp_path: Path) -> None:
        save_checkpoint(tmp_path / "run", {"table": np.ones(3)}, 1, self.SETTINGS)
        with pytest.raises(TypeError):
            save_checkpoint(tmp_path / "run", {"table": np.zeros(3)}, 2, {"bad": object()})
        arrays, position = load_checkpoint(tmp_path / "run", self.SETTINGS)
        assert position == 1 and arrays["table"].tolist() == [1, 1, 1]


class TestRows:
    @given(st.integers(1, 9000), st.integers(1, 40))
    def test_padding_and_moving_together_lose_nothing(self, rows, dim) -> None:
        table = padded_rows(rows, dim)
        assert table.shape[1] % 16 == 0 and table.shape[1] - dim < 16 and table.ctypes.data % 64 == 0
        assert not table.any()
        table[:, :dim] = np.arange(rows * dim).reshape(rows, dim)
        compact = compact_rows(table, dim)
        assert compact.flags.c_contiguous
        np.testing.assert_array_equal(compact, np.arange(rows * dim).reshape(rows, dim))
