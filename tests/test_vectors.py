"""embcourse.vectors against gensim, numpy and files that are broken on purpose."""

import copy
import os
import pickle
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors, Word2Vec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from embcourse.text import Vocabulary
from embcourse.vectors import Accuracy, Embeddings, Neighbour, neighbours

FORMATS = ["word2vec-text", "word2vec-binary", "fasttext-vec", "safetensors"]
WORD_FORMATS = FORMATS[:3]
FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
# U+2028, U+0085 and U+00A0 end a line or a word for Python's str methods, but not in these files.
WORD_CHARACTERS = st.characters(codec="utf-8", exclude_characters=" \t\n\v\f\r") | st.sampled_from(
    "\u2028\x85\xa0日"
)


@st.composite
def embeddings(draw, tokens=st.text(WORD_CHARACTERS, min_size=1, max_size=6), numbers=FLOAT32):
    words = draw(st.lists(tokens, min_size=1, max_size=6, unique=True))
    shape = (len(words), draw(st.integers(1, 4)))
    return Embeddings(words, draw(hnp.arrays(np.float32, shape, elements=numbers)))


def random_embeddings(words=60, dim=8, dtype=np.float32, seed=0):
    random = np.random.default_rng(seed)
    counts = np.sort(random.integers(1, 1000, words))[::-1]
    vocabulary = Vocabulary([f"w{i}" for i in range(words)], counts)
    return Embeddings(vocabulary, random.normal(size=(words, dim)).astype(dtype))


@pytest.fixture
def emb():
    return random_embeddings()


def assert_same(ours, theirs, atol=1e-5):
    """Same tokens in the same order, scores equal up to float32 rounding."""
    assert [token for token, _ in ours] == [token for token, _ in theirs]
    np.testing.assert_allclose(
        [score for _, score in ours], [score for _, score in theirs], atol=atol
    )


class TestEmbeddings:
    def test_is_a_vocabulary_and_a_matrix(self, emb):
        assert len(emb) == 60
        assert emb.dim == 8
        assert "w3" in emb
        assert "king" not in emb
        np.testing.assert_array_equal(emb["w3"], emb.matrix[3])
        assert repr(emb) == "Embeddings(60 words x 8, float32)"

    def test_changes_outside_do_not_reach_it(self):
        matrix = np.eye(3)
        emb = Embeddings("a b c".split(), matrix)
        assert emb.similarity("a", "b") == 0
        matrix[0] = 7
        np.testing.assert_array_equal(emb.matrix, np.eye(3))
        with pytest.raises(ValueError, match="read-only"):
            emb["a"][0] = 7

    def test_a_read_only_matrix_is_not_copied(self):
        matrix = np.eye(3)
        matrix.flags.writeable = False
        assert Embeddings("a b c".split(), matrix).matrix is matrix

    def test_unknown_words_follow_the_vocabulary_s_policy(self):
        strict = Embeddings(["a", "<unk>"], np.eye(2))
        with pytest.raises(KeyError, match="'king'"):
            strict["king"]
        lenient = Embeddings(Vocabulary(["a", "<unk>"], unknown="replace"), np.eye(2))
        np.testing.assert_array_equal(lenient["king"], [0, 1])

    @pytest.mark.parametrize(
        ("matrix", "error", "message"),
        [
            (np.eye(2, dtype=int), TypeError, "float16, float32 or float64, got int64"),
            (np.zeros((2, 0)), ValueError, r"2 words and dim > 0, got \(2, 0\)"),
            (np.eye(3), ValueError, r"2 words and dim > 0, got \(3, 3\)"),
            (np.ones(2), ValueError, r"got \(2,\)"),
            (np.array([[1, 0], [0, np.nan]]), ValueError, "the vector of 'b' holds NaN"),
            (
                np.array([[np.inf, 0], [0, 1]]),
                ValueError,
                "the vector of 'a' holds NaN or infinity",
            ),
        ],
    )
    def test_bad_matrices_are_named(self, matrix, error, message):
        with pytest.raises(error, match=message):
            Embeddings(["a", "b"], matrix)


