# `make run` starts the server, `make test` runs every test; both make what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PEERS := tests/bench/.peers

.PHONY: run test check format bench bench-short bench-stages bench-instructions bench-peers readme clean

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

# The server beside its peers and beside what its parts allow; needs wrk, and for the peers `make bench-peers`.
bench: $(VENV)/.test
	$(BIN)/python -m tests.bench.compare $(ARGS)

# What CI prints: a look at the rates, and instruction counts where valgrind is. A slow machine fails neither.
bench-short: $(VENV)/.test
	$(BIN)/python -m tests.bench.compare --short
	-$(BIN)/python -m tests.bench.instructions --short

bench-stages: $(VENV)/.test
	$(BIN)/pytest tests/bench -p no:xdist --benchmark-only $(ARGS)

bench-instructions: $(VENV)/.test
	$(BIN)/python -m tests.bench.instructions $(ARGS)

# DynamoDB Local (its jar out of an npm package; it needs Java 17), dynalite and moto.
bench-peers:
	mkdir -p $(PEERS)/local $(PEERS)/dynalite
	cd $(PEERS)/local && npm pack --silent amplify-dynamodb-simulator@2.9.30 && tar xzf amplify-dynamodb-simulator-*.tgz
	npm install --prefix $(PEERS)/dynalite --no-audit --no-fund --loglevel=error dynalite@4.0.0
	$(PYTHON) -m venv $(PEERS)/moto
	$(PEERS)/moto/bin/pip install --quiet 'moto[dynamodb,server]==5.2.5'

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
