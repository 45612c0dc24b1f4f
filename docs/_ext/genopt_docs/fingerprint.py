"""What the package's code is, in a few letters: notebooks that ran with other code are run again."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[3]
"""The repository."""


def fingerprint() -> str:
    """Sixteen hexadecimal digits that depend on every Python file of the package, and on the notebooks' data."""
    digest = hashlib.sha256()
    paths = [*(ROOT / "genopt_gym").rglob("*.py"), *(ROOT / "docs" / "notebooks").glob("*.json")]
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]
