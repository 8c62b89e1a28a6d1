# Every command does its own set-up. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
HOME_DIR := $(or $(DAOGOU_HOME),.daogou)

.PHONY: help setup demo tomorrow test test-replicache protocol check bench bench-peers soak reset requirements

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

setup:
	@.ci/setup

demo: setup ## the demo brand: server and customer pages on :8000, the app on :8550 (HOST=lan for phones)
	@DAOGOU_HOME="$(HOME_DIR)" exec $(PY) -m server_stub demo

tomorrow: setup ## the running demo's clock moves on to the next day, 10:30 in the stores
	@DAOGOU_HOME="$(HOME_DIR)" $(PY) -m server_stub tomorrow

test: setup ## everything that must be green: checks, unit, integration, simulation, browser
	@chromium="$$(.ci/chromium)" || exit 1; DAOGOU_POSTGRES_BIN="$$(.ci/postgres)" || exit 1; export DAOGOU_POSTGRES_BIN; \
	.ci/replicache || exit 1; \
	$(MAKE) --no-print-directory check && \
	$(PY) -m pytest -n 2 -m "not soak and not e2e" && \
	DAOGOU_CHROMIUM="$$chromium" $(PY) -m pytest -m "e2e and not soak" tests/e2e

test-replicache: setup ## the npm client `replicache`, which nobody here wrote, against our server on both databases
	@.ci/replicache && DAOGOU_POSTGRES_BIN="$$(.ci/postgres)" && export DAOGOU_POSTGRES_BIN && \
	$(PY) -m pytest -n 2 tests/replicache tests/contract

protocol: setup ## for developers: write the generated parts of docs/protocol.md anew
	@$(PY) -m tests.contract.protocol_doc

check: setup ## ruff, format, mypy strict, layers, catalogues
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy && .venv/bin/lint-imports --no-cache && \
	$(PY) -m pytest -q tests/unit/house

bench: setup ## the figures, as ratios against named baselines in one run (WRITE=1 keeps them in docs/benchmarks.md)
	@chromium="$$(.ci/chromium)" || exit 1; DAOGOU_POSTGRES_BIN="$$(.ci/postgres)" || exit 1; export DAOGOU_POSTGRES_BIN; \
	DAOGOU_CHROMIUM="$$chromium" $(PY) -m benchmarks $(if $(WRITE),--write) $(NAMES)

bench-peers: setup ## the first sync beside npm's sync engines, same rows, same server (WRITE=1 keeps it)
	@.ci/peers && $(PY) -m benchmarks.peers $(if $(WRITE),--write)

soak: setup ## the long proofs, all or PROOF="name ..."; their output and date stand in docs/proof.md
	@chromium="$$(.ci/chromium)" || exit 1; DAOGOU_POSTGRES_BIN="$$(.ci/postgres)" || exit 1; export DAOGOU_POSTGRES_BIN; \
	DAOGOU_CHROMIUM="$$chromium" HYPOTHESIS_PROFILE=soak $(PY) -m tests.soak $(PROOF)

reset: ## forget the demo's data
	@rm -rf "$(HOME_DIR)" && echo "The demo's data in $(HOME_DIR) is gone; 'make demo' seeds it again."

requirements: setup ## for developers: pin the dependencies anew, with hashes and without naming a registry
	@for part in client server dev postgres; do $(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url requirements/$$part.in -o requirements/$$part.txt; done
