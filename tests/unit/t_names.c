/* Every value has its own stable word. */
#include "engine/model.h"
#include "lib/tap.h"

static void distinct(const char *what, const char *(*name)(unsigned), unsigned from, unsigned n)
{
	bool good = true;

	for (unsigned i = from; i < n; i++) {
		good = good && strcmp(name(i), "?") != 0;
		for (unsigned k = from; k < i; k++)
			good = good && strcmp(name(i), name(k)) != 0;
	}
	ok(good, "%s: each has its own word", what);
	is_str(name(n), "?", "and what is beyond has none");
}

static const char *state(unsigned i)
{
	return suan_state_name((enum suan_state)i);
}

static const char *reason(unsigned i)
{
	return suan_reason_name((enum suan_reason)i);
}

static const char *dep(unsigned i)
{
	return suan_dep_name((enum suan_dep_type)i);
}

static const char *guarantee(unsigned i)
{
	return suan_guarantee_name((enum suan_guarantee)i);
}

static const char *policy(unsigned i)
{
	return suan_policy_name((enum suan_policy_kind)i);
}

static const char *event(unsigned i)
{
	return suan_event_name((enum suan_event_type)i);
}

static const char *limit(unsigned i)
{
	return suan_limit_name((enum suan_limit)i);
}

int main(void)
{
	distinct("states", state, 0, SUAN_NSTATES);
	distinct("reasons", reason, 0, SUAN_NREASONS);
	distinct("dependencies", dep, 0, SUAN_AFTERCORR + 1);
	distinct("guarantees", guarantee, 0, SUAN_AT_LEAST_ONCE + 1);
	distinct("policies", policy, 0, SUAN_NPOLICIES);
	distinct("events", event, SUAN_EV_NETWORK, SUAN_EV_TRANSFER + 1);
	distinct("limits", limit, 0, SUAN_NLIMITS);
	is_str(state(SUAN_OUT_OF_MEMORY), "OUT_OF_MEMORY", "a state as documented");
	is_str(reason(SUAN_R_TOO_MANY_CORES), "too-many-cores", "a reason as documented");
	ok(!suan_state_final(SUAN_PENDING) && !suan_state_final(SUAN_STAGING) &&
	   !suan_state_final(SUAN_RUNNING) &&
	   !suan_state_final(SUAN_NSTATES), "what goes on is not final");
	ok(suan_state_final(SUAN_COMPLETED) && suan_state_final(SUAN_FAILED) &&
	   suan_state_final(SUAN_PREEMPTED) &&
	   suan_state_final(SUAN_CANCELLED) && suan_state_final(SUAN_UNKNOWN), "ends are");
	return tap_done();
}
