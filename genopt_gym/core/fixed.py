"""What keeps fixed components as they are: an edit of the others may do nothing that could reach them."""

from __future__ import annotations

from collections.abc import Collection

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.edit import EditOutcome
from genopt_gym.core.reach import reaches


def overreach(artifact: Artifact, start: Artifact, editable: Collection[str]) -> tuple[EditOutcome, str] | None:
    """Why an artifact is refused in which some components are fixed, if a text of the others could change these.

    What the starting text of a component does, its later texts may do as well.

    >>> from genopt_gym.core.artifact import Component
    >>> parts = (Component("look", "look(x)", ""), Component("act", "act(x)", ""))
    >>> start = Artifact(parts, "def workflow(x): return act(look(x))", dict.fromkeys(("look", "act"), "..."))
    >>> outcome, words = overreach(start.edited({"act": "import gc"}), start, ["act"])
    >>> print(outcome, "-", words.partition(";")[0])
    forbidden - line 1 of act: gc is imported
    """
    if len(editable) == len(artifact.components):
        return None
    for component in artifact.components:
        if component.name in editable and component.kind == "python":
            before = {reach.what for reach in reaches(start.texts[component.name])}
            found = reaches(artifact.texts[component.name])
            worst = next((reach for reach in found if reach.others and reach.what not in before), None)
            if worst is not None:
                where = f"line {worst.line} of {component.name}: {worst.what}"
                words = "components beside it are fixed, and it may use nothing by which it could change them"
                return EditOutcome.FORBIDDEN, f"{where}; {words}."
    return None
