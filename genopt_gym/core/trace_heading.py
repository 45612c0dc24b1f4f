"""The line above a trial's part of the trace: how much of the trial is shown, and what it was worth."""

from __future__ import annotations

from collections.abc import Sequence

from genopt_gym.core.evidence import Event, Trial, View
from genopt_gym.core.metric import plain


def heading(trial: Trial, shown: Sequence[Event], view: View, most_steps: int | None) -> str:
    """How much of a trial is shown, and its score where that is not of something else than what is shown.

    Args:
        trial: as it was traced.
        shown: its events that the trace has room for.
        view: what was to be traced.
        most_steps: inner steps that a trial of the task can have at most; ``None`` if that is not known.
    """
    first = len(trial.instance.prefix)
    ends_at_horizon = view.step_limit is not None and trial.steps >= view.step_limit
    cut = not trial.ended and trial.failure is None and ends_at_horizon
    if most_steps == 1 and len(shown) == len(trial.events):
        return f"Trial {trial.instance}" + ("" if trial.failure else f": score {plain(trial.score)}")
    words = f"Trial {trial.instance}: "
    if cut and shown and shown[-1].step - shown[0].step == len(shown) - 1:
        most = "" if most_steps is None else f" of up to {most_steps:,}"
        which = f"the first {len(shown)}" if first == 0 else f"{shown[0].step} to {shown[-1].step}"
        words += f"{which}{most} inner steps; cut by the credit horizon"
    else:
        words += f"{len(shown)} of {trial.steps} inner steps"
        if len(shown) == 1 < trial.steps:
            words += f" (step {shown[0].step})"
        elif 0 < len(shown) < trial.steps:
            unbroken = shown[-1].step - shown[0].step == len(shown) - 1
            words += f" ({'' if unbroken else 'out of '}{shown[0].step} to {shown[-1].step})"
    missing = len(trial.events) - len(shown)
    if missing:
        words += f"; {missing} more were cut to fit the size budget"
    if trial.failure is not None:
        return words
    if cut:
        steps = "this step" if trial.steps == 1 else f"these {trial.steps} steps"
        return f"{words}; reward of {steps} {plain(trial.window_score, 4)}"
    if len(trial.events) == trial.steps:
        return f"{words}; score {plain(trial.score)}"
    return f"{words}; score of the whole trial {plain(trial.score)}"
