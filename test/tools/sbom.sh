#!/usr/bin/env bash
# sbom.sh BINARY prints what is in the binary as a CycloneDX document: the
# modules that Go's linker put there, with their versions and hashes.
set -euo pipefail
cd "$(dirname "$0")/../.."
go version -m "$1" | awk -F '\t' -v hash="$(sha256sum "$1" | cut -d ' ' -f 1)" '
function hex(b64,    cmd, out) {
	cmd = "printf %s \"" b64 "\" | base64 -d | od -An -v -tx1 | tr -d \" \\n\""
	cmd | getline out
	close(cmd)
	return out
}
NR == 1 { n = split($1, first, " "); go = substr(first[n], 3) }
$2 == "mod" { name = $3; version = $4 }
$2 == "dep" {
	list = list sep sprintf("{\"type\":\"library\",\"bom-ref\":\"pkg:golang/%s@%s\",\"name\":\"%s\",\"version\":\"%s\",\"purl\":\"pkg:golang/%s@%s\",\"properties\":[{\"name\":\"go:h1\",\"value\":\"%s\"}]}", $3, $4, $3, $4, $3, $4, hex(substr($5, 4)))
	sep = ",\n    "
}
$2 == "build" && $3 ~ /^(-trimpath|CGO_ENABLED|GOOS|GOARCH|vcs.revision|vcs.modified)=/ {
	split($3, kv, "=")
	properties = properties psep sprintf("{\"name\":\"build:%s\",\"value\":\"%s\"}", kv[1], kv[2])
	psep = ","
}
END {
	printf "{\n  \"bomFormat\":\"CycloneDX\",\n  \"specVersion\":\"1.5\",\n  \"version\":1,\n"
	printf "  \"metadata\":{\"component\":{\"type\":\"application\",\"bom-ref\":\"millrace\",\"name\":\"%s\",\"version\":\"%s\",\"hashes\":[{\"alg\":\"SHA-256\",\"content\":\"%s\"}],\"properties\":[%s]}},\n", name, version, hash, properties
	printf "  \"components\":[\n    {\"type\":\"platform\",\"bom-ref\":\"pkg:golang/stdlib@%s\",\"name\":\"stdlib\",\"version\":\"%s\",\"purl\":\"pkg:golang/stdlib@%s\"},\n    %s\n  ]\n}\n", go, go, go, list
}'
