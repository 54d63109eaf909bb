"""An outcome against a baseline -> a report in Markdown (for a CI summary) and one self-contained HTML page, from two templates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.baseline import Outcome
from evals.claims import FALSE_KINDS, TRUE_KINDS
from evals.diff import changes
from evals.gate import Failure
from evals.measures import Measure
from evals.questions import CATEGORIES
from evals.scorecard import Cell, Scorecard

if TYPE_CHECKING:
    import jinja2

    from evals.plots import Plot

TEMPLATES = Path(__file__).parent / "templates"
CHANGES_IN_MARKDOWN = 40
RIGHT = ("right", "higher", "answers right in everything: status, alerts, facts, nothing forbidden")
BY_CATEGORY = ("right", "hit_at_1", "recall_at_5", "fact_recall", "full_answer", "first_sentence", "abstention_recall")


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A line of the scorecard, its numbers as text; "–" where there is none."""

    name: str
    better: str
    meaning: str
    old: str
    all: str
    dev: str
    test: str
    n: str
    mark: str
    tone: str


def render_markdown(new: Outcome, old: Outcome | None, failures: Sequence[Failure], known: Sequence[Measure]) -> str:
    """Return the report in Markdown."""
    text = _environment().get_template("report.md.j2").render(**_context(new, old, failures, known), limit=CHANGES_IN_MARKDOWN)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def render_page(new: Outcome, old: Outcome | None, failures: Sequence[Failure], known: Sequence[Measure], plots: Sequence["Plot"]) -> str:
    """Return the report as one HTML page that needs no other file."""
    wrong = [row for row in new.questions.values() if not row["right"]]
    return _environment().get_template("report.html.j2").render(**_context(new, old, failures, known), plots=plots, wrong=wrong)


def score_rows(new: Scorecard, old: Scorecard | None, known: Sequence[Measure]) -> list[ScoreRow]:
    """Return the lines of the scorecard in the order of the measures; only what was measured."""
    named = [RIGHT, *((measure.name, measure.better, measure.meaning) for measure in known)]
    return [_score_row(name, better, meaning, new, old) for name, better, meaning in named if name in new]


def number(cell: Cell | None) -> str:
    """Return a mean with three digits, "–" for none."""
    return "–" if cell is None or cell.n == 0 else f"{cell.mean:.3f}"


def _score_row(name: str, better: str, meaning: str, new: Scorecard, old: Scorecard | None) -> ScoreRow:
    groups = new[name]
    before = (old or {}).get(name, {}).get("all")
    gain = (groups["all"].mean - before.mean) * (1 if better == "higher" else -1) if before else 0.0
    mark, tone = ("▲ ", "good") if gain > 0 else ("▼ ", "bad") if gain < 0 else ("", "")
    return ScoreRow(
        name, better, meaning, number(before), number(groups["all"]), number(groups.get("dev")), number(groups.get("test")), str(groups["all"].n), mark, tone
    )  # fmt: skip


def _context(new: Outcome, old: Outcome | None, failures: Sequence[Failure], known: Sequence[Measure]) -> dict[str, Any]:
    categories = [
        {"name": name, "n": new.card["right"][name].n, **{key: number(new.card.get(key, {}).get(name)) for key in BY_CATEGORY}}
        for name in CATEGORIES
        if name in new.card["right"]
    ]
    return {
        "verdict": "the gate is shut" if failures else "the gate is open" if old else "no baseline to compare with",
        "new": new,
        "old": old,
        "failures": failures,
        "rows": score_rows(new.card, old.card if old else None, known),
        "categories": categories,
        "claims": _claim_lines(new.card),
        "failed_values": sum(groups["all"].failures for groups in new.card.values()),
        "timings": new.timings,
        "changed": changes(old, new) if old else [],
    }


def _claim_lines(card: Scorecard) -> list[dict[str, Any]]:
    lines = []
    for kind in (*FALSE_KINDS, *TRUE_KINDS):
        metric = "verifier_catch" if kind in FALSE_KINDS else "verifier_verbatim_refused" if kind == "verbatim" else "verifier_false_alarm"
        cell = card.get(metric, {}).get(kind)
        if cell:
            lines.append({"name": kind, "true": kind in TRUE_KINDS, "n": cell.n, "refused": number(cell)})
    return lines


@lru_cache(maxsize=1)
def _environment() -> "jinja2.Environment":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: ".html" in str(name),  # noqa: S701 - the page is escaped by the library, Markdown by our filter
        trim_blocks=False,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["md"] = _escape_markdown
    return environment


def _escape_markdown(text: str) -> str:
    """Questions are data: nothing in them opens a table, a tag or a link in the summary."""
    flat = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", flat)
