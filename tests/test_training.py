"""The room that every trainer uses: corpora of any kind and size, progress, checkpoints."""

from __future__ import annotations

import bz2
import gc
import gzip
import itertools
import lzma
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embcourse.text import Encoded, Vocabulary
from embcourse.training import (
    Diverged,
    Progress,
    Reporter,
    compact_rows,
    corpus,
    files,
    interrupts_held,
    load_checkpoint,
    open_corpus,
    padded_rows,
    read_sentences,
    require_stable,
    require_writable,
    save_checkpoint,
)

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
        before, corpus._BLOCK = corpus._BLOCK, block  # also where blocks end inside a sentence
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
        pieces = [
            text[i : i + longest] for text in texts for i in range(0, len(text), longest) or [0]
        ]
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
        opened = open_corpus(
            Encoded(ids, np.array([0, 5, 5, 7])), vocabulary=Vocabulary(list("abc")), max_sentence=2
        )
        assert opened.offsets.tolist() == [0, 2, 4, 5, 7]

    def test_counts_come_from_the_vocabulary_or_else_from_the_corpus(self) -> None:
        assert open_corpus(
            [["b", "b"]], vocabulary=Vocabulary(list("ab"), [7, 9])
        ).vocabulary.counts.tolist() == [7, 9]
        assert open_corpus(
            [["b", "b"]], vocabulary=Vocabulary(["a", "b"])
        ).vocabulary.counts.tolist() == [0, 2]

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
            (
                [["a"]],
                {"vocabulary": Vocabulary(["b"], unknown="drop")},
                ValueError,
                "is in the vocabulary",
            ),
            (["a b c"], {}, TypeError, "sentence 0 must be a sequence of tokens"),
            ([[1, 2]], {"min_count": 1}, TypeError, "tokens must be strings, got 1"),
            ([[["a"]]], {}, TypeError, "list of strings"),
            ("no/such/file.txt", {}, FileNotFoundError, "path of no file"),
            ("a sentence, not a path", {}, FileNotFoundError, "path of no file"),
            (
                Encoded(np.array([0], np.int32), np.array([0, 1])),
                {},
                ValueError,
                "needs its vocabulary",
            ),
            (
                Encoded(np.array([3], np.int32), np.array([0, 1])),
                {"vocabulary": Vocabulary(["a", "b"])},
                ValueError,
                "0 and 1",
            ),
            (
                Encoded(np.array([0], np.int32), np.array([0, 2])),
                {"vocabulary": Vocabulary(["a", "b"])},
                ValueError,
                "offsets",
            ),
            ([["a"]], {"max_sentence": 0}, ValueError, "max_sentence"),
            ([["a"]], {"vocabulary": ["a"]}, TypeError, "must be a Vocabulary"),
        ],
    )
    def test_refuses(self, texts, arguments, error, message) -> None:
        with pytest.raises(error, match=message):
            open_corpus(texts, **arguments)

    @pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
    def test_temporary_files_have_no_name_and_vanish_with_the_corpus(
        self, monkeypatch, tmp_path: Path
    ) -> None:
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
        chunks = [opened.chunk(start, end) for start, end in itertools.pairwise(borders)]
        assert np.concatenate([chunk.ids for chunk in chunks]).tolist() == opened.ids.tolist()
        assert all(
            chunk.offsets[0] == 0 and chunk.offsets[-1] == len(chunk.ids) for chunk in chunks
        )
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
        arrays = {
            "inputs": np.random.default_rng(0).random((5, 3), np.float32),
            "outputs": np.zeros((0, 3), np.float32),
        }
        save_checkpoint(tmp_path / "run", arrays, 17, self.SETTINGS)
        loaded, position = load_checkpoint(tmp_path / "run", self.SETTINGS)
        assert position == 17 and list(loaded) == ["inputs", "outputs"]
        assert all(loaded[name].tobytes() == arrays[name].tobytes() for name in arrays)
        assert [path.name for path in tmp_path.iterdir()] == ["run"]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"dim": 4}, "dim was 3, is 4 now"),
            ({"new": 1}, "another trainer or version, which does not tell new"),
            ({"model": "sg"}, "model was 'cbow'"),
        ],
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
        assert (
            table.shape[1] % 16 == 0 and table.shape[1] - dim < 16 and table.ctypes.data % 64 == 0
        )
        assert not table.any()
        table[:, :dim] = np.arange(rows * dim).reshape(rows, dim)
        compact = compact_rows(table, dim)
        assert compact.flags.c_contiguous
        np.testing.assert_array_equal(compact, np.arange(rows * dim).reshape(rows, dim))


