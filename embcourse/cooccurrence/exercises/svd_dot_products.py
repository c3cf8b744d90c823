"""The exercise `cooccurrence.svd_dot_products`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance

ROUNDING = 1e-6  # of the largest singular value: what is at most that is rounding


def with_singular_values(
    rng: np.random.Generator, rows: int, columns: int, values: np.ndarray
) -> np.ndarray:
    """A random matrix with the given singular values."""
    left = np.linalg.qr(rng.normal(size=(rows, len(values))))[0]
    right = np.linalg.qr(rng.normal(size=(columns, len(values))))[0]
    return (left * values) @ right.T


def falling(rng: np.random.Generator, count: int) -> np.ndarray:
    """Singular values far enough apart that rounding can't swap two directions, none of them 1."""
    return rng.uniform(6.0, 9.0) * np.cumprod([1.0, *rng.uniform(0.55, 0.7, count - 1)])


def svd_case(matrix, dim, power, aspect="values", label="", condition=32.0):
    # An entry is a sum of `dim` products; the directions inherit the rounding of the factorisation,
    # which is that of a sum along a row, times the largest singular value over the gap to the next:
    # `condition`.
    largest = float(np.linalg.norm(matrix, 2))
    return Case(
        (matrix, dim, power),
        aspect,
        label,
        tolerance=Tolerance(
            operations=8.0 * (dim + max(matrix.shape)),
            scale=max(largest ** (2 * power), 1.0) * condition,
        ),
    )


def svd_cases(rng: np.random.Generator) -> Iterator[Case]:
    def drawn(rows, columns, count=5):
        return with_singular_values(rng, rows, columns, falling(rng, count))

    small = np.array([[3.0, 0.0], [4.0, 5.0]]) * int(rng.integers(1, 9)) * rng.choice([1, -1], 2)
    yield svd_case(small[:, :: rng.choice([1, -1])], 1, 1.0, label="two words in one dimension")
    yield svd_case(drawn(7, 7), int(rng.integers(2, 5)), 1.0, label="p = 1")
    yield svd_case(drawn(7, 7), int(rng.integers(2, 4)), 0.5, label="p = 0.5")
    yield svd_case(
        drawn(6, 9), int(rng.integers(2, 5)), 0.0, label="p = 0 with more contexts than words"
    )
    yield svd_case(
        drawn(9, 6),
        int(rng.integers(2, 5)),
        round(float(rng.uniform(0.15, 0.35)), 2),
        label="more words than contexts",
    )
    yield svd_case(drawn(5, 6), 2, round(float(rng.uniform(1.2, 1.8)), 2), label="p above 1")
    yield svd_case(drawn(6, 16)[:, ::2], 1, 0.5, label="a view with gaps")
    yield svd_case(drawn(6, 6), 5, 1.0, "edge", "as many dimensions as there are")
    first, other = (rng.integers(1, 5, size) for size in (3, 4))
    yield svd_case(
        np.outer(first, other).astype(float), 2, 0.0, "edge", "more dimensions than the matrix has"
    )
    tiny = 10.0 ** rng.uniform(-9.0, -6.3)
    values = np.array([rng.uniform(80, 120), rng.uniform(20, 40)])
    yield svd_case(
        with_singular_values(rng, 5, 6, np.append(values, values[0] * tiny)),
        3,
        0.0,
        "edge",
        "a singular value below a millionth",
    )
    little = 10.0 ** rng.uniform(-5.6, -5.2)
    values = np.array([rng.uniform(0.8, 1.2), rng.uniform(0.2, 0.4), little]) * 2e-4
    yield svd_case(
        with_singular_values(rng, 5, 6, values),
        3,
        round(float(rng.uniform(0.2, 0.3)), 2),
        "edge",
        "a singular value just above a millionth",
        condition=1e7,
    )
    yield svd_case(np.array([[-float(rng.integers(2, 9))]]), 1, 0.5, "edge", "one word")
    yield svd_case(rng.uniform(-3, 3, (1, 4)), 1, 1.0, "edge", "one word with several contexts")
    yield svd_case(rng.uniform(1, 3, (4, 1)), 1, 0.5, "edge", "several words with one context")


