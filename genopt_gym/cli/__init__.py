"""``genopt``, the command line. A command's module is imported when it is called: the help stays quick."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from genopt_gym.cli.study_app import study_app
from genopt_gym.core.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Optimize programs by editing them: a step is one edit, and the evidence of its run comes back.",
)


Confinement = Annotated[
    str | None,
    typer.Option(
        metavar="TIER",
        help="strong, seccomp or weak; the best this machine has if left out, but never weak by itself.",
    ),
]


@app.command("list")
def list_command(
    scores: Annotated[
        bool, typer.Option("--scores", help="What to hold results against: floors, references, published, measured.")
    ] = False,
) -> None:
    """Show every environment: id, family, starting artifacts, metric, solved score."""
    from genopt_gym.cli.catalogue import show, show_scores

    (show_scores if scores else show)()


@app.command("run")
def run_command(
    id: Annotated[str | None, typer.Argument(metavar="ID", help="The environment, as in `genopt list`.")] = None,
    agent: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The optimizer: random, hill-climbing, cma-es, scripted; asking a model: proposer, opro, evolution, "
            "best-of-n; asking you: manual; or module:Class of your own.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The agent's model: provider/name, or local/smollm2.")
    ] = None,
    edits: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Edits of the run; the id has a default.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of gym.make, as in --set start=modular/naive --set batch_size=4. "
            "Values are JSON; what is not JSON is text. May be repeated.",
        ),
    ] = None,
    agent_option: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A parameter of the agent, as in --agent-option sigma=0.5."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="SEED", help="Seed of the run; 0 if left out.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, metavar="N", help="Run seeds 0 to N-1 and compare them.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Worker processes; one per core if left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A new folder; a free name under runs/ if left out.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Go on with this interrupted run; takes only --workers, --confinement."),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Take model replies from this run; nothing is asked, no key is needed."),
    ] = None,
    exchange: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For --agent manual: where prompts and replies are put.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="How long to wait for one reply.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many trials and model calls it would take.")
    ] = False,
    confinement: Confinement = None,
) -> None:
    """Run an optimizer on an environment, and keep everything it did in a folder.

    Example: genopt run GenOpt/Control-CartPole-v0 --agent hill-climbing --set start=modular/parametric
    """
    from genopt_gym.cli.running import RunArguments, run

    _choose(confinement)
    if workers is not None:
        os.environ["GENOPT_WORKERS"] = str(workers)
    options = agent_option or []
    request = RunArguments(
        id, agent, edits, set_ or [], options, seed, seeds, out, resume, model, exchange, timeout, replay
    )
    if dry_run:
        from genopt_gym.cli.planning import show_plan

        show_plan(request)
    else:
        run(request)


@app.command("prompt")
def prompt_command(
    id: Annotated[str, typer.Argument(metavar="ID", help="The environment, as in `genopt list`.")],
    agent: Annotated[str, typer.Option(metavar="NAME", help="An agent that asks a model.")] = "proposer",
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Fit the prompt into this model's context.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A parameter of gym.make.")
    ] = None,
    agent_option: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A parameter of the agent.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="SEED", help="Seed of the run.")] = 0,
    confinement: Confinement = None,
) -> None:
    """Show the first prompt of a run: what the model would be asked. No model is called."""
    from genopt_gym.cli.prompting import show_prompt
    from genopt_gym.cli.running import RunArguments

    _choose(confinement)
    show_prompt(RunArguments(id, agent, None, set_ or [], agent_option or [], seed, None, None, None, model))


@app.command("play")
def play_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, of an ended or an interrupted run.")],
    film: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Where the film goes, .gif or .mp4; RUN/best.gif if left out.")
    ] = None,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Draw the observation's objects into the film (RUN/boxes.gif).")
    ] = False,
    episodes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Test episodes to play; the film shows the first.")
    ] = 1,
    confinement: Confinement = None,
) -> None:
    """Play a run's best artifact on test episodes: print its scores, film it where the task has a screen."""
    _choose(confinement)
    from genopt_gym.cli.playing import play

    play(run, film, boxes, episodes)


