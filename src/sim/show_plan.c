/* The plans behind the bounds, as text, JSON and CSV. */
#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "sim/sim.h"
#include "wire/json.h"

static const char *const names[SUAN_SIM_AIMS] = {"cheapest", "greenest"};
static const char *const units[SUAN_SIM_AIMS] = {"yuan", "kg"};

static const char *site_of(const struct suan_sim_outcome *o, const struct suan_sim_plan_pool *p)
{
	return o->setup->network->sites[p->site].name;
}

/* Thousandths, so that the same plan prints the same figures everywhere. */
static int64_t milli(double x)
{
	return (int64_t)(x * 1000 + 0.5);
}

/* ---- text ---- */

static void part(struct suan_buf *out, int64_t x, int64_t all, int digits)
{
	char text[40] = "-", less[16] = "";

	if (x != SUAN_SIM_NONE)
		(void)snprintf(text, sizeof(text), "%.*f", digits, (double)x / 1000000);
	if (x != SUAN_SIM_NONE && all > 0) {
		double change = 100 * ((double)x - (double)all) / (double)all;

		(void)snprintf(less, sizeof(less), "%+.1f %%", fabs(change) < 0.05 ? 0.0 : change);
	}
	suan_buf_addf(out, " %14s %8s", text, less);
}

static void line(struct suan_buf *out, const char *what, const struct suan_sim_bound *b,
		 const struct suan_sim_bound *jobs)
{
	suan_buf_addf(out, "%-29s", what);
	part(out, b->cost, b == jobs ? 0 : jobs->cost, 2);
	part(out, b->carbon, b == jobs ? 0 : jobs->carbon, 3);
	suan_buf_addc(out, '\n');
}

static void plan_text(const struct suan_sim_outcome *o, enum suan_sim_aim aim, struct suan_buf *out)
{
	const struct suan_sim_plan *p = &o->plans[aim];
	char at[200], worth[32];

	suan_buf_addf(out, "\n%s, %.3f %s\n", aim == SUAN_SIM_CHEAPEST ? "Cheapest" : "Greenest",
		      p->least, units[aim]);
	suan_buf_addf(out, "%-24s %14s %14s %9s %14s\n", "POOL", "CORE-HOURS", "AS IT RAN",
		      "FULL, H", aim == SUAN_SIM_CHEAPEST ? "YUAN A CORE" : "KG A CORE");
	for (uint32_t i = 0; i < p->npools; i++) {
		const struct suan_sim_plan_pool *pool = &p->pools[i];

		(void)snprintf(at, sizeof(at), "%s/%s", site_of(o, pool), pool->pool);
		(void)snprintf(worth, sizeof(worth), "%.3f", pool->worth);
		suan_buf_addf(out, "%-24s %14.1f %14.1f %9.1f %14s\n", at, pool->core_h,
			      pool->ran_core_h, pool->full_h,
			      isinf(pool->worth) ? "needed" : worth);
	}
	if (p->late_core_h > 0.0005)
		suan_buf_addf(out, "%.1f core-hours cannot be done in time, wherever they go\n",
			      p->late_core_h);
}

void suan_sim_print_plans_text(const struct suan_sim_outcome *o, struct suan_buf *out)
{
	const struct suan_sim_bounds *b = o->bounds;
	char ran[40];

	suan_buf_addf(out, "%-29s %14s %8s %14s %8s\n", "THE SAME JOBS", "COST YUAN", "",
		      "CARBON KG", "");
	(void)snprintf(ran, sizeof(ran), "as they ran (%s)", o->policy);
	line(out, ran, &b->jobs, &b->jobs);
	line(out, "at the best places", &b->places, &b->jobs);
	line(out, "at the best times", &b->times, &b->jobs);
	line(out, "at the best of both", &b->joint, &b->jobs);
	for (enum suan_sim_aim aim = 0; aim < SUAN_SIM_AIMS; aim++)
		if (o->plans[aim].npools > 0)
			plan_text(o, aim, out);
}

/* ---- JSON ---- */

static void plan_json(const struct suan_sim_outcome *o, enum suan_sim_aim aim, struct suan_jsonw *w)
{
	const struct suan_sim_plan *p = &o->plans[aim];
	const char *worth = aim == SUAN_SIM_CHEAPEST ? "worth_yuan" : "worth_kg";

	suan_jsonw_open(w, names[aim], '{');
	suan_jsonw_fixed(w, aim == SUAN_SIM_CHEAPEST ? "cost_yuan" : "carbon_kg", milli(p->least),
			 3);
	suan_jsonw_fixed(w, "late_core_h", milli(p->late_core_h), 3);
	suan_jsonw_open(w, "pools", '[');
	for (uint32_t i = 0; i < p->npools; i++) {
		const struct suan_sim_plan_pool *pool = &p->pools[i];

		suan_jsonw_open(w, NULL, '{');
		suan_jsonw_str(w, "site", site_of(o, pool));
		suan_jsonw_str(w, "pool", pool->pool);
		suan_jsonw_fixed(w, "core_h", milli(pool->core_h), 3);
		suan_jsonw_fixed(w, "ran_core_h", milli(pool->ran_core_h), 3);
		suan_jsonw_fixed(w, "full_h", milli(pool->full_h), 3);
		suan_jsonw_bool(w, "needed", isinf(pool->worth));
		if (isinf(pool->worth))
			suan_jsonw_null(w, worth);
		else
			suan_jsonw_fixed(w, worth, milli(pool->worth), 3);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
	suan_jsonw_close(w, '}');
}

void suan_sim_print_plans_json(const struct suan_sim_outcome *o, struct suan_buf *out)
{
	struct suan_jsonw w;

	suan_jsonw_init(&w, out);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_str(&w, "policy", o->policy);
	suan_sim_bounds_json(o->bounds, SUAN_GOAL_FASTEST, &w);
	for (enum suan_sim_aim aim = 0; aim < SUAN_SIM_AIMS; aim++)
		if (o->plans[aim].npools > 0)
			plan_json(o, aim, &w);
	suan_jsonw_close(&w, '}');
}

/* ---- CSV ---- */

void suan_sim_print_plan_csv(const struct suan_sim_outcome *o, enum suan_sim_aim aim,
			     struct suan_buf *out)
{
	const struct suan_sim_plan *p = &o->plans[aim];
	char worth[32];

	suan_buf_addf(out, "begin_s,site,pool,core_h,worth_%s_core_h\n", units[aim]);
	for (uint32_t slot = 0; slot < p->nslots; slot++)
		for (uint32_t i = 0; i < p->npools; i++) {
			size_t cell = (size_t)slot * p->npools + i;

			(void)snprintf(worth, sizeof(worth), "%.6f", p->worth[cell]);
			suan_buf_addf(out, "%lld,%s,%s,%.4f,%s\n",
				      (long long)(p->begin_ms + slot * p->slot_ms) / 1000,
				      site_of(o, &p->pools[i]), p->pools[i].pool, p->core_h[cell],
				      isinf(p->worth[cell]) ? "" : worth);
		}
}

const char *suan_sim_aim_name(enum suan_sim_aim aim)
{
	return names[aim];
}
