# `make serve` to see the help site, `make test` for every check. `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
PORT ?= 8000
SECONDS ?= 600
SITE ?= .
QUESTIONS ?= tests/golden/docs-questions/queries.jsonl
LOAD ?= 120
MINUTES ?= 15
export NO_MKDOCS_2_WARNING = 1
# Tests start hundreds of programs, each of which would compile all of Handrail again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve test test-long setup browser databases promtool format lint types floors rooms unit docs generated bench lighthouse minute quality topics-quality loop query-log outbox-test cluster-test torture matrix adoption wheel release install-test lock audit clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

serve: $(VENV)/.installed ## Install, build docs/ and its index, answer at one address
	$(BIN)/handrail serve --port $(PORT)

# One core builds the docs while the other checks; the tests then know how the docs are encoded.
test: ## All checks and all tests but the long ones
	@$(MAKE) --no-print-directory -j2 setup
	@$(MAKE) --no-print-directory -j2 docs types format lint floors
	@$(MAKE) --no-print-directory unit

setup: $(VENV)/.installed-dev browser databases promtool ## Install all that development needs

# Beside pip, but one after another: apt-get lets nobody else in.
databases: | browser
promtool: | databases

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Handrail needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

# torch by itself and pinned: left to other packages, pip takes a build with gigabytes of CUDA.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Handrail into $(VENV) (a few minutes the first time) ..."
	$(PIP) torch==2.13.0
	$(PIP) -e '.[index]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing what the checks need ..."
	$(PIP) -e '.[dev]'
	@touch $@

browser: # Chromium for the browser tests, to which its shell without windows is enough, and for those who measure
	@command -v chromium-headless-shell >/dev/null \
	|| { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	     && echo "Installing Chromium ..." && apt-get update -qq \
	     && { apt-get install -y -qq chromium chromium-headless-shell || command -v chromium \
	          || apt-get install -y -qq chromium; } >/dev/null; } \
	|| command -v chromium >/dev/null \
	|| echo "There is no Chromium and it cannot be installed here: browser tests will be skipped."

# PostgreSQL's programs, for tests that start a server of their own. Debian would start one as well: it is not needed.
databases:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
	|| { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	     && echo "Installing PostgreSQL ..." && apt-get update -qq && apt-get install -y -qq postgresql-common >/dev/null \
	     && sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
	     && apt-get install -y -qq postgresql >/dev/null; } \
	|| echo "There is no PostgreSQL and it cannot be installed here: its tests will be skipped."

promtool: # Prometheus' own checks of alerts and metrics; taken out of Debian's package, whose service nobody needs here
	@command -v promtool >/dev/null \
	|| { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	     && echo "Installing promtool ..." && apt-get update -qq && cd "$$(mktemp -d)" \
	     && apt-get download -qq prometheus 2>/dev/null && dpkg-deb -x prometheus_*.deb . \
	     && install usr/bin/promtool /usr/local/bin/ && rm -r "$$PWD"; } \
	|| echo "There is no promtool and it cannot be installed here: tests of alerts and metrics will be skipped."

format: $(VENV)/.installed-dev
	$(BIN)/ruff format --check

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check

types: $(VENV)/.installed-dev
	$(BIN)/mypy

floors: $(VENV)/.installed-dev
	$(BIN)/lint-imports --no-logo
	@$(BIN)/python tests/project/rooms.py --count >/dev/null || { echo "A folder has more than twelve names: make rooms"; exit 1; }

rooms: $(VENV)/.installed-dev ## Print how many names each folder has; fails over twelve
	$(BIN)/python tests/project/rooms.py --count

# Browsers, killed servers and loads share a small machine here: what fails beside other tests is tried once more, one after
# another, and counts by that. Nothing else is: a run that was cut short left tests out (pytest ends with another number
# than 1), and so did one whose tests could not be collected (no test is remembered as failed).
SUITE = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m "$(WHICH) and not slow and not torture"
unit: WHICH = not long
test-long: WHICH = long ## Run the tests that take three seconds or more, as CI does after `make test`
unit test-long: $(VENV)/.installed-dev
	$(SUITE) -n auto --maxprocesses=4 --dist loadfile --no-loadscope-reorder --durations=5 || { test $$? = 1 \
	&& grep -qs :: .pytest_cache/v/cache/lastfailed \
	&& echo "Failed beside others; once more, one after another:" && $(SUITE) --last-failed --last-failed-no-failures none; }

docs: $(VENV)/.installed-dev ## Build the help site strictly and check that its questions find their articles
	$(BIN)/handrail build --strict
	$(BIN)/handrail check

generated: $(VENV)/.installed-dev ## Renew the tables of settings and commands in docs/, and those of the rooms
	$(BIN)/python tests/project/generated.py
	$(BIN)/python tests/project/rooms.py

