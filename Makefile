# Thin recipes over documented commands; see README. Every recipe says what it does.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
.DEFAULT_GOAL := help
.PHONY: help install install-evals install-test run test test-gate test-live check corpus-readme eval eval-baseline eval-llm eval-judge bench screenshots lock clean

help:  ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install python3 and python3-venv."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; found $$($(PYTHON) -V)."; exit 1; }
	@echo "Making the environment $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

# torch first and alone: an exact CPU build must be in place before anything else asks for 'torch'.
$(VENV)/.run-installed: pyproject.toml constraints.txt | $(PY)
	@echo "Installing pinned dependencies (about 1.5 GB with PyTorch; a few minutes, once) ..."
	@$(PIP) install -qq -c constraints.txt "$$(grep '^torch==' constraints.txt)"
	@$(PIP) install -qq -c constraints.txt -e .
	@touch $@

$(VENV)/.evals-installed: $(VENV)/.run-installed
	@echo "Installing what the evaluations need ..."
	@$(PIP) install -qq -c constraints.txt -e '.[evals]'
	@touch $@

$(VENV)/.test-installed: $(VENV)/.evals-installed
	@echo "Installing what the tests need ..."
	@$(PIP) install -qq -c constraints.txt -e '.[test]'
	@touch $@

install: $(VENV)/.run-installed  ## Environment with pinned dependencies
install-evals: $(VENV)/.evals-installed  ## The same with the evals extra
install-test: $(VENV)/.test-installed  ## The same with the test extra

run: install  ## Fetch the local model (once), build the index, serve the page
	@$(PY) -m rag models pull || echo "Going on without the language model: answers will be verbatim quotations."
	@$(PY) -m rag index
	@echo "Starting the page ..."
	@$(PY) app.py

test: install-test  ## Unit, end-to-end and page tests; offline, no key
	@echo "Running the tests (some minutes on two cores; the page tests need Chromium) ..."
	@$(PY) -m pytest

test-gate: install-test  ## Break a copy of the project in five ways and see the gate name each (minutes)
	@$(PY) -m pytest -m slow

test-live: install-test  ## Three questions through the real local language model
	@$(PY) -m rag models pull 1.5b
	@$(PY) -m pytest -m live

check: install-test  ## Format, lint, types, direction of imports
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

corpus-readme: install  ## Write corpus/README.md, the table of the library, anew
	@$(PY) -m rag index
	@$(PY) -m rag corpus --markdown > corpus/README.md.new && mv corpus/README.md.new corpus/README.md

eval: install-evals  ## Golden questions and claims against the baseline; fails when worse (no key, no network)
	@$(PY) -m evals gate

eval-baseline: install-evals  ## Renew the baseline and the README's scorecard; say what changed
	@$(PY) -m evals baseline

eval-llm: install-evals  ## A sample with the local language model: quotes, select, compose (some 30 minutes)
	@$(PY) -m rag models pull
	@$(PY) -m evals llm

eval-judge: install-evals  ## RAGAS's judged metrics on a sample; EVALS_JUDGE names the judge (an hour and more with the local one)
	@$(PY) -m evals judge

screenshots: install-test  ## Take the README's pictures anew (needs Chromium)
	@$(PY) -m rag index
	@$(PY) -m tests.screenshots

bench: install-evals  ## Latency of quotes and retrieval, start-up time; retrieval beside other projects' (1.6 GB, once)
	@$(PY) -m evals.bench
	@$(PY) -m evals.peer_bench

lock: install-test  ## Write constraints.txt anew from what is installed
	@$(PIP) freeze --exclude-editable | sed 's/^\(torch==[0-9.]*\)+.*/\1/' > constraints.txt

clean:  ## Delete the environment and the index (not the models)
	rm -rf $(VENV) var
