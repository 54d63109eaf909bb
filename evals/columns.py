"""A golden question and the answer it got -> the columns that the metrics read, and whether the answer is right. No model, no file.

The answer comes as the JSON of the command line's contract, so that a cached one is read like a new one.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from evals.questions import GoldenQuestion

AnswerJson = Mapping[str, Any]


def columns_of(
    question: GoldenQuestion, answer: AnswerJson, needs: Sequence[set[str]], texts: Mapping[str, str], files: Mapping[str, str]
) -> dict[str, Any]:
    """Return what is known of an answer, for `metrics.score_row`; what does not apply is None.

    Args:
        question: The golden question.
        answer: The answer as JSON.
        needs: For each need of the question, the chunk ids that meet it.
        texts: Chunk texts by id, at least of the chunks in `needs`.
        files: Whole file texts by document id: where quotes must stand.
    """
    answered = answer["status"] == "answered"
    shown = [sentence for sentence in answer["sentences"] if sentence["verdict"] == "supported"]
    worded = [sentence for sentence in answer["sentences"] if sentence["origin"] == "model"]
    raised = [alert["id"] for alert in answer["alerts"]]
    said = plain_text(answer["answer"])
    found = facts_found(question, answer)
    return {
        "ranking": [passage["chunk_id"] for passage in answer["passages"]] if needs else None,
        "contexts": [passage["text"] for passage in answer["passages"]] if needs and answer["passages"] else None,
        "needs": [sorted(chunks) for chunks in needs] or None,
        "relevant": sorted(set().union(*needs)) if needs else None,
        "relevant_there": sorted(set().union(*needs)) or None,  # RAGAS's recall of nothing is no number
        "reference_contexts": [[texts[key] for key in sorted(chunks)] for chunks in needs] or None,
        "facts_found": list(found.values()) or None,
        "forbidden_found": [fact.is_in(said) for fact in question.forbidden],
        "forbidden_said": [fact.is_in(said) for fact in question.forbidden] or None,
        "first_sentence_answers": (bool(shown) and question.facts[0].is_in(shown[0]["text"])) if question.facts else None,
        "reference": question.reference if question.reference and question.facts else None,
        "response": said,
        "spans_aligned": _spans_aligned(answer, files) if answered else None,
        "sentences_cited": [bool(sentence["citations"]) for sentence in shown] or None,
        "model_sentences_withheld": [sentence["verdict"] == "unsupported" for sentence in worded] or None,
        "unanswerable_declined": not answered if question.status == "abstained" else None,
        "answerable_declined": not answered if question.status == "answered" else None,
        "declined_is_right": question.status == "abstained" if not answered and question.status != "any" else None,
        "alerts_raised": [alert in raised for alert in question.alerts] or None,
        "alert_without_cause": bool(raised) if not question.alerts else None,
    }


def facts_found(question: GoldenQuestion, answer: AnswerJson) -> dict[str, bool]:
    """Return which facts the answer holds, in the question's order; an abstention holds none, whatever titles it names."""
    said = plain_text(answer["answer"]) if answer["status"] == "answered" else ""
    return {fact.fact: fact.is_in(said) for fact in question.facts}


def is_right(question: GoldenQuestion, answer: AnswerJson) -> bool:
    """Whether an answer is what was expected: status, alerts, every fact, nothing forbidden."""
    raised = {alert["id"] for alert in answer["alerts"]}
    alerts_right = set(question.alerts) <= raised if question.alerts else not raised
    status_right = question.status in {"any", answer["status"]}
    said = plain_text(answer["answer"])
    return (
        alerts_right
        and status_right
        and all(facts_found(question, answer).values())
        and not any(fact.is_in(said) for fact in question.forbidden)
    )


def plain_text(markdown: str) -> str:
    """Return an answer's Markdown as the reader sees it: no citation numbers, no marks, characters instead of escapes.

    Example: "- **NICE (UK, 2023):** Within 24 hours. [1]" -> "NICE (UK, 2023): Within 24 hours."
    """
    text = re.sub(r"(?<!\\)\[\d+\]", "", markdown)
    text = re.sub(r"(?m)^- ", "", text).replace("**", "")
    text = re.sub(r"\\([\\`*_~\[\].)+#|-])", r"\1", text)
    return " ".join(html.unescape(text).split())


def _spans_aligned(answer: AnswerJson, files: Mapping[str, str]) -> list[bool]:
    """For each citation: whether its quote is the file's text at its place; for each library sentence: whether its words are its quote's."""
    quotes = {citation["n"]: citation["quote"] for citation in answer["citations"]}
    aligned = [
        files.get(citation["document_id"], "")[citation["start"] : citation["end"]] == citation["quote"] for citation in answer["citations"]
    ]
    for sentence in answer["sentences"]:
        if sentence["origin"] == "library" and sentence["verdict"] == "supported":
            cited = [quotes.get(n, "") for n in sentence["citations"]]
            aligned.append(len(cited) == 1 and _letters(cited[0]) == _letters(sentence["text"]))
    return aligned


def _letters(text: str) -> str:
    """All characters but white space and what is drawn around the cells of a table row."""
    return re.sub(r"[\s|:;]", "", text)
