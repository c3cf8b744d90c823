"""Compiled functions that are kept on disk, and compiled anew when a source that they inline has
changed."""

from embcourse.compiling.cache import cached_njit
from embcourse.compiling.sources import fingerprint, inlined_sources

__all__ = ["cached_njit", "fingerprint", "inlined_sources"]
