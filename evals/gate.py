"""Is this build worse than the baseline? Floors, tolerated drops, and questions that must never flip (`evals/thresholds.toml`).

Says for each failure which metric and which questions. A metric that got better by more than its tolerance fails, too: the baseline, and with it
the README's scorecard, says what is no longer true, and a later drop back would pass unseen.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evals.baseline import Outcome
from evals.diff import came_and_went, changes, worse_in
from evals.questions import QuestionsError

THRESHOLDS_FILE = Path(__file__).parent / "thresholds.toml"
NAMED = 8  # questions that a failure names; the report has all of them


class Threshold(BaseModel):
    """Bounds of one metric: `floor` and `drop` where higher is better, `ceiling` and `rise` where lower is; shares of 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    floor: float | None = Field(None, ge=0, le=1)
    drop: float | None = Field(None, ge=0, le=1)
    ceiling: float | None = Field(None, ge=0, le=1)
    rise: float | None = Field(None, ge=0, le=1)
    reason: str = Field(min_length=10)

    @model_validator(mode="after")
    def _is_one_direction(self) -> "Threshold":
        up, down = (self.floor, self.drop), (self.ceiling, self.rise)
        if (None in up) == (None in down) or any(value is not None for value in (up if None in up else down)):
            raise ValueError("give floor and drop, or ceiling and rise")
        return self

    @property
    def better(self) -> str:
        """ "higher" or "lower"."""
        return "higher" if self.floor is not None else "lower"

    @property
    def bound(self) -> float:
        """The floor or the ceiling."""
        return self.floor if self.floor is not None else self.ceiling if self.ceiling is not None else 0.0

    @property
    def tolerance(self) -> float:
        """The change that is no change."""
        return self.drop if self.drop is not None else self.rise if self.rise is not None else 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the gate is shut: a metric (with its group) or "critical", a sentence, and the questions to look at."""

    metric: str
    words: str
    ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = ", ".join(self.ids[:NAMED]) + (f" and {len(self.ids) - NAMED} more" if len(self.ids) > NAMED else "")
        return f"{self.metric}: {self.words}" + (f" Questions: {named}." if named else "")


def load_thresholds(path: Path = THRESHOLDS_FILE) -> dict[str, Threshold]:
    """Return thresholds by metric, or by "metric@group" for one category.

    Raises:
        QuestionsError: the file is no TOML, or an entry is not whole.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: Threshold.model_validate(entry) for name, entry in table.items()}
    except tomllib.TOMLDecodeError as exc:
        raise QuestionsError(f"{path.name} is no TOML: {exc}.") from exc
    except ValidationError as exc:
        raise QuestionsError(f"{path.name}: {exc.errors()[0]['loc']}: {exc.errors()[0]['msg']}.") from exc


def judge_build(old: Outcome, new: Outcome, thresholds: Mapping[str, Threshold]) -> list[Failure]:
    """Return why the new build must not pass; nothing when it may."""
    failures = [failure for name, threshold in thresholds.items() if (failure := _metric_failure(name, threshold, old, new))]
    failures += _critical_flips(old, new)
    lost = tuple(row["id"] for row in new.questions.values() if "evidence" in row["failures"])
    if lost:
        failures.append(
            Failure(
                "evidence", f"of {len(lost)} questions is gone from the corpus: {new.questions[lost[0]]['failures']['evidence']}.", lost
            )
        )
    for name, groups in new.card.items():
        if groups["all"].failures and name != "evidence":
            failures.append(Failure(name, f"gave no number for {groups['all'].failures} rows where it applies."))
    come, gone = came_and_went({**old.questions, **old.claims}, {**new.questions, **new.claims})
    if come or gone:
        failures.append(
            Failure(
                "questions",
                f"{len(come)} are new and {len(gone)} are gone since the baseline; renew it with 'make eval-baseline'.",
                (*come, *gone),
            )
        )
    return failures


def _metric_failure(name: str, threshold: Threshold, old: Outcome, new: Outcome) -> Failure | None:
    metric, _, group = name.partition("@")
    group = group or "all"
    now, was = new.card.get(metric, {}).get(group), old.card.get(metric, {}).get(group)
    if now is None or now.n == 0:
        return Failure(name, "was not measured.")
    sign = 1 if threshold.better == "higher" else -1
    worse = tuple(worse_in(metric, old, new, better=threshold.better, group=group))
    if sign * (now.mean - threshold.bound) < 0:
        kind = "floor" if sign > 0 else "ceiling"
        return Failure(
            name,
            f"{now.mean:.3f} is {'below the floor' if sign > 0 else 'above the ceiling'} of {threshold.bound:.3f} ({kind}: {threshold.reason}).",
            worse,
        )
    if was is None:
        return Failure(name, "is not in the baseline; renew it with 'make eval-baseline'.")
    change = round(sign * (now.mean - was.mean), 6)
    if change < -threshold.tolerance:
        return Failure(name, f"{was.mean:.3f} -> {now.mean:.3f}, worse by more than the tolerated {threshold.tolerance:.3f}.", worse)
    if change > threshold.tolerance:
        return Failure(
            name,
            f"{was.mean:.3f} -> {now.mean:.3f}, better by more than {threshold.tolerance:.3f}: the baseline is stale, renew it with 'make eval-baseline'.",
        )
    return None


def _critical_flips(old: Outcome, new: Outcome) -> list[Failure]:
    broken = [change for change in changes(old, new) if change.broke and change.new["critical"]]
    if not broken:
        return []
    words = "; ".join(f"{change.id} ({', '.join(change.words)})" for change in broken[:NAMED])
    return [Failure("critical", f"answered rightly before, wrongly now: {words}.", tuple(change.id for change in broken))]
