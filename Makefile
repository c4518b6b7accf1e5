# The few targets people type. Each installs what it needs of the host itself, once.
.PHONY: all build host demo test check install clean help

CARGO ?= cargo
PREFIX ?= $(HOME)/.local
RESULTS ?= results
TOOLS = tg-instantiate tg-launch tg-agent tg-wait tg-export tg-metrics tg-report

all: build

help: ## Say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

host: ## Build the host into .host, unless a good one is there
	@scripts/install-host >/dev/null

build: ## Build the tools
	@$(CARGO) build --locked --workspace

demo: host build ## Run swarm against push on the real host and print the comparison
	@scripts/experiment run --results $(RESULTS) experiments/push-vs-pull.yaml

test: host build ## Run all tests, against the real host
	@$(CARGO) test --locked --workspace

check: ## Format, lints, documentation, shell scripts
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps --quiet
	@if command -v shellcheck >/dev/null; then shellcheck scripts/* .ci/run; \
	else echo "check: skipped shellcheck: it is not installed"; fi

install: ## Put the tools into PREFIX/bin (default ~/.local)
	$(CARGO) build --locked --release $(addprefix -p ,$(TOOLS))
	install -d $(PREFIX)/bin
	install -m 755 $(addprefix target/release/,$(TOOLS)) $(PREFIX)/bin/
	install -m 755 scripts/experiment $(PREFIX)/bin/tg-experiment

clean: ## Remove what cargo built (the host and results stay)
	$(CARGO) clean
