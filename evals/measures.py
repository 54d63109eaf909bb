"""Every metric with the columns it reads, the direction that is better and its words in a report: ours, and RAGAS's own that need no model.

`score_row` is the one runner for all of them. Averages are taken in `evals/scorecard.py`.
"""

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")  # before ragas is imported: it calls home otherwise

import numpy as np
from ragas import SingleTurnSample
from ragas.embeddings.base import BaseRagasEmbedding
from ragas.metrics.collections import SemanticSimilarity
from ragas.metrics.result import MetricResult

with warnings.catch_warnings():  # these three have no successor in ragas.metrics.collections 0.4.3, whatever the warning says
    warnings.simplefilter("ignore", DeprecationWarning)
    from ragas.metrics import IDBasedContextPrecision, IDBasedContextRecall, NonLLMContextRecall

from evals import metrics
from evals.metrics import Metric
from rag.embed import Embedder

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric with the columns it reads. It applies to a row that has all of them; None means that a row has not."""

    metric: Metric
    columns: tuple[str, ...]
    better: Better
    meaning: str

    @property
    def name(self) -> str:
        """The metric's name in runs, thresholds and reports."""
        return self.metric.name


class _BySample:
    """A RAGAS metric of the older kind behind the newer call."""

    def __init__(self, metric: Any, **renamed: str) -> None:
        self.name: str = metric.name
        self._metric = metric
        self._renamed = renamed

    async def ascore(self, **columns: Any) -> Any:
        sample = SingleTurnSample(**{self._renamed[name]: value for name, value in columns.items()})
        return MetricResult(value=float(await self._metric.single_turn_ascore(sample)))


class _BestAlternative:
    """RAGAS's NonLLMContextRecall for each need: of its alternatives, the best found counts."""

    name = "non_llm_context_recall"

    def __init__(self) -> None:
        self._metric = NonLLMContextRecall()

    async def ascore(self, **columns: Any) -> Any:
        contexts, reference_contexts = columns["contexts"], columns["reference_contexts"]
        found = []
        for alternatives in reference_contexts:
            samples = [SingleTurnSample(retrieved_contexts=contexts, reference_contexts=[text]) for text in alternatives]
            found.append(max([float(await self._metric.single_turn_ascore(sample)) for sample in samples], default=0.0))
        return MetricResult(value=sum(found) / len(found))


class RagasEmbedding(BaseRagasEmbedding):  # type: ignore[misc]  # ragas ships no types that mypy reads
    """The product's own embedder behind RAGAS's interface; one text at a time, so that a batch never changes a number."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self._embedder = embedder

    def embed_text(self, text: str, **_: Any) -> list[float]:
        """Return the unit vector of a text."""
        vector: np.ndarray = self._embedder.encode_documents([text])[0]
        return [float(value) for value in vector]

    async def aembed_text(self, text: str, **_: Any) -> list[float]:
        """Return the unit vector of a text."""
        return self.embed_text(text)


def measures(embedder: Embedder) -> list[Measure]:
    """Return every measure, in the order of the report."""
    by_id = {"ranking": "retrieved_context_ids", "relevant_there": "reference_context_ids"}
    return [
        Measure(metrics.hit_at_1, ("ranking", "relevant"), "higher", "evidence is the first passage"),
        Measure(metrics.recall_at_5, ("ranking", "needs"), "higher", "evidence is among the first 5 passages"),
        Measure(metrics.recall_at_10, ("ranking", "needs"), "higher", "evidence is among the first 10 passages"),
        Measure(metrics.mrr, ("ranking", "relevant"), "higher", "1 / rank of the first evidence"),
        Measure(metrics.ndcg_at_10, ("ranking", "relevant"), "higher", "nDCG of the first 10 passages"),
        Measure(_BySample(IDBasedContextPrecision(), **by_id), ("ranking", "relevant_there"), "higher", "RAGAS: passages that are evidence"),
        Measure(_BySample(IDBasedContextRecall(), **by_id), ("ranking", "relevant_there"), "higher", "RAGAS: evidence that was retrieved, every alternative counted"),
        Measure(_BestAlternative(), ("contexts", "reference_contexts"), "higher", "RAGAS: evidence whose text was retrieved, or one much like it"),
        Measure(metrics.fact_recall, ("facts_found",), "higher", "facts asked for that the answer holds"),
        Measure(metrics.full_answer, ("facts_found", "forbidden_found"), "higher", "answers with every fact and nothing forbidden"),
        Measure(metrics.first_sentence, ("first_sentence_answers",), "higher", "the first sentence holds the main fact"),
        Measure(SemanticSimilarity(embeddings=RagasEmbedding(embedder)), ("reference", "response"), "higher", "RAGAS: cosine similarity to the reference answer"),
        Measure(metrics.quoted_span_alignment, ("spans_aligned",), "higher", "quotes that stand in the corpus character for character"),
        Measure(metrics.cited_sentences, ("sentences_cited",), "higher", "shown sentences with a citation"),
        Measure(metrics.withheld_sentences, ("model_sentences_withheld",), "lower", "sentences of the model that the check withheld"),
        Measure(metrics.forbidden, ("forbidden_said",), "lower", "answers that say what they must not"),
        Measure(metrics.abstention_recall, ("unanswerable_declined",), "higher", "unanswerable questions declined"),
        Measure(metrics.abstention_precision, ("declined_is_right",), "higher", "declined questions that are unanswerable"),
        Measure(metrics.wrongly_declined, ("answerable_declined",), "lower", "answerable questions declined"),
        Measure(metrics.alert_recall, ("alerts_raised",), "higher", "alerts called for that were raised"),
        Measure(metrics.alert_false_alarm, ("alert_without_cause",), "lower", "questions with an alert they do not call for"),
        Measure(metrics.verifier_catch, ("false_claim_refused",), "higher", "false claims that the check refuses"),
        Measure(metrics.verifier_false_alarm, ("true_claim_refused",), "lower", "true rewordings that the check refuses"),
        Measure(metrics.verifier_verbatim_refused, ("verbatim_claim_refused",), "lower", "the corpus's own sentences that the check refuses"),
    ]  # fmt: skip


async def score_row(columns: Mapping[str, Any], chosen: Sequence[Measure]) -> tuple[dict[str, float], dict[str, str]]:
    """Score one row with each measure that applies to it.

    Args:
        columns: What is known of the row; a measure whose columns are missing or None does not apply.
        chosen: The measures.

    Returns:
        Values by measure name, rounded to 6 digits so that a float's last bits change no report; and, by measure name, why a measure that applies
        gave no number: counted in the report, never averaged away.
    """
    values: dict[str, float] = {}
    failures: dict[str, str] = {}
    for measure in chosen:
        given = {name: columns.get(name) for name in measure.columns}
        if any(value is None for value in given.values()):
            continue
        try:
            outcome = await measure.metric.ascore(**given)
        except Exception as exc:  # a metric of a library may raise anything; one row must not end the run
            failures[measure.name] = f"{type(exc).__name__}: {exc}"
            continue
        if outcome.value is None or math.isnan(outcome.value):
            failures[measure.name] = outcome.reason or "NaN"
        else:
            values[measure.name] = round(float(outcome.value), 6)
    return values, failures
