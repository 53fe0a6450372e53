# Two commands on a fresh machine: `make run` and `make test`. They need make and Python 3.11 or newer, nothing else.
#
# Whatever is installed goes into .venv; whatever a running register writes goes into var. `make clean` removes .venv.

PORT ?= 8000
HOST ?= 127.0.0.1

VENV := .venv
BIN := $(VENV)/bin/python
MANAGE := $(BIN) manage.py

# A stamp is written when an install is complete, and carries a checksum of what was asked for. So an install that was
# cut off is done again, changed requirements are noticed, and otherwise pip is not started at all.
checksum = $(shell cksum < $(1) | tr -d ' ')
BASE := $(VENV)/installed-base-$(call checksum,requirements/base.txt)
TEST := $(VENV)/installed-test-$(call checksum,requirements/test.txt)
MADE := $(VENV)/made

.PHONY: help run test test-long lint requirements clean
.NOTPARALLEL:

help: ## Say what each command does
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' Makefile | while IFS='|' read -r name words; do printf '%-18s %s\n' "$$name" "$$words"; done

run: $(BASE) ## Install, migrate, load the data set and the examples, and start the site, a worker and beat
	@$(MANAGE) up --check --host $(HOST) --port $(PORT)
	@echo "== Bringing the database up to date"
	@$(MANAGE) migrate --verbosity 0
	@echo "== Loading the data set (what is there already stays)"
	@$(MANAGE) load_dataset
	@echo "== Making demo accounts and example proposals (what is there already stays)"
	@$(MANAGE) load_demo
	@echo "== Verifying that ledger and tables agree"
	@$(MANAGE) verify_register
	@echo "== Starting the site, a worker and beat"
	@$(MANAGE) up --host $(HOST) --port $(PORT)

test: $(TEST) ## Run the tests on SQLite; what needs PostgreSQL, Redis or Chromium runs where it is found
	@echo "== Running the tests"
	@$(BIN) -m pytest -n auto --dist worksteal -rs $(ARGS)

test-long: $(TEST) ## Run what takes longer: fault runs and long races
	@echo "== Running the long tests"
	@$(BIN) -m pytest -m long -rs $(ARGS)

lint: $(TEST) ## Check style, format, and which way imports point
	@echo "== Checking style"
	@$(BIN) -m ruff check .
	@$(BIN) -m ruff format --check .
	@echo "== Checking which way imports point"
	@$(VENV)/bin/lint-imports

# Needs uv (https://docs.astral.sh/uv/): pip cannot lock for all platforms at once.
# ARGS=--upgrade takes the newest versions that the .in files allow. The order matters: each layer is held to the last.
requirements: ## Lock requirements/*.in into requirements/*.txt, with hashes
	@for layer in base test production dev parquet; do \
	  echo "== Locking requirements/$$layer.txt"; \
	  env -u PIP_FIND_LINKS -u UV_FIND_LINKS uv pip compile --quiet --universal --no-strip-extras --python-version 3.11 --generate-hashes \
	    --custom-compile-command "make requirements" $(ARGS) requirements/$$layer.in --output-file requirements/$$layer.txt || exit 1; \
	done

clean: ## Remove .venv and caches; var, with the database, stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis .coverage htmlcov var/test
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- how .venv is made and filled

# `make run PYTHON=/path/to/python` takes that one; otherwise the first that is new enough and can make environments.
PYTHON ?=
PYTHONS = $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3.14 python3 python)

# A Python that was upgraded away leaves a .venv that cannot run: then it is made anew.
$(shell test ! -e $(MADE) || $(BIN) -c '' 2>/dev/null || rm -f $(MADE) $(VENV)/installed-*)

$(MADE):
	@for python in $(PYTHONS); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	  new_enough="$$python"; \
	  "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || continue; \
	  echo "== Making a virtual environment in $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV) && touch $@ && exit 0; \
	  exit 1; \
	done; \
	if [ -n "$$new_enough" ]; then \
	  echo "$$new_enough cannot make virtual environments; on Debian and Ubuntu this helps: sudo apt-get install python3-venv" >&2; \
	else \
	  echo "No Python 3.11 or newer was found (looked for: $(PYTHONS)); install one, or name it: make run PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1

define install
	@echo "== Installing $(1) (once; about half a minute)"
	@$(BIN) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r $(1) || \
	  { echo "Installing $(1) failed, see above; the same command tries again." >&2; exit 1; }
	@rm -f $(VENV)/installed-$(2)-* && touch $@
endef

$(BASE): | $(MADE)
	$(call install,requirements/base.txt,base)

$(TEST): | $(MADE)
	$(call install,requirements/test.txt,test)
