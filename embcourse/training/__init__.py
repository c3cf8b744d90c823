"""What every trainer needs: a corpus that fits on the disk, tables, a report of progress, and
checkpoints."""

from embcourse.training.arguments import require_choice, require_number, require_whole
from embcourse.training.checkpoint import load_checkpoint, require_writable, save_checkpoint
from embcourse.training.corpus import TrainingCorpus, open_corpus
from embcourse.training.files import corpus_files, read_sentences
from embcourse.training.interrupts import interrupts_held
from embcourse.training.progress import Progress, Reporter
from embcourse.training.rows import LANES, compact_rows, padded_rows
from embcourse.training.stability import (
    LARGEST,
    Diverged,
    require_pairs,
    require_stable,
    require_trained,
)
from embcourse.training.start import first_vectors

__all__ = [
    "LANES",
    "LARGEST",
    "Diverged",
    "Progress",
    "Reporter",
    "TrainingCorpus",
    "compact_rows",
    "corpus_files",
    "first_vectors",
    "interrupts_held",
    "load_checkpoint",
    "open_corpus",
    "padded_rows",
    "read_sentences",
    "require_choice",
    "require_number",
    "require_pairs",
    "require_stable",
    "require_trained",
    "require_whole",
    "require_writable",
    "save_checkpoint",
]
