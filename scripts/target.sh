# One target directory for all clones on a machine, without mixing them up; sourced (bash).
#
# cargo names the products of our own crates by their place inside the clone, not by the clone, and calls
# them fresh by time. So once a newer clone has built, an older one would run the newer one's tests and
# never know. Hence the directory has an owner. Whoever is not waits until no run of the owner is left,
# removes the products of our crates (what comes from elsewhere stays) and is the owner from then on.

# 2 h: the longest run of another clone worth waiting for; CYBERMESH_TARGET names a directory of one's own.
CLAIM_WAIT_S=7200

claim() {
    local owner=$CARGO_TARGET_DIR/.owner me
    me="$PWD $(ls -di . | awk '{ print $1 }')" # a clone made anew at the same place is another one
    mkdir -p "$CARGO_TARGET_DIR"
    exec 8>>"$owner.lock" # held, shared, by every command of this run, until the last one has ended
    until hold -s && [ "$(cat "$owner" 2>/dev/null)" = "$me" ]; do
        hold -u
        hold -n -x || {
            echo "target: waiting for a run in $(cut -d ' ' -f 1 "$owner" 2>/dev/null) to end"
            hold -w "$CLAIM_WAIT_S" -x || {
                echo "target: it did not end; set CYBERMESH_TARGET to a folder of your own" >&2
                return 1
            }
        }
        take_over "$owner" || return 1
        echo "$me" >"$owner"
        hold -u
    done
}

take_over() { # take_over <owner file>
    [ -e "$1" ] || [ -e "$CARGO_TARGET_DIR/debug" ] || return 0
    echo "target: another clone built here last; our own crates are compiled anew"
    rm -f "$1"
    # By cargo's own knowledge, and by name for crates that only the other clone has.
    cargo clean --quiet --workspace && cargo clean --quiet --workspace --release &&
        rm -rf "$CARGO_TARGET_DIR"/*/.fingerprint/cybermesh*
}

# Where there is no flock (macOS), two clones must not build at the same time.
hold() { ! command -v flock >/dev/null || flock "$@" 8; }
