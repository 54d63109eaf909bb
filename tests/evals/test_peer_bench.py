"""The comparison with other projects: the rule of what is evidence, the measures by hand, our own side of it, and what happens without peers."""

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from evals import peer_bench
from evals.peer_bench import ask_everyone, ask_peer, ours, table, task_of
from evals.peer_env import PINS_DIR, PeersError, first_pin, peers_python, pins_fingerprint
from evals.peer_scores import evidence_places, is_asked, is_evidence, place_of, row_of, score
from evals.peers.exchange import PEERS, WARM_UP, Outcome, Peer, Piece, Searcher, ask_all
from evals.peers.run_peer import build, refuse_network
from evals.questions import GoldenQuestion
from rag.load import load_corpus
from rag.pipeline import Pipeline
from rag.schema import Document, Span
from rag.settings import PROJECT_DIR

TEXTS = {
    "a": "# Scans\n\nAn MRI is done within 24 hours. A bone scan is slow. An MRI is done within 24 hours.",
    "b": "# Drugs\n\nThe dose is 120 mg every 4 weeks. An MRI is done within 24 hours.",
}
MRI, DOSE = "An MRI is done within 24 hours.", "The dose is 120 mg every 4 weeks."


def golden(*evidence: tuple[str, str, int], **fields: Any) -> GoldenQuestion:
    return GoldenQuestion.model_validate(
        {
            "id": "numeric-001", "split": "dev", "category": "numeric", "question": "When, and how much?", "status": "answered",
            "reference": "Within 24 hours; 120 mg.", "facts": [{"fact": "24 hours", "pattern": "24 hours"}, {"fact": "120 mg", "pattern": "120 mg"}],
            "evidence": [{"document_id": document_id, "quote": quote, "need": need} for document_id, quote, need in evidence],
        } | fields
    )  # fmt: skip


def piece(document_id: str, text: str, start: int | None = None) -> Piece:
    return {"document_id": document_id, "text": text, "start": start}


def outcome(rankings: dict[str, list[Piece]], milliseconds: dict[str, float]) -> Outcome:
    return {"chunks": 3, "chunk_chars": 20.0, "rankings": rankings, "milliseconds": milliseconds}


# -- the rule


@pytest.mark.parametrize(
    ("found", "text", "wanted"),
    [
        (piece("d", "two", 8), "two one two", Span(8, 11)),  # what the system says, not the first place
        (piece("d", "two", 3), "two one two", Span(0, 3)),  # the system is wrong: the first place
        (piece("d", "two"), "one two two", Span(4, 7)),
        ({"document_id": "d", "text": "two"}, "one two", Span(4, 7)),
        (piece("d", "two three"), "one two\n\n three", Span(4, 15)),
        (piece("d", "t.o"), "two", None),  # a piece is words, not a pattern
        (piece("d", " \n"), "one two", None),
    ],
)
def test_a_piece_stands_where_its_text_is(found: Piece, text: str, wanted: Span | None) -> None:
    assert place_of(found, text) == wanted


@pytest.mark.parametrize(
    ("document_id", "span", "wanted"),
    [
        ("a", Span(0, 40), True),  # around all of it
        ("a", Span(10, 20), True),
        ("a", Span(15, 40), True),  # half of it
        ("a", Span(0, 15), True),
        ("a", Span(16, 40), False),
        ("a", Span(0, 14), False),
        ("a", Span(21, 40), False),
        ("b", Span(0, 40), False),  # the same place of another document
    ],
)
def test_a_piece_is_evidence_from_half_of_its_characters_on(document_id: str, span: Span, wanted: bool) -> None:
    assert is_evidence(document_id, span, [("a", Span(10, 20))]) is wanted


def test_one_place_is_enough_and_none_is_no_evidence() -> None:
    assert is_evidence("a", Span(0, 9), [("a", Span(50, 60)), ("a", Span(0, 10))])
    assert not is_evidence("a", Span(0, 9), [])


def test_evidence_stands_wherever_its_words_are_in_the_named_document_and_alternatives_share_a_need() -> None:
    places = evidence_places(golden(("a", MRI, 0), ("b", MRI, 0), ("b", DOSE, 1)), TEXTS)
    assert places == [[("a", Span(9, 40)), ("a", Span(62, 93)), ("b", Span(43, 74))], [("b", Span(9, 42))]]
    assert evidence_places(golden(("a", "words that are gone", 0), ("gone", MRI, 1)), TEXTS) == [[], []]


# -- the measures


def test_measures_by_hand() -> None:
    ranking = [
        piece("a", "A bone scan is slow.", 41),
        piece("a", f"{MRI} A bone", 9),
        *[piece("b", "# Drugs", 0)] * 4,
        piece("b", f"{DOSE} An", 9),
    ]
    values = score(golden(("a", MRI, 0), ("b", DOSE, 1)), ranking, TEXTS, k=2)
    assert values.hit_at_1 == 0
    assert values.mrr == 1 / 2
    assert (values.recall_at_k, values.recall_at_5, values.recall_at_10) == (0.5, 0.5, 1.0)  # the second need is met at rank 7
    assert (values.chars_at_1, values.chars_at_5) == (20, 20 + 38 + 3 * 7)
    assert values.unplaced == 0


