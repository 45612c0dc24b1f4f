"""What a study shows, in sentences; and what it cannot show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from genopt_gym.core.intervals import MIN_VALUES
from genopt_gym.core.metric import RECORD
from genopt_gym.study.analysis.comparison import SIGNIFICANT, Comparison, Effect
from genopt_gym.study.analysis.statistics import Estimate, task_name
from genopt_gym.study.analysis.tables import describe, is_cut
from genopt_gym.study.records import Plan, RunRecord

SENTENCES = 10
PAIRS_NEEDED = 6
"""A sign-flip test of fewer pairs never gives a p-value of 5 % or less."""


def findings(effects: Sequence[Effect], compared: Sequence[Comparison], plan: Plan) -> list[tuple[bool, str]]:
    """Whether something is shown, and the sentence: main effects, interactions if shown, arms against controls."""
    said = []
    for effect in effects:
        main = len(effect.factors) == 1
        if main or effect.shown:
            subject = describe(effect) if main else f"Interaction of {describe(effect)}"
            said.append((effect.shown, f"{subject}: {_change(effect.estimate, effect.shown, effect.p)}"))
    agents = {run.arm: run.agent for run in plan.runs}
    for pair in compared:
        if agents[pair.against] in plan.controls and agents[pair.arm] not in plan.controls:
            sentence = f"{pair.arm} against {pair.against} (control): {_change(pair.difference, pair.shown, pair.p)}"
            said.append((pair.shown, sentence))
    if not said:
        said = [(c.shown, f"{c.arm} against {c.against}: {_change(c.difference, c.shown, c.p)}") for c in compared]
    return said[:SENTENCES]


def beyond_records(records: Sequence[RunRecord]) -> list[tuple[bool, str]]:
    """A sentence for each task of which a run went beyond the best score known, about its best run.

    Of an open problem any score counts; elsewhere the test score, as the record is one.
    """
    best: dict[str, tuple[float, RunRecord]] = {}
    for record in records:
        task = task_name(record.run)
        score = record.validation_score if _is_published(record) else record.test_score
        if score is None or not record.metric.is_beyond_record(score):
            continue
        if task not in best or record.metric.better(score, best[task][0]):
            best[task] = score, record
    return [(True, _beyond(task, *found)) for task, found in best.items()]


def _beyond(task: str, score: float, record: RunRecord) -> str:
    who = f"{record.run.arm}, seed {record.run.seed}"
    exactly = ", verified exactly" if "/Discovery-" in record.run.config.id else ""
    known = f"the published value{exactly}" if _is_published(record) else "the best score known here"
    return f"{task}: {score:.12g} is beyond {known} ({record.metric.record:.12g}); by {who}."


def _is_published(record: RunRecord) -> bool:
    """Whether others tell the record, and no reference program of ours."""
    return record.metric.sources.get("record") != RECORD


def caveats(compared: Sequence[Comparison], records: Sequence[RunRecord]) -> list[str]:
    """What the reader must not conclude."""
    said = []
    states = Counter(record.state for record in records)
    left = states["planned"] + states["unfinished"]
    if left:
        said.append(f"{_count(left, 'run')} of {len(records)} still to be finished: these figures may change.")
    lost = states["failed"] + states["damaged"]
    if lost:
        words = f"{_count(lost, 'run')} failed or damaged, and in no figure"
        said.append(f"{words}: if these went badly, what is left flatters their arms.")
    cut = sum(map(is_cut, records))
    if cut:
        said.append(f"In {_count(cut, 'run')} no trace reached the credit horizon that was asked for: see each task.")
    if compared and any(pair.difference.seeds < MIN_VALUES for pair in compared):
        fewest = min(pair.difference.seeds for pair in compared)
        said.append(
            f"Some arms can be compared at only {_count(fewest, 'seed')} of a task. Under {MIN_VALUES} there is no "
            "interval: whether another seed would turn the order round cannot be concluded."
        )
    elif compared and any(pair.pairs < PAIRS_NEEDED for pair in compared):
        said.append(
            f"Fewer than {PAIRS_NEEDED} pairs of runs cannot show a difference at {SIGNIFICANT:.0%}, however large."
        )
    if len(compared) > 1:
        said.append(
            f"{len(compared)} pairs of arms are compared, each at {SIGNIFICANT:.0%}: "
            f"about {len(compared) * SIGNIFICANT:.1f} of them would look different if nothing were."
        )
    return said


def headline(effects: Sequence[Effect], compared: Sequence[Comparison]) -> str:
    """A sentence that goes first where no difference is shown; empty where one is, or where nothing is compared."""
    everything = [*effects, *compared]
    if not everything or any(each.shown for each in everything):
        return ""
    estimates = [*(effect.estimate for effect in effects), *(pair.difference for pair in compared)]
    if all(estimate.low is None for estimate in estimates):
        return "Nothing can be concluded yet: there are too few seeds for any interval."
    return (
        f"No difference between arms is shown: of {_count(len(everything), 'comparison')}, none excludes chance at "
        f"{SIGNIFICANT:.0%}. That does not show that the arms are alike."
    )


def _change(estimate: Estimate, shown: bool, p: float) -> str:
    seeds = _count(estimate.seeds, "seed")
    if estimate.low is None or estimate.high is None:
        return f"{signed(estimate.value)} on {seeds}; too few for any conclusion."
    interval = f"[{fixed(estimate.low)}, {fixed(estimate.high)}]"
    words = ("higher," if estimate.value > 0 else "lower,") if shown else "no difference shown:"
    # An interval without 0 and a p above 5 % do not go together on few seeds: the sentence tells both.
    return f"{words} {signed(estimate.value)} {interval}, p = {p_value(p)}, {seeds}."


def fixed(value: float) -> str:
    """Two digits after the point, and no minus before a zero.

    >>> fixed(-0.0001), fixed(-0.146), fixed(9e-18)
    ('0.00', '−0.15', '0.00')
    """
    text = f"{value:.2f}"
    return text.replace("-", "−") if float(text) else "0.00"


def signed(value: float) -> str:
    """The same with a sign: ``+0.20``."""
    text = fixed(value)
    return text if text[0] == "−" or text == "0.00" else f"+{text}"


def p_value(p: float) -> str:
    """As it is printed.

    >>> p_value(0.25), p_value(0.03125), p_value(0.00024)
    ('0.25', '0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def _count(number: int, noun: str) -> str:
    """``1 seed``, ``3 seeds``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
