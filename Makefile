# Two commands do everything: `make compare` and `make test`. Needs python3 (3.11 or newer), g++, make, perl.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out
ASIC_TOOLS := opensta qflow-tech-osu018 iverilog z3

.PHONY: compare test lint bench asic-tools clean

compare: $(VENV)/installed
	$(BIN)/tospike compare digits --out $(OUT)

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p tospike

bench: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow
	$(BIN)/python -m benchmarks.ann
	$(BIN)/python -m benchmarks.snn

# What each adds: opensta, timing of standard cells; qflow-tech-osu018, the cells of `tospike energy gates`;
# iverilog, a second simulator for `tospike verify` and `evaluate`; z3, a solver for the proofs.
asic-tools:
	apt-get install -y --no-install-recommends $(ASIC_TOOLS)

clean:
	rm -rf $(VENV) $(OUT) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@