@app.command("gateway")
def gateway_command(
    model: Annotated[
        str,
        typer.Option(metavar="NAME", help="Answers every call: provider/name as litellm knows it, or local/smollm2."),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="On 127.0.0.1; 0 takes a free one.")] = 0,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Of an OpenAI-compatible server that has the model.")
    ] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT=LIMIT", help="A hard stop: tokens=100000, money=2 (US dollars). May be repeated."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep replies here, and serve those that are here.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Answer from this file alone; no model is asked.")
    ] = None,
    role: Annotated[str, typer.Option(metavar="ROLE", help="Whom calls are charged to.")] = "proposer",
) -> None:
    """Serve a model to other libraries, over OpenAI's chat protocol: their calls share a budget and are counted.

    Example: genopt gateway --model openai/gpt-5-mini --budget money=2 --record replies.jsonl
    """
    from genopt_gym.cli.serving import Arguments, serve

    serve(Arguments(model, port, base_url, budget or [], record, replay, role))


app.add_typer(study_app, name="study")

data_app = typer.Typer(no_args_is_help=True, help="Get tables that do not come with genopt_gym.")
app.add_typer(data_app, name="data")


@data_app.callback()
def data_commands() -> None:
    """Get tables that do not come with genopt_gym."""


@data_app.command("fetch")
def fetch_command(
    name: Annotated[str, typer.Argument(metavar="TABLE", help="house-price or spaceship-titanic.")],
    source: Annotated[str | None, typer.Option(help="kaggle or openml; Kaggle if left out.")] = None,
    folder: Annotated[Path | None, typer.Option(metavar="DIR", help="Where it goes; the cache if left out.")] = None,
) -> None:
    """Fetch a competition's table with your own account, and keep it with its checksum."""
    from genopt_gym.cli.data import fetch

    fetch(name, source, folder)


@app.command("report")
def report_command(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A study's folder; the study may be unfinished.")],
    paper: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Learning curves released with Nie et al. 2026, to draw behind.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Write it again and again while the study runs.")] = False,
) -> None:
    """Write what a study shows: a page (STUDY/report/index.html), and its figures and tables as PNG and CSV files."""
    from genopt_gym.cli.reporting import report

    report(study, paper, watch)


@app.command("verify")
def verify_command(
    path: Annotated[Path, typer.Argument(metavar="STUDY", help="A study's folder, or a run's.")],
    every: Annotated[
        bool, typer.Option("--all", help="The artifact of every step; else the first and the best of each run.")
    ] = False,
    confinement: Confinement = None,
) -> None:
    """Run stored artifacts again and compare their scores with the stored ones; exit code 1 if one has changed."""
    from genopt_gym.cli.verifying import verify

    _choose(confinement)
    verify(path, every)


@app.command("doctor")
def doctor_command(confinement: Confinement = None) -> None:
    """Show how artifact code is confined on this machine, see that it holds, and say what it leaves open."""
    from genopt_gym.cli.doctor import doctor

    _choose(confinement)
    doctor()


def _choose(confinement: str | None) -> None:
    if confinement is not None:
        os.environ["GENOPT_CONFINEMENT"] = confinement


def main() -> None:
    """Entry point: bad input ends with one sentence and exit code 2, a task's own failure with 1."""
    # Agents and tasks of one's own (module:Class) may lie in the folder one stands in.
    sys.path.append(os.getcwd())
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    try:
        app()
    except UserError as error:
        _fail(str(error), 2)
    except Exception as error:
        from genopt_gym.evaluation import EvaluationError

        if not isinstance(error, EvaluationError):
            raise
        _fail(str(error), 1)


def _fail(message: str, code: int) -> None:
    print(f"genopt: {message}", file=sys.stderr)
    sys.exit(code)


def _show_warning(message: Warning | str, *_: object) -> None:
    """Warnings in the same form as errors; Gymnasium colours its own and puts a word before."""
    text = str(message).replace("\x1b[33m", "").replace("\x1b[0m", "").removeprefix("WARN: ")
    print(f"genopt: note: {text}", file=sys.stderr)
