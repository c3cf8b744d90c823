"""The exercises of the cooccurrence chapter: from counting in a window to word vectors with neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.cooccurrence import reference
from embcourse.tfidf.reference import cosine_similarity, rank


def random_text(rng: np.random.Generator, lengths: tuple[int, ...], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Word ids and document borders; low ids are frequent, as in text."""
    chances = 1 / np.arange(1, size + 1)
    ids = rng.choice(size, sum(lengths), p=chances / chances.sum())
    return ids, np.cumsum([0, *lengths])


def random_counts(rng: np.random.Generator, words: int, contexts: int) -> np.ndarray:
    """Counts like those of text, some of them 0, every row and every column used, no row like another."""
    counts = rng.poisson(rng.uniform(0.2, 3.0, (words, 1)) * rng.uniform(0.2, 2.0, contexts))
    counts[np.arange(words), rng.integers(0, contexts, words)] += rng.integers(1, 4, words)
    counts[rng.integers(0, words, contexts), np.arange(contexts)] += rng.integers(1, 4, contexts)
    return counts


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


# ----------------------------------------------------------------------------------------------------- counting windows


def window_cases(rng: np.random.Generator) -> Iterator[Case]:
    one = np.array([0, 5])
    yield Case((np.array([0, 1, 2, 1, 3]), one, 4, 2), label="one document")
    ids, offsets = random_text(rng, (9, 14, 6), 6)
    yield Case((ids, offsets, 6, 3), label="three documents")
    yield Case((random_text(rng, (12, 8), 5)[0][::2], np.array([0, 6, 10]), 5, 1), label="a view with gaps")
    yield Case((np.array([0, 1, 2, 3, 0]), np.array([0, 2, 5]), 4, 4), label="a border inside the window")
    yield Case((np.array([1, 1, 1, 0]), np.array([0, 4]), 2, 2), "edge", "a word beside itself")
    yield Case((np.array([2, 0, 1]), np.array([0, 3]), 3, 10), "edge", "a window longer than the text")
    yield Case((np.array([0, 1, 2]), np.array([0, 1, 1, 3]), 3, 2), "edge", "an empty document")
    yield Case((np.zeros(0, int), np.array([0]), 2, 2), "edge", "no text")
    yield Case((np.array([0, 2, 0]), np.array([0, 3]), 4, 1), "edge", "words that never occur")
    yield Case((np.array([0, 1]), np.array([0, 2]), 2, 0), "errors", "a window of 0", raises=ValueError)


def counted_with(
    weight=lambda distance, window: 1.0, *, nearest=1, before=0, after=0, borders=True, left=True, same_word=True,
    once=False, checked=True,
):
    """Window counting with one part replaced."""
    def solve(ids, offsets, size, window):
        if checked and window < 1:
            raise ValueError("window must be at least 1")
        counts = np.zeros((size, size))
        ends = offsets.tolist() if borders else [0, len(ids)]
        for start, end in zip(ends[:-1], ends[1:]):
            for i in range(start, end):
                for j in range(max(start, i - window - before), min(end, i + window + after + 1)):
                    distance = abs(i - j)
                    if distance < nearest or (j < i and not left) or (i != j and ids[i] == ids[j] and not same_word):
                        continue
                    counts[ids[i], ids[j]] += weight(distance, window)
        return np.minimum(counts, 1) if once else counts
    return solve


def windows_from_the_end(ids, offsets, size, window):
    """document[i - window:i] with a negative start counts from the end of the document."""
    if window < 1:
        raise ValueError("window must be at least 1")
    counts = np.zeros((size, size))
    for start, end in zip(offsets[:-1], offsets[1:]):
        document = ids[start:end].tolist()
        for i, word in enumerate(document):
            for other in document[i - window:i] + document[i + 1:i + 1 + window]:
                counts[word, other] += 1
    return counts


def windows_by_shifts(ids, offsets, size, window, harmonic=False):
    """One shifted copy of the text for each distance."""
    if window < 1:
        raise ValueError("window must be at least 1")
    document = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    counts = np.zeros((size, size))
    for distance in range(1, min(window, len(ids)) + 1):
        together = document[:-distance] == document[distance:]
        weight = 1 / distance if harmonic else 1
        np.add.at(counts, (ids[:-distance][together], ids[distance:][together]), weight)
    return counts + counts.T


def windows_by_counter(ids, offsets, size, window):
    """A dictionary of pairs first, the matrix last."""
    if window <= 0:
        raise ValueError("window must be at least 1")
    pairs = Counter()
    for start, end in zip(offsets[:-1], offsets[1:]):
        document = [int(word) for word in ids[start:end]]
        for position, word in enumerate(document):
            before, after = document[max(0, position - window):position], document[position + 1:position + 1 + window]
            pairs.update((word, other) for other in before + after)
    counts = np.zeros((size, size), dtype=int)
    for pair, count in pairs.items():
        counts[pair] = count
    return counts


