"""What the metrics read of an answer, and when an answer is right."""

from typing import Any

import pytest

from evals.columns import columns_of, facts_found, is_right, plain_text
from evals.questions import GoldenQuestion

FILE = "Front. An MRI is done within 24 hours. The end."
QUOTE = "An MRI is done within 24 hours."


def golden(**fields: Any) -> GoldenQuestion:
    return GoldenQuestion.model_validate(
        {
            "id": "numeric-001", "split": "dev", "category": "numeric", "question": "How soon?", "status": "answered", "reference": "Within 24 hours.",
            "evidence": [{"document_id": "doc", "quote": QUOTE}], "facts": [{"fact": "24 hours", "pattern": r"24\s*hours"}],
            "forbidden": [{"fact": "48 hours", "pattern": r"48\s*hours"}],
        } | fields
    )  # fmt: skip


def answer(**fields: Any) -> dict[str, Any]:
    return {
        "status": "answered", "answer": f"{QUOTE} [1]", "alerts": [],
        "sentences": [{"text": QUOTE, "origin": "library", "citations": [1], "verdict": "supported", "support": 1.0}],
        "citations": [{"n": 1, "document_id": "doc", "quote": QUOTE, "start": 7, "end": 38}],
        "passages": [{"chunk_id": "x", "text": "other"}, {"chunk_id": "a", "text": QUOTE}],
    } | fields  # fmt: skip


def columns(question: GoldenQuestion, got: dict[str, Any]) -> dict[str, Any]:
    return columns_of(question, got, [{"a"}], {"a": QUOTE}, {"doc": FILE})


def test_a_right_answer() -> None:
    got = columns(golden(), answer())
    assert got["ranking"] == ["x", "a"]
    assert got["relevant"] == ["a"]
    assert got["facts_found"] == [True]
    assert got["first_sentence_answers"] is True
    assert got["spans_aligned"] == [True, True]
    assert got["sentences_cited"] == [True]
    assert got["answerable_declined"] is False
    assert got["unanswerable_declined"] is None
    assert got["declined_is_right"] is None
    assert got["alert_without_cause"] is False
    assert is_right(golden(), answer())


@pytest.mark.parametrize(
    "fields",
    [
        {"citations": [{"n": 1, "document_id": "doc", "quote": QUOTE, "start": 8, "end": 39}]},
        {"citations": [{"n": 1, "document_id": "doc", "quote": QUOTE.lower(), "start": 7, "end": 38}]},
        {"citations": [{"n": 1, "document_id": "gone", "quote": QUOTE, "start": 7, "end": 38}]},
        {
            "sentences": [
                {"text": "An MRI is done within 42 hours.", "origin": "library", "citations": [1], "verdict": "supported", "support": 1.0}
            ]
        },
        {"sentences": [{"text": QUOTE, "origin": "library", "citations": [], "verdict": "supported", "support": 1.0}]},
    ],
    ids=["place", "case", "document", "words", "no citation"],
)
def test_a_quote_that_is_not_the_file_s_is_seen(fields: dict[str, Any]) -> None:
    assert not all(columns(golden(), answer(**fields))["spans_aligned"])


@pytest.mark.parametrize(
    ("question", "got", "right"),
    [
        ({}, {"answer": "Within 48 hours, or 24 hours."}, False),
        ({}, {"answer": "Soon."}, False),
        ({}, {"status": "abstained", "answer": "Nearest: MRI within 24 hours."}, False),
        ({}, {"alerts": [{"id": "hypercalcaemia"}]}, False),
        ({"alerts": ["hypercalcaemia"]}, {"alerts": [{"id": "hypercalcaemia"}, {"id": "cord-compression"}]}, True),
        ({"alerts": ["hypercalcaemia"]}, {}, False),
        ({"status": "any"}, {}, True),
        ({"status": "abstained", "evidence": [], "facts": [], "reference": ""}, {}, False),
        ({"status": "abstained", "evidence": [], "facts": [], "reference": ""}, {"status": "abstained", "answer": "No."}, True),
    ],
)
def test_right_means_status_alerts_facts_and_nothing_forbidden(question: dict[str, Any], got: dict[str, Any], right: bool) -> None:
    assert is_right(golden(**question), answer(**got)) is right


def test_an_abstention_holds_no_fact_whatever_titles_it_names() -> None:
    assert facts_found(golden(), answer(status="abstained", answer="Nearest: MRI within 24 hours.")) == {"24 hours": False}


def test_declining_is_right_or_wrong_only_where_an_answer_was_expected_or_not() -> None:
    declined = answer(status="abstained", answer="No.", sentences=[], citations=[])
    assert columns(golden(), declined)["declined_is_right"] is False
    assert columns(golden(status="any"), declined)["declined_is_right"] is None


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (r"- **NICE (UK, 2023):** Within 24 hours. [1]", "NICE (UK, 2023): Within 24 hours."),
        (r"4 mg \[sic\] of &lt;drug&gt; \*now\* [2][3]", "4 mg [sic] of <drug> *now*"),
        ("one [1]\n\n- two [2]", "one two"),
    ],
)
def test_plain_text_is_what_the_reader_sees(markdown: str, text: str) -> None:
    assert plain_text(markdown) == text


def test_withheld_sentences_count_what_a_model_worded() -> None:
    sentences = [
        {"text": "a", "origin": "model", "citations": [1], "verdict": "supported", "support": 0.8},
        {"text": "b", "origin": "model", "citations": [], "verdict": "unsupported", "support": 0.2},
        {"text": QUOTE, "origin": "library", "citations": [1], "verdict": "supported", "support": 1.0},
    ]
    assert columns(golden(), answer(sentences=sentences))["model_sentences_withheld"] == [False, True]
    assert columns(golden(), answer())["model_sentences_withheld"] is None
