"""Verified sentences -> Answer with numbered Citations, or an abstention. Last step of every answer.

Numbers follow first use; each quoted span has one number, so that a number leads to exactly the words that support its sentence. The Markdown of an answer is made here and nowhere else. Does not judge support.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.schema import Alert, Answer, Citation, DraftSentence, Passage, Quote, Sentence, Source
from rag.terms import find_terms

COUNTRY = {"uk": "UK", "us": "US", "europe": "Europe", "international": "international"}
NEAREST_NAMED = 3  # documents that an abstention names
MISSING_NAMED = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """What every answer to one question shares, whatever its sentences. `caution` is a line that each of them carries beside its own notice."""

    question: str
    query: str
    passages: tuple[Passage, ...]
    alerts: tuple[Alert, ...]
    fingerprints: Mapping[str, str]
    caution: str | None = None

    def notice(self, own: str | None) -> str | None:
        """Return an answer's own notice and the caution, those that there are."""
        return " ".join(part for part in (own, self.caution) if part) or None


def build_answer(
    frame: Frame,
    sentences: Sequence[DraftSentence],
    *,
    engine: str,
    model: str | None = None,
    notice: str | None = None,
    timings_ms: Mapping[str, float] | None = None,
) -> Answer:
    """Build an answer from sentences, best first; unsupported ones are kept as withheld, after the shown ones.

    Sentences of one body come together where several bodies speak, so that the answer reads as who says what; numbers follow that order.

    Args:
        frame: Question, query, passages, alerts and fingerprints.
        sentences: Draft sentences with verdicts; a quote refers to the frame's passages.
        engine: Who made the answer.
        model: Name of the language model, if one had a part.
        notice: One line for the reader, such as why the model had no part.
        timings_ms: Duration of each step.
    """
    numbers: dict[Quote, int] = {}
    shown, withheld = [], []
    for sentence in _by_body(sentences, frame.passages):
        if not sentence.verdict.supported:
            withheld.append(Sentence(sentence.text, sentence.origin, (), "unsupported", sentence.verdict.support, sentence.verdict.reason))
            continue
        cited = tuple(dict.fromkeys(numbers.setdefault(quote, len(numbers) + 1) for quote in sentence.verdict.quotes))
        shown.append(Sentence(sentence.text, sentence.origin, cited, "supported", sentence.verdict.support, sentence.verdict.reason))
    citations = tuple(_citation(n, quote, frame.passages[quote.passage]) for quote, n in numbers.items())
    return Answer(
        question=frame.question,
        query=frame.query,
        status="answered",
        answer=_markdown(shown, citations),
        sentences=(*shown, *withheld),
        citations=citations,
        passages=frame.passages,
        alerts=frame.alerts,
        engine=engine,
        model=model,
        notice=frame.notice(notice),
        timings_ms=dict(timings_ms or {}),
        fingerprints=dict(frame.fingerprints),
    )


def build_abstention(frame: Frame, *, missing: Sequence[str] = (), covered: Sequence[str], timings_ms: Mapping[str, float]) -> Answer:
    """Build the answer that says that the library does not answer, what is missing, the nearest documents and what is covered.

    Args:
        frame: Question, query, passages (the nearest ones, none relevant enough), alerts and fingerprints.
        missing: What was asked for and is not in the passages, such as "price" or a drug's name.
        covered: Topics that the library covers, for a suggestion.
        timings_ms: Duration of each step.
    """
    titles = list(dict.fromkeys(passage.source.title for passage in frame.passages))[:NEAREST_NAMED]
    lines = ["The library does not answer this question."]
    if missing:
        named = " or ".join(escape_markdown(name.replace("-", " ")) for name in missing[:MISSING_NAMED])
        lines.append(f"No passage that was found speaks of {named}.")
    if titles:
        lines.append("The nearest documents are: " + "; ".join(escape_markdown(title) for title in titles) + ".")
    if covered:
        lines.append("It covers " + ", ".join(covered) + ".")
    return Answer(
        question=frame.question,
        query=frame.query,
        status="abstained",
        answer=" ".join(lines),
        passages=frame.passages,
        alerts=frame.alerts,
        timings_ms=dict(timings_ms),
        fingerprints=dict(frame.fingerprints),
    )


