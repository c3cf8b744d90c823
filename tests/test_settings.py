"""The settings of trainers: each stands once, and is a keyword, checked, shown and saved."""

from __future__ import annotations

import inspect
import pickle
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embcourse import distributed, negative_sampling, word2vec
from embcourse.arguments import require_number
from embcourse.text import Vocabulary
from embcourse.training import Settings, load_checkpoint, save_checkpoint, setting, takes
from embcourse.vectors import Embeddings

TEXT = [["a", "b", "c", "a", "b"]] * 4
SMALL = {"dim": 4, "min_count": 1, "sample": 0, "epochs": 1}
KINDS = [
    negative_sampling.TrainingSettings,
    word2vec.TrainingSettings,
    distributed.ClusterSettings,
]
TRAINERS = {
    "train": (negative_sampling.train, negative_sampling.TrainingSettings),
    "Training": (negative_sampling.Training, negative_sampling.TrainingSettings),
    "word2vec-train": (word2vec.train, word2vec.TrainingSettings),
    "word2vec-Training": (word2vec.Training, word2vec.TrainingSettings),
    "distributed-train": (distributed.train, distributed.ClusterSettings),
}
# For every setting another value than the default, and values that are no good.
OTHER: dict[str, Any] = {
    "model": "cbow",
    "loss": "hierarchical",
    "dim": 7,
    "window": 7,
    "negative": 7,
    "negatives": "per_window",
    "sample": 0.5,
    "noise_power": 0.5,
    "cbow_mean": False,
    "epochs": 7,
    "min_count": 7,
    "max_size": 7,
    "batch_size": 7,
    "learning_rate": 0.7,
    "min_learning_rate": 0.007,
    "start": np.ones((3, 4)),
    "seed": 7,
    "device": "cuda",
    "copies": 7,
    "averages": 7,
    "vocabulary": Vocabulary(["a"]),
    "encoding": "latin-1",
    "threads": 7,
    "progress": True,
    "callback": print,
    "checkpoint": "run",
    "checkpoint_every": 7.0,
}
WHOLE = [0, -1, 2.0, True, "3", np.float64(2), np.zeros(2)]
NUMBER = [-0.5, np.nan, np.inf, True, "0.1", 1j, np.zeros(2)]
CHOICE = ["other", "", None, 1, ["cbow"], np.zeros(2)]
BAD: dict[str, list[Any]] = {
    "model": CHOICE,
    "loss": CHOICE,
    "dim": [None, *WHOLE],
    "window": [None, *WHOLE],
    "negative": [None, *WHOLE],
    "negatives": CHOICE,
    "sample": [None, 1.5, *NUMBER],
    "noise_power": [None, *NUMBER],
    "cbow_mean": [None, 1, "no"],
    "epochs": [None, *WHOLE],
    "min_count": [None, *WHOLE],
    "max_size": WHOLE,
    "batch_size": [None, *WHOLE],
    "learning_rate": NUMBER,
    "min_learning_rate": [None, 1.0, *NUMBER],
    "start": ["a.txt", 3, np.zeros((3, 4), int), [["a"]]],
    "seed": [None, *WHOLE[1:]],
    "device": CHOICE,
    "copies": WHOLE,
    "averages": WHOLE,
    "vocabulary": [["a", "b"], 3],
    "encoding": [None, 8],
    "threads": WHOLE,
    "progress": [None, 1],
    "callback": ["print", 1],
    "checkpoint": [5, True],
    "checkpoint_every": [None, *NUMBER],
}


def never() -> Iterator[list[str]]:
    raise AssertionError("the corpus was read")
    yield


def call(trainer: Callable[..., Any], **keywords: Any) -> Any:
    """The trainer on a corpus that must not be read."""
    if trainer is distributed.train:
        return trainer(["no shard"], None, **keywords)
    return trainer(never(), **keywords)


def counting(kind: type[Settings]) -> list[str]:
    return [one.name for one in fields(kind) if one.metadata["counts"]]


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """There seems to be a GPU."""
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


