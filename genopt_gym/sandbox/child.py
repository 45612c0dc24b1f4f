"""Inside the confined process: load an artifact once per trial, and call its workflow when asked.

Everything here may be overwritten by the artifact; the worker believes none of it beyond its form.
"""

from __future__ import annotations

import builtins
import errno
import marshal
import random
import socket
import sys
from collections.abc import Callable, Sequence
from functools import cache
from types import CodeType, TracebackType
from typing import Any

import msgspec

from genopt_gym.core.evidence import CALLS_NOT_SHOWN, Call
from genopt_gym.sandbox.arrays import Receiver
from genopt_gym.sandbox.calls import CallTracer, ComponentIsReadOnly, ReadOnly, at_site, function_of
from genopt_gym.sandbox.capture import mask, name_of, words
from genopt_gym.sandbox.channel import ChannelClosed, MessageChannel
from genopt_gym.sandbox.dataflow import Reference, Site, compile_workflow
from genopt_gym.sandbox.messages import ANSWERS, CALLS_BYTES, PROMPT, Answer, Fault, Job, Outcome

MESSAGE_CHARS = 500
FORBIDDEN = "artifact code may use no network, processes or threads, and no files outside its scratch folder"
DENIALS: dict[type, str] = {RuntimeError: "can't start new thread", ValueError: "not allowed to raise maximum limit"}
"""What some libraries make of a denied system call."""
UNREADABLE = "(the exception's own text cannot be read)"
PYTHONS_OWN = dict(vars(builtins))
"""What every component starts out with; a copy for each."""


Observer = Callable[[], Callable[..., Any]]
"""Called once for each trial: a function that makes an observation of its parts."""


def serve(line: MessageChannel, progress: memoryview, observer: Observer | None = None) -> None:
    """Answer calls until the line closes.

    Args:
        line: to the worker.
        progress: shared with it: trial in hand, and calls begun.
        observer: makes the workflow's argument of what is sent, where the job is packed.
    """
    job = msgspec.msgpack.decode(line.receive(), type=Job)
    texts = {name: text for name, kind, text in job.components if kind == "python"}
    llm = _model(line)
    trials = [LoadedArtifact(job, seed, llm) for seed in job.seeds]
    observes = [observer() for _ in trials] if job.packed and observer is not None else None
    draws = "sklearn" in sys.modules or any("random" in text for text in texts.values())
    streams = RandomStreams() if draws else None
    random.seed(job.seeds[0])  # for whatever draws without a word of it
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
            try:
                if streams is not None:
                    streams.enter(trial)
                answers.append(trial.call(args if observes is None else [observes[slot](*args)]))
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
    """An artifact as one trial has it: each component in a namespace of its own.

    A component sees its own names, then the other components (``ReadOnly``), texts and ``llm``, then Python's: what it
    binds to another's name shadows that for itself alone.
    """

    def __init__(self, job: Job, seed: int, llm: Callable[[str], str]) -> None:
        self.seed = seed
        self._tracer = CallTracer() if job.traced else None
        self._llm = ReadOnly("llm", llm, self._tracer)
        self._job = job
        self._workflow: Callable[..., Any] | None = None
        self._inputs: list[Reference] = []

    @property
    def calls(self) -> list[Call]:
        """Of the workflow's last call."""
        return [] if self._tracer is None else self._tracer.calls

    def call(self, arguments: list[Any]) -> Answer:
        if self._tracer is None:
            return Answer(_one_frame_deeper(self._workflow or self._load(), arguments), None, [])
        self._tracer.begin_step((), ())
        workflow = self._workflow or self._load()
        self._tracer.begin_step(arguments, self._inputs)
        return Answer(workflow(*arguments), None, self._tracer.calls)

    def _load(self) -> Callable[..., Any]:
        seen: list[dict[str, Any]] = []
        """What each component sees beyond its own names."""
        loaded: dict[str, Any] = {}
        shared: dict[str, Any] = {"llm": self._llm}
        for name, kind, text in self._job.components:
            visible: str | ReadOnly = text
            if kind == "text":
                loaded[name] = text
            else:
                seen.append(PYTHONS_OWN | shared)
                namespace = {"__name__": "artifact", "__builtins__": seen[-1]}
                exec(_compiled(text, f"<component {name}>"), namespace)
                if not callable(namespace.get(name)):
                    raise TypeError(f"the text of {name} leaves no function of that name")
                loaded[name] = namespace[name]
                visible = ReadOnly(name, loaded[name], self._tracer)
            shared[name] = visible
            for names in seen:
                names[name] = visible
        self._workflow = self._load_workflow(loaded)
        return self._workflow

    def _load_workflow(self, components: dict[str, Any]) -> Callable[..., Any]:
        """The workflow; the calls that it makes are what is traced first of all."""
        llm, warns = function_of(self._llm), "sklearn" in sys.modules
        namespace: dict[str, Any] = {"__builtins__": builtins, **components, "llm": llm}
        if self._tracer is None and not warns:
            exec(_compiled(self._job.workflow, "<workflow>"), namespace)
        else:
            functions = {name: value for name, value in components.items() if not isinstance(value, str)} | {"llm": llm}
            code, sites = _compiled_workflow(self._job.workflow, tuple(functions))
            for site in (*sites, *(Site(name, name, {"$ref": name}, ()) for name in functions)):
                namespace[site.name] = at_site(self._tracer, site, functions[site.component], warns)
            exec(code, namespace)
        workflow: Callable[..., Any] = namespace["workflow"]
        inputs = workflow.__code__.co_varnames[: workflow.__code__.co_argcount]
        self._inputs = [{"$ref": name} for name in inputs]
        return workflow


def _one_frame_deeper(workflow: Callable[..., Any], arguments: list[Any]) -> Any:
    """For an untraced call: where it is traced, each component has a frame of the tracer's below it."""
    return workflow(*arguments)


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


_compiled_workflow = cache(compile_workflow)
_compilations: dict[tuple[str, str], bytes] = {}


def _compiled(text: str, filename: str) -> CodeType:
    """A text's code, for one trial alone: where trials share it, each undoes what Python has adapted to the other's
    globals."""
    key = (text, filename)
    if key not in _compilations:
        _compilations[key] = marshal.dumps(compile(text, filename, "exec", dont_inherit=True))
    code: CodeType = marshal.loads(_compilations[key])
    return code


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
        return Answer(answer.result, answer.problem, [Call(CALLS_NOT_SHOWN, [], len(answer.calls))])
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
    elif isinstance(exception, ComponentIsReadOnly):
        outcome = "forbidden"
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
