"""Any command line as the proposer: coding assistants on whatever account they are logged in with, or a script."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from genopt_gym.agents.base import Problem
from genopt_gym.agents.model_agent import Messages
from genopt_gym.agents.prompted_agent import EditFormat, as_blocks, prompt
from genopt_gym.agents.proposer import Proposer
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.errors import ParameterError
from genopt_gym.llm.command import CommandModel, ConversationClient
from genopt_gym.llm.command_output import form_of
from genopt_gym.llm.errors import ModelRefused
from genopt_gym.llm.places import RunningPlaces
from genopt_gym.llm.settings import Settings

Session = Literal["fresh", "continued"]


class Command(Proposer):
    """The proposer's prompts, answered by a program of yours, such as ``["claude", "-p"]``; no shell is between.

    Its tokens are booked where its output tells them (``output``). They are known afterwards at best, so what
    limits it is a budget of calls: ``budget={"calls": 50}``.

    Args:
        command: the program with its arguments, as a list, or one string that is split as a shell would. The prompt
            is its standard input; or the file ``{prompt_file}``, where an argument names that.
        output: how its standard output is read: ``text``; ``claude``, ``codex``, ``gemini`` or ``cursor`` for the JSON
            that these tools print; or an object of paths, see ``llm/command_output.py``.
        session: ``fresh`` begins a new conversation for each prompt. ``continued`` goes on with one, which is told
            only what is new.
        continued_command: the arguments that go on with a conversation, named ``{session}``.
        folder: where the program runs; an empty folder of its own if left out.
        timeout: seconds for one run of it.
        attempts: how often a run is tried that fails.
        concurrency: how many of it may run at once on this machine, in all runs of yours; ``None`` is no limit.
        memory: how many of the last edits a prompt shows.
        memory_chars: see ``Proposer``.
        prompt_chars: see ``Proposer``.
        edit_format: see ``PromptedAgent``.
        system: file with a system prompt of one's own.
    """

    def __init__(
        self,
        command: Sequence[str] | str,
        output: str | Mapping[str, Any] = "text",
        session: Session = "fresh",
        continued_command: Sequence[str] | str | None = None,
        folder: str | None = None,
        timeout: float = 600.0,
        attempts: int = 2,
        concurrency: int | None = None,
        memory: int = 20,
        memory_chars: int = 8_000,
        prompt_chars: int = 40_000,
        edit_format: EditFormat = "fenced",
        system: str | None = None,
    ) -> None:
        number("timeout", timeout, above=0)
        whole_number("attempts", attempts, 1)
        arguments = _arguments("command", command)
        if session not in get_args(Session):
            raise ParameterError(f"session is fresh or continued, not {session!r}", "session")
        if (session == "continued") != (continued_command is not None):
            raise ParameterError(
                "session=continued needs continued_command, the arguments that go on with a conversation"
                if continued_command is None
                else "continued_command is for session=continued",
                "continued_command",
            )
        if folder is not None and not Path(folder).is_dir():
            raise ParameterError(f"there is no folder {folder}", "folder")
        self._model = CommandModel(
            arguments,
            form_of(output),
            timeout,
            None if folder is None else Path(folder),
            None if continued_command is None else _arguments("continued_command", continued_command),
            None if concurrency is None else RunningPlaces(arguments[0], concurrency),
        )
        self._attempts = attempts
        super().__init__(
            model=self._model.name,
            memory=memory,
            memory_chars=memory_chars,
            prompt_chars=prompt_chars,
            edit_format=edit_format,
            system=system,
            timeout=timeout,
            max_tokens=4096,
        )

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        if refusal := _refused_budget(problem.client.budget.limits):
            raise ModelRefused(refusal)
        self._model.begin()
        # The backend itself keeps the time: it also waits for its turn.
        settings = Settings(timeout=10**8, attempts=self._attempts)
        self.client = ConversationClient(problem.client, settings, self._model)

    def obstacle(self, limits: Mapping[str, float]) -> str:
        """Why no run could begin here under a budget of these limits; empty if one could."""
        return _refused_budget(limits) or self._model.obstacle()

    def messages(self, observation: dict[str, Any]) -> Messages:
        if self._model.continued is None or not self.tried:
            return super().messages(observation)
        last = self.tried[-1]
        stands = self.editable(observation)
        lost = last.texts is not None and dict(last.texts) != dict(stands)
        question = prompt(
            "continued",
            outcome=last.outcome,
            score=self.problem.metric.format(last.score),
            components=f"It did not stay; the components are again\n{as_blocks(stands)}\n" if lost else "",
            trace=observation["trace"],
            feedback=observation["feedback"],
            format=self.format_words(),
        )
        return [{"role": "user", "content": question}]

    def close(self) -> None:
        self._model.close()

    def trace_limit(self, context: str, artifact: Artifact) -> int | None:
        return None

    def fits(self, question: str) -> bool:
        return True

    def own_reply_tokens(self) -> int | None:
        return None

    def _context_tokens(self) -> int | None:
        return None


def _refused_budget(limits: Mapping[str, float]) -> str:
    held = next((name for name in ("tokens", "money") if name in limits), None)
    if held is None:
        return ""
    return (
        f"a budget of {held} cannot be kept with a command, which at best tells afterwards what it used: give one of "
        'calls, as in budget={"calls": 50}'
    )


def _arguments(name: str, given: Sequence[str] | str) -> list[str]:
    try:
        words = shlex.split(given) if isinstance(given, str) else list(given)
    except (ValueError, TypeError) as error:
        raise ParameterError(f"{name} cannot be split into arguments: {error}", name) from None
    if not words or not words[0] or not all(isinstance(word, str) and "\0" not in word for word in words):
        raise ParameterError(f'{name} is a list of arguments such as ["claude", "-p"], got {given!r}', name)
    return words
