"""A run on disk: what is written, in which order, and what can be read after any interruption.

A run folder holds ``config.json`` (what was asked for, versions, machine), ``evaluations.bin``
(results of blocks) and ``replies.jsonl`` (what a model was asked and answered), both stored before the step that
used them, ``artifacts/<id>.json``, ``steps.jsonl``
(one line a step, flushed) and ``ledger.jsonl`` (costs and seconds by step). When the run has ended:
``best.py``, ``best.diff``, ``curve.png``, where the task has a screen ``best.gif``, and ``result.json``, the last;
then ``run.html``, which shows all of it.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.core.artifact import Artifact, Program
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import Journal, read_journal, write_atomically
from genopt_gym.core.locking import hold
from genopt_gym.core.metric import Metric
from genopt_gym.llm.replies import Replies
from genopt_gym.runs.formats import format_of, read_as_current, writer

REPLIES = "replies.jsonl"

FRAME = struct.Struct("<II")
"""Length and CRC-32 of what follows."""


class EvaluationFile:
    """Results of blocks by key, appended to one file; a damaged tail is dropped when it is opened.

    Args:
        path: of the file.
        read_only: leave the file as it is, even a damaged tail: what is added is kept in memory.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        self._file = path.open("rb" if read_only else "a+b")
        self._added: dict[str, bytes] | None = {} if read_only else None
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0
        self.scan()

    def get(self, key: str) -> bytes | None:
        if self._added is not None and key in self._added:
            return self._added[key]
        if key not in self._places:
            return None
        offset, length = self._places[key]
        return zlib.decompress(os.pread(self._file.fileno(), length, offset))

    def __setitem__(self, key: str, value: bytes) -> None:
        if self._added is not None:
            self._added[key] = value
            return
        name, packed = key.encode(), zlib.compress(value, 1)
        body = bytes([len(name)]) + name + packed
        self._file.write(FRAME.pack(len(body), zlib.crc32(body)) + body)
        self._file.flush()
        self._places[key] = (self._end + FRAME.size + 1 + len(name), len(packed))
        self._end += FRAME.size + len(body)

    def close(self) -> None:
        self._file.close()

    def scan(self) -> None:
        """Find what was appended since the last look, by another process too."""
        self._file.seek(self._end)
        offset = self._end
        while len(head := self._file.read(FRAME.size)) == FRAME.size:
            length, checksum = FRAME.unpack(head)
            body = self._file.read(length)
            if len(body) < length or not body or zlib.crc32(body) != checksum:
                break
            name = body[1 : 1 + body[0]].decode()
            start = offset + FRAME.size + 1 + body[0]
            self._places[name] = (start, length - 1 - body[0])
            offset += FRAME.size + length
        if self._added is None:
            self._file.truncate(offset)
        self._end = offset


class FolderInUse(UserError):
    """Another process holds the run folder open."""


class RunFolder:
    """An open run folder; only one process can hold it open.

    Args:
        path: of the folder.
        fence: raises if this process may write here no longer.

    Raises:
        UserError: the folder cannot be used; the message says why.
    """

    def __init__(self, path: Path, fence: Callable[[], None] | None = None) -> None:
        self.path = path
        self.fence = fence or (lambda: None)
        with ExitStack() as opened:
            try:
                (path / "artifacts").mkdir(parents=True, exist_ok=True)
                lock = opened.enter_context((path / "lock").open("w"))
            except OSError as error:
                raise UserError(f"cannot write to the run folder {path}: {error.strerror}") from None
            in_use = FolderInUse(f"another process is running in {path}; wait for it, or choose another folder")
            hold(lock, path, in_use)
            self.steps = opened.enter_context(closing(Journal(path / "steps.jsonl")))
            self.ledger = opened.enter_context(closing(Journal(path / "ledger.jsonl")))
            self.evaluations = opened.enter_context(closing(EvaluationFile(path / "evaluations.bin")))
            self._opened = opened.pop_all()

    def write_json(self, name: str, value: Any) -> None:
        write_atomically(self.path / name, json.dumps(value, indent=1).encode() + b"\n")

    def keep_artifact(self, artifact: Artifact) -> None:
        path = self.path / "artifacts" / f"{artifact.id}.json"
        if not path.exists():
            write_atomically(path, msgspec.json.format(msgspec.json.encode(artifact.program), indent=1))

    def replies(self, replay: str | None = None) -> Replies:
        """The run's own recorded replies, or those of another run to replay. UserError if they cannot be read."""
        if replay is not None:
            return open_replay(replay)
        return self._opened.enter_context(closing(Replies(self.path / REPLIES)))

    def close(self) -> None:
        self._opened.close()


