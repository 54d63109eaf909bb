"""Speed on this machine: quotes and retrieval warm, the local model's select, the page (start, fifty people at once), the index build.

    python -m evals.bench

Prints medians and 95th percentiles. Machines differ and are shared: compare runs taken side by side, not with a number in a document.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from evals.bench_page import bench_browser, bench_load, bench_start
from evals.percentiles import percentile
from rag.alerts import find_alerts
from rag.build import build_index, load_language_model, make_embedder
from rag.chunk import split_document
from rag.load import load_corpus
from rag.models import language_model_path
from rag.pipeline import Pipeline, build_pipeline
from rag.settings import Settings

QUESTIONS = Path(__file__).parent / "calibration.jsonl"
EVERY = 4  # of the calibration questions one in so many is asked
SELECT_QUESTIONS = 12


def bench_quotes(pipeline: Pipeline, questions: list[str]) -> None:
    """Print the time to the first verified words, over questions after a warm-up."""
    for question in questions[:5]:
        pipeline.answer(question, engine="quotes")
    retrieval, total = [], []
    for question in questions:
        timings = pipeline.answer(question, engine="quotes").timings_ms
        retrieval.append(timings["retrieve"])
        total.append(timings["total"])
    _print("retrieval", retrieval)
    _print("quotes, whole answer", total)


def bench_alerts(questions: list[str]) -> None:
    """Print the time to look for emergencies in a question, before anything else runs."""
    find_alerts(questions[0])  # the table is read once
    _print("alerts", [1000 * _seconds(partial(find_alerts, question)) for question in questions])


def bench_select(pipeline: Pipeline, questions: list[str]) -> None:
    """Print the time to the local model's checked answer, over answerable questions."""
    total = [
        answer.timings_ms["total"] for question in questions if (answer := pipeline.answer(question, engine="select")).engine == "select"
    ]
    if total:
        _print("local model (select), whole answer", total)


def bench_index(settings: Settings) -> None:
    """Print the time of a whole index build over the raw encode time of the same texts, the latter taken before and after it."""
    embedder = make_embedder(settings)
    embedder.warm_up()
    limit = min(settings.chunk_tokens, embedder.max_tokens)
    chunks = [
        chunk
        for document in load_corpus(settings.corpus_dir)
        for chunk in split_document(document, max_tokens=limit, count_tokens=embedder.count_tokens)
    ]
    texts = [f"{chunk.header}\n{chunk.text}" for chunk in chunks]
    sentences = [chunk.text[span.start : span.end] for chunk in chunks for span in chunk.sentences]
    with tempfile.TemporaryDirectory() as folder:
        elsewhere = settings.model_copy(update={"index_dir": Path(folder) / "index", "library_dir": Path(folder) / "library"})
        before = _seconds(lambda: (embedder.encode_documents(texts), embedder.encode_documents(sentences)))
        build = _seconds(lambda: build_index(elsewhere, embedder=embedder))
        after = _seconds(lambda: (embedder.encode_documents(texts), embedder.encode_documents(sentences)))
        again = _seconds(lambda: build_index(elsewhere, embedder=embedder))
    raw = (before + after) / 2
    print(f"index build {build:.1f} s, raw encode of the same {len(texts) + len(sentences)} texts {raw:.1f} s: ratio {build / raw:.2f}")
    print(f"index again, nothing changed: {again:.2f} s")


def main() -> int:
    """Run all measurements."""
    settings = Settings()
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()][::EVERY]
    build_index(settings)
    pipeline = build_pipeline(settings)
    bench_alerts([row["question"] for row in rows])
    bench_quotes(pipeline, [row["question"] for row in rows])
    if language_model_path(settings.local_model, settings.models_dir) and settings.llm in {"auto", "local"}:
        pipeline.attach(*load_language_model(settings))
        answerable = [row["question"] for row in rows if row["status"] == "answered"]
        bench_select(pipeline, answerable[:: max(1, len(answerable) // SELECT_QUESTIONS)])
    bench_start()
    bench_browser()
    bench_load([row["question"] for row in rows])
    bench_index(settings)
    return 0


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _print(what: str, milliseconds: list[float]) -> None:
    median, high = statistics.median(milliseconds), percentile(milliseconds, 0.95)
    print(f"{what}: median {median:,.1f} ms, p95 {high:,.1f} ms ({len(milliseconds)} questions)")


if __name__ == "__main__":
    sys.exit(main())
