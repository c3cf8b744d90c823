"""One-hot vectors, which tell words apart and say nothing else; the lookup they stand for; the
hashing trick."""

from embcourse.one_hot.model import HashingEncoder, OneHotEncoder
from embcourse.one_hot.reference import (
    expected_distinct,
    fnv1a,
    hashed_ids,
    lookup,
    lookup_gradient,
    memory_bytes,
    one_hot,
)

__all__ = [
    "HashingEncoder",
    "OneHotEncoder",
    "expected_distinct",
    "fnv1a",
    "hashed_ids",
    "lookup",
    "lookup_gradient",
    "memory_bytes",
    "one_hot",
]
