#include "daemon/past.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "wire/network.h"

struct reading {
	struct suan_past *p;
	struct suan_engine *e;
	struct suan_effects fx;
	struct suan_arena event; /* what the present event points to */
	bool begun;
};

const struct suan_past_job *suan_past_job(const struct suan_past *p, uint64_t id)
{
	size_t lo = 0, hi = p->njobs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->jobs[mid].id == id)
			return &p->jobs[mid];
		if (p->jobs[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* ---- copies ---- */

static bool copy_text(struct suan_arena *a, const char **s)
{
	if (*s && (*s)[0])
		*s = suan_arena_str(a, *s);
	else
		*s = "";
	return *s != NULL;
}

static bool copy_names(struct suan_arena *a, struct suan_names *n)
{
	const char **list;

	if (n->count == 0) {
		n->list = NULL;
		return true;
	}
	list = suan_arena_array(a, n->count, sizeof(*list));
	for (uint32_t i = 0; list && i < n->count; i++) {
		list[i] = n->list[i];
		if (!copy_text(a, &list[i]))
			return false;
	}
	n->list = list;
	return list != NULL;
}

/* Everything that a schedule depends on. */
static bool copy_spec(struct suan_arena *a, const struct suan_job_spec *from,
		      struct suan_job_spec *to)
{
	*to = *from;
	to->name = "";
	to->payload = to->env = NULL;
	to->payload_len = to->env_len = 0;
	to->reservation = ""; /* they are not played */
	if (from->array && from->array->nruns > 0) {
		to->array = (const void *)suan_arena_mem(a, from->array, sizeof(*from->array));
		if (!to->array)
			return false;
	} else {
		to->array = NULL;
	}
	if (from->ndeps > 0) {
		to->deps = (void *)suan_arena_mem(a, from->deps, from->ndeps * sizeof(*from->deps));
		if (!to->deps)
			return false;
	}
	return copy_text(a, &to->user) && copy_text(a, &to->account) && copy_text(a, &to->qos) &&
	       copy_text(a, &to->gpu) && copy_text(a, &to->home) && copy_text(a, &to->near) &&
	       copy_names(a, &to->site) &&
	       copy_names(a, &to->hub) &&
	       copy_names(a, &to->not_site) && copy_names(a, &to->not_hub);
}

/* ---- jobs ---- */

static enum suan_code add_job(struct reading *r, uint64_t id, const struct suan_job_spec *spec,
			      int64_t now_ms)
{
	struct suan_past *p = r->p;
	struct suan_past_job *j;
	uint32_t n = spec->array && spec->array->nruns > 0 ? spec->array->count : 1;

	if (suan_grow(&p->jobs, &p->jobs_cap, p->njobs + 1, sizeof(*p->jobs)) != SUAN_OK ||
	    suan_grow(&p->tasks, &p->tasks_cap, p->ntasks + n, sizeof(*p->tasks)) != SUAN_OK)
		return SUAN_ENOMEM;
	j = &p->jobs[p->njobs];
	*j = (struct suan_past_job){
		.id = id, .submit_ms = now_ms, .first_task = p->ntasks, .ntasks = n};
	if (!copy_spec(&p->arena, spec, &j->spec))
		return SUAN_ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		p->tasks[p->ntasks++] = (struct suan_past_task){
			.pool = SUAN_NO_POOL, .state = SUAN_PENDING, .held = spec->hold};
	p->njobs++;
	return SUAN_OK;
}

static enum suan_code take_submit(struct reading *r, const struct suan_event *ev)
{
	const struct suan_submit *s = &ev->u.submit;
	enum suan_code rc = SUAN_OK;

	if (r->fx.code != SUAN_OK)
		r->p->refused += s->njobs;
	if (r->fx.code != SUAN_OK || r->fx.repeated)
		return SUAN_OK;
	for (uint32_t i = 0; rc == SUAN_OK && i < s->njobs; i++)
		rc = add_job(r, r->fx.first_job + i, &s->jobs[i], ev->now_ms);
	return rc;
}

static struct suan_past_job *job_of(const struct suan_past *p, uint64_t id)
{
	const struct suan_past_job *found = suan_past_job(p, id);

	return found ? &p->jobs[found - p->jobs] : NULL;
}

static struct suan_past_task *task_of(const struct suan_past *p, const struct suan_past_job *j,
				      uint32_t index)
{
	uint32_t pos = 0;

	if (j->spec.array && !suan_range_pos(j->spec.array, index, &pos))
		return NULL;
	return &p->tasks[j->first_task + pos];
}

static void note_end(struct suan_past_task *t, enum suan_state state, int64_t now_ms)
{
	t->state = state;
	t->end_ms = now_ms;
	if (state == SUAN_UNKNOWN)
		t->end = SUAN_PAST_UNKNOWN;
	else
		t->end = t->order_ms ? SUAN_PAST_RAN : SUAN_PAST_NEVER;
}

static void take_effect(struct reading *r, const struct suan_effect *f, int64_t now_ms)
{
	struct suan_past_job *j = job_of(r->p, f->run.job);
	struct suan_past_task *t = j ? task_of(r->p, j, f->run.index) : NULL;

	if (!t)
		return;
	if (f->type == SUAN_FX_START && t->end != SUAN_PAST_OPEN) {
		t->reruns++;
	} else if (f->type == SUAN_FX_START) {
		t->order_ms = now_ms;
		t->pool = f->pool;
	} else if (f->type == SUAN_FX_CHANGED && t->end == SUAN_PAST_OPEN) {
		if (f->state == SUAN_PENDING)
			t->order_ms = 0; /* what it had done was for nothing */
		else if (suan_state_final(f->state))
			note_end(t, f->state, now_ms);
	}
}

/* ---- commands ---- */

static void take_hold(struct reading *r, const struct suan_event *ev)
{
	const struct suan_target *g = &ev->u.target;
	struct suan_past_job *j = job_of(r->p, g->job);
	struct suan_past_task *t;

	if (!j)
		return;
	if (ev->type == SUAN_EV_RELEASE) {
		if (g->all)
			j->release_ms = ev->now_ms;
		return;
	}
	for (uint32_t i = 0; g->all && i < j->ntasks; i++) {
		t = &r->p->tasks[j->first_task + i];
		t->held |= t->end == SUAN_PAST_OPEN && t->order_ms == 0;
	}
	t = g->all ? NULL : task_of(r->p, j, g->index);
	if (t && t->end == SUAN_PAST_OPEN && t->order_ms == 0)
		t->held = true;
}

/* The last one counts, as long as anything of the job has not started. */
static void take_priority(struct reading *r, const struct suan_event *ev)
{
	struct suan_past_job *j = job_of(r->p, ev->u.target.job);

	for (uint32_t i = 0; j && i < j->ntasks; i++) {
		if (r->p->tasks[j->first_task + i].order_ms != 0)
			continue;
		j->spec.priority = ev->u.target.priority;
		return;
	}
}

/* ---- network ---- */

static enum suan_code name_pools(struct reading *r)
{
	struct suan_past *p = r->p;
	uint32_t n = suan_engine_pool_count(r->e);

	if (suan_grow(&p->pools, &p->pools_cap, n, sizeof(*p->pools)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (; p->npools < n; p->npools++) {
		struct suan_pool_view v = {0};
		struct suan_site_view s = {0};
		struct suan_past_pool *to = &p->pools[p->npools];

		if (!suan_engine_pool(r->e, (uint32_t)p->npools, &v) ||
		    !suan_engine_site(r->e, v.site, &s))
			break;
		*to = (struct suan_past_pool){s.spec->name, v.name};
		if (!copy_text(&p->arena, &to->site) || !copy_text(&p->arena, &to->pool))
			return SUAN_ENOMEM;
	}
	return SUAN_OK;
}

/* A copy by way of its text: there is one reader and one writer of networks. */
static enum suan_code take_network(struct reading *r, int64_t now_ms, struct suan_err *err)
{
	struct suan_past *p = r->p;
	struct suan_past_network *to;
	struct suan_buf text = {0};
	enum suan_code rc;

	rc = suan_grow(&p->networks, &p->networks_cap, p->nnetworks + 1, sizeof(*p->networks));
	if (rc == SUAN_OK)
		rc = name_pools(r);
	if (rc != SUAN_OK)
		return rc;
	to = &p->networks[p->nnetworks];
	to->at_ms = now_ms;
	rc = suan_network_print(suan_engine_network(r->e), &text, err);
	if (rc == SUAN_OK)
		rc = suan_network_parse(suan_buf_str(&text), text.len, "network of the log",
					&p->arena, &to->net, err);
	suan_buf_done(&text);
	p->nnetworks += rc == SUAN_OK;
	return rc;
}

/* A copy by way of its record: there is one reader and one writer of these, too. */
static enum suan_code take_accounts(struct reading *r, const struct suan_event *ev,
				    struct suan_err *err)
{
	struct suan_past *p = r->p;
	struct suan_buf bytes = {0};
	struct suan_event copy;
	const void *kept;
	size_t pos = 0;
	enum suan_code rc;

	rc = suan_grow(&p->accounts, &p->accounts_cap, p->naccounts + 1, sizeof(*p->accounts));
	if (rc == SUAN_OK)
		rc = suan_record_put(&bytes, ev, err);
	kept = rc == SUAN_OK ? suan_arena_mem(&p->arena, bytes.data, bytes.len) : NULL;
	if (rc == SUAN_OK && !kept)
		rc = SUAN_ENOMEM;
	if (rc == SUAN_OK)
		rc = suan_record_get(kept, bytes.len, &pos, &p->arena, &copy, err);
	if (rc == SUAN_OK)
		p->accounts[p->naccounts++] =
			(struct suan_past_accounts){ev->now_ms, *copy.u.accounts};
	suan_buf_done(&bytes);
	return rc;
}

static enum suan_code add_change(struct suan_past *p, const struct suan_past_change *c)
{
	if (suan_grow(&p->changes, &p->changes_cap, p->nchanges + 1, sizeof(*c)) != SUAN_OK)
		return SUAN_ENOMEM;
	p->changes[p->nchanges++] = *c;
	return SUAN_OK;
}

static enum suan_code take_site(struct reading *r, const struct suan_event *ev)
{
	struct suan_past_change c = {
		.at_ms = ev->now_ms, .site = ev->u.site.name, .state = ev->u.site.state};

	if (!copy_text(&r->p->arena, &c.site))
		return SUAN_ENOMEM;
	return add_change(r->p, &c);
}

static enum suan_code take_capacity(struct reading *r, const struct suan_event *ev)
{
	uint32_t number = ev->u.capacity.pool;
	struct suan_past_change c = {.at_ms = ev->now_ms};
	struct suan_pool_view v = {0};

	if (number >= r->p->npools || !suan_engine_pool(r->e, number, &v))
		return SUAN_OK;
	c.site = r->p->pools[number].site;
	c.pool = r->p->pools[number].pool;
	c.nodes = v.spec.nodes;
	c.usable = v.usable_nodes;
	return add_change(r->p, &c);
}

/* ---- the walk ---- */

static enum suan_code take(struct reading *r, const struct suan_event *ev, struct suan_err *err)
{
	if (r->fx.code != SUAN_OK && ev->type != SUAN_EV_SUBMIT && ev->type != SUAN_EV_POLICY)
		return SUAN_OK;	/* refused: nothing came of it */
	switch (ev->type) {
	case SUAN_EV_SUBMIT:
		return take_submit(r, ev);
	case SUAN_EV_NETWORK:
		return take_network(r, ev->now_ms, err);
	case SUAN_EV_ACCOUNTS:
		return take_accounts(r, ev, err);
	case SUAN_EV_POLICY:
		r->p->policy = *suan_engine_policy(r->e);
		return SUAN_OK;
	case SUAN_EV_SITE:
		return take_site(r, ev);
	case SUAN_EV_CAPACITY:
		return take_capacity(r, ev);
	case SUAN_EV_HOLD:
	case SUAN_EV_RELEASE:
		take_hold(r, ev);
		return SUAN_OK;
	case SUAN_EV_PRIORITY:
		take_priority(r, ev);
		return SUAN_OK;
	case SUAN_EV_CANCEL:
	case SUAN_EV_REQUEUE:
	case SUAN_EV_REPORT:
	case SUAN_EV_PASS:
	case SUAN_EV_FORGET:
	case SUAN_EV_RESERVE:
	case SUAN_EV_UNRESERVE:
	case SUAN_EV_SIGNAL:
	case SUAN_EV_DATA:
	case SUAN_EV_TRANSFER:
		break;
	}
	return SUAN_OK;
}

static enum suan_code play(struct reading *r, const struct suan_event *ev, struct suan_err *err)
{
	enum suan_code rc = suan_engine_step(r->e, ev, &r->fx, err);

	if (rc == SUAN_OK)
		rc = take(r, ev, err);
	for (size_t i = 0; rc == SUAN_OK && i < r->fx.count; i++)
		take_effect(r, &r->fx.list[i], ev->now_ms);
	if (!r->begun)
		r->p->first_ms = ev->now_ms;
	r->begun = true;
	r->p->last_ms = ev->now_ms;
	r->p->events++;
	/* No disk error, and none of the caller: these bytes are not what a service wrote. */
	if (rc == SUAN_ECONFLICT || rc == SUAN_EINVAL)
		rc = SUAN_ECORRUPT;
	return rc;
}

static enum suan_code play_batch(void *ctx, uint64_t first_seq, uint32_t count, const void *bytes,
				 size_t n, struct suan_err *err)
{
	struct reading *r = ctx;
	enum suan_code rc = SUAN_OK;
	size_t pos = 0;

	(void)count;
	if (!r->begun && first_seq != 1)
		return suan_fail(err, SUAN_EINVAL,
				 "the log begins at record %llu: what was before it was dropped, "
				 "so the decisions cannot be followed",
				 (unsigned long long)first_seq);
	for (uint64_t seq = first_seq; rc == SUAN_OK && pos < n; seq++) {
		struct suan_event ev;

		suan_arena_reset(&r->event);
		rc = suan_record_get(bytes, n, &pos, &r->event, &ev, err);
		if (rc == SUAN_OK)
			rc = play(r, &ev, err);
		if (rc == SUAN_ENOMEM)
			return suan_fail(err, rc, "out of memory");
		if (rc != SUAN_OK)
			suan_err_prefix(err, "event %llu of the log", (unsigned long long)seq);
	}
	return rc;
}

enum suan_code suan_past_read(struct suan_store *s, struct suan_past *ret, struct suan_err *err)
{
	struct suan_past p = {0};
	struct reading r = {.p = &p, .e = suan_engine_new()};
	enum suan_code rc = SUAN_OK;

	suan_arena_init(&p.arena, 0);
	suan_arena_init(&r.event, 0);
	suan_effects_init(&r.fx);
	if (!r.e)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		rc = s->ops->replay(s, 0, play_batch, &r, err);
	if (rc == SUAN_OK && p.nnetworks == 0)
		rc = suan_fail(err, SUAN_ENOTFOUND, "the log is empty: no service ran with it");
	suan_effects_done(&r.fx);
	suan_engine_free(r.e);
	suan_arena_done(&r.event);
	if (rc == SUAN_OK)
		*ret = p;
	else
		suan_past_done(&p);
	return rc;
}

void suan_past_done(struct suan_past *p)
{
	free(p->jobs);
	free(p->tasks);
	free(p->pools);
	free(p->networks);
	free(p->accounts);
	free(p->changes);
	suan_arena_done(&p->arena);
	*p = (struct suan_past){0};
}
