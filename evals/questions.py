"""Golden questions: what is asked, what an answer must and must not say, and the words of the corpus that prove it.

They stand in `evals/questions/*.jsonl`, one file a category; `python -m evals questions` says what is wrong in them. Evidence is kept as words, not as chunk ids: `evidence_chunks`
finds the chunks that hold them now, so a new chunking changes no question. Does not ask anything and does not score.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag.errors import RagError
from rag.schema import Audience, Chunk, Document
from rag.text import collapse

QUESTIONS_DIR = Path(__file__).parent / "questions"
PLANTED_DIR = Path(__file__).parent / "planted"  # hostile documents, read as a person's library by the questions that say so

Category = Literal[
    "article",  # facts of the source article
    "guideline",  # what a body recommends
    "numeric",  # doses, thresholds, time limits, rates
    "lay",  # a person without the field's words
    "abbreviation",  # abbreviations, brands, typing errors, telegram style
    "comparison",  # two drugs, or bodies that differ
    "follow-up",  # leans on the history
    "near-miss",  # near the library's subjects, and not in it
    "off-topic",
    "emergency",
    "near-emergency",  # the words of an emergency, and none
    "injection",  # instructions to the machine, unsafe wishes
]
CATEGORIES: tuple[str, ...] = Category.__args__  # type: ignore[attr-defined]
Split = Literal["dev", "test"]


class QuestionsError(RagError):
    """A question file that breaks the schema, or contradicts the corpus."""


def _is_pattern(pattern: str) -> str:
    try:
        re.compile(pattern, re.IGNORECASE)
    except re.error as exc:
        raise ValueError(f"is no regular expression ({exc})") from exc
    return pattern


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Fact(_Row):
    """Something an answer must (or must not) say: in words for a reader, as a pattern (case ignored) for the machine."""

    fact: str = Field(min_length=3)
    pattern: Annotated[str, Field(min_length=1), AfterValidator(_is_pattern)]

    def is_in(self, text: str) -> bool:
        """Whether a text says it."""
        return re.search(self.pattern, text, re.IGNORECASE) is not None


class Evidence(_Row):
    """Exact words of a document that prove an answer. Rows of one `need` are alternatives; an answer needs one of each need."""

    document_id: str
    quote: str = Field(min_length=8)
    need: int = Field(0, ge=0, le=9)


class Message(_Row):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str = Field(min_length=1)


class GoldenQuestion(_Row):
    """One question with what is expected of its answer; `facts[0]` is what the first sentence should say."""

    id: str = Field(pattern=r"^[a-z-]+-\d{3}$")
    split: Split
    category: Category
    question: str
    history: tuple[Message, ...] = ()
    audience: Audience = "student"
    status: Literal["answered", "abstained", "any"]
    alerts: tuple[Literal["cord-compression", "hypercalcaemia", "pathological-fracture"], ...] = ()
    reference: str = ""
    evidence: tuple[Evidence, ...] = ()
    facts: tuple[Fact, ...] = ()
    forbidden: tuple[Fact, ...] = ()
    critical: bool = False  # a wrong answer may hurt somebody: doses, time limits, emergencies
    planted: bool = False  # asked with the hostile documents of PLANTED_DIR in the library

    @model_validator(mode="after")
    def _is_consistent(self) -> "GoldenQuestion":
        if not self.id.startswith(self.category + "-"):
            raise ValueError(f"id {self.id!r} does not begin with its category {self.category!r}")
        if self.status == "answered" and not (self.evidence and self.facts and self.reference):
            raise ValueError("an answered question needs evidence, facts and a reference answer")
        if self.status == "abstained" and (self.evidence or self.facts):
            raise ValueError("a question that the library does not answer has neither evidence nor facts")
        if self.reference:
            absent = [fact.fact for fact in self.facts if not fact.is_in(self.reference)]
            if absent:
                raise ValueError(f"the reference answer does not hold the fact {absent[0]!r}")
            said = [fact.fact for fact in self.forbidden if fact.is_in(self.reference)]
            if said:
                raise ValueError(f"the reference answer says what is forbidden: {said[0]!r}")
        needs = sorted({evidence.need for evidence in self.evidence})
        if needs != list(range(len(needs))):
            raise ValueError(f"needs are numbered from 0 without a gap, found {needs}")
        return self


def load_questions(folder: Path = QUESTIONS_DIR) -> list[GoldenQuestion]:
    """Read all golden questions, in the order of files and lines.

    Raises:
        QuestionsError: a line is no JSON or breaks the schema, or two questions share an id or their words.
    """
    questions: list[GoldenQuestion] = []
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        raise QuestionsError(f"no golden questions in {str(folder)!r}; expected files of JSON lines.")
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if not line.strip():
                continue
            try:
                questions.append(GoldenQuestion.model_validate_json(line))
            except ValidationError as exc:
                first = exc.errors()[0]
                place = ".".join(str(part) for part in first["loc"])
                raise QuestionsError(f"{path.name}, line {number}: {place + ': ' if place else ''}{first['msg']}.") from exc
    repeated = [key for key, times in Counter(question.id for question in questions).items() if times > 1]
    if repeated:
        raise QuestionsError(f"two golden questions have the id {repeated[0]!r}.")
    asked = Counter((collapse(question.question).casefold(), question.history, question.planted) for question in questions)
    twice = [words for (words, _, _), times in asked.items() if times > 1]
    if twice:
        raise QuestionsError(f"a golden question stands twice: {twice[0]!r}.")
    return questions


def evidence_chunks(
    question: GoldenQuestion, documents: Mapping[str, Document], chunks: Mapping[str, Sequence[Chunk]]
) -> tuple[list[set[str]], list[str]]:
    """Return, for each need of a question, the ids of the chunks that hold one of its quotes; and what evidence is gone, in words.

    A quote that stands several times counts in each place. A quote over the border of two chunks counts for the one that holds more of it.
    A need whose evidence is gone is an empty set, which no retrieval can meet: a deleted document lowers the figures, it does not end the run.

    Args:
        question: A golden question.
        documents: Documents by id.
        chunks: The chunks of each document, by document id.
    """
    needs: list[set[str]] = [set() for _ in {evidence.need for evidence in question.evidence}]
    gone = []
    for evidence in question.evidence:
        found = _holding(evidence, documents.get(evidence.document_id), chunks.get(evidence.document_id, ()))
        needs[evidence.need] |= found
        if not found:
            gone.append(f"{evidence.document_id!r} does not hold the words {evidence.quote!r:.120}")
    return needs, gone


def _holding(evidence: Evidence, document: Document | None, chunks: Sequence[Chunk]) -> set[str]:
    found = set()
    starts = [match.start() for match in re.finditer(re.escape(evidence.quote), document.text)] if document else []
    for start in starts:
        overlap = {chunk.chunk_id: min(start + len(evidence.quote), chunk.end) - max(start, chunk.start) for chunk in chunks}
        best = max(overlap, key=lambda key: overlap[key], default="")
        if overlap.get(best, 0) > 0:
            found.add(best)
    return found