WINDOW_COUNTS = Exercise(
    id="cooccurrence.window_counts", points=2,
    reference=lambda ids, offsets, size, window: reference.cooccurrence_counts(ids, size, window, offsets=offsets),
    cases=window_cases,
    misconceptions=[
        Misconception("makes the window one too short", counted_with(before=-1, after=-1),
                      "A window of 1 reaches the words next to the centre; one of 2 reaches one further."),
        Misconception("leaves out the last position on the right", counted_with(after=-1),
                      "Python's range and slices leave out their end. To include position i + window, end at i + "
                      "window + 1."),
        Misconception("counts a negative start from the end", windows_from_the_end,
                      "Near the beginning i - window is negative, and Python reads a negative index from the end. "
                      "Start at 0 there, or at the beginning of the document."),
        Misconception("makes the window one too long", counted_with(before=1, after=1),
                      "Words at distance window are inside, words at distance window + 1 are not."),
        Misconception("crosses the border of a document", counted_with(borders=False),
                      "The last word of one document and the first of the next stand side by side in `ids` by "
                      "chance. Stop at the borders that `offsets` gives."),
        Misconception("counts the centre as its own context", counted_with(nearest=0),
                      "The position in the middle is the word whose company is counted. Leave out that position."),
        Misconception("looks to the right only", counted_with(left=False),
                      "The window reaches as far to the left as to the right, so the matrix is symmetric."),
        Misconception("leaves out a word's other occurrences", counted_with(same_word=False),
                      "Leave out the centre's position, not its word: \"very very good\" has very beside very, twice."),
        Misconception("notes presence instead of counting", counted_with(once=True),
                      "A pair that meets three times counts 3."),
        Misconception("accepts a window of 0", counted_with(checked=False),
                      "Without context there is nothing to count: raise ValueError for a window below 1."),
    ],
    alternatives=[windows_by_shifts, windows_by_counter],
    hints=["Which positions lie within `window` of position i, and in the same document?",
           "Loop over documents, then over the positions of one document. For a centre at i, contexts are the "
           "positions from i - window to i + window that lie inside the document, without i.",
           "for j in range(max(start, i - window), min(end, i + window + 1)): if j != i, add 1 to counts[ids[i], "
           "ids[j]]."],
)


# --------------------------------------------------------------------------------------------------- nearer counts more


def harmonic_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([0, 1, 2, 1, 3]), np.array([0, 5]), 4, 3), label="one document")
    ids, offsets = random_text(rng, (11, 7, 16), 6)
    yield Case((ids, offsets, 6, 4), label="three documents")
    yield Case((random_text(rng, (16, 8), 5)[0][::2], np.array([0, 8, 12]), 5, 3), label="a view with gaps")
    yield Case((np.array([1, 1, 1, 0]), np.array([0, 4]), 2, 3), "edge", "a word beside itself")
    yield Case((np.array([2, 0, 1]), np.array([0, 3]), 3, 10), "edge", "a window longer than the text")
    yield Case((np.array([0, 1, 2, 0]), np.array([0, 1, 1, 4]), 3, 2), "edge", "an empty document")
    yield Case((np.zeros(0, int), np.array([0]), 2, 2), "edge", "no text")


HARMONIC_COUNTS = Exercise(
    id="cooccurrence.harmonic_counts", points=1,
    reference=lambda ids, offsets, size, window: reference.cooccurrence_counts(
        ids, size, window, offsets=offsets, weighting="harmonic"),
    cases=harmonic_cases,
    misconceptions=[
        Misconception("gives every distance the same weight", counted_with(),
                      "That is the flat window. Here a pair at distance d adds 1 / d."),
        Misconception("lets the weight fall in a straight line",
                      counted_with(lambda d, window: (window - d + 1) / window),
                      "That is what word2vec does on average: 1, then (window - 1) / window, and so on. The harmonic "
                      "weight is 1 / d and does not depend on the window."),
        Misconception("counts distance from 0", counted_with(lambda d, window: 1 / (d + 1)),
                      "The next word is at distance 1 and adds 1 in full."),
        Misconception("divides by the window", counted_with(lambda d, window: 1 / window),
                      "Divide by the distance of this pair, not by the size of the window."),
        Misconception("crosses the border of a document", counted_with(lambda d, window: 1 / d, borders=False),
                      "Stop at the borders that `offsets` gives."),
    ],
    alternatives=[lambda ids, offsets, size, window: windows_by_shifts(ids, offsets, size, window, harmonic=True),
                  counted_with(lambda d, window: d ** -1.0)],
    hints=["One line of your last function changes.",
           "The distance of the positions i and j is abs(i - j).",
           "Add 1 / abs(i - j) where you added 1; the array must hold floats."],
)


# ------------------------------------------------------------------------------------- pointwise mutual information

# ln(a / b) may also be written ln a - ln b, and both logarithms are below 16 in size here. Sums run over at most 100
# cells.
LOGARITHM = Tolerance(operations=128, scale=16.0)


def pmi_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[4, 0], [2, 2]]),), label="two words", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 6, 6),), label="six words", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 4, 7),), label="more contexts than words", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 5, 12)[:, ::2],), label="a view with gaps", tolerance=LOGARITHM)
    yield Case((np.array([[0.5, 1.0], [2.0, 0.25]]),), label="counts with fractions", tolerance=LOGARITHM)
    yield Case((np.array([[3, 1, 0], [0, 0, 0], [1, 2, 0]]),), "edge", "a word and a context never seen",
               tolerance=LOGARITHM)
    yield Case((np.array([[7]]),), "edge", "one word, one context", tolerance=LOGARITHM)
    yield Case((np.array([[1, 2], [2, 4]]),), "edge", "everything as chance would have it", tolerance=LOGARITHM)


def pmi_from(joint, word, context, total, *, log=np.log, unseen=0.0, never=-np.inf):
    """PMI with one part replaced: joint, word, context and total are functions of the counts."""
    def solve(counts):
        counts = np.asarray(counts, dtype=float)
        rows, columns = word(counts), context(counts)
        with np.errstate(divide="ignore", invalid="ignore"):
            information = log(joint(counts) * total(counts) / (rows[:, None] * columns[None, :]))
        if unseen is not None:
            information[counts.sum(axis=1) == 0, :] = unseen
            information[:, counts.sum(axis=0) == 0] = unseen
        seen = np.outer(counts.sum(axis=1) > 0, counts.sum(axis=0) > 0)
        information[(counts == 0) & seen] = never
        return information
    return solve


def cells(counts):
    return counts


def row_sums(counts):
    return counts.sum(axis=1)


def column_sums(counts):
    return counts.sum(axis=0)


def whole_sum(counts):
    return counts.sum()


def sums_swapped(counts):
    """Row sums along columns; where that does not fit, the sums that do."""
    return counts.sum(axis=1) if counts.shape[0] == counts.shape[1] else counts.sum(axis=0)


def sums_swapped_back(counts):
    return counts.sum(axis=0) if counts.shape[0] == counts.shape[1] else counts.sum(axis=1)


