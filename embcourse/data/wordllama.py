"""The static word-piece vectors of WordLlama."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from embcourse.data.packages import packaged_file


@dataclass(frozen=True, eq=False, repr=False)
class WordLlamaVectors:
    """A table of vectors, one for each piece of a word.

    tokens        : 32,000 pieces; "▁" (U+2581) stands for the space before a word, so "▁king"
                    begins a word and "king" continues one. Id 0 is "<unk>", 1 and 2 mark a text's
                    ends, 3 to 258 are bytes ("<0x00>").
    matrix        : (32000, 256) float32, read-only; row i belongs to `tokens[i]`. The package
                    stores float16.
    tokenizer_file: for `tokenizers.Tokenizer.from_file(str(...))`, which cuts a text into these
                    pieces.

    >>> wordllama_vectors()
    WordLlamaVectors(32000 tokens, 256 dimensions)
    """

    tokens: tuple[str, ...]
    matrix: np.ndarray
    tokenizer_file: Path

    def __repr__(self) -> str:
        return f"WordLlamaVectors({self.matrix.shape[0]} tokens, {self.matrix.shape[1]} dimensions)"


@cache
def wordllama_vectors() -> WordLlamaVectors:
    """WordLlama's 256-dimensional static vectors of 32,000 word pieces, read from the package; no
    network.

    A text's vector is the mean of its pieces' vectors, without "<s>". `WordLlama.load()` itself
    tries the network; `WordLlama.load(cache_dir=Path(wordllama.__file__).parent,
    disable_download=True)` does not.

    returns: `WordLlamaVectors`.
    raises : ImportError naming the pip package if it is not installed.
    source : package wordllama 0.4 (MIT), model l2_supercat_256: Llama 2's input embeddings, reduced
             and trained for similarity. Llama 2 and its tokeniser have a licence of their own, the
             Llama 2 Community License.

    >>> vectors = wordllama_vectors()
    >>> vectors.tokens[vectors.tokens.index("▁king")], vectors.matrix.shape
    ('▁king', (32000, 256))
    """
    from safetensors.numpy import load_file

    weights = packaged_file("wordllama", "wordllama", "weights", "l2_supercat_256.safetensors")
    tokenizer_file = packaged_file(
        "wordllama", "wordllama", "tokenizers", "l2_supercat_tokenizer_config.json"
    )
    ids = json.loads(tokenizer_file.read_text(encoding="utf-8"))["model"]["vocab"]
    matrix = load_file(weights)["embedding.weight"].astype(np.float32)
    matrix.flags.writeable = False
    return WordLlamaVectors(tuple(sorted(ids, key=ids.get)), matrix, tokenizer_file)
