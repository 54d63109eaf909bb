"""Calibrate what decides on abstention, and measure retrieval and quotes, on `evals/calibration.jsonl`.

    python -m evals.calibrate

Fits the logistic weights of relevance and of what is missing, on answerable against unanswerable questions of that file and of the dev half of the
golden ones, ten-fold cross-validated, and prints the lines to put into `rag/relevance.py`. Questions whose split is "fresh" were written to be hard, by
people who had seen no rule: near misses in the library's own words, answerable ones in none of them; they count as much as all the others together. Those
whose split is "held" are left out of the fit and show what it is worth; "spare" ones are not looked at: they are kept for training a reader. Changes nothing by itself.
"""

import json
import math
import re
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.questions import load_questions
from rag import condense, mend, quotes, relevance
from rag.instructions import without_markup
from rag.pipeline import Pipeline, build_pipeline
from rag.schema import Passage
from rag.sentences import rank_sentences
from rag.settings import Settings

QUESTIONS = Path(__file__).parent / "calibration.jsonl"


ROUNDS = 6  # of the fit: which passage speaks for a question depends on the weights
L2 = 0.003  # of weights for signals of unit variance
# The direction of each signal's weight, and of what is missing; 0 for any. Without it the fit learns how our questions were made: the hard answerable
# ones avoid the library's words, the near misses are full of them, so that words in common would count against an answer.
DIRECTIONS = (1, 1, 0, -1, -1, -1, -1, -1, -1, -1, -1)


@dataclass(frozen=True, slots=True)
class Row:
    """A question with what retrieval and quotes made of it."""

    question: str
    answerable: bool
    kind: str  # "golden" (the dev half: only abstention is fitted on it), or a question's split: "first", "fresh", "held"
    chance: float  # of an answer, with the weights in force
    signals: np.ndarray  # (passages, signals): what relevance is computed from
    covered: float  # share of its words that the first passage holds
    reading: float  # of that passage's best sentence
    missing: tuple[float, float]  # an aspect, a name: 1 where it is missing
    evidence_rank: int | None  # rank of the first passage that holds an evidence quote, from 1; None when none does
    facts_found: float  # share of the facts that the verbatim answer holds
    first_sentence_answers: bool


def measure(pipeline: Pipeline) -> list[Row]:
    """Run retrieval and quotes on every question."""
    rows = []
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        if question.get("split") == "spare":
            continue
        answerable, kind = question["status"] == "answered", question.get("split", "first")
        rows.append(_row(pipeline, question["question"], answerable, question["evidence"], question["facts"], kind=kind))
    for golden in load_questions():
        if golden.split == "dev" and golden.status != "any" and not golden.planted:
            history = [message.model_dump() for message in golden.history]
            query = condense.condense(without_markup(golden.question), history)
            rows.append(_row(pipeline, query, golden.status == "answered", [], [], kind="golden"))
    return rows


def _row(pipeline: Pipeline, query: str, answerable: bool, evidence: list[dict[str, str]], facts: list[str], *, kind: str) -> Row:
    query = mend.mend_names(query, pipeline.index)
    passages = pipeline.search(query)
    aspects, names = pipeline.lacks(query, passages)
    ranked = rank_sentences(query, passages, rarity=pipeline.index.rarity)
    chosen = quotes.choose_sentences(query, ranked, max_sentences=pipeline.settings.max_sentences)
    text = " ".join(sentence.text for sentence in chosen)
    found = [bool(re.search(fact, text, re.IGNORECASE)) for fact in facts]
    return Row(
        question=query,
        answerable=answerable,
        kind=kind,
        chance=relevance.chance_of_answer(
            [passage.relevance for passage in passages], missing_aspect=bool(aspects), unknown_name=bool(names)
        ),
        signals=np.array([passage.signals for passage in passages]),
        covered=relevance.coverage(query, f"{passages[0].source.title}\n{passages[0].section}\n{passages[0].text}", pipeline.index),
        reading=passages[0].readings[passages[0].best] if passages[0].readings else math.nan,
        missing=(float(bool(aspects)), float(bool(names))),
        evidence_rank=_evidence_rank(evidence, passages),
        facts_found=statistics.mean(found) if found else math.nan,
        first_sentence_answers=bool(chosen) and any(re.search(fact, chosen[0].text, re.IGNORECASE) for fact in facts),
    )


def _evidence_rank(evidence: list[dict[str, str]], passages: list[Passage]) -> int | None:
    for passage in passages:
        if any(one["document_id"] == passage.source.document_id and one["quote"] in passage.text for one in evidence):
            return passage.rank
    return None


