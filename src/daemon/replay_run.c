/* suan replay: reading, running. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "daemon/replay.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/memory.h"
#include "wire/accounts.h"
#include "wire/network.h"

#define SERVICE_DEPTH 1000 /* what plan_depth 0 is in a service */
#define NETWORK_BYTES (64u << 20)
#define ACCOUNTS_BYTES (64u << 20)

static int complain(const struct suan_replayed *r)
{
	const struct suan_err *e = &r->err;

	fprintf(stderr, "suan replay: %s\n", e->text);
	if (e->code == SUAN_ENOTFOUND)
		return SUAN_EXIT_NOTFOUND;
	return e->code == SUAN_EINVAL || e->code == SUAN_ECORRUPT || e->code == SUAN_ETOOBIG
		       ? SUAN_EXIT_USAGE
		       : SUAN_EXIT_FAILED;
}

/* ---- reading ---- */

static enum suan_code take_time(struct suan_replayed *r, const char *option, const char *value,
				int64_t *ret)
{
	enum suan_code rc;

	if (!value)
		return SUAN_OK;
	rc = suan_parse_time(value, suan_clock_now_ms(), ret, &r->err);
	if (rc != SUAN_OK)
		suan_err_prefix(&r->err, "--%s", option);
	return rc;
}

/* Before anything is read: a mistyped time should not cost minutes. */
static enum suan_code take_window(struct suan_replayed *r)
{
	enum suan_code rc;

	r->window = (struct suan_demand_window){INT64_MIN / 4, INT64_MAX / 4};
	rc = take_time(r, "from", r->asked->from, &r->window.from_ms);
	if (rc == SUAN_OK)
		rc = take_time(r, "until", r->asked->until, &r->window.until_ms);
	if (rc == SUAN_OK && r->window.from_ms >= r->window.until_ms)
		rc = suan_fail(&r->err, SUAN_EINVAL, "--until is not after --from");
	return rc;
}

/* The store is closed before the simulation: while it is open, the service cannot shorten its
 * write-ahead log. */
static enum suan_code read_past(struct suan_replayed *r)
{
	struct suan_store *s = NULL;
	enum suan_code rc = suan_store_sqlite.open_read(&s, r->asked->data, &r->err);

	if (rc == SUAN_OK) {
		rc = suan_past_read(s, &r->past, &r->err);
		s->ops->close(s);
	}
	if (rc != SUAN_OK)
		return rc;
	if (r->window.from_ms < r->past.first_ms)
		r->window.from_ms = r->past.first_ms;
	if (r->window.until_ms > r->past.last_ms)
		r->window.until_ms = r->past.last_ms + 1;
	return SUAN_OK;
}

static enum suan_code read_network(struct suan_replayed *r)
{
	struct suan_buf text;
	enum suan_code rc;

	suan_buf_init(&text, NETWORK_BYTES);
	rc = suan_fs_read(r->asked->network, &text, &r->err);
	if (rc == SUAN_OK)
		rc = suan_network_parse(suan_buf_str(&text), text.len, r->asked->network, &r->arena,
					&r->whatif.now, &r->err);
	suan_buf_done(&text);
	r->whatif.other = true;
	return rc;
}

static enum suan_code make_network(struct suan_replayed *r)
{
	const struct suan_replay *s = r->asked;
	enum suan_code rc = suan_whatif_init(&r->whatif, &r->arena, &r->past, r->window.from_ms,
					     r->window.until_ms, &r->err);

	if (rc == SUAN_OK && s->network)
		rc = read_network(r);
	for (uint32_t i = 0; rc == SUAN_OK && i < s->nadd; i++)
		rc = suan_whatif_add(&r->whatif, s->add[i], &r->err);
	for (uint32_t i = 0; rc == SUAN_OK && i < s->nwithout; i++)
		rc = suan_whatif_without(&r->whatif, s->without[i], &r->err);
	return rc;
}

static enum suan_code read_accounts(struct suan_replayed *r)
{
	struct suan_buf text;
	enum suan_code rc;

	suan_buf_init(&text, ACCOUNTS_BYTES);
	rc = suan_fs_read(r->asked->accounts, &text, &r->err);
	if (rc == SUAN_OK)
		rc = suan_accounts_parse(suan_buf_str(&text), text.len, r->asked->accounts,
					 &r->arena, &r->accounts.first, &r->err);
	suan_buf_done(&text);
	r->accounts.any = true;
	return rc;
}

/* Those of that time, or of the file. */
static enum suan_code make_accounts(struct suan_replayed *r)
{
	return r->asked->accounts ? read_accounts(r)
				  : suan_whatif_accounts(&r->past, r->demand.zero_ms, &r->arena,
							 &r->accounts, &r->err);
}

static enum suan_code prepare_out(struct suan_replayed *r)
{
	const char *out = r->asked->out;
	enum suan_code rc;

	if (!out)
		return SUAN_OK;
	rc = suan_fs_mkdirs(out, 0777, &r->err);
	if (rc == SUAN_OK && access(out, W_OK | X_OK) != 0)
		rc = suan_fail(&r->err, SUAN_EDENIED, "cannot write there: %s", strerror(errno));
	if (rc != SUAN_OK)
		suan_err_prefix(&r->err, "--out %s", out);
	return rc;
}

static enum suan_code read_all(struct suan_replayed *r)
{
	enum suan_code rc = take_window(r);

