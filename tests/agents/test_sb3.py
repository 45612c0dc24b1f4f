"""Policies of Stable-Baselines3 as agents: trained on a task, saved, loaded, held to what every agent is."""

from __future__ import annotations

import builtins
import io
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
from rich.console import Console

from genopt_gym.agents import Agent, make_agent
from genopt_gym.agents.sb3 import save, train
from genopt_gym.agents.sb3_progress import training_progress
from genopt_gym.core.errors import UserError
from genopt_gym.core.live import LiveView
from genopt_gym.making import optimization_env
from genopt_gym.testing import AgentConformance
from genopt_gym.wrappers import MenuEdits, NumericEdits
from genopt_gym.wrappers.slots import Slots
from tests.helpers.driving import CARTPOLE, drive

sb3 = pytest.importorskip("stable_baselines3")

PAGE = Path(__file__).parents[2] / "docs" / "stable-baselines3.md"
PARAMETERS = AgentConformance.parameters


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a policy that has learned a little and some that have not."""
    folder = tmp_path_factory.mktemp("policies")
    train(CARTPOLE, folder / "ppo.zip", steps=16, parameters=PARAMETERS, spread=0.5, n_steps=16, batch_size=16)
    train(CARTPOLE, folder / "dqn.zip", steps=0, parameters=PARAMETERS, algorithm="DQN", view=MenuEdits)
    return folder


class SavedPolicy(AgentConformance):
    """The public suite, on a checkpoint."""

    agent = "sb3"
    checkpoint: ClassVar[str]
    more: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def _saved(self, policies: Path) -> None:
        type(self).options = {"checkpoint": str(policies / self.checkpoint), **self.more}


class TestNumbers(SavedPolicy):
    checkpoint = "ppo.zip"


@pytest.mark.slow
class TestLikeliestNumbers(SavedPolicy):
    checkpoint = "ppo.zip"
    more: ClassVar[dict[str, Any]] = {"deterministic": True}
    deterministic_across_seeds = True


@pytest.mark.slow
class TestMenu(SavedPolicy):
    checkpoint = "dqn.zip"
    more: ClassVar[dict[str, Any]] = {"algorithm": "DQN"}
    deterministic_across_seeds = True


def first_edit(checkpoint: Path) -> Any:
    env = optimization_env(gym.make(CARTPOLE, **PARAMETERS))
    observation, _ = env.reset(seed=0)
    agent: Agent = make_agent("sb3", {"checkpoint": str(checkpoint)})
    agent.reset(observation, AgentConformance().problem(env, seed=0, updates=20))
    return agent.act(observation)


def test_training_is_repeatable_and_depends_on_its_seed(tmp_path: Path) -> None:
    edits = []
    for number, seed in enumerate((1, 1, 2)):
        checkpoint = tmp_path / f"{number}.zip"
        train(CARTPOLE, checkpoint, steps=8, seed=seed, parameters=PARAMETERS, n_steps=8, batch_size=8)
        edits.append(first_edit(checkpoint))
    assert edits[0] == edits[1] != edits[2]


def test_training_changes_the_policy(policies: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"parameters": PARAMETERS, "spread": 0.5, "n_steps": 16, "batch_size": 16}
    train(CARTPOLE, tmp_path / "untrained.zip", steps=0, **options)
    assert first_edit(tmp_path / "untrained.zip") != first_edit(policies / "ppo.zip")


def test_ones_own_model_is_saved_for_the_agent(tmp_path: Path) -> None:
    model = sb3.PPO("MlpPolicy", NumericEdits(gym.make(CARTPOLE, **PARAMETERS), step=0.001), device="cpu", seed=0)
    save(model, tmp_path / "mine.zip")
    env = drive("sb3", 3, options={"checkpoint": str(tmp_path / "mine.zip")}, **PARAMETERS)
    slots = Slots(env.start.texts)
    moved = np.abs(slots.values(env.artifact.texts) - slots.values(env.start.texts))
    assert 0 < moved.max() < 0.01  # it goes by the step that the model was made for


def test_the_page_about_it_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    for long, short in (("2_560", "16"), ("256", "16"), ("128", "16")):
        assert long in code
        code = code.replace(long, short)
    exec(code, {})
    assert drive("sb3", 2, options={"checkpoint": "policy.zip"}, **PARAMETERS).history[-1][0] == "ok"


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["A2C", "SAC", "TD3", "DDPG"])
def test_any_algorithm_that_moves_numbers(algorithm: str, tmp_path: Path) -> None:
    train(CARTPOLE, tmp_path / "policy.zip", steps=10, parameters=PARAMETERS, algorithm=algorithm)
    options = {"checkpoint": str(tmp_path / "policy.zip"), "algorithm": algorithm}
    env = drive("sb3", 3, options=options, **PARAMETERS)
    assert [outcome for outcome, *_ in env.history] == ["ok"] * 4


# --- bad input


def test_checkpoint_of_another_algorithm_is_refused(policies: Path) -> None:
    with pytest.raises(ValueError, match=r"dqn\.zip holds a policy of DQN, not of PPO"):
        make_agent("sb3", {"checkpoint": str(policies / "dqn.zip")})


def test_other_artifact_than_the_one_of_its_training_is_refused(policies: Path) -> None:
    options = {"checkpoint": str(policies / "ppo.zip")}
    with pytest.raises(UserError, match="can only edit what it was trained on: GenOpt/Control-CartPole-v0 with start="):
        drive("sb3", 1, options=options, **{**PARAMETERS, "start": "one_function/parametric"})


def test_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    sb3.PPO("MlpPolicy", gym.make("CartPole-v1"), device="cpu").save(tmp_path / "other.zip")
    for name in ("text.zip", "other.zip"):
        with pytest.raises(ValueError, match=f"{name} is no checkpoint of train or save"):
            make_agent("sb3", {"checkpoint": str(tmp_path / name)})
    with pytest.raises(ValueError, match=r"no checkpoint to be read in .*absent.zip: No such file"):
        make_agent("sb3", {"checkpoint": str(tmp_path / "absent.zip")})


def test_model_of_another_environment_is_not_saved(tmp_path: Path) -> None:
    model = sb3.PPO("MlpPolicy", gym.make("CartPole-v1"), device="cpu")
    with pytest.raises(ValueError, match="is none of NumericEdits and MenuEdits"):
        save(model, tmp_path / "other.zip")


def test_algorithm_that_does_not_exist_or_fit_is_told(tmp_path: Path) -> None:
    for algorithm in ("PP0", "HerReplayBuffer"):
        with pytest.raises(ValueError, match=f"no algorithm '{algorithm}' in stable_baselines3, but .*PPO"):
            train(CARTPOLE, tmp_path / "policy.zip", steps=1, algorithm=algorithm)
    with pytest.raises(ValueError, match="DQN cannot act through NumericEdits: The algorithm only supports"):
        train(CARTPOLE, tmp_path / "policy.zip", steps=1, parameters=PARAMETERS, algorithm="DQN")


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name == "stable_baselines3":
            raise ImportError
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install 'genopt-gym\[sb3\]'"):
        make_agent("sb3", {"checkpoint": "policy.zip"})


def test_a_terminal_shows_how_far_a_training_is() -> None:
    console = Console(force_terminal=True, width=80, file=io.StringIO(), color_system=None)
    view = LiveView(console)
    shown = training_progress(10, view)
    shown.model = SimpleNamespace(ep_info_buffer=[{"r": 0.25}, {"r": 0.75}])
    shown._on_training_start()
    shown.num_timesteps = 10
    assert shown._on_step()
    view.close()
    assert isinstance(console.file, io.StringIO)
    assert "10/10" in console.file.getvalue()
    assert "return 0.500, mean of the last 2 runs" in console.file.getvalue()
