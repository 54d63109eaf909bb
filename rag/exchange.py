"""Fragment + earlier question -> the earlier question about what the fragment names: a drug, a body, a place, a figure exchanged, the rest kept."""

import re
from collections.abc import Callable

from rag.ellipsis import CIRCUMSTANCES
from rag.terms import absent_subjects, find_terms

_COUNTRY = re.compile(
    r"\b(?:the )?(?:US|USA|U\.S\.|United States|UK|United Kingdom|EU)\b|\b(?:America|Europe|Britain|England|Scotland|Wales|Ireland|Canada|Australia|Germany|France)\b"
)
_LEVEL = re.compile(r"\b[CTL]\d{1,2}\b|\bS1\b")  # a vertebra
# Words that stand in one place of a question in turn; one of the fragment takes the place of another of its set.
_IN_TURN = tuple(
    re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for words in (
        "men|women|children|adults|(?:older|elderly|younger|young) (?:people|patients|adults|men|women)|adolescents|teenagers",
        "mild|moderate|severe",
        "low|intermediate|high",
        "before|after|during",
        "single|multiple|several",
        "upper|lower",
        "oral|intravenous|subcutaneous",
        "lytic|blastic|mixed|sclerotic|osteolytic|osteoblastic",
    )
)
_SOME_ONE = re.compile(r"\ban? (\w+) ones?\b", re.IGNORECASE)
_DESCRIBED = re.compile(r"(?<=\ba )\w+(?= \w)|(?<=\ban )\w+(?= \w)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:[.,]\d+)?[a-c]?(?![\w/])(?!-\w)")
_UNIT = re.compile(
    r"\s*-?\s*(mg|mcg|g|kg|ml/min|gy|mbq|kbq|%|percent|per cent|mmol/l|mg/dl|cm|mm|points?|fractions?|hours?|days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")


def exchange(fragment: str, earlier: str) -> str:
    """Return the earlier question with what the fragment names in the place of its like; unchanged where it has nothing of the kind.

    Example: "denosumab?", "What dose of zoledronic acid is given?" -> "What dose of denosumab is given?"

    Args:
        fragment: A follow-up without its opening words.
        earlier: The question that it follows.
    """
    for change in (_names, _places, _alike(_LEVEL), *map(_alike, _IN_TURN), _described, _figures_in_turn):
        earlier = change(fragment, earlier)
    return earlier


def _names(fragment: str, earlier: str) -> str:
    """Exchange names of the vocabulary: of the kind's earlier names the last one, for "and with enzalutamide?" leaves the first drug in place."""
    new = {
        term.kind: (term.name, fragment[term.start : term.end]) for term in reversed(find_terms(fragment)) if term.name not in CIRCUMSTANCES
    }
    unknown = absent_subjects(fragment, [])
    if "drug" not in new and unknown and "score" not in new:
        new["drug"] = (unknown[0], unknown[0])
    for kind, (name, words) in new.items():
        old = [term for term in find_terms(earlier) if term.kind == kind]
        if not old or name in {term.name for term in old}:
            continue
        for term in reversed([term for term in old if term.name == old[-1].name]):
            earlier = earlier[: term.start] + words + earlier[term.end :]
    return earlier


def _places(fragment: str, earlier: str) -> str:
    """Exchange a country; it takes the place of a body, too, for "and the US?" after NICE asks what is said there."""
    new = _COUNTRY.search(fragment)
    if not new:
        bodies = any(term.kind == "body" for term in find_terms(fragment))
        return _COUNTRY.sub("", earlier) if bodies else earlier
    if _COUNTRY.search(earlier):
        return _COUNTRY.sub(lambda _: new.group(), earlier)
    for term in reversed([term for term in find_terms(earlier) if term.kind == "body"]):
        earlier = earlier[: term.start] + new.group() + earlier[term.end :]
    return earlier


def _alike(pattern: re.Pattern[str]) -> Callable[[str, str], str]:
    """Exchange what one pattern finds in both; not where the earlier question compares two of a kind."""

    def change(fragment: str, earlier: str) -> str:
        new = pattern.search(fragment)
        if not new or len({found.lower() for found in pattern.findall(earlier)}) != 1:
            return earlier
        return pattern.sub(lambda _: new.group(), earlier)

    return change


def _described(fragment: str, earlier: str) -> str:
    """Exchange the adjective: "and a mixed one?" after "How many points does a lytic lesion get?"."""
    new = _SOME_ONE.search(fragment)
    if not new or new.group(1).lower() in earlier.lower():
        return earlier
    return _DESCRIBED.sub(lambda _: new.group(1), earlier, count=1)


def _figures_in_turn(fragment: str, earlier: str) -> str:
    """Exchange a figure for the last one with its unit, without a unit for the last one; several for as many in their order.

    A year and a figure of a name stay.
    """
    new, old = _figures(fragment), _figures(earlier)
    if len(new) == len(old) > 1:
        pairs = list(zip(new, old, strict=True))
    else:
        alike = [figure for figure in old if new and _unit(fragment, new[0]) in {"", _unit(earlier, figure)}]
        pairs = [(new[0], alike[-1])] if alike else []
    for figure, place in reversed(pairs):
        earlier = earlier[: place.start()] + figure.group() + earlier[place.end() :]
    return earlier


def _figures(text: str) -> list[re.Match[str]]:
    named = {place for term in find_terms(text) for place in range(term.start, term.end)}
    return [match for match in _NUMBER.finditer(text) if match.start() not in named and not _YEAR.fullmatch(match.group())]


def _unit(text: str, figure: re.Match[str]) -> str:
    match = _UNIT.match(text, figure.end())
    return match.group(1).lower().rstrip("s") if match else ""
