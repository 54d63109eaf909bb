"""The gate is proven to fail: five ways to break the build, each in a copy of the project, and the gate names the metric and the questions.

Slow (a whole evaluation each): run with `make test-gate`.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.baseline import Outcome, read_baseline
from evals.run import read_run
from rag.settings import PROJECT_DIR

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

COPIED = ("rag", "evals", "corpus", "README.md", "pyproject.toml")
SEED = Path("var") / "evals"  # the indexes of the unbroken build: vectors that did not change are taken over


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose gate is open, with its indexes built and its answers cached."""
    copy = copy_project(PROJECT_DIR, tmp_path_factory.mktemp("unbroken") / "project")
    if (PROJECT_DIR / SEED).is_dir():
        shutil.copytree(PROJECT_DIR / SEED, copy / SEED)
    code, said = gate(copy)
    assert code == 0, said
    return copy


def copy_project(source: Path, target: Path) -> Path:
    target.mkdir(parents=True)
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "runs"))
        else:
            shutil.copy(source / name, target / name)
    return target


def gate(project: Path) -> tuple[int, str]:
    """Run the gate of a copy; its exit code and what it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "EVALS_"))}
    done = subprocess.run(
        [sys.executable, "-m", "evals", "gate"], cwd=project, env=environment, capture_output=True, text=True, timeout=800, check=False
    )
    return done.returncode, done.stdout + done.stderr


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace what a pattern finds, and insist that it finds something: a break that breaks nothing proves nothing."""
    text = path.read_text(encoding="utf-8")
    changed, times = re.subn(pattern, replacement, text, flags=re.DOTALL)
    assert times == 1, f"{pattern!r} was found {times} times in {path.name}"
    path.write_text(changed, encoding="utf-8")


def one_passage(project: Path) -> None:
    edit(project / "rag" / "settings.py", r"(    k: int = Field\(\s*)\d+", r"\g<1>1")


def no_words(project: Path) -> None:
    """BM25, abbreviations, tokens, attached questions and the reader off: vectors of whole sentences and chunks are left."""
    edit(project / "rag" / "settings.py", r"(    bm25_weight: float = Field\(\s*)[\d.]+", r"\g<1>0.0")
    for weight in ("TOKEN_WEIGHT", "QUESTION_WEIGHT", "READING_WEIGHT", "LEXICAL_WEIGHT"):
        edit(project / "rag" / "sentences.py", rf"(\n{weight} = )[\d.]+", r"\g<1>0.0")
    edit(project / "rag" / "terms.py", r'(def expansions\(query: str\) -> list\[str\]:\n    """.*?""")', r"\g<1>\n    return []")
    edit(project / "rag" / "terms.py", r'(def full_names\(query: str\) -> list\[str\]:\n    """.*?""")', r"\g<1>\n    return []")


def no_document(project: Path) -> None:
    (project / "corpus" / "labels" / "us-label-zoledronic-acid-4mg.md").unlink()


def no_verification(project: Path) -> None:
    edit(
        project / "rag" / "verify.py",
        r"(    claim = read\(collapse\(sentence\)\)\n)",
        r'    if passages:\n        return Verdict(True, 1.0, (Quote(0, passages[0].sentences[0]),), "accepted unseen")\n\g<1>',
    )


def no_alert_rule(project: Path) -> None:
    edit(project / "rag" / "alerts.yaml", r"\n  - id: hypercalcaemia\n.*?(?=\n  - id: )", "")


@pytest.mark.parametrize(
    ("break_build", "metrics", "pattern"),
    [
        (one_passage, {"recall_at_5", "recall_at_10", "fact_recall"}, r"(comparison|guideline|numeric|lay)-\d{3}"),
        (no_words, {"hit_at_1@abbreviation", "hit_at_1", "mrr"}, r"(abbreviation|lay)-\d{3}"),
        (no_document, {"evidence", "recall_at_5", "critical"}, r"numeric-\d{3}"),
        (no_verification, {"verifier_catch"}, r"edit-\d{3}"),
        (no_alert_rule, {"alert_recall", "critical"}, r"emergency-\d{3}"),
    ],
    ids=[
        "k = 1",
        "no BM25, no abbreviations, no tokens, no attached questions, no reader",
        "a document deleted",
        "no verification",
        "an alert rule removed",
    ],
)
def test_the_gate_names_what_broke(
    break_build: Callable[[Path], None], metrics: set[str], pattern: str, unbroken: Path, tmp_path: Path
) -> None:
    project = copy_project(unbroken, tmp_path / "project")
    shutil.copytree(unbroken / SEED, project / SEED)
    break_build(project)
    code, said = gate(project)
    assert code == 1, said
    failed = {line.split(":")[0].removeprefix("FAILED ") for line in said.splitlines() if line.startswith("FAILED ")}
    assert metrics <= failed, said
    assert re.search(pattern, said), said


def test_an_unchanged_build_passes_and_repeats_its_numbers(unbroken: Path) -> None:
    first = newest_run(unbroken)
    code, said = gate(unbroken)
    assert code == 0, said
    assert "The gate is open." in said
    assert newest_run(unbroken).card == first.card == read_baseline(unbroken / "evals" / "baseline.json").card


def newest_run(project: Path) -> Outcome:
    from evals.baseline import outcome_of

    return outcome_of(read_run(max((project / "evals" / "runs").glob("*-quotes.jsonl"))), {})
