# Every target first makes .venv and installs what is needed; once that is done it takes no time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
INSTALLED := $(VENV)/.installed
# Two files of tests at once: half of their time is waiting.
SIDE_BY_SIDE := -n 2 --dist loadfile

# Recordings that some tests compare with; without them these tests are skipped, with a reason.
ifneq ($(wildcard ../shared/data),)
export GENOPT_TEST_DATA ?= $(abspath ../shared/data)
endif

.PHONY: install demo test test-all test-pythons lint dist bench clean

install: $(INSTALLED)

$(CORE): pyproject.toml setup.cfg constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(INSTALLED): $(CORE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,reasoning,dev]'
	touch $@

# A policy for Pong gets better while one watches: blind search over the numbers in its source text. It needs no extra.
demo: $(CORE)
	$(BIN)/genopt run GenOpt/Atari-Pong-v0 --agent hill-climbing --set start=modular/parametric --set test_size=10 --edits 30 \
		--seed 3

test: $(INSTALLED)
	$(BIN)/pytest -m "not slow" $(SIDE_BY_SIDE)

test-all: $(INSTALLED)
	$(BIN)/pytest $(SIDE_BY_SIDE)

# The quick tests with each Python that is found, and with the lowest versions allowed: PYTHONS="3.12 min" for some of them.
test-pythons:
	.ci/test-pythons $(PYTHONS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

# What would be published, and whether it works where it is installed.
dist: $(INSTALLED)
	.ci/check-dist

bench: $(INSTALLED)
	$(BIN)/python benchmarks/atari_speed.py --traced
	$(BIN)/python benchmarks/meta_step.py
	$(BIN)/python benchmarks/sandbox.py
	$(BIN)/python benchmarks/model_calls.py
	$(BIN)/python benchmarks/bbeh_speed.py
	$(BIN)/python benchmarks/tabular_speed.py
	$(BIN)/python benchmarks/control_speed.py
	$(BIN)/python benchmarks/objects_speed.py
	$(BIN)/python benchmarks/study.py

clean:
	rm -rf $(VENV) $(VENV)-* build dist *.egg-info .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
