# Two commands on a fresh machine: `make demo` and `make test`. Each sets up .venv by itself from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test test-slow test-backends check bench lock clean

demo: $(STAMP)
	@$(BIN)/channel demo

test: $(STAMP)
	@$(BIN)/pytest -n 2 -m "not slow"

test-slow: $(STAMP)
	@$(BIN)/pytest -n 2 -m slow --timeout 1800

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/channel config schema --check
	@$(BIN)/channel ci check
	@printf 'channel: acme\ninfrastructure: {repository: acme/recipes, readers: [acme/robots]}\n' > $(VENV)/check.yaml
	@$(BIN)/channel --config $(VENV)/check.yaml infrastructure show --template > $(VENV)/template.yaml
	@$(BIN)/cfn-lint $(VENV)/template.yaml

# What .github/workflows/check.yml runs where conda-build or boa is.
test-backends: $(STAMP)
	@$(BIN)/pytest -n 2 tests/contract/test_build_backend.py tests/build/test_backends.py

# ONLY="edge index": these alone.
bench: $(STAMP)
	@$(BIN)/python -m tests.bench $(ONLY)

# The lock names no index and no file: it works behind any mirror.
lock:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON) on PATH" >&2; echo "hint: install Python 3.11 or newer, or run: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version) is too old" >&2; echo "hint: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) from requirements.lock (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

clean:
	rm -rf $(VENV) .channel .keys .edge .demo dist plan.json
