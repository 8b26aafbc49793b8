#!/usr/bin/env bash
# interop-java.sh [PART...] runs the clients on the Java virtual machine, and
# Terraform, against the real server, and prints a table of what came of it.
# PARTs are java (the AWS SDKs), kcl, kpl, multilang and terraform; all without.
# They bring a line each, RESULT | client | version | what ran | outcome.
set -uo pipefail
cd "$(dirname "$0")"
if [ $# -eq 0 ]; then set -- kcl terraform multilang java kpl; fi
results=$(mktemp)
trap 'rm -f "$results"' EXIT
# Two at a time: they wait for one another's timers more than they compute.
MILLRACE_RESULTS=$results go test -count=1 -v -p 2 -timeout 20m "${@/#/./}"
status=$?
echo
sort "$results" | awk -F ' [|] ' '
	{ for (i = 2; i <= 5; i++) { cell[NR, i] = $i; if (length($i) > wide[i]) wide[i] = length($i) } }
	END { for (n = 1; n <= NR; n++) printf "RESULT | %-*s | %-*s | %-*s | %s\n", \
		wide[2], cell[n, 2], wide[3], cell[n, 3], wide[4], cell[n, 4], cell[n, 5] }'
exit "$status"
