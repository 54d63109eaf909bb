"""The command line: arguments in, text or JSON out. `python -m rag --help`.

Exit codes: 0 done, 1 `check` found something missing, 2 bad input or a failed step, said in one line on standard error. A batch never stops at a
bad line: it writes that line's error and goes on.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.arguments import make_parser
from rag.errors import QuestionError, RagError, SettingsError
from rag.plain_text import answer_text, passage_text
from rag.schema import passage_to_dict
from rag.settings import Settings, load_settings

if TYPE_CHECKING:
    from rag.pipeline import Filters, Pipeline

OK, MISSING, BAD_INPUT = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    _quiet_libraries()
    options = make_parser(COMMANDS).parse_args(arguments)
    try:
        return int(options.run(options, _settings(options)))
    except RagError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        return OK
    except Exception as exc:
        if options.debug:
            raise
        print(f"error: unexpected {type(exc).__name__} ({exc}); run again with --debug and report what it prints.", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("stopped.", file=sys.stderr)
        return 130


def run_index(options: argparse.Namespace, settings: Settings) -> int:
    """Build or update the index and say what was done."""
    from tqdm import tqdm

    from rag.build import build_index

    _say(f"Indexing {settings.corpus_dir} and {settings.library_dir} into {settings.index_dir}; the embedding model takes some seconds ...")
    stages: list[str] = []
    with tqdm(unit="", disable=None, leave=False) as bar:

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages.append(stage)
                bar.reset(total)
                bar.set_description(stage, refresh=False)
            bar.update(done - bar.n)

        report = build_index(settings, rebuild=options.rebuild, progress=progress)
    for skipped in report.skipped:
        _say(f"skipped {skipped.path}: {skipped.reason}.")
    read = f"{report.documents} documents ({len(report.skipped)} files skipped), {report.chunks} chunks, {report.sentences} sentences, {report.questions} attached questions"
    if not report.changed:
        _say(f"Nothing changed: {read} ({report.seconds:.1f} s).")
        return OK
    _say(
        f"{read}; embedded anew {report.embedded_chunks} chunks and {report.embedded_sentences} sentences, "
        f"removed {report.removed_chunks} chunks ({report.seconds:.1f} s)."
    )
    return OK


def run_corpus(options: argparse.Namespace, settings: Settings) -> int:
    """List the library as a table, as JSON, or as the Markdown of `corpus/README.md`."""
    from rag.catalogue import as_json, as_markdown, as_table, catalogue

    rows = catalogue(_open(settings, with_model=False).index, settings.corpus_dir)
    print(as_json(rows) if options.json else as_markdown(rows) if options.markdown else as_table(rows))
    return OK


def run_models(options: argparse.Namespace, settings: Settings) -> int:
    """Fetch and check a local language model."""
    from rag.model_fetch import pull_language_model

    if options.size is None and (settings.llm not in {"auto", "local"} or settings.llm_base_url):
        _say(f"RAG_LLM={settings.llm}: no local language model is wanted; nothing fetched.")
        return OK
    pull_language_model(options.size or settings.local_model, settings.models_dir, say=_say)
    return OK


def run_fetch(options: argparse.Namespace, settings: Settings) -> int:
    """Download public full texts of the source list into the person's library."""
    from rag.fetch import fetch_sources, load_sources

    sources = load_sources(settings.corpus_dir / "sources.toml")
    known = {source.source_id for source in sources}
    unknown = [name for name in options.ids if name not in known]
    if unknown:
        raise SettingsError(f"source {unknown[0]!r} is not in {settings.corpus_dir / 'sources.toml'}; it has {', '.join(sorted(known))}.")
    wanted = [source for source in sources if not options.ids or source.source_id in options.ids]
    results = fetch_sources(wanted, settings.library_dir / "fetched", say=_say)
    for result in results:
        _say(f"{result.status:9}  {result.source_id}" + (f": {result.reason}" if result.reason else ""))
    failed = sum(result.status == "failed" for result in results)
    _say(f"{len(results)} sources, {failed} failed. Run 'python -m rag index' to read what is new.")
    return MISSING if failed else OK


