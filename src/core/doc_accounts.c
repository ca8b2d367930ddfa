/* Accounts, users and classes as JSON documents. */
#include "core/doc.h"

static void put_limits(const char *name, const struct suan_limits *l, struct suan_jsonw *w)
{
	if (!l->set)
		return;
	suan_jsonw_open(w, name, '{');
	for (int i = 0; i < SUAN_NLIMITS; i++)
		if (l->set >> i & 1)
			suan_jsonw_i64(w, suan_limit_name((enum suan_limit)i),
				       l->most[i] < INT64_MAX ? (int64_t)l->most[i] : INT64_MAX);
	suan_jsonw_close(w, '}');
}

/* Millionths of an hour. */
static int64_t hours(uint64_t unit_ms)
{
	return (int64_t)(unit_ms / 36 * 10 + unit_ms % 36 * 10 / 36);
}

static void put_held(const struct suan_account_view *v, struct suan_jsonw *w)
{
	suan_jsonw_open(w, "running", '{');
	suan_jsonw_i64(w, "runs", (int64_t)v->runs);
	suan_jsonw_i64(w, "cores", (int64_t)v->cores);
	suan_jsonw_i64(w, "gpus", (int64_t)v->gpus);
	suan_jsonw_i64(w, "memory", (int64_t)v->memory);
	suan_jsonw_close(w, '}');
	suan_jsonw_i64(w, "pending", (int64_t)v->pending);
}

static void put_standing(const struct suan_account_view *v, struct suan_jsonw *w)
{
	suan_jsonw_i64(w, "shares", v->shares);
	suan_jsonw_fixed(w, "share", v->share_ppm, 6);
	suan_jsonw_fixed(w, "factor", v->factor_ppm, 6);
	suan_jsonw_open(w, "usage", '{');
	suan_jsonw_fixed(w, "core_hours", hours(v->used_cores), 6);
	suan_jsonw_fixed(w, "gpu_hours", hours(v->used_gpus), 6);
	suan_jsonw_fixed(w, "memory_gib_hours", hours(v->used_memory / 1024), 6);
	suan_jsonw_close(w, '}');
	put_held(v, w);
}

static void put_users(const struct suan_engine *e, uint32_t account, int64_t now_ms,
		      struct suan_jsonw *w)
{
	struct suan_account_view u;

	suan_jsonw_open(w, "users", '[');
	for (uint32_t i = 0; suan_engine_account_user(e, i, now_ms, &u); i++) {
		if (u.number != account)
			continue;
		suan_jsonw_open(w, NULL, '{');
		suan_jsonw_str(w, "user", u.user);
		put_standing(&u, w);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

void suan_doc_accounts(const struct suan_engine *e, int64_t now_ms, struct suan_jsonw *w)
{
	struct suan_account_view v;

	for (uint32_t i = 0; suan_engine_account(e, i, now_ms, &v); i++) {
		suan_jsonw_open(w, NULL, '{');
		suan_jsonw_str(w, "name", v.name);
		suan_jsonw_str(w, "parent", v.parent);
		suan_jsonw_i64(w, "depth", v.depth);
		put_standing(&v, w);
		put_limits("limits", &v.spec->limits, w);
		put_limits("user_limits", &v.spec->user_limits, w);
		put_users(e, i, now_ms, w);
		suan_jsonw_close(w, '}');
	}
}

static void put_class(const struct suan_qos_view *v, struct suan_jsonw *w)
{
	const struct suan_qos_spec *q = v->spec;
	struct suan_account_view held = {.runs = v->runs, .cores = v->cores, .gpus = v->gpus,
					 .memory = v->memory, .pending = v->pending};

	suan_jsonw_str(w, "name", q->name);
	suan_jsonw_i64(w, "priority", q->priority);
	suan_jsonw_fixed(w, "usage_factor", q->usage_factor_milli, 3);
	if (q->max_walltime_ms)
		suan_jsonw_fixed(w, "max_walltime", q->max_walltime_ms, 3);
	suan_jsonw_bool(w, "preemptable", q->preemptable);
	if (q->preemptable) {
		suan_jsonw_fixed(w, "grace", q->grace_ms, 3);
		suan_jsonw_bool(w, "preempt_cancels", q->preempt_cancels);
	}
	suan_jsonw_open(w, "preempts", '[');
	for (uint32_t i = 0; i < q->preempts.count; i++)
		suan_jsonw_str(w, NULL, q->preempts.list[i]);
	suan_jsonw_close(w, ']');
	put_held(&held, w);
	put_limits("limits", &q->limits, w);
	put_limits("user_limits", &q->user_limits, w);
}

void suan_doc_classes(const struct suan_engine *e, struct suan_jsonw *w)
{
	struct suan_qos_view v;

	for (uint32_t i = 0; suan_engine_qos(e, i, &v); i++) {
		suan_jsonw_open(w, NULL, '{');
		put_class(&v, w);
		suan_jsonw_close(w, '}');
	}
}

void suan_doc_fair_share(const struct suan_engine *e, struct suan_jsonw *w)
{
	const struct suan_accounts *a = suan_engine_accounts(e);

	suan_jsonw_open(w, "fair_share", '{');
	suan_jsonw_fixed(w, "half_life", a->fair_share.half_life_ms, 3);
	suan_jsonw_fixed(w, "weight", a->fair_share.weight_ms, 3);
	suan_jsonw_fixed(w, "period", a->fair_share.period_ms, 3);
	suan_jsonw_close(w, '}');
	suan_jsonw_str(w, "default_account", a->default_account);
	suan_jsonw_str(w, "default_qos", a->default_qos);
}
