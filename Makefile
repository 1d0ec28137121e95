# make demo    the whole pipeline on an embedded default    make demo ARGS="--help"
# make test    the whole test suite                         make test ARGS="-k gate"
# make bench   frame rates, latency, start, memory          make bench ARGS="--json bench.json"
# make scenarios   every scenario of config/scenarios in closed loop, in parallel
# make campaign    random faults at the gate, 10 million   make campaign ARGS="--events N --seed S"
# make mutants   change the core in thousands of ways and count what no test sees: takes hours
# make field   situations that users of this field reported, each with its report
# make lint    ruff, mypy and ament's linters
# make install-check   docs/tutorials/my-robot.md in a fresh environment, with apt's OpenCV
# make docs    the documentation as a website in out/docs; a broken link fails
# make reference   the generated tables of docs/reference, from the code
# make images  the images of docs/images, by the simulator
# make ros-tools   the tests that need ROS's launch system and command line, where those are there
# make schema  the JSON schemas in docs/schema, from what the code declares
# make clean   remove all that the others made
# make test-jazzy   the ROS-dependent tests on ROS 2 Jazzy (the others use Kilted)
#
# Each sets up .venv on first use. PYTHON=python3.12 chooses the interpreter.

ARGS ?=
SHELL := /bin/sh
FITS := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))
FOUND = $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	if $$name -c '$(FITS)' 2>/dev/null; then echo $$name; break; fi; done)
# PYTHON, else what the environment was made with, else the first that fits.
interpreter_of = $(or $(PYTHON),$(realpath $(1)/bin/python),$(FOUND),$(error Python 3.10 to 3.14 \
	was not found: sudo apt-get install python3 python3-venv python3-dev, or name it in PYTHON))

LINTED := $(wildcard digiphys_ros test launch tools examples setup.py)
XML := $(wildcard package.xml interfaces config launch worlds)
AMENT := flake8 pep257 xmllint copyright
DOCS := mkdocs-material 'mkdocstrings[python]'
FLAKE8 := blind-except class-newline comprehensions deprecated docstrings import-order quotes

# A ROS 2 that the shell has sourced would get in the way of the one in .venv; the tests of its own
# tools need it.
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

# The core's tests side by side; then those with real nodes: the ones that wait more than they work
# side by side, the others one by one, as images and commands come to them at a rate. Each part runs
# in workers: a test with nodes that ends its worker, as a hang in Fast DDS does (issue 6502), runs
# once more, and pytest counts it as a rerun.
test: venv
	@$(call part,.venv,-n 2 --dist loadfile -m "not ros") \
	$(call part,.venv,-n 2 -m "ros and parallel") \
	$(call part,.venv,-n 1 -m "ros and not parallel") $(ran_well)

# without the demo and the doctor: they call nothing of rclpy that the nodes' own tests do not
test-jazzy: venv-jazzy
	@$(call part,.venv-jazzy,-n 2 -m "ros and parallel" --ignore test/cli --ignore test/doctor) \
	$(call part,.venv-jazzy,-n 1 -m "ros and not parallel" --ignore test/cli) $(ran_well)

# A part may have no test that ARGS asks for: pytest's 5.
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

# beside the other packages, which need none of it
mutants: venv
	@.venv/bin/python -m pip --quiet --disable-pip-version-check install -c constraints.txt \
		--no-build-isolation -e ".[mutants]"
	@nice -n 19 .venv/bin/mutmut run $(ARGS)
	@.venv/bin/mutmut results

# the system's Python, since its OpenCV and NumPy are those of apt
install-check:
	@/usr/bin/python3 tools/install_check.py .robot

# by the Python of the ROS that the shell has sourced; pytest has to be there
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
		--strict --ignore-missing-imports --allow-subclassing-any $$file || exit 1; done
	.venv/bin/hadolint docker/*.Dockerfile
	ament_flake8 $(LINTED)
	@# the public face has sections as Google writes them
	ament_pep257 --add-ignore D406 D407 D413 -- $(LINTED)
	ament_copyright $(LINTED)
	ament_xmllint $(XML)

docs: .venv-docs/complete
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs --quiet build $(ARGS)

# an environment of its own without TensorFlow; its versions are for Python 3.11 and later
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
