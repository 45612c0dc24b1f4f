"""What the suite's own agents that ask a model have in common: prompts, parsing, one repair, and what they remember."""

from __future__ import annotations

import logging
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, ClassVar, Literal, get_args

from genopt_gym.agents.base import Problem
from genopt_gym.agents.memory import Attempt, Texts, own_words
from genopt_gym.agents.model_agent import Messages, ModelAgent, estimate
from genopt_gym.agents.prompt_kinds import template_of
from genopt_gym.agents.reply_reader import Reading, read_reply
from genopt_gym.agents.versions import VersionHistory
from genopt_gym.core.edit import UnusableReply
from genopt_gym.core.errors import ParameterError
from genopt_gym.llm import Reply

EditFormat = Literal["fenced", "json", "patch"]


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
        self._said = ""
        self.versions = VersionHistory(self._base, float(observation["score"][0]), problem.metric)
        self._limit_noted = False

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        return self.ask(self.messages(observation), self.editable(observation))

    @abstractmethod
    def messages(self, observation: dict[str, Any]) -> Messages:
        """What the model is asked."""

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        texts = {**self._base, **self._edit} if self._edit else None
        score = float(observation["score"][0])
        attempt = Attempt(
            number=len(self.tried) + 1,
            before=self._base,
            texts=texts,
            outcome=info["outcome"],
            score=score,
            feedback=observation["feedback"],
            evaluated=bool(info["trials"]),
            said=self._said,
        )
        self.tried.append(attempt)
        self.versions.add(attempt)

    def parents(self) -> Sequence[Texts]:
        """What the model was asked to change."""
        return [self._base]

    def fixed_prompt(self) -> str:
        return self._system

    def ask(self, messages: Messages, base: Texts, reply: Reply | None = None) -> Mapping[str, str] | str:
        """An edit of ``base`` out of the model's reply; after an unusable one the model is asked once more.

        Where that fails too: why, as an action that is no edit, so that the step counts as unparsable.
        """
        self._base = base
        reply = reply or self.client.complete(self.request(messages))
        reading = read_reply(reply, base, self.reply_tokens, self.versions.by_number)
        if reading.edit is None:
            limit = self._larger_limit(messages) if reading.too_long else self.reply_tokens
            again = self._repair(reading, limit)
            said = {"role": "assistant", "content": reply.text or "(nothing)"}
            request = self.request([*messages, said, {"role": "user", "content": again}], limit)
            reply = self.client.complete(request)
            reading = read_reply(reply, base, limit, self.versions.by_number)
        self._edit, self._said = reading.edit, own_words(reply.text)
        if reading.edit is None:
            if reading.too_long:
                self._note_limit()
            return UnusableReply(f"The reply could not be used: {reading.problem}")
        return whole(base, reading.edit)

    def _repair(self, reading: Reading, limit: int) -> str:
        """What the model is told of a reply that could not be used."""
        problem, form = reading.problem, self.format_words()
        if reading.too_long and limit > self.reply_tokens:
            problem += f" It may have {limit:,} tokens now; think less, and say less."
        elif reading.too_long:
            problem += " It cannot have more; give only the lines that change."
            form = self.format_words("patch")
        return prompt("repair", problem=problem, format=form)

    def _larger_limit(self, messages: Messages) -> int:
        """Most tokens of the second reply where the first was too long: twice as many, if the model has them."""
        own, context = self.own_reply_tokens(), self._context_tokens()
        most = 2 * self.reply_tokens
        if own is not None:
            most = min(most, own)
        if context is not None:
            most = min(most, context - self.reply_tokens - sum(estimate(each["content"]) for each in messages))
        return max(most, self.reply_tokens)

    def _note_limit(self) -> None:
        """Tell the person, once: the model cannot help it."""
        if not self._limit_noted:
            self._limit_noted = True
            logging.getLogger(__name__).warning(
                f"a reply of {self.model} was cut off, and the next one too, so the step has no edit: give more tokens "
                f"with --agent-option max_tokens=N (now {self.reply_tokens:,}), or let it think less with "
                "--agent-option reasoning_effort=low"
            )

    def editable(self, observation: dict[str, Any]) -> Texts:
        return {name: observation["artifact"][name] for name in self.problem.action_space.texts}

    def chat(self, question: str) -> Messages:
        own = self._system if self.system else prompt(template_of("system", self.problem.action_space.texts))
        return [{"role": "system", "content": own}, {"role": "user", "content": question}]

    def format_words(self, edit_format: EditFormat | None = None) -> str:
        names = ", ".join(self.problem.action_space.texts)
        texts = self.problem.action_space.texts
        form = template_of(f"format_{edit_format or self.edit_format}", texts)
        return f"{prompt(form, names=names)}\n{prompt(template_of('format_any', texts))}"


def whole(base: Texts, edit: Texts) -> Texts:
    """All texts, whatever the environment's artifact is by now; and an edit of nothing is of whatever that is."""
    return {**base, **edit} if edit else {}


def prompt(name: str, **words: str) -> str:
    """The prompt in ``prompts/NAME.txt``, filled in."""
    return _template(name).substitute(words).strip()


@cache
def _template(name: str) -> Template:
    return Template((files("genopt_gym.agents") / "prompts" / f"{name}.txt").read_text(encoding="utf-8"))


def as_blocks(texts: Texts) -> str:
    """Components as fenced blocks, each under its name; the marks are longer than any that the text holds.

    >>> print(as_blocks({"prompt": "Answer as in\\n```\\n42\\n```"}))
    ````text prompt
    Answer as in
    ```
    42
    ```
    ````
    """
    return "\n".join(_block(name, text) for name, text in texts.items())


def _block(name: str, text: str) -> str:
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}{_language(name, text)} {name}\n{text.rstrip(chr(10))}\n{marks}"


def _language(name: str, text: str) -> str:
    return "python" if f"def {name}" in text else "text"
