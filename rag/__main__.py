"""The command line: arguments in, text or JSON out. `python -m rag --help`.

Exit codes: 0 done, 1 `check` found something missing, 2 bad input or a failed step, said in one line on standard error. A batch never stops at a
bad line: it writes that line's error and goes on.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rag.errors import QuestionError, RagError, SettingsError
from rag.schema import AUDIENCES, KINDS, Answer, Passage, passage_to_dict
from rag.settings import Settings, load_settings

if TYPE_CHECKING:
    from rag.pipeline import Filters, Pipeline

OK, MISSING, BAD_INPUT = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    _quiet_libraries()
    options = _parser().parse_args(arguments)
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

    from rag.pipeline import build_index

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
    read = f"{report.documents} documents ({len(report.skipped)} files skipped), {report.chunks} chunks, {report.sentences} sentences"
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
    from rag.models import pull_language_model

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
    filters = _filters(options)
    if options.batch:
        return _batch(
            options, lambda pipeline, row: _ask_row(pipeline, row, options, filters), settings, with_model=options.engine != "quotes"
        )
    if options.question is None:
        raise QuestionError('a question is expected: python -m rag ask "QUESTION", or --batch IN.jsonl --out OUT.jsonl.')
    pipeline = _open(settings, with_model=options.engine != "quotes")
    answer = pipeline.answer(options.question, audience=options.audience, engine=options.engine, k=options.k, filters=filters)
    print(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2) if options.json else _answer_text(answer))
    return OK


def run_search(options: argparse.Namespace, settings: Settings) -> int:
    """Print the passages for a query, or for every line of a file."""
    filters = _filters(options)
    if options.batch:
        return _batch(options, lambda pipeline, row: _search_row(pipeline, row, options, filters), settings, with_model=False)
    if options.query is None:
        raise QuestionError('a query is expected: python -m rag search "QUERY", or --batch IN.jsonl --out OUT.jsonl.')
    passages = _open(settings, with_model=False).search(options.query, k=options.k, filters=filters)
    if options.json:
        rows = [passage_to_dict(passage) for passage in passages]
        print(json.dumps({"query": options.query, "passages": rows}, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(_passage_text(passage) for passage in passages) or "No passage found.")
    return OK


def run_verify(options: argparse.Namespace, settings: Settings) -> int:
    """Judge for every line of a file whether its passages support its sentence; needs no index."""
    from rag.batch import verify_row
    from rag.embed import RememberingEncoder
    from rag.pipeline import make_embedder

    embedder = make_embedder(settings)
    encode = RememberingEncoder(embedder)
    return _each_line(options, lambda row: verify_row(row, encode))


def run_check(_options: argparse.Namespace, settings: Settings) -> int:
    """Say for each part whether it is in place, and what to do where it is not."""
    from rag.checkup import check_installation

    findings = check_installation(settings)
    for finding in findings:
        print(f"{'ok     ' if finding.ok else 'missing' if finding.needed else 'note   '}  {finding.part}: {finding.message}")
    return OK if all(finding.ok or not finding.needed for finding in findings) else MISSING


def _ask_row(pipeline: "Pipeline", row: dict[str, Any], options: argparse.Namespace, filters: "Filters") -> dict[str, Any]:
    try:
        answer = pipeline.answer(
            row.get("question"),  # type: ignore[arg-type]
            row.get("history"),
            audience=row.get("audience") or options.audience,
            engine=options.engine,
            k=options.k,
            filters=filters,
        )
    except QuestionError as exc:
        question = row.get("question")
        text = question if isinstance(question, str) else ""
        answer = Answer(question=text, query="", status="error", answer=str(exc), notice=str(exc))
    return answer.to_dict(answer_id=row.get("id"))


def _search_row(pipeline: "Pipeline", row: dict[str, Any], options: argparse.Namespace, filters: "Filters") -> dict[str, Any]:
    passages = pipeline.search(row.get("query"), k=options.k, filters=filters)  # type: ignore[arg-type]
    return {"id": row.get("id"), "passages": [passage_to_dict(passage) for passage in passages]}


def _batch(
    options: argparse.Namespace, work: Callable[["Pipeline", dict[str, Any]], dict[str, Any]], settings: Settings, *, with_model: bool
) -> int:
    pipeline = _open(settings, with_model=with_model)
    return _each_line(options, lambda row: work(pipeline, row))


def _each_line(options: argparse.Namespace, work: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Run `work` on each JSON line of the input; write to a new file that takes its name when it is whole."""
    from rag.batch import each_line

    done, failed = each_line(Path(options.batch), Path(options.out) if options.out else None, work, progress=_progress_lines)
    _say(f"{done} lines done, {failed} of them with an error.")
    return OK


def _progress_lines(lines: Iterator[str], total: int) -> Iterator[str]:
    from tqdm import tqdm

    yield from tqdm(lines, total=total, unit="line", disable=None, leave=False)


def _open(settings: Settings, *, with_model: bool) -> "Pipeline":
    from rag.pipeline import build_pipeline, load_language_model

    pipeline = build_pipeline(settings)
    if with_model:
        pipeline.attach(*load_language_model(settings, say=_say))
    return pipeline


