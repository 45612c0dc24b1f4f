"""Attacks on what lies outside: files, network, processes, the kernel."""

from __future__ import annotations

from tests.sandbox.attack import Attack

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
    Attack("read the project", "return open(scene['project'] + '/genopt_gym/core/task.py').read()"),
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
        from genopt_gym.envs.control.cart_pole import CartPole
        return str(CartPole)
    """, "forbidden runtime_error"),
    Attack("import the project by its path", """
        sys.path.insert(0, scene['project'])
        sys.path_importer_cache.clear()
        import importlib
        importlib.invalidate_caches()
        import genopt_gym.core.task
        return str(genopt_gym.core.task)
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
    """),
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
