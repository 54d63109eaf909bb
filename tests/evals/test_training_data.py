"""What the entailment network learns from stands in the library: a sentence that was changed or removed must not be learnt from."""

import json
from pathlib import Path

import pytest

from evals.train_entailment import TRAINING
from rag.load import load_corpus
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
