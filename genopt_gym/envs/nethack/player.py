"""Where a NetHack player starts: a walk by chance, or one that explores, descends, eats and prays."""

from __future__ import annotations

from genopt_gym.envs.starts import TwoSteps

NAIVE = TwoSteps(
    """\
COMPASS = {
    "north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1),
    "northwest": (-1, -1), "northeast": (-1, 1), "southwest": (1, -1), "southeast": (1, 1),
}


def read_map(obs):
    # Directions in which a letter stands: a monster, or a pet.
    row, column = obs["cursor"]
    return [name for name, (down, right) in COMPASS.items() if is_letter(obs["screen"], row + down, column + right)]


def is_letter(screen, row, column):
    return screen[row][column : column + 1].isalpha()
""",
    """\
import random

DIRECTIONS = ["north", "south", "west", "east", "northwest", "northeast", "southwest", "southeast"]


def select_action(obs, seen):
    if obs["asks"]:
        food = [letter for letter, text in obs["inventory"].items() if "ration" in text or "apple" in text]
        eats = obs["messages"] and "What do you want to eat" in obs["messages"][-1]
        return food[0] if eats and food else "escape"
    if obs["stats"]["hunger"] >= 2:
        return "eat"
    return random.choice(seen or DIRECTIONS)
""",
)

READ_MAP = '''\
FLOOR = set(".#<>@{}_^$%?!/=\\"+()[*`:") | set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ&;'~")


def read_map(obs):
    """The level as {(row, column): character}, without what is blank; doors that stand open become "D"."""
    cells, screen = {}, obs["screen"]
    for row in range(1, 22):
        for column, character in enumerate(screen[row]):
            if character != " ":
                cells[row, column] = character
    for (row, column), character in list(cells.items()):
        beside = cells.get((row, column - 1)), cells.get((row, column + 1))
        above = cells.get((row - 1, column)), cells.get((row + 1, column))
        if character == "|" and "-" in beside and "|" not in above and beside[0] and beside[1]:
            cells[row, column] = "D"
        if character == "-" and above == ("|", "|"):
            cells[row, column] = "D"
    return cells
'''

SELECT = '''\
from collections import deque

COMPASS = {
    "north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1),
    "northwest": (-1, -1), "northeast": (-1, 1), "southwest": (1, -1), "southeast": (1, 1),
}
WALLS = set("|-")
FOOD = ("ration", "apple", "orange", "pear", "melon", "banana", "carrot", "cram", "lembas", "tripe", "cookie")
memory = {"answers": deque(), "prayed": False, "depth": 0, "stuck": 0, "last": None, "turns": 0, "pets": set(),
          "hit": " ", "next": None}


def select_action(obs, level):
    stats, here, told = obs["stats"], tuple(obs["cursor"]), " ".join(obs["messages"])
    if stats["depth"] != memory["depth"]:
        memory.update(depth=stats["depth"], stairs=None, searched={}, doors=set(), visited=set(), tried={})
        memory.update(blocked=set(), patience=0, next=None)
    if obs["asks"]:
        return memory["answers"].popleft() if memory["answers"] else "escape"
    memory["answers"].clear()
    memory["visited"].add(here)
    if "swap places" in told or "in the way" in told:
        memory["pets"].add(memory["hit"])
    for place, character in level.items():
        if character == ">":
            memory["stairs"] = place
        if character in "+D":
            memory["doors"].add(place)
    if (urgent := survive(obs, stats, here, level, told)) is not None:
        return urgent
    if memory["stairs"] == here:
        return "down"
    return explore(obs, here, level, told)


def survive(obs, stats, here, level, told):
    """What cannot wait: prayer, food, a monster at hand."""
    low = stats["hit_points"] < max(6, stats["max_hit_points"] / 7)
    food = [letter for letter, text in obs["inventory"].items() if any(word in text for word in FOOD)]
    if (low or (stats["hunger"] >= 3 and not food)) and not memory["prayed"]:
        memory["prayed"] = True
        memory["answers"].extend("y")
        return "pray"
    if stats["hunger"] >= 2 and food:
        memory["answers"].append(food[0])
        return "eat"
    for name, (down, right) in COMPASS.items():
        place = here[0] + down, here[1] + right
        character = level.get(place, " ")
        tame = character in memory["pets"] and "bites" not in told and "misses" not in told
        if not (character.isalpha() or character in "&;':~") or character == "D" or tame:
            continue
        through_door = down and right and (here in memory["doors"] or place in memory["doors"])
        if not through_door and memory["tried"].get((place, character), 0) < 6:
            memory["tried"][place, character] = memory["tried"].get((place, character), 0) + 1
            memory["hit"] = character
            return name
    return None


def explore(obs, here, level, told):
    """To the stairs, to what was not seen yet, or search for what is hidden."""
    memory["stuck"] = memory["stuck"] + 1 if memory["last"] == here else 0
    memory["last"] = here
    if "a wall" in told or "stone" in told or "in vain" in told or "diagonal" in told:
        memory["blocked"].add((here, memory["next"]))
    if "locked" in told:
        for name in ("north", "south", "west", "east"):
            if level.get((here[0] + COMPASS[name][0], here[1] + COMPASS[name][1])) == "+":
                memory["answers"].append(name)
                return "kick"
    if memory["stuck"] > 4:
        memory["turns"] += 1
        memory["stuck"] = 3
        return list(COMPASS)[memory["turns"] * 3 % 8]
    way = find_way(here, level)
    if way is None:
        memory["searched"][here] = memory["searched"].get(here, 0) + 1
        memory["stuck"] = 0
        return "search"
    memory["next"] = way
    down, right = way[0] - here[0], way[1] - here[1]
    return next(name for name, step in COMPASS.items() if step == (down, right))


def find_way(here, level):
    """The first cell on the way to the stairs, or else to the nearest place with something unknown beside it."""
    queue, came, frontier, quiet = deque([here]), {here: None}, None, None
    while queue:
        place = queue.popleft()
        if place == memory["stairs"]:
            return first_step(place, here, came)
        if place != here and frontier is None and is_frontier(place, level):
            frontier = place
        if is_dead_end(place, level):
            rank = memory["searched"].get(place, 0), len(came)
            if quiet is None or rank < quiet[0]:
                quiet = rank, place
        for down, right in COMPASS.values():
            after = place[0] + down, place[1] + right
            character = level.get(after, " ")
            wall = character == " " or (character in WALLS and after not in memory["doors"])
            if after in came or wall or (place, after) in memory["blocked"]:
                continue
            if down and right and (place in memory["doors"] or after in memory["doors"]):
                continue
            came[after] = place
            queue.append(after)
    if frontier is not None:
        return first_step(frontier, here, came)
    if memory["patience"] > 0 or quiet is None or quiet[1] == here:
        memory["patience"] = memory["patience"] - 1 if memory["patience"] > 0 else 11
        return None
    return first_step(quiet[1], here, came)


def first_step(place, here, came):
    while came[place] != here:
        place = came[place]
    return place


def is_frontier(place, level):
    """Whether something beside it was never seen, though somebody who stands there would see it."""
    if place in memory["visited"]:
        return False
    return any(level.get((place[0] + down, place[1] + right), " ") == " " for down, right in COMPASS.values())


def is_dead_end(place, level):
    around = [level.get((place[0] + down, place[1] + right), " ") for down, right in COMPASS.values()]
    return sum(character in "|-" for character in around) >= 3 or around.count(" ") >= 6
'''

WORKING = TwoSteps(READ_MAP, SELECT)
