"""Is everything in place? Corpus, index, models and settings, each with what to do when it is not. Reads, changes nothing."""

from dataclasses import dataclass

from rag import models
from rag.attached import questions_fingerprint
from rag.errors import RagError
from rag.index import Fingerprint, corpus_fingerprint, is_current, open_index
from rag.library import library_fingerprint
from rag.llm import check_spec
from rag.load import load_corpus
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the installation. A part that is not `needed` may be missing: the product works without it, with less."""

    part: str
    ok: bool
    needed: bool
    message: str


def check_installation(settings: Settings) -> list[Finding]:
    """Return one finding a part, in the order in which parts depend on each other."""
    return [_corpus(settings), _embedder(settings), _index(settings), _language_model(settings)]


def _corpus(settings: Settings) -> Finding:
    try:
        documents = load_corpus(settings.corpus_dir)
    except RagError as exc:
        return Finding("corpus", False, True, str(exc))
    kinds = len({document.source.kind for document in documents})
    bodies = len({document.source.publisher for document in documents})
    return Finding("corpus", True, True, f"{len(documents)} documents of {bodies} publishers and {kinds} kinds in {settings.corpus_dir}")


def _embedder(settings: Settings) -> Finding:
    try:
        path = models.embedder_path(settings.embedding_model)
        revision = models.embedder_revision(settings.embedding_model)
        adapter = models.adapter_path(settings.embedding_model, settings.embedding_adapter)
    except RagError as exc:
        return Finding("embedding model", False, True, str(exc))
    if settings.embedding_model == models.PACKAGED_EMBEDDER and revision != models.PACKAGED_EMBEDDER_SHA256:
        return Finding("embedding model", False, True, f"the weights in {path} are not the official ones; run 'make install' anew.")
    return Finding(
        "embedding model",
        True,
        True,
        f"{settings.embedding_model} (revision {revision[:8]}{', adapter ' + adapter.name if adapter else ''})",
    )


def _index(settings: Settings) -> Finding:
    try:
        revision = models.embedder_revision(
            settings.embedding_model, models.adapter_path(settings.embedding_model, settings.embedding_adapter)
        )
        index = open_index(
            settings.index_dir, embedding_model=settings.embedding_model, revision=revision, chunk_tokens=settings.chunk_tokens
        )
        corpus = corpus_fingerprint(
            load_corpus(settings.corpus_dir), library_fingerprint(settings.library_dir), questions_fingerprint(settings.corpus_dir)
        )
        wanted = Fingerprint(settings.embedding_model, revision, settings.chunk_tokens, corpus)
    except RagError as exc:
        return Finding("index", False, True, str(exc))
    if not is_current(settings.index_dir, wanted):
        return Finding("index", False, True, "the corpus has changed since it was built; run 'python -m rag index'.")
    return Finding("index", True, True, f"{index.n_chunks} chunks, {index.n_sentences} sentences in {settings.index_dir}")


def _language_model(settings: Settings) -> Finding:
    if settings.llm == "none":
        return Finding("language model", True, False, "RAG_LLM=none: answers are verbatim quotations")
    if settings.llm_base_url or settings.llm not in {"auto", "local"}:
        try:
            check_spec(settings.llm, settings.llm_base_url)
        except RagError as exc:
            return Finding("language model", False, True, str(exc))
        return Finding("language model", True, False, f"{settings.llm} {settings.llm_base_url or ''}".strip() + " (not contacted)")
    needed = settings.llm == "local"
    try:
        path = models.language_model_path(settings.local_model, settings.models_dir)
    except RagError as exc:
        return Finding("language model", False, needed, str(exc))
    if path is None:
        return Finding("language model", False, needed, "no local model; answers are quotations until 'python -m rag models pull'.")
    return Finding("language model", True, needed, f"{path}")
