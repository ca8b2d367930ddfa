#include "sim/forecast.h"

static const char *const names[3] = {"p50", "p90", "p99"};
static const int64_t promised[3] = {500000, 900000, 990000}; /* millionths */

/* Was anything said of them? Of jobs that a limit keeps waiting nobody is told a time. */
static bool is_said(const struct suan_forecast_view *v)
{
	return v->kind != SUAN_FORECASTS_AT_ONCE && v->kind != SUAN_FORECASTS_LIMITED;
}

void suan_sim_forecast_all(const struct suan_sim_result *r, struct suan_forecast_view *ret)
{
	*ret = (struct suan_forecast_view){.kind = SUAN_FORECASTS_DEEP};
	for (uint32_t i = 0; i < r->nforecasts; i++) {
		const struct suan_forecast_view *v = &r->forecasts[i];

		if (!is_said(v))
			continue;
		ret->count += v->count;
		ret->width_s += v->width_s;
		for (int c = 0; c < 3; c++) {
			ret->held[c] += v->held[c];
			ret->loss[c] += v->loss[c];
			ret->plan_loss[c] += v->plan_loss[c];
		}
	}
}

static int64_t ratio(uint64_t part, uint64_t unit, uint64_t count)
{
	return count ? (int64_t)((unsigned __int128)part * unit / count) : SUAN_SIM_NONE;
}

int64_t suan_sim_forecast_mean(uint64_t hundredths, uint64_t count)
{
	return ratio(hundredths, 10000, count);
}

int64_t suan_sim_forecast_share(uint64_t held, uint64_t count)
{
	return ratio(held, 1000000, count);
}

int64_t suan_sim_forecast_worst(const struct suan_sim_result *r)
{
	int64_t worst = SUAN_SIM_NONE;

	for (uint32_t i = 0; i < r->nforecasts; i++) {
		const struct suan_forecast_view *v = &r->forecasts[i];

		if (!is_said(v) || v->count < SUAN_SIM_FORECAST_LARGE)
			continue;
		for (int c = 0; c < 3; c++) {
			int64_t off = suan_sim_forecast_share(v->held[c], v->count) - promised[c];

			off = off < 0 ? -off : off;
			worst = off > worst ? off : worst;
		}
	}
	return worst;
}

/* ---- JSON ---- */

static void number(struct suan_jsonw *w, const char *name, int64_t millionths)
{
	if (millionths == SUAN_SIM_NONE)
		suan_jsonw_null(w, name);
	else
		suan_jsonw_fixed(w, name, millionths, 6);
}

static void three(struct suan_jsonw *w, const char *name, const uint64_t sums[3], uint64_t count,
		  int64_t (*mean)(uint64_t sum, uint64_t count))
{
	suan_jsonw_open(w, name, '{');
	for (int c = 0; c < 3; c++)
		number(w, names[c], mean(sums[c], count));
	suan_jsonw_close(w, '}');
}

static void sums_json(const struct suan_forecast_view *v, struct suan_jsonw *w)
{
	suan_jsonw_i64(w, "jobs", (int64_t)v->count);
	three(w, "started_by", v->held, v->count, suan_sim_forecast_share);
	number(w, "p50_to_p90_s", ratio(v->width_s, 1000000, v->count));
	three(w, "loss_s", v->loss, v->count, suan_sim_forecast_mean);
	three(w, "plan_loss_s", v->plan_loss, v->count, suan_sim_forecast_mean);
}

static void class_json(const struct suan_forecast_view *v, struct suan_jsonw *w)
{
	static const char *const kinds[] = {"at-once", "deep", "narrow", "wide", "limited"};
	bool planned = v->kind == SUAN_FORECASTS_NARROW || v->kind == SUAN_FORECASTS_WIDE;

	if (v->count == 0 || v->kind == SUAN_FORECASTS_AT_ONCE)
		return;
	suan_jsonw_open(w, NULL, '{');
	suan_jsonw_str(w, "kind", kinds[v->kind]);
	if (planned)
		suan_jsonw_i64(w, "from_s", (int64_t)v->from_s);
	if (planned && v->below_s < UINT64_MAX)
		suan_jsonw_i64(w, "below_s", (int64_t)v->below_s);
	sums_json(v, w);
	suan_jsonw_close(w, '}');
}

void suan_sim_forecast_json(const struct suan_sim_result *r, struct suan_jsonw *w)
{
	struct suan_forecast_view all;
	uint64_t at_once = 0, held[3];

	suan_sim_forecast_all(r, &all);
	for (uint32_t i = 0; i < r->nforecasts; i++)
		at_once +=
			r->forecasts[i].kind == SUAN_FORECASTS_AT_ONCE ? r->forecasts[i].count : 0;
	for (int c = 0; c < 3; c++)
		held[c] = all.held[c] + at_once;
	suan_jsonw_open(w, "forecast", '{');
	sums_json(&all, w);
	suan_jsonw_i64(w, "at_once", (int64_t)at_once);
	three(w, "started_by_with_at_once", held, all.count + at_once, suan_sim_forecast_share);
	number(w, "worst_class", suan_sim_forecast_worst(r));
	suan_jsonw_open(w, "classes", '[');
	for (uint32_t i = 0; i < r->nforecasts; i++)
		class_json(&r->forecasts[i], w);
	suan_jsonw_close(w, ']');
	suan_jsonw_close(w, '}');
}
