"""The pipeline behind the page while it comes up: first the index, then the language model, in a thread of its own. Knows no component."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from page.strings import say
from rag.build import build_index, load_language_model
from rag.errors import QuestionError, RagError
from rag.feedback import FeedbackStore
from rag.load import load_corpus
from rag.lookup import Section, read_document
from rag.pipeline import Pipeline, build_pipeline
from rag.schema import Document
from rag.settings import Settings

MAX_ASKING = 100  # people at once; each holds a thread, most of them waiting for the model
THREADS = 2 * MAX_ASKING
READY_TIMEOUT_S = 300.0  # building the index of a large library takes minutes; a person is told so meanwhile


class Backend:
    """Holds the pipeline, who may be stopped, and where feedback goes. Made once a server; a person's conversation is not here."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.feedback = FeedbackStore(settings.feedback_db)
        self._ready = threading.Event()
        self._pipeline: Pipeline | None = None
        self._problem = ""
        self._loading = say("status_loading")
        self._documents: dict[str, Document] = {}
        self._stops: dict[str, threading.Event] = {}

    def start(self) -> "Backend":
        """Begin to load in the background; return at once."""
        threading.Thread(target=self._load, name="loading", daemon=True).start()
        return self

    def pipeline(self) -> Pipeline:
        """Return the pipeline; wait for the index if need be.

        Raises:
            RagError: the index could not be opened or built.
        """
        self._ready.wait(READY_TIMEOUT_S)
        if self._pipeline is None:
            raise RagError(self._problem or say("error_loading"))
        return self._pipeline

    @property
    def is_open(self) -> bool:
        """Whether the library can be searched now, without waiting."""
        return self._pipeline is not None

    @property
    def is_loading(self) -> bool:
        """Whether the index or the language model is still on its way."""
        return bool(self._loading)

    def status(self) -> str:
        """Return one line: which engine and model answer, or what is being loaded."""
        if self._problem:
            return say("status_failed", problem=self._problem)
        if self._loading:
            return self._loading
        pipeline = self.pipeline()
        if pipeline.language_model is None:
            return pipeline.model_notice or say("status_quotes")
        return say("status_chosen" if pipeline.language_model.is_local else "status_worded", model=pipeline.language_model.name)

    def kinds(self) -> Counter[str]:
        """Return the number of documents of each kind."""
        return Counter(source.kind for source in self.pipeline().index.sources.values())

    def sections(self, document_id: str) -> list[Section]:
        """Return what there is to read of a document."""
        return read_document(self.pipeline().index, document_id, self._documents.get(document_id))

    @contextmanager
    def asking(self, session: str) -> Iterator[threading.Event]:
        """Give the event that stops what this session asks, for as long as it asks; what it asked before is stopped.

        Raises:
            QuestionError: too many people are asking.
        """
        self.stop(session)
        if len(self._stops) >= MAX_ASKING:
            raise QuestionError(say("error_queue_full"))
        event = self._stops[session] = threading.Event()
        try:
            yield event
        finally:
            if self._stops.get(session) is event:
                del self._stops[session]

    def stop(self, session: str) -> None:
        """Stop what a session asks, if it asks anything."""
        if event := self._stops.pop(session, None):
            event.set()

    def _load(self) -> None:
        try:
            build_index(self.settings)
            pipeline = build_pipeline(self.settings)
            pipeline.search("bone metastasis")  # loads the models and opens the index, so that the first question does not wait
            self._documents = {document.source.document_id: document for document in load_corpus(self.settings.corpus_dir)}
            self._pipeline = pipeline
            self._ready.set()
            self._loading = say("status_model_loading")
            pipeline.attach(*load_language_model(self.settings))
        except RagError as exc:
            self._problem = str(exc)
        except Exception as exc:  # whatever it is, the page must say so instead of waiting for ever
            self._problem = f"unexpected {type(exc).__name__} while loading; run 'python -m rag check'."
        finally:
            self._loading = ""
            self._ready.set()
