"""Retrieval of our product beside that of other projects: one corpus, one embedding model, one set of questions, one run.

    python -m evals.peer_bench

Peers are `evals/peers/`, set up as their own documentation does and run in an environment of their own; what counts as found is `peer_scores.py`.
Asked are the golden questions that have evidence and stand alone. Prints one table in Markdown, means only. A peer that cannot run is named, and the
others go on. Does not measure answers: peers retrieve here, and no language model is asked.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")

from evals.peer_env import PeersError, peers_python
from evals.peer_scores import FACT_CHARS, Row, is_asked, row_of
from evals.peers.exchange import PEERS, Outcome, Peer, Piece, Query, Searcher, Task, ask_all
from evals.questions import GoldenQuestion, load_questions
from evals.settings import load_eval_settings, product_settings
from rag.attached import FOLDER as QUESTIONS_FOLDER
from rag.build import build_index
from rag.errors import RagError
from rag.load import load_corpus
from rag.models import embedder_path
from rag.pipeline import Pipeline, build_pipeline
from rag.schema import Document
from rag.settings import PROJECT_DIR, Settings

K = 10  # length of every ranking: recall is taken at 5 and 10
PEER_TIMEOUT_S = 1800.0
HEADINGS = ("split", "system", "own k", "hit@1", "recall@own k", "recall@5", "recall@10", "MRR", *(f"facts in {budget:,}" for budget in FACT_CHARS),
            "chunks", "chars at 1", "chars in 5", "median ms", "p95 ms")  # fmt: skip


def task_of(documents: Sequence[Document], questions: Sequence[GoldenQuestion], model: str) -> Task:
    """Return what every peer is told: bodies without front matter, and questions as they were asked."""
    return {
        "model": model,
        "k": K,
        "documents": [{"id": document.source.document_id, "text": document.text[document.body_start :]} for document in documents],
        "questions": [{"id": question.id, "query": question.question} for question in questions],
    }


def ours(pipeline: Pipeline, questions: Sequence[Query], body_starts: Mapping[str, int]) -> Outcome:
    """Ask our own retrieval, in the same words and timed in the same way; a passage's place is counted from the start of the body, as for peers."""

    def search(query: str, k: int) -> list[Piece]:
        return [
            {
                "document_id": passage.source.document_id,
                "text": passage.text,
                "start": passage.start - body_starts[passage.source.document_id],
            }
            for passage in pipeline.search(query, k=k)
        ]

    chunks = pipeline.index.chunks(pipeline.index.chunk_ids)
    return ask_all(Searcher(search, [len(chunk.text) for chunk in chunks]), questions, K)


def ask_peer(peer: Peer, task: Task, python: Path) -> Outcome:
    """Run one peer in its own environment.

    Raises:
        PeersError: it ended with an error or took too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, got = Path(folder) / "task.json", Path(folder) / "outcome.json"
        given.write_text(json.dumps(task, ensure_ascii=False), encoding="utf-8")
        try:
            subprocess.run(
                [str(python), "-m", "evals.peers.run_peer", peer.name, str(given), str(got)],
                cwd=PROJECT_DIR,
                check=True,
                capture_output=True,
                text=True,
                timeout=PEER_TIMEOUT_S,
            )
            outcome: Outcome = json.loads(got.read_text(encoding="utf-8"))
        except subprocess.CalledProcessError as exc:
            raise PeersError(f"{peer.label} failed: {(exc.stderr.strip().splitlines() or ['no reason given'])[-1]}") from exc
        except (OSError, ValueError, subprocess.TimeoutExpired) as exc:
            raise PeersError(f"{peer.label} failed: {exc}") from exc
    return outcome


def ask_everyone(settings: Settings, task: Task, documents: Sequence[Document], peers_dir: Path) -> list[tuple[Peer, Outcome]]:
    """Ask our product and every peer that can be run, one after the other; say which cannot.

    Ours is asked twice: as it is, and with the official weights and without attached questions, which is what the peers have.
    """
    body_starts = {document.source.document_id: document.body_start for document in documents}
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "corpus"
        shutil.copytree(settings.corpus_dir, bare, ignore=shutil.ignore_patterns(QUESTIONS_FOLDER))
        given = {"embedding_adapter": "none", "corpus_dir": bare, "index_dir": Path(folder) / "index"}
        outcomes = []
        for label, own in (("Osseous", settings), ("Osseous, given no more than the others", settings.model_copy(update=given))):
            build_index(own)
            outcomes.append((Peer("osseous", label, own.k), ours(build_pipeline(own), task["questions"], body_starts)))
    try:
        python = peers_python(peers_dir)
    except PeersError as exc:
        print(f"No peers: their environment could not be made ({exc}).")
        return outcomes
    for peer in PEERS:
        try:
            outcomes.append((peer, ask_peer(peer, task, python)))
        except PeersError as exc:
            print(exc)
    return outcomes


def table(outcomes: Sequence[tuple[Peer, Outcome]], questions: Sequence[GoldenQuestion], texts: Mapping[str, str]) -> str:
    """Return the measures as a table in Markdown: a line for each split and system, with the splits that have a question."""
    lines = [f"| {' | '.join(HEADINGS)} |", "| --- | --- |" + " ---: |" * (len(HEADINGS) - 2)]
    for split in ("dev", "test", "all"):
        of_split = [question for question in questions if split in {"all", question.split}]
        if of_split:
            lines += [_line(split, peer, outcome, row_of(of_split, outcome, texts, k=peer.default_k)) for peer, outcome in outcomes]
    return "\n".join(lines)


def _line(split: str, peer: Peer, outcome: Outcome, row: Row) -> str:
    means = row.means
    shares = (means.hit_at_1, means.recall_at_k, means.recall_at_5, means.recall_at_10, means.mrr, means.facts_in_2000, means.facts_in_4000)
    sizes = (outcome["chunks"], means.chars_at_1, means.chars_at_5)
    cells = [
        f"{split} ({row.questions})",
        peer.label,
        str(peer.default_k),
        *(f"{share:.3f}" for share in shares),
        *(f"{size:,.0f}" for size in sizes),
        f"{row.median_ms:.1f}",
        f"{row.p95_ms:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Ask all, print the table."""
    try:
        evaluations = load_eval_settings()
        settings = product_settings(evaluations.work_dir)
        documents = load_corpus(settings.corpus_dir)
        everything = load_questions()
        asked = [question for question in everything if is_asked(question)]
        task = task_of(documents, asked, embedder_path(settings.embedding_model))
        outcomes = ask_everyone(settings, task, documents, evaluations.peers_dir)
    except RagError as exc:
        print(exc, file=sys.stderr)
        return 2
    texts = {text["id"]: text["text"] for text in task["documents"]}
    print(f"{len(asked)} of {len(everything)} golden questions: those with evidence, without history, not asked with planted documents.")
    print(table(outcomes, asked, texts))
    for peer, outcome in outcomes:
        if unplaced := row_of(asked, outcome, texts, k=K).means.unplaced:
            print(f"{peer.label}: {unplaced:.2f} pieces a question are not found in their document, and count as no evidence.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
