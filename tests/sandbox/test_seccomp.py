"""The filter, witnessed in real forks: what it refuses, what it allows, and that attacks bite without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import genopt_gym
from genopt_gym.sandbox import seccomp, syscalls

WITNESS = '''
import ctypes, errno, fcntl, json, mmap, os, platform, resource, select
import signal, socket, sys, tempfile, threading, time
from genopt_gym.sandbox import seccomp

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.argtypes = [ctypes.c_long] * 7
line, other_end = socket.socketpair()
pipe = os.pipe()
page = mmap.mmap(-1, 4096)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))

def call(name, *arguments):
    result = getattr(libc, name)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result

def raw(x86_64, aarch64, *arguments):
    number = x86_64 if platform.machine() == "x86_64" else aarch64
    return call("syscall", number, *arguments, *[0] * (6 - len(arguments)))

def machine_code(code):
    with open("code", "wb") as file:
        file.write(code)
    fd = os.open("code", os.O_RDONLY)
    libc.mmap.restype = ctypes.c_void_p
    return ctypes.CFUNCTYPE(ctypes.c_int)(libc.mmap(None, 4096, 5, mmap.MAP_PRIVATE, fd, 0))()

def thread():
    thread = threading.Thread(target=os.getpid)
    thread.start()
    thread.join()

def witness(code):
    """How an expression ends in a fork of its own: ok, the name of an error, or of a signal."""
    answers, answer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(tempfile.mkdtemp(dir=sys.argv[2]))
            open("file", "w").close()
            exec(sys.argv[1])
            eval(code)
            said = "ok"
        except OSError as error:
            said = errno.errorcode.get(error.errno, str(error))
        except BaseException as error:
            said = type(error).__name__
        os.write(answer, said.encode())
        os._exit(0)
    os.close(answer)
    _, status = os.waitpid(child, 0)
    said = os.read(answers, 100).decode() or signal.Signals(os.WTERMSIG(status)).name
    os.close(answers)
    return said

print(json.dumps({code: witness(code) for code in json.load(sys.stdin)}))
'''

REFUSED = {
    # what it does: (the attack, how it ends unconfined; None where that depends on the machine)
    "TCP": ("socket.socket()", "ok"),
    "UDP": ("socket.socket(type=socket.SOCK_DGRAM)", "ok"),
    "unix socket": ("socket.socket(socket.AF_UNIX)", "ok"),
    "socket pair": ("socket.socketpair()", "ok"),
    "descriptor over the line": (
        "line.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b'\\1\\0\\0\\0')])",
        "ok",
    ),
    "urgent data": ("line.send(b'x', socket.MSG_OOB)", None),
    "another address": ("line.sendto(b'x', '/nowhere')", "EISCONN"),
    "bind": ("line.bind('')", "ok"),
    "fork": ("os.fork() or os._exit(0)", "ok"),
    "spawn": ("os.posix_spawn('/nonexistent', ['x'], {})", "ENOENT"),
    "exec": ("os.execv('/nonexistent', ['x'])", "ENOENT"),
    "wait": ("os.wait()", "ECHILD"),
    "signal to the parent": ("os.kill(os.getppid(), 0)", "ok"),
    "signal to all": ("os.kill(-1, 0)", "ok"),
    "signal to the group": ("os.kill(0, 0)", "ok"),
    "signal to the parent's thread": ("raw(234, 131, os.getppid(), os.getppid(), 0)", "ok"),
    "queued signal": ("raw(129, 138, os.getppid(), 0, 0)", "EFAULT"),
    "pidfd": ("os.pidfd_open(os.getppid())", "ok"),
    "owner of a pipe": ("fcntl.fcntl(pipe[0], fcntl.F_SETOWN, os.getppid())", "ok"),
    "owner of a pipe, extended": ("fcntl.fcntl(pipe[0], 15, b'\\1\\0\\0\\0' + bytes(4))", None),
    "signal of a pipe": ("fcntl.fcntl(pipe[0], 10, signal.SIGKILL)", "ok"),
    "O_ASYNC": ("fcntl.fcntl(pipe[0], fcntl.F_SETFL, os.O_ASYNC)", "ok"),
    "notification": ("fcntl.fcntl(os.open('.', os.O_RDONLY), fcntl.F_NOTIFY, 1)", None),
    "lease": ("fcntl.fcntl(os.open('file', os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)", None),
    "lock": ("fcntl.lockf(os.open('file', os.O_RDWR), fcntl.LOCK_EX)", "ok"),
    "owner by ioctl": ("fcntl.ioctl(line, 0x8901, b'\\1\\0\\0\\0')", None),
    "terminal input": ("fcntl.ioctl(0, 0x5412, b'x')", "ENOTTY"),
    "trace": ("call('ptrace', 0, 0, 0, 0)", "ok"),
    "the parent's memory": ("call('process_vm_readv', os.getppid(), 0, 0, 0, 0, 0)", "ok"),
    "compare with the parent": ("raw(312, 272, os.getppid(), os.getpid(), 2)", None),
    "own limits": ("call('setrlimit', resource.RLIMIT_CORE, bytes(16))", "ok"),
    "the parent's limits": ("resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)", "ok"),
    "renice": ("os.setpriority(os.PRIO_PROCESS, 0, 1)", "ok"),
    "affinity": ("os.sched_setaffinity(0, os.sched_getaffinity(0))", "ok"),
    "the parent's affinity": ("os.sched_getaffinity(os.getppid())", "ok"),
    "schedule": ("os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))", "ok"),
    "session": ("os.setsid()", "ok"),
    "user": ("os.setuid(os.getuid())", "ok"),
    "anonymous file": ("os.memfd_create('x')", "ok"),
    "shared memory": ("call('shmctl', call('shmget', 0, 4096, 0o600), 0, 0)", "ok"),
    "semaphores": ("call('semctl', call('semget', 0, 1, 0o600), 0, 0)", "ok"),
    "message queue": ("call('msgctl', call('msgget', 0, 0o600), 0, 0)", "ok"),
    "event": ("os.eventfd(0)", "ok"),
    "epoll": ("select.epoll()", "ok"),
    "pipe": ("os.pipe()", "ok"),
    "io_uring": ("raw(425, 425, 0, 0)", None),
    "bpf": ("raw(321, 280, 0, 0, 0)", None),
    "userfaultfd": ("raw(323, 282, 0)", None),
    "perf": ("raw(298, 241, 0, 0, -1, -1, 0)", None),
    "keys": ("raw(250, 219, 0, -3, 0)", None),
    "namespaces": ("call('unshare', 0x10000000)", None),
    "mount": ("call('mount', 0, b'.', 0, 0, 0)", None),
    "personality": ("call('personality', 0xffffffff)", "ok"),
    "dumpable": ("call('prctl', 4, 1, 0, 0, 0)", "ok"),
    "a second filter": ("raw(317, 277, 2, 0, address)", None),
    "chmod": ("os.chmod('file', 0o777)", "ok"),
    "fchmod": ("os.chmod(os.open('file', os.O_RDONLY), 0o777)", "ok"),
    "chown": ("os.chown('file', -1, -1)", "ok"),
    "times": ("os.utime('file')", "ok"),
    "attribute": ("os.setxattr('file', 'user.x', b'')", None),
    "truncate": ("os.truncate('file', 0)", "ok"),
    "truncate while reading": ("os.open('file', os.O_RDONLY | os.O_TRUNC)", "ok"),
    "hard link": ("os.link('file', 'link')", "ok"),
    "symbolic link": ("os.symlink('file', 'link')", "ok"),
    "named pipe": ("os.mkfifo('fifo')", "ok"),
    "sync": ("raw(162, 81)", None),
    "executable memory": ("mmap.mmap(-1, 4096, prot=7)", "ok"),
    "executable later": ("call('mprotect', ctypes.c_void_p(address), 4096, 5)", "ok"),
    "mergeable memory": ("page.madvise(12)", None),
    "priority inheritance": ("raw(202, 98, address, 8)", "ok"),
    "number of x32": ("raw(0x40000000 + 39, 2000)", None),
    "number that does not exist": ("raw(2000, 2000)", "ENOSYS"),
}

ALLOWED = {
    "own process": "os.kill(os.getpid(), 0), os.getppid(), os.cpu_count(), os.sched_getaffinity(0)",
    "the line": "line.send(b'x'), os.read(other_end.fileno(), 1), other_end.sendall(b'y'), line.recv(9)",
    "the line, impatient": "line.settimeout(1), line.setblocking(False), select.select([], [line], [], 1)",
    "limits": "resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrusage(resource.RUSAGE_SELF)",
    "time": "time.sleep(0.001), time.time(), time.monotonic(), signal.setitimer(signal.ITIMER_REAL, 9)",
    "locks": "threading.Lock().acquire(timeout=0.001), threading.Event().wait(0.001)",
    "memory": "bytearray(50_000_000), mmap.mmap(-1, 1 << 22).madvise(mmap.MADV_HUGEPAGE)",
    "descriptors": "os.dup2(os.dup(0), 0), os.set_inheritable(0, True), os.isatty(1), os.writev(1, [b''])",
    "randomness": "os.urandom(9), __import__('uuid').uuid4()",
}

ALLOWED_WITH_FILES = {
    "files": "os.fstat(1), open('f', 'w').write('x'), open('f').read(), os.rename('f', 'g'), os.remove('g')",
    "folders": "os.makedirs('a/b'), os.listdir('.'), os.rmdir('a/b'), os.getcwd(), os.chdir('a')",
    "temporary files": "tempfile.TemporaryFile(dir='.'), __import__('shutil').copyfile('file', 'copy')",
    "late import of an extension": "__import__('_lsprof'), __import__('_sqlite3')",
}

pytestmark = pytest.mark.skipif(not seccomp.available(), reason="this system has no seccomp filters")


def witness(confinement: str, codes: list[str], folder: Path) -> dict[str, str]:
    """Run each expression in a fresh fork of a small process, after ``confinement``."""
    command = [sys.executable, "-P", "-c", WITNESS, confinement, str(folder)]
    environment = {"PYTHONPATH": str(Path(genopt_gym.__path__[0]).parent)}
    done = subprocess.run(command, input=json.dumps(codes), capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_attacks_are_refused(tmp_path: Path) -> None:
    codes = [code for code, _ in REFUSED.values()]
    found = witness("seccomp.install(allow_open=True)", codes, tmp_path)
    assert {name: found[code] for name, (code, _) in REFUSED.items()} == dict.fromkeys(REFUSED, "EPERM")


def test_attacks_bite_without_the_filter(tmp_path: Path) -> None:
    expected = {code: end for code, end in REFUSED.values() if end is not None}
    assert witness("", list(expected), tmp_path) == expected


def test_ordinary_work_is_allowed(tmp_path: Path) -> None:
    codes = [*ALLOWED.values(), *ALLOWED_WITH_FILES.values()]
    assert witness("seccomp.install(allow_open=True)", codes, tmp_path) == dict.fromkeys(codes, "ok")


def test_callbacks_of_ctypes_work_where_files_do(tmp_path: Path) -> None:
    code = "[ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 7)() for _ in range(300)]"
    confinement = "os.environ['TMPDIR'] = '.'; seccomp.install(allow_open=True)"
    assert witness(confinement, [code], tmp_path) == {code: "ok"}


def test_without_landlock_no_path_can_be_named(tmp_path: Path) -> None:
    codes = [
        "open('file')",
        "os.stat('file')",
        "os.lstat('file')",
        "os.listdir('.')",
        "os.getcwd()",
        "os.chdir('/')",
        "os.readlink('/proc/self/exe')",
        "os.mkdir('x')",
        "os.remove('file')",
        "mmap.mmap(0, 4096, prot=5)",
    ]
    confinement = "seccomp.install(allow_open=False)"
    assert witness(confinement, codes, tmp_path) == dict.fromkeys(codes, "EPERM")
    modules = "__import__('uuid')"
    codes = [code.partition(", " + modules)[0] for code in ALLOWED.values()]
    assert witness(confinement, codes, tmp_path) == dict.fromkeys(codes, "ok")
    assert witness(confinement, [modules], tmp_path) == {modules: "ModuleNotFoundError"}


def test_threads_only_when_asked_for_and_never_processes(tmp_path: Path) -> None:
    codes = ["thread()", "os.fork() or os._exit(0)", "os.posix_spawn('/nonexistent', ['x'], {})"]
    without = witness("seccomp.install(allow_open=True)", codes, tmp_path)
    assert list(without.values()) == ["RuntimeError", "EPERM", "EPERM"]
    with_threads = witness("seccomp.install(allow_open=True, threads=True)", codes, tmp_path)
    assert list(with_threads.values()) == ["ok", "EPERM", "EPERM"]


def test_a_process_may_end_itself_by_a_signal(tmp_path: Path) -> None:
    codes = ["os.abort()", "signal.raise_signal(signal.SIGTERM)", "ctypes.string_at(0)"]
    found = witness("seccomp.install(allow_open=True)", codes, tmp_path)
    assert list(found.values()) == ["SIGABRT", "SIGTERM", "SIGSEGV"]


@pytest.mark.skipif(syscalls.architecture() != "x86_64", reason="only x86_64 has a 32-bit entry")
def test_the_32_bit_entry_kills(tmp_path: Path) -> None:
    # mov eax, 20 (getpid); int 0x80; ret. A kernel without that entry answers with SIGSEGV.
    code = r"machine_code(b'\xb8\x14\0\0\0\xcd\x80\xc3')"
    assert witness("seccomp.install(allow_open=True)", [code], tmp_path)[code] in ("SIGSYS", "SIGSEGV")
    assert witness("", [code], tmp_path)[code] in ("ok", "SIGSEGV")
