.DEFAULT_GOAL := help
PY := .venv/bin/python

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.venv/.set-up: requirements.lock pyproject.toml
	@test -x $(PY) || python3 -m venv .venv
	@$(PY) -m uv --version >/dev/null 2>&1 || $(PY) -m pip install --quiet --disable-pip-version-check uv
	@$(PY) -m uv pip sync --quiet --python $(PY) requirements.lock
	@$(PY) -m uv pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@touch $@

setup: .venv/.set-up ## set everything up in .venv

demo: setup ## start everything, deliver for all three platforms, have an agent mend a test, show what happened
	@.venv/bin/contexten demo

dev: setup ## engine, workers and door, until interrupted
	@.venv/bin/contexten up

check: setup ## ruff, mypy, unit and shape tests: seconds
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@$(PY) -m pytest tests/unit tests/shape

test: setup ## every test, two files at a time
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@$(PY) -m pytest -n 2 --dist loadfile

chaos: setup ## the scenarios under fault, in their long form
	@$(PY) -m pytest tests/chaos --size L

bench: setup ## measurements side by side; ONLY=<name> runs one
	@$(PY) -m bench $(ONLY)

break: setup ## the sandbox platform fails from now on: make break platform=slack
	@.venv/bin/contexten sandbox break $(platform) $(if $(kind),--kind $(kind))

heal: setup ## the sandbox platforms are well again
	@.venv/bin/contexten sandbox heal

lock: setup ## resolve the dependencies anew into requirements.lock
	@$(PY) -m uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	  --extra dev --extra bench --custom-compile-command "make lock" --upgrade pyproject.toml -o requirements.lock

docs: setup ## reprint the reference
	@$(PY) -m starter.reference

.PHONY: help setup demo dev check test chaos bench break heal lock docs
