"""Does a sentence claim more strongly or more widely than its evidence? Each check returns its finding in plain words, or "".

"all" of what is said of some, "must" of what may be, "even if" of what the evidence makes a condition, "is recommended" of what was reported.
"""

import re

from rag.align import Reading, alike
from rag.units import NUMBER_WORDS

_ABSOLUTE = re.compile(
    r"\b(?:(?P<never>never)|(?P<all>always|all|every|everyone|everybody|any|anyone|each|whatever|regardless|irrespective|no matter|however (?:long|well|much|many|old|large|small|short|severe)|"
    r"whole|entire(?:ly)?)|(?P<only>only|solely|exclusively)|(?P<must>must|mandatory|compulsory|required|has to|have to)|(?P<cure>cures?|guarantee\w*)|(?P<none>none)|"
    r"(?P<prove>proves?|proven))\b",
    re.IGNORECASE,
)
# "any bleeding should be reported" says what "bleeding" does; "any patient", "any clearance", "any dose" say more.
_SEEN = "symptoms?|signs?|bleeding|bleeds?|warnings?|alarms?|pain|weakness|numbness|fever|infections?|swelling|discharge|doubts?|concerns?|worry|worries|suspicions?|problems?|changes?|delays?|questions?|reason|news"
_NUMBER = rf"(?:\d|(?:{'|'.join(NUMBER_WORDS)})\b)"
# Words of the table above that are none: "every four weeks", "for each gram", "only 38%", "all the time", "anyone who has it" (those of whom the evidence speaks).
_NO_ABSOLUTE = re.compile(
    rf"(?:every|each)(?= (?:other |few )?(?:{_NUMBER}|hour|day|night|week|month|year|time|gram|litre|point|additional|further)\b)|every(?= {_NUMBER})|"
    rf"(?:in |at |by )?only (?=(?:about |around |some )?(?:{_NUMBER}|a (?:third|quarter|fifth|few|little|small|modest|minority)\b))|all(?= the time\b| in all\b| told\b| but\b)|"
    r"any(?:one| (?:person|patient|man|woman))\b(?= (?:with|without|who|whose|already|on|in|having|at)\b)|"
    rf"any(?= (?:new |other |further |sign of |signs of )*(?:{_SEEN})\b)|"
    r"(?:has|have) to (?=(?:be )?(?:weigh\w*|decid\w*|judg\w*|have been)\b)|each(?= in\b|[,.;])|whatever(?= the\b.{0,40}\bshould\b)",
    re.IGNORECASE,
)
_LENDS = {
    "all": r"whether or not|both with and without|\bno\b|\bconstant|\bthroughout\b", "each": r"\bper\b|×", "only": r"\bjust\b|\bmerely\b|apart from|no other|\bbut\b|alone|\bsole|reserv|except|limited to|restricted|unless",
    "must": r"cannot|contraindicat|not be|needs?\b|required|requires?\b|mandatory|compulsory|obligatory|essential|necessary|ha[sd] to|eligib|for entry|no (?:more|less|longer|later) than|calls? for",
    "never": r"\bno\b|must not|contraindicat|^(?!.*\b(?:general\w*|usual\w*|routine\w*|normal\w*|often|always|unless|except|necessarily|alone)\b).*\b(?:should not|do not|cannot)\b",
    "none": r"\bno\b|\bnot\b", "cure": r"\bcur", "prove": r"\bpro(?:ve|of)|confirm|demonstrat|establish|diagnos|\bshow",
}  # fmt: skip
_LENDS_BESIDE = re.compile(r"\bonly\b|\bminimum\b|\bcriteri\w+|\ballowed\b", re.IGNORECASE)  # lend "must" to the word they stand with alone
_BESIDE = 4  # words between such a lender and the word
_EVEN = re.compile(r"\b(?:even|also|including) (?:if|when|where|with|without|after|in)\b|\bwhether or not\b", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:if|unless|except|provided|only|when|where|excluding|other than|at least|without)\b", re.IGNORECASE)
_REACH = 6  # words behind "even if" that name the condition
_ADVICE = re.compile(
    r"\b(?:is|are|was|were|be) (?:\w+ )?recommended\b|\brecommends?\b(?! against)|\bshould be (?:given|used|offered)\b", re.IGNORECASE
)
# What a recommendation may be worded as, and imperatives of a schedule ("dose", "given"), which state what is to be done.
_ADVISES = re.compile(
    r"\b(?:recommend\w*|advis\w+|advice|suggest\w*|prefer\w*|should|must|offer\w*|ask\w*|say\w*|said|call\w*|urge\w*|want\w*|need\w*|requir\w+|consider\w*|"
    r"indicat\w+|favou?r\w*|support\w*|endors\w+|approv\w+|licen[cs]ed?|first[- ](?:line|choice)|choice|option\w*|standard|appropriate|guid\w+|consensus|agree\w*|"
    r"given|use[ds]?|dose\w*|start\w*|stop\w*|continue\w*|tells?|told|lets?|allow\w*|states?|sets?|strong\w*|weak|conditional\w*|reasonable|propos\w+|caution\w*)\b",
    re.IGNORECASE,
)


