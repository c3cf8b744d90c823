"""The exercises of the negative_sampling chapter: from the noise distribution to a small trainer."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

import numpy as np

from embcourse.checking import Case, Exercise, Misconception, Tolerance
from embcourse.negative_sampling import reference
from embcourse.text import keep_probabilities


def tables(rng: np.random.Generator, size: int = 6, dim: int = 3, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Input and output vectors, all entries different."""
    return scale * rng.standard_normal((size, dim)), scale * rng.standard_normal((size, dim))


def sigma(x):
    return 1 / (1 + np.exp(-np.asarray(x, dtype=float)))


# --------------------------------------------------------------------------------------------------- noise distribution

# A power, a sum of at most 12 numbers and a division; all positive, so nothing cancels. The power multiplies the
# relative error of its base by at most 2.
SHARES = Tolerance(operations=32)


def noise_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([81, 16, 1]), 0.75), label="three words", tolerance=SHARES)
    yield Case((rng.integers(1, 1000, 8), 0.75), label="eight words", tolerance=SHARES)
    yield Case((rng.integers(1, 1000, 6), 0.5), label="another power", tolerance=SHARES)
    yield Case((rng.integers(1, 1000, 6), -0.5), label="a power below 0", tolerance=SHARES)
    yield Case((rng.integers(1, 1000, 12)[::2], 0.75), label="a view with gaps", tolerance=SHARES)
    yield Case((np.array([7, 0, 2, 0]), 0.75), "edge", "words that never occur", tolerance=SHARES)
    yield Case((np.array([7, 0, 2]), 0.0), "edge", "power 0, a word that never occurs", tolerance=SHARES)
    yield Case((np.array([5]), 0.75), "edge", "one word", tolerance=SHARES)


def noise_with(weights, total=np.sum):
    """Shares of some weights; words that never occur get 0."""
    def solve(counts, power):
        counts = np.asarray(counts, dtype=float)
        result = np.zeros(counts.shape)
        seen = counts > 0
        found = weights(counts[seen], power)
        result[seen] = found / total(found)
        return result
    return solve


def noise_after_normalising(counts, power):
    shares = counts / counts.sum()
    return np.where(counts > 0, np.where(counts > 0, shares, 1.0) ** power, 0.0)


def noise_unseen_too(counts, power):
    weights = np.where(counts > 0, counts, 1.0) ** power * ((counts > 0) | (power == 0))
    return weights / weights.sum()


def noise_by_dictionary(counts, power):
    weights = {word: float(count) ** power for word, count in enumerate(counts) if count}
    total = math.fsum(weights.values())
    return [weights.get(word, 0.0) / total for word in range(len(counts))]


NOISE_DISTRIBUTION = Exercise(
    id="negative_sampling.noise_distribution", points=1,
    reference=reference.noise_distribution,
    cases=noise_cases,
    misconceptions=[
        Misconception("applies the power after normalising", noise_after_normalising,
                      "Probabilities raised to 3/4 no longer sum to 1. Raise the counts, then divide by the sum of "
                      "what came out."),
        Misconception("divides by the sum of the counts",
                      lambda counts, power: np.where(counts > 0, np.where(counts > 0, counts, 1.0) ** power, 0.0)
                      / counts.sum(),
                      "Divide by the sum of the powers: only then do the shares sum to 1."),
        Misconception("leaves out the power", noise_with(lambda counts, power: counts),
                      "These are the plain frequencies, power 1. Raise each count to `power` first."),
        Misconception("multiplies by the power", noise_with(lambda counts, power: counts * power, total=lambda w: 1.0),
                      "3/4 is an exponent: counts ** power. And the result must sum to 1."),
        Misconception("puts the power above e", noise_with(lambda counts, power: np.exp(power * counts / counts.max())),
                      "This is a softmax. The weight of a word is its count to the power, not an exponential of it."),
        Misconception("draws words that never occur when the power is 0", noise_unseen_too,
                      "0 ** 0 is 1 in Python. A word that was never seen gets probability 0, whatever the power."),
    ],
    alternatives=[noise_by_dictionary, noise_with(lambda counts, power: np.exp(power * np.log(counts))),
                  noise_with(lambda counts, power: (counts / counts.sum()) ** power)],
    hints=["Three steps: which words were seen, their weights, the division.",
           "The weights are counts ** power, and they must be divided by their own sum.",
           "0 ** 0 is 1 and 0 ** -0.5 is infinite, so compute the powers of the counts above 0 only, and leave 0 "
           "elsewhere."],
)


# ------------------------------------------------------------------------------------------------------ drawing from it


def draw_cases(rng: np.random.Generator) -> Iterator[Case]:
    # Multiples of 1/64: every partial sum is exact, so that no rounding decides where a border lies.
    def shares(*parts: int) -> np.ndarray:
        return np.array(parts) / 64

    middles = (np.arange(64) + 0.5) / 64
    yield Case((shares(32, 16, 16), np.array([0.1, 0.6, 0.9, 0.3])), label="three words")
    yield Case((shares(8, 4, 30, 2, 20), rng.permutation(middles)), label="five words")
    yield Case((shares(8, 4, 30, 2, 20), rng.permutation(middles)[::3]), label="a view with gaps")
    yield Case((shares(1, 2, 4, 8, 16, 33), rng.permutation(middles)[:20]), label="rare words first")
    yield Case((shares(16, 16, 32), np.array([0.0, 0.25, 0.5])), "edge", "exactly on a border")
    yield Case((shares(0, 32, 0, 32, 0), np.array([0.0, 0.25, 0.5, 0.75])), "edge", "words of probability 0")
    yield Case((shares(64), np.array([0.0, 0.5])), "edge", "one word")
    yield Case((shares(32, 32), np.zeros(0)), "edge", "no draw")


def draw_by_loop(probabilities, uniforms):
    drawn = []
    for u in uniforms:
        word, reached = 0, probabilities[0]
        while u >= reached:
            word += 1
            reached += probabilities[word]
        drawn.append(word)
    return np.array(drawn, dtype=int)


DRAW = Exercise(
    id="negative_sampling.draw", points=1,
    reference=lambda probabilities, uniforms: np.searchsorted(np.cumsum(probabilities), uniforms, side="right"),
    cases=draw_cases,
    misconceptions=[
        Misconception("counts the borders below instead of those reached",
                      lambda probabilities, uniforms: np.searchsorted(np.cumsum(probabilities), uniforms, side="left"),
                      "Where a uniform number lies exactly on a border, the next word begins: [0, 0.25) is the first "
                      "word, 0.25 is the second. With side=\"left\", 0.0 draws a first word of probability 0."),
        Misconception("is off by one word",
                      lambda probabilities, uniforms: np.searchsorted(np.cumsum(probabilities), uniforms, "right") + 1,
                      "Ids begin at 0: a number below the first border draws word 0."),
        Misconception("draws all words alike",
                      lambda probabilities, uniforms: (uniforms * len(probabilities)).astype(int),
                      "This gives each word the same chance. The stretch of a word must be as long as its "
                      "probability."),
        Misconception("compares with the probabilities, not with their sums",
                      lambda probabilities, uniforms: np.array(
                          [int(np.argmax(probabilities > u)) for u in uniforms], dtype=int),
                      "Lay the words side by side: the second begins where the first ends. Its border is the sum of "
                      "both probabilities."),
        Misconception("always draws the most probable word",
                      lambda probabilities, uniforms: np.full(len(uniforms), int(np.argmax(probabilities))),
                      "A draw depends on the uniform number, not only on the probabilities."),
    ],
    alternatives=[draw_by_loop,
                  lambda probabilities, uniforms: (np.cumsum(probabilities) <= uniforms[:, None]).sum(axis=1)],
    hints=["Lay the words side by side on [0, 1), each as long as its probability. On which word does u fall?",
           "np.cumsum gives where each word ends. Word i covers from the end of word i - 1 up to, not including, its "
           "own.",
           "np.searchsorted(np.cumsum(probabilities), uniforms, side=\"right\")."],
)


