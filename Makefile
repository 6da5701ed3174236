# The front door: `make` lists what there is.

SHELL := /bin/bash
SWIFT ?= swift
RELEASE := .build/release
# The Swift runtime inside: programs start in half the time and run where no Swift is.
CONFIG := -c release --static-swift-stdlib

.PHONY: help setup build demo test lint format bench bench-large evaluate differential torture thorough sanitize fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the system packages that building needs
	@scripts/setup.sh libsqlite3-dev zlib1g-dev

build: setup ## build the programs, optimised
	@$(SWIFT) build $(CONFIG) --product twin-audit
	@$(SWIFT) build $(CONFIG) --product twin-journal
	@$(SWIFT) build $(CONFIG) --product twin-simulate

demo: build ## run the main job on a made-up tenant; leaves the directory demo/
	@scripts/demo.sh $(RELEASE)

test: setup ## run every test
	@scripts/setup.sh sqlite3 jq python3 gzip python3-jsonschema python3-yaml
	@scripts/test.sh

lint: ## check the formatting rules
	@$(SWIFT) format lint --recursive --strict Package.swift Plugins Sources Tests

format: ## apply the formatting rules
	@$(SWIFT) format --in-place --recursive Package.swift Plugins Sources Tests

bench: build ## measure beside peers and limits, in one run
	@scripts/setup.sh gcc python3 libdeflate-dev
	@Benchmarks/run.sh

bench-large: build ## the same for ingest and questions with 20 million events; takes an hour and 20 GB
	@scripts/setup.sh gcc python3
	@Benchmarks/run.sh --events 20000000 --rounds 5 --only ingest,queries

evaluate: build ## hold the detections against planted violations
	@scripts/setup.sh python3
	@python3 Benchmarks/evaluate.py

differential: setup ## hold the policy engine against Cedar, Rego and Python on random tenants
	@scripts/setup.sh python3
	@python3 -c 'import ensurepip, venv' 2>/dev/null || scripts/setup.sh python3-venv
	@cd Benchmarks && $(SWIFT) build $(CONFIG) --product twin-bench
	@python3 Benchmarks/differential.py

torture: build ## kill the journal's writer and ingest again and again, and check what is left
	@scripts/setup.sh python3
	@python3 Tests/Torture/journal.py $(RELEASE)/twin-journal
	@python3 Tests/Torture/ingest.py $(RELEASE)
	@python3 Tests/Torture/live.py $(RELEASE) --rounds 2000
	@python3 Tests/Torture/proofs.py $(RELEASE)/twin-journal --rounds 2000

thorough: setup ## the property tests with every seed, statement and step; half an hour
	@$(SWIFT) build --build-tests
	@TWIN_THOROUGH=1 SWIFT_BACKTRACE=enable=no $(SWIFT) test --skip-build --filter 'ReusedIDTests|CalibrationTests|StatementTests'

sanitize: setup ## the suite under ThreadSanitizer and AddressSanitizer; an hour
	@scripts/setup.sh sqlite3 jq python3 gzip python3-jsonschema python3-yaml
	@scripts/sanitize.sh

fuzz: setup ## feed the readers of journals and logs anything, SECONDS_EACH (600) seconds a target
	@SECONDS_EACH=$(or $(SECONDS_EACH),600) Fuzz/run.sh

clean: ## remove what was built and the demo
	rm -rf .build .build-* demo .bench .differential
