"""What the numbers belong to, and the files that hold them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from embcourse.data.results import FOLDER as FOLDER
from embcourse.data.results import SUFFIX, Kind
from embcourse.vectors.atomic import atomic_write

PACKAGES = ("numpy", "numba", "scipy", "gensim", "torch")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe_machine(packages: Iterable[str] = PACKAGES) -> dict[str, Any]:
    """Processor, cores, versions and date; no names of hosts or folders."""
    return {
        "machine": f"{platform.system()}-{platform.machine()}-{cores()}-cores".lower(),
        "processor": _processor(),
        "cores": cores(),
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in packages},
        "date": date.today().isoformat(),
    }


def write(kind: Kind, result: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write one result, replacing the file of the same machine and day in one step; returns its
    path."""
    path = folder / f"{result['machine']}-{result['date']}{SUFFIX[kind]}.json"
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write((json.dumps(result, indent=1, allow_nan=False) + "\n").encode())
    return path


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
