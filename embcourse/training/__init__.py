"""What every trainer needs: a corpus that fits on the disk, a report of progress, and checkpoints."""

from embcourse.training.arguments import require_choice, require_number, require_whole
from embcourse.training.checkpoint import load_checkpoint, save_checkpoint
from embcourse.training.corpus import TrainingCorpus, open_corpus, read_sentences
from embcourse.training.progress import Progress, Reporter
from embcourse.training.start import first_vectors

__all__ = [
    "Progress",
    "Reporter",
    "TrainingCorpus",
    "first_vectors",
    "load_checkpoint",
    "open_corpus",
    "read_sentences",
    "require_choice",
    "require_number",
    "require_whole",
    "save_checkpoint",
]
