"""The ways to exercise what a student wrote. Each returns what the answer did; the comparison needs
nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def call(function: Callable, args: tuple, kwargs: Mapping[str, Any], steps: tuple) -> Any:
    """The result of one call.

    >>> call(max, (3, 7), {}, ())
    7
    """
    return function(*args, **kwargs)


def construct_then_call(
    function: Callable, args: tuple, kwargs: Mapping[str, Any], steps: tuple
) -> list:
    """The results of methods called in turn on one new object; None for a method that returns the
    object itself.

    args, kwargs go to the constructor; steps are (method name, arguments).

    >>> construct_then_call(list, ((3, 1, 2),), {}, (("index", (1,)), ("copy", ())))
    [1, [3, 1, 2]]
    """
    instance = function(*args, **kwargs)
    results = []
    for position, (method, arguments) in enumerate(steps):
        try:
            result = getattr(instance, method)(*arguments)
        except BaseException as error:
            error.add_note(f"in {step_name(position, method, len(steps))}")
            raise
        results.append(None if result is instance else result)
    return results


def step_name(position: int, method: str, steps: int) -> str:
    """How a report calls one of the calls after the constructor.

    >>> step_name(1, "search", 3), step_name(0, "search", 1)
    ('call 2, .search', 'the call .search')
    """
    return f"call {position + 1}, .{method}" if steps > 1 else f"the call .{method}"


PROBES: Mapping[str, Callable] = {"call": call, "construct_then_call": construct_then_call}
