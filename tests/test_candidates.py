"""What people judged, in the shape of golden questions: refused as it is, taken by the loader's model once a person has completed it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from evals.questions import GoldenQuestion
from rag.candidates import export_candidates, golden_candidate
from rag.errors import FeedbackError
from rag.feedback import VERDICTS, FeedbackStore
from rag.schema import Alert, Answer, Citation, Sentence
from tests.library import source_of
from tests.test_feedback import ANSWER, HISTORY

COMPLETED = {
    "id": "guideline-001",
    "category": "guideline",
    "reference": "Within 24 hours.",
    "facts": [{"fact": "within 24 hours", "pattern": "24 hours"}],
}
DECLINED = Answer(question="Who won?", query="", status="abstained", answer="The library does not answer.")


def candidate(tmp_path: Path, answer: Answer = ANSWER, verdict: str = "helpful", **options: Any) -> dict[str, Any]:
    store = FeedbackStore(tmp_path / "feedback.sqlite3")
    store.add(verdict, "A comment.", answer, HISTORY, **options)
    (entry,) = store.entries()
    return golden_candidate(entry, 7)


def completed(row: dict[str, Any], **fields: Any) -> GoldenQuestion:
    """What a person makes of a candidate: judgement resolved and removed, the rest filled in."""
    row = {name: value for name, value in row.items() if name != "feedback"} | fields
    return GoldenQuestion.model_validate_json(json.dumps(row))


def test_the_loader_refuses_a_candidate_and_takes_it_once_completed(tmp_path: Path) -> None:
    row = candidate(tmp_path, audience="clinician")
    with pytest.raises(ValidationError) as caught:
        GoldenQuestion.model_validate_json(json.dumps(row))
    assert {"feedback", "category"} <= {str(error["loc"][0]) for error in caught.value.errors() if error["loc"]}
    question = completed(row, **COMPLETED)
    assert (question.question, question.audience, question.status, question.split) == ("How fast?", "clinician", "answered", "dev")
    assert [(message.role, message.content) for message in question.history] == [("user", "Hello"), ("assistant", "Ask.")]
    assert [(evidence.document_id, evidence.quote) for evidence in question.evidence] == [("doc", "Within 24 hours.")]


def test_what_a_person_must_resolve_stands_in_its_own_field(tmp_path: Path) -> None:
    row = candidate(tmp_path, verdict="wrong answer")
    assert row["id"] == "candidate-007"
    assert (row["feedback"]["verdict"], row["feedback"]["comment"]) == ("wrong answer", "A comment.")
    assert row["feedback"]["answer"] == "Within 24 hours."
    assert row["feedback"]["fingerprints"] == {"corpus": "abc", "settings": "def"}
    assert row["facts"] == row["forbidden"] == []


@pytest.mark.parametrize("verdict", VERDICTS)
def test_only_a_helpful_answer_is_a_reference_and_never_its_withheld_part(tmp_path: Path, verdict: str) -> None:
    assert candidate(tmp_path, verdict=verdict)["reference"] == ("Within 24 hours." if verdict == "helpful" else "")


def test_an_answer_that_declined_has_no_evidence_and_is_taken_with_a_category(tmp_path: Path) -> None:
    row = candidate(tmp_path, DECLINED)
    assert (row["status"], row["evidence"], row["reference"]) == ("abstained", [], "")
    assert row["feedback"]["answer"] == "The library does not answer."
    assert completed(row, id="off-topic-001", category="off-topic").status == "abstained"


def test_alerts_and_evidence_are_what_golden_questions_allow(tmp_path: Path) -> None:
    quotes = ["Too few", "Words that prove it.", "Words that prove it.", "Other words."]
    answer = Answer(
        question="q1",
        query="",
        status="answered",
        answer="Yes. [1]",
        sentences=(Sentence("Yes.", "model", (1, 2, 3, 4), "supported", 1.0),),
        citations=tuple(Citation(n, "chunk", source_of(), "", quote, 0, 1) for n, quote in enumerate(quotes, start=1)),
        alerts=(Alert("hypercalcaemia", "t", "m"),),
    )
    row = candidate(tmp_path, answer)
    assert row["alerts"] == ["hypercalcaemia"]
    assert [evidence["quote"] for evidence in row["evidence"]] == ["Words that prove it.", "Other words."]
    assert completed(row, id="emergency-001", category="emergency", facts=[{"fact": "yes", "pattern": "yes"}])


def test_quotes_of_an_answer_that_declined_are_no_evidence(tmp_path: Path) -> None:
    assert candidate(tmp_path, replace(DECLINED, citations=ANSWER.citations))["evidence"] == []


def test_an_error_expects_nothing(tmp_path: Path) -> None:
    assert candidate(tmp_path, Answer(question="q", query="", status="error", answer="failed"))["status"] == "any"


def test_lines_go_to_a_file_or_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, target = tmp_path / "feedback.sqlite3", tmp_path / "out.jsonl"
    for comment in ("one\u2028line", "علاج 🦴\n\ud83d"):
        FeedbackStore(database).add("unclear", comment, ANSWER)
    assert export_candidates(database, None) == export_candidates(database, target) == 2
    written = target.read_text(encoding="utf-8")
    assert capsys.readouterr().out == written
    rows = [json.loads(line) for line in written.split("\n")[:-1]]
    assert [row["id"] for row in rows] == ["candidate-001", "candidate-002"]
    assert [row["feedback"]["comment"] for row in rows] == ["one\u2028line", "علاج 🦴\n?"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feedback.sqlite3", "out.jsonl"]


def test_no_feedback_writes_no_file(tmp_path: Path) -> None:
    assert export_candidates(tmp_path / "none", tmp_path / "out.jsonl") == 0
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    FeedbackStore(tmp_path / "feedback").add("helpful", "", ANSWER)
    with pytest.raises(FeedbackError, match="--out .* cannot be written"):
        export_candidates(tmp_path / "feedback", tmp_path / "no folder" / "out.jsonl")
