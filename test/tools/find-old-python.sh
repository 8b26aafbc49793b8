#!/usr/bin/env bash
# find-old-python.sh prints a Python that boto 2.49 imports on: 3.11 or older
# (its vendored six cannot be imported from 3.12 on). Prints nothing and fails
# where there is none.
set -uo pipefail
usable() {
	"$1" -c 'import sys; sys.exit(not ((3, 6) <= sys.version_info[:2] <= (3, 11)))' >/dev/null 2>&1
}
candidates=(python3 python3.11 python3.10 python3.9 python3.8 python3.7 python3.6)
for dir in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.{11,10,9,8,7,6}.*/bin; do
	candidates+=("$dir/python")
done
for candidate in "${candidates[@]}"; do
	if usable "$candidate"; then
		command -v "$candidate"
		exit 0
	fi
done
exit 1
