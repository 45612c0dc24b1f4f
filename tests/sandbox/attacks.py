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


READING = [
    Attack("read a planted secret", "return open(scene['secret']).read()", bites="loot"),
    Attack("read a secret by a link", "os.symlink(scene['secret'], 'link')\nreturn open('link').read()", bites="loot"),
    Attack("read a secret by /proc", "return open('/proc/self/root' + scene['secret']).read()", bites="loot"),
    Attack("read a secret by a folder's descriptor", """
        folder = os.open(scene['folder'], os.O_PATH)
        return os.read(os.open('secret', os.O_RDONLY, dir_fd=folder), 100)
    """, bites="loot"),
    Attack("read a secret by its handle", """
        handle, mount = address(b"\\x80\\0\\0\\0" + bytes(132)), address(bytes(8))
        raw(303, 264, -100, address(scene['secret'].encode()), handle, mount, 0)
        return raw(304, 265, -100, handle, 0)
    """),
    Attack("read /etc/passwd", "return open('/etc/passwd').read()", bites="loot"),
    Attack("read another trial's scratch", "return open(scene['sibling'] + '/secret').read()", bites="loot"),
    Attack("read the project", "return open(scene['project'] + '/genopt_gym/task.py').read()"),
    Attack("read a game or other site-packages", "return open(scene['data'], 'rb').read(9)"),
    Attack("list the root", "return os.listdir('/')", bites="loot"),
    Attack("list its descriptors", "return os.listdir('/proc/self/fd')", bites="loot"),
    Attack("read its own memory map", "return open('/proc/self/maps').read(99)", bites="loot"),
    Attack("read the host's environment", "return open(f'/proc/{scene[\"host\"]}/environ').read()"),
    Attack("read the zygote's environment", "return open(f'/proc/{os.getppid()}/environ').read()", bites="loot"),
    Attack("read the host's memory by /proc", """
        with open(f'/proc/{scene["host"]}/mem', 'rb', 0) as memory:
            memory.seek(scene['address'])
            return memory.read(scene['length'])
    """, bites="loot"),
    Attack("read the host's memory by process_vm_readv", """
        class Vector(ctypes.Structure):
            _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
        data = ctypes.create_string_buffer(scene['length'])
        ours, theirs = Vector(ctypes.addressof(data), len(data)), Vector(scene['address'], len(data))
        checked(libc.process_vm_readv(scene['host'], ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0))
        return data.raw
    """, bites="loot"),
    Attack("follow the host's descriptors", """
        return [os.readlink(f'/proc/{scene["host"]}/fd/{fd}') for fd in range(9)]
    """, bites="loot"),
    Attack("write the host's memory", """
        with open(f'/proc/{scene["host"]}/mem', 'r+b', 0) as memory:
            memory.seek(scene['address'])
            return memory.write(b'overwritten')
    """),
    Attack("look for secrets in its own memory", """
        texts = [o for o in gc.get_objects() if isinstance(o, (dict, list, tuple))]
        texts = [str(v) for o in texts for v in (o.values() if isinstance(o, dict) else o) if type(v) in (str, bytes)]
        return [t for t in texts if t.startswith('PLANTED' + '-') and len(t) > 20] or None
    """, "ok"),
    Attack("look for keys in its environment", """
        return {k: v for k, v in os.environ.items() if 'KEY' in k or 'TOKEN' in k or 'PLANTED' in v} or None
    """, "ok"),
    Attack("read from every descriptor", """
        found = []
        for fd in [0, 1, 2, *range(4, 64)]:
            try:
                found.append(os.pread(fd, 1000, 0) or os.read(fd, 1000))
            except OSError:
                pass
        return [data for data in found if data] or None
    """, "ok"),
    Attack("import the scorer", """
        import genopt_gym.evaluation.worker as worker
        return str(worker)
    """, "forbidden runtime_error"),
    Attack("import the task", """
        from genopt_gym.envs.control import CartPole
        return str(CartPole)
    """, "forbidden runtime_error"),
    Attack("import the project by its path", """
        sys.path.insert(0, scene['project'])
        sys.path_importer_cache.clear()
        import importlib
        importlib.invalidate_caches()
        import genopt_gym.task
        return str(genopt_gym.task)
    """, "runtime_error forbidden"),
]  # fmt: skip

