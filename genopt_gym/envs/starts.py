"""Starting artifacts of the policies that are two steps: look at the situation, then select an action."""

from __future__ import annotations

from typing import NamedTuple

from genopt_gym.core.artifact import Component, Structure


class TwoSteps(NamedTuple):
    """An implementation: the two steps' texts, and the whole policy's, if it is not the two in one."""

    look: str
    select: str
    whole: str | None = None


def two_step_structures(
    *,
    observation: str,
    action: str,
    look: str,
    seen: str,
    returns: str,
    naive: TwoSteps,
    parametric: TwoSteps | None,
    draw: str | None = None,
    working: TwoSteps | None = None,
    action_type: str = "int",
    idle: str = "0",
) -> dict[str, Structure]:
    """``modular``, with the two steps as components, and ``one_function``, which plays the same.

    Args:
        observation: contract of what the policy gets.
        action: contract of what it returns.
        look: name of the first step's component; the second is ``select_action``.
        seen: what the first step's result is called.
        returns: contract of that result.
        naive: a poor but sensible first try.
        parametric: a decent program with poor numbers, if there is one.
        draw: the Python expression, of a text that imports ``random``, that draws an action; without it there is no
            ``random`` start.
        working: a good program, if there is one.
        action_type: of an action, as in the signatures.
        idle: the action that the stub returns.
    """
    stub = TwoSteps(
        f"def {look}(obs):\n    return None\n",
        f"def select_action(obs, {seen}):\n    return {idle}\n",
        f"def policy(obs):\n    return {idle}\n",
    )
    chance = None if draw is None else _at_random(stub.look, seen, draw)
    more = {"random": chance, "parametric": parametric, "working": working}
    steps = {"naive": naive, "stub": stub}
    steps |= {name: each for name, each in more.items() if each is not None}
    return {
        "modular": Structure(
            components=(
                Component(look, f"{look}(obs)", f"{observation}\n{returns}"),
                Component(
                    "select_action",
                    f"select_action(obs, {seen}) -> {action_type}",
                    f"{observation}\n{seen} is what {look} returned.\n{action}",
                ),
            ),
            workflow=f"def workflow(obs):\n    {seen} = {look}(obs)\n    return select_action(obs, {seen})\n",
            implementations={name: {look: each.look, "select_action": each.select} for name, each in steps.items()},
        ),
        "one_function": Structure(
            components=(Component("policy", f"policy(obs) -> {action_type}", f"{observation}\n{action}"),),
            workflow="def workflow(obs):\n    return policy(obs)\n",
            implementations={name: {"policy": each.whole or _in_one(each, look)} for name, each in steps.items()},
        ),
    }


def _at_random(look: str, seen: str, draw: str) -> TwoSteps:
    select = acting_at_random("select_action", f"obs, {seen}", draw)
    return TwoSteps(look, select, acting_at_random("policy", "obs", draw))


def acting_at_random(name: str, parameters: str, draw: str) -> str:
    """A component that draws its action, and so shows a first trace in which something happens.

    >>> print(acting_at_random("policy", "obs", "random.randrange(3)"))
    import random
    <BLANKLINE>
    <BLANKLINE>
    def policy(obs):
        return random.randrange(3)
    <BLANKLINE>
    """
    return f"import random\n\n\ndef {name}({parameters}):\n    return {draw}\n"


def _in_one(steps: TwoSteps, look: str) -> str:
    call = f"def policy(obs):\n    return select_action(obs, {look}(obs))\n"
    return f"{steps.look}\n\n{steps.select}\n\n{call}"
