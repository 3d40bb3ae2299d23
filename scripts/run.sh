#!/usr/bin/env bash
# run.sh <target> <command…>: one command as a make target, with its verdict.
. "$(dirname "$0")/steps.sh"
begin "$1"
step "$@"
grep -q '^test result:' "$log_dir/$1.log" && finish "$(tally "$log_dir/$1.log")"
finish
