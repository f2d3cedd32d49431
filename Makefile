# Two commands matter on a fresh machine: `make book` and `make test`. Paths are relative
# throughout, so that the folder may have spaces in its name.

SHELL := /bin/sh
.SHELLFLAGS := -euc
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help book test library serve lab pdf epub release links assignments grade lint constraints clean

PYTHON ?= python3
PORT ?= 8000
OUT ?= grades.csv
SEED ?= 0

# Which versions of the packages: pinned (what constraints.txt names), or the oldest or the newest that
# requirements.txt allows. Each has an environment of its own.
VERSIONS ?= pinned
ENV := .venv$(if $(filter-out pinned,$(VERSIONS)),-$(VERSIONS))
BIN := $(ENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN := $(BIN)/python
INSTALL_pinned := --require-hashes -r constraints.txt
INSTALL_oldest := --require-hashes -r constraints-oldest.txt
INSTALL_newest := --upgrade --upgrade-strategy eager -r requirements.txt

# What the pages are made from. A page must be rebuilt when any of it changes: a chapter's output
# depends on the library as much as on its own cells.
SOURCES := _config.yml _toc.yml $(shell find chapters lib assets _ext runs exercises/source -type f \
	-not -path '*/__pycache__/*' -not -path '*/.ipynb_checkpoints/*' \
	-not -name '*.pyc' -not -name '.*' -not -name '* *' 2>/dev/null)

# What needs neither the site nor a browser.
LIBRARY_TESTS := $(filter-out $(patsubst %,tests/test_%.py,site build paper status notebooks readme publishing colab downloads \
	lab minutes repository jupyterlab widget_places grading mutation exercises),$(wildcard tests/test_*.py))

# For every system and every Python at once, with the checksums of all files. What is oldest is found afresh each
# time: a version that was once needed by another package would stay there as if it were the oldest.
COMPILE := pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --quiet \
	--custom-compile-command "make constraints" $(if $(UPGRADE),--upgrade)

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

book: $(ENV)/.installed ## install what is missing, get the data, run every chapter, build the site
	@rm -f _build/.built
	@$(MAKE) --no-print-directory _build/.built
	@echo "The site is in _build/html. To read it: make serve"

# Threads of PyTorch that wait for each other spin, and beside a browser or a second kernel they take each other's core:
# 300 steps of LeNet-5 took 10 to 42 s there, alone 2. With a shorter wait they take 5 to 6. The build has the machine
# to itself.
test: $(ENV)/.grading _build/.built ## build the site where it is missing or old, then run all tests
	@$(absolute_data); $(fetch_data); \
	GOMP_SPINCOUNT="$${GOMP_SPINCOUNT:-3000}" BOOK_BUDGET="$${BOOK_BUDGET:-test}" \
		$(RUN) -m pytest --nbval-lax --nbval-current-env --ignore=chapters/exercises tests chapters

library: $(ENV)/.installed ## run the tests of the library alone; VERSIONS=oldest or newest tries other packages
	@$(absolute_data); $(RUN) -m pytest $(LIBRARY_TESTS)

serve: ## show the built site at http://127.0.0.1:8000 (another port: make serve PORT=9000)
	@test -f _build/html/index.html || { echo "There is no site yet: run make book first." >&2; exit 1; }
	@$(RUN) -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' 2>/dev/null || \
		{ echo "Port $(PORT) is taken: try make serve PORT=9000." >&2; exit 1; }
	@echo "Open http://127.0.0.1:$(PORT)/ in a browser; Ctrl-C ends it."
	@$(RUN) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: $(ENV)/.installed ## open the chapters in JupyterLab (another port: make lab PORT=9000)
	@$(absolute_data); $(fetch_data); \
	if [ "$$(id -u)" = 0 ]; then set -- --allow-root; else set --; fi; \
	echo "JupyterLab will be at http://127.0.0.1:$(PORT)/lab with the key that it prints; Ctrl-C ends it."; \
	exec $(RUN) -m jupyterlab "$$@" --ip=127.0.0.1 --port=$(PORT) --ServerApp.port_retries=0 --ServerApp.answer_yes=True \
		--ServerApp.log_level=WARN --ServerApp.root_dir="$$PWD" --LabApp.default_url=/lab/tree/chapters/01-reading-digits.ipynb

pdf: _build/.built ## print the book as one PDF
	@$(RUN) scripts/paper/make_pdf.py

epub: _build/.built ## make an EPUB of the book
	@$(RUN) scripts/paper/make_epub.py

release: ## make in _build/release the site, PDF, EPUB, executed notebooks, checksums and a manifest
	@test -x $(RUN) || $(MAKE) --no-print-directory $(ENV)/.installed
	@$(RUN) scripts/paper/make_release.py --check
	@$(MAKE) --no-print-directory _build/.built pdf epub
	@$(RUN) scripts/paper/make_release.py

links: _build/.built ## check that every link of the site to another host still leads somewhere
	@$(RUN) -m linkcheck --config scripts/linkchecker.ini --check-extern _build/html/index.html

assignments: $(ENV)/.grading ## write the students' notebooks from exercises/source (one set: make assignments SET=alexnet)
	@$(RUN) -m exercises.grading.assignments $(SET)

grade: $(ENV)/.grading ## grade a folder of submissions: make grade SET=alexnet DIR=submissions OUT=grades.csv
	@test -n "$(SET)" && test -n "$(DIR)" || \
		{ echo "Say what to grade: make grade SET=alexnet DIR=path/to/submissions OUT=grades.csv" >&2; exit 1; }
	@$(RUN) -m exercises.grading.grade "$(SET)" "$(DIR)" --out "$(OUT)" --seed "$(SEED)"

lint: $(ENV)/.installed ## check the style of the Python code
	@$(RUN) -m ruff check lib tests scripts _ext exercises
	@$(RUN) -m ruff format --check lib tests scripts _ext exercises

constraints: ## choose exact versions anew: those pinned stay if they can (UPGRADE=1: the newest)
	@$(RUN) -m uv --version >/dev/null 2>&1 || $(MAKE) --no-print-directory $(ENV)/.installed
	@$(RUN) -m uv $(COMPILE) requirements.txt -o constraints.txt
	@$(RUN) -m uv $(COMPILE) requirements.txt $(if $(UPGRADE),,--upgrade) --resolution lowest-direct -o constraints-oldest.txt
	@$(RUN) -m uv $(COMPILE) exercises/requirements.txt -c constraints.txt -o exercises/constraints.txt

clean: ## remove the built site and caches; the environment and the data stay
	@rm -rf _build .pytest_cache .ruff_cache
	@find . -path './.venv*' -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-type d -prune -exec rm -rf {} +

# The stamp comes last: after an interruption the next call takes up the work again.
$(ENV)/.installed: requirements.txt constraints.txt constraints-oldest.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || \
		{ echo "No $(PYTHON) was found: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11: call make PYTHON=/path/to/a/newer/python." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module: install the python3-venv package." >&2; exit 1; }
	@case "$(VERSIONS)" in pinned|oldest|newest) ;; *) \
		echo "VERSIONS is $(VERSIONS): it must be pinned, oldest or newest." >&2; exit 1;; esac
	@echo "Installing into $(ENV); the first time, PyTorch alone takes some minutes."
	@$(RUN) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(ENV)
	@$(RUN) -m pip install --disable-pip-version-check $(INSTALL_$(VERSIONS))
	@$(RUN) -m pip install --disable-pip-version-check --no-deps -e .
	@touch $@

# What setting and grading exercises needs besides; the versions of the book's own packages stay.
$(ENV)/.grading: $(ENV)/.installed exercises/constraints.txt
	@echo "Installing what grading needs into $(ENV)."
	@$(RUN) -m pip install --disable-pip-version-check -q --require-hashes -r exercises/constraints.txt
	@touch $@

# The one place with the build's command line. -W and a clean _build: otherwise a chapter that
# raises can leave exit status 0, and so can a second run after a failed one.
_build/.built: $(ENV)/.installed $(SOURCES)
	@$(absolute_data); $(fetch_data); \
	rm -rf _build; \
	$(BIN)/jupyter-book build -W -n --keep-going . || { \
		status=$$?; \
		echo "The build failed. Warnings stand above; errors, where there are any, once more:" >&2; \
		find _build/html/reports -name '*.err.log' -exec cat {} + >&2 2>/dev/null || true; \
		exit $$status; }
	@touch $@
