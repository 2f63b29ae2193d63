# `make run` starts the server, `make test` runs all tests. Both install what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
AWSCLI := .venv-awscli
ARGS ?=
EXAMPLES ?= 20
PEERS := tests/bench/.peers

.PHONY: run test nightly coverage check format bench bench-short bench-stages bench-instructions bench-peers readme dist clean \
	new-venv new-awscli

run: $(VENV)/.run
	$(BIN)/dynamodb-emulator $(ARGS)

# The AWS CLI pins its botocore and needs its own environment. npm installs the SDK for JavaScript.
test: $(VENV)/.test $(AWSCLI)/.done tests/clients/node_modules/.done
	$(BIN)/pytest -n 2 $(ARGS)

# What is too long for every run: random tests with many more examples, different ones each time; more crashes; the wheel
# and a smoke set on every claimed Python that is installed; how much of the code the other tests run.
nightly: $(VENV)/.test $(AWSCLI)/.done tests/clients/node_modules/.done
	EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n 2 --dist loadgroup --nightly -m "hypothesis or crash or nightly" $(ARGS)
	$(MAKE) coverage

# Branch coverage of all processes that the tests start; fails below the floor in pyproject.toml.
coverage: $(VENV)/.test $(AWSCLI)/.done tests/clients/node_modules/.done
	mkdir -p build/coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 -m "not crash" tests/unit tests/compat tests/clients tests/robustness
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

check: $(VENV)/.test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy --strict

format: $(VENV)/.test
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# Compares the server with its peers and with a toy server on the same parts. Needs wrk. `make
# bench-peers` installs the peers.
bench: $(VENV)/.test
	$(BIN)/python -m tests.bench.compare $(ARGS)

# CI prints these figures: a few rates, and instruction counts if valgrind is installed. A slow
# machine does not make them fail.
bench-short: $(VENV)/.test
	$(BIN)/python -m tests.bench.compare --short
	-$(BIN)/python -m tests.bench.instructions --short

bench-stages: $(VENV)/.test
	$(BIN)/pytest tests/bench -p no:xdist --benchmark-only $(ARGS)

bench-instructions: $(VENV)/.test
	$(BIN)/python -m tests.bench.instructions $(ARGS)

# Installs DynamoDB Local (a jar from an npm package; it needs Java 17), dynalite and moto.
bench-peers:
	mkdir -p $(PEERS)/local $(PEERS)/dynalite
	cd $(PEERS)/local && npm pack --silent amplify-dynamodb-simulator@2.9.30 && tar xzf amplify-dynamodb-simulator-*.tgz
	npm install --prefix $(PEERS)/dynalite --no-audit --no-fund --loglevel=error dynalite@4.0.0
	$(PYTHON) -m venv $(PEERS)/moto
	$(PEERS)/moto/bin/pip install --quiet 'moto[dynamodb,server]==5.2.5'

readme: $(VENV)/.test
	PYTHONPATH=. $(BIN)/python buildtools/readme_tables.py

# The wheel and the sdist, in dist/.
dist: $(VENV)/.test
	rm -rf dist
	$(BIN)/pip install --quiet build twine
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*

clean:
	rm -rf $(VENV) $(AWSCLI) tests/clients/node_modules emulator/model/data build dist *.egg-info \
		.benchmarks .hypothesis .mypy_cache .ruff_cache

# A virtual environment works only in the folder where it was created, and with the Python that
# created it. `works` is `yes` for an environment that works. Another one is created again: it was
# moved, its Python is gone or too old, or it has no pip.
works = $(shell $(1)/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	grep -qsF "$(CURDIR)/$(1)/bin/" $(1)/bin/pip && echo yes)

define make-venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: Python 3.11 or newer is needed, but $(PYTHON) is %d.%d. Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" % sys.version_info[:2])'
rm -rf $(1)
$(PYTHON) -m venv $(1)
endef

ifneq ($(call works,$(VENV)),yes)
$(VENV)/.run $(VENV)/.test: new-venv
endif

ifneq ($(call works,$(AWSCLI)),yes)
$(AWSCLI)/.done: new-awscli
endif

new-venv:
	$(call make-venv,$(VENV))

new-awscli:
	$(call make-venv,$(AWSCLI))

$(VENV)/.run: pyproject.toml
	@echo "Installing the server and its dependencies into $(VENV). This takes 10 to 30 seconds, only the first time."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: pyproject.toml
	@echo "Installing the server and the test tools into $(VENV). This takes up to a minute, only the first time."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@touch $@ $(VENV)/.run

$(AWSCLI)/.done:
	@echo "Installing the AWS CLI for tests into $(AWSCLI). This takes up to a minute, only the first time."
	@$(AWSCLI)/bin/pip install --quiet --disable-pip-version-check awscli
	@touch $@

# Without npm the JavaScript tests are skipped, with a reason.
tests/clients/node_modules/.done: tests/clients/package.json
	if command -v npm >/dev/null; then cd tests/clients && npm install --no-audit --no-fund --loglevel=error; fi
	mkdir -p tests/clients/node_modules && touch $@
