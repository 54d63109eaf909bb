"""rag.emergencies: rules and the fitted model together, on phrases that neither was made with."""

from collections.abc import Callable

import numpy as np
import pytest

from evals.fit_alerts import phrases
from rag.build import make_embedder
from rag.embed import SentenceTransformerEmbedder
from rag.emergencies import find_emergencies, load_weights
from rag.settings import Settings

LEAST_CAUGHT, MOST_FALSE = 0.85, 0.04  # shares of the test phrases


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return make_embedder(Settings(llm="none"))


@pytest.fixture(scope="module")
def find(embedder: SentenceTransformerEmbedder) -> Callable[[str], list[str]]:
    return lambda question: [alert.id for alert in find_emergencies(question, encode=embedder.encode_query, revision=embedder.revision)]


def test_the_weights_were_fitted_with_the_model_in_force(embedder: SentenceTransformerEmbedder) -> None:
    assert load_weights().revision == embedder.revision, "run 'python -m evals.fit_alerts --write'"


def test_oblique_emergencies_that_nobody_wrote_a_rule_for_are_flagged(find: Callable[[str], list[str]]) -> None:
    rows = [row for row in phrases("test") if row["alerts"]]
    missed = [row["question"] for row in rows if row["alerts"][0] not in find(row["question"])]
    assert 1 - len(missed) / len(rows) >= LEAST_CAUGHT, missed


def test_what_only_sounds_like_an_emergency_is_not_flagged(find: Callable[[str], list[str]]) -> None:
    rows = [row for row in phrases("test") if not row["alerts"]]
    false = [row["question"] for row in rows if find(row["question"])]
    assert len(false) / len(rows) <= MOST_FALSE, false


@pytest.mark.parametrize("question", ["What dose of denosumab is given?", "Which signs of cord compression should patients know?"])
def test_a_question_that_tells_of_nobody_is_not_even_encoded(question: str) -> None:
    def encode(_: str) -> np.ndarray:
        raise AssertionError("encoded")

    assert find_emergencies(question, encode=encode, revision=load_weights().revision) == ()


def test_with_another_embedding_model_the_rules_decide_alone() -> None:
    def encode(_: str) -> np.ndarray:
        raise AssertionError("encoded")

    found = find_emergencies("my dad has prostate cancer and suddenly can't move his legs", encode=encode, revision="other")
    assert [alert.id for alert in found] == ["cord-compression"]
