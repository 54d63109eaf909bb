"""The corridor: settings -> index, settings -> Pipeline, question -> Answers. The one place that knows the order of the rooms.

`Pipeline.stream` yields each Answer as it gets better: quotes first, then what the language model makes of them, checked. Every step is a plain
call; read it from top to bottom.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag import cite, condense, generate, guard, llm, local_llm, models, quotes, retrieve, safety, scope, verify
from rag.chunk import split_document
from rag.embed import Embedder, RememberingEncoder, SentenceTransformerEmbedder
from rag.errors import LanguageModelError, ModelFileError, QuestionError, RagError
from rag.index import BuildReport, Fingerprint, VectorIndex, corpus_fingerprint, is_current, open_index, write_index
from rag.instructions import without_markup
from rag.library import library_fingerprint, load_library
from rag.llm import LanguageModel
from rag.load import load_corpus
from rag.prompts import prompts_fingerprint
from rag.schema import AUDIENCES, KINDS, Answer, DraftSentence, Passage, Verdict
from rag.sentences import RankedSentence, rank_sentences
from rag.settings import Settings

COVERED = (
    "bone metastases and their complications",
    "cord compression",
    "hypercalcaemia",
    "bone-targeted drugs",
    "radiotherapy",
    "imaging",
    "fracture and stability scores",
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is limited to; None is no limit. `publisher` matches any publisher that contains it, in any case."""

    kind: str | None = None
    publisher: str | None = None
    document_id: str | None = None


def make_embedder(settings: Settings) -> SentenceTransformerEmbedder:
    """Return the embedder that the settings name, not yet loaded."""
    name = settings.embedding_model
    return SentenceTransformerEmbedder(name, models.embedder_path(name), models.embedder_revision(name))


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
    corpus = corpus_fingerprint(documents, library_fingerprint(settings.library_dir))
    fingerprint = Fingerprint(embedder.name, embedder.revision, settings.chunk_tokens, corpus)
    if not rebuild and is_current(settings.index_dir, fingerprint):
        live = _open(settings, embedder)
        seconds = time.perf_counter() - began
        return BuildReport(len(live.sources), live.n_chunks, live.n_sentences, 0, 0, 0, live.skipped, False, seconds)
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
        skipped=library.skipped,
        progress=_stage(progress, "embedding"),
        rebuild=rebuild,
    )


def build_pipeline(settings: Settings, *, embedder: Embedder | None = None) -> "Pipeline":
    """Open the index and put the rooms together, without a language model; `Pipeline.attach` adds one.

    Raises:
        VectorIndexError: there is no index, or it was built with other settings.
    """
    embedder = embedder or make_embedder(settings)
    return Pipeline(settings, _open(settings, embedder), embedder)


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


