/* Front door of the state machine: one event in, effects out. */
#include "engine/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/alone.h"
#include "engine/data.h"
#include "engine/order.h"
#include "engine/reserve.h"
#include "engine/state.h"

#define MANY_EFFECTS 4096u

/* ---- effects ---- */

void suan_effects_init(struct suan_effects *fx)
{
	memset(fx, 0, sizeof(*fx));
	fx->pool = SUAN_NO_POOL;
}

void suan_effects_done(struct suan_effects *fx)
{
	free(fx->list);
	suan_effects_init(fx);
}

static void effects_reset(struct suan_effects *fx)
{
	struct suan_effect *list = fx->list;
	size_t cap = fx->cap;

	suan_effects_init(fx);
	if (cap > MANY_EFFECTS) {	/* of a bulk: not wanted again soon */
		free(list);
		return;
	}
	fx->list = list;
	fx->cap = cap;
}

enum suan_code suan_effects_reserve(struct suan_effects *fx, size_t more)
{
	return suan_grow(&fx->list, &fx->cap, fx->count + more, sizeof(*fx->list));
}

void suan_effects_push(struct suan_effects *fx, const struct suan_effect *x)
{
	assert(fx->count < fx->cap);
	fx->list[fx->count++] = *x;
}

/* ---- life ---- */

static bool make_parts(struct suan_engine *e)
{
	e->strings = suan_intern_new();
	e->signals = suan_signals_new(NULL, NULL, 0);
	e->plan = calloc(1, sizeof(*e->plan));
	if (!e->strings || !e->signals || !e->plan)
		return false;
	e->plan->planner = suan_planner_new();
	if (!e->plan->planner)
		return false;
	suan_planner_policy(e->plan->planner, suan_order_mode(e->policy.kind),
			    e->policy.plan_depth);
	return suan_net_copy(&e->net.arena, &(struct suan_network){0}, &e->net.network) == SUAN_OK;
}

struct suan_engine *suan_engine_new(void)
{
	struct suan_engine *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->next_id = 1;
	suan_map_init(&e->rule_of);
	suan_map_init(&e->key_of);
	suan_map_init(&e->data.by_name);
	suan_map_init(&e->data.want_of);
	suan_arena_init(&e->net.arena, 0);
	suan_acct_init(&e->acct);
	if (!make_parts(e)) {
		suan_engine_free(e);
		return NULL;
	}
	return e;
}

static void free_jobs(struct suan_engine *e)
{
	for (size_t p = 0; p < e->npages; p++) {
		for (uint32_t i = 0; e->pages[p] && i < SUAN_PAGE; i++)
			suan_jobs_free(e, e->pages[p]->jobs[i]);
		suan_jobs_release(e, e->pages[p], sizeof(**e->pages));
	}
	free(e->pages);
}

void suan_engine_free(struct suan_engine *e)
{
	if (!e)
		return;
	suan_alone_free(e);
	free_jobs(e);
	suan_rules_done(e);
	suan_net_done(&e->net);
	free(e->keys);
	suan_map_done(&e->key_of);
	suan_dues_done(&e->leases);
	suan_reserve_done(e);
	suan_signals_free(e->signals);
	suan_data_done(e);
	if (e->plan) {
		suan_planner_free(e->plan->planner);
		suan_dues_done(&e->plan->begins);
		free(e->plan->dirty);
		free(e->plan->fresh);
		free(e->plan->rights);
		free(e->plan->goals);
		free(e->plan->marks);
		free(e->plan);
	}
	suan_history_done(&e->history, e->strings);
	suan_acct_done(&e->acct, e->strings);
	suan_mix_done(&e->mix, e->strings);
	suan_intern_free(e->strings);
	suan_buf_done(&e->scratch);
	free(e->picks);
	free(e);
}

uint64_t suan_engine_seq(const struct suan_engine *e)
{
	return e->seq;
}

int64_t suan_engine_now(const struct suan_engine *e)
{
	return e->now_ms;
}

uint32_t suan_engine_max_attempts(const struct suan_engine *e)
{
	uint32_t n = e->policy.max_attempts ? e->policy.max_attempts : SUAN_DEFAULT_ATTEMPTS;

	return n < UINT16_MAX ? n : UINT16_MAX;		/* so far the losses are counted */
}

/* ---- events about the whole ---- */

static enum suan_code check_policy(const struct suan_policy *p, struct suan_err *err)
{
	if ((unsigned)p->kind >= SUAN_NPOLICIES || p->default_walltime_ms < 0 ||
	    p->max_walltime_ms < 0 || p->preemption.min_run_ms < 0 ||
	    p->preemption.grace_ms < 0 || p->preemption.max_victims > SUAN_MOST_VICTIMS ||
	    (unsigned)p->packing >= SUAN_NPACKINGS || p->reserve_horizon_ms < 0)
		return suan_fail(err, SUAN_EINVAL, "the policy has an unknown kind or packing, a "
				 "negative time, or max_victims above %u", SUAN_MOST_VICTIMS);
	return SUAN_OK;
}

