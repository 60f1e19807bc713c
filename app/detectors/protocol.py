"""Oddities of the upload itself: absent pupils, totals that do not add up, one variant, repeated works, a late form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.detectors.params import ProtocolParams
from app.detectors.tables import PaperTable

NAME, VERSION = "protocol", "1.0"
FACTS = ("absent", "fewer_works", "late", "total_mismatch", "out_of_range", "duplicates", "one_variant")
"""absent: pupils marked as absent · fewer_works: works missing against another paper of the grade · late: days after
the due day, or after the others · total_mismatch: works whose total is not the sum of their items · out_of_range: works
with impossible values · duplicates: works with a participant's code already met · one_variant: works, all of one
variant."""
WARNING_SHARE = {"total_mismatch": 0.02, "out_of_range": 0.02, "duplicates": 0.0}
"""Share of works over which a count is odd: in honest files up to 0.8 % of totals do not add up."""


@dataclass(frozen=True)
class Sheet:
    """What is known of the upload of one paper, arrays of length S, NaN where not known.

    Attributes
    ----------
    present : ndarray
        Works of the school.
    counts : dict of str to ndarray
        Fact → works, pupils or days concerned; a fact that nobody knows is not a key.
    due : bool
        Whether `late` counts from a due day rather than from the first upload.
    """

    present: np.ndarray
    counts: Mapping[str, np.ndarray]
    due: bool = False


@dataclass(frozen=True)
class ProtocolResult:
    """Schools of one paper, arrays of length S.

    Attributes
    ----------
    counts, odd : dict of str to ndarray
        Fact → count (NaN where not known), and whether it is odd.
    of, usual : dict of str to ndarray
        Fact → out of how many, and the share usual in other schools (NaN where there is no such thing).
    number : ndarray
        Odd facts of the school.
    share, low, high, usual_share : ndarray
        Pupils who did not sit the paper: observed share with its 95 % interval, and the usual one.
    assessed : ndarray of bool
    """

    counts: Mapping[str, np.ndarray]
    odd: Mapping[str, np.ndarray]
    of: Mapping[str, np.ndarray]
    usual: Mapping[str, np.ndarray]
    number: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    usual_share: np.ndarray
    assessed: np.ndarray


def wilson(k: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's 95 % interval of a share; 0 to 1 where there is nobody.

    Parameters
    ----------
    k, n : ndarray
        Cases, out of how many.

    Returns
    -------
    low, high : ndarray

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
       Statistical Association 22(158), 1927, 209-212.
    """
    z = 1.959963984540054
    works = np.maximum(n, 1e-9)
    share = k / works
    centre = (share + z * z / (2 * works)) / (1 + z * z / works)
    half = z / (1 + z * z / works) * np.sqrt(np.maximum(share * (1 - share) / works + z * z / (4 * works**2), 0.0))
    return np.where(n > 0, np.maximum(centre - half, 0.0), 0.0), np.where(n > 0, np.minimum(centre + half, 1.0), 1.0)


