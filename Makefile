# Two commands matter on a fresh machine: `make book` and `make test`. Paths are relative
# throughout, so that the folder may have spaces in its name.

SHELL := /bin/sh
.SHELLFLAGS := -euc
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help book test serve assignments grade lint clean

PYTHON ?= python3
PORT ?= 8000
OUT ?= grades.csv
SEED ?= 0
RUN := .venv/bin/python

# What the pages are made from. A page must be rebuilt when any of it changes: a chapter's output
# depends on the library as much as on its own cells.
SOURCES := _config.yml _toc.yml $(shell find chapters lib assets _ext runs -type f \
	-not -path '*/__pycache__/*' -not -path '*/.ipynb_checkpoints/*' \
	-not -name '*.pyc' -not -name '.*' -not -name '* *' 2>/dev/null)

# Chapters run in their own folder: a relative BOOK_DATA would point elsewhere there.
define absolute_data
case "$${BOOK_DATA:-/}" in /*) ;; *) export BOOK_DATA="$$PWD/$$BOOK_DATA" ;; esac
endef

# Status 3 says that only stand-ins are to be had. Then no chapter need try the network again, nor
# repeat on its page, as a raw warning, what was said here and stands in the page's own notice.
define fetch_data
status=0; $(RUN) scripts/fetch_data.py || status=$$?; \
case $$status in 0) ;; 3) export BOOK_OFFLINE=1 PYTHONWARNINGS="ignore:MNIST is not at hand,ignore:Fashion-MNIST is not at hand" ;; \
	*) exit $$status ;; esac
endef

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

book: .venv/.installed ## install what is missing, get the data, run every chapter, build the site
	@rm -f _build/.built
	@$(MAKE) --no-print-directory _build/.built
	@echo "The site is in _build/html. To read it: make serve"

test: .venv/.grading _build/.built ## build the site where it is missing or old, then run all tests
	@$(absolute_data); $(fetch_data); \
	BOOK_BUDGET="$${BOOK_BUDGET:-test}" \
		$(RUN) -m pytest --nbval-lax --nbval-current-env tests chapters

serve: ## show the built site at http://127.0.0.1:8000 (another port: make serve PORT=9000)
	@test -f _build/html/index.html || { echo "There is no site yet: run make book first." >&2; exit 1; }
	@$(RUN) -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' 2>/dev/null || \
		{ echo "Port $(PORT) is taken: try make serve PORT=9000." >&2; exit 1; }
	@echo "Open http://127.0.0.1:$(PORT)/ in a browser; Ctrl-C ends it."
	@$(RUN) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

assignments: .venv/.grading ## write the students' notebooks from exercises/source (one set: make assignments SET=alexnet)
	@$(RUN) -m exercises.grading.assignments $(SET)

grade: .venv/.grading ## grade a folder of submissions: make grade SET=alexnet DIR=submissions OUT=grades.csv
	@test -n "$(SET)" && test -n "$(DIR)" || \
		{ echo "Say what to grade: make grade SET=alexnet DIR=path/to/submissions OUT=grades.csv" >&2; exit 1; }
	@$(RUN) -m exercises.grading.grade "$(SET)" "$(DIR)" --out "$(OUT)" --seed "$(SEED)"

lint: .venv/.installed ## check the style of the Python code
	@$(RUN) -m ruff check lib tests scripts _ext exercises
	@$(RUN) -m ruff format --check lib tests scripts _ext exercises

clean: ## remove the built site and caches; the environment and the data stay
	@rm -rf _build .pytest_cache .ruff_cache
	@find . -path ./.venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-type d -prune -exec rm -rf {} +

# The stamp comes last: after an interruption the next call takes up the work again.
.venv/.installed: requirements.txt constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || \
		{ echo "No $(PYTHON) was found: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11: call make PYTHON=/path/to/a/newer/python." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module: install the python3-venv package." >&2; exit 1; }
	@echo "Installing into .venv; the first time, PyTorch alone takes some minutes."
	@$(RUN) -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(RUN) -m pip install --disable-pip-version-check -r requirements.txt -c constraints.txt
	@$(RUN) -m pip install --disable-pip-version-check --no-deps -e .
	@touch $@

# What setting and grading exercises needs besides; the versions of the book's own packages stay.
.venv/.grading: .venv/.installed exercises/requirements.txt exercises/constraints.txt
	@echo "Installing what grading needs into .venv."
	@$(RUN) -m pip install --disable-pip-version-check -q -r exercises/requirements.txt -c constraints.txt -c exercises/constraints.txt
	@touch $@

# The one place with the build's command line. -W and a clean _build: otherwise a chapter that
# raises can leave exit status 0, and so can a second run after a failed one.
_build/.built: .venv/.installed $(SOURCES)
	@$(absolute_data); $(fetch_data); \
	rm -rf _build; \
	.venv/bin/jupyter-book build -W -n --keep-going . || { \
		status=$$?; \
		echo "The build failed. Warnings stand above; errors, where there are any, once more:" >&2; \
		find _build/html/reports -name '*.err.log' -exec cat {} + >&2 2>/dev/null || true; \
		exit $$status; }
	@touch $@