WRITING = [
    Attack("write a file outside", "open(scene['victim_file'], 'a').write('x')", bites="files"),
    Attack("make a file outside", "open(scene['folder'] + '/new', 'w')", bites="files"),
    Attack("make a folder outside", "os.mkdir(scene['folder'] + '/new')", bites="files"),
    Attack("truncate outside", "os.truncate(scene['victim_file'], 0)", bites="files"),
    Attack("truncate outside while reading", "os.open(scene['victim_file'], os.O_RDONLY | os.O_TRUNC)", bites="files"),
    Attack("rename outside", "os.rename(scene['victim_file'], scene['folder'] + '/moved')", bites="files"),
    Attack("take a file in", "os.rename(scene['victim_file'], 'mine')", bites="files"),
    Attack("put a file out", "open('x', 'w').close()\nos.rename('x', scene['folder'] + '/put')", bites="files"),
    Attack("remove outside", "os.remove(scene['victim_file'])", bites="files"),
    Attack("remove a folder outside", "os.rmdir(scene['folder'] + '/folder')", bites="files"),
    Attack("chmod outside", "os.chmod(scene['victim_file'], 0o600)", bites="files"),
    Attack("chown outside", "os.chown(scene['victim_file'], os.getuid(), os.getgid())"),
    Attack("set times outside", "os.utime(scene['victim_file'], (1, 1))", bites="files"),
    Attack("hard link to a secret", "os.link(scene['secret'], 'link')\nreturn open('link').read()", bites="loot"),
    Attack("hard link outside", "os.link(scene['victim_file'], scene['folder'] + '/link')", bites="files"),
    Attack("symbolic link outside", "os.symlink('/', scene['folder'] + '/link')", bites="files"),
    Attack("named pipe outside", "os.mkfifo(scene['folder'] + '/pipe')", bites="files"),
    Attack("device outside", "os.mknod(scene['folder'] + '/device', 0o20666, os.makedev(1, 3))"),
    Attack("attribute outside", "os.setxattr(scene['victim_file'], 'user.x', b'x')"),
    Attack("write a sibling's scratch", "open(scene['sibling'] + '/secret', 'w').write('x')", bites="scratch"),
    Attack("write beside its scratch", "open('../new', 'w').write('x')", bites="scratch"),
    Attack("write the standard library", "return open(os.__file__, 'a').fileno()"),
    Attack("remove its own scratch", """
        folder = os.getcwd()
        os.chdir('/')
        os.rmdir(folder)
    """, bites=""),
]  # fmt: skip

NETWORK = [
    Attack("TCP", "socket.socket().connect(('127.0.0.1', scene['tcp']))", bites="network"),
    Attack("UDP", """
        socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', scene['udp']))
    """, bites="network"),
    Attack("unix socket", "socket.socket(socket.AF_UNIX).connect(scene['unix'])", bites="network"),
    Attack("abstract unix socket", "socket.socket(socket.AF_UNIX).connect('\\0' + scene['abstract'])", bites="network"),
    Attack("socket pair", "return [s.fileno() for s in socket.socketpair()]", bites="loot"),
    Attack("bind", "s = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\nreturn s.getsockname()", bites="loot"),
    Attack("a name server", "return socket.getaddrinfo('example.com', 80)", blind="forbidden runtime_error"),
    Attack("a web page", """
        import urllib.request
        return urllib.request.urlopen(f'http://127.0.0.1:{scene["tcp"]}/').read()
    """, blind="forbidden runtime_error"),
    Attack("netlink", "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).fileno()"),
    Attack("crypto socket", "return socket.socket(38, socket.SOCK_SEQPACKET).fileno()"),
    Attack("its line as a way out", """
        line = socket.socket(fileno=3)
        line.sendto(b'x', '/run/any')
    """),
    Attack("a descriptor over its line", """
        socket.send_fds(socket.socket(fileno=3), [b'x'], [0])
    """),
]  # fmt: skip

