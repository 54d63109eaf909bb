"""The page: a question in, an Answer out, rendered. Gradio only: no retrieval, no prompt text, no model code.

    python app.py

The page is up first; the index and the language model load behind it, and a question that comes early waits for the index only.
"""

import html
import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")

import gradio as gr

from rag.build import build_index, load_language_model
from rag.cite import COUNTRY, escape_markdown
from rag.errors import RagError
from rag.pipeline import Pipeline, build_pipeline
from rag.schema import Answer, Citation, Passage
from rag.settings import Settings, load_settings

ASSETS = Path(__file__).parent / "assets"
READY_TIMEOUT_S = 300.0  # building the index of a large library takes minutes; a person is told so meanwhile
EXAMPLES = (
    "What dose of zoledronic acid at a creatinine clearance of 45?",
    "How fast must an MRI be done when cord compression is suspected?",
    "Which cancers most often spread to bone?",
    "How do bisphosphonates and denosumab differ?",
    "What SINS total needs a surgeon?",
)
TITLE = "Osseous"
INTRO = "Answers about bone metastasis from a small library of guidelines, labels and scores. Every sentence is tied to the words that support it."
DISCLAIMER = "A reference tool, not medical advice. It does not diagnose and does not compute a patient's dose."
NO_SOURCES = "<p class='osseous-hint'>The passages behind an answer appear here. Click a number in the answer to see the exact words.</p>"


