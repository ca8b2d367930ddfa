# A private Slurm on loopback as the peer: no systemd, nothing below /etc. Sourced after lib.sh.
# shellcheck shell=bash
PATH=$PATH:/usr/sbin:/sbin
slurm_pids=()

# slurm_wanted: true if Slurm is there, or --peer was given and it could be installed.
slurm_wanted() {
	local p missing=0
	for p in slurmctld slurmd sbatch munged; do
		command -v "$p" >/dev/null || missing=1
	done
	[ "$missing" = 1 ] || return 0
	[ "$peer" = 1 ] || { say "peer: Slurm is not installed; --peer installs and measures it"; return 1; }
	[ "$(id -u)" = 0 ] || die "--peer: install slurmctld slurmd slurm-client munge, or run as root"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		slurmctld slurmd slurm-client munge >"$tmp/apt.log" 2>&1 ||
		{ tail -n 3 "$tmp/apt.log" >&2; die "could not install Slurm"; }
}

slurm_version() { slurmctld -V; }

slurm_conf() {	# NODES CPUS
	local host i nodes='' ports=''
	host=$(hostname -s)
	for i in $(seq "$1"); do
		nodes="${nodes:+$nodes,}n$i" ports="${ports:+$ports,}$((slurm_port + i))"
	done
	cat <<-EOT
	ClusterName=bench
	SlurmctldHost=$host(127.0.0.1)
	SlurmctldPort=$slurm_port
	SlurmUser=$(id -un)
	SlurmdUser=$(id -un)
	AuthType=auth/munge
	CredType=cred/munge
	AuthInfo=socket=$slurm_dir/munge.socket
	StateSaveLocation=$slurm_dir/state
	SlurmdSpoolDir=$slurm_dir/spool-%n
	SlurmctldPidFile=$slurm_dir/slurmctld.pid
	SlurmdPidFile=$slurm_dir/slurmd-%n.pid
	MailProg=/bin/true
	MpiDefault=none
	ProctrackType=proctrack/pgid
	TaskPlugin=task/none
	JobAcctGatherType=jobacct_gather/none
	AccountingStorageType=accounting_storage/none
	JobCompType=jobcomp/filetxt
	JobCompLoc=$slurm_dir/done.log
	SelectType=select/cons_tres
	SelectTypeParameters=CR_Core
	SchedulerType=sched/backfill
	SchedulerParameters=default_queue_depth=1000
	SlurmdParameters=config_overrides
	ReturnToService=2
	MaxJobCount=100000
	MaxArraySize=100001
	NodeName=$nodes NodeHostname=$host NodeAddr=127.0.0.1 Port=$ports CPUs=$2 RealMemory=1000 State=UNKNOWN
	PartitionName=main Nodes=$nodes Default=YES MaxTime=INFINITE State=UP
	EOT
}

slurm_daemon() {	# COMMAND…: in the foreground of its own process, so that its pid is known
	"$@" </dev/null >>"$slurm_dir/log" 2>&1 &
	slurm_pids+=("$!")
}

# slurm_start NODES CPUS: emulated nodes on this machine; sets SLURM_CONF.
slurm_start() {
	local i idle=0
	slurm_dir=$tmp/slurm
	slurm_port=$(free_port)
	mkdir -p "$slurm_dir/state"
	head -c 1024 /dev/urandom >"$slurm_dir/munge.key"
	chmod 600 "$slurm_dir/munge.key"
	export SLURM_CONF=$slurm_dir/slurm.conf
	slurm_conf "$1" "$2" >"$SLURM_CONF"
	: >"$slurm_dir/done.log"
	slurm_daemon munged -F --force --key-file="$slurm_dir/munge.key" \
		--socket="$slurm_dir/munge.socket" --pid-file="$slurm_dir/munged.pid" \
		--log-file="$slurm_dir/munged.log" --seed-file="$slurm_dir/munged.seed"
	for i in $(seq 100); do
		[ ! -S "$slurm_dir/munge.socket" ] || break
		sleep 0.05
	done
	slurm_daemon slurmctld -D -f "$SLURM_CONF"
	for i in $(seq "$1"); do
		mkdir -p "$slurm_dir/spool-n$i"
		slurm_daemon slurmd -D -N "n$i" -f "$SLURM_CONF"
	done
	for i in $(seq 200); do
		idle=$(timeout 5 sinfo -h -N -o %T 2>/dev/null | grep -c '^idle' || true)
		[ "$idle" != "$1" ] || return 0
		sleep 0.1
	done
	tail -n 5 "$slurm_dir/log" >&2
	die "the private Slurm did not come up"
}

peer_stop() {	# newest first: nodes, controller, munged
	local i
	[ "${#slurm_pids[@]}" -gt 0 ] || return 0
	timeout 20 scancel -u "$(id -un)" 2>/dev/null
	for ((i = ${#slurm_pids[@]} - 1; i >= 0; i--)); do
		kill "${slurm_pids[i]}" 2>/dev/null
		wait "${slurm_pids[i]}" 2>/dev/null
	done
	slurm_pids=()
}

slurm_completed() { grep -c JobState=COMPLETED "$slurm_dir/done.log" || true; }
