"""Images that are nearly the same: pairs whose small grey pictures hardly differ.

Pure: arrays in, pairs out. A signature is the picture at SIDE x SIDE pixels in grey; the distance of two is
the root mean square of their difference, 0 to 255. Recompressed, resized and slightly retouched copies stay
within NEAR; other pictures of the same scene do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 16
NEAR = 3.0
_CHUNK = 128


class Likeness(NamedTuple):
    """Two images, by their places in what was given, and how far apart they are."""

    first: int
    second: int
    distance: float


def signature(image: Image.Image) -> NDArray[np.uint8]:
    """Return an RGB image's signature: SIDE² grey values."""
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8).reshape(-1)


def near_pairs(signatures: NDArray[np.uint8], *, most: int, near: float = NEAR) -> tuple[int, list[Likeness]]:
    """Return how many pairs lie within ``near`` of each other, and the nearest ``most`` of them in order.

    Every image is compared with every other, one row a signature: n²/2 distances, exact, in blocks, so that
    memory grows with n alone.
    """
    values = signatures.astype(np.float64)  # sums of squares of bytes are exact in it
    squares = np.einsum("ij,ij->i", values, values)
    limit, count, kept = signatures.shape[1] * near**2, 0, np.empty((0, 3))
    for start in range(0, len(values), _CHUNK):
        block = values[start : start + _CHUNK]
        apart = (
            squares[start : start + len(block), None] + squares[None, start:] - 2 * block @ values[start:].T
        )
        row, column = np.nonzero(np.triu(apart <= limit, k=1))
        count += len(row)
        found = np.column_stack([apart[row, column], start + row, start + column])
        kept = np.concatenate([kept, found])
        kept = kept[np.lexsort(kept.T[::-1])][:most]
    root = np.sqrt(kept[:, 0] / signatures.shape[1])
    pairs = [Likeness(int(a), int(b), float(d)) for (_s, a, b), d in zip(kept, root, strict=True)]
    return count, pairs
