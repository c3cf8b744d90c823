"""The measurements that need no GPU: `make bench`, `make bench-quality`, `make bench-cluster`.

python -m benchmarks speed      speed, memory and growth beside gensim, under 10 minutes
python -m benchmarks quality    20 epochs, 5 seeds, hours; continues where it was interrupted
python -m benchmarks cluster    4 worker processes beside one machine, hours; continues too
python -m benchmarks reverser   the attention chapter's, 5 seeds, half an hour; continues too
python -m benchmarks positions  the positions chapter's, 3 seeds, an hour; continues too
python -m benchmarks heads      the self-attention chapter's, half an hour
python -m benchmarks translation  the transformer chapter's translator, hours; continues too
python -m benchmarks attending  encoder, cache and beam search beside torch and transformers
python -m benchmarks ablation   the transformer chapter's, 3 seeds, hours; continues too
python -m benchmarks tables     the tables of the newest results
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import quality, results, tables
from embcourse.data import benchmark_results
from embcourse.data.results import Kind


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        choices=(
            "speed",
            "quality",
            "cluster",
            "reverser",
            "positions",
            "heads",
            "translation",
            "attending",
            "ablation",
            "tables",
        ),
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="speed: times that every cell is measured (default 5)"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=None,
        help="quality, cluster, reverser, positions, ablation: trainings of every cell"
        " (default 5; of the last two 3)",
    )
    parser.add_argument(
        "--epochs",
        type=int,
        help="cluster: epochs of every training (default 10 on Wikipedia, 3 on the translations);"
        " translation: epochs (default 20)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=None,
        help="quality, reverser: processes (default: one per core); cluster: workers (default 4; 0:"
        " no cluster, all tasks in one process, the same results); translation: threads",
    )
    parser.add_argument("--folder", type=Path, default=results.FOLDER, help="where the results are")
    chosen = parser.parse_args(arguments)
    for name in ("rounds", "seeds", "epochs"):
        value = getattr(chosen, name)
        if value is not None and value < 1:
            parser.error(f"--{name} must be at least 1, got {value}")
    path: Path | None = None
    if chosen.command == "speed":
        from benchmarks import speed

        path = speed.run(chosen.rounds, chosen.folder)
    elif chosen.command == "quality":
        wanted = list(quality.cells(chosen.seeds or quality.SEEDS))
        path = quality.run(wanted, chosen.folder, chosen.workers)
    elif chosen.command == "cluster":
        from benchmarks import cluster

        wanted = list(cluster.cells(chosen.seeds or quality.SEEDS, chosen.epochs))
        workers = cluster.WORKERS if chosen.workers is None else chosen.workers
        path = cluster.run(wanted, chosen.folder, workers)
    elif chosen.command == "reverser":
        from benchmarks import reverser

        wanted = list(reverser.cells(chosen.seeds or reverser.SEEDS))
        path = reverser.run(wanted, chosen.folder, chosen.workers)
    elif chosen.command == "positions":
        from benchmarks import positions

        wanted = list(positions.cells(chosen.seeds or positions.SEEDS))
        path = positions.run(wanted, chosen.folder, chosen.workers)
    elif chosen.command == "heads":
        from benchmarks import heads

        path = heads.run(chosen.folder)
    elif chosen.command == "translation":
        from benchmarks import translation

        translation.train(chosen.epochs or translation.EPOCHS, threads=chosen.workers)
        path = translation.evaluate(folder=chosen.folder, threads=chosen.workers)
    elif chosen.command == "ablation":
        from benchmarks import ablation

        wanted = list(ablation.cells(chosen.seeds or ablation.SEEDS))
        path = ablation.run(wanted, chosen.folder, chosen.workers)
    elif chosen.command == "attending":
        from benchmarks import attending

        path = attending.run(chosen.rounds, chosen.folder)
    if path is not None:
        print(f"written: {path}")
    shown: tuple[tuple[Kind, Callable[[dict[str, Any]], str]], ...] = (
        ("speed", tables.speed_table),
        ("quality", tables.quality_table),
        ("cluster", tables.cluster_table),
    )
    for kind, table in shown:
        result = benchmark_results(kind, chosen.folder)
        if result is not None and chosen.command in (kind, "tables"):
            print(table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
