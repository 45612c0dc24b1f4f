"""What can be asked of a server, whoever carries the question: names, arguments, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from genopt_gym.core.drawing import number
from genopt_gym.core.task import TaskSpec
from genopt_gym.registration import TABLE
from genopt_gym.runs.result import Result
from genopt_gym.serve.errors import SessionError
from genopt_gym.serve.pages import page
from genopt_gym.serve.run_session import RunSession
from genopt_gym.serve.sessions import Sessions
from genopt_gym.serve.snapshot import Snapshot

Facts = dict[str, Any]


@dataclass(frozen=True)
class ToolAnswer:
    """Words for a reader, and the same as plain data; ``more`` is a part that is longer than what was shown."""

    words: str
    facts: Facts
    more: str | None = None


@dataclass(frozen=True)
class Pending:
    """An answer that comes when the future has its value: at once, or after an evaluation."""

    future: Future[Any]
    answer: Callable[[Any], ToolAnswer]


class ListTasks(msgspec.Struct, forbid_unknown_fields=True):
    """The tasks that can be started: id, metric, and how many edits a run has."""


class StartRun(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Begin a run of a task, or resume one that was left (resume alone, with the name that start gave it). The answer
    has the problem, the artifact with its contracts, and what is left to spend. The starting artifact is evaluated
    first, which may take a while."""

    id: str | None = None
    parameters: dict[str, Any] = {}
    edits: int | None = None
    seed: int = 0
    resume: str | None = None


