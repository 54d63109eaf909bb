"""Question + Passages -> what the language model makes of them: chosen sentences (select) or sentences of its own, streamed (compose).

Asks for a format and reads it; judges nothing: `verify` decides what is shown. Any failure of the model becomes a LanguageModelError, and quotes
stand. The chain is LangChain's: prompt | model | parser.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.calls import outcome, pieces
from rag.errors import LanguageModelError
from rag.llm import LanguageModel
from rag.prompts import load_prompt
from rag.schema import Passage
from rag.text import collapse, split_sentences

_NO_ANSWER = re.compile(r"no answer\b(?!\s+\w)", re.IGNORECASE)  # the whole reply, not the words within a sentence
MAX_LINES = 3
MAX_LEAD_CHARS = 200
MAX_COMPOSED = 6  # sentences read of a composed answer; the prompt asks for five
_LIST_MARK = re.compile(r"^(?:[-*•–·]+(?=\s|$)|\d{1,2}[.)](?=\s))\s*")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_DELIMITER = re.compile(r"<\s*(/?)\s*passages\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the model chose: places in the list of candidates, best first, and its lead sentence ("" for none)."""

    chosen: tuple[int, ...]
    lead: str


class _SelectReply(BaseModel):
    model_config = ConfigDict(extra="ignore")

    lines: list[int] = Field(max_length=50)
    lead: str


def select(question: str, candidates: Sequence[str], model: LanguageModel, *, stop: threading.Event | None = None) -> Selection | None:
    """Let the model choose among numbered sentences and word one lead sentence. One call.

    Args:
        question: The standalone question.
        candidates: Sentences of the library, best first.
        model: The language model.
        stop: When set, the model's work ends.

    Returns:
        Valid places only (from 0), each once. Nothing chosen means that the model found no answer. None when it was stopped.

    Raises:
        LanguageModelError: no reply, or a reply that does not follow the schema.
    """
    chain = load_prompt("select") | model.chat.with_structured_output(_select_schema(len(candidates)), **_structured_options(model))
    numbered = "\n".join(f"{number}. {candidate}" for number, candidate in enumerate(candidates, start=1))
    with _failures(model):
        reply = outcome(lambda: chain.ainvoke({"sentences": numbered, "question": collapse(question)}), stop := stop or threading.Event())
    if reply is None and stop.is_set():
        return None
    try:
        parsed = _SelectReply.model_validate(reply)
    except ValidationError as exc:
        raise LanguageModelError(f"the language model {model.name} did not reply in the format asked for.") from exc
    chosen = tuple(dict.fromkeys(number - 1 for number in parsed.lines if 1 <= number <= len(candidates)))
    return Selection(chosen=chosen[:MAX_LINES], lead=_whole_lead(parsed.lead))


def _whole_lead(lead: str) -> str:
    """Return the lead, or "" for one that is longer than was allowed: it was cut, and half a sentence says something else."""
    words = collapse(lead)
    return words if len(words) < MAX_LEAD_CHARS else ""


def compose(
    question: str, passages: Sequence[Passage], model: LanguageModel, *, audience: str, stop: threading.Event | None = None
) -> Iterator[str]:
    """Let the model answer in its own words; yield each sentence as soon as it is complete. One call, streamed.

    Args:
        question: The standalone question.
        passages: Passages, best first; delimited as data.
        model: The language model.
        audience: "student" or "clinician".
        stop: When set, the model's work ends, and so do the sentences.

    Yields:
        Sentences with white space collapsed and list marks removed; none at all when the model finds no answer.

    Raises:
        LanguageModelError: no reply, or the stream broke.
    """
    chain = load_prompt("compose") | model.chat
    blocks = "\n\n".join(f"[{place}] {_label(passage)}\n{_defuse(passage.text)}" for place, passage in enumerate(passages, start=1))
    stop = stop or threading.Event()
    pending, sent = "", 0
    finish: str | None = None
    with _failures(model):
        for piece in pieces(lambda: chain.astream({"passages": blocks, "question": collapse(question), "audience": audience}), stop):
            pending += _text_of(piece.content)
            finish = piece.response_metadata.get("finish_reason") or piece.response_metadata.get("stop_reason") or finish
            complete, pending = _take_complete(pending)
            for sentence in complete:
                if _NO_ANSWER.match(sentence) or sent == MAX_COMPOSED:
                    return
                sent += 1
                yield sentence
    if stop.is_set():
        return
    cut = finish not in {None, "stop", "end_turn", "end"} or (finish is None and type(model.chat).__name__ == "ChatOpenAI")
    if cut:
        return  # the beginning of a sentence may say the opposite of the whole
    for sentence in _sentences(pending):
        if _NO_ANSWER.match(sentence) or sent == MAX_COMPOSED:
            return
        sent += 1
        yield sentence


def warm_up(model: LanguageModel) -> None:
    """Run the select prompt once, so that its fixed part lies in the local model's prompt cache."""
    select("What is bone metastasis?", ["Bone metastasis is cancer that has spread to bone."], model)


def _select_schema(candidates: int) -> dict[str, Any]:
    return {
        "title": "selection",
        "description": "The sentences that answer the question",
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"type": "integer", "enum": list(range(1, candidates + 1))}, "maxItems": MAX_LINES},
            "lead": {"type": "string", "maxLength": MAX_LEAD_CHARS},
        },
        "required": ["lines", "lead"],
        "additionalProperties": False,
    }


def _structured_options(model: LanguageModel) -> dict[str, Any]:
    """OpenAI-compatible servers hold a reply to a JSON schema; the other providers use what their library thinks best."""
    return {"method": "json_schema"} if type(model.chat).__name__ == "ChatOpenAI" else {}


@contextmanager
def _failures(model: LanguageModel) -> Iterator[None]:
    """Turn whatever a provider's library raises into one error of ours; a caller that closes the stream is no failure."""
    try:
        yield
    except (GeneratorExit, LanguageModelError):
        raise
    except Exception as exc:  # every provider has its own exceptions, and all of them mean: quotes stand
        cause = "did not answer in time" if "timeout" in type(exc).__name__.lower() else f"failed ({type(exc).__name__})"
        raise LanguageModelError(f"the language model {model.name} {cause}.") from exc


def _take_complete(pending: str) -> tuple[list[str], str]:
    """Split off what is surely complete: everything up to the last line end, or up to a sentence end that more text follows."""
    head, line_end, tail = pending.rpartition("\n")
    complete = _sentences(head) if line_end else []
    spans = split_sentences(tail)
    if len(spans) > 1:
        complete += _sentences(tail[: spans[-2].end])
        tail = tail[spans[-1].start :]
    return complete, tail


def _sentences(text: str) -> list[str]:
    found = []
    for line in text.splitlines():
        stripped = _EMPHASIS.sub(r"\2", _LIST_MARK.sub("", line.strip()))
        found += [collapse(stripped[span.start : span.end]) for span in split_sentences(stripped)]
    return [sentence for sentence in found if any(character.isalnum() for character in sentence)]


def _label(passage: Passage) -> str:
    year = f", {passage.source.year}" if passage.source.year else ""
    return _defuse(f"{passage.source.publisher}{year}: {passage.source.title} – {passage.section}")


def _defuse(text: str) -> str:
    """Take the delimiter out of passage text, so that no document can end the data part."""
    return _DELIMITER.sub(r"(\1passages)", text)


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if isinstance(part, dict))