def pmi_by_probabilities(counts):
    joint = counts / counts.sum()
    expected = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    result = np.zeros(joint.shape)
    possible = expected > 0
    result[possible] = np.log(joint[possible] / expected[possible])
    return result


def pmi_by_loops(counts):
    words, contexts = counts.shape
    total = float(counts.sum())
    result = np.zeros((words, contexts))
    for w in range(words):
        for c in range(contexts):
            row, column = float(counts[w].sum()), float(counts[:, c].sum())
            if row and column:
                met = float(counts[w, c])
                result[w, c] = np.log(met) + np.log(total) - np.log(row) - np.log(column) if met else -np.inf
    return result


PMI = Exercise(
    id="cooccurrence.pmi", points=2,
    reference=reference.pmi,
    cases=pmi_cases,
    misconceptions=[
        Misconception("takes the logarithm to base 2", pmi_from(cells, row_sums, column_sums, whole_sum, log=np.log2),
                      "ln is the natural logarithm, np.log: the unit is the nat. Base 2 gives bits, 1.443 times as "
                      "many."),
        Misconception("leaves out the logarithm",
                      pmi_from(cells, row_sums, column_sums, whole_sum, log=lambda ratio: ratio, never=0.0),
                      "The ratio says how many times more often than by chance. PMI is its logarithm: 0 for chance."),
        Misconception("divides by the product of raw counts",
                      pmi_from(cells, row_sums, column_sums, lambda counts: 1.0),
                      "P(w, c), P(w) and P(c) are three shares of the same total N. Two of them stand below the "
                      "line, so one N is left over above it."),
        Misconception("leaves the joint counts unnormalised",
                      pmi_from(cells, row_sums, column_sums, lambda counts: counts.sum() ** 2),
                      "P(w, c) is a probability too: divide the count of the pair by the sum of all counts."),
        Misconception("takes the number of rows for the total",
                      pmi_from(cells, row_sums, column_sums, lambda counts: len(counts)),
                      "N is the sum of all counts: how many pairs were seen. It is not the size of the vocabulary."),
        Misconception("divides by the word only",
                      pmi_from(cells, row_sums, lambda counts: np.full(counts.shape[1], counts.sum()), whole_sum),
                      "That is ln P(c | w). Frequent contexts still win everywhere; divide by P(c) as well."),
        Misconception("sums rows where columns are meant",
                      pmi_from(cells, sums_swapped_back, sums_swapped, whole_sum),
                      "P(w) belongs to a row: sum along it, axis=1. P(c) belongs to a column: axis=0."),
        Misconception("puts 0 where a pair never met", pmi_from(cells, row_sums, column_sums, whole_sum, never=0.0),
                      "ln 0 is -inf, and 0 would mean \"as often as by chance\". Cutting at 0 is the next exercise."),
        Misconception("divides zero by zero", pmi_from(cells, row_sums, column_sums, whole_sum, unseen=np.nan),
                      "A word that was never seen has P(w) = 0, and 0 / 0 is NaN. Its row is defined as 0; so is the "
                      "column of a context never seen."),
    ],
    alternatives=[pmi_by_probabilities, pmi_by_loops],
    hints=["Turn the counts into probabilities first. What must they sum to?",
           "`joint.sum(axis=1)` is P(w), `joint.sum(axis=0)` is P(c), and np.outer multiplies every pair of them.",
           "np.log(joint / np.outer(word, context)) gives -inf by itself where joint is 0. Afterwards set rows and "
           "columns whose sum is 0 to 0, as they hold NaN."],
)


# -------------------------------------------------------------------------------------------------------- positive PMI


def ppmi_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[4, 0], [2, 2]]), 1.0, 1.0), label="no smoothing, no shift", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 6, 6), 0.75, 1.0), label="smoothing", tolerance=LOGARITHM)
    yield Case((np.array([[6, 0, 1], [1, 4, 0], [0, 1, 9]]), 1.0, 1.5), label="shift", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 5, 8), 0.5, 1.3), label="both", tolerance=LOGARITHM)
    yield Case((random_counts(rng, 6, 14)[:, ::2], 0.6, 1.2), label="a view with gaps", tolerance=LOGARITHM)
    yield Case((np.array([[3, 1, 0], [0, 0, 0], [1, 2, 0]]), 0.75, 1.1), "edge", "a word and a context never seen",
               tolerance=LOGARITHM)
    yield Case((np.array([[1, 2], [2, 1]]), 1.0, 50.0), "edge", "a shift that leaves nothing", tolerance=LOGARITHM)
    yield Case((np.array([[1, 2], [2, 1]]), 0.0, 1.0), "errors", "smoothing 0", raises=ValueError)
    yield Case((np.array([[1, 2], [2, 1]]), 0.75, 0.5), "errors", "a shift below 1", raises=ValueError)


def shares(weights):
    return weights / weights.sum()


def ppmi_with(joint=lambda j, a: j, word=lambda w, a: w, context=lambda c, a: shares(c ** a), shift=np.log, *,
              clip_first=False, clip=True, checked=True):
    """PPMI with one part replaced."""
    def solve(counts, smoothing, shift_by):
        if checked and not (0 < smoothing <= 1 and shift_by >= 1):
            raise ValueError("smoothing must lie in (0, 1] and shift must be at least 1")
        pairs = shares(np.asarray(counts, dtype=float))
        below = np.outer(word(pairs.sum(axis=1), smoothing), context(pairs.sum(axis=0), smoothing))
        with np.errstate(divide="ignore", invalid="ignore"):
            information = np.nan_to_num(np.log(joint(pairs, smoothing) / below), nan=0.0, neginf=-np.inf)
        if clip_first:
            return np.maximum(information, 0) - shift(shift_by)
        information = information - shift(shift_by)
        return np.maximum(information, 0) if clip else information
    return solve


def ppmi_old_total(counts, smoothing, shift):
    total = counts.sum()
    return ppmi_with(context=lambda c, a: (c * total) ** a / total)(counts, smoothing, shift)


