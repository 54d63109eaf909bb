"""The library for looking things up: the best sentence of each passage for a query, and a document's sections to read. No model.

What the page's library tab and the `search` of programs show. Does not retrieve; the pipeline's `search` does.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.index import VectorIndex
from rag.schema import Document, Passage, Span
from rag.sentences import rank_sentences

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and, within its text, the sentence that says most about the query."""

    passage: Passage
    span: Span

    @property
    def sentence(self) -> str:
        """The exact words."""
        return self.passage.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a document: `text` is Markdown as it stands in the file from `start` on (characters)."""

    heading: str
    text: str
    start: int


def best_sentences(query: str, passages: Sequence[Passage], *, rarity: Callable[[str], float]) -> list[Hit]:
    """Return one hit a passage, in the order of the passages.

    Args:
        query: What is searched.
        passages: Passages, best first.
        rarity: How rare a stem is in the library, as in `rank_sentences`.
    """
    best: dict[int, Span] = {}
    for ranked in rank_sentences(query, passages, rarity=rarity):
        best.setdefault(ranked.passage, passages[ranked.passage].sentences[ranked.number])
    return [Hit(passage, best[place]) for place, passage in enumerate(passages) if place in best]


def read_document(index: VectorIndex, document_id: str, document: Document | None = None) -> list[Section]:
    """Return a document's sections in the order of the file; empty for an unknown document.

    Args:
        index: The opened index.
        document_id: Whose sections.
        document: The document as loaded, for one of the corpus: whole, with the heads of its tables. Without it the sections are pieced together from
            what is indexed.
    """
    if document is not None:
        return _sections(document)
    sections: list[Section] = []
    for chunk in index.document_chunks(document_id):
        if sections and sections[-1].heading == chunk.section:
            last = sections[-1]
            sections[-1] = Section(last.heading, f"{last.text}\n\n{chunk.text}", last.start)
        else:
            sections.append(Section(chunk.section, chunk.text, chunk.start))
    return sections


def _sections(document: Document) -> list[Section]:
    heads = [(0, document.body_start, "")] + [
        (head.start(), head.end(), head[2].strip()) for head in _HEADING.finditer(document.text, document.body_start)
    ]
    ends = [start for start, _, _ in heads[1:]] + [len(document.text)]
    found = [Section(title, document.text[begin:end].strip(), begin) for (_, begin, title), end in zip(heads, ends, strict=True)]
    return [section for section in found if section.text]