class ObserveRun(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Read a part of what the run shows, by lines: context (the problem and its contracts), artifact (as it stands),
    trace (what the last artifact did), feedback, steps (what became of every edit). Costs nothing."""

    part: Literal["context", "artifact", "trace", "feedback", "steps"]
    first: int = 1
    last: int | None = None
    run: str | None = None


class MakeEdit(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Replace components by new texts, each whole, and run the artifact: one step of the run's budget, however it
    goes. Components that are left out stay as they are."""

    components: dict[str, str]
    run: str | None = None


class PatchRun(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Change lines of components by SEARCH/REPLACE blocks, and run the artifact: one step, however it goes."""

    search_replace: str
    run: str | None = None


class ShowStatus(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Score, best score, edits and budget that are left. Costs nothing."""

    run: str | None = None


class RevertToBest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Make the artifact what the step with the best score had: an edit like others, which costs a step."""

    run: str | None = None


class FinishRun(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """End the run: no more edits. The best artifact is scored on test trials that nobody has seen; the answer has the
    scores and the run's folder."""

    run: str | None = None


TOOLS: Final[dict[str, type[msgspec.Struct]]] = {
    "list_tasks": ListTasks,
    "start": StartRun,
    "observe": ObserveRun,
    "edit": MakeEdit,
    "patch": PatchRun,
    "status": ShowStatus,
    "revert_to_best": RevertToBest,
    "finish": FinishRun,
}


def schema(tool: str) -> Facts:
    """JSON schema of a tool's arguments."""
    whole = msgspec.json.schema(TOOLS[tool])
    [own] = whole["$defs"].values()
    return {"type": "object", **{name: own[name] for name in ("properties", "required") if own.get(name)}}


def description(tool: str) -> str:
    return " ".join((TOOLS[tool].__doc__ or "").split())


def call(sessions: Sessions, tool: str, arguments: Mapping[str, Any]) -> Pending:
    """Call a tool.

    Raises:
        SessionError: there is no such tool, its arguments are wrong, or the call cannot be done; nothing has changed.
        UserError: what was asked for cannot be had here.
    """
    if tool not in TOOLS:
        raise SessionError(f"there is no tool {tool!r}; there are {', '.join(TOOLS)}")
    try:
        asked = msgspec.convert(dict(arguments), TOOLS[tool])
    except msgspec.ValidationError as error:
        raise SessionError(f"{tool} takes other arguments: {error}") from None
    match asked:
        case ListTasks():
            return _now(_tasks(sessions))
        case StartRun():
            session = _started(sessions, asked)
            return Pending(session.begun, lambda snapshot: _begun(session, snapshot))
    session = sessions.get(getattr(asked, "run", None))
    match asked:
        case ObserveRun(part=part, first=first, last=last):
            return _now(observed(session, part, first, last))
        case MakeEdit(components=components):
            future = session.edit(components)
        case PatchRun(search_replace=text):
            future = session.edit(text)
        case RevertToBest():
            future = session.revert_to_best()
        case FinishRun():
            return Pending(session.finish(), lambda result: _finished(session, result))
        case _:
            return _now(_status(session, session.snapshot))
    return Pending(future, lambda snapshot: _stepped(session, snapshot))


def observed(session: RunSession, part: str, first: int = 1, last: int | None = None) -> ToolAnswer:
    """Some lines of a part of what a run shows."""
    snapshot = session.snapshot
    shown = page(snapshot.part(part), first, last)
    facts = {"run": session.name, "step": snapshot.last.step, "from": shown.first, "to": shown.last}
    head = f"{part} after step {snapshot.last.step}, lines {shown.first} to {shown.last} of {shown.lines}"
    is_all = shown.last - shown.first + 1 == shown.lines
    return ToolAnswer(f"{head}:\n{shown.text}", facts | {"lines": shown.lines}, None if is_all else part)


def _now(answer: ToolAnswer) -> Pending:
    future: Future[Any] = Future()
    future.set_result(None)
    return Pending(future, lambda _: answer)


def _tasks(sessions: Sessions) -> ToolAnswer:
    rows = [row for row in TABLE if row.id in sessions.rules.allowed]
    tasks: list[Facts] = []
    for row in rows:
        task = TaskSpec(row.task, {}).load()
        metric = getattr(task, "metric", None)
        tasks.append(
            {"id": row.id, "metric": getattr(metric, "name", None), "edits": sessions.rules.edits or row.updates}
        )
    known = {row.id for row in rows}
    tasks += [{"id": id, "metric": None, "edits": sessions.rules.edits} for id in sessions.rules.ids if id not in known]
    words = "\n".join(f"{task['id']}  {task['metric'] or ''}  {task['edits']} edits" for task in tasks)
    return ToolAnswer(words, {"tasks": tasks})


def _started(sessions: Sessions, asked: StartRun) -> RunSession:
    if asked.resume is not None:
        if asked.id is not None or asked.parameters or asked.edits is not None:
            raise SessionError("resume goes alone: a run keeps the task and the parameters that it was begun with")
        return sessions.resume(asked.resume)
    if asked.id is None:
        raise SessionError("start needs the id of a task (list_tasks shows them), or resume")
    if asked.seed < 0:
        raise SessionError(f"seed is a whole number from 0, not {asked.seed}")
    return sessions.start(asked.id, asked.parameters, asked.edits, asked.seed)


def _begun(session: RunSession, snapshot: Snapshot) -> ToolAnswer:
    status = _status(session, snapshot)
    parts = "\n\n".join(f"## {part}\n{snapshot.part(part)}" for part in ("context", "artifact", "feedback"))
    words = f"Run {session.name}.\n{status.words}\n\n{parts}\n\n{_trace_lines(snapshot)}"
    return ToolAnswer(words, status.facts | {"components": snapshot.artifact})


def _stepped(session: RunSession, snapshot: Snapshot) -> ToolAnswer:
    status = _status(session, snapshot)
    words = f"{status.words}\n\n{snapshot.part('feedback')}\n\n{_trace_lines(snapshot)}"
    return ToolAnswer(words, status.facts | {"feedback": snapshot.part("feedback")})


def _status(session: RunSession, snapshot: Snapshot) -> ToolAnswer:
    facts = snapshot.status() | {"run": session.name}
    left, kept = facts["edits_left"], "" if facts["accepted"] else ", not kept"
    words = [
        f"Step {facts['edits_made']}: {facts['outcome']}{kept}. Score {number(facts['score'])}, best "
        f"{number(facts['best_score'])} (step {facts['best_step']}); {facts['better']} is better."
    ]
    if facts["ended_by"]:
        words.append(f"The run has ended ({facts['ended_by']}): finish shows its scores.")
    elif left is not None:
        words.append(f"{left} edit{'' if left == 1 else 's'} left.")
    for what, each in facts["budget"].items():
        amount = "an unknown number" if each["left"] is None else f"{each['left']:,}"
        words.append(f"{amount} of {each['limit']:,} {what.replace('_', ' ')} left.")
    return ToolAnswer(" ".join(words), facts)


def _finished(session: RunSession, result: Result) -> ToolAnswer:
    facts = {
        "run": session.name,
        "ended_by": result.ended_by,
        "start_validation": result.start_score,
        "best_validation": result.validation_score,
        "start_test": result.start_test_score,
        "best_test": result.test_score,
        "folder": str(result.folder),
    }
    words = (
        f"The run has ended ({result.ended_by}). Validation: start {number(result.start_score)}, best "
        f"{number(result.validation_score)}. Test: start {number(result.start_test_score)}, best "
        f"{number(result.test_score)}. Everything is in {result.folder}."
    )
    return ToolAnswer(words, facts)


def _trace_lines(snapshot: Snapshot) -> str:
    return f"The trace has {page(snapshot.part('trace')).lines} lines: read it with observe, part trace."
