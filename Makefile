# `make demo` shows the platform at work, `make test` runs the tests, `make help` lists the rest.
# Works with GNU make 3.81 (macOS) and needs nothing but Python 3.11+.

PORT ?= 8000
# The first interpreter that really runs, is new enough and can make virtual environments: a shim may
# exist and fail, and some systems ship Python without ensurepip.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$candidate -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$candidate && break; done)
RUN := .venv/bin/python

.PHONY: help audit sbom demo test test-all faults serve lint bench clean lock setup setup-tools setup-dev setup-panel screenshots
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup:
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer with venv and ensurepip is needed:" \
		"install it (on Debian and Ubuntu: apt install python3 python3-venv; on macOS: brew install python)," \
		"or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; fi
	@$(PYTHON) deploy/bootstrap.py runtime

setup-tools:
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer with venv and ensurepip is needed:" \
		"install it (on Debian and Ubuntu: apt install python3 python3-venv; on macOS: brew install python)," \
		"or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; fi
	@$(PYTHON) deploy/bootstrap.py dev

setup-dev: setup-tools
	@$(RUN) deploy/browser.py

# A panel's people are played in a real browser, which the test tools drive; without one, over HTTP.
setup-panel: setup-tools
	@$(RUN) deploy/browser.py || true

demo: $(if $(PANEL),setup-panel,setup) ## Set up, then run the whole platform on real images (PORT=8000, PANEL=mturk or prolific)
	@DATA_DIR=var/demo exec $(RUN) manage.py demo --port $(PORT) $(if $(PANEL),--panel $(PANEL))

test: setup-dev ## Set up, then run all tests but the long ones
	@$(RUN) deploy/run_tests.py

test-all: setup-dev ## Run all tests, the long ones too
	@$(RUN) deploy/run_tests.py --all

faults: setup-dev ## Break everything while people vote, for long, and count (FAULT_VOTES=10000)
	@.venv/bin/pytest tests/faults -m slow -s -q

serve: setup ## Run web server and worker for real use (PORT=8000)
	@$(RUN) manage.py migrate --verbosity 0 && $(RUN) manage.py collectstatic --noinput --verbosity 0
	@exec $(RUN) manage.py serve --port $(PORT)

lint: setup-dev ## Check style, floors, types, migrations and JavaScript
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@.venv/bin/lint-imports
	@.venv/bin/mypy
	@$(RUN) manage.py makemigrations --check --dry-run
	@$(RUN) deploy/lint_migrations.py
	@if command -v npm >/dev/null 2>&1; then npm --prefix frontend ci --silent && npm --prefix frontend run --silent check; \
		else echo "JavaScript was not checked: Node.js is not installed."; fi
	@$(RUN) deploy/audit.py

audit: setup-dev ## Look the locked packages up among known vulnerabilities (needs the network)
	@$(RUN) deploy/audit.py

sbom: setup-dev ## Write a bill of materials of the locked packages (CycloneDX): var/sbom.json
	@$(RUN) deploy/sbom.py var/sbom.json

bench: setup-dev ## Measure speed beside other tools
	@$(RUN) -m tests.benchmarks

screenshots: setup-dev ## Make the README's pictures from the running demo
	@$(RUN) docs/screenshots.py

lock: ## Write the locks anew from pyproject.toml (needs uv)
	@sh requirements/lock.sh

clean: ## Remove what demo and test made (never var/ itself, where real studies live)
	@rm -rf .venv var/demo frontend/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@find humaneval metrics tests deploy -name __pycache__ -prune -exec rm -rf {} +
	@rmdir var 2>/dev/null || true
