#!/usr/bin/env bash
# cargo in the shared target directory, for work by hand: `scripts/cargo.sh test -p cybermesh-proto`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. scripts/env.sh
. scripts/target.sh
claim || exit 1
exec cargo "$@"