DAEMON = """
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(20)
        os._exit(0)
"""
PROCESSES = [
    Attack("fork", "if os.fork() == 0:\n    time.sleep(20)", bites="processes"),
    Attack("fork bomb", "while True: os.fork()"),
    Attack("vfork", "return raw(58, 220, 0x4111, 0, 0, 0, 0)"),
    Attack("clone", "return raw(56, 220, 17)"),
    Attack("clone with namespaces", "return raw(56, 220, 0x10000000 | 17)"),
    Attack("clone3", "return raw(435, 435, address(bytes(88)), 88)", "runtime_error"),
    Attack("daemon", DAEMON, bites="processes"),
    Attack("threads without end", """
        import threading
        while True:
            threading.Thread(target=time.sleep, args=(1e9,)).start()
    """, blind="runtime_error"),
    Attack("a thread left behind", """
        import _thread
        _thread.start_new_thread(time.sleep, (1e9,))
    """),
    Attack("subprocess", """
        import subprocess
        return subprocess.run(['id'], capture_output=True).stdout
    """, blind="forbidden runtime_error", bites="loot"),
    Attack("os.system", "os.system('touch ' + scene['folder'] + '/new')", "ok forbidden", bites="files"),
    Attack("posix_spawn", "return os.posix_spawn('/bin/true', ['true'], {})"),
    Attack("exec", "os.execv('/bin/sh', ['sh', '-c', 'echo x > ' + scene['folder'] + '/new'])", bites="files"),
    Attack("a pool of processes", """
        import multiprocessing
        return multiprocessing.get_context('fork').Pool(2).map(abs, [-1])
    """, blind="forbidden runtime_error"),
]  # fmt: skip

RESOURCES = [
    Attack("memory at once", "return len(bytearray(1 << 40))", "out_of_memory"),
    Attack("memory by and by", "hoard = []\nwhile True: hoard.append(bytearray(1 << 22))", "out_of_memory timeout"),
    Attack("memory by mmap", """
        hoard = []
        while True: hoard.append(mmap.mmap(-1, 1 << 24))
    """, "runtime_error out_of_memory"),
    Attack("memory of its stack", """
        sys.setrecursionlimit(10 ** 9)
        class Deep:
            def __repr__(self): return repr(self)
        repr(Deep())
    """, "crashed out_of_memory"),
    Attack("its output made direct", "checked(libc.fcntl(1, 4, os.O_DIRECT))\nreturn 'direct'", "runtime_error"),
    Attack("huge file", """
        file = open('huge', 'wb')
        while True: file.write(bytes(1 << 20))
    """, "runtime_error", "forbidden"),
    Attack("sparse file", "open('sparse', 'wb').truncate(1 << 40)", "runtime_error", "forbidden"),
    Attack("many small files", """
        for number in range(10 ** 9):
            with open(f'file{number}', 'w') as file: file.write('x')
    """, "forbidden timeout"),
    Attack("many files, call after call", """
        for number in range(10):
            with open(f'file{time.monotonic_ns()}', 'wb') as file: file.write(bytes(1 << 22))
    """, calls=60),
    Attack("files that have lost their names", """
        for _ in range(5):
            with open('hidden', 'w+b') as file:
                file.write(bytes(1 << 22))
                file.flush()
                kept.append(mmap.mmap(file.fileno(), 4096))
            os.remove('hidden')
    """, "ok timeout", "forbidden", calls=5),
    Attack("deep folders", """
        for _ in range(2500):
            os.mkdir('d')
            os.chdir('d')
    """, "ok forbidden"),
    Attack("folders that cannot be listed", """
        os.mkdir('unlisted', 0o300)
        os.mkdir('unlisted/inner')
        open('unlisted/file', 'w').close()
        os.mkdir('closed', 0)
    """, "ok", "forbidden"),
    Attack("strange names", """
        for name in (b'\\xff\\xfe', b'\\n', b'n' * 255, b'-rf', b'* '):
            os.mkdir(name)
            open(name + b'/' + name, 'w').close()
    """, "ok", "forbidden"),
    Attack("flood of output", "while True: print('x' * 99999)", "runtime_error"),
    Attack("flood of errors", "while True: os.write(2, b'x' * 99999)", "runtime_error"),
    Attack("its output made huge", "os.ftruncate(1, 1 << 40)", "runtime_error", "forbidden"),
    Attack("its output made strange", """
        checked(libc.fcntl(1, 4, os.O_APPEND | os.O_NONBLOCK))
        os.lseek(1, 3, os.SEEK_SET)
        print('\\x1b[2J\\0\\ud800' * 50)
        raise ValueError('so')
    """, "runtime_error"),
    Attack("many descriptors", "while True: os.dup(0)", "runtime_error"),
    Attack("higher limits", "resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999))"),
    Attack("lower limits, then higher", "return resource.prlimit(0, resource.RLIMIT_NOFILE, (10, 10))"),
]  # fmt: skip

