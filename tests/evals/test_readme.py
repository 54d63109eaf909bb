"""The README's scorecard is that of the committed baselines, and a stale one is seen."""

from pathlib import Path

import pytest

from evals.measures import measures
from evals.questions import QuestionsError
from evals.readme import BEGIN, END, is_stale, scorecard_text, write_scorecard
from tests.evals.outcomes import outcome, question_row
from tests.fakes import HashingEmbedder

KNOWN = measures(HashingEmbedder())


def readme(folder: Path, text: str = f"# Title\n\n{BEGIN}\nold\n{END}\n\n## After\n") -> Path:
    path = folder / "README.md"
    path.write_text(text)
    return path


def test_the_readme_of_this_project_is_current() -> None:
    from evals.__main__ import main

    assert main(["scorecard", "--check"]) == 0


def test_a_written_scorecard_is_current_until_a_number_moves(tmp_path: Path) -> None:
    path = readme(tmp_path)
    text = scorecard_text(outcome(question_row("numeric-001")), KNOWN, llm=None, judge=None)
    assert is_stale(text, path)
    assert write_scorecard(text, path)
    assert not is_stale(text, path)
    assert not write_scorecard(text, path)
    assert path.read_text().startswith("# Title\n")
    assert path.read_text().endswith("\n## After\n")
    other = scorecard_text(outcome(question_row("numeric-001", values={"hit_at_1": 0.0})), KNOWN, llm=None, judge=None)
    assert is_stale(other, path)


def test_a_readme_without_the_marks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match="lacks the lines"):
        write_scorecard("x", readme(tmp_path, "# Title\n"))


def test_model_and_judge_stand_in_the_scorecard_when_they_were_measured() -> None:
    llm = {
        "questions": 2,
        "model": "toy model",
        "scorecards": {"select": {"fact_recall": {"all": [0.5, 2, 0]}}},
        "timings": {"select": {"total": {"p50": 7000, "p95": 9000, "n": 2}}},
    }
    judge = {
        "judge": "toy judge", "accuracy": 0.7, "pairs": 24, "trustworthy": False,
        "metrics": {"faithfulness": {"mean": 0.9, "spread": 0.1, "n": 6, "failures": 1}, "context_recall": {"mean": 0.0, "spread": 0.0, "n": 0, "failures": 7}},
    }  # fmt: skip
    text = scorecard_text(outcome(question_row("numeric-001")), KNOWN, llm=llm, judge=judge)
    assert "| select | – | 0.500 |" in text
    assert "7.0 | 9.0" in text
    assert "not trustworthy" in text
    assert "| faithfulness | 0.900 | 0.100 | 6 | 1 |" in text
    assert "| context_recall | – | – | 0 | 7 |" in text  # nothing measured is no zero
