#!/usr/bin/env bash
# Builds suan in every way and runs every test: test.sh [--quick] [--long] [-k PATTERN]
#   --quick     the sanitized build with its unit tests, and the checkers; no threads, coverage, system
#               tests, fuzzing; of the optimised build only the hashes of decisions
#   --long      fuzz each target for 10 minutes instead of 5 seconds; unit tests under valgrind too
#   -k PATTERN  only tests whose name has PATTERN in it; no checkers
# Trees: build-test (clang, ASan + UBSan), build (gcc, optimised), build-tsan (gcc, TSan), build-cov (gcc,
# coverage), build-fuzz (clang, libFuzzer). Logs: build-logs.
# The last line is "N passed, M failed"; exits 1 if anything failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

quick='' long='' pattern=''
usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' test.sh; }
while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick=1 ;;
	--long) long=1 ;;
	-k)
		[ $# -ge 2 ] || { echo "test.sh: -k wants a pattern" >&2; exit 2; }
		pattern=$2
		shift
		;;
	-h | --help) usage; exit 0 ;;
	*) echo "test.sh: found \"$1\", want --quick, --long or -k PATTERN" >&2; exit 2 ;;
	esac
	shift
done

exec </dev/null
export PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
[ -z "$long" ] || export SUAN_TEST_LONG=1 SUAN_AGREE_CASES=20000
python=/usr/bin/python3 # Debian's, the one that python3-pytest belongs to
logs=build-logs
mkdir -p "$logs"
passed=0 failed=0
declare -a failures=() names=()

# stage NAME COMMAND…: one line with the time it took; the end of its output if it fails.
stage() {
	local name=$1 began=$SECONDS rc
	log=$logs/${name//[^A-Za-z0-9_-]/_}.log
	shift
	printf '%-28s ' "$name"
	"$@" >"$log" 2>&1
	rc=$?
	if [ $rc = 0 ]; then
		printf 'ok    %4d s\n' $((SECONDS - began))
	else
		printf 'FAIL  %4d s\n' $((SECONDS - began))
		tail -n 200 "$log" | sed 's/^/    /'
	fi
	return $rc
}

skip() { printf '%-28s skip  %s\n' "$1" "$2"; }
fail() {
	failed=$((failed + 1))
	failures+=("$1")
}

# tally STAGE RC: counts lines "ok|FAIL|skip NAME" of standard input; a stage that failed
# without a failed test counts as one.
tally() {
	local state name bad=0
	while read -r state name; do
		case $state in
		ok) passed=$((passed + 1)) ;;
		FAIL) fail "$1: $name"; bad=1 ;;
		skip) printf '    skip %s\n' "$name" ;;
		esac
	done
	[ "$2" = 0 ] || [ $bad = 1 ] || fail "$1"
}

# build TREE TARGETS… -- SETUP OPTIONS…: configures the tree if it is not there yet, then builds.
build() {
	local tree=$1 targets=()
	shift
	while [ "$1" != -- ]; do
		targets+=("$1")
		shift
	done
	shift
	if [ ! -f "$tree/build.ninja" ]; then
		stage "$tree: configure" meson setup "$tree" "$@" || { fail "$tree: configure"; return 1; }
	fi
	stage "$tree: build" ninja -C "$tree" "${targets[@]}" || { fail "$tree: build"; return 1; }
}

# test_names TREE SELECTION…: the names of meson's tests that match the pattern.
test_names() {
	local tree=$1
	shift
	meson test -C "$tree" --no-rebuild --list "$@" 2>/dev/null |
		grep -vE '^(ninja|No tests)' | sed 's#.* / ##' | grep -F -- "$pattern" | sort -u
}

