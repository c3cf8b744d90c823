"""The learning rate of the paper: up in a line, then down with the root of the steps."""

from __future__ import annotations

from embcourse.arguments import require_whole


def warmup_rate(step: int, d_model: int, warmup: int = 4000) -> float:
    """d_model^-0.5 min(step^-0.5, step warmup^-1.5).

    step   : from 1; at step = warmup the two are equal, and the rate is
             largest.
    raises : ValueError for a step, a width or a warm-up below 1.

    >>> [round(1000 * warmup_rate(step, 512), 3) for step in (1, 4000, 16000)]
    [0.0, 0.699, 0.349]

    Vaswani et al. (2017), section 5.3.
    """
    step = require_whole("warmup_rate", "step", step, least=1)
    d_model = require_whole("warmup_rate", "d_model", d_model, least=1)
    warmup = require_whole("warmup_rate", "warmup", warmup, least=1)
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
