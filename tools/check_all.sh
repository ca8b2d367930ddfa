#!/bin/sh
# Runs every checker: check_all.sh [BUILD_DIR]. One line each: ok, FAIL or skip; exits 1 if any failed.
# BUILD_DIR (default: build) is needed for the purity check only.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=${1:-$here/../build}
export PYTHONDONTWRITEBYTECODE=1
bad=0

run() {	# name, command…
	name=$1
	shift
	if out=$("$@" 2>&1); then
		echo "ok   $name"
	else
		bad=1
		echo "FAIL $name"
		printf '%s\n' "$out" | sed 's/^/     /'
	fi
}

run layers python3 "$here/check_layers.py"
run sizes python3 "$here/check_sizes.py"
run names python3 "$here/check_names.py"
if [ -d "$build" ]; then
	run purity python3 "$here/check_purity.py" "$build"
elif [ $# -gt 0 ]; then
	echo "FAIL purity"
	echo "     $build: no such build directory"
	bad=1
else
	echo "skip purity: no build directory; run check_all.sh BUILD_DIR"
fi
run checkers python3 "$here/test_checks.py"
exit $bad
