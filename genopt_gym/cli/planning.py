"""``genopt run --dry-run``: how many trials and model calls a run would make; nothing is run, and no model is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genopt_gym.cli.arguments import RunArguments
from genopt_gym.cli.running import read_config
from genopt_gym.runs.preflight import problems
from genopt_gym.study.planning.estimate import Calls, estimate_run


def show_plan(request: RunArguments) -> None:
    config = read_config(request)
    found = estimate_run(config)
    trials, steps, seeds = found.trials, found.edits + 1, request.seeds or 1
    print(f"{config.id}  {config.agent}  {seeds} run{'s' if seeds > 1 else ''} of {found.edits} edits")
    again = f" + {trials.confirmation} confirmation" if trials.confirmation else ""
    words = f"{steps} x ({trials.train} train + {trials.validation} validation){again} + 2 x {trials.test} test"
    print(f"trials    {words} = {found.total_trials:,} a run at most")
    for calls in found.calls:
        show_calls(calls.times(seeds))
    if found.uncounted:
        show_uncounted([config.agent])
    if budget := config.parameters.get("budget"):
        print(f"budget    {limits(budget)} a run")
    for problem in problems(config.prepare()):
        print(f"needed    {problem}")


def show_calls(calls: Calls) -> None:
    count = f"{calls.least:,}" if calls.least == calls.most else f"{calls.least:,} to {calls.most:,}"
    dollars = calls.money
    if dollars is None:
        money = "price unknown"
    else:
        typical = calls.typical_money or 0.0
        mostly = f"typically ${typical:,.2f}, " if typical else ""
        money = f"{mostly}at most ${dollars:,.2f}" + ("" if calls.prompt_tokens else ", and the prompts'")
    asked = f"{count} calls of {calls.model}"
    if not calls.model.startswith("command/"):  # whose replies are as long as they are
        asked += f", at most {calls.reply_tokens:,} tokens a reply"
    print(f"{calls.role:<9} {asked}: {money}")


def show_uncounted(agents: Sequence[str]) -> None:
    names = ", ".join(agents)
    print(f"more      {names} asks its model, and makes trials beside the steps, as often as it likes: give a budget")


def limits(budget: Mapping[str, float]) -> str:
    return ", ".join(
        f"${limit:,.2f}" if name == "money" else f"{limit:,} {name.replace('_', ' ')}" for name, limit in budget.items()
    )
