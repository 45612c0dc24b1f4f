"""What artifacts may try, each with how it is to end.

An attack is the body of ``attack(scene)``, which is told more than a real artifact could know (``Scene.facts``).
What it returns, if anything, is its loot: where it gets any, it has escaped. That it harmed nothing is for
``Scene.harm`` to find out; what a control must be seen to harm is named in ``bites``.
"""

from __future__ import annotations

from textwrap import dedent, indent
from typing import NamedTuple

PRELUDE = '''\
import ctypes, errno, gc, mmap, os, platform, resource, signal, socket, sys, time

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.argtypes, libc.syscall.restype = [ctypes.c_long] * 7, ctypes.c_long
libc.ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]

def checked(result, what="call"):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result

def raw(x86_64, aarch64, *arguments):
    """A system call by number."""
    number = x86_64 if platform.machine() == "x86_64" else aarch64
    return checked(libc.syscall(number, *arguments, *[0] * (6 - len(arguments))))

def address(data):
    """Where these bytes lie, for a system call."""
    kept.append(ctypes.create_string_buffer(data))
    return ctypes.addressof(kept[-1])

kept = []

def frame(name):
    """The frame of a function that called us."""
    found = sys._getframe()
    while found.f_code.co_name != name:
        found = found.f_back
    return found

def framed(message):
    return len(message).to_bytes(4, "little") + message

def machine_code(code):
    with open("code", "wb") as file:
        file.write(code)
    libc.mmap.restype = ctypes.c_void_p
    place = libc.mmap(None, 4096, 5, mmap.MAP_PRIVATE, os.open("code", os.O_RDONLY), 0)
    if place == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    return ctypes.CFUNCTYPE(ctypes.c_int)(place)()
'''

WORKFLOW = "def workflow(scene):\n    return attack(scene)\n"


class Attack(NamedTuple):
    """One hostile artifact."""

    name: str
    body: str
    outcomes: str = "forbidden"
    """How it may end, in words of EditOutcome."""
    blind: str = ""
    """How it may end where no file can be opened (tier ``seccomp``); as above if empty."""
    bites: str = ""
    """What it is seen to do without confinement: "loot", or a harm; empty where that is not tried."""
    calls: int = 1
    """How often its workflow is called, as long as it answers."""
    llm: bool = False
    """Whether it is granted a model."""
    traced: bool = False
    loots: bool = True
    """Whether a result is loot; else it may return what it likes."""

    @property
    def source(self) -> str:
        return f"{PRELUDE}\ndef attack(scene):\n{indent(dedent(self.body).strip(chr(10)), '    ')}\n"

    def expected(self, tier: str) -> list[str]:
        return ((self.blind if tier == "seccomp" else "") or self.outcomes).split()