def ppmi_by_loops(counts, smoothing, shift):
    if smoothing <= 0 or smoothing > 1:
        raise ValueError(f"smoothing {smoothing}")
    if shift < 1:
        raise ValueError(f"shift {shift}")
    total = float(counts.sum())
    columns = [float(column.sum()) ** smoothing for column in counts.T]
    result = np.zeros(counts.shape)
    for w, row in enumerate(counts.tolist()):
        for c, met in enumerate(row):
            if met:
                chance = sum(row) / total * columns[c] / sum(columns)
                result[w, c] = max(0.0, float(np.log(met / total / chance)) - float(np.log(shift)))
    return result


def ppmi_of_ratio(counts, smoothing, shift):
    """max(0, ln x) is ln max(1, x), so nothing infinite arises."""
    if not 0 < smoothing <= 1 or not shift >= 1:
        raise ValueError("smoothing or shift out of range")
    heavy = counts.sum(axis=0) ** smoothing
    chance = np.outer(counts.sum(axis=1), heavy) / heavy.sum()
    ratio = np.divide(counts, chance * shift, out=np.ones(counts.shape), where=chance > 0)
    return np.log(np.maximum(ratio, 1))


PPMI = Exercise(
    id="cooccurrence.ppmi", points=3,
    reference=lambda counts, smoothing, shift: reference.ppmi(counts, smoothing=smoothing, shift=shift),
    cases=ppmi_cases,
    misconceptions=[
        Misconception("smooths the pairs", ppmi_with(joint=lambda j, a: shares(j ** a), context=lambda c, a: c),
                      "The exponent goes on the frequencies of the contexts, P(c), and on nothing else."),
        Misconception("smooths the word instead of the context",
                      ppmi_with(word=lambda w, a: shares(w ** a), context=lambda c, a: c),
                      "The exponent goes on P(c), the columns. P(w) stays as it is: a constant factor per row would "
                      "not change which contexts stand out."),
        Misconception("smooths word and context", ppmi_with(word=lambda w, a: shares(w ** a)),
                      "Only P(c) is smoothed."),
        Misconception("does not normalise after the exponent", ppmi_with(context=lambda c, a: c ** a),
                      "Probabilities raised to a power no longer sum to 1. Divide by their new sum."),
        Misconception("divides by the old total after the exponent", ppmi_old_total,
                      "The smoothed shares must sum to 1: divide the powers by the sum of the powers, not by the sum "
                      "of the counts."),
        Misconception("does not smooth", ppmi_with(context=lambda c, a: c),
                      "Raise the column sums to the power `smoothing` before you turn them into shares."),
        Misconception("subtracts k instead of ln k", ppmi_with(shift=lambda k: k if k > 1 else 0.0),
                      "PMI is a logarithm, and so is the shift: k times too rare means ln k less."),
        Misconception("does not shift", ppmi_with(shift=lambda k: 0.0),
                      "Subtract ln(shift) from PMI before you cut at 0."),
        Misconception("cuts at 0 before the shift", ppmi_with(clip_first=True),
                      "Then unrelated pairs come out at -ln k. Shift first, cut last: nothing may be below 0."),
        Misconception("does not cut at 0", ppmi_with(clip=False),
                      "Positive PMI: what is below 0 becomes 0, pairs that never met too."),
        Misconception("accepts impossible parameters", ppmi_with(checked=False),
                      "Smoothing must lie above 0 and at most at 1, the shift at least at 1: raise ValueError "
                      "otherwise."),
    ],
    alternatives=[ppmi_by_loops, ppmi_of_ratio],
    hints=["Only P(c) differs from your last function; the shift and the cut come after the logarithm.",
           "Column sums to the power `smoothing`, divided by the sum of those powers, are the smoothed P(c).",
           "information = np.log(joint / np.outer(word, context)) - np.log(shift); set NaN to 0; return "
           "np.maximum(information, 0). Check smoothing and shift at the top."],
)


# -------------------------------------------------------------------------------------------------------- truncated SVD


def with_singular_values(rng: np.random.Generator, rows: int, columns: int, values: list[float]) -> np.ndarray:
    """A random matrix with the given singular values: far enough apart that rounding can't swap two directions."""
    left = np.linalg.qr(rng.normal(size=(rows, len(values))))[0]
    right = np.linalg.qr(rng.normal(size=(columns, len(values))))[0]
    return (left * values) @ right.T


def svd_case(matrix, dim, power, aspect="values", label=""):
    # An entry is a sum of `dim` products; the directions inherit the rounding of the factorisation, which is that of a
    # sum along a row, times the largest singular value over the gap to the next, below 8 in every case here.
    largest = float(np.linalg.norm(matrix, 2))
    return Case((matrix, dim, power), aspect, label,
                tolerance=Tolerance(operations=8.0 * (dim + max(matrix.shape)), scale=max(largest ** (2 * power), 1.0)))


def svd_cases(rng: np.random.Generator) -> Iterator[Case]:
    values = [8.0, 5.0, 3.0, 1.5, 0.5]
    yield svd_case(np.array([[3.0, 0.0], [4.0, 5.0]]), 1, 1.0, label="two words, one dimension")
    yield svd_case(with_singular_values(rng, 7, 7, values), 3, 1.0, label="p = 1")
    yield svd_case(with_singular_values(rng, 7, 7, values), 2, 0.5, label="p = 0.5")
    yield svd_case(with_singular_values(rng, 5, 9, values), 3, 0.0, label="p = 0, more contexts than words")
    yield svd_case(with_singular_values(rng, 9, 6, values), 4, 0.25, label="p = 0.25, more words than contexts")
    yield svd_case(with_singular_values(rng, 6, 16, values)[:, ::2], 1, 0.5, label="a view with gaps")
    yield svd_case(with_singular_values(rng, 6, 6, values), 5, 1.0, "edge", "as many dimensions as there are")
    yield svd_case(np.array([[1.0, 2.0], [2.0, 4.0]]), 2, 0.0, "edge", "more dimensions than the matrix has, p = 0")
    yield svd_case(np.array([[-2.0]]), 1, 0.5, "edge", "one word")


