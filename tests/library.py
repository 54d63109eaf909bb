"""Passages made by hand, and the check that an answer's library sentences stand word for word in the corpus files."""

import re
from pathlib import Path
from typing import Any

from rag.load import load_corpus
from rag.schema import Answer, Passage, Source, Span


def source_of(**fields: Any) -> Source:
    """Return the source of a document; fields that are not given say nothing of importance."""
    complete: dict[str, Any] = {
        "document_id": "doc", "title": "A title", "publisher": "A body", "jurisdiction": "uk", "kind": "guideline", "year": 2020,
        "status": "current", "superseded_by": None, "url": "https://example.org/doc", "doi": None, "rights": "Own words",
        "checked": "primary", "reviewed": "2026-01-01",
    } | fields  # fmt: skip
    return Source(**complete)


def passage_of(
    *sentences: str,
    similarities: tuple[float, ...] | None = None,
    relevance: float = 0.9,
    rank: int = 1,
    start: int = 0,
    section: str = "",
    **source: Any,
) -> Passage:
    """Return a passage of these sentences, one a line, equally near to the query unless `similarities` says otherwise."""
    spans, text = [], ""
    for sentence in sentences:
        text += "\n" if text else ""
        spans.append(Span(len(text), len(text) + len(sentence)))
        text += sentence
    near = similarities if similarities is not None else (0.5,) * len(sentences)
    return Passage(rank, f"chunk-{rank}", source_of(**source), section, start, start + len(text), text, tuple(spans), near, relevance)


def assert_verbatim(answer: Answer, corpus_dir: Path) -> None:
    """Assert that every citation is its file's text at [start:end], and every library sentence is one citation's words and nothing else."""
    path_of = {document.source.document_id: corpus_dir / document.path for document in load_corpus(corpus_dir)}
    quotes = {}
    for citation in answer.citations:
        file_text = path_of[citation.source.document_id].read_text(encoding="utf-8")
        assert file_text[citation.start : citation.end] == citation.quote
        quotes[citation.n] = citation.quote
    shown = [sentence for sentence in answer.sentences if sentence.verdict == "supported"]
    assert shown, "an answer without sentences proves nothing"
    for sentence in shown:
        assert sentence.citations, sentence.text
        if sentence.origin == "library":
            assert len(sentence.citations) == 1
            assert _letters(sentence.text) == _letters(quotes[sentence.citations[0]])


def _letters(text: str) -> str:
    """All characters but white space and what is drawn around the cells of a table row; points and comparators are what it says."""
    return re.sub(r"[\s|:;]", "", text)
