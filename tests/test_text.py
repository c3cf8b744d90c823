"""embcourse.text against plain definitions, scikit-learn and gensim."""

import unicodedata
from collections import Counter

import numpy as np
import pytest
from gensim.models import Word2Vec
from gensim.models.fasttext_inner import compute_ngrams, compute_ngrams_bytes
from hypothesis import given
from hypothesis import strategies as st

from embcourse.text import (
    Vocabulary,
    character_ngrams,
    context_pairs,
    context_windows,
    keep_probabilities,
    tokenize,
)

# Few words make equal counts likely.
small_documents = st.lists(
    st.lists(st.sampled_from(["a", "b", "ab", "ba", "Z", "é", "日"]), max_size=12), max_size=6
)
windows = st.integers(1, 5)


class TestTokenize:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", []),
            (" \n\t…—!?", []),
            ("don't stop", ["don't", "stop"]),
            ("5 o’clock", ["5", "o'clock"]),
            ("Hawaiʼi", ["hawai'i"]),
            ("'tis the kings' ''quoted''", ["tis", "the", "kings", "quoted"]),
            ("rock'n'roll y'all'd've", ["rock'n'roll", "y'all'd've"]),
            ("it''s", ["it", "s"]),
            ("3.14, 1,000,000. 2.", ["3.14", "1,000,000", "2"]),
            ("end.Next 1,x x,1", ["end", "next", "1", "x", "x", "1"]),
            ("E11.9 B12 2nd v1.2b", ["e11.9", "b12", "2nd", "v1.2b"]),
            ("snake_case well-known", ["snake", "case", "well", "known"]),
            ("naïve_été", ["naïve", "été"]),
            ("हिन्दी में", ["हिन्दी", "में"]),
            ("co\u00adoperate", ["cooperate"]),
            ("ΟΔΟΣ ΟΔΌΣ", ["οδος", "οδός"]),
            ("line\u2028break\u00a0here", ["line", "break", "here"]),
        ],
    )
    def test_cuts(self, text, expected):
        assert tokenize(text) == expected

    def test_composed_and_decomposed_accents_are_one_word(self):
        decomposed = unicodedata.normalize("NFD", "Café Ångström")
        assert decomposed != "Café Ångström"
        assert tokenize(decomposed) == tokenize("Café Ångström") == ["café", "ångström"]

    def test_keeps_case_when_asked(self):
        assert tokenize("The LORD’s É", lowercase=False) == ["The", "LORD's", "É"]

    @given(st.text())
    def test_tokens_stay_whole_when_tokenised_again(self, text):
        tokens = tokenize(text)
        assert tokenize(" ".join(tokens)) == tokens

    @given(st.text(alphabet=st.characters(max_codepoint=0x7F)))
    def test_ascii_short_cut_agrees_with_the_unicode_path(self, text):
        assert tokenize(text + " é") == [*tokenize(text), "é"]

    def test_refuses_what_is_not_text(self):
        with pytest.raises(TypeError, match="tokenize: text must be a str, got b"):
            tokenize(b"bytes")


