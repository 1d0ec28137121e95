# make demo       drive a simulated robot                   make demo ARGS="--help"
# make test       run the test suite                        make test ARGS="-k gate"
# make test-jazzy   run the ROS tests on ROS 2 Jazzy (the others use Kilted)
# make bench      measure rates, latency, start, memory     make bench ARGS="--json bench.json"
# make scenarios  run every scenario of config/scenarios in closed loop, in parallel
# make campaign   send 10 million random faults to the gate   make campaign ARGS="--events N --seed S"
# make mutants    change the core in thousands of ways, list changes that no test notices (hours)
# make field      run the tests of problems that users of similar software reported
# make ros-tools  run the tests that need ROS's own launch system and command line
# make lint       run ruff, mypy and ament's linters
# make install-check   run the installation of docs/tutorials/my-robot.md with apt's OpenCV
# make docs       build the website in out/docs; a broken link fails
# make reference  generate the tables of docs/reference from the code
# make schema     generate the JSON schemas of docs/schema from the code
# make images     render docs/images in the simulator
# make clean      remove everything that make created
#
# The first use creates .venv. PYTHON=python3.12 selects the interpreter.

ARGS ?=
SHELL := /bin/sh
FITS := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))
FOUND = $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	if $$name -c '$(FITS)' 2>/dev/null; then echo $$name; break; fi; done)
# PYTHON, or the interpreter of the environment, or the first suitable one
interpreter_of = $(or $(PYTHON),$(realpath $(1)/bin/python),$(FOUND),$(error Python 3.10 to 3.14 \
	was not found: sudo apt-get install python3 python3-venv python3-dev, or name it in PYTHON))

LINTED := $(wildcard digiphys_ros test launch tools examples setup.py)
XML := $(wildcard package.xml interfaces config launch worlds)
AMENT := flake8 pep257 xmllint copyright
DOCS := mkdocs-material 'mkdocstrings[python]'
FLAKE8 := blind-except class-newline comprehensions deprecated docstrings import-order quotes

# A sourced ROS 2 would override the one in .venv. Only ros-tools needs it.
ifeq ($(filter ros-tools,$(MAKECMDGOALS)),)
unexport PYTHONHOME PYTHONPATH ROS_DISTRO RMW_IMPLEMENTATION
ifneq ($(AMENT_PREFIX_PATH)$(_ROS_WHEELS_BOOTSTRAP_COMPLETE),)
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
endif
endif

.PHONY: demo test test-jazzy field bench scenarios campaign lint clean venv venv-jazzy
.PHONY: install-check mutants ros-tools docs reference images schema

demo: venv
	@.venv/bin/digiphys demo $(ARGS)

# First the core's tests, two at a time. Then the tests with real nodes: two at a time if they
# mostly wait, else one by one, because they depend on rates. Each part runs in worker processes.
# If a test crashes its worker, as a hang in Fast DDS does (issue 6502), it runs once more.
test: venv
	@$(call part,.venv,-n 2 --dist loadfile -m "not ros") \
	$(call part,.venv,-n 2 -m "ros and parallel") \
	$(call part,.venv,-n 1 -m "ros and not parallel") $(ran_well)

# without demo and doctor: the tests of the nodes cover the same parts of rclpy
test-jazzy: venv-jazzy
	@$(call part,.venv-jazzy,-n 2 -m "ros and parallel" --ignore test/cli --ignore test/doctor) \
	$(call part,.venv-jazzy,-n 1 -m "ros and not parallel" --ignore test/cli) $(ran_well)

# Exit code 5 of pytest: ARGS selects no test of this part.
part = $(1)/bin/python -m pytest --reruns 1 --only-rerun 'crashed while running' $(2) $(ARGS); \
	case $$? in 0) ran=yes;; 5) ;; *) failed=yes;; esac;
ran_well = [ -n "$$ran" ] && [ -z "$$failed" ]

field: venv
	@.venv/bin/python -m pytest -m field $(ARGS)

bench: venv
	@.venv/bin/digiphys bench $(ARGS)

scenarios: venv
	@.venv/bin/digiphys sim scenario config/scenarios $(ARGS)

campaign: venv
	@.venv/bin/python test/control/campaign.py $(ARGS)

schema: venv
	@.venv/bin/python -m digiphys_ros.cli.schema docs/schema

# installed here, since no other target needs it
mutants: venv
	@.venv/bin/python -m pip --quiet --disable-pip-version-check install -c constraints.txt \
		--no-build-isolation -e ".[mutants]"
	@nice -n 19 .venv/bin/mutmut run $(ARGS)
	@.venv/bin/mutmut results

# the system's Python has apt's OpenCV and NumPy
install-check:
	@/usr/bin/python3 tools/install_check.py .robot

# the Python of the sourced ROS; it needs pytest
ros-tools:
	@$(or $(PYTHON),python3) -m pytest -q -m ros_tools $(ARGS)

lint: venv
	@for tool in $(AMENT); do command -v ament_$$tool >/dev/null || { echo "ament_$$tool is" \
		"missing: sudo apt-get install $(AMENT:%=python3-ament-%) $(FLAKE8:%=python3-flake8-%)" \
		>&2; exit 1; }; done
	.venv/bin/python tools/check_words.py
	.venv/bin/ruff check $(LINTED)
	.venv/bin/mypy
	@# from their folder: launch/ would hide the package of that name, whose types ROS has
	cd launch && for file in *.launch.py; do ../.venv/bin/mypy --config-file= --python-version 3.10 \
		--strict --ignore-missing-imports --allow-subclassing-any --no-warn-return-any $$file || exit 1; \
		done
	.venv/bin/hadolint docker/*.Dockerfile
	ament_flake8 $(LINTED)
	@# the public API has docstrings in Google style
	ament_pep257 --add-ignore D406 D407 D413 -- $(LINTED)
	ament_copyright $(LINTED)
	ament_xmllint $(XML)

docs: .venv-docs/complete
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs --quiet build $(ARGS)

# a separate environment without TensorFlow; its versions need Python 3.11 or later
.venv-docs/complete: constraints.txt
	@$(call interpreter_of,.venv-docs) -m venv .venv-docs
	@.venv-docs/bin/python -m pip --quiet install -c constraints.txt $(DOCS)
	@touch $@

reference: venv
	@.venv/bin/python tools/make_reference.py

images: venv
	@.venv/bin/python tools/make_images.py

venv:
	@$(call interpreter_of,.venv) tools/setup_venv.py kilted .venv

venv-jazzy:
	@$(call interpreter_of,.venv-jazzy) tools/setup_venv.py jazzy .venv-jazzy

clean:
	rm -rf .venv .venv.lock .venv-jazzy .venv-jazzy.lock .venv-docs .robot build install log out *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