# --------------------------------------------------------------------------------------------------------- subsampling

# A division, a root and a sum of positive numbers.
KEEP = Tolerance(operations=16)


def keep_cases(rng: np.random.Generator) -> Iterator[Case]:
    counts = np.array([90, 9, 1])
    yield Case((counts, 0.1, "paper"), label="the paper's formula", tolerance=KEEP)
    yield Case((counts, 0.1, "code"), label="the program's formula", tolerance=KEEP)
    words = np.sort(rng.integers(1, 3000, 8))[::-1].copy()
    words[0] = 6000 + rng.integers(0, 500)
    yield Case((words, 0.02, "paper"), label="eight words, paper", tolerance=KEEP)
    yield Case((words, 0.02, "code"), label="eight words, program", tolerance=KEEP)
    yield Case((rng.integers(1, 3000, 12)[::2], 0.05, "code"), label="a view with gaps", tolerance=KEEP)
    yield Case((np.array([60, 30, 5, 5]), 0.25, "code"), "edge", "between t and 2.62 t", tolerance=KEEP)
    yield Case((np.array([50, 0, 50]), 0.1, "paper"), "edge", "a word that never occurs", tolerance=KEEP)
    yield Case((np.array([50, 0, 50]), 0.1, "code"), "edge", "a word that never occurs, program", tolerance=KEEP)


def kept_with(paper, code, share=lambda counts: counts / counts.sum(), cap=True):
    """Keep probabilities from the two formulas of x = f / t."""
    def solve(counts, sample, variant):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = share(np.asarray(counts, dtype=float)) / sample
            kept = (paper if variant == "paper" else code)(ratio)
        kept = np.where(np.asarray(counts) == 0, 1.0, kept)
        return np.clip(kept, 0.0, 1.0) if cap else kept
    return solve


def paper_kept(ratio):
    return np.sqrt(1 / ratio)


def code_kept(ratio):
    return (np.sqrt(ratio) + 1) / ratio


def kept_by_loop(counts, sample, variant):
    total, result = float(sum(counts)), []
    for count in counts:
        if count == 0:
            result.append(1.0)
            continue
        threshold = sample * total
        ratio = math.sqrt(threshold / count)
        result.append(min(1.0, ratio if variant == "paper" else ratio + threshold / count))
    return result


KEEP_PROBABILITY = Exercise(
    id="negative_sampling.keep_probability", points=2,
    reference=lambda counts, sample, variant: keep_probabilities(counts, sample, variant=variant),
    cases=keep_cases,
    misconceptions=[
        Misconception("returns the probability to discard",
                      lambda counts, sample, variant: 1 - kept_with(paper_kept, code_kept)(counts, sample, variant),
                      "The paper's formula, 1 - sqrt(t / f), is the probability to discard. Here the probability to "
                      "keep is asked for: a rare word has 1."),
        Misconception("turns the ratio upside down", kept_with(lambda x: np.sqrt(x), lambda x: np.sqrt(x) + x),
                      "The more frequent a word, the less often it is kept: t stands above f, not below."),
        Misconception("takes counts for frequencies", kept_with(paper_kept, code_kept, share=lambda counts: counts),
                      "f is a share of all tokens: divide the counts by their sum."),
        Misconception("forgets the square root", kept_with(lambda x: 1 / x, lambda x: 1 / x + 1 / x),
                      "The paper takes the square root of t / f, which is gentler than t / f."),
        Misconception("uses the paper's formula for both", kept_with(paper_kept, paper_kept),
                      "The released program keeps more: sqrt(t / f) + t / f. It keeps every word up to f = 2.62 t."),
        Misconception("uses the program's formula for both", kept_with(code_kept, code_kept),
                      "That is the released program's formula. The paper has sqrt(t / f) alone."),
        Misconception("lets probabilities rise above 1", kept_with(paper_kept, code_kept, cap=False),
                      "A word below the threshold is always kept: cut at 1."),
    ],
    alternatives=[kept_by_loop,
                  kept_with(lambda x: x ** -0.5, lambda x: x ** -0.5 + x ** -1.0)],
    hints=["First the frequencies f, then t / f for every word.",
           "The paper keeps with probability sqrt(t / f), the program with sqrt(t / f) + t / f. Both are cut at 1.",
           "t / f is infinite for a word that never occurs, and min(1, infinite) is 1. Silence the division with "
           "np.errstate(divide=\"ignore\"), or set those words to 1 yourself."],
)


# ------------------------------------------------------------------------------------------------------------- the loss

# Logits are sums of 3 products below about 12 in size; the loss is a sum of at most 30 logarithms, over n.
LOSS = Tolerance(operations=128, scale=12.0)
LARGE = Tolerance(operations=128, scale=2e4)


def pair_cases(rng: np.random.Generator, tolerance: Tolerance, large: Tolerance) -> Iterator[Case]:
    inputs, outputs = tables(rng)
    yield Case((inputs, outputs, np.array([0]), np.array([1]), np.array([[2, 3]])), label="one pair",
               tolerance=tolerance)
    # No centre twice, no word twice in outputs: right even where repeated ids go wrong.
    yield Case((inputs, outputs, np.array([3, 1]), np.array([4, 0]), np.array([[1, 2], [3, 5]])), label="two pairs",
               tolerance=tolerance)
    ids = rng.integers(0, 6, (6, 5))
    ids[:, 2:] = np.where(ids[:, 2:] == ids[:, 1:2], (ids[:, 2:] + 1) % 6, ids[:, 2:])
    yield Case((inputs, outputs, ids[:, 0], ids[:, 1], ids[:, 2:]), label="six pairs, words come up again",
               tolerance=tolerance)
    yield Case((*tables(rng, dim=6), np.array([2, 5]), np.array([0, 4]), np.array([[5, 3, 1, 2], [2, 1, 5, 3]])),
               label="two pairs with four negatives", tolerance=tolerance)
    yield Case((inputs[:, ::2], outputs[:, ::2], np.array([1, 4]), np.array([5, 0]), np.array([[2], [3]])),
               label="views with gaps", tolerance=tolerance)
    yield Case((inputs, outputs, np.array([2]), np.array([1]), np.array([[1, 4]])), "edge",
               "a negative that is the context", tolerance=tolerance)
    yield Case((inputs, outputs, np.array([2, 2]), np.array([1, 3]), np.array([[1, 4], [3, 3]])), "edge",
               "negatives that are the context, twice", tolerance=tolerance)
    yield Case((inputs, outputs, np.array([4, 0]), np.array([4, 1]), np.zeros((2, 0), int)), "edge", "no negatives",
               tolerance=tolerance)
    big = np.array([[100.0, 0.0], [0.0, 100.0], [-100.0, 0.0]])
    yield Case((big, big, np.array([0, 0, 1]), np.array([2, 0, 2]), np.array([[0, 1], [2, 1], [0, 1]])), "stability",
               "logits up to 10,000", tolerance=large)


def loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from pair_cases(rng, LOSS, LARGE)


def loss_with(
    *, right=lambda x: reference.log_sigmoid(x), wrong=lambda x: reference.log_sigmoid(-x), skip=True, one_table=False,
    over_pairs=np.mean, over_negatives=np.sum,
):
    """The loss pair by pair with one part replaced."""
    def solve(inputs, outputs, centres, contexts, negatives):
        losses = []
        second = inputs if one_table else outputs
        for centre, context, drawn in zip(centres, contexts, negatives):
            asked = [word for word in drawn if word != context or not skip]
            loss = -right(inputs[centre] @ second[context])
            if asked:
                loss = loss - over_negatives(wrong(second[asked] @ inputs[centre]))
            losses.append(loss)
        return float(over_pairs(losses))
    return solve


def loss_by_softplus(inputs, outputs, centres, contexts, negatives):
    """-ln s(x) = ln(1 + e^-x), on all pairs at once."""
    logits = inputs @ outputs.T
    positive = np.logaddexp(0, -logits[centres, contexts])
    negative = np.logaddexp(0, logits[centres[:, None], negatives]) * (negatives != contexts[:, None])
    return (positive.sum() + negative.sum()) / len(centres)


def loss_by_plain_python(inputs, outputs, centres, contexts, negatives):
    def softplus(x):
        return max(x, 0.0) + math.log1p(math.exp(-abs(x)))

    total = 0.0
    for i in range(len(centres)):
        v = inputs[centres[i]]
        total += softplus(-float(np.dot(v, outputs[contexts[i]])))
        for word in negatives[i]:
            if word != contexts[i]:
                total += softplus(float(np.dot(v, outputs[word])))
    return total / len(centres)


PAIR_LOSS = Exercise(
    id="negative_sampling.loss", points=2,
    reference=reference.negative_sampling_loss,
    cases=loss_cases,
    misconceptions=[
        Misconception("puts sigma of the wrong sign on negatives", loss_with(wrong=reference.log_sigmoid),
                      "For a negative the right answer is no, and its probability is sigma(-x). You reward the model "
                      "for saying yes to noise."),
        Misconception("puts sigma of the wrong sign on the context",
                      loss_with(right=lambda x: reference.log_sigmoid(-x)),
                      "For the true context the right answer is yes: sigma(+x)."),
        Misconception("subtracts the negatives' loss", loss_with(wrong=lambda x: -reference.log_sigmoid(-x)),
                      "Every question adds to the loss: minus the logarithm of the probability of the right answer."),
        Misconception("counts a positive that was drawn as a negative", loss_with(skip=False),
                      "A negative that equals the context of its pair is left out: it can't be the right answer and a "
                      "wrong one."),
        Misconception("takes the mean over the negatives", loss_with(over_negatives=np.mean),
                      "The negatives of a pair are summed; only over the pairs is it a mean. K negatives weigh K times "
                      "as much as one."),
        Misconception("sums over the pairs", loss_with(over_pairs=np.sum),
                      "The loss is the mean over the n pairs: divide by n."),
        Misconception("uses one table for both roles", loss_with(one_table=True),
                      "The centre's vector comes from `inputs`, the context's and the negatives' from `outputs`."),
        Misconception("takes the logarithm of a sigmoid that has rounded to 0",
                      loss_with(right=lambda x: np.log(sigma(x)), wrong=lambda x: np.log(sigma(-x))),
                      "sigma(-1000) is 0 in floating point and its logarithm is -inf. ln sigma(x) = -ln(1 + e^-x) can "
                      "be computed directly: -np.logaddexp(0, -x)."),
        Misconception("leaves out the logarithm", loss_with(right=sigma, wrong=lambda x: sigma(-x)),
                      "The loss is minus the logarithm of the probabilities, so that a sure mistake costs much."),
    ],
    alternatives=[loss_by_softplus, loss_by_plain_python],
    hints=["Each pair asks 1 + K questions with answer yes or no; add minus the log-probability of the right answers.",
           "-ln sigma(x) is np.logaddexp(0, -x), which never overflows. For a negative it is np.logaddexp(0, x).",
           "`negatives != contexts[:, None]` is True where a negative counts. Multiply, sum, divide by len(centres)."],
)


# -------------------------------------------------------------------------------------------------------- the gradients

# Sums of at most 30 terms of size up to 4, and a sigmoid each.
GRADIENT = Tolerance(operations=128, scale=4.0)
LARGE_GRADIENT = Tolerance(operations=128, scale=200.0)


def gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield from pair_cases(rng, GRADIENT, LARGE_GRADIENT)


def gradients_with(
    *, skip=True, accumulate=True, per_pair=True, sign=1.0, label=1.0, noise_label=0.0, swapped=False, cross=False,
    negatives_once=False,
):
    """Both gradients pair by pair, with one part replaced."""
    def solve(inputs, outputs, centres, contexts, negatives):
        grad_inputs, grad_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)

        def enter(table, word, row):
            table[word] = table[word] + row if accumulate else row

        scale = sign / (len(centres) if per_pair else 1)
        for centre, context, drawn in zip(centres, contexts, negatives):
            v = inputs[centre]
            g = (sigma(v @ outputs[context]) - label) * scale
            total = g * outputs[context]
            enter(grad_outputs, context, g * (outputs[context] if cross else v))
            for word in (sorted(set(drawn.tolist())) if negatives_once else drawn):
                if word == context and skip:
                    continue
                g = (sigma(v @ outputs[word]) - noise_label) * scale
                total = total + g * outputs[word]
                enter(grad_outputs, word, g * (outputs[word] if cross else v))
            enter(grad_inputs, centre, total)
        return (grad_outputs, grad_inputs) if swapped else (grad_inputs, grad_outputs)
    return solve


def gradients_overwritten(inputs, outputs, centres, contexts, negatives):
    """NumPy's indexed += : of several rows for one id, the last one stays."""
    grad_inputs, grad_outputs = np.zeros(inputs.shape), np.zeros(outputs.shape)
    v, n = inputs[centres], len(centres)
    right = (sigma((v * outputs[contexts]).sum(axis=1)) - 1) / n
    wrong = sigma((v[:, None] * outputs[negatives]).sum(axis=2)) * (negatives != contexts[:, None]) / n
    grad_inputs[centres] += right[:, None] * outputs[contexts] + (wrong[:, :, None] * outputs[negatives]).sum(axis=1)
    grad_outputs[contexts] += right[:, None] * v
    grad_outputs[negatives] += wrong[:, :, None] * v[:, None]
    return grad_inputs, grad_outputs


def gradients_by_matrices(inputs, outputs, centres, contexts, negatives):
    """A (V, V) matrix of the errors of all pairs of words; the gradients are two matrix products."""
    errors = np.zeros((len(inputs), len(outputs)))
    logits = inputs @ outputs.T
    for centre, context, drawn in zip(centres, contexts, negatives):
        errors[centre, context] += sigma(logits[centre, context]) - 1
        for word in drawn[drawn != context]:
            errors[centre, word] += sigma(logits[centre, word])
    errors /= len(centres)
    return [errors @ outputs, errors.T @ inputs]