class TestChecks:
    @pytest.mark.parametrize("trainer", TRAINERS)
    def test_every_bad_value_is_refused_under_the_callers_name(self, trainer) -> None:
        function, kind = TRAINERS[trainer]
        name = trainer.split("-")[-1]
        for one in fields(kind):
            for value in BAD[one.name]:
                with pytest.raises(
                    (TypeError, ValueError),
                    match=f"^{name}: {one.name} must be|^{name}: {one.name} must lie between ",
                ):
                    call(function, **{one.name: value})

    @pytest.mark.parametrize("dtype", ["uint8", "int8", "uint64", "int32"])
    def test_numpy_integers_mean_the_same_and_are_kept_as_pythons(self, dtype) -> None:
        settings = Settings(dim=np.dtype(dtype).type(100), seed=np.dtype(dtype).type(3))
        assert settings.as_dict() == Settings(dim=100, seed=3).as_dict()
        assert type(settings.dim) is int

    @pytest.mark.parametrize("trainer", TRAINERS)
    def test_an_unknown_keyword_is_refused_with_the_nearest(self, trainer) -> None:
        function, name = TRAINERS[trainer][0], trainer.split("-")[-1]
        message = f"^{name}: got an unexpected keyword argument 'windw'; did you mean window\\?$"
        with pytest.raises(TypeError, match=message):
            call(function, windw=3)
        with pytest.raises(TypeError, match=f"^{name}: got an unexpected keyword .* 'qqq'$"):
            call(function, qqq=3)
        with pytest.raises(TypeError, match=f"^{name}: missing a required argument: "):
            function()
        with pytest.raises(TypeError, match=f"^{name}: too many positional arguments"):
            function([["a"]], None, 100)

    def test_errors_after_the_checks_begin_with_the_callers_name(self, tmp_path: Path) -> None:
        for name, module in (
            ("train", word2vec),
            ("train", negative_sampling),
            ("Training", word2vec),
            ("Training", negative_sampling),
        ):
            trainer = getattr(module, name)
            for corpus, keywords, error, message in (
                ([], {}, ValueError, "corpus holds no token"),
                (["text"], {}, TypeError, "sentence 0 must be a sequence of tokens"),
                (3, {}, TypeError, "corpus must be "),
                (tmp_path / "none", {}, FileNotFoundError, "corpus is the path of no file"),
                ([["a"]], SMALL, ValueError, "no sentence holds two words"),
                (TEXT, {"min_count": 100}, ValueError, "no word is left"),
                (TEXT, SMALL | {"start": np.ones((9, 9))}, ValueError, "start must have shape"),
                (TEXT, {"vocabulary": Vocabulary(["a", "b"])}, KeyError, "token 'c' is not"),
                (TEXT, {"vocabulary": Vocabulary(["a", "b"], [0, 0])}, ValueError, "vocabulary m"),
            ):
                few = {"negative": 1} if module is negative_sampling else {}
                with pytest.raises(error, match=f"^[\"']?{name}: {message}"):
                    trainer(corpus, **few, **keywords)
        for method in ("train", "Training"):
            trainer = getattr(negative_sampling, method)
            with pytest.raises(ValueError, match=f"^{method}: negative must be smaller"):
                trainer(TEXT, **SMALL, negative=3)
            with pytest.raises(FileNotFoundError, match=f"^{method}: checkpoint lies in"):
                call(trainer, checkpoint=tmp_path / "none" / "run")
        with pytest.raises(ValueError, match="^Training.run: until must lie between 1 and 1, got"):
            word2vec.Training(TEXT, **SMALL).run(until=2)
        with pytest.raises(TypeError, match="^Training.run: until must be an integer, got 1.0"):
            negative_sampling.Training(TEXT, **SMALL, negative=2).run(until=1.0)

    @pytest.mark.parametrize("name", ["train", "Training"])
    def test_a_training_that_fails_says_who_was_called(self, name, tmp_path: Path) -> None:
        def go(module: Any, **keywords: Any) -> None:
            made = getattr(module, name)(TEXT * 30, **{**SMALL, "epochs": 60, **keywords})
            if name == "Training":
                made.run()

        where = {"train": "train", "Training": "Training.run"}[name]
        one = {"negative": 2, "threads": 1}
        with pytest.raises(ArithmeticError, match=f"^{where}: the training diverges"):
            go(negative_sampling, learning_rate=900.0, **one)
        with pytest.raises(ValueError, match=f"^{where}: no pair was trained"):
            go(negative_sampling, sample=1e-12, **one)
        with pytest.raises(ValueError, match=f"^{where}: no pair was trained"):
            go(word2vec, sample=1e-12)

    @pytest.mark.usefixtures("gpu")
    def test_what_a_gpu_can_not_do(self) -> None:
        for name in ("train", "Training"):
            trainer = getattr(negative_sampling, name)
            with pytest.raises(ValueError, match=f"^{name}: on a GPU negatives must be"):
                call(trainer, device="cuda")
            with pytest.raises(ValueError, match=f"^{name}: on a GPU dim must be at most 512"):
                call(trainer, device="cuda", negatives="per_window", dim=513)

    @pytest.mark.parametrize(
        "name",
        [
            "negative",
            "negatives",
            "noise_power",
            "min_learning_rate",
            "threads",
            "checkpoint",
            "checkpoint_every",
        ],
    )
    def test_softmax_ignores_no_setting(self, name) -> None:
        keywords = {name: OTHER[name], "learning_rate": 0.1}
        with pytest.raises(ValueError, match=f"^train: loss='softmax' has no {name}; leave it"):
            negative_sampling.train(never(), loss="softmax", **keywords)

    def test_softmax_takes_the_other_settings(self) -> None:
        keywords = SMALL | {"model": "cbow", "learning_rate": 0.1, "seed": 3}
        ours = negative_sampling.train(TEXT, loss="softmax", **keywords)
        assert (ours.matrix == word2vec.train(TEXT, **keywords).matrix).all()
        with pytest.raises(ValueError, match="^train: loss must be 'negative' or 'hierarchical'"):
            call(distributed.train, loss="softmax")


