#!/usr/bin/env bash
# The second implementation of the effects: its own tests, then each trace that an executor wrote.
#   effects.sh <python> [trace.jsonl…]
# Called by `make test`. Without a trace only the tests ran, and the closing line says so.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

python=$1 kit=deploy/kits/python
shift

"$python" "$kit/effects_test.py" || exit 1
agreed=0
for trace in "$@"; do
    echo "$trace"
    "$python" "$kit/effects_reference.py" "$trace" || exit 1
    agreed=$((agreed + 1))
done
echo "the rules hold in the second implementation; $agreed traces agree with it"
