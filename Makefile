# CyberMesh: one command for each thing one does here. `make help` lists them.
#
# Each target runs `setup` first (no time when nothing is missing) and ends with one line
# `result: pass …` or `result: fail …`; the exit code says the same. The demo ends with its own
# verdict, `verified: …`. Compiler flags stand in .cargo/config.toml and nowhere else: a change of
# flags rebuilds every C++ library.

export CARGO_TARGET_DIR := $(shell . ./scripts/env.sh && echo "$$CARGO_TARGET_DIR")
export CYBERMESH_CACHE := $(shell . ./scripts/env.sh && echo "$$CYBERMESH_CACHE")
LOCKED := $(if $(CI),--locked)

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup warm test check demo bless sim faults model crash costs bench mutate fuzz sizes differential effects

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## install what this machine lacks (Debian, Ubuntu; with or without sudo)
	@sh scripts/setup.sh && echo 'result: pass setup' || { echo 'result: fail setup'; exit 1; }

warm: ## compile everything once, so that the next target starts at once
	@bash scripts/run.sh warm cargo build --workspace --all-targets $(LOCKED)

test: ## every test, in Rust and in Python
	@bash scripts/test.sh

check: ## format, lints, docs, the shape of the house, supply chain
	@bash scripts/check.sh

demo: ## see it work (DEMO_EXIT=1: without waiting for a key)
	@bash scripts/demo.sh

bless: ## write vectors and golden roots anew, after a change of bytes or rules that is meant
	@bash scripts/bless.sh

sim: ## agreement under every plan of the simulator (SEEDS=10 LARGE=1 DEPTH=1)
	@bash scripts/sim.sh

faults: ## classic mistakes put in on purpose, and who finds them (SEEDS=16)
	@bash scripts/run.sh faults cargo run -q -p cybermesh-sim $(LOCKED) -- faults --seeds $(or $(SEEDS),16)

model: ## the core in every order of events, to a stated depth (DEEP=1: further)
	@bash scripts/run.sh model cargo run -q -p cybermesh-model $(LOCKED) -- $(if $(DEEP),--deep)

crash: ## the stores under kills and cuts of power (KILLS=60, CUTS=20)
	@bash scripts/crash.sh

costs: ## writes docs/agreement-costs.md: messages, bytes, signatures and delays of a decision
	@bash scripts/run.sh costs cargo run -q -p cybermesh-sim $(LOCKED) -- costs --write

effects: ## the two implementations of the effects against each other (SEEDS=8 EVENTS=3000)
	@bash scripts/effects.sh

bench: ## all benchmarks (EVENTS=100000 stored before the stores are measured again)
	@bash scripts/bench.sh

mutate: ## bit flips and false receipts, at full length
	@bash scripts/run.sh mutate env CYBERMESH_FULL=1 \
	    cargo test -p cybermesh-world --test mutation --test lies $(LOCKED) -- --nocapture

fuzz: ## every decoder and verifier against made-up bytes (EVENTS=1000000)
	@bash scripts/run.sh fuzz env CYBERMESH_FUZZ=$(or $(EVENTS),1000000) \
	    cargo test -p cybermesh-world --test fuzz $(LOCKED) -- --nocapture

sizes: ## how large receipts are, for 4, 7 and 31 validators and 0, 1 and 10 handovers
	@bash scripts/run.sh sizes cargo run -q -p cybermesh-world --bin sizes $(LOCKED)

differential: ## our trees and signatures against other people's, at full length
	@bash scripts/run.sh differential env CYBERMESH_FULL=1 \
	    cargo test -p cybermesh-world --test differential $(LOCKED) -- --nocapture
