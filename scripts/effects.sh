#!/usr/bin/env bash
# make effects: the second implementation's own tests, then random stories told by the executor and judged by it.
# SEEDS (8) stories of EVENTS (3000) items each, from seed FIRST (1) on. `make test` calls compare_effects alone.
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

compare_effects() {
    local kit=deploy/kits/python trace events=0 seed line
    "$PY" "$kit/effects_test.py" || return 1
    trace=$(mktemp)
    for seed in $(seq "${FIRST:-1}" $((${FIRST:-1} + ${SEEDS:-8} - 1))); do
        cargo run -q -p cybermesh-effects --bin trace $LOCKED -- --seed "$seed" --events "${EVENTS:-3000}" >"$trace" || return 1
        line=$("$PY" "$kit/effects_reference.py" "$trace") || { echo "seed $seed: $line"; rm -f "$trace"; return 1; }
        echo "seed $seed: $line"
        events=$((events + $(sed -n 's/^agree: \([0-9]*\) events.*/\1/p' <<<"$line")))
    done
    rm -f "$trace"
    echo "effects: $events events of ${SEEDS:-8} stories, and the two implementations agree"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    begin effects
    step effects compare_effects
    finish "$(tail -n 1 "$log_dir/effects.log")"
fi
