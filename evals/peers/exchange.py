"""What the bench and a peer tell each other, as JSON: documents and queries in, ranked pieces and times out. Standard library only.

Read by both environments: the project's, which writes the task and scores the ranking, and the peers', which ranks.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

WARM_UP = ("bone metastasis", "radiotherapy for pain", "how is hypercalcaemia treated", "denosumab dose", "what is an MRI")


class Text(TypedDict):
    """A document: the text that every system indexes, without front matter."""

    id: str
    text: str


class Query(TypedDict):
    """What is searched, word for word as the person asked."""

    id: str
    query: str


class Task(TypedDict):
    """All that a peer is told. `model` is the folder of the embedding model's weights, `k` the length of the ranking."""

    model: str
    k: int
    documents: list[Text]
    questions: list[Query]


class Piece(TypedDict):
    """A retrieved chunk; `start` is its place in the document's text where the system knows it."""

    document_id: str
    text: str
    start: NotRequired[int | None]


class Outcome(TypedDict):
    """What a system found: the size of its index, and for each question its ranking, best first, and the time of the search."""

    chunks: int
    chunk_chars: float
    rankings: dict[str, list[Piece]]
    milliseconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Searcher:
    """A built index: `search(query, k)` gives the best k pieces, best first; `chunk_lengths` are characters."""

    search: Callable[[str, int], list[Piece]]
    chunk_lengths: Sequence[int]


@dataclass(frozen=True, slots=True)
class Peer:
    """A pipeline by name; `default_k` is how many pieces it hands to a language model when nobody says otherwise."""

    name: str
    label: str
    default_k: int


PEERS = (
    Peer("langchain", "LangChain tutorial", 4),
    Peer("llamaindex", "LlamaIndex default", 2),
    Peer("haystack-bm25", "Haystack BM25", 10),
    Peer("haystack-embedding", "Haystack embedding", 10),
)


def ask_all(searcher: Searcher, questions: Sequence[Query], k: int) -> Outcome:
    """Search every query once, after a few that are not timed; the time is that of the whole search, the query's embedding included."""
    for query in WARM_UP:
        searcher.search(query, k)
    rankings, milliseconds = {}, {}
    for question in questions:
        began = time.perf_counter()
        rankings[question["id"]] = searcher.search(question["query"], k)
        milliseconds[question["id"]] = 1000 * (time.perf_counter() - began)
    lengths = searcher.chunk_lengths
    return {
        "chunks": len(lengths),
        "chunk_chars": statistics.fmean(lengths) if lengths else 0.0,
        "rankings": rankings,
        "milliseconds": milliseconds,
    }
