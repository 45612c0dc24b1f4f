"""The filter's program, interpreted as the kernel would, for both architectures."""

from __future__ import annotations

import pytest

from genopt_gym.sandbox import seccomp, syscalls

PID = 4242


def verdict(
    architecture: syscalls.Architecture,
    name: str | int,
    *arguments: int,
    allow_open: bool = True,
    audit: int = 0,
) -> int:
    """Interpret the program as the kernel would."""
    number = syscalls.NUMBERS[architecture][name] if isinstance(name, str) else name
    words = [number, audit or seccomp.AUDIT_ARCH[architecture], 0, 0]
    for argument in (*arguments, *[0] * (6 - len(arguments))):
        words += [argument & syscalls.LOW_HALF, argument >> 32 & syscalls.LOW_HALF]
    program = seccomp.instructions(syscalls.policy(allow_open, threads=True), architecture)
    accumulator = position = 0
    while True:
        code, k, if_true, if_false = program[position]
        k = PID if k == syscalls.OWN_PID else k
        position += 1
        if code == seccomp.RETURN:
            return k
        if code == seccomp.LOAD:
            accumulator = words[k // 4]
        elif code == seccomp.AND:
            accumulator &= k
        elif code == seccomp.JUMP:
            position += k
        else:
            holds = accumulator == k if code == seccomp.IF_EQUAL else accumulator >= k
            position += if_true if holds else if_false


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_each_call_gets_its_verdict(architecture: syscalls.Architecture) -> None:
    allowed = syscalls.policy(allow_open=True, threads=True)
    known = syscalls.NUMBERS[architecture]
    for name in known:
        free = allowed.get(name) == syscalls.FREE
        assert (verdict(architecture, name, 99, *[~0] * 5) == seccomp.ALLOW) == free, name
    for number in {*range(600), 0x4000_0000 + 39, 0xFFFF_FFFF} - set(known.values()):
        assert verdict(architecture, number) == seccomp.DENY
    assert verdict(architecture, "clone3") == seccomp.NO_SUCH_CALL
    assert verdict(architecture, "read", audit=0x4000_0003) == seccomp.KILL_PROCESS


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_arguments_are_looked_at(architecture: syscalls.Architecture) -> None:
    def allows(name: str, *arguments: int, allow_open: bool = True) -> bool:
        return verdict(architecture, name, *arguments, allow_open=allow_open) == seccomp.ALLOW

    assert allows("kill", PID)
    assert allows("kill", PID + (1 << 32))  # the kernel reads the low half
    assert not allows("kill", PID + 1)
    assert allows("prlimit64", 0, 7, 0, 0x7FFF_0000)
    assert not allows("prlimit64", 0, 7, 0x7FFF_0000)
    assert not allows("prlimit64", 0, 7, 1 << 32)  # a pointer whose low half is zero
    assert not allows("sendto", 3, 0, 0, 0, 1 << 32)
    assert allows("clone", 0x3D0F00)
    assert not allows("clone", 0x3D0F00 | 0x1000_0000)  # with CLONE_NEWUSER
    assert not allows("clone", 17)  # fork
    assert allows("mmap", 0, 4096, 5, 2)
    assert not allows("mmap", 0, 4096, 7, 2)
    assert not allows("mmap", 0, 4096, 5, 0x22)
    assert not allows("mmap", 0, 4096, 5, 2, allow_open=False)
    assert not allows("openat", 0, 0, 0, allow_open=False)
    assert not allows("openat", 0, 0, 0o1000)
    assert not allows("openat", 0, 0, 0o1003)
    assert allows("openat", 0, 0, 0o1101)


def test_an_unknown_platform_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "architecture", lambda: None)
    with pytest.raises(OSError, match="the calls of this platform are not known"):
        seccomp.install(allow_open=False)
    with pytest.raises(OSError, match="no system call seccomp"):
        syscalls.call("seccomp")
    assert not seccomp.available()
