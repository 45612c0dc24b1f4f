"""Programs of Vectorization: what it starts from, and what it compares with."""

from __future__ import annotations

from collections.abc import Mapping

NAIVE = {
    "add_padding": """\
import numpy as np


def add_padding(features, padding):
    return np.pad(features, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
""",
    "convolve": """\
import numpy as np


def convolve(padded, kernels, biases, stride):
    images, height, width, channels = padded.shape
    size, _, _, filters = kernels.shape
    rows = (height - size) // stride + 1
    columns = (width - size) // stride + 1
    output = np.zeros((images, rows, columns, filters))
    for image in range(images):
        for row in range(rows):
            for column in range(columns):
                for number in range(filters):
                    top, left = row * stride, column * stride
                    portion = padded[image, top : top + size, left : left + size, :]
                    total = np.sum(np.multiply(portion, kernels[:, :, :, number]))
                    output[image, row, column, number] = total + biases[number]
    return output
""",
    "activate": """\
def activate(output):
    return output * (output > 0)
""",
}
HALFWAY = """\
import numpy as np


def convolve(padded, kernels, biases, stride):
    images, height, width, channels = padded.shape
    size, _, _, filters = kernels.shape
    rows = (height - size) // stride + 1
    columns = (width - size) // stride + 1
    output = np.zeros((images, rows, columns, filters))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            portion = padded[:, top : top + size, left : left + size, :]
            output[:, row, column, :] = np.tensordot(portion, kernels, 3) + biases
    return output
"""


def one_function(texts: Mapping[str, str]) -> dict[str, str]:
    """The components as one text, with a function that calls them."""
    call = "activate(convolve(add_padding(features, padding), kernels, biases, stride))"
    forward = f"def forward(features, kernels, biases, stride, padding):\n    return {call}\n"
    helpers = [text.replace("import numpy as np\n\n\n", "") for text in texts.values()]
    return {"forward": "import numpy as np\n\n\n" + "\n\n".join([*helpers, forward])}


IDLE = """\
import numpy as np


def forward(features, kernels, biases, stride, padding):
    images, height, width, _ = features.shape
    rows = (height + 2 * padding - len(kernels)) // stride + 1
    columns = (width + 2 * padding - len(kernels)) // stride + 1
    return np.zeros((images, rows, columns, len(biases)))
"""
"""Computes nothing: what it takes is what arrays take on their way in and out, in every program's time."""


WORKING = {**NAIVE, "convolve": HALFWAY}
