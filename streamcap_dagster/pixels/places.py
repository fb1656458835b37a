"""Names the parts of a picture that things can be told to be in."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Cell = TypeVar("Cell", bound=np.generic)

PLACES = ("on the left", "on the right", "at the top", "at the bottom", "in the centre")


def parts(cells: NDArray[Cell]) -> tuple[NDArray[Cell], ...]:
    """The cells of each of PLACES, a third of the picture wide or high, given with rows and columns as their last two dimensions. They overlap."""
    rows, columns = cells.shape[-2] // 3, cells.shape[-1] // 3
    centre = cells[..., rows:-rows, columns:-columns]
    return cells[..., :columns], cells[..., -columns:], cells[..., :rows, :], cells[..., -rows:, :], centre