LOOPS = [
    Attack("loop", "while True: pass", "timeout"),
    Attack("loop deaf to signals", """
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True: pass
    """, "timeout"),
    Attack("loop deaf to exceptions", """
        while True:
            try:
                while True: pass
            except BaseException:
                pass
    """, "timeout"),
    Attack("loop in C", "return sum(range(10 ** 12))", "timeout"),
    Attack("loop in a regular expression", "import re\nreturn re.match('(a+)+$', 'a' * 99 + 'b')", "timeout"),
    Attack("loop in a power", "return 10 ** 10 ** 8", "timeout"),
    Attack("sleep for ever", "time.sleep(1e9)", "timeout"),
    Attack("wait for nothing", "import select\nselect.select([], [], [])", "timeout"),
    Attack("wait for its line", "os.read(3, 99)", "timeout"),
    Attack("stop itself", "os.kill(os.getpid(), signal.SIGSTOP)", "timeout"),
    Attack("pretend progress and sleep", """
        progress = frame('serve').f_locals['progress']
        while True:
            progress[1] += 1
            time.sleep(0.05)
    """, "timeout"),
    Attack("pretend progress and work", """
        progress = frame('serve').f_locals['progress']
        while True: progress[1] += 1
    """, "timeout"),
    Attack("claim other trials", """
        progress = frame('serve').f_locals['progress']
        progress[0] = progress[1] = (1 << 64) - 1
        os._exit(0)
    """, "crashed"),
    Attack("send a message byte by byte", """
        os.write(3, (1000).to_bytes(4, 'little'))
        while True:
            os.write(3, b'A')
            time.sleep(0.05)
    """, "timeout"),
    Attack("ask the model for ever", """
        while True:
            try:
                llm('x')
            except PermissionError:
                time.sleep(0.2)
    """, "timeout"),
    Attack("ask a granted model for ever", """
        while True:
            try:
                llm('x')
            except PermissionError:
                time.sleep(0.2)
    """, "timeout", llm=True),
    Attack("flood the model", """
        while True:
            try:
                llm('x')
            except PermissionError:
                pass
    """, "timeout", llm=True),
    Attack("answer without reading", """
        while True: os.write(3, framed(b'A\\x91\\x93\\x07\\xc0\\x90'))
    """, "timeout", calls=20_000, loots=False),
    Attack("work through many calls", """
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end: pass
    """, "timeout", calls=30),
    Attack("hang when it ends", """
        import atexit
        class Hanging:
            def __del__(self): time.sleep(1e9)
        atexit.register(time.sleep, 1e9)
        kept.append(Hanging())
    """, "ok"),
]  # fmt: skip

ENDS = [
    Attack("exit code 0", "os._exit(0)", "crashed"),
    Attack("exit code 1", "os._exit(1)", "crashed"),
    Attack("exit code 113", "os._exit(113)", "crashed"),
    Attack("sys.exit", "sys.exit(0)", "runtime_error"),
    Attack("abort", "os.abort()", "crashed"),
    Attack("segmentation fault", "ctypes.string_at(0)", "crashed"),
    Attack("kill itself", "os.kill(os.getpid(), signal.SIGKILL)", "crashed"),
    Attack("end by a real-time signal", "os.kill(os.getpid(), 40)", "crashed"),
    Attack("pretend the processor limit", "os.kill(os.getpid(), signal.SIGXCPU)", "timeout crashed"),
    Attack("alarm outside its call", """
        def ring(*_): raise ZeroDivisionError
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0001)
    """, "crashed runtime_error ok", calls=500),
    Attack("close its line", "os.close(3)", "crashed"),
    Attack("close its line and sleep", "os.close(3)\ntime.sleep(1e9)", "crashed"),
    Attack("close all descriptors", "os.closerange(0, 64)", "crashed"),
    Attack("another file in place of its line", "os.dup2(1, 3)", "crashed"),
]  # fmt: skip

