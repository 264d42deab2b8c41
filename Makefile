# Two commands for newcomers: `make compose` writes a new piece of music, `make test` passes the tests.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

# The Keras backends to test on. By default JAX, and the others where they are installed.
BACKENDS ?= jax $(shell for b in tensorflow torch; do $(BIN)/python -c "import importlib.util as u, sys; sys.exit(not u.find_spec('$$b'))" 2>/dev/null && echo $$b; done)
PACKAGE_jax := jax
PACKAGE_tensorflow := tensorflow-cpu
PACKAGE_torch := torch
# Tests run on so many processors at once; each process takes up to 3 GB.
TESTS := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal
COMPOSE ?=

.PHONY: compose test lint clean

compose: $(VENV)/.installed-compose
	$(BIN)/credo compose $(COMPOSE)

test: $(VENV)/.installed-dev lint
	$(PIP) $(foreach backend,$(BACKENDS),$(PACKAGE_$(backend)))
	$(TESTS) -m "not machine and not slow"
	@for backend in $(BACKENDS); do \
	  echo "machine wing on $$backend"; \
	  KERAS_BACKEND=$$backend $(TESTS) -m "machine and not slow" || exit 1; done

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Credo into $(VENV) (a few minutes the first time)"
	$(PIP) --editable ".[$*]"
	@touch $@
