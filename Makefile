# Two commands matter: `make serve` runs Callvault, `make test` tests it. Both set up what they need.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3
DATA ?= var
ARGS ?=
BIN := .venv/bin
NATIVE := $(shell find native -name '*.rs' -o -name Cargo.toml -o -name Cargo.lock 2>/dev/null | grep -v /target/)

.PHONY: help setup serve simulate check test test-fast bench fuzz soak docs words lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up: each stamp is made again when what it depends on changed -------------------------

.venv/.made: requirements/build.txt
	@tools/need.sh build
	@echo "Making the Python environment in .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

.venv/.base: .venv/.made requirements/base.txt requirements/codecs.txt
	@echo "Installing Python packages (locked, about a minute the first time)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --require-hashes -r requirements/base.txt -r requirements/codecs.txt
	@touch $@

.venv/.dev: .venv/.base requirements/dev.txt
	@echo "Installing the tools of the tests"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --require-hashes -r requirements/dev.txt
	@touch $@

.venv/.native: .venv/.base pyproject.toml $(NATIVE)
	@echo "Building the native part (Rust, about half a minute the first time)"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.messages: .venv/.made $(wildcard src/callvault/portal/locale/*/LC_MESSAGES/django.po)
	@$(BIN)/pybabel -q compile --domain django --directory src/callvault/portal/locale
	@touch $@

setup: .venv/.native .venv/.messages ## Make the Python environment and build the native part

serve: setup ## Run Callvault on this machine (ARGS="--set sip.port=5070")
	@$(BIN)/callvault serve --data $(DATA) $(ARGS)

simulate: setup ## Place simulated calls (ARGS="--calls 5")
	@$(BIN)/callvault simulate --data $(DATA) $(ARGS)

# --- checks and tests -------------------------------------------------------------------------

check: ## Format, lint, types, import rules, spelling, migrations
	@tools/need.sh check
	@$(MAKE) --no-print-directory .venv/.dev .venv/.native .venv/.messages
	$(BIN)/ruff format --check src tests bench tools examples
	$(BIN)/ruff check src tests bench tools examples
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest callvault._native --mypy-config-file pyproject.toml
	$(BIN)/codespell src tests docs bench tools examples native/core/src native/binding/src *.md
	$(BIN)/python -m tools.tree_rules
	$(BIN)/python -m django makemigrations --check --dry-run --settings callvault.portal.settings
	cd native && cargo fmt --check
	cd native && cargo clippy --locked --quiet --all-targets -- -D warnings

test: ## Everything: sockets, processes, databases, a browser
	@tools/need.sh test
	@$(MAKE) --no-print-directory .venv/.dev .venv/.native .venv/.messages
	cd native && cargo test --locked --quiet --package callvault-capture-core
	$(BIN)/python -m tests.everything

test-fast: .venv/.dev .venv/.native .venv/.messages ## The pure tests, in about two minutes
	$(BIN)/python -m pytest -m "not flow and not browser" -n 2

bench: .venv/.dev .venv/.native .venv/.messages ## Measure, baseline beside each figure
	$(BIN)/python -m bench

soak: .venv/.dev .venv/.native .venv/.messages ## An hour of day in ten minutes, kill -9 at random, every fault, PostgreSQL
	CALLVAULT_EVERY_TEST=1 $(BIN)/python -m tests.database -n 2 --dist loadfile
	$(BIN)/python -m tests.soak.every_fault
	$(BIN)/python -m tests.soak.hour_of_day
	$(BIN)/python -m tests.soak.kill_at_random

fuzz: .venv/.dev .venv/.native .venv/.messages ## Ten million inputs guided by coverage, an hour (ARGS="--inputs 100000")
	$(BIN)/python -m tests.fuzz $(ARGS)
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -m hypothesis -n 2 --timeout 3600

docs: .venv/.dev .venv/.native .venv/.messages ## Write the conformance page and take the screenshots anew
	$(BIN)/python -m tests.conformance_page
	$(BIN)/python -m tools.screenshots

words: .venv/.dev ## Put new and changed words of the portal into the catalogues, to be translated
	@tools/need.sh test
	cd src/callvault/portal && $(CURDIR)/$(BIN)/python -m django makemessages --all --no-location --no-wrap --no-obsolete

lock: ## Lock the requirements anew, with hashes
	@for name in base codecs dev build; do \
	  $(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 \
	    --no-header --no-emit-index-url requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

clean: ## Remove what was built (never the data folder)
	rm -rf .venv native/target build .mypy_cache .ruff_cache .hypothesis
	find src -name '_native*.so' -delete
