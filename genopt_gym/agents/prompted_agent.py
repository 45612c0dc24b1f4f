"""What the suite's own agents that ask a model have in common: prompts, parsing, one repair, and what they remember."""

from __future__ import annotations

import difflib
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, ClassVar, Literal, get_args

from genopt_gym.agents.base import Problem
from genopt_gym.agents.model_agent import Messages, ModelAgent
from genopt_gym.core.edit import UnparsableEdit, parse_edit
from genopt_gym.core.errors import ParameterError
from genopt_gym.llm import Reply

EditFormat = Literal["fenced", "json", "patch"]
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Attempt:
    """One edit, and what became of it."""

    number: int
    before: Texts
    texts: Texts | None
    """The editable components after it; None if the reply held no edit."""
    outcome: str
    score: float
    feedback: str

    @property
    def ran(self) -> bool:
        return self.texts is not None and self.outcome in ("ok", "unchanged")


@dataclass(kw_only=True, eq=False)
class PromptedAgent(ModelAgent):
    """An agent whose edits come from a model; see the options there.

    Args:
        edit_format: the form that edits are asked for in: whole components in fenced blocks or in JSON, or
            SEARCH/REPLACE blocks. Any form is understood.
        system: file with a system prompt of one's own.
    """

    edit_format: EditFormat = "fenced"
    system: str | None = None

    parallel: ClassVar[int] = 1
    """Calls under way at once."""

    def __post_init__(self) -> None:
        if self.edit_format not in get_args(EditFormat):
            raise ParameterError(
                f"edit_format is one of {', '.join(get_args(EditFormat))}, not {self.edit_format!r}", "edit_format"
            )
        super().__post_init__()
        self._system = prompt("system") if self.system is None else Path(self.system).read_text(encoding="utf-8")

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self.tried: list[Attempt] = []
        self._base: Texts = self.editable(observation)
        self._edit: Texts | None = None

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        return self.ask(self.messages(observation), self.editable(observation))

    @abstractmethod
    def messages(self, observation: dict[str, Any]) -> Messages:
        """What the model is asked."""

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        texts = None if self._edit is None else {**self._base, **self._edit}
        score = float(observation["score"][0])
        number = len(self.tried) + 1
        self.tried.append(Attempt(number, self._base, texts, info["outcome"], score, observation["feedback"]))

    def fixed_prompt(self) -> str:
        return self._system

    def ask(self, messages: Messages, base: Texts, reply: Reply | None = None) -> Mapping[str, str] | str:
        """An edit of ``base`` out of the model's reply; after an unusable one the model is asked once more.

        Where that fails too: text that holds no edit, so that the step counts as unparsable.
        """
        self._base = base
        reply = reply or self.client.complete(self.request(messages))
        self._edit, problem = self._read(reply, base)
        if self._edit is None:
            said = {"role": "assistant", "content": reply.text or "(nothing)"}
            again = prompt("repair", problem=problem, format=self.format_words())
            reply = self.client.complete(self.request([*messages, said, {"role": "user", "content": again}]))
            self._edit, problem = self._read(reply, base)
        if self._edit is None:
            return f"The reply could not be used: {problem}"
        # Whole, whatever the environment's artifact is by now.
        return {**base, **self._edit}

    def editable(self, observation: dict[str, Any]) -> Texts:
        return {name: observation["artifact"][name] for name in self.problem.action_space.texts}

    def chat(self, question: str) -> Messages:
        return [{"role": "system", "content": self._system}, {"role": "user", "content": question}]

    def format_words(self) -> str:
        return prompt(f"format_{self.edit_format}", names=", ".join(self.problem.action_space.texts))

    def _read(self, reply: Reply, base: Texts) -> tuple[Texts | None, str]:
        if reply.truncated:
            return None, f"it was cut off after {self.max_tokens} tokens; be brief."
        try:
            return parse_edit(reply.text, base), ""
        except UnparsableEdit as error:
            return None, str(error)


def prompt(name: str, **words: str) -> str:
    """The prompt in ``prompts/NAME.txt``, filled in."""
    return _template(name).substitute(words).strip()


@cache
def _template(name: str) -> Template:
    return Template((files("genopt_gym.agents") / "prompts" / f"{name}.txt").read_text(encoding="utf-8"))


def as_blocks(texts: Texts) -> str:
    """Components as fenced blocks, each under its name."""
    return "\n".join(f"```{_language(name, text)} {name}\n{text.rstrip()}\n```" for name, text in texts.items())


def _language(name: str, text: str) -> str:
    return "python" if f"def {name}" in text else "text"


def as_diff(before: Texts, after: Texts) -> str:
    """What an edit changed, line by line."""
    lines: list[str] = []
    for name, text in after.items():
        changed = difflib.unified_diff(before[name].splitlines(), text.splitlines(), lineterm="", n=1)
        found = [line for line in changed if not line.startswith(("---", "+++", "@@"))]
        lines += [f"{name}:", *found] if found else []
    return "\n".join(lines) or "(nothing)"
