#!/usr/bin/env bash
# python.sh runs the suites of boto3 and the AWS CLI.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/test/tools/venv.sh" "$root/.cache/python" python3 "$root/test/python/requirements.txt"
cd "$root/test/python"
exec "$root/.cache/python/bin/python" -m pytest -q -p no:cacheprovider "$@" .
