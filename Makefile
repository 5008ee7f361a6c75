# Everything runs in a virtual environment of its own, made from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Whoever runs without it compiles everything again in each process: the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo run test check format openapi lock bench clean
.DEFAULT_GOAL := demo

$(VENV)/.run: requirements/run.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/run.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	$(PIP) install --require-hashes -r requirements/dev.lock
	touch $@

install: $(VENV)/.run  ## the virtual environment with what the bot needs

demo: $(VENV)/.run  ## the bot on this machine alone, with a page to try it
	@exec $(BIN)/mooring demo

run: $(VENV)/.run  ## the bot with your .env and mooring.toml
	@exec $(BIN)/mooring run

# More workers than cores: many tests wait for the lease of a process that they have killed.
test: $(VENV)/.dev  ## every test
	$(BIN)/python -m pytest -n 6 --dist loadgroup

check: $(VENV)/.dev  ## formatting, lint, types, imports, then every test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## the figures that the README names
	$(BIN)/python -m benchmarks

openapi: $(VENV)/.dev  ## write docs/openapi.yaml anew
	$(BIN)/python -m tests.support.openapi_file

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --no-emit-find-links --quiet --extra sandbox --extra charts --group build
lock: $(VENV)/.dev  ## write the lock files anew
	$(LOCK) --output-file requirements/run.lock
	$(LOCK) --group dev --output-file requirements/dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis artifacts
