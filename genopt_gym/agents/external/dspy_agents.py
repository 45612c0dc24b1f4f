"""DSPy (Khattab et al. 2023, arXiv 2310.03714) as agents: one prediction for an edit, and its own GEPA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from genopt_gym.agents.base import Problem
from genopt_gym.agents.external import need
from genopt_gym.agents.external.gepa_agents import Gepa
from genopt_gym.agents.model_agent import Messages, ModelAgent
from genopt_gym.agents.prompted_agent import as_blocks, prompt
from genopt_gym.core.edit import UnusableReply

NEW = "new_"
"""Before a component's name: the field that holds its new text."""


@dataclass(kw_only=True, eq=False)
class Dspy(ModelAgent):
    """``dspy.Predict``: problem, components, trace and feedback are its input fields, the new texts its output fields.

    What stays is the environment's to decide (``accept``).
    """

    def __post_init__(self) -> None:
        need("dspy", "dspy")
        super().__post_init__()

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        import dspy

        def new_text(name: str, text: str) -> tuple[Any, Any]:
            kind = dspy.Code["python"] if f"def {name}" in text else str
            return kind, dspy.OutputField(desc=f"The whole text of the component {name}, new or as it is.")

        inputs = {
            "problem": "What the program is for, and how it works.",
            "components": "The components that you may edit, as they stand.",
            "trace": "What happened when the program was run.",
            "feedback": "How the runs were judged.",
        }
        fields = {name: (str, dspy.InputField(desc=words)) for name, words in inputs.items()}
        fields |= {NEW + name: new_text(name, text) for name, text in problem.action_space.texts.items()}
        self._signature = dspy.Signature(fields, prompt("system"))

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        import dspy

        texts = {name: observation["artifact"][name] for name in self.problem.action_space.texts}
        self._cut_off = False
        own = {"adapter": dspy.ChatAdapter(), "callbacks": [], "trace": None, "disable_history": True}
        try:
            with dspy.context(lm=language_model(self._ask), **own):
                predicted = dspy.Predict(self._signature)(
                    problem=observation["context"],
                    components=as_blocks(texts),
                    trace=observation["trace"],
                    feedback=observation["feedback"],
                )
        except dspy.LMUnexpectedError as error:
            # What our own client has raised.
            raise error.__cause__ or error from None
        except dspy.AdapterParseError:
            return UnusableReply("DSPy found not all fields in the reply.")
        if self._cut_off:
            return UnusableReply(f"The reply was cut off after {self.reply_tokens} tokens.")
        new = {name: predicted[NEW + name] for name in texts}
        new = {name: text if isinstance(text, str) else text.code for name, text in new.items()}
        # DSPy strips what it reads.
        return {name: text for name, text in new.items() if text.strip() != texts[name].strip()}

    def fixed_prompt(self) -> str:
        return prompt("system")

    def _ask(self, messages: Messages) -> str:
        reply = self.client.complete(self.request(messages))
        self._cut_off = reply.truncated
        return reply.text


@dataclass(kw_only=True, eq=False)
class DspyGepa(Gepa):
    """``dspy.GEPA``: the components are the instructions of a DSPy program's predictors; options as of ``gepa``."""

    entry: ClassVar[str] = "genopt_gym.agents.external.dspy_loop:optimize"
    library: ClassVar[str] = "dspy-gepa"

    def __post_init__(self) -> None:
        need("dspy", self.library)
        super().__post_init__()


def language_model(ask: Callable[[Messages], str]) -> Any:
    """A ``dspy.LM`` whose calls are ``ask``: without DSPy's own cache, retries and connection."""
    import dspy

    return dspy.LM("run", engine=_Engine(ask), cache=False, num_retries=0)


class _Engine:
    """What DSPy wants behind an LM; see ``dspy.clients.engines.base.Engine``."""

    def __init__(self, ask: Callable[[Messages], str]) -> None:
        self._ask = ask

    def complete(self, request: Any) -> Any:
        from dspy.lm15 import Message, Response, Usage

        messages = [{"role": "system", "content": request.system}] if request.system else []
        messages += [{"role": message.role, "content": message.text} for message in request.messages]
        said = Message.assistant(self._ask(messages))
        # The run's books are kept elsewhere.
        return Response(id=None, model=request.model, message=said, finish_reason="stop", usage=Usage())

    def close(self) -> None:
        return
