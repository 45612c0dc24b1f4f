"""What worker, zygote and child say to each other (msgpack, typed decoding)."""

from __future__ import annotations

import signal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from genopt_gym.core.evidence import Call

READY = b"ready"
"""A child's first message: it is confined, and no artifact code has run in it."""

ANSWERS, PROMPT = b"A", b"L"
"""First byte of a child's later messages: the answers to a call, or a prompt for the granted model."""

STACK_SIGNAL = signal.SIGUSR1
"""A child answers it by writing its stack to its output, whatever it is busy with."""

CALLS_BYTES = 1 << 18
"""What the traced calls of one answer may weigh; more of them are left out."""


Outcome = Literal["runtime_error", "contract_broken", "out_of_memory", "forbidden"]
"""What a child can tell of itself; how it ended is for the worker to see."""


class ForkOrder(msgspec.Struct, frozen=True, tag=True):
    """Worker to zygote, with the child's line, its captured output and its progress cell as descriptors."""

    scratch: str
    cpu_seconds: int
    memory_mb: int
    file_mb: int


class ReapOrder(msgspec.Struct, frozen=True, tag=True):
    """Worker to zygote: collect a child that was killed or has ended."""

    pid: int


class Exit(msgspec.Struct, frozen=True):
    """Zygote to worker: how a child ended."""

    status: int
    """As from ``wait4``."""
    cpu_seconds: float
    max_rss_kb: int


class Job(msgspec.Struct, frozen=True, array_like=True):
    """Worker to child, once: the artifact, and a seed per trial."""

    components: list[tuple[str, str, str]]
    workflow: str
    seeds: list[int]
    traced: bool
    answer_bytes: int
    packed: bool = False
    """Whether what is sent are the parts of observations, which the zygote's observer makes."""


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """Child to worker: an exception, told in the artifact's own terms."""

    outcome: Outcome
    type: Annotated[str, Meta(max_length=100)]
    message: Annotated[str, Meta(max_length=700)]
    component: Annotated[str, Meta(max_length=100)] | None
    line: int | None
    source: Annotated[str, Meta(max_length=200)]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """Child to worker, per trial and call: the workflow's result, or the problem; and the traced calls."""

    result: Any
    problem: Fault | None
    calls: list[Call]


def refuse_extension(code: int, data: memoryview) -> None:
    """For decoders of messages that hold plain data alone."""
    raise msgspec.ValidationError(f"it holds an extension type ({code})")


read_answers = msgspec.msgpack.Decoder(list[Answer], ext_hook=refuse_extension).decode
"""The answers in a child's message; MsgspecError, RecursionError or UnicodeDecodeError where it holds none."""
