"""Feedback -> candidates for golden questions, a JSON line each, in the shape that `evals/questions.py` reads.

A candidate is for a person to complete and is refused by the loader until then. Does not add it to the golden questions: what is right is for
whoever knows the field to say, not for the answer that was judged.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.errors import FeedbackError
from rag.feedback import FeedbackEntry, FeedbackStore

MIN_EVIDENCE_CHARS = 8  # golden questions refuse shorter evidence, which would stand anywhere


def golden_candidate(entry: FeedbackEntry, number: int) -> dict[str, Any]:
    """Return an entry in the shape of a golden question.

    The loader refuses it as it is: id and category are no category's, and "feedback" is no field of a golden question. The answer's words are a
    reference only where the person found them helpful; all its citations are alternatives of one need.

    Args:
        entry: What a person sent.
        number: Its number in the export, from 1.
    """
    answer = entry.answer
    shown = " ".join(sentence["text"] for sentence in answer["sentences"] if sentence["verdict"] == "supported")
    proofs = answer["citations"] if answer["status"] == "answered" else []
    quotes = dict.fromkeys((citation["document_id"], citation["quote"]) for citation in proofs)
    return {
        "id": f"candidate-{number:03d}",
        "split": "dev",  # somebody has read it; the test split stays unread
        "category": "",
        "question": entry.question,
        "history": entry.history,
        "audience": entry.audience,
        "status": "any" if answer["status"] == "error" else answer["status"],
        "alerts": [alert["id"] for alert in answer["alerts"]],
        "reference": shown if entry.verdict == "helpful" else "",
        "evidence": [
            {"document_id": document, "quote": quote, "need": 0} for document, quote in quotes if len(quote) >= MIN_EVIDENCE_CHARS
        ],
        "facts": [],
        "forbidden": [],
        "feedback": {
            "feedback_id": entry.feedback_id,
            "created": entry.created,
            "verdict": entry.verdict,
            "comment": entry.comment,
            "answer": shown or answer["answer"],
            **{name: answer[name] for name in ("engine", "model", "fingerprints")},
        },
    }


def export_candidates(database: Path, target: Path | None) -> int:
    """Write a JSON line for each entry, oldest first; without entries nothing is written. Return their number.

    Args:
        database: The feedback database; may be missing.
        target: Where the lines go; None prints them.

    Raises:
        FeedbackError: the database cannot be read, an entry holds no answer, or the target cannot be written.
    """
    lines = []
    for number, entry in enumerate(FeedbackStore(database).entries(), start=1):
        try:
            lines.append(json.dumps(golden_candidate(entry, number), ensure_ascii=False))
        except (KeyError, TypeError) as exc:
            raise FeedbackError(f"entry {entry.feedback_id!r} of {str(database)!r} holds no answer; remove it from the table.") from exc
    if lines and target:
        _write(lines, target)
    elif lines:
        print("\n".join(lines))
    return len(lines)


def _write(lines: Sequence[str], target: Path) -> None:
    """Write to a file that takes its name when it is whole."""
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        partial.replace(target)
    except OSError as exc:
        partial.unlink(missing_ok=True)
        raise FeedbackError(f"--out {str(target)!r} cannot be written ({exc.strerror}).") from exc
