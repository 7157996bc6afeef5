# Everything sets itself up: a fresh machine needs python3.11 and make.
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help venv demo test check bench up down requirements lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    a made-up province through the whole pipeline (Kafka and PostgreSQL included)"
	@echo "make test    check, then every test"
	@echo "make check   ruff, mypy strict, import-linter"
	@echo "make bench   rates, beside a bare COPY and the documented way"
	@echo "make up      start the local stack; make down stops it"

venv: $(READY)

$(READY): requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the hashed requirements into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	@$(BIN)/csdl demo

test: check
	@$(BIN)/python -m pytest

check: $(READY)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY)
	@$(BIN)/python -m bench

up: $(READY)
	@$(BIN)/csdl up

down: $(READY)
	@$(BIN)/csdl down

# After a change of requirements.in. No address is written: the ordinary client's own index is used.
requirements: $(READY)
	@$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make requirements" requirements.in -o requirements.txt

# After a change of the versions in deploy/local/{kafka,tools}.py.
lock: $(READY)
	@$(BIN)/python -m deploy.local.lock

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
