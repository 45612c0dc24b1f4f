"""Trace's graph of what an update has shown: the fixed workflow, run over recorded inner steps.

Stand-ins take the components' places and return what the record says that these returned. So no artifact code runs
here, and Trace's own backward pass finds every inner step that is shown and the components it went through.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

from opto.trace.nodes import GRAPH, ExceptionNode, MessageNode, Node, ParameterNode

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import RAISED, Failure, View
from genopt_gym.core.parsing import parse_python
from genopt_gym.core.summary import KEY, is_summary, summary_text
from genopt_gym.core.trace import rows_that_fit, shortened

CODE = "__code"
"""Trace shows a node with this in its name as code."""
NODE_CHARS = 70
"""What Trace writes of a node, beside value and name."""
NAMED = 5
"""How often it writes the name of a component for a call."""

DOCUMENTATION = {
    "step": "what the workflow got after the action",
    "reward": "what the action earned",
    "result": "what a trial came to",
    "trials": "all trials of this update",
    "workflow": "the workflow in one piece",
    "llm": "a model's reply",
}
"""Of operations that are no components."""

Nodes = dict[str, Any]
Call = tuple[str, list[Any], Any]
"""Component, arguments and result."""


class Graph:
    """The graph of one update.

    Args:
        program: components and workflow.
        texts: of the components that left the trials.
        editable: components that are parameters; of the others Trace sees the text.
        trials: as in ``info["trials"]``.
        view: which of their inner steps stay where not all fit.
        max_chars: about as many characters of Trace's prompt as the inner steps may take.

    Attributes:
        parameters: the nodes that Trace may change, by component.
        output: where feedback enters: what the trials came to.
    """

    def __init__(
        self,
        program: Program,
        texts: Mapping[str, str],
        editable: Collection[str],
        trials: Sequence[Mapping[str, Any]],
        view: View,
        max_chars: int,
    ) -> None:
        GRAPH.clear()  # else it keeps every node that there ever was
        kinds = {name: kind for name, kind, _ in program.components}
        self._texts = texts
        self._functions = [name for name, kind in kinds.items() if kind == "python"]
        self._components = {name: _component(name, kinds[name], texts[name], name in editable) for name in kinds}
        self._prompts = {name: node for name, node in self._components.items() if kinds[name] == "text"}
        self.parameters: dict[str, ParameterNode] = {name: self._components[name] for name in editable}
        self._workflow = compile(program.workflow, "<workflow>", "exec", dont_inherit=True)
        self._inputs = _argument_names(program.workflow, "workflow")
        results = {f"trial{i}": self._trial(trial, view, max_chars // len(trials)) for i, trial in enumerate(trials)}
        if not results:
            results = {"trial0": _operation("workflow", "no trial was run", self._components)}
        pooled = f"{len(results)} trials"
        self.output = results["trial0"] if len(results) == 1 else _operation("trials", pooled, results)

    def _trial(self, trial: Mapping[str, Any], view: View, max_chars: int) -> Node:
        """The chain of a trial's inner steps; the last node is what the trial came to."""
        failure = Failure(**trial["failure"]) if trial["failure"] else None
        kept = rows_that_fit([_written(event) for event in trial["events"]], view, max_chars)
        events = [trial["events"][position] for position in kept]
        came_to: Nodes = {} if events else dict(self._components)
        before: Nodes = {}
        for event in events:
            given = self._arguments(event["observation"])
            inputs = {name: _operation("step", value, before, name) for name, value in given.items()}
            broke = failure if failure is not None and failure.step == event["step"] else None
            before = self._inner_step(event, inputs, broke)
            if event["reward"]:
                came_to[f"reward{event['step']}"] = _operation("reward", event["reward"], before)
        whole = len(events) == trial["steps"]
        words = f"score {trial['score']:g}" if whole else f"{len(events)} of {trial['steps']} inner steps are shown"
        return _operation("result", words if failure is None else str(failure), {**before, **came_to})

    def _arguments(self, observation: Any) -> dict[str, Any]:
        """What the workflow got, by parameter."""
        names = self._inputs
        if is_summary(observation) and list(observation[KEY]) == names:
            return dict(observation[KEY])
        if isinstance(observation, dict) and list(observation) == names:
            return {name: _value(value) for name, value in observation.items()}
        if len(names) == 1:
            return {names[0]: _value(observation)}
        return dict.fromkeys(names, "(not told apart)")

    def _inner_step(self, event: Mapping[str, Any], inputs: Nodes, failure: Failure | None) -> Nodes:
        """One run of the workflow: what it returned, and calls that nothing of it depends on."""
        record = _Record(event["calls"])
        namespace: Nodes = {
            **self._components,
            **{name: self._stand_in(name, record, inputs, failure) for name in [*self._functions, "llm"]},
        }
        try:
            exec(self._workflow, namespace)
            action = _recorded(namespace["workflow"](*inputs.values()), event["action"], "action")
            if _takes_one_twice(action, {id(node) for node in inputs.values()}):
                raise LookupError("an operation takes the same value twice")
        except _Broke as broke:
            return {"action": broke.node}
        except Exception:
            # It does with values what cannot be followed with a record of them: it is one operation then.
            calls = self._aside(event["calls"], inputs, self._prompts)
            action = _operation("workflow", _value(event["action"]), {**self._components, **inputs, **calls})
            return {"action": action}
        return {"action": action, **self._aside(record.rest(), inputs, {})}

    def _stand_in(self, name: str, record: _Record, inputs: Nodes, failure: Failure | None) -> Callable[..., Node]:
        def component(*args: Any, **kwargs: Any) -> Node:
            within, call = record.until(name)
            code = self._code(name)
            blamed = failure is not None and failure.component in (name, *code)
            if (call is None and not blamed) or name in code:
                raise LookupError(f"no call of {name} is recorded, or it calls itself")
            names = [*self._names(name, len(args)), *kwargs]
            values = [*args, *kwargs.values()]
            expected = values if call is None else call[1]
            arguments = {n: _recorded(v, e, n) for n, v, e in zip(names, values, expected, strict=True)}
            caller = {"caller": code[CODE]} if code else {}
            used = {**code, **arguments, **self._aside(within, inputs, caller)}
            if call is None:
                words = f"[exception] {name} raised it"
                raise _Broke(ExceptionNode(Error(str(failure)), inputs=_inputs(used), description=words, name=name))
            return _operation(name, _value(call[2]), used)

        return component

    def _aside(self, calls: Sequence[Call], inputs: Nodes, caller: Nodes) -> Nodes:
        """Calls that the workflow does not make itself, or whose results it does not pass on."""
        nodes: Nodes = {}
        for name, arguments, result in calls:
            # What a component warned of is recorded as a call after its own.
            owner = name.removeprefix("warnings of ")
            used = {**self._code(owner), **(caller if owner == name else {})}
            for key, argument in zip(self._names(name, len(arguments)), arguments, strict=True):
                if not _is_reference(argument):
                    used[key] = Node(_value(argument), name=key)
                elif argument["$ref"] in inputs:
                    used[key] = inputs[argument["$ref"]]
            key = re.sub(r"\W", "_", name)
            nodes[f"{key}_{len(nodes)}"] = _operation(key, _value(result), used)
        return nodes

    def _code(self, name: str) -> Nodes:
        """The node of a component's text, and those of components that it mentions."""
        if name not in self._functions:
            return {}
        mentioned = _mentioned(self._texts[name])
        return {CODE: self._components[name]} | {
            other: node for other, node in self._components.items() if other in mentioned
        }

    def _names(self, name: str, count: int) -> list[str]:
        """How a call's positional arguments are called."""
        known = _argument_names(self._texts[name], name) if name in self._functions else ["prompt"]
        return [known[i] if i < len(known) else f"argument{i}" for i in range(count)]


