/* Jobs by id: pages of pointers, so that ids are found at once and met in order. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/alone.h"
#include "engine/data.h"
#include "engine/order.h"
#include "engine/reserve.h"
#include "engine/state.h"

void *suan_jobs_room(struct suan_engine *e, size_t n)
{
	void *p = malloc(n);

	if (p)
		e->bytes += n;
	return p;
}

void *suan_jobs_alloc(struct suan_engine *e, size_t n)
{
	void *p = calloc(1, n);

	if (p)
		e->bytes += n;
	return p;
}

void suan_jobs_release(struct suan_engine *e, void *p, size_t n)
{
	if (!p)
		return;
	assert(e->bytes >= n);
	e->bytes -= n;
	free(p);
}

/* ---- directory ---- */

enum suan_code suan_jobs_reserve(struct suan_engine *e, uint32_t n)
{
	size_t first = (size_t)(e->next_id / SUAN_PAGE);
	size_t last = (size_t)((e->next_id + n - 1) / SUAN_PAGE);
	enum suan_code rc = suan_grow(&e->pages, &e->pages_cap, last + 1, sizeof(*e->pages));

	if (rc != SUAN_OK)
		return rc;
	while (e->npages <= last)
		e->pages[e->npages++] = NULL;
	for (size_t p = first; p <= last; p++) {
		if (!e->pages[p])
			e->pages[p] = suan_jobs_alloc(e, sizeof(**e->pages));
		if (!e->pages[p])
			return SUAN_ENOMEM;
	}
	return SUAN_OK;
}

void suan_jobs_insert(struct suan_engine *e, struct suan_job *j)
{
	struct suan_job_page *page = e->pages[j->id / SUAN_PAGE];

	assert(!page->jobs[j->id % SUAN_PAGE]);
	page->jobs[j->id % SUAN_PAGE] = j;
	page->count++;
	e->njobs++;
	e->summaries[j->summary]++;
	suan_acct_summary(e, j, SUAN_NSTATES, j->summary);
	if (j->id / SUAN_PAGE < e->first_page)
		e->first_page = (size_t)(j->id / SUAN_PAGE);
}

void suan_jobs_remove(struct suan_engine *e, struct suan_job *j)
{
	size_t p = (size_t)(j->id / SUAN_PAGE);
	struct suan_job_page *page = e->pages[p];

	assert(page->jobs[j->id % SUAN_PAGE] == j);
	page->jobs[j->id % SUAN_PAGE] = NULL;
	e->njobs--;
	e->summaries[j->summary]--;
	suan_acct_summary(e, j, j->summary, SUAN_NSTATES);
	/* The page of the next id stays: its room may be reserved. */
	if (--page->count == 0 && p != e->next_id / SUAN_PAGE) {
		suan_jobs_release(e, page, sizeof(*page));
		e->pages[p] = NULL;
	}
	while (e->first_page < e->npages && !e->pages[e->first_page])
		e->first_page++;
}

uint64_t suan_engine_next_job(const struct suan_engine *e, uint64_t after)
{
	size_t p;
	uint32_t i;

	if (after == UINT64_MAX)
		return 0;
	p = (size_t)((after + 1) / SUAN_PAGE);
	i = (uint32_t)((after + 1) % SUAN_PAGE);
	if (p < e->first_page) {
		p = e->first_page;
		i = 0;
	}
	for (; p < e->npages; p++, i = 0) {
		if (!e->pages[p] || e->pages[p]->count == 0)
			continue;
		for (; i < SUAN_PAGE; i++)
			if (e->pages[p]->jobs[i])
				return e->pages[p]->jobs[i]->id;
	}
	return 0;
}

uint64_t suan_engine_prev_job(const struct suan_engine *e, uint64_t before)
{
	uint64_t from = before == 0 || before > e->next_id ? e->next_id : before;
	size_t p = (size_t)(from / SUAN_PAGE);
	uint32_t i = (uint32_t)(from % SUAN_PAGE);	/* those below i count */

	if (p >= e->npages) {
		p = e->npages;
		i = 0;
	}
	for (;;) {
		struct suan_job_page *page = p < e->npages ? e->pages[p] : NULL;

		while (page && page->count > 0 && i > 0)
			if (page->jobs[--i])
				return page->jobs[i]->id;
		if (p <= e->first_page)
			return 0;
		p--;
		i = SUAN_PAGE;
	}
}

/* ---- one job ---- */

enum suan_code suan_jobs_more(struct suan_engine *e, struct suan_job *j)
{
	if (!j->more)
		j->more = suan_jobs_alloc(e, sizeof(*j->more));
	return j->more ? SUAN_OK : SUAN_ENOMEM;
}

