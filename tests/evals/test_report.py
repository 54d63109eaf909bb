"""The report says what changed, draws what it promises, needs no other file, and takes hostile words as words."""

import re

from evals.gate import Threshold, judge_build
from evals.measures import measures
from evals.plots import plots
from evals.report import render_markdown, render_page
from tests.evals.outcomes import claim_row, outcome, question_row
from tests.fakes import HashingEmbedder

KNOWN = measures(HashingEmbedder())
EVIL = "<script>alert(1)</script> | [x](javascript:1) <style>p{}</style>"
OLD = outcome(
    question_row("numeric-001", values={"hit_at_1": 1.0, "wrongly_declined": 0.0}, answer="Within 24 hours, said before."),
    question_row("near-miss-001", category="near-miss", facts={}, values={"abstention_recall": 1.0}, relevance=0.1, status="abstained"),
    claims=(claim_row("edit-001"),),
)
NEW = outcome(
    question_row(
        "numeric-001", question=EVIL, right=False, facts={"24 hours": False}, values={"hit_at_1": 0.0, "wrongly_declined": 0.0}, answer=f"Soon {EVIL}", evidence_rank=4,
        passages=[f"doc: {EVIL}"],
    ),
    question_row("near-miss-001", category="near-miss", facts={}, values={"abstention_recall": 1.0}, relevance=0.1, status="abstained"),
    claims=(claim_row("edit-001"),),
)  # fmt: skip
FAILURES = judge_build(OLD, NEW, {"hit_at_1": Threshold(floor=0.5, drop=0.1, reason="made for a test")})


def page() -> str:
    return render_page(NEW, OLD, FAILURES, KNOWN, plots(NEW, OLD, threshold=0.3, answers_ms=[10.0, 20.0, 30.0]))


def test_markdown_names_metric_questions_and_lost_facts() -> None:
    text = render_markdown(NEW, OLD, FAILURES, KNOWN)
    assert "the gate is shut" in text
    assert "**hit\\_at\\_1**" in text or "**hit_at_1**" in text
    assert "lost: 24 hours" in text
    assert re.search(r"\| hit_at_1 \|[^|]+\| 1\.000 \| ▼ 0\.000 \|", text)
    assert "<script>" not in text
    for line in text.splitlines():
        if line.startswith("| hit_at_1"):
            assert line.count("|") == 8


def test_the_page_is_whole_in_itself_and_shows_old_and_new_side_by_side() -> None:
    text = page()
    assert not re.search(r"""(src|href)=["'](?!#)""", text)
    assert text.count("<svg") == 3
    assert "Within 24 hours, said before." in text
    assert "✗ lacks" in text
    assert "threshold" in text or "declined" in text


def test_hostile_words_stay_words() -> None:
    text = page()
    assert "<script>" not in text
    assert "<style>p{}" not in text
    assert "&lt;script&gt;" in text


def test_plots_take_the_page_s_ink_and_repeat() -> None:
    one, other = (plots(NEW, OLD, threshold=0.3, answers_ms=[1.0, 2.0]) for _ in range(2))
    assert [plot.svg for plot in one] == [plot.svg for plot in other]
    assert all("currentColor" in plot.svg and "#010203" not in plot.svg for plot in one)
    assert len(plots(NEW, None, threshold=0.3, answers_ms=[])) == 2


def test_without_a_baseline_there_is_a_report_all_the_same() -> None:
    assert "no baseline to compare with" in render_markdown(NEW, None, [], KNOWN)
