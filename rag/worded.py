"""Quotes -> what a language model makes of them: chosen and ordered by `select`, worded by `compose`, each worded sentence checked.

The two halves of the corridor that need a model; `Pipeline.stream` calls one of them after the quotes are shown.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag import cite, generate, quotes
from rag.llm import LanguageModel
from rag.schema import Answer, DraftSentence
from rag.sentences import RankedSentence
from rag.settings import Settings
from rag.verify import Check


@dataclass(slots=True)
class Clock:
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


@dataclass(frozen=True, slots=True)
class Work:
    """What the model's part of one answer needs."""

    frame: cite.Frame
    ranked: Sequence[RankedSentence]
    chosen: Sequence[RankedSentence]
    model: LanguageModel
    clock: Clock
    audience: str
    stop: threading.Event
    settings: Settings
    check: Check


def word(work: Work, engine: str, verbatim: Answer) -> Iterator[Answer]:
    """Yield the quotes at once, and then what the model makes of them in its turn. All but the last answer say in `progress` what goes on."""
    last = replace(verbatim, progress=_AT_WORK[engine])
    yield last
    for answer in _in_turn(work, engine, last):
        last = answer
        yield answer
    if last.progress is not None:  # stopped, or nothing better came
        yield replace(last, progress=None)


_AT_WORK = {"select": "The language model chooses among the sentences …", "compose": "The language model reads the passages …"}


def _in_turn(work: Work, engine: str, verbatim: Answer) -> Iterator[Answer]:
    make = select if engine == "select" else compose
    if work.model.line is None:
        yield from make(work)
        return
    with work.model.line.place() as place:
        waited = False
        for ahead in place.wait(work.stop):
            waited = True
            questions = "one question" if ahead == 1 else f"{ahead} questions"
            yield replace(verbatim, progress=f"The language model answers {questions} before this one …")
        if work.stop.is_set():
            return
        if waited:
            yield verbatim
        work.clock.stop("wait")
        yield from make(work)


def select(work: Work) -> Iterator[Answer]:
    """The verbatim answer in the order that the model chose, with its lead before it when that passes the check."""
    offered = quotes.candidates(work.ranked, max_sentences=work.settings.select_candidates, max_chars=work.settings.select_chars)
    selection = generate.select(work.frame.query, [sentence.text for sentence in offered], work.model, stop=work.stop)
    work.clock.stop("generate")
    if selection is None or work.stop.is_set():
        return  # the quotes that are shown stay
    picked = [offered[place] for place in selection.chosen]
    merged = quotes.merge(picked, work.chosen)
    sentences = quotes.draft(merged, work.frame.passages)
    if selection.lead and picked:
        verdict = work.check(selection.lead, work.frame.passages)
        work.clock.stop("verify")
        sentences = quotes.lead_first(DraftSentence(selection.lead, "model", verdict), sentences, work.ranked, work.frame.passages)
    yield _answer(work, sentences, "select", None)


def compose(work: Work) -> Iterator[Answer]:
    """Sentences as they pass the check; quotes again when fewer than half of them do."""
    drafted: list[DraftSentence] = []
    offered = work.frame.passages[: work.settings.compose_passages]
    for sentence in generate.compose(work.frame.query, offered, work.model, audience=work.audience, stop=work.stop):
        work.clock.stop("generate")
        if work.stop.is_set():
            break
        verdict = work.check(sentence, work.frame.passages)
        work.clock.stop("verify")
        drafted.append(DraftSentence(sentence, "model", verdict))
        if any(earlier.verdict.supported for earlier in drafted):
            progress = f"Writing and checking sentence {len(drafted) + 1} …"
            yield replace(_answer(work, drafted, "compose", None), progress=progress)
    work.clock.stop("generate")
    shown = [sentence for sentence in drafted if sentence.verdict.supported]
    if work.stop.is_set() and not shown:
        return  # the quotes that are shown stay
    if 2 * len(shown) >= len(drafted) > 0:
        yield _answer(work, drafted, "compose", None)
        return
    withheld = [sentence for sentence in drafted if not sentence.verdict.supported]
    notice = (
        f"Shown are verbatim quotations: {len(withheld)} of {len(drafted)} sentences of the model had no support in the passages."
        if drafted
        else "Shown are verbatim quotations: the model found no answer in the passages."
    )
    yield _answer(work, [*quotes.draft(work.chosen, work.frame.passages), *withheld], "quotes", notice)


def _answer(work: Work, sentences: Sequence[DraftSentence], engine: str, notice: str | None) -> Answer:
    timings = work.clock.readings()
    return cite.build_answer(work.frame, sentences, engine=engine, model=work.model.name, notice=notice, timings_ms=timings)
