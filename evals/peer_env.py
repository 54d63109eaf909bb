"""The environment that peers run in: made once, with pip, apart from the project's. The network is needed only then.

Their libraries pin versions of what ours pins, too, and none of them is needed to use or test Osseous. Does not run a peer.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from rag.errors import RagError

PINS_DIR = Path(__file__).parent / "peers"
INSTALL_TIMEOUT_S = 3600.0  # some 1.6 GB over a slow line


class PeersError(RagError):
    """The peers' environment cannot be made, or a peer does not run in it."""


def peers_python(folder: Path) -> Path:
    """Return the interpreter of the peers' environment, which is made first where it is missing or was made of other pins.

    Args:
        folder: The environment.

    Raises:
        PeersError: it cannot be made; what is there stays, and the next call goes on from it.
    """
    python, mark = folder / "bin" / "python", folder / ".installed"
    pins = pins_fingerprint()
    if mark.is_file() and mark.read_text(encoding="utf-8") == pins:
        return python
    print(f"Making the peers' environment {folder} (about 1.6 GB; a few minutes, once) ...", flush=True)
    install = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q", "-c", str(PINS_DIR / "constraints.txt")]
    _run([sys.executable, "-m", "venv", str(folder)])
    _run([*install, first_pin("torch")])
    _run([*install, "-r", str(PINS_DIR / "requirements.txt")])
    mark.write_text(pins, encoding="utf-8")
    return python


def first_pin(package: str) -> str:
    """Return the requirement of one package as it is pinned, such as "torch==2.13.0"."""
    lines = (PINS_DIR / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return next(line.split()[0] for line in lines if line.startswith(f"{package}=="))


def pins_fingerprint() -> str:
    """Return what tells one set of pins from another."""
    return hashlib.sha256(b"\n".join((PINS_DIR / name).read_bytes() for name in ("requirements.txt", "constraints.txt"))).hexdigest()


def _run(command: list[str]) -> None:
    """Run `python -m TOOL ...`; of what a failing tool says, its first line of error is the reason."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S)
    except subprocess.CalledProcessError as exc:
        said = [line for line in (exc.stderr or exc.stdout or "").splitlines() if line.strip()] or [f"exit code {exc.returncode}"]
        raise PeersError(f"{command[2]} failed: {next((line for line in said if line.startswith('ERROR')), said[-1])}") from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise PeersError(f"{command[2]} failed: {exc}") from exc
