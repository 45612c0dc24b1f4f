from math import dist


def next_city(here, near, start, rest):
    """The nearest, but rather one that would be left alone: far from others in sight, and from the middle of all."""

    def cost(city):
        number, x, y, distance = city
        others = sorted(dist((x, y), (u, v)) for other, u, v, _ in near if other != number)
        alone = sum(others[:2]) / 2 if len(others) > 1 else 0
        return distance - 0.45 * alone - 0.1 * dist((x, y), (rest["x"], rest["y"]))

    return min(near, key=cost)[0]
