"""Golden questions and claims -> rows: each question asked, each claim judged, each row scored. Also writes and reads run files.

A row holds what a later look needs: the answer with its passages, the facts found and lost, every value. Answers and scores are cached by all
that decides on them (`evals/provenance.py`). Averages are in `evals/scorecard.py`.
"""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.claims import Claim, load_claims
from evals.columns import columns_of, facts_found, is_right
from evals.measures import Measure, measures, score_row
from evals.provenance import provenance
from evals.questions import PLANTED_DIR, GoldenQuestion, QuestionsError, evidence_chunks
from evals.settings import product_settings
from evals.store import Store
from rag.build import build_index, load_language_model
from rag.errors import RagError
from rag.library import load_library
from rag.load import load_corpus
from rag.pipeline import Pipeline, build_pipeline
from rag.schema import Chunk, Document

Row = dict[str, Any]
Progress = Callable[[Iterable[Any], str], Iterable[Any]]


@dataclass(slots=True)
class Run:
    """All rows of an evaluation with their provenance; `made` is UTC, ISO 8601."""

    provenance: dict[str, Any]
    questions: list[Row]
    claims: list[Row] = field(default_factory=list)
    made: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def write(self, path: Path) -> None:
        """Write the run as JSON lines, its provenance first."""
        path.parent.mkdir(parents=True, exist_ok=True)
        head = {"type": "run", "made": self.made, "provenance": self.provenance}
        lines = [head, *({"type": "question", **row} for row in self.questions), *({"type": "claim", **row} for row in self.claims)]
        partial = path.with_suffix(".part")
        partial.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        partial.replace(path)


