"""Question -> how it leans on what was said before: not at all, as a bare why, a fragment, an aspect without a subject, or by a pronoun.

Grammar only: it knows no conversation. What is carried over from one is decided in `rag/condense.py`.
"""

import re
from enum import Enum, auto

from rag.terms import Term, find_terms, is_aspect, is_setting
from rag.text import content_stems


class Lean(Enum):
    """How a question leans on the conversation."""

    NONE = auto()  # it stands alone
    WHY = auto()  # it asks back about the whole earlier question
    FRAGMENT = auto()  # it puts something in the place of a part of the earlier question
    ASPECT = auto()  # it asks something, of a subject that it leaves out
    POINTS = auto()  # a pronoun stands for the subject


TOPIC_KINDS = {"drug", "score", "condition", "treatment", "imaging", "body", "tumour"}
CIRCUMSTANCES = {"renal impairment", "creatinine clearance", "bone pain"}  # of a patient, no new subject: "and in kidney failure?"
QUALIFIERS = {"osteolytic", "osteoblastic"}  # of a lesion: "how many points does a lytic one get?" has no subject yet
MAX_ASPECT_STEMS = 4  # a question of aspects alone that is longer has more to say than an elliptic one

_COURTESY = re.compile(
    r"^(?:(?:ok(?:ay)?|o\.k\.|(?:many )?thanks?(?: you| a lot)?(?: (?:very|so) much)?|thx|cheers|i see|got it|hm+|um+|oh|ah|alright|understood|perfect|"
    r"hi|hello|please|lol)\b|(?:right|yes|no|good|fine|well|great|sure|sorry|interesting)(?=\s*[,.!;:—–-]))[\s,.!;:—–-]*",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(r"^(?:and|but|or|so|also|then|now|plus|even|still)\b[\s,]*", re.IGNORECASE)
_EXCHANGE = re.compile(
    r"^(?:what about|how about|what if|(?:the )?same (?:question |thing )?(?:for|with|in)|"
    r"(?:is|does|do|would|will) (?:the same|that|this) (?:also )?(?:be )?(?:true|apply|go|hold|count|the case)(?: also| too)? (?:for|to|in|with))\b[\s,]*",
    re.IGNORECASE,
)
_NEW_TOPIC = re.compile(
    r"\b(?:(?:different|another|new|unrelated|separate|other) (?:question|topic|subject|matter|thing)|something (?:else|different)|"
    r"chang(?:e|ing) (?:of|the) (?:topic|subject)|on another note)\b",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"^(?:(?:but )?why(?: not| so| is (?:that|this|it)| that)?|how so|how come|really|are you sure|is that (?:true|right|so)|says who|in what way|meaning|"
    r"source|what does (?:that|this|it) mean|(?:please )?(?:can|could|would) you (?:explain|elaborate|tell me more|say more)\b.*|explain(?: that| this| it| more)?|"
    r"(?:tell me )?more|go on)\W*$",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\b(?:how|what|which|when|where|who|whom|whose|why)\b", re.IGNORECASE)
# A clause of its own: a finite auxiliary, or an order to tell something.
_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|am|do|does|did|can|could|shall|should|will|would|may|might|must|has|have|had)(?:n't)?\b|\b(?:can't|won't|\w+'(?:s|re|ll|d|m))(?= )|"
    r"^(?:tell|explain|describe|list|give|show|compare|define|summari[sz]e)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"^(?:if|unless|suppose|supposing|assuming|in case|when)\b(?!.*[,?].*\b(?:should|can|is|are|does|do|will|what|how)\b)", re.IGNORECASE
)
_PREPOSITION = re.compile(
    r"^(?:in|for|with|without|after|before|during|at|on|by|from|to|of|under|over|above|below|among|every|as|if|unless|a|an|its|their)\b",
    re.IGNORECASE,
)
_AUXILIARY = r"(?:does|do|did|is|are|was|were|can|could|should|will|would|may|might|must|has|have|had)"
# Pronouns that stand for something said before; "that", "one" and "it" do so only where nothing of their own sentence follows them.
_POINTER = re.compile(
    r"\b(?:its|they|their|them|these|those|the latter|the former|(?:each|this|that|which) (?:one|time))\b|"
    r"\bthis\b(?! (?:week|month|year|morning|afternoon|evening|weekend|summer|winter|time))|\bthe same\b(?! (?:day|time|hour|week|as)\b)|"
    rf"\b(?:that|it|both|either|one)\s*[?.!]*$|\b(?:{_AUXILIARY}|about|of|for|with|after|before|without|from|on|than|by|off) (?:it|that)\b(?! (?:a|an|the|take|takes)\b)|"
    r"\b(?:give|given|take|taken|use|stop|start|have|get|made|makes|treat|recommends?|prevent) it\b|"
    r"^how many (?:had|were|was|are|got|have|died|survived|did|needed|of)\b|"
    r"\b(?:before|after|there|then|instead|afterwards|beforehand|otherwise|else|next)\s*[?.!]*$",
    re.IGNORECASE,
)
# "is it true that ...", "is it safe to give ...": the real subject follows, unless the verb that follows lacks its object.
_EXPLETIVE = re.compile(
    r"\b(?:is|was|would|will) it (?:be )?(?:\w+ )?(?:true|safe|possible|normal|ok|okay|better|best|worth|necessary|needed|dangerous|common|usual|important|right|"
    r"wrong|wise|useful|helpful|allowed|advisable|harmful|likely) (?:that|to|for|if|when)\b(?! (?:take|use|give|have|combine|mix|stop|start)\s*(?:\?|$|with|during|while|in|before))",
    re.IGNORECASE,
)
_GENERIC_THEY = re.compile(
    r"\bthey (?:want|said|say|told|tell|plan|offered|found|put|gave|keep|think|call|take|have told|are going)\b", re.IGNORECASE
)
_PLURAL_PEOPLE = re.compile(r"\b(?:people|patients|men|women|doctors|children|surgeons|nurses|adults|those|bones)\b", re.IGNORECASE)
_COMPARED = re.compile(
    r"\b(?:better|worse|safer|cheaper|stronger|quicker|faster|more effective|as good|less toxic)\b(?!.*\b(?:than|or|vs|as)\b)",
    re.IGNORECASE,
)


