# Every target sets itself up first: on a fresh machine `make run` or `make test` is all there is to type.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV = .venv/bin/uv
BIN = .venv/bin
STAMP = .venv/.lambent-setup

.PHONY: help run setup fmt lint types imports test test-all docs bench check clean

help:  ## What can be typed here
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml uv.lock scripts/setup src/lambent/execution/runtimes/node/package-lock.json
	@scripts/setup
	@touch $@

setup: $(STAMP)  ## Virtual environment from the lock file, system packages if any are missing

run: $(STAMP)  ## Start the platform and show it working (ONCE=1: stop by itself afterwards)
	@exec $(BIN)/python scripts/demo.py $(if $(ONCE),--once) -- $(ARGS)

fmt: $(STAMP)  ## Format
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(STAMP)  ## Style and spelling
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && git ls-files -z | xargs -0 $(BIN)/codespell

types: $(STAMP)  ## mypy --strict
	$(BIN)/mypy && $(BIN)/mypy tests && $(BIN)/mypy benchmarks

imports: $(STAMP)  ## The layers of docs/design.md
	$(BIN)/lint-imports

test: $(STAMP)  ## All tests, with coverage
	@scripts/test

check: lint types imports test  ## Everything CI does

bench: $(STAMP)  ## Side-by-side measurements against the floor and the peers
	@exec $(BIN)/python -m benchmarks $(ARGS)

clean:  ## Forget what set-up and the tests made
	rm -rf .venv .cache benchmarks/build benchmarks/peers .mypy_cache .ruff_cache .pytest_cache .coverage*
