# Where things are kept; sourced by every script, by the Makefile and by .ci/run, never run.
#
# CYBERMESH_CACHE   venv, tools and logs, outside the clone so that clones share them
# CYBERMESH_TARGET  build products; C++ libraries are then compiled once per machine
# CI                when set, a Cargo.lock that would have to change is an error

CYBERMESH_CACHE=${CYBERMESH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cybermesh}
CARGO_TARGET_DIR=${CYBERMESH_TARGET:-$CYBERMESH_CACHE/target}
LOCKED=${CI:+--locked}
VENV=$CYBERMESH_CACHE/venv
PY=$VENV/bin/python
export CYBERMESH_CACHE CARGO_TARGET_DIR LOCKED VENV PY

# A shell that was open before rustup came does not have its folder in the path.
cargo_bin=${CARGO_HOME:-$HOME/.cargo}/bin
case ":$PATH:" in
    *":$cargo_bin:"*) ;;
    *) if [ -x "$cargo_bin/cargo" ]; then PATH=$cargo_bin:$PATH; export PATH; fi ;;
esac