class _Record:
    """The calls of one inner step, in the order in which they ended: a call within another stands before it."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._left = list(calls)

    def until(self, name: str) -> tuple[list[Call], Call | None]:
        """The next call of that component, or None if it raised an exception, and the calls before it."""
        place = next((i for i, call in enumerate(self._left) if call[0] == name), None)
        if place is None:
            return self.rest(), None
        before, call = self._left[:place], self._left[place]
        del self._left[: place + 1]
        return before, None if call[2] == RAISED else call

    def rest(self) -> list[Call]:
        rest, self._left = self._left, []
        return rest


class _Broke(BaseException):
    """Takes the workflow off an inner step that failed, past any ``except Exception`` of its own."""

    def __init__(self, node: Node) -> None:
        self.node = node


class Error(Exception):
    """A component's exception as Trace shows it."""

    __module__ = "artifact"


def _component(name: str, kind: str, text: str, editable: bool) -> Node:
    make = ParameterNode if editable else Node
    if kind == "text":
        return make(text, name=name)
    return make(text, name=name + CODE, constraint=f"it defines the function {name} as #Instruction says")


def _operation(name: str, value: Any, used: Nodes, result: str | None = None) -> Node:
    """A node as a bundled function of that name leaves it; ``result`` is what its value is called."""
    inputs = _inputs(used)
    if not inputs:
        return Node(value, name=result or name)
    words = f"[{name}] {DOCUMENTATION.get(name, 'a component: #Instruction has its contract')}"
    return MessageNode(value, inputs=inputs, description=words, name=result or name, info={"fun_name": name})


