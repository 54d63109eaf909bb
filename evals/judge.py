"""RAGAS's judged metrics: a language model reads answers and passages and says how good they are. First the judge itself is judged.

On demand only: a hosted judge costs money, the local one minutes an answer. A judge that tells fewer than 80 of 100 planted good answers from bad
ones is reported as not trustworthy. Abstentions are counted apart; a metric that fails or gives NaN is counted, never averaged.
"""

import asyncio
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from evals.columns import plain_text
from evals.measures import RagasEmbedding
from evals.metrics import Metric
from evals.questions import GoldenQuestion
from evals.run import Progress, Row, evaluate, open_bench
from evals.sample import stratified_sample
from evals.settings import EvalSettings
from evals.store import Store
from rag.errors import ModelFileError, SettingsError
from rag.settings import load_settings

PAIRS_FILE = Path(__file__).parent / "judge_pairs.jsonl"
TRUSTWORTHY = 0.8  # share of planted pairs below which the judge's scores are marked
LOCAL_CONTEXT_TOKENS = 8192  # RAGAS's prompts carry examples of some 1,500 tokens, and the passages come on top


class Pair(BaseModel):
    """A question with passages, an answer that they support and one that they do not; `flaw` says where the bad one is wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    question: str
    passages: tuple[str, ...] = Field(min_length=1)
    reference: str
    good: str
    bad: str
    flaw: str


@dataclass(frozen=True, slots=True)
class Judge:
    """The model that scores, behind RAGAS's interface; `server` keeps a local one alive."""

    name: str
    llm: Any
    server: object = None