GRADIENTS = Exercise(
    id="negative_sampling.gradients", points=3,
    reference=lambda inputs, outputs, centres, contexts, negatives: reference.negative_sampling_gradients(
        inputs, outputs, centres, contexts, negatives)[1:],
    cases=gradient_cases,
    misconceptions=[
        Misconception("overwrites where an id comes up again", gradients_overwritten,
                      "grad[ids] += rows keeps one row for each id. Use np.add.at(grad, ids, rows), or a loop: "
                      "repeated ids must add up."),
        Misconception("counts a target that was drawn as a negative twice", gradients_with(skip=False),
                      "A negative that equals the context is left out. With it, the same row is pulled and pushed."),
        Misconception("forgets to divide by the number of pairs", gradients_with(per_pair=False),
                      "The loss is a mean over n pairs, so each gradient carries 1 / n."),
        Misconception("returns the step, not the gradient", gradients_with(sign=-1.0),
                      "The gradient is sigma(x) - label: it points uphill. A step of training goes the other way."),
        Misconception("treats the context like a negative", gradients_with(label=0.0),
                      "The label of the true context is 1: its error is sigma(x) - 1."),
        Misconception("treats negatives like the context", gradients_with(noise_label=1.0),
                      "The label of a negative is 0: its error is sigma(x)."),
        Misconception("returns the gradients in the wrong order", gradients_with(swapped=True),
                      "First the gradient of `inputs`, then that of `outputs`."),
        Misconception("gives an output row its own vector", gradients_with(cross=True),
                      "The logit is u . v. Its derivative with respect to u is v, the input vector."),
        Misconception("counts a negative that is drawn twice once", gradients_with(negatives_once=True),
                      "Draws are with replacement. A word that is drawn twice for one pair counts twice."),
    ],
    alternatives=[gradients_with(), gradients_by_matrices],
    hints=["Each question has an error: sigma(x) - 1 for the context, sigma(x) for a negative, both divided by n.",
           "The error times u goes to the centre's row of grad_inputs; the error times v goes to the row of that u.",
           "Two loops, over pairs and over their negatives, are fine: grad_outputs[word] += error * v. Skip a negative "
           "that equals the context."],
)


# ----------------------------------------------------------------------------------------------------- one pair trained

# At most 8 questions in turn: each a dot product of up to 6, a sigmoid, two updates; entries stay below 4.
STEP = Tolerance(operations=256, scale=4.0)


def step_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), 0, 1, np.array([2, 3]), 0.5), label="a pair, two negatives", tolerance=STEP)
    yield Case((*tables(rng, 8, 5), 4, 7, rng.permutation(7)[:5], 0.1), label="five negatives", tolerance=STEP)
    yield Case((*tables(rng), 2, 5, np.array([3]), 1.0), label="one negative, rate 1", tolerance=STEP)
    inputs, outputs = tables(rng, dim=6)
    yield Case((inputs[:, ::2], outputs[:, ::2], 3, 3, np.array([0, 4]), 0.3), label="views with gaps",
               tolerance=STEP)
    yield Case((*tables(rng), 1, 4, np.array([2, 2, 0]), 0.8), label="a negative drawn twice", tolerance=STEP)
    yield Case((*tables(rng), 1, 4, np.array([4, 2]), 0.8), "edge", "a negative that is the target", tolerance=STEP)
    yield Case((*tables(rng), 5, 0, np.zeros(0, int), 0.8), "edge", "no negatives", tolerance=STEP)
    yield Case((*tables(rng), 0, 1, np.array([2]), 0.0), "edge", "rate 0", tolerance=STEP)
    yield Case((*tables(rng, scale=40.0), 0, 1, np.array([2, 3]), 0.5), "stability", "huge logits",
               tolerance=Tolerance(operations=256, scale=200.0))


def stepped_with(*, skip=True, error_after=False, error_only_new=False, input_inside=False, snapshot=False, sign=1.0,
                 inputs_too=True, output_sees_new_input=False, last_error=False):
    """One pair in the order of the released program, with one part replaced."""
    def solve(inputs, outputs, input, target, negatives, learning_rate):
        inputs, outputs = inputs.copy(), outputs.copy()
        old = outputs.copy()
        v = inputs[input] if input_inside else inputs[input].copy()
        error = np.zeros(inputs.shape[1])
        asked = [(target, 1)] + [(word, 0) for word in negatives if word != target or not skip]
        gradients = []
        for word, label in asked:
            row = old[word] if snapshot else outputs[word].copy()
            g = (label - sigma(v @ row)) * learning_rate * sign
            gradients.append((word, g))
            new = row + g * v
            if input_inside:
                outputs[word] += g * v
                inputs[input] += g * row
                continue
            if last_error:
                error = g * row
            else:
                error += g * (new if error_after else row)
            if not output_sees_new_input:
                outputs[word] += g * v
        if inputs_too and not input_inside:
            inputs[input] += error
        if output_sees_new_input:
            for word, g in gradients:
                outputs[word] += g * inputs[input]
        return inputs, outputs
    return solve


def step_by_lists(inputs, outputs, input, target, negatives, learning_rate):
    syn0, syn1 = inputs.tolist(), outputs.tolist()
    dim = range(len(syn0[0]))
    change = [0.0 for _ in dim]
    for k, word in enumerate([target, *negatives.tolist()]):
        if k > 0 and word == target:
            continue
        x = sum(syn0[input][c] * syn1[word][c] for c in dim)
        wrong = math.exp(-abs(x)) / (1 + math.exp(-abs(x)))                  # sigma(-|x|)
        yes = 1 - wrong if x >= 0 else wrong
        g = ((1 if k == 0 else 0) - yes) * learning_rate
        for c in dim:
            change[c] += g * syn1[word][c]
            syn1[word][c] += g * syn0[input][c]
    syn0[input] = [syn0[input][c] + change[c] for c in dim]
    return [syn0, syn1]


PAIR_STEP = Exercise(
    id="negative_sampling.pair_step", points=2,
    reference=lambda inputs, outputs, input, target, negatives, learning_rate: reference.pair_step(
        inputs, outputs, input, target, negatives, learning_rate)[1:],
    cases=step_cases,
    misconceptions=[
        Misconception("takes the input's error from rows that have already moved", stepped_with(error_after=True),
                      "Add g u to the error before you update u. The gradient belongs to the values from before the "
                      "step."),
        Misconception("moves the input row after every question", stepped_with(input_inside=True),
                      "The input row moves once, at the end. Until then every question sees the old v."),
        Misconception("moves output rows by the new input row", stepped_with(output_sees_new_input=True),
                      "u gains g times the old v; the input row moves last."),
        Misconception("trains the target as a negative too", stepped_with(skip=False),
                      "A negative that equals the target is skipped."),
        Misconception("takes every logit from the old output rows", stepped_with(snapshot=True),
                      "Here the output rows move one after the other: a word drawn twice is asked the second time with "
                      "the row that the first time left."),
        Misconception("steps uphill", stepped_with(sign=-1.0),
                      "g is (label - sigma(x)) times the learning rate, and it is added. You raise the loss."),
        Misconception("leaves the input row alone", stepped_with(inputs_too=False),
                      "Both tables learn: in the end add the error to row `input` of inputs."),
        Misconception("keeps only the last question's error", stepped_with(last_error=True),
                      "The input row gains the sum of g u over all questions."),
    ],
    alternatives=[step_by_lists, stepped_with()],
    hints=["Work on copies. Go through the target and then the negatives, in order, with label 1 and then 0.",
           "For each word: the logit from the old v and the present u; g; then error += g * u; then u += g * v.",
           "`v = inputs[input].copy()` before the loop, `inputs[input] += error` after it, and `continue` for a "
           "negative that equals the target."],
)


