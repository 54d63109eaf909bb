"""Figures with their units: read from text, normalised, compared. Pure functions.

Base of the house. Serves `verify` (a changed figure must be caught) and `quotes` (a question for a clearance of 45 wants the row "40 to 49").
Does not convert between units of different meaning: mg/dL and mmol/L stay two figures. Times are compared in hours.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.shares import THIRDS, find_shares
from rag.units import NUMBER_WORDS, UNITS

# "within a day" is a figure, "16 mg a day" is a rate.
_ONE_BEFORE = "".join(
    f"(?<={word} )|"
    for word in ("about", "within", "than", "after", "for", "every", "over", "roughly", "around", "least", "almost", "nearly")
)
_ONE = (
    rf"(?:{_ONE_BEFORE.removesuffix('|')})an?(?=\s(?:hour|day|week|month|year)\b)|"
    r"(?<!mg )(?<!ml )(?<!Gy )(?<!once )(?<!twice )(?<!times )\ban?(?=\s(?:hour|day|week|month|year)\s(?:on|later|afterwards|earlier)\b)"
)
_NUMBER = (
    rf"(?:{_ONE}|" r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\b(?:" + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True)) + r")\b)"
)

_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))

_BEFORE = {
    ">=": r"at least|(?:no|not|never|not be) (?:less|fewer|lower|smaller|shorter|younger|earlier) than|not below|not under|greater than or equal to|more than or equal to|"
    r"a minimum of|minimum of|minimum|≥|>=|from",
    "<=": r"up to|at most|(?:no|not|never|not be) (?:more|longer|later|greater|higher|larger|bigger|older) than|not above|not over|(?:not|never) exceed(?:ing|ed|s)?|"
    r"less than or equal to|fewer than or equal to|a maximum of|maximum of|maximum|within|as many as|as much as|at the most|≤|<=|inside",
    ">": r"more than|greater than|above|over|exceed(?:s|ing|ed)?|beyond|(?:over|above|after) (?:the )?age(?: of)?|longer than|higher than|larger than|bigger than|later than|older than|>",
    "<": r"(?:under|below|before) (?:the )?age(?: of)?|less than|fewer than|below|under|lower than|smaller than|shorter than|earlier than|younger than|<",
    "~": r"about|around|approximately|approx\.?|roughly|some|nearly|almost|~|≈",
}
_AFTER = {
    ">=": r"or more|or higher|or above|or over|or greater|or longer|or older|or worse|and above|and over|upwards?|and upwards|or more often|at least|at the least",
    "<=": r"or less|or lower|or fewer|or below|or under|and below|at most|at the most",
}
_COMPARATOR_BEFORE = "|".join(f"(?P<b{n}>{words})" for n, words in enumerate(_BEFORE.values()))
_COMPARATOR_AFTER = "|".join(f"(?P<a{n}>{words})" for n, words in enumerate(_AFTER.values()))
_COMPARATOR_AMID = "|".join(f"(?P<m{n}>{words})" for n, words in enumerate(_AFTER.values()))

_FIGURE = re.compile(
    rf"(?:(?:(?<![\w])|(?=[≥≤<>~≈]))(?:{_COMPARATOR_BEFORE})\s*[$£€]?)?"
    rf"(?P<sign>(?<![\w\d)])[−-](?=\d))?(?<![\w.])(?<![A-Za-z][-–])(?P<low>{_NUMBER})(?!\.?\d)(?P<plus>\+)?"
    rf"(?:\s*(?P<lowunit>{_UNIT})?\s*(?P<joint>-|–|—|\bto\b|\band\b)\s*(?P<high>{_NUMBER})(?![A-Za-z0-9.]*[0-9])(?=\W|$|{_UNIT}))?"
    rf"(?:\s+(?:{_COMPARATOR_AMID})(?=\s(?:{_UNIT})\b))?"  # "2 or more points"
    rf"(?:[\s-]*(?P<unit>{_UNIT})(?![A-Za-z0-9µ]|/[A-Za-z]))?"
    rf"(?:\s+(?:{_COMPARATOR_AFTER})(?!\w))?",
    re.IGNORECASE,
)
_OR_TWO = re.compile(r"(?<!\w)an? (?P<unit>hour|day|week|month|year) or (?:so|(?P<two>two))\b", re.IGNORECASE)
_FALLS_FROM = re.compile(r"\bfrom\s+$", re.IGNORECASE)
_TO_FIGURE = re.compile(r"[^.;]*?\bto\s+(?:about\s+)?\d")
_BETWEEN = re.compile(r"\bbetween\s+$", re.IGNORECASE)
_CODE_BEFORE = re.compile(r"(?:\b[A-Z]{1,3}\d+\s*[-–/]\s*|\b(?:radium|strontium|samarium|lutetium)[\s-])$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as stated: `low` and `high` are equal unless it is a range; `unit` is "" when none; `comparator` is one of "", ~, <, <=, >, >=.

    `start` and `end` are its place in the text.
    """

    low: float
    high: float
    unit: str
    comparator: str
    start: int
    end: int

    @property
    def is_range(self) -> bool:
        return self.low != self.high

    def holds(self, value: float) -> bool:
        """Whether a value lies within what the figure states: inside its range, or on the right side of its bound."""
        if self.is_range:
            return self.low <= value <= self.high
        bounds = {
            "<": value < self.low,
            "<=": value <= self.low,
            ">": value > self.low,
            ">=": value >= self.low,
        }
        return bounds.get(self.comparator, value == self.low)


