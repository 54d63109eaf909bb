"""Fakes that go through the real interfaces: a hashing embedder, a scripted chat model, a toy corpus. Nothing here patches product code."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda

from rag.llm import LanguageModel
from rag.text import content_stems


class HashingEmbedder:
    """Bag of stems, each hashed to one of 512 places: texts are near exactly as far as they share words."""

    name = "hashing"
    revision = "1"
    max_tokens = 256

    def __init__(self) -> None:
        self.encoded: list[str] = []  # texts of documents, in the order in which they were encoded

    def encode_documents(self, texts: list[str]) -> np.ndarray:
        self.encoded.extend(texts)
        return np.stack([self._vector(text) for text in texts]) if texts else np.zeros((0, 512), dtype=np.float32)

    def encode_query(self, query: str) -> np.ndarray:
        return self._vector(query)

    def encode_sentences(self, sentences: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        return self.encode_documents(sentences), [self._tokens(sentence) for sentence in sentences]

    def encode_query_tokens(self, query: str, synonyms: str = "") -> tuple[np.ndarray, np.ndarray]:
        return self.encode_query(f"{query} {synonyms}"), self._tokens(query)

    def _tokens(self, text: str) -> np.ndarray:
        words = content_stems(text)
        return np.stack([self._vector(word) for word in words]) if words else np.zeros((0, 512), dtype=np.float32)

    def count_tokens(self, text: str) -> int:
        return len(text.split()) + 2

    def _vector(self, text: str) -> np.ndarray:
        vector = np.zeros(512, dtype=np.float32)
        for stem in content_stems(text):
            vector[int(hashlib.sha256(stem.encode()).hexdigest(), 16) % 512] += 1.0
        length = float(np.linalg.norm(vector))
        return vector / length if length else vector


class ScriptedChat(BaseChatModel):
    """A LangChain chat model that gives its replies in order and keeps the prompts it was asked; an exception in the script is raised."""

    replies: list[Any]
    prompts: list[str] = []  # noqa: RUF012 - pydantic copies it for each model

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _next(self, messages: list[BaseMessage]) -> str:
        self.prompts.append("\n".join(str(message.content) for message in messages))
        reply = self.replies.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        return reply if isinstance(reply, str) else json.dumps(reply)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._next(messages)))])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        reply = self._next(messages)
        for at in range(0, len(reply), 7):  # pieces that end in the middle of words
            yield ChatGenerationChunk(message=AIMessageChunk(reply[at : at + 7]))

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self | RunnableLambda(lambda message: json.loads(message.content))


def scripted_model(*replies: Any, is_local: bool = True) -> LanguageModel:
    """Return a language model that gives these replies in order: text for compose, {"lines", "lead"} for select, an exception to fail."""
    return LanguageModel(chat=ScriptedChat(replies=list(replies)), name="scripted", is_local=is_local)


TOY_DOCUMENTS = {
    "guideline/alpha.md": (
        {"id": "alpha-2023", "title": "Alpha guideline on cord compression", "publisher": "NICE", "jurisdiction": "uk", "kind": "guideline", "year": 2023},
        "# Alpha guideline\n\n## How fast must an MRI be done?\n\n"
        "Alpha (2023) says that MRI for suspected cord compression should be done within 24 hours. "
        "Alpha (2023) says that whole-spine MRI for spinal metastases without neurological signs should be done within 1 week.\n\n"
        "## Which steroid is given?\n\n- Dexamethasone 16 mg by mouth is offered for cord compression with neurological signs, says Alpha (2023).\n",
    ),
    "guideline/beta.md": (
        {"id": "beta-2020", "title": "Beta guideline on denosumab", "publisher": "ASCO", "jurisdiction": "us", "kind": "guideline", "year": 2020},
        "# Beta guideline\n\n## Is denosumab recommended?\n\n"
        "Beta (2020) recommends denosumab 120 mg every 4 weeks for bone metastases from breast cancer. "
        "Beta (2020) does not recommend denosumab for bone metastases from prostate cancer.\n",
    ),
    "label/zoledronic.md": (
        {"id": "zoledronic-label", "title": "Zoledronic acid label", "publisher": "US FDA label", "jurisdiction": "us", "kind": "label", "year": None},
        "# Zoledronic acid label\n\n## What is the dose by creatinine clearance?\n\n"
        "| Creatinine clearance | Dose of zoledronic acid |\n| --- | --- |\n| 50–60 mL/min | 3.5 mg |\n| 40–49 mL/min | 3.3 mg |\n\n"
        "- At a creatinine clearance of 50 to 60 mL/min the dose of zoledronic acid is 3.5 mg.\n"
        "- At a creatinine clearance of 40 to 49 mL/min the dose of zoledronic acid is 3.3 mg.\n",
    ),
    "score/sins.md": (
        {"id": "sins", "title": "Spinal Instability Neoplastic Score (SINS)", "publisher": "SOSG", "jurisdiction": "international", "kind": "score", "year": 2010},
        "# SINS\n\n## What does the total mean?\n\nA SINS total of 7 or more is the signal for a surgical opinion. A SINS total of 0 to 6 is stable.\n",
    ),
    "review/hypercalcaemia.md": (
        {"id": "hypercalcaemia", "title": "Hypercalcaemia of malignancy", "publisher": "Reviews", "jurisdiction": "international", "kind": "review", "year": 2021},
        "# Hypercalcaemia\n\n## What are its symptoms?\n\nHypercalcaemia causes thirst, constipation and confusion. "
        "Calcitonin lowers calcium within 6 hours.\n",
    ),
    "article/article.md": (
        {"id": "article", "title": "Bone metastasis article", "publisher": "Source article", "jurisdiction": "international", "kind": "article", "year": None},
        "# Bone metastasis\n\n## Which cancers spread to bone?\n\nBreast, prostate and lung cancers spread to bone most often. "
        "This pattern guides diagnosis.\n",
    ),
}  # fmt: skip


def front_matter(**fields: Any) -> str:
    """Return front matter with the required fields filled in; a field given as `...` is left out."""
    complete: dict[str, Any] = {
        "id": "doc", "title": "A title", "publisher": "A body", "jurisdiction": "uk", "kind": "guideline", "year": 2020, "status": "current",
        "superseded_by": None, "url": "https://example.org/doc", "doi": None, "rights": "Own words", "checked": "primary", "reviewed": "2026-01-01",
    } | fields  # fmt: skip
    lines = [f"{name}: {json.dumps(value)}" for name, value in complete.items() if value is not ...]
    return "---\n" + "\n".join(lines) + "\n---\n\n"


def write_toy_corpus(folder: Path) -> Path:
    """Write the six toy documents; return the folder."""
    for name, (fields, body) in TOY_DOCUMENTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(front_matter(**fields) + body, encoding="utf-8")
    return folder