void suan_jobs_predict(struct suan_engine *e, struct suan_job *j)
{
	j->predict_ms = suan_history_predict(&e->history, j->user, j->estimate_ms, &j->known);
}

void suan_jobs_ask(const struct suan_engine *e, const struct suan_job *j, struct suan_ask *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->req = j->req;
	ret->duration_ms = e->policy.predict && j->predict_ms ? j->predict_ms : j->estimate_ms;
	ret->fit_ms = e->policy.kind == SUAN_POLICY_SUAN ? suan_order_fit(j) : 0;
	ret->limit_ms = j->walltime_ms;
	ret->deadline_ms = suan_jobs_deadline(j);
	ret->group = suan_jobs_reservation(j);
	ret->arrivals = suan_wants_get(j);
	if (j->rule) {
		ret->allow = e->rules[j->rule].allow;
		ret->nallow = e->rules[j->rule].words;
	}
	suan_preempt_ask(e, j, &ret->push);
	if (j->party && e->acct.parties[j->party - 1].limited)
		ret->quota = j->party;
}

static bool is_array(const struct suan_job_spec *spec)
{
	return spec->array && spec->array->nruns;
}

static enum suan_code make_array(struct suan_engine *e, struct suan_job *j,
				 const struct suan_job_spec *spec)
{
	struct suan_range set;		/* unused runs zeroed, so that equal sets are one */
	struct suan_array *a;
	enum suan_code rc;
	size_t n;

	memset(&set, 0, sizeof(set));
	set.nruns = spec->array->nruns;
	set.count = spec->array->count;
	set.cap = spec->array->cap;
	memcpy(set.runs, spec->array->runs, set.nruns * sizeof(set.runs[0]));
	a = j->more->array = suan_jobs_alloc(e, sizeof(*a));
	if (!a)
		return SUAN_ENOMEM;
	rc = suan_intern_add(e->strings, &set, sizeof(set), &a->range);
	if (rc != SUAN_OK)
		return rc;
	a->set = (const void *)suan_intern_bytes(e->strings, a->range, &n);
	a->counts[SUAN_PENDING] = set.count;
	a->ready = spec->hold ? 0 : set.count;
	a->held = spec->hold ? set.count : 0;
	a->worst = SUAN_NO_POS;
	a->last_pool = SUAN_NO_POOL;
	a->rest = (struct suan_elem){.pool = SUAN_NO_POOL, .held = spec->hold};
	return SUAN_OK;
}

static enum suan_code make_deps(struct suan_engine *e, struct suan_job *j,
				const struct suan_job_spec *spec)
{
	struct suan_more *m = j->more;

	m->deps = suan_jobs_alloc(e, spec->ndeps * sizeof(*m->deps));
	if (!m->deps)
		return SUAN_ENOMEM;
	m->ndeps = spec->ndeps;
	for (uint32_t i = 0; i < spec->ndeps; i++) {
		m->deps[i] = spec->deps[i];
		m->corr |= spec->deps[i].type == SUAN_AFTERCORR;
	}
	return SUAN_OK;
}

static enum suan_code make_more(struct suan_engine *e, struct suan_job *j,
				const struct suan_job_spec *spec)
{
	enum suan_code rc;

	const struct suan_reservation *r = suan_reserve_lookup(e, spec->reservation);

	if (!is_array(spec) && !spec->ndeps && !spec->begin_ms && !spec->deadline_ms && !r &&
	    spec->goal == SUAN_GOAL_FASTEST &&
	    !spec->inputs.count)
		return SUAN_OK;
	rc = suan_jobs_more(e, j);
	if (rc == SUAN_OK && is_array(spec))
		rc = make_array(e, j, spec);
	if (rc == SUAN_OK && spec->ndeps)
		rc = make_deps(e, j, spec);
	if (rc == SUAN_OK)
		rc = suan_wants_of_job(e, &spec->inputs, &j->more->want);
	if (rc != SUAN_OK)
		return rc;
	j->more->begin_ms = spec->begin_ms;
	j->more->deadline_ms = spec->deadline_ms;
	j->more->reservation = r ? r->id : 0;
	j->more->goal = (uint8_t)spec->goal;
	j->more->max_delay_ms = spec->max_delay_ms;
	return SUAN_OK;
}

static enum suan_code take_string(struct suan_engine *e, const char *s, uint32_t *ret)
{
	return s && s[0] ? suan_intern_add(e->strings, s, strlen(s), ret) : SUAN_OK;
}

