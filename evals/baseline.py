"""The committed baseline: scorecard and, for each question and claim, what a later run is compared with. One row a line, so that diffs read well."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.columns import plain_text
from evals.questions import QuestionsError
from evals.run import Row, Run
from evals.scorecard import Scorecard, from_json, scorecard, to_json

BASELINE_FILE = Path(__file__).parent / "baseline.json"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run reduced to what is compared: its scorecard and its rows by id."""

    made: str
    provenance: dict[str, Any]
    card: Scorecard
    questions: dict[str, Row]
    claims: dict[str, Row]
    timings: dict[str, Any]


def outcome_of(run: Run, timings: dict[str, Any]) -> Outcome:
    """Reduce a run; the rows keep the answer as a reader sees it, the passages by place, and every value."""
    return Outcome(
        made=run.made,
        provenance=run.provenance,
        card=scorecard(run),
        questions={row["id"]: _reduced(row) for row in run.questions},
        claims={row["id"]: {key: row[key] for key in ("id", "category", "right", "sentence", "reason", "values")} for row in run.claims},
        timings=timings,
    )


def read_baseline(path: Path = BASELINE_FILE) -> Outcome:
    """Read the baseline.

    Raises:
        QuestionsError: there is none, or it is damaged.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Outcome(
            made=stored["made"],
            provenance=stored["provenance"],
            card=from_json(stored["scorecard"]),
            questions={row["id"]: row for row in stored["questions"]},
            claims={row["id"]: row for row in stored["claims"]},
            timings=stored["timings"],
        )
    except FileNotFoundError as exc:
        raise QuestionsError(f"there is no baseline at {path.name}; run 'make eval-baseline' and commit it.") from exc
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise QuestionsError(f"{path.name} is damaged ({exc}); run 'make eval-baseline' and commit it.") from exc


def write_baseline(outcome: Outcome, path: Path = BASELINE_FILE) -> None:
    """Write the baseline, whole or not at all."""
    head = {"made": outcome.made, "provenance": outcome.provenance, "timings": outcome.timings}
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    lines.append(
        ' "scorecard": {\n'
        + ",\n".join(f"  {json.dumps(name)}: {json.dumps(cells)}" for name, cells in to_json(outcome.card).items())
        + "\n }"
    )
    for name, rows in (("questions", outcome.questions), ("claims", outcome.claims)):
        lines.append(f' "{name}": [\n' + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows.values()) + "\n ]")
    partial = path.with_suffix(".part")
    partial.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    partial.replace(path)


def _reduced(row: Row) -> Row:
    answer = row["answer"]
    kept = {
        key: row[key]
        for key in (
            "id",
            "split",
            "category",
            "critical",
            "question",
            "right",
            "facts",
            "forbidden",
            "evidence_rank",
            "relevance",
            "values",
            "failures",
        )
    }
    return kept | {
        "status": answer["status"],
        "alerts": [alert["id"] for alert in answer["alerts"]],
        "answer": plain_text(answer["answer"]),
        "passages": [f"{passage['document_id']}: {passage['section']}" for passage in answer["passages"]],
    }