def _fit(rows: list[Row]) -> None:
    """Fit and print: in turns, the passage that speaks for each question by the weights, and the weights by those passages."""
    from sklearn.model_selection import StratifiedKFold

    fitted = [row for row in rows if row.kind != "held"]
    weights, bias = fit(fitted)
    readings = [row.reading for row in fitted]
    none, every = np.polynomial.Polynomial.fit([row.covered for row in fitted], readings, 1)([0.0, 1.0])  # nan without a reader
    print("\nSIGNAL_WEIGHTS = (" + ", ".join(f"{weight:.2f}" for weight in weights[:-2]) + f")\nBIAS = {bias:.2f}")
    print(f"MISSING_ASPECT = {-weights[-2]:.2f}\nUNKNOWN_NAME = {-weights[-1]:.2f}")
    print(f"mean reading where none and where all of the query's words are held: {none:.2f}, {every:.2f}")
    crossed = np.zeros(len(fitted))
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    for train, held in folds.split(crossed, [f"{row.answerable}{row.kind}" for row in fitted]):
        fold_weights, fold_bias = fit([fitted[n] for n in train])
        crossed[held] = [_logit(fitted[n], fold_weights) + fold_bias for n in held]
    by_kind: dict[str, list[tuple[Row, float]]] = {
        f"cross-validated, {kind}": [(row, logit) for row, logit in zip(fitted, crossed, strict=True) if row.kind == kind]
        for kind in ("golden", "first", "fresh")
    }
    by_kind["held out"] = [(row, _logit(row, weights) + bias) for row in rows if row.kind == "held"]
    for name, judged in by_kind.items():
        print(f"\n{name}, {len(judged)} questions\nthreshold  unanswerable declined  answerable wrongly declined")
        labels = np.array([row.answerable for row, _ in judged])
        chances = 1 / (1 + np.exp(-np.array([logit for _, logit in judged])))
        for threshold in (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6):
            declined = chances < threshold
            print(f"{threshold:9.2f}  {declined[~labels].mean():21.3f}  {declined[labels].mean():27.3f}")


def fit(rows: list[Row]) -> tuple[np.ndarray, float]:
    """Return weights, one a signal and one for each thing that may be missing, and the bias.

    Answerable and unanswerable questions count alike, and so do fresh ones and the others.
    """
    from scipy.optimize import minimize

    labels = np.array([1.0 if row.answerable else -1.0 for row in rows])
    fresh = np.array([row.kind == "fresh" for row in rows])
    shares = np.zeros(len(rows))
    for group in (fresh, ~fresh):
        for side in (labels > 0, labels < 0):
            shares[group & side] = 0.25 / max(1, (group & side).sum())
    weights = np.array([*relevance.SIGNAL_WEIGHTS, -relevance.MISSING_ASPECT, -relevance.UNKNOWN_NAME])
    bounds = [(0.0, None) if way > 0 else (None, 0.0) if way < 0 else (None, None) for way in DIRECTIONS]
    bias = 0.0
    for _ in range(ROUNDS):
        best = np.stack([_speaking(row, weights) for row in rows])
        scale = best.std(axis=0) + 1e-6
        table = np.column_stack([best / scale, np.ones(len(rows))])

        def loss(values: np.ndarray, table: np.ndarray = table) -> tuple[float, np.ndarray]:
            margins = labels * (table @ values)
            penalty = np.append(values[:-1], 0.0)
            slope = -(shares * labels / (1 + np.exp(np.clip(margins, -60, 60)))) @ table
            return float(shares @ np.logaddexp(0, -margins)) + L2 * float(penalty @ penalty), slope + 2 * L2 * penalty

        found = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)]).x
        weights, bias = found[:-1] / scale, float(found[-1])
    return weights, bias


def _speaking(row: Row, weights: np.ndarray) -> np.ndarray:
    """Return the signals of the passage that speaks most for a question, and what is missing."""
    return np.append(row.signals[np.argmax(row.signals @ weights[:-2])], row.missing)


def _logit(row: Row, weights: np.ndarray) -> float:
    return float(_speaking(row, weights) @ weights)


def main() -> int:
    """Print retrieval, quotes and abstention figures, then the fit."""
    pipeline = build_pipeline(Settings(llm="none"))
    rows = measure(pipeline)
    answered = [row for row in rows if row.answerable and row.kind != "golden"]
    ranks = [row.evidence_rank for row in answered]
    print(f"{len(answered)} answerable questions")
    for k in (1, 5, 10):
        print(f"evidence in the top {k}: {statistics.mean(rank is not None and rank <= k for rank in ranks):.3f}")
    print(f"MRR: {statistics.mean(1 / rank if rank else 0.0 for rank in ranks):.3f}")
    with_facts = [row for row in answered if not math.isnan(row.facts_found)]
    print(f"facts found in the verbatim answer: {statistics.mean(row.facts_found for row in with_facts):.3f}")
    print(f"first sentence holds a fact: {statistics.mean(row.first_sentence_answers for row in with_facts):.3f}")
    for row in rows:
        if (row.chance >= pipeline.settings.relevance_threshold) != row.answerable:
            kind = "wrongly declined" if row.answerable else "wrongly answered"
            print(f"  {kind} ({row.chance:.2f}): {row.question[:110]}")
        elif "-v" in sys.argv and row.facts_found < 1:
            print(f"  facts missing (rank {row.evidence_rank}): {row.question[:110]}")
    _fit(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
