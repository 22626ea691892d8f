# Two commands matter: `make run` (the demo on this machine) and `make test`. `make help` lists the rest.

PYTHON ?= python3
JOBS ?= 2
TEST_DATABASE_URL ?= postgres://$(shell id -un)@127.0.0.1:5432/snsauto
NODE_PARTS := platforms/tests/real/node
BIN := .venv/bin
PYTEST := SANDBOX=on $(BIN)/python -m pytest
TOGETHER := -n $(JOBS) --dist worksteal
WHOLE := not browser and not real and not chaos

# Each worker and each process that a test starts would compile every file again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test test-desk check test-postgres test-browser test-real test-chaos test-chaos-postgres test-machines chaos bench network-table screenshots format clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 16

.venv/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "SNS Auto needs Python 3.11 or newer; say where it is: make run PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || \
	  { echo "Python's venv module is incomplete here; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing what the desk needs; this is done once…"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	@echo "Installing what the tests need; this is done once…"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: .venv/run.stamp ## the demo on http://127.0.0.1:8000; another port: PORT=9000 make run
	@SANDBOX=on exec $(BIN)/python manage.py run --demo

test: .venv/dev.stamp ## the suite on SQLite
	@$(PYTEST) $(TOGETHER)

test-desk: .venv/dev.stamp ## what plays a whole desk and takes longer: the demo, processes, files of a gigabyte
	@$(PYTEST) $(TOGETHER) -m desk

check: .venv/dev.stamp ## format, lint, types, floors, migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@SANDBOX=on $(BIN)/python manage.py makemigrations --check --dry-run

format: .venv/dev.stamp ## put the code in the house's form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

test-postgres: .venv/dev.stamp ## both on PostgreSQL: TEST_DATABASE_URL=postgres://user@host/name
	@DATABASE_URL=$(TEST_DATABASE_URL) $(PYTEST) $(TOGETHER) -m '$(WHOLE)'

test-chaos: .venv/dev.stamp ## kills workers at every moment
	@$(PYTEST) $(TOGETHER) -m chaos publishing inbox platforms
	@$(PYTEST) -n 0 -m chaos snsauto bench

test-chaos-postgres: .venv/dev.stamp ## the same desk on several machines: TEST_DATABASE_URL=postgres://user@host/name
	@DATABASE_URL=$(TEST_DATABASE_URL) $(PYTEST) -n 0 -m chaos snsauto/tests/test_chaos.py -k machines

chaos: .venv/dev.stamp ## a whole desk is beaten while it publishes: CHAOS_SEED=1 CHAOS_DELIVERIES=2000 CHAOS_DATABASE=both
	@TEST_DATABASE_URL=$(TEST_DATABASE_URL) $(BIN)/python -m bench.chaos

test-machines: .venv/dev.stamp ## several machines on PostgreSQL, as compose.several.yaml has them
	@DATABASE_URL=$(TEST_DATABASE_URL) $(PYTEST) -n 0 -m chaos snsauto/tests/test_machines.py

test-browser: .venv/dev.stamp chromium ## the whole story in Debian's Chromium
	@$(PYTEST) $(TOGETHER) -m browser

test-real: .venv/dev.stamp $(NODE_PARTS)/node_modules/.stamp ## against real servers that others wrote
	@$(PYTEST) -n 0 -m real

$(NODE_PARTS)/node_modules/.stamp: $(NODE_PARTS)/package-lock.json
	@cd $(NODE_PARTS) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || .ci/install chromium fonts-dejavu-core fonts-noto-color-emoji

bench: .venv/dev.stamp ## lateness, throughput, memory beside their floor: BENCH_DATABASE=sqlite, postgres or both
	@TEST_DATABASE_URL=$(TEST_DATABASE_URL) $(BIN)/python -m bench

network-table: .venv/dev.stamp ## the table of docs/networks/README.md, from what the contract tests show
	@$(PYTEST) $(TOGETHER) platforms/tests/contract --table docs/networks/README.md

screenshots: .venv/dev.stamp chromium ## the pictures of the documents, from the demo
	@$(BIN)/python -m snsauto.tests.browser.screenshots

clean: ## take away what was installed or made, but never var/, where your data is
	rm -rf .venv $(NODE_PARTS)/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
