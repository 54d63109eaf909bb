"""The scorecard in the README: written from the committed baselines, between two marks, so that it is never older than they are."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.baseline import Outcome
from evals.measures import Measure
from evals.questions import QuestionsError
from evals.report import number, score_rows
from evals.scorecard import from_json
from rag.settings import PROJECT_DIR

README = PROJECT_DIR / "README.md"
BEGIN = "<!-- scorecard: written by 'python -m evals scorecard', do not edit -->"
END = "<!-- /scorecard -->"
LLM_COLUMNS = (
    "right",
    "fact_recall",
    "full_answer",
    "first_sentence",
    "semantic_similarity",
    "quoted_span_alignment",
    "withheld_sentences",
)
LLM_FILE = Path(__file__).parent / "baseline-llm.json"
JUDGE_FILE = Path(__file__).parent / "baseline-judge.json"


def scorecard_text(baseline: Outcome, known: Sequence[Measure], *, llm: dict[str, Any] | None, judge: dict[str, Any] | None) -> str:
    """Return the scorecard in Markdown, without its marks."""
    lines = [
        f"`make eval`: {len(baseline.questions)} golden questions and {len(baseline.claims)} claims, verbatim answers (quotes). Tuning looks at dev only.",
        "",
        "| metric | what | dev | test |",
        "| --- | --- | ---: | ---: |",
    ]
    for row in score_rows(baseline.card, None, known):
        lines.append(f"| {row.name}{' ↓' if row.better == 'lower' else ''} | {row.meaning} | {row.dev} | {row.test} |")
    lines += ["", "↓ lower is better."]
    if llm:
        lines += ["", *_llm_lines(llm)]
    if judge:
        lines += ["", *_judge_lines(judge)]
    return "\n".join(lines)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a committed summary, or None where there is none yet."""
    if not path.exists():
        return None
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return stored


def write_scorecard(text: str, readme: Path = README) -> bool:
    """Put the scorecard into the README; return whether it changed.

    Raises:
        QuestionsError: the README lacks the marks.
    """
    old = readme.read_text(encoding="utf-8")
    new = _replaced(old, text, readme)
    if new != old:
        readme.write_text(new, encoding="utf-8")
    return new != old


def is_stale(text: str, readme: Path = README) -> bool:
    """Whether the README's scorecard is another than this one."""
    old = readme.read_text(encoding="utf-8")
    return _replaced(old, text, readme) != old


def _replaced(old: str, text: str, readme: Path) -> str:
    begin, end = old.find(BEGIN), old.find(END)
    if begin < 0 or end < begin:
        raise QuestionsError(f"{readme.name} lacks the lines {BEGIN!r} and {END!r} around its scorecard.")
    return f"{old[: begin + len(BEGIN)]}\n{text}\n{old[end:]}"


def _llm_lines(llm: dict[str, Any]) -> list[str]:
    cards = {engine: from_json(card) for engine, card in llm["scorecards"].items()}
    lines = [
        f"`make eval-llm`: a stratified sample of {llm['questions']} answerable questions, {llm['model']}.",
        "",
        "| engine | " + " | ".join(LLM_COLUMNS) + " | median s | p95 s |",
        "| --- | " + " | ".join("---:" for _ in LLM_COLUMNS) + " | ---: | ---: |",
    ]
    for engine, card in cards.items():
        cells = [number(card.get(name, {}).get("all")) for name in LLM_COLUMNS]
        times = llm["timings"].get(engine, {}).get("total")
        seconds = [f"{times[share] / 1000:.1f}" if times else "–" for share in ("p50", "p95")]
        lines.append(f"| {engine} | " + " | ".join([*cells, *seconds]) + " |")
    return lines


def _judge_lines(judge: dict[str, Any]) -> list[str]:
    trust = "" if judge["trustworthy"] else " **not trustworthy**: below 0.80, its scores say little."
    lines = [
        f"`make eval-judge`: judge {judge['judge']}, right on {judge['accuracy']:.2f} of {judge['pairs']} planted pairs.{trust}",
        "",
        "| metric | mean | spread over runs | answers | failures |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, row in judge["metrics"].items():
        lines.append(
            f"| {name} | {row['mean']:.3f} | {row['spread']:.3f} | {row['n']} | {row['failures']} |"
            if row["n"]
            else f"| {name} | – | – | 0 | {row['failures']} |"
        )
    return lines
