"""The exercises of the one_hot chapter: from a row with a single 1 to a classifier that learns its own word vectors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.one_hot import reference
from embcourse.text import Vocabulary

# ------------------------------------------------------------------------------------------------------------- one-hot


def one_hot_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([2, 0, 2]), 3), label="three tokens")
    size = int(rng.integers(9, 14))
    yield Case((rng.integers(0, size - 1, 8), size), label="eight tokens")       # the last word never occurs
    yield Case((rng.integers(0, size, 12)[::2], size), label="a view with gaps")
    yield Case((np.zeros(0, int), 4), "edge", "no tokens")
    yield Case((np.array([0, 0]), 1), "edge", "a vocabulary of one word")
    yield Case((np.array([0, 3]), 3), "errors", "an id that is too large", raises=ValueError)
    yield Case((np.array([1, -1]), 3), "errors", "a negative id", raises=ValueError)


def require_range(ids, size):
    ids = np.asarray(ids, dtype=int)
    if ids.size and not (0 <= ids.min() and ids.max() < size):
        raise ValueError(f"ids must lie in 0 ... {size - 1}")
    return ids


def one_hot_transposed(ids, size):
    return reference.one_hot(ids, size).T


def one_hot_bag(ids, size):
    return reference.one_hot(ids, size).sum(axis=0)


def one_hot_distinct(ids, size):
    return reference.one_hot(np.unique(require_range(ids, size)), size)


def one_hot_from_one(ids, size):
    return reference.one_hot((require_range(ids, size) - 1) % size, size)


def one_hot_guessed_size(ids, size):
    ids = require_range(ids, size)
    return reference.one_hot(ids, int(ids.max(initial=-1)) + 1)


def one_hot_unchecked(ids, size):
    return np.eye(size)[np.asarray(ids, dtype=int)]


def one_hot_by_comparison(ids, size):
    return (require_range(ids, size)[:, None] == np.arange(size)).astype(float)


def one_hot_by_rows(ids, size):
    rows = [[1 if column == word else 0 for column in range(size)] for word in require_range(ids, size)]
    return np.array(rows, dtype=int).reshape(len(ids), size)


ONE_HOT = Exercise(
    id="one_hot.one_hot", points=1,
    reference=reference.one_hot,
    cases=one_hot_cases,
    misconceptions=[
        Misconception("puts the words in rows", one_hot_transposed,
                      "A row is a token of the text, a column is a word of the vocabulary: shape (tokens, size)."),
        Misconception("adds all tokens up in one vector", one_hot_bag,
                      "That is a bag of words. One-hot keeps a row for every token, in the order of the text."),
        Misconception("gives a repeated word one row only", one_hot_distinct,
                      "Every token gets a row, also when the same word came before. Rows keep the order of the text."),
        Misconception("counts ids from 1", one_hot_from_one,
                      "Id 0 is the first word, so it sets column 0."),
        Misconception("takes the size from the largest id", one_hot_guessed_size,
                      "The vocabulary has `size` words, whether or not the last of them occur in this text."),
        Misconception("lets a negative id count from the end", one_hot_unchecked,
                      "NumPy reads index -1 as the last column. No word has a negative id: raise ValueError before "
                      "you index."),
    ],
    alternatives=[one_hot_by_comparison, one_hot_by_rows],
    hints=["How many rows, how many columns, and what does each row sum to?",
           "Start from np.zeros((tokens, size)). Then one 1 per row has to be placed. Before that, check every id.",
           "rows[np.arange(len(ids)), ids] = 1 sets one column in every row. Raise ValueError if any id is below 0 "
           "or not below size."],
)


# ----------------------------------------------------------------------------------------------------------- distances


def pairwise_distances(rows):
    """Euclidean distance of every row to every row, (n, n) float64."""
    rows = np.asarray(rows, dtype=np.float64)
    return np.sqrt(((rows[:, None, :] - rows[None, :, :]) ** 2).sum(axis=2))


def distance_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.0, 0.0], [3.0, 4.0]]),), label="two points")
    yield Case((np.eye(4),), label="one-hot rows")
    yield Case((rng.integers(-9, 10, (6, 5)).astype(float),), label="six points")
    yield Case((rng.integers(-9, 10, (5, 8)).astype(float)[:, ::2],), label="a view with gaps")
    yield Case((np.array([[7.0, -1.0, 2.0]]),), "edge", "one row")
    yield Case((np.zeros((0, 3)),), "edge", "no rows")
    yield Case((np.array([[0.5, -2.0], [0.5, -2.0]]),), "edge", "equal rows")
    # Whole numbers below 2**53, so differences are exact; but their squares, near 1e18, are not.
    yield Case((1e9 + rng.integers(100, 1000, (4, 3)).cumsum(axis=0),), "stability", "close together but far from 0")


def distances_squared(rows):
    return ((rows[:, None] - rows[None]) ** 2).sum(axis=2)


def distances_city_block(rows):
    return np.abs(rows[:, None] - rows[None]).sum(axis=2)


def distances_hamming(rows):
    return (rows[:, None] != rows[None]).sum(axis=2).astype(float)


def distances_cosine(rows):
    lengths = np.linalg.norm(rows, axis=1)
    product = lengths[:, None] * lengths[None, :]
    return 1 - rows @ rows.T / np.where(product == 0, 1, product)


def distances_root_of_sum(rows):
    """The root inside the sum: every term becomes an absolute difference, and the mean of them is taken."""
    return np.abs(rows[:, None] - rows[None]).mean(axis=2) if rows.size else np.zeros((len(rows), len(rows)))


def distances_expanded(rows):
    squares = (rows**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0))


def distances_by_scipy(rows):
    from scipy.spatial.distance import cdist
    return cdist(rows, rows)


def distances_by_loops(rows):
    points = np.asarray(rows).tolist()
    return np.array([[math.dist(one, other) for other in points] for one in points]).reshape(len(points), len(points))


PAIRWISE_DISTANCES = Exercise(
    id="one_hot.pairwise_distances", points=2,
    reference=pairwise_distances,
    cases=distance_cases,
    misconceptions=[
        Misconception("leaves out the square root", distances_squared,
                      "The sum of squares is the distance squared. For one-hot rows it is 2, the distance is √2."),
        Misconception("adds absolute differences", distances_city_block,
                      "That is the city-block distance. Euclid squares the differences, adds them and takes the root."),
        Misconception("averages absolute differences", distances_root_of_sum,
                      "Square the differences, add them up over the columns, then take one root."),
        Misconception("counts the places that differ", distances_hamming,
                      "That is the Hamming distance, 2 for any two one-hot rows. How far the entries are apart "
                      "counts too."),
        Misconception("computes 1 − cosine", distances_cosine,
                      "The cosine looks at directions only. The distance looks at where the points are."),
        Misconception("expands the square", distances_expanded,
                      "|x|² + |y|² − 2 x·y is right on paper. For close points far from 0 it subtracts huge equal "
                      "numbers and the digits that matter are gone. Subtract the rows first, then square."),
    ],
    alternatives=[distances_by_scipy, distances_by_loops],
    hints=["First all the differences between two rows, then one number for each pair.",
           "rows[:, None, :] has shape (n, 1, d), rows[None, :, :] has (1, n, d). What is the shape of their "
           "difference?",
           "Square the (n, n, d) array of differences, sum over the last axis, take np.sqrt of the (n, n) result."],
)


# -------------------------------------------------------------------------------------------------------------- memory


def memory_bytes(tokens, vocabulary, layout, value_bytes, index_bytes):
    """`reference.memory_bytes` with every argument given by position."""
    return reference.memory_bytes(tokens, vocabulary, layout, value_bytes=value_bytes, index_bytes=index_bytes)


def memory_cases(rng: np.random.Generator) -> Iterator[Case]:
    for layout in reference.LAYOUTS:
        yield Case((3, 5, layout, 8, 4), label=layout)
    for value_bytes, index_bytes in ((8, 8), (4, 4), (2, 8)):
        tokens, vocabulary = int(rng.integers(1_000, 9_999)), int(rng.integers(100, 999))
        for layout in reference.LAYOUTS:
            yield Case((tokens, vocabulary, layout, value_bytes, index_bytes), label="other sizes of numbers")
    for layout in reference.LAYOUTS:
        yield Case((0, 7, layout, 8, 4), "edge", "no tokens")
        yield Case((4, 0, layout, 4, 8) if layout == "dense" else (1, 1, layout, 4, 8), "edge", "almost nothing")
    yield Case((3_187_146, 15_960, "dense", 8, 4), "edge", "four Bibles")
    yield Case((3, 5, "sparse", 8, 4), "errors", "a layout that is none of the three", raises=ValueError)


def memory_with(csr: Callable | None = None, dense: Callable | None = None, indices: Callable | None = None):
    """Bytes by layout, with one of the three formulas replaced."""
    def solve(tokens, vocabulary, layout, value_bytes, index_bytes):
        chosen = {"dense": dense, "csr": csr, "indices": indices}.get(layout)
        if chosen is None:
            return memory_bytes(tokens, vocabulary, layout, value_bytes, index_bytes)
        return chosen(tokens, vocabulary, value_bytes, index_bytes)
    return solve


def memory_unchecked(tokens, vocabulary, layout, value_bytes, index_bytes):
    layout = layout if layout in reference.LAYOUTS else "indices"
    return memory_bytes(tokens, vocabulary, layout, value_bytes, index_bytes)


def memory_by_parts(tokens, vocabulary, layout, value_bytes, index_bytes):
    values = {"dense": tokens * vocabulary, "csr": tokens, "indices": 0}
    indices = {"dense": 0, "csr": tokens + tokens + 1, "indices": tokens}
    if layout not in values:
        raise ValueError(layout)
    return values[layout] * value_bytes + indices[layout] * index_bytes


def memory_by_dtype(tokens, vocabulary, layout, value_bytes, index_bytes):
    value, index = np.dtype(f"V{value_bytes}"), np.dtype(f"V{index_bytes}")
    if layout == "dense":
        return int(np.prod([tokens, vocabulary, value.itemsize], dtype=np.int64))
    if layout == "csr":
        row = value.itemsize + 2 * index.itemsize
        return np.int64(tokens * row + index.itemsize)
    if layout == "indices":
        return np.int64(tokens * index.itemsize)
    raise ValueError("no such layout")


MEMORY_BYTES = Exercise(
    id="one_hot.memory_bytes", points=1,
    reference=memory_bytes,
    cases=memory_cases,
    misconceptions=[
        Misconception("forgets the row pointers", memory_with(csr=lambda n, v, value, index: n * (value + index)),
                      "CSR holds three arrays: values, column indices, and where each row begins."),
        Misconception("leaves out the last row pointer",
                      memory_with(csr=lambda n, v, value, index: n * (value + 2 * index)),
                      "The pointers also say where the last row ends: one more than there are rows."),
        Misconception("gives every column a pointer",
                      memory_with(csr=lambda n, v, value, index: n * (value + index) + (v + 1) * index),
                      "That is CSC. CSR points at rows, and a row is a token: tokens + 1 pointers."),
        Misconception("stores no values in CSR", memory_with(csr=lambda n, v, value, index: (2 * n + 1) * index),
                      "They are all 1, but CSR stores them: one value per token."),
        Misconception("counts a square matrix", memory_with(dense=lambda n, v, value, index: v * v * value),
                      "The text has a row for each token, not for each word of the vocabulary."),
        Misconception("stores ids as values", memory_with(indices=lambda n, v, value, index: n * value),
                      "Ids are integers: `index_bytes` each."),
        Misconception("takes any layout", memory_unchecked,
                      "A misspelt layout must not give a number. Raise ValueError for a name that you don't know."),
    ],
    alternatives=[memory_by_parts, memory_by_dtype],
    hints=["For each layout write down which arrays there are and how many entries each has.",
           "CSR has one value and one column index per token, and tokens + 1 row pointers. Pointers are indices.",
           "dense: tokens · vocabulary · value_bytes. csr: tokens · (value_bytes + index_bytes) + (tokens + 1) · "
           "index_bytes. indices: tokens · index_bytes. Anything else: ValueError."],
)


# ---------------------------------------------------------------------------------------------------------- vocabulary

UNKNOWN = "<unk>"


def build_vocabulary(tokens, min_count, max_size):
    """Words in id order, the unknown word first: what `Vocabulary.build(..., unknown="replace")` makes of one text."""
    built = Vocabulary.build([tokens], min_count=min_count, max_size=max_size, unknown="replace", unknown_token=UNKNOWN)
    return list(built.tokens)


TEXT_WORDS = "the and of lord said king queen sea gold wine Ruth ruth zeal ark Ärger".split()


def draw_text(rng: np.random.Generator, length: int) -> list[str]:
    """Tokens with frequencies like those of a text: a few words often, most of them rarely, many ties."""
    chances = 1 / np.arange(1, len(TEXT_WORDS) + 1)
    return [str(word) for word in rng.choice(rng.permutation(TEXT_WORDS), length, p=chances / chances.sum())]


def vocabulary_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((["b", "a", "b", "c", "a", "b"], 1, None), label="three words")
    yield Case((["sea", "king", "sea", "Gold", "king", "wine", "ark"], 1, None), label="ties")
    yield Case((draw_text(rng, 60), 3, None), label="a least count of 3")
    yield Case((draw_text(rng, 80), 2, 5), label="at most five ids")
    yield Case((draw_text(rng, 40), 1, 1000), "edge", "more room than words")
    yield Case((["b", "a"], 1, 1), "edge", "room for the unknown word only")
    yield Case((["b", "a"], 2, None), "edge", "every word too rare")
    yield Case(([], 1, None), "edge", "no tokens")
    yield Case((["a", "B", "é", "b", "A", "z"], 1, None), "edge", "capitals and accents")


def vocabulary_by(order: Callable, keep: Callable = lambda count, least: count >= least,
                  room: Callable = lambda size: size - 1, unknown: str = "first"):
    """A vocabulary with one of its rules replaced."""
    def solve(tokens, min_count, max_size):
        counts = Counter(tokens)
        words = [word for word in order(counts) if keep(counts[word], min_count)]
        words = words if max_size is None else words[: room(max_size)]
        return {"first": [UNKNOWN, *words], "last": [*words, UNKNOWN], "none": words}[unknown]
    return solve


def by_frequency(counts):
    return sorted(counts, key=lambda word: (-counts[word], word))


def rarest_first(counts):
    return sorted(counts, key=lambda word: (counts[word], word))


def cut_before_count(tokens, min_count, max_size):
    words = by_frequency(Counter(tokens))
    words = words if max_size is None else words[: max_size - 1]
    counts = Counter(tokens)
    return [UNKNOWN, *(word for word in words if counts[word] >= min_count)]


def vocabulary_by_two_sorts(tokens, min_count, max_size):
    counts: dict[str, int] = {}
    for token in tokens:
        counts[token] = counts.get(token, 0) + 1
    words = sorted(word for word in counts if counts[word] >= min_count)
    words.sort(key=counts.__getitem__, reverse=True)                 # stable: equal counts stay in code-point order
    return ([UNKNOWN] + words)[:max_size]


def vocabulary_by_numpy(tokens, min_count, max_size):
    words, counts = np.unique(np.array(tokens, dtype=str), return_counts=True)
    words, counts = words[counts >= min_count], counts[counts >= min_count]
    words = words[np.argsort(-counts, kind="stable")]
    return [UNKNOWN, *words.tolist()][:max_size]


BUILD_VOCABULARY = Exercise(
    id="one_hot.build_vocabulary", points=2,
    reference=build_vocabulary,
    cases=vocabulary_cases,
    misconceptions=[
        Misconception("leaves ties in order of appearance",
                      vocabulary_by(lambda counts: [word for word, _ in counts.most_common()]),
                      "Words of equal count must not depend on which came first in the text: sort them by their "
                      "letters."),
        Misconception("reverses ties too", vocabulary_by(lambda counts: rarest_first(counts)[::-1]),
                      "reverse=True turns the letters round as well. Sort by (-count, word) instead."),
        Misconception("sorts by letters only", vocabulary_by(sorted),
                      "The most frequent word gets the smallest id. Letters decide only between equal counts."),
        Misconception("puts the rarest first", vocabulary_by(rarest_first),
                      "Frequent words come first; then cutting the list short cuts rare words."),
        Misconception("ignores capitals in ties",
                      vocabulary_by(lambda counts: sorted(counts, key=lambda w: (-counts[w], w.lower(), w))),
                      "Python compares strings by code point: every capital comes before every small letter. Leave "
                      "that as it is; it is the same on every machine."),
        Misconception("asks for more than min_count",
                      vocabulary_by(by_frequency, keep=lambda count, least: count > least),
                      "A word that occurs exactly min_count times stays."),
        Misconception("does not count the unknown word", vocabulary_by(by_frequency, room=lambda size: size),
                      "max_size is the number of ids, and the unknown word has one: max_size - 1 others fit."),
        Misconception("puts the unknown word last", vocabulary_by(by_frequency, unknown="last"),
                      "The unknown word gets id 0. At the end its id would change with the size of the vocabulary."),
        Misconception("leaves out the unknown word",
                      vocabulary_by(by_frequency, room=lambda size: size, unknown="none"),
                      "The list begins with \"<unk>\"; it needs a row in the table like any other word."),
    ],
    alternatives=[vocabulary_by_two_sorts, vocabulary_by_numpy, cut_before_count],
    hints=["Count, throw out, sort, cut, and put the unknown word in front.",
           "Sort by a key of two parts: the negated count, and the word itself. max_size includes \"<unk>\".",
           "words = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: (-counts[w], w)). Put "
           "\"<unk>\" in front and slice to max_size; slicing to None keeps all."],
)


# ------------------------------------------------------------------------------------------------------------ encoding


def encode(tokens, vocabulary, unknown):
    """Ids of the tokens; id 0 stands for unknown ones under "replace"."""
    policy = {"unknown": unknown, "unknown_token": vocabulary[0]}
    return Vocabulary(vocabulary, **policy).encode(tokens).tolist()


def encode_cases(rng: np.random.Generator) -> Iterator[Case]:
    small = [UNKNOWN, "the", "king", "sea"]
    yield Case((["king", "the", "king"], small, "raise"), label="known words")
    yield Case((["the", "queen", "sea"], small, "drop"), label="an unknown word (dropped)")
    yield Case((["the", "queen", "sea"], small, "replace"), label="an unknown word (replaced)")
    vocabulary = [UNKNOWN, *(str(word) for word in rng.permutation(TEXT_WORDS)[:8])]
    for policy in ("drop", "replace"):
        yield Case((draw_text(rng, 25), vocabulary, policy), label="a longer text")
    for policy in ("raise", "drop", "replace"):
        yield Case(([], small, policy), "edge", "no tokens")
    yield Case((["gold", "wine", "gold"], small, "drop"), "edge", "only unknown words (dropped)")
    yield Case((["gold", "wine", "gold"], small, "replace"), "edge", "only unknown words (replaced)")
    yield Case((["The", "sea"], small, "replace"), "edge", "a capital makes another word")
    yield Case((["the", "queen"], small, "raise"), "errors", "an unknown word under raise", raises=KeyError)
    yield Case((["the", "sea"], small, "ignore"), "errors", "a policy that does not exist", raises=ValueError)


def encode_by(missing: Callable, shift: int = 0, fold: Callable = str):
    """Encoding with its own idea of what an unknown word becomes: an id, or None to leave it out."""
    def solve(tokens, vocabulary, unknown):
        if unknown not in ("raise", "drop", "replace"):
            raise ValueError(f"unknown must be raise, drop or replace; got {unknown!r}")
        index = {word: position + shift for position, word in enumerate(vocabulary)}
        ids = [index[fold(token)] if fold(token) in index else missing(token, index, unknown) for token in tokens]
        return [word for word in ids if word is not None]
    return solve


def right_missing(token, index, unknown):
    if unknown == "raise":
        raise KeyError(token)
    return None if unknown == "drop" else 0


def marks_dropped(token, index, unknown):
    return -1 if unknown == "drop" else right_missing(token, index, unknown)


def swaps_policies(token, index, unknown):
    return right_missing(token, index, {"drop": "replace", "replace": "drop"}.get(unknown, unknown))


def replaces_by_last(token, index, unknown):
    return len(index) - 1 if unknown == "replace" else right_missing(token, index, unknown)


def replaces_by_size(token, index, unknown):
    return len(index) if unknown == "replace" else right_missing(token, index, unknown)


def learns_new_words(token, index, unknown):
    return index.setdefault(token, len(index)) if unknown == "replace" else right_missing(token, index, unknown)


def never_raises(token, index, unknown):
    return right_missing(token, index, "drop" if unknown == "raise" else unknown)


def encode_any_policy(tokens, vocabulary, unknown):
    return encode(tokens, vocabulary, unknown if unknown in ("raise", "drop") else "replace")


def encode_by_numpy(tokens, vocabulary, unknown):
    if unknown not in ("raise", "drop", "replace"):
        raise ValueError(unknown)
    order = np.argsort(vocabulary)
    ordered, wanted = np.array(vocabulary)[order], np.array(tokens, dtype=str)
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    known = ordered[place] == wanted
    if unknown == "raise" and not known.all():
        raise KeyError(str(wanted[~known][0]))
    ids = np.where(known, order[place], 0)
    return ids[known] if unknown == "drop" else ids


ENCODE = Exercise(
    id="one_hot.encode", points=2,
    reference=encode,
    cases=encode_cases,
    misconceptions=[
        Misconception("marks a dropped word with -1", encode_by(marks_dropped),
                      "Dropping means that nothing is left. As an index, -1 would look up the last word of the table."),
        Misconception("replaces under every policy", encode_by(lambda token, index, unknown: 0),
                      "Id 0 is for \"replace\" only. \"drop\" leaves the token out, \"raise\" raises KeyError(token)."),
        Misconception("swaps drop and replace", encode_by(swaps_policies),
                      "\"drop\" makes the list shorter, \"replace\" keeps a place for every token."),
        Misconception("replaces by the last id", encode_by(replaces_by_last),
                      "The unknown word stands first in the vocabulary: id 0."),
        Misconception("replaces by an id that no word has", encode_by(replaces_by_size),
                      "len(vocabulary) is one past the last row of the table. The unknown word has a row: id 0."),
        Misconception("gives new words new ids", encode_by(learns_new_words),
                      "The vocabulary is fixed before this text is seen, and so is the table: no row waits for a new "
                      "word."),
        Misconception("never raises", encode_by(never_raises),
                      "Under \"raise\" an unknown word is an error: raise KeyError(token), so that it is noticed."),
        Misconception("counts ids from 1", encode_by(right_missing, shift=1),
                      "The first word of the vocabulary has id 0."),
        Misconception("ignores capitals", encode_by(right_missing, fold=str.lower),
                      "Encoding takes tokens as they are. Lower-casing is the tokeniser's business."),
        Misconception("takes any policy", encode_any_policy,
                      "A misspelt policy must not pass for another one: raise ValueError."),
    ],
    alternatives=[encode_by(right_missing), encode_by_numpy],
    hints=["A dictionary from word to id answers both questions: is it known, and which id?",
           "Go through the tokens once. For an unknown one there are three things to do, by policy. Check the policy "
           "first.",
           "index = {word: i for i, word in enumerate(vocabulary)}. Known: append index[token]. Else: raise "
           "KeyError(token), or append 0, or append nothing."],
)


# -------------------------------------------------------------------------------------------------------------- lookup


def lookup_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([2, 0, 2]), np.array([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]])), label="three tokens")
    yield Case((rng.integers(0, 6, 9), rng.normal(size=(6, 6))), label="nine tokens")
    yield Case((rng.integers(0, 5, 10)[::2], rng.normal(size=(5, 8))[:, ::2]), label="a view with gaps")
    yield Case((np.zeros(0, int), rng.normal(size=(4, 3))), "edge", "no tokens")
    yield Case((np.array([0]), np.array([[-7.5]])), "edge", "a table of one number")
    yield Case((np.arange(4), rng.normal(size=(4, 2))), "edge", "every word once")
    yield Case((np.array([1, 0]), np.array([[1e300, -1e-300], [1e-300, 1e300]])), "stability", "huge and tiny numbers")
    yield Case((np.array([1, -1]), np.ones((3, 2))), "errors", "a negative id", raises=ValueError)
    yield Case((np.array([3]), np.ones((3, 2))), "errors", "an id that is too large", raises=ValueError)


def lookup_columns(ids, table):
    return table.T[require_range(ids, len(table)) % table.shape[1]]


def lookup_sum(ids, table):
    return table[require_range(ids, len(table))].sum(axis=0)


def lookup_distinct(ids, table):
    return table[np.unique(require_range(ids, len(table)))]


def lookup_from_one(ids, table):
    return table[require_range(ids, len(table)) - 1]


def lookup_unchecked(ids, table):
    return table[ids]


def lookup_by_product(ids, table):
    return one_hot_by_comparison(ids, len(table)) @ table


def lookup_by_take(ids, table):
    return np.take(table, require_range(ids, len(table)), axis=0, mode="raise")


LOOKUP = Exercise(
    id="one_hot.lookup", points=1,
    reference=reference.lookup,
    cases=lookup_cases,
    misconceptions=[
        Misconception("takes columns", lookup_columns,
                      "A word's vector is a row of the table: the id is the first index."),
        Misconception("adds the rows up", lookup_sum,
                      "One row per token is asked for. Adding or averaging them comes later, if at all."),
        Misconception("gives a repeated word one row only", lookup_distinct,
                      "Every token gets its row, in the order of the text, however often the word occurs."),
        Misconception("counts ids from 1", lookup_from_one, "Id 0 is row 0 of the table."),
        Misconception("lets a negative id count from the end", lookup_unchecked,
                      "table[-1] is the last row: no error, but a wrong vector. Check the ids and raise ValueError."),
    ],
    alternatives=[lookup_by_product, lookup_by_take],
    hints=["What does a row with a single 1 pick out of a matrix that it is multiplied with?",
           "one_hot(ids, len(table)) @ table is right; so is indexing, without a multiplication. Both need valid ids.",
           "Check that every id is at least 0 and below len(table), then return table[ids]. Indexing with an array "
           "copies, so the table is safe."],
)


# -------------------------------------------------------------------------------------------------- gradient of lookup


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([2, 0, 2]), np.array([[1.0, 1.0], [5.0, 5.0], [10.0, 30.0]]), 4), "gradient", "a word twice")
    yield Case((rng.permutation(7)[:4], rng.normal(size=(4, 3)), 8), "gradient", "every word at most once")
    near = Tolerance(operations=24, scale=8.0)                      # a sum of up to 24 terms of size about 1
    yield Case((rng.integers(0, 5, 24), rng.normal(size=(24, 3)), 7), "gradient", "many repeats", tolerance=near)
    yield Case((rng.integers(0, 4, 16)[::2], rng.normal(size=(8, 6))[:, ::2], 6), "gradient", "a view with gaps",
               tolerance=near)
    yield Case((np.zeros(0, int), np.zeros((0, 3)), 4), "edge", "no tokens")
    yield Case((np.array([1, 1, 0, 1, 1]), np.arange(10.0).reshape(5, 2), 3), "edge", "one word four times")
    yield Case((np.array([0]), np.array([[2.5]]), 1), "edge", "a table of one number")
    yield Case((np.array([0, -1]), np.ones((2, 2)), 3), "errors", "a negative id", raises=ValueError)
    yield Case((np.array([0, 3]), np.ones((2, 2)), 3), "errors", "an id that is too large", raises=ValueError)
    yield Case((np.array([0, 1]), np.ones((1, 2)), 3), "errors", "fewer gradients than tokens", raises=ValueError)


def require_gradient(ids, upstream, rows):
    ids, upstream = require_range(ids, rows), np.asarray(upstream, dtype=float)
    if len(ids) != len(upstream):
        raise ValueError("one upstream row per token")
    return ids, upstream


def gradient_overwritten(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    gradient = np.zeros((rows, upstream.shape[1]))
    gradient[ids] += upstream
    return gradient


def gradient_first_only(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    gradient = np.zeros((rows, upstream.shape[1]))
    gradient[ids[::-1]] = upstream[::-1]
    return gradient


def gradient_mean(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return gradient_by_sum(ids, upstream, rows) / np.maximum(np.bincount(ids, minlength=rows), 1)[:, None]


def gradient_over_tokens(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return gradient_by_sum(ids, upstream, rows) / max(len(ids), 1)


def gradient_of_rows(ids, upstream, rows):
    return require_gradient(ids, upstream, rows)[1].copy()


def gradient_of_seen(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return gradient_by_sum(ids, upstream, rows)[: int(ids.max(initial=-1)) + 1]


def gradient_counts(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return gradient_by_sum(ids, np.ones_like(upstream), rows)


def gradient_everywhere(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return np.tile(upstream.sum(axis=0), (rows, 1))


def gradient_unchecked(ids, upstream, rows):
    gradient = np.zeros((rows, np.shape(upstream)[1]))
    np.add.at(gradient, ids, upstream)
    return gradient


def gradient_by_sum(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return np.array([upstream[ids == word].sum(axis=0) for word in range(rows)]).reshape(rows, upstream.shape[1])


def gradient_by_product(ids, upstream, rows):
    ids, upstream = require_gradient(ids, upstream, rows)
    return one_hot_by_comparison(ids, rows).T @ upstream


def gradient_by_differences(ids, upstream, rows):
    """The loss is linear in the table, so a step of 1 from a table of zeros gives the derivative without error."""
    ids, upstream = require_gradient(ids, upstream, rows)
    gradient = np.zeros((rows, upstream.shape[1]))
    for entry in np.ndindex(gradient.shape):
        table = np.zeros(gradient.shape)
        table[entry] = 1.0
        gradient[entry] = (table[ids] * upstream).sum()
    return gradient


LOOKUP_GRADIENT = Exercise(
    id="one_hot.lookup_gradient", points=3,
    reference=reference.lookup_gradient,
    cases=gradient_cases,
    weights={"gradient": 3},
    misconceptions=[
        Misconception("lets the last occurrence win", gradient_overwritten,
                      "gradient[ids] += upstream reads each row once and writes it once, so of a repeated id only "
                      "the last addition survives. Every occurrence must be added."),
        Misconception("lets the first occurrence win", gradient_first_only,
                      "A word that occurs twice was used twice: both rows of upstream belong to it, added up."),
        Misconception("averages over the occurrences", gradient_mean,
                      "The chain rule adds the contributions of all the places where a word was used. Nothing "
                      "divides by their number."),
        Misconception("divides by the number of tokens", gradient_over_tokens,
                      "If the loss is a mean over tokens, upstream holds that factor already."),
        Misconception("returns one row per token", gradient_of_rows,
                      "A gradient has the shape of what it is taken with respect to: the table, (rows, d)."),
        Misconception("stops at the largest id", gradient_of_seen,
                      "The table has `rows` rows. Words that do not occur have gradient 0, also the last ones."),
        Misconception("counts instead of adding upstream", gradient_counts,
                      "How often a word occurs is only half of it: each occurrence brings its own row of upstream."),
        Misconception("gives every row the whole sum", gradient_everywhere,
                      "Row w collects only from the positions where ids equals w."),
        Misconception("accepts impossible input", gradient_unchecked,
                      "A negative id would add to the last rows, and one row of upstream would be used for every "
                      "token. Raise ValueError for ids outside the table, or if ids and upstream differ in length."),
    ],
    alternatives=[gradient_by_sum, gradient_by_product, gradient_by_differences],
    hints=["A word's vector was used at every position that holds the word. What does the chain rule do with several "
           "uses of one number?",
           "Start from zeros of the table's shape. Go through the positions and add that row of upstream to the row "
           "of that word.",
           "np.add.at(gradient, ids, upstream) adds for every occurrence; one_hot(ids, rows).T @ upstream does the "
           "same. Check ids and lengths first."],
)


# ------------------------------------------------------------------------------------------------------------- hashing

PRIME, OFFSET, MASK = 0x100000001B3, 0xCBF29CE484222325, (1 << 64) - 1


def fnv_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(("a",), label="one letter")
    yield Case(("king",), label="a word")
    yield Case(("".join(chr(97 + letter) for letter in rng.integers(0, 26, 12)),), label="twelve letters")
    yield Case(("",), "edge", "an empty string")
    yield Case(("Ärger",), "edge", "a letter of two bytes")
    yield Case(("東京",), "edge", "letters of three bytes")


def fnv_by(update: Callable, start: int = OFFSET, data: Callable = str.encode):
    """A hash of the FNV family with one part replaced."""
    def solve(token):
        value = start
        for byte in data(token):
            value = update(value, byte)
        return value
    return solve


def fnv_step(value, byte):
    return ((value ^ byte) * PRIME) & MASK


def fnv_by_numpy(token):
    value, prime = np.array([OFFSET], dtype=np.uint64), np.uint64(PRIME)
    for byte in np.frombuffer(token.encode("utf-8"), np.uint8).astype(np.uint64):
        value = (value ^ byte) * prime                               # an array of uint64 wraps around silently
    return value[0]


FNV1A = Exercise(
    id="one_hot.fnv1a", points=1,
    reference=reference.fnv1a,
    cases=fnv_cases,
    misconceptions=[
        Misconception("multiplies before the exclusive or", fnv_by(lambda value, byte: ((value * PRIME) & MASK) ^ byte),
                      "That is FNV-1. FNV-1a takes the byte in first, so that the multiplication spreads it."),
        Misconception("keeps more than 64 bits", fnv_by(lambda value, byte: (value ^ byte) * PRIME),
                      "Python's integers grow without end. Keep the lowest 64 bits after each multiplication."),
        Misconception("hashes letters, not bytes", fnv_by(fnv_step, data=lambda token: map(ord, token)),
                      "Ä is one letter and two bytes. Encode the word as UTF-8 first."),
        Misconception("calls Python's hash", hash,
                      "hash(token) changes with every start of Python, unlike the formula. A model trained today "
                      "could not read its own table tomorrow."),
        Misconception("starts from 0", fnv_by(fnv_step, start=0),
                      "The start value matters: from 0 a leading zero byte would leave no trace."),
        Misconception("adds the byte", fnv_by(lambda value, byte: ((value + byte) * PRIME) & MASK),
                      "The byte is combined by exclusive or, ^ in Python."),
        Misconception("reads the word backwards", fnv_by(fnv_step, data=lambda token: token.encode()[::-1]),
                      "The first byte goes in first."),
    ],
    alternatives=[fnv_by(fnv_step), fnv_by_numpy],
    hints=["Iterating over bytes gives integers. Two operations happen for each of them, in a fixed order.",
           "token.encode(\"utf-8\") gives the bytes. ^ is exclusive or. % 2**64 keeps 64 bits.",
           "value = 0xcbf29ce484222325; for every byte: value = ((value ^ byte) * 0x100000001b3) % 2**64."],
)


def hashed_counts(tokens, buckets):
    """Signed counts of a text in a fixed number of buckets, (buckets,) float64."""
    ids, signs = reference.hashed_ids(tokens, buckets, signed=True)
    return np.bincount(ids, weights=signs, minlength=buckets).astype(np.float64)   # integers, if there is no token


def hashing_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((["the", "king", "the"], 8), label="three tokens")
    yield Case((draw_text(rng, 30), 10), label="ten buckets")
    yield Case((draw_text(rng, 50), 7), label="seven buckets")
    yield Case(([], 5), "edge", "no tokens")
    yield Case((draw_text(rng, 20), 1), "edge", "one bucket")
    yield Case((["sea"] * 6, 4), "edge", "one word six times")
    yield Case((draw_text(rng, 9), 1009), "edge", "more buckets than words")


def hashing_by(bucket: Callable | None = None, sign: Callable | None = None, tokens_of: Callable = list):
    """Hashed counts with one part replaced. `bucket` gets (mixed hash, plain hash, buckets), `sign` (mixed, plain)."""
    def solve(tokens, buckets):
        counts = np.zeros(buckets)
        for token in tokens_of(tokens):
            plain = reference.fnv1a(token)
            mixed = reference._mix(plain)
            place = bucket(mixed, plain, buckets) if bucket else mixed % buckets
            counts[place] += sign(mixed, plain) if sign else (1 if mixed >> 63 else -1)
        return counts
    return solve


def hashing_presence(tokens, buckets):
    ids, signs = reference.hashed_ids(tokens, buckets, signed=True)
    counts = np.zeros(buckets)
    counts[ids] = signs
    return counts


def hashing_by_dictionary(tokens, buckets):
    totals = dict.fromkeys(range(buckets), 0)
    for token, count in Counter(tokens).items():
        value = reference._mix(reference.fnv1a(token))
        totals[value % buckets] += count if value >= 2**63 else -count
    return [totals[bucket] for bucket in range(buckets)]


HASHED_COUNTS = Exercise(
    id="one_hot.hashed_counts", points=2,
    reference=hashed_counts,
    cases=hashing_cases,
    misconceptions=[
        Misconception("leaves out the sign", hashing_by(sign=lambda mixed, plain: 1),
                      "Without signs collisions only ever add. With them, words that share a bucket cancel on "
                      "average."),
        Misconception("turns the sign round", hashing_by(sign=lambda mixed, plain: -1 if mixed >> 63 else 1),
                      "The highest bit set means +1."),
        Misconception("takes the sign from the lowest bit",
                      hashing_by(sign=lambda mixed, plain: 1 if mixed & 1 else -1),
                      "With an even number of buckets the lowest bit is the bucket's own: words that share a bucket "
                      "would share the sign, and never cancel. The highest bit is asked for."),
        Misconception("does not mix", hashing_by(bucket=lambda mixed, plain, buckets: plain % buckets,
                                                 sign=lambda mixed, plain: 1 if plain >> 63 else -1),
                      "Call mix on the hash first: the low bits of FNV-1a are the same for all anagrams."),
        Misconception("mixes for the sign only", hashing_by(bucket=lambda mixed, plain, buckets: plain % buckets),
                      "Bucket and sign both come from the mixed hash."),
        Misconception("counts every word once", hashing_by(tokens_of=lambda tokens: list(dict.fromkeys(tokens))),
                      "A word that occurs three times adds three times."),
        Misconception("overwrites the bucket", hashing_presence,
                      "Add to the bucket. Assigning forgets what was there, from this word and from others."),
    ],
    alternatives=[hashing_by(), hashing_by_dictionary],
    hints=["One pass over the tokens: each says where to add, and whether to add or to subtract.",
           "h = mix(fnv1a(token)). The remainder of h gives the bucket; whether h is at least 2**63 gives the sign.",
           "counts = np.zeros(buckets); for every token: counts[h % buckets] += 1 if h >> 63 else -1."],
)


# ---------------------------------------------------------------------------------------------------------- classifier


class BagClassifier:
    """Mean of word vectors, a linear layer, softmax; one stochastic gradient step at a time.

    The hooks below are what the misconceptions replace.
    """

    def __init__(self, words, table, weights):
        self.index = {word: row for row, word in enumerate(words)}
        self.table = np.array(table, dtype=np.float64)               # a copy: training must not reach the caller's
        self.weights = np.array(weights, dtype=np.float64)

    def known(self, tokens):
        return np.array([self.index[token] for token in tokens if token in self.index], dtype=int)

    def mean(self, ids):
        return reference.lookup(ids, self.table).sum(axis=0) / max(len(ids), 1)

    def log_probabilities(self, hidden):
        logits = hidden @ self.weights
        shifted = logits - logits.max()
        return shifted - np.log(np.exp(shifted).sum())

    def probabilities(self, tokens):
        return np.exp(self.log_probabilities(self.mean(self.known(tokens))))

    def vector(self, word):
        return self.table[self.index[word]].copy()

    def table_gradient(self, ids, upstream):
        return reference.lookup_gradient(ids, np.tile(upstream / max(len(ids), 1), (len(ids), 1)), len(self.table))

    def step(self, tokens, label, rate):
        ids = self.known(tokens)
        hidden = self.mean(ids)
        log_probabilities = self.log_probabilities(hidden)
        error = np.exp(log_probabilities)
        error[label] -= 1.0
        self.update(ids, hidden, error, rate)
        return float(-log_probabilities[label])

    def update(self, ids, hidden, error, rate):
        table_gradient = self.table_gradient(ids, self.weights @ error)
        self.weights -= rate * np.outer(hidden, error)
        self.table -= rate * table_gradient


class SumsVectors(BagClassifier):
    def mean(self, ids):
        return reference.lookup(ids, self.table).sum(axis=0)

    def table_gradient(self, ids, upstream):
        return reference.lookup_gradient(ids, np.tile(upstream, (len(ids), 1)), len(self.table))


class ForgetsDivisor(BagClassifier):
    def table_gradient(self, ids, upstream):
        return reference.lookup_gradient(ids, np.tile(upstream, (len(ids), 1)), len(self.table))


class LosesRepeats(BagClassifier):
    def table_gradient(self, ids, upstream):
        gradient = np.zeros_like(self.table)
        gradient[ids] += upstream / max(len(ids), 1)
        return gradient


class DistinctWords(BagClassifier):
    def known(self, tokens):
        return super().known(list(dict.fromkeys(tokens)))


class CountsUnknown(BagClassifier):
    """Unknown words add nothing to the sum, but are counted in the mean."""

    def known(self, tokens):
        self.tokens = len(tokens)
        return super().known(tokens)

    def mean(self, ids):
        return reference.lookup(ids, self.table).sum(axis=0) / max(self.tokens, 1)

    def table_gradient(self, ids, upstream):
        return reference.lookup_gradient(ids, np.tile(upstream / max(self.tokens, 1), (len(ids), 1)), len(self.table))


class UnknownFails(BagClassifier):
    def known(self, tokens):
        return np.array([self.index[token] for token in tokens], dtype=int)


class UsesNewWeights(BagClassifier):
    def update(self, ids, hidden, error, rate):
        self.weights -= rate * np.outer(hidden, error)
        self.table -= rate * self.table_gradient(ids, self.weights @ error)


class FreezesTable(BagClassifier):
    def table_gradient(self, ids, upstream):
        return np.zeros_like(self.table)


class ClimbsUp(BagClassifier):
    def update(self, ids, hidden, error, rate):
        super().update(ids, hidden, error, -rate)


class LossAfter(BagClassifier):
    def step(self, tokens, label, rate):
        super().step(tokens, label, rate)
        return float(-self.log_probabilities(self.mean(self.known(tokens)))[label])


class Overflows(BagClassifier):
    def log_probabilities(self, hidden):
        powers = np.exp(hidden @ self.weights)
        return np.log(powers / powers.sum())


class BinaryLoss(BagClassifier):
    def step(self, tokens, label, rate):
        return super().step(tokens, label, rate) / math.log(2)


class ByCounts:
    """No lookup at all: the text is its relative word counts, a row that multiplies the table."""

    def __init__(self, words, table, weights):
        self.words = list(words)
        self.parameters = [np.array(table, dtype=float), np.array(weights, dtype=float)]

    def shares(self, tokens):
        counts = np.array([sum(token == word for token in tokens) for word in self.words], dtype=float)
        return counts / max(counts.sum(), 1.0)

    def forward(self, shares):
        from scipy.special import log_softmax
        table, weights = self.parameters
        return log_softmax(shares @ table @ weights)

    def probabilities(self, tokens):
        return np.exp(self.forward(self.shares(tokens)))

    def vector(self, word):
        return self.parameters[0][self.words.index(word)].copy()

    def step(self, tokens, label, rate):
        shares = self.shares(tokens)
        log_probabilities = self.forward(shares)
        error = np.exp(log_probabilities) - (np.arange(len(log_probabilities)) == label)
        table, weights = self.parameters
        self.parameters = [table - rate * np.outer(shares, error @ weights.T),
                           weights - rate * np.outer(shares @ table, error)]
        return -log_probabilities[label]


class ByLoops:
    """Lists and scalars, one token after the other."""

    def __init__(self, words, table, weights):
        self.rows = {word: [float(x) for x in row] for word, row in zip(words, table)}
        self.weights = [[float(x) for x in row] for row in weights]

    def forward(self, tokens):
        known = [token for token in tokens if token in self.rows]
        hidden = [math.fsum(self.rows[token][i] for token in known) / max(len(known), 1)
                  for i in range(len(self.weights))]
        logits = [math.fsum(h * row[c] for h, row in zip(hidden, self.weights)) for c in range(len(self.weights[0]))]
        total = max(logits) + math.log(math.fsum(math.exp(x - max(logits)) for x in logits))
        return known, hidden, [x - total for x in logits]

    def probabilities(self, tokens):
        return [math.exp(x) for x in self.forward(tokens)[2]]

    def vector(self, word):
        return list(self.rows[word])

    def step(self, tokens, label, rate):
        known, hidden, logs = self.forward(tokens)
        error = [math.exp(x) - (c == label) for c, x in enumerate(logs)]
        back = [math.fsum(w * e for w, e in zip(row, error)) for row in self.weights]
        for token in known:
            self.rows[token] = [x - rate * b / len(known) for x, b in zip(self.rows[token], back)]
        self.weights = [[w - rate * h * e for w, e in zip(row, error)] for h, row in zip(hidden, self.weights)]
        return -logs[label]


def classifier_cases(rng: np.random.Generator) -> Iterator[Case]:
    # The longest chain: three steps, each a mean of 8 vectors, two products of length 4, a softmax and two updates.
    near = Tolerance(operations=128, scale=2.0)
    words, table = ["the", "king", "sea"], np.array([[0.5, 0.0], [1.0, -1.0], [-1.0, 2.0]])
    weights = np.array([[1.0, -1.0], [0.0, 2.0]])
    yield Case((words, table, weights), label="probabilities", tolerance=near,
               steps=(("probabilities", (["king"],)), ("probabilities", (["the", "sea"],))))
    yield Case((words, table, weights), label="one step", tolerance=near,
               steps=(("step", (["king", "sea"], 0, 0.5)), ("vector", ("king",)), ("vector", ("the",)),
                      ("probabilities", (["king", "sea"],))))
    yield Case((words, table, weights), label="a word three times", tolerance=near,
               steps=(("step", (["sea", "king", "sea", "sea"], 1, 1.0)), ("vector", ("sea",)),
                      ("probabilities", (["sea", "the"],))))
    many = [str(word) for word in rng.permutation(TEXT_WORDS)[:7]]
    start = (many, rng.normal(size=(7, 4)), rng.normal(size=(4, 3)))
    texts = [draw_text(rng, 8) for _ in range(3)]
    yield Case(start, label="three steps with three classes", tolerance=near,
               steps=(*(("step", (text, int(rng.integers(0, 3)), 0.3)) for text in texts),
                      ("probabilities", (texts[0],)), ("vector", (many[0],))))
    yield Case((words, table, weights), "edge", "an unknown word", tolerance=near,
               steps=(("probabilities", (["king", "unicorn"],)), ("step", (["unicorn", "sea", "sea"], 1, 0.5)),
                      ("vector", ("sea",))))
    yield Case((words, table, weights), "edge", "no known word", tolerance=near,
               steps=(("probabilities", (["unicorn"],)), ("step", ([], 1, 0.5)), ("probabilities", (["sea"],))))
    yield Case((["sea"], np.array([[3.0]]), np.array([[0.5, -0.5]])), "edge", "a table of one number", tolerance=near,
               steps=(("step", (["sea"], 1, 0.1)), ("vector", ("sea",))))
    yield Case((words, table * 1e4, weights), "stability", "logits of ±10,000", tolerance=Tolerance(128, scale=1e4),
               steps=(("probabilities", (["king"],)), ("step", (["king"], 1, 0.5)), ("vector", ("king",))))


BAG_CLASSIFIER = Exercise(
    id="one_hot.BagClassifier", points=5, probe="construct_then_call",
    reference=BagClassifier,
    cases=classifier_cases,
    weights={"values": 3},
    misconceptions=[
        Misconception("adds the vectors up", SumsVectors,
                      "The text is the mean of its vectors, so that a long text is no louder than a short one."),
        Misconception("forgets that a mean was taken", ForgetsDivisor,
                      "Each of the n vectors went into the mean with factor 1/n, so each gets 1/n of the gradient of "
                      "the mean."),
        Misconception("loses repeated words in the gradient", LosesRepeats,
                      "A word that stands three times in the text gets three shares. table[ids] -= ... writes each "
                      "row once."),
        Misconception("counts every word once", DistinctWords,
                      "The mean is over tokens: a word that occurs three times enters three times."),
        Misconception("counts unknown words in the mean", CountsUnknown,
                      "Unknown words are left out before anything is counted: n is the number of known tokens."),
        Misconception("fails on an unknown word", UnknownFails,
                      "New texts bring new words. Leave them out."),
        Misconception("goes back through the new weights", UsesNewWeights,
                      "Both gradients belong to the parameters of the forward pass. Compute both, then update both."),
        Misconception("never updates the table", FreezesTable,
                      "The word vectors are parameters too: their gradient comes back through the weights and the "
                      "mean."),
        Misconception("walks up the gradient", ClimbsUp,
                      "The gradient points to larger loss. Subtract rate · gradient."),
        Misconception("returns the loss after the step", LossAfter,
                      "step returns the loss of the parameters that it found, the ones whose gradient it takes."),
        Misconception("overflows in the softmax", Overflows,
                      "exp(10,000) is inf, and inf / inf is NaN. Subtract the largest logit first; and take the "
                      "logarithm by algebra, not of a probability that was rounded to 0."),
        Misconception("measures the loss in bits", BinaryLoss,
                      "ln is the natural logarithm: the loss is in nats."),
    ],
    alternatives=[ByCounts, ByLoops],
    hints=["Write the forward pass as one helper that returns the ids, the mean vector and the log-probabilities; "
           "both methods use it.",
           "With error = p minus a 1 at the label: the gradient of the weights is the outer product of mean vector "
           "and error; the gradient of the mean vector is weights @ error, and every known token passes on 1/n of it.",
           "log p = z - max(z) - log(sum(exp(z - max(z)))). Compute both gradients first. Then weights -= rate · "
           "outer(h, error) and np.subtract.at(table, ids, rate · (weights before the update @ error) / n)."],
)
