#!/usr/bin/env bash
# venv.sh DIR PYTHON REQUIREMENTS makes a virtual environment at DIR with what
# the requirements file names, unless that very file is installed there already.
set -euo pipefail
dir=$1 python=$2 requirements=$3
stamp=$dir/.installed
if [ -x "$dir/bin/python" ] && cmp -s "$requirements" "$stamp"; then
	exit 0
fi
rm -rf "$dir"
mkdir -p "$(dirname "$dir")"
# Some systems ship venv without ensurepip, and Python 2 has no venv at all;
# virtualenv brings its own pip.
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null || ! "$python" -m venv "$dir" >/dev/null 2>&1; then
	rm -rf "$dir"
	bootstrap=$(dirname "$dir")/virtualenv
	# 20.21 is the last line that still makes environments for Python 2.7 and 3.6.
	if [ ! -d "$bootstrap" ]; then
		python3 -m pip install --quiet --disable-pip-version-check --target "$bootstrap" 'virtualenv==20.21.1'
	fi
	PYTHONPATH=$bootstrap python3 -m virtualenv --quiet --python "$python" "$dir"
fi
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$stamp"
