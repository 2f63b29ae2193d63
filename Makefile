# `make run` starts the server, `make test` runs every test; both make what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test check format bench readme clean

run: $(VENV)/.run
	$(BIN)/dynamodb-emulator $(ARGS)

# The AWS CLI pins its botocore and the JavaScript SDK comes from npm: each has a place of its own.
test: $(VENV)/.test .venv-awscli/.done tests/clients/node_modules/.done
	$(BIN)/pytest -n 2 $(ARGS)

check: $(VENV)/.test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy --strict

format: $(VENV)/.test
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(VENV)/.test
	$(BIN)/pytest tests/bench -p no:xdist --benchmark-only $(ARGS)

readme: $(VENV)/.test
	$(BIN)/python -m tests.support_table

clean:
	rm -rf $(VENV) .venv-awscli tests/clients/node_modules build *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[test,dev]'
	touch $@ $(VENV)/.run

.venv-awscli/.done:
	$(PYTHON) -m venv .venv-awscli
	.venv-awscli/bin/pip install --quiet awscli
	touch $@

# Without npm the JavaScript tests are skipped, with a reason.
tests/clients/node_modules/.done: tests/clients/package.json
	if command -v npm >/dev/null; then cd tests/clients && npm install --no-audit --no-fund --loglevel=error; fi
	mkdir -p tests/clients/node_modules && touch $@