static enum suan_code take_strings(struct suan_engine *e, struct suan_job *j,
				   const struct suan_job_spec *spec)
{
	enum suan_code rc = take_string(e, spec->name, &j->name);

	if (rc == SUAN_OK)
		rc = take_string(e, spec->user, &j->user);
	if (rc == SUAN_OK)
		rc = take_string(e, suan_acct_account(e, spec), &j->account);
	if (rc == SUAN_OK)
		rc = take_string(e, suan_acct_qos(e, spec), &j->qos);
	if (rc == SUAN_OK)
		rc = take_string(e, spec->gpu, &j->req.gpu_kind);
	if (rc == SUAN_OK)
		rc = suan_intern_add(e->strings, spec->payload, spec->payload_len, &j->payload);
	if (rc == SUAN_OK)
		rc = suan_intern_add(e->strings, spec->env, spec->env_len, &j->env);
	return rc;
}

int64_t suan_jobs_walltime(const struct suan_engine *e, const struct suan_job_spec *spec)
{
	int64_t most = e->policy.max_walltime_ms, usual = e->policy.default_walltime_ms;
	int64_t longest = suan_acct_longest(e, spec);

	if (spec->walltime_ms)
		return spec->walltime_ms;
	most = longest && (!most || longest < most) ? longest : most;
	usual = usual ? usual : SUAN_DEFAULT_WALLTIME;
	return most && usual > most ? most : usual;
}

enum suan_code suan_jobs_make(struct suan_engine *e, const struct suan_job_spec *spec,
			      struct suan_job **ret)
{
	struct suan_job *j = suan_jobs_room(e, sizeof(*j));
	struct suan_where where;
	enum suan_code rc;

	if (!j)
		return SUAN_ENOMEM;
	*j = (struct suan_job){.req = spec->req};
	j->req.gpu_kind = 0;
	j->req.tasks = j->req.tasks ? j->req.tasks : 1;
	j->req.cores = j->req.cores ? j->req.cores : 1;
	j->walltime_ms = suan_jobs_walltime(e, spec);
	j->estimate_ms = spec->estimate_ms ? spec->estimate_ms : j->walltime_ms;
	j->priority = spec->priority;
	j->guarantee = (uint8_t)spec->guarantee;
	j->checkpointable = spec->checkpointable;
	if (spec->home && spec->home[0])
		j->home = suan_net_site(&e->net, spec->home) + 1;
	suan_rules_where(spec, &where);
	j->held = spec->hold && !is_array(spec);
	j->summary = SUAN_PENDING;
	rc = take_strings(e, j, spec);
	if (rc == SUAN_OK)
		rc = suan_rules_add(e, &where, &j->rule);
	if (rc == SUAN_OK && e->acct.any) {
		struct suan_party_key key = {j->account, j->user, j->qos};

		rc = suan_acct_join(e, &e->acct, &key, &j->party);
	}
	if (rc == SUAN_OK)
		rc = make_more(e, j, spec);
	if (rc == SUAN_OK)
		*ret = j;
	else
		suan_jobs_free(e, j);
	return rc;
}

static void free_more(struct suan_engine *e, struct suan_more *m)
{
	if (!m)
		return;
	suan_wants_drop(e, m->want);
	if (m->array) {
		suan_intern_drop(e->strings, m->array->range);
		suan_jobs_release(e, m->array, sizeof(*m->array));
	}
	suan_jobs_release(e, m->deps, m->ndeps * sizeof(*m->deps));
	suan_jobs_release(e, m->dependents, m->dependents_cap * sizeof(*m->dependents));
	suan_jobs_release(e, m, sizeof(*m));
}

void suan_jobs_free(struct suan_engine *e, struct suan_job *j)
{
	if (!j)
		return;
	suan_elems_free(e, j);
	free_more(e, j->more);
	suan_rules_drop(e, j->rule);
	suan_intern_drop(e->strings, j->name);
	suan_intern_drop(e->strings, j->user);
	suan_intern_drop(e->strings, j->account);
	suan_intern_drop(e->strings, j->qos);
	suan_intern_drop(e->strings, j->req.gpu_kind);
	suan_intern_drop(e->strings, j->payload);
	suan_intern_drop(e->strings, j->env);
	suan_jobs_release(e, j, sizeof(*j));
}

bool suan_jobs_over(const struct suan_job *j)
{
	return suan_state_final((enum suan_state)j->summary) && suan_elems_limbo(j) == 0;
}

void suan_jobs_forget(struct suan_engine *e, struct suan_job *j)
{
	if (j->planned)
		suan_planner_drop(e->plan->planner, j->id);
	suan_wants_planned(e, j, 0);
	if (j->home)
		suan_alone_mark(e, j);
	suan_keys_drop(e, j->key);
	suan_jobs_remove(e, j);
	suan_jobs_free(e, j);
}