OTHERS = [
    Attack("signal the host", "os.kill(scene['host'], signal.SIGUSR1)", bites="signals"),
    Attack("kill the zygote", "os.kill(os.getppid(), signal.SIGTERM)"),
    Attack("kill a process", "os.kill(scene['victim'], signal.SIGKILL)", bites="victim"),
    Attack("signal everything", "os.kill(-1, 0)\nreturn 'everything'"),
    Attack("kill its group", "os.kill(0, signal.SIGUSR1)"),
    Attack("signal a thread of the host", "raw(234, 131, scene['host'], scene['host'], 10)", bites="signals"),
    Attack("queue a signal", "raw(129, 138, scene['host'], 10, address(bytes(128)))"),
    Attack("signal by a pidfd", "signal.pidfd_send_signal(os.pidfd_open(scene['victim']), 9)", bites="victim"),
    Attack("trace a process", "checked(libc.ptrace(0x4206, scene['victim'], 0, 0))\nreturn 'traced'", bites="loot"),
    Attack("be traced", "checked(libc.ptrace(0, 0, 0, 0))\nreturn 'traced'"),
    Attack("limit the host", "resource.prlimit(scene['host'], resource.RLIMIT_NOFILE, (20, 20))"),
    Attack("limit a process", "resource.prlimit(scene['victim'], resource.RLIMIT_NOFILE, (20, 20))", bites="victim"),
    Attack("renice a process", "os.setpriority(os.PRIO_PROCESS, scene['victim'], 10)", bites="victim"),
    Attack("renice the host", "os.setpriority(os.PRIO_PROCESS, scene['host'], 10)"),
    Attack("pin a process to a core", "os.sched_setaffinity(scene['victim'], [0])"),
    Attack("reschedule a process", "os.sched_setscheduler(scene['victim'], 3, os.sched_param(0))", bites="victim"),
    Attack("its input and output priority", "raw(251, 30, 1, scene['host'], 0x4000)"),
    Attack("owner of its line", "checked(libc.fcntl(3, 8, scene['host']))\nreturn 'owned'", bites="loot"),
    Attack("signal of its line", "checked(libc.fcntl(3, 10, signal.SIGUSR1))\nreturn 'set'", bites="loot"),
    Attack("signals from its line", "checked(libc.fcntl(3, 4, 0o20000))\nreturn 'set'", bites="loot"),
    Attack("owner of its line by ioctl", """
        checked(libc.ioctl(3, 0x8901, address(scene['host'].to_bytes(4, 'little'))))
        return 'owned'
    """),
    Attack("compare with the host", "return raw(312, 272, os.getpid(), scene['host'], 2)"),
]  # fmt: skip

KERNEL = [
    Attack("anonymous file", "return os.memfd_create('x')", bites="loot"),
    Attack("shared memory", "return checked(libc.shm_open(b'/' + scene['name'].encode(), 0o102, 0o600))"),
    Attack("System V shared memory", "return raw(29, 194, scene['key'], 4096, 0o1600)"),
    Attack("System V messages", "return raw(68, 186, scene['key'], 0o1600)"),
    Attack("System V semaphores", "return raw(64, 190, scene['key'], 1, 0o1600)"),
    Attack("message queue", "return raw(240, 180, address(b'queue'), 0o102, 0o600, 0)"),
    Attack("io_uring", "return raw(425, 425, 4, address(bytes(120)))"),
    Attack("bpf", "return raw(321, 280, 0, address(bytes(128)), 128)"),
    Attack("userfaultfd", "return raw(323, 282, 1)"),
    Attack("perf", "return raw(298, 241, address(bytes(128)), 0, -1, -1, 0)"),
    Attack("user namespace", "checked(libc.unshare(0x10000000))\nreturn 'root in a namespace'"),
    Attack("another's namespace", "return checked(libc.setns(0, 0))"),
    Attack("mount", "return checked(libc.mount(b'none', b'.', b'tmpfs', 0, None))"),
    Attack("mount anew", "return raw(430, 430, address(b'tmpfs'), 0)"),
    Attack("pivot_root", "return raw(155, 41, address(b'.'), address(b'.'))"),
    Attack("chroot", "os.chroot('.')\nreturn os.listdir('/')"),
    Attack("keys", "return raw(248, 217, address(b'user'), address(b'x'), address(b'y'), 1, -3)"),
    Attack("keyctl", "return raw(250, 219, 0, -3, 1)"),
    Attack("set the clock", "time.clock_settime(time.CLOCK_REALTIME, time.time())\nreturn 'set'"),
    Attack("personality", "return checked(libc.personality(0x0040000))"),
    Attack("become another user", "os.setuid(65533)\nreturn os.getuid()"),
    Attack("become dumpable", "return checked(libc.prctl(4, 1, 0, 0, 0)) or 'dumpable'"),
    Attack("a filter of its own", "return raw(317, 277, 1, 0, address(bytes(16)))"),
    Attack("the kernel's log", "return raw(103, 116, 10, 0, 0)"),
    Attack("name of the machine", "socket.sethostname('x')"),
    Attack("watch files", "return raw(294, 26, 0)", bites="loot"),
    Attack("executable memory", "return raw(9, 222, 0, 4096, 7, 0x22, -1, 0) and 'executable'", bites="loot"),
    Attack("memory made executable", """
        page = mmap.mmap(-1, 4096)
        place = ctypes.addressof(ctypes.c_char.from_buffer(page))
        libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        checked(libc.mprotect(place, 4096, 5))
        return 'executable'
    """, bites="loot"),
    Attack("32-bit entry", r"""
        if platform.machine() != 'x86_64':
            raise PermissionError(errno.EPERM, 'only x86_64 has it')
        return machine_code(b'\xb8\x14\0\0\0\xcd\x80\xc3')
    """, "forbidden crashed"),
    Attack("numbers of x32", "return raw(0x40000000 + 39, 2000)"),
    Attack("system calls that do not exist", "return raw(2000, 2000)"),
    Attack("every system call there is", """
        ends = {15, 60, 93, 94, 139, 231, 335, 336}  # 335 and 336 are the kernel's own, for probes
        waits = {0, 3, 7, 19, 23, 24, 33, 34, 35, 45, 57, 63, 65, 72, 73, 98, 101, 115, 133, 202, 207, 230, 270, 271}
        memory = {9, 10, 11, 12, 25, 214, 215, 222, 226}
        allowed = []
        for number in set(range(600)) - ends - waits - memory:
            result = libc.syscall(number, -1, -1, -1, -1, -1, -1)
            if result >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
                allowed.append(number)
        return allowed if len(allowed) > 60 else None
    """, "ok"),
]  # fmt: skip

