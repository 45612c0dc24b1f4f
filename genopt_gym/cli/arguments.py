"""What commands with many options take: a dataclass each, from whose fields the options are made."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

Confinement = Annotated[
    str | None,
    typer.Option(
        metavar="TIER",
        help="How artifact code is confined (`genopt list --tiers`); the best this machine has if left out, but never "
        "weak by itself.",
    ),
]
Id = typer.Argument(metavar="ID", help="The environment, as in `genopt list`.")
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A parameter of gym.make, as in --set start=modular/naive --set batch_size=4 (`genopt show ID` lists "
        "them). Values are JSON; what is not JSON is text. May be repeated.",
    ),
]
AgentOptions = Annotated[
    list[str] | None,
    typer.Option("--agent-option", metavar="KEY=VALUE", help="A parameter of the agent, as in sigma=0.5."),
]
Callbacks = Annotated[
    list[str] | None,
    typer.Option(
        "--callback",
        metavar="NAME",
        help="Who watches the run: a name (`genopt list --callbacks`), or module:Class of your own. May be repeated.",
    ),
]
Trackers = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        metavar="NAME",
        help="A tracker that is told of each step: tensorboard, wandb, mlflow or trackio, each an extra of its name.",
    ),
]


def takes(arguments: type[Any]) -> Callable[[Callable[[Any], None]], Callable[..., None]]:
    """Make a function of one dataclass into a command whose options are the fields.

    Args:
        arguments: a dataclass; its fields are annotated as typer wants parameters.
    """

    def decorate(function: Callable[[Any], None]) -> Callable[..., None]:
        @functools.wraps(function)
        def command(**given: Any) -> None:
            function(arguments(**given))

        hints = get_type_hints(arguments, include_extras=True)
        parameters = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.default is MISSING else field.default,
                annotation=hints[field.name],
            )
            for field in fields(arguments)
        ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


@dataclass(frozen=True, kw_only=True)
class RunArguments:
    """Of ``genopt run``."""

    id: Annotated[
        str | None,
        typer.Argument(metavar="ID|FILE", help="The environment, as in `genopt list`; or a task file (`genopt init`)."),
    ] = None
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the run's folder is called after; the task if left out.")
    ] = None
    agent: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The optimizer (`genopt list --agents`), or module:Class of your own."),
    ] = None
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The agent's model: provider/name, or local/smollm2.")
    ] = None
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Of an OpenAI-compatible server that has the agent's model.")
    ] = None
    price: Annotated[
        str | None,
        typer.Option(metavar="IN,OUT", help="Dollars per million prompt and reply tokens, where they are not known."),
    ] = None
    budget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT=LIMIT", help="A hard stop: trials=500, tokens=100000, money=2 (US dollars). May be repeated."
        ),
    ] = None
    edits: Annotated[int | None, typer.Option(min=1, metavar="N", help="Edits of the run; the id has a default.")] = (
        None
    )
    parameters: Parameters = None
    agent_options: AgentOptions = None
    seed: Annotated[int | None, typer.Option(min=0, metavar="SEED", help="Seed of the run; 0 if left out.")] = None
    seeds: Annotated[int | None, typer.Option(min=1, metavar="N", help="Run seeds 0 to N-1 and compare them.")] = None
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Worker processes; one per core if left out. ray: on a cluster.")
    ] = None
    address: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of the Ray cluster, with --workers ray.")] = (
        None
    )
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A new folder; a free name under runs/ if left out.")
    ] = None
    resume: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Go on with this interrupted run.")] = None
    more_edits: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="With --resume: N edits more than the run was to have.")
    ] = None
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="With --resume: go on although your own code or data has changed."),
    ] = False
    replay: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Take model replies from this run; nothing is asked, no key is needed."),
    ] = None
    exchange: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For --agent manual: where prompts and replies are put.")
    ] = None
    timeout: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="How long to wait for one reply.")
    ] = None
    callbacks: Callbacks = None
    trackers: Trackers = None
    film: Annotated[
        bool, typer.Option("--film/--no-film", help="Film the best at the end, where the task has a screen.")
    ] = True
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many trials and model calls it would take.")
    ] = False
    confinement: Confinement = None


@dataclass(frozen=True, kw_only=True)
class PromptArguments:
    """Of ``genopt prompt``."""

    id: Annotated[str, Id]
    agent: Annotated[str, typer.Option(metavar="NAME", help="An agent that asks a model.")] = "proposer"
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Fit the prompt into this model's context.")] = None
    parameters: Parameters = None
    agent_options: AgentOptions = None
    seed: Annotated[int, typer.Option(min=0, metavar="SEED", help="Seed of the run.")] = 0
    confinement: Confinement = None


@dataclass(frozen=True, kw_only=True)
class GatewayArguments:
    """Of ``genopt gateway``."""

    model: Annotated[
        str,
        typer.Option(metavar="NAME", help="Answers every call: provider/name as litellm knows it, or local/smollm2."),
    ]
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="On 127.0.0.1; 0 takes a free one.")] = 0
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Of an OpenAI-compatible server that has the model.")
    ] = None
    budget: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT=LIMIT", help="A hard stop: tokens=100000, money=2 (US dollars). May be repeated."),
    ] = None
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep replies here, and serve those that are here.")
    ] = None
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Answer from this file alone; no model is asked.")
    ] = None
    role: Annotated[str, typer.Option(metavar="ROLE", help="Whom calls are charged to.")] = "proposer"


@dataclass(frozen=True, kw_only=True)
class McpArguments:
    """Of ``genopt mcp``."""

    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Environments that may be taken; all of the suite's if left out."),
    ] = None
    parameters: Parameters = None
    edits: Annotated[int | None, typer.Option(min=1, metavar="N", help="Most edits of a run.")] = None
    runs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Most runs that may be begun.")] = None
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where run folders go; runs/ if left out.")] = None
    http: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Serve streamable HTTP on 127.0.0.1, 0 for any free port; standard input and output if left out.",
        ),
    ] = None
    confinement: Confinement = None


@dataclass(frozen=True, kw_only=True)
class WorkspaceArguments:
    """Of ``genopt workspace``."""

    id: Annotated[str, Id]
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the assistant.")]
    parameters: Parameters = None
    edits: Annotated[int | None, typer.Option(min=1, metavar="N", help="Steps of the run; the id has a default.")] = (
        None
    )
    seed: Annotated[int | None, typer.Option(min=0, metavar="SEED", help="Seed of the run; 0 if left out.")] = None
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the run folder goes, apart from DIR; runs/ if left out.")
    ] = None
    resume: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Go on with this run that was left.")] = None
    confinement: Confinement = None


@dataclass(frozen=True, kw_only=True)
class ListArguments:
    """Of ``genopt list``: a flag for each table."""

    family: Annotated[
        str | None, typer.Option("--family", metavar="NAME", help="Only the environments of a family, such as Atari.")
    ] = None
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="NAME", help="Those of a suite, with its parameters: open, say.")
    ] = None
    scores: Annotated[
        bool, typer.Option("--scores", help="What to hold results against: floors, references, published, measured.")
    ] = False
    agents: Annotated[bool, typer.Option("--agents", help="Optimizers, for --agent.")] = False
    graders: Annotated[
        bool, typer.Option("--graders", help="What answers are held against expected ones by, for --set function=NAME.")
    ] = False
    callbacks: Annotated[bool, typer.Option("--callbacks", help="Who can watch a run, for --callback.")] = False
    accept: Annotated[bool, typer.Option("--accept", help="Rules for which edits stay, for --set accept=NAME.")] = False
    windows: Annotated[
        bool, typer.Option("--windows", help="Which inner steps a trace shows, for --set trace_window=NAME.")
    ] = False
    feedback: Annotated[
        bool, typer.Option("--feedback", help="""What feedback tells, for --set 'feedback=["NAME"]'.""")
    ] = False
    tiers: Annotated[bool, typer.Option("--tiers", help="How artifact code is confined, for --confinement.")] = False
    backends: Annotated[bool, typer.Option("--backends", help="Where models answer: the part before the slash.")] = (
        False
    )


@dataclass(frozen=True, kw_only=True)
class ReportArguments:
    """Of ``genopt report``."""

    folders: Annotated[
        list[Path],
        typer.Argument(metavar="STUDY|RUN...", help="A study's folder, or runs that are drawn together."),
    ]
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the report of runs goes; FOLDER/report if left out.")
    ] = None
    paper: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Learning curves released with Nie et al. 2026, to draw behind.")
    ] = None
    watch: Annotated[bool, typer.Option("--watch", help="Write it again and again while the study runs.")] = False
    normalise: Annotated[
        Literal["reference", "record"],
        typer.Option(help="What 1 is on the normalised scale: the reference score, or the best one known."),
    ] = "reference"
