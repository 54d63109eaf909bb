"""The command line: every command is known, bad input is one sentence and exit code 2."""

import json
from pathlib import Path

import pytest

from evals.__main__ import main
from evals.baseline import BASELINE_FILE


def test_the_questions_are_checked_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["questions"]) == 0
    assert "all evidence stands in the corpus" in capsys.readouterr().out


def test_two_outcomes_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = json.loads(BASELINE_FILE.read_text(encoding="utf-8"))
    first = next(row for row in stored["questions"] if row["right"] and row["facts"])
    first |= {"right": False, "facts": dict.fromkeys(first["facts"], False)}
    (tmp_path / "worse.json").write_text(json.dumps(stored), encoding="utf-8")
    assert main(["diff", str(BASELINE_FILE), str(tmp_path / "worse.json")]) == 0
    said = capsys.readouterr().out
    assert f"{first['id']} (worse): right -> wrong; lost: " in said
    assert "1 questions and claims changed." in said


def test_a_file_that_is_no_run_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(tmp_path / "gone.jsonl"), str(BASELINE_FILE)]) == 2
    said = capsys.readouterr().err
    assert "is no run of the evaluations" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", ["gate", "baseline", "llm", "judge", "diff", "questions", "scorecard"])
def test_every_command_is_wired(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert command in capsys.readouterr().out
