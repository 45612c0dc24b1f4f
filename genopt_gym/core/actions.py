"""What is given to the environment: the edit in an action, or why there is none; the texts that a run starts from."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from genopt_gym.core.artifact import Artifact, Component
from genopt_gym.core.edit import EditOutcome, UnparsableEdit, UnusableReply, check_contract, parse_edit
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.fixed import overreach

MAX_TEXT_CHARS = 20_000
"""Longest text of one component."""

Refusal = tuple[EditOutcome, str]
"""Outcome of an edit that is not run, and the message to its author."""


def editable_names(asked: Sequence[str] | None, start: Artifact) -> tuple[str, ...]:
    """The components that may be edited; ParameterError if one is asked for that there is not."""
    names = [component.name for component in start.components]
    for name in asked or ():
        if name not in names:
            raise ParameterError(f"editable names {name!r}, but the components are {', '.join(names)}", "editable")
    return tuple(names if asked is None else asked)


def read_action(action: Any, artifact: Artifact, editable: Collection[str]) -> tuple[dict[str, str], Refusal | None]:
    """The edit of these components in any action, or why it holds none."""
    if isinstance(action, UnusableReply):
        return {}, (EditOutcome.UNPARSABLE, str(action))
    if isinstance(action, str):
        try:
            action = parse_edit(action, {name: artifact.texts[name] for name in editable})
        except UnparsableEdit as error:
            return {}, (EditOutcome.UNPARSABLE, str(error))
    if not isinstance(action, Mapping):
        message = f"an edit is a mapping from component names to texts, or a string; this is a {type(action).__name__}"
        return {}, (EditOutcome.UNPARSABLE, message)
    return dict(action), addressing_problem(action, artifact, editable)


def addressing_problem(edit: Mapping[Any, Any], artifact: Artifact, editable: Collection[str]) -> Refusal | None:
    """Why an edit does not lie in the action space."""
    names = [component.name for component in artifact.components]
    for name, text in edit.items():
        if name not in names:
            near = difflib.get_close_matches(str(name), names, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}."
            return EditOutcome.UNPARSABLE, f"There is no component {str(name)[:100]!r}; {hint}"
        if name not in editable:
            return EditOutcome.FORBIDDEN, f"{name} cannot be edited; you may edit {', '.join(editable)}."
        if not isinstance(text, str):
            return EditOutcome.UNPARSABLE, f"The text of {name} must be a string, not a {type(text).__name__}."
        if len(text) > MAX_TEXT_CHARS:
            message = f"The text of {name} has {len(text):,} characters; at most {MAX_TEXT_CHARS:,} are allowed."
            return EditOutcome.CONTRACT_BROKEN, message
        if text != text.encode("utf-8", "ignore").decode():
            return EditOutcome.CONTRACT_BROKEN, f"The text of {name} holds half a character (a lone surrogate)."
    return None


def not_runnable(artifact: Artifact, start: Artifact, editable: Collection[str]) -> Refusal | None:
    """Why an artifact is not run: a contract is broken, or a text could change what is fixed beside it."""
    return broken_contract(artifact) or overreach(artifact, start, editable)


def broken_contract(artifact: Artifact) -> Refusal | None:
    """Why an artifact cannot be run: the first component that is not what its contract asks for."""
    for component in artifact.components:
        if component.kind == "python":
            problem = check_contract(component.name, component.signature, artifact.texts[component.name])
        else:
            problem = _broken_text(component, artifact.texts[component.name])
        if problem is not None:
            return problem
    return None


def _broken_text(component: Component, text: str) -> Refusal | None:
    """What a text lacks of its contract, or has too much of."""
    missing = [f"{{{name}}}" for name in component.placeholders if f"{{{name}}}" not in text]
    if missing:
        words = (
            f"The text {component.name} lacks {', '.join(missing)}, which has to stand in it: it is replaced by what "
        )
        return EditOutcome.CONTRACT_BROKEN, words + "a trial puts there."
    if component.max_chars is not None and len(text) > component.max_chars:
        words = f"The text {component.name} has {len(text):,} characters; at most {component.max_chars:,} are allowed."
        return EditOutcome.CONTRACT_BROKEN, words
    return None


def starting_texts(options: Mapping[str, Any], start: Artifact) -> Mapping[str, str]:
    """The texts that a run is to begin with in place of the start's, as the options of ``reset`` name them.

    Raises:
        ValueError: an option that there is not, or a text that is none.
    """
    texts = options.get("artifact", {})
    if not isinstance(texts, Mapping):
        raise ValueError(f"options['artifact'] is a mapping from components to texts, not a {type(texts).__name__}")
    if unknown := [option for option in options if option != "artifact"]:
        raise ValueError(f"reset knows the option 'artifact', not {', '.join(map(repr, unknown))}")
    if problem := addressing_problem(texts, start, start.texts):
        raise ValueError(f"options['artifact']: {problem[1]}")
    return texts
