#!/usr/bin/env bash
# fuzz.sh DURATION runs every fuzz target of the project, one after the other.
set -euo pipefail
cd "$(dirname "$0")/../.."
duration=$1
for package in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "-- $package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" -parallel 2 "$package"
	done
done
