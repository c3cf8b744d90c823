"""Positions: what tells a Transformer where a token stands."""

from embcourse.positions.reference import BASE, frequencies, sinusoidal

__all__ = ["BASE", "frequencies", "sinusoidal"]
