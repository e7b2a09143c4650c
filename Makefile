# make demo | test | test-slow | test-browser | bench | verification | facts | lint | clean: see `make help`.
# Needs make and Python 3.11 or newer, nothing else. PYTHON=... and VENV=... choose another interpreter or place.

VENV ?= .venv
REPLICATIONS ?= 8
SIZE ?= 600
SCENARIO ?= scenarios/coffee_shop/baseline.yaml

# The first of these that is really there (a pyenv shim can be an empty promise), is recent enough, and can
# make an environment.
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	$$p -c '$(FITS)' >/dev/null 2>&1 && { echo $$p; break; }; done)
endif

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ifeq ($(shell test -w "$$HOME" && echo yes),)
PIP += --no-cache-dir
export MPLCONFIGDIR ?= $(abspath $(VENV))/matplotlib
endif

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-browser bench verification facts lint install clean

help:  ## this text
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.installed  ## run one coffee shop for a year: KPIs here, tables and pictures in results/
	$(BIN)/touchpoint run $(SCENARIO) --size $(SIZE) --replications $(REPLICATIONS)

install: $(VENV)/.installed  ## make the environment only; then: .venv/bin/touchpoint --help

test: $(VENV)/.installed-test  ## the tests, on all cores (about three minutes on two)
	$(BIN)/python -m pytest -n auto --maxprocesses 4

test-slow: $(VENV)/.installed-test  ## the tests marked slow (some minutes more)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 -m slow

test-browser: $(VENV)/.installed-browser  ## the report in a headless Chromium, which must be there already
	$(BIN)/python -m pytest -m slow tests/report/test_page_in_browser.py

bench: $(VENV)/.installed  ## engines, plain SimPy and the floor side by side (BENCH=--short: a minute)
	$(BIN)/python -m benchmarks $(BENCH)

verification: $(VENV)/.installed  ## the simulator against closed forms: docs/verification.md anew (a minute)
	$(BIN)/touchpoint verify --markdown > docs/verification.tmp && mv docs/verification.tmp docs/verification.md \
	  || { rm -f docs/verification.tmp; exit 1; }

facts: $(VENV)/.installed  ## the simulator against published facts: docs/facts.md anew (three minutes)
	$(BIN)/touchpoint facts --markdown $(FACTS) > docs/facts.tmp && mv docs/facts.tmp docs/facts.md \
	  || { rm -f docs/facts.tmp; exit 1; }

lint: $(VENV)/.installed-dev  ## style, types, and the rule that imports go only down the house
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:  ## remove the environment, the caches and the runs in results/
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .ruff_cache .mypy_cache .import_linter_cache
	find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	find sim tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- the environment: made again when pyproject changes
define CHECK_PYTHON
if [ -z "$(PYTHON)" ] || ! $(PYTHON) -c '$(FITS)' >/dev/null 2>&1; then \
  echo "Touchpoint needs Python 3.11 to 3.14 with its venv module; found: $$($(or $(PYTHON),python3) --version 2>&1 | head -n 1)." >&2; \
  echo "Install one (Debian, Ubuntu: apt install python3-venv) or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; \
  exit 1; fi
endef

$(VENV)/.installed: pyproject.toml
	@$(CHECK_PYTHON)
	@echo "Installing into $(VENV) (a minute or so, once) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --editable '.[optimise,sql]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@$(PIP) install --editable '.[test]'
	@touch $@

$(VENV)/.installed-browser: $(VENV)/.installed
	@$(PIP) install --editable '.[test,browser]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(PIP) install --editable '.[test,dev]'
	@touch $@