def svd_reference(matrix, dim, power):
    vectors = reference.truncated_svd(matrix, dim, eigenvalue_power=power)
    return vectors @ vectors.T


def svd_with(choose):
    """The dot products of the rows that `choose` makes of U, S, V^T, dim and power."""
    def solve(matrix, dim, power):
        left, singular, right = np.linalg.svd(matrix, full_matrices=False)
        vectors = choose(left, np.where(singular <= 1e-6 * singular[0], 0.0, singular), right, dim, power)
        return vectors @ vectors.T
    return solve


def powers(singular, power):
    return np.where(singular > 0, np.maximum(singular, 1e-300) ** power, 0.0)


def svd_centred(matrix, dim, power):
    return svd_with(lambda u, s, v, d, p: u[:, :d] * powers(s[:d], p))(matrix - matrix.mean(axis=0), dim, power)


def svd_keeps_noise(matrix, dim, power):
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    vectors = left[:, :dim] * singular[:dim] ** power
    return vectors @ vectors.T


def svd_by_eigenvalues(matrix, dim, power):
    """The eigenvectors of M M^T are U, its eigenvalues the squared singular values."""
    values, vectors = np.linalg.eigh(matrix @ matrix.T)
    result = np.zeros((len(matrix), len(matrix)))
    for i in np.argsort(-values)[:dim]:
        if values[i] > 1e-12 * values.max():
            result += values[i] ** power * np.outer(vectors[:, i], vectors[:, i])
    return result


def svd_by_scipy(matrix, dim, power):
    from scipy.linalg import svd
    left, singular, _ = svd(matrix, lapack_driver="gesvd")
    kept = [i for i in range(dim) if singular[i] > 1e-6 * singular[0]]
    scaled = np.stack([left[:, i] * singular[i] ** power for i in kept], axis=1)
    return np.einsum("id,jd->ij", scaled, scaled)


SVD_DOT_PRODUCTS = Exercise(
    id="cooccurrence.svd_dot_products", points=2,
    reference=svd_reference,
    cases=svd_cases,
    misconceptions=[
        Misconception("describes the contexts instead of the words",
                      svd_with(lambda u, s, v, d, p: v.T[:, :d] * powers(s[:d], p)),
                      "The rows of U belong to the rows of the matrix, the words. V belongs to the columns."),
        Misconception("keeps every dimension", svd_with(lambda u, s, v, d, p: u * powers(s, p)),
                      "Keep the first `dim` columns of U and the first `dim` singular values."),
        Misconception("keeps the smallest singular values",
                      svd_with(lambda u, s, v, d, p: u[:, ::-1][:, :d] * powers(s[::-1][:d], p)),
                      "The largest singular values carry most of the matrix. np.linalg.svd returns them largest "
                      "first, np.linalg.eigh and scipy's svds smallest first."),
        Misconception("ignores the power", svd_with(lambda u, s, v, d, p: u[:, :d] * s[:d]),
                      "Raise the singular values to the power p before you scale the columns of U."),
        Misconception("leaves out the singular values", svd_with(lambda u, s, v, d, p: u[:, :d] * (s[:d] > 0)),
                      "That is p = 0 always. Scale column i of U by the i-th singular value to the power p."),
        Misconception("applies the power once instead of to both vectors",
                      svd_with(lambda u, s, v, d, p: u[:, :d] * powers(s[:d], p / 2)),
                      "A dot product has two vectors, each scaled by the power p: together 2p."),
        Misconception("subtracts the mean first", svd_centred,
                      "That is principal component analysis. Here the matrix is factored as it is; centring would "
                      "also fill its zeros."),
        Misconception("keeps directions that are only rounding", svd_keeps_noise,
                      "A singular value of 1e-16 is 0, and 1e-16 to the power 0 is 1: noise at full length. Set "
                      "those columns to 0."),
    ],
    alternatives=[svd_by_eigenvalues, svd_by_scipy],
    hints=["np.linalg.svd(matrix, full_matrices=False) returns U, the singular values and V transposed. Which of the "
           "three describes words?",
           "Cut U to its first `dim` columns. Multiplying it by a vector of `dim` numbers scales its columns.",
           "vectors = U[:, :dim] * S[:dim] ** p, with 0 where S is at most 1e-6 * S[0]; return vectors @ vectors.T."],
)


# ----------------------------------------------------------------------------------------------------------- neighbours


def neighbour_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[1.0, 0.0], [4.0, 3.0], [3.0, 4.0], [0.0, 2.0]]), 0, 2), label="four words")
    vectors = rng.normal(size=(12, 5)) * rng.uniform(0.2, 5.0, (12, 1))
    yield Case((vectors, 7, 5), label="twelve words")
    spread = rng.normal(size=(9, 8)) * rng.uniform(0.2, 5.0, (9, 1))
    yield Case((spread[:, ::2], 2, 4), label="a view with gaps")
    yield Case((np.array([[1.0, 2.0], [3.0, 1.0], [1.0, 2.0], [1.0, 2.0]]), 2, 3), "edge", "equal vectors")
    yield Case((np.array([[2.0, 0.0], [0.0, 3.0], [0.0, -1.0], [0.0, 4.0], [1.0, 0.1]]), 0, 4), "edge", "equal cosines")
    yield Case((np.array([[2.0, 1.0], [0.0, 0.0], [-1.0, 0.0], [1.0, 1.0]]), 0, 3), "edge", "a vector of zeros")
    yield Case((np.array([[2.0, 1.0], [1.0, 1.0]]), 1, 5), "edge", "fewer words than asked for")
    yield Case((np.array([[2.0, 1.0]]), 0, 3), "edge", "one word")


def neighbours(vectors, word, k):
    """The reference: ids of the k nearest words, ties by id, the word itself left out."""
    order = rank(cosine_similarity(vectors[[word]], vectors).round(9))[0]
    return [int(other) for other in order if other != word][:k]


