"""A Transformer's definition in NumPy."""

from embcourse.transformer.reference.decoding import length_penalty

__all__ = ["length_penalty"]
