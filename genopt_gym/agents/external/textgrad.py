"""TextGrad (Yuksekgonul et al. 2024, arXiv 2406.07496) as an agent."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

from genopt_gym.agents.external import need
from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.core.edit import UnusableReply

AS_IT_STANDS = "The text goes into the program as it stands: no Markdown fences, no words of explanation."


class CutOff(Exception):
    """A reply reached ``max_tokens``: nothing is to be made of it."""


@dataclass(kw_only=True, eq=False)
class TextGrad(ModelAgent):
    """Textual gradient descent: each component is criticized for what the step has shown, then rewritten.

    The run of the program is a function of TextGrad's graph, from the components to trace and feedback; ``backward``
    and ``TGD`` ask the model once each for every component. What stays is the environment's to decide (``accept``).
    """

    def __post_init__(self) -> None:
        need("textgrad", "textgrad")
        super().__post_init__()

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        textgrad = _library()
        from textgrad.autograd import StringBasedFunction

        texts = {name: observation["artifact"][name] for name in self.problem.action_space.texts}
        variables = {
            name: textgrad.Variable(text, role_description=f"component `{name}`") for name, text in texts.items()
        }
        for variable in variables.values():
            # TextGrad would show the first and last ten words, which no code survives.
            variable.get_short_value = variable.get_value
        shown = f"{observation['trace']}\n\n{observation['feedback']}"
        run = StringBasedFunction(lambda **components: shown, observation["context"])
        loss = run(variables, response_role_description="trace and feedback of the program's run")
        # TextGrad has them in a set, whose order no seed holds.
        loss.predecessors = list(variables.values())
        optimizer = textgrad.TGD(list(variables.values()), engine=self._engine, constraints=[AS_IT_STANDS])
        try:
            loss.backward(self._engine)
            optimizer.step()
        except CutOff:
            return UnusableReply(f"A reply was cut off after {self.reply_tokens} tokens.")
        except IndexError:
            return UnusableReply("TextGrad found no improved variable in the reply.")
        # TextGrad strips what it reads.
        return {name: each.value for name, each in variables.items() if each.value != texts[name].strip()}

    def fixed_prompt(self) -> str:
        _library()
        from textgrad.optimizer.optimizer_prompts import OPTIMIZER_SYSTEM_PROMPT

        # The optimizer's question holds the criticism, a reply, as well.
        return f"{OPTIMIZER_SYSTEM_PROMPT}{' x' * self.reply_tokens}"

    def _engine(self, prompt: str, system_prompt: str) -> str:
        """TextGrad's model."""
        messages = [{"role": "system", "content": system_prompt}, {"role": "user", "content": prompt}]
        reply = self.client.complete(self.request(messages))
        if reply.truncated:
            raise CutOff
        return reply.text


@cache
def _library() -> Any:
    """TextGrad, without the folder of logs that it makes where it is imported."""
    # TextGrad imports litellm, which would ask a server for a price list.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, TEXTGRAD_LOG_DIR=folder):
        import textgrad
    for handler in list(textgrad.logger.handlers):
        textgrad.logger.removeHandler(handler)
        handler.close()
    textgrad.logger.addHandler(logging.NullHandler())
    return textgrad