def neighbours_by(scores, *, drop=lambda order, word: order[order != word],
                  sort=lambda s: np.argsort(-s, kind="stable")):
    """Neighbours with one part replaced."""
    def solve(vectors, word, k):
        return drop(sort(scores(vectors, word)), word)[:k].tolist()
    return solve


def cosines(vectors, word):
    return (unit_rows(vectors) @ unit_rows(vectors)[word]).round(9)


def undefined_cosines(vectors, word):
    lengths = np.linalg.norm(vectors, axis=1)
    with np.errstate(invalid="ignore"):
        return (vectors @ vectors[word] / (lengths * lengths[word])).round(9)


def neighbours_by_sorted(vectors, word, k):
    def cosine(other):
        lengths = float(np.sqrt(vectors[other] @ vectors[other])) * float(np.sqrt(vectors[word] @ vectors[word]))
        return round(float(vectors[other] @ vectors[word]) / lengths, 9) if lengths else 0.0
    others = [other for other in range(len(vectors)) if other != word]
    return sorted(others, key=lambda other: (-cosine(other), other))[:k]


def neighbours_by_lexsort(vectors, word, k):
    scores = cosines(vectors, word)
    scores[word] = -np.inf
    return np.lexsort((np.arange(len(scores)), -scores))[:min(k, len(scores) - 1)]


NEIGHBOURS = Exercise(
    id="cooccurrence.neighbours", points=2,
    reference=neighbours,
    cases=neighbour_cases,
    misconceptions=[
        Misconception("returns the word itself", neighbours_by(cosines, drop=lambda order, word: order),
                      "Every word is its own best match. Leave it out."),
        Misconception("drops the first result instead of the word",
                      neighbours_by(cosines, drop=lambda order, word: order[1:]),
                      "Another word may have the same direction and a lower id; then it stands first. Leave out the "
                      "word by its id."),
        Misconception("ranks by dot product", neighbours_by(lambda v, w: (v @ v[w]).round(9)),
                      "Long vectors, those of frequent words, win every dot product. Divide by both lengths."),
        Misconception("ranks by distance", neighbours_by(lambda v, w: -np.linalg.norm(v - v[w], axis=1).round(9)),
                      "Euclidean distance punishes a vector for its length. The cosine looks at directions only."),
        Misconception("puts the farthest first", neighbours_by(cosines, sort=lambda s: np.argsort(s, kind="stable")),
                      "np.argsort sorts ascending. The highest cosine must come first."),
        Misconception("reverses an ascending sort",
                      neighbours_by(cosines, sort=lambda s: np.argsort(s, kind="stable")[::-1]),
                      "Reversing puts equal cosines in reverse order too. Sort the negated cosines with "
                      "kind=\"stable\"."),
        Misconception("divides by the length of a zero vector", neighbours_by(undefined_cosines),
                      "A vector of zeros has no direction; its cosine with everything is 0, not NaN."),
    ],
    alternatives=[neighbours_by_sorted, neighbours_by_lexsort],
    hints=["Make every row a unit vector; then one matrix product gives all cosines.",
           "Round the cosines to 9 decimals, sort their negatives with kind=\"stable\", and leave out the word's own "
           "id.",
           "order = np.argsort(-cosines, kind=\"stable\"); return order[order != word][:k]. For a row of zeros "
           "divide by 1."],
)


# -------------------------------------------------------------------------------------------------------------- analogy


def analogy_cases(rng: np.random.Generator) -> Iterator[Case]:
    kings = np.array([[1.0, 0.2, 0.1], [1.0, 1.1, 0.1], [1.0, 0.2, 2.0], [1.0, 1.5, 2.0], [0.3, -1.0, 1.0]])
    yield Case((kings, 0, 1, 2, 2), label="man, woman, king")
    vectors = rng.normal(size=(15, 6)) * rng.uniform(0.2, 5.0, (15, 1))
    yield Case((vectors, 3, 8, 11, 5), label="fifteen words")
    spread = rng.normal(size=(10, 10)) * rng.uniform(0.2, 5.0, (10, 1))
    yield Case((spread[:, ::2], 1, 0, 7, 4), label="a view with gaps")
    yield Case((np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [0.0, 3.0], [0.0, 2.0]]), 0, 1, 2, 2), "edge",
               "equal cosines")
    yield Case((np.array([[1.0, 0.5], [0.5, 1.0], [0.0, 1.0], [0.0, 0.0], [-1.0, -2.0]]), 0, 1, 2, 2), "edge",
               "a vector of zeros")
    yield Case((np.array([[1.0, 0.5], [0.5, 1.0], [0.0, 1.0], [1.0, 2.0]]), 0, 1, 2, 9), "edge",
               "fewer words than asked for")


def analogy(vectors, a, b, c, k):
    """The reference: 3CosAdd on unit vectors, the three inputs left out, ties by id."""
    units = unit_rows(vectors)
    order = rank(cosine_similarity((units[b] - units[a] + units[c])[None, :], units).round(9))[0]
    return [int(word) for word in order if word not in (a, b, c)][:k]


def analogy_with(prepare=unit_rows, combine=lambda a, b, c: b - a + c, *, compare=unit_rows, without=("a", "b", "c"),
                 best_first=True):
    """3CosAdd with one part replaced."""
    def solve(vectors, a, b, c, k):
        rows = prepare(vectors)
        target = combine(rows[a], rows[b], rows[c])
        scores = (compare(vectors) @ (target / np.linalg.norm(target))).round(9)
        order = np.argsort(-scores if best_first else scores, kind="stable").tolist()
        barred = [{"a": a, "b": b, "c": c}[name] for name in without]
        return [word for word in order if word not in barred][:k]
    return solve


def analogy_by_sum_of_cosines(vectors, a, b, c, k):
    """cos(d, b) - cos(d, a) + cos(d, c), over the length of the sum: no target vector is formed."""
    units = unit_rows(vectors)
    between = units @ units.T
    squared = (3 - 2 * between[a, b] - 2 * between[a, c] + 2 * between[b, c])
    scores = ((between[b] - between[a] + between[c]) / np.sqrt(squared)).round(9)
    scores[[a, b, c]] = -np.inf
    return np.argsort(-scores, kind="stable")[:min(k, len(vectors) - 3)].tolist()


