"""What a confined process may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one confined process may use.

    Attributes:
        call_seconds: wall time of one call of the workflow.
        cpu_seconds: processor time of a whole block of trials.
        memory_mb: address space, beside what the preloaded libraries take.
        file_mb: size of any one file, the captured output included.
        answer_bytes: size of what one call returns.
        llm_calls: calls of a granted model in one trial.
    """

    call_seconds: float = 2.0
    cpu_seconds: int = 120
    memory_mb: int = 1024
    file_mb: int = 16
    answer_bytes: int = 1 << 16
    llm_calls: int = 20
