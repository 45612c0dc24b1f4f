"""``genopt gateway`` as a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import openai
import pytest

from genopt_gym.cli import main
from tests.helpers.model_server import Answer, ModelServer

HI: Any = [{"role": "user", "content": "Hi there"}]


def numbered(body: dict[str, Any], number: int) -> Answer:
    return Answer(f"reply {number}")


class Command:
    """``genopt gateway`` in a process of its own, as a user has it."""

    def __init__(self, *arguments: str) -> None:
        words = [sys.executable, "-c", "from genopt_gym.cli import main; main()", "gateway", *arguments]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if line.startswith("export OPENAI_API_KEY="):
                break

    def sdk(self) -> openai.OpenAI:
        said = dict(re.findall(r"^export (\w+)=(\S+)$", self.said, re.M))
        http = openai.DefaultHttpxClient(trust_env=False)
        return openai.OpenAI(base_url=said["OPENAI_BASE_URL"], api_key=said["OPENAI_API_KEY"], http_client=http)

    def end(self, by: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(by)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


def first_words(sdk: openai.OpenAI) -> str | None:
    return sdk.chat.completions.create(model="m", messages=HI, max_tokens=20).choices[0].message.content


@pytest.mark.slow
def test_the_command_serves_until_it_is_stopped_and_then_shows_the_bill(tmp_path: Path) -> None:
    path = str(tmp_path / "replies.jsonl")
    with ModelServer(numbered) as server:
        common = ["--model", "openai/m", "--base-url", server.base_url]
        command = Command(*common, "--budget", "tokens=2000", "--record", path)
        with command.sdk() as sdk:
            assert first_words(sdk) == "reply 0"
            with pytest.raises(openai.RateLimitError):
                sdk.chat.completions.create(model="m", messages=HI)
            with pytest.raises(openai.RateLimitError):
                first_words(sdk)
        code, out, err = command.end(signal.SIGINT)
    assert (code, err) == (0, "genopt: Ctrl-C ends it\n")
    assert re.search(r"role +calls +prompt tokens +completion tokens +lost tokens +money\nproposer +1 ", out)
    assert re.search(r"^proposer +1 +2 +2 +0 +unknown$", out, re.M)

    command = Command(*common, "--replay", path, "--role", "workflow")
    with command.sdk() as sdk:
        assert first_words(sdk) == "reply 0"
    code, out, _ = command.end(signal.SIGTERM)
    assert code == 0
    assert re.search(r"^workflow +1 +2 +2 +0 +unknown$", out, re.M)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--budget", "trials=3"], "--budget takes tokens=N or money=DOLLARS"),
        (["--budget", "tokens=1.5"], "--budget takes tokens=N or money=DOLLARS"),
        (["--budget", "money=nan"], "--budget takes tokens=N or money=DOLLARS"),
        (["--budget", "money=2"], "the price of openai/m is not known"),
        (["--record", "a", "--replay", "b"], "give one of the two"),
        (["--replay", "none.jsonl"], "nothing to replay in none.jsonl"),
        (["--record", "."], ". cannot be opened: Is a directory"),
    ],
)
def test_the_command_refuses_in_one_sentence(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr("warnings.showwarning", None)
    monkeypatch.setattr(sys, "argv", ["genopt", "gateway", "--model", "openai/m", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("genopt: ")
    assert err.count("\n") == 1
    assert words in err
