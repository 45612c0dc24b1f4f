"""``genopt watch``: a page that follows a run of another process, for this machine alone, reading only."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.show.live_run import LiveRun
from genopt_gym.show.server import WatchServer
from genopt_gym.study.pages import study_overview
from tests.conftest import Genopt
from tests.helpers.browser import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FILES = ("steps.jsonl", "ledger.jsonl")


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as reply:
        return bytes(reply.read())


class Unfinished:
    """A run that another process has brought to some step, as its folder tells."""

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder = folder
        self._lines = {name: (folder / name).read_bytes().splitlines(keepends=True) for name in FILES}
        self._result = (folder / "result.json").read_bytes()
        (folder / "result.json").unlink()
        self._made = steps
        for name, lines in self._lines.items():
            (folder / name).write_bytes(b"".join(lines[:steps]))

    def go_on(self) -> None:
        """One step more, written as a run writes it."""
        for name, lines in self._lines.items():
            with (self.folder / name).open("ab") as file:
                file.write(lines[self._made])
        self._made += 1

    def end(self) -> None:
        (self.folder / "result.json").write_bytes(self._result)


@contextmanager
def news_of(url: str) -> Iterator[Any]:
    """What the server says next, as data."""
    with urllib.request.urlopen(url, timeout=60) as stream:

        def following() -> Iterator[dict[str, Any]]:
            for line in stream:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

        yield following()


def test_each_new_step_is_told_once_and_the_end_too(asked: Path) -> None:
    run = Unfinished(asked, 2)
    with WatchServer(LiveRun(asked)).running() as url, news_of(f"{url}events?from=0") as news:
        first = next(news)
        assert [step["step"] for step in first["steps"]] == [0, 1]
        assert first["facts"]["done"] is False
        run.go_on()
        assert [step["step"] for step in next(news)["steps"]][-1] == 2
        run.end()
        assert next(news)["facts"]["done"] is True


def test_evidence_of_any_step_is_there_on_demand(asked: Path) -> None:
    run = Unfinished(asked, 2)
    with WatchServer(LiveRun(asked)).running() as url:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{url}chunk/evidence/2")
        run.go_on()
        get(url)
        evidence = json.loads(get(f"{url}chunk/evidence/2"))
        assert evidence["trials"][0]["failure"]["type"] == "ValueError"
        assert json.loads(get(f"{url}chunk/exchange/2"))[0]["reply"].startswith("```python")


def test_a_run_that_has_no_step_yet_is_waited_for(asked: Path, browser: Browser) -> None:
    run = Unfinished(asked, 0)
    with WatchServer(LiveRun(asked)).running() as url:
        watched = Watched(browser)
        page = watched.open(url)
        assert "no finished step yet" in page.inner_text("#summary")
        run.go_on()
        page.wait_for_selector('#panel[data-shown="0/edit"]')
        run.go_on()
        page.wait_for_selector('#panel[data-shown="1/edit"]')
        assert page.inner_text(".state") == "live"
        assert watched.complaints == []
        assert all(request.startswith(url) for request in watched.requests)


def test_whoever_looks_at_an_earlier_step_is_not_moved_on(asked: Path, browser: Browser) -> None:
    run = Unfinished(asked, 3)
    with WatchServer(LiveRun(asked)).running() as url:
        page = Watched(browser).open(f"{url}#step=1&tab=edit")
        run.go_on()
        page.wait_for_selector("#step-3")
        assert page.get_attribute('[aria-selected="true"][role=option]', "data-step") == "1"


def test_eight_viewers_hear_of_the_same_steps(asked: Path) -> None:
    run = Unfinished(asked, 1)
    heard: list[list[int]] = []
    ready = threading.Barrier(9)

    def watch(url: str) -> None:
        with news_of(f"{url}events?from=1") as news:
            next(news)
            ready.wait(60)
            heard.append([step["step"] for step in next(news)["steps"]])

    with WatchServer(LiveRun(asked)).running() as url:
        viewers = [threading.Thread(target=watch, args=(url,)) for _ in range(8)]
        for viewer in viewers:
            viewer.start()
        ready.wait(60)
        run.go_on()
        for viewer in viewers:
            viewer.join(60)
    assert heard == [[0, 1]] * 8


def test_it_only_reads(asked: Path) -> None:
    before = {path: path.read_bytes() for path in asked.rglob("*") if path.is_file()}
    with WatchServer(LiveRun(asked)).running() as url:
        get(url)
        for step in range(6):
            get(f"{url}chunk/evidence/{step}")
        with pytest.raises(urllib.error.HTTPError, match="501"):
            urllib.request.urlopen(urllib.request.Request(url, data=b"x", method="POST"), timeout=60)
    assert {path: path.read_bytes() for path in asked.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("path", ["", "wrong/", "wrong/chunk/artifacts", "../../etc/passwd"])
def test_without_its_secret_it_says_nothing(asked: Path, path: str) -> None:
    with WatchServer(LiveRun(asked)).running() as url, pytest.raises(urllib.error.HTTPError, match="404"):
        get(url.rsplit("/", 2)[0] + "/" + path)


def test_another_name_for_this_machine_is_refused(asked: Path) -> None:
    with WatchServer(LiveRun(asked)).running() as url:
        request = urllib.request.Request(url, headers={"Host": "evil.example:80"})
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(request, timeout=60)


def test_a_port_in_use_is_told(asked: Path, genopt: Genopt) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} is in use; choose another with --port"):
            WatchServer(LiveRun(asked), port)
        assert genopt("watch", str(asked), "--port", str(port)).code == 2


def test_a_folder_that_holds_nothing_is_refused(genopt: Genopt, tmp_path: Path) -> None:
    assert "has no config.json" in genopt("watch", str(tmp_path)).err
    assert "there is no such folder" in genopt("watch", str(tmp_path / "none")).err


def test_a_study_is_listed_with_the_pages_of_its_runs(finished_study: Path, browser: Browser) -> None:
    with WatchServer(study_overview(finished_study)).running() as url:
        watched = Watched(browser, 400)
        page = watched.open(url)
        assert page.locator("#rows tr").count() == 4
        assert watched.fits()
        page.click("#rows a:has-text('hill-climbing-0')")
        page.wait_for_selector("#panel[data-shown]")
        assert page.inner_text("h1") == "GenOpt/Control-CartPole-v0"
        page.click(".over a")
        page.wait_for_selector("#rows tr")
        assert watched.complaints == []
