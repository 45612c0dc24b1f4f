LIMITS = ((2, 4), (3, 3), (5, 2), (7, 1), (9, 0.9), (12, 0.95), (15, 0.97), (21, 0.98), (150, 0.99))


def priority(item, free):
    """FunSearch's two rules (Romera-Paredes et al. 2024): the one for OR-Library's items where the capacity is theirs,
    150; elsewhere that for Weibull's, which compares each bin with the one opened before it."""
    if max(free) == 150:
        return [next(worth for most, worth in LIMITS if room - item <= most) for room in free]
    largest, worths = max(free), []
    for room in free:
        worth = (room - largest) ** 2 / item + room**2 / item**2 + room**2 / item**3
        worths.append(-worth if room > item else worth)
    return [worth - before for worth, before in zip(worths, [0, *worths], strict=False)]
