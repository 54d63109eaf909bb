"""Question -> emergency alerts: families of words from `alerts.yaml`, found near each other in what is said to be so now.

What is said to be so, `rag.assertion` decides. Knows the grammar of the table and calcium levels, no symptom by itself.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rag.assertion import Statement, names_a_person, read, whole_words
from rag.schema import Alert

ALERTS_FILE = Path(__file__).with_name("alerts.yaml")

Span = tuple[int, int]

_NUMBER = re.compile(
    r"(?<![\w'])(?:(?:adj(?:usted)?|corrected|corr|serum|total|albumin[- ]adjusted)\.? )?(?:calcium|ca(?:2\+|\+\+)?)(?![\w+])"
    r"(?P<between>[^\d.;!?]{0,40}?)(?P<value>\d{1,2}(?:[.,]\d{1,2})?)(?![\d.,]*\d)\s?(?P<unit>mg/dl|mg per dl|mg%|mmol(?:/l)?)?"
    r"(?!\s?(?:-|/|mg|mcg|µg|g\b|ml\b|years?|yrs?|months?|weeks?|days?|hours?|times|tablets?|%))"
)
_THRESHOLD = re.compile(r"\b(?:above|over|below|under|exceed\w*|more than|less than|at least|greater than|threshold|cut-?off|>|<)|[<>≥≤]")


@dataclass(frozen=True, slots=True)
class _Rule:
    alert: Alert
    groups: tuple[tuple[str, ...], ...]  # any group suffices; of a group everything must hold


@dataclass(frozen=True, slots=True)
class _Table:
    families: dict[str, re.Pattern[str]]
    signs: dict[str, tuple[tuple[str, ...], ...]]
    near_words: int
    levels: dict[str, dict[str, float]]
    rules: tuple[_Rule, ...]


@dataclass(slots=True)
class _Question:
    """One question and what was found in it so far."""

    statement: Statement
    table: _Table
    found: dict[str, list[Span]] = field(default_factory=dict)

    def spans(self, family: str) -> list[Span]:
        if family not in self.found:
            self.found[family] = [match.span() for match in self.table.families[family].finditer(self.statement.asserted)]
        return self.found[family]

    def holds(self, name: str) -> bool:
        """Whether a context, a sign or a family of the table holds."""
        if name in CONTEXTS:
            return CONTEXTS[name](self)
        lines = self.table.signs.get(name, ((name,),))
        return any(self.spans(line[0]) if len(line) == 1 else self._near(*line) for line in lines)

    def _near(self, one: str, other: str) -> bool:
        others = self.spans(other)
        return bool(others) and any(self._close(first, second) for first in self.spans(one) for second in others)

    def _close(self, first: Span, second: Span) -> bool:
        start, end = min(first[1], second[1]), max(first[0], second[0])
        if end - start > _NEAR_CHARS:
            return False
        between = self.statement.asserted[start:end] if start < end else ""
        return len(between.split()) <= self.table.near_words and not re.search(r"[.;!?](?:\s|$)", between)


_NEAR_CHARS = 80


def find_alerts(question: str) -> tuple[Alert, ...]:
    """Return the alerts that a question calls for, in the order of the table.

    Example: "my dad has prostate cancer and suddenly can't move his legs" -> cord-compression
    """
    return examine(question).alerts


@dataclass(frozen=True, slots=True)
class Examined:
    """The alerts that the rules call for, and what a question tells of: cancer that is not denied, somebody in particular, a raised calcium."""

    alerts: tuple[Alert, ...]
    cancer: bool
    person: bool
    calcium: bool


def examine(question: str) -> Examined:
    """Read a question once for all that is decided on it."""
    asked = _Question(read(question), alerts_table())
    alerts = tuple(rule.alert for rule in asked.table.rules if any(all(map(asked.holds, group)) for group in rule.groups))
    return Examined(alerts, asked.holds("cancer"), asked.holds("ill_person"), asked.holds("calcium_raised"))


def _has_cancer(question: _Question) -> bool:
    families = question.table.families
    read_text = families["cancer_free"].sub(" ", question.statement.read)
    free = read_text != question.statement.read
    return bool(families["cancer"].search(question.statement.undenied)) and not (free and not families["cancer"].search(read_text))


def _calcium_values(question: _Question) -> list[tuple[float, str]]:
    values = []
    for match in _NUMBER.finditer(question.statement.asserted):
        if _THRESHOLD.search(match["between"]) and not names_a_person(question.statement):
            continue
        value = float(match["value"].replace(",", "."))
        unit = "mg_per_dl" if (match["unit"] or "").startswith("mg") or (not match["unit"] and value > 7) else "mmol_per_l"
        if value < question.table.levels[unit]["impossible"]:
            values.append((value, unit))
    return values


def _calcium_reaches(question: _Question, level: str) -> bool:
    return any(value >= question.table.levels[unit][level] for value, unit in _calcium_values(question))


CONTEXTS: dict[str, Callable[[_Question], bool]] = {
    "cancer": _has_cancer,
    "ill_person": lambda question: names_a_person(question.statement),
    "not_opioid": lambda question: not question.holds("opioid_blamed"),
    "calcium_extreme": lambda question: _calcium_reaches(question, "extreme"),
    "calcium_raised": lambda question: (
        bool(question.spans("calcium_word") or question.spans("calcium_dangerous")) or _calcium_reaches(question, "raised")
    ),
}


@lru_cache(maxsize=1)
def alerts_table() -> _Table:
    """Return the table of alerts, its patterns compiled."""
    table: dict[str, Any] = yaml.safe_load(ALERTS_FILE.read_text(encoding="utf-8"))
    families = {name: patterns.splitlines() for name, patterns in table["families"].items()}
    return _Table(
        families={name: whole_words(patterns, families) for name, patterns in families.items()},
        signs={name: tuple(map(tuple, lines)) for name, lines in table["signs"].items()},
        near_words=table["near_words"],
        levels=table["calcium_levels"],
        rules=tuple(
            _Rule(
                alert=Alert(id=rule["id"], title=rule["title"], message=" ".join(rule["message"].split())),
                groups=tuple(map(tuple, rule["any_of"])),
            )
            for rule in table["alerts"]
        ),
    )
