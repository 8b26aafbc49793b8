#!/usr/bin/env bash
# part.sh HEADING COMMAND... runs one part of a suite under a heading and says
# how long it took and how it ended.
set -uo pipefail
heading=$1
shift
printf '\n== %s\n' "$heading"
start=$(date +%s)
"$@"
status=$?
took=$(($(date +%s) - start))
if [ "$status" -eq 0 ]; then
	printf -- '-- %s: ok, %d s\n' "$heading" "$took"
else
	printf -- '-- %s: FAILED with status %d after %d s\n' "$heading" "$status" "$took"
fi
exit "$status"
