"""Calibrate what decides on abstention, and measure retrieval and quotes, on `evals/calibration.jsonl`.

    python -m evals.calibrate

Fits the logistic weights of relevance (cosine similarity, covered share and length of the question) on answerable against unanswerable questions, five-fold
cross-validated, and prints the lines to put into `rag/relevance.py`. Changes nothing by itself.
"""

import json
import math
import re
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag import quotes, relevance, retrieve
from rag.pipeline import Pipeline, build_pipeline
from rag.schema import Passage
from rag.sentences import rank_sentences
from rag.settings import Settings
from rag.text import content_stems

QUESTIONS = Path(__file__).parent / "calibration.jsonl"


@dataclass(frozen=True, slots=True)
class Row:
    """A calibration question with what retrieval and quotes made of it."""

    question: dict[str, Any]
    relevance: float  # of the best passage, with the weights in force
    features: tuple[float, float, float]  # best cosine, best coverage, ln(1 + words): what relevance is fitted on
    evidence_rank: int | None  # rank of the first passage that holds an evidence quote, from 1; None when none does
    facts_found: float  # share of the facts that the verbatim answer holds
    first_sentence_answers: bool


def measure(pipeline: Pipeline) -> list[Row]:
    """Run retrieval and quotes on every calibration question."""
    rows = []
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        passages = pipeline.search(question["question"])
        ranked = rank_sentences(question["question"], passages, rarity=pipeline.index.rarity)
        chosen = quotes.choose_sentences(question["question"], ranked, max_sentences=pipeline.settings.max_sentences)
        text = " ".join(sentence.text for sentence in chosen)
        found = [bool(re.search(fact, text, re.IGNORECASE)) for fact in question["facts"]]
        first = [bool(re.search(fact, chosen[0].text, re.IGNORECASE)) for fact in question["facts"]] if chosen else [False]
        rows.append(
            Row(
                question=question,
                relevance=max(passage.relevance for passage in passages),
                features=_features(pipeline, question["question"], passages),
                evidence_rank=_evidence_rank(question, passages),
                facts_found=statistics.mean(found) if found else math.nan,
                first_sentence_answers=any(first),
            )
        )
    return rows


def _evidence_rank(question: dict[str, Any], passages: list[Passage]) -> int | None:
    for passage in passages:
        for evidence in question["evidence"]:
            if evidence["document_id"] == passage.source.document_id and evidence["quote"] in passage.text:
                return passage.rank
    return None


def _features(pipeline: Pipeline, query: str, passages: list[Passage]) -> tuple[float, float, float]:
    mended = retrieve.mend_names(query, pipeline.index)
    covered = [
        relevance.coverage(mended, f"{passage.source.title}\n{passage.section}\n{passage.text}", pipeline.index) for passage in passages
    ]
    return max(max(passage.similarities) for passage in passages), max(covered), math.log1p(len(content_stems(mended)))


def _fit(rows: list[Row]) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    rows = [row for row in rows if row.relevance != relevance.ABSENT_SUBJECT_CAP]
    features = np.array([row.features for row in rows])
    labels = np.array([row.question["status"] == "answered" for row in rows])
    model = LogisticRegression(C=10.0)
    probability = cross_val_predict(model, features, labels, cv=5, method="predict_proba")[:, 1]
    model.fit(features, labels)
    (cosine, covered, length), bias = model.coef_[0], model.intercept_[0]
    print("\nfitted without the unanswerable questions whose subject no passage mentions:")
    print(f"COSINE = {cosine:.2f}  COVERAGE = {covered:.2f}  LENGTH = {length:.2f}  BIAS = {bias:.2f}")
    print("threshold  unanswerable declined  answerable wrongly declined   (five-fold cross-validation)")
    for threshold in (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6):
        declined = probability < threshold
        print(f"{threshold:9.2f}  {declined[~labels].mean():21.3f}  {declined[labels].mean():27.3f}")


def main() -> int:
    """Print retrieval, quotes and abstention figures, then the fit."""
    pipeline = build_pipeline(Settings(llm="none"))
    rows = measure(pipeline)
    answerable = [row for row in rows if row.question["status"] == "answered"]
    ranks = [row.evidence_rank for row in answerable]
    print(f"{len(answerable)} answerable, {len(rows) - len(answerable)} unanswerable questions")
    for k in (1, 5, 8):
        print(f"evidence in the top {k}: {statistics.mean(rank is not None and rank <= k for rank in ranks):.3f}")
    print(f"MRR: {statistics.mean(1 / rank if rank else 0.0 for rank in ranks):.3f}")
    print(f"facts found in the verbatim answer: {statistics.mean(row.facts_found for row in answerable):.3f}")
    print(f"first sentence holds a fact: {statistics.mean(row.first_sentence_answers for row in answerable):.3f}")
    threshold = pipeline.settings.relevance_threshold
    for row in rows:
        relevance = row.relevance
        if (relevance >= threshold) != (row.question["status"] == "answered"):
            kind = "wrongly declined" if row.question["status"] == "answered" else "wrongly answered"
            print(f"  {kind} ({relevance:.2f}): {row.question['question'][:110]}")
        elif "-v" in sys.argv and row.facts_found < 1:
            print(f"  facts missing (rank {row.evidence_rank}): {row.question['question'][:110]}")
    _fit(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
