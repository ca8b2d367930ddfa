# Shared by the benchmarks; sourced, not run. Needs bash 5, curl, jq, awk.
# shellcheck shell=bash disable=SC2034
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=${0##*/}
runs=3 json=0 peer=0 seconds=4 million=0 variants=0 patience=0
server='' blocker='' tmp='' data='' port=0
parts=''	# targets to build; empty: the binary, if it is missing
declare -A samples=()
results=() facts=() arguments=''

# ---- options and text ----

usage() {
	sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
	cat <<-EOT

	  -n N        repeat N times and take the median (3)
	  -d SECONDS  length of one load, where there is one (4)
	  -q SECONDS  before each run wait until the machine is idle, at most so long (0)
	  --million   also with 1,000,000 jobs, where that is a choice
	  --variants  also variants of the input, where that is a choice
	  --peer      also measure the peer; installs it by apt-get if it is missing
	  --json      one JSON object on stdout, everything else on stderr
	Environment: BUILD (build folder, "build"), SUAN_BENCH_DIR (where data is kept, /var/tmp).
	EOT
}

options() {
	arguments=$*
	while [ $# -gt 0 ]; do
		case $1 in
		-n) runs=${2:?-n needs a number}; shift ;;
		-d) seconds=${2:?-d needs seconds}; shift ;;
		-q) patience=${2:?-q needs seconds}; shift ;;
		--json) json=1 ;;
		--peer) peer=1 ;;
		--million) million=1 ;;
		--variants) variants=1 ;;
		-h | --help) usage; exit 0 ;;
		*) echo "$program: no option \"$1\"; see --help" >&2; exit 2 ;;
		esac
		shift
	done
	case $runs$seconds$patience in *[!0-9]* | 0*) echo "$program: -n, -d and -q take a number" >&2; exit 2 ;; esac
	exec 3>&1
	[ "$json" = 0 ] || exec 1>&2
}

say() { printf '%s\n' "$*"; }
die() { echo "$program: $*" >&2; exit 1; }
now() { printf '%s' "$EPOCHREALTIME"; }
# calc EXPRESSION [DIGITS]: whole from 1000 on.
calc() { awk "BEGIN { v = $1; printf (v >= 1000 || v <= -1000) ? \"%.0f\" : \"%.${2:-4}g\", v }"; }

# ---- results ----

sample() {	# NAME VALUE
	samples[$1]="${samples[$1]:-} $2"
}

median() {
	tr ' ' '\n' | awk 'NF' | sort -g | awk '{ v[NR] = $1 } END {
		print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# report NAME UNIT TARGET: the median of the samples; TARGET is ">=N", "<=N", "==N" or "-".
report() {
	local name=$1 unit=$2 target=$3 value verdict=-
	value=$(median <<<"${samples[$name]:?no sample of $name}")
	case $target in
	'>='*) verdict=$(awk "BEGIN { print ($value >= ${target#>=}) ? \"met\" : \"missed\" }") ;;
	'<='*) verdict=$(awk "BEGIN { print ($value <= ${target#<=}) ? \"met\" : \"missed\" }") ;;
	'=='*) verdict=$(awk "BEGIN { print ($value == ${target#==}) ? \"met\" : \"missed\" }") ;;
	esac
	printf '%-34s %14s %-8s %-10s %-7s (%s)\n' "$name" "$value" "$unit" "$target" "$verdict" \
		"$(tr -s ' ' <<<"${samples[$name]# }")"
	results+=("$(jq -cn --arg name "$name" --argjson value "$value" --arg unit "$unit" \
		--arg target "$target" --arg verdict "$verdict" --arg s "${samples[$name]}" \
		'{name: $name, value: $value, unit: $unit, target: $target, verdict: $verdict,
		  samples: ($s | split(" ") | map(select(. != "") | tonumber))}')")
}

note() {	# a line that belongs to the result
	facts+=("$*")
	say "$*"
}

finish_json() {
	[ "$json" = 1 ] || return 0
	jq -cn --arg bench "$program" --arg date "$(date -u +%FT%TZ)" --argjson machine "$machine" \
		--arg command "$command_line" --argjson runs "$runs" \
		--argjson results "[$(IFS=,; echo "${results[*]}")]" \
		--argjson notes "$(printf '%s\n' ${facts[@]+"${facts[@]}"} | jq -Rn '[inputs | select(. != "")]')" \
		'{bench: $bench, date: $date, command: $command, runs: $runs, machine: $machine,
		  results: $results, notes: $notes}' >&3
}