class TestVocabulary:
    @given(small_documents)
    def test_order_is_count_then_code_point(self, documents):
        vocabulary = Vocabulary.build(documents)
        counts = Counter(token for document in documents for token in document)
        assert list(vocabulary.tokens) == sorted(counts, key=lambda token: (-counts[token], token))
        assert vocabulary.counts.tolist() == [counts[token] for token in vocabulary]
        assert vocabulary.counts.dtype == np.int64

    @given(small_documents, st.randoms())
    def test_order_does_not_depend_on_the_order_of_the_documents(self, documents, random):
        shuffled = random.sample(documents, len(documents))
        assert Vocabulary.build(documents) == Vocabulary.build(shuffled)

    @given(small_documents, st.integers(1, 4), st.integers(1, 6))
    def test_replace_accounts_for_every_occurrence(self, documents, min_count, max_size):
        vocabulary = Vocabulary.build(
            documents, min_count=min_count, max_size=max_size, unknown="replace"
        )
        assert vocabulary.tokens[0] == "<unk>"
        assert len(vocabulary) <= max_size
        assert (vocabulary.counts[1:] >= min_count).all()
        ids = vocabulary.encode_documents(documents).ids
        assert np.bincount(ids, minlength=len(vocabulary)).tolist() == vocabulary.counts.tolist()

    @given(small_documents, st.integers(1, 6))
    def test_max_size_keeps_the_most_frequent(self, documents, max_size):
        everything = Vocabulary.build(documents)
        assert Vocabulary.build(documents, max_size=max_size).tokens == everything.tokens[:max_size]

    def test_unknown_token_in_the_text_is_counted_once_and_stays_first(self):
        vocabulary = Vocabulary.build([["a", "<unk>", "a", "b"]], min_count=2, unknown="replace")
        assert vocabulary.tokens == ("<unk>", "a")
        assert vocabulary.counts.tolist() == [2, 2]

    @given(small_documents)
    def test_decode_undoes_encode(self, documents):
        vocabulary = Vocabulary.build(documents)
        for document in documents:
            ids = vocabulary.encode(document)
            assert ids.dtype == np.int32
            assert vocabulary.decode(ids) == document

    @given(small_documents, st.sampled_from(["drop", "replace"]))
    def test_documents_encode_as_they_do_one_by_one(self, documents, unknown):
        vocabulary = Vocabulary(["b", "<unk>", "a"], unknown=unknown)
        encoded = vocabulary.encode_documents(iter(map(iter, documents)))
        assert encoded.ids.dtype == np.int32
        assert encoded.offsets.dtype == np.int64
        assert encoded.offsets.shape == (len(documents) + 1,)
        for i, document in enumerate(documents):
            expected = vocabulary.encode(document)
            assert (
                encoded.ids[encoded.offsets[i] : encoded.offsets[i + 1]].tolist()
                == expected.tolist()
            )

    def test_each_policy_does_what_it_says(self):
        tokens = ["the", "dog", "sat"]
        known = ["sat", "the", "<unk>"]
        assert Vocabulary(known, unknown="drop").encode(tokens).tolist() == [1, 0]
        replacing = Vocabulary(known, unknown="replace")
        assert replacing.encode(tokens).tolist() == [1, 2, 0]
        assert replacing["dog"] == replacing.unknown_id == 2
        assert "dog" not in replacing
        with pytest.raises(KeyError, match="token 'dog' at position 1 is not among the 3 tokens"):
            Vocabulary(known).encode(tokens)

    @pytest.mark.parametrize("unknown", ["raise", "drop"])
    def test_looking_up_an_unknown_token_names_it(self, unknown):
        with pytest.raises(KeyError, match="token 'dog' is not among the 1 tokens"):
            Vocabulary(["the"], unknown=unknown)["dog"]

    def test_counts_cannot_be_changed_through_the_caller(self):
        counts = np.array([2, 1])
        vocabulary = Vocabulary(["a", "b"], counts)
        counts[0] = 99
        assert vocabulary.counts.tolist() == [2, 1]
        with pytest.raises(ValueError, match="read-only"):
            vocabulary.counts[0] = 99

    def test_equality_sees_tokens_counts_and_policy(self):
        vocabulary = Vocabulary(["a", "b"], [2, 1])
        assert vocabulary == Vocabulary(("a", "b"), np.array([2, 1]))
        assert hash(vocabulary) == hash(Vocabulary(("a", "b"), [2, 1]))
        for other in (
            Vocabulary(["b", "a"], [2, 1]),
            Vocabulary(["a", "b"], [2, 2]),
            Vocabulary(["a", "b"]),
            Vocabulary(["a", "b"], [2, 1], unknown="drop"),
            ("a", "b"),
        ):
            assert vocabulary != other

    def test_repr_names_the_first_tokens(self):
        assert (
            repr(Vocabulary("abcd".split() + list("wxyz")))
            == "Vocabulary(5 tokens: 'abcd', 'w', 'x', ...; unknown='raise')"
        )

    @pytest.mark.parametrize(
        ("make", "error", "message"),
        [
            (
                lambda: Vocabulary("abc"),
                TypeError,
                "tokens must be a sequence of tokens, got the str .abc.",
            ),
            (lambda: Vocabulary(["a", 3]), TypeError, r"must hold strings, got 3 \(int\)"),
            (lambda: Vocabulary(["a", "b", "a"]), ValueError, "'a' occurs 2 times"),
            (
                lambda: Vocabulary(["a"], [1, 2]),
                ValueError,
                r"counts must have shape \(1,\).*got \(2,\)",
            ),
            (lambda: Vocabulary(["a"], [0.5]), TypeError, "counts must be integers, got float64"),
            (lambda: Vocabulary(["a"], [-1]), ValueError, "counts must be at least 0, got -1"),
            (lambda: Vocabulary(["a"], unknown="skip"), ValueError, "got 'skip'"),
            (lambda: Vocabulary(["a"], unknown="replace"), ValueError, "'<unk>' among the tokens"),
            (lambda: Vocabulary.build(["a text"]), TypeError, "document 0 .* got the str 'a text'"),
            (
                lambda: Vocabulary.build("a text"),
                TypeError,
                "documents must .* got the str 'a text'",
            ),
            (lambda: Vocabulary.build([["a", 3]]), TypeError, r"must hold strings, got 3 \(int\)"),
            (
                lambda: Vocabulary.build([["a"]], min_count=0),
                ValueError,
                "min_count .* at least 1, got 0",
            ),
            (
                lambda: Vocabulary.build([["a"]], max_size=0),
                ValueError,
                "max_size .* at least 1, got 0",
            ),
            (lambda: Vocabulary(["a"]).encode("a"), TypeError, "the str .a.; call tokenize first"),
            (
                lambda: Vocabulary(["a"], unknown="drop").encode([3]),
                TypeError,
                r"must hold strings, got 3 \(int\)",
            ),
            (
                lambda: Vocabulary(["a"]).encode_documents(["a"]),
                TypeError,
                "document 0 .* got the str 'a'",
            ),
            (
                lambda: Vocabulary(["a"]).decode([-1]),
                ValueError,
                "must lie between 0 and 0, got -1",
            ),
            (lambda: Vocabulary(["a"]).decode([1]), ValueError, "must lie between 0 and 0, got 1"),
            (lambda: Vocabulary(["a"]).decode([0.0]), TypeError, "must be integers, got float64"),
            (lambda: Vocabulary(["a"])[0], TypeError, "a token is a str, got 0"),
        ],
    )
    def test_bad_input_is_named(self, make, error, message):
        with pytest.raises(error, match=message):
            make()

    def test_encodes_three_million_tokens(self):
        """The size of the course's corpus: ids come back right, in the order of the text."""
        random = np.random.default_rng(0)
        words = np.array([f"w{i}" for i in range(15_000)], dtype=object)
        expected = (random.pareto(1.0, 3_200_000) * 10).astype(np.int64) % words.size
        ids = Vocabulary(words.tolist()).encode(words[expected].tolist())
        np.testing.assert_array_equal(ids, expected)


