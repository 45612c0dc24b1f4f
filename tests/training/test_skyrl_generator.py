"""SkyRL's own generator, with a scripted engine in the place of vLLM.

SkyRL's trainer installs with CUDA's compilers alone, so no target of this project installs it: this runs where it is.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("skyrl.train")
pytest.importorskip("torch")

from skyrl.train.config import GeneratorConfig, SamplingParams, SkyRLGymConfig
from skyrl.train.generators.skyrl_gym_generator import SkyRLGymGenerator

from genopt_gym.training.skyrl import register, rows
from tests.helpers.two_layers import make_tokenizer
from tests.training.test_skyrl import CARTPOLE, REPLIES, SMALL, agent_loop

pytestmark = pytest.mark.timeout(900)

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class ScriptedEngine:
    """Says the replies in their order, whatever the weights would."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.finished: list[Any] = []

    async def generate(self, batch: dict[str, Any], model: str | None = None) -> dict[str, Any]:
        [tokens] = batch["prompt_token_ids"]
        said = REPLIES[self._tokenizer.decode(tokens).count("<|im_start|>assistant") - 1]
        ids = [*self._tokenizer.encode(said, add_special_tokens=False), self._tokenizer.eos_token_id]
        return {"responses": [said], "response_ids": [ids], "stop_reasons": ["stop"], "response_logprobs": None}

    async def finish_session(self, session: Any) -> None:
        self.finished.append(session)


def test_skyrls_generator_collects_the_rewards_of_the_environment() -> None:
    register()
    tokenizer = make_tokenizer(REPLIES)
    tokenizer.chat_template = TEMPLATE
    engine = ScriptedEngine(tokenizer)
    batch = [row for row in rows(CARTPOLE, "train", count=2, edits=len(REPLIES), **SMALL) for _ in range(2)]
    config = GeneratorConfig(max_turns=8, max_input_length=100_000, sampling_params=SamplingParams(stop=None))
    generator = SkyRLGymGenerator(config, SkyRLGymConfig(), engine, tokenizer)
    made = asyncio.run(
        generator.generate(
            {
                "prompts": [row["prompt"] for row in batch],
                "env_classes": [row["env_class"] for row in batch],
                "env_extras": [dict(row) for row in batch],
                "sampling_params": None,
                "trajectory_ids": None,
                "batch_metadata": None,
            },
            disable_tqdm=True,
        )
    )
    for row, rewards, ids, mask in zip(batch, made["rewards"], made["response_ids"], made["loss_masks"], strict=True):
        expected, _, _ = agent_loop(row, REPLIES)
        assert sum(rewards) == pytest.approx(sum(expected))
        learned = tokenizer.decode([token for token, kept in zip(ids, mask, strict=True) if kept])
        assert learned == "".join(f"{reply}<|im_end|>" for reply in REPLIES)
    assert len(engine.finished) == len(batch)
