"""The real ``GRPOTrainer`` of TRL with environments of ``genopt_gym.training.trl``, and a model made on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.training.trl import PROMPT, environment, rows
from tests.helpers.two_layers import make_model, make_tokenizer, saying

trl = pytest.importorskip("trl")
pytestmark = pytest.mark.filterwarnings("default")  # of libraries that this one does not choose

CARTPOLE = "GenOpt/Control-CartPole-v0"
PARAMETERS: dict[str, Any] = {
    "validation_size": 2,
    "credit_horizon": 1,
    "max_episode_steps": 2,
    "documentation": "none",
    "context": "none",
    "feedback": [],
}
TEXTS = [
    f"def estimate_lean(obs):\n    return obs['pole_angle'] + {share} * obs['pole_velocity']\n" for share in (0, 1)
]
HEADER = "<|im_start|>assistant\n"


def tool_call(text: str) -> str:
    arguments = {"component": "estimate_lean", "text": text}
    return f"<tool_call>\n{json.dumps({'name': 'edit', 'arguments': arguments})}\n</tool_call><|im_end|>"


class Recording(environment(CARTPOLE, **PARAMETERS)):  # type: ignore[misc]
    """Keeps what happened, for the test; what it keeps begins with ``_``, else it would be a tool."""

    _runs: list[dict[str, Any]] = []  # noqa: RUF012

    def reset(self, **row: Any) -> str:
        page: str = super().reset(**row)
        self._run = {"seed": row["seed"], "page": page, "edits": []}
        return page

    def edit(self, component: str, text: str) -> str:
        """Replace one component.

        Args:
            component: Name of the component.
            text: Its whole new text.
        """
        self._run["edits"].append({component: text})
        page: str = super().edit(component, text)
        return page

    def get_reward(self) -> float:
        reward: float = super().get_reward()
        self._runs.append({**self._run, "reward": reward})
        return reward


@pytest.mark.timeout(1800)
def test_two_updates_of_grpo_drive_sixteen_environments(tmp_path: Path) -> None:
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer
    from trl.chat_template_utils import qwen3_chat_template

    run = Recording()
    pages = [run.reset(seed=0), run.edit("estimate_lean", TEXTS[0])]
    calls = list(map(tool_call, TEXTS))
    tokenizer = make_tokenizer([PROMPT, *pages, *calls * 50], phrases=True)
    tokenizer.chat_template = qwen3_chat_template
    model = make_model(tokenizer)
    before = {name: weights.clone() for name, weights in model.named_parameters()}
    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        environment_factory=Recording,
        train_dataset=Dataset.from_list(rows(range(8))),
        args=GRPOConfig(
            output_dir=str(tmp_path),
            max_steps=2,
            per_device_train_batch_size=16,
            num_generations=4,
            max_completion_length=1500,
            max_tool_calling_iterations=2,
            generation_kwargs={"sequence_bias": saying(tokenizer, HEADER, calls)},
            learning_rate=1e-2,
            use_cpu=True,
            bf16=False,
            report_to="none",
            save_strategy="no",
            logging_steps=1,
        ),
    )
    trainer.train()

    runs = Recording._runs
    assert len(runs) == 32, "sixteen in each update"
    assert len(trainer.environments) == 16
    for first in range(0, 32, 4):
        group = runs[first : first + 4]
        assert len({(each["seed"], each["page"]) for each in group}) == 1
    assert all(len(each["edits"]) == 2 for each in runs)
    env = gym.make(CARTPOLE, **PARAMETERS)
    for each in runs:
        env.reset(seed=each["seed"])
        earned = 0.0
        for edit in each["edits"]:
            _, reward, terminated, _, _ = env.step(edit)
            earned += float(reward)
            if terminated:
                break
        assert each["reward"] == earned
    assert len({each["reward"] for each in runs}) > 1
    logged = [entry for entry in trainer.state.log_history if "rewards/Recording/mean" in entry]
    assert len(logged) == 2
    assert all(entry["tools/failure_frequency"] == 0 for entry in logged)
    assert any((weights != before[name]).any() for name, weights in model.named_parameters())


def test_the_tool_has_a_schema_that_transformers_can_read() -> None:
    from transformers.utils import get_json_schema

    function = get_json_schema(environment(CARTPOLE)().edit)["function"]
    assert function["name"] == "edit"
    assert function["parameters"]["required"] == ["component", "text"]
    assert all(each["type"] == "string" for each in function["parameters"]["properties"].values())
