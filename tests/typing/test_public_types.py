"""The public types, as a user's checker sees them: installed, with ``py.typed``, under --strict."""

import subprocess
import sys
from pathlib import Path

SAMPLE = Path(__file__).with_name("sample.py")


def test_a_users_strict_checker_agrees_and_catches_mistakes(tmp_path: Path):
    done = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--strict", "--config-file=", str(SAMPLE),
            f"--cache-dir={tmp_path}",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
