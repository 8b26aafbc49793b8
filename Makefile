# What there is to run. Everything a target needs beyond Go, Python with pip,
# Node with npm and git is installed by name into .cache/ and test/js/node_modules.

SHELL := bash
.DEFAULT_GOAL := help
GO ?= go
PART := test/tools/part.sh
BIN := bin/millrace

# How much: see docs/testing.md.
CYCLES ?= 60
DRAINS ?= 10
POWERLOSSES ?= 10
BYTES ?= 600MB
FUZZTIME ?= 10s
DATA ?= ./millrace-data

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/millrace
	@$(GO) build -o $(BIN) ./cmd/millrace

.PHONY: run
run: build ## build and start the server on ./millrace-data
	@exec $(BIN) serve --data $(DATA)

.PHONY: check
check: ## the one-minute subset: format, vet, generated files, short tests
	@$(PART) "format" $(MAKE) --no-print-directory format
	@$(PART) "vet" $(MAKE) --no-print-directory vet
	@$(PART) "generated files" test/tools/gen-check.sh
	@$(PART) "short tests" $(GO) test -short ./...
	@$(PART) "short tests of the test module" $(MAKE) --no-print-directory -C . short-test-module

.PHONY: test
test: ## everything, under 20 minutes on 2 cores
	@start=$$(date +%s); set -e; \
	$(PART) "format" $(MAKE) --no-print-directory format; \
	$(PART) "vet" $(MAKE) --no-print-directory vet; \
	$(PART) "generated files" test/tools/gen-check.sh; \
	$(PART) "build" $(MAKE) --no-print-directory build; \
	$(PART) "unit, engine and crash matrix" $(GO) test -timeout 10m ./...; \
	$(PART) "race detector" $(MAKE) --no-print-directory race; \
	$(PART) "conformance over raw HTTP" $(MAKE) --no-print-directory conformance; \
	$(MAKE) --no-print-directory interop-sdks; \
	$(PART) "drain" $(MAKE) --no-print-directory drain; \
	$(PART) "kill -9" $(MAKE) --no-print-directory crash; \
	$(PART) "data larger than memory" $(MAKE) --no-print-directory big; \
	echo; echo "== everything passed in $$(($$(date +%s) - start)) s"

.PHONY: format
format:
	@bad=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$bad" ]; then echo "not gofmt-ed:"; echo "$$bad"; exit 1; fi

.PHONY: vet
vet:
	@$(GO) vet ./...
	@cd test && $(GO) vet ./...

STATICCHECK := .cache/bin/staticcheck-0.8.2
$(STATICCHECK):
	@GOBIN=$(CURDIR)/.cache/bin $(GO) install honnef.co/go/tools/cmd/staticcheck@v0.8.2
	@mv .cache/bin/staticcheck $@

.PHONY: lint
lint: $(STATICCHECK) ## staticcheck
	@$(STATICCHECK) ./...

.PHONY: race
race: ## the short tests under the race detector
	@$(GO) test -race -short -timeout 10m ./...

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s)
	@test/tools/fuzz.sh $(FUZZTIME)

.PHONY: short-test-module
short-test-module:
	@cd test && $(GO) test -short ./harness ./conformance ./crash ./drain

.PHONY: conformance
conformance: ## the facts of the wire, over raw HTTP, against the real binary
	@cd test && $(GO) test -count=1 -timeout 5m ./conformance ./harness

.PHONY: interop
interop: ## every client there is, the Java ones included, with a table at the end
	@test/tools/interop.sh

.PHONY: interop-sdks
interop-sdks: ## boto 2.49, boto3, AWS CLI, AWS SDKs for Go and JavaScript
	@$(PART) "AWS SDK for Go v2" $(MAKE) --no-print-directory interop-go
	@$(PART) "boto3 and AWS CLI" $(MAKE) --no-print-directory interop-python
	@$(PART) "boto 2.49" $(MAKE) --no-print-directory interop-boto2
	@$(PART) "AWS SDK for JavaScript v3" $(MAKE) --no-print-directory interop-js

