"""Settings -> what a pipeline is made of: the embedder, an index that is up to date, a language model. Answers nothing.

Everything that takes seconds or minutes stands here: nothing is built or loaded while a question waits.
"""

import time
from collections.abc import Callable

from rag import generate, llm, local_llm, models
from rag.attached import load_questions, questions_fingerprint
from rag.chunk import split_document
from rag.embed import Embedder, SentenceTransformerEmbedder
from rag.errors import LanguageModelError, ModelFileError
from rag.index import Fingerprint, VectorIndex, corpus_fingerprint, is_current, open_index
from rag.index_write import BuildReport, write_index
from rag.library import library_fingerprint, load_library
from rag.llm import LanguageModel
from rag.load import load_corpus
from rag.settings import Settings


def make_embedder(settings: Settings) -> SentenceTransformerEmbedder:
    """Return the embedder that the settings name, not yet loaded."""
    name = settings.embedding_model
    adapter = models.adapter_path(name, settings.embedding_adapter)
    return SentenceTransformerEmbedder(name, models.embedder_path(name), models.embedder_revision(name, adapter), adapter)


def build_index(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    rebuild: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> BuildReport:
    """Bring the index up to date with the corpus and the person's library; does nothing when it is.

    Args:
        settings: All settings.
        embedder: Another embedder than the settings name.
        rebuild: Embed everything anew.
        progress: Called with ("reading" or "embedding", done, to do).

    Raises:
        CorpusError: the corpus is missing, empty or breaks the schema; the old index still serves.
        VectorIndexError: the index folder cannot be written.
    """
    embedder = embedder or make_embedder(settings)
    began = time.perf_counter()
    documents = load_corpus(settings.corpus_dir)
    corpus = corpus_fingerprint(documents, library_fingerprint(settings.library_dir), questions_fingerprint(settings.corpus_dir))
    fingerprint = Fingerprint(embedder.name, embedder.revision, settings.chunk_tokens, corpus)
    if not rebuild and is_current(settings.index_dir, fingerprint):
        live = open_live_index(settings, embedder)
        seconds = time.perf_counter() - began
        return BuildReport(len(live.sources), live.n_chunks, live.n_sentences, live.n_questions, 0, 0, 0, live.skipped, False, seconds)
    library = load_library(settings.library_dir, progress=_stage(progress, "reading"))
    documents += library.documents
    limit = min(settings.chunk_tokens, embedder.max_tokens)
    chunks = [chunk for document in documents for chunk in split_document(document, max_tokens=limit, count_tokens=embedder.count_tokens)]
    return write_index(
        settings.index_dir,
        documents,
        chunks,
        fingerprint,
        encode=embedder.encode_documents,
        encode_sentences=embedder.encode_sentences,
        questions=load_questions(settings.corpus_dir),
        skipped=library.skipped,
        progress=_stage(progress, "embedding"),
        rebuild=rebuild,
    )


def open_live_index(settings: Settings, embedder: Embedder) -> VectorIndex:
    """Return the live index, opened with what the settings ask for.

    Raises:
        VectorIndexError: there is none, or it was built with other settings.
    """
    return open_index(settings.index_dir, embedding_model=embedder.name, revision=embedder.revision, chunk_tokens=settings.chunk_tokens)


def load_language_model(settings: Settings, *, say: Callable[[str], None] | None = None) -> tuple[LanguageModel | None, str | None]:
    """Return the language model that the settings ask for, and a notice when there is none although one was to be expected.

    A local model is started here, which takes some seconds.

    Raises:
        SettingsError: `RAG_LLM` names no known model.
        ModelFileError: `RAG_LLM=local`, and the model's file is missing or damaged.
    """
    if settings.llm == "none" or settings.engine == "quotes":
        return None, None
    if settings.llm_base_url or settings.llm not in {"auto", "local"}:
        key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
        return llm.remote_model(
            settings.llm,
            base_url=settings.llm_base_url,
            api_key=key,
            timeout_s=settings.llm_timeout_s,
            retries=settings.llm_retries,
            max_tokens=settings.llm_max_tokens,
        ), None
    try:
        path = models.language_model_path(settings.local_model, settings.models_dir)
        if path is None:
            raise ModelFileError(f"no local language model in {settings.models_dir}; run 'python -m rag models pull'.")
        if say:
            say(f"Loading the local language model {path.name} ...")
        server = local_llm.start_server(
            path, threads=settings.llm_threads, context_tokens=settings.llm_context_tokens, log_path=settings.models_dir / "llama.log"
        )
        name = models.LANGUAGE_MODELS[settings.local_model].name
        model = llm.local_model(server.base_url, name, server=server, timeout_s=settings.llm_timeout_s, max_tokens=settings.llm_max_tokens)
        generate.warm_up(model)
        return model, None
    except (ModelFileError, LanguageModelError) as exc:
        if settings.llm == "local":
            raise
        return None, f"Answers are verbatim quotations: {exc}"


def _stage(progress: Callable[[str, int, int], None] | None, stage: str) -> Callable[[int, int], None] | None:
    return (lambda done, to_do: progress(stage, done, to_do)) if progress else None
