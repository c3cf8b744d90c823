"""The exercise `attention.train_reverser`: its cases, the mistakes that people make, right
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embcourse.attention import reference
from embcourse.attention.exercises.common import halves, sizes
from embcourse.checking import Case, Exercise, Misconception, Tolerance

# Below 16 steps, each a chain of at most 64 roundings of numbers below 8, and errors add up from
# step to step.
STEPS = Tolerance(operations=1024, scale=8.0)


def tables(
    rng: np.random.Generator, *, letters: int, longest: int, d: int, d_v: int
) -> dict[str, np.ndarray]:
    shapes = {
        "queries": (longest, d),
        "keys": (longest, d),
        "values": (letters, d_v),
        "output": (d_v, letters),
    }
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def words_of(rng: np.random.Generator, letters: int, *lengths: int) -> list[list[int]]:
    return [rng.integers(0, letters, length).tolist() for length in lengths]


def reverser_cases(rng: np.random.Generator) -> Iterator[Case]:
    letters, longest, d, d_v = sizes(rng, 4, 8, 4)
    # d = 4 in this one, so that the scale is one half
    small = {
        "queries": halves(rng, 2, 4),
        "keys": halves(rng, 2, 4),
        "values": halves(rng, 2, 1),
        "output": halves(rng, 1, 2),
    }
    yield Case(
        ([[int(letter) for letter in rng.permutation(2)]], small, float(rng.choice([0.25, 0.75]))),
        label="one word of two letters",
        tolerance=STEPS,
    )

    def case(words: list[list[int]], label: str, aspect: str = "values") -> Case:
        parameters = tables(rng, letters=letters, longest=longest, d=d, d_v=d_v)
        return Case((words, parameters, rng.uniform(0.1, 0.9)), aspect, label, tolerance=STEPS)

    yield case([rng.permutation(letters)[:4].tolist()], "one word of four letters")
    yield case([rng.permutation(letters)[:length].tolist() for length in (3, 2, 4)], "three words")
    yield case(words_of(rng, letters, longest, 3, 1, longest), "words with letters twice")
    twice = rng.permutation(letters)[:2].tolist()
    yield case([[twice[0], twice[1], twice[0], twice[0]]], "one letter three times in a word")
    yield case(words_of(rng, letters, 1), "one letter", "edge")
    yield case([], "no word", "edge")


def reverser_with(
    *,
    order: Callable = lambda rows: rows[::-1],
    target: Callable = lambda word: word[::-1],
    scatter: Callable = np.add.at,
    sign: float = -1.0,
    mean: bool = True,
    loss_of: Callable = lambda losses: losses.mean(),
    early: bool = False,
    at_the_end: bool = False,
    one_hot: bool = True,
    moves: tuple = ("queries", "keys", "values", "output"),
    gradients: Callable = reference.attention_gradients,
    rate_of: Callable = lambda rate: rate,
    memory: bool = True,
) -> Callable:
    """Training of the reverser with parts replaced."""

    def solve(words, parameters, rate):
        new = {name: table.copy() for name, table in parameters.items()}
        losses = []
        for word in words:
            old = {
                name: table.copy() for name, table in (parameters if at_the_end else new).items()
            }
            if not memory:
                new = {name: table.copy() for name, table in parameters.items()}
            rows = np.arange(len(word))[::-1]
            q, k, v = old["queries"][rows], old["keys"][: len(word)], old["values"][word]
            outputs, _ = reference.attention(q, k, v)
            guesses = reference.softmax(outputs @ old["output"])
            right = np.arange(len(word)), target(word)
            losses.append(float(loss_of(-np.log(guesses[right]))))
            grad = guesses.copy()
            if one_hot:
                grad[right] -= 1.0
            grad = grad / len(word) if mean else grad
            step = sign * rate
            if "output" in moves:
                new["output"] += step * (outputs.T @ grad)
            grad_outputs = grad @ (new if early else old)["output"].T
            grad_q, grad_k, grad_v = reference.attention_gradients(q, k, v, grad_outputs)
            if "queries" in moves:
                new["queries"][rows] += step * grad_q
            if "keys" in moves:
                new["keys"][: len(word)] += step * grad_k
            if "values" in moves:
                scatter(new["values"], word, step * grad_v)
        return losses, new

    return solve


def last_one_wins(table, rows, change):
    table[rows] = table[rows] + change


def reverser_by_loops(words, parameters, rate):
    """Every sum written out, with lists of numbers."""
    tables = {name: table.tolist() for name, table in parameters.items()}
    losses = []
    for word in words:
        m, d = len(word), len(tables["queries"][0])
        d_v, letters = len(tables["output"]), len(tables["values"])
        old = {name: [list(row) for row in table] for name, table in tables.items()}
        loss = 0.0
        for i in range(m):
            query = old["queries"][m - 1 - i]
            scores = [sum(a * b for a, b in zip(query, old["keys"][j])) / d**0.5 for j in range(m)]
            powers = [np.exp(score - max(scores)) for score in scores]
            weights = [power / sum(powers) for power in powers]
            context = [
                sum(weights[j] * old["values"][word[j]][a] for j in range(m)) for a in range(d_v)
            ]
            logits = [
                sum(context[a] * old["output"][a][t] for a in range(d_v)) for t in range(letters)
            ]
            total = np.logaddexp.reduce(logits)
            loss += (total - logits[word[m - 1 - i]]) / m
            error = [
                (np.exp(logits[t] - total) - (t == word[m - 1 - i])) / m for t in range(letters)
            ]
            for a in range(d_v):
                for t in range(letters):
                    tables["output"][a][t] -= rate * context[a] * error[t]
            back = [sum(error[t] * old["output"][a][t] for t in range(letters)) for a in range(d_v)]
            gains = [sum(back[a] * old["values"][word[j]][a] for a in range(d_v)) for j in range(m)]
            mean = sum(weights[j] * gains[j] for j in range(m))
            for j in range(m):
                slope = weights[j] * (gains[j] - mean) / d**0.5
                for a in range(d):
                    tables["queries"][m - 1 - i][a] -= rate * slope * old["keys"][j][a]
                    tables["keys"][j][a] -= rate * slope * query[a]
                for a in range(d_v):
                    tables["values"][word[j]][a] -= rate * weights[j] * back[a]
        losses.append(float(loss))
    return losses, {name: np.array(table) for name, table in tables.items()}


TRAIN_REVERSER = Exercise(
    id="attention.train_reverser",
    points=4,
    reference=reverser_with(),
    cases=reverser_cases,
    variant=reverser_with,
    returns=("losses", "parameters"),
    misconceptions=[
        Misconception(
            "forgets letters that stand twice",
            {"scatter": last_one_wins},
            "A letter that stands twice in a word has one row of values, and both places change it."
            " Assigning to rows by a list of ids keeps only the last change: the changes must"
            " add up.",
        ),
        Misconception(
            "turns round only one of the two, rows or letters",
            {"target": lambda word: word},
            "The first letter to write is the last one of the word, and the row that asks for it is"
            " the one with m - 1 letters still to come.",
        ),
        Misconception(
            "climbs",
            {"sign": 1.0},
            "A step goes against the gradient: rate times the gradient is taken off.",
        ),
        Misconception(
            "does not divide the gradient by the number of letters",
            {"mean": False},
            "The loss is a mean over the letters of the word, and so is its gradient.",
        ),
        Misconception(
            "adds up the loss instead of taking its mean",
            {"loss_of": lambda losses: losses.sum()},
            "The loss of a word is the mean over its letters.",
        ),
        Misconception(
            "adds up the loss and its gradient",
            {"loss_of": lambda losses: losses.sum(), "mean": False},
            "The loss of a word is the mean over its letters: divide by their number, in the"
            " gradient too.",
        ),
        Misconception(
            "leaves the right letter out of the gradient",
            {"one_hot": False},
            "The gradient for the scores of the letters is the softmax minus 1 at the right"
            " letter.",
        ),
        Misconception(
            "moves the output table before going back",
            {"early": True},
            "All gradients are taken at the tables as they were when the word was read. Go back"
            " first, then move.",
        ),
        Misconception(
            "moves the tables only after the last word",
            {"at_the_end": True},
            "Each word is a step of its own: the next one is read with the tables as they are"
            " then.",
        ),
        Misconception(
            "begins every word with the first tables",
            {"memory": False, "at_the_end": True},
            "What one word has taught stays: the next one goes on from there.",
        ),
        Misconception(
            "moves the output table only",
            {"moves": ("output",)},
            "Queries, keys and values learn, too: that is what attention's gradients are for.",
        ),
        Misconception(
            "does not move the output table",
            {"moves": ("queries", "keys", "values")},
            "The output table is a parameter like the other three. For a product C = A B, dB is A"
            " turned round times dC.",
        ),
        Misconception(
            "does not move the queries",
            {"moves": ("keys", "values", "output")},
            "The rows of queries that asked get a step, too.",
        ),
    ],
    alternatives=[reverser_by_loops, reverser_with()],
    hints=[
        (
            "For each word: forward with your attention, the loss and its gradient for the scores"
            " of the letters, back through the output table and your attention_gradients, then four"
            " steps."
        ),
        (
            "With guesses the softmax of outputs @ output: the gradient for those scores is"
            " guesses, minus 1 at the right letters, divided by the number of letters. That for the"
            " output table is outputs.T @ it, that for the outputs it @ output.T."
        ),
        (
            "queries[:m][::-1] is what asks, and np.subtract.at(values, word, rate * grad_v) lets"
            " letters that stand twice add up."
        ),
    ],
)
