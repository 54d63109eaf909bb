"""The Ask tab: chat on the left, Sources on the right, options below. Lays components out and wires their events; what they show comes from
`conversation` and `cards`.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from page import conversation
from page.backend import Backend
from page.cards import hint, overview
from page.conversation import Exchange, Options
from page.feedback_panel import FLAGS, build_feedback
from page.strings import examples, say
from page.take_away_panel import build_take_away
from page.wiring import OPENS_DOCUMENT, QUIET
from rag.schema import AUDIENCES


@dataclass(frozen=True, slots=True)
class AskTab:
    """What the rest of the page speaks to: `ask` wires an event that leaves a question in `asked`."""

    sources: gr.HTML
    exchanges: gr.State
    asked: gr.State
    audience: gr.Radio
    engine: gr.Radio
    filters: list[gr.Dropdown]
    remembered: gr.BrowserState
    ask: Any


def build_ask_tab(backend: Backend) -> AskTab:
    """Lay the tab out inside the current `gr.Tab`."""
    exchanges, asked = gr.State([]), gr.State("")
    with gr.Row(equal_height=False, elem_id="osseous-columns"):
        with gr.Column(scale=3, min_width=320):
            chat = _chatbot()
            box = gr.Textbox(
                label=say("question_label"),
                show_label=False,
                placeholder=say("question_hint"),
                submit_btn=say("ask"),
                lines=1,
                max_lines=6,
                elem_id="osseous-question",
            )
            comment = build_feedback(backend, chat, exchanges)
            with gr.Row(elem_id="osseous-drawers"):
                with gr.Accordion(say("options"), open=False, elem_id="osseous-options"):
                    audience, engine, filters = _options()
                take_away, refresh_copy = build_take_away(exchanges)
        with gr.Column(scale=2, min_width=320, elem_id="osseous-side"):
            gr.Markdown(f"## {say('sources')}")
            sources = gr.HTML(overview_of(backend), elem_id="osseous-sources", padding=False, js_on_load=OPENS_DOCUMENT)
    controls = [audience, engine, *filters]
    remembered = gr.BrowserState(asdict(Options()), storage_key="osseous-options", secret="osseous")  # noqa: S106 - options, no secret

    def answer(
        question: str, earlier: list[Exchange], audience: str, engine: str, kind: str, body: str, document: str, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        if not question.strip():  # an empty box, or an address that asks nothing
            yield tuple(gr.skip() for _ in range(5))
            return
        options = Options("clinician" if audience == "clinician" else "student", engine, kind, body, document)

        def shown(now: list[Exchange], box: gr.Textbox) -> tuple[Any, ...]:
            cards = conversation.sources(now) or overview_of(backend)
            return box, conversation.messages(now), cards, now, gr.Accordion(visible=True if conversation.turns(now) else "hidden")

        now = list(earlier)
        for now in conversation.converse(question, earlier, backend, options, request.session_hash or ""):
            yield shown(now, gr.Textbox(submit_btn=False, stop_btn=say("stop")))
        # All of it again, not `gr.skip()`: of updates that arrive together the browser applies the last, and what it skips would be lost.
        yield shown(now, gr.Textbox(submit_btn=say("ask"), stop_btn=False))

    def ask(event: Any, source: gr.components.Component) -> None:
        answered = event(
            answer, [source, exchanges, *controls], [box, chat, sources, exchanges, take_away], concurrency_limit=None, **QUIET
        )
        answered.then(lambda: gr.Group(visible="hidden"), None, comment, queue=False, **QUIET)
        refresh_copy(answered)

    def picked(event: gr.SelectData) -> str:
        return str(event.value["text"] if isinstance(event.value, dict) else event.value)

    def stop(request: gr.Request) -> None:
        backend.stop(request.session_hash or "")

    ask(box.submit, box)
    for choose in (chat.example_select, chat.option_select):
        ask(choose(picked, None, asked, queue=False, **QUIET).then, asked)
    box.stop(stop, None, None, queue=False, **QUIET)
    chat.clear(
        lambda: ([], overview_of(backend), gr.Accordion(visible="hidden")), None, [exchanges, sources, take_away], queue=False, **QUIET
    )
    for control in controls:
        control.input(lambda *values: asdict(Options(*values)), controls, remembered, queue=False, **QUIET)
    return AskTab(sources, exchanges, asked, audience, engine, filters, remembered, ask)


def overview_of(backend: Backend) -> str:
    """Return what the Sources panel shows before the first answer."""
    if not backend.is_open:
        return hint("overview_loading")
    found = backend.pipeline().index.sources.values()
    return overview(len(found), len({source.publisher for source in found}), backend.kinds())


def _chatbot() -> gr.Chatbot:
    return gr.Chatbot(
        label=say("conversation_label"),
        show_label=False,
        elem_id="osseous-chat",
        height="calc(100dvh - 22.5rem)",
        min_height=320,
        layout="bubble",
        autoscroll=False,  # page.js brings each new question to the top, so that an alert is seen first
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        buttons=["copy"],
        feedback_options=["Like", *(say(name) for name in FLAGS)],
        placeholder=say("welcome"),
        examples=[{"text": example} for example in examples()],
    )


def _options() -> tuple[gr.Radio, gr.Radio, list[gr.Dropdown]]:
    """Audience, engine (shown when there is more than one), and the three filters; choices come when the library is open."""
    with gr.Row():
        audience = gr.Radio(
            [(say(f"audience_{name}"), name) for name in AUDIENCES], value="student", label=say("audience"), elem_id="osseous-audience"
        )
        engine = gr.Radio([(say("engine_auto"), "auto")], value="auto", label=say("engine"), visible=False, elem_id="osseous-engine")
    with gr.Row():
        kind = gr.Dropdown([(say("all_kinds"), "")], value="", label=say("kind"), elem_id="osseous-kind")
        body = gr.Dropdown([(say("all_bodies"), "")], value="", label=say("body"), elem_id="osseous-body")
        document = gr.Dropdown([(say("all_documents"), "")], value="", label=say("document"), elem_id="osseous-document")
    gr.Markdown(say("options_remembered"), elem_classes="osseous-small")
    return audience, engine, [kind, body, document]
