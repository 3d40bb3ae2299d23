#!/usr/bin/env bash
# Two implementations, one file format: keys made by one open in the other, what one signs the other accepts,
# and what is altered both refuse. Called by `make test`; $1 is the Python to use.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

python=$1 kit=$PWD/deploy/kits/python binary=$CARGO_TARGET_DIR/debug/cybermesh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

expect() { # expect <exit code> <what it shows> <command…>
    local code=$1 what=$2 found
    shift 2
    "$@" >"$work/out" 2>&1
    found=$?
    if [ "$found" = "$code" ]; then
        passed=$((passed + 1)); echo "ok    $what"
    else
        failed=$((failed + 1)); echo "FAIL  $what: exit code $found, not $code"; cat "$work/out"
    fi
}

in_python() { PYTHONPATH=$kit "$python" -m cybermesh "$@"; }
in_rust() { CYBERMESH_PASSPHRASE_FILE=$work/passphrase "$binary" "$@"; }

cargo build -q -p cybermesh ${CI:+--locked} || exit 1
cd "$work" || exit 1
echo 'four words that two programs know' >passphrase
cat >event.json <<'JSON'
{"type": "Anomaly.Detected.v1", "schema_version": 1, "network": "lab", "tenant": "acme", "seq": 1,
 "created_at_ms": 1767225600000, "entity_kind": "ip", "entity_value": "203.0.113.9", "content_type": "text/plain"}
JSON

for level in 44 65 87; do
    expect 0 "keys with ML-DSA-$level made by Rust" in_rust keys new "$level.key" --ml-dsa $level
    expect 0 "an event signed by Python with them" in_python sign-event --key "$level.key" \
        --passphrase-file passphrase --event event.json --out "python-$level.bin"
    expect 0 'accepted by cybermesh event verify' in_rust event verify "python-$level.bin" --key "$level.key.pub"
    expect 0 'an event signed by Rust with them' in_rust event sign event.json --key "$level.key" --out "rust-$level.bin"
    expect 0 'accepted by Python' in_python verify-event "rust-$level.bin" --key "$level.key.pub"
    for by in rust python; do
        sed 's/acme/acmf/' "$by-$level.bin" >"altered-$by.bin"
        expect 6 "altered, refused by Rust" in_rust event verify "altered-$by.bin" --key "$level.key.pub"
        expect 6 "altered, refused by Python" in_python verify-event "altered-$by.bin" --key "$level.key.pub"
    done
done
expect 6 'another producer, refused by Rust' in_rust event verify python-44.bin --key 65.key.pub
expect 6 'another producer, refused by Python' in_python verify-event rust-44.bin --key 65.key.pub

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
