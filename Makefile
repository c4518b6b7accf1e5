# The few targets people type. Each installs what it needs of the host itself, once.
.PHONY: all build host demo test test-faults test-long test-agents test-scale fuzz bench check install clean help

CARGO ?= cargo
PREFIX ?= $(HOME)/.local
RESULTS ?= results
TOOLS = tg-instantiate tg-launch tg-agent tg-wait tg-export tg-merge tg-metrics tg-report tg-watch

all: build

help: ## Say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

host: ## Build the host into .host, unless a good one is there
	@scripts/install-host >/dev/null

build: ## Build the tools
	@$(CARGO) build --locked --workspace --exclude tg-bench

demo: host build ## Run swarm, push and hierarchical on the real host and print the comparison
	@scripts/tg run --results $(RESULTS) experiments/push-vs-pull.yaml

test: host build ## Run all tests, against the real host
	@$(CARGO) test --locked --workspace

test-faults: host build ## Kill, fill, hang, tear: every fault at a random moment (5 to 9 minutes; TG_FAULT_SEED, TG_FAULT)
	@$(CARGO) test --locked -p tg-tests --test faults -- --ignored

test-long: host build ## Every template under every workflow, and what the statistics cover (10 minutes)
	@$(CARGO) test --locked -p tg-tests --test workflows -- --ignored
	@$(CARGO) test --locked --release -p tg-report --test coverage -- --ignored

test-agents: host build ## Real agent programs on the real host, their model scripted (needs npm and python3; 15 minutes)
	@$(CARGO) test --locked -p tg-tests --test agents -- --ignored --nocapture

test-scale: host build ## Rows on two machines, over ssh and under Slurm (needs root; installs Debian's packages)
	@tests/scale/run

fuzz: ## Feed noise to every reader for FUZZ_SECONDS each (20; needs nightly and cargo-fuzz)
	@tests/fuzz/run

bench: host ## Measure the tools beside their alternatives; writes docs/benchmarks.md (15 minutes)
	@tests/bench/run

check: ## Format, lints, documentation, words, shell scripts
	@scripts/check-words
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path tests/fuzz/Cargo.toml --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps --quiet
	@if command -v shellcheck >/dev/null; then shellcheck -x $$(find scripts tests/scale -type f) .ci/run tests/fuzz/run tests/fuzz/seed tests/bench/run; \
	else echo "check: skipped shellcheck: it is not installed"; fi

install: ## Put the tools, their man pages and completions under PREFIX (default ~/.local)
	$(CARGO) build --locked --release $(addprefix -p ,$(TOOLS))
	install -d $(PREFIX)/bin
	install -m 755 $(addprefix target/release/,$(TOOLS)) $(PREFIX)/bin/
	install -d $(addprefix $(PREFIX)/share/tg/scripts/,ssh slurm)
	install -m 755 $(addprefix scripts/,tg chain row install-host) $(PREFIX)/share/tg/scripts/
	install -m 755 scripts/ssh/* $(PREFIX)/share/tg/scripts/ssh/
	install -m 755 scripts/slurm/* $(PREFIX)/share/tg/scripts/slurm/
	install -d $(addprefix $(PREFIX)/share/tg/,templates experiments)
	install -m 644 templates/* $(PREFIX)/share/tg/templates/
	install -m 644 experiments/*.yaml $(PREFIX)/share/tg/experiments/
	ln -sf ../share/tg/scripts/tg $(PREFIX)/bin/tg
	ln -sf tg $(PREFIX)/bin/tg-experiment
	install -d $(addprefix $(PREFIX)/share/,man/man1 bash-completion/completions zsh/site-functions fish/vendor_completions.d)
	@for tool in $(TOOLS); do \
	  TG_GENERATE=man target/release/$$tool >$(PREFIX)/share/man/man1/$$tool.1 && \
	  TG_GENERATE=bash target/release/$$tool >$(PREFIX)/share/bash-completion/completions/$$tool && \
	  TG_GENERATE=zsh target/release/$$tool >$(PREFIX)/share/zsh/site-functions/_$$tool && \
	  TG_GENERATE=fish target/release/$$tool >$(PREFIX)/share/fish/vendor_completions.d/$$tool.fish || exit; \
	done

clean: ## Remove what cargo built (the host and results stay)
	$(CARGO) clean
