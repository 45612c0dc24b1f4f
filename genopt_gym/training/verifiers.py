"""The suite's tasks for the library ``verifiers`` (v1): a taskset, its environment, and a program that only chats.

verifiers finds a taskset by the name of a top-level module. One line makes one, in a file such as ``genopt_edits.py``::

    from genopt_gym.training.verifiers import ChatHarness, EditsEnv, EditTaskset, __all__

and ``PYTHONPATH=. vf-eval genopt_edits --env.taskset.environment GenOpt/Control-CartPole-v0`` evaluates a model on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from genopt_gym.evaluation.cancellation import in_thread
from genopt_gym.training.splits import number_of_tasks, split_seed_of, split_task
from genopt_gym.training.text_episode import TextEpisode
from genopt_gym.training.versions import need_trainer

WHAT = "the adapter for verifiers"

try:
    import verifiers.v1 as vf
    from openai import AsyncOpenAI
    from pydantic import Field
    from verifiers.v1.dialects.chat import message_to_wire
    from verifiers.v1.runtimes import ProgramResult
except ImportError:
    need_trainer("verifiers", WHAT)
    raise

__all__ = ["ChatHarness", "EditTaskset", "EditsEnv"]


class EditTasksetConfig(vf.TasksetConfig):  # type: ignore[misc]
    """Which environment, and which of its tasks."""

    environment: str = "GenOpt/Control-CartPole-v0"
    """As in `genopt list`."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of `gym.make`."""
    edits: int | None = None
    """Steps of an episode; the environment's own number if left out."""
    split: Literal["train", "test"] = "train"
    """`test` holds instances that `train` is never scored on."""


class EditData(vf.TaskData):  # type: ignore[misc]
    """What an episode is made from."""

    environment: str
    parameters: dict[str, Any]
    edits: int | None
    seed: int


class EditTask(vf.Task[EditData, vf.State, vf.TaskConfig]):  # type: ignore[misc]
    """One seed of an environment."""


class EditTaskset(vf.Taskset[EditTask, EditTasksetConfig]):  # type: ignore[misc]
    """The tasks of one split."""

    def load(self) -> Iterator[EditTask]:
        need_trainer("verifiers", WHAT)
        config = self.config
        for index in range(number_of_tasks(config.split)):
            task = split_task(config.split, index, split_seed_of(config.parameters))
            data = EditData(
                name=f"{config.environment}#{config.split}-{index}",
                environment=config.environment,
                parameters={**config.parameters, "split_seed": task.split_seed},
                edits=config.edits,
                seed=task.seed,
            )
            yield EditTask(data, config.task)


class EditsEnvConfig(vf.EnvConfig):  # type: ignore[misc]
    """One seat: the optimizer."""

    optimizer: vf.AgentConfig = vf.AgentConfig(runtime={"type": "subprocess"})


class EditsEnv(vf.Env[EditsEnvConfig]):  # type: ignore[misc]
    """The environment plays the user: each reply of the model is an edit, each page the next turn."""

    async def run(self, task: EditTask, agents: vf.Agents) -> None:
        data = task.data
        episode = await in_thread(TextEpisode, data.environment, data.parameters, data.edits)
        try:
            page = await in_thread(episode.begin, data.seed)
            async with agents.optimizer.interaction(task) as interaction:
                segment = await interaction.turn(page)
                while not segment.terminated:
                    turn = await in_thread(episode.answer, segment.last_reply)
                    if turn.done:
                        break
                    segment = await interaction.turn(turn.page)
            interaction.trace.record_reward("gain", episode.gain)
            interaction.trace.record_metric("best_score", episode.best_score)
        finally:
            episode.close()


class ChatHarness(vf.Harness[vf.HarnessConfig]):  # type: ignore[misc]
    """A conversation and nothing else: no tools, so no program has to be installed or started for it."""

    APPENDS_SYSTEM_PROMPT = True
    SUPPORTS_RESUME = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
    ) -> ProgramResult:
        system, prompt = self.resolve_prompt(data)
        messages: list[Any] = [{"role": "system", "content": system}] if system else []
        messages += [message_to_wire(message) for message in prompt or []]
        async with AsyncOpenAI(base_url=endpoint, api_key=secret, max_retries=2) as client:
            await client.chat.completions.create(model=ctx.model, messages=messages)
        return ProgramResult(0, "", "")
