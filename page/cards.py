"""Sources and library as HTML: cards with the exact words marked, document lists, documents to read. Everything from corpus, model or person is
escaped here. Knows no component and no pipeline.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from markdown_it import MarkdownIt

from page.strings import say
from rag.cite import COUNTRY
from rag.lookup import Hit, Section
from rag.schema import Citation, Passage, Source

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable(["image", "link", "autolink"])


def source_cards(turn: int, citations: Sequence[Citation], passages: Sequence[Passage], *, is_open: bool) -> str:
    """Return the cards of one answer; `turn` keeps the numbers of several answers apart."""
    by_id = {passage.chunk_id: passage for passage in passages}
    cards = "".join(_source_card(turn, citation, by_id[citation.chunk_id]) for citation in citations)
    return f"<section class='osseous-turn' data-turn='{turn}'{'' if is_open else ' hidden'}>{cards}</section>"


def hit_cards(hits: Sequence[Hit], *, problem: str = "") -> str:
    """Return search results: the sentence first, then where it stands; or why there are none."""
    if not hits:
        return f"<p class='osseous-hint'>{_text(problem or say('search_none'))}</p>"
    cards = "".join(_hit_card(hit) for hit in hits)
    return f"<p class='osseous-count'>{_text(say('search_count', n=len(hits)))}</p>{cards}"


def document_list(sources: Iterable[Source]) -> str:
    """Return all documents as a list of buttons, by title."""
    ordered = sorted(sources, key=lambda source: source.title.casefold())
    rows = "".join(
        f"<li><button type='button' class='osseous-open' {_opens(source.document_id)}><span class='osseous-title'>{_text(source.title)}</span>"
        f"<span class='osseous-facts'>{_facts(source)}</span></button></li>"
        for source in ordered
    )
    return f"<p class='osseous-count'>{_text(say('list_count', n=len(ordered)))}</p><ul class='osseous-list'>{rows}</ul>"


def document_view(source: Source, sections: Sequence[Section], marked: str = "") -> str:
    """Return a document to read, its sections first; `marked` are exact words of it that are marked and come into view."""
    contents = "".join(
        f"<li><a href='#section-{place}' data-section='section-{place}'>{_text(section.heading)}</a></li>"
        for place, section in enumerate(sections)
        if section.heading
    )
    body = "".join(
        f"<section id='section-{place}' tabindex='-1'>"
        + (f"<h3>{_text(section.heading)}</h3>" if section.heading else "")
        + _mark(_MARKDOWN.render(section.text), marked)
        + "</section>"
        for place, section in enumerate(sections)
    )
    return (
        f"<article class='osseous-document' aria-label='{_text(source.title)}'><h2 tabindex='-1'>{_text(source.title)}</h2>"
        f"<p class='osseous-facts'>{_facts(source)}</p>{_checked(source)}<p class='osseous-links'>{_original(source)}</p>"
        f"<details class='osseous-contents'><summary>{_text(say('sections'))} ({len(sections)})</summary><ul>{contents}</ul></details>{body}</article>"
    )


def overview(n_documents: int, n_bodies: int, kinds: Mapping[str, int]) -> str:
    """Return what the Sources panel shows before the first answer: what the library holds."""
    counted = ", ".join(f"{n} × {kind}" for kind, n in sorted(kinds.items(), key=lambda item: -item[1]))
    words = _text(say("overview", documents=n_documents, bodies=n_bodies, kinds=counted))
    words = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", words)
    return f"<div class='osseous-overview'><p>{words}</p><p>{_text(say('overview_hint'))}</p></div>"


def hint(name: str) -> str:
    """Return a quiet line of the page's own words."""
    return f"<p class='osseous-hint'>{_text(say(name))}</p>"


def _source_card(turn: int, citation: Citation, passage: Passage) -> str:
    source = citation.source
    first, last = citation.start - passage.start, citation.end - passage.start
    before, quoted, after = (_text(readable(part)) for part in (passage.text[:first], passage.text[first:last], passage.text[last:]))
    return (
        f"<article class='osseous-card' id='source-{turn}-{citation.n}' tabindex='-1' aria-label='{_text(say('source_n', n=citation.n))}'>"
        f"<h3><span class='osseous-number'>{citation.n}</span> {_text(source.title)}</h3>"
        f"<p class='osseous-facts'>{_facts(source)}</p>"
        f"<p class='osseous-section'>{_text(citation.section)}</p>"
        f"<blockquote>{before} <mark>{quoted}</mark> {after}</blockquote>{_checked(source)}"
        f"<p class='osseous-links'>{_original(source)}"
        f"<button type='button' class='osseous-link' {_opens(source.document_id, citation.quote)}>{_text(say('open_in_library'))}</button>"
        f"<button type='button' class='osseous-link osseous-back' data-back='{turn}'>{_text(say('back_to_answer'))}</button></p></article>"
    )


def _hit_card(hit: Hit) -> str:
    source = hit.passage.source
    return (
        f"<article class='osseous-card osseous-hit'><p class='osseous-sentence'>{_text(readable(hit.sentence))}</p>"
        f"<p class='osseous-facts'>{_facts(source)}</p>"
        f"<p class='osseous-section'>{_text(source.title)}{' – ' + _text(hit.passage.section) if hit.passage.section else ''}</p>"
        f"<p class='osseous-links'><button type='button' class='osseous-link' {_opens(source.document_id, hit.sentence)}>"
        f"{_text(say('open_in_library'))}</button>{_original(source)}</p></article>"
    )


def _facts(source: Source) -> str:
    country = COUNTRY.get(source.jurisdiction, source.jurisdiction)
    year = str(source.year) if source.year else say("year_unknown")
    facts = " · ".join(_text(fact) for fact in (source.publisher, country, year, source.kind.replace("-", " ")))
    if source.status == "superseded":
        status = say("superseded_by", document=source.superseded_by) if source.superseded_by else say("superseded")
        return f"{facts} · <strong class='osseous-superseded'>{_text(status)}</strong>"
    return f"{facts} · {_text(say('current'))}"


def _checked(source: Source) -> str:
    reviewed = say("reviewed", date=date.fromisoformat(source.reviewed).strftime("%-d %b %Y")) if _is_date(source.reviewed) else ""
    note = " · ".join(part for part in (say(f"checked_{source.checked}"), reviewed) if part)
    return f"<p class='osseous-note osseous-{_text(source.checked)}'>{_text(note)}</p>"


def _original(source: Source) -> str:
    if not source.url or not source.url.startswith(("http://", "https://")):
        return ""
    return f"<a href='{_text(source.url)}' target='_blank' rel='noopener noreferrer'>{_text(say('original'))}</a>"


def _opens(document_id: str, quote: str = "") -> str:
    return f"data-document='{_text(document_id)}' data-quote='{_text(quote)}'"


def _mark(rendered: str, words: str) -> str:
    """Mark exact words in rendered text: plain sentences only, for words that Markdown changed are no longer in one piece."""
    wanted = _text(" ".join(words.split()))
    return rendered.replace(wanted, f"<mark>{wanted}</mark>", 1) if wanted else rendered


def readable(part: str) -> str:
    """Passage text for reading: a bullet a line, table rules left out, other white space collapsed."""
    lines = (re.sub(r"^\s*[-*]\s+", "\n• ", line) for line in part.splitlines() if not re.fullmatch(r"[\s|:-]+", line))
    joined = re.sub(r"[^\S\n]+", " ", " ".join(lines).replace("|", " "))
    return re.sub(r"\s*\n\s*", "\n", joined).strip(" ")


def _is_date(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text))


def _text(text: str) -> str:
    return html.escape(text, quote=True)
