"""A folder in which an assistant edits files, and a socket by which it has them run.

The folder is written once, before anybody works in it. From then on nothing in it is read or written from here: what
is to be run comes over the socket, and what came of it goes back the same way.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import time
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Final

from genopt_gym.core.errors import UserError
from genopt_gym.evaluation import EvaluationError
from genopt_gym.runs.folder import read_program
from genopt_gym.serve.errors import SessionError
from genopt_gym.serve.run_session import RunSession
from genopt_gym.serve.sessions import Sessions
from genopt_gym.serve.snapshot import Snapshot
from genopt_gym.serve.tools import call

ALLOWED: Final = ("edit", "status", "revert_to_best", "finish")
"""Tools that can be called from a workspace: its run is chosen for it."""
EVIDENCE: Final = ("trace", "feedback", "steps")
LONGEST: Final = 16 * 1024**2
"""Bytes of a question."""
PATIENCE: Final = 30.0
"""Seconds in which a question has to come whole."""
MOST_CALLERS: Final = 32
"""Connections at once."""


def lay_out(folder: Path, id: str, session: RunSession) -> dict[str, str]:
    """Write a workspace into a new, empty folder.

    Args:
        folder: of the workspace.
        id: of the environment.
        session: the run, begun.

    Returns:
        Component that may be edited to the name of its file.
    """
    snapshot = session.snapshot
    program = read_program(session.folder, snapshot.steps[0].artifact)
    names = {name: f"{name}.{'txt' if kind == 'text' else 'py'}" for name, kind, _ in program.components}
    artifact, fixed = folder / "artifact", folder / "fixed"
    artifact.mkdir()
    fixed.mkdir()
    for name, text in snapshot.artifact.items():
        _write((artifact if name in session.editable else fixed) / names[name], text)
    _write(fixed / "workflow.py", program.workflow)
    (folder / "evidence").mkdir()
    for part in EVIDENCE:
        _write(folder / "evidence" / f"{part}.txt", f"{snapshot.part(part)}\n")
    words = Template(_template("workspace.txt")).substitute(
        id=id,
        context=snapshot.part("context").strip(),
        status=f"At the start: score {snapshot.last.score:.6g}; {_left(snapshot)}.",
    )
    _write(folder / "README.md", words)
    script = folder / "evaluate"
    _write(script, _template("evaluate.txt"))
    script.chmod(0o755)
    (folder / ".genopt").mkdir()
    return {name: names[name] for name in session.editable}


def check_place(folder: Path) -> None:
    """Make the folder of a workspace.

    Raises:
        UserError: it is in use, or Python would import what an assistant puts there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(f"{folder} is not empty; a workspace needs a new folder")
    except OSError as error:
        raise UserError(f"cannot make the workspace {folder}: {error.strerror}") from None
    place = folder.resolve()
    for entry in sys.path:
        path = Path(entry or ".").resolve()
        if path == place or place in path.parents:
            raise UserError(f"{folder} is where Python looks for modules: stand in another folder, or choose another")


class WorkspaceServer:
    """Answers ``./evaluate`` of one workspace, on threads of its own; a context manager.

    Args:
        folder: of the workspace, laid out.
        sessions: the runs of this process.
        session: the workspace's run.
        names: component to the name of its file.
    """

    def __init__(self, folder: Path, sessions: Sessions, session: RunSession, names: dict[str, str]) -> None:
        self._sessions, self._session, self._names = sessions, session, names
        self.finished = threading.Event()
        """Set when the assistant has ended the run and was told its scores."""
        self._callers = threading.Semaphore(MOST_CALLERS)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        place = os.open(folder / ".genopt", os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            # By its descriptor: a socket's path may be no longer than 107 characters.
            self._listening.bind(f"/proc/self/fd/{place}/socket")
        finally:
            os.close(place)
        self._listening.listen(MOST_CALLERS)

    def __enter__(self) -> WorkspaceServer:
        threading.Thread(target=self._accept, name="genopt-workspace", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            if not self._callers.acquire(blocking=False):
                line.close()
                continue
            threading.Thread(target=self._serve, args=[line], name="genopt-caller", daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            with line:
                answer, is_end = self._answer(_read(line))
                line.settimeout(PATIENCE)
                line.sendall(json.dumps(answer).encode())
            if is_end:
                self.finished.set()
        except OSError:
            pass  # who asked has left
        except Exception:
            logging.getLogger(__name__).exception("a question of the workspace failed")
        finally:
            self._callers.release()

    def _answer(self, asked: bytes) -> tuple[dict[str, Any], bool]:
        """An answer as plain data, and whether it ends the run."""
        try:
            tool, arguments = _question(asked)
            pending = call(self._sessions, tool, {**arguments, "run": self._session.name})
            result = pending.future.result()
            answer = pending.answer(result)
        except (UserError, EvaluationError) as error:
            return {"ok": False, "words": f"evaluate: {error}"}, False
        words = answer.words.partition("\n\nThe trace has")[0]
        told: dict[str, Any] = {"ok": True, "words": words, "facts": answer.facts}
        if isinstance(result, Snapshot):
            told["parts"] = {part: f"{result.part(part)}\n" for part in EVIDENCE}
            told["files"] = {self._names[name]: text for name, text in result.artifact.items() if name in self._names}
        return told, tool == "finish"


def _question(asked: bytes) -> tuple[str, dict[str, Any]]:
    try:
        question = json.loads(asked)
        tool, arguments = question["tool"], question["arguments"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SessionError("a question is one line of JSON with tool and arguments") from None
    if tool not in ALLOWED or not isinstance(arguments, dict):
        raise SessionError(f"from a workspace there are {', '.join(ALLOWED)}, with an object of arguments")
    return tool, arguments


def _read(line: socket.socket) -> bytes:
    """A question, up to its line feed."""
    asked, deadline = bytearray(), time.monotonic() + PATIENCE
    while not asked.endswith(b"\n"):
        line.settimeout(max(0.01, deadline - time.monotonic()))
        piece = line.recv(1 << 16)
        asked += piece
        if not piece or len(asked) > LONGEST:
            break
    return bytes(asked)


def _left(snapshot: Snapshot) -> str:
    left = snapshot.status()["edits_left"]
    return "no fixed number of steps" if left is None else f"{left} steps"


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)


def _template(name: str) -> str:
    return (files("genopt_gym.serve") / "templates" / name).read_text(encoding="utf-8")