	if (rc == SUAN_OK)
		rc = prepare_out(r);
	if (rc == SUAN_OK)
		rc = read_past(r);
	if (rc == SUAN_OK)
		rc = make_network(r);
	if (rc == SUAN_OK)
		rc = suan_demand_make(&r->past, &r->window, &r->whatif.then, &r->whatif.now,
				      &r->demand, &r->err);
	if (rc == SUAN_OK)
		rc = make_accounts(r);
	if (rc == SUAN_OK)
		rc = suan_whatif_outages(&r->whatif, &r->past, r->demand.zero_ms, &r->outages,
					 &r->outages_left_out, &r->err);
	r->read_us = suan_clock_mono_us() - r->began_us;
	r->read_rss_bytes = suan_memory_peak_bytes();
	return rc;
}

/* ---- running ---- */

static struct suan_replay_run *next_run(struct suan_replayed *r, const char *name,
					const struct suan_network *net)
{
	struct suan_replay_run *x = &r->runs[r->nruns++];

	x->setup = (struct suan_sim_setup){.network = net,
					   .trace = &r->demand.trace,
					   .more = r->demand.more,
					   .outages = &r->outages,
					   .accounts = r->accounts.any ? &r->accounts.first : NULL,
					   .commands = r->accounts.later,
					   .ncommands = r->accounts.nlater,
					   .policy = r->past.policy,
					   .estimates = r->asked->estimates};
	x->outcome = (struct suan_sim_outcome){
		.policy = name, .setup = &x->setup, .result = &x->result, .scores = &x->scores};
	return x;
}

static enum suan_code as_it_was(struct suan_replayed *r)
{
	struct suan_replay_run *x = next_run(r, "as it was", &r->whatif.then);
	size_t n = r->demand.trace.njobs;

	x->result.rows = malloc((n + 1) * sizeof(*x->result.rows));
	if (!x->result.rows)
		return suan_fail(&r->err, SUAN_ENOMEM, "out of memory");
	memcpy(x->result.rows, r->demand.rows, n * sizeof(*x->result.rows));
	x->result.nrows = n;
	x->result.total = n;
	for (size_t i = 0; i < n; i++)
		x->result.completed += x->result.rows[i].start_ms >= 0;
	x->result.unfinished = n - x->result.completed;
	x->result.schedule_hash = suan_sim_hash_rows(&x->result);
	x->outcome.perf.wall_us = x->outcome.perf.read_us = r->read_us;
	x->outcome.perf.peak_rss_bytes = x->outcome.perf.read_rss_bytes = r->read_rss_bytes;
	return suan_sim_score(&x->setup, &x->result, &x->scores, &r->err);
}

/* The service's settings of that time, but no limit to the queue: what was taken then is asked for
 * now. */
static enum suan_code simulate(struct suan_replayed *r, enum suan_policy_kind policy)
{
	struct suan_replay_run *x = next_run(r, suan_policy_name(policy), &r->whatif.now);
	int64_t began = suan_clock_mono_us(), simulated;
	enum suan_code rc;

	x->setup.policy.kind = policy;
	x->setup.policy.max_pending = 0;
	if (r->asked->has_estimates)
		x->setup.policy.predict = r->asked->estimates == SUAN_SIM_PREDICTED;
	if (x->setup.policy.plan_depth == 0)
		x->setup.policy.plan_depth = SERVICE_DEPTH;
	rc = suan_sim_run(&x->setup, &x->result, &r->err);
	simulated = suan_clock_mono_us();
	if (rc == SUAN_OK)
		rc = suan_sim_score(&x->setup, &x->result, &x->scores, &r->err);
	x->outcome.perf =
		(struct suan_sim_perf){.wall_us = r->read_us + suan_clock_mono_us() - began,
				       .read_us = r->read_us,
				       .simulate_us = simulated - began,
				       .peak_rss_bytes = suan_memory_peak_bytes(),
				       .read_rss_bytes = r->read_rss_bytes};
	return rc;
}

static enum suan_code run_all(struct suan_replayed *r)
{
	const struct suan_replay *s = r->asked;
	enum suan_code rc = read_all(r);

	if (rc == SUAN_OK)
		rc = as_it_was(r);
	if (rc == SUAN_OK && s->npolicies == 0)
		rc = simulate(r, r->past.policy.kind);
	for (uint32_t i = 0; rc == SUAN_OK && i < s->npolicies; i++)
		rc = simulate(r, s->policies[i]);
	if (rc == SUAN_OK && s->out)
		rc = suan_replay_write(r);
	return rc;
}

int suan_replay(const struct suan_replay *asked)
{
	struct suan_replayed *r = calloc(1, sizeof(*r));
	int rc = SUAN_EXIT_OK;

	if (!r) {
		fprintf(stderr, "suan replay: out of memory\n");
		return SUAN_EXIT_FAILED;
	}
	r->asked = asked;
	r->began_us = suan_clock_mono_us();
	suan_arena_init(&r->arena, 0);
	if (run_all(r) == SUAN_OK)
		suan_replay_print(r);
	else
		rc = complain(r);
	for (uint32_t i = 0; i < r->nruns; i++) {
		suan_sim_result_done(&r->runs[i].result);
		suan_sim_scores_done(&r->runs[i].scores);
	}
	suan_sim_outages_done(&r->outages);
	suan_demand_done(&r->demand);
	suan_past_done(&r->past);
	suan_arena_done(&r->arena);
	free(r);
	return rc;
}
