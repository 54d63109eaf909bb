"""What the trained networks learn from stands in the library: a sentence that was changed or removed must not be learnt from, nor a golden question."""

import json
from pathlib import Path

import pytest

from evals.questions import load_questions
from evals.reader_material import NEAR_MISSES
from evals.train_entailment import TRAINING
from rag.attached import load_questions as load_attached
from rag.load import load_corpus
from rag.sentences import readable
from rag.settings import Settings
from rag.text import collapse


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {document.source.document_id: collapse(document.text) for document in load_corpus(Settings(llm="none").corpus_dir)}


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_training_claims_quote_their_documents_and_are_no_edits_of_their_own(texts: dict[str, str]) -> None:
    for row in rows(TRAINING):
        assert all(collapse(quote) in texts[row["document_id"]] for quote in row["quotes"]), row
        sentences = [row["true"], *(edit["sentence"] for edit in row["false"])]
        assert len({collapse(sentence).lower() for sentence in sentences}) == 4, row


def test_what_a_near_miss_comes_near_to_stands_in_the_library(texts: dict[str, str]) -> None:
    whole = " ".join(" ".join(readable(line) for line in text.split("\n")) for text in texts.values())
    missing = [
        row["near"] for row in rows(NEAR_MISSES) if ": " not in row["near"] and row["near"] not in whole
    ]  # table rows are read with ": "
    assert missing == []


def test_no_golden_question_is_learnt_from() -> None:
    # "What is a pathological fracture?" may be asked twice: a question of a few words is nobody's own.
    golden = {asked for question in load_questions() if len((asked := collapse(question.question).lower()).split()) > 5}
    learnt = {row["question"].lower() for row in rows(NEAR_MISSES)}
    attached = load_attached(Settings(llm="none").corpus_dir)
    learnt |= {question.lower() for of_document in attached.values() for questions in of_document.values() for question in questions}
    assert not golden & learnt


def test_no_near_miss_is_attached_to_a_sentence() -> None:
    attached = load_attached(Settings(llm="none").corpus_dir)
    answered = {question.lower() for of_document in attached.values() for questions in of_document.values() for question in questions}
    assert [row["question"] for row in rows(NEAR_MISSES) if row["question"].lower() in answered] == []