PROTOCOL = [
    Attack("random bytes on every descriptor", """
        for fd in range(64):
            try:
                os.write(fd, os.urandom(3) + b'\\x00' + os.urandom(1 << 20))
            except OSError:
                pass
        time.sleep(1e9)
    """, "crashed timeout", loots=False),
    Attack("an answer on every descriptor", """
        for fd in range(64):
            try:
                os.write(fd, framed(b'A\\x91\\x93\\x07\\xc0\\x90'))
            except OSError:
                pass
        return 0
    """, "ok crashed", calls=3, loots=False),
    Attack("many answers in advance", """
        os.write(3, 300 * framed(b'A\\x91\\x93\\x07\\xc0\\x90'))
        return 0
    """, "ok crashed timeout", calls=100, loots=False),
    Attack("a prompt nobody asked for", """
        os.write(3, framed(b'L\\xa1x'))
        return 0
    """, "crashed ok", calls=3, loots=False),
    Attack("a prompt that is no text", "os.write(3, framed(b'L\\xa2\\xff\\xff'))", "crashed", llm=True),
    Attack("a prompt that is a number", "os.write(3, framed(b'L\\x05'))", "crashed", llm=True),
    Attack("a prompt without an end", "os.write(3, framed(b'L\\xdb\\xff\\xff\\xff\\xff'))", "crashed", llm=True),
    Attack("that it is ready, once more", "os.write(3, framed(b'ready'))", "crashed"),
    Attack("an empty message", "os.write(3, framed(b''))", "crashed"),
    Attack("a size over the limit", "os.write(3, b'\\xff' * 4)\ntime.sleep(1e9)", "crashed"),
    Attack("half a message", "os.write(3, b'\\x40\\0\\0\\0A')\nos._exit(0)", "crashed"),
    Attack("half a size", "os.write(3, b'\\x40')\ntime.sleep(1e9)", "timeout"),
    Attack("answers to calls nobody made", "frame('serve').f_locals['answers'].extend([None] * 3)", "crashed"),
    Attack("deeply nested arrays", "os.write(3, framed(b'A' + b'\\x91' * 50_000))\ntime.sleep(1e9)", "crashed"),
    Attack("deeply nested maps", "os.write(3, framed(b'A' + b'\\x81\\xa0' * 50_000))\ntime.sleep(1e9)", "crashed"),
    Attack("a huge array that is not there", """
        os.write(3, framed(b'A\\x91\\x93\\xdd\\xff\\xff\\xff\\xff'))
        time.sleep(1e9)
    """, "crashed"),
    Attack("arrays within huge arrays", """
        os.write(3, framed(b'A\\x91\\x93' + b'\\xdd\\x1f\\xff\\xff\\xff' * 900))
        time.sleep(1e9)
    """, "crashed"),
    Attack("a huge map that is not there", """
        os.write(3, framed(b'A\\x91\\x93\\xdf\\xff\\xff\\xff\\xff'))
        time.sleep(1e9)
    """, "crashed"),
    Attack("a map within a key", """
        os.write(3, framed(b'A\\x91\\x93\\x81\\x81\\1\\2\\3\\xc0\\x90'))
        return 0
    """, "crashed"),
    Attack("an extension type", "os.write(3, framed(b'A\\x91\\x93\\xd4\\5\\0\\xc0\\x90'))\nreturn 0", "crashed"),
    Attack("an impossible time", """
        os.write(3, framed(b'A\\x91\\x93\\xc7\\x0c\\xff' + b'\\xff' * 12 + b'\\xc0\\x90'))
        return 0
    """, "crashed"),
    Attack("text that is none", "os.write(3, framed(b'A\\x91\\x93\\xa2\\xff\\xff\\xc0\\x90'))\nreturn 0", "crashed"),
    Attack("a failure that means success", """
        os.write(3, framed(b'A\\x91\\x93\\xc0\\x96\\xa2ok\\xa1X\\xa1m\\xc0\\xc0\\xa0\\x90'))
        return 0
    """, "crashed"),
    Attack("a failure as long as allowed", """
        words = b'\\xdb' + (100_000).to_bytes(4, 'big') + b'w' * 100_000
        os.write(3, framed(b'A\\x91\\x93\\xc0\\x96\\xadruntime_error' + words * 2 + b'\\xc0\\xc0\\xa0\\x90'))
        return 0
    """, "runtime_error crashed"),
]  # fmt: skip

