"""Retrieval pipelines of other projects, as their own documentation sets them up, to be measured beside ours by `evals/peer_bench.py`.

Everything here runs in an environment of its own (`requirements.txt`), so it imports nothing of `rag`. Each peer is one module with a `build`
that indexes the texts; `run_peer.py` asks it; `exchange.py` says what goes in and comes out.
"""