# ---------------------------------------------------------------------------------- files as corpus


LINES = st.lists(
    st.lists(st.sampled_from(["a", "bc", "é", "日本", "😀"]), max_size=40), max_size=12
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
PACKED = {"": open, ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class TestFiles:
    @given(
        LINES,
        ENDS,
        st.booleans(),
        st.booleans(),
        st.integers(1, 9),
        st.sampled_from(sorted(PACKED)),
    )
    def test_lines_are_python_s_lines(self, lines, end, mark, finished, block, suffix) -> None:
        """Whatever ends a line, and wherever blocks are cut: the tokens are those of `open(...)`
        and `split`."""
        text = (
            ("\ufeff" if mark else "") + end.join(map(" ".join, lines)) + (end if finished else "")
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "corpus.txt" + suffix)
            with PACKED[suffix](path, "wb") as file:
                file.write(text.encode())
            with PACKED[suffix](path, "rt", encoding="utf-8-sig") as file:
                expected = [line.split() for line in file]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(files, "_BLOCK", block)
                read = list(read_sentences(path, max_tokens=7))
        assert [piece for piece in read if piece] == [
            line[i : i + 7] for line in expected if line for i in range(0, len(line), 7)
        ]

    @pytest.mark.skipif(
        sys.platform != "linux", reason="needs /proc, where a program's own peak of memory stands"
    )
    def test_a_line_of_any_length_takes_little_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "one_line.txt"
        path.write_text(" ".join(f"word{i % 5000}" for i in range(11_000_000)), encoding="utf-8")
        assert path.stat().st_size > 95e6
        program = f"""
from embcourse.training import open_corpus
corpus = open_corpus({str(path)!r})
print(corpus.tokens, len(corpus.vocabulary))
# of this program alone
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        tokens, words, peak = map(int, done.stdout.split())
        assert (tokens, words) == (11_000_000, 5_000)
        assert peak * 1024 < 200e6

    @pytest.mark.parametrize(
        ("content", "place", "byte"),
        [
            (b"one\ntwo \xe9", "line 2, column 5", "0xe9"),
            (b"\xff", "line 1, column 1", "0xff"),
            ("é\n\né ".encode() + b"\xc3", "line 3, column 3", "0xc3"),
        ],
    )
    @pytest.mark.parametrize("block", [1, 3, 1 << 18])
    def test_what_is_not_utf8_is_named_with_its_place(
        self, tmp_path, monkeypatch, content, place, byte, block
    ) -> None:
        monkeypatch.setattr(files, "_BLOCK", block)
        path = tmp_path / "latin.txt"
        path.write_bytes(content)
        with pytest.raises(
            ValueError,
            match=f"latin.txt, {place}: expected utf-8, got the byte {byte}; name the encoding",
        ):
            list(read_sentences(path))

    def test_other_encodings_are_read_by_name(self, tmp_path: Path) -> None:
        path = tmp_path / "latin.txt"
        path.write_bytes("déjà vu\n".encode("latin-1"))
        assert open_corpus(path, min_count=1, encoding="latin-1").vocabulary.tokens == (
            "déjà",
            "vu",
        )
        with pytest.raises(ValueError, match="unknown encoding 'klingon'"):
            open_corpus(path, encoding="klingon")

    def test_a_damaged_archive_is_named(self, tmp_path: Path) -> None:
        for suffix in (".gz", ".bz2", ".xz"):
            path = tmp_path / f"corpus.txt{suffix}"
            with PACKED[suffix](path, "wb") as file:
                file.write(b"some words " * 1000)
            path.write_bytes(path.read_bytes()[:-12])
            with pytest.raises(
                ValueError,
                match=f"corpus.txt{suffix}: expected a file that {suffix} can decompress",
            ):
                list(read_sentences(path))
            path.write_bytes(b"plain text")
            with pytest.raises(ValueError, match=f"corpus.txt{suffix}: expected a file"):
                list(read_sentences(path))

    def test_several_files_a_folder_and_a_pattern_are_one_corpus(self, tmp_path: Path) -> None:
        for name, text in (("1.txt", "a b"), ("2.txt", "b c\n"), ("3.md", "c d")):
            (tmp_path / name).write_text(text)
        wanted = open_corpus([["a", "b"], ["b", "c"], ["c", "d"]], min_count=1).fingerprint()
        several = [tmp_path / "[12].txt", tmp_path / "3.md"]
        for text in (tmp_path, str(tmp_path), tmp_path / "*", several):
            assert open_corpus(text, min_count=1).fingerprint() == wanted
        (tmp_path / "empty").mkdir()
        with pytest.raises(ValueError, match="open_corpus: corpus is a folder without files"):
            open_corpus(tmp_path / "empty")
        with pytest.raises(FileNotFoundError, match="open_corpus: corpus is the path of no file"):
            open_corpus(str(tmp_path / "none*"))

    def test_half_a_surrogate_pair_is_refused_at_once(self) -> None:
        with pytest.raises(ValueError, match="tokens must be valid Unicode, got '.ud83d'"):
            open_corpus([["fine", "\ud83d"]], min_count=1)


class TestIntegers:
    @pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64])
    def test_ids_of_any_integer_type_mean_the_same(self, dtype) -> None:
        vocabulary = Vocabulary(["a", "b"], [3, 2])
        encoded = Encoded(np.array([0, 1, 0], dtype), np.array([0, 3], dtype))
        assert open_corpus(encoded, vocabulary=vocabulary).ids.tolist() == [0, 1, 0]

    @pytest.mark.parametrize("wrong", [2**32, 2**31, -1, 2])
    def test_ids_out_of_range_are_refused_before_any_cast(self, wrong) -> None:
        with pytest.raises(ValueError, match="open_corpus: ids must lie between 0 and 1"):
            open_corpus(
                Encoded(np.array([0, wrong]), np.array([0, 2])),
                vocabulary=Vocabulary(["a", "b"], [3, 2]),
            )

    def test_floats_are_no_ids(self) -> None:
        with pytest.raises(TypeError, match="open_corpus: ids must be integers, got float64"):
            open_corpus(
                Encoded(np.array([0.0]), np.array([0, 1])), vocabulary=Vocabulary(["a"], [1])
            )


def test_fingerprint_covers_the_counts() -> None:
    text = [["a", "b"]]
    one, other = (
        open_corpus(text, vocabulary=Vocabulary(["a", "b"], counts)) for counts in ([5, 2], [2, 5])
    )
    assert one.fingerprint() != other.fingerprint()


class TestStability:
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e3, -2e3])
    def test_stops_at_what_explodes(self, value, tmp_path: Path) -> None:
        table = np.ones((3, 4), np.float32)
        require_stable("train", [table], loss=1.0, learning_rate=0.1)
        table[1, 2] = value
        with pytest.raises(
            Diverged,
            match="the training diverges: .* at learning rate 0.1; try a lower learning_rate$",
        ):
            require_stable(
                "train",
                [np.ones(2), table],
                loss=1.0,
                learning_rate=0.1,
                checkpoint=tmp_path / "none",
            )
        (tmp_path / "run").touch()
        with pytest.raises(Diverged, match="run holds the last good state"):
            require_stable(
                "train", [table], loss=1.0, learning_rate=0.1, checkpoint=tmp_path / "run"
            )

    @pytest.mark.parametrize("loss", [np.inf, np.nan, 2e3])
    def test_a_loss_that_explodes_stops_it(self, loss) -> None:
        with pytest.raises(Diverged):
            require_stable("train", [np.ones(2)], loss=loss, learning_rate=0.1)
        require_stable("train", [np.ones(2)], loss=None, learning_rate=0.1)


class TestWritable:
    def test_a_checkpoint_that_could_not_be_written_is_refused(self, tmp_path: Path) -> None:
        require_writable("train", tmp_path / "run")
        with pytest.raises(FileNotFoundError, match="a folder that is not there"):
            require_writable("train", tmp_path / "none" / "run")
        with pytest.raises(IsADirectoryError, match="must be a file"):
            require_writable("train", tmp_path)
        for name in ("x" * 300, "nul\0byte"):
            with pytest.raises((OSError, ValueError), match="can't be written|must be a path"):
                require_writable("train", tmp_path / name)
        assert list(tmp_path.iterdir()) == []


def test_interrupts_are_held_until_the_block_has_ended() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        done.append("to the end")
    assert done == ["to the end"]


def test_outside_the_main_thread_there_is_nothing_to_hold() -> None:
    done = []

    def work() -> None:
        with interrupts_held():
            done.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["done"]
