#!/usr/bin/env bash
# make test: every test of the workspace, then the second implementation against the same vectors,
# then both against each other.
. "$(dirname "$0")/steps.sh"
. "$(dirname "$0")/effects.sh"
begin test

step rust cargo test --workspace --no-fail-fast $LOCKED
# A run that tested nothing must not look like one that found nothing.
[ -n "$(closing "$log_dir/rust.log")" ] || step 'tests found' false

# A fixed, small number here; `make sim` runs as many as one likes.
step plans cargo run -q -p cybermesh-sim $LOCKED -- sweep --seeds 5

step python "$PY" deploy/kits/python/run_vectors.py proto/vectors
step effects compare_effects
step interop bash scripts/interop.sh "$PY"

printf '\n== closing lines\n'
closing "$log_dir/rust.log"
grep -E '^(error|    `)' "$log_dir/rust.log"
tail -n 1 "$log_dir/plans.log"
tail -n 1 "$log_dir/python.log"
tail -n 1 "$log_dir/effects.log"
tail -n 1 "$log_dir/interop.log"
finish "Rust: $(tally "$log_dir/rust.log"); Python: $(tail -n 1 "$log_dir/python.log"); between them: $(tail -n 1 "$log_dir/interop.log")"