RESULTS = [
    Attack("enormous result", "return 'x' * (1 << 24)", "contract_broken"),
    Attack("cyclic result", "x = []\nx.append(x)\nreturn x", "contract_broken"),
    Attack("nested result", """
        x = 0
        for _ in range(100_000): x = [x]
        kept.append(x)
        return x
    """, "contract_broken crashed"),
    Attack("traced cyclic result", "x = {}\nx['x'] = x\nreturn x", "contract_broken", traced=True),
    Attack("no number", "return [float('nan'), float('inf'), -0.0]", "ok", loots=False),
    Attack("huge integer", "return 1 << 100_000", "contract_broken"),
    Attack("wide result", "return [[]] * 60_000", "ok", loots=False),
    Attack("result that lies about itself", """
        class Evil:
            __module__ = 'numpy'
            def __getattribute__(self, name): raise SystemExit(name)
            def __repr__(self): raise SystemExit('repr')
            __str__ = __eq__ = __reduce__ = __len__ = __iter__ = __hash__ = __bool__ = __repr__
        return Evil()
    """, "contract_broken"),
    Attack("result with another class", """
        class Evil:
            @property
            def __class__(self): return int
            def __index__(self): raise KeyboardInterrupt
            __int__ = __reduce__ = __reduce_ex__ = __repr__ = __index__
        return Evil()
    """, "contract_broken", traced=True),
    Attack("result that never ends", """
        class Array:
            def tolist(self): return Array()
        Array.__module__ = 'numpy'
        return Array()
    """, "contract_broken"),
    Attack("result that does not return", """
        class Array:
            def tolist(self):
                while True: pass
        Array.__module__ = 'numpy'
        return Array()
    """, "timeout"),
    Attack("list that is none", """
        class Evil(list):
            def __iter__(self): raise SystemExit
            __len__ = __getitem__ = __repr__ = __iter__
        return Evil([1, 2])
    """, "ok contract_broken", traced=True, loots=False),
    Attack("exception that lies about itself", """
        class Liar(type):
            def __getattribute__(cls, name): raise SystemExit(name)
        class Evil(OSError, metaclass=Liar):
            def __getattribute__(self, name): raise SystemExit(name)
            def __str__(self): raise SystemExit('str')
            __repr__ = __eq__ = __reduce__ = __bool__ = __str__
        raise Evil
    """, "runtime_error forbidden"),
    Attack("exception with false facts", """
        class Evil(SyntaxError):
            filename, lineno, errno = object(), 'line', float('nan')
        raise Evil('so')
    """, "runtime_error"),
    Attack("exception of another kind", """
        class Evil(Exception):
            def __new__(cls, *args): return 7
        raise Evil
    """, "runtime_error"),
    Attack("exception without an end", "e = ValueError('x' * (1 << 26))\ne.__cause__ = e\nraise e", "runtime_error"),
    Attack("group of exceptions", "raise BaseExceptionGroup('g', [SystemExit()])", "runtime_error"),
    Attack("exceptions within exceptions", """
        def deeper(n):
            try:
                raise ValueError(n)
            finally:
                deeper(n + 1)
        deeper(0)
    """, "runtime_error crashed"),
    Attack("text of half characters", "raise ValueError('\\ud800' * 999)", "runtime_error"),
]  # fmt: skip

