"""``genopt init``: a task file from a template, with what it names, and the two commands to run it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from genopt_gym.core.errors import UserError

KINDS = {
    "function": "a scoring function, and a Python function that is to get better",
    "prompt": "a prompt, and examples with their expected answers in a CSV file",
    "policy": "a policy for an environment of Gymnasium",
}


def init(kind: str, folder: Path) -> None:
    """Write the files, and say how to go on.

    Raises:
        UserError: there is no such template, or a file would be overwritten.
    """
    if kind not in KINDS:
        told = "; ".join(f"{name} ({what})" for name, what in KINDS.items())
        raise UserError(f"there is no template {kind!r}; there are {told}")
    place = files("genopt_gym.cli") / "templates" / kind
    # Of Python files the name ends in .txt as well: they are no modules of ours.
    texts = {each.name.removesuffix(".txt"): each.read_text(encoding="utf-8") for each in place.iterdir()}
    if there := [name for name in sorted(texts) if (folder / name).exists()]:
        raise UserError(f"{folder / there[0]} is there already, and is not overwritten: name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sorted(texts.items()):
        (folder / name).write_text(text, encoding="utf-8")
        print(f"written   {folder / name}")
    task = folder / "task.yaml"
    print("\nlook at what it would cost, then run it:")
    print(f"  genopt run {task} --dry-run")
    print(f"  genopt run {task}")
