#!/bin/sh
# Is every --option that `suan COMMAND --help` names in the man page of the command?
# check.sh SUAN_BINARY. Lists what is missing; exits 1 if anything is, 2 if it could not be checked.
set -u
suan=${1:?usage: check.sh SUAN_BINARY}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bad=0 commands=0 options=0

[ -x "$suan" ] || { echo "check.sh: $suan: no such program" >&2; exit 2; }

# Words that begin with -- in help text or in roff, where - is written \-.
words() { sed 's/\\-/-/g; s/\\f[BRI]/ /g' | grep -oE '(^|[^A-Za-z0-9-])--[a-z][a-z0-9-]*' | sed 's/^[^-]*//' | sort -u; }

check() {	# COMMAND PAGE: the help is on standard input
	page=$here/$2
	if [ ! -f "$page" ]; then
		echo "suan $1: no page $2"
		bad=1
		return
	fi
	known=$(words <"$page")
	for o in $(words); do
		options=$((options + 1))
		printf '%s\n' "$known" | grep -qxF -- "$o" && continue
		echo "$2: $o is not described"
		bad=1
	done
}

list=$("$suan" --help) || exit 2
for c in $(printf '%s\n' "$list" | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'); do
	commands=$((commands + 1))
	help=$("$suan" "$c" --help) || { echo "suan $c --help fails"; bad=1; continue; }
	check "$c" "suan-$c.1" <<EOT
$help
EOT
	grep -q "suan.*$c" "$here/suan.1" || { echo "suan.1: $c is not described"; bad=1; }
done
[ $commands -gt 0 ] || { echo "check.sh: suan --help lists no commands" >&2; exit 2; }
[ $bad = 0 ] && echo "$commands commands, $options options: all described"
exit $bad
