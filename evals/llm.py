"""The sample of golden questions with a language model: quotes, select and compose side by side, on the same questions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from evals.measures import measures
from evals.questions import GoldenQuestion
from evals.report import score_rows
from evals.run import Progress, evaluate, open_bench
from evals.sample import stratified_sample
from evals.scorecard import from_json, latency, scorecard, to_json
from evals.settings import EvalSettings
from evals.store import Store
from rag.build import make_embedder
from rag.embed import Embedder
from rag.settings import load_settings


def sample_engines(
    settings: EvalSettings, questions: Sequence[GoldenQuestion], engines: Sequence[str], *, reading: bool, progress: Progress
) -> dict[str, Any]:
    """Ask the sample of each engine; keep a run file of each.

    Args:
        settings: The evaluations' settings.
        questions: All golden questions.
        engines: "quotes", "select", "compose".
        reading: Whether answers are taken from the cache.
        progress: Wraps an iterable to show progress.

    Returns:
        Model, number of questions, and by engine a scorecard and latencies, as JSON values.

    Raises:
        RagError: there is no language model.
    """
    wanted = load_settings().llm
    bench = open_bench(settings.work_dir, llm="local" if wanted in {"auto", "none"} else wanted)
    sample = stratified_sample(questions, settings.sample)
    store = Store(settings.runs_dir / "cache", reading=reading)
    cards, timings = {}, {}
    for engine in engines:
        run = evaluate(bench, sample, engine=engine, store=store, progress=progress, with_claims=False)
        run.write(settings.runs_dir / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{engine}.jsonl")
        cards[engine] = to_json(scorecard(run))
        timings[engine] = latency(run.questions, cached=True)
    model = bench.plain.language_model
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": model.name if model else None,
        "questions": len(sample),
        "scorecards": cards,
        "timings": timings,
    }


def print_sample(summary: dict[str, Any]) -> None:
    """Print the engines' scorecards side by side, and their time to the whole answer."""
    known = measures(_any_embedder())
    rows = {
        engine: {row.name: row.all for row in score_rows(from_json(card), None, known)} for engine, card in summary["scorecards"].items()
    }
    for name in dict.fromkeys(name for row in rows.values() for name in row):
        print(f"{name:32s} " + "  ".join(f"{engine} {row.get(name, '–')}" for engine, row in rows.items()))
    for engine, times in summary["timings"].items():
        if "total" in times:
            print(f"{engine}: median {times['total']['p50'] / 1000:.1f} s, p95 {times['total']['p95'] / 1000:.1f} s to the whole answer")


def _any_embedder() -> Embedder:
    return make_embedder(load_settings())