class Backend:
    """Holds the pipeline while it comes up: first the index, then the language model, in a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ready = threading.Event()
        self._pipeline: Pipeline | None = None
        self._problem = ""
        self.loading = "Opening the library …"

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
            raise RagError(self._problem or "the library is still being indexed; please ask again in a minute.")
        return self._pipeline

    def status(self) -> str:
        """Return one line: which engine and model answer, or what is being loaded."""
        if self._problem:
            return f"Not ready: {self._problem}"
        if self.loading:
            return self.loading
        model = self._pipeline.language_model if self._pipeline else None
        if model is None:
            return (
                self._pipeline.model_notice if self._pipeline else None
            ) or "Answers are verbatim quotations; no language model is running."
        return f"Verbatim quotations at once, then {'chosen' if model.is_local else 'worded'} by {model.name} and checked."

    def _load(self) -> None:
        try:
            build_index(self._settings)
            pipeline = build_pipeline(self._settings)
            pipeline.embedder.encode_query("bone metastasis")
            self._pipeline = pipeline
            self._ready.set()
            self.loading = "Answers are verbatim quotations while the language model loads …"
            pipeline.attach(*load_language_model(self._settings))
        except RagError as exc:
            self._problem = str(exc)
        except Exception as exc:  # whatever it is, the page must say so instead of waiting for ever
            self._problem = f"unexpected {type(exc).__name__} while loading; run 'python -m rag check'."
        finally:
            self.loading = ""
            self._ready.set()


def respond(
    message: str, turns: list[dict[str, Any]], backend: Backend
) -> Iterator[tuple[str, list[dict[str, Any]], str, list[dict[str, Any]]]]:
    """Answer one message; yield (emptied input, chat messages, sources HTML, turns) each time the answer gets better.

    A turn is {"question", "answer" (Markdown), "plain" (as the next question's history), "result" (Answer or None)}.
    """
    question = message.strip()
    if not question:
        yield "", _messages(turns), _sources(turns), turns
        return
    turn: dict[str, Any] = {"question": question, "answer": "*Looking it up …*", "plain": "", "result": None}
    yield "", _messages([*turns, turn]), _sources([*turns, turn]), turns
    history = [
        {"role": role, "content": earlier[part]} for earlier in turns for role, part in (("user", "question"), ("assistant", "plain"))
    ]
    try:
        for answer in backend.pipeline().stream(question, history):
            turn = {"question": question, "answer": _markdown(answer, len(turns)), "plain": answer.answer, "result": answer}
            yield "", _messages([*turns, turn]), _sources([*turns, turn]), [*turns, turn]
    except RagError as exc:
        turn = {"question": question[:300], "answer": escape_markdown(_sentence(str(exc))), "plain": str(exc), "result": None}
        yield "", _messages([*turns, turn]), _sources([*turns, turn]), [*turns, turn]


def build_app(backend: Backend) -> gr.Blocks:
    """Lay out the page; testable without a server."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        turns = gr.State([])
        with gr.Column(elem_id="osseous-page"):
            gr.Markdown(f"# {TITLE}\n{INTRO}", elem_id="osseous-head")
            with gr.Row(equal_height=False):
                with gr.Column(scale=3, min_width=320):
                    chat = gr.Chatbot(
                        label="Conversation",
                        show_label=False,
                        height="58vh",
                        elem_id="osseous-chat",
                        layout="panel",
                        autoscroll=False,  # page.js brings each new question to the top, so that an alert is seen first
                        sanitize_html=True,
                        allow_tags=False,
                        latex_delimiters=[],
                        buttons=["copy"],
                        feedback_options=None,
                        placeholder="Ask in your own words, or pick an example below.",
                    )
                    box = gr.Textbox(
                        label="Your question",
                        show_label=False,
                        placeholder="Ask about bone metastasis …",
                        submit_btn="Ask",
                        lines=1,
                        max_lines=6,
                        elem_id="osseous-question",
                        autofocus=True,
                    )
                    stop = gr.Button("Stop", size="sm", elem_id="osseous-stop", visible=False)
                    with gr.Row(elem_id="osseous-examples"):
                        examples = [gr.Button(example, size="sm", variant="secondary", min_width=220) for example in EXAMPLES]
                with gr.Column(scale=2, min_width=320, elem_id="osseous-side"):
                    gr.Markdown("## Sources")
                    sources = gr.HTML(NO_SOURCES, elem_id="osseous-sources", padding=False)
            status = gr.Markdown(_status_line(backend), elem_id="osseous-status")
        timer = gr.Timer(2.0)

        def answer(message: str, state: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]], str, list[dict[str, Any]]]]:
            yield from respond(message, state, backend)

        def refresh() -> tuple[str, gr.Timer]:
            return _status_line(backend), gr.Timer(active=bool(backend.loading))

        outputs = [box, chat, sources, turns]
        page.load(refresh, None, [status, timer], show_progress="hidden", api_visibility="private")
        timer.tick(refresh, None, [status, timer], show_progress="hidden", api_visibility="private")
        running = []
        for trigger, source in [(box.submit, box), *((button.click, button) for button in examples)]:
            asked = trigger(lambda: gr.Button(visible=True), None, stop, queue=False, api_visibility="private")
            answered = asked.then(answer, [source, turns], outputs, show_progress="hidden", api_visibility="private", concurrency_limit=4)
            answered.then(lambda: gr.Button(visible=False), None, stop, queue=False, api_visibility="private")
            running.append(answered)
        chat.clear(lambda: ([], NO_SOURCES), None, [turns, sources], queue=False, api_visibility="private")
        stop.click(lambda: gr.Button(visible=False), None, stop, cancels=running, queue=False, api_visibility="private")
    return page