bench: $(VENV)/.installed-dev ## Measure Handrail and Material's own search side by side
	$(BIN)/python tests/bench/run.py

lighthouse: $(VENV)/.installed-dev ## Lighthouse on home, an article, contact and find, by npx; renews docs/operators/benchmarks.md
	$(BIN)/handrail build --config $(SITE)/mkdocs.yml
	$(BIN)/python tests/bench/lighthouse.py $(SITE) --questions $(QUESTIONS) $(if $(filter .,$(SITE)),--write)

minute: $(VENV)/.installed-dev ## Twenty questions in a browser as customers ask them, wide and on a phone, with pictures in .cache/minute
	$(BIN)/handrail build --config $(SITE)/mkdocs.yml
	$(BIN)/python tests/bench/minute.py $(SITE) --questions $(QUESTIONS) --pictures .cache/minute

quality: $(VENV)/.installed-dev ## Measure search on judged questions and renew docs/operators/search-quality.md
	$(BIN)/python tests/quality/run.py --write

topics-quality: $(VENV)/.installed-dev ## Measure groups of searches and similar messages; renews docs/leads/topics-quality.md, docs/agents/similar-messages.md
	$(BIN)/python tests/quality/topics.py --write

loop: $(VENV)/.installed-dev ## Take articles out, search for them in vain, put them back, prove it; renews docs/leads/loop.md
	$(BIN)/python tests/quality/loop.py --write

query-log: $(VENV)/.installed-dev ## Ask two years of real questions and renew docs/leads/real-volume.md
	$(BIN)/python tests/quality/replay_log.py --write
	$(BIN)/python tests/quality/replay_nodes.py --write

outbox-test: $(VENV)/.installed-dev ## 1,000 messages while everything is killed; renews docs/operators/delivery-proof.md
	cd tests && $(abspath $(BIN))/python -m feedback.delivery.experiment.run --write

cluster-test: $(VENV)/.installed-dev ## Ten minutes of three nodes while all is killed; renews docs/operators/cluster-proof.md
	cd tests && $(abspath $(BIN))/python -m search.service.nodes.run --seconds $(SECONDS) --write

torture: $(VENV)/.installed-dev ## Try all faults, attacks and odd input, and load for two minutes; renews docs/operators/torture.md
	cd tests && $(abspath $(BIN))/python -m search.service.faults.torture.run --seconds $(LOAD) --minutes $(MINUTES) --write

matrix: $(VENV)/.installed-dev ## Test the plugin on Material 9.5 to 9.8
	$(BIN)/python tests/project/matrix.py

adoption: $(VENV)/.installed-dev ## Give public sites, checked out in SITES, the one line; renews docs/writers/adoption.md
	@test -d "$(SITES)" || { echo "Say where the checkouts are: make adoption SITES=folder (see docs/writers/adoption.md)"; exit 1; }
	$(BIN)/python tests/adoption/run.py "$(SITES)" --write

# torch is left out, with its gigabytes of CUDA: docs/operators/supply.md says how to install it.
LOCK = $(BIN)/uv pip compile -q pyproject.toml -c constraints.txt --generate-hashes --universal --python-version 3.11 \
	--no-annotate --default-index https://pypi.org/simple --custom-compile-command 'make lock'
NOT_LOCKED = $(addprefix --no-emit-package ,cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx torch triton)

lock: $(VENV)/.installed-dev ## Renew deploy/locks/: every package that is installed, with its checksums
	$(LOCK) --extra service --extra postgres --extra valkey --extra openid --extra scripts -o deploy/locks/service.txt
	$(LOCK) --extra index --extra postgres --extra valkey --extra openid --extra scripts $(NOT_LOCKED) -o deploy/locks/build.txt

audit: $(VENV)/.installed-dev ## Ask OSV whether a package that is installed has a known vulnerability; says so where OSV cannot be reached
	$(BIN)/python tests/project/release/audit.py

wheel: | $(VENV)/bin/python ## Make dist/handrail-*.whl, to install Handrail elsewhere
	@rm -f dist/handrail-*.whl
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@echo "Made $$(echo dist/handrail-*.whl). What to do with it: docs/operators/install.md"

release: $(VENV)/.installed-dev ## Make a release of the committed version in dist/: wheel, sdist, checksums, bill of materials, changes
	@$(BIN)/python tests/project/release/release.py

install-test: $(VENV)/.installed-dev ## Follow the documents in empty environments, with the newest and the lowest versions
	$(BIN)/python -m pytest -q -m slow -p no:randomly tests/project/install tests/project/test_install.py tests/project/deploy

clean: ## Remove everything that was built
	rm -rf site .handrail .cache dist build
