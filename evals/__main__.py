"""The command line of the evaluations.

python -m evals gate [--no-cache]        ask all golden questions (quotes), compare with the baseline, write the reports; exit 1 when worse
python -m evals baseline [--no-cache]    the same, then write baseline.json and the README's scorecard, and say what changed
python -m evals llm [--no-cache] [--write]    the sample with the language model: quotes, select, compose
python -m evals judge [--write]          judge the judge, then RAGAS's judged metrics on a sample
python -m evals diff A B                 compare two runs (files of evals/runs/, or evals/baseline.json)
python -m evals scorecard [--check]      write the README's scorecard from the baselines, or fail when it is another
"""

import argparse
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is fetched while evaluating
os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")

from rag.errors import RagError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 fine, 1 the gate is shut or the scorecard is stale, 2 the input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m evals", description="Evaluations of Osseous; see the README.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (
        ("gate", "compare with the baseline"),
        ("baseline", "renew the baseline"),
        ("llm", "sample with the language model"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("--no-cache", action="store_true", help="ask and score everything anew")
    commands.choices["llm"].add_argument("--write", action="store_true", help="write baseline-llm.json and the README's scorecard")
    commands.choices["llm"].add_argument(
        "--engines", nargs="+", default=["quotes", "select", "compose"], choices=["quotes", "select", "compose"]
    )
    judge = commands.add_parser("judge", help="RAGAS's judged metrics")
    judge.add_argument("--write", action="store_true", help="write baseline-judge.json and the README's scorecard")
    diff = commands.add_parser("diff", help="compare two runs")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    questions = commands.add_parser("questions", help="check the golden questions")
    questions.add_argument("categories", nargs="*", help="categories to print hints on")
    card = commands.add_parser("scorecard", help="the README's scorecard")
    card.add_argument("--check", action="store_true", help="write nothing; fail when the README has another")
    given = parser.parse_args(arguments)
    logging.getLogger("ragas").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    work = {
        "gate": _gate, "baseline": _baseline, "llm": _llm, "judge": _judge, "diff": _diff, "questions": _check_questions, "scorecard": _scorecard,
    }  # fmt: skip
    try:
        return work[given.command](given)
    except RagError as exc:
        print(exc, file=sys.stderr)
        return 2


def _gate(given: argparse.Namespace) -> int:
    from evals.baseline import read_baseline
    from evals.gate import judge_build, load_thresholds

    old = read_baseline()
    new, threshold, milliseconds = _evaluated(given.no_cache)
    failures = judge_build(old, new, load_thresholds())
    _write_reports(new, old, failures, threshold, milliseconds)
    for failure in failures:
        print(f"FAILED {failure}")
    stale = _scorecard(argparse.Namespace(check=True))
    print("The gate is shut." if failures else "The gate is open." if not stale else "The README's scorecard is stale.")
    return 1 if failures or stale else 0


def _baseline(given: argparse.Namespace) -> int:
    from evals.baseline import BASELINE_FILE, read_baseline, write_baseline
    from evals.gate import judge_build, load_thresholds

    old = read_baseline() if BASELINE_FILE.exists() else None
    new, threshold, milliseconds = _evaluated(given.no_cache)
    failures = judge_build(old, new, load_thresholds()) if old else []
    _write_reports(new, old, failures, threshold, milliseconds)
    if old:
        _print_changes(old, new)
    write_baseline(new)
    print(f"Wrote {BASELINE_FILE.name}: {len(new.questions)} questions, {len(new.claims)} claims.")
    return _scorecard(argparse.Namespace(check=False))


def _llm(given: argparse.Namespace) -> int:
    from evals.llm import print_sample, sample_engines
    from evals.readme import LLM_FILE
    from evals.settings import load_eval_settings

    summary = sample_engines(load_eval_settings(), _questions(), given.engines, reading=not given.no_cache, progress=_progress)
    print_sample(summary)
    if given.write:
        _write_json(LLM_FILE, summary)
        _scorecard(argparse.Namespace(check=False))
    return 0


def _check_questions(given: argparse.Namespace) -> int:
    from evals.hints import check_questions

    check_questions(given.categories)
    return 0


def _judge(given: argparse.Namespace) -> int:
    from evals.judge import judge_all
    from evals.readme import JUDGE_FILE
    from evals.settings import load_eval_settings

    settings = load_eval_settings()
    summary = judge_all(settings, _questions(), progress=_progress)
    print(json.dumps(summary, indent=1, ensure_ascii=False))
    settings.runs_dir.mkdir(parents=True, exist_ok=True)
    _write_json(settings.runs_dir / f"{_stamp()}-judge.json", summary)
    if given.write:
        _write_json(JUDGE_FILE, summary)
        _scorecard(argparse.Namespace(check=False))
    return 0


def _diff(given: argparse.Namespace) -> int:
    old, new = _outcome_at(given.old), _outcome_at(given.new)
    _print_changes(old, new)
    return 0


def _scorecard(given: argparse.Namespace) -> int:
    from evals.baseline import read_baseline
    from evals.measures import measures
    from evals.readme import JUDGE_FILE, LLM_FILE, is_stale, read_json, scorecard_text, write_scorecard
    from rag.build import make_embedder
    from rag.settings import load_settings

    text = scorecard_text(read_baseline(), measures(make_embedder(load_settings())), llm=read_json(LLM_FILE), judge=read_json(JUDGE_FILE))
    if given.check:
        stale = is_stale(text)
        if stale:
            print("FAILED scorecard: the README's is not the one of the baselines; run 'python -m evals scorecard' and commit it.")
        return int(stale)
    print("Wrote the README's scorecard." if write_scorecard(text) else "The README's scorecard is current.")
    return 0


def _evaluated(no_cache: bool) -> tuple[Any, float, list[float]]:
    """Run all questions and claims with quotes; return the outcome, the abstention threshold, and milliseconds of the answers made now."""
    from evals.baseline import outcome_of
    from evals.run import evaluate, open_bench
    from evals.scorecard import latency
    from evals.settings import load_eval_settings
    from evals.store import Store

    settings = load_eval_settings()
    questions = _questions()
    bench = open_bench(settings.work_dir)
    run = evaluate(bench, questions, engine="quotes", store=Store(settings.runs_dir / "cache", reading=not no_cache), progress=_progress)
    path = settings.runs_dir / f"{_stamp()}-quotes.jsonl"
    run.write(path)
    print(f"Wrote {path.name} in {settings.runs_dir}")
    fresh = [row["answer"]["timings_ms"].get("total", 0.0) for row in run.questions if not row["cached"]]
    return outcome_of(run, latency(run.questions)), bench.plain.settings.relevance_threshold, fresh


def _write_reports(new: Any, old: Any, failures: list[Any], threshold: float, milliseconds: list[float]) -> None:
    from evals.measures import measures
    from evals.plots import plots
    from evals.report import render_markdown, render_page
    from evals.settings import load_eval_settings
    from rag.build import make_embedder
    from rag.settings import load_settings

    folder = load_eval_settings().runs_dir
    known = measures(make_embedder(load_settings()))
    (folder / "report.md").write_text(render_markdown(new, old, failures, known), encoding="utf-8")
    drawn = plots(new, old, threshold=threshold, answers_ms=milliseconds)
    (folder / "report.html").write_text(render_page(new, old, failures, known, drawn), encoding="utf-8")
    print(f"Wrote report.md and report.html in {folder}")


def _print_changes(old: Any, new: Any) -> None:
    from evals.diff import changes, claim_changes

    for name in dict.fromkeys([*old.card, *new.card]):
        before, now = old.card.get(name, {}).get("all"), new.card.get(name, {}).get("all")
        if (before and before.mean) != (now and now.mean):
            print(f"{name}: {before.mean if before else '–'} -> {now.mean if now else '–'}")
    found = [*changes(old, new), *claim_changes(old, new)]
    for change in found:
        print(f"{change.id} ({change.direction}): {'; '.join(change.words)}")
    print(f"{len(found)} questions and claims changed.")


def _outcome_at(path: Path) -> Any:
    from evals.baseline import outcome_of, read_baseline
    from evals.run import read_run
    from evals.scorecard import latency

    if path.suffix == ".json":
        return read_baseline(path)
    run = read_run(path)
    return outcome_of(run, latency(run.questions))


def _questions() -> Any:
    from evals.questions import load_questions

    return load_questions()


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def _write_json(path: Path, value: Any) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def _progress(things: Iterable[Any], name: str) -> Iterable[Any]:
    from tqdm import tqdm

    bar: Iterable[Any] = tqdm(things, desc=name, unit="", leave=False, disable=None)
    return bar


if __name__ == "__main__":
    sys.exit(main())