def protocol(sheet: Sheet, params: ProtocolParams) -> ProtocolResult:
    r"""Oddities of the upload of one paper, school by school. No p-value: these are facts about a file.

    Parameters
    ----------
    sheet : Sheet
    params : ProtocolParams

    Returns
    -------
    ProtocolResult

    Notes
    -----
    Pupils who did not sit: odd where the lower bound of Wilson's 95 % interval of their share is over `absent_ratio`
    times the share in all other schools, and they are at least three. The same for works that a paper lacks against the
    fullest paper of the same grade, for weak pupils may be kept away without being marked as absent. Late: any day
    after the due day; without one, later than :math:`Q_{75} + 3\,IQR` of the paper's uploads, and by a day. One
    variant: ten works and more of one variant where the paper has several. Totals and impossible values: over 2 % of
    the works. Assumes that schools of a region keep the same order of uploading; the oddities are shown beside the
    signs and never count towards a tier.

    References
    ----------
    .. [1] E. B. Wilson, Journal of the American Statistical Association 22(158), 1927, 209-212.
    .. [2] J. W. Tukey, "Exploratory Data Analysis", 1977, sec. 2D (outer fences).
    """
    S = len(sheet.present)
    odd: dict[str, np.ndarray] = {}
    of: dict[str, np.ndarray] = {}
    usual: dict[str, np.ndarray] = {}
    nothing = np.full(S, np.nan)
    best = (nothing, nothing, nothing, nothing)
    for fact, values in sheet.counts.items():
        known = np.isfinite(values)
        cases = np.where(known, values, 0.0)
        of[fact], usual[fact] = np.where(known, sheet.present, np.nan), nothing
        if fact in ("absent", "fewer_works"):
            total = np.where(known, sheet.present + cases, 0.0)
            rest = (cases.sum() - cases + 0.5) / (total.sum() - total + 1.0)
            low, high = wilson(cases, total)
            odd[fact] = known & (cases >= params.smallest_absent) & (low > params.absent_ratio * rest)
            of[fact], usual[fact] = np.where(known, total, np.nan), np.where(known, rest, np.nan)
            share = np.divide(cases, total, out=np.full(S, np.nan), where=total > 0)
            fresh = ~np.isfinite(best[0]) | (odd[fact] & (np.nan_to_num(share) > np.nan_to_num(best[0])))
            best = tuple(  # type: ignore[assignment]
                np.where(fresh & (total > 0), new, old) for new, old in zip((share, low, high, rest), best, strict=True)
            )
        elif fact == "late":
            of[fact] = nothing
            fence = 0.0
            if not sheet.due and known.sum() >= 4:
                q25, q75 = np.percentile(values[known], [25, 75])
                fence = q75 + max(params.late_iqr * (q75 - q25), 1.0)
            odd[fact] = known & (cases > fence) & (sheet.due | (known.sum() >= 4))
        elif fact == "one_variant":
            odd[fact] = known & (cases >= params.one_variant_n)
        else:
            odd[fact] = known & (cases > 0) & (cases > WARNING_SHARE[fact] * sheet.present)
    number = np.sum(list(odd.values()), axis=0).astype(float) if odd else np.zeros(S)
    any_known = np.any([np.isfinite(values) for values in sheet.counts.values()], axis=0) if odd else np.zeros(S, bool)
    return ProtocolResult(sheet.counts, odd, of, usual, number, *best, np.asarray(any_known))


def sheet_of(
    table: PaperTable,
    of_grade: list[PaperTable],
    frame: pd.DataFrame | None,
    repeated: Mapping[tuple[int, str, int], Mapping[str, int]] | None,
    mismatched: Mapping[tuple[int, str, int], Mapping[str, int]],
) -> Sheet:
    """Gather what the works and the protocol of the upload tell about one paper.

    Parameters
    ----------
    table : PaperTable
    of_grade : list of PaperTable
        Papers of the same year and grade, this one included.
    frame : DataFrame or None
        ``school, year, subject, grade`` and any of ``present, absent, n_total_mismatch, n_out_of_range, n_duplicates,
        uploaded_at, due_at``; moments as such or as text (day first, or ISO).
    repeated, mismatched : mapping
        (year, subject, grade) → school → works with a code already met (None where participants have no codes); works
        whose total in the file was another.

    Returns
    -------
    Sheet
        What the protocol tells goes before what the works show.
    """
    S = len(table.schools)
    counts: dict[str, np.ndarray] = {}
    papers = [other for other in of_grade if other.key[::2] == table.key[::2]]
    if len(papers) > 1:
        largest = np.max([_in_order(table, other.schools, other.n, 0.0) for other in papers], axis=0)
        elsewhere = np.sum([_in_order(table, other.schools, other.n, 0.0) > 0 for other in papers], axis=0) > 1
        counts["fewer_works"] = np.where(elsewhere, largest - table.n, np.nan)
    answers = table.answers
    if answers is not None:
        wrong = answers.points.sum(axis=1) != answers.score
        counts["total_mismatch"] = np.bincount(answers.school, weights=wrong, minlength=S)
        if len(np.unique(answers.variant[answers.variant >= 0])) > 1:
            counts["one_variant"] = _single_variant(answers.school, answers.variant, table.n)
    if mismatched.get(table.key):
        told = mismatched[table.key]
        own = np.array([float(told.get(str(name), 0)) for name in table.schools])
        counts["total_mismatch"] = np.fmax(counts.get("total_mismatch", own), own)
    if repeated is not None:
        told = repeated.get(table.key, {})
        counts["duplicates"] = np.array([float(told.get(str(name), 0)) for name in table.schools])
    due = False
    rows = _own_rows(table, frame)
    if rows is not None:
        for fact, column in (
            ("absent", "absent"),
            ("total_mismatch", "n_total_mismatch"),
            ("out_of_range", "n_out_of_range"),
            ("duplicates", "n_duplicates"),
        ):
            if column in rows:
                values = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
                if np.isfinite(values).any():
                    counts[fact] = values
        late, due = _days_late(rows)
        if late is not None:
            counts["late"] = late
    return Sheet(table.n, {fact: counts[fact] for fact in FACTS if fact in counts}, due)


