#!/usr/bin/env bash
# make sim: every plan over many seeds, and the large sets. SEEDS (10) seeds of each plan at n ≤ 10, LARGE (1) of each
# of some plans at n = 31 and 100, all Twins schedules of DEPTH (1) views.
. "$(dirname "$0")/steps.sh"
begin sim
seeds=${SEEDS:-10} large=${LARGE:-1} depth=${DEPTH:-1}
sim() { cargo run -q -p cybermesh-sim $LOCKED -- "$@"; }

step build cargo build -q -p cybermesh-sim $LOCKED
step plans sim sweep --seeds "$seeds"
for nodes in 31 100; do
    for plan in calm lossy partition crash-random reconfigure byz-equivocators generic; do
        step "$plan-$nodes" sim sweep --plan "$plan" --nodes "$nodes" --seeds "$large"
        # The smallest run of the largest set says enough in the short form.
        [ "$large" = 1 ] && [ "$nodes" = 100 ] && break
    done
done
step twins sim twins --depth "$depth"

printf '\n== closing lines\n'
for log in plans twins; do grep '^result:' "$log_dir/$log.log"; done
finish "$(sed -n 's/^result: pass sim: //p' "$log_dir/plans.log")"
