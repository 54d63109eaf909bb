"""Averages by hand: over all, by split and category, failures beside and never inside."""

from evals.percentiles import percentile
from evals.run import Run
from evals.scorecard import Cell, from_json, latency, scorecard, to_json
from tests.evals.outcomes import PROVENANCE, claim_row, question_row


def test_means_by_group() -> None:
    rows = [
        question_row("numeric-001", split="dev", values={"mrr": 1.0}),
        question_row("numeric-002", split="test", values={"mrr": 0.5}),
        question_row("lay-001", split="test", category="lay", values={"mrr": 0.0}, right=False),
        question_row("lay-002", split="dev", category="lay", values={}, failures={"mrr": "NaN"}),
    ]
    card = scorecard(Run(PROVENANCE, rows, [claim_row("edit-001")]))
    assert card["mrr"] == {
        "all": Cell(0.5, 3, 1), "dev": Cell(1.0, 1, 1), "numeric": Cell(0.75, 2), "test": Cell(0.25, 2), "lay": Cell(0.0, 1, 1),
    }  # fmt: skip
    assert card["right"]["all"] == Cell(0.75, 4)
    assert card["verifier_catch"]["hand"] == Cell(1.0, 1)
    assert from_json(to_json(card)) == card


def test_a_metric_that_failed_everywhere_still_stands_in_the_card() -> None:
    card = scorecard(Run(PROVENANCE, [question_row("lay-001", values={}, failures={"mrr": "NaN"})]))
    assert (card["mrr"]["all"].n, card["mrr"]["all"].failures) == (0, 1)


def test_percentiles_by_nearest_rank() -> None:
    assert percentile([5, 1, 3], 0.5) == 3
    assert percentile(list(range(1, 101)), 0.95) == 96
    assert percentile([7], 0.95) == 7


def test_latency_is_of_answers_made_now_unless_asked_otherwise() -> None:
    rows = [
        question_row("lay-001", cached=False, answer={"timings_ms": {"retrieve": 10.0, "generate": 0.0, "total": 20.0}}),
        question_row("lay-002", cached=True, answer={"timings_ms": {"retrieve": 90.0, "generate": 0.0, "total": 90.0}}),
    ]
    assert latency(rows) == {"retrieve": {"p50": 10.0, "p95": 10.0, "n": 1}, "total": {"p50": 20.0, "p95": 20.0, "n": 1}}
    assert latency(rows, cached=True)["total"]["n"] == 2
    assert latency(rows[1:]) == {}
