#!/usr/bin/env bash
# make crash: the three places of a node under kills and cuts of power. KILLS (60) rounds of kills, at random moments and at
# write points by turns; CUTS (a third of them) cuts of power; every kind of sync left out once; a write that
# fails; SEED (1).
. "$(dirname "$0")/steps.sh"
begin crash
kills=${KILLS:-60} seed=${SEED:-1}
cuts=${CUTS:-$((kills / 3))}
crash() { cargo run -q -p cybermesh-crash $LOCKED -- "$@"; }

step build cargo build -q -p cybermesh-crash $LOCKED
step kills crash kills "$kills" "$seed"
step cuts crash cuts "$cuts" "$seed"
step 'syncs left out' crash finds "$seed"
step 'failed writes' crash refuses "$seed"
finish "$(tail -n 1 "$log_dir/kills.log"); $(tail -n 1 "$log_dir/cuts.log")"
