"""Are the names of a sentence, of the field or any other, those of its evidence? Findings in plain words, or ""."""

import re

from rag.align import Reading, alike, is_named
from rag.terms import absent_subjects, synonyms

STRICT_KINDS = frozenset({"drug", "body", "score", "tumour", "site", "imaging", "treatment", "condition"})
RIVAL_KINDS = frozenset(
    {"drug", "body", "score", "tumour", "imaging", "site"}
)  # where the evidence names one of these, the heading must not lend another

_CODE = re.compile(r"\b[A-Z]{1,4}-?\d+(?:[-/][A-Z]?\d+)?\b")
_PROPER = re.compile(r"(?<![.\w-])(?:(?<!^)[A-Z][a-z]+(?:[A-Z]\w*)?|[A-Z][\w/-]*[A-Z][\w]*)(?![\w-])")


def _whole_words(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for pattern in patterns)


_POPULATION = _whole_words(
    r"child\w*|infants?|adolescents?|teenagers?|young people|young person|paediatric|pediatric|neonat\w+",
    r"pregnan\w+|breastfeeding|breast-feeding|lactat\w+",
    r"elderly|frail|older (?:people|adults|patients|men|women)|(?:over|above|older than) the age of",
    r"smokers?|smoking",
    r"outpatients?",
    r"animals?|mice|rats?",
)
_ORGANS = _whole_words(
    r"kidneys?|renal\w*",
    r"livers?|hepat\w+",
    r"hearts?|cardi\w+",
    r"lungs?|pulmon\w+|bronch\w+",
    r"ovar\w+",
    r"cervix|uterine cervix|cervical cancer",
    r"bladder",
    r"brain|cerebral",
    r"skin|cutaneous",
    r"thyroid",
    r"bowel|colorectal|colon",
    r"stomach|gastric",
    r"pancrea\w+",
    r"prostate",
    r"breasts?",
)
_TECHNICAL = _whole_words(
    r"osteopor\w+",
    r"osteoarth\w+",
    r"osteomal\w+",
    r"osteopen\w+",
    r"breathless\w*|dyspn\w+",
    r"sores?|ulcers?",
    r"calciton\w+",
    r"glucocorticoids?|steroids?|corticosteroids?|dexamethasone|predniso\w+",
)
# Endings of names that only the field has: of tumours and drugs.
_SUFFIXED = re.compile(r"\b[A-Za-z]{3,}(?:omas?|mabs?|nibs?|taxel|platin|lutamide|relin|dronate|dronic)\b")


def name_problem(claim: Reading, evidence: Reading, context: Reading) -> str:
    """Return which name of a sentence, of the field or any other, is not in its evidence; a heading lends one where no rival stands."""
    for word in claim.words:
        if word.kind not in STRICT_KINDS or is_named(word, evidence):
            continue
        rival = word.kind in RIVAL_KINDS and any(other.kind == word.kind for other in evidence.words)
        if not rival and is_named(word, context):
            continue
        return f"{word.text!r} is not named in its nearest passage"
    for population in _POPULATION:
        found = population.search(claim.text)
        if found and not population.search(f"{evidence.text} {context.text}"):
            return f"{found.group()!r} is not named in its nearest passage"
    named = " ".join(form for word in (*evidence.words, *context.words) if word.name for form in synonyms(word.name.partition(":")[2]))
    organ = _other_organ(claim.text, evidence.text, context.text, named)
    if organ:
        return f"{organ!r} is not named in its nearest passage"
    whole = " ".join(word.text.lower() for word in claim.words if not word.name and " " in word.text)  # "low calcium" is not calcium
    absent = [name for name in absent_subjects(claim.text, [evidence.text, context.text]) if name.lower() not in whole]
    known = f"{evidence.text} {context.text}"
    unknown = sorted(set(_CODE.findall(claim.text)) - set(_CODE.findall(known)))
    missing = absent or unknown or _unknown_proper_names(claim, evidence, f"{known} {named}") or _lent_proper_names(claim, evidence)
    return f"{missing[0]!r} is not named in its nearest passage" if missing else ""


def _other_organ(text: str, there: str, heading: str, named: str) -> str:
    """Return an organ or technical name of a sentence that its evidence does not have, where that has another of the kind: "liver" for "kidneys"."""
    for kind in (_ORGANS, _TECHNICAL):
        claimed, stated = ([list(pattern.finditer(it)) for pattern in kind] for it in (text, there))
        new = [found[0].group() for n, found in enumerate(claimed) if found and not stated[n] and not kind[n].search(heading)]
        if new and any(found and not claimed[n] for n, found in enumerate(stated)):
            return new[0]
    known = f"{there} {heading} {named}".lower()
    return next((word for word in _SUFFIXED.findall(text) if word.lower().rstrip("s")[:-2] not in known), "")


def _unknown_proper_names(claim: Reading, evidence: Reading, known: str) -> list[str]:
    lower = known.lower()
    found = []
    for match in _PROPER.finditer(claim.text):
        word = match.group().removesuffix("s") if match.group().removesuffix("s").isupper() else match.group()
        names = [part for part in re.split(r"[/-]", word) if part]
        if (
            all(part.lower() in lower for part in names)
            or _initials_stand(word, known)
            or (word in {"United", "States"} and " US " in f" {known} ")
        ):
            continue
        if any(w.start <= match.start() < w.end and any(alike(w, other) for other in evidence.words) for w in claim.words):
            continue
        if any(w.start <= match.start() < w.end and w.name for w in claim.words):
            continue  # names of the field were compared above
        found.append(match.group())
    return found


def _lent_proper_names(claim: Reading, evidence: Reading) -> list[str]:
    """Names in capitals, such as trials, that only the heading has, where the evidence speaks of another one that the sentence leaves out."""
    bodies = [word.text for word in claim.words if word.kind == "body" and not is_named(word, evidence)]
    if bodies and any(name.lower() not in claim.text.lower() and not _is_term(evidence, name) for name in _PROPER.findall(evidence.text)):
        return bodies
    if any(word.kind == "body" and not is_named(word, claim) for word in evidence.words):
        lent = [name for name in _PROPER.findall(claim.text) if name.lower() not in evidence.text.lower() and not _is_term(claim, name)]
        if lent:
            return lent
    others = [name for name in _capitals(evidence) if name.lower() not in claim.text.lower() and not _initials_stand(name, claim.text)]
    return [name for name in _capitals(claim) if name.lower() not in evidence.text.lower()] if others else []


def _is_term(reading: Reading, name: str) -> bool:
    return any(word.name and name in word.text for word in reading.words)


def _capitals(reading: Reading) -> list[str]:
    named = [(word.start, word.end) for word in reading.words if word.name]
    return [
        match.group()
        for match in re.finditer(r"(?<![\w-])[A-Z][A-Z\d]{3,}(?:-\w+)?|(?<![\w-])[A-Z]{2,}-\d+", reading.text)
        if not any(start <= match.start() < end for start, end in named)
    ]


def _initials_stand(word: str, known: str) -> bool:
    initials = "".join(part[0] for part in re.findall(r"[A-Za-z]+", known)).upper()
    return word.isupper() and 2 <= len(word) <= 6 and word in initials
