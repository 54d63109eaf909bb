"""Run a GGUF file as a local chat model: llama.cpp inside this process (xllamacpp), an OpenAI-compatible address on loopback.

Knows no prompt and no settings. The server lives as long as the object that `start_server` returns; its log goes to a file.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import ModelFileError

_starting = threading.Lock()  # the log of one start must not end up in the file of another


class LocalServer:
    """A running server. `base_url` is what an OpenAI client needs; keep the object as long as the model is wanted."""

    def __init__(self, server: Any, base_url: str) -> None:
        self._server = server
        self.base_url = base_url


def start_server(model_path: Path, *, threads: int, context_tokens: int, log_path: Path) -> LocalServer:
    """Load a model file and serve it on a free loopback port.

    Args:
        model_path: A checked GGUF file.
        threads: Threads to compute with; 0 takes all cores.
        context_tokens: Context window, tokens, shared by the requests that run side by side.
        log_path: File that receives llama.cpp's log.

    Raises:
        ModelFileError: the file is no model that llama.cpp can load.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_path)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = context_tokens
    params.n_parallel = 1  # two cores: a second request side by side would only slow the first one down
    params.cache_prompt = True
    params.warmup = True
    params.endpoint_metrics = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or os.cpu_count() or 1
    params.ui = False
    params.verbosity = 1  # errors only: its log of every request would bury our own words
    try:
        with _starting, _stderr_to(log_path):
            server = xllamacpp.Server(params)
            return LocalServer(server, f"{server.listening_address}/v1")
    except Exception as exc:  # the binding raises plain RuntimeError with llama.cpp's words
        raise ModelFileError(
            f"{model_path} could not be loaded ({type(exc).__name__}; see {log_path}); delete it and run 'python -m rag models pull'."
        ) from exc


@contextmanager
def _stderr_to(log_path: Path) -> Iterator[None]:
    """Send what C code writes to standard error to a file while a server starts: hundreds of lines that help no reader."""
    log_path.parent.mkdir(parents=True, exist_ok=True)
    saved = os.dup(2)
    with log_path.open("ab") as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
