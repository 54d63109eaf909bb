"""rag.prompts: each prompt has exactly its slots, the loader refuses a broken file, the fingerprint follows the wording."""

from pathlib import Path

import pytest

from rag.prompts import PROMPTS_DIR, load_prompt, prompts_fingerprint

SLOTS = {"compose": {"audience", "passages", "question"}, "select": {"sentences", "question"}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of prompts of our own in place of the package's."""
    monkeypatch.setattr("rag.prompts.PROMPTS_DIR", tmp_path)
    load_prompt.cache_clear()
    return tmp_path


@pytest.fixture(autouse=True)
def _forget_loaded_prompts():
    yield
    load_prompt.cache_clear()


def test_every_prompt_file_has_its_slots_pinned_here() -> None:
    assert {path.stem for path in PROMPTS_DIR.glob("*.md")} == set(SLOTS)


@pytest.mark.parametrize("name", SLOTS)
def test_a_prompt_has_exactly_these_slots(name: str) -> None:
    prompt = load_prompt(name)
    assert set(prompt.input_variables) == SLOTS[name]
    assert prompt.optional_variables == []


@pytest.mark.parametrize("name", SLOTS)
def test_a_filled_prompt_is_a_system_and_a_human_message_with_each_value_once(name: str) -> None:
    values = {slot: f"value of {slot} {{with}} braces" for slot in SLOTS[name]}
    system, human = load_prompt(name).format_messages(**values)
    assert (system.type, human.type) == ("system", "human")
    assert all((system.text + human.text).count(value) == 1 for value in values.values())
    assert values["question"] not in system.text


@pytest.mark.parametrize("name", SLOTS)
def test_a_slot_left_empty_is_an_error(name: str) -> None:
    with pytest.raises(KeyError, match="question"):
        load_prompt(name).format_messages(**dict.fromkeys(SLOTS[name] - {"question"}, "x"))


def test_reads_parts_slots_and_doubled_braces(folder: Path) -> None:
    (folder / "own.md").write_text('# system\nReply {{"a": 1}}.\n\n# human\n# A heading of its own\n{question}\n', encoding="utf-8")
    system, human = load_prompt("own").format_messages(question="Why?")
    assert system.text == 'Reply {"a": 1}.'
    assert human.text == "# A heading of its own\nWhy?"


@pytest.mark.parametrize(
    "text", ["", "Hello", "# system\nHello", "# human\n{question}", "# human\nA\n# system\nB", "Before\n# system\nA\n# human\nB"]
)
def test_refuses_a_file_without_both_parts_in_order_and_names_it(folder: Path, text: str) -> None:
    (folder / "broken.md").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="'broken'"):
        load_prompt("broken")


def test_a_missing_prompt_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        load_prompt("no-such-prompt")


def test_the_fingerprint_repeats_and_follows_text_name_and_set_of_files(folder: Path) -> None:
    prints = [prompts_fingerprint()]
    (folder / "a.md").write_text("one", encoding="utf-8")
    prints.append(prompts_fingerprint())
    assert prompts_fingerprint() == prints[-1]
    (folder / "a.md").write_text("two", encoding="utf-8")
    prints.append(prompts_fingerprint())
    (folder / "a.md").rename(folder / "b.md")
    prints.append(prompts_fingerprint())
    (folder / "c.md").write_text("", encoding="utf-8")
    prints.append(prompts_fingerprint())
    assert len(set(prints)) == len(prints)
    assert all(len(fingerprint) == 16 and int(fingerprint, 16) >= 0 for fingerprint in prints)
    (folder / "notes.txt").write_text("not a prompt", encoding="utf-8")
    assert prompts_fingerprint() == prints[-1]