class TestNeighbours:
    def test_agree_with_gensim(self, emb):
        theirs = emb.to_gensim()
        for word in emb.vocabulary:
            assert_same(emb.neighbours(word, k=7), theirs.most_similar(word, topn=7))
        vector = np.arange(8.0)
        assert_same(emb.neighbours(vector, k=60), theirs.similar_by_vector(vector, topn=60))
        assert emb.similarity("w1", "w2") == pytest.approx(theirs.similarity("w1", "w2"), abs=1e-6)

    def test_words_may_come_as_an_array(self, emb):
        words = np.array(["w1", "w2"])
        assert emb.neighbours(words, k=3) == emb.neighbours(["w1", "w2"], k=3)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_agree_with_sorting_all_cosines(self, dtype):
        emb = random_embeddings(dtype=dtype)
        matrix = emb.matrix.astype(np.float64)
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        cosines = matrix @ matrix.T
        np.fill_diagonal(cosines, -np.inf)
        for i, found in enumerate(emb.neighbours(list(emb.vocabulary.tokens), k=5)):
            expected = np.argsort(-cosines[i])[:5]
            atol = 1e-12 if dtype == np.float64 else 1e-6
            assert_same(found, [(f"w{j}", cosines[i, j]) for j in expected], atol)

    @pytest.mark.parametrize("scores_per_block", [1, 59, 60, 61, 150])
    def test_blocks_change_nothing(self, emb, monkeypatch, scores_per_block):
        words = list(emb.vocabulary.tokens)
        questions = [(f"w{i}", f"w{i + 1}", f"w{i + 2}", f"w{(7 * i) % 60}") for i in range(50)]
        expected = emb.neighbours(words, k=4), emb.analogy_accuracy(questions)
        monkeypatch.setattr(neighbours, "SCORES_PER_BLOCK", scores_per_block)
        for ours, theirs in zip(emb.neighbours(words, k=4), expected[0], strict=True):
            assert_same(ours, theirs, atol=1e-6)
        assert emb.analogy_accuracy(questions) == expected[1]

    def test_memory_does_not_grow_with_the_queries(self, emb, monkeypatch):
        monkeypatch.setattr(neighbours, "SCORES_PER_BLOCK", 200)
        sizes = [block.stop - block.start for block in neighbours.blocks(1000, 60)]
        assert sum(sizes) == 1000
        assert max(sizes) * 60 <= 200

    def test_a_zero_vector_is_similar_to_nothing(self):
        emb = Embeddings(["zero", "a", "b"], np.array([[0.0, 0], [1, 0], [-1, 0]]))
        assert emb.similarity("zero", "a") == emb.similarity("zero", "zero") == 0
        assert emb.neighbours("zero") == [Neighbour("a", 0.0), Neighbour("b", 0.0)]
        assert emb.neighbours("a") == [Neighbour("zero", 0.0), Neighbour("b", -1.0)]
        assert emb.neighbours([0.0, 0.0], k=2) == [Neighbour("zero", 0.0), Neighbour("a", 0.0)]

    @pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
    def test_length_does_not_matter(self, scale):
        matrix = random_embeddings(dtype=np.float64).matrix
        plain, scaled = Embeddings([f"w{i}" for i in range(60)], matrix), matrix.copy()
        scaled[::2] *= scale
        assert_same(
            Embeddings(plain.vocabulary, scaled).neighbours("w3", k=60),
            plain.neighbours("w3", k=60),
            atol=1e-12,
        )

    def test_ties_are_ordered_by_id(self):
        emb = Embeddings(list("abcdefgh"), np.tile([[1.0, 0.0], [0.0, 1.0]], (4, 1)))
        assert [token for token, _ in emb.neighbours([1.0, 0.0], k=6)] == list("acegbd")
        assert [token for token, _ in emb.neighbours("c", k=2)] == ["a", "e"]

    def test_excluded_words_and_the_query_stay_out(self, emb):
        found = emb.neighbours("w0", k=100, exclude=["w1", "w2"])
        assert {token for token, _ in found} == set(emb.vocabulary) - {"w0", "w1", "w2"}

    def test_several_queries_give_several_lists(self, emb):
        one, two = emb.neighbours(["w5", "w6"], k=3)
        assert_same(one, emb.neighbours("w5", k=3))
        assert_same(two, emb.neighbours("w6", k=3))
        assert emb.neighbours([]) == []
        first = emb.neighbours(emb.matrix[5:7], k=1)
        assert [found[0].token for found in first] == ["w5", "w6"]

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            (("king",), KeyError, "'king'"),
            ((["w1", "king"],), KeyError, "'king'"),
            (("w1", 0), ValueError, "k must be at least 1, got 0"),
            (("w1", 2.0), TypeError, "k must be an integer, got 2.0"),
            (("w1", 2, "w3"), TypeError, "exclude must be a sequence of words, got the str 'w3'"),
            (("w1", 2, ["king"]), KeyError, "'king'"),
            ((np.ones(7),), ValueError, r"\(8,\) or \(n, 8\), got shape \(7,\)"),
            ((np.full(8, np.nan),), ValueError, "got NaN or infinity"),
            ((np.array([["w1"]]),), TypeError, "got dtype <U2"),
            ((["w1", np.ones(8)],), ValueError, "got a mixture"),
        ],
    )
    def test_bad_queries_are_named(self, emb, arguments, error, message):
        with pytest.raises(error, match=message):
            emb.neighbours(*arguments)