class TestWindows:
    @given(small_documents, windows)
    def test_pairs_are_the_windows_flattened(self, documents, window):
        encoded = Vocabulary.build(documents).encode_documents(documents)
        centres, contexts = context_pairs(encoded.ids, window, encoded.offsets)
        expected = [
            (centre, context)
            for centre, around in context_windows(encoded.ids, window, encoded.offsets)
            for context in around.tolist()
        ]
        assert list(zip(centres.tolist(), contexts.tolist(), strict=True)) == expected
        assert centres.dtype == contexts.dtype == np.int32

    @given(small_documents, windows)
    def test_no_pair_crosses_a_border(self, documents, window):
        # Ids that name their document make every crossing visible.
        lengths = [len(document) for document in documents]
        ids = np.repeat(np.arange(len(documents)), lengths)
        centres, contexts = context_pairs(ids, window, np.cumsum([0, *lengths]))
        assert (centres == contexts).all()

    @given(st.integers(0, 12), windows)
    def test_pairs_are_all_positions_at_most_window_apart(self, length, window):
        centres, contexts = context_pairs(np.arange(length), window)
        expected = [
            (i, j) for i in range(length) for j in range(length) if 0 < abs(i - j) <= window
        ]
        assert list(zip(centres.tolist(), contexts.tolist(), strict=True)) == expected

    def test_a_window_wider_than_any_text_costs_nothing(self):
        centres, _ = context_pairs(np.arange(3), 10**12)
        assert centres.tolist() == [0, 0, 1, 1, 2, 2]

    def test_input_stays_unchanged(self):
        ids = np.arange(5)
        context_pairs(ids, 2)
        assert ids.tolist() == [0, 1, 2, 3, 4]

    def test_a_lonely_token_has_an_empty_window(self):
        assert [(centre, around.tolist()) for centre, around in context_windows([4], 2)] == [
            (4, [])
        ]

    @pytest.mark.parametrize("function", [context_pairs, context_windows])
    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            (([0.5], 1), TypeError, "ids must be integers, got float64"),
            (([[1, 2]], 1), ValueError, r"ids must be 1-D, got shape \(1, 2\)"),
            (([1, 2], 0), ValueError, "window must be at least 1, got 0"),
            (([1, 2], 1.5), TypeError, "window must be an integer, got 1.5"),
            (
                ([1, 2], 1, [0, 1]),
                ValueError,
                "offsets must rise from 0 to the number of tokens, 2",
            ),
            (([1, 2], 1, [0, 2, 1, 2]), ValueError, "offsets must rise"),
            (([1, 2], 1, [1, 2]), ValueError, "offsets must rise"),
            (([1, 2], 1, []), ValueError, "offsets must rise"),
        ],
    )
    def test_bad_input_is_named(self, function, arguments, error, message):
        with pytest.raises(error, match=message):
            function(*arguments)

    def test_ids_beyond_int32_are_refused(self):
        with pytest.raises(
            ValueError, match="ids must fit into int32, got 2147483648 at position 1"
        ):
            context_pairs(np.array([0, 2**31]), 1)


