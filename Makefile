# One entry for everything: `make help` lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
UV_VERSION := 0.13.8
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
GOAL   := examples/objectives/compare-versions.json

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-runs test-systems test-parts check lint types layers dead schemas lock mutants record-topics simulate simulate-bugs chaos chaos-quick evaluate evaluate-quick calibrate bench-chain bench-recovery bench-retrieval bench-entailment clean-data

help: ## list the targets
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# What running needs: the pinned runtime and the project itself, editable.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(UV)
	@echo "installing the runtime into $(VENV)"
	@$(INSTALL) --require-hashes -r requirements/runtime.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# What developing needs on top: tests, linters, types, and the vectors extra.
$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "installing the development tools into $(VENV)"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation -e ./models/entailment
	@touch $@

setup: $(VENV)/.dev ## create .venv with everything pinned in requirements/
	@$(BIN)/collegium setup

demo: $(VENV)/.runtime ## run the main job on a real Kafka, from nothing
	@exec $(BIN)/collegium demo

# Two at a time: RUNS mostly wait for processes, PARTS mostly compute; SYSTEMS follow whichever ends first.
RUNS    := tests/e2e tests/chaos
SYSTEMS := tests/integration
PARTS   := $(filter-out $(RUNS) $(SYSTEMS) tests/data tests/__pycache__, $(patsubst %/,%,$(wildcard tests/*/)))

test: $(VENV)/.dev ## the whole test suite
	@$(MAKE) --no-print-directory -j2 test-runs test-parts test-systems

test-runs: $(VENV)/.dev
	$(BIN)/python -m pytest $(RUNS)

test-systems: $(VENV)/.dev
	$(BIN)/python -m pytest $(SYSTEMS)

test-parts: $(VENV)/.dev
	$(BIN)/python -m pytest $(PARTS)

check: lint types layers dead ## everything static that CI checks

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/pyright

layers: $(VENV)/.dev
	$(BIN)/lint-imports
	$(BIN)/python -m collegium_schemas.generate --check

dead: $(VENV)/.dev
	$(BIN)/deptry .
	$(BIN)/vulture

schemas: $(VENV)/.dev ## generate schemas/json and schemas/asyncapi.yaml from the contracts
	$(BIN)/python -m collegium_schemas.generate

mutants: $(VENV)/.dev ## mutation testing of the pure core, on one core: docs/mutants.md; SAMPLE=600 judges so many
	nice -n 15 $(BIN)/python tests/mutants.py --sample $(or $(SAMPLE),0)

record-topics: $(VENV)/.dev ## record this release's topics for the upgrade tests: VERSION=0.2.0
	@test -n "$(VERSION)" || { echo "say which release: make record-topics VERSION=0.2.0" >&2; exit 2; }
	$(BIN)/python tests/record_topics.py $(VERSION) tests/data/recorded_topics/$(VERSION).jsonl

SEEDS ?= 10000
simulate: $(VENV)/.runtime ## simulate SEEDS worlds, new ones unless FROM names the first
	$(BIN)/python -m collegium.simulation --seeds $(SEEDS) $(if $(FROM),--from $(FROM))

simulate-bugs: $(VENV)/.dev ## whether the simulation finds every deliberate bug; writes docs/simulation.md
	PYTHONPATH=tests $(BIN)/python -m simulation.bugs --write docs/simulation.md

chaos: $(VENV)/.dev ## the crash matrix: every fault on a real Kafka; writes docs/crash-matrix.md
	PYTHONPATH=tests $(BIN)/python -m chaos --write docs/crash-matrix.md

chaos-quick: $(VENV)/.dev ## the part of the crash matrix that CI runs
	PYTHONPATH=tests $(BIN)/python -m chaos --quick

evaluate: $(VENV)/.dev ## every evaluation suite against its floors, 15 minutes at most; writes docs/evaluation.md
	PYTHONPATH=tests $(BIN)/python -m evaluation.everything --write docs/evaluation.md

evaluate-quick: $(VENV)/.dev ## a part of every suite against the floors of tests/evaluation/floors-quick.json
	PYTHONPATH=tests $(BIN)/python -m evaluation.everything --quick

calibrate: $(VENV)/.dev ## fit every confidence on the tuning halves; then `make evaluate`
	PYTHONPATH=tests $(BIN)/python -m evaluation.calibrating

bench-chain: $(VENV)/.dev ## four specialists that do nothing, beside the broker's own floor
	$(BIN)/python benchmarks/chain.py

bench-recovery: $(VENV)/.dev ## takeover, restore of 100,000 live runs, the cost of an event: docs/recovery.md
	$(BIN)/python benchmarks/recovery.py --write docs/recovery-results.json --render docs/recovery.md

bench-entailment: $(VENV)/.dev ## how long the entailment model takes for a pair, on one core
	$(BIN)/python benchmarks/entailment.py

clean-data: ## stop what runs here and remove its data (topics, corpora, reports, traces)
	@if [ -x $(BIN)/collegium ]; then $(BIN)/collegium down >/dev/null 2>&1 || true; fi
	rm -rf .collegium

lock: | $(UV) ## pin every dependency, with hashes
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  pyproject.toml --group build -o requirements/runtime.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  pyproject.toml --extra vectors --extra entailment --group dev -c requirements/runtime.txt -o requirements/dev.txt
