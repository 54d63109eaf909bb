"""The command line as scripts use it: exit codes, one line on standard error, the JSON contract, and batches that stop at nothing.

The toy corpus is indexed once with the real embedding model, since the command line builds its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rag.__main__ import main
from rag.feedback import FeedbackStore
from rag.schema import Answer
from tests.fakes import write_toy_corpus
from tests.openai_server import OpenAIServer, Reply, words

NO_LIBRARY = "/nonexistent/library"  # documents that a person added must not change a test
PROJECT = Path(__file__).resolve().parent.parent
MRI = "How fast must an MRI be done for suspected cord compression?"
ANSWER_FIELDS = [
    "id", "question", "query", "status", "answer", "sentences", "citations", "passages", "alerts", "engine", "model", "notice",
    "timings_ms", "fingerprints",
]  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What a command did: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options that point at the toy corpus and its index."""
    folder = tmp_path_factory.mktemp("cli")
    options = ["--corpus", str(write_toy_corpus(folder / "corpus")), "--index", str(folder / "index")]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAG_LIBRARY_DIR", NO_LIBRARY)
        assert main(["index", *options]) == 0
    return options


@pytest.fixture
def run(places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run a command in this process on the toy corpus, without a language model unless a test sets one."""
    monkeypatch.setenv("RAG_LLM", "none")
    monkeypatch.setenv("RAG_LIBRARY_DIR", NO_LIBRARY)
    monkeypatch.setenv("RAG_MODELS_DIR", str(tmp_path / "models"))
    capsys.readouterr()

    def run_command(command: str, *arguments: str, at: list[str] | None = None) -> Run:
        try:
            code = main([command, *(places if at is None else at), *arguments])
        except SystemExit as exc:  # argparse
            code = int(exc.code or 0)
        captured = capsys.readouterr()
        return Run(code, captured.out, captured.err)

    return run_command


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_ask_prints_the_answer_and_its_references(run: Callable[..., Run]) -> None:
    done = run("ask", MRI)
    assert done.code == 0
    assert "within 24 hours" in done.out
    assert "[1] Alpha guideline on cord compression – NICE, 2023." in done.out
    assert "no medical advice" in done.out


def test_ask_prints_an_alert_above_the_answer(run: Callable[..., Run]) -> None:
    done = run("ask", "My dad has prostate cancer and suddenly can't move his legs. Cord compression?")
    assert done.out.startswith("!!")


def test_ask_as_json_follows_the_contract(run: Callable[..., Run]) -> None:
    row = run("ask", MRI, "--json").json
    assert list(row) == ANSWER_FIELDS
    assert (row["status"], row["engine"], row["model"]) == ("answered", "quotes", None)
    assert row["sentences"][0]["citations"] == [1]
    assert row["citations"][0]["document_id"] == "alpha-2023"


def test_an_abstention_is_a_result_and_no_failure(run: Callable[..., Run]) -> None:
    done = run("ask", "What is the dose of paclitaxel in osteosarcoma?", "--json")
    assert (done.code, done.json["status"]) == (0, "abstained")


def test_search_prints_passages(run: Callable[..., Run]) -> None:
    assert run("search", MRI, "--k", "1").out.startswith("1. Alpha guideline on cord compression")
    row = run("search", MRI, "--k", "2", "--json").json
    assert (row["query"], [passage["rank"] for passage in row["passages"]]) == (MRI, [1, 2])
    assert list(row["passages"][0]) == [
        "rank", "chunk_id", "document_id", "title", "publisher", "year", "section", "text", "relevance",
    ]  # fmt: skip


def test_search_that_finds_nothing_says_so(run: Callable[..., Run]) -> None:
    done = run("search", MRI, "--kind", "trial")
    assert done.code == 0
    assert done.out.strip()


def test_kind_and_publisher_limit_the_search(run: Callable[..., Run]) -> None:
    for option in (("--kind", "score"), ("--publisher", "sosg")):
        row = run("search", "cord compression", "--json", *option).json
        assert {passage["document_id"] for passage in row["passages"]} == {"sins"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ask",), "python -m rag ask"),
        (("search",), "python -m rag search"),
        (("ask", ""), "empty"),
        (("ask", " \n\t "), "empty"),
        (("ask", "x" * 100_000), "100,000 characters"),
        (("ask", "😀😀😀"), "no words"),
        (("ask", "?!…"), "no words"),
        (("ask", "\x00\x01"), "empty"),
        (("search", ""), "empty"),
        (("ask", MRI, "--publisher", "Nobody"), "Nobody"),
        (("ask", "--batch", "missing.jsonl"), "missing.jsonl"),
        (("ask", "--batch", "."), "cannot be read"),
        (("search", "--batch", "missing.jsonl"), "missing.jsonl"),
        (("verify", "--batch", "missing.jsonl"), "missing.jsonl"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(run: Callable[..., Run], arguments: tuple[str, ...], named: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert done.err.startswith("error: ")
    assert "unexpected" not in done.err
    assert done.err.count("\n") == 1
    assert len(done.err) < 400


def test_an_unexpected_error_is_one_line_too_and_shows_itself_with_debug(run: Callable[..., Run]) -> None:
    impossible = ("ask", "--batch", "a\x00b")  # no system hands over such an argument, so nothing looks for it
    done = run(*impossible)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "--debug" in done.err
    with pytest.raises(ValueError, match="null"):
        run(*impossible, "--debug")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ask", MRI, "--kind", "leaflet"), "leaflet"),
        (("search", MRI, "--kind", ""), "kind"),
        (("ask", MRI, "--k", "0"), "'0'"),
        (("ask", MRI, "--k", "51"), "'51'"),
        (("ask", MRI, "--k", "many"), "'many'"),
        (("ask", MRI, "--k", "-1"), "k"),
        (("ask", MRI, "--engine", "magic"), "magic"),
        (("ask", MRI, "--audience", "nurse"), "nurse"),
        (("ask", MRI, "--unknown"), "--unknown"),
        (("models", "pull", "7b"), "7b"),
        (("models", "delete"), "delete"),
        (("verify",), "--batch"),
        (("dance",), "dance"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_options_are_exit_code_2_with_what_was_found(run: Callable[..., Run], arguments: tuple[str, ...], named: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert named in done.err.splitlines()[-1]


def test_no_command_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([])
    assert raised.value.code == 2


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--help"])
    shown = capsys.readouterr().out
    assert raised.value.code == 0
    assert all(f"\n    {command} " in shown for command in ("index", "models", "ask", "search", "verify", "check"))


@pytest.mark.parametrize(
    ("name", "value"), [("RAG_K", "many"), ("RAG_K", "0"), ("RAG_RELEVANCE_THRESHOLD", "2"), ("RAG_ENGINE", "magic"), ("RAG_PORT", "-1")]
)
def test_a_bad_setting_is_named_with_its_value(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    done = run("ask", MRI)
    assert done.code == 2
    assert name in done.err
    assert repr(value) in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("command", [("ask", MRI), ("search", MRI)])
def test_without_an_index_the_command_to_build_it_is_named(run: Callable[..., Run], tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run(*command, at=["--index", str(tmp_path / "none")])
    assert done.code == 2
    assert "python -m rag index" in done.err


def test_without_a_corpus_there_is_nothing_to_index(run: Callable[..., Run], tmp_path: Path) -> None:
    done = run("index", at=["--corpus", str(tmp_path / "none"), "--index", str(tmp_path / "index")])
    assert done.code == 2
    assert str(tmp_path / "none") in done.err


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("骨转移最常见于哪些癌症？", "abstained"),
        ("Какие опухоли метастазируют в кости?", "abstained"),
        ("<script>alert(1)</script> <b>Pizza</b>", "abstained"),
        ("<b>How fast</b> must an MRI be done for suspected <i>cord compression</i>?", "answered"),
        ("How fast must an MRI be done\x00 for suspected cord compression?", "answered"),
        ("How fast must an MRI be done for suspected cord compression? \u202e\u200b", "answered"),
        ("'; DROP TABLE chunks; -- MRI for suspected cord compression, how fast?", "answered"),
        ("{question} %s ${x} MRI for suspected cord compression, how fast?", "answered"),
        ("MRI for suspected cord compression, how fast? " * 40, "answered"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_odd_question_is_answered_or_declined_but_never_crashes(run: Callable[..., Run], question: str, status: str) -> None:
    done = run("ask", question, "--json")
    assert (done.code, done.json["status"]) == (0, status)
    assert "<script>" not in done.json["answer"]


BAD_ROWS: list[tuple[str, str]] = [
    ("no JSON", "not JSON"),
    ('{"id": 1, "question": "cut', "not JSON"),
    ("[1]", "list"),
    ("null", "NoneType"),
    ('{"id": "b"}', "a question is text"),
    ('{"id": "b", "question": null}', "a question is text"),
    ('{"id": "b", "question": 5}', "int"),
    ('{"id": "b", "question": ["MRI"]}', "list"),
    ('{"id": "b", "question": {"text": "MRI"}}', "dict"),
    ('{"id": "b", "question": ""}', "empty"),
    ('{"id": "b", "question": " \\n "}', "empty"),
    ('{"id": "b", "question": "\\u0000"}', "empty"),
    ('{"id": "b", "question": "😀👍"}', "no words"),
    (json.dumps({"id": "b", "question": "a" * 100_000}), "100,000 characters"),
    ('{"id": "b", "question": "MRI", "history": "before"}', "history"),
    ('{"id": "b", "question": "MRI", "history": {"role": "user"}}', "history"),
    ('{"id": "b", "question": "MRI", "history": 5}', "history"),
    ('{"id": "b", "question": "MRI", "history": [5]}', "history message 1"),
    ('{"id": "b", "question": "MRI", "history": [{"role": "system", "content": "x"}]}', "history message 1"),
    ('{"id": "b", "question": "MRI", "history": [{"role": "user"}]}', "history message 1"),
    ('{"id": "b", "question": "MRI", "audience": "nurse"}', "nurse"),
    ('{"id": "b", "question": "MRI", "audience": ["student"]}', "student"),
]


def test_a_batch_answers_the_good_lines_and_says_what_is_wrong_with_the_others(run: Callable[..., Run], tmp_path: Path) -> None:
    good = json.dumps({"id": "good", "question": MRI, "history": [{"role": "user", "content": "Hello"}], "audience": "clinician"})
    (tmp_path / "in.jsonl").write_text("\n".join([good, *(line for line, _ in BAD_ROWS), good]), encoding="utf-8")
    done = run("ask", "--batch", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out.jsonl"))
    first, *bad, last = lines_of(tmp_path / "out.jsonl")
    assert (done.code, done.out) == (0, "")
    assert f"{len(BAD_ROWS) + 2} lines" in done.err
    assert f"{len(BAD_ROWS)} of them" in done.err
    for row in (first, last):
        assert list(row) == ANSWER_FIELDS
        assert (row["id"], row["status"], row["question"]) == ("good", "answered", MRI)
    for row, (line, named) in zip(bad, BAD_ROWS, strict=True):
        reason = row.get("reason") or row["notice"]
        assert row["status"] == "error"
        assert row["id"] == ("b" if '"b"' in line else None)
        assert named in reason
        assert len(reason) < 300
        assert list(row) == (ANSWER_FIELDS if '"b"' in line else ["id", "status", "reason"])


def test_a_batch_without_an_output_file_prints_its_rows(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "question": MRI}) + "\nbad\n")
    done = run("ask", "--batch", str(tmp_path / "in.jsonl"))
    assert [json.loads(line)["status"] for line in done.out.splitlines()] == ["answered", "error"]


def test_a_batch_into_a_missing_folder_is_refused(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "question": MRI}))
    done = run("ask", "--batch", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "none" / "out.jsonl"))
    assert done.code == 2
    assert "--out" in done.err


def test_a_search_batch_gives_passages_or_an_error_a_line(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 1, "query": "SINS total"}\nbad\n{"id": 3}\n{"id": 4, "query": 5}\n')
    done = run("search", "--batch", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out.jsonl"), "--k", "2")
    good, *bad = lines_of(tmp_path / "out.jsonl")
    assert done.code == 0
    assert list(good) == ["id", "passages"]
    assert (good["id"], len(good["passages"]), good["passages"][0]["document_id"]) == (1, 2, "sins")
    assert [(row["id"], row["status"]) for row in bad] == [(None, "error"), (3, "error"), (4, "error")]
    assert all(row["reason"] for row in bad)


def test_a_verify_batch_judges_with_the_real_embedding_model_and_needs_no_index(run: Callable[..., Run], tmp_path: Path) -> None:
    text = "NICE (2023) says that MRI for suspected cord compression should be done within 24 hours."
    claims = ["MRI for suspected spinal cord compression should be done within one day.", text.replace("24", "48"), 5]
    rows = [{"id": n, "sentence": claim, "passages": ["Denosumab is given.", text]} for n, claim in enumerate(claims)]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    done = run(
        "verify", "--batch", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out.jsonl"), at=["--index", str(tmp_path / "none")]
    )
    right, wrong, bad = lines_of(tmp_path / "out.jsonl")
    assert done.code == 0
    assert (right["id"], right["verdict"], right["passage"]) == (0, "supported", 1)
    assert (wrong["id"], wrong["verdict"], wrong["passage"]) == (1, "unsupported", None)
    assert "48 hours" in wrong["reason"]
    assert (bad["id"], bad["status"]) == (2, "error")


def test_a_model_of_ones_own_answers_and_its_failure_leaves_quotes(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_LLM", "openai:test")
    monkeypatch.setenv("RAG_LLM_RETRIES", "0")
    sentence = "MRI for suspected cord compression should be done within 24 hours."
    wrong = "MRI for suspected cord compression should be done within 48 hours."
    with OpenAIServer([words(f"{sentence} {wrong}"), Reply(status=500)]) as server:
        monkeypatch.setenv("RAG_LLM_BASE_URL", server.base_url)
        composed, failed = run("ask", MRI), run("ask", MRI, "--json")
    assert composed.out.startswith(f"{sentence} [1]")
    assert "1 sentence of the model withheld" in composed.out
    assert "48 hours" not in composed.out
    assert (failed.code, failed.json["status"], failed.json["engine"]) == (0, "answered", "quotes")
    assert failed.json["notice"]


def test_the_quotes_engine_needs_no_model_that_works(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_LLM", "nonsense")
    assert run("ask", MRI, "--engine", "quotes").code == 0


def test_the_quotes_engine_asks_no_model(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer([]) as server:
        monkeypatch.setenv("RAG_LLM", "openai:test")
        monkeypatch.setenv("RAG_LLM_BASE_URL", server.base_url)
        assert run("ask", MRI, "--engine", "quotes", "--json").json["engine"] == "quotes"
        assert server.requests == []


@pytest.mark.parametrize(("llm", "named"), [("nonsense", "nonsense"), ("local", "models pull"), ("openai:x", "RAG_LLM_API_KEY")])
def test_a_model_that_cannot_be_used_is_one_clear_line(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, llm: str, named: str
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RAG_LLM", llm)
    done = run("ask", MRI)
    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert done.err.count("\n") == 1


def test_a_missing_local_model_is_a_notice(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_LLM", "auto")
    row = run("ask", MRI, "--json").json
    assert (row["status"], row["engine"]) == ("answered", "quotes")
    assert "models pull" in row["notice"]


def test_no_model_is_fetched_where_none_is_wanted(run: Callable[..., Run], tmp_path: Path) -> None:
    done = run("models", "pull")
    assert done.code == 0
    assert "nothing fetched" in done.err
    assert not (tmp_path / "models").exists()


def test_indexing_again_says_that_nothing_changed(run: Callable[..., Run]) -> None:
    done = run("index")
    assert done.code == 0
    assert "Nothing changed: 6 documents" in done.err
    assert "7 chunks" in done.err


def test_check_is_exit_code_0_when_all_is_in_place(run: Callable[..., Run]) -> None:
    done = run("check")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == ["ok"] * 4


@pytest.mark.parametrize(
    ("missing", "named"),
    [("--corpus", "corpus"), ("--index", "python -m rag index"), ("RAG_LLM", "python -m rag models pull")],
)
def test_check_is_exit_code_1_and_says_what_to_do_when_a_part_is_missing(
    run: Callable[..., Run], places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, named: str
) -> None:
    if missing == "RAG_LLM":
        monkeypatch.setenv("RAG_LLM", "local")
        done = run("check")
    else:
        at = list(places)
        at[at.index(missing) + 1] = str(tmp_path / "none")
        done = run("check", at=at)
    assert done.code == 1
    bad = [line for line in done.out.splitlines() if line.startswith("missing")]
    assert any(named in line for line in bad)


def test_check_is_exit_code_0_when_only_the_local_model_is_missing(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_LLM", "auto")
    done = run("check")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == ["ok", "ok", "ok", "note"]


def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A feedback database with one judgement, as the settings name it."""
    database = tmp_path / "feedback" / "feedback.sqlite3"
    monkeypatch.setenv("RAG_FEEDBACK_DB", str(database))
    FeedbackStore(database).add("wrong answer", "It is 7 days.", Answer(question=MRI, query=MRI, status="abstained", answer="No."))
    return database


def test_feedback_is_exported_as_candidates(run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(tmp_path, monkeypatch)
    done = run("feedback", "export")
    assert (done.code, done.err) == (0, "")
    assert (done.json["question"], done.json["feedback"]["comment"]) == (MRI, "It is 7 days.")
    written = run("feedback", "export", "--out", str(tmp_path / "out.jsonl"))
    assert (written.code, written.out, written.err) == (0, "", "")
    assert lines_of(tmp_path / "out.jsonl") == [done.json]


def test_no_feedback_is_one_line_and_no_failure(run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_FEEDBACK_DB", str(tmp_path / "none" / "feedback.sqlite3"))
    done = run("feedback", "export", "--out", str(tmp_path / "out.jsonl"))
    assert (done.code, done.out, done.err.count("\n")) == (0, "", 1)
    assert "No feedback" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_feedback_database_that_is_none_is_one_line_and_exit_code_2(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(tmp_path, monkeypatch).write_text("no database " * 100, encoding="utf-8")
    done = run("feedback", "export")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "RAG_FEEDBACK_DB" in done.err


def test_the_help_of_feedback_says_that_a_person_completes_candidates(run: Callable[..., Run]) -> None:
    words = " ".join(run("feedback", "--help", at=[]).out.split())
    assert "for a person to complete" in words
    assert '"feedback" and remove that field' in words


def start(*arguments: str, places: list[str]) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")} | {
        "RAG_LLM": "none",
        "RAG_LIBRARY_DIR": NO_LIBRARY,
    }
    command = [sys.executable, "-m", "rag", *arguments, *places]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_a_real_run_answers_as_json_and_writes_nothing_else(places: list[str]) -> None:
    done = start("ask", MRI, "--json", places=places)
    assert (done.returncode, done.stderr) == (0, "")
    row = json.loads(done.stdout)
    assert (row["status"], row["citations"][0]["document_id"]) == ("answered", "alpha-2023")


def test_a_real_run_with_bad_input_is_exit_code_2_without_a_stack_trace(places: list[str]) -> None:
    done = start("ask", "", places=places)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
