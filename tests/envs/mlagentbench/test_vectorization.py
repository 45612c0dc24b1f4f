"""Vectorization: right first, then timed from outside, in turns with the loop."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.mlagentbench.vectorization import Convolution, Vectorization, expected
from genopt_gym.envs.mlagentbench.vectorization_starts import HALFWAY, NAIVE
from genopt_gym.evaluation import Evaluation, Evaluator

SPEC = TaskSpec("genopt_gym.envs.mlagentbench.vectorization:Vectorization", {})
INSTANCE = Instance("validation", 0)


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(SPEC)


def evaluate(evaluator: Evaluator, convolve: str) -> Evaluation:
    start = evaluator.task.starting_artifact("modular/naive")
    return evaluator.evaluate(start.edited({"convolve": convolve}), [INSTANCE], View(None))


def test_expected_output_is_that_of_the_loop() -> None:
    namespace: dict[str, object] = {}
    for text in NAIVE.values():
        exec(text, namespace)
    add_padding, convolve, activate = (namespace[name] for name in NAIVE)
    assert callable(add_padding)
    assert callable(convolve)
    assert callable(activate)
    draw = np.random.default_rng(0)
    for stride, padding, size in ((1, 0, 3), (2, 1, 2), (3, 2, 4)):
        features, kernels = draw.standard_normal((2, 8, 9, 3)), draw.standard_normal((size, size, 3, 5))
        problem = Convolution(features, kernels, draw.standard_normal(5), stride, padding)
        output = activate(convolve(add_padding(features, padding), kernels, problem.biases, stride))
        np.testing.assert_allclose(expected(problem), output, atol=1e-12)


def test_calls_of_a_trial_have_one_shape_and_other_values() -> None:
    task = Vectorization()
    problems = task.problems(INSTANCE)
    assert len(problems) == 5
    assert len({problem.features.shape for problem in problems}) == 1
    assert len({problem.features.tobytes() for problem in problems}) == 5
    shapes = {task.problems(instance)[0].features.shape for instance in task.instances("train")[:5]}
    assert len(shapes) == 5


@pytest.mark.slow
def test_loop_is_as_fast_as_itself_and_half_a_loop_is_faster(evaluator: Evaluator) -> None:
    same, faster = evaluate(evaluator, NAIVE["convolve"]), evaluate(evaluator, HALFWAY)
    assert same.failure is faster.failure is None
    assert same.score == pytest.approx(1.0, abs=0.5)
    assert faster.score > 3
    assert "right in all 5 calls" in faster.trials[0].events[0].action


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        ("return padded", "contract_broken", "the output has shape"),
        ("return result * np.nan", "contract_broken", "wrong by up to nan"),
        ("return result * 1.001", "contract_broken", "wrong by up to 0.001"),
        ("return result[::-1]", "contract_broken", "wrong by up to"),
        ("import scipy.signal", "runtime_error", "No module named 'scipy'"),
        ("return 1 / 0", "runtime_error", "division by zero"),
    ],
)
def test_wrong_outputs_are_told(evaluator: Evaluator, code: str, outcome: str, words: str) -> None:
    evaluation = evaluate(evaluator, HALFWAY.replace("    return output", f"    result = output\n    {code}"))
    assert evaluation.failure is not None
    assert evaluation.failure.outcome == outcome
    assert words in evaluation.failure.message
    assert evaluation.score == 0


@pytest.mark.parametrize("made", ["'fast'", "None", "{1: output}", "np.array(['fast'])", "output.tolist()"])
def test_what_is_no_array_is_told(evaluator: Evaluator, made: str) -> None:
    start = evaluator.task.starting_artifact("modular/working")
    text = f"import numpy as np\ndef activate(output):\n    return {made}\n"
    failure = evaluator.evaluate(start.edited({"activate": text}), [INSTANCE]).failure
    assert failure is not None
    assert (failure.outcome, failure.component) == ("contract_broken", "activate")
    assert "but should be an array" in failure.message


def test_single_precision_is_told_by_its_error(evaluator: Evaluator) -> None:
    """Rounding to single precision is within the tolerance; half precision is not."""
    single = HALFWAY.replace("return output", "return output.astype('float32')")
    assert evaluate(evaluator, single).failure is None
    half = HALFWAY.replace("return output", "return output.astype('float16').astype('float64')")
    failure = evaluate(evaluator, half).failure
    assert failure is not None
    assert "1e-06 is allowed" in failure.message


def test_environment_says_that_scores_differ_from_run_to_run() -> None:
    env = gym.make("GenOpt/MLAgentBench-Vectorization-v0", start="modular/working", rounds=3, validation_size=1)
    assert env.spec is not None
    assert env.spec.nondeterministic
    observation, info = env.reset(seed=0)
    assert info["outcome"] == "ok"
    assert "Faster than the loop" in observation["feedback"]
