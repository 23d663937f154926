"""Several tests at once: adjusted p-values, by statsmodels."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests

from humaneval.stats.columns import numbers
from humaneval.stats.errors import InputError
from humaneval.stats.results import FloatArray


def adjust_pvalues(
    pvalues: ArrayLike, *, method: Literal["holm", "benjamini_hochberg"] = "holm"
) -> FloatArray:
    """Return adjusted p-values: compare them with the significance level as they are.

    "holm" (1979) bounds the chance of any false finding, "benjamini_hochberg" (1995) the share of false ones
    among the findings.
    """
    column = numbers(pvalues, "pvalues")
    if ((column < 0) | (column > 1)).any():
        raise InputError("p-values lie between 0 and 1.")
    names = {"holm": "holm", "benjamini_hochberg": "fdr_bh"}
    if method not in names:
        raise InputError(f"method is holm or benjamini_hochberg, not {method!r}.")
    return np.asarray(multipletests(column, method=names[method])[1]) if len(column) else column
