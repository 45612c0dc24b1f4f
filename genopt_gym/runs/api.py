"""``genopt_gym.run`` and ``resume``: one learning loop from Python."""

from __future__ import annotations

import difflib
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym.agents import Agent, make_agent
from genopt_gym.agents.session import PREFIX, GivenAgent, agent_name
from genopt_gym.core.errors import UserError
from genopt_gym.making import optimization_env
from genopt_gym.runs.callbacks import Callback, GivenCallback, make_callbacks
from genopt_gym.runs.config import Config, PreparedRun, read_run
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.resuming import Changes
from genopt_gym.runs.run import Run

OWN = ("edits", "seed", "out", "callbacks", "agent_options", "progress")
"""Keywords of ``run`` that are no parameters of the environment."""


def run(
    env_or_id: str | gym.Env[Any, Any],
    agent: GivenAgent,
    *,
    edits: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    callbacks: Iterable[GivenCallback] = (),
    agent_options: Mapping[str, Any] | None = None,
    progress: bool | None = None,
    **parameters: Any,
) -> Run:
    """Run an agent on an environment, and keep everything that it did in a folder.

    A run can be resumed by its folder alone if its agent is a name or a class that can be imported. Of an instance,
    or a class of a notebook, the folder keeps the name only: ``resume`` has to be given the agent again.

    Args:
        env_or_id: an id; or an environment as ``gym.make`` and ``genopt_gym.wrap`` give it, whose id and parameters
            are taken. The environment itself is left as it is.
        agent: a name (``genopt list --agents``) or ``module:Class``, a class, or an instance.
        edits: how many; the id's own number if left out.
        seed: orders train trials, and is the agent's source of randomness.
        out: a new folder; if left out a temporary one, which is removed when nothing holds the ``Run`` any more
            (``Run.save`` keeps it). A run that is interrupted keeps its folder.
        callbacks: who watches: names, ``module:Class``, classes or instances of ``Callback``.
        agent_options: keyword arguments of the agent's class.
        progress: whether the steps are shown; if left out, in a terminal and in a notebook.
        **parameters: keywords of ``gym.make`` for the id (``genopt show ID`` lists them).

    Returns:
        The run, ended.

    Raises:
        UserError: something that was given is wrong; one sentence says what.

    >>> cart_pole = run("GenOpt/Control-CartPole-v0", "hill-climbing", edits=3, start="modular/parametric")
    >>> len(cart_pole.steps), cart_pole.start.validation, cart_pole.start.test
    (4, 21.0625, 19.140625)
    """
    for name in parameters:
        if near := difflib.get_close_matches(name, OWN, 1, 0.8):
            raise UserError(f"run has no keyword {name!r}; did you mean {near[0]!r}?")
    id, parameters, edits = environment_facts(env_or_id, parameters, edits)
    watching = with_progress(callbacks, progress)
    prepared = _prepared(id, agent, seed, edits, parameters, dict(agent_options or {}))
    folder = Path(tempfile.mkdtemp(prefix="genopt-run-")) if out is None else Path(out)
    try:
        start_run(prepared, folder, watching)
    except KeyboardInterrupt:
        say_stopped(f"genopt_gym.resume({str(folder)!r})", (folder / "config.json").exists())
        raise
    return Run(folder, keep=TemporaryFolder(folder) if out is None else None)


