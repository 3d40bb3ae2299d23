#!/usr/bin/env bash
# make bless: vectors, the page of codes, golden roots.
. "$(dirname "$0")/steps.sh"
begin bless
step vectors cargo run -q -p cybermesh-world --bin bless $LOCKED
step golden cargo run -q -p cybermesh-effects --bin golden $LOCKED -- tests/effects/tests/golden.txt
finish
