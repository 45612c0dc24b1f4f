"""The graph that Trace is given: the fixed workflow over recorded inner steps."""

from __future__ import annotations

import builtins
import re
from typing import Any

import pytest

from genopt_gym.agents.external.trace_agents import GRAPH, OPTIMIZERS, load
from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import View
from genopt_gym.core.summary import summarized
from tests.envs.bbeh.checkout import REAL, needs_real_questions
from tests.helpers.tracing import CARTPOLE, PONG, SHORT, Conversation, part

pytest.importorskip("opto", reason="trace-opt is not installed")


@pytest.mark.slow
def test_backward_pass_sees_every_inner_step_of_the_horizon() -> None:
    prompt = Conversation(CARTPOLE, credit_horizon=7, **SHORT).ask()
    code = part(prompt, "Code")
    assert code[:3] == [
        "estimate_lean0 = estimate_lean(__code=estimate_lean__code0, obs=obs0)",
        "select_action0 = select_action(__code=select_action__code0, obs=obs0, lean=estimate_lean0)",
        "obs1 = step(action=select_action0)",
    ]
    assert [line.split()[0] for line in code if " = select_action(" in line] == [f"select_action{i}" for i in range(7)]
    assert part(prompt, "Inputs")[0].startswith("(dict) obs0={")
    assert sum(line.startswith("(dict) obs") for line in part(prompt, "Others")) == 6


def test_feedback_is_the_observations() -> None:
    conversation = Conversation(CARTPOLE, credit_horizon=2, **SHORT)
    assert "\n".join(part(conversation.ask(), "Feedback")).startswith(conversation.observation["feedback"])


def test_no_artifact_code_runs_here() -> None:
    spy = "import builtins\nbuiltins.ran_here = True\n\n\ndef select_action(obs, lean):\n    return 0\n"
    conversation = Conversation(CARTPOLE, credit_horizon=2, **SHORT)
    assert conversation.step({"select_action": spy}) == "ok"
    assert "ran_here" in conversation.ask()
    assert not hasattr(builtins, "ran_here")


def test_rewards_and_scores_are_outputs() -> None:
    prompt = Conversation(CARTPOLE, credit_horizon=None, **SHORT).ask()
    steps = sum(" = estimate_lean(" in line for line in part(prompt, "Code"))
    assert sum(" = reward(" in line for line in part(prompt, "Code")) == steps
    assert part(prompt, "Outputs") == [f"(str) result0=score {steps}"]


def test_trials_of_a_batch_end_in_one_output() -> None:
    prompt = Conversation(CARTPOLE, credit_horizon=2, batch_size=3, **SHORT).ask()
    assert part(prompt, "Code")[-1] == "trials0 = trials(trial0=result0, trial1=result1, trial2=result2)"


@needs_real_questions
def test_questions_are_inputs() -> None:
    prompt = Conversation("GenOpt/BBEH-ShuffledObjects-v0", data_dir=REAL, **SHORT).ask()
    assert part(prompt, "Code")[:2] == [
        "parse0 = parse(__code=parse__code0, question=question0)",
        "solve0 = solve(__code=solve__code0, parsed=parse0)",
    ]


def test_exception_blames_what_led_to_it() -> None:
    conversation = Conversation(PONG, credit_horizon=5, max_steps=60, **SHORT)
    broken = "def predict_ball_trajectory(obs):\n    return obs['Ball']\n"
    assert conversation.step({"predict_ball_trajectory": broken}) == "runtime_error"
    prompt = conversation.ask()
    assert [line.split(":")[0] for line in part(prompt, "Variables") if line.startswith("(code)")] == [
        "(code) predict_ball_trajectory__code0"
    ]
    assert "KeyError: 'Ball' in predict_ball_trajectory, line 2" in part(prompt, "Outputs")[0]


@pytest.mark.parametrize("beginning", ["import no_such_module", "raise SystemExit"])
def test_component_that_fails_as_it_is_loaded_is_a_variable(beginning: str) -> None:
    conversation = Conversation(CARTPOLE, credit_horizon=5, **SHORT)
    conversation.step({"select_action": f"{beginning}\n\n\ndef select_action(obs, lean):\n    return 0\n"})
    prompt = conversation.ask()
    assert f"(code) select_action__code0:{beginning}" in part(prompt, "Variables")
    assert "in select_action, line 1" in part(prompt, "Outputs")[0]


def test_artifact_that_never_ran_still_has_variables() -> None:
    conversation = Conversation(PONG, credit_horizon=5, max_steps=60, **SHORT)
    assert conversation.step({"select_action": "def select_action("}) == "syntax_error"
    variables = "\n".join(part(conversation.ask(), "Variables"))
    assert "predict_ball_trajectory__code0" in variables
    assert "select_action__code0" in variables


def test_fixed_components_are_inputs() -> None:
    prompt = Conversation(CARTPOLE, credit_horizon=2, editable=["select_action"], **SHORT).ask()
    assert "(code) estimate_lean__code0:def estimate_lean(obs):" in part(prompt, "Inputs")
    assert not any("estimate_lean" in line for line in part(prompt, "Variables"))


@pytest.mark.parametrize("window", ["first", "last"])
def test_what_does_not_fit_the_size_budget_gives_way(window: str) -> None:
    """Pong's ball is served after the first steps: it is not in the first observation, but in later ones."""
    small: dict[str, Any] = {"credit_horizon": 60, "max_steps": 60, "max_trace_chars": 5000, "trace_window": window}
    conversation = Conversation(PONG, **small, **SHORT)
    prompt = conversation.ask()
    texts = sum(map(len, conversation.observation["artifact"].values()))
    assert 2500 < len(prompt.rpartition("#Code")[2]) - texts < 6500
    assert ("Ball" in part(prompt, "Inputs")[0]) is (window == "last")
    assert re.fullmatch(r"\(str\) result0=\d of 60 inner steps are shown", part(prompt, "Outputs")[0])


