#!/usr/bin/env bash
# gen-check.sh runs the generator and fails if that changed anything in the
# work tree. It compares before and after, so that it also serves a tree with
# uncommitted work in it.
set -euo pipefail
cd "$(dirname "$0")/../.."
state() { { git diff; git ls-files --others --exclude-standard -z | xargs -0 -r sha256sum; } | sha256sum; }
before=$(state)
go run ./api/gen
if [ "$before" != "$(state)" ]; then
	git diff --stat
	echo "gen: generated files were not up to date; commit what 'make gen' wrote"
	exit 1
fi