PYTHON = [
    Attack("other builtins", """
        import builtins
        builtins.len = builtins.isinstance = builtins.zip = builtins.type = lambda *_: 0
        builtins.print = builtins.open = builtins.__import__ = lambda *_: 0
        builtins.BaseException = builtins.Exception = KeyError
        raise ValueError
    """, "crashed runtime_error"),
    Attack("no builtins", "import builtins\nbuiltins.__dict__.clear()\nraise ValueError", "crashed"),
    Attack("other msgspec", """
        import msgspec
        msgspec.msgpack.encode = msgspec.msgpack.decode = lambda *_, **__: b''
        msgspec.msgpack.Encoder = msgspec.msgpack.Decoder = None
    """, "ok crashed runtime_error contract_broken", calls=3),
    Attack("no modules", "sys.modules.clear()\nreturn 0", "ok crashed runtime_error", calls=3, loots=False),
    Attack("the project's classes by the collector", """
        for found in gc.get_objects():
            if type(found).__name__ == 'Line':
                send = type(found).send
                type(found).send = lambda self, message: send(self, b'A\\x91\\x93\\x07\\xc0\\x90')
        return 0
    """, "ok", loots=False),
    Attack("the project's functions by frames", """
        found = frame('serve')
        found.f_globals['Answer'] = found.f_globals['_problem'] = lambda *_: ['forged', None, []]
        found.f_locals['job'].answer_bytes
        raise ValueError
    """, "crashed runtime_error ok", loots=False),
    Attack("trace functions", """
        def trace(frame, event, argument): raise SystemExit
        sys.settrace(trace)
        sys.setprofile(trace)
    """, "ok crashed runtime_error", calls=3),
    Attack("the clock of Python", """
        time.time = time.monotonic = time.perf_counter = lambda: 0.0
        time.sleep = lambda _: None
    """, "ok", calls=2),
    Attack("seeds and environment", """
        import random
        random.seed(0)
        random.random = lambda: 0.5
        os.environ.clear()
        os.environ['PYTHONHASHSEED'] = '7'
        os.environ['HOME'] = os.environ['TMPDIR'] = '/'
    """, "ok", calls=2),
    Attack("no standard streams", "sys.stdout = sys.stderr = None\nraise ValueError('so')", "runtime_error"),
    Attack("streams that lie", """
        class Evil:
            def flush(self): raise SystemExit
            def write(self, _): os._exit(0)
        sys.stdout = sys.stderr = Evil()
        raise ValueError('so')
    """, "runtime_error"),
    Attack("hooks of the interpreter", """
        sys.excepthook = sys.unraisablehook = sys.displayhook = lambda *_: os._exit(0)
        sys.addaudithook(lambda *_: None)
        sys.meta_path.clear()
        sys.setrecursionlimit(50)
    """, "ok crashed runtime_error", calls=3),
    Attack("the number one", """
        one = ctypes.c_uint32.from_address(id(1) + 24)
        one.value = 2
        return 0
    """, "ok crashed runtime_error", calls=2, loots=False),
    Attack("no garbage is collected", "gc.disable()\ngc.unfreeze()\ngc.collect()", "ok", calls=2),
]  # fmt: skip

ALL = [
    *READING,
    *WRITING,
    *NETWORK,
    *PROCESSES,
    *RESOURCES,
    *LOOPS,
    *ENDS,
    *OTHERS,
    *KERNEL,
    *PROTOCOL,
    *RESULTS,
    *PYTHON,
]
BY_NAME = {attack.name: attack for attack in ALL}
CONTROLS = [attack for attack in ALL if attack.bites]
assert len(BY_NAME) == len(ALL)
