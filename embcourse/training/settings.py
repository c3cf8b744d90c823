"""What a caller may choose of a training: each choice stands once, with its default and its range.

A trainer's settings are a frozen dataclass. Its fields are the keywords of the trainer, its checks
run when it is made, and what the result depends on goes into checkpoints. So a field that is added
is a keyword, checked, shown and saved without another line.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import partial, update_wrapper
from typing import (
    Any,
    ClassVar,
    Concatenate,
    Literal,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    get_type_hints,
    overload,
)

import numpy as np

from embcourse.arguments import (
    require_choice,
    require_flag,
    require_instance,
    require_number,
    require_whole,
)
from embcourse.text import Vocabulary
from embcourse.training.progress import Progress
from embcourse.training.start import require_start
from embcourse.vectors import Embeddings

Model = Literal["skipgram", "cbow"]
Device = Literal["cpu", "cuda"]


def setting(default: Any, check: Callable[..., Any], *, counts: bool = True, **bounds: Any) -> Any:
    """A field of settings.

    default: its value where the caller says nothing; if that is None, None is allowed.
    check  : a function of `embcourse.arguments`, called with where, name, value and the bounds;
             what it returns is kept.
    counts : whether the result depends on it, beside the corpus.
    """
    return field(default=default, metadata={"check": partial(check, **bounds), "counts": counts})


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Settings:
    """What every trainer of word vectors lets a caller choose; each adds its own.

    The meaning of the fields stands where they are keywords: at `negative_sampling.train`,
    `word2vec.train` and `distributed.train`.

    raises: TypeError or ValueError for a value that is no good.

    >>> Settings(window=np.uint8(3))
    Settings(model='skipgram', dim=100, window=3, sample=0.001, cbow_mean=True, epochs=5, \
min_count=5, max_size=None, start=None, seed=0)
    >>> Settings(window=0)
    Traceback (most recent call last):
    ValueError: Settings: window must be at least 1, got 0
    """

    where: ClassVar[str] = "Settings"  # the public name to put in front of an error

    model: Model = setting("skipgram", require_choice, choices=Model)
    dim: int = setting(100, require_whole, least=1)
    window: int = setting(5, require_whole, least=1)
    sample: float = setting(1e-3, require_number, least=0, most=1)
    cbow_mean: bool = setting(True, require_flag)
    epochs: int = setting(5, require_whole, least=1)
    min_count: int = setting(5, require_whole, least=1)
    max_size: int | None = setting(None, require_whole, least=1)
    # What it changes, the fingerprint of the corpus shows.
    encoding: str = setting("utf-8", require_instance, kind=str, expected="a string", counts=False)
    start: Embeddings | np.ndarray | None = setting(None, require_start)
    seed: int = setting(0, require_whole, least=0)
    progress: bool = setting(False, require_flag, counts=False)
    callback: Callable[[Progress], object] | None = setting(
        None, require_instance, kind=Callable, expected="a function", counts=False
    )

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None or one.default is not None:
                object.__setattr__(
                    self, one.name, one.metadata["check"](self.where, one.name, value)
                )

    @classmethod
    def of(cls, where: str, given: Mapping[str, Any]) -> Self:
        """Settings from keywords, with errors that begin with the name of what was called.

        >>> Settings.of("train", {"dim": 0})
        Traceback (most recent call last):
        ValueError: train: dim must be at least 1, got 0
        """
        settings = cls.__new__(cls)
        object.__setattr__(settings, "where", where)
        settings.__init__(**given)  # type: ignore[misc]  # of the same class, just made
        return settings

    def as_dict(self) -> dict[str, Any]:
        """What the result depends on, as JSON has it. Of vectors to start with, a fingerprint.

        >>> Settings(dim=4, progress=True).as_dict()["dim"]
        4
        """
        counting = [one.name for one in fields(self) if one.metadata["counts"]]
        values = {name: getattr(self, name) for name in counting}
        return values | {"start": _fingerprint(self.start)}

    def __repr__(self) -> str:
        listed = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"{type(self).__name__}({listed})"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LocalSettings(Settings):
    """What trainers on one machine add: a corpus of any kind, and the device.

    >>> LocalSettings(device="tpu")
    Traceback (most recent call last):
    ValueError: Settings: device must be 'cpu' or 'cuda', got 'tpu'
    """

    # What it changes, the fingerprint of the corpus shows.
    vocabulary: Vocabulary | None = setting(
        None, require_instance, kind=Vocabulary, expected="a Vocabulary", counts=False
    )
    device: Device = setting("cpu", require_choice, choices=Device)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.device == "cuda":
            import torch

            if not torch.cuda.is_available():
                raise ValueError(
                    f"{self.where}: device='cuda' needs a GPU for torch;"
                    " torch.cuda.is_available() is False"
                )


def _fingerprint(start: Embeddings | np.ndarray | None) -> str | None:
    """A short text that differs if the vectors, or the words they belong to, differ."""
    if start is None:
        return None
    words = "\0".join(start.vocabulary.tokens) if isinstance(start, Embeddings) else ""
    matrix = start.matrix if isinstance(start, Embeddings) else start
    sums = zlib.crc32(np.ascontiguousarray(matrix).data, zlib.crc32(words.encode()))
    return f"{matrix.dtype}-{matrix.shape}-{sums:08x}"


# ------------------------------------------------------------------------ settings as keywords

P = ParamSpec("P")
A = TypeVar("A")
B = TypeVar("B")
R = TypeVar("R")
S = TypeVar("S", bound=Settings, covariant=True)


class Takes(Protocol[P, S]):
    """What `takes` returns, for type checkers: it puts the settings' keywords in the place of the
    last argument."""

    @overload
    def __call__(self, function: Callable[[A, S], R]) -> Callable[Concatenate[A, P], R]: ...
    @overload
    def __call__(self, function: Callable[[A, B, S], R]) -> Callable[Concatenate[A, B, P], R]: ...


def takes(settings: Callable[P, S]) -> Takes[P, S]:
    """A decorator: the function's last argument, `settings`, is given as keywords, one for each
    field.

    `help`, editors and type checkers see the keywords, with types and defaults. A keyword that
    is none of them is a TypeError that names the nearest.

    settings: a dataclass below `Settings`.

    >>> @takes(Settings)
    ... def train(corpus, settings):
    ...     return settings.dim
    >>> train("corpus.txt", dim=7)
    7
    >>> train("corpus.txt", dims=7)
    Traceback (most recent call last):
    TypeError: train: got an unexpected keyword argument 'dims'; did you mean dim?
    >>> str(inspect.signature(train))[:55]
    "(corpus, *, model: Literal['skipgram', 'cbow'] = 'skipg"
    """
    assert isinstance(settings, type) and issubclass(settings, Settings)
    kind, types = settings, get_type_hints(settings)
    keywords = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=one.default,
            annotation=types[one.name],
        )
        for one in fields(kind)
    ]
    names = [one.name for one in keywords]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        own = inspect.signature(function)
        *arguments, _ = own.parameters.values()
        signature = own.replace(parameters=[*arguments, *keywords])
        where = function.__qualname__.removesuffix(".__init__")

        def called(*positional: Any, **given: Any) -> Any:
            try:
                bound = signature.bind(*positional, **given).arguments
            except TypeError as error:
                unknown = [name for name in given if name not in signature.parameters]
                near = get_close_matches(unknown[0], names, n=1) if unknown else []
                advice = f"; did you mean {near[0]}?" if near else ""
                raise TypeError(f"{where}: {error}{advice}") from None
            chosen = {name: bound.pop(name) for name in names if name in bound}
            return function(**bound, settings=kind.of(where, chosen))

        update_wrapper(called, function)
        called.__signature__ = signature  # type: ignore[attr-defined]
        called.__annotations__ = {
            name: parameter.annotation
            for name, parameter in signature.parameters.items()
            if parameter.annotation is not inspect.Parameter.empty
        } | {"return": own.return_annotation}
        return called

    return decorate
