/* Stable words for the enums of model.h; they appear in the API and in documents. */
#include "engine/model.h"
#include "engine/signals.h"

static const char *word(const char *const *list, size_t n, unsigned i)
{
	return i < n && list[i] ? list[i] : "?";
}

#define WORD(list, i) word(list, sizeof(list) / sizeof((list)[0]), (unsigned)(i))

const char *suan_state_name(enum suan_state s)
{
	static const char *const words[] = {
		[SUAN_PENDING] = "PENDING",
		[SUAN_STAGING] = "STAGING",
		[SUAN_RUNNING] = "RUNNING",
		[SUAN_COMPLETED] = "COMPLETED",
		[SUAN_FAILED] = "FAILED",
		[SUAN_TIMEOUT] = "TIMEOUT",
		[SUAN_OUT_OF_MEMORY] = "OUT_OF_MEMORY",
		[SUAN_CANCELLED] = "CANCELLED",
		[SUAN_PREEMPTED] = "PREEMPTED",
		[SUAN_UNKNOWN] = "UNKNOWN",
	};

	return WORD(words, s);
}

bool suan_state_final(enum suan_state s)
{
	return s >= SUAN_COMPLETED && s < SUAN_NSTATES;
}

const char *suan_dep_name(enum suan_dep_type t)
{
	static const char *const words[] = {
		[SUAN_AFTEROK] = "afterok",
		[SUAN_AFTERANY] = "afterany",
		[SUAN_AFTERNOTOK] = "afternotok",
		[SUAN_AFTERCORR] = "aftercorr",
	};

	return WORD(words, t);
}

const char *suan_reason_name(enum suan_reason r)
{
	static const char *const words[SUAN_NREASONS] = {
		[SUAN_R_NONE] = "none",
		[SUAN_R_HELD] = "held",
		[SUAN_R_BEGIN] = "begin",
		[SUAN_R_DEPENDENCY] = "dependency",
		[SUAN_R_DEPENDENCY_NEVER] = "dependency-never",
		[SUAN_R_ARRAY_CAP] = "array-cap",
		[SUAN_R_PRIORITY] = "priority",
		[SUAN_R_RESOURCES] = "resources",
		[SUAN_R_STARTING] = "starting",
		[SUAN_R_CANCELLING] = "cancelling",
		[SUAN_R_PLACED] = "placed",
		[SUAN_R_CHOSEN] = "chosen",
		[SUAN_R_LATER_START] = "later-start",
		[SUAN_R_COSTLIER] = "costlier",
		[SUAN_R_TIE] = "tie",
		[SUAN_R_NOT_ALLOWED] = "not-allowed",
		[SUAN_R_SITE_DOWN] = "site-down",
		[SUAN_R_SITE_DRAIN] = "site-drain",
		[SUAN_R_NO_DRIVER] = "no-driver",
		[SUAN_R_TOO_MANY_CORES] = "too-many-cores",
		[SUAN_R_TOO_MUCH_MEMORY] = "too-much-memory",
		[SUAN_R_TOO_MANY_GPUS] = "too-many-gpus",
		[SUAN_R_GPU_KIND] = "gpu-kind",
		[SUAN_R_TOO_MANY_NODES] = "too-many-nodes",
		[SUAN_R_TOO_MANY_TASKS] = "too-many-tasks",
		[SUAN_R_DEADLINE] = "deadline",
		[SUAN_R_NO_POOL] = "no-pool",
		[SUAN_R_BAD_DEPENDENCY] = "bad-dependency",
		[SUAN_R_TOO_LONG] = "too-long",
		[SUAN_R_QUEUE_FULL] = "queue-full",
		[SUAN_R_EXIT_CODE] = "exit-code",
		[SUAN_R_SIGNAL] = "signal",
		[SUAN_R_WALLTIME] = "walltime",
		[SUAN_R_MEMORY] = "memory",
		[SUAN_R_CANCELLED_BY_USER] = "cancelled-by-user",
		[SUAN_R_LOST] = "lost",
		[SUAN_R_START_FAILED] = "start-failed",
		[SUAN_R_STAGING_FAILED] = "staging-failed",
		[SUAN_R_TOO_MANY_ATTEMPTS] = "too-many-attempts",
		[SUAN_R_PAUSED] = "paused",
		[SUAN_R_SITE_GONE] = "site-gone",
		[SUAN_R_PREEMPTED] = "preempted",
		[SUAN_R_QUOTA] = "quota",
		[SUAN_R_OVER_QUOTA] = "over-quota",
		[SUAN_R_RESERVATION] = "reservation",
		[SUAN_R_RESERVATION_OVER] = "reservation-over",
		[SUAN_R_RESERVED] = "reserved",
		[SUAN_R_RESERVATION_USER] = "reservation-user",
		[SUAN_R_RESERVATIONS] = "reservations",
		[SUAN_R_NODE_HOURS] = "node-hours",
		[SUAN_R_HORIZON] = "horizon",
		[SUAN_R_NODES_LOST] = "nodes-lost",
		[SUAN_R_TOO_FAR] = "too-far",
		[SUAN_R_RESIDENCY] = "residency",
		[SUAN_R_GOAL] = "goal",
		[SUAN_R_DATA] = "data",
		[SUAN_R_DATA_LATE] = "data-late",
		[SUAN_R_CACHE_FULL] = "cache-full",
	};

	return WORD(words, r);
}

