"""A vocabulary and a matrix: one vector per token."""

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import DTypeLike

from embcourse.arguments import (
    require_choice,
    require_path,
    require_series,
    require_text,
    require_whole,
)
from embcourse.text import Vocabulary
from embcourse.text.compression import is_compressed, without_compression
from embcourse.vectors.analogies import (
    Accuracy,
    Method,
    analogy_accuracy,
    analogy_scores,
    nearest_to_c_accuracy,
    require_method,
)
from embcourse.vectors.neighbours import Neighbour, best, nearest, unit_rows
from embcourse.vectors.similarity import Correlation, rank_correlation

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

Query = (
    str
    | Sequence[str]
    | Sequence[float]
    | Sequence[Sequence[float]]
    | Sequence[np.ndarray]
    | np.ndarray
)
Undecodable = Literal["raise", "skip", "keep"]
Format = Literal["word2vec-text", "word2vec-binary", "fasttext-vec", "safetensors"]
_FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".txt": "word2vec-text",
    ".bin": "word2vec-binary",
    ".vec": "fasttext-vec",
    ".safetensors": "safetensors",
}


class Embeddings:
    """One vector per token of a vocabulary.

    vocabulary: Vocabulary, or a sequence of distinct strings.
    matrix    : (words, dim) array of floats, at least 1 x 1, all finite; row i belongs to token i.
                It is copied, unless it is read-only already.
    raises    : TypeError if the matrix is not floating point; ValueError if it is not 2-D, is
                empty, has another number of rows than there are tokens, or holds NaN or infinity.

    Attributes: `vocabulary`, `matrix` (read-only, dtype as given), `dim`.

    >>> emb = Embeddings(
    ...     ["man", "woman", "king", "queen"], np.array([[0.0, 1], [1, 1], [0, 5], [1, 5]])
    ... )
    >>> emb
    Embeddings(4 words x 2, float64)
    >>> emb["woman"], "prince" in emb, len(emb)
    (array([1., 1.]), False, 4)
    """

    def __init__(self, vocabulary: Vocabulary | Sequence[str], matrix: np.ndarray) -> None:
        if not isinstance(vocabulary, Vocabulary):
            vocabulary = Vocabulary(vocabulary)
        try:
            matrix = np.asarray(matrix)
        except ValueError:  # rows of different lengths
            raise ValueError(
                f"Embeddings: matrix must be (words, dim), got {matrix!r:.60}"
            ) from None
        if matrix.dtype not in (np.float16, np.float32, np.float64):
            raise TypeError(
                f"Embeddings: matrix must be float16, float32 or float64, got {matrix.dtype}"
            )
        if matrix.ndim != 2 or matrix.size == 0 or len(matrix) != len(vocabulary):
            raise ValueError(
                f"Embeddings: matrix must be (words, dim) with {len(vocabulary)} words and dim > 0,"
                f" got {matrix.shape}"
            )
        finite = np.isfinite(matrix).all(axis=1)
        if not finite.all():
            word = vocabulary.tokens[int(np.argmin(finite))]
            raise ValueError(
                f"Embeddings: matrix must be finite, but the vector of {word!r} holds NaN or"
                " infinity"
            )
        if matrix.flags.writeable or not matrix.flags.c_contiguous:
            matrix = np.array(matrix, order="C")
            matrix.flags.writeable = False
        self.vocabulary = vocabulary
        self.matrix = matrix
        self.dim: int = matrix.shape[1]

    @cached_property
    def _units(self) -> np.ndarray:
        return unit_rows(self.matrix)

    def __reduce__(self) -> tuple[type["Embeddings"], tuple[Vocabulary, np.ndarray]]:
        """Pickled and copied through the constructor, so that what comes back can't be changed
        either."""
        return Embeddings, (self.vocabulary, self.matrix)

    def __getitem__(self, token: str) -> np.ndarray:
        if not isinstance(token, str):
            raise TypeError(
                f"Embeddings: a token is a str, got {type(token).__name__}; take the vectors one"
                " by one"
            )
        return self.matrix[self.vocabulary[token]]

    def __contains__(self, token: object) -> bool:
        return token in self.vocabulary

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"Embeddings({len(self)} words x {self.dim}, {self.matrix.dtype})"

    def similarity(self, a: str, b: str) -> float:
        """Cosine of two words' vectors, from -1 to 1; 0 if either vector is zero.

        raises: KeyError naming a word that is not in the vocabulary.

        >>> emb = Embeddings(["here", "there", "nowhere"], np.array([[1.0, 0], [3, 4], [0, 0]]))
        >>> round(emb.similarity("here", "there"), 3), emb.similarity("here", "nowhere")
        (0.6, 0.0)
        """
        first, second = self._ids("Embeddings.similarity", (a, b))
        cosine = self._units[first] @ self._units[second]
        return float(np.clip(cosine, -1, 1))

    @overload  # a str is a sequence of str too: this one comes first
    def neighbours(  # type: ignore[overload-overlap]
        self, query: str | Sequence[float], k: int = 10, exclude: Iterable[str] = ()
    ) -> list[Neighbour]: ...

    @overload
    def neighbours(
        self,
        query: Sequence[str] | Sequence[Sequence[float]] | Sequence[np.ndarray],
        k: int = 10,
        exclude: Iterable[str] = (),
    ) -> list[list[Neighbour]]: ...

    @overload
    def neighbours(
        self, query: np.ndarray, k: int = 10, exclude: Iterable[str] = ()
    ) -> list[Neighbour] | list[list[Neighbour]]: ...

    def neighbours(
        self, query: Query, k: int = 10, exclude: Iterable[str] = ()
    ) -> list[Neighbour] | list[list[Neighbour]]:
        """The k nearest words by cosine, nearest first, ties by id.

        query  : a word, several words, a (dim,) vector, or (queries, dim) vectors. A query word is
                 not its own neighbour. A zero vector has cosine 0 with every word.
        k      : how many; fewer come back if the vocabulary has no more.
        exclude: words that must not come back.
        returns: list of Neighbour(token, score); for several queries a list of such lists.
        raises : KeyError for a word that is not in the vocabulary; ValueError for k below 1, a
                 vector of the wrong size, or one that is not finite.

        Works through the queries in blocks of at most 2^24 scores, so memory does not grow with
        their number.

        >>> emb = Embeddings(["east", "north", "west"], np.array([[1.0, 0], [0, 1], [-1, 0]]))
        >>> emb.neighbours("east", k=2)
        [Neighbour(token='north', score=0.0), Neighbour(token='west', score=-1.0)]
        >>> [found[0].token for found in emb.neighbours([[0.9, 0.1], [0.1, 0.9]])]
        ['east', 'north']
        """
        where = "Embeddings.neighbours"
        k = require_whole(where, "k", k, least=1)
        barred = self._ids(where, require_series(where, "exclude", exclude, "words", ordered=False))
        single = isinstance(query, str)
        words = [query] if isinstance(query, str) else query
        if isinstance(words, np.ndarray) and words.dtype.kind == "U" and words.ndim == 1:
            words = words.tolist()
        if isinstance(words, list | tuple) and all(isinstance(word, str) for word in words):
            ids = self._ids(where, words)
            queries = self._units[ids] if ids else np.empty((0, self.dim))
            excluded = [np.array([i, *barred]) for i in ids]
        else:
            queries, single = self._unit_queries(query)
            excluded = [np.array(barred, dtype=np.intp)] * len(queries)
        found = [self._named(*result) for result in nearest(self._units, queries, k, excluded)]
        return found[0] if single else found

    def analogy(
        self,
        a: str,
        b: str,
        c: str,
        k: int = 1,
        method: Method = "3CosAdd",
        exclude_inputs: bool = True,
        epsilon: float = 1e-3,
    ) -> list[Neighbour]:
        """The k best answers to "a is to b as c is to ?".

        method        : "3CosAdd": cos(d, b - a + c), with a, b, c scaled to length 1. "3CosMul":
                        s(d, b) s(d, c) / (s(d, a) + epsilon), with s = (cos + 1) / 2.
        exclude_inputs: never answer a, b or c. Without it the answer is most often b or c itself.
        epsilon       : keeps 3CosMul's denominator from zero; 0.001 in the paper, 0.000001 in
                        gensim.
        returns       : list of Neighbour(token, score), best first, ties by id.
        raises        : KeyError for a word that is not in the vocabulary; ValueError for k below 1,
                        an unknown method, or epsilon not above 0.

        >>> emb = Embeddings(
        ...     ["man", "woman", "king", "queen"], np.array([[0.0, 1], [1, 1], [0, 5], [3, 4]])
        ... )
        >>> emb.analogy("man", "woman", "king")[0].token
        'queen'
        >>> emb.analogy("man", "woman", "king", exclude_inputs=False)[0].token
        'woman'

        Mikolov, Yih and Zweig (2013); Levy and Goldberg (2014), eq. 3 and 4.
        """
        k = require_whole("Embeddings.analogy", "k", k, least=1)
        require_method("Embeddings.analogy", method, epsilon)
        ids = self._ids("Embeddings.analogy", (a, b, c))
        scores = analogy_scores(self._units, ids[:1], ids[1:2], ids[2:], method, epsilon)[0]
        if exclude_inputs:
            scores[ids] = -np.inf
        return self._named(*best(scores, k))

    def analogy_accuracy(
        self,
        questions: Iterable[tuple[str, str, str, str]],
        method: Method = "3CosAdd",
        exclude_inputs: bool = True,
        epsilon: float = 1e-3,
    ) -> Accuracy:
        """Share of the questions (a, b, c, expected) whose best answer is the expected word.

        A question with a word outside the vocabulary is counted in `total`, but neither used nor
        held against the vectors. Words are compared as they are: lower-case the questions if the
        vocabulary is lower-case.

        returns: Accuracy(accuracy, correct, used, total).
        raises : ValueError if a question does not have four words, for an unknown method, or
                 epsilon not above 0.

        >>> emb = Embeddings(
        ...     ["man", "woman", "king", "queen"], np.array([[0.0, 1], [1, 1], [0, 5], [3, 4]])
        ... )
        >>> emb.analogy_accuracy(
        ...     [("man", "woman", "king", "queen"), ("man", "woman", "boy", "girl")]
        ... )
        Accuracy(accuracy=1.0, correct=1, used=1, total=2)
        """
        require_method("Embeddings.analogy_accuracy", method, epsilon)
        return analogy_accuracy(
            self._units, self.vocabulary, questions, method, exclude_inputs, epsilon
        )

    def nearest_to_c_accuracy(self, questions: Iterable[tuple[str, str, str, str]]) -> Accuracy:
        """Share of the questions (a, b, c, expected) whose expected word is simply the nearest
        neighbour of c.

        The baseline that `analogy_accuracy` must beat before arithmetic explains anything. It uses
        a and b only as `analogy_accuracy` with `exclude_inputs` does: none of the three inputs is
        ever the answer. Unknown words count as they do there, so both numbers are about the same
        questions.

        returns: Accuracy(accuracy, correct, used, total).
        raises : ValueError if a question does not have four words.

        >>> emb = Embeddings(
        ...     ["man", "woman", "king", "queen"], np.array([[0.0, 1], [1, 1], [0, 5], [3, 4]])
        ... )
        >>> emb.neighbours("king", k=1)[0].token
        'man'
        >>> emb.nearest_to_c_accuracy(
        ...     [("man", "woman", "king", "queen"), ("queen", "king", "woman", "man")]
        ... )
        Accuracy(accuracy=1.0, correct=2, used=2, total=2)

        Linzen (2016), "Only-B"; Rogers, Drozd and Li (2017).
        """
        return nearest_to_c_accuracy(self._units, self.vocabulary, questions)

    def rank_correlation(self, pairs: Iterable[tuple[str, str, float]]) -> Correlation:
        """Spearman's rank correlation between cosines and judged similarities.

        A pair with a word outside the vocabulary is counted in `total`, but not scored. Words are
        compared as they are.

        pairs  : (word, word, judged similarity).
        returns: Correlation(spearman, used, total).
        raises : ValueError if a pair does not have three parts or its similarity is not finite.

        >>> emb = Embeddings(["cat", "dog", "car"], np.array([[1.0, 0], [0.9, 0.1], [0, 1]]))
        >>> emb.rank_correlation(
        ...     [("cat", "dog", 9), ("cat", "car", 1), ("dog", "car", 2), ("cat", "cow", 5)]
        ... )
        Correlation(spearman=1.0, used=3, total=4)
        """
        return rank_correlation(self._units, self.vocabulary, pairs)

    def save(self, path: str | os.PathLike[str], format: Format | None = None) -> None:
        """Write a file, whole or not at all.

        format: "word2vec-text", "word2vec-binary", "fasttext-vec" or "safetensors"; None takes it
                from the suffix .txt, .bin, .vec or .safetensors. The first three hold float32, to
                which a float64 matrix is rounded, and no counts and no policy for unknown words.
                safetensors holds everything as it is. The first three are compressed if the path
                ends in .gz, .bz2 or .xz, e.g. vectors.txt.gz.
        raises: ValueError for an unknown format, or in the first three for a token that is empty or
                holds white space and for a number beyond float32.

        >>> import tempfile
        >>> emb = Embeddings(["a", "b"], np.array([[0.5, 1], [0, -2]]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     emb.save(Path(folder, "two.txt"))
        ...     print(Path(folder, "two.txt").read_text(), end="")
        2 2
        a 0.5 1
        b 0 -2
        """
        from embcourse.vectors.safetensors_format import save_safetensors
        from embcourse.vectors.word2vec_format import save_binary, save_text

        path, format = _require_format(path, format, "save")
        if format == "safetensors":
            save_safetensors(path, self.vocabulary, self.matrix)
        elif format == "word2vec-binary":
            save_binary(path, self.vocabulary.tokens, self.matrix)
        else:
            end = b" \n" if format == "fasttext-vec" else b"\n"
            save_text(path, self.vocabulary.tokens, self.matrix, end=end)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        format: Format | None = None,
        *,
        limit: int | None = None,
        dtype: DTypeLike = "float32",
        spaces: bool = False,
        undecodable: Undecodable = "raise",
    ) -> "Embeddings":
        """Read a file that `save`, word2vec, fastText, GloVe or gensim wrote.

        format     : as in `save`; .gz, .bz2 and .xz are read through. From the word2vec and
                     fastText formats the vocabulary comes without counts and with unknown="raise".
                     A text may lack the header, as GloVe's files do: its first line then says how
                     many values a word has.
        limit      : of those formats: at most so many words, the first ones.
        dtype      : of those formats: float16 or float32; half the numbers' size, and rounded.
        spaces     : of texts: a word may hold single spaces, as some of glove.840B do. Without it
                     they are an error, because a line with a value too many looks the same.
        undecodable: of those formats: what happens to a word that is not UTF-8. "raise"; "skip"
                     leaves it out; "keep" writes its odd bytes as \\xe9. A warning says how many
                     there were.
        raises     : ValueError naming the file, the line or record, what was expected and what
                     came, if the file is empty or truncated, disagrees with its header, holds a
                     word twice, text that is not UTF-8, or a number that is not finite. The last
                     line of a text must end in a line feed: without it nobody can tell a whole
                     number from a cut one. TypeError for options that the format does not know.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "two.vec").write_text("2 2\\na 0.5 1\\nb 0 -2\\n")
        ...     _ = Path(folder, "glove.txt").write_text("new york 0.5 1\\nb 0 -2\\n")
        ...     Embeddings.load(Path(folder, "two.vec"))["b"]
        ...     Embeddings.load(Path(folder, "glove.txt"), spaces=True, limit=1).vocabulary.tokens
        array([ 0., -2.], dtype=float32)
        ('new york',)
        """
        from embcourse.vectors.safetensors_format import load_safetensors
        from embcourse.vectors.word2vec_format import Reading, load_binary, load_text

        path, format = _require_format(path, format, "load")
        options = Reading(limit, dtype, spaces, undecodable)
        if format == "safetensors":
            if options != Reading():
                raise TypeError(
                    "Embeddings.load: limit, dtype, spaces and undecodable are no options of"
                    " safetensors"
                )
            vocabulary, matrix = load_safetensors(path)
        elif format == "word2vec-binary":
            vocabulary, matrix = load_binary(path, options)
        else:
            vocabulary, matrix = load_text(path, options)
        matrix.flags.writeable = False  # ours alone: no second copy
        try:
            return cls(vocabulary, matrix)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error

    def to_gensim(self) -> "KeyedVectors":
        """A gensim KeyedVectors with copies of the vectors, in the same order, with the counts
        where they are known.

        >>> emb = Embeddings(Vocabulary(["a", "b"], [5, 3]), np.array([[0.5, 1], [0, -2]]))
        >>> vectors = emb.to_gensim()
        >>> vectors.index_to_key, int(vectors.get_vecattr("b", "count"))
        (['a', 'b'], 3)
        """
        from embcourse.vectors.gensim_bridge import to_keyed_vectors

        return to_keyed_vectors(self.vocabulary, self.matrix)

    @classmethod
    def from_gensim(cls, vectors: "KeyedVectors") -> "Embeddings":
        """Embeddings with a copy of gensim's vectors, and its counts where it has them.

        gensim invents descending counts for vectors that it loads from a word2vec file; they come
        along.

        raises: TypeError if `vectors` is not a KeyedVectors (of a model, pass its `.wv`).

        >>> emb = Embeddings(["a", "b"], np.array([[0.5, 1], [0, -2]]))
        >>> Embeddings.from_gensim(emb.to_gensim())["b"]
        array([ 0., -2.])
        """
        from embcourse.vectors.gensim_bridge import from_keyed_vectors

        return cls(*from_keyed_vectors(vectors))

    def _ids(self, where: str, words: Iterable[str]) -> list[int]:
        """The words' ids; the error names the method that was asked."""
        ids = []
        for word in words:
            require_text(where, "a word", word)
            if self.vocabulary.unknown != "replace" and word not in self.vocabulary:
                raise KeyError(f"{where}: token {word!r} is not among the {len(self)} tokens")
            ids.append(self.vocabulary[word])
        return ids

    def _named(self, ids: np.ndarray, scores: np.ndarray) -> list[Neighbour]:
        tokens = self.vocabulary.tokens
        return [
            Neighbour(tokens[i], score)
            for i, score in zip(ids.tolist(), scores.tolist(), strict=True)
        ]

    def _unit_queries(self, query: Query) -> tuple[np.ndarray, bool]:
        """Query vectors as rows of length 1 or 0, and whether there was just one."""
        expected = (
            f"Embeddings.neighbours: query must be words or finite vectors ({self.dim},) or (n,"
            f" {self.dim})"
        )
        try:
            vectors = np.asarray(query)
        except ValueError as error:  # words beside vectors, vectors of different sizes
            raise ValueError(f"{expected}, got a mixture") from error
        if vectors.dtype.kind not in "fiu":
            raise TypeError(f"{expected}, got dtype {vectors.dtype}")
        if vectors.ndim not in (1, 2) or vectors.shape[-1] != self.dim:
            raise ValueError(f"{expected}, got shape {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise ValueError(f"{expected}, got NaN or infinity")
        rows = unit_rows(np.atleast_2d(vectors))
        return rows.astype(self._units.dtype, copy=False), vectors.ndim == 1


def _require_format(
    path: str | os.PathLike[str], format: Format | None, where: str
) -> tuple[Path, Format]:
    path = require_path(f"Embeddings.{where}", "path", path)
    if format is None:
        suffix = without_compression(path).suffix
        if suffix not in _FORMAT_OF_SUFFIX:
            raise ValueError(
                f"Embeddings.{where}: path must end in {', '.join(_FORMAT_OF_SUFFIX)} where no"
                f" format is given, got {path.name!r}"
            )
        format = _FORMAT_OF_SUFFIX[suffix]
    require_choice(f"Embeddings.{where}", "format", format, Format)
    if format == "safetensors" and is_compressed(path):
        raise ValueError(
            f"Embeddings.{where}: a safetensors file is not compressed, got {path.name!r}"
        )
    return path, format
