"""What every trainer needs: a corpus that fits on the disk, tables, a report of progress, and checkpoints."""

from embcourse.training.arguments import require_choice, require_number, require_whole
from embcourse.training.checkpoint import load_checkpoint, save_checkpoint
from embcourse.training.corpus import TrainingCorpus, open_corpus, read_sentences
from embcourse.training.progress import Progress, Reporter
from embcourse.training.rows import LANES, compact_rows, padded_rows
from embcourse.training.start import first_vectors

__all__ = [
    "LANES",
    "Progress",
    "Reporter",
    "TrainingCorpus",
    "compact_rows",
    "first_vectors",
    "load_checkpoint",
    "open_corpus",
    "padded_rows",
    "read_sentences",
    "require_choice",
    "require_number",
    "require_whole",
    "save_checkpoint",
]
