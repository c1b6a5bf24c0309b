# `make` lists the targets. Nothing but Python >= 3.11, pip and make is needed beforehand.
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := afterglow api worker models clinical settings.py
ARGS ?=
# Two at a time, each with engines of its own; one file stays with one of them.
PARALLEL ?= -n 2 --dist loadfile
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help up smoke test test-system check lint types nightly bench bench-ideation bench-detection docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

up: $(VENV)/.run ## run everything on this machine with a demo clinic; Ctrl-C stops it
	@exec $(BIN)/afterglow up $(ARGS)

smoke: $(VENV)/.run ## start it all elsewhere, page a clinician for real, print one line of JSON
	@exec $(BIN)/afterglow smoke $(ARGS)

test: $(VENV)/.dev ## run the tests on engines of our own
	$(BIN)/python -m pytest -m "not nightly" $(PARALLEL) $(ARGS)

test-system: $(VENV)/.dev ## run the tests on the PostgreSQL that is on PATH
	AFTERGLOW_TEST_POSTGRES_BIN=$$(dirname $$(readlink -f $$(command -v postgres))) \
		$(BIN)/python -m pytest -m "not nightly" $(PARALLEL) $(ARGS)

check: lint types test ## what CI runs

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/deptry .

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/pyright

nightly: $(VENV)/.dev ## everything that takes longer; writes docs/evidence.md
	.ci/nightly $(BIN)

bench: $(VENV)/.dev ## print the figures of the README, with the machine's load
	$(BIN)/python -m bench $(ARGS)

bench-ideation: $(VENV)/.dev ## print how well the text screen does on texts nobody tuned on
	$(BIN)/python -m bench.ideation.evaluate $(ARGS)

bench-detection: $(VENV)/.dev ## how well the watches find made-up returns, beside simpler ones
	$(BIN)/python -m bench.detection $(ARGS)
	$(BIN)/python -m bench.detection.forecast

docs: $(VENV)/.dev ## write the pages that are made from the code
	$(BIN)/afterglow config docs > docs/settings.md

clean: ## forget the virtual environment and the data folder
	rm -rf $(VENV) .afterglow

$(VENV)/.run: requirements.txt .ci/venv
	@.ci/venv $(VENV) requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt .ci/venv
	@.ci/venv $(VENV) requirements-dev.txt
	@touch $@ $(VENV)/.run
