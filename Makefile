# doorstroom: the verbs. `make` alone explains them.
.DEFAULT_GOAL := help
.PHONY: help setup run run-distributed test test-fast lint simulate faults bench lock clean
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PORT ?= 8080
DATA ?= var
# How many tests at once; each has a PostgreSQL and a RabbitMQ of its own.
JOBS ?= 2
SEEDS ?= 0..999
# How often everything befalls the processes, and how many vacancies 64 workers give.
ROUNDS ?= 20
VACANCIES ?= 10000

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --require-hashes

help: ## Explain the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: .venv/runtime.stamp ## Install what running needs, into .venv; at once when nothing changed

run: .venv/runtime.stamp ## Run everything on this machine: make run PORT=8081 DATA=folder
	@exec $(BIN)/doorstroom run --demo-users --port "$(PORT)" --data "$(DATA)"

run-distributed: .venv/runtime.stamp ## The same on PostgreSQL and RabbitMQ, each service in its own process
	@exec $(BIN)/doorstroom run-distributed --demo-users --port "$(PORT)" --data "$(DATA)/distributed"

test: .venv/dev.stamp ## Run every test, on real PostgreSQL and RabbitMQ, and in a browser
	@deploy/install-servers
	@deploy/install-test-tools
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

test-fast: .venv/dev.stamp ## Run every test that needs no server; of chance, a tenth
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not server" --hypothesis-profile fast

lint: .venv/dev.stamp ## Check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

simulate: .venv/runtime.stamp ## Play what may go wrong: make simulate SEEDS=0..1000000 STATE=file
	@$(BIN)/doorstroom simulate faults --seeds "$(SEEDS)" $(if $(STATE),--state "$(STATE)")

faults: .venv/dev.stamp ## Let real servers and processes die under load: make faults ROUNDS=25 VACANCIES=10000
	@deploy/install-servers
	@DOORSTROOM_FAULT_ROUNDS="$(ROUNDS)" DOORSTROOM_VACANCIES="$(VACANCIES)" \
		$(BIN)/python -m pytest -s tests/faults tests/integration/test_many_workers.py

bench: .venv/dev.stamp .venv-bench/stamp ## Measure, against the floor and peers in the same run
	@deploy/install-servers
	@$(BIN)/python -m bench $(BENCH)

lock: .venv/dev.stamp ## Resolve the dependencies again
	@for set in runtime dev bench traces; do \
		case $$set in runtime) extra="--extra build";; dev) extra="--extra build --extra dev";; *) extra="--extra $$set";; esac; \
		$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			--quiet --upgrade pyproject.toml $$extra --output-file requirements/$$set.txt; \
	done

clean: ## Remove everything that was made here, but no data
	@rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info

.venv/bin/python:
	@$(PYTHON) -c '' 2>/dev/null || { echo "doorstroom: $(PYTHON) does not run; it needs Python 3.11 or later" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "doorstroom: $$($(PYTHON) --version) is too old; it needs Python 3.11 or later (make PYTHON=python3.12 …)" >&2; exit 2; }
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv

.venv/runtime.stamp: requirements/runtime.txt pyproject.toml | .venv/bin/python
	@echo "Installing (once) …"
	@$(INSTALL) --requirement requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/runtime.stamp
	@echo "Installing the tools for development (once) …"
	@$(INSTALL) --requirement requirements/dev.txt
	@touch $@

.venv-bench/stamp: requirements/bench.txt | .venv/bin/python
	@echo "Installing the peers to measure against (once) …"
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --require-hashes --requirement requirements/bench.txt
	@touch $@
