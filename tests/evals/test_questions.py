"""The golden questions themselves, and what their loader refuses."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from evals.hints import further_evidence
from evals.questions import CATEGORIES, GoldenQuestion, QuestionsError, evidence_chunks, load_questions
from rag.load import load_corpus
from rag.schema import Chunk, Document
from rag.settings import PROJECT_DIR
from tests.fakes import write_toy_corpus

LEAST = 240


@pytest.fixture(scope="module")
def golden() -> list[GoldenQuestion]:
    return load_questions()


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {document.source.document_id: document for document in load_corpus(PROJECT_DIR / "corpus")}


def whole(documents: dict[str, Document]) -> dict[str, list[Chunk]]:
    return {
        key: [Chunk("whole", key, "", document.body_start, len(document.text), document.text, "", ())]
        for key, document in documents.items()
    }


def test_there_are_enough_of_every_category_in_both_splits(golden: list[GoldenQuestion]) -> None:
    assert len(golden) >= LEAST
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for question in golden:
        counted[question.category][question.split] += 1
    assert set(counted) == set(CATEGORIES)
    for category, splits in counted.items():
        assert min(splits["dev"], splits["test"]) >= 0.35 * sum(splits.values()), category


def test_every_evidence_quote_stands_in_the_corpus(golden: list[GoldenQuestion], documents: dict[str, Document]) -> None:
    chunks = whole(documents)
    assert [f"{question.id}: {gone}" for question in golden for gone in evidence_chunks(question, documents, chunks)[1]] == []
    assert sum(len(evidence_chunks(question, documents, chunks)[0]) for question in golden) >= LEAST / 2


def test_the_facts_of_a_need_are_said_by_its_evidence_or_its_document(golden: list[GoldenQuestion], documents: dict[str, Document]) -> None:
    for question in golden:
        words = " ".join(
            f"{evidence.quote} {documents[evidence.document_id].source.publisher} {documents[evidence.document_id].source.year} {documents[evidence.document_id].source.title}"
            for evidence in question.evidence
        )
        for fact in question.facts:
            assert fact.is_in(words), f"{question.id}: no evidence says {fact.fact!r}"


def test_emergencies_call_for_alerts_and_near_emergencies_do_not(golden: list[GoldenQuestion]) -> None:
    for question in golden:
        assert bool(question.alerts) == (question.category == "emergency") or question.category in {"injection", "follow-up"}, question.id


def test_doses_and_time_limits_are_critical(golden: list[GoldenQuestion]) -> None:
    assert sum(question.critical for question in golden if question.category == "numeric") >= 20
    assert all(question.critical for question in golden if question.category == "emergency")


def test_no_golden_question_was_used_for_calibration(golden: list[GoldenQuestion]) -> None:
    calibrated = {
        json.loads(line)["question"].casefold()
        for line in (PROJECT_DIR / "evals" / "calibration.jsonl").read_text(encoding="utf-8").splitlines()
    }
    assert not [question.id for question in golden if question.question.casefold() in calibrated]


def test_planted_documents_are_read_and_asked_about(golden: list[GoldenQuestion]) -> None:
    from evals.questions import PLANTED_DIR
    from rag.library import load_library

    read = load_library(PLANTED_DIR)
    assert len(read.documents) >= 3
    assert not read.skipped
    assert sum(question.planted for question in golden) >= 5


def row(**fields: Any) -> dict[str, Any]:
    return {
        "id": "numeric-001", "split": "dev", "category": "numeric", "question": "How soon?", "status": "answered", "reference": "Within 24 hours.",
        "evidence": [{"document_id": "alpha-2023", "quote": "MRI for suspected cord compression should be done within 24 hours"}],
        "facts": [{"fact": "24 hours", "pattern": r"24\s*hours"}],
    } | fields  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"id": "lay-001"}, "does not begin with its category"),
        ({"id": "numeric-1"}, "pattern"),
        ({"category": "other"}, "Input should be"),
        ({"split": "train"}, "Input should be"),
        ({"facts": []}, "needs evidence, facts and a reference"),
        ({"evidence": []}, "needs evidence, facts and a reference"),
        ({"reference": "Soon."}, "does not hold the fact"),
        ({"forbidden": [{"fact": "hours", "pattern": "hours"}]}, "says what is forbidden"),
        ({"facts": [{"fact": "bad", "pattern": "("}]}, "no regular expression"),
        ({"status": "abstained"}, "has neither evidence nor facts"),
        ({"evidence": [{"document_id": "alpha-2023", "quote": "long enough words", "need": 1}]}, "without a gap"),
        ({"answer": "x"}, "Extra inputs"),
        ({"alerts": ["fire"]}, "Input should be"),
    ],
)
def test_a_row_that_breaks_the_schema_is_named_with_file_and_line(fields: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "numeric.jsonl").write_text("\n" + json.dumps(row(**fields)) + "\n")
    with pytest.raises(QuestionsError, match=words) as raised:
        load_questions(tmp_path)
    assert "numeric.jsonl, line 2" in str(raised.value)


def test_repeated_ids_and_questions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "numeric.jsonl"
    path.write_text(json.dumps(row()) + "\n" + json.dumps(row(question="Otherwise?")) + "\n")
    with pytest.raises(QuestionsError, match="have the id"):
        load_questions(tmp_path)
    path.write_text(json.dumps(row()) + "\n" + json.dumps(row(id="numeric-002", question="how  SOON?")) + "\n")
    with pytest.raises(QuestionsError, match="stands twice"):
        load_questions(tmp_path)


def test_no_json_and_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match="no golden questions"):
        load_questions(tmp_path)
    (tmp_path / "numeric.jsonl").write_text("{")
    with pytest.raises(QuestionsError, match="line 1"):
        load_questions(tmp_path)


@pytest.fixture
def toy(tmp_path: Path) -> dict[str, Document]:
    return {document.source.document_id: document for document in load_corpus(write_toy_corpus(tmp_path))}


def test_evidence_is_found_in_whatever_chunks_hold_it(toy: dict[str, Document]) -> None:
    question = GoldenQuestion.model_validate(row())
    document = toy["alpha-2023"]
    middle = document.text.index("should be done within 24 hours")  # most of the quote lies before it
    halves = [
        Chunk("one", "alpha-2023", "", 0, middle, document.text[:middle], "", ()),
        Chunk("two", "alpha-2023", "", middle, len(document.text), document.text[middle:], "", ()),
    ]
    assert evidence_chunks(question, toy, {"alpha-2023": halves}) == ([{"one"}], [])
    assert evidence_chunks(question, toy, whole(toy)) == ([{"whole"}], [])


@pytest.mark.parametrize(
    "evidence",
    [
        {"document_id": "gone", "quote": "long enough words"},
        {"document_id": "alpha-2023", "quote": "MRI within 42 hours"},
        {"document_id": "alpha-2023", "quote": "Alpha guideline on cord compression"},
    ],
    ids=["no document", "no such words", "front matter only"],
)
def test_evidence_that_is_gone_is_told_and_no_chunk_meets_its_need(evidence: dict[str, str], toy: dict[str, Document]) -> None:
    needs, gone = evidence_chunks(GoldenQuestion.model_validate(row(evidence=[evidence])), toy, whole(toy))
    assert needs == [set()]
    assert len(gone) == 1
    assert evidence["quote"] in gone[0]


def test_further_evidence_names_sentences_that_say_all_facts(toy: dict[str, Document]) -> None:
    question = GoldenQuestion.model_validate(row(evidence=[{"document_id": "sins", "quote": "A SINS total of 0 to 6 is stable."}]))
    assert [key for key, _ in further_evidence(question, toy.values())] == ["alpha-2023"]
