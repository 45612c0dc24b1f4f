"""A secret outside, a scratch root, and forks that tell what they may do there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import genopt_gym
from genopt_gym.sandbox import confine

WITNESS = '''
import ctypes, errno, importlib, json, os, signal, socket, sys, tempfile
from genopt_gym.sandbox import confine, landlock, seccomp

order = json.load(sys.stdin)
secret, root, read = order["secret"], order["root"], order["read"]
for name in order["preload"]:
    importlib.import_module(name)
confine.stdlib_folders()  # looked up now: another user may not be able to read the interpreter's home
if order["user"]:
    os.setuid(order["user"])
own, other = tempfile.mkdtemp(dir=root), tempfile.mkdtemp(dir=root)
for folder in (own, other):
    os.mkdir(folder + "/sub")
    for name in ("/file", "/sub/file"):
        with open(folder + name, "w") as file:
            file.write("mine")
os.symlink(secret, own + "/link")
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
unix = socket.socket(socket.AF_UNIX)
unix.bind("\\0" + own)
unix.listen()
exec(order["zygote"])

def witness(code):
    """How an expression ends in a fork of its own: its value, or the name of the error."""
    answers, answer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(own)
            exec(order["child"])
            said = eval(code)
        except OSError as error:
            said = errno.errorcode.get(error.errno, str(error))
        except BaseException as error:
            said = type(error).__name__
        os.write(answer, json.dumps(said, default=str).encode())
        os._exit(0)
    os.close(answer)
    os.waitpid(child, 0)
    said = os.read(answers, 1000).decode()
    os.close(answers)
    return json.loads(said)

print(json.dumps({code: witness(code) for code in order["codes"]}))
'''

STRONG = "prepared = confine.prepare('strong', read, root)"
APPLY = "prepared.apply(own)"


class Scene:
    """A secret outside, a scratch root, and what may be read."""

    def __init__(self, folder: Path) -> None:
        self.secret = folder / "answers" / "secret"
        self.secret.parent.mkdir()
        self.secret.write_text("42")
        self.secret.chmod(0o666)
        self.root = folder / "scratch"
        self.root.mkdir()
        self.root.chmod(0o777)
        folder.chmod(0o755)

    def witness(
        self,
        codes: list[str],
        zygote: str = STRONG,
        child: str = APPLY,
        profile: str = "bare",
        user: int = 0,
    ) -> dict[str, object]:
        """The value of each expression, or how it was refused, each in a fork of its own."""
        order = {
            "codes": codes,
            "zygote": zygote,
            "child": child,
            "user": user,
            "secret": str(self.secret),
            "root": str(self.root),
            "read": confine.readable_paths(profile),
            "preload": confine.PROFILES[profile],
        }
        command = [sys.executable, "-P", "-c", WITNESS]
        environment = {"PYTHONPATH": str(Path(genopt_gym.__path__[0]).parent), "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            command, input=json.dumps(order), capture_output=True, text=True, timeout=60, env=environment
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found
