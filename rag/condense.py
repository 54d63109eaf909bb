"""History + question -> one standalone query, without a model: an elliptic follow-up takes over what the conversation was about.

A question that names its own subject is left alone, word for word. Does not rewrite the question that is shown or answered, only what is searched.
How a question leans on the conversation is found by `rag/ellipsis.py`; here is what it takes over.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.ellipsis import CIRCUMSTANCES, TOPIC_KINDS, Lean, how_it_leans, is_courtesy
from rag.exchange import exchange
from rag.terms import Term, find_terms

MAX_EARLIER_CHARS = 1000  # of an earlier question, enough to know its subject
GENERIC = {"bone metastasis", "bone pain"}  # what the whole library is about: no subject that a follow-up could be known by

# A question for the name of something; the answer's first name of that kind is what the next question is about.
_ASKS_FOR_NAME = re.compile(
    r"\b(?:which|what) (?:\w+ ){0,2}?(?:(?P<drug>drugs?|medicines?|steroids?|bisphosphonates?|opioids?|painkillers?|agents?|radionuclides?|injections?)|"
    r"(?P<score>scores?|scales?)|(?P<imaging>scans?|imaging)|(?P<treatment>treatments?))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Turn:
    standalone: str  # the question with all that it took over
    answer: str


def condense(question: str, history: list[dict[str, str]]) -> str:
    """Return the query to search: the question itself, or the question followed by what it takes over from the conversation.

    Example: history "What dose of zoledronic acid is given?", question "And its side effects?" -> "And its side effects? (zoledronic acid)";
    question "And denosumab?" -> "And denosumab? What dose of denosumab is given?"

    Args:
        question: The question as checked by `guard`.
        history: Earlier messages, oldest first, as {"role", "content"}.
    """
    turns: list[_Turn] = []
    for asked, answer in _exchanges(history):
        if not is_courtesy(asked):
            turns.append(_Turn(_resolve(asked, turns)[1][:MAX_EARLIER_CHARS], answer[:MAX_EARLIER_CHARS]))
    return _resolve(question, turns)[0]


def _exchanges(history: list[dict[str, str]]) -> Iterable[tuple[str, str]]:
    """Yield each question with the answer that followed it."""
    for place, message in enumerate(history):
        if message["role"] == "user":
            following = history[place + 1] if place + 1 < len(history) else message
            yield message["content"][:MAX_EARLIER_CHARS], following["content"] if following["role"] == "assistant" else ""


def _resolve(question: str, turns: list[_Turn]) -> tuple[str, str]:
    """Return the query for a question, and what a later follow-up takes for the question."""
    lean, rest = how_it_leans(question)
    if not turns or lean is Lean.NONE:
        return question, question
    last = turns[-1]
    if lean is Lean.WHY:
        return f"{question} {last.standalone}", last.standalone
    if lean is Lean.FRAGMENT:
        carried = exchange(rest, last.standalone)
        return f"{question} {carried}", carried if carried != last.standalone else f"{carried} ({rest.rstrip('?!. ')})"
    topics = _topics(question, last, keep_kinds=lean is Lean.POINTS)
    if topics is None:
        return f"{question} {last.standalone}", f"{question} {last.standalone}"
    query = f"{question} ({', '.join(topics)})" if topics else question
    return query, query


def _topics(question: str, last: _Turn, *, keep_kinds: bool) -> list[str] | None:
    """Return the names that a question takes over; None where the last turn is known by its words only.

    Args:
        question: The follow-up.
        last: The turn before it.
        keep_kinds: Whether an earlier name stays beside one of its kind ("Is it better than denosumab?").
    """
    own = [term for term in find_terms(question) if term.name not in CIRCUMSTANCES]
    earlier = [term for term in find_terms(last.standalone) if term.kind in TOPIC_KINDS] + _answered_names(last)
    if not {term.name for term in earlier} - GENERIC:
        return None
    replaced = {term.kind for term in own if not keep_kinds or term.kind in {"condition", "body"}}
    kept = [term.name for term in earlier if term.kind not in replaced and term.name not in {other.name for other in own}]
    return list(dict.fromkeys(kept))


def _answered_names(last: _Turn) -> list[Term]:
    """The name that the last turn asked for and its answer gave; nothing else of an answer is taken over."""
    asked = _ASKS_FOR_NAME.search(last.standalone)
    if not asked:
        return []
    return [term for term in find_terms(last.answer) if term.kind == asked.lastgroup][:1]
