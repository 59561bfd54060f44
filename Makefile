SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.installed-bench
COMPILE := uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --quiet

# Certificates of the machine, also where the environment is empty.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1

.PHONY: help install demo serve warm test check fmt bench oracle fuzz faults soak stops lock clean

help:  ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## Create .venv from the lock files

$(STAMP): requirements-dev.lock pyproject.toml
	@if command -v uv > /dev/null; then \
		uv venv --quiet --allow-existing $(VENV); \
		uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock; \
		uv pip install --quiet --python $(BIN)/python --no-deps --editable .; \
	else \
		$(PYTHON) -m venv $(VENV); \
		$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock; \
		$(BIN)/pip install --quiet --no-deps --editable .; \
	fi
	@echo "Compiling the kernels into the cache; this takes a minute once …"
	@$(BIN)/python -c "import backtest.run, backtest.jit; backtest.jit.warm()"
	@touch $@

$(BENCH_STAMP): requirements-bench.lock $(STAMP)
	@if command -v uv > /dev/null; then \
		uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-bench.lock; \
	else \
		$(BIN)/pip install --quiet --require-hashes -r requirements-bench.lock; \
	fi
	@touch $@

demo: $(STAMP)  ## Make candles, run a grid, print the best variants
	@$(BIN)/python -m bff demo

serve: $(STAMP)  ## Serve on http://127.0.0.1:8080
	@$(BIN)/python -m bff serve

warm: $(STAMP)  ## Compile all kernels into the cache
	@$(BIN)/python -m bff check --warm

test: $(STAMP)  ## Run the tests
	@$(BIN)/python -m pytest -q

check: $(STAMP)  ## Lint, format, types, layers, docs, known holes in dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.docs.generate_docs_index --check
	@bash .ci/audit

oracle: $(STAMP)  ## Compare the engine with its slow twin on 100 000 cases
	@$(BIN)/python -m tests.oracle.run --cases 100000

fuzz: $(BENCH_STAMP)  ## Send 1 000 000 strange requests to both faces
	@$(BIN)/python -m trials.fuzz

faults: $(STAMP)  ## Break the stores in every known way, a hundred times each
	@$(BIN)/python -m trials.faults

soak: $(STAMP)  ## Load a real server for half an hour
	@$(BIN)/python -m trials.soak --minutes 30

stops: $(STAMP)  ## Stop a loaded server a hundred times, and leave a hundred runs of each kind
	@$(BIN)/python -m trials.soak --drains 100
	@$(BIN)/python -m trials.soak --leaves 100

fmt: $(STAMP)  ## Format and fix what can be fixed
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(BENCH_STAMP)  ## Run the benchmarks and write their tables
	@$(BIN)/python -m benchmarks

lock:  ## Write the lock files anew
	@$(COMPILE) --output-file requirements.lock
	@$(COMPILE) --group dev --output-file requirements-dev.lock
	@$(COMPILE) --group dev --group bench --group fuzz --output-file requirements-bench.lock

clean:  ## Remove .venv and caches, keep data
	@rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis
