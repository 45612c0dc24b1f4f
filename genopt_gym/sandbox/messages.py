"""What worker, zygote and child say to each other (msgpack, typed decoding)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


READY = b"ready"
"""A child's first message: it is confined, and no artifact code has run in it."""

ANSWERS, PROMPT = b"A", b"L"
"""First byte of a child's later messages: the answers to a call, or a prompt for the granted model."""

CALLS_BYTES = 1 << 18
"""What the traced calls of one answer may weigh; more of them are left out."""


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


class Problem(msgspec.Struct, frozen=True, array_like=True):
    """Child to worker: an exception, told in the artifact's own terms."""

    outcome: Literal["runtime_error", "contract_broken", "out_of_memory", "forbidden"]
    type: str
    message: str
    component: str | None
    line: int | None
    source: str


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """Child to worker, per trial and call: the workflow's result, or the problem; and the traced calls."""

    result: Any
    problem: Problem | None
    calls: list[tuple[str, list[Any], Any]]
