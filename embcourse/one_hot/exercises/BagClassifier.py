"""The exercise `one_hot.BagClassifier`: its cases, the mistakes that people make, right answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.one_hot import reference
from embcourse.one_hot.exercises.common import TEXT_WORDS


class BagClassifier:
    """Mean of word vectors, a linear layer, softmax; one stochastic gradient step at a time.

    The methods in the second half are what the misconceptions replace.
    """

    def __init__(self, words, table, weights):
        self.index = {word: row for row, word in enumerate(words)}
        # a copy: training must not reach the caller's
        self.table = np.array(table, dtype=np.float64)
        self.weights = np.array(weights, dtype=np.float64)

    def probabilities(self, tokens):
        ids = self.known(tokens)
        return np.exp(self.log_probabilities(self.mean(ids, self.size(tokens, ids))))

    def vector(self, word):
        return self.table[self.index[word]].copy()

    def step(self, tokens, label, rate):
        ids = self.known(tokens)
        size = self.size(tokens, ids)
        mean = self.mean(ids, size)
        log_probabilities = self.log_probabilities(mean)
        loss = self.loss(log_probabilities, label)
        self.update(ids, size, mean, self.error(log_probabilities, label), rate)
        return loss

    def known(self, tokens):
        return np.array([self.index[token] for token in tokens if token in self.index], dtype=int)

    def size(self, tokens, ids):
        return max(len(ids), 1)

    def mean(self, ids, size):
        return reference.lookup(ids, self.table).sum(axis=0) / size

    def log_probabilities(self, mean):
        logits = mean @ self.weights
        shifted = logits - logits.max()
        return shifted - np.log(np.exp(shifted).sum())

    def loss(self, log_probabilities, label):
        return float(-log_probabilities[label])

    def error(self, log_probabilities, label):
        error = np.exp(log_probabilities)
        error[label] -= 1.0
        return error

    def share(self, upstream, size):
        return upstream / size

    def table_gradient(self, ids, share):
        return reference.lookup_gradient(ids, np.tile(share, (len(ids), 1)), len(self.table))

    def weights_gradient(self, mean, error):
        return np.outer(mean, error)

    def update(self, ids, size, mean, error, rate):
        table_gradient = self.table_gradient(ids, self.share(self.weights @ error, size))
        self.weights -= rate * self.weights_gradient(mean, error)
        self.table -= rate * table_gradient


def classifier_with(**methods: Callable) -> type:
    """The classifier with these methods replaced."""
    return type("BagClassifier", (BagClassifier,), methods)


def each_word_once(self, tokens):
    return BagClassifier.known(self, list(dict.fromkeys(tokens)))


def fails_on_unknown(self, tokens):
    return np.array([self.index[token] for token in tokens], dtype=int)


def first_row_for_unknown(self, tokens):
    return np.array([self.index.get(token, 0) for token in tokens], dtype=int)


def loses_repeats(self, ids, share):
    gradient = np.zeros_like(self.table)
    gradient[ids] += share
    return gradient


def uses_new_weights(self, ids, size, mean, error, rate):
    self.weights -= rate * self.weights_gradient(mean, error)
    self.table -= rate * self.table_gradient(ids, self.share(self.weights @ error, size))


def walks_up(self, ids, size, mean, error, rate):
    BagClassifier.update(self, ids, size, mean, error, -rate)


def ignores_the_rate(self, ids, size, mean, error, rate):
    BagClassifier.update(self, ids, size, mean, error, 1.0)


def loss_after(self, tokens, label, rate):
    BagClassifier.step(self, tokens, label, rate)
    return float(-np.log(self.probabilities(tokens)[label]))


def log_probabilities_instead(self, tokens):
    ids = self.known(tokens)
    return self.log_probabilities(self.mean(ids, self.size(tokens, ids)))


def likeliest_class(self, tokens):
    return int(BagClassifier.probabilities(self, tokens).argmax())


def overflows(self, mean):
    powers = np.exp(mean @ self.weights)
    return np.log(powers / powers.sum())


def mean_of_nothing(self, tokens, ids):
    return np.float64(len(ids))  # 0 / 0 is NaN


class ByCounts:
    """No lookup at all: the text is its relative word counts, a row that multiplies the table."""

    def __init__(self, words, table, weights):
        self.words = list(words)
        self.parameters = [np.array(table, dtype=float), np.array(weights, dtype=float)]

    def shares(self, tokens):
        counts = np.array(
            [sum(token == word for token in tokens) for word in self.words], dtype=float
        )
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
        self.parameters = [
            table - rate * np.outer(shares, error @ weights.T),
            weights - rate * np.outer(shares @ table, error),
        ]
        return -log_probabilities[label]


class ByLoops:
    """Lists and scalars, one token after the other."""

    def __init__(self, words, table, weights):
        self.rows = {word: [float(x) for x in row] for word, row in zip(words, table)}
        self.weights = [[float(x) for x in row] for row in weights]

    def forward(self, tokens):
        known = [token for token in tokens if token in self.rows]
        hidden = [
            math.fsum(self.rows[token][i] for token in known) / max(len(known), 1)
            for i in range(len(self.weights))
        ]
        logits = [
            math.fsum(h * row[c] for h, row in zip(hidden, self.weights))
            for c in range(len(self.weights[0]))
        ]
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
        self.weights = [
            [w - rate * h * e for w, e in zip(row, error)] for h, row in zip(hidden, self.weights)
        ]
        return -logs[label]


def draw_start(rng: np.random.Generator) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Three words, two dimensions, two classes, in numbers for a pencil; no two of them equal."""
    words = [str(word) for word in rng.permutation(TEXT_WORDS)[:3]]
    table = rng.permutation(np.array([-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0]))[:6].reshape(
        3, 2
    )
    return (
        words,
        table,
        rng.permutation(np.array([-1.0, -0.75, -0.5, 0.25, 0.5, 1.0]))[:4].reshape(2, 2),
    )


