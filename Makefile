# What a person runs. Everything happens in .venv; nothing outside this folder is touched.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

.DEFAULT_GOAL := help
.PHONY: help install run test lint types contracts format conformance bench lock clean

help:  ## Show this list.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

install: $(INSTALLED)  ## Create .venv with the pinned set.

$(INSTALLED): requirements.lock requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(INSTALLED)

run: install  ## Migrate, start worker and API on 127.0.0.1:8080, print a sign-in link.
	$(BIN)/tocsin run

test: install lint types contracts  ## Everything that CI runs: lint, types, import contracts, all tests.
	$(BIN)/pytest -n 2 --dist loadfile

lint: install  ## Style of every file, with ruff.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install  ## Types, with mypy --strict.
	$(BIN)/mypy

contracts: install  ## Which room may import which, with import-linter.
	$(BIN)/lint-imports

format: install  ## Rewrite files in the project's style.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

conformance: install  ## Run the packs that peers test themselves with, where ../shared holds them.
	$(BIN)/python -m tests.conformance

bench: install  ## Measure what the README claims (minutes).
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lock:  ## Resolve the newest allowed versions again and pin them.
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python .ci/lock.py
	rm -rf .venv-lock

clean:  ## Remove what was built; var/ (your data) stays.
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist ./*.egg-info
