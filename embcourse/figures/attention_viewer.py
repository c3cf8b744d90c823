"""The data of the attention viewer: what MiniLM's heads do with sentences chosen by the book.

`python -m embcourse.figures.attention_viewer` writes it to `book/_static/attention_data.js`.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from embcourse.data import bible
from embcourse.self_attention.model import HEADS, LAYERS, minilm_attention

FILE = Path(__file__).parents[2] / "book" / "_static" / "attention_data.js"


class Reading(NamedTuple):
    """A sentence of the viewer.

    label: what stands above it.
    text : the sentence.
    focus: the word piece that is chosen at first.
    """

    label: str
    text: str
    focus: str


def viewer_groups() -> dict[str, list[Reading]]:
    """The viewer's choice, by title: one sentence, or two readings of one word."""
    kjv = bible("kjv")
    return {
        "“bank”, twice": [
            Reading("money", "She put her savings in the bank on Friday.", "bank"),
            Reading("river", "She sat down on the bank of the river.", "bank"),
        ],
        "“cold”, twice": [
            Reading("illness", "He stayed in bed with a cold and a fever.", "cold"),
            Reading("weather", "It was a cold and windy night in winter.", "cold"),
        ],
        "“bear”, twice": [
            Reading("animal", "The bear ate the honey and the berries.", "bear"),
            Reading("to carry", "She could not bear the weight of the stone.", "bear"),
        ],
        "a word that stands twice": [
            Reading("Psalm 121:5", kjv["Psalms", 121, 5], "shade"),
        ],
        "a verb and its object": [
            Reading(
                "Genesis 1:16", "And God made two great lights, and he made the stars.", "made"
            ),
        ],
        "who is “it”?": [
            Reading("tired", "The dog did not cross the street because it was tired.", "it"),
            Reading("wide", "The dog did not cross the street because it was wide.", "it"),
        ],
        "the first verse": [
            Reading("Genesis 1:1", kjv["Genesis", 1, 1], "heaven"),
        ],
    }


def viewer_data() -> dict[str, Any]:
    """What the viewer reads: for each reading its tokens, and one byte for every weight.

    returns: layers, heads, and groups of readings; `weights` is base64 of (layers, heads, n, n)
             bytes, 255 times the weight, rounded.
    """
    groups = []
    for title, readings in viewer_groups().items():
        shown = []
        for reading in readings:
            record = minilm_attention(reading.text)
            levels = np.rint(255 * record.weights).astype(np.uint8)
            shown.append(
                {
                    "label": reading.label,
                    "tokens": list(record.tokens),
                    "focus": record.tokens.index(reading.focus),
                    "weights": base64.b64encode(levels.tobytes()).decode(),
                }
            )
        groups.append({"title": title, "readings": shown})
    return {"layers": LAYERS, "heads": HEADS, "groups": groups}


def main() -> None:
    """Write the data as a script, since a page that is read from a disk may load nothing else."""
    text = json.dumps(viewer_data(), ensure_ascii=False, separators=(",", ":"))
    FILE.write_text(
        "// Made by `python -m embcourse.figures.attention_viewer`.\n"
        f"window.AttentionViewer.data = {text};\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
