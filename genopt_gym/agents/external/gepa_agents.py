"""GEPA (Agrawal et al. 2025, arXiv 2507.19457) as agents: its two loops, and its proposal alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from genopt_gym.agents.base import Problem
from genopt_gym.agents.external import need
from genopt_gym.agents.external.external_optimizer import ExternalOptimizerAgent
from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.core.checks import whole_number
from genopt_gym.core.edit import UnusableReply
from genopt_gym.core.errors import ParameterError

Selection = Literal["pareto", "current_best", "epsilon_greedy", "top_k_pareto"]
Components = Literal["round_robin", "all"]


@dataclass(kw_only=True, eq=False)
class Gepa(ExternalOptimizerAgent):
    """``gepa.optimize``: the model reflects on a minibatch; candidates that gain on it join a Pareto frontier.

    Args:
        minibatch: train instances that a proposal is made and tested on; ``None`` takes the environment's
            ``batch_size``.
        selection: how GEPA chooses the candidate to improve.
        components: whether a proposal changes one component, in turn, or all.
    """

    entry: ClassVar[str] = "genopt_gym.agents.external.gepa_loops:optimize"
    library: ClassVar[str] = "gepa"

    minibatch: int | None = None
    selection: Selection = "pareto"
    components: Components = "round_robin"

    def __post_init__(self) -> None:
        need("gepa", self.library)
        super().__post_init__()
        for name, known in (("selection", get_args(Selection)), ("components", get_args(Components))):
            if getattr(self, name) not in known:
                raise ParameterError(f"{name} is one of {', '.join(known)}, not {getattr(self, name)!r}", name)
        if self.minibatch is not None:
            whole_number("minibatch", self.minibatch, 1)


@dataclass(kw_only=True, eq=False)
class GepaAnything(Gepa):
    """``gepa.optimize_anything``: the same engine, with its prompt for artifacts of any kind."""

    entry: ClassVar[str] = "genopt_gym.agents.external.gepa_loops:optimize_anything_at_all"
    library: ClassVar[str] = "gepa-anything"


@dataclass(kw_only=True, eq=False)
class GepaProposal(ModelAgent):
    """GEPA's proposal alone: each edit rewrites one component, in turn, after what the last step has shown.

    What stays is the environment's to decide (``accept``), and what is shown is its ``batch_size`` trials.
    """

    def __post_init__(self) -> None:
        need("gepa", "gepa-proposal")
        super().__post_init__()

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._edits = 0

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        from gepa.strategies.instruction_proposal import InstructionProposalSignature as Signature

        names = list(self.problem.action_space.texts)
        name = names[self._edits % len(names)]
        self._edits += 1
        question: Any = Signature.prompt_renderer(
            {
                "current_instruction_doc": observation["artifact"][name],
                "dataset_with_feedback": [{"Trace": observation["trace"], "Feedback": observation["feedback"]}],
                "prompt_template": template(observation["context"], name),
            }
        )
        reply = self.client.complete(self.request([{"role": "user", "content": question}]))
        if reply.truncated:
            return UnusableReply(f"The reply was cut off after {self.reply_tokens} tokens.")
        return {name: Signature.output_extractor(reply.text)["new_instruction"]}


def template(context: str, name: str) -> str:
    """GEPA's prompt, after what the environment tells of the problem."""
    from gepa.strategies.instruction_proposal import InstructionProposalSignature as Signature

    return f"{context}\n\nThe component to improve is `{name}`.\n\n{Signature.default_prompt_template}"
