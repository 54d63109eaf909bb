"""Metrics against hand calculations and against pytrec_eval, the reference implementation of TREC's measures."""

import asyncio
import math
import random
from typing import Any

import numpy as np
import pytest
import pytrec_eval

from evals import metrics
from evals.measures import Measure, RagasEmbedding, measures, score_row
from evals.metrics import recall_at
from tests.fakes import HashingEmbedder


def value(metric: Any, **columns: Any) -> float:
    return asyncio.run(metric.ascore(**columns)).value


def scored(**columns: Any) -> dict[str, float]:
    return asyncio.run(score_row(columns, measures(HashingEmbedder())))[0]


def test_retrieval_metrics_by_hand() -> None:
    ranking = ["x", "a", "y", "b"]
    assert value(metrics.hit_at_1, ranking=ranking, relevant=["a", "b"]) == 0.0
    assert value(metrics.hit_at_1, ranking=["a"], relevant=["a", "b"]) == 1.0
    assert value(metrics.mrr, ranking=ranking, relevant=["a", "b"]) == 0.5
    # gains at ranks 2 and 4: 1/log2(3) + 1/log2(5) = 0.63093 + 0.43068; ideal at ranks 1 and 2: 1 + 0.63093
    assert value(metrics.ndcg_at_10, ranking=ranking, relevant=["a", "b"]) == pytest.approx((0.63093 + 0.43068) / 1.63093, abs=1e-4)


def test_of_alternatives_one_is_enough_but_each_need_counts() -> None:
    needs = [["a", "c"], ["b"]]
    assert recall_at(["a", "x", "b"], needs, 2) == 0.5
    assert recall_at(["a", "x", "b"], needs, 3) == 1.0
    assert recall_at(["c", "a"], needs, 2) == 0.5
    with pytest.raises(ValueError, match="no need"):
        recall_at(["a"], [], 5)


@pytest.mark.parametrize("seed", range(25))
def test_retrieval_metrics_are_those_of_pytrec_eval(seed: int) -> None:
    generator = random.Random(seed)
    pool = [f"d{number}" for number in range(40)]
    ranking = generator.sample(pool, generator.randint(1, 10))
    relevant = generator.sample(pool, generator.randint(1, 6))
    judged = {"q": dict.fromkeys(relevant, 1)}
    run = {"q": {key: float(len(ranking) - rank) for rank, key in enumerate(ranking)}}
    names = {"recip_rank", "ndcg_cut_10", "recall_5", "recall_10", "success_1", "P_10"}
    wanted = pytrec_eval.RelevanceEvaluator(judged, names).evaluate(run)["q"]
    got = scored(ranking=ranking, relevant=relevant, relevant_there=relevant, needs=[[key] for key in relevant])
    assert got["mrr"] == pytest.approx(wanted["recip_rank"], abs=1e-6)
    assert got["ndcg_at_10"] == pytest.approx(wanted["ndcg_cut_10"], abs=1e-6)
    assert got["recall_at_5"] == pytest.approx(wanted["recall_5"], abs=1e-6)
    assert got["recall_at_10"] == pytest.approx(wanted["recall_10"], abs=1e-6)
    assert got["hit_at_1"] == wanted["success_1"]
    assert got["id_based_context_recall"] == pytest.approx(wanted["recall_10"], abs=1e-6)  # RAGAS's own says the same
    assert got["id_based_context_precision"] == pytest.approx(wanted["P_10"] * 10 / len(ranking), abs=1e-6)


@pytest.mark.parametrize(
    ("columns", "name", "wanted"),
    [
        ({"facts_found": [True, False, True], "forbidden_found": []}, "fact_recall", 2 / 3),
        ({"facts_found": [True, False, True], "forbidden_found": []}, "full_answer", 0.0),
        ({"facts_found": [True, True], "forbidden_found": [False]}, "full_answer", 1.0),
        ({"facts_found": [True, True], "forbidden_found": [False, True]}, "full_answer", 0.0),
        ({"forbidden_said": [False, True]}, "forbidden", 1.0),
        ({"forbidden_said": [False]}, "forbidden", 0.0),
        ({"spans_aligned": [True, True, False, True]}, "quoted_span_alignment", 0.75),
        ({"sentences_cited": [True, False]}, "cited_sentences", 0.5),
        ({"model_sentences_withheld": [True, False, False, False]}, "withheld_sentences", 0.25),
        ({"alerts_raised": [True, False]}, "alert_recall", 0.5),
        ({"unanswerable_declined": True}, "abstention_recall", 1.0),
        ({"answerable_declined": True}, "wrongly_declined", 1.0),
        ({"false_claim_refused": False}, "verifier_catch", 0.0),
        ({"true_claim_refused": True}, "verifier_false_alarm", 1.0),
    ],
)
def test_our_metrics_by_hand(columns: dict[str, Any], name: str, wanted: float) -> None:
    assert scored(**columns)[name] == pytest.approx(wanted, abs=1e-6)


def test_a_metric_applies_only_where_all_its_columns_are() -> None:
    assert scored(facts_found=[True], forbidden_found=None) == {"fact_recall": 1.0}
    assert scored(ranking=None, relevant=["a"]) == {}


def test_ragas_similarity_is_the_cosine_of_our_embedder() -> None:
    embedder = HashingEmbedder()
    texts = ["bone pain and radiotherapy", "radiotherapy for bone pain in the spine"]
    one, other = (np.asarray(embedder.encode_documents([text])[0]) for text in texts)
    wanted = float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
    assert scored(reference=texts[0], response=texts[1])["semantic_similarity"] == pytest.approx(wanted, abs=1e-5)
    assert RagasEmbedding(embedder).embed_text(texts[0]) == pytest.approx(one.tolist())


def test_context_recall_takes_the_best_alternative_of_each_need() -> None:
    contexts = ["An MRI is done within 24 hours.", "Something else entirely."]
    alternatives = [["An MRI is done within 24 hours.", "Radium is given monthly."], ["Bone scans are sensitive and not specific."]]
    assert scored(contexts=contexts, reference_contexts=alternatives)["non_llm_context_recall"] == 0.5


def test_a_failing_metric_is_counted_and_has_no_value() -> None:
    class Broken:
        name = "broken"

        async def ascore(self, **columns: Any) -> Any:
            raise RuntimeError("no")

    class NotANumber:
        name = "nan"

        async def ascore(self, **columns: Any) -> Any:
            from ragas.metrics.result import MetricResult

            return MetricResult(value=math.nan)

    chosen = [
        Measure(Broken(), ("a",), "higher", "x"),
        Measure(NotANumber(), ("a",), "higher", "x"),
        Measure(metrics.forbidden, ("forbidden_said",), "lower", "x"),
    ]
    values, failures = asyncio.run(score_row({"a": 1, "forbidden_said": [True]}, chosen))
    assert values == {"forbidden": 1.0}
    assert failures == {"broken": "RuntimeError: no", "nan": "NaN"}


def test_a_value_out_of_range_is_a_failure() -> None:
    from ragas.metrics import numeric_metric

    @numeric_metric(name="wild", allowed_values=(0.0, 1.0))
    def wild(a: int) -> float:
        return float(a)

    values, failures = asyncio.run(score_row({"a": 7}, [Measure(wild, ("a",), "higher", "x")]))
    assert values == {}
    assert "wild" in failures


def test_every_measure_has_a_name_of_its_own() -> None:
    names = [measure.name for measure in measures(HashingEmbedder())]
    assert len(names) == len(set(names))