def test_of_alternatives_one_is_enough() -> None:
    values = score(golden(("a", MRI, 0), ("b", MRI, 0)), [piece("b", MRI)], TEXTS, k=1)
    assert (values.hit_at_1, values.mrr, values.recall_at_5) == (1.0, 1.0, 1.0)


def test_the_words_in_another_document_and_an_empty_ranking_are_no_hit() -> None:
    question = golden(("a", MRI, 0))
    for ranking in ([piece("b", MRI)], []):
        values = score(question, ranking, TEXTS, k=1)
        assert (values.hit_at_1, values.mrr, values.recall_at_k, values.recall_at_10) == (0, 0, 0, 0)


def test_evidence_that_is_gone_is_met_by_nothing() -> None:
    values = score(golden(("a", "words that are gone", 0), ("a", MRI, 1)), [piece("a", TEXTS["a"])], TEXTS, k=1)
    assert (values.hit_at_1, values.recall_at_5) == (1.0, 0.5)


def test_a_piece_that_is_nowhere_is_counted_and_is_no_evidence() -> None:
    values = score(golden(("a", MRI, 0)), [piece("a", f"Title: {MRI}"), piece("gone", MRI)], TEXTS, k=1)
    assert (values.unplaced, values.recall_at_10) == (2, 0)


def test_facts_are_looked_for_within_the_budgets_only() -> None:
    question = golden(("a", MRI, 0))
    assert score(question, [piece("a", "Within 24 hours."), piece("b", "The dose is\n120 mg.")], TEXTS, k=1).facts_in_2000 == 1.0
    late = score(
        question, [piece("a", "24 hours" + " " * 1993), piece("b", "120 mg")], TEXTS, k=1
    )  # 2,001 characters and a line break before it
    assert (late.facts_in_2000, late.facts_in_4000) == (0.5, 1.0)
    cut = score(question, [piece("a", "x" * 1996 + "120 mg")], TEXTS, k=1)
    assert (cut.facts_in_2000, cut.facts_in_4000) == (0.0, 0.5)
    assert score(question, [piece("a", "x" * 3996 + "120 mg")], TEXTS, k=1).facts_in_4000 == 0.0


def test_a_row_is_the_means_of_its_questions_and_their_latency() -> None:
    questions = [golden(("a", MRI, 0), id=f"numeric-{n:03d}") for n in range(1, 5)]
    hit, miss = [piece("a", MRI)], [piece("b", DOSE), piece("a", MRI)]
    rankings = {question.id: hit if question.id == "numeric-001" else miss for question in questions}
    row = row_of(questions, outcome(rankings, dict(zip(rankings, (1.0, 2.0, 4.0, 50.0), strict=True))), TEXTS, k=1)
    assert row.questions == 4
    assert (row.means.hit_at_1, row.means.mrr, row.means.recall_at_k, row.means.recall_at_5) == (0.25, (1 + 3 / 2) / 4, 0.25, 1.0)
    assert row.means.chars_at_1 == (len(MRI) + 3 * len(DOSE)) / 4
    assert (row.median_ms, row.p95_ms) == (3.0, 50.0)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, True),
        ({"history": [{"role": "user", "content": "Tell me about MRI."}]}, False),
        ({"planted": True}, False),
        ({"status": "abstained", "evidence": [], "facts": [], "reference": ""}, False),
    ],
)
def test_asked_are_questions_with_evidence_that_stand_alone(fields: dict[str, Any], wanted: bool) -> None:
    assert is_asked(golden(("a", MRI, 0), **fields)) is wanted


# -- the run


def test_every_query_is_asked_once_after_a_warm_up_that_is_not_counted() -> None:
    asked: list[tuple[str, int]] = []

    def search(query: str, k: int) -> list[Piece]:
        asked.append((query, k))
        return [piece("a", query)]

    got = ask_all(Searcher(search, [10, 30]), [{"id": "one", "query": "first"}, {"id": "two", "query": "second"}], 7)
    assert asked == [*((query, 7) for query in WARM_UP), ("first", 7), ("second", 7)]
    assert got["rankings"] == {"one": [piece("a", "first")], "two": [piece("a", "second")]}
    assert set(got["milliseconds"]) == {"one", "two"}
    assert (got["chunks"], got["chunk_chars"]) == (2, 20.0)


@pytest.fixture
def documents(shared_toy: Pipeline) -> list[Document]:
    return load_corpus(shared_toy.settings.corpus_dir)


TOY_QUESTION = golden(
    ("alpha-2023", "MRI for suspected cord compression should be done within 24 hours", 0),
    question="How fast must an MRI be done for suspected cord compression?",
    reference="24 hours", facts=[{"fact": "24 hours", "pattern": "24 hours"}],
)  # fmt: skip