def _messages(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    messages = []
    for turn in turns:
        messages.append({"role": "user", "content": escape_markdown(turn["question"])})
        messages.append({"role": "assistant", "content": turn["answer"]})
    return messages


def _markdown(answer: Answer, turn: int) -> str:
    """Alerts first, then the answer with its numbers as links, then the small print."""
    parts = [f"> **{escape_markdown(alert.title)}**  \n> {escape_markdown(alert.message)}" for alert in answer.alerts]
    parts.append(re.sub(r"(?<!\\)\[(\d+)\]", lambda match: f"[\\[{match.group(1)}\\]](#source-{turn}-{match.group(1)})", answer.answer))
    withheld = sum(sentence.verdict == "unsupported" for sentence in answer.sentences)
    small = [answer.notice] if answer.notice else []
    if withheld:
        small.append(
            f"{withheld} sentence{'s' if withheld > 1 else ''} of the model withheld: no passage supports {'them' if withheld > 1 else 'it'}."
        )
    small.append(" · ".join(part for part in (answer.engine, answer.model, f"{answer.timings_ms.get('total', 0) / 1000:.1f} s") if part))
    parts.append("*" + escape_markdown(" ".join(small)) + "*")
    return "\n\n".join(parts)


def _sources(turns: list[dict[str, Any]]) -> str:
    """The cards of all turns, the newest turn open: numbers of earlier answers stay clickable."""
    groups = [
        f"<section class='osseous-turn' data-turn='{place}'{'' if place == len(turns) - 1 else ' hidden'}>"
        + "".join(_card(place, citation, turn["result"].passages) for citation in turn["result"].citations)
        + "</section>"
        for place, turn in enumerate(turns)
        if turn["result"] and turn["result"].citations
    ]
    return "".join(groups) if groups else NO_SOURCES


def _card(turn: int, citation: Citation, passages: Sequence[Passage]) -> str:
    """One card: where the words come from, and the passage with the quoted words marked."""
    source = citation.source
    passage = next(passage for passage in passages if passage.chunk_id == citation.chunk_id)
    first, last = citation.start - passage.start, citation.end - passage.start
    before, quoted, after = (html.escape(_readable(part)) for part in (passage.text[:first], passage.text[first:last], passage.text[last:]))
    country = COUNTRY.get(source.jurisdiction, source.jurisdiction)
    facts = [source.publisher, country, str(source.year) if source.year else "year unknown", source.kind, source.status]
    if source.superseded_by:
        facts.append(f"superseded by {source.superseded_by}")
    note = "<p class='osseous-note'>Digest from secondary sources: check the original.</p>" if source.checked == "secondary" else ""
    link = f"<a href='{html.escape(source.url)}' target='_blank' rel='noopener noreferrer'>Original</a>" if source.url else ""
    return (
        f"<article class='osseous-card' id='source-{turn}-{citation.n}' tabindex='-1' aria-label='Source {citation.n}'>"
        f"<h3><span class='osseous-number'>{citation.n}</span> {html.escape(source.title)}</h3>"
        f"<p class='osseous-facts'>{html.escape(' · '.join(facts))}</p>"
        f"<p class='osseous-section'>{html.escape(citation.section)}</p>"
        f"<blockquote>{before} <mark>{quoted}</mark> {after}</blockquote>{note}{link}</article>"
    )


def _readable(part: str) -> str:
    """Passage text for reading: bullets as dots, table rules left out, white space collapsed."""
    lines = (re.sub(r"^\s*[-*]\s+", "• ", line) for line in part.splitlines() if not re.fullmatch(r"[\s|:-]+", line))
    return " ".join(" ".join(lines).replace("|", " ").split())


def _status_line(backend: Backend) -> str:
    return f"{escape_markdown(backend.status())}  \n{DISCLAIMER}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def main() -> int:
    """Serve the page; return an exit code."""
    try:
        settings = load_settings()
    except RagError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    page = build_app(Backend(settings).start())
    page.queue(default_concurrency_limit=8, max_size=64)
    try:
        page.launch(
            server_name=settings.host,
            server_port=settings.port,
            theme=gr.themes.Soft(primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
            css_paths=[ASSETS / "page.css"],
            head=f"<script>{(ASSETS / 'page.js').read_text(encoding='utf-8')}</script>",
            footer_links=["api"],
            quiet=True,
            prevent_thread_lock=True,
            ssr_mode=False,
        )
    except OSError:
        print(f"error: port {settings.port} is in use; stop what uses it or set RAG_PORT to another one.", file=sys.stderr)
        return 2
    print(f"{TITLE} is at http://{settings.host}:{settings.port} (Ctrl-C stops it).", flush=True)
    page.block_thread()
    return 0


if __name__ == "__main__":
    sys.exit(main())
