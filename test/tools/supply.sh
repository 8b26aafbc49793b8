#!/usr/bin/env bash
# supply.sh checks what the binary is made of: the modules are those of
# go.sum, two builds from two folders are the same, few modules are asked for,
# the bill of materials is JSON, and none of its functions that are called is
# known to be vulnerable.
set -euo pipefail
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

go mod verify

# Of the commit, in two folders: a path or a time that got in would differ.
for n in 1 2; do
	mkdir "$tmp/$n"
	git archive HEAD | tar -x -C "$tmp/$n"
	(cd "$tmp/$n" && GOCACHE="$tmp/cache$n" CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$tmp/millrace$n" ./cmd/millrace)
done
sha256sum "$tmp"/millrace[12] | sed "s|$tmp/||"
cmp "$tmp/millrace1" "$tmp/millrace2"
echo "reproducible: two builds of $(git rev-parse --short HEAD) are the same"

go version -m "$tmp/millrace1" | awk -F '\t' '$2 == "dep" { print $3 }' | sort >"$tmp/held"
go list -m -f '{{if not (or .Indirect .Main)}}{{.Path}}{{end}}' all | grep . | sort >"$tmp/direct"
direct=$(comm -12 "$tmp/direct" "$tmp/held" | wc -l)
echo "modules in the binary: $(wc -l <"$tmp/held"), of which $direct are asked for; $(comm -23 "$tmp/direct" "$tmp/held" | wc -l) more serve tests"
[ "$direct" -le 10 ]

test/tools/sbom.sh "$tmp/millrace1" >"$tmp/sbom.json"
python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print("bill of materials:", len(d["components"]), "components")' "$tmp/sbom.json"

if go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... >"$tmp/vuln" 2>&1; then
	tail -n 3 "$tmp/vuln"
elif grep -qiE 'no such host|connection refused|timeout|dial tcp|proxyconnect|fetching vulnerabilities|Forbidden' "$tmp/vuln"; then
	echo "govulncheck: NOT DONE, its database cannot be reached: $(tail -n 1 "$tmp/vuln")"
else
	cat "$tmp/vuln"
	exit 1
fi
