"""Inside the confined process: libraries that would like threads, models on request, and errors in plain words."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import psutil
import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import Failure
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.confine import available_tier
from genopt_gym.sandbox.session import CallResult, Session, SessionDied
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote

needs_confinement = pytest.mark.skipif(available_tier() == "weak-only", reason="this system confines nothing")


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote("bare", choose(), str(tmp_path_factory.mktemp("scratch")))
    yield zygote
    zygote.close()


def ask(zygote: Zygote, text: str, *inputs: Any, llm: Any = None, limits: Limits | None = None) -> list[CallResult]:
    """What ``work(x)`` of a text answers, each input a trial."""
    program = Program([("work", "python", text)], "def workflow(x):\n    return work(x)\n")
    slots = range(len(inputs))
    with Session(zygote, program, list(slots), limits or Limits(), False, llm) as session:
        return session.call(list(slots), [[x] for x in inputs])


def failure_of(zygote: Zygote, text: str) -> Failure:
    [reply] = ask(zygote, text, 0)
    assert reply.failure is not None
    return reply.failure


# --- libraries


@pytest.fixture(scope="module")
def data_zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    for name in ("sklearn", "pandas"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed (extra ml)")
    zygote = Zygote("data", choose(), str(tmp_path_factory.mktemp("scratch")))
    yield zygote
    zygote.close()


FITS = {
    "HistGradientBoosting": """
        from sklearn.ensemble import HistGradientBoostingClassifier
        return HistGradientBoostingClassifier(max_iter=5).fit(x, y).predict(x).tolist()
    """,
    "KMeans": """
        from sklearn.cluster import KMeans
        return KMeans(3, n_init=2, random_state=0).fit(x).labels_.tolist()
    """,
    "n_jobs=2 in a forest": """
        from sklearn.ensemble import RandomForestClassifier
        return RandomForestClassifier(10, n_jobs=2, random_state=0).fit(x, y).predict(x).tolist()
    """,
    "n_jobs=2 in cross-validation": """
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import cross_val_score
        return cross_val_score(LogisticRegression(), x, y, n_jobs=2).tolist()
    """,
    "joblib": """
        import joblib
        return joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-n) for n in range(5))
    """,
    "pandas": """
        import pandas
        frame = pandas.DataFrame(x, columns=list("abcde")).assign(y=y)
        frame.to_csv("frame.csv", index=False)
        return pandas.read_csv("frame.csv").groupby("y").mean().to_numpy().ravel().tolist()
    """,
}


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_learning_in_a_fork_ends_and_leaves_nothing(fit: str, data_zygote: Zygote) -> None:
    """With more than one thread in the zygote HistGradientBoosting would hang in the fork."""
    text = "import numpy as np\ndef work(seed):\n    draw = np.random.default_rng(seed)\n"
    text += "    x = draw.normal(size=(120, 5))\n    y = (x[:, 0] > 0).astype(int)\n"
    text += fit.replace("\n        ", "\n    ")
    limits = Limits(call_seconds=60, cpu_seconds=60)
    [first] = ask(data_zygote, text, 0, limits=limits)
    [again] = ask(data_zygote, text, 0, limits=limits)
    assert first.failure is None, first.failure
    assert first.result
    assert first.result == again.result
    zygote = psutil.Process(data_zygote._process.pid)
    assert zygote.children() == []
    assert zygote.num_threads() == 1


@needs_confinement
def test_bundled_answers_cannot_be_loaded(data_zygote: Zygote) -> None:
    text = "def work(x):\n    from sklearn.datasets import load_iris\n    return load_iris().target.tolist()"
    failure = failure_of(data_zygote, text)
    assert (failure.outcome, failure.component) == ("forbidden", "work")


# --- models


def test_granted_model_answers(zygote: Zygote) -> None:
    prompts: list[str] = []

    def model(prompt: str) -> str:
        prompts.append(prompt)
        return prompt[::-1]

    replies = ask(zygote, "def work(x): return llm(llm(x) + '!')", "abc", "né", llm=model)
    assert [reply.result for reply in replies] == ["!abc", "!né"]
    assert prompts == ["abc", "cba!", "né", "én!"]


def test_model_that_is_not_granted_is_refused(zygote: Zygote) -> None:
    failure = failure_of(zygote, "def work(x): return llm('hello')")
    assert failure.outcome == "forbidden"
    assert "this task grants no model" in failure.message


def test_artifact_can_do_without_a_model(zygote: Zygote) -> None:
    text = "def work(x):\n    try:\n        return llm(x)\n    except PermissionError:\n        return 'alone'"
    assert [reply.result for reply in ask(zygote, text, "a", "b")] == ["alone", "alone"]


def test_calls_of_a_model_are_limited_by_trial(zygote: Zygote) -> None:
    text = "def work(x): return [llm(str(n)) for n in range(x)]"
    enough, too_many, others = ask(zygote, text, 3, 4, 3, llm=str, limits=Limits(llm_calls=3))
    assert [enough.result, others.result] == [["0", "1", "2"]] * 2
    assert too_many.failure is not None
    assert "a trial may call the model 3 times" in too_many.failure.message


def test_slow_model_is_not_the_artifacts_fault(zygote: Zygote) -> None:
    def slow(prompt: str) -> str:
        time.sleep(0.5)
        return prompt

    limits = Limits(call_seconds=0.4)
    [reply] = ask(zygote, "def work(x): return [llm(x) for _ in range(3)]", "a", llm=slow, limits=limits)
    assert reply.result == ["a"] * 3


def test_artifact_that_is_slow_between_prompts_is_stopped(zygote: Zygote) -> None:
    text = "import time\ndef work(x):\n    while True:\n        time.sleep(0.1)\n        llm(x)"
    with pytest.raises(SessionDied, match=r"longer than the 0\.4 s"):
        ask(zygote, text, "a", llm=str, limits=Limits(call_seconds=0.4, llm_calls=10**6))


# --- errors


DENIED = {
    "file": "open('/etc/passwd')",
    "network": "__import__('socket').create_connection(('127.0.0.1', 9))",
    "name server": "__import__('socket').getaddrinfo('example.com', 80)",
    "web page": "__import__('urllib.request').request.urlopen('http://127.0.0.1:9/')",
    "process": "__import__('subprocess').run(['true'])",
    "thread": "__import__('threading').Thread(target=print).start()",
    "pool of threads": "__import__('concurrent.futures').futures.ThreadPoolExecutor().submit(print)",
    "event loop": "__import__('asyncio').run(__import__('asyncio').sleep(0))",
    "limit": "__import__('resource').setrlimit(7, (999, 999))",
    "permissions of a file": "__import__('os').chmod('.', 0o777)",
}


@pytest.mark.skipif(available_tier() != "strong", reason="without Landlock these modules cannot be imported")
@pytest.mark.parametrize("code", DENIED.values(), ids=DENIED)
def test_denied_act_is_told_in_words_an_optimizer_can_use(code: str, zygote: Zygote) -> None:
    failure = failure_of(zygote, f"def work(x):\n    return {code}")
    assert failure.outcome == "forbidden", failure
    assert failure.message.endswith("no network, processes or threads, and no files outside its scratch folder")
    assert (failure.component, failure.line) == ("work", 2)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("open('missing')", "FileNotFoundError"),
        ("__import__('nothing_of_that_name')", "ModuleNotFoundError"),
        ("[].pop()", "IndexError"),
        ("int('x')", "ValueError"),
        ("exec('raise RuntimeError')", "RuntimeError"),
    ],
)
def test_ordinary_error_is_no_denied_act(code: str, kind: str, zygote: Zygote) -> None:
    failure = failure_of(zygote, f"def work(x):\n    return {code}")
    if available_tier() == "strong":
        assert (failure.outcome, failure.type, failure.line) == ("runtime_error", kind, 2)


def test_error_of_code_that_calls_itself_a_component(zygote: Zygote) -> None:
    """Names of files are the artifact's to choose; what is no component's is not believed."""
    text = "def work(x):\n    exec(compile('1/0', '<component nobody>', 'exec'))"
    failure = failure_of(zygote, text)
    assert (failure.type, failure.component, failure.line) == ("ZeroDivisionError", "work", 2)


def test_evidence_names_no_address_and_no_process(zygote: Zygote) -> None:
    failure = failure_of(zygote, "def work(x):\n    print(object())\n    raise ValueError([object(), work])")
    assert not re.search(r"0x[0-9a-f]{4,}", failure.message)
    assert str(os.getpid()) not in str(failure)