def _in_order(table: PaperTable, schools: np.ndarray, values: np.ndarray, missing: float) -> np.ndarray:
    at = np.searchsorted(schools, table.schools).clip(0, max(len(schools) - 1, 0))
    return np.where(schools[at] == table.schools, values[at], missing)


def _single_variant(school: np.ndarray, variant: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Works of the school where all of them are of one variant, else 0; NaN where a variant is not known."""
    S = len(n)
    # Of one width, or numpy would take the works one by one.
    school, variant = school.astype(np.intp, copy=False), variant.astype(np.int64, copy=False)
    lowest, highest = np.full(S, np.iinfo(np.int64).max), np.full(S, -1)
    np.minimum.at(lowest, school, variant)
    np.maximum.at(highest, school, variant)
    return np.where(lowest < 0, np.nan, np.where(lowest == highest, n, 0.0))


def _own_rows(table: PaperTable, frame: pd.DataFrame | None) -> pd.DataFrame | None:
    if frame is None or len(frame) == 0:
        return None
    own = frame[
        (frame["year"] == table.year)
        & (frame["subject"].astype("str") == table.spec.subject)
        & (frame["grade"] == table.spec.grade)
    ]
    if len(own) == 0:
        return None
    own = own.assign(school=own["school"].astype("str")).drop_duplicates("school").set_index("school")
    return own.reindex(table.schools)


def moments(column: pd.Series) -> pd.Series:
    """Moments of a column of moments or of texts (ISO, or day first), in UTC; unreadable ones are missing."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pd.to_datetime(column, utc=True)
    text = column.astype("string").str.strip()
    iso = text.str.match(r"^\d{4}-").fillna(False).astype(bool)
    parsed = pd.to_datetime(text.where(iso), utc=True, errors="coerce", format="ISO8601")
    rest = text.where(~iso)
    for layout in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y"):
        parsed = parsed.fillna(pd.to_datetime(rest, utc=True, errors="coerce", format=layout))
    return parsed


def _days_late(rows: pd.DataFrame) -> tuple[np.ndarray | None, bool]:
    if "uploaded_at" not in rows:
        return None, False
    uploaded = moments(rows["uploaded_at"])
    if uploaded.isna().all():
        return None, False
    if "due_at" in rows and (due := moments(rows["due_at"])).notna().any():
        days = (uploaded - due).dt.total_seconds().to_numpy(dtype=float, na_value=np.nan) / 86_400
        return np.maximum(days, 0.0), True
    days = (uploaded - uploaded.min()).dt.total_seconds().to_numpy(dtype=float, na_value=np.nan) / 86_400
    return days, False


def counts_of(works: pd.DataFrame, chosen: np.ndarray) -> dict[tuple[int, str, int], dict[str, int]]:
    """Number of chosen works by paper and school.

    Parameters
    ----------
    works : DataFrame
    chosen : ndarray of bool, shape (n,)

    Returns
    -------
    dict
        (year, subject, grade) → school → works; nothing where none is chosen.
    """
    found: dict[tuple[int, str, int], dict[str, int]] = {}
    if not chosen.any():
        return found
    sizes = works[chosen].groupby(["year", "subject", "grade", "school"], sort=True, observed=True).size()
    for (year, subject, grade, school), count in sizes.items():
        found.setdefault((int(year), str(subject), int(grade)), {})[str(school)] = int(count)
    return found
