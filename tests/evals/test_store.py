"""The cache gives back what was kept under exactly this key, and nothing when it is damaged or switched off."""

from pathlib import Path

from evals.store import Store


def test_a_value_comes_back_under_its_key_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put({"a": "µ"}, "answer", {"k": 8, "q": "x"})
    assert store.get("answer", {"q": "x", "k": 8}) == {"a": "µ"}
    assert store.get("answer", {"q": "x", "k": 9}) is None
    assert store.get("row", {"q": "x", "k": 8}) is None
    assert Store(tmp_path, reading=False).get("answer", {"k": 8, "q": "x"}) is None


def test_a_damaged_file_counts_as_absent(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(1, "key")
    (path,) = tmp_path.rglob("*.json")
    path.write_text("{")
    assert store.get("key") is None
    assert not [left for left in tmp_path.rglob("*") if left.is_file() and left.suffix != ".json"]
