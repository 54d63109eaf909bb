"""The gate is shut by a floor, a drop, a flip, a hole, a stale baseline – each alone – and names metric and questions."""

from pathlib import Path

import pytest

from evals.gate import Threshold, judge_build, load_thresholds
from evals.questions import QuestionsError
from tests.evals.outcomes import claim_row, outcome, question_row

HIT = {"hit_at_1": Threshold(floor=0.5, drop=0.1, reason="made for a test")}


def rows(*hits: float, **fields: object) -> list[dict[str, object]]:
    return [question_row(f"numeric-{place:03d}", values={"hit_at_1": hit}, **fields) for place, hit in enumerate(hits, start=1)]


def test_an_unchanged_build_passes() -> None:
    assert judge_build(outcome(*rows(1, 1, 0, 1)), outcome(*rows(1, 1, 0, 1)), HIT) == []


def test_a_drop_within_tolerance_passes_and_one_beyond_names_the_questions() -> None:
    ten, nine, eight = rows(*[1] * 10), rows(*[1] * 9, 0), rows(0, *[1] * 8, 0)
    assert judge_build(outcome(*ten), outcome(*nine), HIT) == []
    (failure,) = judge_build(outcome(*ten), outcome(*eight), HIT)
    assert failure.metric == "hit_at_1"
    assert failure.ids == ("numeric-001", "numeric-010")
    assert "1.000 -> 0.800" in str(failure)


def test_below_the_floor_fails_even_where_the_baseline_was_as_low() -> None:
    low = rows(1, 0, 0)
    (failure,) = judge_build(outcome(*low), outcome(*low), HIT)
    assert "below the floor of 0.500" in failure.words


def test_a_gain_beyond_tolerance_says_that_the_baseline_is_stale() -> None:
    (failure,) = judge_build(outcome(*rows(1, 1, 0)), outcome(*rows(1, 1, 1)), HIT)
    assert "stale" in failure.words


def test_lower_is_better_where_a_ceiling_stands() -> None:
    ceiling = {"hit_at_1": Threshold(ceiling=0.3, rise=0.1, reason="made for a test")}
    assert judge_build(outcome(*rows(0, 0, 0, 1)), outcome(*rows(0, 0, 0, 1)), ceiling) == []
    (failure,) = judge_build(outcome(*rows(0, 0, 0, 0)), outcome(*rows(0, 0, 1, 1)), ceiling)
    assert "above the ceiling" in failure.words
    assert failure.ids == ("numeric-003", "numeric-004")


def test_a_critical_question_that_was_right_and_is_wrong_shuts_the_gate_whatever_the_averages() -> None:
    before = [question_row("numeric-001", critical=True), *(question_row(f"numeric-{n:03d}") for n in range(2, 60))]
    after = [question_row("numeric-001", critical=True, right=False, facts={"24 hours": False}), *before[1:]]
    (failure,) = judge_build(outcome(*before), outcome(*after), HIT)
    assert failure.metric == "critical"
    assert failure.ids == ("numeric-001",)
    assert "lost: 24 hours" in failure.words
    uncritical = [row | {"critical": False} for row in after]
    assert judge_build(outcome(*before), outcome(*uncritical), HIT) == []


def test_a_threshold_of_one_category_looks_at_that_category_only() -> None:
    narrow = {"hit_at_1@lay": Threshold(floor=0.9, drop=0.0, reason="made for a test")}
    good = [*rows(1, 1), question_row("lay-001", category="lay")]
    bad = [*rows(1, 1), question_row("lay-001", category="lay", values={"hit_at_1": 0.0})]
    elsewhere = [*rows(0, 0), question_row("lay-001", category="lay")]
    assert judge_build(outcome(*good), outcome(*elsewhere), narrow) == []
    (failure,) = judge_build(outcome(*good), outcome(*bad), narrow)
    assert failure.metric == "hit_at_1@lay"
    assert failure.ids == ("lay-001",)


def test_a_value_that_could_not_be_computed_shuts_the_gate() -> None:
    hole = [*rows(1, 1), question_row("numeric-003", values={}, failures={"hit_at_1": "NaN"})]
    whole = [*rows(1, 1), question_row("numeric-003", values={})]
    (failure,) = judge_build(outcome(*whole), outcome(*hole), HIT)
    assert "no number for 1 row" in failure.words


def test_evidence_that_is_gone_shuts_the_gate_and_names_the_questions() -> None:
    before = rows(1, 1)
    after = [before[0], question_row("numeric-002", values={"hit_at_1": 1.0}, failures={"evidence": "'doc' does not hold the words 'x'"})]
    (failure,) = judge_build(outcome(*before), outcome(*after), HIT)
    assert failure.metric == "evidence"
    assert failure.ids == ("numeric-002",)
    assert "'doc' does not hold" in failure.words


def test_a_metric_that_is_measured_no_more_shuts_the_gate() -> None:
    (failure,) = judge_build(outcome(*rows(1)), outcome(question_row("numeric-001", values={})), HIT)
    assert failure.words == "was not measured."


def test_questions_that_come_or_go_ask_for_a_new_baseline() -> None:
    failures = judge_build(outcome(*rows(1, 1, 1)), outcome(*rows(1, 1)), HIT)
    assert [failure.metric for failure in failures] == ["questions"]
    assert failures[0].ids == ("numeric-003",)


def test_claims_are_gated_like_questions() -> None:
    catch = {"verifier_catch": Threshold(floor=0.9, drop=0.0, reason="made for a test")}
    caught, missed = claim_row("edit-001"), claim_row("edit-001", right=False, values={"verifier_catch": 0.0})
    (failure,) = judge_build(outcome(*rows(1), claims=(caught,)), outcome(*rows(1), claims=(missed,)), catch)
    assert failure.ids == ("edit-001",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a]\nfloor = 0.5\nreason = 'long enough'", "give floor and drop"),
        ("[a]\nfloor = 0.5\ndrop = 0.1\nceiling = 0.2\nrise = 0.1\nreason = 'long enough'", "give floor and drop"),
        ("[a]\nfloor = 0.5\ndrop = 0.1\nrise = 0.1\nreason = 'long enough'", "give floor and drop"),
        ("[a]\nfloor = 1.5\ndrop = 0.1\nreason = 'long enough'", "less than or equal to 1"),
        ("[a]\nfloor = 0.5\ndrop = 0.1\nreason = ''", "at least 10"),
        ("[a]\nfloor = 0.5\ndrop = 0.1", "reason"),
        ("[a\nfloor", "no TOML"),
    ],
)
def test_a_threshold_file_that_is_not_whole_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "thresholds.toml").write_text(text)
    with pytest.raises(QuestionsError, match=words):
        load_thresholds(tmp_path / "thresholds.toml")


def test_every_measure_is_gated_with_a_reason() -> None:
    from evals.measures import measures
    from tests.fakes import HashingEmbedder

    thresholds = load_thresholds()
    ungated = (
        {measure.name for measure in measures(HashingEmbedder())} - thresholds.keys() - {"withheld_sentences"}
    )  # quotes withhold nothing
    assert not ungated
    directions = {measure.name: measure.better for measure in measures(HashingEmbedder())}
    for name, threshold in thresholds.items():
        assert directions.get(name.partition("@")[0], "higher") == threshold.better, name