def load_pairs(path: Path = PAIRS_FILE) -> list[Pair]:
    """Return the planted pairs."""
    return [Pair.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def judge_all(settings: EvalSettings, questions: Sequence[GoldenQuestion], *, progress: Progress) -> dict[str, Any]:
    """Judge the judge, then a stratified sample of answers; return what the report shows.

    Raises:
        RagError: the judge, the corpus or the model that answers cannot be used.
    """
    product = load_settings()
    bench = open_bench(settings.work_dir, llm="none" if settings.judge_engine == "quotes" else product.llm)
    sample = stratified_sample(questions, settings.judge_sample)
    store = Store(settings.runs_dir / "cache")
    run = evaluate(bench, sample, engine=settings.judge_engine, store=store, progress=progress, with_claims=False)
    embeddings = RagasEmbedding(bench.plain.embedder)
    judge = open_judge(settings, product.models_dir, product.local_model)
    pairs = load_pairs()[: settings.judge_pairs]
    answered = [row for row in run.questions if row["answer"]["status"] == "answered"]

    async def work() -> dict[str, Any]:
        metrics: dict[str, Metric] = {
            name: Remembered(metric, store, judge.name) for name, metric in _metrics(judge.llm, embeddings).items()
        }
        accuracy, wrong, failed = await judge_the_judge(pairs, metrics["faithfulness"], progress=progress)
        return {
            "judge": judge.name,
            "engine": settings.judge_engine,
            "pairs": len(pairs),
            "accuracy": accuracy,
            "trustworthy": accuracy >= TRUSTWORTHY,
            "pairs_wrong": wrong,
            "pairs_failed": failed,
            "questions": len(sample),
            "abstentions": len(run.questions) - len(answered),
            "runs": settings.judge_runs,
            "metrics": await judge_answers(answered, metrics, runs=settings.judge_runs, progress=progress),
        }

    return asyncio.run(work())


def open_judge(settings: EvalSettings, models_dir: Path, local_model: str) -> Judge:
    """Return the judge that the settings name.

    Raises:
        SettingsError: the name is neither "local" nor "openai:NAME".
        ModelFileError: the local model is not there.
    """
    from openai import AsyncOpenAI
    from ragas.llms import llm_factory

    from rag import local_llm, models

    server: object = None
    base_url: str | None
    key: str | None
    if settings.judge == "local":
        path = models.language_model_path(local_model, models_dir)
        if path is None:
            raise ModelFileError(f"no local language model in {models_dir}; run 'python -m rag models pull'.")
        server = local_llm.start_server(path, threads=0, context_tokens=LOCAL_CONTEXT_TOKENS, log_path=models_dir / "judge.log")
        name = models.LANGUAGE_MODELS[local_model].name
        base_url, key = server.base_url, "local"
    else:
        provider, _, name = settings.judge.partition(":")
        if provider != "openai" or not name:
            raise SettingsError(
                f"EVALS_JUDGE is {settings.judge!r}; expected local or openai:NAME (with EVALS_JUDGE_BASE_URL for another server)."
            )
        base_url = settings.judge_base_url or None  # a CI variable that is not set comes as ""
        key = (settings.judge_api_key.get_secret_value() if settings.judge_api_key else "") or None
        if key is None and base_url:
            key = "not-needed"
    try:
        client = AsyncOpenAI(base_url=base_url, api_key=key, timeout=settings.judge_timeout_s, max_retries=1)
    except Exception as exc:  # the library's own error for a missing key
        raise SettingsError(f"EVALS_JUDGE={settings.judge}: {exc} (set EVALS_JUDGE_API_KEY or OPENAI_API_KEY).") from exc
    return Judge(name, llm_factory(name, provider="openai", client=client, max_tokens=2048), server)


async def judge_the_judge(pairs: Sequence[Pair], faithfulness: Metric, *, progress: Progress) -> tuple[float, list[str], list[str]]:
    """Return the share of pairs whose good answer got the higher faithfulness, and the ids judged wrongly and not at all.

    A tie is wrong: a judge that gives everything 1.0 knows nothing. A pair that could not be scored is wrong, too, and named apart.
    """
    wrong, failed = [], []
    for pair in progress(pairs, "judge of the judge"):
        scores = [
            await _score(faithfulness, 0, user_input=pair.question, response=answer, retrieved_contexts=list(pair.passages))
            for answer in (pair.good, pair.bad)
        ]
        if any(math.isnan(score) for score in scores):
            failed.append(pair.id)
        elif scores[0] <= scores[1]:
            wrong.append(pair.id)
    return round(1 - (len(wrong) + len(failed)) / len(pairs), 4), wrong, failed


async def judge_answers(rows: Sequence[Row], metrics: dict[str, Metric], *, runs: int, progress: Progress) -> dict[str, Any]:
    """Score answered rows with each metric several times.

    Returns:
        By metric: mean over the runs' means, spread (largest less smallest run mean), number of scores, failures.
    """
    taken: dict[str, list[list[float]]] = {name: [[] for _ in range(runs)] for name in metrics}
    for at in range(runs):
        for row in progress(rows, f"judged run {at + 1}"):
            inputs = {
                "user_input": row["question"],
                "response": plain_text(row["answer"]["answer"]),
                "reference": row["expected"]["reference"],
                "retrieved_contexts": [passage["text"] for passage in row["answer"]["passages"]],
            }
            for name, metric in metrics.items():
                taken[name][at].append(await _score(metric, at, **{key: inputs[key] for key in INPUTS[name]}))
    return {name: _summary(scores) for name, scores in taken.items()}


INPUTS = {
    "faithfulness": ("user_input", "response", "retrieved_contexts"),
    "answer_relevancy": ("user_input", "response"),
    "context_precision": ("user_input", "reference", "retrieved_contexts"),
    "context_recall": ("user_input", "reference", "retrieved_contexts"),
    "factual_correctness": ("response", "reference"),
}


def _metrics(llm: Any, embeddings: RagasEmbedding) -> dict[str, Metric]:
    from ragas.metrics.collections import AnswerRelevancy, ContextPrecision, ContextRecall, FactualCorrectness, Faithfulness

    return {
        "faithfulness": Faithfulness(llm=llm),
        "answer_relevancy": AnswerRelevancy(llm=llm, embeddings=embeddings),
        "context_precision": ContextPrecision(llm=llm),
        "context_recall": ContextRecall(llm=llm),
        "factual_correctness": FactualCorrectness(llm=llm),
    }


class Remembered:
    """A judged metric whose scores are kept by judge, inputs and turn: a run that was cut off goes on where it stopped. Failures are not kept."""

    def __init__(self, metric: Metric, store: Store, judge: str) -> None:
        self.name = metric.name
        self._metric = metric
        self._store = store
        self._judge = judge
        self.turn = 0  # which of the repeated runs is on

    async def ascore(self, **inputs: Any) -> Any:
        """Return the kept result, or ask the judge."""
        from ragas.metrics.result import MetricResult

        key = ("judged", self._judge, self.name, self.turn, inputs)
        value = self._store.get(*key)
        if value is None:
            value = (await self._metric.ascore(**inputs)).value
            if value is not None and not math.isnan(value):
                self._store.put(float(value), *key)
        return MetricResult(value=value)


async def _score(metric: Metric, turn: int, **inputs: Any) -> float:
    """Return a metric's value, NaN for whatever keeps it from having one."""
    if isinstance(metric, Remembered):
        metric.turn = turn
    try:
        value = (await metric.ascore(**inputs)).value
    except Exception:  # a judge may fail in any way: the failure is counted
        return math.nan
    return math.nan if value is None else float(value)


def _summary(runs: Sequence[Sequence[float]]) -> dict[str, Any]:
    means = [statistics.mean(good) for scores in runs if (good := [score for score in scores if not math.isnan(score)])]
    every = [score for scores in runs for score in scores]
    failures = sum(math.isnan(score) for score in every)
    return {
        "mean": round(statistics.mean(means), 4) if means else 0.0,
        "spread": round(max(means) - min(means), 4) if means else 0.0,
        "n": len(every) - failures,
        "failures": failures,
    }
