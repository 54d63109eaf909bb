"""Sources as references to take away: a Vancouver line for reading, RIS and BibTeX for a reference manager.

rispy writes RIS and pybtex BibTeX. Vancouver is a few lines of our own: citeproc-py passes some 60% of CSL's tests by its own account, needs a
package of styles on top, and CSL has no field for a guideline that is superseded. The form is that of Citing Medicine (NLM, 2nd edition, chapter
25). Does not number and does not quote: numbers belong to an answer, see `transcript`.

    kind                     RIS     BibTeX       why
    guideline                RPRT    techreport   a body's report: both have a place for who issued it
    article, trial, review   EJOUR   misc         electronic article; BibTeX's `article` demands a journal, which a `Source` does not name
    label, score,            ELEC    misc         a web page
    patient-information,
    other
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from rag.schema import Citation, Source

if TYPE_CHECKING:
    from pybtex.database import Entry

RIS_TYPE = {"guideline": "RPRT", "article": "EJOUR", "trial": "EJOUR", "review": "EJOUR"}
BIBTEX_TYPE = {"guideline": "techreport"}
WORK = {
    "guideline": "Guideline", "label": "Drug label", "score": "Clinical score", "article": "Article", "trial": "Trial publication",
    "review": "Review", "patient-information": "Patient information", "other": "Document",
}  # fmt: skip
# The ten characters that TeX acts on. Braces by name, since BibTeX counts them even after a backslash.
LATEX = {
    "\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}", "~": r"{\textasciitilde}", "^": r"{\textasciicircum}",
    "$": r"\$", "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_",
}  # fmt: skip
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # strftime follows the machine's language
NO_BODY = "unknown"  # what the library states for a publisher that nobody named
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # control characters and what no XML or UTF-8 file may hold


def vancouver(source: Source, *, accessed: date) -> str:
    """Return a reference in Vancouver style; what is not known is left out, save the year, and [Internet] where there is neither address nor DOI.

    Example: "NICE. Spinal metastases [Internet]. 2023 [cited 2026 Nov 26]. Available from: https://example.org/ng234. doi:10.1/x."

    Args:
        source: A document's source.
        accessed: The day on which it was looked up.
    """
    return "".join(vancouver_parts(source, accessed=accessed))


def vancouver_parts(source: Source, *, accessed: date) -> tuple[str, str, str]:
    """Return the Vancouver reference as (before the address, the address, after it), so that a page may link it; "" where there is none."""
    url, title, doi = web_address(source), one_line(source.title).rstrip("."), one_line(source.doi or "")
    online = bool(url or doi)
    year = str(source.year) if source.year else "[date unknown]"
    month = MONTHS[accessed.month - 1]
    before = [
        _body(source).rstrip("."),
        f"{title} [Internet]" if online else title,
        f"{year} [cited {accessed.year} {month} {accessed.day}]" if online else year,
    ]
    after = [f"doi:{doi}" if doi else "", _superseded(source)]
    opening = " ".join(f"{part}." for part in before if part) + (" Available from: " if url else "")
    return opening, url or "", ("." if url else "") + "".join(f" {part}." for part in after if part)


def ris(sources: Iterable[Source], *, accessed: date) -> str:
    """Return RIS records, each document once, in the order given; no source gives an empty text.

    Args:
        sources: Sources of documents.
        accessed: The day on which they were looked up.
    """
    import rispy

    class Writer(rispy.RisWriter):  # type: ignore[misc]
        def set_header(self, _count: int) -> str:
            return ""  # rispy numbers the records by lines that the format does not know

    return str(rispy.dumps([_ris_record(source, accessed) for source in each_once(sources)], implementation=Writer))


def bibtex(sources: Iterable[Source], *, accessed: date) -> str:
    """Return BibTeX entries, as `ris` returns records."""
    from pybtex.database import BibliographyData
    from pybtex.database.output.bibtex import Writer

    class VerbatimWriter(Writer):  # type: ignore[misc]
        def _write_field(self, stream: Any, field: str, value: str) -> None:
            # pybtex escapes some of TeX's characters, in addresses too, where none may be; `_bibtex_entry` has escaped them all.
            stream.write(f",\n    {field} = {self.quote(value)}")

    entries = {reference_key(source): _bibtex_entry(source, accessed) for source in each_once(sources)}
    return str(VerbatimWriter(encoding="utf-8").to_string(BibliographyData(entries=entries)))


def cited_sources(citations: Iterable[Citation]) -> tuple[Source, ...]:
    """Return the sources of citations, each document once, in the order of first citation."""
    return each_once(citation.source for citation in citations)


def each_once(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Return sources without repetition of a document; the first one stays."""
    first: dict[str, Source] = {}
    for source in sources:
        first.setdefault(source.document_id, source)
    return tuple(first.values())


