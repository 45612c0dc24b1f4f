"""Tests that interrupt a process pass where interrupts are ignored, as under ``nohup make test &``."""

from __future__ import annotations

import signal
import subprocess
import sys

CODE = """\
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
import tests.conftest
child = subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"], stdout=-1, stderr=-3)
child.stdout.readline()
child.send_signal(signal.SIGINT)
sys.exit(child.wait())
"""


def test_what_a_test_starts_can_be_interrupted_although_we_were_started_deaf() -> None:
    ended = subprocess.run([sys.executable, "-c", CODE], check=False, timeout=60)
    assert ended.returncode == -signal.SIGINT % 256
