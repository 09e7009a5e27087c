# Two commands do everything: `make compare` and `make test`. Needs python3 (3.11 or newer, with venv), g++, make, perl.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out
ASIC_TOOLS := opensta qflow-tech-osu018 iverilog z3

.PHONY: compare test lint docs package test-pythons bench fuzz asic-tools clean prerequisites

compare: $(VENV)/installed
	$(BIN)/tospike compare digits --out "$(OUT)"

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p tospike
	PYTHONPATH=.typing $(BIN)/lint-imports --no-logo

# The site, in build/site; a warning is an error. The variable silences an advertisement.
docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# What goes to PyPI, in build/dist; then the wheel in a fresh environment, which downloads all that it needs.
package: $(VENV)/installed-dev
	rm -rf build/dist build/fresh build/lib
	$(BIN)/python -m build --outdir build/dist .
	$(BIN)/python tests/package/check.py build/dist build/fresh $(TRIED)

# The same with every supported Python that is installed: by name, or PYTHONS="/path/of/python3.12 ...".
PYTHONS ?= python3.11 python3.12 python3.13
test-pythons: TRIED = $(PYTHONS)
test-pythons: package

bench: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow
	$(BIN)/python -m benchmarks.tables $(if $(DATA),--data "$(DATA)")
	$(BIN)/python -m benchmarks.ann
	$(BIN)/python -m benchmarks.snn

# Damaged files of every kind that is read for HOURS, then random networks for as long; what fails is kept in
# tests/fuzz/corpus.
HOURS ?= 1
fuzz: $(VENV)/installed-dev
	$(BIN)/python tests/fuzz/run.py --hours $(HOURS)
	$(BIN)/python tests/fuzz/run_networks.py --hours $(HOURS)

# What each adds: opensta, timing of standard cells; qflow-tech-osu018, the cells of `tospike energy gates`;
# iverilog, a second simulator for `tospike verify` and `evaluate`; z3, a solver for the proofs.
asic-tools:
	apt-get install -y --no-install-recommends $(ASIC_TOOLS)

clean:
	rm -rf $(VENV) "$(OUT)" build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# What pip cannot bring is named before anything is made. Debian and Ubuntu keep ensurepip in a package of its own.
define PREREQUISITES
refuse() { echo "tospike: $$1: apt-get install $$2" >&2; exit 2; }
"$(PYTHON)" -c "" 2> /dev/null || refuse "$(PYTHON) was not found, or does not run" "python3 python3-venv"
"$(PYTHON)" -c "import sys; sys.exit(sys.version_info < (3, 11))" ||
	refuse "Python 3.11 or newer is needed, $(PYTHON) is older" "python3.11-venv, then make PYTHON=python3.11"
"$(PYTHON)" -c "import venv, ensurepip; ensurepip.version()" 2> /dev/null ||
	refuse "$(PYTHON) has no venv with pip" "$(notdir $(PYTHON))-venv"
missing=
for program in g++ make perl; do command -v $$program > /dev/null || missing="$$missing $$program"; done
test -z "$$missing" || refuse "not found:$$missing" "$${missing# }"
endef
export PREREQUISITES

prerequisites:
	@sh -c "$$PREREQUISITES"

# An installation that was interrupted leaves its mark and is begun afresh: pip may take half a package for a whole one.
# So is one whose Python is gone.
define INSTALL
if test -e $(VENV)/unfinished || { test -L $(BIN)/python && test ! -e $(BIN)/python; }; then rm -rf $(VENV); fi
mkdir -p $(VENV)
touch $(VENV)/unfinished
$(BIN)/python -m pip --version > /dev/null 2>&1 || "$(PYTHON)" -m venv $(VENV)
$(BIN)/python -m pip install --quiet --disable-pip-version-check -e "$$1"
rm $(VENV)/unfinished
endef
export INSTALL

$(VENV)/installed: pyproject.toml | prerequisites
	@sh -ec "$$INSTALL" install .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@sh -ec "$$INSTALL" install ".[dev]"
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	@sh -ec "$$INSTALL" install ".[docs]"
	@touch $@
