"""Values on their way to the cluster and back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dask.distributed import Client, Future


def reduced(
    client: Client, futures: Sequence[Future[Any]], combine: Callable[[Any, Any], Any]
) -> Any:
    """All results combined into one, two at a time, as a tree: only the last one travels to the
    client.

    The tree depends on the number of futures alone, so floats are added in the same order every
    time.

    futures: at least one.
    combine: takes two results and returns a third; it must not change what it gets.
    """
    futures = list(futures)
    while len(futures) > 1:
        pairs = [
            client.submit(combine, one, other, pure=False)
            for one, other in zip(futures[::2], futures[1::2])
        ]
        futures = pairs + futures[len(pairs) * 2 :]
    return futures[0].result()


def kept(client: Client, value: Any) -> Future[Any]:
    """A value on the cluster that survives its worker: the scheduler keeps it, as the argument of a
    task.

    `Client.scatter` keeps it on workers only, and what depends on it is cancelled when they are
    lost.
    """
    with warnings.catch_warnings():
        # Dask advises `scatter` for what is large.
        warnings.filterwarnings("ignore", message="Sending large graph", category=UserWarning)
        return client.submit(itself, value, pure=False)


def itself(value: Any) -> Any:
    """The value."""
    return value
