"""Two outcomes -> what changed, question by question: right or wrong, status, alerts, facts lost and gained, rank of the evidence, the words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evals.baseline import Outcome
from evals.run import Row

Direction = Literal["worse", "better", "other"]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one question or claim; `words` says it in a line."""

    id: str
    direction: Direction
    words: tuple[str, ...]
    old: Row
    new: Row

    @property
    def broke(self) -> bool:
        """Whether it was right and is wrong now."""
        return bool(self.old["right"]) and not self.new["right"]


def changes(old: Outcome, new: Outcome) -> list[Change]:
    """Return every question that changed, worse ones first, then better ones, then those that only read otherwise; each in order of id."""
    found = [change for key in new.questions if key in old.questions and (change := _change(old.questions[key], new.questions[key]))]
    order = {"worse": 0, "better": 1, "other": 2}
    return sorted(found, key=lambda change: (order[change.direction], change.id))


def claim_changes(old: Outcome, new: Outcome) -> list[Change]:
    """Return every claim whose verdict changed."""
    found = []
    for key, row in new.claims.items():
        before = old.claims.get(key)
        if before and before["right"] != row["right"]:
            words = ("judged rightly no more" if before["right"] else "judged rightly now",)
            found.append(Change(key, "worse" if before["right"] else "better", words, before, row))
    return sorted(found, key=lambda change: (change.direction != "worse", change.id))


def came_and_went(old: Mapping[str, Row], new: Mapping[str, Row]) -> tuple[list[str], list[str]]:
    """Return the ids that only the new outcome has, and those that only the old one had."""
    return sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())


def worse_in(metric: str, old: Outcome, new: Outcome, *, better: str, group: str = "all") -> list[str]:
    """Return the ids of questions and claims of a group whose value of a metric got worse, the largest loss first."""
    losses = []
    for before, now in ((old.questions, new.questions), (old.claims, new.claims)):
        for key, row in now.items():
            if key not in before or (group != "all" and group not in {row.get("split"), row.get("category"), row.get("maker")}):
                continue
            if metric == "right":
                was, is_now = float(before[key]["right"]), float(row["right"])
            else:
                was, is_now = before[key]["values"].get(metric), row["values"].get(metric)
            if was is None or is_now is None:
                continue
            loss = (was - is_now) if better == "higher" else (is_now - was)
            if loss > 0:
                losses.append((-loss, key))
    return [key for _, key in sorted(losses)]


def _change(old: Row, new: Row) -> Change | None:
    words = []
    if old["right"] != new["right"]:
        words.append("right -> wrong" if old["right"] else "wrong -> right")
    if old["status"] != new["status"]:
        words.append(f"{old['status']} -> {new['status']}")
    lost = [fact for fact, held in old["facts"].items() if held and new["facts"].get(fact) is False]
    gained = [fact for fact, held in new["facts"].items() if held and old["facts"].get(fact) is False]
    words += [f"lost: {fact}" for fact in lost] + [f"gained: {fact}" for fact in gained]
    words += [f"says now: {fact}" for fact in new["forbidden"] if fact not in old["forbidden"]]
    words += [f"alert gone: {alert}" for alert in old["alerts"] if alert not in new["alerts"]]
    words += [f"alert new: {alert}" for alert in new["alerts"] if alert not in old["alerts"]]
    if old["evidence_rank"] != new["evidence_rank"]:
        words.append(f"evidence at rank {old['evidence_rank'] or 'none'} -> {new['evidence_rank'] or 'none'}")
    if not words:
        return Change(new["id"], "other", ("other words",), old, new) if old["answer"] != new["answer"] else None
    return Change(new["id"], _direction(old, new, len(gained) - len(lost)), tuple(words), old, new)


def _direction(old: Row, new: Row, facts: int) -> Direction:
    if old["right"] != new["right"]:
        return "worse" if old["right"] else "better"
    said = len(old["forbidden"]) - len(new["forbidden"])
    ranks = (1 / new["evidence_rank"] if new["evidence_rank"] else 0.0) - (1 / old["evidence_rank"] if old["evidence_rank"] else 0.0)
    for difference in (facts, said, ranks):
        if difference:
            return "better" if difference > 0 else "worse"
    return "other"