.PHONY: interop-go interop-python interop-boto2 interop-js
interop-go: build
	@cd test && $(GO) test -count=1 -timeout 5m ./sdkgo
interop-python: build clockserver
	@test/tools/python.sh
interop-boto2: build clockserver
	@test/tools/boto2.sh
interop-js: build
	@test/tools/js.sh

.PHONY: clockserver
clockserver:
	@cd test && $(GO) build -o ../bin/clockserver ./clockserver

.PHONY: crash
crash: ## kill -9 under load, CYCLES times (60)
	@cd test && CYCLES=$(CYCLES) $(GO) test -count=1 -timeout 24h -v -run TestKill ./crash

.PHONY: powerloss
powerloss: ## power loss under load on a real ext4, POWERLOSSES times (10); needs root
	@cd test && POWERLOSSES=$(POWERLOSSES) $(GO) test -count=1 -timeout 24h -v -run TestPowerLoss ./powerloss

.PHONY: proof
proof: ## what needs root, minutes or a quiet machine: power loss, hostile clients, mutants, figures
	@set -e; \
	$(PART) "power loss" $(MAKE) --no-print-directory powerloss; \
	$(PART) "hostile clients" $(MAKE) --no-print-directory hostile; \
	$(PART) "mutants" $(MAKE) --no-print-directory mutants; \
	$(PART) "figures" $(MAKE) --no-print-directory figures

.PHONY: hostile
hostile: ## malformed requests, silence, floods, bombs, giants, 10,000 idle clients (SHORT=-short)
	@cd test && $(GO) test $(SHORT) -count=1 -timeout 10m -v ./hostile

.PHONY: sbom
sbom: build ## a CycloneDX bill of materials of bin/millrace, in bin/millrace.cdx.json
	@test/tools/sbom.sh $(BIN) > $(BIN).cdx.json
	@echo "$(BIN).cdx.json: $$(grep -c '"purl"' $(BIN).cdx.json) components"

.PHONY: supply
supply: ## go mod verify, two equal builds, the bill of materials, govulncheck
	@test/tools/supply.sh

.PHONY: drain
drain: ## SIGTERM under load, DRAINS times (10)
	@cd test && DRAINS=$(DRAINS) $(GO) test -count=1 -timeout 1h -v ./drain

.PHONY: big
big: ## write BYTES (600MB) with a memory limit of 256 MiB and read them back
	@cd test && BYTES=$(BYTES) $(GO) test -count=1 -timeout 6h -v -run TestLargerThanMemory ./volume

.PHONY: figures
figures: ## start-up time, idle memory, server CPU per record
	@cd test && $(GO) test -count=1 -timeout 10m -v ./figures

.PHONY: bench
bench: ## the Go benchmarks, ten times over (BENCH=regexp COUNT=n)
	@test/tools/bench.sh . .cache/bench/$$(git rev-parse --short HEAD).txt

.PHONY: bench-compare
bench-compare: ## the benchmarks of BASE=commit against the work tree
	@test/tools/bench-compare.sh $(BASE)

.PHONY: gen
gen: ## regenerate types, validation and codecs from the API model
	@$(GO) run ./api/gen

.PHONY: cover
cover: ## statement coverage of the unit tests
	@$(GO) test -short -coverprofile=coverage.out ./...
	@$(GO) tool cover -func=coverage.out | tail -n 1

.PHONY: tidy
tidy: ## fail if a go.mod is not tidy
	@$(GO) mod tidy -diff
	@cd test && $(GO) mod tidy -diff

.PHONY: clean
clean: ## remove what was built and installed
	@rm -rf bin .cache test/js/node_modules coverage.out

.PHONY: mutants
mutants: ## show that the tests fail where they should: a seeded fault each
	@cd test && $(GO) test -v -count=1 -timeout 30m -run TestMutants ./mutants

.PHONY: interop-java
interop-java: build ## AWS SDKs for Java, KCL, KPL, MultiLangDaemon, Terraform (KCL_RECORDS=n)
	@MILLRACE_BIN=$(CURDIR)/$(BIN) test/interop-java.sh
