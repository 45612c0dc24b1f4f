"""``genopt run``: one learning loop or one per seed, begun or resumed."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import typer
from rich.console import Console

from genopt_gym.agents import AROUND_OTHERS
from genopt_gym.cli.arguments import PromptArguments, RunArguments
from genopt_gym.cli.tables import print_table
from genopt_gym.core.drawing import number
from genopt_gym.core.errors import UserError
from genopt_gym.core.intervals import MIN_VALUES, bootstrap_interval
from genopt_gym.core.journal import write_atomically
from genopt_gym.evaluation.worker_process import default_workers
from genopt_gym.llm import ModelError
from genopt_gym.llm.errors import ModelRefused
from genopt_gym.registration import EXAMPLES, FUNCTION
from genopt_gym.runs import preflight
from genopt_gym.runs.callbacks import make_callbacks
from genopt_gym.runs.config import Config, read_run
from genopt_gym.runs.folder import check_unused, claim_path
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.result import Result
from genopt_gym.runs.resuming import Changes
from genopt_gym.runs.run import load_run

PLAN = "seeds.json"
"""In a folder of several runs: what they have in common, and how many seeds there are."""


GO_WITH_RESUME = {"resume", "more_edits", "base_url", "price", "timeout", "budget", "accept_changes"}
GO_WITH_RESUME |= {"callbacks", "trackers", "film", "workers", "address", "confinement"}


def run(request: RunArguments) -> None:
    try:
        default_workers()
    except ValueError as error:
        raise UserError(str(error)) from None
    if request.resume is not None:
        config, seeds = _resumed(request)
        folder = request.resume
    else:
        config, seeds = read_config(request), request.seeds
        folder = request.out or Path("runs") / _name(config, seeds, request.name)
        if request.out is not None:
            check_unused(folder)
        if request.accept_changes:
            raise UserError("--accept-changes is about a run that is there: name it with --resume FOLDER")
        if request.more_edits is not None:
            raise UserError("--more-edits adds to a run that is there: name it with --resume FOLDER")
    # Now, so that wrong words leave no folder behind.
    watching = make_callbacks(["page", "progress", *(request.trackers or []), *(request.callbacks or [])])
    prepared = config.prepare() if request.resume is None else None
    if prepared is not None:
        preflight.check(prepared)
    if request.resume is None and request.out is None:
        folder = claim_path(folder)
    if seeds is not None:
        _write_plan(folder, config, seeds)

    def loop(config: Config, folder: Path) -> Result:
        if request.resume is not None:
            config = replace(config, agent_options={**config.agent_options, **_reached(request)})
        if (folder / "config.json").exists():
            changes = (
                Changes(request.more_edits or 0, _reached(request), _budget(request)) if request.resume else Changes()
            )
            return resume_run(
                folder, watching, changes=changes, accept_changes=request.accept_changes, film=request.film
            )
        chosen = prepared if prepared and config == prepared.config else config
        return start_run(chosen, folder, watching, film=request.film)

    try:
        if seeds is None:
            show_result(loop(config, folder))
        else:
            _show_seeds([loop(*each) for each in _seed_runs(config, folder, seeds)], folder, Console())
    except ModelRefused as error:
        raise UserError(f"{error}; {folder} keeps the options it was begun with, so begin another run") from error
    except ModelError as error:
        raise UserError(f"{error}; {_how_to_go_on(folder)}") from error
    except KeyboardInterrupt:
        print(f"\ngenopt: stopped; {_how_to_go_on(folder)}", file=sys.stderr)
        raise typer.Exit(130) from None


def _how_to_go_on(folder: Path) -> str:
    begun = any((folder / name).exists() for name in ("config.json", PLAN))
    return f"go on with: genopt run --resume {shlex.quote(str(folder))}" if begun else "nothing was begun"


def read_config(request: RunArguments) -> Config:
    if request.id is None:
        raise UserError("name an environment (genopt list shows them), or a run to go on with by --resume FOLDER")
    if request.agent is None:
        raise UserError("name the optimizer with --agent, such as --agent hill-climbing")
    if request.seed is not None and request.seeds is not None:
        raise UserError("--seed is one run, --seeds N runs the seeds 0 to N-1: give one of the two")
    return replace(
        read_options(request),
        edits=request.edits,
        replay=None if request.replay is None else str(request.replay.absolute()),
    )


def read_options(request: RunArguments | PromptArguments) -> Config:
    """Environment, agent and seed, with their options."""
    assert request.id is not None
    assert request.agent is not None
    return Config(
        id=request.id,
        agent=request.agent,
        seed=request.seed or 0,
        parameters=_parameters(request),
        agent_options=_agent_options(request),
    )


def _parameters(request: RunArguments | PromptArguments) -> dict[str, Any]:
    parameters = pairs("--set", request.parameters or [])
    if isinstance(request, RunArguments) and (budget := _budget(request)):
        parameters["budget"] = {**(parameters.get("budget") or {}), **budget}
    return parameters


def _agent_options(request: RunArguments | PromptArguments) -> dict[str, Any]:
    options = pairs("--agent-option", request.agent_options or [])
    if request.model is not None:
        options["model"] = request.model
    if isinstance(request, PromptArguments):
        return options
    if request.exchange is not None:
        options["exchange"] = str(request.exchange.absolute())
    return options | _reached(request)


def _reached(request: RunArguments) -> dict[str, Any]:
    """Options on how the model is reached."""
    given = {"base_url": request.base_url, "timeout": request.timeout, "prices": _prices(request.price)}
    return {name: value for name, value in given.items() if value is not None}


def _prices(words: str | None) -> list[float] | None:
    """``1,2`` as two numbers."""
    if words is None:
        return None
    try:
        prompt, reply = map(float, words.split(","))
    except ValueError:
        raise UserError(
            f"--price takes dollars per million prompt and reply tokens, as in 1,2, not {words!r}"
        ) from None
    return [prompt, reply]


def _budget(request: RunArguments) -> dict[str, float]:
    limits = pairs("--budget", request.budget or [])
    for what, limit in limits.items():
        if not isinstance(limit, int | float):
            raise UserError(f"--budget takes WHAT=NUMBER, got {what}={limit}")
    return limits


def pairs(option: str, words: Sequence[str]) -> dict[str, Any]:
    """``key=value`` words; a value is JSON where it can be read as JSON, else text."""
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise UserError(f"{option} takes KEY=VALUE, got {word!r}")
        try:
            pairs[key] = json.loads(value)
        except ValueError:
            pairs[key] = value
    return pairs


def _name(config: Config, seeds: int | None, name: str | None = None) -> str:
    """A folder's name: ``atari-pong-cma-es-seed0``; a task of one's own is called after its function."""
    task = name or _own_name(config) or re.sub(r"-v\d+$", "", config.id.split("/")[-1])
    words = f"{task}-{_agent_words(config.agent)}-" + (f"seed{config.seed}" if seeds is None else f"{seeds}seeds")
    return re.sub(r"[^\w.]+", "-", words).strip("-").lower()


def _agent_words(agent: str) -> str:
    """``hill-climbing`` of itself, ``Scaling`` of ``my_agents:Scaling``, and all of ``bandit:hill-climbing``."""
    return agent if agent.partition(":")[0] in AROUND_OTHERS else agent.rpartition(":")[2]


def _own_name(config: Config) -> str:
    """``stopping-score`` of ``stopping:score``, ``questions-numeric`` of a grader and its data; else empty."""
    function, data = config.parameters.get("function"), config.parameters.get("data")
    if config.id not in (FUNCTION.id, EXAMPLES.id):
        return ""
    name = function.get("grader", "") if isinstance(function, dict) else str(function)
    return f"{Path(data).stem}-{name}" if isinstance(data, str) and ":" not in name else name


def _resumed(request: RunArguments) -> tuple[Config, int | None]:
    assert request.resume is not None
    for field in fields(request):
        if field.name not in GO_WITH_RESUME and getattr(request, field.name) not in (None, [], False):
            raise UserError(
                f"--resume takes everything from {request.resume}; only what changes nothing that was done may go "
                "with it: --more-edits, --budget, --base-url, --price, --timeout, --accept-changes, --callback, "
                "--track, --no-film, --workers, --address and --confinement"
            )
    plan = request.resume / PLAN
    if plan.exists() and request.more_edits is not None:
        raise UserError(f"--more-edits goes with one run, and {request.resume} holds one per seed: name one of them")
    if not plan.exists():
        return read_run(request.resume), None
    try:
        data = json.loads(plan.read_text(encoding="utf-8"))
        return Config(**data["run"]), int(data["seeds"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{plan} cannot be read: {error!r}") from None


def _write_plan(folder: Path, config: Config, seeds: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    plan = {"run": vars(config), "seeds": seeds}
    write_atomically(folder / PLAN, json.dumps(plan, indent=1).encode() + b"\n")


def _seed_runs(config: Config, folder: Path, seeds: int) -> list[tuple[Config, Path]]:
    return [(replace(config, seed=seed), folder / f"seed{seed}") for seed in range(seeds)]


def show_result(result: Result) -> None:
    metric = load_run(result.folder).metric
    print("" if result.ended_by == "updates" else f"ended: {result.ended_by}\n")
    how = "validation" if result.confirmation_score is None else "confirmation, out of the best by validation"
    print(f"{metric.name}; the best by {how}")
    for name, validation, confirmation, test in (
        ("start", result.start_score, None, result.start_test_score),
        ("best", result.validation_score, result.confirmation_score, result.test_score),
    ):
        again = "" if confirmation is None else f"  confirmation {number(confirmation, metric):>7}"
        print(f"{name:<5}  validation {number(validation, metric):>7}{again}  test {number(test, metric):>7}")
    for role, cost in result.models.items():
        money = "unknown" if cost.money is None else f"${cost.money:.4f}"
        tokens = f"{cost.prompt_tokens:,} + {cost.completion_tokens:,} tokens"
        if cost.calls and not cost.tokens:
            tokens = "tokens unknown"
        if cost.uncounted_tokens:
            tokens += f", at most {cost.uncounted_tokens:,} not counted by the server"
        if failed := cost.lost_tokens - cost.uncounted_tokens:
            tokens += f", and at most {failed:,} in failed attempts"
        print(f"model  {role}: {cost.calls} calls, {tokens}, money {money}")
    print()
    print(f"run    {result.folder}")
    for what, name in (("page", "run.html"), ("curve", "curve.png"), ("best", "best.py"), ("film", "best.gif")):
        if (result.folder / name).exists():
            print(f"{what:<6} {result.folder / name}")


def _show_seeds(results: Sequence[Result], folder: Path, console: Console) -> None:
    """A table over the seeds, and how sure its means are."""
    names = ("start_score", "validation_score", "start_test_score", "test_score")
    columns = [[getattr(result, name) for result in results] for name in names]
    rows = [[str(seed), *map(number, row)] for seed, row in enumerate(zip(*columns, strict=True))]
    # A mean without the runs whose budget did not bear test scores would be another thing: then there is none.
    known = [column if None not in column else [] for column in columns]
    rows.append(["mean", *(number(fmean(column) if column else None) for column in known)])
    enough = len(results) >= MIN_VALUES and all(known)
    if enough:
        intervals = [bootstrap_interval(column) for column in known]
        rows.append(["95%", *(f"{number(low)} .. {number(high)}" for low, high in intervals)])
    print()
    heads = ["seed", "start", "best validation", "start's test", "test"]
    print_table(console, heads, rows, numbers_from=1)
    count = f"{len(results)} seed{'s' if len(results) > 1 else ''}"
    if enough:
        print(f"95%: percentile bootstrap interval of the mean over {count}")
    else:
        print(f"{count}: too few for any conclusion; take at least {MIN_VALUES}")
    print(f"\nruns   {folder}")
