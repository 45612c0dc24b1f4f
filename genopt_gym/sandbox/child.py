"""Inside the confined process: load an artifact once per trial, and call its workflow when asked.

Everything here may be overwritten by the artifact; the worker believes none of it beyond its form.
"""

from __future__ import annotations

import builtins
import errno
import random
import socket
import sys
from collections.abc import Callable, Sequence
from types import CodeType, TracebackType
from typing import Any

import msgspec

from genopt_gym.core.evidence import Call
from genopt_gym.sandbox.arrays import Receiver
from genopt_gym.sandbox.capture import SCALARS, capture, mask, name_of, warnings_told, words
from genopt_gym.sandbox.channel import ChannelClosed, MessageChannel
from genopt_gym.sandbox.messages import ANSWERS, CALLS_BYTES, PROMPT, Answer, Fault, Job, Outcome
from genopt_gym.sandbox.summaries import is_data

MESSAGE_CHARS = 500
FORBIDDEN = "artifact code may use no network, processes or threads, and no files outside its scratch folder"
DENIALS: dict[type, str] = {RuntimeError: "can't start new thread", ValueError: "not allowed to raise maximum limit"}
"""What some libraries make of a denied system call."""
UNREADABLE = "(the exception's own text cannot be read)"
MAX_PARTS = 8
"""Parts of a tuple that the trace refers to singly."""
MAX_CALLS = 16
"""Traced calls of one inner step; later ones are left out."""


def serve(line: MessageChannel, progress: memoryview) -> None:
    """Answer calls until the line closes. ``progress`` is shared: trial in hand, and calls begun."""
    job = msgspec.msgpack.decode(line.receive(), type=Job)
    texts = {name: text for name, kind, text in job.components if kind == "python"}
    llm = _model(line)
    trials = [LoadedArtifact(job, seed, llm) for seed in job.seeds]
    draws = "sklearn" in sys.modules or any("random" in text for text in texts.values())
    streams = RandomStreams() if draws else None
    receiver = Receiver()
    encoder = msgspec.msgpack.Encoder(enc_hook=receiver.plain)
    while True:
        try:
            slots, arguments = receiver.decode(line.receive())
        except ChannelClosed:
            return
        answers = []
        for slot, args in zip(slots, arguments, strict=True):
            progress[0] = slot
            progress[1] += 1
            trial = trials[slot]
            if streams is not None:
                streams.enter(trial)
            try:
                answers.append(trial.call(args))
            except BaseException as exception:
                answers.append(Answer(None, _problem(exception, texts), trial.calls))
        try:
            message = encoder.encode(answers)
        except BaseException:
            answers = [_encodable(answer, encoder) for answer in answers]
            message = encoder.encode(answers)
        if len(message) > job.answer_bytes:
            message = encoder.encode([_fitting(answer, encoder, job.answer_bytes) for answer in answers])
        line.send(ANSWERS + message)


def _model(line: MessageChannel) -> Callable[[str], str]:
    """What artifacts know as ``llm``: a message to the worker, which decides and answers."""

    def llm(prompt: str) -> str:
        line.send(PROMPT + msgspec.msgpack.encode(str(prompt)))
        reply, refusal = msgspec.msgpack.decode(line.receive(), type=tuple[str, str])
        if refusal:
            raise PermissionError(errno.EPERM, refusal)
        return reply

    return llm


