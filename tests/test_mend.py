"""rag.mend: names are put right, and no word that somebody may have meant is changed."""

import re
from pathlib import Path

import pytest

from rag.mend import mend_names
from rag.pipeline import Pipeline
from rag.text import STOP_WORDS


@pytest.mark.parametrize(
    ("query", "mended"),
    [
        ("zolendronic acid dose", "zoledronic acid dose"),
        ("denosumb or calcuim?", "denosumab or calcium?"),
        ("steriod for cord compresion", "steroid for cord compression"),
        ("prostrate cancer", "prostate cancer"),
        ("bisphosponates", "bisphosphonates"),
        ("the beast", "the beast"),  # too short to tell a misspelling from a word
        ("What is it?", "What is it?"),
        ("MRI, SINS 7", "MRI, SINS 7"),
        ("", ""),
    ],
)
def test_misspelt_names_are_put_right_and_the_rest_stays(shared_toy: Pipeline, query: str, mended: str) -> None:
    assert mend_names(query, shared_toy.index) == mended


def test_no_word_that_the_corpus_knows_is_changed(shared_toy: Pipeline) -> None:
    bodies = [path.read_text(encoding="utf-8").split("---\n", 2)[2] for path in sorted(Path(shared_toy.settings.corpus_dir).rglob("*.md"))]
    words = sorted(set(re.findall(r"[^\W\d_]+", " ".join(bodies))))
    assert len(words) > 60
    assert [word for word in words if mend_names(word, shared_toy.index) != word] == []


def test_no_everyday_word_is_changed(shared_toy: Pipeline) -> None:
    assert [word for word in sorted(STOP_WORDS) if mend_names(word, shared_toy.index) != word] == []


def test_no_ordinary_english_word_is_changed(shared_toy: Pipeline) -> None:
    words = Path(__file__).with_name("ordinary_words.txt").read_text(encoding="utf-8").split()
    assert len(words) > 600
    assert [word for word in words if mend_names(word, shared_toy.index) != word] == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("morfine", "morphine"), ("zometta", "zometa"), ("xofego", "xofigo"), ("scintigrafy", "scintigraphy"), ("steriods", "steroids")],
)
def test_short_names_and_names_written_as_heard_are_mended(shared_toy: Pipeline, typed: str, meant: str) -> None:
    assert mend_names(typed, shared_toy.index) == meant


@pytest.mark.parametrize(
    "word",
    ["denosumab", "pamidronate", "ibandronate", "clodronate", "zoledronate", "enzalutamide", "hypocalcaemia", "osteolytic", "Tokuhashi"],
)
def test_a_name_of_the_field_is_never_taken_for_another(shared_toy: Pipeline, word: str) -> None:
    mended = mend_names(word, shared_toy.index).lower()
    assert mended.replace("aem", "em") == word.lower().replace("aem", "em")


@pytest.mark.parametrize("word", ["radius", "osteoclastic", "cancel", "meditation"])
def test_a_correct_word_that_the_corpus_lacks_is_left_alone(shared_toy: Pipeline, word: str) -> None:
    assert mend_names(word, shared_toy.index) == word