# ---------------------------------------------------------------------------------------------------- a window trained


def window_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((*tables(rng), np.array([0, 5]), 1, np.array([2, 3]), 0.5), label="two contexts", tolerance=STEP)
    yield Case((*tables(rng, 9, 4), np.array([0, 5, 8, 3]), 1, np.array([2, 7, 4]), 0.2), label="four contexts",
               tolerance=STEP)
    inputs, outputs = tables(rng, dim=6)
    yield Case((inputs[:, ::2], outputs[:, ::2], np.array([4, 2, 0]), 3, np.array([1]), 0.4), label="views with gaps",
               tolerance=STEP)
    yield Case((*tables(rng), np.array([4, 2, 4]), 1, np.array([3, 0]), 0.5), label="a word twice in the window",
               tolerance=STEP)
    yield Case((*tables(rng), np.array([4, 2]), 1, np.array([3, 0, 3]), 0.5), label="a negative drawn twice",
               tolerance=STEP)
    yield Case((*tables(rng), np.array([4, 2]), 1, np.array([1, 3]), 0.5), "edge", "a negative that is the target",
               tolerance=STEP)
    yield Case((*tables(rng), np.array([3]), 1, np.zeros(0, int), 0.5), "edge", "one context, no negatives",
               tolerance=STEP)
    yield Case((*tables(rng), np.zeros(0, int), 1, np.array([2]), 0.5), "edge", "no context", tolerance=STEP)


def window_with(*, skip=True, accumulate=True, mean=False, second_sees_first=False, sign=1.0):
    """The block of a window, with one part replaced."""
    def solve(inputs, outputs, context_ids, target, negatives, learning_rate):
        inputs, outputs = inputs.copy(), outputs.copy()
        words = np.array([target] + [word for word in negatives if word != target or not skip], dtype=int)
        context_ids = np.asarray(context_ids, dtype=int)
        labels = (np.arange(len(words)) == 0).astype(float)
        a, b = inputs[context_ids], outputs[words]
        g = (labels - sigma(a @ b.T)) * learning_rate * sign
        if mean and len(context_ids):
            g /= len(context_ids)

        def enter(table, ids, rows):
            if accumulate:
                np.add.at(table, ids, rows)
            else:
                table[ids] += rows

        enter(inputs, context_ids, g @ b)
        enter(outputs, words, g.T @ (inputs[context_ids] if second_sees_first else a))
        return inputs, outputs
    return solve


def window_pair_after_pair(inputs, outputs, context_ids, target, negatives, learning_rate):
    for word in context_ids:
        _, inputs, outputs = reference.pair_step(inputs, outputs, word, target, negatives, learning_rate)
    return inputs, outputs


def window_as_cbow(inputs, outputs, context_ids, target, negatives, learning_rate):
    return reference.cbow_step(inputs, outputs, context_ids, target, negatives, learning_rate)[1:]


def window_by_loops(inputs, outputs, context_ids, target, negatives, learning_rate):
    new_inputs, new_outputs = inputs.copy(), outputs.copy()
    for context in context_ids:
        for k, word in enumerate([target, *negatives]):
            if k and word == target:
                continue
            g = (float(k == 0) - sigma(np.dot(inputs[context], outputs[word]))) * learning_rate
            new_inputs[context] += g * outputs[word]
            new_outputs[word] += g * inputs[context]
    return new_inputs, new_outputs


WINDOW_STEP = Exercise(
    id="negative_sampling.window_step", points=2,
    reference=lambda inputs, outputs, context_ids, target, negatives, learning_rate: reference.window_step(
        inputs, outputs, context_ids, target, negatives, learning_rate)[1:],
    cases=window_cases,
    misconceptions=[
        Misconception("overwrites where a word comes up again", window_with(accumulate=False),
                      "table[ids] += rows keeps one row for each id. A word that stands twice in the window, or is "
                      "drawn twice, gains both: np.add.at."),
        Misconception("counts shared negatives that equal the target", window_with(skip=False),
                      "Leave out negatives that equal the target, for the whole window."),
        Misconception("trains pair after pair", window_pair_after_pair,
                      "In a window all logits come from the same old rows. Update the tables once, at the end."),
        Misconception("moves output rows by the new input rows", window_with(second_sees_first=True),
                      "Both updates use the rows from before the step. Keep them aside before you change a table."),
        Misconception("takes the mean over the window", window_with(mean=True),
                      "Each pair of the window counts in full, as if it were trained by itself: a sum, not a mean."),
        Misconception("steps uphill", window_with(sign=-1.0),
                      "G is (labels - sigma(logits)) times the learning rate, and its products are added."),
        Misconception("trains the mean of the context rows", window_as_cbow,
                      "That is CBOW. In skip-gram each context row answers the questions by itself."),
    ],
    alternatives=[window_by_loops, window_with()],
    hints=["Two small blocks of rows: A for the contexts, B for the target and the negatives that count.",
           "G = (labels - sigma(A B^T)) * learning_rate, with labels [1, 0, 0, ...] for the columns.",
           "np.add.at(inputs, context_ids, G @ B) and np.add.at(outputs, words, G.T @ A), on copies of the tables."],
)


# ------------------------------------------------------------------------------------------------------- learning rate

RATE = Tolerance(operations=8)


def rate_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((0, 1000, 0.025, 0.0001), label="at the start", tolerance=RATE)
    yield Case((500, 1000, 0.025, 0.0001), label="half-way", tolerance=RATE)
    yield Case((int(rng.integers(1, 900)), 1000, 0.05, 0.001), label="another start", tolerance=RATE)
    yield Case((int(rng.integers(20_000, 70_000)), 90_000, 0.1, 0.01), label="later", tolerance=RATE)
    yield Case((999, 1000, 0.025, 0.0001), "edge", "near the end", tolerance=RATE)
    yield Case((1000, 1000, 0.025, 0.0001), "edge", "at the end", tolerance=RATE)
    yield Case((1200, 1000, 0.025, 0.0001), "edge", "past the end", tolerance=RATE)


def rate_by_steps(tokens_read, tokens, start, end):
    rate = start - start * tokens_read / tokens
    return end if rate < end else rate


LEARNING_RATE = Exercise(
    id="negative_sampling.decayed_rate", points=1,
    reference=lambda tokens_read, tokens, start, end: reference.learning_rate(
        min(tokens_read / tokens, 1.0), start, end),
    cases=rate_cases,
    misconceptions=[
        Misconception("does not decay", lambda tokens_read, tokens, start, end: start,
                      "The rate falls while the text is read."),
        Misconception("falls below the minimum",
                      lambda tokens_read, tokens, start, end: start * (1 - tokens_read / tokens),
                      "The rate must not fall below `end`. Past the end of the text it would even turn negative, and "
                      "training would go uphill."),
        Misconception("heads for the minimum instead of 0",
                      lambda tokens_read, tokens, start, end: start - (start - end) * min(tokens_read / tokens, 1),
                      "That is gensim's line, which reaches `end` at the end. The released program's line heads for 0 "
                      "and stops at `end` a little earlier."),
        Misconception("falls exponentially",
                      lambda tokens_read, tokens, start, end: start * (end / start) ** min(tokens_read / tokens, 1),
                      "The decay is a straight line: start times the share of the text that is still to come."),
        Misconception("rises", lambda tokens_read, tokens, start, end: max(end, start * tokens_read / tokens),
                      "At the start of the text the rate is `start`. It falls from there."),
        Misconception("takes the minimum for the maximum",
                      lambda tokens_read, tokens, start, end: min(end, start * (1 - tokens_read / tokens)),
                      "`end` is a floor: take the larger of the two."),
    ],
    alternatives=[rate_by_steps,
                  lambda tokens_read, tokens, start, end: float(np.clip((tokens - tokens_read) * start / tokens, end,
                                                                        start))],
    hints=["What share of the text is still to come?",
           "start times that share is the line; it would reach 0 at the end of the text.",
           "max(end, start * (1 - tokens_read / tokens))."],
)


