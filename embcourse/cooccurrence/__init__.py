"""Words by the company they keep: co-occurrence counts, PMI, PPMI, truncated SVD."""

from embcourse.cooccurrence.model import count, train
from embcourse.cooccurrence.reference import (
    cooccurrence_counts,
    cooccurrence_dict,
    pmi,
    ppmi,
    truncated_svd,
)

__all__ = [
    "cooccurrence_counts",
    "cooccurrence_dict",
    "count",
    "pmi",
    "ppmi",
    "train",
    "truncated_svd",
]
