"""rag.catalogue: the library as rows, JSON, aligned text and the page corpus/README.md, over the toy corpus with a document that a person added.

The page of the real corpus is compared with the real index: it is stale when this fails.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rag.build import build_index
from rag.catalogue import HEADER, Row, as_json, as_markdown, as_table, catalogue
from rag.pipeline import Pipeline, build_pipeline
from rag.settings import Settings
from tests.fakes import HashingEmbedder, front_matter
from tests.library_files import write

ROW = Row("sins", "A score", "A body", 2010, "score", "current", "primary", 31, 2)


@pytest.fixture
def rows(toy_settings: Settings) -> list[Row]:
    """The toy corpus, a superseded document and one that a person added."""
    old = front_matter(
        id="alpha-2008", title="Older | guideline", publisher="NICE", year=2008, status="superseded", superseded_by="alpha-2023"
    )
    write(toy_settings.corpus_dir, "guideline/old.md", f"{old}# Older guideline\n\nMRI was wanted within a week.\n")
    write(toy_settings.corpus_dir, "README.md", "# The corpus\n\nThis page is no document.\n")
    write(toy_settings.library_dir, "leaflet.md", "# Leaflet\n\n## Walking\n\nTwo sticks help a hip.\n\n## Sleep\n\nA mattress helps.\n")
    pipeline = build(toy_settings)
    return catalogue(pipeline.index, toy_settings.corpus_dir)


def build(settings: Settings) -> Pipeline:
    embedder = HashingEmbedder()
    build_index(settings, embedder=embedder)
    return build_pipeline(settings, embedder=embedder)


def by_id(rows: list[Row], start: str) -> Row:
    (row,) = (row for row in rows if row.id.startswith(start))
    return row


# -- rows


def test_lists_every_document_once_by_kind_and_id(rows: list[Row]) -> None:
    assert [(row.kind, row.id.partition("-leaflet")[0]) for row in rows] == [
        ("article", "article"),
        ("guideline", "alpha-2008"),
        ("guideline", "alpha-2023"),
        ("guideline", "beta-2020"),
        ("label", "zoledronic-label"),
        ("other", "library"),
        ("review", "hypercalcaemia"),
        ("score", "sins"),
    ]


def test_a_row_says_what_the_document_says_of_itself(rows: list[Row]) -> None:
    assert by_id(rows, "sins") == Row(
        "sins", "Spinal Instability Neoplastic Score (SINS)", "SOSG", 2010, "score", "current", "primary", 31, 1
    )
    assert by_id(rows, "zoledronic-label").year is None


def test_counts_the_words_of_the_body_without_the_front_matter(rows: list[Row]) -> None:
    assert by_id(rows, "alpha-2008").words == 9  # "# Older guideline", "MRI was wanted within a week."


def test_a_superseded_document_names_its_successor(rows: list[Row]) -> None:
    assert by_id(rows, "alpha-2008").status == "superseded by alpha-2023"


def test_a_document_that_a_person_added_has_chunks_but_no_words_counted(rows: list[Row]) -> None:
    leaflet = by_id(rows, "library-leaflet")
    assert (leaflet.title, leaflet.body, leaflet.year, leaflet.status, leaflet.checked) == (
        "Leaflet",
        "unknown",
        None,
        "unknown",
        "original",
    )
    assert (leaflet.words, leaflet.chunks) == (None, 2)


def test_the_chunks_of_all_rows_are_those_of_the_index(toy_settings: Settings) -> None:
    pipeline = build(toy_settings)
    assert sum(row.chunks for row in catalogue(pipeline.index, toy_settings.corpus_dir)) == pipeline.index.n_chunks


# -- JSON


def test_json_holds_every_field_of_every_row(rows: list[Row]) -> None:
    added = json.loads(as_json([ROW, replace(ROW, title="Größe – 骨", year=None, words=None)]))
    assert list(added[0]) == list(HEADER)
    assert added[0] == {
        "id": "sins", "title": "A score", "body": "A body", "year": 2010, "kind": "score", "status": "current", "checked": "primary",
        "words": 31, "chunks": 2,
    }  # fmt: skip
    assert (added[1]["title"], added[1]["year"], added[1]["words"]) == ("Größe – 骨", None, None)
    assert "Größe – 骨" in as_json([replace(ROW, title="Größe – 骨")])
    assert len(json.loads(as_json(rows))) == len(rows)
    assert json.loads(as_json([])) == []


# -- the table


def test_the_columns_of_the_table_stand_below_their_headings(rows: list[Row]) -> None:
    header, *lines, last = as_table(rows).splitlines()
    assert last == f"{len(rows)} documents"
    assert header.split() == list(HEADER)
    starts = [header.index(name) for name in HEADER]
    for line, row in zip(lines, rows, strict=True):
        cells = [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
        words = "" if row.words is None else str(row.words)
        assert cells == [row.id, row.title, row.body, str(row.year or "unknown"), row.kind, row.status, row.checked, words, str(row.chunks)]
        assert all(line[start - 2 : start] == "  " for start in starts[1:-2])
        assert line == line.rstrip()


def test_long_cells_are_cut_and_short_columns_stay_narrow() -> None:
    long = replace(ROW, id="i" * 100, title="t" * 100, body="b" * 100, status="s" * 100)
    _, line, _ = as_table([long]).splitlines()
    assert [cell for cell in line.split() if "…" in cell] == ["i" * 45 + "…", "t" * 55 + "…", "b" * 27 + "…", "s" * 23 + "…"]
    assert len(line) <= 46 + 56 + 28 + 7 + 20 + 24 + 9 + 5 + 6 + 8 * 2
    assert as_table([ROW]).splitlines()[0] == "id    title    body    year  kind   status   checked  words  chunks"
    exact = replace(ROW, title="t" * 56)
    assert "…" not in as_table([exact])


def test_an_empty_library_has_a_table_too() -> None:
    assert as_table([]).splitlines() == ["  ".join(HEADER), "0 documents"]


# -- the page


def test_the_page_is_a_markdown_table_with_one_line_a_document(rows: list[Row]) -> None:
    lines = as_markdown([ROW, replace(ROW, year=None)]).splitlines()
    assert lines[0] == "# The corpus"
    assert lines[2].startswith("2 documents.")
    assert lines[4:] == [
        "| id | title | body | year | kind | status | checked | words | chunks |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| sins | A score | A body | 2010 | score | current | primary | 31 | 2 |",
        "| sins | A score | A body | unknown | score | current | primary | 31 | 2 |",
    ]


@pytest.mark.parametrize("field", ["title", "body", "status"])
def test_a_bar_in_a_cell_opens_no_column(field: str) -> None:
    line = as_markdown([replace(ROW, **{field: "one | two || three"})]).splitlines()[-1]
    assert line.replace(r"\|", "").count("|") == len(HEADER) + 1
    assert all(word in line for word in ("one", "two", "three"))


def test_the_page_lists_the_corpus_only(rows: list[Row]) -> None:
    page = as_markdown(rows)
    assert "sins" in page
    assert "library-leaflet" not in page


def test_the_corpus_readme_is_current(real_pipeline: Pipeline) -> None:
    corpus = real_pipeline.settings.corpus_dir
    readme: Path = corpus / "README.md"
    assert readme.is_file(), "corpus/README.md is missing; run 'make corpus-readme'"
    assert readme.read_text(encoding="utf-8").rstrip("\n") == as_markdown(catalogue(real_pipeline.index, corpus)), (
        "run 'make corpus-readme'"
    )
