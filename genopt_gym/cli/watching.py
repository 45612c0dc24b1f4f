"""``genopt show FOLDER`` and ``genopt watch FOLDER``: the pages of runs, as files or live."""

from __future__ import annotations

import webbrowser
from pathlib import Path

from genopt_gym.cli.running import PLAN as SEEDS
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.show.live_run import LiveRun
from genopt_gym.show.overview import Overview, overview_page, seeds_overview
from genopt_gym.show.run_page import write_run_page
from genopt_gym.show.server import WatchServer
from genopt_gym.study.folder import PLAN as STUDY
from genopt_gym.study.pages import study_overview, write_missing_pages, write_study_pages


def show_folder(folder: Path, browser: bool) -> None:
    """Write the page of a run, a study or the runs of several seeds, and say where it is."""
    if (folder / STUDY).exists():
        page = write_study_pages(folder)
    elif (folder / SEEDS).exists():
        overview = seeds_overview(folder)
        write_missing_pages([entry.folder for entry in overview.entries()])
        page = folder / "runs.html"
        write_atomically(page, overview_page(overview).encode())
    else:
        page = write_run_page(folder)
    print(page)
    if browser:
        webbrowser.open(page.absolute().as_uri())


def watch(folder: Path, port: int, browser: bool) -> None:
    """Serve the page until somebody interrupts. UserError if there is nothing to be seen, or the port is in use."""
    shown: LiveRun | Overview
    if (folder / STUDY).exists():
        shown = study_overview(folder)
    elif (folder / SEEDS).exists():
        shown = seeds_overview(folder)
    elif folder.is_dir():
        shown = LiveRun(folder)
    else:
        raise UserError(f"{folder} is neither a run nor a study: there is no such folder")
    server = WatchServer(shown, port)
    print(f"{server.url}\nfor this machine alone; stop it with Ctrl-C", flush=True)
    if browser:
        webbrowser.open(server.url)
    try:
        server.serve()
    except KeyboardInterrupt:
        print()
    finally:
        server.close()
