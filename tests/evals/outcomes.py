"""Outcomes made by hand for the tests of gate, diff and report."""

from typing import Any

from evals.baseline import Outcome
from evals.run import Run
from evals.scorecard import scorecard

PROVENANCE = {
    "engine": "quotes",
    "model": None,
    "embedding_model": "toy",
    "fingerprints": {"corpus": "c"},
    "packages": {"ragas": "0.4.3"},
    "python": "3.11",
    "machine": "toy",
}


def question_row(key: str, **fields: Any) -> dict[str, Any]:
    """Return a reduced row of a question that was answered rightly, unless fields say otherwise."""
    return {
        "id": key, "split": "dev", "category": "numeric", "critical": False, "question": f"What of {key}?", "right": True,
        "facts": {"24 hours": True}, "forbidden": [], "evidence_rank": 1, "relevance": 0.9, "values": {"hit_at_1": 1.0}, "failures": {},
        "status": "answered", "alerts": [], "answer": "Within 24 hours.", "passages": ["doc: section"],
    } | fields  # fmt: skip


def claim_row(key: str, **fields: Any) -> dict[str, Any]:
    """Return a row of a false claim that was refused, unless fields say otherwise."""
    return {
        "id": key, "split": "dev", "category": "figure", "maker": "hand", "right": True, "sentence": "Give 8 mg.", "reason": "figure", "values": {"verifier_catch": 1.0}, "failures": {},
    } | fields  # fmt: skip


def outcome(*rows: dict[str, Any], claims: tuple[dict[str, Any], ...] = (), made: str = "2026-01-01T00:00:00+00:00") -> Outcome:
    """Return an outcome of these rows."""
    run = Run(dict(PROVENANCE), list(rows), list(claims), made)
    return Outcome(made, run.provenance, scorecard(run), {row["id"]: row for row in rows}, {row["id"]: row for row in claims}, {})
