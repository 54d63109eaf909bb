"""Do two figures of two texts say the same, as they are worded there? Wider than `same_figure`: knows what stands before and behind a figure.

"over ten years" is a time that something took or a bound, "within a year" is told of an event that was counted "at 1 year", "nearly 62%" is 61.8%.
Texts and their figures only; which words a figure belongs to is compared in `rag/binding.py`, and its period ("a day", "a week") here.
"""

import re
from dataclasses import replace
from functools import lru_cache

from rag.figures import Figure, find_figures, same_figure
from rag.units import NUMBER_WORDS, UNITS

_LEAD = re.compile(r"(\w+)\s+$")
_EITHER = re.compile(r"\b(\w+) or $")
_TIMES = {"h", "month", "year"}
_BY = {"within", "at", "by", "in", "inside"}  # an event counted within a time is counted at its end
_CLOSE = re.compile(
    r"(?:\b(?:nearly|almost|about|around|some|roughly|approximately|(?:just|a (?:little|bit)|slightly) (?:over|under|more than|less than|above|below)|close to|near))\s+$|[~≈]\s*$",
    re.IGNORECASE,
)
_BEYOND = re.compile(r"\b(?:more than|over|above|less than|fewer than|under|below)\s+$", re.IGNORECASE)
_ROUND = {10.0 * n for n in range(1, 10)} | {25.0, 75.0, 33.333333, 66.666666}
SHARE_SLACK = 3.0  # percentage points by which "nearly four in ten" may be off
_ROUNDED = {"%", "month", "year", "", "patient", "study", "trial", "case"}  # doses and concentrations are never rounded
_MONTHS = re.compile(r"\s+(?:January|February|March|April|May|June|July|August|September|October|November|December)\b")
_CHANGES = re.compile(
    r"\b(?:rose|risen?|rises|fell|falls?|fallen|dropp?\w*|went|goes|gone|cuts?|reduc\w+|increas\w+|decreas\w+|lower\w*|rais\w+|brought|brings?|mov\w+|chang\w+|push\w*)\b[^.;]*$",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom\s+(?:about\s+)?$", re.IGNORECASE)
_JOINT = re.compile(r"\s+(?:(?:up|down) )?(?:to|and)\s+", re.IGNORECASE)
_NEXT_OF_LIST = re.compile(r"\s*(?:,|or|and|, or|, and|rather than|versus|vs\.?|against|compared with|/)\s*", re.IGNORECASE)

_PERIODS = {
    "hour": r"hourly|/ ?h(?:our)?\b|(?:per|each|every) hour|{a} hour",
    "day": r"daily|nightly|/ ?day|(?:per|each|every) (?:day|night|24 hours)|in 24 hours|{a} (?:day|night)",
    "week": r"weekly|/ ?week|(?:per|each|every) (?:week|7 days)|{a} week",
    "month": r"monthly|/ ?month|(?:per|each|every) month|{a} month|(?:every (?:4|four)|(?:4|four)-) ?week(?:s|ly)|every 3 ?(?:to|-|–) ?4 weeks|every 28 days",
    "year": r"yearly|annual\w*|/ ?year|(?:per|each|every) year|per annum|{a} year",
}  # fmt: skip
_A = (
    r"(?<!within )(?<!about )(?<!after )(?<!than )(?<!over )(?<!for )(?<!under )(?<!nearly )(?<!almost )(?<!least )(?<!around )(?<!roughly )(?<!in )"
    r"(?<!half )(?<!by )(?<!at )(?<!of )(?<!is )(?<!only )(?<!until )(?<!some )\ban?(?= \w+\b(?! (?:later|ago|before|after|of|on|or|earlier|afterwards)\b))"
)
_PERIOD = {
    name: re.compile(rf"(?:(?<=once-)|(?<=twice-)|(?<![\d-]))(?:(?<!\w)|(?=/))(?:{words.replace('{a}', _A)})(?!\w)", re.IGNORECASE)
    for name, words in _PERIODS.items()
}
_COUNT = {"once": 1.0, "twice": 2.0, "thrice": 3.0, "other": 2.0, "second": 2.0, "third": 3.0, **NUMBER_WORDS}
_TIMES_BEFORE = re.compile(rf"\b(?P<count>once|twice|thrice|(?P<number>\d|{'|'.join(NUMBER_WORDS)}) times)[ -]+(?:in )?$", re.IGNORECASE)
_EVERY = re.compile(
    rf"\b(?:every (?P<count>\d+|other|second|third|{'|'.join(NUMBER_WORDS)})[ -]|(?P<adverb>\d+|{'|'.join(NUMBER_WORDS)})(?:-| (?=hour)))(?P<unit>hour|day|week|month|year)(?P<ly>ly|s)?\b",
    re.IGNORECASE,
)
_ABBREVIATED = {2.0: r"b\.?i?\.?d\b", 3.0: r"(?:t\.?d\.?s|t\.?i\.?d)\b", 4.0: r"(?:q\.?d\.?s|q\.?i\.?d)\b"}
_DIVIDED = re.compile(r"\b(?:divided|split)\b", re.IGNORECASE)
_SMALL = re.compile(
    r"(?<![\w.,/–-])(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[1-9]|1[0-2])(?![\w/–-]|[.,]\d|\s*%)", re.IGNORECASE
)
_UNIT_OF_TIME = re.compile(r"(?<![\w-])(minutes|hours|days|weeks|months|years)\b", re.IGNORECASE)


def agree(figure: Figure, text: str, stated: Figure, there: str) -> bool:
    """Whether a figure of a sentence says what a figure of its evidence says, as the two are worded."""
    readings, others = _readings(figure, text, once_daily=_is_once_daily(there)), _readings(stated, there, once_daily=_is_once_daily(text))
    if any(same_figure(one, other) for one in readings for other in others):
        return True
    if figure.is_range != stated.is_range and same_figure(_whole(figure, text), _whole(stated, there)):
        return True  # one of the two is taken apart
    return _rounded(figure, text, stated)


@lru_cache(maxsize=4096)
def _readings(figure: Figure, text: str, *, once_daily: bool) -> tuple[Figure, ...]:
    """What a figure may be read as: "mg/day" is "mg" only where the other text gives it once a day."""
    lead = _LEAD.search(text[max(0, figure.start - 12) : figure.start])
    word = lead.group(1).lower() if lead else ""
    bounds = {figure.comparator}
    if word == "over" and figure.unit in _TIMES:
        bounds |= {"", ">"}
    if word in _BY and figure.unit in _TIMES and figure.comparator in {"", "<="}:
        bounds |= {"by"}
    if word == "from" and figure.comparator == ">=":
        bounds |= {""}
    if _MONTHS.match(text, figure.end):
        bounds |= {""}
    units = {figure.unit, _shared_unit(figure, text), figure.unit.removesuffix("/day") if once_daily else figure.unit}
    found = tuple(replace(figure, comparator=bound, unit=unit) for bound in sorted(bounds) for unit in sorted(units))
    either = _EITHER.search(text[max(0, figure.start - 12) : figure.start])
    low = NUMBER_WORDS.get(either.group(1).lower()) if either else None
    scale = next((factor for unit, factor in UNITS.values() if unit == figure.unit and figure.low == 2 * factor), 0.0)
    if low == 1.0 and scale:  # "one or two weeks" is "1 to 2 weeks"
        return (*found, replace(figure, low=scale))
    return found


def _shared_unit(figure: Figure, text: str) -> str:
    """The unit that a figure shares with the next one of its list, or one before: "8 or 16 mg", "15.6 months against the 9.8"."""
    if figure.unit:
        return figure.unit
    figures = find_figures(text)
    behind = next((other for other in figures if other.start >= figure.end), None)
    if behind and _NEXT_OF_LIST.fullmatch(text[figure.end : behind.start]):
        return behind.unit
    before = [other for other in figures if other.end <= figure.start and other.unit in {"month", "h", "%", "year"}]
    return before[-1].unit if before and re.search(r"\b(?:the|at|to|and|against|with|versus|vs) $", text[: figure.start]) else ""


def _rounded(figure: Figure, text: str, stated: Figure) -> bool:
    """Whether a figure that is said to be near ("nearly", "a little over") is the stated one, rounded."""
    if (
        figure.unit != stated.unit
        or figure.is_range
        or stated.is_range
        or stated.comparator not in {"", "~"}
        or figure.unit not in _ROUNDED
    ):
        return False
    before = text[max(0, figure.start - 24) : figure.start]
    close = _CLOSE.search(before) or (figure.unit == "%" and not text[figure.start].isdigit() and _BEYOND.search(before))
    if not close:
        return False
    if re.search(r"over|more|above", close.group(), re.IGNORECASE) and stated.low <= figure.low:
        return False
    if re.search(r"nearly|almost|under|less|fewer|below", close.group(), re.IGNORECASE) and stated.low >= figure.low:
        return False
    in_words = not re.match(r"\d+(?:\.\d+)?\s*%", text[figure.start :])
    if figure.unit == "%" and in_words and figure.low in _ROUND:
        return abs(figure.low - stated.low) <= SHARE_SLACK
    return figure.low == int(figure.low) and figure.low >= 5 and abs(figure.low - stated.low) <= 0.5


def part_changes(text: str, figures: list[Figure]) -> list[Figure]:
    """Return the figures of a text with each change taken apart: "fell from 15.6% to 2.6%" states two figures, "from 4 to 8 mg" is one."""
    found = []
    for figure in figures:
        is_change = _CHANGES.search(text[: figure.start][-80:]) and _FROM.search(text[: figure.start])
        ends = _ends(figure, text[figure.start : figure.end]) if figure.is_range and (_is_span_of_years(figure) or is_change) else []
        found += ends or [figure]
    return found


def _ends(figure: Figure, said: str) -> list[Figure]:
    """The two ends of a range in the order they are worded, each as the range has it scaled; none where the order is not known."""
    joint = _JOINT.search(said)
    if not joint:
        return []
    left, right = find_figures(said[: joint.start()]), find_figures(said[joint.end() :])
    if right and right[0].unit == figure.unit:
        rises = abs(right[0].low - figure.high) < 1e-6
    elif left and left[0].unit == figure.unit:
        rises = abs(left[0].low - figure.low) < 1e-6
    else:
        return []
    first, second = (figure.low, figure.high) if rises else (figure.high, figure.low)
    middle = figure.start + joint.start()
    return [replace(figure, low=first, high=first, end=middle), replace(figure, low=second, high=second, start=figure.start + joint.end())]


def _whole(figure: Figure, text: str) -> Figure:
    """The range that a figure was taken apart from; itself where it was not."""
    return next((it for it in find_figures(text) if it.is_range and it.start <= figure.start and figure.end <= it.end), figure)


def _is_span_of_years(figure: Figure) -> bool:
    return not figure.unit and all(1900 <= end <= 2100 for end in (figure.low, figure.high))


def period_problem(text: str, there: str) -> str:
    """Return which period of a sentence ("daily", "every month", "hours before") its evidence does not have, where that has another."""
    rates, rates_there = _rates(text), _rates(there)
    claimed, stated = set(rates), set(rates_there)
    if claimed - stated and stated - claimed:
        return f"its evidence does not say it of each {min(claimed - stated)}"
    for period, counts in rates.items():
        if (period in rates_there or max(counts) > 1.0) and counts - rates_there.get(period, frozenset()):
            return f"its evidence does not say it as many times a {period}"
    bare, others = _bare_times(text), _bare_times(there)
    known = others | {word.lower() for word in _UNIT_OF_TIME.findall(there)}
    return f"{min(bare)!r} is another time than that of its nearest passage" if bare and others and not bare & known else ""


def number_problem(text: str, there: str) -> str:
    """Return which bare number ("another five", "two of four") its evidence does not have, where that has another that the sentence leaves out."""
    claimed, stated = _small_numbers(text), _small_numbers(there)
    new = claimed - stated - {1.0}
    return f"the number {min(new):g} is not in its nearest passage" if new and stated - claimed - {1.0} else ""


def _small_numbers(text: str) -> set[float]:
    measured = [(figure.start, figure.end) for figure in find_figures(text) if figure.unit or figure.is_range]
    found = [match for match in _SMALL.finditer(text) if not any(start <= match.start() < end for start, end in measured)]
    return {NUMBER_WORDS.get(match.group().lower()) or float(match.group()) for match in found}


@lru_cache(maxsize=4096)
def _rates(text: str) -> dict[str, frozenset[float]]:
    """How many times in each period: "twice a day" and "every 12 hours" are two in a day, "daily" is one, "every 3 weeks" is one in 3 weeks."""
    found: dict[str, set[float]] = {}
    for name, pattern in _PERIOD.items():
        for match in pattern.finditer(text):
            times = _TIMES_BEFORE.search(text[: match.start()][-20:])
            found.setdefault(name, set()).add(_count(times.group("number") or times.group("count")) if times else 1.0)
    for times_a_day, words in _ABBREVIATED.items():
        if re.search(rf"\b{words}", text, re.IGNORECASE):
            found.setdefault("day", set()).add(times_a_day)
    for match in _EVERY.finditer(text):
        name, counted = _rate_of(match)
        if name:
            found.setdefault(name, set()).add(counted)
    return {name: frozenset(counts) for name, counts in found.items()}


def _rate_of(match: re.Match[str]) -> tuple[str, float]:
    every, unit = match.group("count") or match.group("adverb"), match.group("unit").lower()
    if not match.group("count") and (match.group("ly") or "").lower() != "ly":
        return "", 0.0  # "12 hours" is a time, "12-hourly" a rate
    number = _count(every)
    if unit == "hour" and 1.0 < number < 24.0:
        return "day", 24.0 / number
    known = {"24 hour": "day", "7 day": "week", "4 week": "month", "12 month": "year", "1 day": "day", "1 week": "week"}
    if unit == "day" and number % 7 == 0 and number > 7:
        number, unit = number / 7, "week"
    return known.get(f"{number:g} {unit}", f"{number:g} {unit}s"), 1.0


def _count(word: str) -> float:
    return _COUNT.get(word.lower()) or float(word)


def _is_once_daily(text: str) -> bool:
    return _rates(text).get("day") == frozenset({1.0}) and not _DIVIDED.search(text)


def _bare_times(text: str) -> set[str]:
    """Units of time that stand without a number: "hours before any weakness"."""
    figures = find_figures(text)
    return {
        match.group(1).lower()
        for match in _UNIT_OF_TIME.finditer(text)
        if not any(figure.start <= match.start() < figure.end for figure in figures)
    }
