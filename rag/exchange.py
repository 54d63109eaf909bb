"""Fragment + earlier question -> the earlier question about what the fragment names: a drug, a body, a place, a figure exchanged, the rest kept."""

import re
from collections.abc import Callable

from rag.ellipsis import CIRCUMSTANCES
from rag.terms import absent_subjects, find_terms

_COUNTRY = re.compile(
    r"\b(?:the )?(?:US|USA|U\.S\.|United States|UK|United Kingdom|EU)\b|\b(?:America|Europe|Britain|England|Scotland|Wales|Ireland|Canada|Australia|Germany|France)\b"
)
_LEVEL = re.compile(r"\b[CTL]\d{1,2}\b|\bS1\b")  # a vertebra
_PEOPLE = re.compile(r"\b(?:men|women|children|adults|(?:older|elderly|younger|young) (?:people|patients|adults|men|women)|adolescents|teenagers)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:[.,]\d+)?[a-c]?(?![\w/])(?!-\w)")
_UNIT = re.compile(r"\s*-?\s*(mg|mcg|g|kg|ml/min|gy|mbq|kbq|%|percent|per cent|mmol/l|mg/dl|cm|mm|points?|fractions?|hours?|days?|weeks?|months?|years?)\b", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")


def exchange(fragment: str, earlier: str) -> str:
    """Return the earlier question with what the fragment names in the place of its like; unchanged where it has nothing of the kind.

    Example: "denosumab?", "What dose of zoledronic acid is given?" -> "What dose of denosumab is given?"

    Args:
        fragment: A follow-up without its opening words.
        earlier: The question that it follows.
    """
    for change in (_names, _places, _alike(_LEVEL), _alike(_PEOPLE), _figure):
        earlier = change(fragment, earlier)
    return earlier


def _names(fragment: str, earlier: str) -> str:
    """Exchange names of the vocabulary: of the kind's earlier names the last one, for "and with enzalutamide?" leaves the first drug in place."""
    new = {term.kind: (term.name, fragment[term.start : term.end]) for term in reversed(find_terms(fragment)) if term.name not in CIRCUMSTANCES}
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
    """Exchange what one pattern finds in both."""

    def change(fragment: str, earlier: str) -> str:
        new = pattern.search(fragment)
        return pattern.sub(lambda _: new.group(), earlier) if new else earlier

    return change


def _figure(fragment: str, earlier: str) -> str:
    """Exchange a figure for the last one with its unit; without a unit, for the last one. A year and a figure of a name stay."""
    new = next(iter(_figures(fragment)), None)
    if new is None:
        return earlier
    unit = _unit(fragment, new)
    old = [figure for figure in _figures(earlier) if not unit or _unit(earlier, figure) in {unit, ""}]
    if not old:
        return earlier
    return earlier[: old[-1].start()] + new.group() + earlier[old[-1].end() :]


def _figures(text: str) -> list[re.Match[str]]:
    named = {place for term in find_terms(text) for place in range(term.start, term.end)}
    return [match for match in _NUMBER.finditer(text) if match.start() not in named and not _YEAR.fullmatch(match.group())]


def _unit(text: str, figure: re.Match[str]) -> str:
    match = _UNIT.match(text, figure.end())
    return match.group(1).lower().rstrip("s") if match else ""
