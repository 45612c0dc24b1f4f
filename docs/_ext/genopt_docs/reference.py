"""The reference: a page for each public name, all parameters, and what can be chosen by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import genopt_gym
from genopt_docs.markdown import ALONE, code, listed, plain, table
from genopt_docs.parameters import ALL, parameters_page
from genopt_gym.cli.catalogue import REGISTRIES
from genopt_gym.core.registry import load

FOLDER = "reference"
ELSEWHERE = {
    "environments": (
        "genopt_gym.env.OptimizationEnv",
        "genopt_gym.vector.OptimizationVectorEnv",
        "genopt_gym.core.spaces.Edits",
    ),
    "wrappers": (
        *("genopt_gym.wrappers.NumericEdits", "genopt_gym.wrappers.MenuEdits"),
        *("genopt_gym.wrappers.TextEdits", "genopt_gym.wrappers.PerturbedStarts"),
    ),
    "conformance": (
        "genopt_gym.testing.TaskConformance",
        "genopt_gym.testing.AgentConformance",
        "genopt_gym.testing.ModelAgentConformance",
    ),
    "extending": (
        *("genopt_gym.core.windows.TraceWindow", "genopt_gym.core.acceptance.AcceptanceRule"),
        *("genopt_gym.core.feedback_kinds.FeedbackKind", "genopt_gym.sandbox.tier.ConfinementTier"),
        *("genopt_gym.llm.backend.Backend", "genopt_gym.agents.model_agent.ModelAgent"),
        *("genopt_gym.runs.run.Run", "genopt_gym.study.study.Study", "genopt_gym.suites.suite"),
    ),
}
"""Group to names that are documented and are not exported by ``genopt_gym`` itself."""
TITLES = {
    "agents": "Agents",
    "callbacks": "Callbacks",
    "graders": "Graders",
    "accept": "Acceptance rules",
    "windows": "Trace windows",
    "feedback": "Feedback kinds",
    "tiers": "Confinement tiers",
    "backends": "Model backends",
}


API_HEAD = """\
# Python

What `genopt_gym` itself exports is kept from version to version. What stands below it is documented for those who
wrap, inherit or compare; everything else is private and may change. The types come with the package (`py.typed`).
"""
NAMES_HEAD = """\
# What can be named

Everything that is chosen by a name; `genopt list --agents` and its like print the same. A class of your own is named as
`module:Class`: [writing an agent](../writing-an-agent.md), [extending](../project/contributing.md#extending).
"""


def reference_pages() -> Iterator[tuple[str, str]]:
    """Place and text of each page of the reference but the command line's."""
    yield ALL, parameters_page()
    yield f"{FOLDER}/names.md", _names_page()
    names = [f"genopt_gym.{name}" for name in genopt_gym.__all__]
    for name in [*names, *(name for group in ELSEWHERE.values() for name in group)]:
        yield f"{FOLDER}/api/{place(name)}.md", _page(name)
    yield f"{FOLDER}/api/index.md", _api_page(names)
    yield f"{FOLDER}/index.md", _index()


def place(name: str) -> str:
    """The page of a name, without the ending."""
    short = name.rpartition(".")[2]
    # Pages whose names differ by their letters' case alone are one file on some disks: `Run` beside `run`.
    taken = short not in genopt_gym.__all__ and short.lower() in genopt_gym.__all__
    return f"{short.lower()}-class" if taken else short.lower()


def _page(name: str) -> str:
    module, _, short = name.rpartition(".")
    found = _found(name)
    kind = "class" if inspect.isclass(found) else "function"
    options = ""
    if kind == "class":
        options = "   :members:\n   :show-inheritance:\n"
        if issubclass(found, str):  # an enumeration
            options += "   :undoc-members:\n"
    directive = f".. currentmodule:: {module}\n\n.. auto{kind}:: {name}\n{options}"
    return f"{ALONE}# {short}\n\n{code(directive, '{eval-rst}')}\n[All names](index.md)\n"


def _found(name: str) -> type:
    module, _, short = name.rpartition(".")
    return load(f"{module}:{short}")  # type: ignore[no-any-return]


def _api_page(names: list[str]) -> str:
    groups = {"what genopt_gym exports": names, **{group: list(members) for group, members in ELSEWHERE.items()}}
    parts = [API_HEAD]
    for group, members in groups.items():
        rows = [[f"[`{name}`]({place(name)}.md)", plain(_line(name))] for name in members]
        parts.append(f"## {group[:1].upper()}{group[1:]}\n\n{table(['name', 'what it is'], rows)}")
    return "\n".join(parts)


def _line(name: str) -> str:
    return (inspect.getdoc(_found(name)) or "").partition("\n\n")[0].replace("\n", " ")


def _names_page() -> str:
    parts = [NAMES_HEAD]
    for flag, reference in REGISTRIES.items():
        rows = [[f"`{name}`", plain(line)] for name, line in load(reference).describe().items()]
        parts.append(f"## {TITLES[flag]}\n\n`genopt list --{flag}`\n\n{table(['name', 'what it is'], rows)}")
    return "\n".join(parts)


def _index() -> str:
    rows = [
        ["[All parameters](parameters.md)", "every keyword of `gym.make`: values, default, what it varies"],
        ["[What can be named](names.md)", "agents, windows, rules, feedback, tiers, backends"],
        ["[Command line](command-line.md)", "every command of `genopt` with its options"],
        ["[Python](api/index.md)", "a page for each public name"],
    ]
    pages = ["parameters", "names", "command-line", "api/index"]
    return f"# Reference\n\n{table(['', ''], rows)}\n{listed(pages)}"