def code_of(components: list[tuple[str, str, str]], workflow: str, observation: Any, *calls: Any) -> list[str]:
    """The code of Trace's prompt, after one inner step with these calls; the last one's result is the action."""
    event = {"step": 0, "observation": observation, "calls": list(calls), "action": calls[-1][2], "reward": 0.0}
    trial = {"events": [event], "failure": None, "steps": 1, "score": 0.0}
    texts = {name: text for name, _, text in components}
    graph = load(GRAPH).Graph(Program(components, workflow), texts, list(texts), [trial], View(None), 10_000)
    optimizer = load(OPTIMIZERS).OptoPrime(list(graph.parameters.values()), object(), max_chars=10_000)
    optimizer.backward(graph.output, "feedback")
    return part(f"Now you see problem instance{optimizer.problem_instance(optimizer.summarize())}", "Code")[:-1]


def function(name: str, arguments: str, body: str = "...") -> tuple[str, str, str]:
    return name, "python", f"def {name}({arguments}):\n    return {body}\n"


def test_calls_stand_after_what_they_are_made_of() -> None:
    """Also where inputs are not in the order of their levels, which Trace itself does not bear."""
    summary = summarized(["a frame", "another\n    a: 1"])
    assert code_of(
        [function("split", "x"), function("join", "first, x, second")],
        "def workflow(x):\n    a, b = split(x)\n    return join(b, x, a)\n",
        {"x": 5},
        ("split", [{"$ref": "x"}], summary),
        ("join", [{"$ref": "split[1]"}, {"$ref": "x"}, {"$ref": "split[0]"}], 7),
    ) == [
        "split0 = split(__code=split__code0, x=x0)",
        "getitem0 = getitem(x=split0, index=int0)",
        "getitem1 = getitem(x=split0, index=int1)",
        "join0 = join(__code=join__code0, first=getitem1, x=x0, second=getitem0)",
    ]


def test_inputs_that_are_told_in_words_are_told_apart() -> None:
    observation = summarized({"x": "a frame\ny: a column of that name", "y": "an array"})
    event = {"step": 0, "observation": observation, "calls": [["act", [{"$ref": "x"}, {"$ref": "y"}], 1]], "action": 1}
    trial = {"events": [event | {"reward": 0.0}], "failure": None, "steps": 1, "score": 0.0}
    _, _, text = act = function("act", "x, y")
    program = Program([act], "def workflow(x, y):\n    return act(x, y)\n")
    graph = load(GRAPH).Graph(program, {"act": text}, ["act"], [trial], View(None), 10_000)
    inputs = {node.py_name: node.data for node in graph.output.parents[0].parents}
    assert {name[0]: inputs[name] for name in inputs if name[0] in "xy"} == observation["$summary"]


def test_prompt_is_a_variable_too() -> None:
    assert code_of(
        [("template", "text", "Define {question}"), function("read", "reply")],
        'def workflow(question):\n    return read(llm(template.replace("{question}", question)))\n',
        "life",
        ("llm", ["Define life"], "42."),
        ("read", [{"$ref": "llm"}], "42"),
    ) == [
        "replace0 = replace(x=template0, old=str0, new=question0, count=count0)",
        "llm0 = llm(prompt=replace0)",
        "read0 = read(__code=read__code0, reply=llm0)",
    ]


def test_calls_within_a_component_are_its_inputs() -> None:
    components = [
        ("style", "text", "in short"),
        function("add", "x"),
        function("solve", "q", "llm(q + style) + add(1)"),
    ]
    assert code_of(
        components,
        "def workflow(q):\n    return solve(q)\n",
        "life",
        ("llm", ["life in short"], 41),
        ("add", [1], 2),
        ("warnings of add", [], ["UserWarning: slow"]),
        ("solve", [{"$ref": "q"}], 43),
    ) == [
        "add0 = add(__code=add__code0, caller=solve__code0, x=x0)",
        "llm0 = llm(caller=solve__code0, prompt=prompt0)",
        "warnings_of_add0 = warnings_of_add(__code=add__code0)",
        "solve0 = solve(__code=solve__code0, style=style0, add=add__code0, q=q0, "
        "llm_0=llm0, add_1=add0, warnings_of_add_2=warnings_of_add0)",
    ]


def test_same_value_twice() -> None:
    assert code_of(
        [function("make", "x"), function("join", "a, b, k")],
        "def workflow(x):\n    made = make(x)\n    return join(made, made, k=3)\n",
        5,
        ("make", [{"$ref": "x"}], 6),
        ("join", [6, 6, 3], 7),
    )[1:] == ["clone0 = clone(x=make0)", "join0 = join(__code=join__code0, a=make0, b=clone0, k=k0)"]


@pytest.mark.parametrize(
    "body", ['act(f"{x}")', "act(x + x)", "act(x).missing", "act(x, 2)", "act(act(x))", "7 if act(x) else 8"]
)
def test_workflow_that_cannot_be_followed_is_one_operation(body: str) -> None:
    code = code_of([function("act", "x")], f"def workflow(x):\n    return {body}\n", 5, ("act", [{"$ref": "x"}], 6))
    assert code[-1].startswith("workflow0 = workflow(act=act__code0, x=x0, act_0=act")