def run_ask(options: argparse.Namespace, settings: Settings) -> int:
    """Answer one question, or every line of a file."""
    from rag.batch import ask_row

    chosen = {"engine": options.engine, "k": options.k, "filters": _filters(options)}
    if options.batch:
        return _batch(
            options,
            lambda pipeline, row: ask_row(row, partial(pipeline.answer, **chosen), audience=options.audience),
            settings,
            with_model=options.engine != "quotes",
        )
    if options.question is None:
        raise QuestionError('a question is expected: python -m rag ask "QUESTION", or --batch IN.jsonl --out OUT.jsonl.')
    pipeline = _open(settings, with_model=options.engine != "quotes")
    answer = pipeline.answer(options.question, audience=options.audience, **chosen)
    print(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2) if options.json else answer_text(answer))
    return OK


def run_search(options: argparse.Namespace, settings: Settings) -> int:
    """Print the passages for a query, or for every line of a file."""
    from rag.batch import search_row

    chosen = {"k": options.k, "filters": _filters(options)}
    if options.batch:
        return _batch(options, lambda pipeline, row: search_row(row, partial(pipeline.search, **chosen)), settings, with_model=False)
    if options.query is None:
        raise QuestionError('a query is expected: python -m rag search "QUERY", or --batch IN.jsonl --out OUT.jsonl.')
    passages = _open(settings, with_model=False).search(options.query, **chosen)
    if options.json:
        print(json.dumps({"query": options.query, "passages": [passage_to_dict(one) for one in passages]}, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(passage_text(passage) for passage in passages) or "No passage found.")
    return OK


def run_verify(options: argparse.Namespace, settings: Settings) -> int:
    """Judge for every line of a file whether its passages support its sentence; needs no index."""
    from rag.batch import verify_row
    from rag.build import make_embedder
    from rag.verify import checker

    check = checker(make_embedder(settings))
    return _each_line(options, lambda row: verify_row(row, check))


def run_feedback(options: argparse.Namespace, settings: Settings) -> int:
    """Print what people judged of answers as candidates for golden questions."""
    from rag.candidates import export_candidates

    if not export_candidates(settings.feedback_db, Path(options.out) if options.out else None):
        _say(f"No feedback in {settings.feedback_db}.")
    return OK


def run_check(_options: argparse.Namespace, settings: Settings) -> int:
    """Say for each part whether it is in place, and what to do where it is not."""
    from rag.checkup import check_installation

    findings = check_installation(settings)
    for finding in findings:
        print(f"{'ok     ' if finding.ok else 'missing' if finding.needed else 'note   '}  {finding.part}: {finding.message}")
    return OK if all(finding.ok or not finding.needed for finding in findings) else MISSING


def _batch(
    options: argparse.Namespace, work: Callable[["Pipeline", dict[str, Any]], dict[str, Any]], settings: Settings, *, with_model: bool
) -> int:
    pipeline = _open(settings, with_model=with_model)
    return _each_line(options, lambda row: work(pipeline, row))


def _each_line(options: argparse.Namespace, work: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Run `work` on each JSON line of the input; write to a new file that takes its name when it is whole."""
    from rag.batch import each_line, progress_bar

    done, failed = each_line(Path(options.batch), Path(options.out) if options.out else None, work, progress=progress_bar)
    _say(f"{done} lines done, {failed} of them with an error.")
    return OK


def _open(settings: Settings, *, with_model: bool) -> "Pipeline":
    from rag.build import load_language_model
    from rag.pipeline import build_pipeline

    pipeline = build_pipeline(settings)
    if with_model:
        pipeline.attach(*load_language_model(settings, say=_say))
    return pipeline


def _filters(options: argparse.Namespace) -> "Filters":
    from rag.pipeline import Filters

    return Filters(kind=options.kind, publisher=options.publisher)


def _settings(options: argparse.Namespace) -> Settings:
    given = {"corpus_dir": options.corpus, "index_dir": options.index}
    return load_settings(**{name: Path(value) for name, value in given.items() if value})


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _quiet_libraries() -> None:
    """Switch off the telemetry and chatter of libraries before any of them is imported."""
    for name, value in {
        "ANONYMIZED_TELEMETRY": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "LANGSMITH_TRACING": "false",
    }.items():
        os.environ.setdefault(name, value)


COMMANDS = {
    "index": run_index,
    "models": run_models,
    "ask": run_ask,
    "search": run_search,
    "verify": run_verify,
    "fetch": run_fetch,
    "corpus": run_corpus,
    "feedback": run_feedback,
    "check": run_check,
}


if __name__ == "__main__":
    sys.exit(main())
