"""What every trainer needs: a corpus that fits on the disk, tables, a report of progress, and
checkpoints."""

from embcourse.training.checkpoint import load_checkpoint, require_writable, save_checkpoint
from embcourse.training.corpus import Corpus, TrainingCorpus, open_corpus
from embcourse.training.files import corpus_files, read_sentences
from embcourse.training.interrupts import interrupts_held
from embcourse.training.progress import Progress, Reporter
from embcourse.training.rows import LANES, compact_rows, padded_rows
from embcourse.training.settings import LocalSettings, Settings, setting, takes
from embcourse.training.stability import (
    LARGEST,
    Diverged,
    largest_allowed,
    require_pairs,
    require_stable,
    require_trained,
)
from embcourse.training.start import first_vectors
from embcourse.training.trainer import Trainer

__all__ = [
    "LANES",
    "LARGEST",
    "Corpus",
    "Diverged",
    "LocalSettings",
    "Progress",
    "Reporter",
    "Settings",
    "Trainer",
    "TrainingCorpus",
    "compact_rows",
    "corpus_files",
    "first_vectors",
    "interrupts_held",
    "largest_allowed",
    "load_checkpoint",
    "open_corpus",
    "padded_rows",
    "read_sentences",
    "require_pairs",
    "require_stable",
    "require_trained",
    "require_writable",
    "save_checkpoint",
    "setting",
    "takes",
]
