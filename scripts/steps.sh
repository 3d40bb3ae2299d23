# Steps with a table and a verdict; sourced by the scripts behind the make targets (bash).
#
#   begin <target>             stand in the clone, know the places, make sure that nothing is missing
#   step <name> <command…>     run it, remember how it ended; the next step runs whatever came out
#   not_run <name> <reason>    said out loud and in the table: what was not run is never green
#   finish [<words>]           the table, then the one closing line; its exit code is the script's

set -uo pipefail

begin() {
    cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
    . scripts/env.sh
    . scripts/target.sh
    target=$1 rows=() failed=0 passed=0 skipped=0 began=$SECONDS
    sh scripts/setup.sh || { echo "result: fail $target: setup did not finish"; exit 1; }
    claim || { echo "result: fail $target: the target directory is taken"; exit 1; }
    # One folder per run, because two clones share the cache; a week is long enough to look.
    mkdir -p "$CYBERMESH_CACHE/log"
    find "$CYBERMESH_CACHE/log" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
    log_dir=$(mktemp -d "$CYBERMESH_CACHE/log/$target.XXXXXX") || exit 1
}

row() { rows+=("$(printf '%-8s %6s  %s' "$1" "$2" "$3")"); }

step() {
    local name=$1 at=$SECONDS code
    shift
    printf '\n== %s\n' "$name"
    "$@" 2>&1 | tee "$log_dir/$name.log"
    code=${PIPESTATUS[0]}
    if [ "$code" = 0 ]; then
        passed=$((passed + 1)); row pass "$((SECONDS - at)) s" "$name"
    else
        failed=$((failed + 1)); row FAIL "$((SECONDS - at)) s" "$name (exit code $code)"
    fi
    return "$code"
}

not_run() {
    printf '\nnot run: %s (%s)\n' "$1" "$2"
    skipped=$((skipped + 1)); row 'not run' - "$1 ($2)"
}

# The closing line of each suite of cargo's test runner that ran a test, with the suite's name.
closing() {
    awk '/^ +Running / { suite = $NF; gsub(/.*\/|-[0-9a-f]+\)$/, "", suite) }
         /^ +Doc-tests / { suite = $2 " (doc)" }
         /^test result:/ && $4 + $6 + $8 > 0 { print suite ": " $0 }' "$1"
}

# The same, summed up.
tally() {
    closing "$1" | sed 's/.*test result:/test result:/' |
        awk '{ ok += $4; bad += $6; off += $8 }
             END { printf "%d tests passed, %d failed, %d ignored in %d suites", ok, bad, off, NR }'
}

finish() {
    local words=${1:-"$passed steps passed, $failed failed, $skipped not run"}
    printf '\n'
    printf '%s\n' "${rows[@]}"
    if [ "$failed" = 0 ]; then
        echo "result: pass $target: $words, $((SECONDS - began)) s"
    else
        echo "result: fail $target: $words, $((SECONDS - began)) s (logs: $log_dir)"
    fi
    exit $((failed > 0))
}
