"""The JSON of an answer is a contract: scripts and evaluations read these names and types, nothing more and nothing less."""

import json
from dataclasses import FrozenInstanceError, replace
from typing import Any, get_args

import pytest

from rag.schema import AUDIENCES, KINDS, Alert, Answer, Audience, Citation, Kind, Passage, Sentence, Span
from tests.library import passage_of, source_of

SOURCE = source_of(
    document_id="doc", title="T", publisher="NICE", year=2023, kind="guideline", status="superseded", url="https://example.org/doc"
)
PASSAGE = passage_of("First.", "Second.", relevance=0.123456, section="S", document_id="doc", title="T", publisher="NICE", year=2023)
ANSWER = Answer(
    question="q",
    query="q (more)",
    status="answered",
    answer="First. [1]",
    sentences=(
        Sentence("First.", "library", (1,), "supported", 1.0, "quoted"),
        Sentence("Wrong.", "model", (), "unsupported", 0.2, "a reason"),
    ),
    citations=(Citation(1, "chunk-1", SOURCE, "S", "First.", 10, 16),),
    passages=(PASSAGE,),
    alerts=(Alert("hypercalcaemia", "A title", "A message"),),
    engine="select",
    model="m",
    notice="n",
    timings_ms={"retrieve": 1.0, "quotes": 2.0, "generate": 3.0, "verify": 4.0, "total": 10.0},
    fingerprints={"corpus": "c", "index": "i", "prompts": "p", "settings": "s"},
)


def test_the_answer_has_exactly_the_fields_of_the_contract() -> None:
    assert list(ANSWER.to_dict(answer_id="a1")) == [
        "id", "question", "query", "status", "answer", "sentences", "citations", "passages", "alerts", "engine", "model", "notice",
        "timings_ms", "fingerprints",
    ]  # fmt: skip


def test_the_values_of_an_answer_come_through() -> None:
    row = ANSWER.to_dict(answer_id="a1")
    assert (row["id"], row["question"], row["query"], row["status"], row["answer"]) == ("a1", "q", "q (more)", "answered", "First. [1]")
    assert (row["engine"], row["model"], row["notice"]) == ("select", "m", "n")
    assert row["timings_ms"] == {"retrieve": 1.0, "quotes": 2.0, "generate": 3.0, "verify": 4.0, "total": 10.0}
    assert row["fingerprints"] == {"corpus": "c", "index": "i", "prompts": "p", "settings": "s"}


def test_a_citation_is_flat() -> None:
    assert ANSWER.to_dict()["citations"] == [
        {
            "n": 1, "chunk_id": "chunk-1", "document_id": "doc", "title": "T", "publisher": "NICE", "year": 2023, "kind": "guideline",
            "status": "superseded", "section": "S", "url": "https://example.org/doc", "quote": "First.", "start": 10, "end": 16,
        }
    ]  # fmt: skip


def test_a_passage_is_flat() -> None:
    assert ANSWER.to_dict()["passages"] == [
        {
            "rank": 1, "chunk_id": "chunk-1", "document_id": "doc", "title": "T", "publisher": "NICE", "year": 2023, "section": "S",
            "text": "First.\nSecond.", "relevance": pytest.approx(0.123456, abs=1e-3),
        }
    ]  # fmt: skip


def test_an_alert_has_its_three_fields() -> None:
    assert ANSWER.to_dict()["alerts"] == [{"id": "hypercalcaemia", "title": "A title", "message": "A message"}]


def test_a_sentence_has_the_fields_of_the_contract() -> None:
    shown, withheld = ANSWER.to_dict()["sentences"]
    assert {"text": "First.", "origin": "library", "citations": [1], "verdict": "supported", "support": 1.0}.items() <= shown.items()
    assert {"text": "Wrong.", "origin": "model", "citations": [], "verdict": "unsupported", "support": 0.2}.items() <= withheld.items()


def test_a_sentence_has_no_other_field() -> None:
    assert [set(sentence) for sentence in ANSWER.to_dict()["sentences"]] == [{"text", "origin", "citations", "verdict", "support"}] * 2


def test_an_answer_is_json_and_comes_back_the_same() -> None:
    row = ANSWER.to_dict(answer_id="a1")
    assert json.loads(json.dumps(row)) == row


def test_what_is_not_there_is_null_or_empty() -> None:
    row = Answer(question="q", query="", status="error", answer="why").to_dict()
    assert (row["id"], row["model"], row["notice"]) == (None, None, None)
    assert [row[name] for name in ("sentences", "citations", "passages", "alerts")] == [[], [], [], []]
    assert (row["timings_ms"], row["fingerprints"]) == ({}, {})


def test_the_dictionaries_of_the_json_are_copies() -> None:
    ANSWER.to_dict()["timings_ms"]["total"] = -1.0
    assert ANSWER.timings_ms["total"] == 10.0


@pytest.mark.parametrize("value", [ANSWER, PASSAGE, SOURCE, Span(0, 1)])
def test_what_travels_between_rooms_cannot_be_changed(value: Any) -> None:
    name = next(iter(value.__dataclass_fields__))
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(value, name, "changed")


def test_a_passage_gives_its_sentences_word_for_word() -> None:
    passage: Passage = replace(PASSAGE, text="ab cd", sentences=(Span(0, 2), Span(3, 5)))
    assert [passage.sentence(n) for n in range(2)] == ["ab", "cd"]


def test_the_words_of_the_contract_are_the_ones_checked_at_run_time() -> None:
    assert {"article", "guideline", "label", "score", "trial", "patient-information", "review"} <= set(KINDS)
    assert (get_args(Kind), get_args(Audience)) == (KINDS, AUDIENCES)
