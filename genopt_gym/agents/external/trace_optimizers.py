"""Trace's optimizers as they are used here: texts stay as they were suggested, and prompts stay within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opto.optimizers import OPRO
from opto.optimizers import OptoPrime as TraceOptoPrime
from opto.trace.nodes import ParameterNode
from opto.trace.propagators import GraphPropagator, TraceGraph


class InOrder(GraphPropagator):  # type: ignore[misc]
    """Trace's propagation, with graphs merged in the order of levels and names.

    Trace's own order is that of addresses in memory, or of an operation's inputs, where it then takes calls for inputs;
    and its merging takes time with the square of a graph.
    """

    def aggregate(self, feedback: Mapping[Any, list[TraceGraph]]) -> TraceGraph:
        graphs = [graph for received in feedback.values() for graph in received]
        nodes = {id(item[1]): item for graph in graphs for item in graph.graph}
        words = next((graph.user_feedback for graph in graphs if graph.user_feedback is not None), None)
        return TraceGraph(sorted(nodes.values(), key=_place), words)


def _place(item: tuple[int, Any]) -> tuple[int, str, int]:
    level, node = item
    name, number = node.name.split(":")
    return level, name, int(number)


class OptoPrime(TraceOptoPrime):  # type: ignore[misc]
    """OptoPrime, but for how it reads what was suggested.

    Args:
        max_chars: as many characters of a prompt as evidence may take; the graph keeps to it.
    """

    def __init__(self, *args: Any, max_chars: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_chars = max_chars

    def default_propagator(self) -> GraphPropagator:
        return InOrder()

    def extract_llm_suggestion(self, response: str) -> dict[str, Any]:
        try:
            return dict(super().extract_llm_suggestion(response))
        except AttributeError:  # it counts on every suggested code to be a text
            return {}

    def construct_update_dict(self, suggestion: dict[str, Any]) -> dict[ParameterNode, str]:
        """Trace's own sends each text with "def" in it through black, and drops what is no Python: prompts too."""
        found = {node: suggestion.get(node.py_name) for node in self.parameters}
        return {node: text for node, text in found.items() if isinstance(text, str)}


class OproOptimizer(OptoPrime, OPRO):  # type: ignore[misc]
    """OPRO, with as many of its latest examples as ``max_chars`` characters hold."""

    def construct_prompt(self, summary: Any, *args: Any, **kwargs: Any) -> tuple[str, str]:
        room = self.max_chars - _size(summary.variables, summary.user_feedback)
        first = len(self.buffer)
        while first and (room := room - _size(*self.buffer[first - 1])) >= 0:
            first -= 1
        del self.buffer[:first]
        prompt: tuple[str, str] = super().construct_prompt(summary, *args, **kwargs)
        return prompt


def _size(variables: dict[str, Any], feedback: str) -> int:
    return len(str(variables)) + len(feedback)