def svd_with(
    *,
    prepare=lambda matrix: matrix,
    side=lambda left, right: left,
    order=lambda array: array,
    floor=lambda singular: ROUNDING * singular[0],
    kept=lambda dim: dim,
    power=lambda singular, power: singular**power,
    finish=lambda vectors: vectors,
):
    """Dot products of the rows of U_d S_d^p, with parts replaced."""

    def solve(matrix, dim, power_given):
        left, singular, right = np.linalg.svd(prepare(matrix), full_matrices=False)
        weights = np.zeros(len(singular))
        above = singular > floor(singular)
        weights[above] = power(singular[above], power_given)
        vectors = order(side(left, right.T).T)[: kept(dim)].T * order(weights)[: kept(dim)]
        vectors = finish(vectors)
        return vectors @ vectors.T

    return solve


def svd_dot_products(matrix, dim, power):
    """The reference: dot products of the rows of U_d S_d^p; a singular value below a millionth of
    the largest is 0."""
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    kept = singular[:dim] > ROUNDING * singular[0]
    vectors = left[:, :dim][:, kept] * singular[:dim][kept] ** power
    return vectors @ vectors.T


def low_rank_matrix(matrix, dim, power):
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    return (left[:, :dim] * singular[:dim]) @ right[:dim]


def word_vectors(matrix, dim, power):
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    return left[:, :dim] * singular[:dim] ** power


def dot_products_of_columns(matrix, dim, power):
    vectors = word_vectors(matrix, dim, power)
    return vectors.T @ vectors


def with_scaled_rows(matrix, dim, power):
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    vectors = singular[:, None] ** power * left[:, :dim]
    return vectors @ vectors.T


def svd_by_eigenvalues(matrix, dim, power):
    """The eigenvectors of M M^T are U, its eigenvalues the squared singular values."""
    values, vectors = np.linalg.eigh(matrix @ matrix.T)
    result = np.zeros((len(matrix), len(matrix)))
    for i in np.argsort(-values)[:dim]:
        if values[i] > ROUNDING**2 * values.max():
            result += values[i] ** power * np.outer(vectors[:, i], vectors[:, i])
    return result


def svd_by_scipy(matrix, dim, power):
    from scipy.linalg import svd

    left, singular, _ = svd(matrix, lapack_driver="gesvd")
    kept = [i for i in range(dim) if singular[i] > ROUNDING * singular[0]]
    scaled = np.stack([left[:, i] * singular[i] ** power for i in kept], axis=1)
    return np.einsum("id,jd->ij", scaled, scaled)


