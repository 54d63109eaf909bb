"""Documents -> Chunks: structure-aware pieces with stable ids and character offsets. Second room of building the index.

A chunk stays within one section, holds whole sentences and whole table rows, and with its header stays below the embedding model's real limit.
Markdown is read by markdown-it; this module only packs its blocks. A block that gives an assistant orders is left out. Does not embed.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.instructions import addresses_assistant
from rag.schema import Chunk, Document, Span
from rag.text import collapse, split_sentences

MAX_HEADER_SHARE = 0.4  # a long title must not push the text out of the chunk


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never split: a sentence or a table row, by its place in the file. `block` numbers the block it stands in, `run` the stretch of
    blocks without a gap: what is left out must not come back as the text between two sentences."""

    start: int
    end: int
    section: str
    block: int
    run: int


def split_document(document: Document, *, max_tokens: int, count_tokens: Callable[[str], int]) -> list[Chunk]:
    """Split a document into chunks, in the order of the file.

    Args:
        document: The document; the text before `body_start` (front matter) is left out.
        max_tokens: Tokens that header and text may have together.
        count_tokens: The embedding model's own count, special tokens included.

    Returns:
        Chunks whose text is exactly `document.text[start:end]`. A sentence that is longer than the limit alone is cut between words:
        the model would cut it without a word otherwise.
    """
    chunks: list[Chunk] = []
    seen: dict[str, int] = {}
    for section, units in _by_section(_units(document)):
        header = _header(document.source.title, section, max_tokens, count_tokens)
        room = max_tokens - count_tokens(header)
        pieces = [piece for unit in units for piece in _fit(document.text, unit, room, count_tokens)]
        for group in _pack(document.text, pieces, room, count_tokens):
            start, end = group[0].start, group[-1].end
            text = document.text[start:end]
            chunk_id = _chunk_id(document.source.document_id, header, text, seen)
            sentences = tuple(Span(unit.start - start, unit.end - start) for unit in group)
            chunks.append(Chunk(chunk_id, document.source.document_id, section, start, end, text, header, sentences))
    return chunks


def _units(document: Document) -> Iterator[_Unit]:
    body = document.text[document.body_start :]
    line_starts = [document.body_start]
    # Markdown's own line breaks; splitlines() would cut at others, too.
    line_starts += [document.body_start + match.end() for match in re.finditer(r"\r\n?|\n", body)]
    line_starts += [len(document.text)] * 2
    headings: list[str] = []
    block = run = 0
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1])
            headings = [*headings[: level - 1], *[""] * (level - 1 - len(headings)), tokens[place + 1].content]
        section = " › ".join(collapse(heading) for heading in headings[1:] if heading)
        for start, end, whole in _blocks(document.text, tokens, place, line_starts):
            block += 1
            if addresses_assistant(document.text[start:end]):
                run += 1
                continue
            spans = [Span(0, end - start)] if whole else split_sentences(document.text[start:end])
            for span in spans:
                yield _Unit(start + span.start, start + span.end, section, block, run)


def _blocks(text: str, tokens: list[Token], place: int, line_starts: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, whole) of the block that a token opens, if it opens one with text; `whole` blocks are never split."""
    token = tokens[place]
    if token.map is None:
        return
    first, after = line_starts[token.map[0]], line_starts[token.map[1]]
    if token.type == "paragraph_open":
        lines = tokens[place + 1].content.splitlines()
        start = text.find(lines[0], first, after) if lines else -1
        if start >= 0:
            yield start, start + len(text[start:after].rstrip()), False
    elif token.type == "tr_open" and tokens[place - 1].type != "thead_open":
        start = first + len(text[first:after]) - len(text[first:after].lstrip())
        yield start, start + len(text[start:after].rstrip()), True
    elif token.type in {"fence", "code_block", "html_block"}:
        stripped = _without_marks(token, text[first:after])
        if stripped:
            start = text.find(stripped, first, after)
            yield start, start + len(stripped), False


def _without_marks(token: Token, raw: str) -> str:
    """Return the words of a code or HTML block: without the fences, and nothing at all for a comment, which is a note to writers."""
    if token.type == "fence":
        return token.content.strip()
    return "" if raw.lstrip().startswith("<!--") else raw.strip()


def _by_section(units: Iterator[_Unit]) -> Iterator[tuple[str, list[_Unit]]]:
    group: list[_Unit] = []
    for unit in units:
        if group and (unit.section, unit.run) != (group[0].section, group[0].run):
            yield group[0].section, group
            group = []
        group.append(unit)
    if group:
        yield group[0].section, group


def _fit(text: str, unit: _Unit, room: int, count_tokens: Callable[[str], int]) -> Iterator[_Unit]:
    """Yield the unit, cut between words where it is too long for any chunk."""
    start = unit.start
    while count_tokens(text[start : unit.end]) > room:
        words = [start + match.end() for match in re.finditer(r"\S+\s*", text[start : unit.end])]
        low, high = 1, len(words)
        while low < high:  # the most words that still fit
            middle = (low + high + 1) // 2
            low, high = (middle, high) if count_tokens(text[start : words[middle - 1]]) <= room else (low, middle - 1)
        endless_word = count_tokens(text[start : words[low - 1]]) > room
        cut = min(unit.end, start + max(1, room)) if endless_word else words[low - 1]  # a token has one character at the least
        yield _Unit(start, start + len(text[start:cut].rstrip()), unit.section, unit.block, unit.run)
        start = cut
    if start < unit.end:
        yield _Unit(start, unit.end, unit.section, unit.block, unit.run)


def _pack(text: str, units: list[_Unit], room: int, count_tokens: Callable[[str], int]) -> Iterator[list[_Unit]]:
    """Yield groups of neighbours that fit together, breaking between blocks rather than within one where that is possible."""
    group: list[_Unit] = []
    for unit in units:
        if group and count_tokens(text[group[0].start : unit.end]) > room:
            at_block_edge = [place for place in range(1, len(group)) if group[place].block != group[place - 1].block]
            keep = at_block_edge[-1] if at_block_edge and unit.block == group[-1].block else len(group)
            yield group[:keep]
            group = group[keep:]
            if group and count_tokens(text[group[0].start : unit.end]) > room:
                yield group
                group = []
        group.append(unit)
    if group:
        yield group


def _header(title: str, section: str, max_tokens: int, count_tokens: Callable[[str], int]) -> str:
    words = f"{title} — {section}".split() if section else title.split()
    while len(words) > 1 and count_tokens(" ".join(words)) > max_tokens * MAX_HEADER_SHARE:
        words.pop()
    header = " ".join(words)
    while count_tokens(header) > max_tokens * MAX_HEADER_SHARE and len(header) > 1:  # a single endless word
        header = header[: len(header) // 2]
    return header


def _chunk_id(document_id: str, header: str, text: str, seen: dict[str, int]) -> str:
    """Return an id that stays while what is embedded stays, so that an unchanged chunk keeps its vector; repeats get a number."""
    digest = hashlib.sha256(f"{header}\n{text}".encode()).hexdigest()[:12]
    chunk_id = f"{document_id}#{digest}"
    seen[chunk_id] = seen.get(chunk_id, 0) + 1
    return chunk_id if seen[chunk_id] == 1 else f"{chunk_id}-{seen[chunk_id]}"
