"""References: the words of the Vancouver line, and RIS and BibTeX that the libraries read back as what went in."""

import codecs
import re
from datetime import date
from typing import Any

import latexcodec  # noqa: F401 - registers the codec "ulatex"
import pytest
import rispy
from pybtex.database import parse_string

from rag.references import bibtex, cited_sources, one_line, reference_key, ris, vancouver, web_address
from rag.schema import KINDS, Citation
from tests.library import source_of

DAY = date(2026, 11, 26)
HOSTILE = [
    "50% of A & B",
    "a {brace} and } an unbalanced {",
    "back\\slash \\alpha \\% end\\",
    "two\nlines\r\nER  - \nTY  - JOUR",
    '"quoted" # hash $5 _under_ ~tilde ^caret',
    "@misc{stolen, title={x}}",
    "Ärzte, علاج, 骨, 🦴, ≥ 7 µg – “so”",
    "TI  - a tag",
    "control \x00 \x0b \x1b[31m and half \ud83d character",
]


def read_bibtex(text: str) -> dict[str, Any]:
    return dict(parse_string(text, "bibtex").entries.items())


def plain(latex: str) -> str:
    """What TeX would set: the names of characters as characters, without the braces that protect."""
    for name, character in {
        "textbackslash": "\\",
        "textbraceleft": "\x01",
        "textbraceright": "\x02",
        "textasciitilde": "~",
        "textasciicircum": "^",
    }.items():
        latex = latex.replace(rf"{{\{name}}}", character if character in "\x01\x02" else f"\x03{ord(character)}\x03")
    latex = re.sub(r"\\([$%&#_])", r"\1", latex).replace("{", "").replace("}", "").replace("\x01", "{").replace("\x02", "}")
    return re.sub("\x03(\\d+)\x03", lambda match: chr(int(match[1])), latex)


def test_vancouver_is_body_title_year_day_address_and_doi() -> None:
    source = source_of(title="Spinal metastases.", publisher="NICE", year=2023, url="https://example.org/ng234", doi="10.1000/x_1")
    assert vancouver(source, accessed=DAY) == (
        "NICE. Spinal metastases [Internet]. 2023 [cited 2026 Nov 26]. Available from: https://example.org/ng234. doi:10.1000/x_1."
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"year": None}, "A body. A title [Internet]. [date unknown] [cited 2026 Nov 26]. Available from: https://example.org/doc."),
        ({"url": None}, "A body. A title. 2020."),
        ({"url": None, "doi": "10.1/x"}, "A body. A title [Internet]. 2020 [cited 2026 Nov 26]. doi:10.1/x."),
        ({"url": "javascript:alert(1)"}, "A body. A title. 2020."),
        ({"url": None, "publisher": "unknown"}, "A title. 2020."),
        ({"url": None, "publisher": "Padhani et al."}, "Padhani et al. A title. 2020."),
        ({"url": None, "title": "A\n title\x00"}, "A body. A title. 2020."),
        ({"url": None, "status": "superseded", "superseded_by": "ng234"}, "A body. A title. 2020. Superseded by ng234."),
        ({"url": None, "status": "superseded"}, "A body. A title. 2020. Superseded."),
        ({"url": None, "status": "current", "superseded_by": "ng234"}, "A body. A title. 2020."),
    ],
)
def test_vancouver_leaves_out_what_is_not_known_and_says_what_is_superseded(fields: dict[str, Any], expected: str) -> None:
    assert vancouver(source_of(**fields), accessed=DAY) == expected


def test_the_month_is_english_and_the_day_without_a_zero() -> None:
    assert "[cited 2027 Mar 5]" in vancouver(source_of(), accessed=date(2027, 3, 5))


@pytest.mark.parametrize("title", HOSTILE)
def test_ris_is_read_back_as_what_went_in(title: str) -> None:
    source = source_of(title=title, publisher=title, doi="10.1/x", url="https://example.org/a_b?c=%20&d={e}")
    (record,) = rispy.loads(ris([source], accessed=DAY))
    assert record["title"] == record["publisher"] == one_line(title)
    assert record["authors"] == [one_line(title)]
    assert (record["type_of_reference"], record["id"], record["year"], record["doi"]) == ("RPRT", "doc", "2020", "10.1/x")
    assert (record["urls"], record["access_date"]) == (["https://example.org/a_b?c=%20&d=%7Be%7D"], "2026/11/26")


@pytest.mark.parametrize("title", HOSTILE)
def test_bibtex_is_read_back_as_what_went_in(title: str) -> None:
    source = source_of(title=title, publisher=title, doi="10.1/x_%", url="https://example.org/a_b?c=%20&d={e}#f")
    entries = read_bibtex(bibtex([source], accessed=DAY))
    assert list(entries) == ["doc"]
    fields = entries["doc"].fields
    assert plain(fields["title"]) == plain(fields["institution"]) == one_line(title)
    assert [plain(str(person)) for person in entries["doc"].persons["author"]] == [one_line(title)]
    assert (fields["doi"], fields["url"]) == ("10.1/x_%", "https://example.org/a_b?c=%20&d=%7Be%7D#f")
    assert (fields["year"], fields["urldate"]) == ("2020", "2026-11-26")


def test_a_tex_decoder_of_another_author_reads_the_title_as_well() -> None:
    title = "50% of A & B_C #1"
    latex = read_bibtex(bibtex([source_of(title=title)], accessed=DAY))["doc"].fields["title"]
    assert codecs.decode(latex, "ulatex") == f"{{{title}}}"


def test_a_body_with_and_or_a_comma_stays_one_author() -> None:
    source = source_of(publisher="Macmillan, Cancer Research UK and NHS trusts")
    (author,) = read_bibtex(bibtex([source], accessed=DAY))["doc"].persons["author"]
    assert str(author) == "{Macmillan, Cancer Research UK and NHS trusts}"


def test_what_is_not_known_is_no_field() -> None:
    source = source_of(kind="other", publisher="unknown", year=None, url=None)
    assert set(read_bibtex(bibtex([source], accessed=DAY))["doc"].fields) == {"title", "howpublished"}
    assert set(rispy.loads(ris([source], accessed=DAY))[0]) == {"type_of_reference", "id", "title", "type_of_work"}


def test_a_superseded_document_says_so_in_every_format() -> None:
    source = source_of(status="superseded", superseded_by="ng_234")
    assert rispy.loads(ris([source], accessed=DAY))[0]["notes"] == ["Superseded by ng_234"]
    assert read_bibtex(bibtex([source], accessed=DAY))["doc"].fields["note"] == r"Superseded by ng\_234"


@pytest.mark.parametrize(
    ("kind", "ris_type", "bibtex_type"),
    [
        ("guideline", "RPRT", "techreport"),
        ("article", "EJOUR", "misc"),
        ("trial", "EJOUR", "misc"),
        ("review", "EJOUR", "misc"),
        ("label", "ELEC", "misc"),
        ("score", "ELEC", "misc"),
        ("patient-information", "ELEC", "misc"),
        ("other", "ELEC", "misc"),
    ],
)
def test_each_kind_has_its_type(kind: str, ris_type: str, bibtex_type: str) -> None:
    assert kind in KINDS
    source = source_of(kind=kind)
    assert rispy.loads(ris([source], accessed=DAY))[0]["type_of_reference"] == ris_type
    assert read_bibtex(bibtex([source], accessed=DAY))["doc"].type == bibtex_type


def test_a_document_comes_once_and_the_order_is_that_given() -> None:
    sources = [source_of(document_id=name) for name in ("b", "a", "b")]
    assert [record["id"] for record in rispy.loads(ris(sources, accessed=DAY))] == ["b", "a"]
    assert list(read_bibtex(bibtex(sources, accessed=DAY))) == ["b", "a"]


def test_citations_of_one_document_are_one_source() -> None:
    citations = [Citation(n, "chunk", source_of(document_id=name), "", "words", 0, 5) for n, name in enumerate("bab", start=1)]
    assert [source.document_id for source in cited_sources(citations)] == ["b", "a"]


def test_keys_are_stable_and_differ_where_the_documents_do() -> None:
    ids = ["paper", "Paper", "paper 1", "paper_1", "paper-1", "{paper}", "يد", "骨", ""]
    keys = [reference_key(source_of(document_id=name)) for name in ids]
    assert len(set(keys)) == len(ids)
    assert all(re.fullmatch("[a-z0-9-]+", key) for key in keys)
    assert keys[0] == "paper"
    entries = read_bibtex(bibtex([source_of(document_id=name) for name in ids], accessed=DAY))
    assert list(entries) == keys


def test_no_source_gives_an_empty_text() -> None:
    assert ris([], accessed=DAY) == bibtex([], accessed=DAY) == ""


def test_ris_holds_nothing_but_tags() -> None:
    lines = ris([source_of(), source_of(document_id="two")], accessed=DAY).splitlines()
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines if line)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("HTTP://example.org", "HTTP://example.org"),
        ('https://example.org/">x', "https://example.org/%22%3Ex"),
        ("https://example.org/é", "https://example.org/%C3%A9"),
        ("file:///etc/passwd", None),
        ("https://[broken", None),
        ("example.org", None),
        ("", None),
        (None, None),
    ],
)
def test_only_an_address_of_the_web_is_one(url: str | None, address: str | None) -> None:
    assert web_address(source_of(url=url)) == address