BLANK = {"artifacts", "lock", "steps.jsonl", "ledger.jsonl", "evaluations.bin", "replies.jsonl", "config.json.tmp"}
"""What a run leaves behind that was killed before it began."""


def open_replay(replay: str) -> Replies:
    """The recorded replies of a run folder, or of a file; UserError if there are none."""
    path = Path(replay)
    return Replies(path / REPLIES if path.is_dir() else path, "replay")


def check_unused(path: Path) -> None:
    """UserError unless a new run can begin in ``path``."""
    blank = path.is_dir() and {entry.name for entry in path.iterdir()} <= BLANK
    if path.exists() and not (blank and not read_journal(path / "steps.jsonl")[0]):
        raise UserError(f"{path} already exists; resume it with --resume {path}, or choose another folder with --out")


def claim_path(path: Path) -> Path:
    """``path``, or the first of ``path-2``, ``path-3``, ... that does not exist: a new, empty folder by now.

    Runs that are begun at once get a folder each.

    Raises:
        UserError: no folder can be made there.
    """
    free, number = path, 1
    while True:
        try:
            free.mkdir(parents=True)
            return free
        except FileExistsError:
            number += 1
            free = path.with_name(f"{path.name}-{number}")
        except OSError as error:
            raise UserError(f"cannot make the run folder {free}: {error.strerror}") from None


def read_program(path: Path, id: str) -> Program:
    """What a confined process needs of a stored artifact; UserError if it cannot be read."""
    try:
        return msgspec.json.decode((path / "artifacts" / f"{id}.json").read_bytes(), type=Program)
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"artifact {id} of {path} cannot be read: {error}") from None


def read_artifact(path: Path, id: str) -> dict[str, str]:
    """Component to text of a stored artifact; UserError if it cannot be read."""
    return {name: text for name, _, text in read_program(path, id).components}


def read_config(path: Path) -> dict[str, Any]:
    """What ``config.json`` says of the run in a folder, whichever version wrote it, in the words of this one.

    Raises:
        UserError: there is none, it cannot be read, or a newer version wrote it.
    """
    try:
        config = dict(json.loads((path / "config.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(f"{path} is not a run folder: it has no config.json") from None
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"the configuration in {path} cannot be read: {error}") from None
    number = format_of(config, path, writer(config.get("versions")))
    try:
        config["run"]["parameters"] = read_as_current(config["run"]["parameters"], number)
        config["spec"]["kwargs"] = read_as_current(config["spec"]["kwargs"], number)
    except (KeyError, TypeError, AttributeError):
        pass  # damaged, or not whole: told by whoever needs what is missing
    return config


def best_step(path: Path, scores: Sequence[float | None], metric: Metric) -> int:
    """The step that has made a run's best artifact: as it was selected at its end, or by validation so far.

    Args:
        path: the run's folder.
        scores: validation scores of its steps, at least one; ``None`` where the artifact could not be run.
        metric: says which is better.
    """
    if (path / "result.json").exists() and "best_step" in (result := read_result(path)):
        return int(result["best_step"])
    known = [metric.worst if score is None else score for score in scores]
    return max(range(len(known)), key=lambda step: metric.sign * known[step])


def read_result(path: Path) -> dict[str, Any]:
    """What the run in a folder came to; UserError if that cannot be read."""
    try:
        return dict(json.loads((path / "result.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(f"the result in {path} cannot be read: {error}") from None
