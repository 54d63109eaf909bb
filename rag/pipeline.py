"""The corridor: settings -> index, settings -> Pipeline, question -> Answers. The one place that knows the order of the rooms.

`Pipeline.stream` yields each Answer as it gets better: quotes first, then what the language model makes of them, checked. Every step is a plain
call; read it from top to bottom.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag import cite, condense, guard, mend, quotes, relevance, retrieve, safety, scope, verify, worded
from rag.build import make_embedder, open_live_index
from rag.embed import Embedder
from rag.emergencies import find_emergencies
from rag.errors import LanguageModelError, QuestionError
from rag.index import VectorIndex
from rag.instructions import without_markup
from rag.llm import LanguageModel
from rag.prompts import prompts_fingerprint
from rag.reader import open_reader
from rag.schema import AUDIENCES, KINDS, Answer, Passage, Verdict
from rag.sentences import rank_sentences
from rag.settings import Settings

ALERT_SHARE, FILTER_SHARE = 0.01, 0.1  # of the threshold, where there is an alert or the search is limited
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


def build_pipeline(settings: Settings, *, embedder: Embedder | None = None) -> "Pipeline":
    """Open the index and put the rooms together, without a language model; `Pipeline.attach` adds one.

    Raises:
        VectorIndexError: there is no index, or it was built with other settings.
    """
    embedder = embedder or make_embedder(settings)
    return Pipeline(settings, open_live_index(settings, embedder), embedder)


class Pipeline:
    """Answers questions. Safe to use from several threads; the language model may be attached later."""

    def __init__(self, settings: Settings, index: VectorIndex, embedder: Embedder, language_model: LanguageModel | None = None) -> None:
        self.settings = settings
        self.index = index
        self.embedder = embedder
        self.reader = open_reader(embedder.revision)
        self.check = verify.checker(embedder)
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
        return self.check(sentence, passages)

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
        clock = worded.Clock()
        asked = guard.check_question(question, self.settings.max_question_chars)
        messages = guard.check_history(history)
        documents = self._documents(filters or Filters())
        engine, notice = self._engine(engine, audience)
        alerts = find_emergencies(asked, encode=self.embedder.encode_query, revision=self.embedder.revision)
        if help_first := safety.crisis_message(asked):
            yield cite.build_refusal(asked, help_first, alerts=alerts, fingerprints=self.fingerprints, timings_ms=clock.readings())
            return
        query = mend.mend_names(condense.condense(without_markup(asked), messages), self.index)
        passages = self._retrieve(query, k, documents)
        clock.stop("retrieve")
        frame = cite.Frame(asked, query, tuple(passages), alerts, self.fingerprints, safety.personal_notice(asked))
        aspects, names = self.lacks(query, passages)
        chance = relevance.chance_of_answer(
            [passage.relevance for passage in passages], missing_aspect=bool(aspects), unknown_name=bool(names)
        )
        # Whoever tells of an emergency, or asks what one body says, is better served by what is near than by a refusal.
        eased = min(ALERT_SHARE if alerts else 1.0, FILTER_SHARE if documents is not None else 1.0)
        enough = self.settings.relevance_threshold * eased
        if not passages or chance < enough:
            yield cite.build_abstention(frame, missing=aspects or names, covered=COVERED, timings_ms=clock.readings())
            return
        ranked = rank_sentences(query, passages, rarity=self.index.rarity)
        chosen = quotes.choose_sentences(query, ranked, max_sentences=self.settings.max_sentences)
        clock.stop("quotes")
        verbatim = cite.build_answer(frame, quotes.draft(chosen, passages), engine="quotes", notice=notice, timings_ms=clock.readings())
        if engine == "quotes" or self.language_model is None or (stop and stop.is_set()):
            yield verbatim
            return
        work = worded.Work(
            frame, ranked, chosen, self.language_model, clock, audience, stop or threading.Event(), self.settings, self.check
        )
        try:
            yield from worded.word(work, engine, verbatim)
        except LanguageModelError as exc:
            notice = frame.notice(f"Shown are verbatim quotations: {exc}")
            yield replace(verbatim, notice=notice, timings_ms=clock.readings())

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
            reader=self.reader,
            document_ids=documents,
        )

    def lacks(self, query: str, passages: Sequence[Passage]) -> tuple[list[str], list[str]]:
        """Return what the query asks for and the passages do not speak of; and names in it that the whole library does not know."""
        bare = self.embedder.count_tokens("")  # special tokens
        names = scope.unknown_names(query, known=self.index.known_stems, pieces=lambda word: self.embedder.count_tokens(word) - bare)
        return scope.unanswered_aspects(query, scope.evidence_of(passages)), names

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


def _settings_fingerprint(settings: Settings) -> str:
    """Hash what changes an answer: not where things lie, not secrets, not the page."""
    left_out = {
        "corpus_dir",
        "index_dir",
        "models_dir",
        "feedback_db",
        "host",
        "port",
        "mcp",
        "report",
        "llm_api_key",
        "llm_base_url",
        "llm_timeout_s",
        "llm_retries",
        "llm_threads",
    }
    return hashlib.sha256(settings.model_dump_json(exclude=left_out).encode()).hexdigest()[:16]
