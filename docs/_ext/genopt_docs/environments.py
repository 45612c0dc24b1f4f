"""The pages of the environments: one for each id, one for each family, and one for all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from genopt_docs.facts import GUIDES, Facts, all_facts
from genopt_docs.games import GAME_FAMILY, game_pages
from genopt_docs.markdown import ALONE, code, folded, listed, plain, table
from genopt_docs.parameters import ALL, keyword_table
from genopt_docs.scores import score_picture, score_table
from genopt_docs.suites import suite_page, suites_with
from genopt_gym.baselines.references import references
from genopt_gym.cli.showing import environment_keywords, task_keywords
from genopt_gym.core.artifact import Structure
from genopt_gym.core.task import CONFIRMATION, SPLITS, Task, starts_of

FOLDER = "environments"
INTRODUCTION = """\
# Environments

Every id is an environment whose steps are edits of an artifact; the `Objects` family alone are plain games, whose
steps are actions. These pages are made from the registry when the site is built. `genopt list` prints the same in a
terminal, `genopt show ID` the keywords of one id. Which of them fit your question: [which tasks for which
question](../which-tasks.md), [suites](suites.md).

"""


HEAD = (
    ALONE
    + """\
# {name}

`{id}`: {line}

![{name}: {shown}]({image}){{.picture}}

{command}
{table}"""
)
INTERFACE = """\
## Observation and action

The environment's own are those of [`OptimizationEnv`](../reference/api/optimizationenv.md): an action maps names of
components to new texts, an observation is the evidence. What the artifact sees and returns is its contract, here of
the structure `{structure}`:

{contracts}{returned}
The fixed workflow calls it:

{workflow}"""
PARAMETERS = """\
## Parameters

Of {kind}, and of all tasks:

{own}
Of every environment, with the defaults of this one:

