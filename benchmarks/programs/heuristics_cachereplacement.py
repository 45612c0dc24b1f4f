from collections import deque

ghosts = {}
ages = deque(maxlen=64)
clock = 0


def evict(page, cached, recent):
    """Hyperbolic caching with a memory: pages that were dropped keep their uses for a while, so that what comes back
    at once is held longer; pages used once are dropped first while scans pass."""
    global clock
    clock += len(recent)
    if page in ghosts:
        ages.append(clock - ghosts[page][0])
    uses = {entry[0]: entry[3] + (ghosts[entry[0]][1] if entry[0] in ghosts else 0) for entry in cached}
    out = min(cached, key=lambda entry: (uses[entry[0]] - 0.6) / (entry[2] + 0.5 * len(cached)))
    ghosts[out[0]] = (clock, 0.7 * uses[out[0]])
    if len(ghosts) > 8 * len(cached):
        del ghosts[min(ghosts, key=lambda number: ghosts[number][0])]
    return out[0]
