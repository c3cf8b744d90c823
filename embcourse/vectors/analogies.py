"""a is to b as c is to ?: the two usual objectives, and the share of questions they answer."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from embcourse.arguments import require_choice, require_number, require_series, require_tokens
from embcourse.text import Vocabulary
from embcourse.vectors.neighbours import blocks, unit_rows

Method = Literal["3CosAdd", "3CosMul"]
Ids = Sequence[int] | np.ndarray


class Accuracy(NamedTuple):
    """Share of analogy questions answered right.

    accuracy: correct / used; NaN if no question could be used.
    correct : questions whose best answer is the expected word.
    used    : questions whose four words are all in the vocabulary.
    total   : questions asked.

    >>> Accuracy(0.5, 1, 2, 4).used
    2
    """

    accuracy: float
    correct: int
    used: int
    total: int


def analogy_scores(
    units: np.ndarray, a: Ids, b: Ids, c: Ids, method: Method, epsilon: float
) -> np.ndarray:
    """How well every word answers "a is to b as c is to ?".

    3CosAdd: cos(d, b - a + c), with a, b, c at length 1.
    3CosMul: s(d, b) s(d, c) / (s(d, a) + epsilon), where s = (cos + 1) / 2 is never negative.

    units  : (words, dim), rows of length 1 or 0.
    a, b, c: (questions,) ids.
    returns: (questions, words).

    >>> units = unit_rows(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]))
    >>> analogy_scores(units, [0], [1], [2], "3CosAdd", 1e-3).round(2)
    array([[-0.89,  0.45,  0.89, -0.45]])
    """
    if method == "3CosAdd":
        return np.clip(unit_rows(units[b] - units[a] + units[c]) @ units.T, -1, 1)
    numerator = _shifted(units, b)
    numerator *= _shifted(units, c)
    numerator /= _shifted(units, a) + epsilon
    return numerator


def _shifted(units: np.ndarray, ids: Ids) -> np.ndarray:
    return (np.clip(units[ids] @ units.T, -1, 1) + 1) / 2


def analogy_accuracy(
    units: np.ndarray,
    vocabulary: Vocabulary,
    questions: Iterable[tuple[str, str, str, str]],
    method: Method,
    exclude_inputs: bool,
    epsilon: float,
) -> Accuracy:
    """Answer all questions, a block at a time. See `Embeddings.analogy_accuracy`."""

    def scores(inputs: np.ndarray) -> np.ndarray:
        a, b, c = inputs.T
        return analogy_scores(units, a, b, c, method, epsilon)

    return _accuracy(
        *_known(vocabulary, questions, "analogy_accuracy"), len(units), scores, exclude_inputs
    )


def nearest_to_c_accuracy(
    units: np.ndarray, vocabulary: Vocabulary, questions: Iterable[tuple[str, str, str, str]]
) -> Accuracy:
    """Answer all questions with the word nearest to c, never with an input. See
    `Embeddings.nearest_to_c_accuracy`."""

    def scores(inputs: np.ndarray) -> np.ndarray:
        return units[inputs[:, 2]] @ units.T

    return _accuracy(
        *_known(vocabulary, questions, "nearest_to_c_accuracy"),
        len(units),
        scores,
        exclude_inputs=True,
    )


def _known(
    vocabulary: Vocabulary, questions: Iterable[tuple[str, str, str, str]], where: str
) -> tuple[np.ndarray, int]:
    """The ids of the questions whose four words are known, (questions, 4), and how many were
    asked."""
    total, known = 0, []
    where = f"Embeddings.{where}"
    for i, asked in enumerate(require_series(where, "questions", questions, "questions")):
        question = require_tokens(where, f"question {i}", asked)
        if len(question) != 4:
            raise ValueError(f"{where}: question {i} must be (a, b, c, expected), got {question!r}")
        total += 1
        if all(word in vocabulary for word in question):
            known.append([vocabulary[word] for word in question])
    return np.array(known, dtype=np.intp).reshape(-1, 4), total


def _accuracy(
    ids: np.ndarray,
    total: int,
    words: int,
    scores_of: Callable[[np.ndarray], np.ndarray],
    exclude_inputs: bool,
) -> Accuracy:
    """Share of the questions (a, b, c, expected) whose best-scored word is the expected one, ties
    by id.

    scores_of: (questions, 3) ids -> (questions, words) scores.
    """
    if not len(ids):
        return Accuracy(float("nan"), 0, 0, total)
    correct = 0
    for block in blocks(len(ids), words):
        inputs, expected = ids[block, :3], ids[block, 3]
        scores = scores_of(inputs)
        if exclude_inputs:
            np.put_along_axis(scores, inputs, -np.inf, axis=1)
        correct += int((scores.argmax(axis=1) == expected).sum())
    return Accuracy(correct / len(ids), correct, len(ids), total)


def require_method(where: str, method: str, epsilon: float) -> None:
    """Stop with a ValueError if the method is unknown or epsilon is not positive."""
    require_choice(where, "method", method, Method)
    require_number(where, "epsilon", epsilon, above=0)