{shared}"""


def environment_pages() -> Iterator[tuple[str, str]]:
    """Place and text of each page and each picture of scores."""
    families = {name: list(group) for name, group in groupby(sorted(all_facts(), key=_order), _order)}
    for name, members in families.items():
        yield f"{FOLDER}/{name.lower()}.md", _family_page(name, members)
        for facts in members:
            yield f"{FOLDER}/{facts.place}.md", environment_page(facts)
            yield f"{FOLDER}/{facts.place}.svg", score_picture(facts)
    yield from game_pages(FOLDER)
    yield f"{FOLDER}/suites.md", suite_page()
    rows = [
        [f"![{members[0].name}]({members[0].image}){{.thumbnail}}", f"[{name}]({name.lower()}.md)", _names(members)]
        for name, members in families.items()
    ]
    rows.append(["", f"[{GAME_FAMILY}]({GAME_FAMILY.lower()}.md)", "the Atari games themselves, for agents that play"])
    pages = [*(name.lower() for name in families), GAME_FAMILY.lower(), "suites"]
    yield f"{FOLDER}/index.md", INTRODUCTION + table(["", "family", "environments"], rows) + "\n" + listed(pages)


def environment_page(facts: Facts) -> str:
    """Everything about one environment."""
    sections = [
        _head(facts),
        _goal(facts),
        _interface(facts),
        _starts(facts),
        _metric(facts),
        _protocols(facts),
        _parameters(facts),
    ]
    return "\n".join(filter(None, sections))


def _order(facts: Facts) -> str:
    return facts.family


def _names(members: list[Facts]) -> str:
    return ", ".join(f"[{facts.name.partition('-')[2]}]({facts.place}.md)" for facts in members)


def _family_page(name: str, members: list[Facts]) -> str:
    rows = []
    for facts in members:
        metric = facts.metric
        rows.append(
            [
                f"[![{facts.name}]({facts.image}){{.thumbnail}}]({facts.place}.md)",
                f"[{facts.name.partition('-')[2]}]({facts.place}.md)",
                plain(_first_line(facts.kind)),
                plain(metric.name) if metric else "your own",
                *([metric.format(metric.floor), metric.format(metric.reference)] if metric else ["", ""]),
            ]
        )
    guide = f"The guide: [{GUIDES[name]}](../{GUIDES[name]}.md)."
    columns = ["", "id", "what it is", "score", "floor", "reference"]
    return f"# {name}\n\n{guide}\n\n{table(columns, rows)}"


def _head(facts: Facts) -> str:
    task = facts.task
    rows = [
        ["family", f"[{facts.family}]({facts.family.lower()}.md), of [all](index.md)"],
        ["edits of a run", str(facts.row.updates)],
    ]
    if isinstance(task, Task):
        sizes = {split: len(task.instances(split)) for split in (*SPLITS, CONFIRMATION)}
        rows.append(["trials of a split", ", ".join(f"{split} {size}" for split, size in sizes.items() if size)])
    if facts.structures:
        horizon = facts.kind.horizon
        rows += [
            ["credit horizon", "all inner steps" if horizon is None else f"{horizon} inner steps"],
            ["inner steps of a trial", f"at most {task.max_inner_steps:,}"],
        ]
    rows.append(["scores", "can differ from run to run" if facts.row.nondeterministic else "the same in every run"])
    if facts.needs:
        rows.append(["needs", facts.needs])
    if names := suites_with(facts.id):
        rows.append(["in the suites", ", ".join(f"[`{name}`](suites.md)" for name in names)])
    rows.append(["guide", f"[{GUIDES[facts.family]}](../{GUIDES[facts.family]}.md)"])
    return HEAD.format(
        name=facts.name,
        id=facts.id,
        line=plain(_first_line(facts.kind)),
        shown="scores to hold results against" if facts.image.endswith(".svg") else "an artifact at play",
        image=facts.image,
        command=code(_command(facts), "bash"),
        table=table(["", ""], rows),
    )


def _command(facts: Facts) -> str:
    starts = starts_of(facts.structures)
    tuned = next((start for start in starts if start.endswith("/parametric")), None)
    if facts.family == "Function":
        return "genopt init prompt my-task" if "Examples" in facts.id else "genopt init function my-task"
    if facts.family == "Nested":
        return f"genopt prompt {facts.id} --set model=local/smollm2"
    if facts.family == "Policy":
        return f"genopt run {facts.id} --agent cma-es --edits 10 --set inner=CartPole-v1 --set start=modular/parametric"
    if tuned is not None:
        return f"genopt run {facts.id} --agent cma-es --edits 10 --set start={tuned}"
    return (
        f"genopt prompt {facts.id}    # what a model would be asked; a run: genopt run {facts.id} --model provider/name"
    )


def _goal(facts: Facts) -> str:
    goal = getattr(facts.task, "goal", None)
    if not isinstance(goal, str):
        return f"## Goal\n\nWhat your own function says: see [the guide](../{GUIDES[facts.family]}.md).\n"
    hints = f'\nHints that `context="full"` adds:\n\n{_quoted(facts.task.strategy)}\n' if facts.task.strategy else ""
    return f"## Goal\n\n{_quoted(goal)}\n{hints}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {plain(line)}".rstrip() for line in text.strip().splitlines())


def _interface(facts: Facts) -> str:
    """Observation and action of the artifact, as the contract of the first start says them."""
    if not facts.structures:
        return ""
    name = facts.kind.default_start.partition("/")[0]
    structure: Structure = facts.structures[name]
    contracts = "\n\n".join(component.contract("full") for component in structure.components)
    returned = facts.task.returns() if isinstance(facts.task, Task) else ""
    sentence = f"\nThe workflow may return {plain(returned)}.\n" if returned else ""
    return INTERFACE.format(
        structure=name, contracts=code(contracts, "text"), returned=sentence, workflow=code(structure.workflow)
    )


def _starts(facts: Facts) -> str:
    if not facts.structures:
        return ""
    blocks = []
    for name, structure in facts.structures.items():
        for implementation, texts in structure.implementations.items():
            default = ", the default" if f"{name}/{implementation}" == facts.kind.default_start else ""
            body = "\n".join(
                f"`{each.name}`\n\n{code(texts[each.name], 'python' if each.kind == 'python' else 'text')}"
                for each in structure.components
            )
            blocks.append(folded(f"<code>{name}/{implementation}</code>{default}", body))
    return "## Starting artifacts\n\nWhat `start=` may be; open one to see its text.\n\n" + "\n".join(blocks)


def _metric(facts: Facts) -> str:
    metric = facts.metric
    if metric is None:
        return ""
    better = "More is better" if metric.direction == "maximize" else "Less is better"
    ended = "" if metric.solved is None else f" A run ends at {metric.format(metric.solved)} on validation."
    played = "" if facts.image.endswith(".svg") else f"\n\n![the scores below as bars]({facts.place}.svg)"
    program = ""
    if facts.id in references():
        program = (
            "\nThe record is the score of a program that a language model has written, which comes with the package: "
            f"`genopt play --reference {facts.id}`.\n"
        )
    words = f"{plain(metric.name)}, {metric.range}. {better}.{ended}{played}"
    return f"## Metric\n\n{words}\n\n{score_table(facts, metric)}{program}"


def _protocols(facts: Facts) -> str:
    rows = [
        [f"`{name}`", ", ".join(f"`{key}={value!r}`" for key, value in filled.items()) or "nothing"]
        for name, filled in facts.kind.protocols.items()
    ]
    return (
        "## Protocols\n\nWhat `protocol=` fills where an argument was not passed; [why there are two](../paper.md).\n\n"
        + table(["protocol", "fills"], rows)
    )


def _parameters(facts: Facts) -> str:
    own = list(task_keywords(facts.kind))
    shared = [each for each in environment_keywords(facts.kind) if each.name != "protocol"]
    rows = [[f"[`{each.name}`](../{ALL}#{each.name.replace('_', '-')})", f"`{each.default}`"] for each in shared]
    return PARAMETERS.format(
        kind=facts.kind.__name__, own=keyword_table(own), shared=table(["keyword", "default"], rows)
    )


def _first_line(thing: type) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]
