"""What the tier rule reads of one year's schools, kept so that the rule may be asked again at other limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.detectors import combination
from app.detectors.params import CombinationParams, TierParams
from app.errors import Reason, WrongFormat

FORMAT = 1


@dataclass(frozen=True)
class Judged:
    """Figures of S schools, F families, P papers of the year and D earlier papers.

    Attributes
    ----------
    year : int
    schools : ndarray of str, shape (S,)
    families : tuple of str, length F
        In the order of the last axis of the arrays below.
    works : ndarray, shape (S,)
        Works of the school over all papers of the year.
    p_combined, q, evidence : ndarray, shape (S,)
        Over all families.
    resembles : ndarray of str, shape (S,)
        The mechanism that the school's signals are most like, whether or not it shows a sign.
    family_p, family_q : ndarray, shape (S, F)
    paper_p : ndarray, shape (S, P)
        Combined over families.
    paper_q : ndarray, shape (S, P)
    family_paper_p : ndarray, shape (S, D + P, F)
        NaN where a family was not assessed in a paper.
    """

    year: int
    schools: np.ndarray
    families: tuple[str, ...]
    works: np.ndarray
    p_combined: np.ndarray
    q: np.ndarray
    evidence: np.ndarray
    resembles: np.ndarray
    family_p: np.ndarray
    family_q: np.ndarray
    paper_p: np.ndarray
    paper_q: np.ndarray
    family_paper_p: np.ndarray

    @classmethod
    def of(
        cls,
        year: int,
        schools: np.ndarray,
        scores: combination.SchoolScores,
        families: list[combination.FamilyScores],
        family_paper_p: np.ndarray,
        paper_q: np.ndarray,
        works: np.ndarray,
        *,
        evidence: np.ndarray,
        resembles: np.ndarray,
    ) -> Judged:
        """Gather what `combination.tiers` is asked with, and what stands beside its answer."""
        return cls(
            year,
            schools,
            tuple(family.name for family in families),
            works,
            scores.p_combined,
            scores.q,
            evidence,
            np.asarray(resembles, dtype=str),
            scores.family_p,
            scores.family_q,
            scores.paper_p,
            paper_q,
            family_paper_p,
        )

    def tiers(self, limits: TierParams, sizes: CombinationParams) -> tuple[np.ndarray, np.ndarray]:
        """Ask the rule of `combination.tiers` at `limits`.

        Returns
        -------
        tier : ndarray of str, shape (S,)
        signs : ndarray of bool, shape (S, F)
        """
        S = len(self.schools)
        nothing = np.full((S, 0), np.nan)
        scores = combination.SchoolScores(
            self.family_p,
            self.family_q,
            self.paper_p,
            self.family_paper_p[:, self.family_paper_p.shape[1] - self.paper_q.shape[1] :],
            self.p_combined,
            self.q,
            self.evidence,
        )
        # Of a family the rule needs its name alone: its z have become the p above.
        families = [
            combination.FamilyScores(name, nothing, (nothing,), nothing, by_size=False) for name in self.families
        ]
        return combination.tiers(scores, families, self.family_paper_p, self.paper_q, self.works, limits, sizes)

    def summary(self, tier: np.ndarray, signs: np.ndarray) -> list[dict[str, Any]]:
        """Rows of `app.frames.SCHOOL_SUMMARY` for an answer of `tiers`."""
        return [
            {
                "school": str(self.schools[i]),
                "year": self.year,
                "evidence": float(self.evidence[i]),
                "p_combined": float(self.p_combined[i]),
                "q": float(self.q[i]),
                "tier": str(tier[i]),
                "families": ",".join(name for name, sign in zip(self.families, signs[i], strict=True) if sign),
                "resembles": str(self.resembles[i]) if signs[i].any() else "",
            }
            for i in range(len(self.schools))
        ]

    def as_bytes(self) -> bytes:
        """JSON with every digit, missing values null: the same numbers come back."""
        body = {
            "format": FORMAT,
            "year": self.year,
            "schools": [str(school) for school in self.schools],
            "families": list(self.families),
            "resembles": [str(name) for name in self.resembles],
            **{name: _plain(getattr(self, name)) for name in _ARRAYS},
        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Judged:
        """Read what `as_bytes` wrote.

        Raises
        ------
        WrongFormat
            These are not such figures, or of a format of another version.
        """
        try:
            body = json.loads(content)
            if body["format"] != FORMAT:
                raise ValueError(f"format {body['format']}, not {FORMAT}")
            S, F = len(body["schools"]), len(body["families"])
            shapes = {"family_p": (S, F), "family_q": (S, F), "family_paper_p": (S, -1, F)}
            arrays = {
                name: np.array(body[name], dtype=float).reshape(
                    shapes.get(name, (S, -1) if name.startswith("paper") else (S,))
                )
                for name in _ARRAYS
            }
            return cls(
                year=int(body["year"]),
                schools=np.array(body["schools"], dtype=str),
                families=tuple(map(str, body["families"])),
                resembles=np.array(body["resembles"], dtype=str),
                **arrays,
            )
        except (ValueError, KeyError, TypeError) as error:
            raise WrongFormat(
                Reason(
                    "judged_unreadable",
                    f"Сохранённые показатели проверки не читаются ({error}). Запустите проверку заново.",
                    f"The kept figures of the run cannot be read ({error}). Run the screening again.",
                )
            ) from error


_ARRAYS = (
    "works", "p_combined", "q", "evidence", "family_p", "family_q", "paper_p", "paper_q", "family_paper_p",
)  # fmt: skip


def _plain(values: np.ndarray) -> Any:
    """Nested lists with null for NaN; whole numbers stay short."""
    boxed = values.astype(object)
    boxed[~np.isfinite(values)] = None
    return boxed.tolist()