class Pipeline:
    """Answers questions. Safe to use from several threads; the language model may be attached later."""

    def __init__(self, settings: Settings, index: VectorIndex, embedder: Embedder, language_model: LanguageModel | None = None) -> None:
        self.settings = settings
        self.index = index
        self.embedder = embedder
        self.encode = RememberingEncoder(embedder)  # for the check of worded sentences, each text but once
        self.language_model = language_model
        self.model_notice: str | None = None
        self.fingerprints = {
            "corpus": index.fingerprint.corpus,
            "index": index.fingerprint.digest(),
            "prompts": prompts_fingerprint(),
            "settings": _settings_fingerprint(settings),
        }

    def attach(self, language_model: LanguageModel | None, notice: str | None = None) -> None:
        """Use this language model from the next question on; `notice` says why there is none."""
        self.language_model, self.model_notice = language_model, notice

    def search(self, query: str, *, k: int | None = None, filters: Filters | None = None) -> list[Passage]:
        """Return the passages for a query, best first.

        Raises:
            QuestionError: the query or a filter cannot be used.
        """
        query = guard.check_question(query, self.settings.max_question_chars)
        return self._retrieve(query, k, self._documents(filters or Filters()))

    def verify(self, sentence: str, passages: Sequence[Passage]) -> Verdict:
        """Judge whether passages support a sentence."""
        return verify.verify(sentence, passages, encode=self.encode)

    def answer(self, question: str, history: object = None, **options: object) -> Answer:
        """Return the final answer; options as in `stream`."""
        answers = list(self.stream(question, history, **options))  # type: ignore[arg-type]
        return answers[-1]

    def stream(
        self,
        question: str,
        history: object = None,
        *,
        audience: str = "student",
        engine: str = "auto",
        k: int | None = None,
        filters: Filters | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[Answer]:
        """Yield the answer as it gets better: quotes, then the model's checked sentences. The last one is final.

        Args:
            question: What the person asked.
            history: Earlier messages as a list of {"role", "content"}.
            audience: "student" or "clinician"; changes how compose words things.
            engine: "auto", "quotes", "select" or "compose".
            k: Passages; None takes the settings' number.
            filters: Limits of the search.
            stop: When set, the model's work ends and what is shown so far is final.

        Raises:
            QuestionError: the question, history, audience, engine or a filter cannot be used.
        """
        clock = _Clock()
        asked = guard.check_question(question, self.settings.max_question_chars)
        messages = guard.check_history(history)
        documents = self._documents(filters or Filters())
        engine, notice = self._engine(engine, audience)
        alerts = guard.find_alerts(asked)
        if help_first := safety.crisis_message(asked):
            yield cite.build_refusal(asked, help_first, alerts=alerts, fingerprints=self.fingerprints, timings_ms=clock.readings())
            return
        query = retrieve.mend_names(condense.condense(without_markup(asked), messages), self.index)
        passages = self._retrieve(query, k, documents)
        clock.stop("retrieve")
        frame = cite.Frame(asked, query, tuple(passages), alerts, self.fingerprints, safety.personal_notice(asked))
        if (
            not passages
            or max(passage.relevance for passage in passages) < self.settings.relevance_threshold
            or self._lacks(query, passages)
        ):
            yield cite.build_abstention(frame, covered=COVERED, timings_ms=clock.readings())
            return
        ranked = rank_sentences(query, passages, rarity=self.index.rarity)
        chosen = quotes.choose_sentences(query, ranked, max_sentences=self.settings.max_sentences)
        clock.stop("quotes")
        verbatim = cite.build_answer(frame, quotes.draft(chosen, passages), engine="quotes", notice=notice, timings_ms=clock.readings())
        yield verbatim
        if engine == "quotes" or self.language_model is None or (stop and stop.is_set()):
            return
        work = _Work(frame, ranked, chosen, self.language_model, clock, audience, stop or threading.Event())
        try:
            yield from self._select(work) if engine == "select" else self._compose(work)
        except LanguageModelError as exc:
            notice = frame.notice(f"Shown are verbatim quotations: {exc}")
            yield replace(verbatim, notice=notice, timings_ms=clock.readings())

    def _select(self, work: "_Work") -> Iterator[Answer]:
        """The verbatim answer in the order that the model chose, with its lead before it when that passes the check."""
        offered = quotes.candidates(work.ranked, max_sentences=self.settings.select_candidates, max_chars=self.settings.select_chars)
        selection = generate.select(work.frame.query, [sentence.text for sentence in offered], work.model)
        work.clock.stop("generate")
        if work.stop.is_set():
            return  # the quotes that are shown stay
        picked = [offered[place] for place in selection.chosen]
        merged = quotes.merge(picked, work.chosen)
        sentences = quotes.draft(merged, work.frame.passages)
        if selection.lead and picked:
            verdict = verify.verify(selection.lead, work.frame.passages, encode=self.encode)
            work.clock.stop("verify")
            sentences = quotes.lead_first(DraftSentence(selection.lead, "model", verdict), sentences)
        yield self._answer(work, sentences, "select", None)

    def _compose(self, work: "_Work") -> Iterator[Answer]:
        """Sentences as they pass the check; quotes again when fewer than half of them do."""
        drafted: list[DraftSentence] = []
        offered = work.frame.passages[: self.settings.compose_passages]
        for sentence in generate.compose(work.frame.query, offered, work.model, audience=work.audience):
            work.clock.stop("generate")
            if work.stop.is_set():
                break
            verdict = verify.verify(sentence, work.frame.passages, encode=self.encode)
            work.clock.stop("verify")
            drafted.append(DraftSentence(sentence, "model", verdict))
            if verdict.supported:
                yield self._answer(work, drafted, "compose", None)
        work.clock.stop("generate")
        shown = [sentence for sentence in drafted if sentence.verdict.supported]
        if work.stop.is_set() and not shown:
            return  # the quotes that are shown stay
        if 2 * len(shown) >= len(drafted) > 0:
            yield self._answer(work, drafted, "compose", None)
            return
        withheld = [sentence for sentence in drafted if not sentence.verdict.supported]
        notice = (
            f"Shown are verbatim quotations: {len(withheld)} of {len(drafted)} sentences of the model had no support in the passages."
            if drafted
            else "Shown are verbatim quotations: the model found no answer in the passages."
        )
        yield self._answer(work, [*quotes.draft(work.chosen, work.frame.passages), *withheld], "quotes", notice)

    def _answer(self, work: "_Work", sentences: Sequence[DraftSentence], engine: str, notice: str | None) -> Answer:
        timings = work.clock.readings()
        return cite.build_answer(work.frame, sentences, engine=engine, model=work.model.name, notice=notice, timings_ms=timings)

    def _retrieve(self, query: str, k: int | None, documents: list[str] | None) -> list[Passage]:
        settings = self.settings
        return retrieve.retrieve(
            query,
            index=self.index,
            embedder=self.embedder,
            k=k or settings.k,
            dense_weight=settings.dense_weight,
            bm25_weight=settings.bm25_weight,
            fusion_offset=settings.fusion_offset,
            document_ids=documents,
        )

    def _lacks(self, query: str, passages: Sequence[Passage]) -> list[str]:
        """What the query asks for and the passages or the whole library do not hold; empty where nothing is missing."""
        missing = scope.unanswered_aspects(query, scope.evidence_of(passages))
        bare = self.embedder.count_tokens("")  # special tokens
        return missing or scope.unknown_names(
            query, known=self.index.known_stems, pieces=lambda word: self.embedder.count_tokens(word) - bare
        )

    def _engine(self, engine: str, audience: str) -> tuple[str, str | None]:
        """Return the engine that will answer and, when it is not the one asked for, why."""
        if audience not in AUDIENCES:
            raise QuestionError(f"audience {audience!r} is unknown; expected one of {', '.join(AUDIENCES)}.")
        if engine not in {"auto", "quotes", "select", "compose"}:
            raise QuestionError(f"engine {engine!r} is unknown; expected auto, quotes, select or compose.")
        wanted = self.settings.engine if engine == "auto" else engine
        if self.language_model is None:
            fallback = "Shown are verbatim quotations: no language model is running." if wanted in {"select", "compose"} else None
            return "quotes", self.model_notice or fallback
        if wanted == "auto":
            wanted = "select" if self.language_model.is_local else "compose"
        return wanted, None

    def _documents(self, filters: Filters) -> list[str] | None:
        if filters.kind is not None and filters.kind not in KINDS:
            raise QuestionError(f"kind {filters.kind!r} is unknown; expected one of {', '.join(KINDS)}.")
        if filters == Filters():
            return None
        wanted = (filters.publisher or "").casefold()
        sources = self.index.sources.values()
        if wanted and not any(wanted in source.publisher.casefold() for source in sources):
            known = ", ".join(sorted({source.publisher for source in sources}))
            raise QuestionError(f"publisher {filters.publisher!r} is not in the library; it has {known}.")
        return [
            source.document_id
            for source in sources
            if (filters.kind in {None, source.kind})
            and wanted in source.publisher.casefold()
            and (filters.document_id in {None, source.document_id})
        ]


@dataclass(frozen=True, slots=True)
class _Work:
    """What the model's part of one answer needs."""

    frame: cite.Frame
    ranked: Sequence[RankedSentence]
    chosen: Sequence[RankedSentence]
    model: LanguageModel
    clock: "_Clock"
    audience: str
    stop: threading.Event


@dataclass(slots=True)
class _Clock:
    """Milliseconds spent in each step since the last stop."""

    began: float = field(default_factory=time.perf_counter)
    last: float = field(default_factory=time.perf_counter)
    spent: dict[str, float] = field(default_factory=dict)

    def stop(self, step: str) -> None:
        now = time.perf_counter()
        self.spent[step] = self.spent.get(step, 0.0) + (now - self.last) * 1000
        self.last = now

    def readings(self) -> dict[str, float]:
        steps = {step: round(self.spent.get(step, 0.0), 1) for step in ("retrieve", "quotes", "generate", "verify")}
        return {**steps, "total": round((time.perf_counter() - self.began) * 1000, 1)}


def _stage(progress: Callable[[str, int, int], None] | None, stage: str) -> Callable[[int, int], None] | None:
    return (lambda done, to_do: progress(stage, done, to_do)) if progress else None


def _open(settings: Settings, embedder: Embedder) -> VectorIndex:
    return open_index(settings.index_dir, embedding_model=embedder.name, revision=embedder.revision, chunk_tokens=settings.chunk_tokens)


def _settings_fingerprint(settings: Settings) -> str:
    """Hash what changes an answer: not where things lie, not secrets, not the page."""
    left_out = {
        "corpus_dir",
        "index_dir",
        "models_dir",
        "host",
        "port",
        "llm_api_key",
        "llm_base_url",
        "llm_timeout_s",
        "llm_retries",
        "llm_threads",
    }
    return hashlib.sha256(settings.model_dump_json(exclude=left_out).encode()).hexdigest()[:16]


__all__ = ["Filters", "Pipeline", "RagError", "build_index", "build_pipeline", "load_language_model", "make_embedder"]
