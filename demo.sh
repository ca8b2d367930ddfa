#!/usr/bin/env bash
# The main job on real input: render, train and store over the ten clusters of the east-west network,
# scaled to this machine. ./demo.sh [--keep] [--crash]
set -euo pipefail
cd "$(dirname "$0")"

usage() {
	cat <<-EOT
	usage: ./demo.sh [--keep] [--crash]

	Installs what is missing, builds suan, starts ten compute centres on this machine and gives
	them real work: a film to render (POV-Ray, ffmpeg), a model to train (liblinear), a folder to
	store (zstd). Results appear in demo-out/.

	  --keep    leave the server running afterwards and say what to try
	  --crash   kill -9 the server in the middle; show that nothing was lost and nothing ran twice
	EOT
}

keep=0 crash=0
for arg in "$@"; do
	case $arg in
	--keep) keep=1 ;;
	--crash) crash=1 ;;
	-h | --help) usage; exit 0 ;;
	*) echo "demo.sh: no option \"$arg\"" >&2; usage >&2; exit 2 ;;
	esac
done

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

say "1. Install and build"
tools/deps.sh demo
[ -x build/src/suan ] || echo "building build/src/suan, which takes some minutes the first time"
[ -d build ] || meson setup build --buildtype=release -Db_ndebug=false > build.log 2>&1 || { cat build.log; exit 1; }
rm -f build.log
ninja -C build --quiet src/suan
suan=$PWD/build/src/suan

out=$PWD/demo-out
if [ -f "$out/server.pid" ] && kill -0 "$(cat "$out/server.pid")" 2> /dev/null; then
	echo "A server of an earlier demo (process $(cat "$out/server.pid")) is still running; stopping it."
	kill "$(cat "$out/server.pid")" || true
	tail --pid="$(cat "$out/server.pid")" -f /dev/null
fi
rm -rf "$out"
mkdir -p "$out"/{frames,scores,film,model,store,tree}

port=${SUAN_DEMO_PORT:-7070}
export SUAN_SERVER=http://127.0.0.1:$port
export STARTS=$out/starts.log
: > "$STARTS"

start_server() {
	"$suan" serve --data "$out/data" --network examples/east-west/local.yaml \
		--listen "127.0.0.1:$port" --insecure-local >> "$out/server.log" 2>&1 &
	server=$!
	echo "$server" > "$out/server.pid"
	for _ in $(seq 200); do
		"$suan" info > /dev/null 2>&1 && return
		kill -0 "$server" 2> /dev/null || { cat "$out/server.log" >&2; exit 1; }
		sleep 0.05
	done
	echo "demo.sh: the server does not answer" >&2
	exit 1
}

stop_server() {
	kill "$server" 2> /dev/null || true
	wait "$server" 2> /dev/null || true
	rm -f "$out/server.pid"
}
finish() {
	code=$?
	if [ "$keep" = 0 ] || [ "$code" != 0 ]; then
		stop_server
	fi
	exit "$code"
}

say "2. Start the network: ten clusters, each a site of its own on this machine"
start_server
trap finish EXIT
"$suan" sites --format name,hub,driver,state,cores,price_kwh,carbon_g_kwh

say "3. Submit"
j=examples/jobs
common=(--env "STARTS=$STARTS")
west=(--hub ningxia,inner-mongolia,guizhou,gansu)
frames=24

# Render in the west: an array of frames, then the film, by dependency.
render=$("$suan" submit "${common[@]}" --env FRAMES=$frames "${west[@]}" --array 0-$((frames - 1)) \
	--inputs "$j/scene.pov" --outputs "frame.png=$out/frames/frame-%3a.png" $j/render.sh)
join=$("$suan" submit "${common[@]}" --after "afterok:$render" --inputs "frames=$out/frames" \
	--outputs "film.mp4=$out/film/film.mp4" --outputs "picture.png=$out/film/picture.png" $j/join.sh)
echo "render in the west: job $render, $frames frames; job $join joins them"

# Train in the west: a parameter sweep, then the best of it.
$j/make-data.sh 6000 7 > "$out/train.txt"
$j/make-data.sh 3000 8 > "$out/test.txt"
train=$("$suan" submit "${common[@]}" "${west[@]}" --array 0-11 --inputs "train.txt=$out/train.txt" \
	--outputs "score.txt=$out/scores/score-%2a.txt" $j/train.sh)
pick=$("$suan" submit "${common[@]}" --after "afterok:$train" --inputs "scores=$out/scores" \
	--inputs "train.txt=$out/train.txt" --inputs "test.txt=$out/test.txt" \
	--outputs "accuracy.txt=$out/model/accuracy.txt" --outputs "model.txt=$out/model/model.txt" $j/pick.sh)
echo "train in the west:  job $train, 12 settings; job $pick picks the best"

