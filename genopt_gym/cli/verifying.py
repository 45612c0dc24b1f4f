"""``genopt verify``: stored scores against what the stored artifacts score now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from genopt_gym.cli.running import PLAN as SEEDS
from genopt_gym.core.errors import UserError
from genopt_gym.runs.folder import read_config
from genopt_gym.runs.loop import versions
from genopt_gym.study.folder import PLAN, is_begun, read_plan, run_path
from genopt_gym.study.verify import Verification, verify_run


def verify(path: Path, every: bool) -> None:
    """Verify a run, or all runs of a study; exit code 1 if a score has changed or a folder is damaged."""
    runs = _runs(path)
    found = {run: verify_run(run, every) for run in runs}
    for run, verification in found.items():
        _show(run, verification)
    checked = sum(verification.checked for verification in found.values())
    changed = sum(len(verification.changed) for verification in found.values())
    skipped = sum(bool(verification.skipped) for verification in found.values())
    print(f"{checked} scores of {len(runs)} runs checked, {changed} changed; {skipped} runs skipped")
    if not all(verification.holds for verification in found.values()):
        raise typer.Exit(1)


def verify_references(id: str | None) -> None:
    """Verify the reference program of an id, or all that can be made here; exit code 1 if a score has changed."""
    from genopt_gym.baselines.references import reference, references
    from genopt_gym.baselines.references.scoring import compare

    chosen = list(references().values()) if id is None else [reference(id)]
    found = [compare(each) for each in chosen]
    for each in found:
        print(each)
    checked, changed = sum(each.checked for each in found), sum(each.changed for each in found)
    print(f"{checked} reference programs checked, {changed} changed; {len(found) - checked} skipped")
    if changed:
        raise typer.Exit(1)


def _runs(path: Path) -> list[Path]:
    if (path / PLAN).exists():
        return [run for planned in read_plan(path).runs if is_begun(run := run_path(path, planned.key))]
    if (path / SEEDS).exists():
        return sorted(run for run in path.iterdir() if is_begun(run))
    if not path.is_dir():
        raise UserError(f"there is no study or run in {path}")
    read_config(path)
    return [path]


def _show(run: Path, verification: Verification) -> None:
    for claim, now in verification.changed:
        print(f"changed  {run}: {claim.where}: {claim.score!r} is stored, {claim.split} of {claim.artifact} is {now!r}")
    if verification.changed:
        print(f"         stored with {_words(verification.stored)}\n         now with {_words(versions())}")
    for words in verification.other:
        print(f"other    {run}: {words}; they are not verified")
    if verification.skipped:
        print(f"skipped  {run}: {verification.skipped}")
    if verification.problem:
        print(f"damaged  {run}: {verification.problem}")


def _words(packages: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())
