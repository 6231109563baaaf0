# Everything has one word. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests, in a process for each processor and one more.
SIDE_BY_SIDE := -n auto --maxprocesses 4

.PHONY: help run test test-fast check lint types bench pictures solver scale faults fuzz lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: $(VENV)/.run ## start Abreast: HOST, PORT, SERVER, DEMO and ABREAST_HOME are honoured
	@exec $(BIN)/python manage.py up

test: $(VENV)/.test ## run all tests, and install what they need
	$(BIN)/python -m tests.setup
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-fast: $(VENV)/.test ## run the tests that need no browser and no servers
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not e2e and not services"

check: $(VENV)/.test ## format, lint, types, migrations, and all tests: says yes or no
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(MAKE) test

lint: $(VENV)/.test ## format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/.test ## check the types
	$(BIN)/mypy .

bench: .venv-bench/.bench ## measure the hot paths beside peers and floors: ONLY="orchestrate dag" for some of it
	@.venv-bench/bin/python -m tests.bench $(ONLY)

pictures: $(VENV)/.test ## take the pictures of the documentation anew: ONLY="run run-dark" for some of them
	@$(BIN)/python -m tests.setup
	@$(BIN)/python -m tests.pictures $(ONLY)

solver: $(VENV)/.run ## install the optional extra of `manage.py plan --solver`: OR-tools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/solver.txt

scale: $(VENV)/.test ## start it on PostgreSQL, Redis and Celery, several processes of each kind: PORT is honoured
	@exec $(BIN)/python -m tests.scale

faults: $(VENV)/.test ## end and cut off real processes at random, then count: MINUTES=10 SEED=1 are honoured
	@MINUTES="$(MINUTES)" SEED="$(SEED)" $(BIN)/python -m tests.faults

fuzz: $(VENV)/.test ## send the API requests made from its OpenAPI document, as everybody: CASES=20000 SEED=1 are honoured
	@CASES="$(CASES)" SEED="$(SEED)" $(BIN)/python -m tests.fuzz

lock: ## pin the packages anew, with hashes and without addresses (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--upgrade requirements/run.in --output-file requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--upgrade requirements/scale.in --output-file requirements/scale.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--upgrade requirements/test.in --output-file requirements/test.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--upgrade requirements/bench.in --output-file requirements/bench.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--upgrade requirements/solver.in --output-file requirements/solver.txt

clean: ## remove the virtual environment and caches; your data in var/ stays
	rm -rf $(VENV) .venv-bench .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/.test: requirements/test.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@ $(VENV)/.run

# Peers are no business of the tests: they have an environment of their own.
.venv-bench/.bench: requirements/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@
