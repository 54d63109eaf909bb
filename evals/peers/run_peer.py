"""Run one peer: a task in, its outcome out. Executed by the peers' interpreter, never by the project's.

    python -m evals.peers.run_peer NAME TASK.json OUTCOME.json

Any attempt to reach the network is refused: what is measured must work on a machine without one, and no library may call home.
"""

import json
import os
import sys
from pathlib import Path

from evals.peers.exchange import PEERS, Searcher, Task, ask_all

ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
}


def build(name: str, task: Task) -> Searcher:
    """Index the task's documents as this peer does.

    Raises:
        ValueError: there is no such peer.
    """
    if name not in {peer.name for peer in PEERS}:
        raise ValueError(f"no peer is called {name!r}")
    documents = task["documents"]
    if name == "haystack-bm25":
        from evals.peers.haystack_pipelines import build_bm25

        return build_bm25(documents)
    from evals.peers.embedding import SharedModel

    model = SharedModel(task["model"])
    if name == "haystack-embedding":
        from evals.peers.haystack_pipelines import build_embedding

        return build_embedding(documents, model)
    if name == "langchain":
        from evals.peers import langchain_tutorial

        return langchain_tutorial.build(documents, model)
    from evals.peers import llamaindex_default

    return llamaindex_default.build(documents, model)


def refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: no name is looked up, no address called."""
    if event in {"socket.connect", "socket.getaddrinfo"}:
        raise PermissionError(f"a peer tried to reach the network ({event} {arguments!r:.200})")


def main(name: str, task_path: str, outcome_path: str) -> int:
    """Read the task, build, ask, write."""
    os.environ.update(ENVIRONMENT)  # read by the libraries when they are imported, which `build` does
    sys.addaudithook(refuse_network)
    task: Task = json.loads(Path(task_path).read_text(encoding="utf-8"))
    outcome = ask_all(build(name, task), task["questions"], task["k"])
    Path(outcome_path).write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
