"""Attacks from within what is granted, on who reads the answers: the protocol, results, Python itself."""

from __future__ import annotations

from tests.sandbox.attack import Attack

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
            if type(found).__name__ == 'MessageChannel':
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
