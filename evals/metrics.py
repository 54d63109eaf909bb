"""Our own metrics of one answer or one claim, each made a RAGAS metric by RAGAS's decorator: a name, a range of 0 to 1, `ascore(**columns)`.

The columns come from `evals/columns.py`; which metric reads which column, and RAGAS's own metrics beside these, are in `evals/measures.py`.
"""

import math
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")  # before ragas is imported: it calls home otherwise

from ragas.metrics import numeric_metric


class Metric(Protocol):
    """What the runner needs of a RAGAS metric."""

    name: str

    async def ascore(self, **columns: Any) -> Any:
        """Return a RAGAS MetricResult."""


def share(name: str) -> Callable[[Callable[..., float]], Metric]:
    """Return RAGAS's decorator for a metric of 0 to 1; a value outside is a failure of the metric."""
    decorator: Callable[[Callable[..., float]], Metric] = numeric_metric(name=name, allowed_values=(0.0, 1.0))
    return decorator


# -- retrieval: of the passages that the answer was made from


@share("hit_at_1")
def hit_at_1(ranking: list[str], relevant: list[str]) -> float:
    """Whether the first passage is evidence."""
    return float(bool(ranking) and ranking[0] in relevant)


def recall_at(ranking: Sequence[str], needs: Sequence[Sequence[str]], k: int) -> float:
    """Return the share of needs with at least one of their chunks among the first k: of alternatives, one is enough; 0 to 1.

    Example: ["a", "x", "b"], [["a", "c"], ["b"]], k=2 -> 0.5

    Raises:
        ValueError: there is no need.
    """
    if not needs:
        raise ValueError("recall of no need is not defined")
    top = set(ranking[:k])
    return sum(bool(top & set(chunks)) for chunks in needs) / len(needs)


@share("recall_at_5")
def recall_at_5(ranking: list[str], needs: list[list[str]]) -> float:
    """Share of needs met by the first five passages."""
    return recall_at(ranking, needs, 5)


@share("recall_at_10")
def recall_at_10(ranking: list[str], needs: list[list[str]]) -> float:
    """Share of needs met by the first ten passages."""
    return recall_at(ranking, needs, 10)


@share("mrr")
def mrr(ranking: list[str], relevant: list[str]) -> float:
    """One over the rank of the first passage that is evidence; 0 where none is."""
    return next((1 / rank for rank, key in enumerate(ranking, start=1) if key in relevant), 0.0)


@share("ndcg_at_10")
def ndcg_at_10(ranking: list[str], relevant: list[str]) -> float:
    """Normalised discounted cumulative gain of the first ten, evidence counting 1 (Järvelin and Kekäläinen 2002, doi:10.1145/582415.582418)."""
    gain = sum(1 / math.log2(rank + 1) for rank, key in enumerate(ranking[:10], start=1) if key in relevant)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(10, len(set(relevant))) + 1))
    return gain / ideal if ideal else 0.0


# -- the answer


@share("fact_recall")
def fact_recall(facts_found: list[bool]) -> float:
    """Share of the facts asked for that the answer holds."""
    return sum(facts_found) / len(facts_found)


@share("full_answer")
def full_answer(facts_found: list[bool], forbidden_found: list[bool]) -> float:
    """Whether the answer holds every fact and nothing forbidden."""
    return float(all(facts_found) and not any(forbidden_found))


@share("first_sentence")
def first_sentence(first_sentence_answers: bool) -> float:
    """Whether the first sentence holds the main fact."""
    return float(first_sentence_answers)


@share("forbidden")
def forbidden(forbidden_said: list[bool]) -> float:
    """Whether the answer says something that it must not."""
    return float(any(forbidden_said))


@share("quoted_span_alignment")
def quoted_span_alignment(spans_aligned: list[bool]) -> float:
    """Share of quotes that stand in the corpus file, character for character, at the place the citation names."""
    return sum(spans_aligned) / len(spans_aligned)


@share("cited_sentences")
def cited_sentences(sentences_cited: list[bool]) -> float:
    """Share of shown sentences that carry a citation."""
    return sum(sentences_cited) / len(sentences_cited)


@share("withheld_sentences")
def withheld_sentences(model_sentences_withheld: list[bool]) -> float:
    """Share of the sentences a model worded that the check withheld."""
    return sum(model_sentences_withheld) / len(model_sentences_withheld)


# -- abstention and alerts


@share("abstention_recall")
def abstention_recall(unanswerable_declined: bool) -> float:
    """Whether a question that the library does not answer was declined."""
    return float(unanswerable_declined)


@share("wrongly_declined")
def wrongly_declined(answerable_declined: bool) -> float:
    """Whether a question that the library answers was declined."""
    return float(answerable_declined)


@share("abstention_precision")
def abstention_precision(declined_is_right: bool) -> float:
    """Of the declined questions: whether declining was right."""
    return float(declined_is_right)


@share("alert_recall")
def alert_recall(alerts_raised: list[bool]) -> float:
    """Share of the alerts a question calls for that were raised."""
    return sum(alerts_raised) / len(alerts_raised)


@share("alert_false_alarm")
def alert_false_alarm(alert_without_cause: bool) -> float:
    """Whether an alert was raised that the question does not call for."""
    return float(alert_without_cause)


# -- claims: what the check of worded sentences says of them


@share("verifier_catch")
def verifier_catch(false_claim_refused: bool) -> float:
    """Whether a false claim was refused."""
    return float(false_claim_refused)


@share("verifier_false_alarm")
def verifier_false_alarm(true_claim_refused: bool) -> float:
    """Whether a true claim was refused."""
    return float(true_claim_refused)


@share("verifier_verbatim_refused")
def verifier_verbatim_refused(verbatim_claim_refused: bool) -> float:
    """Whether a sentence that stands in the corpus word for word was refused."""
    return float(verbatim_claim_refused)
