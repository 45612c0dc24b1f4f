"""Where MiniGrid players start: a walk by chance, and one that draws a map and goes to the nearest place of use."""

from __future__ import annotations

from genopt_gym.envs.starts import TwoSteps

NAIVE = TwoSteps(
    """\
def look_around(obs):
    return obs["view"][5][3]
""",
    """\
import random


def select_action(obs, front):
    if random.random() < 0.3:
        return random.choice(["left", "right"])
    if front.startswith("key"):
        return "pickup"
    if front.startswith("door") and "open" not in front:
        return "toggle"
    return "forward" if front in ("empty", "goal") or "open" in front else random.choice(["left", "right"])
""",
)

LOOK = '''\
def look_around(obs):
    """What is seen, as (steps ahead, steps to the right, cell)."""
    view = obs["view"]
    cells = [(6 - row, column - 3, view[row][column]) for row in range(7) for column in range(7)]
    return [cell for cell in cells if cell[2] not in ("unseen", "agent")]
'''

SELECT = '''\
from collections import deque

STEPS = {"east": (1, 0), "south": (0, 1), "west": (-1, 0), "north": (0, -1)}
known = {}
here = (0, 0)


def is_free(cell):
    return cell in ("empty", "goal", "floor") or cell.startswith("door") and cell.endswith("open")


def is_use(cell, place, obs):
    """How urgent it is to get to a cell, the least first; None if there is nothing to do."""
    word, colour = cell.split()[:2] if " " in cell else (cell, "")
    if cell == "goal":
        return 0
    if word in ("ball", "box", "key") and f"pick up the {colour} {word}" in obs["mission"]:
        return 1
    if word == "door" and cell.endswith("locked"):
        return 2 if obs["carrying"] == f"key {colour}" else None
    if word == "key":
        return None if obs["carrying"] else 3
    if word == "box" or word == "door" and cell.endswith("closed"):
        return 4
    x, y = place
    if is_free(cell) and any((x + dx, y + dy) not in known for dx, dy in STEPS.values()):
        return 4
    return None


def find_way(obs):
    """The steps to the most urgent cell in reach, and what it is; of equal ones to the nearest."""
    queue, came, best = deque([here]), {here: None}, None
    while queue:
        x, y = place = queue.popleft()
        for dx, dy in STEPS.values():
            after = (x + dx, y + dy)
            if after in came or after not in known:
                continue
            came[after] = place
            use = is_use(known[after], after, obs)
            if use is not None and (best is None or use < best[0]):
                best = (use, after)
            if is_free(known[after]):
                queue.append(after)
    if best is None:
        return [], ""
    way = [best[1]]
    while came[way[-1]] != here:
        way.append(came[way[-1]])
    return way[::-1], known[best[1]]


def select_action(obs, seen):
    global here
    dx, dy = STEPS[obs["direction"]]
    for ahead, right, cell in seen:
        known[here[0] + ahead * dx - right * dy, here[1] + ahead * dy + right * dx] = cell
    known.setdefault(here, "empty")
    front = (here[0] + dx, here[1] + dy)
    way, cell = find_way(obs)
    if not way:
        return "left"
    if obs["carrying"] and cell.split()[0] in ("ball", "key", "box") and len(way) < 3:
        # Both hands are needed: put away what is carried, but not in the way.
        return "drop" if front != way[0] and known.get(front) == "empty" else "right"
    if front != way[0]:
        right = (here[0] - dy, here[1] + dx)
        return "right" if right == way[0] else "left"
    if is_free(known[front]):
        here = front
        return "forward"
    wanted = f"pick up the {' '.join(reversed(cell.split()))}" in obs["mission"]
    return "toggle" if cell.split()[0] in ("door", "box") and not wanted else "pickup"
'''

EXPLORER = TwoSteps(LOOK, SELECT)