const char *suan_guarantee_name(enum suan_guarantee g)
{
	static const char *const words[] = {
		[SUAN_LEASE] = "lease",
		[SUAN_AT_MOST_ONCE] = "at-most-once",
		[SUAN_AT_LEAST_ONCE] = "at-least-once",
	};

	return WORD(words, g);
}

const char *suan_policy_name(enum suan_policy_kind p)
{
	static const char *const words[] = {
		[SUAN_POLICY_EASY] = "easy",
		[SUAN_POLICY_FCFS] = "fcfs",
		[SUAN_POLICY_CONSERVATIVE] = "conservative",
		[SUAN_POLICY_SJF] = "sjf",
		[SUAN_POLICY_LJF] = "ljf",
		[SUAN_POLICY_F1] = "f1",
		[SUAN_POLICY_WFP3] = "wfp3",
		[SUAN_POLICY_SUAN] = "suan",
	};

	return WORD(words, p);
}

const char *suan_packing_name(enum suan_packing p)
{
	static const char *const words[] = {
		[SUAN_BEST_FIT] = "best-fit",
		[SUAN_FRAGMENTATION] = "fragmentation",
	};

	return WORD(words, p);
}

const char *suan_event_name(enum suan_event_type t)
{
	static const char *const words[] = {
		[SUAN_EV_NETWORK] = "network",
		[SUAN_EV_POLICY] = "policy",
		[SUAN_EV_SUBMIT] = "submit",
		[SUAN_EV_CANCEL] = "cancel",
		[SUAN_EV_HOLD] = "hold",
		[SUAN_EV_RELEASE] = "release",
		[SUAN_EV_REQUEUE] = "requeue",
		[SUAN_EV_PRIORITY] = "priority",
		[SUAN_EV_REPORT] = "report",
		[SUAN_EV_SITE] = "site",
		[SUAN_EV_CAPACITY] = "capacity",
		[SUAN_EV_PASS] = "pass",
		[SUAN_EV_FORGET] = "forget",
		[SUAN_EV_ACCOUNTS] = "accounts",
		[SUAN_EV_RESERVE] = "reserve",
		[SUAN_EV_UNRESERVE] = "unreserve",
		[SUAN_EV_SIGNAL] = "signal",
		[SUAN_EV_DATA] = "data",
		[SUAN_EV_TRANSFER] = "transfer",
	};

	return WORD(words, t);
}

const char *suan_limit_name(enum suan_limit l)
{
	static const char *const words[SUAN_NLIMITS] = {
		[SUAN_LIMIT_RUNS] = "runs",
		[SUAN_LIMIT_CORES] = "cores",
		[SUAN_LIMIT_GPUS] = "gpus",
		[SUAN_LIMIT_MEMORY] = "memory",
		[SUAN_LIMIT_PENDING] = "pending",
	};

	return WORD(words, l);
}

const char *suan_signal_kind_name(enum suan_signal_kind k)
{
	static const char *const words[] = {
		[SUAN_SIGNAL_PRICE] = "price",
		[SUAN_SIGNAL_CARBON] = "carbon",
		[SUAN_SIGNAL_CARBON_MARKET] = "carbon_market",
		[SUAN_SIGNAL_RENEWABLE] = "renewable",
		[SUAN_SIGNAL_TEMPERATURE] = "temperature",
	};

	return WORD(words, k);
}

const char *suan_signal_source_name(enum suan_signal_source s)
{
	static const char *const words[] = {
		[SUAN_SIGNAL_UNKNOWN] = "unknown",
		[SUAN_SIGNAL_CONSTANT] = "constant",
		[SUAN_SIGNAL_TARIFF] = "tariff",
		[SUAN_SIGNAL_ACTUAL] = "actual",
		[SUAN_SIGNAL_FORECAST] = "forecast",
		[SUAN_SIGNAL_REPEATED] = "repeated",
	};

	return WORD(words, s);
}

const char *suan_goal_name(enum suan_goal g)
{
	static const char *const names[SUAN_NGOALS] = {"fastest", "cheapest", "greenest",
						       "balanced"};

	return (unsigned)g < SUAN_NGOALS ? names[g] : "?";
}

const char *suan_replica_name(enum suan_replica_state s)
{
	static const char *const words[] = {
		[SUAN_REPLICA_COPYING] = "COPYING",
		[SUAN_REPLICA_COMPLETE] = "COMPLETE",
		[SUAN_REPLICA_LOST] = "LOST",
	};

	return WORD(words, s);
}
