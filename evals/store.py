"""Results kept by key, one JSON file each, so that an unchanged build evaluates in seconds. A cache: delete it at any time."""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any


class Store:
    """JSON values by a key made of anything that JSON can hold. Writes are atomic; a damaged file counts as absent."""

    def __init__(self, folder: Path, *, reading: bool = True) -> None:
        self._folder = folder
        self._reading = reading

    def get(self, *key: Any) -> Any | None:
        """Return the value of a key, or None where there is none or reading is off."""
        if not self._reading:
            return None
        try:
            return json.loads(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def put(self, value: Any, *key: Any) -> None:
        """Keep a value."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        try:
            partial.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
            partial.replace(path)
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()

    def _path(self, key: tuple[Any, ...]) -> Path:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        return self._folder / digest[:2] / f"{digest}.json"
