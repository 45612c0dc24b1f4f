"""A terminal as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL_WIDTH, CELL_HEIGHT = 6, 12
COLOURS = (
    *(
        (85, 85, 85),
        (170, 0, 0),
        (0, 170, 0),
        (170, 85, 0),
        (60, 90, 230),
        (170, 0, 170),
        (0, 170, 170),
        (180, 180, 180),
    ),
    *((110, 110, 110), (255, 85, 85), (85, 255, 85), (255, 255, 85), (110, 140, 255), (255, 85, 255), (85, 255, 255)),
    (255, 255, 255),
)
"""Of a terminal's sixteen colours; black is drawn in grey."""


def draw(characters: NDArray[np.uint8], colours: NDArray[np.int8]) -> NDArray[np.uint8]:
    """The picture of a screen: (lines * 12, columns * 6, 3).

    >>> draw(np.full((24, 80), ord("@"), np.uint8), np.full((24, 80), 15, np.int8)).shape
    (288, 480, 3)
    """
    from PIL import Image, ImageDraw, ImageFont

    lines, columns = characters.shape
    image = Image.new("RGB", (columns * CELL_WIDTH, lines * CELL_HEIGHT))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default_imagefont()
    for line, column in np.argwhere(characters != ord(" ")).tolist():
        colour = COLOURS[int(colours[line, column]) & 15]
        pen.text((column * CELL_WIDTH, line * CELL_HEIGHT), chr(characters[line, column]), colour, font)
    return np.asarray(image, np.uint8)
