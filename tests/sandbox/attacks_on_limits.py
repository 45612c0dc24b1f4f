"""Attacks from within what is granted, on its limits: resources, time, ends of a process."""

from __future__ import annotations

from tests.sandbox.attack import Attack

RESOURCES = [
    Attack("memory at once", "return len(bytearray(1 << 40))", "out_of_memory"),
    Attack("memory by and by", "hoard = []\nwhile True: hoard.append(bytes(1 << 22))", "out_of_memory"),
    Attack("memory by mmap", """
        hoard = []
        while True: hoard.append(mmap.mmap(-1, 1 << 24))
    """, "runtime_error out_of_memory"),
    Attack("memory of its stack", """
        sys.setrecursionlimit(10 ** 9)
        class Deep:
            def __repr__(self): return repr(self)
        repr(Deep())
    """, "runtime_error crashed out_of_memory"),  # from Python 3.12 on, a limit of its own ends it: RecursionError
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
        end = time.process_time() + 0.3
        while time.process_time() < end: pass
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
