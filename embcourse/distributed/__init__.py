"""The same counting and training on a Dask cluster: shards of a corpus, one file each, and the
machines that read them.

Work is cut into pure tasks over shards, so a task of a lost worker runs again elsewhere and gives
the same result.
"""

from embcourse.distributed.cooccurrence import cooccurrence_counts
from embcourse.distributed.shards import write_shards
from embcourse.distributed.training import ClusterSettings, train
from embcourse.distributed.vocabulary import build_vocabulary

__all__ = [
    "ClusterSettings",
    "build_vocabulary",
    "cooccurrence_counts",
    "train",
    "write_shards",
]
