"""What the guides show of runs that take minutes, made smaller: fewer edits and seeds, all else as it stands there."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from genopt_gym.baselines import deep_rl
from genopt_gym.envs.atari.pong import Pong
from tests.conftest import Genopt
from tests.helpers.pages import ROOT, Block, blocks, command_lines

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
SMALLER = {
    "deep-rl.md": {
        "--algorithm ppo --out": "--algorithm ppo --frames 4096 --every 4096 --out",
        "--edits 40 --seeds 3": "--edits 1 --seeds 1 --set max_steps=40",
        "--frames 10000000 --seeds 3": "--frames 8192 --every 8192 --seeds 1",
    },
    "mlagentbench.md": {"--edits 40 --seeds 3": "--edits 1 --seeds 1"},
    "stable-baselines3.md": {
        "n_steps=256": "n_steps=64",
        "batch_size=128": "batch_size=64",
        "2_560": "64",
        "--edits 10": "--edits 1",
    },
    "studies.md": {"seeds: 5": "seeds: 1\nedits: 1", "- GenOpt/Atari-Freeway-v0\n": ""},
    "start.md": {"study run quick/credit-horizon": "study run quick/credit-horizon --seeds 1"},
}
"""What is replaced in the blocks of a page."""
PLAN = "# plan.yaml\n"
MARK = "checked by tests/docs/test_made_small.py"


def small_blocks(page: str) -> list[Block]:
    """The blocks of a page that this file runs, with all that is replaced replaced."""
    found = [block for block in blocks(ROOT / "docs" / page) if block.mark == MARK or block.code.startswith(PLAN)]
    whole = "".join(block.code for block in found)
    assert [old for old in SMALLER[page] if old not in whole] == []
    return [block._replace(code=_replaced(block.code, SMALLER[page])) for block in found]


def _replaced(code: str, pairs: dict[str, str]) -> str:
    for old, new in pairs.items():
        code = code.replace(old, new)
    return code


@pytest.fixture(autouse=True)
def short_games(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a training plays to choose its checkpoint, and what it is tested on: a few steps."""
    monkeypatch.setattr(deep_rl, "task_of", lambda game: Pong(max_steps=40, validation_size=2, test_size=2))


@pytest.mark.parametrize("page", SMALLER)
def test_a_page_from_its_top_to_its_end(page: str, genopt: Genopt, tmp_path: Path) -> None:
    """In one folder, as a reader would; a plan is written where the commands look for it."""
    for block in small_blocks(page):
        if block.language == "yaml":
            (tmp_path / "plan.yaml").write_text(block.code)
        elif block.language == "python":
            pytest.importorskip("stable_baselines3")
            exec(compile(block.code, block.name, "exec"), {"__name__": "guide"})
        else:
            for words in command_lines(block):
                run_line(words, genopt)


def run_line(words: list[str], genopt: Genopt) -> None:
    """A command of this package as a reader would give it; of others, that what they are for is there."""
    if words[0] == "genopt":
        ended = genopt(*words[1:])
        assert ended.code == 0, f"{words}\n{ended.err}"
    elif words[:2] == ["python", "-m"]:
        pytest.importorskip("stable_baselines3")
        importlib.import_module(words[2]).main(words[3:])
    elif words[0] == "tensorboard":
        assert list(Path(words[words.index("--logdir") + 1]).rglob("events.out.tfevents.*"))
    else:
        assert words[0] == "pip"
