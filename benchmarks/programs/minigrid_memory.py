from collections import deque

STEPS = {"east": (1, 0), "south": (0, 1), "west": (-1, 0), "north": (0, -1)}
known = {}
place = (0, 0)


def policy(obs):
    """Draws a map, looks at the object in the room, walks to the end, and stands beside the same object there."""
    global place
    dx, dy = STEPS[obs["direction"]]
    for row in range(7):
        for column in range(7):
            cell, ahead, right = obs["view"][row][column], 6 - row, column - 3
            if cell not in ("unseen", "agent"):
                known[place[0] + ahead * dx - right * dy, place[1] + ahead * dy + right * dx] = cell
    known.setdefault(place, "empty")
    way = find_way()
    if not way:
        return "left"
    if (place[0] + dx, place[1] + dy) == way[0]:
        place = way[0]
        return "forward"
    return "right" if (place[0] - dy, place[1] + dx) == way[0] else "left"


def find_way():
    """The cells on the way to the right object, or else to the nearest from which something new is seen."""
    queue, came, target = deque([place]), {place: None}, right_place()
    while queue:
        here = queue.popleft()
        around = [(here[0] + dx, here[1] + dy) for dx, dy in STEPS.values()]
        if here == target or (target is None and here != place and any(cell not in known for cell in around)):
            way = []
            while here != place:
                way.append(here)
                here = came[here]
            return way[::-1]
        for cell in around:
            if cell not in came and known.get(cell) == "empty" and (target is not None or not ends(cell)):
                came[cell] = here
                queue.append(cell)
    return []


def objects():
    return {cell: name.split()[0] for cell, name in known.items() if name.startswith(("key", "ball"))}


def pair():
    """The two objects at the end of the hallway, one above the other."""
    found = sorted(objects())
    return [[a, b] for a in found for b in found if a[0] == b[0] and b[1] - a[1] == 4]


def ends(cell):
    """Whether to stand there ends the episode."""
    return any(cell in ((a[0], a[1] + 1), (b[0], b[1] - 1)) for a, b in pair())


def right_place():
    for a, b in pair():
        single = [name for cell, name in objects().items() if cell not in (a, b)]
        if single:
            return (a[0], a[1] + 1) if objects()[a] == single[0] else (b[0], b[1] - 1)
    return None