def absolute_problem(claim: Reading, evidence: Reading) -> str:
    """Return what is wrong when a sentence is more absolute than its evidence."""
    stated = {match.lastgroup for match in _ABSOLUTE.finditer(evidence.text)}
    none = [(match.start(), match.end()) for match in _NO_ABSOLUTE.finditer(claim.text)]
    for match in _ABSOLUTE.finditer(claim.text):
        kind = match.lastgroup or ""
        if any(start <= match.start() < end for start, end in none):
            continue
        if kind in stated or re.search(_LENDS[kind], evidence.text, re.IGNORECASE) or _lent_beside(claim, match, evidence):
            continue
        return f"{match.group()!r} makes it more absolute than its nearest passage"
    return ""


def _lent_beside(claim: Reading, absolute: re.Match[str], evidence: Reading) -> bool:
    """Whether a word of the evidence lends an absolute one where it stands: "per" lends "each", "only within 24 hours" lends "must be within"."""
    if absolute.group().lower() in {"each", "every"}:
        return bool(re.search(_LENDS["each"], evidence.text, re.IGNORECASE))
    if absolute.lastgroup != "must":
        return False
    heads = [word for word in claim.words if word.start >= absolute.end()][:2]
    return any(
        any(alike(head, word) for head in heads for word in evidence.words if _is_beside(evidence.text, word.start, word.end, lender))
        for lender in _LENDS_BESIDE.finditer(evidence.text)
    )


def _is_beside(text: str, start: int, end: int, lender: re.Match[str]) -> bool:
    between = text[end : lender.start()] if end <= lender.start() else text[lender.end() : start]
    return len(between.split()) <= _BESIDE and not re.search(r"[,;.:]", between)


def concession_problem(claim: Reading, evidence: Reading) -> str:
    """Return what is wrong when a sentence says "even if" of what its evidence makes a condition or an exception."""
    for match in _EVEN.finditer(claim.text):
        if _EVEN.search(evidence.text) or re.search(r"with (?:and|or) without|regardless|whatever|irrespective", evidence.text):
            continue
        named = [word for word in claim.words if word.start >= match.end()][:_REACH]
        for condition in _CONDITION.finditer(evidence.text):
            reached = [word for word in evidence.words if word.start >= condition.end()][:_REACH]
            if any(alike(word, other) for word in named for other in reached):
                return f"it says {match.group()!r} of a condition of its nearest passage"
    return ""


def advice_problem(claim: Reading, evidence: Reading) -> str:
    """Return what is wrong when a sentence recommends what its evidence only reports: "is recommended", of a trial in which it was given."""
    advice = _ADVICE.search(claim.text)
    if not advice or _ADVISES.search(evidence.text):
        return ""
    return f"it recommends ({advice.group()!r}) what its nearest passage does not recommend"
