"""The exercise `cooccurrence.svd_dot_products`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.cooccurrence import reference


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
