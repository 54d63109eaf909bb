"""The command line's commands and options: the contract that scripts and evaluations depend on. Runs nothing."""

import argparse
from collections.abc import Callable, Mapping

from rag.schema import AUDIENCES, KINDS
from rag.settings import Settings

FEEDBACK = """Export what people sent about answers (RAG_FEEDBACK_DB) as candidates for golden questions, in the shape of evals/questions/*.jsonl.
A candidate is for a person to complete, and is refused until then: choose a category and an id that begins with it, write the reference and the facts, keep the
evidence that proves them, check status and alerts, resolve the verdict and the comment in "feedback" and remove that field."""

Command = Callable[[argparse.Namespace, Settings], int]


def make_parser(commands_of: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Return the parser; `options.run` is the function of the command that was given.

    Args:
        commands_of: The function that runs each command, by its name.
    """
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--corpus", metavar="DIR", help="folder of documents (RAG_CORPUS_DIR)")
    common.add_argument("--index", metavar="DIR", help="folder of the index (RAG_INDEX_DIR)")
    common.add_argument("--debug", action="store_true", help="show where an unexpected error comes from")
    parser = argparse.ArgumentParser(prog="python -m rag", description="Cited, checked answers about bone metastasis from a small library.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    index = commands.add_parser("index", parents=[common], help="build or update the index")
    index.add_argument("--rebuild", action="store_true", help="embed everything anew")
    index.set_defaults(run=commands_of["index"])

    model_files = commands.add_parser("models", parents=[common], help="fetch and check the local language model")
    model_files.add_argument("action", choices=["pull"])
    model_files.add_argument("size", nargs="?", choices=["1.5b", "0.5b"], help="which one; default RAG_LOCAL_MODEL")
    model_files.set_defaults(run=commands_of["models"])

    ask = commands.add_parser("ask", parents=[common], help="answer a question")
    ask.add_argument("question", nargs="?")
    ask.add_argument("--engine", choices=["auto", "quotes", "select", "compose"], default="auto")
    ask.add_argument("--audience", choices=AUDIENCES, default="student")
    _add_search_options(ask)
    ask.set_defaults(run=commands_of["ask"])

    search = commands.add_parser("search", parents=[common], help="passages only")
    search.add_argument("query", nargs="?")
    _add_search_options(search)
    search.set_defaults(run=commands_of["search"])

    check_sentence = commands.add_parser("verify", parents=[common], help="does a passage support a sentence?")
    check_sentence.add_argument("--batch", metavar="IN.jsonl", required=True)
    check_sentence.add_argument("--out", metavar="OUT.jsonl")
    check_sentence.set_defaults(run=commands_of["verify"])

    fetch = commands.add_parser("fetch", parents=[common], help="download public full texts into the library")
    fetch.add_argument("ids", nargs="*", metavar="ID", help="sources of corpus/sources.toml; none means all")
    fetch.set_defaults(run=commands_of["fetch"])

    corpus = commands.add_parser("corpus", parents=[common], help="list the library")
    corpus.add_argument("--json", action="store_true", help="print JSON")
    corpus.add_argument("--markdown", action="store_true", help="print the page corpus/README.md")
    corpus.set_defaults(run=commands_of["corpus"])

    feedback = commands.add_parser("feedback", parents=[common], help="what people judged of answers", description=FEEDBACK)
    feedback.add_argument("action", choices=["export"], help="print a JSON line for each judgement")
    feedback.add_argument("--out", metavar="FILE", help="where the lines go; default standard output")
    feedback.set_defaults(run=commands_of["feedback"])

    check = commands.add_parser("check", parents=[common], help="is everything in place?")
    check.set_defaults(run=commands_of["check"])
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