def _inputs(used: Nodes) -> Nodes:
    """By name, each node once: a copy stands for it where it is there again."""
    inputs: Nodes = {}
    for name, node in used.items():
        again = any(node is other for other in inputs.values())
        inputs[name] = node.clone() if again else node
    return inputs


def _takes_one_twice(node: Node, ends: Collection[int]) -> bool:
    """Whether it would get feedback twice on the way back to ``ends``, which Trace does not bear."""
    parents = {id(parent): parent for parent in node.parents}
    nearer = [parent for key, parent in parents.items() if key not in ends]
    return len(parents) < len(node.parents) or any(_takes_one_twice(parent, ends) for parent in nearer)


def _recorded(value: Any, expected: Any, name: str) -> Node:
    """A value in the workflow's hands as a node; LookupError if it came about in a way that left no trace."""
    if isinstance(value, Node):
        return value
    if value != expected:
        raise LookupError(f"{name} is not what is recorded")
    return Node(value, name=name)


def _value(recorded: Any) -> Any:
    """A recorded value as a node's data: a summary in words, in parts if it is that of a tuple."""
    if is_summary(recorded):
        told = recorded[KEY]
        return tuple(told) if isinstance(told, list) else summary_text(told)
    return shortened(recorded) if isinstance(recorded, str) else recorded


def _written(event: Mapping[str, Any]) -> str:
    """About as long as what Trace writes of an inner step."""
    written = [str(_value(event["observation"])), " " * NODE_CHARS]
    for name, arguments, result in event["calls"]:
        value = _value(result)
        again = 2 if isinstance(value, tuple) else 1  # part by part
        written += [name * NAMED, str(arguments), str(value) * again, " " * NODE_CHARS]
    return "".join(written)


def _is_reference(argument: Any) -> bool:
    return isinstance(argument, dict) and list(argument) == ["$ref"]


@cache
def _argument_names(text: str, function: str) -> list[str]:
    """Of the last function of that name in a text; none where it is no Python."""
    found = [f.args for f in _tree(text).body if isinstance(f, ast.FunctionDef) and f.name == function]
    return [argument.arg for args in found[-1:] for argument in args.posonlyargs + args.args]


@cache
def _mentioned(text: str) -> set[str]:
    return {node.id for node in ast.walk(_tree(text)) if isinstance(node, ast.Name)}


def _tree(text: str) -> ast.Module:
    try:
        return parse_python(text)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])
