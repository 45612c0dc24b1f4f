"""What a model is reminded of: its last edits, the latest in full, in no more characters than allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from genopt_gym.core.metric import Metric
from genopt_gym.core.reply import thoughts

Texts = Mapping[str, str]

FEW_LINES = 3
"""New lines of an edit that are written even where they stand above."""
NOTE_CHARS = 150
"""More than the note takes that something is left out."""
OWN_WORDS = 200
"""Most characters of a model's own sentence that are repeated."""
_ENDS_WORDS = re.compile(
    r"^\s*(?:`{3,}|~{3,}|<{4,}|[{\[]|---|\+\+\+|@@|def |import |from \w+ import|<\w)", re.MULTILINE
)
_IN_OBJECT = re.compile(r'"(?:reasoning|thinking|explanation|comment|plan|rationale)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_SENTENCE = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True)
class Attempt:
    """One edit, and what became of it."""

    number: int
    before: Texts
    texts: Texts | None
    """The editable components after it; None if the reply held no edit, or said that nothing is to change."""
    outcome: str
    score: float
    feedback: str
    evaluated: bool = True
    """Whether an artifact was run for it; if not, the score is that of the texts before."""
    said: str = ""
    """The model's own words on it."""

    @property
    def ran(self) -> bool:
        return self.texts is not None and self.outcome in ("ok", "unchanged")

    def heading(self, metric: Metric) -> str:
        """Its number, outcome and score, and what the model said of it."""
        score = f"score {metric.format(self.score)}" if self.evaluated else "not run"
        said = f'. You said: "{self.said}"' if self.said else ""
        return f"Edit {self.number}: {self.outcome}, {score}{said}"

    @property
    def change(self) -> str:
        """What it changed, line by line."""
        if self.texts is None:
            return "(nothing)" if self.outcome == "unchanged" else "(the reply held no edit)"
        return as_diff(self.before, self.texts)

    def change_to(self, present: Texts | None) -> str:
        """What it changed; of new lines of the texts that stand now, which are shown anyway, how many."""
        if self.texts is None or self.texts != present:
            return self.change
        parts: list[str] = []
        for new, run in groupby(self.change.split("\n"), key=lambda line: line.startswith("+")):
            lines = list(run)
            parts += [f"+({len(lines)} new lines, as they stand above)"] if new and len(lines) > FEW_LINES else lines
        return "\n".join(parts)


def recalled(attempts: Sequence[Attempt], metric: Metric, most_chars: int, present: Texts | None = None) -> str:
    """The attempts, oldest first: their changes as far as they fit, the latest first; of the others a line each.

    Half of the characters are kept for lines. Where not even these fit, the earliest attempts are left out, and that is
    said.

    Args:
        attempts: oldest first.
        metric: what their scores mean.
        most_chars: of the whole text.
        present: the texts as they stand, where the reader sees these above.
    """
    kept: list[tuple[Attempt, str]] = []
    left = most_chars - NOTE_CHARS
    for attempt in reversed(attempts):
        heading = f"\n#{attempt.heading(metric)}\n"
        if (kept and left - len(heading) < most_chars // 2) or len(heading) > left:
            break
        kept.append((attempt, heading))
        left -= len(heading)
    if not kept:
        return ""
    parts, shortened = [], 0
    for attempt, heading in kept:
        change = f"{attempt.change_to(present)}\n"
        if len(change) <= left:
            left -= len(change)
        else:
            change, shortened = "", shortened + 1
        parts.append(heading + change)
    notes = []
    if len(kept) < len(attempts):
        notes.append(f"those before edit {kept[-1][0].number} are left out")
    if shortened:
        notes.append("changes that are too long to show are left out")
    note = f"\n#Your last edits, shortened: {', and '.join(notes)}.\n" if notes else ""
    return note + "".join(reversed(parts))


def own_words(reply: str) -> str:
    """What a reply says before its edit, as one line: its first sentences, as many as are short enough.

    >>> own_words("The ball is met too late. So I aim ahead.\\n```python act\\ndef act(): ...\\n```")
    'The ball is met too late. So I aim ahead.'
    """
    text = _without_thoughts(thoughts.only_answer(reply)).lstrip()
    cut = _ENDS_WORDS.search(text)
    before = text[: cut.start()] if cut else text
    if not before.strip() and (inside := _IN_OBJECT.search(text)):
        before = inside[1].replace("\\n", " ").replace('\\"', '"')
    words = " ".join(before[: 10 * OWN_WORDS].split())
    said = ""
    for sentence in _SENTENCE.split(words):
        longer = f"{said} {sentence}".strip()
        if len(longer) > OWN_WORDS:
            break
        said = longer
    return said or words[: OWN_WORDS - 3].rstrip() + "..." * (len(words) > OWN_WORDS - 3)


def _without_thoughts(text: str) -> str:
    mark = thoughts.mark_in(text, 0, len(text))
    if mark is None:
        return text
    if mark.closes:
        return text[mark.end :]
    end = thoughts.thoughts_end(text, mark)
    return text[: mark.start] + ("" if end is None else text[end:])


def as_diff(before: Texts, after: Texts) -> str:
    """What an edit changed, line by line."""
    lines: list[str] = []
    for name, text in after.items():
        changed = difflib.unified_diff(before[name].splitlines(), text.splitlines(), lineterm="", n=1)
        found = [line for line in changed if not line.startswith(("---", "+++", "@@"))]
        lines += [f"{name}:", *found] if found else []
    return "\n".join(lines) or "(nothing)"