class TestKeywords:
    @pytest.mark.parametrize("trainer", TRAINERS)
    def test_help_and_editors_see_every_setting_with_type_and_default(self, trainer) -> None:
        function, kind = TRAINERS[trainer]
        parameters = inspect.signature(function).parameters
        keywords = {
            name: one.default for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY
        }
        assert keywords == {one.name: one.default for one in fields(kind)}
        for name in keywords:
            assert parameters[name].annotation == typing.get_type_hints(kind)[name]

    @pytest.mark.parametrize("trainer", TRAINERS)
    def test_every_setting_is_documented(self, trainer) -> None:
        function, kind = TRAINERS[trainer]
        module = inspect.getmodule(function)
        text = module.train.__doc__ + (
            negative_sampling.train.__doc__ if function is distributed.train else ""
        )
        missing = [one.name for one in fields(kind) if one.name not in text]
        assert missing == []


class TestSaved:
    @pytest.mark.usefixtures("gpu")
    @pytest.mark.parametrize(
        ("kind", "name"),
        [(kind, name) for kind in KINDS for name in counting(kind)],
        ids=lambda value: getattr(value, "__name__", value),
    )
    def test_a_checkpoint_of_another_value_of_any_setting_is_refused(
        self, kind, name, tmp_path: Path
    ) -> None:
        base = {"negatives": "per_window"} if name == "device" and "loss" in counting(kind) else {}
        one, other = kind(**base), kind(**base, **{name: OTHER[name]})
        save_checkpoint(tmp_path / "run", {}, 0, one.as_dict())
        assert load_checkpoint(tmp_path / "run", kind(**base).as_dict()) == ({}, 0)
        with pytest.raises(
            ValueError, match=f"^train: .*run belongs to another training: .*{name} was "
        ):
            load_checkpoint(tmp_path / "run", other.as_dict(), where="train")

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_changes_nothing_in_the_result_is_not_asked_for(self, kind) -> None:
        aside = {one.name for one in fields(kind)} - set(counting(kind))
        assert aside <= {
            "progress",
            "callback",
            "checkpoint",
            "checkpoint_every",
            "threads",
            "vocabulary",
            "encoding",
        }
        assert kind(**{name: OTHER[name] for name in aside}).as_dict() == kind().as_dict()

    def test_a_checkpoint_without_a_setting_is_of_another_version(self, tmp_path: Path) -> None:
        settings = Settings().as_dict()
        save_checkpoint(tmp_path / "run", {}, 0, {"dim": 100, "seed": 0})
        with pytest.raises(ValueError, match=r"another trainer or version, .* tell model, window"):
            load_checkpoint(tmp_path / "run", settings)

    def test_vectors_to_start_with_are_told_apart(self) -> None:
        rows = np.arange(6.0).reshape(3, 2)
        starts = [
            None,
            rows,
            rows[::-1],
            rows.astype(np.float32),
            Embeddings(["a", "b", "c"], rows),
            Embeddings(["a", "b", "d"], rows),
        ]
        prints = [Settings(start=start).as_dict()["start"] for start in starts]
        assert len(set(prints)) == len(starts)
        assert Settings(start=rows.tolist()).as_dict()["start"] == prints[1]

    @pytest.mark.parametrize("module", [negative_sampling, word2vec])
    def test_a_repr_shows_the_settings_and_how_far_it_is(self, module) -> None:
        keywords = SMALL | ({"negative": 2, "threads": 1} if module is negative_sampling else {})
        training = module.Training(TEXT, **keywords, callback=print)
        assert repr(training).startswith("Training(3 words, 0 of 20 tokens, model='skipgram', ")
        for name, value in training.settings.as_dict().items():
            assert f"{name}={value!r}" in repr(training)
            assert f"{name}={value!r}" in repr(training.settings)
        training = module.Training(TEXT, **keywords).run()
        assert "20 of 20 tokens" in repr(training)

    def test_settings_are_frozen_copied_with_checks_and_pickled(self) -> None:
        settings = negative_sampling.Training(TEXT, **SMALL, negative=2).settings
        with pytest.raises(AttributeError):
            settings.dim = 3
        assert replace(settings, window=2).as_dict() == settings.as_dict() | {"window": 2}
        with pytest.raises(ValueError, match="^Settings: window must be at least 1"):
            replace(settings, window=0)
        assert pickle.loads(pickle.dumps(settings)).as_dict() == settings.as_dict()


def test_a_field_is_a_keyword_checked_shown_and_saved_without_another_line() -> None:
    @dataclass(frozen=True, kw_only=True, eq=False, repr=False)
    class WithMomentum(word2vec.TrainingSettings):
        momentum: float = setting(0.9, require_number, least=0, most=1)

    @takes(WithMomentum)
    def train(corpus: str, settings: WithMomentum) -> WithMomentum:
        return settings

    assert inspect.signature(train).parameters["momentum"].default == 0.9
    assert train("text", momentum=0.5).as_dict()["momentum"] == 0.5
    assert "momentum=0.5" in repr(train("text", momentum=0.5))
    with pytest.raises(ValueError, match=r"train: momentum must lie between 0 and 1, got 2$"):
        train("text", momentum=2)
