"""What an attack could harm: secrets, files, listeners, processes and kernel objects, set up to be checked.

Everything here belongs to the scene, so that a control may run an attack without confinement and only throw-away
things are harmed. ``Scene.harm`` looks at all of it after every attack, whatever that attack was after.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import psutil

from genopt_gym.core.artifact import Program
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.confine import Tier
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.zygote import Zygote

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
TOKEN = "PLANTED-"
"""How every planted secret begins; the rest is random."""
RECORDED = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGIO, signal.SIGURG)
HONEST = Program([("double", "python", "def double(x): return 2 * x")], "def workflow(x): return double(x)")


class Scene:
    """Victims in a folder of their own, and a zygote; a context manager.

    Args:
        folder: an empty folder of the user who runs this process.
        tier: how attacks are confined.
    """

    def __init__(self, folder: Path, tier: Tier) -> None:
        # Where attacks get through, an orphan becomes a child of this process rather than of init.
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # setuid took it; other processes have it
        self.token = TOKEN + secrets.token_hex(12)
        self._memory = ctypes.create_string_buffer(self.token.encode())
        self._planted, self._scratch = folder / "planted", folder / "scratch"
        self._planted.mkdir()
        self._scratch.mkdir()
        self._signals: list[int] = []
        for number in RECORDED:
            signal.signal(number, self._note_signal)
        self._listeners = {
            "tcp": _listener(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "udp": _listener(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix": _listener(socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
            "abstract": _listener(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.token[len(TOKEN) :]),
        }
        self.zygote = Zygote("bare", tier, str(self._scratch))
        self.honest()
        [self._zygote] = psutil.Process().children()
        self._victim: subprocess.Popen[bytes] | None = None
        self._before: dict[str, Any] = {}
        self.set_up()

    def set_up(self) -> None:
        """Plant the files and start the victim, and take the state from which harm is told; again after harm."""
        self._clear()
        sibling = self._scratch / "sibling"
        for folder in (self._planted, self._planted / "folder", sibling):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o777)
        for path in (self._planted / "secret", self._planted / "victim", sibling / "secret"):
            path.write_text(self.token, encoding="utf-8")
            path.chmod(0o666)
        null = subprocess.DEVNULL
        self._victim = subprocess.Popen(["sleep", "300"], stdin=null, stdout=null, stderr=null, start_new_session=True)
        while "sleep" not in Path(f"/proc/{self._victim.pid}/cmdline").read_text() or _state(self._victim.pid) != "S":
            time.sleep(0.001)
        self._before = {name: look() for name, look in self._looks().items()}

    def facts(self) -> dict[str, Any]:
        """What an attack is told: more than a real artifact could know."""
        return {
            "secret": str(self._planted / "secret"),
            "victim_file": str(self._planted / "victim"),
            "folder": str(self._planted),
            "sibling": str(self._scratch / "sibling"),
            "project": str(Path(__file__).parents[2]),
            "data": site_data(),
            "host": os.getpid(),
            "victim": self._victim.pid if self._victim else 0,
            "address": ctypes.addressof(self._memory),
            "length": len(self._memory.value),
            "tcp": self._listeners["tcp"].getsockname()[1],
            "udp": self._listeners["udp"].getsockname()[1],
            "unix": str(self._listeners["unix"].getsockname()),
            "abstract": self.token[len(TOKEN) :],
            "key": self._key,
            "name": self._name,
        }

    def honest(self) -> bool:
        """Whether an honest artifact runs as it should."""
        with Session(self.zygote, HONEST, [0, 1], Limits(), False) as session:
            return [reply.result for reply in session.call([0, 1], [(21,), (4,)])] == [42, 8]

    def harm(self) -> list[str]:
        """What is not as it was."""
        changed = self._changes()
        if changed:
            time.sleep(0.2)  # a process that is just ending, or somebody else's shared memory
            changed = self._changes()
        if self._contacted():
            changed.append("network")
        if self._signals:
            changed.append(f"signals {self._signals}")
            self._signals.clear()
        try:
            honest = self.honest()
        except Exception as error:
            return [*changed, f"the next session: {error}"]
        return changed if honest else [*changed, "the next session answers wrongly"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()
        self.zygote.close()
        for listener in self._listeners.values():
            listener.close()

    @property
    def _key(self) -> int:
        return 0x6E00_0000 + os.getpid()

    @property
    def _name(self) -> str:
        return f"genopt-hostile-{os.getpid()}"

    def _clear(self) -> None:
        """End whatever still runs, and remove what was planted."""
        while strays := [child for child in psutil.Process().children() if child.pid != self._zygote.pid]:
            for process in [*strays, *(child for stray in strays for child in _descendants(stray))]:
                process.kill()
            for stray in strays:
                if self._victim is not None and stray.pid == self._victim.pid:
                    self._victim.wait()
                else:
                    os.waitpid(stray.pid, 0)
        for folder in (self._planted, self._scratch):
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def _looks(self) -> dict[str, Callable[[], Any]]:
        """What to look at after an attack, by the name of the harm."""
        assert self._victim is not None
        host, zygote, victim, poll = os.getpid(), self._zygote.pid, self._victim.pid, self._victim.poll
        return {
            "files": lambda: _snapshot(self._planted),
            "scratch": lambda: (sorted(os.listdir(self._scratch)), _snapshot(self._scratch / "sibling")),
            "victim": lambda: (poll(), _state(victim), _settings(victim)),
            "zygote": lambda: (self._zygote.is_running(), _threads(zygote), _settings(zygote)),
            "host": lambda: (_threads(host), _settings(host), dict(os.environ), os.getcwd(), os.listdir()),
            "descriptors": _descriptors,
            "processes": lambda: sorted(child.pid for child in psutil.Process().children(recursive=True)),
            "shared memory": lambda: (Path("/dev/shm") / self._name).exists(),
            "System V": lambda: [name for name in ("shm", "msg", "sem") if _has_key(name, self._key)],
        }

    def _changes(self) -> list[str]:
        return [name for name, look in self._looks().items() if _look(look) != self._before[name]]

    def _contacted(self) -> bool:
        """Whether anything came to a listener; what came is dropped."""
        contacts = 0
        for name, listener in self._listeners.items():
            try:
                while True:
                    if name == "udp":
                        listener.recv(100)
                    else:
                        listener.accept()[0].close()
                    contacts += 1
            except BlockingIOError:
                continue
        return contacts > 0

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)


def _look(look: Callable[[], Any]) -> Any:
    """What a look shows; that a victim is gone is a change as well."""
    try:
        return look()
    except (OSError, psutil.Error) as error:
        return repr(error)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _listener(family: int, kind: int, address: Any) -> socket.socket:
    listener = socket.socket(family, kind)
    listener.bind(address)
    if kind == socket.SOCK_STREAM:
        listener.listen()
    listener.setblocking(False)
    return listener


def _snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Everything about the files beneath a folder that changing them would change."""
    found = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        facts = path.lstat()
        is_file = stat.S_ISREG(facts.st_mode)
        content = path.read_bytes() if is_file else os.readlink(path) if path.is_symlink() else None
        owner = (facts.st_mode, facts.st_uid, facts.st_gid)
        found[str(path)] = (*owner, facts.st_ino, facts.st_nlink, facts.st_mtime_ns, content)
    return found


def _settings(pid: int) -> tuple[Any, ...]:
    """What other processes may be able to change about one."""
    return (
        os.getpriority(os.PRIO_PROCESS, pid),
        os.sched_getaffinity(pid),
        os.sched_getscheduler(pid),
        resource.prlimit(pid, resource.RLIMIT_NOFILE),
        resource.prlimit(pid, resource.RLIMIT_CPU),
    )


def _state(pid: int) -> str:
    """Sleeping, traced, stopped, dead."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def _threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def _descriptors() -> dict[str, str]:
    """What this process has open: each number, and what it is."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:  # the listing's own
            continue
    return found


def _has_key(kind: str, key: int) -> bool:
    """Whether there is a System V object of this kind with this key."""
    try:
        rows = Path(f"/proc/sysvipc/{kind}").read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return False
    return any(int(row.split()[0]) == key for row in rows)


@cache
def site_data() -> str:
    """A file of another package that lies where packages lie: a game, or what else there is."""
    import ale_py

    folder = Path(ale_py.__file__).parent
    return str(next(iter(sorted((folder / "roms").glob("*.bin"))), folder / "__init__.py"))


def as_json(value: Any) -> str:
    """For the witness's report: anything, in words if need be."""
    return json.dumps(value, default=repr)
