"""Memory that nothing needs any more, given back to the system."""

from __future__ import annotations

import ctypes
import sys

import pyarrow as pa

_MANY_WORKS = 500_000
"""From so many works of a paper on, what they leave behind is worth the milliseconds of giving it back."""
# Of the C library of Linux; other systems give back by themselves.
_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None
_TRIM, _OPTION = getattr(_LIBRARY, "malloc_trim", None), getattr(_LIBRARY, "mallopt", None)
_TOP_KEPT, _OWN_PAGES_FROM = -1, -3
_KEPT_BYTES, _LEAST_BYTES = 64 * 2**20, 128 * 2**10
if _OPTION is not None:
    # Arrays of many works get pages of their own, which go back as soon as nobody needs them; left to itself the
    # library would from the first large one on put them side by side, where gaps stay.
    _OPTION(_OWN_PAGES_FROM, 4 * 2**20)


def keep_ready(works: float) -> None:
    """Say how large the papers are that come next: what small ones free is kept for the next array.

    Setting the size of arrays with pages of their own also fixes at 128 KB how much free memory the library keeps, so
    that every array of a few megabytes would be asked of the system anew, and cleared by it: a tenth of the time of a
    region.

    Parameters
    ----------
    works : float
        Of the largest paper so far. Where memory is given back after each, no more is kept than before.
    """
    if _OPTION is not None:
        _OPTION(_TOP_KEPT, _KEPT_BYTES if works <= _MANY_WORKS else _LEAST_BYTES)


def give_back(*, held_by: float = 0) -> None:
    """Give back what allocators keep for later: a region has many papers, and every one would leave its own gaps.

    Parameters
    ----------
    held_by : float
        Works of the paper that is left behind.
    """
    if 0 < held_by <= _MANY_WORKS:
        return
    pa.default_memory_pool().release_unused()
    if held_by and _TRIM is not None:
        _TRIM(0)
