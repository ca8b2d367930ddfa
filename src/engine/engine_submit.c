/* SUBMIT: all jobs of the event or none. */
#include <stdlib.h>

#include "engine/alone.h"
#include "engine/reserve.h"
#include "engine/goal.h"
#include "engine/state.h"

struct batch {			/* jobs made and linked, not listed yet */
	struct suan_job **jobs;	/* owned list unless &one */
	struct suan_job *one;
	uint32_t n, begins;
	size_t moves;		/* transfers that are held for them */
};

/* Elements that may start must be known one by one; all others stay folded. */
static enum suan_code prepare_corr(struct suan_engine *e, struct suan_job *j)
{
	enum suan_code rc = SUAN_OK;

	if (!suan_deps_has_corr(j))
		return SUAN_OK;
	rc = suan_elems_unfold(e, j);
	if (rc == SUAN_OK)
		suan_elems_recount(e, j);
	return rc;
}

static enum suan_code make_one(struct suan_engine *e, const struct suan_event *ev, uint32_t i,
			       struct batch *b)
{
	struct suan_job *j = NULL;
	enum suan_code rc = suan_jobs_make(e, &ev->u.submit.jobs[i], &j);

	if (rc != SUAN_OK)
		return rc;
	rc = prepare_corr(e, j);
	if (rc == SUAN_OK)
		rc = suan_deps_link(e, j, e->next_id + i);
	if (rc != SUAN_OK) {
		suan_jobs_free(e, j);
		return rc;
	}
	j->submit_ms = ev->now_ms;
	suan_jobs_predict(e, j);
	rc = j->home ? suan_alone_reserve(e) : SUAN_OK;
	if (rc == SUAN_OK)
		rc = suan_reserve_transfer_room(e, j, &b->moves);
	b->begins += suan_jobs_begin(j) > ev->now_ms;
	b->jobs[b->n++] = j;
	return rc;
}

static void undo(struct suan_engine *e, struct batch *b)
{
	while (b->n > 0) {
		struct suan_job *j = b->jobs[--b->n];

		suan_deps_unlink(e, j);
		suan_jobs_free(e, j);
	}
}

static enum suan_code prepare(struct suan_engine *e, const struct suan_event *ev, struct batch *b,
			      struct suan_effects *fx)
{
	const struct suan_submit *s = &ev->u.submit;
	enum suan_code rc = SUAN_OK;

	b->jobs = s->njobs == 1 ? &b->one : calloc(s->njobs, sizeof(struct suan_job *));
	if (!b->jobs)
		return SUAN_ENOMEM;
	while (rc == SUAN_OK && b->n < s->njobs)
		rc = make_one(e, ev, b->n, b);
	if (rc == SUAN_OK)
		rc = suan_jobs_reserve(e, s->njobs);
	if (rc == SUAN_OK && s->has_key)
		rc = suan_keys_reserve(e);
	if (rc == SUAN_OK)
		rc = suan_dues_reserve(&e->plan->begins, b->begins);
	if (rc == SUAN_OK)
		rc = suan_effects_reserve(fx, s->njobs);
	if (rc != SUAN_OK)
		undo(e, b);
	return rc;
}

static void list_job(struct suan_engine *e, struct suan_job *j, struct suan_effects *fx)
{
	struct suan_effect changed = {.type = SUAN_FX_CHANGED, .pool = SUAN_NO_POOL,
				      .state = SUAN_PENDING};

	j->id = e->next_id;
	if (j->id == 1)
		e->epoch_ms = j->submit_ms;
	suan_jobs_insert(e, j);
	suan_acct_live(e, j);
	e->next_id++;
	if (suan_jobs_begin(j) > j->submit_ms) {
		suan_dues_push(&e->plan->begins, &(struct suan_due){.at_ms = suan_jobs_begin(j),
								    .job = j->id});
		j->more->due = true;
	}
	changed.run.job = j->id;
	if (!e->policy.terse)
		suan_effects_push(fx, &changed);
	suan_mix_learn(&e->mix, e->strings, &j->req, suan_elems_count(j));
	suan_goals_learn(e, j);
	suan_sync_mark(e, j);
	suan_reserve_joined(e, j);
}

enum suan_code suan_engine_submit(struct suan_engine *e, const struct suan_event *ev,
				  struct suan_effects *fx, struct suan_err *err)
{
	const struct suan_submit *s = &ev->u.submit;
	struct batch b = {0};
	enum suan_code rc = SUAN_OK;

	if (e->plan->pools_dirty || e->plan->windows_dirty)
		rc = suan_sync(e, e->now_ms);	/* admission asks what fits */
	if (rc == SUAN_OK)
		rc = suan_admit(e, ev, false, fx, err);
	if (rc != SUAN_OK || fx->code != SUAN_OK || fx->repeated)
		return rc;
	rc = prepare(e, ev, &b, fx);
	if (rc == SUAN_OK) {
		fx->first_job = e->next_id;
		fx->njobs = s->njobs;
		for (uint32_t i = 0; i < b.n; i++)
			list_job(e, b.jobs[i], fx);
	}
	if (rc == SUAN_OK && s->has_key) {
		struct suan_key k = {.first = fx->first_job, .body_hash = s->body_hash,
				     .count = s->njobs};

		for (int i = 0; i < 16; i++)
			k.key[i] = s->key[i];
		b.jobs[0]->key = suan_keys_add(e, &k);
	}
	if (b.jobs != &b.one)
		free(b.jobs);
	return rc;
}