# --------------------------------------------------------------------------------------------------------- Huffman tree


def untied_counts(rng: np.random.Generator, size: int) -> np.ndarray:
    """Counts for which every join is between the only two smallest, so that the lengths are unique."""
    while True:
        counts = np.ceil(rng.integers(1, 40, size) * rng.pareto(0.8, size) + 1).astype(int)
        heap = sorted(counts.tolist())
        untied = True
        while len(heap) > 1 and untied:
            untied = len(set(heap[:4])) == len(heap[:4])
            heap = sorted([heap[0] + heap[1], *heap[2:]])
        # More spread than a full tree, so that the mistakes show.
        lengths = [len(code) for code in reference.huffman(counts)[0]]
        if untied and max(lengths) - min(lengths) >= 3 and max(lengths) < size - 1:
            return counts


def length_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([40, 6, 5, 3, 1]),), label="five words")
    yield Case((untied_counts(rng, 8),), label="eight words")
    yield Case((untied_counts(rng, 13),), label="thirteen words")
    yield Case((np.array([60, 7, 50, 7, 40, 7, 30, 7])[::2],), label="a view with gaps")
    yield Case((np.array([3, 3, 3, 3]),), "edge", "all alike")
    yield Case((np.array([1, 9]),), "edge", "two words")
    yield Case((np.array([4]),), "edge", "one word")
    yield Case((np.zeros(0, int),), "edge", "no word")


def lengths_by(choose, extra=0):
    """Joins two groups of words until one is left; every join adds 1 to the length of each word in it."""
    def solve(counts):
        groups = [(int(count), [word]) for word, count in enumerate(counts)]
        lengths = [extra] * len(groups)
        while len(groups) > 1:
            one, other = choose(groups)
            groups = [group for group in groups if group is not one and group is not other]
            for word in one[1] + other[1]:
                lengths[word] += 1
            groups.append((one[0] + other[0], one[1] + other[1]))
        return lengths
    return solve


def two_smallest(groups):
    return sorted(groups, key=lambda group: group[0])[:2]


def two_largest(groups):
    return sorted(groups, key=lambda group: group[0])[-2:]


def lengths_of_a_chain(counts):
    """Sorts once and hangs one word after the other onto the tree."""
    order = sorted(range(len(counts)), key=lambda word: int(counts[word]))
    lengths = [0] * len(counts)
    for depth, word in enumerate(reversed(order), start=1):
        lengths[word] = min(depth, len(counts) - 1)
    return lengths


def lengths_by_heap(counts):
    heap = [(int(count), word, None) for word, count in enumerate(counts)]
    heapq.heapify(heap)
    made = len(heap)
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (one[0] + other[0], made, (one, other)))
        made += 1
    lengths = np.zeros(len(counts), dtype=int)
    stack = [(heap[0], 0)] if heap else []
    while stack:
        (_, word, children), depth = stack.pop()
        if children is None:
            lengths[word] = depth
        else:
            stack += [(child, depth + 1) for child in children]
    return lengths


CODE_LENGTHS = Exercise(
    id="negative_sampling.code_lengths", points=2,
    reference=lambda counts: [len(code) for code in reference.huffman(counts)[0]],
    cases=length_cases,
    misconceptions=[
        Misconception("joins the two largest", lengths_by(two_largest),
                      "Join the two trees with the smallest sums. Words that are joined first end up deepest, and "
                      "those should be the rare ones."),
        Misconception("hangs word after word onto one chain", lengths_of_a_chain,
                      "A joined tree goes back among the others with its sum, and two others may be smaller now. Look "
                      "for the two smallest anew each time."),
        Misconception("gives all words the same length",
                      lambda counts: [math.ceil(math.log2(len(counts))) if len(counts) else 0] * len(counts),
                      "That is a full tree. In Huffman's tree frequent words have shorter paths."),
        Misconception("rounds -log2 of the frequency up",
                      lambda counts: [math.ceil(-math.log2(count / counts.sum())) for count in counts],
                      "Those are Shannon's lengths. They make a code, but rarely the shortest: build the tree."),
        Misconception("counts the root as a turn", lengths_by(two_smallest, extra=1),
                      "The length of a path is its number of turns. A single word needs none."),
        Misconception("joins the first two", lengths_by(lambda groups: groups[:2]),
                      "Which two trees are joined depends on their sums, not on their order."),
    ],
    alternatives=[lengths_by_heap, lengths_by(two_smallest)],
    hints=["Start with one tree for each word. Which two are joined first, and what is the sum of the new one?",
           "Keep for each tree its sum and the words in it. Every join makes the path of all its words one turn "
           "longer.",
           "heapq with (sum, number, words): pop two, add 1 to the length of each of their words, push the joined "
           "tree. The number in the middle keeps heapq from comparing lists."],
)


# ------------------------------------------------------------------------------------------- probabilities of the words

# Sums of 3 products below about 12, a sigmoid, and products of at most 8 factors below 1.
PATHS = Tolerance(operations=128, scale=1.0)


