"""Vectorization: make the forward pass of a convolution fast, in NumPy alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from genopt_gym.core.artifact import Artifact, Component, Structure
from genopt_gym.core.checks import whole_number
from genopt_gym.core.evidence import Call, Failure, Instance, Recorder
from genopt_gym.core.limits import Limits
from genopt_gym.core.summary import summarized
from genopt_gym.core.task import Metric, Task
from genopt_gym.envs.mlagentbench.vectorization_starts import IDLE, NAIVE, WORKING, one_function
from genopt_gym.sandbox.session import Session, SessionDied
from genopt_gym.sandbox.summaries import summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-6
"""Largest difference from the right output, in units of its largest value."""

INPUTS = """\
features is an array of float64, shape (images, height, width, channels); kernels has shape (size, size, channels,
filters), biases has shape (filters,); stride and padding are integers, stride from 1 and padding from 0. Shapes and
values differ from call to call."""
OUTPUT = """\
The images are padded with zeros, by padding on each of the four sides. The output has shape (images, rows, columns,
filters) with rows = (height + 2 * padding - size) // stride + 1, and columns likewise: at row r and column c the sum
of kernel times image portion, whose upper left corner is (r * stride, c * stride), plus the bias; negative values
become 0 (relu)."""
KERNELS = "kernels: ndarray, biases: ndarray, stride: int"
RULES = """\
NumPy and the standard library only; one thread. The output has to be right to 1e-6 of its largest value. Then the
processor time of your process is compared with that of the plain loop on the same inputs."""


class Convolution(NamedTuple):
    """The inputs of one call."""

    features: NDArray[np.float64]
    kernels: NDArray[np.float64]
    biases: NDArray[np.float64]
    stride: int
    padding: int


def expected(problem: Convolution) -> NDArray[np.float64]:
    """The right output, computed on the trusted side."""
    features, kernels, biases, stride, padding = problem
    padded = np.pad(features, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernels.shape[:2], axis=(1, 2))
    output = np.einsum("nrcfhw,hwfk->nrck", windows[:, ::stride, ::stride], kernels, optimize=True) + biases
    result: NDArray[np.float64] = np.maximum(output, 0.0)
    return result


class Vectorization(Task):
    """Speed up the forward pass of a 2D convolution (after MLAgentBench's "vectorization").

    A trial is one shape of input, in several calls with new values each. Every output must be right; then the score is
    how many times as fast as the loop it is. Both are timed from outside, by the kernel's account of the processor
    time of their processes, in turns on one core, each while the other is stopped. What sending arrays takes counts
    for both. Scores differ from run to run.

    Args:
        rounds: calls of a trial.
        validation_size, test_size: how many shapes.
        **others: as for any task.
    """

    family = "MLAgentBench"
    profile = "numpy"
    error_costs = "artifact"
    deterministic = False
    block_size = 1
    limits = Limits(call_seconds=20.0, cpu_seconds=120, answer_bytes=1 << 24)
    metric = Metric(
        name="how many times as fast as the plain loop, mean over shapes",
        low=0,
        high=10_000,
        floor=1,
        reference=80,
        solved=None,
        sources={"floor": "the loop itself", "reference": "windows as a view and one matrix product, measured here"},
    )
    goal = "Write the forward pass of a 2D convolution so that it takes as little time as possible."
    strategy = "Hint: what Python does in a loop for every output, NumPy can do at once for all of them."
    default_start = "one_function/naive"
    protocols: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {},
        "paper": {"split_seed": 42, "feedback": ["score", "staged", "progress"]},
    }
    structures: Mapping[str, Structure] = {
        "one_function": Structure(
            (
                Component(
                    "forward",
                    f"forward(features: ndarray, {KERNELS}, padding: int) -> ndarray",
                    f"{INPUTS}\n{OUTPUT}\nReturns the output.\n{RULES}",
                ),
            ),
            "def workflow(features, kernels, biases, stride, padding):\n"
            "    return forward(features, kernels, biases, stride, padding)\n",
            {"naive": one_function(NAIVE), "working": one_function(WORKING)},
        ),
        "modular": Structure(
            (
                Component(
                    "add_padding",
                    "add_padding(features: ndarray, padding: int) -> ndarray",
                    f"{INPUTS}\nReturns features with zeros around; convolve gets it.\n{RULES}",
                ),
                Component(
                    "convolve",
                    f"convolve(padded: ndarray, {KERNELS}) -> ndarray",
                    f"padded is what add_padding returned.\n{OUTPUT}\nReturns the output before relu.",
                ),
                Component(
                    "activate", "activate(output: ndarray) -> ndarray", "Returns what convolve returned, after relu."
                ),
            ),
            "def workflow(features, kernels, biases, stride, padding):\n"
            "    padded = add_padding(features, padding)\n"
            "    return activate(convolve(padded, kernels, biases, stride))\n",
            {"naive": NAIVE, "working": WORKING},
        ),
    }

    def __init__(self, *, rounds: int = 5, validation_size: int = 2, test_size: int = 4, **others: Any) -> None:
        super().__init__(validation_size=validation_size, test_size=test_size, **others)
        self._rounds = whole_number("rounds", rounds, 1)
        if rounds > 2:
            self.goal += (
                f" A shape's score is the median over {rounds} calls: what is done once, as the text is loaded or in "
                "the first call, does not count."
            )

    def problems(self, instance: Instance) -> list[Convolution]:
        """The inputs of a trial's calls: one shape, other values each time."""
        draw = np.random.default_rng(self.seed(instance))
        images, height, width = int(draw.integers(6, 11)), int(draw.integers(26, 37)), int(draw.integers(26, 37))
        channels, filters, size = int(draw.integers(2, 5)), int(draw.integers(6, 11)), int(draw.integers(2, 5))
        stride, padding = int(draw.integers(1, 3)), int(draw.integers(0, 3))
        return [
            Convolution(
                draw.standard_normal((images, height, width, channels)),
                draw.standard_normal((size, size, channels, filters)),
                draw.standard_normal(filters),
                stride,
                padding,
            )
            for _ in range(self._rounds)
        ]

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """Each call is made to the artifact and to the loop, in turns."""
        reference: Artifact = self.starting_artifact("one_function/naive")
        core = {sorted(cores := os.sched_getaffinity(0))[os.getpid() % len(cores)]}
        with (
            session.sibling(reference.program) as loop,
            session.sibling(reference.edited({"forward": IDLE}).program) as idle,
        ):
            for child in (session, loop, idle):
                os.sched_setaffinity(child.pid, core)
            for slot, recorder in enumerate(recorders):
                self._run_trial(session, loop, idle, slot, recorder)

    def _run_trial(self, session: Session, loop: Session, idle: Session, slot: int, recorder: Recorder) -> None:
        calls: list[Call] = []
        ratios, ours, answer = [], [], None
        problems = self.problems(recorder.instance)
        words = summarized(_words(problems[0])) if recorder.tracing else None
        for problem in problems:
            seconds, reply = _timed(session, slot, problem)
            calls = calls or reply.calls
            failure = reply.failure or _wrong(reply.result, problem, session.program.components[-1][0])
            if failure is not None:
                recorder.fail(failure, words, calls)
                return
            session.send_signal(signal.SIGSTOP)
            try:
                loop_seconds, _ = _timed(loop, 0, problem)
            except SessionDied as death:
                raise RuntimeError(f"the loop that artifacts are compared with failed: {death.failure}") from None
            finally:
                session.send_signal(signal.SIGCONT)
            ours.append(seconds)
            ratios.append(loop_seconds / max(seconds, 1e-6))
        ratio = min(median(ratios), self.metric.best)
        if recorder.tracing:
            fixed = median(_timed(idle, 0, problem)[0] for problem in problems)
            answer = (
                f"right in all {self._rounds} calls, {1e3 * median(ours):.3g} ms each, the loop {ratio:.3g} times "
                f"that; {1e3 * fixed:.2g} ms of each call pass before and after the program, as arrays are sent: no "
                "text changes that"
            )
        recorder.step(words, calls, answer, ratio, session.reply_bytes)
        recorder.finish(ratio, ended=True, metrics={"milliseconds a call": 1e3 * median(ours)})

    def staged(self, score: float) -> str:
        if score < 2:
            return "Hardly faster than the loop: find what can be computed for many outputs at once."
        if score < 50:
            return "Faster than the loop; if a loop is left in Python, it takes most of the time."
        return "Fast: what is left is the order of data in memory, copies, and one good matrix product."


def _words(problem: Convolution) -> dict[str, str]:
    return {n: summary(v) if isinstance(v, np.ndarray) else str(v) for n, v in problem._asdict().items()}


def _timed(session: Session, slot: int, problem: Convolution) -> tuple[float, Any]:
    """Seconds that the child was running for one call, and its reply."""
    before = _seconds_run(session.pid)
    [reply] = session.call([slot], [problem])
    return _seconds_run(session.pid) - before, reply


def _seconds_run(pid: int) -> float:
    """How long a process has been on a processor; where the kernel does not say, the wall clock."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        return time.perf_counter()


def _wrong(result: Any, problem: Convolution, component: str) -> Failure | None:
    """Why an output is not accepted, if it is not."""
    right = expected(problem)
    if not isinstance(result, np.ndarray) or result.dtype.kind not in "biuf":
        found = f"of dtype {result.dtype}" if isinstance(result, np.ndarray) else f"a {type(result).__name__}"
        return Failure("contract_broken", "TypeError", f"the output is {found}, but should be an array", component)
    if result.shape != right.shape:
        message = f"the output has shape {result.shape}, but should have {right.shape}"
        return Failure("contract_broken", "ValueError", message, component)
    error = float(np.max(np.abs(result.astype(np.float64) - right), initial=0.0)) / max(float(np.max(right)), 1e-300)
    if not error <= TOLERANCE:  # NaN is wrong too
        message = f"the output is wrong by up to {error:.2g} of its largest value; {TOLERANCE:g} is allowed"
        return Failure("contract_broken", "ValueError", message, component)
    return None