def how_it_leans(question: str) -> tuple[Lean, str]:
    """Return how a question leans on what was said before, and the question without its opening words.

    Example: "ok thanks. And denosumab?" -> (Lean.FRAGMENT, "denosumab?")
    """
    rest, opened, exchanges = _without_opening(" ".join(question.replace("’", "'").split()))
    if _WHY.match(rest):
        return Lean.WHY, rest
    if not content_stems(rest) and not _ASKS.search(rest) and not _POINTER.search(rest) and not (opened or exchanges):
        return Lean.NONE, rest
    names = _topics(rest)
    if _points_back(rest, names) and not (exchanges or _CONDITION.match(rest)) and (_CLAUSE.search(rest) or _ASKS.match(rest)):
        return Lean.POINTS, rest
    if _NEW_TOPIC.search(question):
        return Lean.NONE, rest
    if exchanges or _CONDITION.match(rest) or not _CLAUSE.search(rest):
        return _of_fragment(rest, names, opened or exchanges), rest
    return _of_clause(rest, names, opened), rest


def is_courtesy(message: str) -> bool:
    """Whether a message only greets or thanks, so that it changes no subject."""
    rest = _without_opening(" ".join(message.split()))[0]
    return not content_stems(rest) and not _ASKS.search(rest)


def _of_fragment(rest: str, names: list[Term], opened: bool) -> Lean:
    """A question without a clause of its own: "denosumab?", "in kidney failure?", "how long for?", "its side effects?"."""
    stems = content_stems(rest)
    asks_aspect = any(is_aspect(stem) for stem in stems) and not any(character.isdigit() for character in rest)
    if re.match(r"(?:why|how so)\b", rest, re.IGNORECASE):
        return Lean.FRAGMENT
    if _ASKS.search(rest):
        alone = names and not opened
        return Lean.NONE if alone or not (opened or len(stems) <= 2 or _only_aspects(rest)) else Lean.ASPECT
    if re.match(r"(?:its|their)\b", rest, re.IGNORECASE):
        return Lean.ASPECT
    if not opened and not (_PREPOSITION.match(rest) and len(stems) <= MAX_ASPECT_STEMS) and len(stems) > 2:
        return Lean.NONE
    if not opened and names and asks_aspect and not _PREPOSITION.match(rest):
        return Lean.NONE  # typed in key words: "denosumab dose"
    return Lean.ASPECT if asks_aspect and (names or _only_aspects(rest)) and not re.match(r"(?:of|an?)\b", rest) else Lean.FRAGMENT


def _of_clause(rest: str, names: list[Term], opened: bool) -> Lean:
    """A question with a clause of its own and no pronoun: it leans only where it has no subject."""
    if names:
        return Lean.POINTS if _COMPARED.search(rest) and len(names) == 1 else Lean.NONE
    stems = content_stems(rest)
    who = re.match(r"who\b", rest, re.IGNORECASE) and len(stems) >= MAX_ASPECT_STEMS  # asks for people in general: a subject of a kind
    return Lean.ASPECT if _only_aspects(rest) and (opened or (len(stems) <= MAX_ASPECT_STEMS and not who)) else Lean.NONE


def _only_aspects(text: str) -> bool:
    named = {stem for term in find_terms(text) for stem in content_stems(text[term.start : term.end])}
    return all(is_aspect(stem) or is_setting(stem) or stem in named for stem in content_stems(text))


def _topics(text: str) -> list[Term]:
    return [term for term in find_terms(text) if term.kind in TOPIC_KINDS - {"body"} and term.name not in CIRCUMSTANCES | QUALIFIERS]


def _points_back(rest: str, names: list[Term]) -> bool:
    """Whether a pronoun has nothing before it in its own question that it could stand for."""
    text = _EXPLETIVE.sub(lambda match: " " * len(match.group()), rest)
    text = _GENERIC_THEY.sub(lambda match: " " * len(match.group()), text)
    for match in _POINTER.finditer(text):
        before = text[: match.start()]
        if any(term.start < match.start() for term in names):
            return False
        if match.group().lower() in {"they", "their", "them"} and _PLURAL_PEOPLE.search(before):
            continue
        clause = re.split(r"[,;.:]\s", before)
        if len(clause) > 1 and len([stem for stem in content_stems(" ".join(clause[:-1])) if not is_aspect(stem)]) >= 2:
            continue
        return True
    return False


def _without_opening(text: str) -> tuple[str, bool, bool]:
    """Return a question without courtesy and connectives, whether it had a connective, and whether it says that it exchanges something."""
    opened = exchanges = False
    while True:
        for pattern in (_COURTESY, _CONNECTIVE, _EXCHANGE):
            match = pattern.match(text)
            if match:
                text = text[match.end() :]
                opened |= pattern is _CONNECTIVE
                exchanges |= pattern is _EXCHANGE
                break
        else:
            return text, opened, exchanges
