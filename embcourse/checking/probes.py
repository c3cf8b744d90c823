"""The ways to exercise what a student wrote. Each returns what the answer did; the comparison needs
nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Steps = tuple[tuple[str, tuple[Any, ...]], ...]  # (method, arguments) of calls in turn


def call(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], steps: Steps
) -> Any:
    """The result of one call.

    >>> call(max, (3, 7), {}, ())
    7
    """
    return function(*args, **kwargs)


def construct_then_call(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], steps: Steps
) -> list[Any]:
    """The results of methods called in turn on one new object; None for a method that returns the
    object itself.

    args, kwargs go to the constructor; steps are (method name, arguments).

    >>> construct_then_call(list, ((3, 1, 2),), {}, (("index", (1,)), ("copy", ())))
    [1, [3, 1, 2]]
    """
    instance = function(*args, **kwargs)
    results: list[Any] = []
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


PROBES: Mapping[str, Callable[..., Any]] = {
    "call": call,
    "construct_then_call": construct_then_call,
}
