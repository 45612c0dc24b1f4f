"""A program as the proposer: what it prints becomes edits, and whatever goes wrong is a step or a sentence."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from genopt_gym.agents import make_agent
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.llm import ModelError
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.result import Result
from genopt_gym.testing import AgentConformance
from tests.conftest import Genopt
from tests.helpers import assistant

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 3}
PROGRAM = [sys.executable, "-S", str(Path(assistant.__file__))]


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in keeps what it was asked."""
    folder = tmp_path / "notes"
    folder.mkdir()
    monkeypatch.setenv(assistant.NOTES, str(folder))
    return folder


def config(*kind: str, edits: int = 2, budget: dict[str, int] | None = None, **options: Any) -> Config:
    parameters = SMALL if budget is None else {**SMALL, "budget": budget}
    return Config(CARTPOLE, "command", 0, edits, parameters, {"command": [*PROGRAM, *kind], **options})


@contextmanager
def quota(prompts: int) -> Iterator[None]:
    """The stand-in answers so many prompts, then the run stops."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(assistant.QUOTA, str(prompts))
        with pytest.raises(ModelError, match="the quota of this week is used up"):
            yield


def outcomes(folder: Path) -> list[str]:
    return [row["outcome"] for row in read_journal(folder / "steps.jsonl")[0]]


def cost(result: Result) -> tuple[int, int, int, float | None]:
    account = result.models["proposer"]
    return account.calls, account.prompt_tokens, account.completion_tokens, account.money


def test_what_it_prints_becomes_edits(tmp_path: Path, notes: Path) -> None:
    result = start_run(config("colours"), tmp_path / "run")
    assert outcomes(tmp_path / "run") == ["ok"] * 3
    assert cost(result) == (2, 0, 0, None)
    assert "#Edit 1: ok" in (notes / "2.txt").read_text()


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("claude", (2, 246, 80, 0.02)),
        ("codex", (2, 246, 80, None)),
        ("gemini", (2, 248, 82, None)),
        ("cursor", (2, 0, 0, None)),
    ],
)
def test_tokens_and_money_are_booked_where_its_json_tells_them(
    output: str, expected: tuple[int, int, int, float | None], tmp_path: Path
) -> None:
    result = start_run(config(output, output=output), tmp_path / "run")
    assert outcomes(tmp_path / "run") == ["ok"] * 3
    assert cost(result) == expected


def test_json_of_ones_own_is_read_by_paths(tmp_path: Path) -> None:
    output = {"text": ["answer"], "prompt_tokens": ["used.in"], "completion_tokens": ["used.out"]}
    assert cost(start_run(config("progress", output=output), tmp_path / "run")) == (2, 10, 12, None)
    assert outcomes(tmp_path / "run") == ["ok"] * 3


def test_the_prompt_is_a_file_where_an_argument_names_it(tmp_path: Path, notes: Path) -> None:
    start_run(config("colours", "file={prompt_file}", edits=1), tmp_path / "run")
    argument, _, prompt = (notes / "1.txt").read_text().split("\n", 2)
    assert prompt.startswith("# System")
    assert not Path(argument.removeprefix("file=")).exists()


@pytest.mark.parametrize("kind", ["colours", "windows", "progress", "helper"])
def test_what_a_terminal_would_not_show_is_no_part_of_an_edit(kind: str, tmp_path: Path) -> None:
    output = {"text": ["answer"]} if kind == "progress" else "text"
    start_run(config(kind, edits=1, output=output), tmp_path / "run")
    assert outcomes(tmp_path / "run") == ["ok", "ok"]


@pytest.mark.parametrize("kind", ["silent", "long"])
def test_no_answer_or_far_too_much_is_asked_for_again_and_then_a_step(kind: str, tmp_path: Path) -> None:
    result = start_run(config(kind, edits=1), tmp_path / "run")
    assert outcomes(tmp_path / "run") == ["ok", "unparsable"]
    assert result.models["proposer"].calls == 2


@pytest.mark.parametrize(
    ("kind", "options", "words", "calls"),
    [
        ("exit", {}, "in 2 attempts: .*exit code 1: the quota of this week is used up", 2),
        ("exit", {"attempts": 1}, "in one attempt: .*the quota of this week is used up", 1),
        ("killed", {"attempts": 1}, "was ended by signal 9: it printed nothing", 1),
        ("hangs", {"attempts": 1, "timeout": 3.0}, "no answer within 3 s: still thinking", 1),
        ("logged-out", {}, "exit code 1: Invalid API key · Please run /login; run it by hand", 1),
        ("logged-out-json", {"output": "claude"}, "Not logged in. Run the login command.; run it by hand", 1),
        ("not-json", {"output": "claude", "attempts": 1}, "nothing in which a reply stands.*I would rather chat", 1),
    ],
)
def test_what_fails_is_told_in_its_own_words_and_the_run_goes_on(
    kind: str, options: dict[str, Any], words: str, calls: int, tmp_path: Path, notes: Path
) -> None:
    with pytest.raises(ModelError, match=words) as told:
        start_run(config(kind, edits=1, **options), tmp_path / "run")
    assert "\n" not in str(told.value)
    assert len(list(notes.iterdir())) == calls
    assert outcomes(tmp_path / "run") == ["ok"]


def test_a_command_that_does_not_exist_is_told(tmp_path: Path) -> None:
    broken = Config(CARTPOLE, "command", 0, 1, SMALL, {"command": "no-such-assistant -p"})
    with pytest.raises(UserError, match="there is no command 'no-such-assistant' here: install it"):
        start_run(broken, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_budget_of_calls_is_a_hard_stop_that_counts_failures(tmp_path: Path, notes: Path) -> None:
    result = start_run(config("silent", edits=9, budget={"calls": 3}), tmp_path / "run")
    assert result.ended_by == "budget of calls"
    assert len(list(notes.iterdir())) == 3
    with pytest.raises(UserError, match="budget of 1 calls would be passed"):
        start_run(config("exit", edits=9, budget={"calls": 1}), tmp_path / "other")
    assert len(list(notes.iterdir())) == 4


@pytest.mark.parametrize("what", ["tokens", "money"])
def test_a_budget_that_no_command_can_keep_is_refused(what: str, tmp_path: Path, notes: Path) -> None:
    with pytest.raises(UserError, match=f"a budget of {what} cannot be kept with a command.*give one of calls"):
        start_run(config("colours", budget={what: 5}), tmp_path / "run")
    assert not list(notes.iterdir())


def test_nothing_is_asked_twice_and_replay_needs_no_command(tmp_path: Path, notes: Path) -> None:
    with quota(2):
        start_run(config("colours", edits=3), tmp_path / "run")
    resume_run(tmp_path / "run")
    assert len(list(notes.iterdir())) == 3
    notes.rename(tmp_path / "elsewhere")
    replay = dataclasses.replace(config("colours", edits=3), replay=str(tmp_path / "run"))
    start_run(replay, tmp_path / "replay")
    assert (tmp_path / "replay/steps.jsonl").read_bytes() == (tmp_path / "run/steps.jsonl").read_bytes()


class TestConversations:
    """``session=continued``: the program goes on with a conversation, and is told only what is new."""

    def options(self, kind: str) -> dict[str, Any]:
        return {"session": "continued", "continued_command": [*PROGRAM, kind, "--resume", "{session}"]}

    @pytest.mark.parametrize(("kind", "session"), [("claude", "s1"), ("colours", "")])
    def test_only_what_is_new_is_told(self, kind: str, session: str, tmp_path: Path, notes: Path) -> None:
        output = "claude" if kind == "claude" else "text"
        start_run(config(kind, output=output, **self.options(kind)), tmp_path / "run")
        first, second = ((notes / f"{n}.txt").read_text() for n in (1, 2))
        assert first.startswith("--\n# System")
        assert second.startswith(f"--resume\n{session}\n--\nYour last edit was run.")
        assert "#Trace" in second
        assert "# System" not in second
        assert len(second) < len(first)

    def test_a_resumed_run_goes_on_or_tells_everything_again(self, tmp_path: Path, notes: Path) -> None:
        for kind, output in (("claude", "claude"), ("colours", "text")):
            run = tmp_path / kind
            with quota(len(list(notes.iterdir())) + 2):
                start_run(config(kind, edits=3, output=output, **self.options(kind)), run)
            resume_run(run)
        by_name, told_again = ((notes / f"{n}.txt").read_text() for n in (3, 6))
        assert by_name.startswith("--resume\ns2\n--\nYour last edit was run.")
        assert told_again.startswith("--\n# System")
        assert told_again.count("# User") == 3
        assert told_again.count("# Assistant") == 2

    def test_a_conversation_that_is_lost_is_begun_anew_with_all_of_it(self, tmp_path: Path, notes: Path) -> None:
        options: dict[str, Any] = {"session": "continued", "continued_command": [*PROGRAM, "exit"]}
        start_run(config("colours", **options), tmp_path / "run")
        assert outcomes(tmp_path / "run") == ["ok"] * 3
        assert (notes / "3.txt").read_text().count("# User") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"command": []}, "command is a list of arguments"),
        ({"command": "claude 'p"}, "command cannot be split into arguments"),
        ({"command": "a", "output": "clod"}, "output is text, claude, codex, gemini, cursor, or an object of paths"),
        ({"command": "a", "output": {"txt": ["a"]}}, "output, as an object, has lists of paths"),
        ({"command": "a", "session": "continued"}, "session=continued needs continued_command"),
        ({"command": "a", "continued_command": "b"}, "continued_command is for session=continued"),
        ({"command": "a", "session": "new"}, "session is fresh or continued"),
        ({"command": "a", "folder": "/no/such"}, "there is no folder /no/such"),
        ({"command": "a", "concurrency": 0}, "concurrency must be a whole number from 1"),
        ({"command": "a", "timeout": 0}, "timeout must be a number above 0"),
    ],
)
def test_options_that_make_no_sense_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_agent("command", options)


def test_tokens_that_nobody_told_are_unknown(genopt: Genopt) -> None:
    words = ["--agent-option", f"command={PROGRAM[0]} {PROGRAM[2]} silent", "--edits", "1", "--out", "run"]
    for name, value in SMALL.items():
        words += ["--set", f"{name}={value}"]
    done = genopt("run", CARTPOLE, "--agent", "command", *words)
    assert done.code == 0, done.err
    assert "model  proposer: 2 calls, tokens unknown, money unknown" in done.out


class TestCommand(AgentConformance):
    """The stand-in's edits depend on the prompt alone."""

    agent = "command"
    options: ClassVar[Mapping[str, Any]] = {"command": [*PROGRAM, "colours"]}
    parameters: ClassVar[Mapping[str, Any]] = {**SMALL}
    steps = 3
    deterministic_across_seeds = True
    reads_words = True