class LoadedArtifact:
    """An artifact in a namespace of its own."""

    def __init__(self, job: Job, seed: int, llm: Callable[[str], str]) -> None:
        self.seed = seed
        self._llm = self._traced("llm", llm) if job.traced else llm
        self.calls: list[Call] = []
        self._job = job
        self._workflow: Callable[..., Any] | None = None
        self._inputs: list[dict[str, str]] = []
        self._known: dict[int, tuple[Any, dict[str, str]]] = {}
        """Inputs and results of this call by identity (they are kept alive here), and how the trace refers to them."""

    def call(self, arguments: list[Any]) -> Answer:
        self.calls = []
        workflow = self._workflow or self._load()
        if self._job.traced:
            self._known = {id(a): (a, reference) for a, reference in zip(arguments, self._inputs, strict=False)}
        return Answer(workflow(*arguments), None, self.calls)

    def _load(self) -> Callable[..., Any]:
        namespace: dict[str, Any] = {"__name__": "artifact", "__builtins__": builtins, "llm": self._llm}
        names = []
        for name, kind, text in self._job.components:
            names.append(name)
            if kind == "text":
                namespace[name] = text
                continue
            exec(_compiled(text, f"<component {name}>"), namespace)
            if not callable(namespace.get(name)):
                raise TypeError(f"the text of {name} leaves no function of that name")
            if self._job.traced:
                namespace[name] = self._traced(name, namespace[name])
        around: dict[str, Any] = {"__builtins__": builtins, "llm": self._llm}
        around.update((name, namespace[name]) for name in names)
        exec(_compiled(self._job.workflow, "<workflow>"), around)
        workflow: Callable[..., Any] = around["workflow"]
        inputs = workflow.__code__.co_varnames[: workflow.__code__.co_argcount]
        self._inputs = [{"$ref": name} for name in inputs]
        self._workflow = workflow
        return workflow

    def _traced(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        reference = {"$ref": name}
        learns = "sklearn" in sys.modules

        def component(*args: Any, **kwargs: Any) -> Any:
            known, calls = self._known, self.calls
            arguments = []
            for value in (*args, *kwargs.values()):
                seen = known.get(id(value))
                arguments.append(seen[1] if seen else capture(value))
            if not learns:
                result = function(*args, **kwargs)
            else:
                with warnings_told() as told:
                    result = function(*args, **kwargs)
                if type(result) is tuple:  # what it holds goes on singly
                    parts = enumerate(result) if len(result) <= MAX_PARTS else ()
                    known |= {id(part): (part, {"$ref": f"{name}[{i}]"}) for i, part in parts if is_data(part)}
            if len(calls) < MAX_CALLS:
                calls.append(Call(name, arguments, result if type(result) in SCALARS else capture(result)))
                known[id(result)] = (result, reference)
                if learns and told:
                    calls.append(Call(f"warnings of {name}", [], told))
            return result

        return component


class RandomStreams:
    """Gives each trial its own global random state, for artifacts that mention randomness, or whose libraries draw."""

    def __init__(self) -> None:
        self._numpy = sys.modules.get("numpy")
        self._states: dict[LoadedArtifact, Any] = {}
        self._current: LoadedArtifact | None = None

    def enter(self, trial: LoadedArtifact) -> None:
        if trial is self._current:
            return
        if self._current is not None:
            self._states[self._current] = (
                random.getstate(),
                self._numpy.random.get_state() if self._numpy else None,
            )
        if trial in self._states:
            python_state, numpy_state = self._states[trial]
            random.setstate(python_state)
            if self._numpy:
                self._numpy.random.set_state(numpy_state)
        else:
            random.seed(trial.seed)
            if self._numpy:
                self._numpy.random.seed(trial.seed)
        self._current = trial


_compilations: dict[tuple[str, str], CodeType] = {}


def _compiled(text: str, filename: str) -> CodeType:
    key = (text, filename)
    if key not in _compilations:
        _compilations[key] = compile(text, filename, "exec", dont_inherit=True)
    return _compilations[key]


def _encodable(answer: Answer, encoder: msgspec.msgpack.Encoder) -> Answer:
    """The answer, or the problem that its result cannot be sent."""
    try:
        encoder.encode(answer)
    except BaseException:
        message = f"the workflow returned {words(answer.result)}, which is not plain data"
        return Answer(None, Fault("contract_broken", "TypeError", message, None, None, ""), [])
    return answer


def _fitting(answer: Answer, encoder: msgspec.msgpack.Encoder, room: int) -> Answer:
    """The answer, or the problem that it is too large to be sent; without its calls if these are."""
    if (size := len(encoder.encode(answer.result))) > room:
        message = f"the workflow returned {size:,} bytes; at most {room:,} are allowed"
        return Answer(None, Fault("contract_broken", "ValueError", message, None, None, ""), [])
    if len(encoder.encode(answer.calls)) > CALLS_BYTES:
        return Answer(answer.result, answer.problem, [])
    return answer


def _problem(exception: BaseException, texts: dict[str, str]) -> Fault:
    """An exception as data; nothing of the artifact's is trusted to behave while it is described."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
    try:
        return _described(exception, texts)
    except BaseException:
        return Fault("runtime_error", _shown(name_of(type(exception)), 100), UNREADABLE, None, None, "")


def _described(exception: BaseException, texts: dict[str, str]) -> Fault:
    try:
        message = _shown(mask(str(exception)), MESSAGE_CHARS)
    except BaseException:
        message = UNREADABLE
    component, line = _last_frame(exception.__traceback__, texts)
    if isinstance(exception, SyntaxError) and component is None:
        filename = str(exception.filename or "").removeprefix("<component ").removesuffix(">")
        component, line = (filename, exception.lineno) if filename in texts else (None, None)
    lines: Sequence[str] = texts[component].splitlines() if component else ()
    source = _shown(lines[line - 1].strip(), 200) if line and line <= len(lines) else ""
    outcome: Outcome = "runtime_error"
    name = _shown(name_of(type(exception)), 100)
    if isinstance(exception, MemoryError):
        outcome, name, message = "out_of_memory", "MemoryError", "the memory limit was reached"
    elif isinstance(exception, OSError) and exception.errno == errno.EFBIG:
        message = "the limit on the size of output and files was reached"
    elif _was_denied(exception):
        outcome, message = "forbidden", f"{message}; {FORBIDDEN}"
    return Fault(outcome, name, message, component, line, source)


def _shown(text: str, chars: int) -> str:
    """The beginning of a text, with half characters (lone surrogates) spelled out."""
    return text[:chars].encode("utf-8", "backslashreplace").decode()[:chars]


def _was_denied(exception: BaseException) -> bool:
    """Whether this is how a denied system call shows."""
    if isinstance(exception, OSError):
        if isinstance(reason := getattr(exception, "reason", None), OSError):  # as urllib wraps it
            return _was_denied(reason)
        return isinstance(exception, socket.gaierror) or exception.errno in (errno.EPERM, errno.EACCES)
    return type(exception) in DENIALS and DENIALS[type(exception)] in str(exception)


def _last_frame(traceback: TracebackType | None, texts: dict[str, str]) -> tuple[str | None, int | None]:
    """Component and line of the innermost frame that belongs to the artifact."""
    found: tuple[str | None, int | None] = (None, None)
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename.removeprefix("<component ").removesuffix(">")
        if name in texts:
            found = (name, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found
