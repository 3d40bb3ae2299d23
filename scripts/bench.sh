#!/usr/bin/env bash
# make bench: what words, agreement, effects, tree and stores cost. EVENTS (100000) events stored before the stores are
# measured again, and before nine of ten are pruned.
. "$(dirname "$0")/steps.sh"
begin bench
export EVENTS=${EVENTS:-100000}
bench() { cargo bench -q $LOCKED "$@"; }

step words bench -p cybermesh-world --bench words
step agreement bench -p cybermesh-world --bench agreement
step tree bench -p cybermesh-executor --bench tree
step blocks bench -p cybermesh-effects --bench blocks
step stores bench -p cybermesh-state --bench commit
step pruning bench -p cybermesh-state --bench pruning
finish