# Store in the west: pack a real tree, verify it at another site.
cp -r src docs examples tests "$out/tree/"
pack=$("$suan" submit "${common[@]}" --site zhongwei --inputs "tree=$out/tree" \
	--outputs "tree.tar.zst=$out/store/tree.tar.zst" --outputs "tree.sha256=$out/store/tree.sha256" \
	--outputs "files.sha256=$out/store/files.sha256" $j/pack.sh)
verify=$("$suan" submit "${common[@]}" --after "afterok:$pack" --not-site zhongwei "${west[@]}" \
	--inputs "tree.tar.zst=$out/store/tree.tar.zst" --inputs "tree.sha256=$out/store/tree.sha256" \
	--inputs "files.sha256=$out/store/files.sha256" \
	--outputs "verified.txt=$out/store/verified.txt" $j/verify.sh)
echo "store in the west:  job $pack packs at zhongwei; job $verify verifies elsewhere"
jobs=("$render" "$join" "$train" "$pick" "$pack" "$verify")
expected=$((frames + 1 + 12 + 1 + 1 + 1))

say "4. Run"
done_now() { wc -l < "$STARTS"; }
progress() { "$suan" list --format job,name,state,site,elapsed,info 2> /dev/null || echo "(the server is down)"; }
lines=0
crashed=0
while :; do
	if [ -t 1 ]; then
		[ "$lines" = 0 ] || printf '\033[%dA\033[J' "$lines"
		text=$(progress)
		printf '%s\n' "$text"
		lines=$(printf '%s\n' "$text" | wc -l)
	fi
	if [ "$crash" = 1 ] && [ "$crashed" = 0 ] && [ "$(done_now)" -ge $((expected / 3)) ]; then
		echo "kill -9 $server, with $(done_now) of $expected runs started"
		kill -9 "$server"
		wait "$server" 2> /dev/null || true
		sleep 1
		echo "one second later: start again"
		start_server
		crashed=1
		lines=0
	fi
	left=$("$suan" list --state PENDING,STAGING,RUNNING --format id --no-header 2> /dev/null | wc -l)
	[ "$left" -gt 0 ] || break
	sleep 0.5
done
[ -t 1 ] || progress

say "5. What ran where, when and why there"
rc=0
"$suan" wait --quiet "${jobs[@]}" || rc=$?
"$suan" list --format job,name,state,start,elapsed,exit_code
echo
where() { # JOB: at which sites its elements ran, most first
	"$suan" show --tasks "$1" | awk '$2 == "COMPLETED" { n[$4]++ }
		END { for (s in n) printf "%d at %s\n", n[s], s }' | sort -k1,1nr -k3 | paste -sd, | sed 's/,/, /g'
}
names=(render join train pick pack verify)
echo "where their runs were:"
for i in "${!jobs[@]}"; do
	printf '  job %s %-7s %s\n' "${jobs[i]}" "${names[i]}" "$(where "${jobs[i]}")"
done
why() { # ID QUESTION: the candidates, as a user sees them
	printf '\n%s (suan why %s)\n' "$2" "$1"
	"$suan" why "$1"
}
why "${render}_0" "Why did the first frame go there?"
why "$pack" "Why was the archive packed there? It was submitted with --site."
why "$verify" "Why was it verified there? Anywhere in the west but where it was packed."
if [ "$rc" != 0 ]; then
	echo "demo.sh: a job failed (exit code $rc); suan list and demo-out/server.log tell more" >&2
	exit 1
fi

if [ "$crash" = 1 ]; then
	say "After the crash"
	twice=$(sort "$STARTS" | uniq -d | wc -l)
	again=$(awk '{ print $1, $2 }' "$STARTS" | sort | uniq -d | wc -l)
	echo "runs expected: $expected, started: $(done_now), started more than once: $again"
	if [ "$(done_now)" != "$expected" ] || [ "$again" != 0 ] || [ "$twice" != 0 ]; then
		echo "demo.sh: lost or doubled runs, see $STARTS" >&2
		exit 1
	fi
	echo "Nothing was lost and nothing ran twice."
fi

say "6. Results"
sed 's/^/  /' "$out/model/accuracy.txt" "$out/store/verified.txt"
printf '\n'
for f in film/film.mp4 film/picture.png model/model.txt model/accuracy.txt store/tree.tar.zst store/verified.txt; do
	printf '  %10s bytes  demo-out/%s\n' "$(stat -c %s "$out/$f")" "$f"
done
printf '\nOpen the film: demo-out/film/film.mp4, or its first frame: demo-out/film/picture.png\n'

if [ "$keep" = 1 ]; then
	cat <<-EOT

	The server is still running (process $server). Try:
	  export SUAN_SERVER=$SUAN_SERVER PATH=\$PATH:$PWD/build/src
	  suan sites; suan list; suan show $render --tasks; suan why ${render}_7
	  suan submit --wait -- sh -c 'echo hello from \$SUAN_SITE'
	  suan logs ${render}_3
	Stop it with: kill $server
	EOT
fi
