"""What an assistant's command line printed: cleaned of what is for a terminal, and read by its tool's JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from genopt_gym.core.errors import ParameterError

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # operating system commands: titles, links
    r"|\x1b[PX^_].*?(?:\x1b\\|$)"  # strings for the device
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b[ -/]*[0-~]?",
    re.S,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OBJECT = re.compile(r"^[ \t]*\{", re.M)
_SEGMENT = re.compile(r"(?P<name>[^.\[\]]*)(?:\[(?P<key>[\w-]+)=(?P<value>[^\]]*)\])?")


class OutputForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where in a tool's JSON things stand: one object, or one a line.

    Each field is a list of paths, of which the first that leads somewhere is taken; numbers of tokens are the sum of
    all. A path has names between dots; ``*`` is every entry, and ``[key=value]`` goes on only where the object says so.

    Attributes:
        text: the reply; of several texts the last is taken.
        prompt_tokens: what the tool has read.
        completion_tokens: what it has written, thoughts included.
        money: US dollars.
        session: the conversation's name, with which the tool goes on with it.
        error: why there is no reply.
    """

    text: list[str]
    prompt_tokens: list[str] = []
    completion_tokens: list[str] = []
    money: list[str] = []
    session: list[str] = []
    error: list[str] = []


FORMS: Final[dict[str, OutputForm]] = {
    "claude": OutputForm(
        text=["[is_error=false].result"],
        prompt_tokens=["usage.input_tokens", "usage.cache_creation_input_tokens", "usage.cache_read_input_tokens"],
        completion_tokens=["usage.output_tokens"],
        money=["total_cost_usd"],
        session=["session_id"],
        error=["[is_error=true].result", "[is_error=true].subtype"],
    ),
    "codex": OutputForm(
        text=["item[type=agent_message].text", "item[item_type=assistant_message].text"],
        prompt_tokens=["usage.input_tokens"],
        completion_tokens=["usage.output_tokens"],
        session=["thread_id"],
        error=["error.message", "[type=error].message"],
    ),
    "gemini": OutputForm(
        text=["response"],
        prompt_tokens=["stats.models.*.tokens.prompt"],
        completion_tokens=["stats.models.*.tokens.candidates", "stats.models.*.tokens.thoughts"],
        session=["session_id"],
        error=["error.message"],
    ),
    "cursor": OutputForm(text=["[is_error=false].result"], session=["session_id"], error=["[is_error=true].result"]),
}
"""The documented JSON of common assistants, by the name that ``output`` takes."""


def form_of(output: object) -> OutputForm | None:
    """The form that the option ``output`` names or describes; ``None`` for plain text.

    Raises:
        ParameterError: there is no such form, or its description has other fields.

    >>> form_of({"text": ["answer"]}).text
    ['answer']
    """
    if output == "text":
        return None
    if isinstance(output, str):
        if output not in FORMS:
            names = ", ".join(FORMS)
            raise ParameterError(f"output is text, {names}, or an object of paths, not {output!r}", "output")
        return FORMS[output]
    try:
        return msgspec.convert(output, OutputForm)
    except msgspec.ValidationError as error:
        raise ParameterError(f"output, as an object, has lists of paths: {error}", "output") from None


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """What was printed, read; tokens are 0, and money is ``None``, where the tool does not tell them."""

    text: str
    error: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float | None = None
    session: str = ""


def read_output(printed: str, form: OutputForm | None) -> Printed:
    """Read standard output; ``text`` is empty where no reply stands in it.

    >>> read_output('{"type": "result", "is_error": false, "result": "Hi"}', FORMS["claude"]).text
    'Hi'
    """
    if form is None:
        return Printed(text=clean(printed))
    found = list(_objects(clean(printed)))
    texts = next((texts for path in form.text if (texts := _all(found, path, str))), [""])
    errors = next((errors for path in form.error if (errors := _all(found, path, str))), [""])
    money: list[Any] = [value for path in form.money for value in _all(found, path, int | float) if value >= 0]
    sessions = [value for path in form.session for value in _all(found, path, str)]
    return Printed(
        text=texts[-1],
        error=errors[-1],
        prompt_tokens=_sum(found, form.prompt_tokens),
        completion_tokens=_sum(found, form.completion_tokens),
        money=float(sum(money)) if money else None,
        session=sessions[-1] if sessions else "",
    )


def clean(printed: str) -> str:
    """Text as a terminal would leave it: without colours, and of a line that was written over the last state.

    >>> clean("\\x1b[32mok\\x1b[0m\\r\\n10 %\\r100 %\\r\\ndone\\x07")
    'ok\\n100 %\\ndone'
    """
    lines = _ESCAPES.sub("", printed).replace("\r\n", "\n").split("\n")
    return _CONTROL.sub("", "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines))


def _objects(printed: str) -> Iterator[dict[str, Any]]:
    """Every JSON object that begins a line; what stands between them is progress."""
    decoder, end = json.JSONDecoder(), 0
    for start in _OBJECT.finditer(printed):
        if start.end() - 1 < end:
            continue  # within the last one
        try:
            value, end = decoder.raw_decode(printed, start.end() - 1)
        except (ValueError, RecursionError):
            continue
        yield value


def _all(objects: Sequence[Any], path: str, kind: Any) -> list[Any]:
    """What a path leads to in any of them, where it is of the kind and says something."""
    found: list[Any] = list(objects)
    for segment in re.split(r"\.(?![^\[]*\])", path):
        match = _SEGMENT.fullmatch(segment)
        if match is None:
            raise ParameterError(f"output: {path!r} is no path; one is 'usage.input_tokens'", "output")
        found = [value for each in found for value in _step(each, match["name"])]
        if match["key"]:
            found = [each for each in found if _says(each, match["key"], match["value"])]
    return [each for each in found if isinstance(each, kind) and not isinstance(each, bool) and each != ""]


def _step(value: Any, name: str) -> list[Any]:
    if not name:
        return [value]
    if name == "*":
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value[name]] if isinstance(value, dict) and name in value else []


def _says(value: Any, key: str, words: str) -> bool:
    return isinstance(value, dict) and key in value and str(value[key]).lower() == words.lower()


def _sum(objects: Sequence[Any], paths: Sequence[str]) -> int:
    return sum(max(0, int(value)) for path in paths for value in _all(objects, path, int))