def find_figures(text: str) -> list[Figure]:
    """Return all figures of a text in order. Codes (NG234, T10, C3-C6, radium-223) and section numbers (1.5.2) are not figures.

    Example: "at least 4 mg over 15 minutes" -> 4 mg (>=), 0.25 h
    """
    return list(_find_figures(text))


@lru_cache(maxsize=16_384)
def _find_figures(text: str) -> tuple[Figure, ...]:
    text = text.replace("\u03bc", "\u00b5")  # Greek mu and the micro sign look alike
    found = [
        Figure(share.low, share.high, share.unit, _comparator_around(text, share.start, share.end), share.start, share.end)
        for share in find_shares(text)
    ]
    for either in _OR_TWO.finditer(text):
        unit, factor = UNITS[either.group("unit").lower()]
        found.append(Figure(factor, factor * (2 if either.group("two") else 1), unit, "", either.start(), either.end()))
    shares = [(figure.start, figure.end) for figure in found]
    at = 0
    while match := _FIGURE.search(text, at):
        at = max(match.end(), at + 1)
        if any(start <= match.start("low") < end for start, end in shares):
            continue
        if _is_bare_word(match) or _is_part_of_code(text, match):
            at = match.end("low")
            continue
        if match.group("high") and not _is_range(text, match):
            # Two figures that only stand beside each other: read the first alone, and go on at the second.
            at = match.start("joint")
            found.append(_figure(text, match, match.group("lowunit"), None, end=at))
            continue
        found.append(_figure(text, match, match.group("unit") or match.group("lowunit"), match.group("high"), end=match.end()))
    return tuple(sorted(found, key=lambda figure: figure.start))


def _comparator_around(text: str, start: int, end: int) -> str:
    """Return the comparator of a share in words, before it or behind it ("a quarter or more")."""
    for comparator, words in _AFTER.items():
        if re.match(rf"\s+(?:{words})(?!\w)", text[end:], re.IGNORECASE):
            return comparator
    found = ((re.search(rf"(?<!\w)(?:{words})\s*$", text[:start], re.IGNORECASE), comparator) for comparator, words in _BEFORE.items())
    best = max(((len(match.group()), comparator) for match, comparator in found if match), default=(0, ""))
    return best[1]


def _figure(text: str, match: re.Match[str], unit_word: str | None, high_word: str | None, *, end: int) -> Figure:
    unit, factor = UNITS[unit_word.lower()] if unit_word else ("", 1.0)
    sign = -1.0 if match.group("sign") else 1.0
    low = sign * _value(match.group("low")) * factor
    high = _value(high_word) * factor if high_word else low
    if high_word and match.group("lowunit") and match.group("unit"):
        low = _value(match.group("low")) * UNITS[match.group("lowunit").lower()][1]
    if high < low:
        low, high = high, low
    comparator = _comparator(match, unit) if high_word or not match.group("high") else _comparator_before(match, unit)
    return Figure(round(low, 6), round(high, 6), unit, comparator, match.start("low"), end - (len(text[:end]) - len(text[:end].rstrip())))


def _is_range(text: str, match: re.Match[str]) -> bool:
    """Whether two numbers that are joined make one range: "40 to 49 mL/min" and "between 7 and 12" do, "10 mg and 20 mg" does not."""
    low_unit, high_unit = match.group("lowunit"), match.group("unit")
    before = text[max(0, match.start("low") - 24) : match.start("low")]
    if match.group("joint").lower() == "and":
        return bool(_BETWEEN.search(before))
    if match.group("joint").lower() == "to" and not low_unit and _value(match.group("low")) > 3 * _value(match.group("high")):
        return bool(_FALLS_FROM.search(before))  # "341 to 20 Gy": as many people were given so much
    if low_unit and high_unit:
        return UNITS[low_unit.lower()][0] == UNITS[high_unit.lower()][0] and _same_scale(low_unit, high_unit)
    return not low_unit or low_unit == "%" or not high_unit


