#!/usr/bin/env bash
# boto2.sh runs the suite of boto 2.49 on a Python that can still import it.
# Without such a Python it says so in one line; a CI run fails then, because
# there the suite is not optional.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! python=$("$root/test/tools/find-old-python.sh"); then
	echo "boto 2.49: SKIPPED, no Python 3.6 to 3.11 here (boto 2 does not import on newer ones)"
	if [ "${CI:-}" = true ]; then exit 1; fi
	exit 0
fi
"$root/test/tools/venv.sh" "$root/.cache/boto2" "$python" "$root/test/boto2/requirements.txt"
cd "$root/test/boto2"
# A proxy or a configuration file of the user's would redirect the client.
exec env -u http_proxy -u HTTP_PROXY BOTO_CONFIG=/dev/null no_proxy='*' \
	"$root/.cache/boto2/bin/python" -m pytest -q -p no:cacheprovider "$@" .
