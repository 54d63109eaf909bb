"""The library for looking things up: the best sentence of each passage for a query, and a document's sections to read. No model.

What the page's library tab and the `search` of programs show. Does not retrieve; the pipeline's `search` does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.index import VectorIndex
from rag.schema import Passage, Span
from rag.sentences import rank_sentences


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


def read_document(index: VectorIndex, document_id: str) -> list[Section]:
    """Return a document's sections in the order of the file, pieced together from its chunks; empty for an unknown document."""
    sections: list[Section] = []
    for chunk in index.document_chunks(document_id):
        if sections and sections[-1].heading == chunk.section:
            last = sections[-1]
            in_table = last.text.rstrip().endswith("|") and chunk.text.lstrip().startswith("|")
            sections[-1] = Section(last.heading, last.text + ("\n" if in_table else "\n\n") + chunk.text, last.start)
        else:
            sections.append(Section(chunk.section, chunk.text, chunk.start))
    return sections
