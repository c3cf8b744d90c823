"""What every public function checks before it works, in one dialect: where, what was expected, what
came."""

from embcourse.arguments.arrays import (
    require_floats,
    require_ids,
    require_integers,
    require_offsets,
)
from embcourse.arguments.tokens import (
    require_path,
    require_series,
    require_text,
    require_tokens,
)
from embcourse.arguments.values import (
    require_choice,
    require_flag,
    require_instance,
    require_number,
    require_whole,
)

__all__ = [
    "require_choice",
    "require_flag",
    "require_floats",
    "require_ids",
    "require_instance",
    "require_integers",
    "require_number",
    "require_offsets",
    "require_path",
    "require_series",
    "require_text",
    "require_tokens",
    "require_whole",
]
