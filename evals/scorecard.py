"""Rows -> averages: each metric over all rows, over each split, and over each category. Latency as percentiles. No thresholds here.

A mean stands beside its number of rows and of failures; a failed value is counted, never averaged.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from evals.percentiles import percentile
from evals.run import Run


@dataclass(frozen=True, slots=True)
class Cell:
    """A mean over n rows, rounded to 4 digits; `failures` applied and gave no number."""

    mean: float
    n: int
    failures: int = 0


Scorecard = dict[str, dict[str, Cell]]


def scorecard(run: Run) -> Scorecard:
    """Return metric -> group -> Cell; groups are "all", the splits, the categories of questions, the kinds of claims, and who made a claim (hand, machine).

    `right` is the share of questions whose answer is what was expected in everything.
    """
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    failures: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in run.questions:
        for group in _groups(row):
            values["right"][group].append(float(row["right"]))
    for row in (*run.questions, *run.claims):
        for group in _groups(row):
            for name, value in row["values"].items():
                values[name][group].append(value)
            for name in row["failures"]:
                failures[name][group] += 1
    return {
        name: {
            group: Cell(_mean(values[name][group]), len(values[name][group]), failures[name][group])
            for group in dict.fromkeys([*values[name], *failures[name]])
        }
        for name in dict.fromkeys([*values, *failures])
    }


def latency(rows: Iterable[dict[str, Any]], *, cached: bool = False) -> dict[str, dict[str, float]]:
    """Return median and 95th percentile (nearest rank), milliseconds, of each step over the answers made in this run; with `cached` over all."""
    taken: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if cached or not row.get("cached"):
            for step, milliseconds in row["answer"]["timings_ms"].items():
                taken[step].append(milliseconds)
    return {
        step: {"p50": percentile(times, 0.5), "p95": percentile(times, 0.95), "n": len(times)}
        for step, times in taken.items()
        if any(times)
    }


def to_json(card: Scorecard) -> dict[str, Any]:
    """Return a scorecard as JSON values."""
    return {name: {group: [cell.mean, cell.n, cell.failures] for group, cell in groups.items()} for name, groups in card.items()}


def from_json(stored: dict[str, Any]) -> Scorecard:
    """Return the scorecard that `to_json` made."""
    return {name: {group: Cell(*cell) for group, cell in groups.items()} for name, groups in stored.items()}


def _groups(row: dict[str, Any]) -> tuple[str, ...]:
    return ("all", row["split"], row["category"], *((row["maker"],) if "maker" in row else ()))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else float("nan")
