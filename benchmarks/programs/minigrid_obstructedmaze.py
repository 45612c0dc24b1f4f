from collections import deque

STEPS = {"east": (1, 0), "south": (0, 1), "west": (-1, 0), "north": (0, -1)}
known = {}
place = (0, 0)


def policy(obs):
    """Draws a map; opens boxes and doors; puts balls that stand before doors aside; fetches the key of a door."""
    global place
    dx, dy = STEPS[obs["direction"]]
    for row in range(7):
        for column in range(7):
            cell, ahead, right = obs["view"][row][column], 6 - row, column - 3
            if cell not in ("unseen", "agent"):
                known[place[0] + ahead * dx - right * dy, place[1] + ahead * dy + right * dx] = cell
    known.setdefault(place, "empty")
    way, action = choose(obs["carrying"], obs["mission"])
    if not way:
        return "left"
    if (place[0] + dx, place[1] + dy) != way[0]:
        return "right" if (place[0] - dy, place[1] + dx) == way[0] else "left"
    if len(way) == 1 and action != "forward":
        return action
    place = way[0]
    return "forward"


def choose(carried, mission):
    """The way to a cell, and what to do there."""
    came = search()
    del came[None]
    reached = {cell: known[cell] for cell in came if cell != place}
    locked = [cell for cell, name in known.items() if name.startswith("door") and name.endswith("locked")]
    if carried.startswith("ball"):
        return drop(came)
    wanted = [cell for cell, name in reached.items() if name.startswith("ball") and f"the {name[5:]} ball" in mission]
    if wanted:
        return drop(came) if carried else (way_to(wanted[0], came), "pickup")
    for cell in locked:
        if cell in reached and carried == f"key {known[cell].split()[1]}":
            return way_to(cell, came), "toggle"
    for cell, name in reached.items():
        if name.startswith("box") or name.endswith("closed"):
            return way_to(cell, came), "toggle"
        if is_free(name) and any((cell[0] + dx, cell[1] + dy) not in known for dx, dy in STEPS.values()):
            return way_to(cell, came), "forward"
    keys = [cell for cell, name in reached.items() if name.startswith("key")]
    colours = {known[cell].split()[1] for cell in keys} | set(carried.split()[1:])
    for door in sorted(locked, key=lambda door: known[door].split()[1] not in colours):
        balls = [cell for cell in around(door) if reached.get(cell, "").startswith("ball")]
        if balls and door not in reached:
            return drop(came) if carried else (way_to(balls[0], came), "pickup")
    for cell in keys:
        if any(door in reached and known[door].split()[1] == known[cell].split()[1] for door in locked):
            return drop(came) if carried else (way_to(cell, came), "pickup")
    return [], "left"


def search(without=None):
    """From which cell each cell in reach is come to; nearest first."""
    queue, came = deque([place]), {place: None, without: None}
    while queue:
        here = queue.popleft()
        for cell in around(here):
            if cell not in came and cell in known:
                came[cell] = here
                if is_free(known[cell]):
                    queue.append(cell)
    return came


def drop(came):
    """To the nearest cell without which all others can still be reached."""
    for cell in came:
        near_door = any(known.get(other, "").startswith("door") for other in around(cell))
        if cell != place and known[cell] == "empty" and not near_door and len(search(cell)) == len(came):
            return way_to(cell, came), "drop"
    return [], "left"


def way_to(cell, came):
    way = [cell]
    while came[way[-1]] != place:
        way.append(came[way[-1]])
    return way[::-1]


def around(cell):
    return [(cell[0] + dx, cell[1] + dy) for dx, dy in STEPS.values()]


def is_free(name):
    return name in ("empty", "goal", "floor") or (name.startswith("door") and name.endswith("open"))
