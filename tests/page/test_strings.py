"""The page's words stand in one file: none is missing, none is left over, and the code holds none of its own."""

import re
from pathlib import Path

import pytest
import yaml

from page.strings import ASSETS, say

PROJECT = Path(__file__).parents[2]
CODE = "".join(path.read_text(encoding="utf-8") for path in [*sorted((PROJECT / "page").glob("*.py")), PROJECT / "app.py"])
STRINGS = yaml.safe_load((ASSETS / "strings.yaml").read_text(encoding="utf-8"))
FAMILIES = ("audience_", "engine_", "format_", "download_", "checked_")  # names that are put together in the code


def test_every_name_that_the_code_says_is_in_the_file() -> None:
    said = set(re.findall(r"\b(?:say|hint)\([\"'](\w+)[\"']", CODE))
    assert said
    assert said <= set(STRINGS)


def test_no_words_are_left_over() -> None:
    unused = [
        name for name in STRINGS if not re.search(rf"[\"']{name}[\"']", CODE) and not name.startswith(FAMILIES) and name != "examples"
    ]
    assert unused == []


def test_a_missing_name_fails_at_once() -> None:
    with pytest.raises(KeyError):
        say("not there")
    with pytest.raises(KeyError):
        say("source_n", wrong=1)


def test_values_are_filled_in() -> None:
    assert say("source_n", n=3) == "Source 3"
