"""CartPole policies that are after a score they did not earn."""

from __future__ import annotations

FRAME = """\
import os, sys

def frame(name):
    found = sys._getframe()
    while found.f_code.co_name != name:
        found = found.f_back
    return found

def framed(message):
    return len(message).to_bytes(4, "little") + message

"""
LEAN = "1 if obs['pole_angle'] > 0 else 0"


CHEATS = {
    "an honest policy": f"""
def policy(obs):
    return {LEAN}
""",
    "a result that is a score": """
def policy(obs):
    return {'score': 500, 'reward': 500.0, 'ended': True}
""",
    "a huge action": "def policy(obs): return 1 << 62",
    "a negative action": "def policy(obs): return -1",
    "true for an action": "def policy(obs): return True",
    "no number for an action": "def policy(obs): return float('nan')",
    "text for an action": "def policy(obs): return '1'",
    "an integer of its own": f"""
class Int(int):
    __eq__ = __le__ = __lt__ = lambda *_: True

def policy(obs):
    return Int({LEAN})
""",
    "another observation": f"""
def policy(obs):
    action = {LEAN}
    obs.update(pole_angle=0.0, cart_position=0.0)
    return action
""",
    "answers on its line": f"""{FRAME}
def policy(obs):
    os.write(3, framed(b'A\\x91\\x93\\x01\\xc0\\x90'))
    return {LEAN}
""",
    "answers in advance": f"""{FRAME}
done = []

def policy(obs):
    if not done:
        done.append(1)
        os.write(3, 200 * framed(b'A\\x91\\x93\\x01\\xc0\\x90'))
    return {LEAN}
""",
    "a failure that means success": f"""{FRAME}
def policy(obs):
    os.write(3, framed(b'A\\x91\\x93\\x01\\x96\\xa2ok\\xa1X\\xa1m\\xc0\\xc0\\xa0\\x90'))
    return {LEAN}
""",
    "other encoders": f"""{FRAME}
import msgspec

def policy(obs):
    msgspec.msgpack.encode = lambda *_, **__: b'\\x91\\x05'
    frame('serve').f_globals['Answer'] = lambda *_: [{{'score': 500}}, None, []]
    return {LEAN}
""",
    "another line": f"""{FRAME}
import gc

def policy(obs):
    for found in gc.get_objects():
        if type(found).__name__ == 'MessageChannel':
            type(found).send = lambda self, message: os.write(3, framed(b'A\\x91\\x93\\x01\\xc0\\x90'))
    return {LEAN}
""",
    "the game by its seed": f"""{FRAME}
def policy(obs):
    try:
        import gymnasium
        env = gymnasium.make('CartPole-v1')
        env.reset(seed=frame('serve').f_locals['job'].seeds[0])
    except (ImportError, PermissionError):
        return {LEAN}
    return 7
""",
    "clocks and seeds": f"""
import random, time

def policy(obs):
    random.seed(0)
    time.time = time.monotonic = lambda: 0
    return {LEAN}
""",
    "other builtins": f"""
import builtins

def policy(obs):
    builtins.len = builtins.min = lambda *_: 500
    builtins.float = builtins.sum = lambda *_: 500.0
    return {LEAN}
""",
    "an end while it stands": f"""
import os
steps = []

def policy(obs):
    steps.append(1)
    return {LEAN} if len(steps) < 9 else os._exit(0)
""",
    "an error while it stands": f"""
steps = []

def policy(obs):
    steps.append(1)
    assert len(steps) < 9
    return {LEAN}
""",
    "a hang while it stands": f"""
import time
steps = []

def policy(obs):
    steps.append(1)
    if len(steps) == 9: time.sleep(99)
    return {LEAN}
""",
    "another trial's failure": f"""{FRAME}
def policy(obs):
    frame('serve').f_locals['progress'][0] = 0
    return {LEAN} if abs(obs['pole_angle']) < 0.1 else os._exit(0)
""",
}
