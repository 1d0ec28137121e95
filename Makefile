# make demo   the whole pipeline on an embedded default     make demo ARGS="--help"
# make test   the whole test suite
# make bench  latency, frames, start and memory             make bench ARGS="--json bench.json"
# make lint   ruff, mypy and ament's linters
# Each sets up .venv on first use.

PYTHON ?= $(firstword $(foreach name,python3.12 python3.11 python3.10 python3,\
	$(if $(shell $(name) -c "import sys; sys.exit(not (3,10) <= sys.version_info[:2] <= (3,12))" \
	2>/dev/null && echo yes),$(name))) python3)
ARGS ?=
LINTED = digiphys_ros test launch benchmarks tools setup.py

.PHONY: demo test test-jazzy bench lint clean venv venv-jazzy

venv:
	@$(PYTHON) tools/setup_venv.py kilted .venv

venv-jazzy:
	@$(PYTHON) tools/setup_venv.py jazzy .venv-jazzy

demo: venv
	@.venv/bin/digiphys demo $(ARGS)

test: venv
	@.venv/bin/python -m pytest $(ARGS)

test-jazzy: venv-jazzy
	@.venv-jazzy/bin/python -m pytest -m ros $(ARGS)

bench: venv
	@.venv/bin/digiphys bench $(ARGS)

lint: venv
	@for tool in flake8 pep257 xmllint copyright; do command -v ament_$$tool >/dev/null || { \
		echo "ament_$$tool is missing: sudo apt install python3-ament-flake8" \
		"python3-ament-pep257 python3-ament-xmllint python3-ament-copyright" >&2; exit 1; }; done
	.venv/bin/ruff check $(LINTED)
	.venv/bin/mypy
	ament_flake8 $(LINTED)
	ament_pep257 $(LINTED)
	ament_copyright $(LINTED)
	.venv/bin/python tools/lint_xml.py

clean:
	rm -rf .venv .venv-jazzy build install log out .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
