"""What goes over the wire: the edit, the evidence it led to, and where a session stands."""

from __future__ import annotations

from openenv.core.env_server.types import Action, Observation, State
from pydantic import Field


class EditAction(Action):  # type: ignore[misc]
    """One edit: component to its whole new text; or a reply, in which the edit is looked for."""

    edit: dict[str, str] | str = Field(
        description="Component to its whole new text, for those that change; or a model's reply, as a text."
    )


class EditObservation(Observation):  # type: ignore[misc]
    """The evidence of a step; ``metadata`` says whether it was truncated, and by what."""

    context: str = Field(description="The objective, the components' contracts and the workflow.")
    artifact: dict[str, str] = Field(description="Component to its text, as it stands now.")
    trace: str = Field(description="What the trials of this step saw, did and got.")
    feedback: str = Field(description="Words about them.")
    outcome: str = Field(description="How the edit went: ok, unchanged, syntax_error, forbidden, ...")
    score: float = Field(description="Of the artifact that this evidence is about.")
    best_score: float = Field(description="The best of this episode.")


class EditState(State):  # type: ignore[misc]
    """Where a session stands; what a clock measured is told here and in no observation."""

    environment: str = Field(description="Its id in the suite.")
    edits: int | None = Field(description="Steps of an episode; null if it has no end.")
    confinement: str = Field(description="The tier that confines artifact code.")
    start_seconds: float = Field(description="What evaluating the starting artifact took when the server started.")
    split: str | None = Field(default=None, description="Of the task that reset chose, if it chose one.")
    index: int | None = Field(default=None, description="Of that task within its split.")
    seed: int | None = Field(default=None, description="Orders the train trials of this episode.")
    split_seed: int | None = Field(default=None, description="Fixes what validation holds in this episode.")
    outcome: str | None = Field(default=None, description="Of the last edit.")
    score: float | None = Field(default=None, description="After the last edit.")
    best_score: float | None = Field(default=None, description="The best of this episode.")
