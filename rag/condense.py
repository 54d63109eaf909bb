"""History + question -> one standalone query, without a model: an elliptic follow-up takes over what the conversation was about.

A question that names its own subject is left alone. Does not rewrite the question that is shown or answered, only what is searched.
"""

import re

from rag.terms import find_terms
from rag.text import content_stems

# A follow-up leans on what was said: it opens with a connective, points back with a pronoun, or is too short to stand alone.
_OPENS_LIKE_FOLLOW_UP = re.compile(
    r"^(and|but|or|so|also|then|what about|how about|what if|why|why not|how so|which one|same for|what else|really|ok|okay|even)\b",
    re.IGNORECASE,
)
# Pronouns that stand for something said before; "that", "one" and "it" do so only where nothing of their own sentence follows them.
_POINTS_BACK = re.compile(
    r"\b(its|they|their|them|this|these|those|the same|the latter|the former)\b|\b(that|it|both|either|one)\s*[?.!]*$|"
    r"\b(does|do|is|are|was|can|could|should|will|about|of|for|with|after|before|without) (it|that)\b(?! (a|an|the|take|takes)\b)",
    re.IGNORECASE,
)
SHORT_WORDS = 3  # content words below which a question without a name of the field cannot stand alone
MAX_EARLIER_CHARS = 1000  # of an earlier question, enough to know its subject
CIRCUMSTANCES = {
    "renal impairment",
    "creatinine clearance",
    "bone pain",
}  # conditions of a patient, no new subject: "and in kidney failure?"
TOPIC_KINDS = {"drug", "score", "condition", "treatment", "imaging", "body", "tumour"}


def condense(question: str, history: list[dict[str, str]]) -> str:
    """Return the query to search: the question itself, or the question with the subject of the last turns added.

    Example: history "What dose of zoledronic acid ...?", question "And its side effects?" -> "And its side effects? (zoledronic acid)"

    A name in the follow-up takes the place of an earlier one of its kind: after a question on zoledronic acid, "And denosumab?" is about denosumab.

    Args:
        question: The question as checked by `guard`.
        history: Earlier messages, oldest first, as {"role", "content"}.
    """
    asked = [message["content"][:MAX_EARLIER_CHARS] for message in history if message["role"] == "user"]
    if not asked or not _leans_on_history(question):
        return question
    own = find_terms(question)
    replaced = {term.kind for term in own if term.name not in CIRCUMSTANCES}
    for earlier in reversed(asked):
        names = [term for term in find_terms(earlier) if term.kind in TOPIC_KINDS]
        topic = [term.name for term in names if term.kind not in replaced and term.name not in {other.name for other in own}]
        if topic:
            return f"{question} ({', '.join(dict.fromkeys(topic))})"
        if names:
            return question
    return f"{question} ({asked[-1]})"


def _leans_on_history(question: str) -> bool:
    names = [term for term in find_terms(question) if term.kind in TOPIC_KINDS - {"body"}]
    if _OPENS_LIKE_FOLLOW_UP.search(question.strip()):
        return True
    if names:
        return False
    return bool(_POINTS_BACK.search(question)) or len(content_stems(question)) < SHORT_WORDS