static enum suan_code set_policy(struct suan_engine *e, const struct suan_policy *p,
				 struct suan_err *err)
{
	enum suan_code rc = check_policy(p, err);

	if (rc != SUAN_OK)
		return rc;
	/* slots mean nothing to another policy, so the planner hears of it at once */
	suan_planner_policy(e->plan->planner, suan_order_mode(p->kind), p->plan_depth);
	if (p->kind != e->policy.kind || p->model_sites != e->policy.model_sites ||
	    (p->plan_steps > 0) != (e->policy.plan_steps > 0))
		e->plan->all_dirty = e->plan->rekey = true;
	e->plan->firm_id = 0;
	e->policy = *p;
	suan_net_measure(&e->net, p);
	suan_planner_freed(e->plan->planner, SUAN_FOREVER);
	e->plan->pools_dirty = true;	/* modelled sites open or close */
	suan_alone_revise(e);
	return SUAN_OK;
}

static uint32_t find_site(const struct suan_engine *e, const struct suan_event *ev)
{
	return ev->u.site.name ? suan_net_site(&e->net, ev->u.site.name) : SUAN_NO_POOL;
}

static void set_site(struct suan_engine *e, const struct suan_event *ev)
{
	uint32_t site = find_site(e, ev);

	if (ev->u.site.state == SUAN_SITE_UP)
		suan_net_lift_pauses(e, site);
	if (e->net.sites[site].state == ev->u.site.state)
		return;
	e->net.sites[site].state = ev->u.site.state;
	e->data.stale = true;	/* what comes from there or cannot */
	suan_planner_freed(e->plan->planner, SUAN_FOREVER);
	e->plan->pools_dirty = true;
}

static void set_capacity(struct suan_engine *e, const struct suan_event *ev)
{
	struct suan_eng_pool *p = &e->net.pools[ev->u.capacity.pool];

	if (p->usable == ev->u.capacity.nodes)
		return;
	p->usable = ev->u.capacity.nodes;
	suan_planner_freed(e->plan->planner, SUAN_FOREVER);
	e->plan->pools_dirty = true;
}

/* ---- step and check ---- */

static void ask_signal(const struct suan_engine *e, const struct suan_event *ev,
		       struct suan_effects *out, struct suan_err *err)
{
	const struct suan_signal_spec *s = ev->u.signal;
	uint32_t site = s->site ? suan_net_site(&e->net, s->site) : SUAN_NO_POOL;

	if (site == SUAN_NO_POOL)
		out->code = suan_fail_field(err, SUAN_ENOTFOUND, "site", "no site \"%.100s\"",
					    s->site ? s->site : "");
	else
		out->code = suan_signals_check(s, ev->now_ms, err);
	if (out->code == SUAN_OK && suan_signals_mixes(e->signals, site, s))
		out->code = suan_fail_field(err, SUAN_ECONFLICT, "marginal",
					    "marginal and mean intensities do not go together; "
					    "right is the same kind, or to replace what there is");
}

/* What a service would answer, for the events that can be refused (but SUBMIT). */
static void answer(const struct suan_engine *e, const struct suan_event *ev,
		   struct suan_effects *out, struct suan_err *err)
{
	if (ev->type == SUAN_EV_SITE) {
		if (find_site(e, ev) == SUAN_NO_POOL)
			out->code = suan_fail(err, SUAN_ENOTFOUND, "no site \"%.100s\"",
					      ev->u.site.name ? ev->u.site.name : "");
		else if ((unsigned)ev->u.site.state > SUAN_SITE_DRAIN)
			out->code = suan_fail(err, SUAN_EINVAL, "no such state of a site");
	} else if (ev->type == SUAN_EV_CAPACITY) {
		if (ev->u.capacity.pool >= e->net.npools)
			out->code = suan_fail(err, SUAN_ENOTFOUND, "no pool %u",
					      ev->u.capacity.pool);
	} else if (ev->type >= SUAN_EV_CANCEL && ev->type <= SUAN_EV_PRIORITY) {
		suan_engine_ask(e, ev, out, err);
	} else if (ev->type == SUAN_EV_FORGET) {
		suan_engine_ask(e, ev, out, err);
	} else if (ev->type == SUAN_EV_UNRESERVE) {
		suan_engine_ask_unreserve(e, ev, out, err);
	} else if (ev->type == SUAN_EV_SIGNAL) {
		ask_signal(e, ev, out, err);
	} else if (ev->type == SUAN_EV_DATA) {
		suan_engine_ask_data(e, ev, out, err);
	}
}

/* The wake of the pauses comes before those of the pass, as nothing may fail after it. */
static enum suan_code pass(struct suan_engine *e, int64_t now_ms, struct suan_effects *out)
{
	struct suan_effect wake = {.type = SUAN_FX_WAKE, .pool = SUAN_NO_POOL};
	enum suan_code rc = suan_effects_reserve(out, 1);
	struct suan_kept slot;
	int64_t freed_ms;

