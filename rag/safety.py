"""Question -> is it a cry for help, is it about one person's own treatment? Patterns and words of both stand in `safety.yaml`.

A crisis is answered with help and nothing of the library; a personal question gets the library's general facts and a line that names who decides.
Emergencies of the disease are those of `emergencies`. Runs before any retrieval or model.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

SAFETY_FILE = Path(__file__).with_name("safety.yaml")


@dataclass(frozen=True, slots=True)
class _Rules:
    crisis: re.Pattern[str]
    crisis_message: str
    personal: re.Pattern[str]
    personal_notice: str


def crisis_message(question: str) -> str | None:
    """Return what to say where somebody may be about to harm themselves or another; None otherwise."""
    rules = _rules()
    return rules.crisis_message if rules.crisis.search(question) else None


def personal_notice(question: str) -> str | None:
    """Return the line that names who decides where the question is about one person's own treatment; None otherwise.

    Example: "Should I stop my denosumab?" -> "General information ..."; "Should denosumab be stopped?" -> None
    """
    rules = _rules()
    return rules.personal_notice if rules.personal.search(question) else None


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    table = yaml.safe_load(SAFETY_FILE.read_text(encoding="utf-8"))
    crisis, personal = table["crisis"], table["personal"]
    return _Rules(_any(crisis["patterns"]), " ".join(crisis["message"].split()), _any(personal["patterns"]), personal["notice"])


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