def unit_lengths(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


SVD_DOT_PRODUCTS = Exercise(
    id="cooccurrence.svd_dot_products",
    points=2,
    reference=svd_dot_products,
    cases=svd_cases,
    variant=svd_with,
    misconceptions=[
        Misconception(
            "describes the contexts instead of the words",
            {"side": lambda left, right: right},
            "The rows of U belong to the rows of the matrix, the words. Q belongs to the columns.",
        ),
        Misconception(
            "keeps every dimension",
            {"kept": lambda dim: None},
            "Keep the first `dim` columns of U and the first `dim` singular values.",
        ),
        Misconception(
            "keeps one dimension too few",
            {"kept": lambda dim: dim - 1},
            "Keep `dim` columns: a slice up to `dim` leaves out the position `dim` itself, which is"
            " right.",
        ),
        Misconception(
            "keeps one dimension too many",
            {"kept": lambda dim: dim + 1},
            "Keep `dim` columns of U, those up to position dim - 1.",
        ),
        Misconception(
            "takes rows of U for columns",
            {"side": lambda left, right: left.T},
            "np.linalg.svd returns U itself, its columns the directions: take U[:, :dim], not"
            " U[:dim].",
        ),
        Misconception(
            "keeps the smallest singular values",
            {"order": lambda array: array[::-1]},
            "The largest singular values carry most of the matrix. np.linalg.svd returns them"
            " largest first, np.linalg.eigh and scipy's svds smallest first.",
        ),
        Misconception(
            "always takes p = 1/2",
            {"power": lambda singular, power: np.sqrt(singular)},
            "The exponent is the parameter `power`, not always 1/2.",
        ),
        Misconception(
            "returns the vectors",
            word_vectors,
            "Asked for are the dot products of all pairs of word vectors, E E^T: the signs of E are"
            " arbitrary.",
        ),
        Misconception(
            "multiplies columns with columns",
            dot_products_of_columns,
            "E^T E compares dimensions. Words are rows: E E^T, of shape (words, words).",
        ),
        Misconception(
            "scales the rows of U",
            with_scaled_rows,
            "A singular value belongs to a column of U, not to a word. Multiplying by a vector of"
            " `dim` numbers scales columns.",
        ),
        Misconception(
            "ignores the power",
            {"power": lambda singular, power: singular},
            "Raise the singular values to the power p before you scale the columns of U.",
        ),
        Misconception(
            "leaves out the singular values",
            {"power": lambda singular, power: np.ones(len(singular))},
            "That is p = 0 always. Scale column i of U by the i-th singular value to the power p.",
        ),
        Misconception(
            "applies the power once instead of to both vectors",
            {"power": lambda singular, power: singular ** (power / 2)},
            "A dot product has two vectors, each scaled by the power p: together 2p.",
        ),
        Misconception(
            "squares the singular values first",
            {"power": lambda singular, power: singular ** (2 * power)},
            "Eigenvalues of M M^T are squared singular values. The power p belongs to the singular"
            " values themselves.",
        ),
        Misconception(
            "multiplies by p",
            {"power": lambda singular, power: singular * power},
            "p is an exponent: the singular value to the power p.",
        ),
        Misconception(
            "subtracts the mean first",
            {"prepare": lambda matrix: matrix - matrix.mean(axis=0)},
            "That is principal component analysis. Here the matrix is factored as it is; centring"
            " would also fill its zeros.",
        ),
        Misconception(
            "returns cosines",
            {"finish": unit_lengths},
            "The dot products are asked for, of the vectors as they are. Don't scale them to"
            " length 1.",
        ),
        Misconception(
            "returns the approximated matrix",
            low_rank_matrix,
            "U_d S_d Q_d^T is the best approximation of the matrix itself. Asked for is E E^T, the"
            " dot products between word vectors.",
        ),
        Misconception(
            "keeps directions that are only rounding",
            {"floor": lambda singular: -1.0},
            "A singular value of 1e-16 is 0, and 1e-16 to the power 0 is 1: noise at full length."
            " Set those columns to 0.",
        ),
        Misconception(
            "takes less than a millionth for rounding",
            {"floor": lambda singular: singular[0] * 16 * np.finfo(float).eps},
            "The statement draws the line at a millionth of the largest singular value, not at the "
            "machine's precision.",
        ),
        Misconception(
            "compares with a millionth, not with a millionth of the largest",
            {"floor": lambda singular: ROUNDING},
            "Whether a singular value is rounding depends on the size of the matrix: compare it"
            " with a millionth of the largest one.",
        ),
    ],
    alternatives=[svd_by_scipy, svd_by_eigenvalues, svd_with()],
    hints=[
        (
            "np.linalg.svd(matrix, full_matrices=False) returns U, the singular values and Q"
            " transposed. Which of the three describes words?"
        ),
        (
            "Cut U to its first `dim` columns. Multiplying it by a vector of `dim` numbers scales"
            " its columns."
        ),
        (
            "vectors = U[:, :dim] * S[:dim] ** p, with 0 where S is at most 1e-6 * S[0]; return"
            " vectors @ vectors.T."
        ),
    ],
)