	if (rc != SUAN_OK)
		return rc;
	(void)suan_planner_kept(e->plan->planner, 0, &slot, &freed_ms);
	rc = suan_standing_refresh(e, now_ms);
	if (rc != SUAN_OK)
		return rc;
	wake.at_ms = suan_net_resume(e, now_ms);
	if (wake.at_ms != SUAN_FOREVER)
		suan_effects_push(out, &wake);
	rc = suan_engine_pass(e, now_ms, out);
	if (rc != SUAN_OK) {
		suan_net_unresume(e);
		suan_standing_revert(e);
		suan_planner_freed(e->plan->planner, freed_ms);
	}
	return rc;
}

static enum suan_code apply(struct suan_engine *e, const struct suan_event *ev,
			    struct suan_effects *out, struct suan_err *err)
{
	switch (ev->type) {
	case SUAN_EV_NETWORK:
		return suan_net_set(e, ev, out, err);
	case SUAN_EV_POLICY:
		return set_policy(e, &ev->u.policy, err);
	case SUAN_EV_SUBMIT:
		return suan_engine_submit(e, ev, out, err);
	case SUAN_EV_CANCEL:
	case SUAN_EV_HOLD:
	case SUAN_EV_RELEASE:
	case SUAN_EV_REQUEUE:
	case SUAN_EV_PRIORITY:
	case SUAN_EV_FORGET:
		return suan_engine_command(e, ev, out);
	case SUAN_EV_REPORT:
		return suan_engine_report(e, ev, out);
	case SUAN_EV_SITE:
		set_site(e, ev);
		return SUAN_OK;
	case SUAN_EV_CAPACITY:
		set_capacity(e, ev);
		return SUAN_OK;
	case SUAN_EV_PASS:
		return pass(e, ev->now_ms, out);
	case SUAN_EV_ACCOUNTS:
		return suan_acct_set(e, ev, err);
	case SUAN_EV_RESERVE:
		return suan_engine_reserve(e, ev, false, out, err);
	case SUAN_EV_UNRESERVE:
		suan_engine_unreserve(e, ev);
		return SUAN_OK;
	case SUAN_EV_SIGNAL:
		if (suan_signals_put(e->signals, suan_net_site(&e->net, ev->u.signal->site),
				     ev->u.signal, ev->now_ms) != SUAN_OK)
			return SUAN_ENOMEM;
		e->goals_ms = INT64_MIN;
		e->plan->pools_dirty |= ev->u.signal->kind == SUAN_SIGNAL_PRICE; /* ranks */
		return SUAN_OK;
	case SUAN_EV_DATA:
		return suan_engine_data(e, ev, out);
	case SUAN_EV_TRANSFER:
		return suan_engine_transfer_report(e, ev, out);
	}
	return suan_fail(err, SUAN_EINVAL, "no such event: %u", (unsigned)ev->type);
}

enum suan_code suan_engine_step(struct suan_engine *e, const struct suan_event *ev,
				struct suan_effects *out, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	effects_reset(out);
	if (ev->seq != e->seq + 1)
		return suan_fail(err, SUAN_ECONFLICT, "event %llu is out of order; right is %llu",
				 (unsigned long long)ev->seq, (unsigned long long)e->seq + 1);
	if (ev->now_ms < e->now_ms)
		return suan_fail(err, SUAN_ECONFLICT, "time goes backwards, from %lld to %lld",
				 (long long)e->now_ms, (long long)ev->now_ms);
	answer(e, ev, out, err);
	if (out->code == SUAN_OK)
		rc = apply(e, ev, out, err);
	if (rc == SUAN_ENOMEM)
		suan_fail(err, rc, "out of memory");
	if (rc != SUAN_OK) {
		effects_reset(out);
		return rc;
	}
	e->seq = ev->seq;
	e->now_ms = ev->now_ms;
	return SUAN_OK;
}

enum suan_code suan_engine_check(const struct suan_engine *e, const struct suan_event *ev,
				 struct suan_effects *out, struct suan_err *err)
{
	effects_reset(out);
	/* Step calls these errors; what is on record must apply, so they are kept out of it. */
	if (ev->type == SUAN_EV_NETWORK)
		out->code = suan_net_check(ev->u.network, err);
	else if (ev->type == SUAN_EV_POLICY)
		out->code = check_policy(&ev->u.policy, err);
	else if (ev->type == SUAN_EV_ACCOUNTS)
		out->code = suan_accounts_check(ev->u.accounts, err);
	if (ev->type == SUAN_EV_RESERVE && suan_engine_reserve(
		    (struct suan_engine *)(uintptr_t)e, ev, true, out, err) != SUAN_OK)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (ev->type != SUAN_EV_SUBMIT) {
		answer(e, ev, out, err);
		return SUAN_OK;
	}
	/* Bringing the planner up to date changes nothing that follows from events. */
	if (suan_sync((struct suan_engine *)(uintptr_t)e, e->now_ms) != SUAN_OK)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	return suan_admit(e, ev, true, out, err);
}
