#!/usr/bin/env bash
# interop.sh runs every client there is against the real server and ends with
# a table: client, version, what ran, result. It fails where a client failed.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
status=0

pinned() { sed -n "s/^$2==//p" "$1"; }

# client NAME VERSION WHAT COMMAND... runs a suite and notes its row.
client() {
	local name=$1 version=$2 what=$3 log result
	shift 3
	log=$(mktemp)
	if test/tools/part.sh "$name $version" "$@" 2>&1 | tee "$log"; then result=ok; else result=FAILED status=1; fi
	grep -q SKIPPED "$log" && result=skipped
	# The suite prints its rows as they come and again as a table of its own.
	sed -n 's/^RESULT | //p' "$log" | sed 's/ *|/ |/g; s/ *$//' | sort -u >>"$rows"
	rm -f "$log"
	[ "$what" = - ] || printf '%s | %s | %s | %s\n' "$name" "$version" "$what" "$result" >>"$rows"
}

go_sdk=$(sed -n 's|.*aws-sdk-go-v2/service/kinesis v||p' test/go.mod)
js_sdk=$(sed -n 's|.*"@aws-sdk/client-kinesis": "\(.*\)".*|\1|p' test/js/package.json)
python=test/python/requirements.txt

client "AWS SDK for Go v2" "$go_sdk" "every operation, SubscribeToShard over HTTP/1.1 and h2c" make --no-print-directory interop-go
client "boto3 and AWS CLI" "$(pinned $python boto3), $(pinned $python awscli)" "every operation, SubscribeToShard, TLS" make --no-print-directory interop-python
client "boto" "$(pinned test/boto2/requirements.txt boto)" "13 operations, 7 faults" make --no-print-directory interop-boto2
client "AWS SDK for JavaScript v3" "$js_sdk" "every operation over h2c and HTTP/1.1, SubscribeToShard, TLS" make --no-print-directory interop-js
client "Java clients" "and Terraform" - make --no-print-directory interop-java

printf '\n'
awk -F ' [|] ' '
	BEGIN { split("client | version | what ran | result", head, " [|] ") ; for (i = 1; i <= 4; i++) { cell[0, i] = head[i]; wide[i] = length(head[i]) } }
	{ for (i = 1; i <= 4; i++) { cell[NR, i] = $i; if (length($i) > wide[i]) wide[i] = length($i) } }
	END { for (n = 0; n <= NR; n++) printf "| %-*s | %-*s | %-*s | %-*s |\n", wide[1], cell[n, 1], wide[2], cell[n, 2], wide[3], cell[n, 3], wide[4], cell[n, 4] }' "$rows"
exit "$status"
