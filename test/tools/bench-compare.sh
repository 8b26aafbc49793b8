#!/usr/bin/env bash
# bench-compare.sh BASE runs the benchmarks of the commit BASE and of the work
# tree in one sitting and prints benchstat's comparison.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD base=$(git rev-parse --short "$1^{commit}")
tree=$root/.cache/bench/tree-$base
git worktree prune
[ -d "$tree" ] || git worktree add --detach "$tree" "$base"
trap 'git worktree remove --force "$tree"' EXIT
"$root/test/tools/bench.sh" "$tree" "$root/.cache/bench/$base.txt" >/dev/null
"$root/test/tools/bench.sh" "$root" "$root/.cache/bench/work-tree.txt" >/dev/null
go run golang.org/x/perf/cmd/benchstat@latest "$base=.cache/bench/$base.txt" "work-tree=.cache/bench/work-tree.txt"
