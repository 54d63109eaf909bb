"""rag.names: the names of a sentence are those of its evidence."""

import pytest

from rag.align import read
from rag.names import name_problem


def problem(claim: str, evidence: str) -> str:
    return name_problem(read(claim), read(evidence), read(""))


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [("Zoledronic acid is given.", "Zometa is given."), ("Zoledronic acid is stopped.", "ZA is stopped.")],
)
def test_another_spelling_of_a_name_is_named(claim: str, evidence: str) -> None:
    assert not problem(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [("Pamidronate is given.", "Zometa is given."), ("Ibandronate is given.", "Zometa is given.")],
)
def test_another_name_is_not(claim: str, evidence: str) -> None:
    assert problem(claim, evidence)
