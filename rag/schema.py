"""The values that travel between rooms: frozen, and able to turn into the JSON of the command line's contract. Imports nothing of ours."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["article", "guideline", "label", "score", "trial", "patient-information", "review", "other"]
KINDS: tuple[str, ...] = ("article", "guideline", "label", "score", "trial", "patient-information", "review", "other")
Audience = Literal["student", "clinician"]
AUDIENCES: tuple[str, ...] = ("student", "clinician")
Status = Literal["answered", "abstained", "error"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document comes from: its front matter, as checked at load.

    `year` is None when the original states none. `checked` says whether the facts were read in the issuer's own text ("primary").
    """

    document_id: str
    title: str
    publisher: str
    jurisdiction: str
    kind: str
    year: int | None
    status: str
    superseded_by: str | None
    url: str | None
    doi: str | None
    rights: str
    checked: str
    reviewed: str


@dataclass(frozen=True, slots=True)
class Document:
    """A corpus file. `text` is the whole file, so that offsets are places in the file; the body begins at `body_start`."""

    source: Source
    path: str
    text: str
    body_start: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not read, and why, as a clause that follows its name."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters, `start` included and `end` not."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """An indexed piece of a document.

    `text == document.text[start:end]`; `sentences` are spans within `text`; `header` (title and section) is embedded with it, never shown.
    """

    chunk_id: str
    document_id: str
    section: str
    start: int
    end: int
    text: str
    header: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk retrieved for a query; `rank` counts from 1, `relevance` is 0 to 1, higher is better, comparable between queries.

    Each sentence has its cosine similarity to the query, that of tokens, how much nearer an attached question is, and what the reader makes of it;
    `prior` speaks for all of them alike, in units of a sentence's rank value; `best` is the place of the sentence that is ranked first."""

    rank: int
    chunk_id: str
    source: Source
    section: str
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]
    similarities: tuple[float, ...]
    relevance: float = 0.0
    token_similarities: tuple[float, ...] = ()
    question_gains: tuple[float, ...] = ()
    readings: tuple[float, ...] = ()
    prior: float = 0.0
    best: int = 0
    signals: tuple[float, ...] = ()  # what its relevance was computed from

    def sentence(self, n: int) -> str:
        """Return the exact words of the n-th sentence, from 0."""
        return self.text[self.sentences[n].start : self.sentences[n].end]


@dataclass(frozen=True, slots=True)
class Quote:
    """Exact words of a passage: `passage` is its place in the list of passages (from 0), the span lies within its text."""

    passage: int
    span: Span


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether passages support a sentence, how strongly (0 to 1), by which words, and why in words a reader understands."""

    supported: bool
    support: float
    quotes: tuple[Quote, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence on its way to the answer, with its verdict. `origin` says who worded it."""

    text: str
    origin: Literal["library", "model"]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer, shown when its verdict is "supported", withheld otherwise."""

    text: str
    origin: Literal["library", "model"]
    citations: tuple[int, ...]
    verdict: Literal["supported", "unsupported"]
    support: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered citation: the exact words (`quote`) and their place in the file (`start`, `end`, characters)."""

    n: int
    chunk_id: str
    source: Source
    section: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Alert:
    """An emergency notice, shown above everything else."""

    id: Literal["cord-compression", "hypercalcaemia", "pathological-fracture"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that the page, the command line, evaluation and an audit need to know about one answer; `progress` of a final one is None."""

    question: str
    query: str
    status: Status
    answer: str
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    alerts: tuple[Alert, ...] = ()
    engine: str = "quotes"
    model: str | None = None
    notice: str | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    progress: str | None = None  # what the language model is at, while a better answer is on its way; not in the JSON

    def to_dict(self, *, answer_id: str | None = None) -> dict[str, Any]:
        """Return the JSON of the command line's contract; `answer_id` fills its "id"."""
        return {
            "id": answer_id,
            "question": self.question,
            "query": self.query,
            "status": self.status,
            "answer": self.answer,
            "sentences": [sentence_to_dict(sentence) for sentence in self.sentences],
            "citations": [citation_to_dict(citation) for citation in self.citations],
            "passages": [passage_to_dict(passage) for passage in self.passages],
            "alerts": [asdict(alert) for alert in self.alerts],
            "engine": self.engine,
            "model": self.model,
            "notice": self.notice,
            "timings_ms": dict(self.timings_ms),
            "fingerprints": dict(self.fingerprints),
        }


def sentence_to_dict(sentence: Sentence) -> dict[str, Any]:
    """Return a sentence as the JSON of the contract; the reason of its verdict is for the page."""
    return {
        "text": sentence.text,
        "origin": sentence.origin,
        "citations": list(sentence.citations),
        "verdict": sentence.verdict,
        "support": sentence.support,
    }


def citation_to_dict(citation: Citation) -> dict[str, Any]:
    """Return a citation as the flat JSON of the contract."""
    source = citation.source
    return {
        "n": citation.n,
        "chunk_id": citation.chunk_id,
        "document_id": source.document_id,
        "title": source.title,
        "publisher": source.publisher,
        "year": source.year,
        "kind": source.kind,
        "status": source.status,
        "section": citation.section,
        "url": source.url,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
    }


def passage_to_dict(passage: Passage) -> dict[str, Any]:
    """Return a passage as the flat JSON of the contract."""
    return {
        "rank": passage.rank,
        "chunk_id": passage.chunk_id,
        "document_id": passage.source.document_id,
        "title": passage.source.title,
        "publisher": passage.source.publisher,
        "year": passage.source.year,
        "section": passage.section,
        "text": passage.text,
        "relevance": round(passage.relevance, 4),
    }