def tree_for(rng: np.random.Generator, size: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return reference.huffman(rng.integers(1, 60, size))


def probability_cases(rng: np.random.Generator) -> Iterator[Case]:
    four = reference.huffman([5, 3, 1, 1])
    yield Case((np.array([1.0, -0.5]), np.array([[0.5, 1.0], [-1.0, 0.3], [0.8, -0.7]]), *four), label="four words",
               tolerance=PATHS)
    yield Case((rng.standard_normal(3), rng.standard_normal((7, 3)), *tree_for(rng, 8)), label="eight words",
               tolerance=PATHS)
    yield Case((rng.standard_normal(12)[::2], rng.standard_normal((10, 12))[:, ::2], *tree_for(rng, 11)),
               label="views with gaps", tolerance=PATHS)
    yield Case((np.zeros(2), np.ones((3, 2)), *four), "edge", "every turn a coin", tolerance=PATHS)
    yield Case((np.array([2.0]), np.array([[0.7]]), *reference.huffman([2, 1])), "edge", "two words", tolerance=PATHS)
    yield Case((np.ones(2), np.zeros((0, 2)), *reference.huffman([3])), "edge", "one word", tolerance=PATHS)
    yield Case((np.array([100.0]), np.array([[100.0], [-100.0], [1.0]]), *four), "stability", "logits up to 10,000",
               tolerance=PATHS)


def probabilities_with(turn=lambda x, code: sigma(x if code == 0 else -x), combine=np.prod, first=0, last=None):
    """The product along each path, with one part replaced."""
    def solve(hidden, nodes, codes, points):
        result = []
        for code, path in zip(codes, points):
            result.append(combine([turn(nodes[node] @ hidden, bit) for bit, node in zip(code, path)][first:last]))
        return np.array(result, dtype=float)
    return solve


def probabilities_of_a_softmax(hidden, nodes, codes, points):
    logits = np.array([sum(float(nodes[node] @ hidden) for node in path) for path in points])
    logits = np.exp(logits - logits.max())
    return logits / logits.sum()


def probabilities_down_the_tree(hidden, nodes, codes, points):
    """Each node passes its probability on to its two branches."""
    yes = sigma(nodes @ hidden)
    result = np.ones(len(codes))
    for word, (code, path) in enumerate(zip(codes, points)):
        for bit, node in zip(code, path):
            result[word] *= 1 - yes[node] if bit else yes[node]
    return result


def probabilities_by_logs(hidden, nodes, codes, points):
    logits = nodes @ hidden
    return [float(np.exp(-np.logaddexp(0, -logits[path] * (1 - 2 * code)).sum())) for code, path in zip(codes, points)]


PATH_PROBABILITIES = Exercise(
    id="negative_sampling.path_probabilities", points=2,
    reference=reference.hierarchical_probabilities,
    cases=probability_cases,
    misconceptions=[
        Misconception("swaps the codes", probabilities_with(lambda x, code: sigma(x if code == 1 else -x)),
                      "In word2vec turn 0 has label 1: its probability is sigma(+x), and that of turn 1 is sigma(-x). "
                      "Your probabilities sum to 1 as well, but they belong to the mirrored tree."),
        Misconception("ignores the codes", probabilities_with(lambda x, code: sigma(x)),
                      "Left and right share the same node. If both had probability sigma(x), they would not sum to 1: "
                      "turn 1 has sigma(-x)."),
        Misconception("takes the mean of the turns",
                      probabilities_with(combine=lambda turns: np.mean(turns) if turns else 1.0),
                      "To reach a word every turn on its path must be taken: multiply."),
        Misconception("stops before the last turn", probabilities_with(last=-1),
                      "The path has one turn for each code; the last one leads to the word itself."),
        Misconception("leaves out the root", probabilities_with(first=1),
                      "The first turn is taken at the root, and it counts."),
        Misconception("returns logarithms",
                      probabilities_with(combine=lambda turns: np.log(np.prod(turns))),
                      "The probabilities themselves are asked for: they sum to 1."),
        Misconception("takes a softmax over the words", probabilities_of_a_softmax,
                      "The tree needs no softmax: it is normalised at each node."),
    ],
    alternatives=[probabilities_down_the_tree, probabilities_by_logs],
    hints=["At each node of a word's path, one of the two turns is taken. What is its probability?",
           "sigma(n . h) for code 0, sigma(-n . h) = 1 - sigma(n . h) for code 1. Multiply along the path.",
           "signs = 1 - 2 * code turns 0 into +1 and 1 into -1: np.prod(sigmoid(signs * (nodes[path] @ hidden))). The "
           "product over nothing is 1."],
)


# Sums of at most 8 logarithms of size up to 12.
PATH_LOSS_TOLERANCE = Tolerance(operations=128, scale=12.0)


def path_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([1.0, -0.5]), np.array([[0.5, 1.0], [-1.0, 0.3], [0.8, -0.7]]), np.array([0, 1]),
                np.array([2, 0])), label="two turns", tolerance=PATH_LOSS_TOLERANCE)
    codes, points = tree_for(rng, 9)
    word = int(np.argmax([len(code) for code in codes]))
    yield Case((rng.standard_normal(4), rng.standard_normal((8, 4)), codes[word], points[word]), label="a long path",
               tolerance=PATH_LOSS_TOLERANCE)
    yield Case((rng.standard_normal(8)[::2], rng.standard_normal((5, 8))[:, ::2], np.array([1, 0, 0]),
                np.array([4, 3, 1])), label="views with gaps", tolerance=PATH_LOSS_TOLERANCE)
    yield Case((np.zeros(2), np.ones((3, 2)), np.array([1, 0, 1]), np.array([2, 1, 0])), "edge", "every turn a coin",
               tolerance=PATH_LOSS_TOLERANCE)
    yield Case((np.ones(2), np.zeros((0, 2)), np.zeros(0, int), np.zeros(0, int)), "edge", "a tree of one word",
               tolerance=PATH_LOSS_TOLERANCE)
    yield Case((np.array([100.0]), np.array([[100.0], [-100.0], [1.0]]), np.array([1, 0]), np.array([0, 1])),
               "stability", "a probability that rounds to 0", tolerance=Tolerance(operations=128, scale=2e4))


def path_loss_with(turn=lambda x, code: np.logaddexp(0, -x if code == 0 else x), combine=np.sum, every_node=False):
    def solve(hidden, nodes, code, path):
        turns = [turn(nodes[node] @ hidden, bit) for bit, node in zip(code, path)]
        if every_node:
            turns = [np.logaddexp(0, -(node @ hidden)) for node in nodes]
        return float(combine(turns)) if turns else 0.0
    return solve


def path_loss_in_two_parts(hidden, nodes, code, path):
    x = nodes[path] @ hidden * np.where(code == 0, 1.0, -1.0)
    return float((np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))).sum())


PATH_LOSS = Exercise(
    id="negative_sampling.path_loss", points=1,
    reference=lambda hidden, nodes, code, path: -float(
        reference.log_sigmoid(reference.signs(code) * (nodes[path] @ hidden)).sum()) + 0.0,
    cases=path_cases,
    misconceptions=[
        Misconception("takes the logarithm of a product that has rounded to 0",
                      lambda hidden, nodes, code, path: float(
                          -np.log(np.prod([sigma(nodes[n] @ hidden * (1 - 2 * c)) for c, n in zip(code, path)]))) + 0.0,
                      "The product of small probabilities is 0 in floating point. Add the logarithms instead: "
                      "ln sigma(x) = -np.logaddexp(0, -x)."),
        Misconception("swaps the codes", path_loss_with(lambda x, code: np.logaddexp(0, -x if code == 1 else x)),
                      "Turn 0 has probability sigma(+x), turn 1 has sigma(-x)."),
        Misconception("ignores the codes", path_loss_with(lambda x, code: np.logaddexp(0, -x)),
                      "At turn 1 the right answer is sigma(-x)."),
        Misconception("takes the mean over the turns", path_loss_with(combine=np.mean),
                      "The logarithm of a product is the sum of the logarithms: longer paths cost more."),
        Misconception("goes through every node", path_loss_with(every_node=True),
                      "Only the nodes on the word's own path count. That is why a step costs log V and not V."),
        Misconception("returns the log-probability", path_loss_with(combine=lambda turns: -np.sum(turns)),
                      "The loss is minus the logarithm of the probability: it is never negative."),
    ],
    alternatives=[path_loss_with(), path_loss_in_two_parts],
    hints=["The logarithm of a product is a sum.",
           "-ln sigma(x) is np.logaddexp(0, -x); for turn 1 put -x for x.",
           "np.logaddexp(0, -(1 - 2 * code) * (nodes[path] @ hidden)).sum()."],
)


# --------------------------------------------------------------------------------------------------- a small trainer