def _same_scale(one: str, other: str) -> bool:
    return UNITS[one.lower()][0] == "h" or UNITS[one.lower()][1] == UNITS[other.lower()][1]


_SCALES = {
    "year": ("month", 12.0), "month": ("month", 1.0), "g": ("mg", 1000.0), "mg": ("mg", 1.0), "g/day": ("mg/day", 1000.0), "mg/day": ("mg/day", 1.0),
    "L": ("mL", 1000.0), "mL": ("mL", 1.0), "g/m²": ("mg/m²", 1000.0), "mg/m²": ("mg/m²", 1.0),
}  # fmt: skip


def same_figure(claim: Figure, stated: Figure) -> bool:
    """Whether two figures say the same: value or range, unit and comparator. "about 5" and "5" are alike; "at least 5" and "5" are not.

    A year or count without unit may meet the same number with a unit of counting, never one with a measuring unit.
    """
    (kind, scale), (other_kind, other) = _SCALES.get(claim.unit, (claim.unit, 1.0)), _SCALES.get(stated.unit, (stated.unit, 1.0))
    if kind != other_kind:
        scale = other = 1.0
    if _is_up_to(claim) and _is_up_to(stated) and kind == other_kind:
        return abs(claim.high * scale - stated.high * other) <= 1e-6
    near = 0.7 if claim.unit == "%" and claim.low in THIRDS else 1e-6  # "a third" of what was 33%
    if abs(claim.low * scale - stated.low * other) > near or abs(claim.high * scale - stated.high * other) > near:
        return False
    if kind != other_kind and claim.unit != stated.unit and not (_is_count(claim.unit) and _is_count(stated.unit)):
        return False
    return claim.comparator.replace("~", "") == stated.comparator.replace("~", "")


def _is_up_to(figure: Figure) -> bool:
    """Whether a figure says "no more than": "8 or less" says of a score what "0 to 8" says."""
    return (figure.low == 0.0 and figure.is_range) or figure.comparator == "<="


def _is_count(unit: str) -> bool:
    return unit in {"", "patient", "study", "trial", "case", "point"}


def _is_bare_word(match: re.Match[str]) -> bool:
    """A number word without unit, range or bound ("one of the", "at one") is language, not a figure; "one of 62" and "five or more" are."""
    has_unit = match.group("unit") or match.group("lowunit") or any(match.group(f"a{n}") for n in range(len(_AFTER)))
    has_unit = has_unit or re.match(r"\s(?:of|out of)(?: the)? \d+(?![\d.]*\.?\d)", match.string[match.end("low") :])
    return match.group("low").lower() in NUMBER_WORDS and not has_unit and not match.group("high")


def _is_part_of_code(text: str, match: re.Match[str]) -> bool:
    start, end = match.start("low"), match.end("low")
    if text[end : end + 1].isalpha() and not match.group("unit") and not match.group("lowunit"):
        return True
    return bool(_CODE_BEFORE.search(text[max(0, start - 24) : start])) or (
        start >= 2 and text[start - 1] in "-–" and text[start - 2].isalpha()
    )


def _value(number: str) -> float:
    word = number.lower()
    if word in {"a", "an"}:
        return 1.0
    return NUMBER_WORDS[word] if word in NUMBER_WORDS else float(word.replace(",", ""))


def _comparator(match: re.Match[str], unit: str) -> str:
    for n, comparator in enumerate(_AFTER):
        if match.group(f"a{n}") or match.group(f"m{n}"):
            return comparator
    return ">=" if match.group("plus") else _comparator_before(match, unit)


def _comparator_before(match: re.Match[str], unit: str) -> str:
    for n, comparator in enumerate(_BEFORE):
        word = (match.group(f"b{n}") or "").lower()
        if not word:
            continue
        if word == "from" and (match.group("high") or unit == "%" or _TO_FIGURE.match(match.string, match.end())):
            return ""  # "from 3 to 5" is a range, not a bound, and so is "from 3% in one place to 5% in another"
        if word == "over" and unit == "h":
            return ""  # "4 mg over 15 minutes" is how long it takes, not how long at least
        return comparator
    return ""
