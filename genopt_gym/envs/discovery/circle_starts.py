"""Starting artifacts of the circle packings."""

from __future__ import annotations

from typing import NamedTuple

from genopt_gym.envs.discovery.problem import StartTexts

GROWN = '''\
def grown(centres):
    """The centres with radii that leave no circle room to grow, from equal shares of every gap on.{fit}

    No numbers stand here, so that an optimizer of numbers finds only those that mean something.
    """
    import numpy as np

    one, two = len("1"), len("12")
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=-one)
    np.fill_diagonal(gaps, np.inf)
    walls = {walls}
    radii = np.minimum(walls, gaps.min(axis=one) / two).clip(min=one - one)
    for i in range(len(radii)):
        radii[i] = max(radii[i], min(walls[i], (gaps[i] - radii).min()))
    circles = np.column_stack([centres, radii])
{scale}    return circles
'''

NAIVE = """\
def start(seed):
    side = {side}
    radius = 0.5 / side
    return [[(2 * (i % side) + 1) * radius, (2 * (i // side) + 1) * radius, radius] for i in range({n})]
"""

STUB = "def start(seed):\n    return [[0.5, 0.5, 0.0]] * {n}\n"

PARAMETRIC = '''\
ROWS = "{rows}"
HEIGHTS = ({heights})
WIDTHS = ({widths})
SHIFTS = ({shifts})


{grown}

def start(seed):
    """Circles in rows, each with a height, a width and a shift of its own."""
    import numpy as np

    one, two = len("1"), len("12")
    centres = []
    for count, height, width, shift in zip(ROWS, HEIGHTS, WIDTHS, SHIFTS):
        places = one / two + shift + width * np.linspace(-one, one, int(count))
        centres += [[x, height] for x in places]
    return grown(np.array(centres).clip(one - one, one)).tolist()
'''

WORKING = '''\
{grown}

def start(seed):
    """Circles in rows."""
    import numpy as np

    rows = "{rows}"
    centres = []
    for i, count in enumerate(rows):
        margin = 0.4 / int(count)
        centres += [[x, (i + 0.5) / len(rows)] for x in np.linspace(margin, 1 - margin, int(count))]
    return grown(np.array(centres)).tolist()
'''

IMPROVE = '''\
{grown}

def improve(solution, step):
    """Move one circle at a time, by less with every call; keep what does not lose."""
    import numpy as np

    rng = np.random.default_rng(step)
    best = np.array(solution)
    for _ in range(40):
        centres = best[:, :2].copy()
        centres[rng.integers(len(centres))] += rng.normal(0, 0.2 / (2 + step), 2)
        tried = grown(centres{clip})
        if tried[:, 2].sum() >= best[:, 2].sum():
            best = tried
    return best.tolist()
'''


class Border(NamedTuple):
    """What keeps circles in, as Python expressions."""

    fit: str
    walls: str
    scale: str
    clip: str
    width: str
    """Half the width of a row, where ``parametric`` starts."""


WALLED = Border("", "np.minimum(centres, one - centres).min(axis=one)", "", ".clip(0, 1)", "0.36")
BOXED = Border(
    "\n\n    All is scaled to a bounding box with a perimeter of 4.",
    "np.full(len(centres), np.inf)",
    """\
    box = (centres + radii[:, None]).max(axis=one - one) - (centres - radii[:, None]).min(axis=one - one)
    circles *= two / box.sum()
""",
    "",
    "0.28",
)


def starts(n: int, side: int, rows: str, border: Border) -> dict[str, StartTexts]:
    """The starting artifacts for n circles.

    Args:
        n: how many.
        side: of the square grid that ``naive`` takes places of.
        rows: the counts of a layout in rows, a digit each.
        border: what keeps the circles in.
    """
    grown = GROWN.format(fit=border.fit, walls=border.walls, scale=border.scale)
    heights = ", ".join(f"{(i + 0.5) / len(rows):.2f}" for i in range(len(rows)))
    widths, shifts = ", ".join([border.width] * len(rows)), ", ".join(["0.0"] * len(rows))
    numbers = {"rows": rows, "heights": heights, "widths": widths, "shifts": shifts}
    return {
        "naive": StartTexts(NAIVE.format(side=side, n=n)),
        "stub": StartTexts(STUB.format(n=n)),
        "parametric": StartTexts(PARAMETRIC.format(grown=grown, **numbers)),
        "working": StartTexts(WORKING.format(grown=grown, rows=rows), IMPROVE.format(grown=grown, clip=border.clip)),
    }
