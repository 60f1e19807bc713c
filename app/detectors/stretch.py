"""Normal values brought to the size they claim: what each detector misses on honest regions is taken off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import special

from app.detectors.params import StretchParams
from app.detectors.tails import SMALLEST_P


def stretched(result: Any, works: np.ndarray, detector: str, params: StretchParams) -> Any:
    r"""A detector's result with its p-values as often under 1 % on honest regions as they say.

    Parameters
    ----------
    result : dataclass or None
        With arrays ``z`` and ``p_value`` of length S; None stays None.
    works : ndarray, shape (S,)
        Works that the school was judged by.
    detector : str
        Its name.
    params : StretchParams

    Returns
    -------
    dataclass or None
        The same, with other ``z`` and ``p_value`` where z is over zero.

    Notes
    -----
    A detector judges by the most telling of its parts, which hang together: weights and Šidák's correction, exact for
    independent parts, call too few schools. :math:`z' = k(n)\,z` for z > 0, :math:`p' = 1 - \Phi(z')`; k is
    interpolated in :math:`\ln n`, and was measured on simulated regions of two generators in which nobody bends
    anything (``obektiv bench stretch``). The order of schools with equally many works stays.

    References
    ----------
    .. [1] R. Beran, "Prepivoting test statistics: a bootstrap view of asymptotic refinements", Journal of the American
       Statistical Association 83(403), 1988, 687-697, sec. 2 (a test is brought to its size by its simulated null).
    """
    if result is None:
        return None
    factor = np.interp(np.log(np.maximum(works, 1)), np.log(params.works), getattr(params, detector))
    # Comparison with NaN is false: what is not known stays so.
    over = (result.z > 0).nonzero()[0]
    z, p = result.z.copy(), result.p_value.copy()
    z[over] *= factor[over]
    p[over] = np.maximum(special.ndtr(-z[over]), SMALLEST_P)
    return replace(result, z=z, p_value=p)