class TestSubsampling:
    @pytest.mark.parametrize("sample", [1e-2, 1e-3, 1e-5])
    def test_code_variant_agrees_with_gensim(self, sample):
        counts = {f"w{i}": int(10_000 / i) + 1 for i in range(1, 500)}
        model = Word2Vec(sample=sample, min_count=1, vector_size=1)
        model.build_vocab_from_freq(counts)
        # gensim keeps a word where a random 32-bit integer is below sample_int.
        theirs = [model.wv.get_vecattr(word, "sample_int") / (2**32 - 1) for word in counts]
        ours = keep_probabilities(list(counts.values()), sample, variant="code")
        assert 0 < ours.min() < 1
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2.0**-32)

    @given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20), st.floats(1e-8, 1))
    def test_paper_variant_discards_as_equation_5_says(self, counts, sample):
        frequency = np.array(counts) / sum(counts)
        discard = 1 - np.sqrt(sample / frequency)
        np.testing.assert_allclose(
            1 - keep_probabilities(counts, sample), np.maximum(discard, 0), atol=1e-12
        )

    @given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any), st.floats(1e-8, 1))
    def test_code_keeps_at_least_what_the_paper_keeps(self, counts, sample):
        paper = keep_probabilities(counts, sample)
        code = keep_probabilities(counts, sample, variant="code")
        assert (paper > 0).all()
        assert (paper <= code).all()
        assert (code <= 1).all()

    def test_thresholds_are_where_the_docstring_says(self):
        golden = (3 + np.sqrt(5)) / 2  # 2.618..., the root of sqrt(1/x) + 1/x = 1
        counts = np.array([golden, 1000 - golden])
        assert keep_probabilities(counts, 1e-3, variant="code")[0] == pytest.approx(1, abs=1e-12)
        assert keep_probabilities(counts * [1.01, 1], 1e-3, variant="code")[0] < 1

    def test_edges(self):
        assert keep_probabilities([]).shape == (0,)
        assert keep_probabilities([5, 0], 0.01).tolist() == [pytest.approx(0.1), 1.0]
        assert keep_probabilities([5, 1], 0).tolist() == [1.0, 1.0]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"counts": [[1]]}, r"counts must have shape \(words,\), got shape \(1, 1\)"),
            ({"counts": [1, -1]}, "finite and not negative"),
            ({"counts": [1, np.nan]}, "finite and not negative"),
            ({"counts": [0, 0]}, "must not be all zero"),
            ({"counts": [1], "sample": -1e-3}, "sample must lie between 0 and 1, got -0.001"),
            ({"counts": [1], "sample": 100}, "sample must lie between 0 and 1, got 100"),
            (
                {"counts": [1], "variant": "gensim"},
                "variant must be 'paper' or 'code', got 'gensim'",
            ),
        ],
    )
    def test_bad_input_is_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            keep_probabilities(**arguments)


