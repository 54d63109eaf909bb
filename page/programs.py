"""The page for programs: `ask` and `search` under stable names, on Gradio's API page and, with RAG_MCP=1, as tools of an MCP server."""

from typing import Any, Literal

import gradio as gr

from page.backend import Backend
from rag.errors import RagError
from rag.lookup import best_sentences
from rag.pipeline import Filters
from rag.schema import passage_to_dict


def build_programs(backend: Backend) -> None:
    """Add both endpoints to the current `gr.Blocks`."""

    def ask(
        question: str,
        audience: Literal["student", "clinician"] = "student",
        engine: Literal["auto", "quotes", "select", "compose"] = "auto",
    ) -> dict[str, Any]:
        """Answer a question about bone metastasis from a library of guidelines, drug labels, scores and reviews, with a numbered citation for each sentence.

        Not medical advice. Declines ("status": "abstained") what the library does not hold; emergencies are named in "alerts".

        Args:
            question: A question in plain English, at most 2,000 characters.
            audience: For whom a capable model words the answer.
            engine: "quotes" for verbatim sentences in milliseconds; "auto" lets a language model improve them where one runs.
        """
        try:
            return backend.pipeline().answer(question, audience=audience, engine=engine).to_dict()
        except RagError as exc:
            raise gr.Error(str(exc)) from exc

    def search(query: str, k: int = 10, kind: str = "", publisher: str = "") -> list[dict[str, Any]]:
        """Find passages of the library on bone metastasis; each with its document, body, year, section, text and best sentence.

        Args:
            query: What is searched, in plain English.
            k: Passages wanted, 1 to 50.
            kind: article, guideline, label, score, trial, patient-information, review or other; empty for all.
            publisher: Part of an issuing body's name, such as NICE; empty for all.
        """
        if not 1 <= k <= 50:
            raise gr.Error(f"k is {k}; expected 1 to 50.")
        try:
            pipeline = backend.pipeline()
            passages = pipeline.search(query, k=k, filters=Filters(kind=kind or None, publisher=publisher or None))
        except RagError as exc:
            raise gr.Error(str(exc)) from exc
        hits = best_sentences(query, passages, rarity=pipeline.index.rarity)
        return [{**passage_to_dict(hit.passage), "sentence": hit.sentence} for hit in hits]

    gr.api(ask, api_name="ask", concurrency_limit=4)
    gr.api(search, api_name="search", concurrency_limit=4)
