# Two commands do everything on a fresh machine: `make book` and `make test`. `make help` lists the others.
# Works with GNU make 3.81 and a POSIX shell. Everything made here is in .venv and _build.

.DEFAULT_GOAL := help
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready
PORT := 8000
NOTEBOOKS := book solutions
SOLUTIONS := $(wildcard solutions/*/*.ipynb)
ASSIGNMENTS := $(SOLUTIONS:solutions/%=book/assignments/%)
RELEASED := _build/assignments-released
# What `make test SLUG=tfidf` looks into: the tests of every chapter, and the chapter's own.
TESTS_OF_A_CHAPTER = tests/test_exercises.py tests/test_mutants.py tests/test_grading.py tests/test_house.py \
    $(wildcard tests/test_$(SLUG)*.py) embcourse/$(SLUG) $(wildcard book/*/$(SLUG)*.ipynb) solutions/$(SLUG)

# `ready` names the folder it was made in: an environment that was moved, or has lost its Python, is made again.
ifneq ($(shell $(RUN) -c "" 2>/dev/null && cat $(READY) 2>/dev/null),$(CURDIR))
$(READY): FORCE
endif
# A student's notebook is missing.
ifneq ($(filter-out $(wildcard $(ASSIGNMENTS)),$(ASSIGNMENTS)),)
$(RELEASED): FORCE
endif

.PHONY: help environment book html serve lint test style notebooks assignments mutants bench bench-quality bench-cluster \
    bench-gpu clean FORCE
.DELETE_ON_ERROR:

help:
	@echo "make book         environment, students' notebooks, HTML book: prints where it is"
	@echo "make test         environment, then the whole test suite: pytest --nbval (SLUG=tfidf: one chapter; PART=core: a part)"
	@echo "make environment  what everything else needs, in .venv"
	@echo "make serve        the book on http://127.0.0.1:$(PORT) (PORT=8001 for another port)"
	@echo "make html         environment and HTML book only"
	@echo "make lint         whether the code keeps to the style, and its types fit"
	@echo "make notebooks    run chapters and solutions again, normalised (NOTEBOOKS=book/counting/tfidf.ipynb for one)"
	@echo "make assignments  students' notebooks from the solutions"
	@echo "make style        format the code, and mend what the linter can mend"
	@echo "make mutants      whether the checks see every mechanical change to the solutions (SLUG=tfidf for one chapter)"
	@echo "make bench        speed beside gensim, under 10 minutes (leave the machine alone meanwhile)"
	@echo "make bench-quality  quality over seeds and settings, hours; continues where it stopped"
	@echo "make bench-cluster  quality on four worker processes beside one machine, hours; continues likewise"
	@echo "make bench-gpu    the same on a GPU, under 10 minutes"
	@echo "make clean        remove the environment and everything built"
	@echo "PYTHON=/path/to/python3.12 chooses the Python, when the environment is made"

book: $(RELEASED)
	@$(RUN) -m embcourse.publishing html

html: $(READY)
	@$(RUN) -m embcourse.publishing html

serve: $(RELEASED)
	@$(RUN) -m embcourse.publishing serve --port $(PORT)

environment: $(READY)

lint: $(READY)
	@echo "== Style"
	@$(RUN) -m ruff format --check --quiet .
	@$(RUN) -m ruff check --quiet .
	@echo "== Types"
	@$(RUN) -m mypy --no-error-summary

# The book is built by the tests that read it, beside the others. The students' notebooks are not made again here: a
# test compares those in the repository with fresh ones. Style and types are looked at with
# the whole suite and with the part `core`.
test: $(if $(SLUG)$(filter-out core,$(PART)),$(READY),lint)
	@echo "== Tests, doctests, chapters, solutions$(if $(SLUG)$(PART), of $(SLUG)$(PART))"
	@$(RUN) -m pytest --nbval $(if $(PART),--part $(PART)) $(if $(SLUG),-k $(SLUG) $(TESTS_OF_A_CHAPTER))

notebooks: $(READY)
	@$(RUN) -m embcourse.publishing execute $(NOTEBOOKS)

assignments: $(READY)
	@$(RUN) -m embcourse.grading.release

# Formats the code, and mends of the linter's complaints what it can.
style: $(READY)
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

mutants: $(READY)
	@$(RUN) -m tests.mutants $(SLUG)

bench: $(READY)
	@$(RUN) -m benchmarks speed

bench-quality: $(READY)
	@$(RUN) -m benchmarks quality

bench-cluster: $(READY)
	@$(RUN) -m benchmarks cluster

bench-gpu: $(READY)
	@$(RUN) -m benchmarks.gpu

$(RELEASED): $(READY) nbgrader_config.py $(SOLUTIONS) $(wildcard $(ASSIGNMENTS)) $(wildcard embcourse/grading/*.py)
	@echo "== Students' notebooks"
	@$(RUN) -m embcourse.grading.release
	@mkdir -p $(@D) && touch $@

clean:
	rm -rf $(VENV) _build

# 3.11 comes first: the outputs in the repository were made with it.
define FIND_PYTHON
for python in "$(PYTHON)" python3.11 python3.12 python3.13 python3 python; do \
    test -n "$$python" && "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
        2>/dev/null && break; \
    if test -n "$(PYTHON)"; then \
        echo "error: PYTHON=$(PYTHON) is not a Python 3.11, 3.12 or 3.13" >&2; exit 1; \
    fi; \
    python=; \
done; \
if test -z "$$python"; then \
    echo "error: no Python 3.11, 3.12 or 3.13 found; install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
    exit 1; \
fi
endef

define EXPLAIN_PIP
{ \
    echo >&2; \
    if grep -q "No space left on device" $(VENV)/pip.log; then \
        echo "error: the disk is full: the environment takes 4 GB, and 9 GB on Linux with CUDA" >&2; \
    elif grep -qE "Failed to establish a new connection|name resolution|ConnectTimeout|Read timed out|SSLError" \
        $(VENV)/pip.log; then \
        echo "error: no connection to the package index; run make again when there is one" >&2; \
    else \
        echo "error: pip could not install the requirements: see above, or $(VENV)/pip.log" >&2; \
    fi; \
    exit 1; \
}
endef

$(READY): requirements.txt pyproject.toml
	@set -e; \
	made_in=$$(cat $(READY) 2>/dev/null) || made_in="$(CURDIR)"; \
	if test "$$made_in" != "$(CURDIR)" || ! $(RUN) -m pip --version >/dev/null 2>&1; then \
	    $(FIND_PYTHON); \
	    echo "== Environment: $$("$$python" --version) in $(VENV)"; \
	    "$$python" -m venv --clear $(VENV) || { \
	        echo "error: $$python cannot make an environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
	        exit 1; \
	    }; \
	fi; \
	echo "== Packages: requirements.txt (some minutes the first time)"; \
	: > $(VENV)/pip.log; \
	$(RUN) -m pip install --log $(VENV)/pip.log -r requirements.txt || $(EXPLAIN_PIP); \
	$(RUN) -m pip install --log $(VENV)/pip.log --quiet --no-deps --no-build-isolation --editable . || $(EXPLAIN_PIP); \
	echo "$(CURDIR)" > $@
