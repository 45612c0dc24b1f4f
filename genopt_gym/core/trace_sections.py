"""Events as paragraphs, for trials whose inputs are no table: texts, frames, models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genopt_gym.core.evidence import CALLS_NOT_SHOWN, Call, Event
from genopt_gym.core.summary import KEY, Told, is_summary, summarized
from genopt_gym.core.trace_cells import CELL_CHARS, argument, paragraph, result

WORTH_POINTING = 120
"""A summary of so many characters that is as an earlier one of its step is named, and not written again."""


def sections(events: Sequence[Event], limit: int = CELL_CHARS, failed: bool = False) -> list[str]:
    """A labelled paragraph for each event.

    Args:
        events: in their order.
        limit: characters of one value.
        failed: whether the last event is one that failed, and has no result.
    """
    return [_section(event, limit, failed and event is events[-1]) for event in events]


def _section(event: Event, limit: int, failed: bool) -> str:
    once = _Once()
    lines = [_labelled("Input", paragraph(once.told("", event.observation), limit))]
    counts: dict[str, int] = {}
    for call in event.calls:
        if call.component == CALLS_NOT_SHOWN:
            lines.append(f"({call.result} more calls are not shown)")
            continue
        count = counts[call.component] = counts.get(call.component, 0) + 1
        name = call.component if count == 1 else f"{call.component}#{count}"
        arguments = []
        for position, value in enumerate(call.arguments):
            if is_summary(value):
                label = f"argument{position}"
                lines.append(f"{label} of the next call: {paragraph(once.told(f'{label} of {name}', value), limit)}")
                arguments.append(label)
            else:
                arguments.append(argument(value, limit))
        told = Call(call.component, [], once.told(name, call.result))
        lines.append(f"{call.component}({', '.join(arguments)}) = {result(told, limit)}")
    last = event.calls[-1] if event.calls else None
    if not failed and last is not None and _is_long(last.result) and last.result == event.action:
        lines.append(f"Returned: what {last.component} returned")
    elif not failed:
        lines.append(_labelled("Returned", paragraph(event.action, limit)))
    lines += [f"Note: {note}" for note in event.notes]
    return "\n".join(lines)


def _is_long(value: Any) -> bool:
    """Whether a value takes so much room that it is not written twice."""
    return type(value) in (str, list, tuple, dict) and len(str(value)) >= WORTH_POINTING


def _labelled(label: str, text: str) -> str:
    return f"{label}:{'' if text.startswith(chr(10)) else ' '}{text}"


class _Once:
    """The summaries of one step, so that one that comes again is named alone."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def told(self, name: str, value: Any) -> Any:
        """The value, with what was told before pointed to; ``name`` is what the whole of it is called."""
        if not is_summary(value):
            return value
        told: Told = value[KEY]
        if isinstance(told, str):
            return summarized(self._text(name, told))
        if isinstance(told, Mapping):
            return summarized({key: self._text(key, text) for key, text in told.items()})
        return summarized([self._text(f"{name}[{place}]", text) for place, text in enumerate(told)])

    def _text(self, name: str, text: str) -> str:
        if len(text) < WORTH_POINTING:
            return text
        # An item of a tuple is indented by more than the same value alone.
        words = " ".join(text.split())
        if words in self._names:
            return f"the same as {self._names[words]}"
        self._names[words] = name
        return text