def reference_key(source: Source) -> str:
    """Return the key of a document in RIS and BibTeX: its id, where that is a key already, else one made of it.

    The same document has the same key in every export; BibTeX takes keys that differ in case only for one, hence the digits.

    Example: "nice-ng234-2023" -> the same; "Paper 1.pdf" -> "paper-1-pdf-" and six hexadecimal digits
    """
    document_id = source.document_id
    plain = re.sub(r"[^a-z0-9]+", "-", document_id.lower()).strip("-")
    if plain and plain == document_id:
        return plain
    return f"{plain or 'document'}-{hashlib.sha256(document_id.encode('utf-8', 'replace')).hexdigest()[:6]}"


def web_address(source: Source) -> str | None:
    """Return the address of the original, fit for a link and for every format; None where there is none, or none of the web."""
    url = quote(one_line(source.url or ""), safe="%/:?#[]@!$&'()*+,;=~-._")  # leaves no brace, bracket, quotation mark, space or backslash
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in {"http", "https"} and parts.netloc else None


def one_line(text: str) -> str:
    """Return text as one line of characters that any file may hold: control characters count as spaces, halves of characters go."""
    return " ".join(_NO_TEXT.sub(" ", text).split())


def _body(source: Source) -> str:
    body = one_line(source.publisher)
    return "" if body == NO_BODY else body


def _superseded(source: Source) -> str:
    if source.status != "superseded":
        return ""
    return f"Superseded by {one_line(source.superseded_by)}" if source.superseded_by else "Superseded"


def _ris_record(source: Source, accessed: date) -> dict[str, Any]:
    body, url = _body(source), web_address(source)
    record = {
        "type_of_reference": RIS_TYPE.get(source.kind, "ELEC"),
        "id": reference_key(source),
        "authors": [body] if body else [],
        "title": one_line(source.title),
        "year": str(source.year or ""),
        "publisher": body,
        "urls": [url] if url else [],
        "doi": one_line(source.doi or ""),
        "access_date": f"{accessed:%Y/%m/%d}" if url else "",
        "type_of_work": WORK.get(source.kind, WORK["other"]),
        "notes": [_superseded(source)] if _superseded(source) else [],
    }
    return {field: value for field, value in record.items() if value}


def _bibtex_entry(source: Source, accessed: date) -> "Entry":
    from pybtex.database import Entry

    kind, work = BIBTEX_TYPE.get(source.kind, "misc"), WORK.get(source.kind, WORK["other"])
    body, url = _latex(_body(source)), web_address(source)
    fields = {
        "author": f"{{{body}}}" if body else "",  # in braces, so that a body with a comma or "and" is not taken apart
        "title": f"{{{_latex(one_line(source.title))}}}",  # in braces, so that no style makes "MSCC" small
        "institution" if kind == "techreport" else "publisher": body,
        "type" if kind == "techreport" else "howpublished": work,
        "year": str(source.year or ""),
        "doi": _verbatim(one_line(source.doi or "")),
        "url": url or "",
        "urldate": accessed.isoformat() if url else "",
        "note": _latex(_superseded(source)),
    }
    return Entry(kind, fields={field: value for field, value in fields.items() if value})


def _latex(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in text)


def _verbatim(doi: str) -> str:
    """Return a DOI as styles read it, letter by letter: nothing escaped, but a brace would end the entry."""
    return quote(doi, safe="%/:?#[]@!$&'()*+,;=~-._<>")
