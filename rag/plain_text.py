"""Answers and passages as plain text for a terminal."""

from rag.schema import Answer, Passage


def answer_text(answer: Answer) -> str:
    """Return an answer as lines: alerts, text, references, what was withheld, who made it."""
    lines = [f"!! {alert.title}\n   {alert.message}\n" for alert in answer.alerts]
    lines.append(answer.answer)
    if answer.citations:
        lines.append("")
    for citation in answer.citations:
        source = citation.source
        year = f", {source.year}" if source.year else ""
        superseded = " (superseded)" if source.status == "superseded" else ""
        lines.append(
            f"[{citation.n}] {source.title} – {source.publisher}{year}{superseded}. {citation.section}. {source.url or ''}".rstrip()
        )
    withheld = sum(sentence.verdict == "unsupported" for sentence in answer.sentences)
    if withheld:
        lines.append(f"({withheld} sentence{'s' if withheld > 1 else ''} of the model withheld: no passage supports it.)")
    if answer.notice:
        lines.append(f"({answer.notice})")
    made_by = f"{answer.engine}, {answer.model}" if answer.model else answer.engine
    lines.append(f"– {made_by}; {answer.timings_ms.get('total', 0) / 1000:.1f} s. A reference tool, no medical advice.")
    return "\n".join(lines)


def passage_text(passage: Passage) -> str:
    """Return a passage with its rank, document, section and relevance."""
    return f"{passage.rank}. {passage.source.title} › {passage.section} (relevance {passage.relevance:.2f})\n{passage.text}"
