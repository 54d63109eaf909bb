"""Shares and parts in words: "one in five", "a quarter to a half", "half an hour". Pure functions; `rag/figures.py` makes figures of them."""

import re
from dataclasses import dataclass

from rag.units import NUMBER_WORDS, UNITS

_PARTS = {"half": 50.0, "third": 33.333333, "quarter": 25.0, "fifth": 20.0, "tenth": 10.0}
THIRDS = {_PARTS["third"], 2 * _PARTS["third"]}
_SEVERAL = {"two": 2, "three": 3, "four": 4}
_PART = (
    r"(?:one|a)[ -](?:quarter|fifth|tenth|half)|(?:two|three|four)[ -](?:quarters|fifths|tenths)|"
    r"(?:one|a)[ -]third(?= (?:of|to|or)\b)|two[ -]thirds(?= of\b)|half(?= (?:of|the|or)\b)"
)
_IN = (
    r"(?:one|two|three|four|six|seven|nine|\d)(?: (?:person|people|patients?|men|women))? in (?:every )?"
    r"(?:two|three|four|five|six|eight|ten|twenty|[1-9]\d{0,3})(?![\w%]|[.,]\d)(?! fractions?| Gy| doses?| mL| \w+ fractions?)|"
    r"\d{1,2} per 100(?![\w]|[.,]\d)"
)
_TIME_OR_AMOUNT = r"hour|day|week|month|year|gram|litre|milligram|centimetre"
_OF_UNIT = re.compile(
    rf"\b(?P<part>half(?: of)?|(?:a|one) quarter of|three[ -]quarters of) an? (?P<unit>{_TIME_OR_AMOUNT})\b", re.IGNORECASE
)
_AND_A_HALF = re.compile(
    rf"\b(?P<whole>\d{{1,2}}|{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))}) and a half (?P<unit>hours|days|weeks|months|years|mg|litres|points)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(
    rf"(?<![\w.])(?P<low>{_IN}|{_PART})(?:\s+(?:to|and)\s+(?P<high>{_PART})(?!\s+of an? (?:hour|year)))?(?!\w)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Share:
    """A share as a percentage, or a part of a unit in that unit; `start` and `end` are its place in the text."""

    low: float
    high: float
    unit: str
    start: int
    end: int


def find_shares(text: str) -> list[Share]:
    """Return the shares and parts in words of a text.

    Example: "a quarter to a half" -> 25-50 %, "a quarter of an hour" -> 0.25 h
    """
    found = []
    for match in _OF_UNIT.finditer(text):
        unit, factor = UNITS[match.group("unit").lower()]
        part = 0.5 if match.group("part").lower().startswith("half") else 0.75 if match.group("part").lower().startswith("three") else 0.25
        found.append(Share(round(part * factor, 6), round(part * factor, 6), unit, match.start(), match.end()))
    for match in _AND_A_HALF.finditer(text):
        unit, factor = UNITS[match.group("unit").lower()]
        found.append(
            Share(
                (_value(match.group("whole").lower()) + 0.5) * factor,
                (_value(match.group("whole").lower()) + 0.5) * factor,
                unit,
                match.start(),
                match.end(),
            )
        )
    for match in _SHARE.finditer(text):
        if any(match.start() < other.end and other.start < match.end() for other in found):
            continue
        low = _percentage(match.group("low").lower())
        high = _percentage(match.group("high").lower()) if match.group("high") else low
        found.append(Share(min(low, high), max(low, high), "%", match.start(), match.end()))
    return sorted(found, key=lambda share: share.start)


def _percentage(words: str) -> float:
    for link in (" in ", " per "):
        if link in words:
            one, _, many = words.replace(" every ", " ").partition(link)
            return round(100 * _value(one.split()[0]) / _value(many), 6)
    times, _, part = words.replace("-", " ").rpartition(" ")
    return _SEVERAL.get(times, 1) * _PARTS[part if part in _PARTS else part.removesuffix("s")]


def _value(number: str) -> float:
    return NUMBER_WORDS[number] if number in NUMBER_WORDS else float(number.replace(",", ""))