def resume(
    folder: str | Path,
    *,
    agent: GivenAgent | None = None,
    more_edits: int = 0,
    agent_options: Mapping[str, Any] | None = None,
    budget: Mapping[str, float] | None = None,
    accept_changes: bool = False,
    callbacks: Iterable[GivenCallback] = (),
    progress: bool | None = None,
) -> Run:
    """Go on with a run, by replay: what is stored is not run again, and no model is asked twice.

    Args:
        folder: of a run that was interrupted, or has ended.
        agent: the agent again, where it was given as an object that no name leads back to.
        more_edits: edits to add to those of the run, which may have ended by having made all of them.
        agent_options: of the agent, out of those that change nothing of what was asked: ``base_url``, ``prices``,
            ``timeout``, ``requests_per_minute``.
        budget: higher limits in place of those it had; a run that has spent its budget goes on.
        accept_changes: go on although your own code or data has changed since; the folder says from which step on.
        callbacks: as in ``run``; steps that were stored are seen again, with ``replayed`` set.
        progress: as in ``run``.

    Returns:
        The run, ended.

    Raises:
        UserError: there is no run, with this version or agent it comes out differently than it is stored, or your own
            code or data has changed.
    """
    path = Path(folder)
    watching = with_progress(callbacks, progress)
    given = None
    if agent is not None:
        recorded, name = read_run(path).agent, agent_name(agent)
        if name.removeprefix(PREFIX) != recorded.removeprefix(PREFIX):
            raise UserError(f"the run in {path} was made by {recorded}, not by {name}")
        given = make_agent(agent, read_run(path).agent_options if not isinstance(agent, Agent) else None)
    try:
        changes = Changes(more_edits, dict(agent_options or {}), dict(budget or {}))
        resume_run(path, watching, agent=given, changes=changes, accept_changes=accept_changes)
    except KeyboardInterrupt:
        say_stopped(f"genopt_gym.resume({str(path)!r})", True)
        raise
    return Run(path)


def with_progress(callbacks: Iterable[GivenCallback], progress: bool | None) -> list[Callback]:
    """The callbacks; before them the display of steps where it is wanted, and what writes the run's page."""
    from genopt_gym.core.live import LiveView
    from genopt_gym.runs.progress import ProgressDisplay

    shown = LiveView().can_show if progress is None else progress
    return [*([ProgressDisplay()] if shown else []), *make_callbacks(["page"]), *make_callbacks(callbacks)]


def say_stopped(call: str, begun: bool) -> None:
    """Tell who interrupts how to go on."""
    words = f"go on with: {call}" if begun else "nothing was begun"
    print(f"\ngenopt_gym: stopped; {words}", file=sys.stderr)


class TemporaryFolder:
    """A folder that is removed when this object is, or the process ends."""

    def __init__(self, path: Path) -> None:
        weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)


def environment_facts(
    env_or_id: str | gym.Env[Any, Any], parameters: dict[str, Any], edits: int | None
) -> tuple[str, dict[str, Any], int | None]:
    """Id, parameters and edits; those of an environment are its own, but for what was given beside it."""
    if isinstance(env_or_id, str):
        return env_or_id, parameters, edits
    if not isinstance(env_or_id, gym.Env):
        raise UserError(f"an environment is an id or what gym.make gives, not {env_or_id!r}")
    core = optimization_env(env_or_id)
    spec = env_or_id.spec
    if spec is None or core.spec is None:
        raise UserError("an environment for run comes from gym.make or genopt_gym.wrap: give its id and parameters")
    if spec.additional_wrappers:
        names = ", ".join(wrapper.name for wrapper in spec.additional_wrappers)
        raise UserError(f"run makes its own environment, without {names}: give it the id and parameters instead")
    own = {name: value for name, value in core.spec.kwargs.items() if name not in ("task", "render_mode")}
    return spec.id, {**own, **parameters}, edits or spec.max_episode_steps


def _prepared(
    id: str, agent: GivenAgent, seed: int, edits: int | None, parameters: dict[str, Any], options: dict[str, Any]
) -> PreparedRun:
    name = agent_name(agent)
    config = Config(id, name, seed, edits, parameters, options)
    if isinstance(agent, str) or not name.startswith(PREFIX):
        return config.prepare()
    try:
        return config.prepare(make_agent(agent, options))
    except UserError:
        raise
    except (ValueError, TypeError, OSError) as error:
        raise UserError(str(error)) from error
