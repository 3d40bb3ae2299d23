#!/usr/bin/env bash
# make check: what holds without running the product. Every step runs, so that one look shows all.
. "$(dirname "$0")/steps.sh"
begin check

deny_version=0.20.2
tools=$CYBERMESH_CACHE/tools
deny() { "$tools/bin/cargo-deny" $LOCKED "$@"; }

# Known duplicates are named in one line each; what is refused is shown in full.
supply() {
    deny check --hide-inclusion-graph bans licenses sources >"$log_dir/supply.log" 2>&1 || {
        cat "$log_dir/supply.log"
        return 1
    }
    grep -E '^(warning\[|bans )' "$log_dir/supply.log"
}

docs() { RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps $LOCKED; }

get_deny() {
    [ "$("$tools/bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $deny_version" ] && return 0
    echo "installing cargo-deny $deny_version into $tools: some minutes, once"
    # A target folder of its own: cargo install would otherwise keep its products among ours.
    CARGO_TARGET_DIR=$tools/build \
        cargo install cargo-deny --locked --version "$deny_version" --root "$tools" && rm -rf "$tools/build"
}

step format cargo fmt --all --check
step clippy cargo clippy --workspace --all-targets $LOCKED -- -D warnings
step docs docs
step house cargo test -p cybermesh-house $LOCKED -- --nocapture
if step cargo-deny get_deny; then
    step 'bans, licences, sources' supply
    if GIT_TERMINAL_PROMPT=0 timeout 120 "$tools/bin/cargo-deny" fetch db >"$log_dir/fetch.log" 2>&1; then
        step advisories deny --offline check advisories
    else
        not_run advisories 'database not reachable'
    fi
fi
finish