def build_refusal(
    question: str, message: str, *, alerts: tuple[Alert, ...], fingerprints: Mapping[str, str], timings_ms: Mapping[str, float]
) -> Answer:
    """Build the answer to a question that nothing is searched for: a message, no passage, no citation.

    Args:
        question: What was asked.
        message: What is said instead of an answer.
        alerts: Emergency notices of the question.
        fingerprints: Of corpus, index, prompts and settings.
        timings_ms: Duration of each step.
    """
    return Answer(
        question=question,
        query="",
        status="abstained",
        answer=escape_markdown(message),
        alerts=alerts,
        timings_ms=dict(timings_ms),
        fingerprints=dict(fingerprints),
    )


def body_label(source: Source) -> str:
    """Return body, country and year in one bracket, unknown parts left out: "NICE (UK, 2023)"."""
    country = COUNTRY.get(source.jurisdiction, source.jurisdiction.title())
    known = [part for part in ("" if country == "international" else country, str(source.year or "")) if part]
    return f"{source.publisher} ({', '.join(known)})" if known else source.publisher


def speaker(sentence: str, source: Source) -> str:
    """Return the label of the body that a sentence of a document reports: its own, unless the sentence begins with another one's name.

    Example: "The American Urological Association also accepts denosumab." in a digest of NICE -> "American Urological Association"
    """
    first = next((term for term in find_terms(sentence) if term.kind == "body"), None)
    own = {term.name for term in find_terms(source.publisher) if term.kind == "body"}
    if first and own and first.name not in own and sentence[: first.start].strip().lower() in {"", "the"}:
        return sentence[first.start : first.end]
    return body_label(source)


def escape_markdown(text: str) -> str:
    """Return text with every character escaped that Markdown or HTML would act on: corpus and model words are data."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_~\[\]])", r"\\\1", text)
    text = re.sub(r"^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", text)  # "1. " would open a list
    return re.sub(r"^(\s*)([-+#|])", r"\1\\\2", text)


def unescape_markdown(text: str) -> str:
    """Return what `escape_markdown` was given: an answer's message as plain text.

    Example: "1\\. A \\[b\\] &amp; c" -> "1. A [b] & c"
    """
    return html.unescape(re.sub(r"\\([\\`*_~\[\].)\-+#|])", r"\1", text))


def bodies(shown: Sequence[Sentence], citations: Sequence[Citation]) -> dict[str, list[Sentence]]:
    """Return shown sentences by the label of the body that says them, "" for what a model worded; in the order of the answer."""
    source_of = {citation.n: citation.source for citation in citations}
    groups: dict[str, list[Sentence]] = {}
    for sentence in shown:
        label = speaker(sentence.text, source_of[sentence.citations[0]]) if sentence.origin == "library" else ""
        groups.setdefault(label, []).append(sentence)
    return groups


def _by_body(sentences: Sequence[DraftSentence], passages: Sequence[Passage]) -> list[DraftSentence]:
    """Return what a model worded first, then the library's sentences grouped by body; bodies and sentences keep their order of first place."""
    groups: dict[str, list[DraftSentence]] = {"": []}
    for sentence in sentences:
        quotes = sentence.verdict.quotes
        label = speaker(sentence.text, passages[quotes[0].passage].source) if sentence.origin == "library" and quotes else ""
        groups.setdefault(label, []).append(sentence)
    return [sentence for group in groups.values() for sentence in group]


def _markdown(shown: Sequence[Sentence], citations: Sequence[Citation]) -> str:
    """One paragraph where one body speaks; one line a body where several do."""
    groups = bodies(shown, citations)
    lead = " ".join(_cited(sentence) for sentence in groups.pop("", []))
    if len(groups) == 1:
        body = " ".join(_cited(sentence) for sentence in next(iter(groups.values())))
    else:
        body = "\n".join(
            f"- **{escape_markdown(label)}:** " + " ".join(_cited(sentence) for sentence in sentences)
            for label, sentences in groups.items()
        )
    return "\n\n".join(part for part in (lead, body) if part)


def _cited(sentence: Sentence) -> str:
    return escape_markdown(sentence.text) + " " + "".join(f"[{n}]" for n in sentence.citations)


def _citation(n: int, quote: Quote, passage: Passage) -> Citation:
    start, end = quote.span.start, quote.span.end
    return Citation(
        n=n,
        chunk_id=passage.chunk_id,
        source=passage.source,
        section=passage.section,
        quote=passage.text[start:end],
        start=passage.start + start,
        end=passage.start + end,
    )
