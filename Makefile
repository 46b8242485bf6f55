# Everything a newcomer needs: `make run` and `make test`. Both install what they lack.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Set these on make's own command line (make run LISTEN=127.0.0.1:9000); the environment is not asked, for what is called
# DATA there may be anything.
GO := go
DATA := .plusone
LISTEN := 127.0.0.1:8080
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
# How long each fuzz target runs under `make fuzz`.
FUZZTIME := 30s
# The packages that `make mutate` breaks: those that decide.
MUTATE := ./internal/referral ./internal/ledger ./internal/fact
# How long `make soak` goes on.
DURATION := 15m

.PHONY: help
help: ## Show what there is to make
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Run everything on this machine and play a short story through it (Ctrl-C stops)
	@.ci/install-postgres
	bin/plusone dev --sample --log-level warn --data '$(DATA)' --listen '$(LISTEN)'

.PHONY: test
test: deps ## Run every test, with the race detector, against a real PostgreSQL and a real NATS
	$(GO) test -race -count=1 -p 3 -timeout 20m ./...
	cd .tools/manifests && $(GO) test ./...

.PHONY: lint
lint: bin/golangci-lint bin/sqlc bin/manifests ## Check style, generated code, the module file and what is deployed
	bin/golangci-lint run
	cd .tools/manifests && ../../bin/golangci-lint run --disable gomoddirectives # Kubernetes can not be had without them
	bin/manifests
	bin/sqlc diff
	$(GO) run ./internal/lifecycle -check
	$(GO) mod tidy -diff

.PHONY: build
build: ## Build bin/plusone
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/plusone ./cmd/plusone

.PHONY: image
image: ## Build the image plusone:VERSION, with Docker
	docker build -f deploy/Dockerfile --build-arg VERSION='$(VERSION)' -t 'plusone:$(VERSION)' .

.PHONY: secrets
secrets: ## Make the secrets that deploy/compose.yaml mounts, unless they are there
	@deploy/make-secrets

.PHONY: generate
generate: bin/sqlc ## Write the generated code and diagrams anew
	bin/sqlc generate
	$(GO) run ./internal/lifecycle

.PHONY: fuzz
fuzz: ## Fuzz every parser for FUZZTIME each
	.ci/fuzz $(FUZZTIME)

.PHONY: mutate
mutate: ## Break each rule once, for some minutes, and fail when no test notices
	$(GO) run ./internal/mutate $(MUTATE)

.PHONY: soak
soak: build ## Tell a plusone of its own of chaotic businesses for DURATION, from seeds that are printed
	@.ci/install-postgres
	.ci/soak '$(DURATION)'

.PHONY: bench
bench: deps build ## Measure everything against its yardstick, for ten minutes, and record it in docs/performance.json
	$(GO) run ./internal/bench -json docs/performance.json

.PHONY: bench-api
bench-api: deps build ## Measure the API amid ten million referrals; fails when an answer takes over five times an indexed select
	$(GO) run ./internal/bench -only api -json docs/performance-api.json

.PHONY: bench-quick
bench-quick: deps build ## The same in two minutes; fails below half of what is recorded
	$(GO) run ./internal/bench -quick -recorded docs/performance.json

.PHONY: deps
deps: bin/stripe-mock ## Install what the tests need and is not there: PostgreSQL, Prometheus, Chromium and others
	@.ci/install-postgres
	@.ci/install-prometheus
	@.ci/install-systemd
	@.ci/install-curl
	@.ci/install-chromium

.PHONY: clean
clean: ## Remove what was built, and all data of `make run`
	rm -rf bin .bench
	@.ci/remove-data '$(DATA)'

# The tools have a module of their own, so that what they need does not become what plusone needs.
bin/sqlc: .tools/go.mod
	cd .tools && $(GO) build -o ../bin/sqlc github.com/sqlc-dev/sqlc/cmd/sqlc

bin/golangci-lint: .tools/go.mod
	cd .tools && $(GO) build -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

# Stripe's stand-in for its API, which the tests of the demo shop speak to.
bin/stripe-mock: .tools/go.mod
	cd .tools && $(GO) build -o ../bin/stripe-mock github.com/stripe/stripe-mock

# Larger than plusone and the other tools together, and a module by itself.
bin/manifests: .tools/manifests/go.mod $(filter-out %_test.go,$(wildcard .tools/manifests/*.go))
	cd .tools/manifests && $(GO) build -o ../../bin/manifests .
