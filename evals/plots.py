"""Plots of a run as SVG text that stands in the report page: metric by category, latency, relevance of answerable against unanswerable questions.

Ink is `currentColor`, so a plot reads on a light and on a dark page. Needs matplotlib; draws without a screen.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.baseline import Outcome
from evals.questions import CATEGORIES

_INK = "#010203"  # replaced by currentColor; no other thing has this colour
_NEW, _OLD, _THIRD = "#2f7fc1", "#9fb3c4", "#d98032"  # each readable on white and on near-black
BY_CATEGORY = (("hit_at_1", "evidence first"), ("fact_recall", "facts in the answer"), ("right", "right in everything"))


@dataclass(frozen=True, slots=True)
class Plot:
    """An SVG element with a caption; `wide` takes the page's whole width."""

    svg: str
    caption: str
    wide: bool = False


def plots(new: Outcome, old: Outcome | None, *, threshold: float, answers_ms: Sequence[float]) -> list[Plot]:
    """Return all plots.

    Args:
        new: The outcome shown.
        old: The baseline; drawn beside it when there is one.
        threshold: Relevance below which a question is declined.
        answers_ms: Total milliseconds of each answer made in this run.
    """
    drawn = [
        Plot(_by_category(new, old), "Metrics by category, this run against the baseline.", wide=True),
        Plot(_relevance(new.questions, threshold), f"Relevance of the best passage; questions below {threshold:g} are declined."),
    ]
    if answers_ms:
        drawn.append(Plot(_latency(answers_ms), "Time to the whole answer over the answers made in this run, on this machine."))
    return drawn


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    figure.patch.set_alpha(0)
    return figure


def _style(axes: Any) -> None:
    axes.patch.set_alpha(0)
    for name, spine in axes.spines.items():
        spine.set_visible(name in {"left", "bottom"})
        spine.set_color(_INK)
    axes.tick_params(colors=_INK, labelsize=9)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(_INK)
        label.set_size(10)


def _legend(axes: Any, **options: Any) -> None:
    for text in axes.legend(frameon=False, fontsize=9, **options).get_texts():
        text.set_color(_INK)


def _svg(figure: Any) -> str:
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "osseous"}):  # the same plot has the same ids, whenever it is drawn
        figure.savefig(out, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL).replace(_INK, "currentColor")


def _by_category(new: Outcome, old: Outcome | None) -> str:
    figure = _figure(11, 3.6)
    for place, (metric, title) in enumerate(BY_CATEGORY):
        axes = figure.add_subplot(1, len(BY_CATEGORY), place + 1)
        names = [name for name in CATEGORIES if name in new.card.get(metric, {})]
        heights = [new.card[metric][name].mean for name in names]
        rows = list(range(len(names)))
        if old:
            before = [old.card[metric][name].mean if name in old.card.get(metric, {}) else 0.0 for name in names]
            axes.barh([row + 0.2 for row in rows], before, 0.36, color=_OLD, label="baseline")
        axes.barh([row - 0.2 if old else row for row in rows], heights, 0.36 if old else 0.7, color=_NEW, label="now")
        axes.set_yticks(rows, names)
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_title(title)
        _style(axes)
        if place == 0 and old:
            _legend(axes, loc="upper center", bbox_to_anchor=(0.3, -0.1), ncols=2)
    figure.subplots_adjust(wspace=0.55)
    return _svg(figure)


def _relevance(questions: Mapping[str, Any], threshold: float) -> str:
    figure = _figure(5.4, 3)
    axes = figure.add_subplot()
    bins = [step / 20 for step in range(21)]
    groups: dict[str, tuple[list[float], str]] = {"answerable": ([], _NEW), "unanswerable": ([], _THIRD)}
    for row in questions.values():
        if row["relevance"] is not None and "abstention_recall" in row["values"]:
            groups["unanswerable"][0].append(row["relevance"])
        elif row["relevance"] is not None and "wrongly_declined" in row["values"]:
            groups["answerable"][0].append(row["relevance"])
    for name, (values, colour) in groups.items():
        axes.hist(values, bins=bins, color=colour, alpha=0.75, label=f"{name} ({len(values)})")
    axes.axvline(threshold, color=_INK, linestyle="--", linewidth=1.2)
    axes.text(threshold, axes.get_ylim()[1] * 1.02, f"threshold {threshold:g}", color=_INK, fontsize=9, ha="center")
    axes.set_xlabel("relevance of the best passage")
    axes.set_ylabel("questions")
    _style(axes)
    _legend(axes, loc="upper right", bbox_to_anchor=(0.85, 1.0))
    return _svg(figure)


def _latency(milliseconds: Sequence[float]) -> str:
    figure = _figure(5.4, 3)
    axes = figure.add_subplot()
    axes.hist(milliseconds, bins=30, color=_NEW)
    axes.set_xlabel("milliseconds to the whole answer")
    axes.set_ylabel("questions")
    _style(axes)
    return _svg(figure)
