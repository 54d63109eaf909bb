"""The words of the page, from `assets/strings.yaml`: one file to translate. A name that is not there fails at once."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def say(name: str, **values: object) -> str:
    """Return the words called `name`, with `{names}` filled in.

    Raises:
        KeyError: there are no such words, or a value is missing.
    """
    words: str = _strings()[name]
    return words.format(**values) if values else words


def examples() -> list[str]:
    """Return the questions of the first look."""
    return list(_strings()["examples"])


@cache
def _strings() -> dict[str, Any]:
    strings: dict[str, Any] = yaml.safe_load((ASSETS / "strings.yaml").read_text(encoding="utf-8"))
    return strings
