"""What something was made from, in a few letters: what was made from something else is made again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[3]
"""The repository."""
STAMP = ".sources"
"""File in a folder with a site that was built without a warning: what ``sources`` was then."""


def fingerprint() -> str:
    """Of what notebooks depend on: every Python file of the package, and their own data."""
    return _digest([*(ROOT / "genopt_gym").rglob("*.py"), *(ROOT / "docs" / "notebooks").glob("*.json")])


def sources() -> str:
    """Of what the site depends on: its own sources, the package, measurements, and the repository's documents."""
    from genopt_docs.pages import GENERATED

    made = {ROOT / "docs" / name for name in GENERATED}
    inside = [path for room in ("docs", "genopt_gym", "benchmarks") for path in (ROOT / room).rglob("*")]
    written = [path for path in inside if path.suffix != ".pyc" and made.isdisjoint(path.parents)]
    return _digest([*written, *(path for path in ROOT.glob("*") if path.suffix in (".md", ".cff", ".toml"))])


def is_current(site: Path) -> bool:
    """Whether this folder holds a site that was built, without a warning, from the sources as they are now."""
    stamp = site / STAMP
    return stamp.is_file() and stamp.read_text() == sources()


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]
