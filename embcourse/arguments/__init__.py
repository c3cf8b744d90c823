"""What every public function checks before it works, in one dialect: where, what was expected, what
came."""

from embcourse.arguments.arrays import (
    require_floats,
    require_ids,
    require_integers,
    require_offsets,
)
from embcourse.arguments.values import (
    require_choice,
    require_flag,
    require_number,
    require_whole,
)

__all__ = [
    "require_choice",
    "require_flag",
    "require_floats",
    "require_ids",
    "require_integers",
    "require_number",
    "require_offsets",
    "require_whole",
]
