#!/usr/bin/env bash
# js.sh runs the suite of the AWS SDK for JavaScript v3 with node's own test runner.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root/test/js"
if ! cmp -s package-lock.json node_modules/.installed; then
	npm ci --no-audit --no-fund --loglevel=error
	cp package-lock.json node_modules/.installed
fi
# The SDK warns of its own plans for older versions of node at every start.
export AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true
exec node --test --test-reporter=spec "$@" ./*.test.mjs
