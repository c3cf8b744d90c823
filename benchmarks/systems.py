"""One interface to every program that is compared: prepare (not timed), then train (timed)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from embcourse.negative_sampling import Training
from embcourse.vectors import Embeddings

Documents = Sequence[Sequence[str]]
Prepared = tuple[Callable[[], Any], Callable[[], Embeddings]]

SETTINGS: dict[str, Any] = {
    "dim": 100,
    "window": 5,
    "negative": 5,
    "sample": 1e-3,
    "noise_power": 0.75,
    "min_count": 5,
    "epochs": 5,
}

# name -> (program, what it is given beside SETTINGS)
SYSTEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "gensim skip-gram": ("gensim", {}),
    "skip-gram per_pair": ("embcourse", {"negatives": "per_pair"}),
    "skip-gram per_window": ("embcourse", {"negatives": "per_window"}),
    "gensim CBOW": ("gensim", {"model": "cbow"}),
    "CBOW": ("embcourse", {"model": "cbow"}),
    "gensim hierarchical": ("gensim", {"loss": "hierarchical"}),
    "hierarchical": ("embcourse", {"loss": "hierarchical"}),
}
PEER = {
    "skip-gram per_pair": "gensim skip-gram",
    "skip-gram per_window": "gensim skip-gram",
    "CBOW": "gensim CBOW",
    "hierarchical": "gensim hierarchical",
}


def prepare(
    system: str, documents: Documents, *, threads: int = 1, seed: int = 0, **settings: Any
) -> Prepared:
    """A training that is ready to start: words are counted, tables allocated.

    system  : a key of SYSTEMS; settings change SETTINGS.
    returns : (train, vectors): `train()` is what is timed, `vectors()` gives the Embeddings
              afterwards.

    >>> train, vectors = prepare("CBOW", [["a", "b", "c"]] * 9, dim=4, negative=1, epochs=1)
    >>> _ = train()
    >>> vectors()
    Embeddings(3 words x 4, float32)
    """
    program, own = SYSTEMS[system]
    chosen = {**SETTINGS, **own, **settings}
    make = _gensim if program == "gensim" else _embcourse
    return make(documents, threads, seed, chosen)


def _embcourse(documents: Documents, threads: int, seed: int, settings: dict[str, Any]) -> Prepared:
    training = Training(documents, threads=threads, seed=seed, **settings)
    return training.run, training.embeddings


def _gensim(documents: Documents, threads: int, seed: int, settings: dict[str, Any]) -> Prepared:
    from gensim.models import Word2Vec
    from gensim.models.word2vec import FAST_VERSION

    if FAST_VERSION < 0:
        raise RuntimeError(
            "gensim runs without its compiled routines: a comparison would be unfair"
        )
    skipgram = settings.get("model", "skipgram") == "skipgram"
    hierarchical = settings.get("loss", "negative") == "hierarchical"
    model = Word2Vec(
        vector_size=settings["dim"],
        window=settings["window"],
        min_count=settings["min_count"],
        sample=settings["sample"],
        ns_exponent=settings["noise_power"],
        epochs=settings["epochs"],
        negative=0 if hierarchical else settings["negative"],
        hs=int(hierarchical),
        sg=int(skipgram),
        alpha=0.025 if skipgram else 0.05,  # the defaults of the released code, as ours
        min_alpha=1e-4,
        cbow_mean=1,
        workers=threads,
        seed=seed + 1,
    )
    model.build_vocab(documents)

    def train() -> object:
        return model.train(documents, total_examples=model.corpus_count, epochs=model.epochs)

    return train, lambda: Embeddings.from_gensim(model.wv)