def draw_rate(rng: np.random.Generator) -> float:
    return float(rng.choice([0.1, 0.2, 0.3, 0.4, 0.6, 0.7]))


def shuffled(rng: np.random.Generator, tokens: list[str]) -> list[str]:
    return [str(token) for token in rng.permutation(tokens)]


def classifier_cases(rng: np.random.Generator) -> Iterator[Case]:
    # The longest chain: three steps, each a mean of 8 vectors, two products of length 4, a softmax
    # and two updates.
    near = Tolerance(operations=128, scale=2.0)
    words, table, weights = draw_start(rng)
    one, two, three = words
    yield Case(
        (words, table, weights),
        label="probabilities",
        tolerance=near,
        steps=(("probabilities", ([two],)), ("probabilities", ([one, three],))),
    )
    words, table, weights = draw_start(rng)
    one, two, three = words
    yield Case(
        (words, table, weights),
        label="one step",
        tolerance=near,
        steps=(
            ("step", ([two, three], int(rng.integers(0, 2)), draw_rate(rng))),
            ("vector", (two,)),
            ("vector", (one,)),
            ("probabilities", ([two, three],)),
        ),
    )
    text = shuffled(rng, [three, three, three, two])
    yield Case(
        (words, table, weights),
        label="a word three times",
        tolerance=near,
        steps=(
            ("step", (text, int(rng.integers(0, 2)), draw_rate(rng))),
            ("vector", (three,)),
            ("probabilities", ([three, one],)),
        ),
    )
    many = [str(word) for word in rng.permutation(TEXT_WORDS)[:7]]
    texts = [[str(word) for word in rng.choice(many, 8)] for _ in range(3)]
    labels = rng.permutation(3)
    yield Case(
        (many, rng.normal(size=(7, 4)), rng.normal(size=(4, 3))),
        label="three steps with three classes",
        tolerance=near,
        steps=(
            *(("step", (text, int(label), draw_rate(rng))) for text, label in zip(texts, labels)),
            ("probabilities", (texts[0],)),
            ("vector", (texts[1][0],)),
        ),
    )
    words, table, weights = draw_start(rng)
    one, two, three = words
    stranger = str(rng.choice(["unicorn", "dragon", "griffin", "phoenix"]))
    yield Case(
        (words, table, weights),
        "edge",
        "an unknown word",
        tolerance=near,
        steps=(
            ("probabilities", (shuffled(rng, [two, stranger]),)),
            (
                "step",
                (shuffled(rng, [stranger, three, three]), int(rng.integers(0, 2)), draw_rate(rng)),
            ),
            ("vector", (three,)),
            ("vector", (one,)),
        ),
    )
    yield Case(
        (words, table, weights),
        "edge",
        "no known word",
        tolerance=near,
        steps=(
            ("probabilities", ([stranger],)),
            ("step", ([], int(rng.integers(0, 2)), draw_rate(rng))),
            ("step", ([stranger] * 2, int(rng.integers(0, 2)), draw_rate(rng))),
            ("probabilities", ([three],)),
            ("vector", (one,)),
        ),
    )
    yield Case(
        ([two], rng.integers(2, 9, (1, 1)) / 2, rng.permutation(np.array([[-0.5, 1.5]]).T).T),
        "edge",
        "a table of one number",
        tolerance=near,
        steps=(("step", ([two], int(rng.integers(0, 2)), draw_rate(rng))), ("vector", (two,))),
    )
    # The layer is the identity, so that the logits are the vectors: once far apart, once all of
    # them far below 0.
    far = 100.0 * rng.permutation([-100, 99, int(rng.integers(20, 80))])
    low = rng.permutation([-10_000.0, -9_999.5, -9_998.0 - int(rng.integers(1, 9)) / 8])
    start = words[:2], np.array([far, low]), np.eye(3)
    yield Case(
        start,
        "stability",
        "logits of ±10,000",
        tolerance=Tolerance(128, scale=1e4),
        steps=(
            ("probabilities", ([one],)),
            ("step", ([one], int(far.argmin()), draw_rate(rng))),
            ("vector", (one,)),
        ),
    )
    yield Case(
        start,
        "stability",
        "logits near −10,000",
        tolerance=Tolerance(128, scale=1e4),
        steps=(
            ("probabilities", ([two],)),
            ("step", ([two], int(rng.integers(0, 3)), draw_rate(rng))),
            ("vector", (two,)),
        ),
    )