def read_run(path: Path) -> Run:
    """Read a run file.

    Raises:
        QuestionsError: it cannot be read, or is no run file.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        head = lines[0]
        return Run(
            provenance=head["provenance"],
            made=head["made"],
            questions=[line for line in lines[1:] if line["type"] == "question"],
            claims=[line for line in lines[1:] if line["type"] == "claim"],
        )
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise QuestionsError(
            f"{str(path)!r} is no run of the evaluations ({exc}); give a file of evals/runs/ or evals/baseline.json."
        ) from exc


@dataclass(slots=True)
class Bench:
    """What questions are asked of: a pipeline over the corpus, one over the corpus with the hostile documents, and the texts of both."""

    plain: Pipeline
    planted: Pipeline
    documents: dict[str, Document]
    planted_documents: dict[str, Document]
    warm: bool = False

    def warm_up(self) -> None:
        """Load the embedder before the first answer is timed; never called when every answer comes from the cache."""
        if not self.warm:
            self.plain.embedder.encode_query("bone metastasis")
            self.warm = True

    def pipeline_for(self, question: GoldenQuestion) -> Pipeline:
        """Return the pipeline that a question is asked of."""
        return self.planted if question.planted else self.plain


def open_bench(work_dir: Path, *, llm: str = "none") -> Bench:
    """Bring both indexes up to date and open them; with a language model unless `llm` is "none".

    Raises:
        RagError: the corpus, the index or the model cannot be used.
    """
    settings = product_settings(work_dir, llm=llm)
    planted_settings = product_settings(work_dir, library=PLANTED_DIR, llm=llm)
    build_index(settings)
    if not planted_settings.index_dir.exists():  # its vectors are those of the corpus and a few more: taken over, not computed again
        shutil.copytree(settings.index_dir, planted_settings.index_dir)
    plain = build_pipeline(settings)
    build_index(planted_settings, embedder=plain.embedder)
    planted = build_pipeline(planted_settings, embedder=plain.embedder)
    if llm != "none":
        model, notice = load_language_model(settings)
        if model is None:
            raise RagError(notice or "no language model is configured; set RAG_LLM or run 'python -m rag models pull'.")
        plain.attach(model)
        planted.attach(model)
    documents = {document.source.document_id: document for document in load_corpus(settings.corpus_dir)}
    added = {document.source.document_id: document for document in load_library(PLANTED_DIR).documents}
    return Bench(plain, planted, documents, documents | added)


def evaluate(
    bench: Bench, questions: Sequence[GoldenQuestion], *, engine: str, store: Store, progress: Progress, with_claims: bool = True
) -> Run:
    """Ask every question, judge every claim, score each.

    Args:
        bench: The opened pipelines.
        questions: Golden questions.
        engine: "quotes", "select" or "compose".
        store: The cache.
        progress: Wraps an iterable to show progress; gets its name.
        with_claims: Whether the check of worded sentences is examined, too.

    Returns:
        The rows; where the evidence of a question is gone from the corpus, its row has a failure "evidence".
    """
    chosen = measures(bench.plain.embedder)
    origin = provenance(bench.plain, engine=engine)
    chunks = {chunk.chunk_id: chunk for chunk in bench.plain.index.chunks(bench.plain.index.chunk_ids)}
    chunks_of: dict[str, list[Chunk]] = {}
    for chunk in chunks.values():
        chunks_of.setdefault(chunk.document_id, []).append(chunk)
    rows = []
    for question in progress(questions, engine):
        needs, gone = evidence_chunks(question, bench.documents, chunks_of)
        texts = {key: chunks[key].text for need in needs for key in need}
        row = _question_row(question, needs, texts, bench, engine, chosen, store, origin)
        rows.append(row | {"failures": {**row["failures"], "evidence": "; ".join(gone)}} if gone else row)
    claims = _claim_rows(bench, chosen, store, origin, progress) if with_claims else []
    return Run(origin, rows, claims)


def _question_row(
    question: GoldenQuestion,
    needs: list[set[str]],
    texts: dict[str, str],
    bench: Bench,
    engine: str,
    chosen: Sequence[Measure],
    store: Store,
    origin: dict[str, Any],
) -> Row:
    pipeline = bench.pipeline_for(question)
    asked = question.model_dump(mode="json", include={"question", "history", "audience"})
    answer_key = ("answer", asked, {**origin, "fingerprints": {**origin["fingerprints"], **pipeline.fingerprints, "evals": None}})
    row_key = ("row", question.model_dump(mode="json"), answer_key, origin["fingerprints"]["evals"])
    cached: Row | None = store.get(*row_key)
    if cached is not None:
        return cached | {"cached": True}
    answer = store.get(*answer_key)
    if answer is None:
        bench.warm_up()
        answer = _ask(pipeline, question, engine)
        store.put(answer, *answer_key)
    documents = bench.planted_documents if question.planted else bench.documents
    columns = columns_of(question, answer, needs, texts, {key: document.text for key, document in documents.items()})
    values, failures = asyncio.run(score_row(columns, chosen))
    relevant = set().union(*needs) if needs else set()
    row: Row = {
        "id": question.id,
        "split": question.split,
        "category": question.category,
        "critical": question.critical,
        "question": question.question,
        "expected": {"status": question.status, "alerts": list(question.alerts), "reference": question.reference},
        "right": is_right(question, answer),
        "facts": facts_found(question, answer),
        "forbidden": [fact.fact for fact, said in zip(question.forbidden, columns["forbidden_found"], strict=True) if said],
        "evidence_rank": next((passage["rank"] for passage in answer["passages"] if passage["chunk_id"] in relevant), None),
        "relevance": max((passage["relevance"] for passage in answer["passages"]), default=None),
        "values": values,
        "failures": failures,
        "answer": answer,
    }
    store.put(row, *row_key)
    return row | {"cached": False}


def _ask(pipeline: Pipeline, question: GoldenQuestion, engine: str) -> dict[str, Any]:
    """Return the answer as JSON; a question that is refused becomes an abstention that says why."""
    try:
        history = [message.model_dump() for message in question.history]
        return pipeline.answer(question.question, history, audience=question.audience, engine=engine).to_dict(answer_id=question.id)
    except RagError as exc:
        empty: dict[str, Any] = {"sentences": [], "citations": [], "passages": [], "alerts": [], "timings_ms": {}, "fingerprints": {}}
        return {"id": question.id, "question": question.question, "query": "", "status": "error", "answer": str(exc), **empty}


def _claim_rows(bench: Bench, chosen: Sequence[Measure], store: Store, origin: dict[str, Any], progress: Progress) -> list[Row]:
    """Let the check judge every claim against the passages that the product would retrieve for the true sentence."""
    base = {**origin, "engine": None, "model": None}
    passages_of: dict[tuple[str, ...], Any] = {}
    rows = []
    for claim in progress(load_claims(bench.documents), "claims"):
        key = ("claim", claim.sentence, list(claim.quotes), claim.true, claim.kind, claim.split, claim.claim_id, base)
        row: Row | None = store.get(*key)
        if row is None:
            if claim.quotes not in passages_of:
                query = " ".join(claim.quotes)[: bench.plain.settings.max_question_chars]
                passages_of[claim.quotes] = bench.plain.search(query)
            row = _judged(claim, bench.plain.verify(claim.sentence, passages_of[claim.quotes]), chosen)
            store.put(row, *key)
        rows.append(row)
    return rows


def _judged(claim: Claim, verdict: Any, chosen: Sequence[Measure]) -> Row:
    refused = not verdict.supported
    column = "verbatim_claim_refused" if claim.kind == "verbatim" else "true_claim_refused" if claim.true else "false_claim_refused"
    columns = {column: refused}
    values, failures = asyncio.run(score_row(columns, chosen))
    return {
        "id": claim.claim_id,
        "split": claim.split,
        "category": claim.kind,
        "maker": "machine" if "/" in claim.claim_id else "hand",
        "true": claim.true,
        "sentence": claim.sentence,
        "quotes": list(claim.quotes),
        "right": refused != claim.true,
        "support": round(verdict.support, 4),
        "reason": verdict.reason,
        "values": values,
        "failures": failures,
    }
