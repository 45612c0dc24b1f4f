# Every target first makes .venv and installs what is needed; once that is done it takes no time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
INSTALLED := $(VENV)/.installed
NETHACK := .venv-nethack
TRAINING := .venv-training
OPENENV := .venv-openenv
# Three files of tests at once, for two cores: nearly half of their time is waiting.
SIDE_BY_SIDE := -n 3 --dist loadfile

# Recordings that some tests compare with; without them these tests are skipped, with a reason.
ifneq ($(wildcard ../shared/data),)
export GENOPT_TEST_DATA ?= $(abspath ../shared/data)
endif

.PHONY: install demo test test-all test-pythons test-nethack test-training lint docs dist bench clean

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

# nle pins a Gymnasium of its own, so it gets an environment of its own; all other versions are those of the constraints.
$(NETHACK)/.installed: pyproject.toml setup.cfg constraints.txt
	test -x $(NETHACK)/bin/python || $(PYTHON) -m venv $(NETHACK)
	grep -v '^gymnasium==' constraints.txt > $(NETHACK)/constraints.txt
	$(NETHACK)/bin/python -m pip install --quiet --disable-pip-version-check -c $(NETHACK)/constraints.txt \
		-e '.[nethack]' hypothesis psutil pytest pytest-timeout
	touch $@

test-nethack: $(NETHACK)/.installed
	$(NETHACK)/bin/python -m pytest tests/envs/nethack genopt_gym/envs/nethack

# Trainers of language models do not go with all the other extras, nor all of them with each other: openenv wants an older
# pillow, and it, verifiers and the extra mcp want three versions of the same library. RLlib pins a Gymnasium of its own and
# runs with others: its packages are named here in the place of ray[rllib].
$(TRAINING)/.installed: pyproject.toml setup.cfg constraints.txt
	test -x $(TRAINING)/bin/python || $(PYTHON) -m venv $(TRAINING)
	grep -vE '^mcp(-types)?==' constraints.txt > $(TRAINING)/constraints.txt
	$(TRAINING)/bin/python -m pip install --quiet --disable-pip-version-check -c $(TRAINING)/constraints.txt \
		-e '.[ray,sb3,skyrl,trl,verifiers]' hypothesis psutil pytest pytest-timeout \
		dm-tree lz4 ormsgpack pyarrow tensorboardX
	touch $@

$(OPENENV)/.installed: pyproject.toml setup.cfg constraints.txt
	test -x $(OPENENV)/bin/python || $(PYTHON) -m venv $(OPENENV)
	grep -vE '^(mcp(-types)?|pillow)==' constraints.txt > $(OPENENV)/constraints.txt
	$(OPENENV)/bin/python -m pip install --quiet --disable-pip-version-check -c $(OPENENV)/constraints.txt \
		-e '.[openenv]' hypothesis psutil pytest pytest-timeout
	touch $@

test-training: $(TRAINING)/.installed $(OPENENV)/.installed
	$(TRAINING)/bin/python -m pytest tests/training genopt_gym/training
	$(OPENENV)/bin/python -m pytest tests/training/openenv genopt_gym/training/openenv

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

# The documentation as a site, build/docs: every warning is an error, every notebook is run.
docs: $(INSTALLED)
	$(BIN)/python docs/build.py

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
	$(BIN)/python benchmarks/play_speed.py GenOpt/MiniGrid-MultiRoom-v0 GenOpt/MiniGrid-KeyCorridor-v0
	$(BIN)/python benchmarks/study.py

clean:
	rm -rf $(VENV) $(VENV)-* build dist *.egg-info .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis \
		docs/environments docs/reference docs/project
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
