#!/bin/sh
# Installs what a fresh Debian or Ubuntu lacks to build and test CyberMesh, and says what it does.
#
# Each need is looked for by what it can do, not by a package's name, so a compiler or a Python that came
# another way counts too. Nothing missing: no network, no root, well under a second.
set -eu
cd "$(dirname "$0")/.."
. scripts/env.sh

log=$CYBERMESH_CACHE/setup.log
pins=deploy/kits/python/requirements.txt
rust_min=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
did_something=

say() { echo "setup: $*"; }
die() { # die <what failed> <what to do>
    echo "setup: FAILED: $1" >&2
    echo "setup: what to do: $2" >&2
    exit 1
}
doing() { did_something=yes; say "$@"; }
have() { command -v "$1" >/dev/null 2>&1; }
any_file() { for f in "$@"; do [ -e "$f" ] && return 0; done; return 1; }

have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return 0
    for dir in /usr/lib/llvm-*/lib /usr/lib/*-linux-* /usr/lib64 /usr/lib; do
        any_file "$dir"/libclang.so* "$dir"/libclang-[0-9]*.so* && return 0
    done
    return 1
}
have_openssl() { any_file /usr/include/openssl/ssl.h || pkg-config --exists openssl 2>/dev/null; }
have_roots() {
    any_file "${SSL_CERT_FILE:-/nowhere}" /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem \
        /etc/pki/tls/cert.pem
}
have_venv() { [ -x "$PY" ] && [ "$(cat "$VENV/.pins" 2>/dev/null)" = "$(cksum <"$pins")" ]; }
can_venv() { have_venv || python3 -c 'import ensurepip, venv' 2>/dev/null; }

missing_packages() {
    { have c++ && have make; } || echo build-essential
    have pkg-config || echo pkg-config
    have cmake || echo cmake
    have clang || echo clang
    have_libclang || echo libclang-dev
    have_openssl || echo libssl-dev
    have git || echo git
    have curl || echo curl
    have_roots || echo ca-certificates
    have python3 || echo python3
    can_venv || echo python3-venv
}

root_prefix() { # sets $sudo, the word before a command that needs root
    sudo=
    [ "$(id -u)" != 0 ] || return 0
    if have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then sudo=sudo; return 0; fi
    die "missing: $packages; and neither root nor a sudo that works here" "$advice"
}

install_packages() {
    packages=$(missing_packages | tr '\n' ' ')
    packages=${packages% }
    [ -n "$packages" ] || return 0
    have apt-get || die "missing: $packages" \
        "install them with this system's package manager (the names are Debian's), then run this again"
    advice="as root, run: apt-get update && apt-get install -y $packages"
    root_prefix
    doing "missing packages: $packages"
    say "running ${sudo:+$sudo }apt-get (minutes on a fresh machine; log: $log)"
    apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300"
    # shellcheck disable=SC2086 # $apt and $packages are lists of words
    $apt update >>"$log" 2>&1 ||
        say "apt-get update did not finish; going on with the package lists that are there"
    # shellcheck disable=SC2086
    $apt install -y --no-install-recommends $packages >>"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        die "apt-get could not install: $packages" "look at $log; then $advice"
    }
    still=$(missing_packages | tr '\n' ' ')
    [ -z "$still" ] || die "still missing after the installation: $still" "look at $log"
    say "packages are installed"
}

rust_version() { rustc --version 2>/dev/null | sed -n 's/^rustc \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p'; }

rust_lack() { # what the active toolchain lacks; nothing if it will do
    v=$(rust_version)
    [ -n "$v" ] || { echo "no rustc"; return; }
    oldest=$(printf '%s\n%s\n' "$rust_min" "$v" | sort -V | head -n 1)
    [ "$oldest" = "$rust_min" ] || { echo "rustc $v is older than $rust_min"; return; }
    cargo clippy --version >/dev/null 2>&1 || { echo "no clippy"; return; }
    cargo fmt --version >/dev/null 2>&1 || echo "no rustfmt"
}

install_rust() {
    lack=$(rust_lack)
    [ -n "$lack" ] || return 0
    if have rustup; then
        doing "Rust: $lack; asking rustup for the stable toolchain"
        rustup toolchain install stable --profile minimal -c rustfmt -c clippy >>"$log" 2>&1 ||
            die "rustup could not install the stable toolchain" \
                "look at $log; then run: rustup toolchain install stable -c rustfmt -c clippy"
    else
        doing "Rust: $lack; installing it with rustup, the official way (log: $log)"
        script=$(mktemp)
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs -o "$script" ||
            die "https://sh.rustup.rs cannot be reached" \
                "install Rust $rust_min or newer with rustfmt and clippy, then run this again"
        sh "$script" -y --profile minimal -c rustfmt -c clippy >>"$log" 2>&1 ||
            die "rustup's installer failed" "look at $log, or follow https://rustup.rs"
        rm -f "$script"
        . scripts/env.sh
    fi
    lack=$(rust_lack)
    [ -z "$lack" ] || die "the active Rust toolchain will not do: $lack" \
        "make a toolchain from $rust_min on the active one, for example: rustup default stable"
    say "Rust $(rust_version) is ready"
}

make_venv() {
    have_venv && return 0
    doing "Python: making $VENV with $(grep -v '^#' "$pins" | paste -s -d ' ' -)"
    rm -rf "$VENV"
    python3 -m venv "$VENV" >>"$log" 2>&1 ||
        die "python3 could not make a virtual environment" "look at $log"
    "$PY" -m pip install --quiet --disable-pip-version-check -r "$pins" >>"$log" 2>&1 ||
        die "pip could not install what $pins names" "look at $log (is the Python package index reachable?)"
    "$PY" -c 'import cryptography' || die "the Python package cryptography does not load" "look at $log"
    cksum <"$pins" >"$VENV/.pins" # last, so that a half-made one is made again
    say "Python environment is ready"
}

mkdir -p "$CYBERMESH_CACHE"
if have flock; then # two runs at once would build one venv twice
    exec 9>"$CYBERMESH_CACHE/setup.lock"
    flock 9
fi
: >"$log"
install_packages
install_rust
make_venv
[ -n "$did_something" ] || say "nothing is missing (Rust $(rust_version); environment in $CYBERMESH_CACHE)"
