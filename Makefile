# Everything sets itself up: a fresh machine needs make and a Python of deploy/local/machine.py with its venv.
# The first of these that can make the environment does.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
BIN := .venv/bin
READY := .venv/.ready
CSDL := $(BIN)/python -m cli

# Compiled modules are kept, also where the environment says not to: else each of a stack's processes, and each
# worker of the tests, compiles the same ones at every start.
export PYTHONDONTWRITEBYTECODE :=

# An environment whose Python went away, or became another one, is made anew; so is one that was left unfinished.
$(shell test -e $(READY) && ! $(BIN)/python -c 'import click' 2>/dev/null && rm -f $(READY))

.PHONY: help venv demo test test-server check bench up down requirements lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    a made-up province through the whole pipeline (Kafka and PostgreSQL included)"
	@echo "make test    check, then every test"
	@echo "make test-server   the same installed on bare Debian machines that it boots: root alone can"
	@echo "make check   ruff, mypy strict, import-linter"
	@echo "make bench   rates and waits, beside a bare COPY, a rival and the documented way"
	@echo "make up      start the local stack; make down stops it"

venv: $(READY)

$(READY): requirements.txt requirements.dev.txt pyproject.toml $(wildcard schemas/encoding/native/*.[ch])
	@test -e $@ || { \
		for python in $(PYTHON); do \
			said=$$($$python -B -m deploy.local.machine 2>&1) && break; \
			case "$$said" in STK-012*) ;; STK-*) why=$${why:-$$said} ;; esac; \
			python=; \
		done; \
		if [ -z "$$python" ]; then \
			echo "$${why:-$$(sed -n 's/^STK-012,"\(.*\)","\(.*\)"/STK-012 \1\nSTK-012 \2/p' schemas/errors.csv)}" >&2; exit 1; \
		fi; \
		$$python -m venv --clear .venv; }
	@rm -f $@
	@echo "installing the hashed requirements into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements.dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m schemas.encoding.native.build
	@touch $@

demo: $(READY)
	@$(CSDL) demo

# Four workers on two cores: tests wait for servers and timeouts longer than they work. One thread each for
# polars, as our processes have: threads that wait for each other took a third of the time of small batches.
test: check
	@POLARS_MAX_THREADS=1 $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# CSDL_TEST_DEBIAN=trixie: Debian 13. The first time it makes the machine's disk and installs the release before,
# which lies in the cache from then on: some five minutes more. The machines' own tests go beside.
test-server: $(READY)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/server

check: $(READY)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY)
	@$(BIN)/python -m bench

up: $(READY)
	@$(CSDL) up

down: $(READY)
	@$(CSDL) down

# After a change of a .in: each list for every Python of pyproject.toml; the developers' keeps to the versions of ours. No address is written: the ordinary client's own index is used.
requirements: $(READY)
	@for list in requirements requirements.dev deploy/ansible/requirements; do \
		$(BIN)/python -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
			--custom-compile-command "make requirements" $$list.in -o $$list.txt || exit 1; \
	done

# After a change of the versions in deploy/local/{kafka,tools}.py.
lock: $(READY)
	@$(BIN)/python -m deploy.local.lock

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
