"""The exercise `one_hot.BagClassifier`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.one_hot import reference
from embcourse.one_hot.exercises.build_vocabulary import TEXT_WORDS, draw_text


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
