"""The library as a table: what is in it, from whom, how current, how large. For people (text), programs (JSON) and the corpus' own README.

Reads the opened index and the words of the corpus files; changes nothing.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.index import VectorIndex
from rag.load import load_corpus

HEADER = ("id", "title", "body", "year", "kind", "status", "checked", "words", "chunks")


@dataclass(frozen=True, slots=True)
class Row:
    """One document. `words` is None for a document that a person added: only the corpus' words are counted."""

    id: str
    title: str
    body: str
    year: int | None
    kind: str
    status: str
    checked: str
    words: int | None
    chunks: int


def catalogue(index: VectorIndex, corpus_dir: Path) -> list[Row]:
    """Return one row a document, by kind and id."""
    words = {document.source.document_id: len(document.text[document.body_start :].split()) for document in load_corpus(corpus_dir)}
    rows = [
        Row(
            id=source.document_id,
            title=source.title,
            body=source.publisher,
            year=source.year,
            kind=source.kind,
            status=f"superseded by {source.superseded_by}" if source.superseded_by else source.status,
            checked=source.checked,
            words=words.get(source.document_id),
            chunks=index.chunks_of.get(source.document_id, 0),
        )
        for source in index.sources.values()
    ]
    return sorted(rows, key=lambda row: (row.kind, row.id))


def as_json(rows: list[Row]) -> str:
    """Return the rows as a JSON list."""
    return json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2)


def as_table(rows: list[Row]) -> str:
    """Return the rows as aligned text, long titles and bodies cut."""
    cells = [HEADER, *(_cells(row) for row in rows)]
    limits = (46, 56, 28, 7, 20, 24, 9, 5, 6)
    widths = [min(limit, max(len(line[column]) for line in cells)) for column, limit in enumerate(limits)]
    lines = ["  ".join(_cut(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([*lines, f"{len(rows)} documents"])


def as_markdown(rows: list[Row]) -> str:
    """Return the page `corpus/README.md`: documents of the corpus only, not those that a person added."""
    rows = [row for row in rows if row.words is not None]
    lines = [
        "# The corpus",
        "",
        f"{len(rows)} documents. This page is made by `make corpus-readme`; the tests fail when it is stale.",
        "",
        f"| {' | '.join(HEADER)} |",
        "|" + " --- |" * len(HEADER),
        *(f"| {' | '.join(cell.replace('|', '/') for cell in _cells(row))} |" for row in rows),
    ]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    words = "" if row.words is None else str(row.words)
    return (row.id, row.title, row.body, str(row.year or "unknown"), row.kind, row.status, row.checked, words, str(row.chunks))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
