"""What changed between two outcomes, in words and in the right direction."""

from typing import Any

import pytest

from evals.diff import changes, claim_changes, worse_in
from tests.evals.outcomes import claim_row, outcome, question_row


@pytest.mark.parametrize(
    ("fields", "direction", "words"),
    [
        ({"right": False, "facts": {"24 hours": False}}, "worse", ("right -> wrong", "lost: 24 hours")),
        (
            {"right": False, "status": "abstained", "facts": {"24 hours": False}},
            "worse",
            ("right -> wrong", "answered -> abstained", "lost: 24 hours"),
        ),
        ({"right": False, "forbidden": ["48 hours"]}, "worse", ("right -> wrong", "says now: 48 hours")),
        ({"right": False, "alerts": ["hypercalcaemia"]}, "worse", ("right -> wrong", "alert new: hypercalcaemia")),
        ({"evidence_rank": 3}, "worse", ("evidence at rank 1 -> 3",)),
        ({"evidence_rank": None}, "worse", ("evidence at rank 1 -> none",)),
        ({"answer": "In 24 hours."}, "other", ("other words",)),
    ],
)
def test_a_change_is_told_in_words(fields: dict[str, Any], direction: str, words: tuple[str, ...]) -> None:
    old, new = outcome(question_row("numeric-001")), outcome(question_row("numeric-001", **fields))
    (change,) = changes(old, new)
    assert (change.direction, change.words) == (direction, words)
    if direction == "worse":
        (back,) = changes(new, old)
        assert back.direction == "better"


def test_nothing_changed_is_nothing_said() -> None:
    assert changes(outcome(question_row("numeric-001")), outcome(question_row("numeric-001"))) == []


def test_worse_ones_come_first() -> None:
    old = outcome(question_row("numeric-001"), question_row("numeric-002", right=False), question_row("numeric-003"))
    new = outcome(question_row("numeric-001", answer="Otherwise."), question_row("numeric-002"), question_row("numeric-003", right=False))
    assert [change.id for change in changes(old, new)] == ["numeric-003", "numeric-002", "numeric-001"]


def test_claims_whose_verdict_changed() -> None:
    old, new = (
        outcome(claims=(claim_row("edit-001"), claim_row("edit-002"))),
        outcome(claims=(claim_row("edit-001"), claim_row("edit-002", right=False))),
    )
    (change,) = claim_changes(old, new)
    assert (change.id, change.direction) == ("edit-002", "worse")


def test_the_largest_loss_is_named_first() -> None:
    old = outcome(*(question_row(f"numeric-{n:03d}", values={"mrr": 1.0}) for n in (1, 2, 3)))
    new = outcome(*(question_row(f"numeric-{n:03d}", values={"mrr": mrr}) for n, mrr in ((1, 0.5), (2, 0.1), (3, 1.0))))
    assert worse_in("mrr", old, new, better="higher") == ["numeric-002", "numeric-001"]
    assert worse_in("mrr", old, new, better="lower") == []
