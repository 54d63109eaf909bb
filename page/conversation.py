"""A person's conversation: questions asked of the pipeline, and what the chat and the Sources panel show of them. Knows no component.

An exchange is a question with its answer as far as it has come, or with the sentence that says why there is none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from page.backend import Backend
from page.cards import hint, source_cards
from page.strings import say
from rag.cite import escape_markdown
from rag.errors import QuestionError, RagError
from rag.pipeline import Filters
from rag.schema import Answer, Audience, Source
from rag.transcript import Turn

SHOWN_QUESTION_CHARS = 600  # of a question that was pasted by mistake
SUGGESTIONS = 3
SAME_QUESTION = 75.0  # rapidfuzz token_set_ratio from which a heading asks what was asked
_CITED = re.compile(r"(?<!\\)\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Options:
    """What a person set: audience and engine as in the pipeline, and limits of the search, "" for none."""

    audience: Audience = "student"
    engine: str = "auto"
    kind: str = ""
    body: str = ""
    document: str = ""

    def admit(self, source: Source) -> bool:
        """Whether a document is within the limits."""
        return self.kind in {"", source.kind} and self.body in {"", source.publisher} and self.document in {"", source.document_id}

    def filters(self) -> Filters:
        """Return the limits as the pipeline takes them."""
        return Filters(kind=self.kind or None, publisher=self.body or None, document_id=self.document or None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer as far as it has come; `problem` says in one sentence why there is none."""

    question: str
    answer: Answer | None = None
    problem: str = ""
    stopped: bool = False
    audience: Audience = "student"


def converse(question: str, earlier: Sequence[Exchange], backend: Backend, options: Options, session: str) -> Iterator[list[Exchange]]:
    """Ask one question after the earlier ones; yield the conversation each time the answer gets better. `backend.stop(session)` ends it early."""
    question = question.strip()
    exchange = Exchange(question)
    yield [*earlier, exchange]
    try:
        with backend.asking(session) as stop:
            pipeline = backend.pipeline()
            if not any(options.admit(source) for source in pipeline.index.sources.values()):
                raise QuestionError(say("filters_clash"))
            answers = pipeline.stream(
                question, history(earlier), audience=options.audience, engine=options.engine, filters=options.filters(), stop=stop
            )
            for answer in answers:
                exchange = Exchange(question, answer, stopped=stop.is_set(), audience=options.audience)
                yield [*earlier, exchange]
    except RagError as exc:
        yield [*earlier, Exchange(question[:SHOWN_QUESTION_CHARS], problem=_sentence(str(exc)))]
    except Exception as exc:  # a person gets a sentence, whatever it was
        yield [
            *earlier,
            Exchange(question[:SHOWN_QUESTION_CHARS], exchange.answer, problem=say("error_unexpected", kind=type(exc).__name__)),
        ]


def history(exchanges: Sequence[Exchange]) -> list[dict[str, str]]:
    """Return the conversation as the pipeline's history."""
    messages = []
    for exchange in exchanges:
        messages.append({"role": "user", "content": exchange.question})
        messages.append({"role": "assistant", "content": exchange.answer.answer if exchange.answer else exchange.problem})
    return messages


def turns(exchanges: Sequence[Exchange]) -> list[Turn]:
    """Return the answered exchanges, to take away."""
    return [Turn(exchange.question, exchange.answer) for exchange in exchanges if exchange.answer and not exchange.problem]


def messages(exchanges: Sequence[Exchange]) -> list[dict[str, Any]]:
    """Return the chat's messages, and suggestions to ask next below the last answer."""
    shown = [message for place, exchange in enumerate(exchanges) for message in _messages(place, exchange)]
    if shown and (last := exchanges[-1].answer) and last.progress is None:
        shown[-1]["options"] = [{"value": question, "label": question} for question in suggestions(last)]
    return shown


def place_of_message(exchanges: Sequence[Exchange], index: int) -> int | None:
    """Return the place of the exchange that the chat's message with this index belongs to."""
    owners = [place for place, exchange in enumerate(exchanges) for _ in _messages(place, exchange)]
    return owners[index] if 0 <= index < len(owners) else None


def sources(exchanges: Sequence[Exchange]) -> str:
    """Return the cards of all answers, the newest answer's open: numbers of earlier answers stay clickable."""
    newest = len(exchanges) - 1
    groups = [
        source_cards(place, exchange.answer.citations, exchange.answer.passages, is_open=place == newest)
        for place, exchange in enumerate(exchanges)
        if exchange.answer and exchange.answer.citations
    ]
    if exchanges and exchanges[-1].answer and not exchanges[-1].answer.citations:
        groups.append(hint("no_sources"))
    return "".join(groups)


def suggestions(answer: Answer) -> list[str]:
    """Return questions to ask next: headings of passages that were found and not cited, so each has an answer in the library."""
    cited = {citation.section for citation in answer.citations}
    headings = dict.fromkeys(passage.section for passage in answer.passages if passage.section.endswith("?"))
    return [heading for heading in headings if heading not in cited and fuzz.token_set_ratio(answer.query, heading) < SAME_QUESTION][
        :SUGGESTIONS
    ]


def _messages(place: int, exchange: Exchange) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = [{"role": "user", "content": _as_text(exchange.question[:SHOWN_QUESTION_CHARS])}]
    answer = exchange.answer
    if exchange.problem or answer is None:
        shown.append({"role": "assistant", "content": escape_markdown(exchange.problem) or f"*{say('looking_up')}*"})
        return shown
    shown.append({"role": "assistant", "content": _markdown(place, answer, stopped=exchange.stopped)})
    withheld = [sentence for sentence in answer.sentences if sentence.verdict == "unsupported"]
    if withheld:
        title = say("withheld_one") if len(withheld) == 1 else say("withheld_many", n=len(withheld))
        lines = [
            "- " + escape_markdown(say("withheld_line", sentence=sentence.text, reason=sentence.reason or "no support"))
            for sentence in withheld
        ]
        shown.append({"role": "assistant", "content": "\n".join(lines), "metadata": {"title": title, "status": "done"}})
    return shown


def _markdown(place: int, answer: Answer, *, stopped: bool) -> str:
    """Alerts first, then the answer with its numbers as links, then the small print."""
    parts = [f"> **{escape_markdown(alert.title)}**  \n> {escape_markdown(alert.message)}" for alert in answer.alerts]
    parts.append(_CITED.sub(lambda match: f"[\\[{match.group(1)}\\]](#source-{place}-{match.group(1)})", answer.answer))
    if answer.notice:
        parts.append(f"*{escape_markdown(answer.notice)}*")
    small = answer.progress or _small_print(answer)
    if stopped and not answer.progress:
        small = f"{say('stopped')} {small}"
    parts.append(f"*{escape_markdown(small)}*")
    return "\n\n".join(parts)


def _small_print(answer: Answer) -> str:
    seconds = f"{answer.timings_ms.get('total', 0) / 1000:.1f}"
    engine = say(f"engine_{answer.engine}")
    if answer.model:
        return say("small_print_model", engine=engine, model=answer.model, seconds=seconds)
    return say("small_print", engine=engine, seconds=seconds)


def _as_text(question: str) -> str:
    """A question as Markdown that draws nothing: what starts a heading, list or table does so at any line's start."""
    return "  \n".join(escape_markdown(line.strip()) for line in question.splitlines())


def _sentence(text: str) -> str:
    """With a capital letter, unless it begins with a name such as a file's."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text
