/* When waiting jobs will have started: what is said of them, and what came of it. forecast.c has
 * the rule; here is which job it is asked about, and when. */
#include <string.h>

#include "base/grow.h"
#include "engine/state.h"

#define WIDE 8 /* more than an eighth of the largest pool */

enum suan_code suan_outlook_list(struct suan_engine *e, struct suan_job *j)
{
	struct suan_plan *p = e->plan;

	/* A reservation makes a promise of its own; nothing is to be learnt from it. */
	if (j->started || j->given.listed || j->given.class != SUAN_FORECAST_PROMPT ||
	    suan_jobs_reservation(j))
		return SUAN_OK;
	if (suan_grow(&p->fresh, &p->fresh_cap, p->nfresh + 1, sizeof(*p->fresh)) != SUAN_OK)
		return SUAN_ENOMEM;
	p->fresh[p->nfresh++] = j->id;
	j->given.listed = true;
	return SUAN_OK;
}

static bool is_wide(const struct suan_engine *e, const struct suan_req *r)
{
	return (uint64_t)r->tasks * r->cores > e->net.widest_cores / WIDE ||
	       (uint64_t)r->tasks * r->gpus > e->net.widest_gpus / WIDE;
}

static bool is_limited(const struct suan_engine *e, const struct suan_job *j)
{
	struct suan_ask ask;

	if (!e->acct.any)
		return false;
	suan_jobs_ask(e, j, &ask);
	return suan_planner_limited(e->plan->planner, &ask);
}

static void outlook(const struct suan_engine *e, const struct suan_job *j, int64_t now_ms,
		    struct suan_given *ret)
{
	struct suan_outlook o = {.now_ms = now_ms, .wide = is_wide(e, &j->req)};
	uint32_t pool;

	if (!suan_planner_predicted(e->plan->planner, j->id, &pool, &o.start_ms, NULL)) {
		o.start_ms = 0;
		o.limited = is_limited(e, j);
	}
	suan_forecast_give(&e->forecast, &o, ret);
}

void suan_outlook_planned(const struct suan_engine *e, const struct suan_req *r,
			  const int64_t times_ms[2], struct suan_given *ret)
{
	struct suan_outlook o = {.now_ms = times_ms[0], .start_ms = times_ms[1],
				 .wide = is_wide(e, r)};

	suan_forecast_give(&e->forecast, &o, ret);
}

void suan_outlook_give(struct suan_engine *e, int64_t now_ms)
{
	struct suan_plan *p = e->plan;

	for (size_t i = 0; i < p->nfresh; i++) {
		struct suan_job *j = suan_jobs_find(e, p->fresh[i]);

		if (!j)
			continue;
		j->given.listed = false;
		if (j->planned > 0 && !j->started)
			outlook(e, j, now_ms, &j->given);
	}
	p->nfresh = 0;
}

void suan_outlook_now(const struct suan_engine *e, const struct suan_job *j, struct suan_given *ret)
{
	outlook(e, j, e->now_ms, ret);
}

void suan_outlook_started(struct suan_engine *e, struct suan_job *j, int64_t now_ms)
{
	if (j->started || suan_jobs_reservation(j))
		return;
	suan_forecast_learn(&e->forecast, &j->given, now_ms);
	suan_outlook_void(j);
}

void suan_outlook_void(struct suan_job *j)
{
	j->given.class = SUAN_FORECAST_PROMPT;
}

bool suan_engine_forecast(const struct suan_engine *e, uint32_t number,
			  struct suan_forecast_view *ret)
{
	const struct suan_forecast_sums *s;

	if (number >= SUAN_FORECAST_CLASSES)
		return false;
	s = &e->forecast.classes[number].sums;
	*ret = (struct suan_forecast_view){
		.kind = SUAN_FORECASTS_DEEP, .count = s->count, .width_s = s->width_s};
	if (number == SUAN_FORECAST_PROMPT)
		ret->kind = SUAN_FORECASTS_AT_ONCE;
	else if (number == SUAN_FORECAST_LIMITED)
		ret->kind = SUAN_FORECASTS_LIMITED;
	else if (suan_forecast_range(number, &ret->from_s, &ret->below_s))
		ret->kind = (number - SUAN_FORECAST_FIRST) % SUAN_FORECAST_KINDS
				    ? SUAN_FORECASTS_WIDE
				    : SUAN_FORECASTS_NARROW;
	memcpy(ret->held, s->held, sizeof(ret->held));
	memcpy(ret->loss, s->loss, sizeof(ret->loss));
	memcpy(ret->plan_loss, s->point_loss, sizeof(ret->plan_loss));
	return true;
}