# At most 25 windows of up to 6 x 4 questions in turn. Rows stay below 4 in size, and with rates up to 0.3 a step
# magnifies the rounding of the one before by less than half, and mostly by a few per cent.
TRAINING = Tolerance(operations=4096, scale=4.0)


def text_case(rng: np.random.Generator, lengths: tuple[int, ...], *, keep: np.ndarray | None = None, most: int = 3,
              start: float = 0.2, end: float = 0.02, negative: int = 3, step: int = 1, **options) -> Case:
    """A text with all the draws of its training."""
    tokens, size = sum(lengths), 6
    chances = 1 / np.arange(1, size + 1)
    ids = rng.choice(size, (tokens, step), p=chances / chances.sum())
    keep = np.array([0.4, 0.6, 0.8, 0.9, 1.0, 1.0]) if keep is None else keep
    coins, radii = rng.random((tokens, step)), rng.integers(1, most + 1, (tokens, step))
    negatives = rng.integers(0, size, (tokens, negative))
    arrays = [ids.ravel()[::step], np.cumsum([0, *lengths]), keep, coins.ravel()[::step], radii.ravel()[::step]]
    return Case((*arrays, negatives, *tables(rng), start, end), tolerance=TRAINING, **options)


def training_cases(rng: np.random.Generator) -> Iterator[Case]:
    everything = np.ones(6)
    yield text_case(rng, (6,), keep=everything, start=0.2, end=0.05, label="one sentence, every word kept")
    yield text_case(rng, (18,), label="one sentence, subsampled")
    yield text_case(rng, (9, 12), label="two sentences, subsampled")
    yield text_case(rng, (4, 5, 6), keep=everything, most=4, label="three sentences, every word kept")
    yield text_case(rng, (7, 8), step=2, start=0.3, label="views with gaps")
    yield text_case(rng, (4, 0, 1, 5), keep=everything, aspect="edge", label="an empty sentence and a single word")
    yield text_case(rng, (5,), keep=np.zeros(6), aspect="edge", label="nothing stays")
    yield text_case(rng, (), aspect="edge", label="no text")


def trained_with(
    *, kept=lambda coin, keep: coin < keep, borders=True, close_gaps=True, reach=lambda radius, radii: radius, extra=0,
    rate=lambda i, done, tokens, start, end: max(end, start * (1 - i / tokens)), step=reference.window_step,
    draws_in_turn=False, left=True, swapped=False,
):
    """The trainer with one part replaced."""
    def solve(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end):
        inputs, outputs = inputs.copy(), outputs.copy()
        ends = [int(end_of) for end_of in offsets] if borders else [0, len(ids)]
        done = 0
        for first, last in zip(ends[:-1], ends[1:]):
            stayed = [i for i in range(first, last) if kept(coins[i], keep[ids[i]])]
            for place, i in enumerate(stayed):
                draw = done if draws_in_turn else i
                radius = reach(int(radii[draw]), radii)
                if close_gaps:
                    near = stayed[max(0, place - radius):place] if left else []
                    near = near + stayed[place + 1:place + 1 + radius + extra]
                else:
                    near = [j for j in stayed if j != i and abs(j - i) <= radius]
                now = rate(i, done, len(ids), start, end)
                done += 1
                if swapped:
                    for j in near:
                        _, inputs, outputs = step(inputs, outputs, ids[[i]], ids[j], negatives[draw], now)
                elif near:
                    _, inputs, outputs = step(inputs, outputs, ids[near], ids[i], negatives[draw], now)
        return inputs, outputs
    return solve


def pair_after_pair(inputs, outputs, context_ids, target, negatives, learning_rate):
    return (0.0, *window_pair_after_pair(inputs, outputs, context_ids, target, negatives, learning_rate))


def trained_sentence_by_sentence(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end):
    """The text is thinned first; the steps come after, in loops over single numbers."""
    sentence = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    stays = np.flatnonzero(coins < keep[ids])
    for place, i in enumerate(stays):
        near = [stays[p] for p in range(place - radii[i], place + radii[i] + 1)
                if 0 <= p < len(stays) and p != place and sentence[stays[p]] == sentence[i]]
        inputs, outputs = window_by_loops(
            inputs, outputs, [ids[j] for j in near], ids[i], negatives[i], max(end, start - start * i / len(ids)))
    return inputs.copy(), outputs.copy()


TRAIN = Exercise(
    id="negative_sampling.train_sgns", points=4,
    reference=lambda ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end:
        reference.train_with_draws(ids, offsets, keep, coins, radii, negatives, inputs, outputs, start, end)[1:],
    cases=training_cases,
    misconceptions=[
        Misconception("crosses sentence borders", trained_with(borders=False),
                      "A window ends where its sentence ends. Thin out and train one sentence at a time."),
        Misconception("does not subsample", trained_with(kept=lambda coin, keep: True),
                      "Position i stays only if coins[i] < keep[ids[i]]."),
        Misconception("takes the keep probability for the discard probability",
                      trained_with(kept=lambda coin, keep: coin >= keep),
                      "A word stays where its coin falls below its keep probability. You drop rare words and keep "
                      "frequent ones."),
        Misconception("leaves gaps where words were dropped", trained_with(close_gaps=False),
                      "The words that stay move together, so that windows reach over the gaps: count places among the "
                      "words that stayed."),
        Misconception("reaches one word too far to the right", trained_with(extra=1),
                      "The radius counts words on each side: stayed[place + 1 : place + 1 + radius]."),
        Misconception("reaches one word too short to the right", trained_with(extra=-1),
                      "A slice leaves out its end: stayed[place + 1 : place + 1 + radius] holds radius words."),
        Misconception("looks to the right only", trained_with(left=False),
                      "The contexts stand on both sides of the target."),
        Misconception("gives every window the largest radius",
                      trained_with(reach=lambda radius, radii: int(max(radii))),
                      "Each position has a radius of its own, radii[i]."),
        Misconception("does not decay the learning rate", trained_with(rate=lambda i, done, n, start, end: start),
                      "The rate at position i is max(end, start * (1 - i / tokens))."),
        Misconception("lets the learning rate fall below its minimum",
                      trained_with(rate=lambda i, done, n, start, end: start * (1 - i / n)),
                      "The rate never falls below `end`."),
        Misconception("counts only the words that stayed as progress",
                      trained_with(rate=lambda i, done, n, start, end: max(end, start * (1 - done / n))),
                      "Progress is the position in the whole text, with the words that were dropped."),
        Misconception("uses up the draws in turn", trained_with(draws_in_turn=True),
                      "Radius and negatives of position i are radii[i] and negatives[i], whether or not words before "
                      "it were dropped."),
        Misconception("trains pair after pair", trained_with(step=pair_after_pair),
                      "Use window_step: all logits of a window come from the same old rows."),
        Misconception("swaps input and target", trained_with(swapped=True),
                      "Here the contexts are the inputs and the word in the middle is the target, as in the released "
                      "program."),
    ],
    alternatives=[trained_with(), trained_sentence_by_sentence],
    hints=["For each sentence: which positions stay? Then walk over them: target, contexts, rate, window_step.",
           "With `stayed` the positions of a sentence that stay and i = stayed[place], the contexts are the `radii[i]` "
           "entries of `stayed` before `place` and as many after it.",
           "max(0, place - radii[i]) keeps the slice from starting at a negative number. The step is "
           "window_step(inputs, outputs, ids[near], ids[i], negatives[i], decayed_rate(i, len(ids), start, end))."],
)
