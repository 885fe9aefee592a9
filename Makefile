# The tools' versions are pinned here and nowhere else.
GOFUMPT     = mvdan.cc/gofumpt@v0.12.0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
AXE         = axe-core@4.14.1
BENCHSTAT   = golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
HDRJS       = hdr-histogram-js@3.0.1
XMLLINT     = xmllint-wasm@5.3.0
WILD        = ws@8.23.0 reconnecting-websocket@4.4.0 socket.io@4.8.4 socket.io-client@4.8.4
FUZZTIME   ?= 20s
SOAKTIME   ?= 10m

.DEFAULT_GOAL := check

check: format-check lint tidy-check race ## everything that a change must pass

format: ## rewrite the sources as gofumpt has them
	go run $(GOFUMPT) -w .

format-check:
	@out=$$(go run $(GOFUMPT) -l .) && if [ -n "$$out" ]; then echo "not formatted (make format):"; echo "$$out"; exit 1; fi

lint: ## vet and staticcheck
	go vet ./...
	go run $(STATICCHECK) ./...
	cd bench && go vet ./... && go run $(STATICCHECK) ./...

tidy-check:
	go mod tidy -diff
	cd bench && go mod tidy -diff

test: ## the tests, as the README has them
	go test ./...

race: ## the tests with the race detector, in random order, and those against other libraries
	go test -race -shuffle=on ./...
	$(MAKE) -C bench test

golden: ## rewrite golden files and transcripts; read the diff before you commit it
	go test $$(grep -rlE --include='*_test.go' 'flag\.Bool\("update"|\.Play\(t,' . | xargs -n1 dirname | sort -u) -update
	UPDATE_SCRIPTS=1 go test ./cmd/wsheal -run TestScripts

fuzz: ## each fuzz target for FUZZTIME
	@for pkg in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

interop: ## a run's files read by other tools: hdr-histogram-js, xmllint, benchstat, promtool if there; needs npm and the network
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	npm install --silent --no-audit --no-fund --prefix "$$tools" $(HDRJS) $(XMLLINT) && \
	NODE_PATH="$$tools/node_modules" go test -count=1 -run '^TestInterop' ./report/export -interop -benchstat=$(BENCHSTAT)

cost: ## what healing costs against bare clients of other libraries, in about half an hour
	$(MAKE) -C bench cost

soak: ## a pool of 500 connections through every fault, for SOAKTIME
	go test -race -count=1 -timeout 0 -v -run '^TestSoak$$' ./pool/soak -soak.for=$(SOAKTIME)

crowd: ## the fault proxy before 4,000 connections, and how soon it obeys; fails beyond its bars, so on a quiet machine
	go test -count=1 -timeout 20m -v -run '^TestACrowd$$' ./chaos/toxi -crowd=4000

aa: ## record the runs that comparisons are tested by into runs/aa, in about 10 minutes
	testdata/aa/record.sh runs/aa

accuracy: ## reported beside injected, on real sockets, in about a minute; fails beyond 1 %
	@go test -count=1 -timeout 5m -v -run '^TestAccuracy$$' ./cmd/wsheal -accuracy

wild: ## presets held against real clients of npm, by the wire's view of both, in about 4 minutes; needs npm and the network
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	npm install --silent --no-audit --no-fund --prefix "$$tools" $(WILD) && \
	NODE_PATH="$$tools/node_modules" go test -count=1 -timeout 15m -v -run '^Test(PresetsAgreeWithTheirOriginals|BothViewsOfAPool)$$' ./cmd/wsheal -wild

long-run: ## ten million records reported: time, CPU and memory; takes a minute and 2.5 GB of the temporary directory
	go test -count=1 -timeout 0 -v -run '^TestLongRun$$' ./cmd/wsheal -long.clients=10000 -long.records=10000000

browser: ## the report's page, and that of a run that goes on, in a headless Chromium, with axe; needs npm and the network
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	npm install --silent --no-audit --no-fund --prefix "$$tools" $(AXE) && \
	WSHEAL_NEED_BROWSER=1 NODE_PATH="$$tools/node_modules" go test -count=1 -run '^TestPage$$' ./report ./report/serve

demo: ## every scenario of the library and what came of it, in about 20 minutes; into runs/
	go build -o wsheal ./cmd/wsheal && ./wsheal run --all

bench: ## the benchmarks, ready for benchstat
	go test -run '^$$' -bench . -benchmem ./...

build: ## the command, as ./wsheal
	go build -o wsheal ./cmd/wsheal

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.PHONY: check demo format format-check lint tidy-check test race golden fuzz cost crowd soak interop accuracy aa wild long-run browser bench build help
