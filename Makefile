# Citescope on one machine. `make run` and `make test` do all of their own set-up.
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= data
BIN := .venv/bin
export PORT DATA_DIR

.PHONY: run test drills lint shots bench chaos clean

run: .venv/ready
	@exec $(BIN)/python manage.py serve

test: .venv/ready-dev
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not drill'

drills: .venv/ready-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m drill tests/chaos tests/rag/test_index_damage.py tests/test_deployment.py

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

shots: .venv/ready-dev
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m tests.shots

bench: .venv/ready-dev
	for script in engine embedding generation metrics judging panel_throughput external_throughput parsing nearest index_growth; do $(BIN)/python -m bench.$$script || exit 1; done

chaos: .venv/ready-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m hypothesis --hypothesis-profile=long
	$(BIN)/python -m tests.chaos.drill --responses 500 --worker-kills 20 --postgres-kills 3
	$(BIN)/python -m tests.chaos.paid_drill --responses 20000 --worker-kills 100 --postgres-kills 10
	$(BIN)/python -m tests.chaos.brokers redis
	$(BIN)/python -m tests.chaos.brokers rabbitmq
	$(BIN)/python -m tests.chaos.database
	$(BIN)/python -m tests.chaos.disk
	$(BIN)/python -m tests.chaos.faulty
	$(BIN)/python -m tests.chaos.fairness
	$(BIN)/python -m tests.chaos.budgets
	$(BIN)/python -m tests.chaos.hostile_fetch
	$(BIN)/python -m tests.chaos.index_damage --kills 200 --damages 500

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis shots

.venv/created:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Citescope needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make run PYTHON=python3.11")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'The Python module venv is missing. On Debian or Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo 'The virtual environment .venv could not be made: see the line above (is the disk full, or the folder read-only?).' >&2; exit 1; }
	@touch $@

.venv/ready: pyproject.toml .venv/created
	@echo 'Installing Citescope (once; torch is the largest part)...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e . || { echo 'Installing failed: see the lines above. No network, no disk, or a package that needs a compiler (apt-get install build-essential python3-dev).' >&2; exit 1; }
	@touch $@

.venv/ready-dev: .venv/ready
	@echo 'Installing what the tests need (once)...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' || { echo 'Installing the test tools failed: see the lines above.' >&2; exit 1; }
	@touch $@