# ---- machine ----

need() {	# PROGRAM…
	local p missing=
	for p in "$@"; do
		command -v "$p" >/dev/null || missing="$missing $p"
	done
	[ -z "$missing" ] || "$top/tools/deps.sh" test bench || die "missing:$missing"
}

describe_machine() {
	local cpu mem fs syncs t0
	cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
	mem=$(awk '/^MemTotal/ { printf "%.1f", $2 / 1048576 }' /proc/meminfo)
	fs=$(df --output=fstype,source "$tmp" | awk 'NR == 2 { print $1 " on " $2 }')
	case $fs in tmpfs* | ramfs*) die "$tmp is in memory; set SUAN_BENCH_DIR to a folder on a disk" ;; esac
	t0=$(now)
	dd if=/dev/zero of="$tmp/sync" bs=4k count=400 oflag=dsync status=none
	syncs=$(calc "400 / ($(now) - $t0)" 4)
	rm -f "$tmp/sync"
	machine=$(jq -cn --arg cpu "${cpu:-unknown}" --argjson cores "$(nproc)" --argjson mem "$mem" \
		--arg kernel "$(uname -sr)" --arg fs "$fs" --argjson syncs "$syncs" \
		--arg load "$(cut -d' ' -f1 /proc/loadavg)" \
		'{cpu: $cpu, cores: $cores, memory_gib: $mem, kernel: $kernel, file_system: $fs,
		  dsync_writes_per_s: $syncs, load_before: $load}')
	say "machine: $(nproc) cores, $mem GiB, $(uname -sr), ${cpu:-unknown}; load $(cut -d' ' -f1-3 /proc/loadavg)"
	say "data on: $fs ($tmp), $syncs synchronous writes of 4 KiB a second"
}

# begin PROGRAM…: binary, folder, machine. The folder goes when the benchmark ends.
begin() {
	local type
	need curl jq awk "$@"
	build=${BUILD:-$top/build}
	[ -f "$build/build.ninja" ] || meson setup "$build" "$top" --buildtype=release >&2
	[ -n "$parts" ] || [ -x "$build/src/suan" ] || parts=src/suan
	# shellcheck disable=SC2086  # a list of words
	[ -z "$parts" ] || ninja -C "$build" --quiet $parts >&2
	suan=$(cd "$build/src" && pwd)/suan
	type=$(jq -r '.[] | select(.name == "buildtype").value' "$build/meson-info/intro-buildoptions.json")
	[ "$type" = release ] || say "warning: $build is built as $type, not release"
	tmp=$(mktemp -d "${SUAN_BENCH_DIR:-/var/tmp}/suan-bench.XXXXXX")
	trap cleanup EXIT
	trap 'exit 130' INT TERM
	command_line="bench/$program${arguments:+ $arguments}"
	say "command: $command_line"
	describe_machine
}

cleanup() {
	local code=$?
	set +e
	stop_blocker
	[ -z "$server" ] || { kill -KILL "$server"; wait "$server"; } 2>/dev/null
	! declare -F peer_stop >/dev/null || peer_stop
	if [ "$code" != 0 ] && [ -s "$tmp/server.log" ]; then
		echo "$program: last lines of the server's log:" >&2
		tail -n 5 "$tmp/server.log" >&2
	fi
	[ -z "$tmp" ] || rm -rf "$tmp"
	exit "$code"
}

idle_now() {	# the idle share of the processors in the last half second is 90 % or more
	local a b
	read -r -a a < <(grep '^cpu ' /proc/stat)
	sleep 0.5
	read -r -a b < <(grep '^cpu ' /proc/stat)
	awk -v a="${a[*]:1:8}" -v b="${b[*]:1:8}" 'BEGIN { split(a, x); n = split(b, y)
		for (i = 1; i <= n; i++) all += y[i] - x[i]
		exit !(y[4] - x[4] + y[5] - x[5] >= 0.9 * all) }'
}

quiet() {
	local end=$((SECONDS + patience))
	[ "$patience" != 0 ] || return 0
	until idle_now; do
		[ "$SECONDS" -lt "$end" ] || { say "  (the machine is not idle: load $(cut -d' ' -f1 /proc/loadavg))"; return 0; }
	done
}