def test_peers_get_bodies_and_the_words_of_the_questions(documents: list[Document]) -> None:
    task = task_of(documents, [TOY_QUESTION], "folder")
    alpha = next(text["text"] for text in task["documents"] if text["id"] == "alpha-2023")
    assert len(task["documents"]) == 6
    assert alpha.lstrip().startswith("# Alpha guideline")
    assert "publisher:" not in alpha
    assert task["questions"] == [{"id": "numeric-001", "query": TOY_QUESTION.question}]
    assert (task["model"], task["k"]) == ("folder", 10)


def test_our_own_passages_stand_in_the_bodies_and_are_scored_by_the_same_rule(shared_toy: Pipeline, documents: list[Document]) -> None:
    task = task_of(documents, [TOY_QUESTION], "folder")
    got = ours(shared_toy, task["questions"], {document.source.document_id: document.body_start for document in documents})
    texts = {text["id"]: text["text"] for text in task["documents"]}
    pieces = got["rankings"]["numeric-001"]
    assert pieces
    assert all(texts[one["document_id"]][one["start"] or 0 :].startswith(one["text"]) for one in pieces)
    assert score(TOY_QUESTION, pieces, texts, k=10).hit_at_1 == 1.0
    assert got["chunks"] == shared_toy.index.n_chunks


def test_without_an_environment_ours_is_measured_and_one_sentence_says_why(
    shared_toy: Pipeline, documents: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peer_bench, "build_index", lambda settings: None)  # both would load the real embedding model
    monkeypatch.setattr(peer_bench, "build_pipeline", lambda settings: shared_toy)
    (tmp_path / "file").write_text("no folder")
    got = ask_everyone(shared_toy.settings, task_of(documents, [TOY_QUESTION], "folder"), documents, tmp_path / "file" / "environment")
    assert [peer.label for peer, _ in got] == ["Osseous", "Osseous, given no more than the others"]
    assert "No peers: their environment could not be made (" in capsys.readouterr().out


def test_a_peer_that_fails_is_named_with_its_reason(documents: list[Document]) -> None:
    with pytest.raises(PeersError, match=r"Nobody failed: ValueError: no peer is called 'nobody'"):
        ask_peer(Peer("nobody", "Nobody", 1), task_of(documents, [TOY_QUESTION], "folder"), Path(sys.executable))


def test_no_peer_reaches_the_network() -> None:
    for event in ("socket.connect", "socket.getaddrinfo"):
        with pytest.raises(PermissionError, match="tried to reach the network"):
            refuse_network(event, ("example.org", 443))
    refuse_network("open", ("a file",))


def test_an_unknown_peer_is_refused_before_a_model_is_loaded() -> None:
    with pytest.raises(ValueError, match="no peer is called 'nobody'"):
        build("nobody", {"model": "gone", "k": 1, "documents": [], "questions": []})


def test_the_table_has_a_line_for_each_split_and_system_and_names_no_question() -> None:
    questions = [golden(("a", MRI, 0), id="numeric-001"), golden(("a", MRI, 0), id="numeric-002", split="test")]
    rankings = {"numeric-001": [piece("a", MRI)], "numeric-002": [piece("b", DOSE)]}
    lines = table([(PEERS[0], outcome(rankings, {"numeric-001": 1.0, "numeric-002": 3.0}))], questions, TEXTS).splitlines()
    assert [line.split(" | ")[:4] for line in lines[2:]] == [
        ["| dev (1)", "LangChain tutorial", "4", "1.000"],
        ["| test (1)", "LangChain tutorial", "4", "0.000"],
        ["| all (2)", "LangChain tutorial", "4", "0.500"],
    ]
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert "numeric" not in "".join(lines)
    assert questions[0].question not in "".join(lines)


# -- the environment


def test_an_environment_of_the_same_pins_is_used_as_it_is_and_one_of_others_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / ".installed").write_text(pins_fingerprint())
    assert peers_python(tmp_path) == tmp_path / "bin" / "python"
    (tmp_path / ".installed").write_text("other pins")
    (tmp_path / "bin").write_text("in the way of an environment")
    with pytest.raises(PeersError, match="venv failed: "):
        peers_python(tmp_path)
    assert (tmp_path / ".installed").read_text() == "other pins"


def test_pins_are_exact_agree_with_each_other_and_share_the_models_libraries_with_the_project() -> None:
    required = [line.split()[0] for line in (PINS_DIR / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    constraints = (PINS_DIR / "constraints.txt").read_text().splitlines()
    project = (PROJECT_DIR / "constraints.txt").read_text().splitlines()
    assert set(required) <= set(constraints)
    assert all(line.count("==") == 1 and " " not in line for line in constraints)
    assert {first_pin(name) for name in ("torch", "sentence-transformers", "transformers")} <= set(project)


def test_the_peers_are_packaged_with_their_pins() -> None:
    packaging = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert "evals.peers" in packaging["packages"]
    assert "*.txt" in packaging["package-data"]["evals.peers"]
