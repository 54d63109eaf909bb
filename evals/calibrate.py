"""Calibrate what decides on abstention, and measure retrieval and quotes, on `evals/calibration.jsonl`.

    python -m evals.calibrate

Fits the logistic weights of relevance and of what is missing, on answerable against unanswerable questions of that file and of the dev half of the
golden ones, ten-fold cross-validated, and prints the lines to put into `rag/relevance.py`. Changes nothing by itself.
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


@dataclass(frozen=True, slots=True)
class Row:
    """A question with what retrieval and quotes made of it."""

    question: str
    answerable: bool
    golden: bool  # of the dev half of the golden questions: only abstention is fitted on it
    chance: float  # of an answer, with the weights in force
    signals: np.ndarray  # (passages, signals): what relevance is computed from
    missing: tuple[float, float]  # an aspect, a name: 1 where it is missing
    evidence_rank: int | None  # rank of the first passage that holds an evidence quote, from 1; None when none does
    facts_found: float  # share of the facts that the verbatim answer holds
    first_sentence_answers: bool


def measure(pipeline: Pipeline) -> list[Row]:
    """Run retrieval and quotes on every question."""
    rows = []
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        rows.append(_row(pipeline, question["question"], question["status"] == "answered", question["evidence"], question["facts"]))
    for golden in load_questions():
        if golden.split == "dev" and golden.status != "any" and not golden.planted:
            history = [message.model_dump() for message in golden.history]
            query = condense.condense(without_markup(golden.question), history)
            rows.append(_row(pipeline, query, golden.status == "answered", [], [], golden=True))
    return rows


def _row(
    pipeline: Pipeline, query: str, answerable: bool, evidence: list[dict[str, str]], facts: list[str], *, golden: bool = False
) -> Row:
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
        golden=golden,
        chance=relevance.chance_of_answer(
            [passage.relevance for passage in passages], missing_aspect=bool(aspects), unknown_name=bool(names)
        ),
        signals=np.array([passage.signals for passage in passages]),
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
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    labels = np.array([row.answerable for row in rows])
    weights = np.array(relevance.SIGNAL_WEIGHTS)
    for _ in range(ROUNDS):
        best = np.stack([np.append(row.signals[np.argmax(row.signals @ weights)], row.missing) for row in rows])
        model = LogisticRegression(C=10.0, max_iter=2000, class_weight="balanced").fit(best, labels)
        weights = model.coef_[0][:-2]
    chance = cross_val_predict(model, best, labels, cv=10, method="predict_proba")[:, 1]
    gains = [row.signals[0][1] - row.signals[0][0] for row in rows if row.answerable]
    print("\nSIGNAL_WEIGHTS = (" + ", ".join(f"{weight:.2f}" for weight in weights) + f")  BIAS = {model.intercept_[0]:.2f}")
    print(
        f"MISSING_ASPECT = {-model.coef_[0][-2]:.2f}  UNKNOWN_NAME = {-model.coef_[0][-1]:.2f}  USUAL_GAIN = {statistics.mean(gains):.2f}"
    )
    print("threshold  unanswerable declined  answerable wrongly declined   (ten-fold cross-validation)")
    for threshold in (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6):
        declined = chance < threshold
        print(f"{threshold:9.2f}  {declined[~labels].mean():21.3f}  {declined[labels].mean():27.3f}")


def main() -> int:
    """Print retrieval, quotes and abstention figures, then the fit."""
    pipeline = build_pipeline(Settings(llm="none"))
    rows = measure(pipeline)
    answered = [row for row in rows if row.answerable and not row.golden]
    ranks = [row.evidence_rank for row in answered]
    print(f"{len(answered)} answerable questions")
    for k in (1, 5, 10):
        print(f"evidence in the top {k}: {statistics.mean(rank is not None and rank <= k for rank in ranks):.3f}")
    print(f"MRR: {statistics.mean(1 / rank if rank else 0.0 for rank in ranks):.3f}")
    print(f"facts found in the verbatim answer: {statistics.mean(row.facts_found for row in answered):.3f}")
    print(f"first sentence holds a fact: {statistics.mean(row.first_sentence_answers for row in answered):.3f}")
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
