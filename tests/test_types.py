"""The types that a user of the package sees."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_users_script_has_the_types_it_says() -> None:
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "tests/typed_user.py"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert not result.returncode, result.stdout + result.stderr
