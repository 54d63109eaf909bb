"""evals.provenance: whatever an answer rests on changes the fingerprint, and nothing else does."""

from pathlib import Path

import pytest

from evals.provenance import WEIGHTS, code_fingerprint


@pytest.mark.parametrize("name", ["verify.py", "scope.yaml", "prompts/select.md", "alert_weights.json", "reader.safetensors"])
def test_code_data_prompts_and_trained_weights_change_the_fingerprint(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"before")
    before = code_fingerprint(tmp_path, *WEIGHTS)
    path.write_bytes(b"after")
    assert code_fingerprint(tmp_path, *WEIGHTS) != before


def test_runs_and_caches_change_nothing(tmp_path: Path) -> None:
    before = code_fingerprint(tmp_path, *WEIGHTS)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "last.json").write_text("{}", encoding="utf-8")
    (tmp_path / "cache.pyc").write_bytes(b"x")
    assert code_fingerprint(tmp_path, *WEIGHTS) == before