def analogy_by_gensim_order(vectors, a, b, c, k):
    """A mean of signed unit vectors, as gensim's most_similar; its length plays no role."""
    units = unit_rows(np.asarray(vectors))
    target = np.mean([units[b], units[c], -units[a]], axis=0)
    cosine = np.round(units @ (target / np.sqrt(target @ target)), 9)
    return [word for word in sorted(range(len(units)), key=lambda w: (-cosine[w], w)) if word not in {a, b, c}][:k]


ANALOGY = Exercise(
    id="cooccurrence.analogy", points=2,
    reference=analogy,
    cases=analogy_cases,
    misconceptions=[
        Misconception("lets the inputs answer", analogy_with(without=()),
                      "b - a + c is nearly always closest to b or c themselves. The three inputs are left out by "
                      "definition; the chapter shows what happens if they are not."),
        Misconception("leaves out c only", analogy_with(without=("c",)),
                      "All three inputs are left out: a, b and c."),
        Misconception("adds vectors of different lengths", analogy_with(prepare=lambda v: v),
                      "A frequent word has a long vector and would decide the sum. Scale all vectors to length 1 "
                      "first."),
        Misconception("subtracts the wrong word", analogy_with(combine=lambda a, b, c: a - b + c),
                      "\"a is to b as c is to ?\" means: go from a to b, then take the same step from c: c + (b - a)."),
        Misconception("adds all three", analogy_with(combine=lambda a, b, c: a + b + c),
                      "The word a is taken away: b - a + c."),
        Misconception("ranks by dot product", analogy_with(compare=lambda v: v),
                      "The candidates are compared by cosine: they need length 1 too."),
        Misconception("puts the worst first", analogy_with(best_first=False),
                      "The highest cosine comes first."),
    ],
    alternatives=[analogy_by_sum_of_cosines, analogy_by_gensim_order],
    hints=["Which step leads from a to b? Take it from c.",
           "Unit vectors first, then target = b - a + c, then cosines as in the last exercise. Which words are left "
           "out?",
           "order = np.argsort(-cosines, kind=\"stable\"), cosines rounded to 9 decimals; keep the ids that are not "
           "in (a, b, c), and the first k of those."],
)


# --------------------------------------------------------------------------------------------------- a working system


class WordVectors:
    """Counts, smoothed PPMI, truncated SVD, neighbours: the reference for the last exercise."""

    smoothing, power, decimals, borders, include_self = 0.75, 0.5, 6, True, False

    def __init__(self, documents, window, dim):
        self.words = sorted({word for document in documents for word in document})
        self.row = {word: i for i, word in enumerate(self.words)}
        offsets = np.cumsum([0, *map(len, documents)]) if self.borders else None
        ids = np.array([self.row[word] for document in documents for word in document], dtype=int)
        counts = reference.cooccurrence_counts(ids, len(self.words), window, offsets=offsets)
        self.vectors = reference.truncated_svd(self.weigh(counts), self.kept(dim), eigenvalue_power=self.power)

    def weigh(self, counts):
        return reference.ppmi(counts, smoothing=self.smoothing)

    def kept(self, dim):
        return dim

    def similarity(self, a, b):
        one, other = self.vectors[[self.row[a]]], self.vectors[[self.row[b]]]
        return round(float(cosine_similarity(one, other)[0, 0]), self.decimals)

    def neighbours(self, word, k):
        row = self.row[word]
        scores = cosine_similarity(self.vectors[[row]], self.vectors).round(self.decimals)
        order = [i for i in rank(scores)[0] if self.include_self or i != row]
        return [[self.words[i], float(scores[0, i])] for i in order[:k]]


class RawCounts(WordVectors):
    def weigh(self, counts):
        return counts


class UnsmoothedPpmi(WordVectors):
    smoothing = 1.0


class FullSingularValues(WordVectors):
    power = 1.0


class NoSingularValues(WordVectors):
    power = 0.0


class OneLongText(WordVectors):
    borders = False


class NotCut(WordVectors):
    def kept(self, dim):
        return len(self.words)


class OwnNeighbour(WordVectors):
    include_self = True


class SilentAboutUnknown(WordVectors):
    def similarity(self, a, b):
        return super().similarity(a, b) if a in self.row and b in self.row else 0.0

    def neighbours(self, word, k):
        return super().neighbours(word, k) if word in self.row else []


class DictionaryVectors:
    """Dictionaries for the counts, eigenvectors of P P^T for the factors."""

    def __init__(self, documents, window, dim):
        pairs = Counter()
        for document in documents:
            for i, word in enumerate(document):
                for other in document[i + 1:i + 1 + window]:
                    pairs[word, other] += 1
                    pairs[other, word] += 1
        self.words = sorted(set().union(*documents))
        total = Counter()
        for (word, _), count in pairs.items():
            total[word] += count
        smoothed = sum(count ** 0.75 for count in total.values())
        weights = np.zeros((len(self.words), len(self.words)))
        for (word, other), count in pairs.items():
            ratio = count / total[word] / (total[other] ** 0.75 / smoothed)
            weights[self.words.index(word), self.words.index(other)] = max(0.0, float(np.log(ratio)))
        squares, directions = np.linalg.eigh(weights @ weights.T)
        largest = np.argsort(-squares)[:dim]
        vectors = directions[:, largest] * squares[largest] ** 0.25
        self.units = unit_rows(vectors)

    def similarity(self, a, b):
        if a not in self.words or b not in self.words:
            raise KeyError(a, b)
        return round(float(self.units[self.words.index(a)] @ self.units[self.words.index(b)]), 6)

    def neighbours(self, word, k):
        if word not in self.words:
            raise KeyError(word)
        scored = [(other, self.similarity(word, other)) for other in self.words if other != word]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]


