"""Arrays in: torch tensors or NumPy arrays become checked float matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch

from metrics.errors import InvalidInput, NonFiniteFeatures

Array: TypeAlias = "np.ndarray | torch.Tensor"


def as_matrix(
    values: Array,
    what: str = "features",
    *,
    dtype: torch.dtype | None = torch.float64,
    device: torch.device | str | None = None,
    names: Sequence[str] | None = None,
) -> torch.Tensor:
    """Return ``values`` as an (n, d) tensor without NaN or infinity.

    ``dtype=None`` keeps float32 and float64 as they are and turns everything else into float64.
    Raises InvalidInput for another shape and NonFiniteFeatures naming the samples concerned.
    """
    tensor = values.detach() if isinstance(values, torch.Tensor) else torch.from_numpy(_readable(values))
    if tensor.ndim == 1:
        tensor = tensor[:, None]
    if tensor.ndim != 2 or tensor.shape[0] == 0 or tensor.shape[1] == 0:
        raise InvalidInput(f"{what} must be a matrix (samples, dimensions), not {tuple(tensor.shape)}")
    require_finite(tensor, what, names)
    if dtype is None and tensor.dtype not in (torch.float32, torch.float64):
        dtype = torch.float64
    return tensor.to(device=device, dtype=dtype)


def _readable(values: np.ndarray) -> np.ndarray:
    """Return a numeric array that torch may wrap: a memory-mapped, read-only one is copied."""
    array = np.asarray(values)
    if array.dtype == object or array.dtype.kind not in "fiub":
        raise InvalidInput(f"numbers are needed, not an array of {array.dtype}")
    return array if array.flags.writeable else array.copy()


def require_finite(tensor: torch.Tensor, what: str, names: Sequence[str] | None = None) -> None:
    """Raise NonFiniteFeatures naming the first samples (rows) that hold NaN or infinity."""
    # A sum is finite unless a value is not (or it overflows): one fast pass before the exact one.
    if all(bool(torch.isfinite(part.sum())) for part in tensor.split(1024)):
        return
    bad = (~torch.isfinite(tensor)).any(dim=1).nonzero().flatten().tolist()
    if not bad:
        return
    shown = ", ".join(f"{row} ({names[row]})" if names is not None else str(row) for row in bad[:5])
    more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    raise NonFiniteFeatures(f"{what} contain NaN or infinity in sample {shown}{more}")


def same_width(first: torch.Tensor, second: torch.Tensor) -> None:
    """Raise InvalidInput unless both matrices have as many columns."""
    if first.shape[1] != second.shape[1]:
        raise InvalidInput(
            f"both sets must come from one extractor: {first.shape[1]} and {second.shape[1]} dimensions"
        )
