"""Question -> limits and Alerts, before any retrieval or model. First step of every answer.

Alerts come from the table `alerts.yaml`: symptoms said of a person, not negated, not past, not asked about in general. Does not judge whether
a question belongs to the library; `retrieve` finds that out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rag.errors import QuestionError
from rag.schema import Alert

ALERTS_FILE = Path(__file__).with_name("alerts.yaml")
MAX_HISTORY = 50  # messages; older ones change no answer


def check_question(question: object, max_chars: int) -> str:
    """Return the question with control characters and outer white space removed.

    Raises:
        QuestionError: not text, empty, without a single letter or digit, or too long.
    """
    if not isinstance(question, str):
        raise QuestionError(f"a question is text, found {type(question).__name__}; please write it as one or two sentences.")
    cleaned = "".join(character if character.isprintable() or character in "\n\t" else " " for character in question).strip()
    if not cleaned:
        raise QuestionError("the question is empty; please write what you want to know.")
    if len(cleaned) > max_chars:
        raise QuestionError(f"the question has {len(cleaned):,} characters, at most {max_chars:,} are read; please shorten it.")
    if not any(character.isalnum() for character in cleaned):
        raise QuestionError("the question holds no words; please write what you want to know in a sentence.")
    return cleaned


def check_history(history: object) -> list[dict[str, str]]:
    """Return the last messages of a conversation as {"role", "content"}.

    Raises:
        QuestionError: not a list, or a message without role and text.
    """
    if history is None:
        return []
    if not isinstance(history, Sequence) or isinstance(history, (str, bytes)):
        raise QuestionError(f'history is a list of {{"role", "content"}}, found {type(history).__name__}.')
    messages = []
    for place, message in enumerate(history):
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in {"user", "assistant"} or not isinstance(content, str):
            raise QuestionError(
                f'history message {place + 1}: {{"role": "user" or "assistant", "content": text}} is expected, found {message!r:.80}.'
            )
        messages.append({"role": role, "content": content})
    return messages[-MAX_HISTORY:]


def find_alerts(question: str) -> tuple[Alert, ...]:
    """Return the alerts that a question calls for, in the order of the table.

    Example: "my dad has prostate cancer and suddenly can't move his legs" -> cord-compression
    """
    table = _alerts_table()
    text = " ".join(question.lower().replace("’", "'").split())
    sentences = re.split(r"(?<=[.!?;])\s+", text)
    told = " ".join(sentence for sentence in sentences if not _is_general(sentence, table))
    if not (table.person.search(told) or table.acute.search(told)):
        return ()
    return tuple(rule.alert for rule in table.rules if _rule_holds(rule, told, table))


@dataclass(frozen=True, slots=True)
class _Rule:
    alert: Alert
    groups: tuple[tuple[re.Pattern[str], ...], ...]  # any group suffices; of a group every pattern must occur


@dataclass(frozen=True, slots=True)
class _Table:
    person: re.Pattern[str]
    acute: re.Pattern[str]
    general: re.Pattern[str]
    negation: re.Pattern[str]
    past: re.Pattern[str]
    rules: tuple[_Rule, ...]


def _is_general(sentence: str, table: _Table) -> bool:
    return bool(table.general.search(sentence)) and not table.acute.search(sentence)


def _rule_holds(rule: _Rule, text: str, table: _Table) -> bool:
    clauses = re.split(r"[.;!?](?=\s|$)|,? but |,? although |,? though ", text)
    present = ". ".join(clause for clause in clauses if not table.past.search(clause))
    return any(all(_occurs(pattern, present, table.negation) for pattern in group) for group in rule.groups)


# Where a negation ends: "has no pain and can't move his legs" denies the pain only.
_BOUNDARY = re.compile(r"[.,:](?=\s)| and (?=can't|cannot|is |are |has )")


def _occurs(pattern: re.Pattern[str], text: str, negation: re.Pattern[str]) -> bool:
    """Whether a pattern occurs without a negation shortly before it in the same clause."""
    for match in pattern.finditer(text):
        ends = [place.end() for place in _BOUNDARY.finditer(text, 0, match.end()) if place.end() <= match.start()]
        before = text[ends[-1] if ends else 0 : match.start()]
        if not negation.search(before):
            return True
    return False


@lru_cache(maxsize=1)
def _alerts_table() -> _Table:
    table: dict[str, Any] = yaml.safe_load(ALERTS_FILE.read_text(encoding="utf-8"))

    def words(patterns: list[str]) -> re.Pattern[str]:
        return re.compile("|".join(rf"(?:{pattern})" for pattern in patterns))

    parts = table["parts"]
    rules = tuple(
        _Rule(
            alert=Alert(id=rule["id"], title=rule["title"], message=" ".join(rule["message"].split())),
            groups=tuple(tuple(words(parts[part]) for part in group) for group in rule["any_of"]),
        )
        for rule in table["alerts"]
    )
    return _Table(
        words(table["person"]), words(table["acute"]), words(table["general"]), words(table["negation"]), words(table["past"]), rules
    )
