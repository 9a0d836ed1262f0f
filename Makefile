# Two commands do everything on a fresh machine: `make run` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
WASM := $(TARGET)/wasm32-wasip2/wasm

# Every crate of plugins/ with a component, and every program of tests/programs, by folder name.
PLUGINS := $(filter-out kernels sdk,$(notdir $(patsubst %/,%,$(dir $(wildcard plugins/*/Cargo.toml)))))
PROGRAMS := $(notdir $(patsubst %/,%,$(dir $(wildcard tests/programs/*/Cargo.toml))))

.PHONY: help
help: ## Say what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | column -t -s "$$(printf '\t')"

.PHONY: run
run: build ## Build everything, serve on the embedded defaults and print what to try
	$(TARGET)/release/safelight serve --try

.PHONY: build
build: host plugins ## Build target/release/safelight with the standard plugins beside it

.PHONY: host
host: tools
	$(CARGO) build --release --workspace --bin safelight

.PHONY: plugins
plugins: tools ## Build the standard plugins to components
	$(CARGO) build --profile wasm --target wasm32-wasip2 $(PLUGINS:%=-p safelight-%)
	mkdir -p $(TARGET)/release/plugins
	for name in $(subst -,_,$(PLUGINS)); do \
	  cmp -s $(WASM)/$$name.wasm $(TARGET)/release/plugins/$$name.wasm || \
	    install -m 644 $(WASM)/$$name.wasm $(TARGET)/release/plugins/$$name.wasm; \
	done

.PHONY: programs
programs: tools ## Build the misbehaving components that the tests run
	$(CARGO) build --profile wasm --target wasm32-wasip2 $(subst _,-,$(PROGRAMS:%=-p safelight-test-%))

.PHONY: test
test: build programs test-tools ## Run every test
	$(CARGO) test --release --workspace
	SAFELIGHT_TEST_STORE=cluster $(CARGO) test --release --workspace --test acceptance -- $(ON_A_CLUSTER)

# What runs a second time with every server on a PostgreSQL database and a bucket of its own. The stores' own tests run on
# both anyhow.
ON_A_CLUSTER := api:: cloudinary:: dialects:: lifecycle:: operators:: receivers::

# Each fault RUNS times, each time on a cluster of its own; FAULTS names some of them. As root: a small disk is mounted,
# and the databases run as the user postgres.
RUNS ?= 3
FAULTS ?=

.PHONY: test-cluster
test-cluster: build cluster-tools ## Break a cluster under load in every way, and audit what was acknowledged; takes an hour
	RUNS=$(RUNS) $(CARGO) bench -q --workspace --bench cluster -- $(FAULTS)

# Patroni in an environment of its own, with the interpreter that the user of the databases may run, too.
.PHONY: cluster-tools
cluster-tools: $(TARGET)/faults-venv/.ready
	@( command -v etcd && command -v psql && ls /usr/lib/postgresql/*/bin/postgres && ls /usr/lib/*/faketime/libfaketimeMT.so.1 ) \
	  >/dev/null 2>&1 || $(MAKE) --no-print-directory packages NAMES="etcd-server faketime postgresql"

$(TARGET)/faults-venv/.ready: tests/faults/requirements.txt
	/usr/bin/python3 -c 'import venv, ensurepip' 2>/dev/null || $(MAKE) --no-print-directory packages NAMES="python3 python3-venv"
	/usr/bin/python3 -m venv $(TARGET)/faults-venv
	$(TARGET)/faults-venv/bin/pip install --quiet --disable-pip-version-check -r tests/faults/requirements.txt
	touch $@

.PHONY: lint
lint: tools ## Check format and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings

.PHONY: bench
bench: build programs bench-tools ## Measure speed against native code and against sharp; takes minutes
	tests/bench/run.sh

.PHONY: gallery
gallery: tools ## Make target/gallery/index.html: what every transform does, and its parameters
	$(CARGO) run --release -q -p safelight-transform-tests --example gallery -- $(TARGET)/gallery

# The fuzz targets, each for SECONDS; what is found ends the run. The decoder of AV1 (re_rav1d 0.1) loses 48 bytes with
# every picture that it gives back; that is known, and AVIF is decoded in the sandbox unless the settings say otherwise.
SECONDS ?= 60
TARGETS ?= $(patsubst tests/fuzz/targets/%.rs,%,$(wildcard tests/fuzz/targets/*.rs))
FUZZ := $(abspath $(TARGET))/fuzz

# For one input, with checks in every instruction: a transform may do as much as its own limit allows.
LIMITS := -timeout=10 -rss_limit_mb=1024
APPLY_LIMITS := -timeout=60 -rss_limit_mb=2048

.PHONY: fuzz
fuzz: fuzz-tools ## Fuzz each decoder and all transforms, SECONDS=60 each
	cd tests/fuzz && CARGO_TARGET_DIR=$(FUZZ) $(CARGO) run --release -q --features transforms --example seeds -- $(FUZZ)/seeds
	for target in $(TARGETS); do \
	  mkdir -p $(FUZZ)/corpus/$$target $(FUZZ)/artifacts/$$target; \
	  (cd tests/fuzz && PATH="$(abspath $(TARGET))/fuzz-tools/bin:$$PATH" \
	    ASAN_OPTIONS=$$([ $$target != decode_avif ] || echo detect_leaks=0) $(CARGO) +nightly fuzz run --target-dir $(FUZZ) \
	    $$(case $$target in address) echo --features host;; apply) echo --features transforms;; esac) \
	    $$target $(FUZZ)/corpus/$$target $(FUZZ)/seeds/$$target -- \
	    -max_total_time=$(SECONDS) $$([ $$target != apply ] && echo $(LIMITS) || echo $(APPLY_LIMITS)) -max_len=65536 -artifact_prefix=$(FUZZ)/artifacts/$$target/); \
	done

.PHONY: fuzz-tools
fuzz-tools: tools $(TARGET)/fuzz-tools/bin/cargo-fuzz
	@rustup run nightly rustc --version >/dev/null || rustup toolchain install nightly --profile minimal

$(TARGET)/fuzz-tools/bin/cargo-fuzz:
	$(CARGO) install -q --root $(TARGET)/fuzz-tools cargo-fuzz

# What the build needs beyond the Rust toolchain: a C compiler for SQLite, jemalloc and the WebP encoder,
# and the WebAssembly target.
.PHONY: tools
tools:
	@command -v $(CARGO) >/dev/null || { echo "install the Rust toolchain first: https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null && command -v make >/dev/null || $(MAKE) --no-print-directory packages NAMES="build-essential"
	@test -d "$$(rustc --print sysroot)/lib/rustlib/wasm32-wasip2" || rustup target add wasm32-wasip2

# The public client packages that check what we send, in an environment of their own, the programs that
# transforms and codecs are compared with, and the registry that plugins are pushed to.
.PHONY: test-tools
test-tools: $(TARGET)/test-venv/.ready $(TARGET)/test-node/.ready
	@( { command -v magick || command -v convert-im6.q16; } && \
	  for name in vips rsvg-convert cjxl pdftoppm clang wasm-ld docker-registry htpasswd openssl psql; do command -v $$name || exit 1; done && \
	  ls /usr/lib/postgresql/*/bin/postgres ) >/dev/null 2>&1 || \
	  $(MAKE) --no-print-directory packages NAMES="imagemagick libvips-tools librsvg2-bin libjxl-tools poppler-utils \
	    clang lld wasi-libc libclang-rt-dev-wasm32 docker-registry apache2-utils openssl postgresql"

$(TARGET)/test-venv/.ready: tests/requirements.txt
	python3 -c 'import venv, ensurepip' 2>/dev/null || $(MAKE) --no-print-directory packages NAMES="python3 python3-venv"
	python3 -m venv $(TARGET)/test-venv
	$(TARGET)/test-venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

$(TARGET)/test-node/.ready: tests/clients/package.json
	command -v npm >/dev/null || $(MAKE) --no-print-directory packages NAMES="nodejs npm"
	mkdir -p $(TARGET)/test-node
	cp $< $(TARGET)/test-node/
	cd $(TARGET)/test-node && npm install --silent --no-fund --no-audit
	touch $@

.PHONY: bench-tools
bench-tools: test-tools $(TARGET)/bench-node/.ready
	$(TARGET)/test-venv/bin/pip install --quiet --disable-pip-version-check -r tests/bench/requirements.txt

$(TARGET)/bench-node/.ready: tests/bench/package.json
	command -v npm >/dev/null || $(MAKE) --no-print-directory packages NAMES="nodejs npm"
	mkdir -p $(TARGET)/bench-node
	cp tests/bench/package.json $(TARGET)/bench-node/
	cd $(TARGET)/bench-node && npm install --silent --no-fund --no-audit
	touch $@

# Debian packages; as root, or through sudo.
.PHONY: packages
packages:
	@echo "installing $(NAMES)"
	@if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq $(NAMES); \
	  else sudo apt-get update -qq && sudo apt-get install -y -qq $(NAMES); fi