# unit_tests STAGE TREE OPTIONS…: meson test, each program one test; those in the array "names" if it is not empty.
unit_tests() {
	local name=$1 tree=$2 rc
	shift 2
	[ ${#names[@]} != 0 ] || mapfile -t names < <(test_names "$tree")
	if [ ${#names[@]} = 0 ]; then
		skip "$name" "no test${pattern:+ named *$pattern*}"
		return
	fi
	rm -f "$tree"/meson-logs/testlog*.json
	# One more than there are processors: some tests wait for the disk.
	stage "$name" meson test -C "$tree" --no-rebuild --print-errorlogs --num-processes $(($(nproc) + 1)) \
		"$@" "${names[@]}"
	rc=$?
	names=()
	tally "$name" $rc < <($python tools/count_results.py meson "$tree"/meson-logs/testlog*.json)
}

# pytests STAGE BINARY TREES_OR_FILES… -- OPTIONS…
pytests() {
	local name=$1 binary=$2 where=() xml=$logs/$1.xml rc
	shift 2
	while [ "$1" != -- ]; do
		where+=("$1")
		shift
	done
	shift
	rm -f "$xml"
	SUAN_BIN=$PWD/$binary stage "$name" "$python" -m pytest -q -p no:cacheprovider --junitxml="$xml" \
		"$@" "${where[@]}"
	rc=$?
	if [ $rc = 5 ] && [ -n "$pattern" ]; then
		skip "$name" "no test named *$pattern*"
		return
	fi
	tally "$name" $rc < <([ ! -f "$xml" ] || $python tools/count_results.py junit "$xml")
}

# Hashes of decisions against tests/corpus/golden.txt: the same in every build.
golden=(t_golden t_sim_golden)

# The parts that have threads under ThreadSanitizer, and a server that runs a few jobs. The stores have none.
threads() {
	local threaded=(t_workers t_loop t_link t_pace t_copy t_store t_httpclient t_httpserver t_httpstream "${golden[@]}") targets=() t
	local smoke='command_runs or streams_output or staging_with'
	names=()
	for t in "${threaded[@]}"; do
		[[ $t != *"$pattern"* ]] || names+=("$t")
	done
	if [ ${#names[@]} = 0 ]; then
		skip threads "no test named *$pattern*"
		return
	fi
	for t in "${names[@]}"; do targets+=("tests/$t"); done
	build build-tsan src/suan "${targets[@]}" -- --werror -Db_sanitize=thread || { names=(); return; }
	unit_tests threads build-tsan --timeout-multiplier 4
	# The server forks the shepherd while it has threads, and the shepherd has one of its own.
	[ -n "$pattern" ] || TSAN_OPTIONS=die_after_fork=0 \
		pytests threads-system build-tsan/src/suan tests/system/test_jobs.py -- -k "$smoke"
}

# What the unit tests of the pure layers reach, against tools/coverage.txt.
coverage() {
	local suites=(--suite base --suite engine --suite wire) targets=() t rc
	if [ ! -f build-cov/build.ninja ]; then
		stage "build-cov: configure" meson setup build-cov --werror -Doptimization=0 -Db_coverage=true ||
			{ fail "build-cov: configure"; return; }
	fi
	mapfile -t names < <(test_names build-cov "${suites[@]}")
	names+=(t_sim_golden)
	for t in "${names[@]}"; do targets+=("tests/$t"); done
	# Counts of sources that were changed since are worth nothing.
	find build-cov -name '*.gcda' -delete
	build build-cov "${targets[@]}" -- || { names=(); return; }
	unit_tests "build-cov: tests" build-cov --timeout-multiplier 4
	stage coverage $python tools/check_coverage.py build-cov
	rc=$?
	sed 's/^/    /' "$log"
	tally coverage $rc < <(grep -E '^(ok|FAIL) ' "$log")
}

checks() {
	stage checks tools/check_all.sh build
	tally checks $? < <(grep -E '^(ok|FAIL|skip) ' "$log")
}

system_tests() {
	local dirs=() d
	for d in tests/system tests/issues; do
		[ -z "$(find "$d" -name 'test_*.py' -print -quit 2>/dev/null)" ] || dirs+=("$d")
	done
	if [ ${#dirs[@]} = 0 ]; then
		skip system "no test_*.py in tests/system"
		return
	fi
	pytests system build-test/src/suan "${dirs[@]}" -- -n $(($(nproc) + 1)) ${pattern:+-k "$pattern"}
}

# fuzz_target NAME SECONDS: on its own scratch corpus, seeded from tests/corpus/NAME.
fuzz_target() {
	local seeds=()
	mkdir -p "build-fuzz/corpus/$1"
	[ ! -d "tests/corpus/$1" ] || seeds=("tests/corpus/$1")
	"build-fuzz/tests/fuzz/fuzz_$1" -max_total_time="$2" -timeout=25 -rss_limit_mb=2048 \
		-artifact_prefix="build-fuzz/$1-" "build-fuzz/corpus/$1" "${seeds[@]}"
}

# Two targets at a time.
fuzz() {
	local seconds=5 targets=() t
	[ -z "$long" ] || seconds=600
	if ! grep -qs "option('fuzz'" meson_options.txt meson.options; then
		skip fuzz "the build has no option \"fuzz\""
		return
	fi
	local flags=-fsanitize=address,undefined,fuzzer-no-link
	if [ ! -f build-fuzz/build.ninja ]; then
		CC=clang stage "build-fuzz: configure" meson setup build-fuzz -Dfuzz=true -Db_lundef=false \
			-Dc_args="$flags -finline-hint-functions" -Dc_link_args=$flags || { fail "build-fuzz: configure"; return; }
	fi
	mapfile -t targets < <(ninja -C build-fuzz -t targets all 2>/dev/null |
		sed -n 's#^\(tests/\(fuzz/\)\{0,1\}fuzz_[A-Za-z0-9_]*\): .*_LINKER.*#\1#p' | grep -F -- "$pattern" | sort -u)
	if [ ${#targets[@]} = 0 ]; then
		if [ -n "$pattern" ]; then
			skip fuzz "no target named *$pattern*"
		else
			stage "fuzz: targets" sh -c 'echo "build-fuzz has no target tests/fuzz/fuzz_*"; false'
			fail "fuzz: no target"
		fi
		return
	fi
	build build-fuzz "${targets[@]}" -- || return
	for t in "${targets[@]}"; do
		echo "${t##*/fuzz_}"
	done >"$logs/fuzz_targets"
	export -f fuzz_target
	stage fuzz xargs -P 2 -I '{}' bash -c "fuzz_target {} $seconds >$logs/fuzz_{}.log 2>&1 && echo ok fuzz_{} ||
		{ echo FAIL fuzz_{}; tail -n 60 $logs/fuzz_{}.log; }" <"$logs/fuzz_targets"
	tally fuzz $? < <(grep -E '^(ok|FAIL) ' "$log")
}

began=$SECONDS
tools/deps.sh test || echo "going on without them"

sanitized=''
# Functions that are not marked inline are not inlined: under sanitizers that builds in half the time and is no slower.
CC=clang build build-test -- --werror -Db_lundef=false -Db_sanitize=address,undefined \
	-Dc_args=-finline-hint-functions && sanitized=1
[ -z "$sanitized" ] || unit_tests "build-test: tests" build-test

# Random histories run in full here: every step costs a tenth of what it costs under the sanitizers. What waits for
# the disk and for others is no quicker, and runs there alone, but for --long.
plain_tests() {
	local suites=() s
	for s in base engine wire plan sim core daemon cli; do suites+=(--suite "$s"); done
	[ -z "$long" ] || suites=()
	mapfile -t names < <(test_names build "${suites[@]}")
	[ -z "$quick" ] || names=("${golden[@]}")
	if [ ${#names[@]} = 0 ]; then
		skip "build: tests" "no test named *$pattern* in them"
	else
		unit_tests "build: tests" build
	fi
}

plain=''
build build -- --werror -Doptimization=3 -Ddebug=true && plain=1
[ -z "$plain" ] || plain_tests
if [ -n "$pattern" ]; then skip checks "-k"; else checks; fi
if [ -n "$long" ] && [ -n "$plain" ]; then
	unit_tests valgrind build --timeout-multiplier 20 --logbase testlog-valgrind \
		--wrap 'valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite'
fi

if [ -n "$quick" ]; then
	for s in threads coverage system fuzz; do skip $s "--quick"; done
else
	threads
	if [ -n "$pattern" ]; then skip coverage "-k"; else coverage; fi
	if [ -n "$sanitized" ]; then system_tests; else skip system "build-test failed"; fi
	fuzz
fi

echo
for f in "${failures[@]}"; do echo "failed: $f"; done
echo "took $((SECONDS - began)) s; logs in $logs"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
