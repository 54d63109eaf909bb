"""Thumbs and their comment: what a person says of an answer goes to `rag.feedback`, and nowhere else."""

from typing import Any

import gradio as gr

from page.backend import Backend
from page.conversation import Exchange, history, place_of_message
from page.strings import say
from page.wiring import QUIET
from rag.errors import RagError
from rag.feedback import MAX_COMMENT_CHARS

FLAGS = {
    "feedback_wrong_answer": "wrong answer",
    "feedback_wrong_sources": "wrong sources",
    "feedback_unclear": "unclear",
}  # words -> verdict


def build_feedback(backend: Backend, chat: gr.Chatbot, exchanges: gr.State) -> gr.Group:
    """Lay out the comment box, hidden until a person judged an answer; return it."""
    verdicts = {say(name): verdict for name, verdict in FLAGS.items()}
    judged = gr.State({})  # by place in the conversation: the id of its feedback, so that a changed mind changes one entry
    current = gr.State("")
    with gr.Group(visible="hidden", elem_id="osseous-feedback") as group:
        note = gr.Markdown(say("feedback_thanks"), elem_id="osseous-feedback-note")
        comment = gr.Textbox(
            label=say("feedback_comment"),
            show_label=False,
            placeholder=say("feedback_hint"),
            submit_btn=say("feedback_send"),
            max_length=MAX_COMMENT_CHARS,
            lines=1,
            max_lines=4,
            elem_id="osseous-comment",
        )

    def judge(now: list[Exchange], known: dict[int, str], event: gr.LikeData) -> tuple[Any, dict[int, str], str, Any, Any]:
        index = event.index if isinstance(event.index, int) else event.index[0]
        place = place_of_message(now, index)
        exchange = None if place is None else now[place]
        verdict = "helpful" if event.liked is True else verdicts.get(str(event.liked))
        if place is None or exchange is None or exchange.answer is None or verdict is None:  # taken back, or nothing to judge
            return gr.Group(visible="hidden"), known, "", gr.skip(), gr.skip()
        try:
            if place in known:
                backend.feedback.update(known[place], verdict=verdict)
            else:
                entry = backend.feedback.add(verdict, "", exchange.answer, history(now[:place]), audience=exchange.audience)
                known = {**known, place: entry}
        except RagError as exc:
            return gr.Group(visible=True), known, "", str(exc), gr.Textbox(visible="hidden")
        return gr.Group(visible=True), known, known[place], say("feedback_thanks"), gr.Textbox(value="", visible=True)

    def explain(entry: str, words: str) -> tuple[str, Any]:
        try:
            if entry and words.strip():
                backend.feedback.update(entry, comment=words.strip())
        except RagError as exc:
            return str(exc), gr.skip()
        return say("feedback_sent"), gr.Textbox(value="", visible="hidden")

    # One after the other: Gradio sends a flag twice, and the second must find the first.
    chat.like(judge, [exchanges, judged], [group, judged, current, note, comment], concurrency_limit=1, **QUIET)
    chat.clear(lambda: {}, None, judged, queue=False, **QUIET)
    comment.submit(explain, [current, comment], [note, comment], queue=False, **QUIET)
    return group
