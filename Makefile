# `make` alone lists all targets; the CI runs the same ones.

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed

# Directories with a package.json, where its packages are installed.
NODE_PACKAGES := $(addsuffix /node_modules/.installed,tests/clients examples/node)

# `make setup PYTHON=/path/to/python3` uses another Python; `make test ARGS="-k paused"` passes arguments on.
PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11
ARGS :=

# Where this is set, every program that a test starts would compile the whole product again.
unexport PYTHONDONTWRITEBYTECODE

# The JavaScript of the pages, which has no build step.
SCRIPTS := app/web/dashboard

# One more than the number of cores, because many tests wait for processes that they start.
TEST_PROCESSES = $(shell $(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')

# The project itself is linked, not copied; the build tools for that are among the pinned requirements.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LINK_PROJECT := $(PIP_INSTALL) --no-deps --no-build-isolation --no-index --editable .

.DEFAULT_GOAL := help
.PHONY: help setup run demo shell dev check format test test-quick test-clients bench faults schema release requirements clean

help: ## List all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(DEVELOPMENT) ## Install everything for working on the project into .venv

run: $(RUNTIME) ## Install what the server needs and start it on http://127.0.0.1:8000
	@$(BIN)/eev-webhooks serve $(ARGS)

demo: $(RUNTIME) ## Show the life of some events in one terminal, in under a minute
	@$(BIN)/eev-webhooks demo $(ARGS)

shell: $(RUNTIME) ## Open a shell with eev-webhooks on its PATH
	@PATH="$(CURDIR)/$(BIN):$$PATH" exec "$${SHELL:-/bin/sh}"

dev: $(DEVELOPMENT) ## Start the server and restart it whenever a file changes
	@$(BIN)/eev-webhooks serve --reload $(ARGS)

check: $(DEVELOPMENT) ## Check style, formatting, types, the direction of imports, the pages' JavaScript, and known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deno check --quiet $(SCRIPTS)
	$(BIN)/deno lint --quiet $(SCRIPTS)
	@$(BIN)/python -m tools.audit

format: $(DEVELOPMENT) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(DEVELOPMENT) ## Run the tests, with a real PostgreSQL and a real Redis
	@echo "All tests: some eighteen minutes on two cores. While you work: make test-quick, about a minute."
	$(BIN)/python -m pytest --numprocesses=$(TEST_PROCESSES) --dist=worksteal $(ARGS)

test-quick: $(DEVELOPMENT) ## Run the tests that need no other program, in about a minute
	$(BIN)/python -m pytest --quick --numprocesses=$(TEST_PROCESSES) --dist=worksteal $(ARGS)

test-clients: $(DEVELOPMENT) $(NODE_PACKAGES) ## Run the tests with popular clients; needs Node 20 and npm
	$(BIN)/python -m pytest tests/clients --numprocesses=auto $(ARGS)

bench: $(DEVELOPMENT) ## Measure throughput and latency
	$(BIN)/python -m bench $(ARGS)

# `make faults ROUNDS=100 SEED=4711`; a run prints its seed. `make test` has a short form.
faults: $(DEVELOPMENT) ## Kill processes, the database and the broker under load, and count what was lost
	@$(BIN)/python -m tests.faults $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

schema: $(RUNTIME) ## Write schema.graphql from the code
	@$(BIN)/eev-webhooks schema schema.graphql

new-sqlite: $(RUNTIME) ## Write the tables of a new SQLite file from the migrations
	@$(BIN)/python -m tools.new_sqlite

# Checks first, and changes nothing if a check fails. It does not commit, tag or push.
release: $(DEVELOPMENT) ## Set the version, cut the changelog and keep the schema of a release: VERSION=1.4.0
	@$(BIN)/python -m tools.release $(VERSION)

# Versions that still fit are kept; `make requirements ARGS=--upgrade` takes the newest.
requirements: $(BIN)/python ## Pin the requirements of pyproject.toml in requirements.txt and requirements-dev.txt
	$(PIP_INSTALL) "uv>=0.13"
	@for set in "requirements.txt:--group build --extra opentelemetry" "requirements-dev.txt:--group build --group dev --constraint requirements.txt"; do \
		UV_CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/uv pip compile pyproject.toml $${set#*:} --quiet \
			--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
			$(ARGS) --output-file $${set%%:*} || exit 1; \
	done

clean: ## Remove the files of the other targets, but not data/
	rm -rf $(VENV) $(dir $(NODE_PACKAGES)) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Everything for development includes everything for running, in the same versions.
$(DEVELOPMENT): requirements-dev.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements-dev.txt
	$(LINK_PROJECT)
	@touch $(RUNTIME) $@

# The .npmrc beside each package.json configures npm (no package scripts, no lock file).
%/node_modules/.installed: %/package.json %/.npmrc
	@command -v npm >/dev/null || { echo "npm was not found: install Node 20 or newer with its npm." >&2; exit 1; }
	cd $* && npm install
	@touch $@

$(RUNTIME): requirements.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements.txt
	$(LINK_PROJECT)
	@touch $@

$(BIN)/python:
	@for python in $(PYTHONS); do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making $(VENV) with $$("$$python" --version)"; \
			exec "$$python" -m venv $(VENV); \
		fi; \
	done; \
	echo "No Python 3.11 or newer with its venv module was found (tried: $(strip $(PYTHONS)))." \
		"Install one, on Debian and Ubuntu with 'apt install python3 python3-venv', or name one: make setup PYTHON=/path/to/python3" >&2; \
	exit 1
