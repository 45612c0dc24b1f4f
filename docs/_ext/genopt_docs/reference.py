"""The reference: a page for each public name, all parameters, and what can be chosen by name."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import genopt_gym
import genopt_gym.testing
import genopt_gym.wrappers
from genopt_docs.fingerprint import ROOT
from genopt_docs.markdown import ALONE, code, listed, plain, table
from genopt_docs.parameters import ALL, keyword_table, parameters_page
from genopt_gym.agents import AGENTS, agent_class
from genopt_gym.cli.catalogue import REGISTRIES
from genopt_gym.cli.showing import agent_keywords
from genopt_gym.core.registry import load

FOLDER = "reference"
TRAINING = "genopt_gym.training."
MOCKED = ["skyrl_gym", "verifiers"]
"""Libraries that want an environment of their own: Sphinx reads the adapters for them without them."""
ELSEWHERE = {
    "environments": (
        "genopt_gym.env.OptimizationEnv",
        "genopt_gym.vector.OptimizationVectorEnv",
        "genopt_gym.core.spaces.Edits",
    ),
    "wrappers": tuple(f"genopt_gym.wrappers.{name}" for name in genopt_gym.wrappers.__all__),
    "conformance": tuple(f"genopt_gym.testing.{name}" for name in genopt_gym.testing.__all__),
    "training": (
        *(f"{TRAINING}trl.environment", f"{TRAINING}trl.rows"),
        *(f"{TRAINING}skyrl.register", f"{TRAINING}skyrl.rows", f"{TRAINING}skyrl.SkyRLEdits"),
        *(f"{TRAINING}verifiers.{name}" for name in ("EditTaskset", "EditsEnv", "ChatHarness")),
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
OPTIONS_HEAD = """\
## Options of agents

`--agent-option KEY=VALUE` on the command line, keywords of the class in Python; those that are not here take none.
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
    *_, module, short = name.split(".")
    if name.startswith(TRAINING):  # each adapter has its `rows`
        return f"{module}-{short}".lower()
    # Pages whose names differ by their letters' case alone are one file on some disks: `Run` beside `run`.
    taken = short not in genopt_gym.__all__ and short.lower() in genopt_gym.__all__
    return f"{short.lower()}-class" if taken else short.lower()


def _page(name: str) -> str:
    module, _, short = name.rpartition(".")
    kind, _ = _told(name)
    options = "" if kind == "function" else "   :members:\n   :show-inheritance:\n"
    if kind == "enumeration":
        kind, options = "class", f"{options}   :undoc-members:\n"
    directive = f".. currentmodule:: {module}\n\n.. auto{kind}:: {name}\n{options}"
    return f"{ALONE}# {short}\n\n{code(directive, '{eval-rst}')}\n[All names](index.md)\n"


def _told(name: str) -> tuple[str, str]:
    """What kind of thing it is, and its docstring's first paragraph."""
    module, _, short = name.rpartition(".")
    if name.startswith(TRAINING):  # whose modules cannot be imported without another library
        tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == short:
                return "class" if isinstance(node, ast.ClassDef) else "function", _line(ast.get_docstring(node))
    found = load(f"{module}:{short}")
    kind = "function" if not inspect.isclass(found) else "enumeration" if issubclass(found, str) else "class"
    return kind, _line(inspect.getdoc(found))


def _line(words: str | None) -> str:
    return (words or "").partition("\n\n")[0].replace("\n", " ")


def _api_page(names: list[str]) -> str:
    groups = {"what genopt_gym exports": names, **{group: list(members) for group, members in ELSEWHERE.items()}}
    parts = [API_HEAD]
    for group, members in groups.items():
        rows = [[f"[`{name}`]({place(name)}.md)", plain(_told(name)[1])] for name in members]
        parts.append(f"## {group[:1].upper()}{group[1:]}\n\n{table(['name', 'what it is'], rows)}")
    return "\n".join(parts)


def _names_page() -> str:
    parts = [NAMES_HEAD]
    for flag, reference in REGISTRIES.items():
        rows = [[f"`{name}`", plain(line)] for name, line in load(reference).describe().items()]
        parts.append(f"## {TITLES[flag]}\n\n`genopt list --{flag}`\n\n{table(['name', 'what it is'], rows)}")
    return "\n".join([*parts, OPTIONS_HEAD, *_options()])


def _options() -> Iterator[str]:
    for name in AGENTS:
        if keywords := list(agent_keywords(agent_class(name))):
            yield f"### Options of `{name}`\n\n{keyword_table(keywords)}"


def _index() -> str:
    rows = [
        ["[All parameters](parameters.md)", "every keyword of `gym.make`: values, default, what it varies"],
        ["[What can be named](names.md)", "agents, windows, rules, feedback, tiers, backends"],
        ["[Command line](command-line.md)", "every command of `genopt` with its options"],
        ["[Python](api/index.md)", "a page for each public name"],
    ]
    pages = ["parameters", "names", "command-line", "api/index"]
    return f"# Reference\n\n{table(['', ''], rows)}\n{listed(pages)}"
