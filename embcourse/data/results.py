"""What `python -m benchmarks` and `make bench-gpu` measured."""

import json
from pathlib import Path
from typing import Any, Literal

from embcourse.arguments import require_choice

Kind = Literal[
    "speed",
    "quality",
    "cluster",
    "gpu",
    "reverser",
    "positions",
    "heads",
    "translation",
    "attending",
    "ablation",
]
FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
SUFFIX = {
    "speed": "",
    "quality": "-quality",
    "cluster": "-cluster",
    "gpu": "-gpu",
    "reverser": "-reverser",
    "positions": "-positions",
    "heads": "-heads",
    "translation": "-translation",
    "attending": "-attending",
    "ablation": "-ablation",
}


def benchmark_results(kind: Kind, folder: Path = FOLDER) -> dict[str, Any] | None:
    """The newest results of one kind, as written by the measurement.

    kind   : "speed", "quality", "cluster", "gpu", "reverser", "positions", "heads",
             "translation", "attending" or "ablation".
    folder : where the files are: `benchmarks/results` of a checkout.
    returns: the content of the file with the latest date (of several, the last by name); it names
             the machine, the versions and the date. None if nothing of this kind has been measured,
             or outside a checkout.
    raises : ValueError for another kind.

    >>> benchmark_results("colour")
    Traceback (most recent call last):
        ...
    ValueError: benchmark_results: kind must be 'speed', ..., got 'colour'
    """
    require_choice("benchmark_results", "kind", kind, Kind)
    others = tuple(
        f"{suffix}.json" for suffix in SUFFIX.values() if suffix and suffix != SUFFIX[kind]
    )
    held = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob(f"*{SUFFIX[kind]}.json"))
        if not path.name.endswith(others)
    ]
    return max(reversed(held), key=lambda result: result["date"], default=None)
