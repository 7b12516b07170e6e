# A fresh machine needs Python 3.11+, make and a package registry; everything else is installed into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
# Two workers suit two cores; the suite starts its own servers and databases on loopback.
TEST_WORKERS ?= 2
# The tests start some two hundred processes of ours: what Python compiled is to be kept for the next one.
unexport PYTHONDONTWRITEBYTECODE
# How long `make chaos` goes on.
MINUTES ?= 10

.PHONY: help demo test check style bench chaos crash lock clean

help:                     ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(VENV)/run.stamp   ## the main job, on the sandbox that ships with the program
	@$(BIN)/dialogarkiv demo

# File by file in the order of their names: real processes and crashes first, the many small tests fill up the end.
test: $(VENV)/dev.stamp style ## everything but the long campaigns
	$(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder tests

check: $(VENV)/dev.stamp style ## style, types, layers
	$(BIN)/python -m pytest -q tests/unit/test_layers.py

style: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers $(TEST_WORKERS) config store sync tests bench

bench: $(VENV)/dev.stamp  ## figures: 20,000 dialogs, side by side with a naive loop
	$(BIN)/python -m bench.archive

chaos: $(VENV)/dev.stamp  ## everybody does anything, with new seeds (MINUTES=60), and a thousand polls of nothing new
	$(BIN)/python -m tests.chaos.campaign $(MINUTES)
	REPOLLS=1000 $(BIN)/python -m pytest -q tests/chaos/test_repolls.py

crash: $(VENV)/dev.stamp  ## killed before and after every request and commit, and in every moment of a renewal
	$(BIN)/python -m tests.chaos.crash
	WHOLE_MATRIX=1 $(BIN)/python -m pytest -q tests/faults/test_refresh_crashes.py

lock: $(VENV)/dev.stamp   ## pin every dependency anew, with hashes
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile pyproject.toml requirements/build.in --extra postgres --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements/run.txt
	$(BIN)/uv pip compile pyproject.toml requirements/build.in --extra postgres --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements/dev.txt

clean:                    ## the environment and what tools left behind
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(BIN)/python requirements/run.txt pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements/run.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(BIN)/python requirements/dev.txt pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/run.stamp
