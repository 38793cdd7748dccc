# Everything that a person or a machine does here. Needs Python ≥ 3.11, make and git; the rest is installed below .venv.
PYTHON ?= python3
BIN := .venv/bin
HOME_DIR ?= demo
# Where this is set, every one of the many processes that a run and the tests start would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test check lock look clean

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.venv/installed: requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "zhudong 需要 Python 3.11 或更新版本")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

install: .venv/installed  ## the pinned dependencies and the command zhudong, into .venv

demo: install  ## run the main job on data_samples/ and say what it made and where
	$(BIN)/zhudong run --extracts data_samples --home $(HOME_DIR) --batch 2026-10
	@$(BIN)/zhudong account demo --home $(HOME_DIR)
	@echo "办理台：$(BIN)/zhudong desk --home $(HOME_DIR)"

test: install  ## every check and every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

look: install  ## the Dagster UI on the demo's home folder
	$(BIN)/zhudong dev --extracts data_samples --home $(HOME_DIR)

LOCK := uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --no-strip-extras
lock:  ## pin the dependencies anew, with hashes and without an index's address (needs uv)
	$(LOCK) --upgrade pyproject.toml -o requirements/run.txt
	$(LOCK) -c requirements/run.txt --extra dev pyproject.toml -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt --extra bench pyproject.toml -o requirements/bench.txt

clean:  ## remove what the demo made
	rm -rf $(HOME_DIR)
