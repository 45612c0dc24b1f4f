"""Steps that are known beforehand, run side by side."""

from __future__ import annotations

from collections.abc import Sequence

from genopt_gym.core import actions
from genopt_gym.env import Action, OptimizationEnv
from genopt_gym.evaluation import Batch


def look_ahead(env: OptimizationEnv, edits: Sequence[Action]) -> None:
    """Run what the next steps will need if these are their edits; the steps then find it done.

    It changes nothing but how long they take: a guess in vain is not charged.

    Args:
        env: with a run under way.
        edits: of the next steps, in their order.

    >>> import gymnasium as gym
    >>> env = gym.make("GenOpt/Control-CartPole-v0", start="one_function/naive").unwrapped
    >>> _ = env.reset(seed=0)
    >>> edits = [{"policy": f"def policy(obs): return {action}"} for action in (0, 1)]
    >>> look_ahead(env, edits)
    >>> scores = [env.step(edit)[4]["score"] for edit in edits]
    """
    artifact = env.artifact
    foreseen = env.foreseen_batches(len(edits))
    candidates = []
    for i, action in enumerate(edits):
        edit, problem = actions.read_action(action, artifact, env.editable)
        if problem is not None:
            continue
        edited = artifact.edited(edit)
        if actions.not_runnable(edited, env.start, env.editable) is None:
            candidates.append((edited, [*foreseen[i : i + 1], Batch(env.task.instances("validation"))]))
        if env.parameters.accept == "always":
            artifact = edited
    env.evaluator.prefetch(candidates)