class TestAnalogies:
    # gensim's own
    @pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`:DeprecationWarning")
    def test_agree_with_gensim(self, emb):
        theirs = emb.to_gensim()
        for i in range(50):
            a, b, c = f"w{i}", f"w{i + 3}", f"w{i + 9}"
            assert_same(
                emb.analogy(a, b, c, k=8),
                theirs.most_similar(positive=[b, c], negative=[a], topn=8),
            )
            multiplied = emb.analogy(a, b, c, k=8, method="3CosMul", epsilon=1e-6)
            assert_same(
                multiplied, theirs.most_similar_cosmul(positive=[b, c], negative=[a], topn=8)
            )

    def test_3cosmul_is_equation_4(self, emb):
        matrix = emb.matrix.astype(np.float64)
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        s = (matrix @ matrix.T + 1) / 2
        scores = s[1] * s[2] / (s[0] + 0.001)
        found = emb.analogy("w0", "w1", "w2", k=60, method="3CosMul", exclude_inputs=False)
        assert_same(found, [(f"w{i}", scores[i]) for i in np.argsort(-scores)], atol=1e-5)

    def test_without_exclusion_the_inputs_answer(self):
        matrix = np.array([[0.0, 1], [1, 1], [0, 5], [3, 4]])
        emb = Embeddings(["man", "woman", "king", "queen"], matrix)
        for method in ("3CosAdd", "3CosMul"):
            assert emb.analogy("man", "woman", "king", method=method)[0].token == "queen"
            assert (
                emb.analogy("man", "woman", "king", method=method, exclude_inputs=False)[0].token
                == "woman"
            )
            assert [
                token for token, _ in emb.analogy("man", "woman", "king", k=9, method=method)
            ] == ["queen"]

    @pytest.fixture
    def questions(self, emb):
        """Half answered by the nearest word itself, half at random, some with a word that nobody
        knows."""
        random = np.random.default_rng(1)
        rows = []
        for i, (a, b, c) in enumerate(random.integers(0, 60, (40, 3))):
            words = f"w{a}", f"w{b}", f"w{c}"
            rows.append((*words, emb.analogy(*words)[0].token if i % 2 else f"w{i}"))
        return [*rows, ("w1", "w2", "w3", "nobody"), ("nobody", "w2", "w3", "w4")]

    def test_accuracy_agrees_with_gensim(self, emb, questions, tmp_path):
        path = tmp_path / "questions.txt"
        path.write_text(": all\n" + "".join(" ".join(question) + "\n" for question in questions))
        score, sections = emb.to_gensim().evaluate_word_analogies(str(path), case_insensitive=False)
        ours = emb.analogy_accuracy(questions)
        assert ours == Accuracy(score, len(sections[0]["correct"]), 40, 42)
        assert 20 <= ours.correct < 40

    @pytest.mark.parametrize("method", ["3CosAdd", "3CosMul"])
    @pytest.mark.parametrize("exclude_inputs", [True, False])
    def test_accuracy_is_the_share_of_right_analogies(self, emb, questions, method, exclude_inputs):
        options = {"method": method, "exclude_inputs": exclude_inputs}
        right = sum(emb.analogy(a, b, c, **options)[0].token == d for a, b, c, d in questions[:40])
        assert emb.analogy_accuracy(iter(questions), **options) == Accuracy(
            right / 40, right, 40, 42
        )

    def test_nearest_to_c_is_the_nearest_word_that_is_no_input(self, emb, questions, monkeypatch):
        # several blocks, the last one short
        monkeypatch.setattr(neighbours, "SCORES_PER_BLOCK", 7 * len(emb))
        nearest = [emb.neighbours(c, k=1, exclude=(a, b))[0].token for a, b, c, _ in questions[:40]]
        expected = [
            (*question[:3], token) for question, token in zip(questions, nearest, strict=False)
        ]
        assert emb.nearest_to_c_accuracy(iter(expected)) == Accuracy(1.0, 40, 40, 40)
        right = sum(token == d for token, (_, _, _, d) in zip(nearest, questions, strict=False))
        assert 0 < right < 40
        assert emb.nearest_to_c_accuracy(questions) == Accuracy(right / 40, right, 40, 42)

    def test_nearest_to_c_never_answers_an_input(self):
        emb = Embeddings(
            ["a", "b", "c", "far"], np.array([[1.0, 0], [0.9, 0.1], [0.95, 0.05], [-1, 0]])
        )
        assert (
            emb.nearest_to_c_accuracy([("a", "b", "c", "far"), ("b", "a", "c", "far")]).accuracy
            == 1
        )
        assert emb.nearest_to_c_accuracy([("a", "b", "c", word) for word in "abc"]).correct == 0

    @pytest.mark.parametrize(
        "score", [Embeddings.analogy_accuracy, Embeddings.nearest_to_c_accuracy]
    )
    def test_accuracy_without_a_usable_question_is_undefined(self, emb, score):
        accuracy, *rest = score(emb, [("a", "b", "c", "d")])
        assert np.isnan(accuracy)
        assert rest == [0, 0, 1]

    @pytest.mark.parametrize(
        ("ask", "error", "message"),
        [
            (lambda emb: emb.analogy("w1", "w2", "king"), KeyError, "'king'"),
            (lambda emb: emb.analogy("w1", "w2", "w3", k=0), ValueError, "k must be"),
            (
                lambda emb: emb.analogy("w1", "w2", "w3", method="add"),
                ValueError,
                "'3CosAdd' or '3CosMul', got 'add'",
            ),
            (
                lambda emb: emb.analogy("w1", "w2", "w3", epsilon=0),
                ValueError,
                "epsilon must be finite and above 0, got 0",
            ),
            (lambda emb: emb.analogy_accuracy([("w1", "w2")]), ValueError, "question 0 must be"),
            (
                lambda emb: emb.analogy_accuracy(["abcd"]),
                TypeError,
                "question 0 must be .* got the str 'abcd'",
            ),
            (
                lambda emb: emb.nearest_to_c_accuracy(["abcd"]),
                TypeError,
                "nearest_to_c_accuracy: question 0 must be",
            ),
        ],
    )
    def test_bad_input_is_named(self, emb, ask, error, message):
        with pytest.raises(error, match=message):
            ask(emb)


class TestRankCorrelation:
    def test_agrees_with_gensim(self, emb, tmp_path):
        random = np.random.default_rng(2)
        # Few distinct judgements: ties matter.
        pairs = [(f"w{a}", f"w{a + b}", float(s)) for a, b, s in random.integers(1, 10, (40, 3))]
        pairs += [("nobody", "w1", 3.0), ("w1", "nobody", 4.0)]
        path = tmp_path / "pairs.tsv"
        path.write_text("".join(f"{a}\t{b}\t{s}\n" for a, b, s in pairs))
        _, theirs, unknown = emb.to_gensim().evaluate_word_pairs(str(path), case_insensitive=False)
        ours = emb.rank_correlation(pairs)
        assert ours.spearman == pytest.approx(theirs.statistic, abs=1e-12)
        assert (ours.used, ours.total) == (40, 42)
        assert unknown == pytest.approx(100 * (ours.total - ours.used) / ours.total)

    @pytest.mark.parametrize(
        ("pairs", "used"),
        [
            ([], 0),
            ([("w0", "w1", 3)], 1),
            ([("w0", "w1", 3), ("w2", "w3", 3)], 2),
            ([("x", "y", 1)], 0),
        ],
    )
    def test_without_an_order_it_is_undefined(self, emb, pairs, used):
        spearman, *rest = emb.rank_correlation(pairs)
        assert np.isnan(spearman)
        assert rest == [used, len(pairs)]

    @pytest.mark.parametrize("pair", [("w1", "w2"), "abc", ("w1", "w2", np.nan), ("w1", "w2", "7")])
    def test_bad_pairs_are_named(self, emb, pair):
        wrong = "rank_correlation: (the similarity of )?pair 1 must"
        with pytest.raises((TypeError, ValueError), match=wrong):
            emb.rank_correlation([("w1", "w2", 1.0), pair])


class TestRoundTrips:
    @pytest.mark.parametrize("format", WORD_FORMATS)
    @given(emb=embeddings())
    def test_every_float32_and_word_comes_back(self, tmp_path_factory, format, emb):
        path = tmp_path_factory.getbasetemp() / "vectors"
        emb.save(path, format)
        loaded = Embeddings.load(path, format)
        assert loaded.vocabulary.tokens == emb.vocabulary.tokens
        assert loaded.matrix.dtype == np.float32
        assert loaded.matrix.tobytes() == emb.matrix.tobytes()  # bytes tell -0.0 from 0.0

    @given(emb=embeddings(tokens=st.text(st.characters(codec="utf-8"), max_size=6)), data=st.data())
    def test_safetensors_keeps_everything(self, tmp_path_factory, emb, data):
        path = tmp_path_factory.getbasetemp() / "vectors.safetensors"
        counts = data.draw(
            st.none() | st.lists(st.integers(0, 2**60), min_size=len(emb), max_size=len(emb))
        )
        unknown = data.draw(st.sampled_from(["raise", "drop", "replace"]))
        token = data.draw(st.sampled_from(emb.vocabulary.tokens))
        dtype = data.draw(st.sampled_from([np.float32, np.float64]))
        vocabulary = Vocabulary(emb.vocabulary.tokens, counts, unknown=unknown, unknown_token=token)
        Embeddings(vocabulary, emb.matrix.astype(dtype)).save(path)
        loaded = Embeddings.load(path)
        assert loaded.vocabulary == vocabulary
        assert loaded.matrix.dtype == dtype
        assert loaded.matrix.tobytes() == emb.matrix.astype(dtype).tobytes()

    def test_random_bit_patterns_survive_as_text(self, tmp_path):
        bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32).view(np.float32)
        matrix = bits[np.isfinite(bits)].reshape(-1, 1)
        emb = Embeddings([f"w{i}" for i in range(len(matrix))], matrix)
        emb.save(tmp_path / "v.txt")
        assert Embeddings.load(tmp_path / "v.txt").matrix.tobytes() == matrix.tobytes()

    # gensim strips the white space of str, and splits its text lines where it finds it.
    gensim_words = st.text(
        st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=6
    )

    @pytest.mark.parametrize("format", WORD_FORMATS)
    @given(emb=embeddings(tokens=gensim_words))
    @settings(max_examples=40)
    def test_gensim_reads_what_we_write(self, tmp_path_factory, format, emb):
        path = tmp_path_factory.getbasetemp() / "ours"
        emb.save(path, format)
        theirs = KeyedVectors.load_word2vec_format(path, binary=format == "word2vec-binary")
        assert tuple(theirs.index_to_key) == emb.vocabulary.tokens
        assert theirs.vectors.tobytes() == emb.matrix.tobytes()

    @pytest.mark.parametrize("format", WORD_FORMATS)
    @given(emb=embeddings(tokens=gensim_words))
    @settings(max_examples=40)
    def test_we_read_what_gensim_writes(self, tmp_path_factory, format, emb):
        path = tmp_path_factory.getbasetemp() / "theirs"
        emb.to_gensim().save_word2vec_format(path, binary=format == "word2vec-binary")
        loaded = Embeddings.load(path, format)
        assert loaded.vocabulary.tokens == emb.vocabulary.tokens
        assert loaded.matrix.tobytes() == emb.matrix.tobytes()

    def test_we_read_a_binary_file_longer_than_gensim_s_chunks(self, tmp_path):
        emb = random_embeddings(words=3000, dim=50)
        emb.save(tmp_path / "v.bin")
        theirs = KeyedVectors.load_word2vec_format(tmp_path / "v.bin", binary=True)
        np.testing.assert_array_equal(theirs.vectors, emb.matrix)
        np.testing.assert_array_equal(Embeddings.load(tmp_path / "v.bin").matrix, emb.matrix)

    def test_a_file_of_the_fasttext_program_is_read(self, tmp_path):
        # The form of the published vectors: </s>, a space before each line feed, exponents.
        (tmp_path / "v.vec").write_text(
            "2 3\n</s> 0.1 -2 3e-05 \nété 1 0 -0.5 \n", encoding="utf-8"
        )
        emb = Embeddings.load(tmp_path / "v.vec")
        assert emb.vocabulary.tokens == ("</s>", "été")
        np.testing.assert_array_equal(emb.matrix, np.float32([[0.1, -2, 3e-5], [1, 0, -0.5]]))

    def test_the_suffix_names_the_format(self, emb, tmp_path):
        for suffix, format in zip((".txt", ".bin", ".vec", ".safetensors"), FORMATS, strict=True):
            emb.save(tmp_path / f"implied{suffix}")
            emb.save(tmp_path / "explicit", format)
            assert (tmp_path / f"implied{suffix}").read_bytes() == (
                tmp_path / "explicit"
            ).read_bytes()
        assert (tmp_path / "implied.vec").read_bytes() != (tmp_path / "implied.txt").read_bytes()

    def test_safetensors_stores_what_the_format_says(self, emb, tmp_path):
        emb.save(tmp_path / "v.safetensors")
        tensors = load_file(tmp_path / "v.safetensors")
        np.testing.assert_array_equal(tensors["matrix"], emb.matrix)
        np.testing.assert_array_equal(tensors["counts"], emb.vocabulary.counts)
        start, end = tensors["token_offsets"][7:9]
        assert tensors["token_bytes"][start:end].tobytes() == b"w7"


class TestGensimBridge:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_there_and_back(self, dtype):
        emb = random_embeddings(dtype=dtype)
        back = Embeddings.from_gensim(emb.to_gensim())
        assert back.vocabulary == emb.vocabulary
        assert back.matrix.dtype == dtype
        np.testing.assert_array_equal(back.matrix, emb.matrix)

    def test_takes_a_trained_model(self):
        model = Word2Vec(
            [["a", "b", "a", "c"], ["a", "b"]],
            vector_size=4,
            min_count=1,
            epochs=1,
            workers=1,
            seed=1,
        )
        emb = Embeddings.from_gensim(model.wv)
        assert emb.vocabulary.tokens == ("a", "b", "c")
        assert emb.vocabulary.counts.tolist() == [3, 2, 1]
        before = emb["a"].copy()
        model.wv.vectors[:] = 7  # more training must not reach our copy
        np.testing.assert_array_equal(emb["a"], before)

    def test_a_model_is_not_its_vectors(self):
        with pytest.raises(
            TypeError, match=r"must be KeyedVectors, got Word2Vec; of a model pass \.wv"
        ):
            Embeddings.from_gensim(Word2Vec(vector_size=2))


RECORD = struct.pack("<2f", 0.5, 1)


class TestBrokenFiles:
    @pytest.mark.parametrize("format", ["word2vec-text", "fasttext-vec"])
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "line 1: expected 'words dimensions', got an empty file"),
            (
                b"2\na 1\n",
                (
                    "line 1: expected 'words dimensions', two positive integers, or a word and its"
                    " values, got '2"
                ),
            ),
            (b"the 0.1 0.2\nof 0.3\n", "line 2: expected a word and 2 values, got 1 in 'of 0.3"),
            (b"new york 0.1 0.2\n", "line 1: .* or a word and its values, got 'new york 0.1"),
            (b"1 -2\na 1 2\n", "line 1: .* got '1 -2"),
            (b"0 2\n", "line 1: .* two positive integers, got '0 2"),
            ("\ufeff1 2\na 1 2\n".encode(), "line 1: expected 'words dimensions'"),
            (b"1 2", "line 1: expected 'words dimensions'"),
            (b"2 2\na 1 2\n", "line 3: expected 2 words, got the end after 1"),
            (
                b"2 2\na 1 2\nb 1 0.",
                "line 3: expected a line feed after 2 values, got the end of a truncated file",
            ),
            (b"2 2\na 1 2\nb 1\n", "line 3: expected a word and 2 values, got 1 in 'b 1"),
            (b"1 2\na 1 2 3\n", "line 2: expected a word and 2 values, got 3"),
            (b"1 2\nnew york 1 2\n", "line 2: expected a word and 2 values, got 3"),
            (b"1 2\na\t1\t2\n", "line 2: expected a word and 2 values, got 0"),
            (b"1 2\na 1 2\nb 3 4\n", "line 3: expected the end after 1 words, got 'b 3 4"),
            (b"1 2\na 1 x\n", "line 2: expected 2 numbers, got 'a 1 x"),
            (
                b"2 2\na 1 2\na 1 2\n",
                "line 3: expected a new word, got 'a', which stands in 2 already",
            ),
            (b"2 2\na 1 2\n\xff 1 2\n", r"line 3: expected a word in UTF-8, got '\\xff'"),
            (b"1 2\n 1 2\n", "line 2: expected a word, got none"),
            (
                b"2 2\na 1 2\nb 1 nan\n",
                "line 3: expected finite float32 values, got nan as value 2",
            ),
            (b"1 2\na 1e39 2\n", "line 2: expected finite float32 values, got inf as value 1"),
            (b"1 999999999999999999999\na 1 2\n", "line 2: expected a word and 9+ values, got 2"),
            (b"999999999999999999999 2\na 1 2\n", "line 3: expected 9+ words, got the end after 1"),
        ],
    )
    def test_text_errors_name_file_and_line(self, tmp_path, format, content, message):
        path = tmp_path / "broken"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"broken, {message}"):
            Embeddings.load(path, format)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "line 1: expected 'words dimensions', got an empty file"),
            (b"a " + RECORD, "line 1: expected 'words dimensions'"),
            (
                b"2 2\na " + RECORD,
                "record 2: expected 2 records .* got the end of the file 0 bytes into this one",
            ),
            (
                b"2 2\na " + RECORD + b"b " + RECORD[:-1],
                "record 2: .* a space and 8 bytes, .* 9 bytes into this one",
            ),
            (b"1 3\na " + RECORD, "record 1: .* a space and 12 bytes, .* 10 bytes into"),
            (b"1 1\na " + RECORD, "record 2: expected the end after 1 records, got 4 bytes"),
            (
                b"1 2\na " + RECORD + b"b " + RECORD,
                "record 2: expected the end after 1 records, got 10 bytes",
            ),
            (
                b"2 2\na " + RECORD + b"\na " + RECORD,
                "record 2: expected a new word, got 'a', which stands in 1",
            ),
            (b"1 2\n\xff " + RECORD, r"record 1: expected a word in UTF-8, got '\\xff'"),
            (b"1 2\n " + RECORD, "record 1: expected a word, got none"),
            (
                b"1 2\na " + struct.pack("<2f", 1, np.nan),
                "record 1: expected finite .* got nan as value 2",
            ),
            (b"1 999999999999999999999\na " + RECORD, "record 1: expected 1 records"),
        ],
    )
    def test_binary_errors_name_file_and_record(self, tmp_path, content, message):
        path = tmp_path / "broken"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"broken, {message}"):
            Embeddings.load(path, "word2vec-binary")

    @pytest.mark.parametrize("format", FORMATS)
    @given(data=st.data())
    @settings(max_examples=40)
    def test_no_truncated_file_is_taken_for_a_whole_one(self, tmp_path_factory, format, data):
        path = tmp_path_factory.getbasetemp() / "cut"
        random_embeddings(words=4, dim=3).save(path, format)
        whole = path.read_bytes()
        # The line feed after the last vector carries nothing in a binary file: gensim leaves it
        # out.
        needed = len(whole) - (format == "word2vec-binary")
        path.write_bytes(whole[: data.draw(st.integers(0, needed - 1))])
        with pytest.raises(ValueError, match="cut"):
            Embeddings.load(path, format)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                {"matrix": None},
                r"expected the format .* with \['counts', 'token_bytes', 'token_offsets'\]",
            ),
            (
                {"token_offsets": np.array([0, 9, 4])},
                "token_offsets must rise from 0 to the number of bytes, 4",
            ),
            (
                {"token_offsets": np.array([0, 1, 2])},
                "token_offsets must rise from 0 to the number of bytes, 4",
            ),
            ({"token_bytes": np.frombuffer(b"w0\xff\xfe", np.uint8)}, "token 1: expected UTF-8"),
            (
                {"token_bytes": np.frombuffer(b"w0w0", np.uint8)},
                "tokens must be distinct, but 'w0'",
            ),
            (
                {"matrix": np.ones((3, 8))},
                r"matrix must be \(words, dim\) with 2 words .* got \(3, 8\)",
            ),
            ({"matrix": np.full((2, 8), np.nan)}, "the vector of 'w0' holds NaN"),
            ({"matrix": np.ones((2, 8), int)}, "float16, float32 or float64, got int64"),
            ({"counts": np.array([1])}, r"counts must have shape \(2,\)"),
        ],
    )
    def test_safetensors_errors_name_the_file(self, tmp_path, change, message):
        path = tmp_path / "broken.safetensors"
        random_embeddings(words=2).save(path)
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
        tensors = load_file(path) | change
        save_file(
            {name: tensor for name, tensor in tensors.items() if tensor is not None}, path, metadata
        )
        with pytest.raises(ValueError, match=f"broken.safetensors.*{message}"):
            Embeddings.load(path)

    def test_another_program_s_safetensors_are_refused(self, tmp_path):
        save_file({"weight": np.ones(3)}, tmp_path / "other.safetensors")
        with pytest.raises(
            ValueError, match=r"other.safetensors: expected the format .* \['weight'\]"
        ):
            Embeddings.load(tmp_path / "other.safetensors")

    def test_a_missing_file_is_missing(self, tmp_path):
        for format in FORMATS:
            with pytest.raises(FileNotFoundError):
                Embeddings.load(tmp_path / "nowhere", format)


class TestSaving:
    @pytest.mark.parametrize("format", WORD_FORMATS)
    @pytest.mark.parametrize("token", ["", "new york", "a\nb", "a\tb", "a\r", "\ud800"])
    def test_words_the_format_cannot_hold_are_refused(self, tmp_path, format, token):
        with pytest.raises(ValueError, match="token 1 must"):
            Embeddings(["a", token], np.eye(2)).save(tmp_path / "v", format)
        assert list(tmp_path.iterdir()) == []

    def test_safetensors_refuses_only_what_is_not_unicode(self, tmp_path):
        with pytest.raises(ValueError, match="tokens must be valid Unicode"):
            Embeddings(["a", "\ud800"], np.eye(2)).save(tmp_path / "v.safetensors")

    @pytest.mark.parametrize("format", WORD_FORMATS)
    def test_numbers_beyond_float32_are_refused(self, tmp_path, format):
        with pytest.raises(ValueError, match=r"value 2 of 'b' is 1e\+39"):
            Embeddings(["a", "b"], np.array([[0, 0], [0, 1e39]])).save(tmp_path / "v", format)

    @pytest.mark.parametrize("format", FORMATS)
    def test_a_failed_save_leaves_the_old_file(self, emb, tmp_path, monkeypatch, format):
        path = tmp_path / "v"
        path.write_bytes(b"old")

        def fail(_descriptor):
            raise OSError("disk full")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            emb.save(path, format)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_formats_are_named(self, emb, tmp_path):
        for act in (emb.save, Embeddings.load):
            with pytest.raises(
                ValueError, match=r"path must end in \.txt, \.bin, \.vec, .* got 'v\.npy'"
            ):
                act(tmp_path / "v.npy")
            with pytest.raises(ValueError, match="format must be 'word2vec-text', .* got 'glove'"):
                act(tmp_path / "v.txt", "glove")


def test_importing_the_room_stays_light():
    import subprocess
    import sys

    code = (
        "import sys, embcourse.vectors; print({'torch', 'gensim', 'scipy', 'numba', 'sklearn'} &"
        " set(sys.modules))"
    )
    root = Path(__file__).parents[1]
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True
        ).stdout
        == "set()\n"
    )


class TestReading:
    """What `load` can do beyond reading its own files."""

    GLOVE = "the 0.5 1\nnew york 2 -1\n. . . 0 4\n"

    def test_a_file_without_a_header_says_how_many_values_a_word_has(self, tmp_path):
        path = tmp_path / "glove.txt"
        path.write_text(self.GLOVE.replace("new york", "york").replace(". . .", "..."))
        emb = Embeddings.load(path)
        assert emb.vocabulary.tokens == ("the", "york", "...")
        assert emb.matrix.tolist() == [[0.5, 1], [2, -1], [0, 4]]

    def test_words_may_hold_spaces_on_request(self, tmp_path):
        path = tmp_path / "glove.txt"
        path.write_text(self.GLOVE)
        with pytest.raises(
            ValueError, match=r"line 2: expected a word and 2 values, got 3 .*spaces=True"
        ):
            Embeddings.load(path)
        assert Embeddings.load(path, spaces=True).vocabulary.tokens == ("the", "new york", ". . .")
        path.write_text("3 2\n" + self.GLOVE)
        assert Embeddings.load(path, spaces=True).vocabulary.tokens == ("the", "new york", ". . .")

    @pytest.mark.parametrize("format", ["word2vec-text", "word2vec-binary", "fasttext-vec"])
    @pytest.mark.parametrize("limit", [1, 3, np.uint8(4), 99])
    def test_the_first_words_only(self, tmp_path, format, limit):
        emb = random_embeddings(words=4, dim=3)
        emb.save(tmp_path / "all", format)
        first = Embeddings.load(tmp_path / "all", format, limit=limit)
        assert first.vocabulary.tokens == emb.vocabulary.tokens[:limit]
        assert np.array_equal(first.matrix, emb.matrix[:limit].astype(np.float32))

    @pytest.mark.parametrize("format", ["word2vec-text", "word2vec-binary", "fasttext-vec"])
    def test_half_precision(self, tmp_path, format):
        emb = random_embeddings(words=4, dim=3)
        emb.save(tmp_path / "all", format)
        for dtype in ("float16", np.float16, np.dtype("float16")):
            half = Embeddings.load(tmp_path / "all", format, dtype=dtype).matrix
            assert half.dtype == np.float16
            assert np.array_equal(half, emb.matrix.astype(np.float32).astype(np.float16))
        for dtype in (None, float, "bfloat16", 3):
            with pytest.raises(ValueError, match="dtype must be 'float16' or 'float32', got"):
                Embeddings.load(tmp_path / "all", format, dtype=dtype)
        Embeddings(["a"], np.array([[1e9]])).save(tmp_path / "large", format)
        with pytest.raises(
            ValueError, match="expected values that float16 can hold, got 1000000000.0"
        ):
            Embeddings.load(tmp_path / "large", format, dtype="float16")

    @pytest.mark.parametrize("suffix", [".txt.gz", ".bin.bz2", ".vec.xz"])
    def test_compressed_files_are_written_and_read(self, tmp_path, suffix):
        emb = random_embeddings(words=4, dim=3)
        path = tmp_path / f"all{suffix}"
        emb.save(path)
        before = path.read_bytes()
        emb.save(path)
        assert path.read_bytes() == before
        assert np.array_equal(Embeddings.load(path).matrix, emb.matrix.astype(np.float32))
        path.write_bytes(before[: len(before) // 2])
        with pytest.raises(ValueError, match=f"all{suffix}"):
            Embeddings.load(path)

    def test_gensim_reads_our_compressed_text(self, tmp_path):
        emb = random_embeddings(words=4, dim=3)
        emb.save(tmp_path / "all.txt.gz")
        theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "all.txt.gz"))
        assert np.array_equal(theirs.vectors, emb.matrix.astype(np.float32))

    @pytest.mark.parametrize("suffix", [".txt", ".bin"])
    def test_words_that_are_not_utf8_are_skipped_or_kept_on_request_and_counted(
        self, tmp_path, suffix
    ):
        path = tmp_path / f"odd{suffix}"
        words, values = [b"a", b"caf\xe9", b"\xff", b"b"], np.arange(8, dtype="<f4").reshape(4, 2)
        rows = [
            b"%b %.9g %.9g\n" % (w, *v) if suffix == ".txt" else w + b" " + v.tobytes() + b"\n"
            for w, v in zip(words, values, strict=True)
        ]
        path.write_bytes(b"4 2\n" + b"".join(rows))
        with pytest.raises(ValueError, match="2|3: expected a word in UTF-8"):
            Embeddings.load(path)
        with pytest.warns(UserWarning, match="2 words are not UTF-8 and were left out"):
            skipped = Embeddings.load(path, undecodable="skip")
        assert skipped.vocabulary.tokens == ("a", "b") and skipped["b"].tolist() == [6, 7]
        with pytest.warns(UserWarning, match="2 words are not UTF-8 and have their odd bytes"):
            kept = Embeddings.load(path, undecodable="keep")
        assert kept.vocabulary.tokens == ("a", "caf\\xe9", "\\xff", "b")

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"limit": 0}, ValueError),
            ({"limit": True}, TypeError),
            ({"dtype": "int8"}, ValueError),
            ({"undecodable": "?"}, ValueError),
        ],
    )
    def test_options_that_mean_nothing_are_refused(self, tmp_path, options, error):
        random_embeddings(words=2, dim=2).save(tmp_path / "all.txt")
        with pytest.raises(error, match="Embeddings.load: "):
            Embeddings.load(tmp_path / "all.txt", **options)

    def test_safetensors_takes_no_options_and_reads_bfloat16(self, tmp_path):
        import torch
        from safetensors import torch as safetensors_torch

        path = tmp_path / "all.safetensors"
        emb = Embeddings(
            ["a", "b"], np.array([[0.5, -2.0, 3.140625], [1e30, 0.0, 1.0]], np.float32)
        )
        emb.save(path)
        with pytest.raises(TypeError, match="no options of safetensors"):
            Embeddings.load(path, limit=1)
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
        tensors = safetensors_torch.load_file(path)
        tensors["matrix"] = tensors["matrix"].to(torch.bfloat16)
        safetensors_torch.save_file(tensors, path, metadata)
        loaded = Embeddings.load(path)
        assert loaded.matrix.dtype == np.float32
        assert np.array_equal(loaded.matrix, tensors["matrix"].float().numpy())


class TestOwnership:
    def test_a_copy_of_gensim_s_vectors_is_a_copy(self, tmp_path):
        theirs = random_embeddings(words=3, dim=2).to_gensim()
        theirs.save(str(tmp_path / "kv"))
        mapped = KeyedVectors.load(str(tmp_path / "kv"), mmap="r")
        ours = Embeddings.from_gensim(mapped)
        before = ours.matrix.copy()
        assert not np.shares_memory(ours.matrix, mapped.vectors)
        theirs.vectors += 1
        assert np.array_equal(ours.matrix, before)

    @pytest.mark.parametrize(
        "copied", [lambda emb: pickle.loads(pickle.dumps(emb)), copy.copy, copy.deepcopy]
    )
    def test_what_comes_back_from_a_pickle_can_t_be_changed(self, copied):
        emb = random_embeddings(words=3, dim=2)
        emb.neighbours("w0")
        again = copied(emb)
        assert np.array_equal(again.matrix, emb.matrix) and again.vocabulary == emb.vocabulary
        for array in (again.matrix, again.vocabulary.counts):
            if array is not None:
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 7

    def test_a_link_is_followed_and_permissions_stay(self, tmp_path):
        real, link = tmp_path / "real.txt", tmp_path / "link.txt"
        real.write_text("old")
        real.chmod(0o640)
        link.symlink_to(real)
        random_embeddings(words=2, dim=2).save(link)
        assert link.is_symlink() and real.read_text().startswith("2 2\n")
        assert real.stat().st_mode & 0o777 == 0o640

    def test_one_word_at_a_time(self):
        with pytest.raises(TypeError, match="a token is a str, got list"):
            random_embeddings(words=2, dim=2)[["w0", "w1"]]

    @pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
    def test_any_integer_is_a_number_of_neighbours(self, dtype):
        emb = random_embeddings(words=300, dim=4)
        assert emb.neighbours("w0", k=dtype(5)) == emb.neighbours("w0", k=5)


class TestDamage:
    """A damaged file gives what gensim makes of it, or a ValueError that names the file and the
    place."""

    @pytest.mark.parametrize(
        "format", ["word2vec-text", "word2vec-binary", "fasttext-vec", "safetensors"]
    )
    def test_in_five_hundred_ways(self, tmp_path, format):
        emb = random_embeddings(words=12, dim=5)
        path = tmp_path / "damaged"
        emb.save(path, format)
        whole, rng = path.read_bytes(), np.random.default_rng(len(format))
        refused = 0
        for _ in range(500):
            path.write_bytes(damaged(whole, rng))
            try:
                ours = Embeddings.load(path, format)
            except ValueError as error:
                assert str(error).startswith(str(path))
                assert format == "safetensors" or re.search(
                    r"(line|record) \d+: expected", str(error)
                ), error
                refused += 1
                continue
            if format == "safetensors":
                continue  # no other program reads our tensors of words
            theirs = KeyedVectors.load_word2vec_format(
                str(path),
                binary=format == "word2vec-binary",
                no_header=not path.read_bytes()[:1].isdigit(),
            )
            assert tuple(theirs.index_to_key) == ours.vocabulary.tokens
            assert np.array_equal(theirs.vectors, ours.matrix)
        assert refused > 50


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Bytes flipped, cut, doubled, swapped or put in: one kind of damage."""
    content = bytearray(whole)
    place = int(rng.integers(len(content)))
    length = int(rng.integers(1, 12))
    match rng.integers(6):
        case 0:
            content[place] = int(rng.integers(256))
        case 1:
            del content[place:]
        case 2:
            del content[place : place + length]
        case 3:
            content[place:place] = content[place : place + length]
        case 4:
            content[place:place] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
        case 5:
            other = int(rng.integers(len(content)))
            content[place], content[other] = content[other], content[place]
    return bytes(content)