BAG_CLASSIFIER = Exercise(
    id="one_hot.BagClassifier",
    points=5,
    probe="construct_then_call",
    reference=BagClassifier,
    cases=classifier_cases,
    weights={"values": 3},
    variant=classifier_with,
    misconceptions=[
        Misconception(
            "adds the vectors up",
            {"size": lambda self, tokens, ids: 1},
            "The text is the mean of its vectors, so that a long text is no louder than a short"
            " one.",
        ),
        Misconception(
            "forgets that a mean was taken",
            {"share": lambda self, upstream, size: upstream},
            "Each of the n vectors went into the mean with factor 1/n, so each gets 1/n of the"
            " gradient of the mean.",
        ),
        Misconception(
            "loses repeated words in the gradient",
            {"table_gradient": loses_repeats},
            "A word that stands three times in the text gets three shares. table[ids] -= ... writes"
            " each row once.",
        ),
        Misconception(
            "counts every word once",
            {"known": each_word_once},
            "The mean is over tokens: a word that occurs three times enters three times.",
        ),
        Misconception(
            "counts unknown words in the mean",
            {"size": lambda self, tokens, ids: max(len(tokens), 1)},
            "Unknown words are left out before anything is counted: n is the number of known"
            " tokens.",
        ),
        Misconception(
            "fails on an unknown word",
            {"known": fails_on_unknown},
            "New texts bring new words. Leave them out.",
        ),
        Misconception(
            "gives an unknown word the first row",
            {"known": first_row_for_unknown},
            "Row 0 belongs to the first word. Unknown words are left out.",
        ),
        Misconception(
            "divides by 0 without a known word",
            {"size": mean_of_nothing},
            "The mean of no vectors is 0 / 0, NaN. The statement asks for 0 there.",
        ),
        Misconception(
            "goes back through the new weights",
            {"update": uses_new_weights},
            "Both gradients belong to the parameters of the forward pass. Compute both, then update"
            " both.",
        ),
        Misconception(
            "never updates the table",
            {"table_gradient": lambda self, ids, share: np.zeros_like(self.table)},
            "The word vectors are parameters too: their gradient comes back through the weights and"
            " the mean.",
        ),
        Misconception(
            "never updates the weights",
            {"weights_gradient": lambda self, mean, error: np.zeros_like(self.weights)},
            "The linear layer is trained as well: its gradient is the outer product of mean and"
            " error.",
        ),
        Misconception(
            "moves every word",
            {"table_gradient": lambda self, ids, share: np.tile(share, (len(self.table), 1))},
            "Only the words of this text took part. The others keep their vectors.",
        ),
        Misconception(
            "walks up the gradient",
            {"update": walks_up},
            "The gradient points to larger loss. Subtract rate · gradient, with error = p minus the"
            " label.",
        ),
        Misconception(
            "ignores the rate",
            {"update": ignores_the_rate},
            "Both updates are multiplied by `rate`.",
        ),
        Misconception(
            "forgets the label in the gradient",
            {"error": lambda self, log_probabilities, label: np.exp(log_probabilities)},
            "The error is the probabilities minus 1 at the label. Without the 1 every class is"
            " pushed down.",
        ),
        Misconception(
            "returns the loss after the step",
            {"step": loss_after},
            "step returns the loss of the parameters that it found, the ones whose gradient it"
            " takes.",
        ),
        Misconception(
            "returns no loss",
            {"loss": lambda self, log_probabilities, label: None},
            "step changes the parameters and returns the loss from before.",
        ),
        Misconception(
            "returns the probability, not the loss",
            {
                "loss": lambda self, log_probabilities, label: float(
                    np.exp(log_probabilities[label])
                )
            },
            "The loss is −ln p of the label: 0 where the classifier is sure and right.",
        ),
        Misconception(
            "measures the loss of the likeliest class",
            {"loss": lambda self, log_probabilities, label: float(-log_probabilities.max())},
            "The loss is that of the label, however unlikely the classifier finds it.",
        ),
        Misconception(
            "averages the loss over the classes",
            {
                "loss": lambda self, log_probabilities, label: float(
                    -log_probabilities[label] / len(log_probabilities)
                )
            },
            "Of the sum over classes one term is left, −ln p of the label. Nothing divides it.",
        ),
        Misconception(
            "returns log-probabilities",
            {"probabilities": log_probabilities_instead},
            "The probabilities themselves are asked for: they lie between 0 and 1 and add up to 1.",
        ),
        Misconception(
            "returns the likeliest class",
            {"probabilities": likeliest_class},
            "The probability of every class is asked for, shape (classes,).",
        ),
        Misconception(
            "overflows in the softmax",
            {"log_probabilities": overflows},
            "exp(10,000) is inf, and inf / inf is NaN. Subtract the largest logit first; and take"
            " the logarithm by algebra, not of a probability that was rounded to 0.",
        ),
        Misconception(
            "takes the logarithm of a probability that is 0",
            {
                "loss": lambda self, log_probabilities, label: float(
                    -np.log(np.exp(log_probabilities))[label]
                )
            },
            "A small enough probability is rounded to 0, and its logarithm is −inf. Take the"
            " logarithm by algebra: logit minus the logarithm of the sum of exponentials.",
        ),
        Misconception(
            "hides the logarithm of 0",
            {
                "loss": lambda self, log_probabilities, label: float(
                    -np.log(np.exp(log_probabilities[label]) + 1e-12)
                )
            },
            "A small number under the logarithm caps the loss, and makes every other one a little"
            " wrong. Take the logarithm by algebra: logit minus the logarithm of the sum of"
            " exponentials.",
        ),
        Misconception(
            "measures the loss in bits",
            {
                "loss": lambda self, log_probabilities, label: (
                    float(-log_probabilities[label]) / math.log(2)
                )
            },
            "ln is the natural logarithm: the loss is in nats.",
        ),
    ],
    alternatives=[ByCounts, ByLoops, classifier_with()],
    hints=[
        (
            "Write the forward pass as one helper that returns the ids, the mean vector and the"
            " log-probabilities; both methods use it."
        ),
        (
            "With error = p minus a 1 at the label: the gradient of the weights is the outer"
            " product of mean vector and error; the gradient of the mean vector is weights @ error,"
            " and every known token passes on 1/n of it."
        ),
        (
            "log p = z - max(z) - log(sum(exp(z - max(z)))). Compute both gradients first. Then"
            " weights -= rate · outer(mean, error) and np.subtract.at(table, ids, rate · (weights"
            " before the update @ error) / n)."
        ),
    ],
)
