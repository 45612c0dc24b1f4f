"""Where the questions of BIG-Bench Extra Hard lie. They are the user's own: none come with genopt_gym.

Looked for in ``data_dir``; else in ``$GENOPT_BBEH_DIR``; else in the copy that a fetch from the Hugging Face hub has
left; else they are fetched. What is named is never replaced by another place. The copy is there for the workers: they
get neither the hub's settings nor its tokens, and need not import ``datasets`` to read a few questions.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from genopt_gym.core.errors import UserError

VARIABLE: Final = "GENOPT_BBEH_DIR"
REPOSITORY: Final = "https://github.com/google-deepmind/bbeh"
HUB: Final = "BBEH/bbeh"
SLUGS: Final = tuple(
    (  # noqa: SIM905
        "boardgame_qa boolean_expressions buggy_tables causal_understanding disambiguation_qa dyck_languages "
        "geometric_shapes hyperbaton linguini movie_recommendation multistep_arithmetic nycc object_counting "
        "object_properties sarc_triples shuffled_objects spatial_reasoning sportqa temporal_sequence time_arithmetic "
        "web_of_lies word_sorting zebra_puzzles"
    ).split()
)
"""The tasks as the repository names them, without the ``bbeh_`` before each."""

BOTH_WAYS: Final = (
    f"set {VARIABLE} (or data_dir=) to a checkout of {REPOSITORY}, or pip install 'genopt-gym[hf]' and let the "
    f"questions be fetched once from the Hugging Face hub ({HUB})"
)


class QuestionsError(UserError):
    """Questions are missing or damaged; the message says which, and what to do."""


class Example(msgspec.Struct, frozen=True):
    """A question and the answer that is right."""

    input: str
    target: str


class TaskFile(msgspec.Struct):
    """A task's file: ``{"examples": [{"input": ..., "target": ...}, ...]}``."""

    examples: list[Example]


def load(slug: str, data_dir: str | None = None) -> list[Example]:
    """The questions of a task, in their published order.

    Raises:
        QuestionsError: they are nowhere, or damaged.
    """
    named = data_dir if data_dir is not None else os.environ.get(VARIABLE)
    if named:
        return read(slug, Path(named))
    copy = copy_folder()
    if not _path(slug, copy).is_file():
        fetch(copy)
    return read(slug, copy)


def read(slug: str, folder: Path) -> list[Example]:
    """The questions of a task in a checkout, or in its inner folder ``bbeh``.

    Raises:
        QuestionsError: the file is missing or damaged, or holds no question.
    """
    paths = [_path(slug, root) for root in (folder, folder / "bbeh")]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise QuestionsError(f"there is no {paths[0]}: is {folder} a checkout of {REPOSITORY}? Else {BOTH_WAYS}")
    try:
        examples = msgspec.json.decode(path.read_bytes(), type=TaskFile).examples
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise QuestionsError(f"{path} is damaged ({error}): get it again from {REPOSITORY}") from None
    if not examples:
        raise QuestionsError(f"{path} holds no question: get it again from {REPOSITORY}")
    return examples


def copy_folder() -> Path:
    """Where the copy is kept: ``$XDG_CACHE_HOME/genopt_gym/bbeh``, by default beneath ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genopt_gym" / "bbeh"


def fetch(folder: Path) -> None:
    """Fetch all tasks from the hub, through the cache of ``datasets``, and keep a copy in a folder.

    Raises:
        QuestionsError: ``datasets`` is not installed, or the hub cannot be reached, or it holds something else.
    """
    if importlib.util.find_spec("datasets") is None:
        raise QuestionsError(f"there are no BBEH questions here: {BOTH_WAYS}")
    import datasets

    try:
        splits: Mapping[str, Any] = datasets.load_dataset(HUB)
    except Exception as error:  # what can go wrong in a download has no common class
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise QuestionsError(
            f"there are no BBEH questions here, and the hub gave none ({reason}): {BOTH_WAYS}"
        ) from error
    tasks: dict[str, list[Example]] = {}
    try:
        for rows in splits.values():
            columns = zip(rows["task"], rows["input"], rows["target"], strict=True)
            for task, question, target in columns:
                tasks.setdefault(_slug(task), []).append(Example(question, target))
    except (KeyError, AttributeError, ValueError) as error:
        raise QuestionsError(f"{HUB} has not the columns task, input and target ({error}): {BOTH_WAYS}") from None
    if missing := [slug for slug in SLUGS if slug not in tasks]:
        raise QuestionsError(f"{HUB} lacks the tasks {', '.join(missing)}; it has {', '.join(tasks)}: {BOTH_WAYS}")
    write(folder, {slug: tasks[slug] for slug in SLUGS})


def write(folder: Path, tasks: Mapping[str, Iterable[Example]]) -> None:
    """Write tasks in a checkout's layout; whoever reads meanwhile finds whole files."""
    for slug, examples in tasks.items():
        path = _path(slug, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(msgspec.json.encode(TaskFile(list(examples))))
        os.replace(file.name, path)


def status() -> str:
    """What is there, in one line, without a fetch."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else copy_folder()
    found = [slug for slug in SLUGS if any(_path(slug, root).is_file() for root in (folder, folder / "bbeh"))]
    if found:
        return f"{len(found)} of {len(SLUGS)} tasks in {folder}"
    return f"none in {folder}: {BOTH_WAYS}"


def _path(slug: str, folder: Path) -> Path:
    return folder / "benchmark_tasks" / f"bbeh_{slug}" / "task.json"


def _slug(name: str) -> str:
    """The hub's name of a task, which may have blanks, as the repository's."""
    return name.strip().lower().removeprefix("bbeh").replace(" ", "_").replace("-", "_").strip("_")