# ---- the server ----

free_port() {
	local p
	for _ in $(seq 100); do
		p=$((20000 + RANDOM % 12000))
		(exec 9<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
	done
	die "no free port"
}

# network CORES: one local site with one node of that many claimed cores; nothing is enforced.
network() {
	cat >"$tmp/network.yaml" <<-EOT
	network: bench
	sites:
	  - name: here
	    driver: local
	    pools:
	      - {name: cpu, nodes: 1, cores: $1, memory: 1TiB}
	EOT
	echo 'max_request_bytes: 268435456' >"$tmp/suan.yaml"
}

# fresh: a new folder and another port. The path is new each time: the process that keeps the runs of a
# local site outlives its server by some seconds and cleans up after itself. The old folder stays until
# the end: ext4 avoids inodes deleted within the last seconds, which makes new files several times dearer.
fresh() {
	data=$(mktemp -d "$tmp/data.XXXXXX")
	: >"$tmp/server.log"
	port=$(free_port)
	url=http://127.0.0.1:$port
	export SUAN_SERVER=$url
}

launch() {
	"$suan" serve --config "$tmp/suan.yaml" --data "$data" --network "$tmp/network.yaml" \
		--listen "127.0.0.1:$port" --insecure-local </dev/null >>"$tmp/server.log" 2>&1 &
	server=$!
}

ready() {	# one GET /readyz, without starting a program
	local line=
	exec 9<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&9
	IFS= read -r -t 60 line <&9 || true
	exec 9>&-
	[[ $line == *' 200 '* ]]
}

wait_ready() {
	local end=$((SECONDS + 60))
	until ready 2>/dev/null; do
		kill -0 "$server" 2>/dev/null || die "the server ended"
		[ "$SECONDS" -lt "$end" ] || die "the server does not answer"
		sleep 0.002
	done
}

start_server() {
	launch
	wait_ready
}

stop_server() {	# SIGNAL
	[ -n "$server" ] || return 0
	kill -"$1" "$server"
	wait "$server" 2>/dev/null || true
	server=''
}

get() { curl -sS --fail "$url$1"; }
info() { get /v1/info | jq -r "$1"; }
jobs_total() { info '[.jobs[]] | add'; }
cpu_us() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) * 1e6 / hz }' "/proc/$server/stat"; }
rss() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$server/status"; }
metric() { get /metrics | awk -v n="$1" '$1 == n { print $2 }'; }

# ---- load ----

# One run that takes the whole site, so that everything else waits. It ends by itself after 5 minutes.
block_site() {	# CORES
	rm -f "$tmp/blocker"
	jq -cn --arg f "$tmp/blocker" --argjson cores "$1" '{name: "blocker", cores: $cores,
		walltime_s: 400, script: "#!/bin/sh\necho $$ >\($f).new\nmv \($f).new \($f)\nexec sleep 300\n"}' |
		curl -sS --fail -o /dev/null -H 'Content-Type: application/json' --data-binary @- "$url/v1/jobs"
	for _ in $(seq 500); do
		[ ! -s "$tmp/blocker" ] || break
		sleep 0.01
	done
	blocker=$(cat "$tmp/blocker") || die "the job that takes the site did not start"
}

stop_blocker() {
	[ -z "$blocker" ] || [ "$(cat "/proc/$blocker/comm" 2>/dev/null)" != sleep ] || kill "$blocker"
	blocker=''
}

# job_lines N FILE: waiting jobs of 8 sizes and 10 walltimes, each with a name and an argument of its own.
job_lines() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
		printf "{\"name\":\"b%d\",\"command\":[\"true\",\"b%d\"],\"cores\":%d,\"walltime_s\":%d}\n",
			i, i, 1 + i % 8, 60 + 60 * (int(i * 7919 / 13) % 10) }' >"$2"
}

# post_bulk FILE: seconds from the first byte sent to the answer; the answer is in $tmp/answer.
post_bulk() {
	local out code
	out=$(curl -sS -o "$tmp/answer" -w '%{http_code} %{time_total}' -H 'Expect:' \
		-H 'Content-Type: application/x-ndjson' --data-binary "@$1" "$url/v1/jobs:bulk")
	code=${out%% *}
	[ "$code" = 201 ] || die "bulk refused, $code: $(head -c 300 "$tmp/answer")"
	echo "${out##* }"
}
