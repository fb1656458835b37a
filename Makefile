# Every target makes the environment first when it has to. Works with the make 3.81 of macOS and without GNU-only tools.

PYTHON_IN = .venv/bin/python
ARGS =
# Empty variables win over an .env, so that nothing of yours is used and nothing is paid.
OFFLINE = STREAMCAP_CAPTIONER=offline GEMINI_API_KEY= GOOGLE_API_KEY= GOOGLE_APPLICATION_CREDENTIALS= OPENAI_API_KEY= OPENAI_BASE_URL= HF_TOKEN= STORAGE_EMULATOR_HOST= STREAMCAP_ALERT_WEBHOOK= STREAMCAP_PAIRING_KEY=
# The tests start a thousand processes, which would compile the package each anew where nobody lets Python keep what it compiled.
TESTS = $(OFFLINE) PYTHONDONTWRITEBYTECODE=
# From its own folder, where no .env of yours is in force.
DEMO = cd demo && DAGSTER_HOME="$(CURDIR)/demo/instance" STREAMCAP_SOURCE=videos STREAMCAP_STORAGE=data STREAMCAP_HUB_REPO= $(OFFLINE)
PORT = 3000
# Dagster would have its own project layout instead of `dagster dev`; this repository has one already.
UI = PYTHONWARNINGS='ignore:Function `dev_command` is superseded' "$(CURDIR)/.venv/bin/dagster" dev -w "$(CURDIR)/workspace.yaml" -h 127.0.0.1 -p $(PORT)

export DECODER PYTHON TORCH_INDEX

.PHONY: help setup demo test test-heavy check bench ui demo-ui screenshots clean constraints

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

setup: ## make the environment in .venv; DECODER=ffmpeg skips the torch download
	@sh setup/environment.sh

demo: setup ## make a dataset of three real videos with the offline captioner: no key, no cloud
	@$(PYTHON_IN) demo/fetch_videos.py
	@mkdir -p demo/instance && cp dagster.yaml demo/instance/
	@$(DEMO) ../.venv/bin/streamcap run videos --storage data --captioner offline
	@echo "Look at it: make demo-ui (Dagster's pages), or .venv/bin/streamcap review --storage demo/data (videos with their captions)"

demo-ui: setup ## open what the demo made in Dagster's pages (PORT=3000)
	@mkdir -p demo/instance && cp dagster.yaml demo/instance/
	@echo "Dagster on the demo: http://127.0.0.1:$(PORT) (Ctrl-C stops it)"
	@$(DEMO) $(UI)

ui: setup ## open Dagster's pages on your videos (PORT=3000)
	@echo "Dagster: http://127.0.0.1:$(PORT) (Ctrl-C stops it)"
	@DAGSTER_HOME="$(CURDIR)" $(UI)

test: setup ## run the tests (ARGS="tests/clips -k pairs" for some)
	@$(TESTS) $(PYTHON_IN) -m pytest -m "not heavy and not live" -n 2 --durations=20 $(ARGS)

test-heavy: setup ## run the tests that need a browser, daemons, servers and many kills; installs what they need
	@sh setup/extras.sh postgres ray k8s dg train browser
	@sh setup/system_package.sh docker-compose docker-compose
	@CHROMIUM="$$(sh setup/chromium.sh)" && POSTGRES="$$(sh setup/postgres.sh)" && export CHROMIUM POSTGRES && $(TESTS) $(PYTHON_IN) -m pytest -p tests.setup.no_skips -m "heavy and not live" -n 2 --dist loadfile --durations=20 $(ARGS)

check: setup ## lint, format, types and import contracts
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: setup ## measure against the baselines; writes benchmarks/results.json
	@sh setup/extras.sh train
	@$(OFFLINE) $(PYTHON_IN) -m benchmarks

screenshots: demo ## take the README's pictures of Dagster's pages and of the review page anew, in a headless Chromium
	@CHROMIUM="$$(sh setup/chromium.sh)" && export CHROMIUM && $(DEMO) PYTHONPATH="$(CURDIR)" ../.venv/bin/python -m docs.screenshots

constraints: ## pin every package anew, from what pyproject.toml resolves to today (needs Python 3.11)
	@sh setup/constraints.sh

clean: ## remove the environment, the caches and the demo's data; never data/, videos/, .env or Dagster's history
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache demo/videos demo/data demo/instance benchmarks/.work
	@find streamcap_dagster tests setup demo $(wildcard benchmarks) -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed the environment, the caches and the demo's data. Kept: data/, videos/, .env and Dagster's history."
