"""Fit the weights that passages and sentences are put in order by, on the calibration questions and the dev half of the golden ones.

    python -m evals.fit_order

Each candidate sentence has a value that is linear in the weights of `rag.sentences` and `rag.rerank`; its features are read off the product's own
code by setting one weight to 1 and all others to 0. Fitted is a listwise softmax: the probability mass of the sentences that prove the answer,
among all candidates of the question, with an L2 penalty. Prints the weights in units of the cosine's; they are put into the code by hand.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
from scipy.optimize import minimize

from evals.questions import load_questions
from evals.settings import load_eval_settings, product_settings
from rag import condense, rerank, retrieve, sentences
from rag.build import build_index
from rag.pipeline import Pipeline, build_pipeline
from rag.reader import Reader
from rag.schema import Passage

CALIBRATION_FILE = Path(__file__).parent / "calibration.jsonl"
OF_SENTENCES = ("LEXICAL_WEIGHT", "HEADING_WEIGHT", "WIDER_WEIGHT", "TOKEN_WEIGHT", "QUESTION_WEIGHT", "READING_WEIGHT", "ANY_FIGURE_BONUS", "RIGHT_UNIT_BONUS", "WRONG_UNIT_PENALTY",
                "HOLDS_VALUE_BONUS", "TIGHT_RANGE_BONUS", "MISSES_VALUE_PENALTY", "ROW_PENALTY", "ORPHAN_PENALTY", "ABOUT_DIGEST_PENALTY")  # fmt: skip
OF_PASSAGES = ("CHUNK_WEIGHT", "BM25_WEIGHT", "OWN_PENALTY", "OWN_CONTRAST_BONUS", "SUPERSEDED_PENALTY")
L2 = 0.01  # of weights for features of unit variance; chosen by eight-fold cross-validation
CANDIDATES = 20


@contextmanager
def _only(module: ModuleType, names: tuple[str, ...], chosen: str | None) -> Iterator[None]:
    """Set one weight of a module to 1 and its others to 0, for a while."""
    before = {name: getattr(module, name) for name in names}
    try:
        for name in names:
            setattr(module, name, float(name == chosen))
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def features(pipeline: Pipeline, query: str) -> tuple[list[str], list[str], np.ndarray]:
    """Return the candidate sentences of a query, their document ids, and their (n, 1 + weights) features, the cosine first."""
    columns = []
    with _only(sentences, OF_SENTENCES, None):
        for name in OF_PASSAGES:
            with _only(rerank, OF_PASSAGES, name):
                priors = {passage.chunk_id: passage.prior for passage in _candidates(pipeline, query)}
                columns.append(priors)
        with _only(rerank, OF_PASSAGES, None), _reading_all():
            passages = sorted(_candidates(pipeline, query, reader=pipeline.reader), key=lambda passage: passage.chunk_id)
    values: list[dict[str, float]] = []
    unit: str | None
    for unit in (None, *OF_SENTENCES):
        with _only(sentences, OF_SENTENCES, unit):
            ranked = sentences.rank_sentences(query, passages, rarity=pipeline.index.rarity)
            values.append({sentence.text: sentence.value for sentence in ranked})
            place = {sentence.text: sentence.passage for sentence in ranked}
    texts = sorted(place)
    cosine = np.array([values[0][text] for text in texts])
    rules = [np.array([one[text] for text in texts]) - cosine for one in values[1:]]
    whole = [np.array([priors[passages[place[text]].chunk_id] for text in texts]) for priors in columns]
    return texts, [passages[place[text]].source.document_id for text in texts], np.stack([cosine, *rules, *whole], axis=1)


@contextmanager
def _reading_all() -> Iterator[None]:
    """Let the reader read all candidate sentences, for a while: which come first depends on the weights that are fitted."""
    before, retrieve.READ = retrieve.READ, 1_000
    try:
        yield
    finally:
        retrieve.READ = before


def _candidates(pipeline: Pipeline, query: str, reader: Reader | None = None) -> list[Passage]:
    settings = pipeline.settings
    return retrieve.retrieve(
        query,
        index=pipeline.index,
        embedder=pipeline.embedder,
        k=CANDIDATES,
        candidates=CANDIDATES,
        dense_weight=settings.dense_weight,
        bm25_weight=settings.bm25_weight,
        fusion_offset=settings.fusion_offset,
        reader=reader,
    )


def labelled(pipeline: Pipeline) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (features, proves) of each question with a proving sentence among its candidates.

    A sentence that is no evidence but holds the main fact is left out: it may well be right.
    """
    cases = []
    for line in CALIBRATION_FILE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["status"] == "answered" and row.get("split") not in {"held", "spare"}:
            cases.append((row["question"], [(one["document_id"], one["quote"]) for one in row["evidence"]], row["facts"][0]))
    for question in load_questions():
        if question.split == "dev" and question.status == "answered" and not question.planted:
            query = condense.condense(question.question, [message.model_dump() for message in question.history])
            cases.append((query, [(one.document_id, one.quote) for one in question.evidence], question.facts[0].pattern))
    rows = []
    for query, evidence, fact in cases:
        texts, documents, table = features(pipeline, query)
        proves = np.array([_proves(text, document, evidence) for text, document in zip(texts, documents, strict=True)], bool)
        kept = proves | np.array([not re.search(fact, text, re.IGNORECASE) for text in texts], bool)
        if proves.any():
            rows.append((table[kept], proves[kept]))
    return rows


def _proves(text: str, document: str, evidence: list[tuple[str, str]]) -> bool:
    return any(document == other and (" ".join(quote.split()) in text or text in " ".join(quote.split())) for other, quote in evidence)


def fit(rows: list[tuple[np.ndarray, np.ndarray]], *, l2: float = L2) -> np.ndarray:
    """Return the weights, one a feature, that give the proving sentences the most of the softmax's mass."""
    scale = np.concatenate([table for table, _ in rows]).std(axis=0) + 1e-9

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros_like(weights)
        for table, proves in rows:
            scaled = table / scale
            odds = np.exp(scaled @ weights - (scaled @ weights).max())
            everything, right = odds / odds.sum(), odds * proves / (odds * proves).sum()
            total -= np.log((odds * proves).sum() / odds.sum())
            slope -= (right - everything) @ scaled
        return total / len(rows) + l2 * weights @ weights, slope / len(rows) + 2 * l2 * weights

    return np.asarray(minimize(loss, np.zeros(len(scale)), jac=True, method="L-BFGS-B").x / scale)


def main() -> None:
    """Print fitted and present weights."""
    settings = product_settings(load_eval_settings().work_dir)
    build_index(settings)
    rows = labelled(build_pipeline(settings))
    weights = fit(rows)
    print(f"{len(rows)} questions")
    for name, weight in zip(OF_SENTENCES + OF_PASSAGES, weights[1:] / weights[0], strict=True):
        module = sentences if name in OF_SENTENCES else rerank
        print(f"{name:24s} fitted {weight:6.2f}   in force {getattr(module, name):6.2f}")


if __name__ == "__main__":
    main()
