/* What runs drew, cost and emitted, as JSON: from what is reserved for them and the signals of
 * their sites. Sums are of the last run of each element. */
#include <string.h>

#include "base/num.h"
#include "core/doc.h"
#include "engine/energy.h"

#define MOST_ELEMENTS 1000u /* each takes some microseconds of the loop */

struct footprint {
	struct suan_footprint sum; /* parts SUAN_NOT_KNOWN if one is */
	int64_t embodied_mg;
	uint64_t runs;
};

/* A sum that happens to be the mark of the unknown is told as 0, as in engine/energy.h. */
static void add_known(int64_t *sum, int64_t x)
{
	if (*sum == SUAN_NOT_KNOWN || x == SUAN_NOT_KNOWN) {
		*sum = SUAN_NOT_KNOWN;
		return;
	}
	*sum = suan_sat_add(*sum, x);
	if (*sum == SUAN_NOT_KNOWN)
		*sum = 0;
}

/* Its last run; one that has not ended counts until now. */
static void add_task(const struct suan_engine *e, const struct suan_job_view *v,
		     const struct suan_task_view *t, int64_t now_ms, struct footprint *to)
{
	int64_t end = t->end_ms > 0 ? t->end_ms : now_ms;
	struct suan_energy_at at;
	struct suan_footprint x;

	if (t->start_ms == 0 || t->state == SUAN_PENDING || end < t->start_ms ||
	    !suan_engine_energy_at(e, t->pool, &at))
		return;
	suan_energy_of(&at, &v->req, t->start_ms, end, &x);
	add_known(&to->sum.energy_j, x.energy_j);
	add_known(&to->sum.cost_uyuan, x.cost_uyuan);
	add_known(&to->sum.carbon_mg, x.carbon_mg);
	add_known(&to->sum.market_mg, x.market_mg);
	add_known(&to->embodied_mg, suan_energy_embodied_mg(at.pool, &v->req, t->start_ms, end));
	to->runs++;
}

static void put_known(struct suan_jsonw *w, const char *name, int64_t v, unsigned digits)
{
	if (v == SUAN_NOT_KNOWN)
		suan_jsonw_null(w, name);
	else
		suan_jsonw_fixed(w, name, v, digits);
}

/* (E · I + M) / R of ISO/IEC 21031, R being the runs; without M where that is not known. */
static void put_sci(const struct footprint *f, struct suan_jsonw *w)
{
	int64_t all = f->sum.carbon_mg;

	suan_jsonw_open(w, "sci", '{');
	if (all == SUAN_NOT_KNOWN)
		suan_jsonw_null(w, "g_per_run");
	else
		suan_jsonw_fixed(w, "g_per_run",
				 suan_sat_add(all, f->embodied_mg > 0 ? f->embodied_mg : 0) /
					 (int64_t)f->runs,
				 3);
	put_known(w, "embodied_g", f->embodied_mg, 3);
	suan_jsonw_i64(w, "runs", (int64_t)f->runs);
	suan_jsonw_str(w, "boundary",
		       f->embodied_mg == SUAN_NOT_KNOWN
			       ? "reserved share of the nodes, with cooling and supply (PUE); "
				 "without making them"
			       : "reserved share of the nodes, with cooling and supply (PUE), and "
				 "of making them");
	suan_jsonw_close(w, '}');
}

/* What the network file would have to say. */
static void put_missing(const struct footprint *f, struct suan_jsonw *w)
{
	const struct suan_footprint *s = &f->sum;

	suan_jsonw_open(w, "unknown", '[');
	if (s->energy_j == SUAN_NOT_KNOWN)
		suan_jsonw_str(w, NULL, "busy_watt of the pool");
	if (s->cost_uyuan == SUAN_NOT_KNOWN)
		suan_jsonw_str(w, NULL, "price of the site");
	if (s->carbon_mg == SUAN_NOT_KNOWN)
		suan_jsonw_str(w, NULL, "carbon of the site");
	if (s->market_mg == SUAN_NOT_KNOWN)
		suan_jsonw_str(w, NULL, "carbon_market of the site");
	if (f->embodied_mg == SUAN_NOT_KNOWN)
		suan_jsonw_str(w, NULL, "embodied_kg and life_years of the pool");
	suan_jsonw_close(w, ']');
}

static void put(const struct footprint *f, struct suan_jsonw *w)
{
	if (f->runs == 0) {
		suan_jsonw_null(w, "footprint");
		return;
	}
	suan_jsonw_open(w, "footprint", '{');
	suan_doc_kwh(w, f->sum.energy_j);
	put_known(w, "cost_yuan", f->sum.cost_uyuan, 6);
	suan_jsonw_open(w, "carbon_kg", '{');
	put_known(w, "location", f->sum.carbon_mg, 6);
	put_known(w, "market", f->sum.market_mg, 6);
	suan_jsonw_close(w, '}');
	put_sci(f, w);
	suan_jsonw_str(w, "method", "estimated");
	put_missing(f, w);
	suan_jsonw_close(w, '}');
}

void suan_doc_footprint(const struct suan_engine *e, const struct suan_job_view *v,
			struct suan_jsonw *w)
{
	struct footprint f = {0};
	struct suan_task_view t;
	int64_t now = suan_engine_now(e);

	if (v->elements > MOST_ELEMENTS) { /* its tasks have theirs */
		suan_jsonw_null(w, "footprint");
		return;
	}
	for (uint32_t i = 0; i < v->elements; i++) {
		uint32_t index = v->is_array ? suan_range_at(v->array, i) : 0;

		if (suan_engine_task(e, v->id, index, &t))
			add_task(e, v, &t, now, &f);
	}
	put(&f, w);
}

void suan_doc_task_footprint(const struct suan_engine *e, const struct suan_task_view *t,
			     struct suan_jsonw *w)
{
	struct footprint f = {0};
	struct suan_job_view v;

	if (suan_engine_job(e, t->job, &v))
		add_task(e, &v, t, suan_engine_now(e), &f);
	put(&f, w);
}
