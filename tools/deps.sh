#!/bin/sh
# Installs what is missing of the Debian packages that suan needs: deps.sh [test|demo|bench]…
# Without arguments: what it takes to build. Needs no network when everything is there.
set -u
build='gcc meson ninja-build pkg-config libmicrohttpd-dev libcurl4-openssl-dev libjansson-dev
	libfyaml-dev libsqlite3-dev libsodium-dev zlib1g-dev libexpat1-dev coinor-libclp-dev'
testing='clang libclang-rt-14-dev python3-pytest
	python3-pytest-xdist valgrind curl jq man-db sqlite3 binutils rclone
	slurmctld slurmd slurm-client munge'
demo='povray ffmpeg liblinear-tools zstd'
bench='wrk'

want=$build
for set in "$@"; do
	case $set in
	test) want="$want $testing" ;;
	demo) want="$want $demo" ;;
	bench) want="$want $bench" ;;
	*)
		echo "deps.sh: found \"$set\", want any of: test demo bench" >&2
		exit 2
		;;
	esac
done

# shellcheck disable=SC2086  # a list of words
set -- $want
if ! command -v dpkg-query >/dev/null 2>&1; then
	echo "deps.sh: not a Debian system; install what answers to: $*" >&2
	exit 1
fi
missing=
for p in "$@"; do
	case $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) in
	installed*) ;;
	*) missing="$missing $p" ;;
	esac
done
if [ -z "$missing" ]; then
	echo "deps: all there"
	exit 0
fi

if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null 2>&1; then
	as_root=sudo
	[ -t 0 ] || as_root='sudo -n'
else
	echo "deps.sh: missing packages and neither root nor sudo; as root run: apt-get install$missing" >&2
	exit 1
fi

echo "deps: installing$missing"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
apt() {
	# shellcheck disable=SC2086  # empty, "sudo" or "sudo -n"
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" </dev/null >>"$log" 2>&1
}
# shellcheck disable=SC2086
install_missing() {
	apt install -y --no-install-recommends $missing
}
install_missing || { apt update && install_missing; } || {
	tail -n 20 "$log" >&2
	echo "deps.sh: could not install$missing" >&2
	exit 1
}