def _filters(options: argparse.Namespace) -> "Filters":
    from rag.pipeline import Filters

    return Filters(kind=options.kind, publisher=options.publisher)


def _answer_text(answer: Answer) -> str:
    lines = [f"!! {alert.title}\n   {alert.message}\n" for alert in answer.alerts]
    lines.append(answer.answer)
    if answer.citations:
        lines.append("")
    for citation in answer.citations:
        source = citation.source
        year = f", {source.year}" if source.year else ""
        superseded = " (superseded)" if source.status == "superseded" else ""
        lines.append(
            f"[{citation.n}] {source.title} – {source.publisher}{year}{superseded}. {citation.section}. {source.url or ''}".rstrip()
        )
    withheld = sum(sentence.verdict == "unsupported" for sentence in answer.sentences)
    if withheld:
        lines.append(f"({withheld} sentence{'s' if withheld > 1 else ''} of the model withheld: no passage supports it.)")
    if answer.notice:
        lines.append(f"({answer.notice})")
    made_by = f"{answer.engine}, {answer.model}" if answer.model else answer.engine
    lines.append(f"– {made_by}; {answer.timings_ms.get('total', 0) / 1000:.1f} s. A reference tool, no medical advice.")
    return "\n".join(lines)


def _passage_text(passage: Passage) -> str:
    return f"{passage.rank}. {passage.source.title} › {passage.section} (relevance {passage.relevance:.2f})\n{passage.text}"


def _settings(options: argparse.Namespace) -> Settings:
    given = {"corpus_dir": options.corpus, "index_dir": options.index}
    return load_settings(**{name: Path(value) for name, value in given.items() if value})


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--corpus", metavar="DIR", help="folder of documents (RAG_CORPUS_DIR)")
    common.add_argument("--index", metavar="DIR", help="folder of the index (RAG_INDEX_DIR)")
    common.add_argument("--debug", action="store_true", help="show where an unexpected error comes from")
    parser = argparse.ArgumentParser(prog="python -m rag", description="Cited, checked answers about bone metastasis from a small library.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    index = commands.add_parser("index", parents=[common], help="build or update the index")
    index.add_argument("--rebuild", action="store_true", help="embed everything anew")
    index.set_defaults(run=run_index)

    model_files = commands.add_parser("models", parents=[common], help="fetch and check the local language model")
    model_files.add_argument("action", choices=["pull"])
    model_files.add_argument("size", nargs="?", choices=["1.5b", "0.5b"], help="which one; default RAG_LOCAL_MODEL")
    model_files.set_defaults(run=run_models)

    ask = commands.add_parser("ask", parents=[common], help="answer a question")
    ask.add_argument("question", nargs="?")
    ask.add_argument("--engine", choices=["auto", "quotes", "select", "compose"], default="auto")
    ask.add_argument("--audience", choices=AUDIENCES, default="student")
    _add_search_options(ask)
    ask.set_defaults(run=run_ask)

    search = commands.add_parser("search", parents=[common], help="passages only")
    search.add_argument("query", nargs="?")
    _add_search_options(search)
    search.set_defaults(run=run_search)

    check_sentence = commands.add_parser("verify", parents=[common], help="does a passage support a sentence?")
    check_sentence.add_argument("--batch", metavar="IN.jsonl", required=True)
    check_sentence.add_argument("--out", metavar="OUT.jsonl")
    check_sentence.set_defaults(run=run_verify)

    fetch = commands.add_parser("fetch", parents=[common], help="download public full texts into the library")
    fetch.add_argument("ids", nargs="*", metavar="ID", help="sources of corpus/sources.toml; none means all")
    fetch.set_defaults(run=run_fetch)

    corpus = commands.add_parser("corpus", parents=[common], help="list the library")
    corpus.add_argument("--json", action="store_true", help="print JSON")
    corpus.add_argument("--markdown", action="store_true", help="print the page corpus/README.md")
    corpus.set_defaults(run=run_corpus)

    check = commands.add_parser("check", parents=[common], help="is everything in place?")
    check.set_defaults(run=run_check)
    return parser


def _add_search_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--k", type=_count, metavar="N", help="passages, 1 to 50")
    parser.add_argument("--kind", choices=KINDS, help="only documents of this kind")
    parser.add_argument("--publisher", help="only documents of this body")
    parser.add_argument("--batch", metavar="IN.jsonl", help="one JSON object a line")
    parser.add_argument("--out", metavar="OUT.jsonl", help="where the batch's lines go; default standard output")


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 50:
        raise argparse.ArgumentTypeError(f"a number from 1 to 50 is expected, found {text!r}")
    return int(text)


def _say(line: str, stream: TextIO | None = None) -> None:
    print(line, file=stream or sys.stderr, flush=True)


def _quiet_libraries() -> None:
    """Switch off the telemetry and chatter of libraries before any of them is imported."""
    for name, value in {
        "ANONYMIZED_TELEMETRY": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "LANGSMITH_TRACING": "false",
    }.items():
        os.environ.setdefault(name, value)


if __name__ == "__main__":
    sys.exit(main())
