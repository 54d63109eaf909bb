"""When a retrieved piece of any system counts as evidence, and the measures of a ranking by that rule. No system is known here, ours included.

**The rule.** A golden question's evidence is exact words of a document. They stand at one or more places of its text (each counts, as in
`questions.evidence_chunks`). A piece is evidence when it comes from that document and covers at least half of the characters of one such place: all
of them as a rule, half where a splitter cut the words. Where a piece stands is what its system says, if the text there is the piece's; else the first
place where its text is found, white space aside. A piece that is found nowhere is no evidence, and is counted.

Rows of one `need` are alternatives: one is enough. Recall at k is the share of needs met among the first k pieces; hit@1 and MRR ask for any evidence
of any need. Long pieces cover more by luck. So two measures stand beside them: the characters retrieved, and **facts**: the share of the question's
fact patterns that are found in the pieces, best first, put together and cut at the same budget of characters for all systems. Other words
that happen to fit a pattern count, too, for all alike.
"""

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evals.columns import plain_text
from evals.metrics import recall_at
from evals.peers.exchange import Outcome, Piece
from evals.percentiles import percentile
from evals.questions import GoldenQuestion
from rag.schema import Span

# Characters of pieces for the facts: some five and nine of our passages, two and five of LangChain's chunks, less and more than one of LlamaIndex's.
FACT_CHARS = (2000, 4000)
COVERED = 0.5  # share of an evidence's characters that a piece must hold

Places = list[tuple[str, Span]]  # document id and where in its text


@dataclass(frozen=True, slots=True)
class Values:
    """What one ranking is worth; shares are 0 to 1, higher is better. `unplaced` counts pieces whose text is not in their document."""

    hit_at_1: float
    recall_at_k: float
    recall_at_5: float
    recall_at_10: float
    mrr: float
    facts_in_2000: float
    facts_in_4000: float
    chars_at_1: float
    chars_at_5: float
    unplaced: float


@dataclass(frozen=True, slots=True)
class Row:
    """Means of a system over the questions of a split, and its latency, milliseconds."""

    questions: int
    means: Values
    median_ms: float
    p95_ms: float


def is_asked(question: GoldenQuestion) -> bool:
    """Whether peers are asked it: it has evidence, stands alone (no follow-up, whose query another room makes) and needs no planted document."""
    return bool(question.evidence) and not question.history and not question.planted


def evidence_places(question: GoldenQuestion, texts: Mapping[str, str]) -> list[Places]:
    """Return, for each need of a question, the places of its evidence in the documents' texts; none where the evidence is gone."""
    needs: list[Places] = [[] for _ in {evidence.need for evidence in question.evidence}]
    for evidence in question.evidence:
        found = re.finditer(re.escape(evidence.quote), texts.get(evidence.document_id, ""))
        needs[evidence.need] += [(evidence.document_id, Span(match.start(), match.end())) for match in found]
    return needs


def place_of(piece: Piece, text: str) -> Span | None:
    """Return where a piece stands in its document's text, or None.

    Example: {"text": "b c", "start": None}, "a b\\nc" -> Span(2, 5)
    """
    words, start = piece["text"], piece.get("start")
    if not words.strip():
        return None
    if start is None or text[start : start + len(words)] != words:
        start = text.find(words)
    if start >= 0:
        return Span(start, start + len(words))
    match = re.search(r"\s+".join(re.escape(word) for word in words.split()), text)
    return Span(*match.span()) if match else None


def is_evidence(document_id: str, span: Span, places: Places) -> bool:
    """Whether a piece at this place covers enough of one of these places."""
    return any(
        document_id == wanted and min(span.end, place.end) - max(span.start, place.start) >= COVERED * (place.end - place.start)
        for wanted, place in places
    )


def score(question: GoldenQuestion, pieces: Sequence[Piece], texts: Mapping[str, str], *, k: int) -> Values:
    """Score one ranking.

    Args:
        question: A golden question with evidence and facts.
        pieces: What was retrieved, best first, at least ten where there are as many.
        texts: The texts that were indexed, by document id.
        k: How many pieces the system hands on by default.
    """
    ranking = [str(rank) for rank in range(1, len(pieces) + 1)]
    spans = [place_of(piece, texts.get(piece["document_id"], "")) for piece in pieces]
    needs = [
        [rank for rank, piece, span in zip(ranking, pieces, spans, strict=True) if span and is_evidence(piece["document_id"], span, places)]
        for places in evidence_places(question, texts)
    ]
    first = min((int(rank) for met in needs for rank in met), default=None)
    lengths = [len(piece["text"]) for piece in pieces]
    read = "\n".join(piece["text"] for piece in pieces)
    facts = [statistics.fmean(fact.is_in(plain_text(read[:budget])) for fact in question.facts) for budget in FACT_CHARS]
    return Values(
        hit_at_1=float(first == 1),
        recall_at_k=recall_at(ranking, needs, k),
        recall_at_5=recall_at(ranking, needs, 5),
        recall_at_10=recall_at(ranking, needs, 10),
        mrr=1 / first if first else 0.0,
        facts_in_2000=facts[0],
        facts_in_4000=facts[1],
        chars_at_1=sum(lengths[:1]),
        chars_at_5=sum(lengths[:5]),
        unplaced=spans.count(None),
    )


def row_of(questions: Iterable[GoldenQuestion], outcome: Outcome, texts: Mapping[str, str], *, k: int) -> Row:
    """Return the means of a system over questions, of which there is at least one."""
    asked = list(questions)
    values = [score(question, outcome["rankings"][question.id], texts, k=k) for question in asked]
    means = Values(**{name: statistics.fmean(getattr(value, name) for value in values) for name in Values.__dataclass_fields__})
    times = [outcome["milliseconds"][question.id] for question in asked]
    return Row(len(asked), means, statistics.median(times), percentile(times, 0.95))