class TestCharacterNgrams:
    @given(st.text(st.characters(codec="utf-8"), max_size=12), st.integers(2, 7), st.integers(0, 4))
    def test_agrees_with_gensim(self, word, minimum, more):
        assert character_ngrams(word, minimum, minimum + more) == compute_ngrams(
            word, minimum, minimum + more
        )

    @given(st.text(st.characters(codec="utf-8"), max_size=12), st.integers(1, 7), st.integers(0, 4))
    def test_agrees_with_what_gensim_hashes(self, word, minimum, more):
        hashed = [ngram.decode() for ngram in compute_ngrams_bytes(word, minimum, minimum + more)]
        assert sorted(character_ngrams(word, minimum, minimum + more)) == sorted(hashed)

    def test_the_paper_s_example(self):
        assert character_ngrams("where", 3, 3, whole_word=True) == [
            "<wh",
            "whe",
            "her",
            "ere",
            "re>",
            "<where>",
        ]

    def test_whole_word_stands_once(self):
        assert character_ngrams("as", whole_word=True).count("<as>") == 1
        assert character_ngrams("a", 5, 6, whole_word=True) == ["<a>"]

    def test_other_marks(self):
        assert character_ngrams("abc", 2, 2, marks=("", "")) == ["ab", "bc"]
        assert character_ngrams("ab", 2, 2, marks=("^^", "$$")) == ["^a", "ab", "b$"]

    @pytest.mark.parametrize(("minimum", "maximum"), [(0, 3), (4, 3)])
    def test_sizes_out_of_order_are_named(self, minimum, maximum):
        with pytest.raises(ValueError, match=f"minimum={minimum}, maximum={maximum}"):
            character_ngrams("word", minimum, maximum)

    def test_refuses_what_is_not_a_word(self):
        with pytest.raises(TypeError, match="word must be a str, got "):
            character_ngrams(3)


def test_tokens_of_numpy_are_plain_strings_in_a_vocabulary() -> None:
    for vocabulary in (
        Vocabulary(np.array(["b", "a"])),
        Vocabulary.build(np.array([["b", "b"], ["a", "a"]])),
    ):
        assert sorted(map(type, vocabulary.tokens), key=str) == [str, str]
        assert vocabulary["a"] == vocabulary[np.str_("a")]
