"""Runs a student's function so that nothing it does ends the notebook: it may loop, recurse, print,
exit or raise."""

from __future__ import annotations

import contextlib
import ctypes
import io
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


class OutOfTime(BaseException):
    """Raised inside the student's function when its time is up. A BaseException: `except Exception`
    lets it pass."""


class Interrupted(BaseException):
    """A person pressed stop."""


@dataclass(frozen=True)
class Outcome:
    """What a call did: a value, or an error and where it arose; and how much it printed."""

    value: Any = None
    error: BaseException | None = None
    line: str = ""
    printed: int = 0


class Discard(io.TextIOBase):
    """Takes what is printed, counts it, keeps nothing."""

    def __init__(self) -> None:
        self.characters = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Counts the characters and drops them."""
        self.characters += len(text)
        return len(text)


def run(function: Callable[[], Any], seconds: float) -> Outcome:
    """Calls the function, with a time limit, printing and warnings discarded.

    function : takes nothing; bind the arguments before.
    seconds  : time limit on the wall clock.
    returns  : an Outcome; its error may be any exception, OutOfTime, SystemExit ...
    raises   : Interrupted if a person presses stop. Nothing else.

    >>> run(lambda: 6 * 7, seconds=1).value
    42
    >>> run(lambda: 1 / 0, seconds=1).error
    ZeroDivisionError('division by zero')
    """
    sink = Discard()
    value, error, line = None, None, ""
    recursion, trace = sys.getrecursionlimit(), sys.gettrace()
    with (
        contextlib.redirect_stdout(sink),
        contextlib.redirect_stderr(sink),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        try:
            with exit_raises():
                value = limited(function, seconds)
        except KeyboardInterrupt:
            raise Interrupted from None
        except BaseException as caught:  # SystemExit and OutOfTime too: report, don't obey
            error, line = caught, failing_line(caught)
            error.__traceback__ = None  # frees the frames, and the arrays in them
        finally:
            sys.settrace(trace)
            if sys.getrecursionlimit() != recursion:
                sys.setrecursionlimit(recursion)
    return Outcome(value, error, line, sink.characters)


def ipython_shell() -> Any:
    """The IPython shell that this process runs in; None where there is none. Does not import
    IPython."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


@contextlib.contextmanager
def exit_raises() -> Iterator[None]:
    """Lets a notebook's `exit()` raise SystemExit, as Python's does. IPython's own would end the
    kernel soon after."""
    shell = ipython_shell()
    if shell is None:
        yield
        return

    def ask_exit() -> None:
        raise SystemExit

    shell.ask_exit = ask_exit
    try:
        yield
    finally:
        del shell.ask_exit


def limited(function: Callable[[], Any], seconds: float) -> Any:
    """The function's result; raises what it raises, and OutOfTime when it has run for so long."""
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
        with alarm_limit(seconds):
            return function()
    return in_a_thread(function, seconds)


@contextlib.contextmanager
def alarm_limit(seconds: float) -> Iterator[None]:
    """By SIGALRM, which also wakes a sleeping call. Only the main thread may set it."""

    def on_alarm(signum: int, frame: Any) -> None:
        # A bare `except:` in a loop swallows one exception. So the frames that are running now also
        # raise at their next line, which stands in the handler, outside the `try`; and the timer
        # fires again.
        def raise_on_next_line(inner: Any, event: str, argument: Any) -> Any:
            if event == "line":  # an "exception" event comes first: leave it be
                raise OutOfTime
            return raise_on_next_line

        sys.settrace(lambda inner, event, argument: None)
        while frame is not None and frame.f_code.co_filename != __file__:
            frame.f_trace = raise_on_next_line
            frame = frame.f_back
        raise OutOfTime

    previous = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # the alarm may have struck in the line above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


GRACE = 5.0  # seconds in which a function may clean up after its time


def in_a_thread(function: Callable[[], Any], seconds: float) -> Any:
    """The function's result, from a thread of its own, into which an exception is sent when the
    time is up.

    An exception that comes a moment too late strikes that thread, never the caller. A blocking call
    lets it wait; a loop that swallows every exception is left behind after GRACE, running.
    """
    results: list[tuple[Any, BaseException | None]] = []

    def work() -> None:
        try:
            with np.errstate(all="ignore"):  # which holds for one thread
                results.append((function(), None))
        except BaseException as error:
            results.append((None, error))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    assert worker.ident is not None  # it has started
    worker.join(seconds)
    given_up = time.monotonic() + GRACE
    while worker.is_alive() and not results and time.monotonic() < given_up:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(worker.ident), ctypes.py_object(OutOfTime)
        )
        worker.join(0.05)
    value, error = results[0] if results else (None, OutOfTime())
    if error is not None:
        raise error
    return value


def failing_line(error: BaseException) -> str:
    """The last line of the student's own code in the traceback, e.g. "line 3: return total / 0"."""
    package = __file__.rsplit("checking", 1)[0]
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__, limit=-200)
        if not frame.filename.startswith(package) and "site-packages" not in frame.filename
    ]
    return f"line {own[-1].lineno}: {own[-1].line}" if own and own[-1].line else ""
