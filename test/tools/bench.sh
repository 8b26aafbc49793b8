#!/usr/bin/env bash
# bench.sh DIR OUT runs the Go benchmarks of the checkout at DIR ten times over
# into the file OUT, for benchstat.
set -euo pipefail
dir=$1 out=$2
mkdir -p "$(dirname "$out")"
(cd "$dir" && go test -run '^$' -bench "${BENCH:-.}" -benchmem -count "${COUNT:-10}" ./...) | tee "$out"