class LibraryVectors:
    """The package's own fast path: sparse matrices and ARPACK."""

    def __init__(self, documents, window, dim):
        from embcourse.cooccurrence import fast
        from embcourse.text import Vocabulary
        from embcourse.vectors import Embeddings
        vocabulary = Vocabulary(sorted({word for document in documents for word in document}))
        encoded = vocabulary.encode_documents(documents)
        counts = fast.cooccurrence_counts(encoded.ids, len(vocabulary), window, offsets=encoded.offsets)
        weights = fast.ppmi(counts, smoothing=0.75)
        self.vectors = Embeddings(vocabulary, fast.truncated_svd(weights, dim, eigenvalue_power=0.5))

    def similarity(self, a, b):
        return round(self.vectors.similarity(a, b), 6)

    def neighbours(self, word, k):
        everyone = self.vectors.neighbours(word, k=len(self.vectors))
        best = sorted((-round(score, 6), token) for token, score in everyone)
        return [[token, -score] for score, token in best[:k]]


KINDS = {
    "animals": ("cat dog mouse horse".split(), "eats sleeps runs drinks".split()),
    "rulers": ("king queen prince duke".split(), "rules reigns commands speaks".split()),
    "places": ("city river field house".split(), "lies stands stretches looks".split()),
}


def draw_documents(rng: np.random.Generator, count: int) -> list[list[str]]:
    """Sentences of three kinds: "the king rules", "the cat sleeps and the cat eats" ..."""
    documents = []
    for kind in rng.choice(list(KINDS), count):
        nouns, verbs = KINDS[kind]
        noun, first, second = rng.choice(nouns), *rng.choice(verbs, 2)
        documents.append(["the", str(noun), str(first)]
                         + (["and", "the", str(rng.choice(nouns)), str(second)] if rng.random() < 0.5 else []))
    return documents


def well_posed(documents: list[list[str]], window: int, dim: int) -> bool:
    """Whether rounding can't decide the answer: a gap after the last singular value kept, and no vector near zero.

    Where two singular values are equal, either direction is right; a vector of length 1e-17 has any direction.
    """
    vectors = WordVectors(documents, window, len({word for document in documents for word in document})).vectors
    singular = (vectors ** 2).sum(axis=0)                         # columns of U S^(1/2) have squared norm S
    lengths = np.linalg.norm(vectors[:, :dim], axis=1)
    return bool(singular[dim - 1] > 1.02 * singular[dim] and singular[dim] > 1e-3 and lengths.min() > 0.05)


# Results are rounded to 6 decimals, so two right answers may differ by 1e-6 where a rounding border lies between them.
SIX_DECIMALS = Tolerance(operations=64, scale=1e7)


def word_vectors_cases(rng: np.random.Generator) -> Iterator[Case]:
    small = [["the", "cat", "eats"], ["the", "dog", "eats"], ["a", "cat", "sleeps"], ["the", "king", "rules"],
             ["a", "queen", "rules", "the", "land"], ["king", "of", "the", "land"]]
    yield Case((small, 2, 3), label="six sentences", tolerance=SIX_DECIMALS,
               steps=(("similarity", ("king", "queen")), ("neighbours", ("cat", 3))))
    documents = draw_documents(rng, 60)
    while not well_posed(documents, 3, 4):
        documents = draw_documents(rng, 60)
    asked = [documents[0][1], documents[1][2]]
    yield Case((documents, 3, 4), label="sixty sentences", tolerance=SIX_DECIMALS,
               steps=(("neighbours", (asked[0], 6)), ("similarity", tuple(asked)), ("neighbours", (asked[1], 4))))
    yield Case((small, 2, 3), "edge", "more neighbours than words", tolerance=SIX_DECIMALS,
               steps=(("neighbours", ("land", 50)),))
    yield Case((small, 2, 3), "edge", "a word with itself", tolerance=SIX_DECIMALS,
               steps=(("similarity", ("of", "of")),))
    yield Case((small, 2, 3), "errors", "a word never seen", raises=KeyError, steps=(("neighbours", ("unicorn", 2)),))
    yield Case((small, 2, 3), "errors", "a pair with a word never seen", raises=KeyError,
               steps=(("similarity", ("king", "unicorn")),))


WORD_VECTORS = Exercise(
    id="cooccurrence.WordVectors", points=4, probe="construct_then_call",
    reference=WordVectors,
    cases=word_vectors_cases,
    misconceptions=[
        Misconception("factors raw counts", RawCounts,
                      "Without PPMI the word \"the\" decides every vector. Weight the counts first."),
        Misconception("does not smooth the contexts", UnsmoothedPpmi,
                      "Use your ppmi with smoothing 0.75 and shift 1."),
        Misconception("scales by full singular values", FullSingularValues,
                      "The power p is 1/2 here: multiply the columns of U by the square roots of the singular values."),
        Misconception("leaves out the singular values", NoSingularValues,
                      "The power p is 1/2 here: multiply the columns of U by the square roots of the singular values."),
        Misconception("joins the documents into one text", OneLongText,
                      "A window must not reach from one document into the next. Pass the borders on."),
        Misconception("keeps every dimension", NotCut,
                      "Keep the `dim` largest singular values. What is cut away is where words differ by accident."),
        Misconception("returns the word itself", OwnNeighbour,
                      "Leave the word that was asked for out of its neighbours."),
        Misconception("answers for a word that it has not seen", SilentAboutUnknown,
                      "There is no vector for such a word, and 0 or an empty list would look like a finding: raise "
                      "KeyError."),
    ],
    alternatives=[DictionaryVectors, LibraryVectors],
    hints=["You have written every part. In the constructor: words to ids, counts, PPMI, vectors.",
           "Sort the distinct words, so that equal cosines come in alphabetical order. The borders of the documents "
           "are the running sum of their lengths, with a 0 in front.",
           "vectors = U[:, :dim] * S[:dim] ** 0.5 from np.linalg.svd of ppmi(counts, 0.75, 1). Store the vectors and "
           "a dictionary from word to row; a dictionary raises KeyError by itself. Round cosines to 6 decimals "
           "before sorting."],
)
