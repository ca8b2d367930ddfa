#include "daemon/teller.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "engine/signals.h"
#include "sim/sim.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "wire/tariff.h"

#define HOUR_MS    INT64_C(3600000)
#define AGAIN_MS   HOUR_MS
#define WEEK_MS	   INT64_C(604800000)
#define MOST_STEPS 60000u

struct told { /* one series that was posted; it is remembered once it is durable */
	struct suan_teller *teller;
	struct told *next;
	char name[160];
	uint64_t hash;
	bool done;
};

struct suan_teller {
	struct suan_core *core;
	const char *file;
	struct suan_timer *again, *remember;
	struct told *posted;
};

struct series { /* of one site and kind */
	const struct suan_site_spec *site;
	enum suan_signal_kind kind;
	const struct suan_signal *signal; /* or: */
	const struct suan_tariff *tariff;
	int64_t issued_ms; /* the signal is a forecast */
};

/* ---- what was told before ---- */

static void name_of(const struct series *s, char *out, size_t n)
{
	(void)snprintf(out, n, "told/%s/%s%s", s->site->name, suan_signal_kind_name(s->kind),
		       s->issued_ms ? "/forecast" : "");
}

static bool is_told(struct suan_teller *t, const char *name, uint64_t hash)
{
	struct suan_buf b = {0};
	uint64_t was = 0;
	bool same;

	for (struct told *p = t->posted; p; p = p->next)
		if (strcmp(p->name, name) == 0 && p->hash == hash)
			return true;
	same = suan_core_value_get(t->core, name, &b, NULL) == SUAN_OK &&
	       suan_parse_u64(suan_buf_str(&b), &was, NULL) == SUAN_OK && was == hash;
	suan_buf_done(&b);
	return same;
}

static void on_remember(void *ctx)
{
	struct suan_teller *t = ctx;
	struct told **p = &t->posted;

	while (*p) {
		struct told *x = *p;
		struct suan_err err = {0};
		char text[24];

		if (!x->done) {
			p = &x->next;
			continue;
		}
		(void)snprintf(text, sizeof(text), "%" PRIu64, x->hash);
		if (suan_core_value_put(t->core, x->name, text, strlen(text), &err) != SUAN_OK)
			suan_log(SUAN_LOG_WARN, "%s: %s", x->name, err.text);
		*p = x->next;
		free(x);
	}
}

static void on_told(void *ctx, const struct suan_core_answer *answer)
{
	struct told *x = ctx;

	if (answer->code == SUAN_OK) {
		x->done = true;
		suan_log(SUAN_LOG_INFO, "signals of the network file: %s is told",
			 x->name + strlen("told/"));
		suan_timer_set(x->teller->remember, 0); /* not from inside of a flush */
		return;
	}
	suan_log(SUAN_LOG_ERROR, "%s: the engine was not told: %s", x->name, answer->err->text);
	x->name[0] = '\0'; /* freed at the end */
}

/* ---- one series ---- */

/* Of a tariff, what is told: it changes with the month. Of a file, all that it says: what is told
 * of it goes on with the time, and that alone is no news. */
static uint64_t hash_of(const struct series *s, const struct suan_signal_spec *told)
{
	const struct suan_signal *g = s->signal;
	uint64_t h = suan_hash_u64(SUAN_HASH_START, g ? g->series.count : told->nsteps);

	h = suan_hash_u64(h, (uint64_t)(g ? g->until_ms : told->period_ms));
	h = suan_hash_u64(h, (uint64_t)s->issued_ms + told->marginal);
	for (size_t i = 0; g && i < g->series.count; i++) {
		h = suan_hash_u64(h, (uint64_t)g->series.steps[i].at_ms);
		h = suan_hash_u64(h, (uint64_t)g->series.steps[i].value);
	}
	for (uint32_t i = 0; !g && i < told->nsteps; i++) {
		h = suan_hash_u64(h, (uint64_t)told->steps[i].at_ms);
		h = suan_hash_u64(h, (uint64_t)told->steps[i].value);
	}
	if (told->nsteps == MOST_STEPS) /* the rest comes later */
		h = suan_hash_u64(h, (uint64_t)(told->steps[0].at_ms / SUAN_SIGNALS_KEEP_MS));
	return h;
}

/* Steps from the first that matters on, in the arena. false: there is none, or no memory. */
static bool copy_steps(const struct suan_series *s, int64_t from_ms, struct suan_arena *arena,
		       struct suan_signal_spec *ret)
{
	struct suan_signal_step *list;
	size_t first = 0, n;

	while (first + 1 < s->count && s->steps[first + 1].at_ms <= from_ms)
		first++;
	n = s->count - first < MOST_STEPS ? s->count - first : MOST_STEPS;
	list = suan_arena_array(arena, n, sizeof(*list));
	if (!list || n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct suan_signal_step){s->steps[first + i].at_ms,
						    s->steps[first + i].value};
	if (list[0].at_ms < 0)
		list[0].at_ms = 0;
	ret->steps = list;
	ret->nsteps = (uint32_t)n;
	return true;
}

static bool by_week(const struct series *s, struct suan_arena *arena, struct suan_signal_spec *ret)
{
	struct suan_series week = {0};
	bool good = suan_tariff_week(s->tariff, suan_clock_now_ms(), &week) == SUAN_OK &&
		    copy_steps(&week, 0, arena, ret);

	suan_series_done(&week);
	ret->period_ms = WEEK_MS;
	return good;
}

static bool by_date(const struct series *s, struct suan_arena *arena, struct suan_signal_spec *ret)
{
	const struct suan_signal *g = s->signal;
	int64_t now = suan_clock_now_ms(), last = now + SUAN_SIGNALS_AHEAD_MS - HOUR_MS;

	if (!copy_steps(&g->series,
			(g->until_ms < now ? g->until_ms : now) - SUAN_SIGNALS_KEEP_MS, arena, ret))
		return false;
	while (ret->nsteps > 1 && ret->steps[ret->nsteps - 1].at_ms >= last)
		ret->nsteps--;
	ret->issued_ms = s->issued_ms;
	ret->until_ms = g->until_ms < last ? g->until_ms : last;
	if (ret->until_ms <= ret->steps[ret->nsteps - 1].at_ms)
		ret->until_ms = ret->steps[ret->nsteps - 1].at_ms + 1;
	ret->marginal = g->marginal;
	ret->estimated = (uint32_t)g->estimated;
	ret->duplicates = (uint32_t)g->duplicates;
	ret->gaps = (uint32_t)g->gaps;
	if (ret->until_ms < now && !s->issued_ms)
		suan_log(SUAN_LOG_WARN,
			 "site %s: the %s of the network file ends before today; the last known "
			 "day is taken for all later ones",
			 s->site->name, suan_signal_kind_name(s->kind));
	return true;
}

static void say_quality(const struct series *s)
{
	const struct suan_signal *g = s->signal;

	if (g && (g->gaps || g->duplicates || g->estimated))
		suan_log(SUAN_LOG_INFO,
			 "site %s: %s: %" PRIu64 " gaps, %" PRIu64
			 " times that came twice, %" PRIu64 " estimated values",
			 s->site->name, suan_signal_kind_name(s->kind), g->gaps, g->duplicates,
			 g->estimated);
}

/* Means and marginal values are not mixed: the file counts. */
static bool mixes(const struct suan_teller *t, const struct suan_signal_spec *spec)
{
	const struct suan_engine *e = suan_core_engine(t->core);

	return suan_signals_mixes(suan_engine_signals(e), suan_engine_find_site(e, spec->site),
				  spec);
}

static void tell_one(struct suan_teller *t, const struct series *s)
{
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .now_ms = suan_clock_now_ms()};
	struct suan_arena arena = {0};
	struct suan_signal_spec *spec = suan_arena_alloc(&arena, sizeof(*spec));
	struct told *x = NULL;

	if (spec) {
		*spec = (struct suan_signal_spec){.kind = s->kind};
		spec->site = suan_arena_str(&arena, s->site->name);
		if (spec->site && (s->tariff ? by_week(s, &arena, spec) : by_date(s, &arena, spec)))
			x = calloc(1, sizeof(*x));
	}
	if (!x) {
		suan_log(SUAN_LOG_ERROR, "site %s: out of memory for its %s", s->site->name,
			 suan_signal_kind_name(s->kind));
		suan_arena_done(&arena);
		return;
	}
	x->teller = t;
	x->hash = hash_of(s, spec);
	name_of(s, x->name, sizeof(x->name));
	if (is_told(t, x->name, x->hash)) {
		free(x);
		suan_arena_done(&arena);
		return;
	}
	say_quality(s);
	ev.u.signal = spec;
	spec->replace = mixes(t, spec);
	x->next = t->posted;
	t->posted = x;
	suan_core_post(t->core, &ev, &arena, on_told, x);
	suan_arena_done(&arena);
}

/* The newest of those that are made already. */
static void tell_forecast(struct suan_teller *t, const struct suan_site_spec *site,
			  enum suan_signal_kind kind, const struct suan_signal_issues *all)
{
	struct series s = {.site = site, .kind = kind};

	for (uint32_t i = 0; i < all->count; i++) {
		const struct suan_signal_issue *x = &all->list[i];

		if (!x->signal.dated || x->issued_ms > suan_clock_now_ms() || x->issued_ms <= 0 ||
		    x->issued_ms < s.issued_ms)
			continue;
		s.signal = &x->signal;
		s.issued_ms = x->issued_ms;
	}
	if (s.signal)
		tell_one(t, &s);
	else if (all->count > 0)
		suan_log(SUAN_LOG_WARN, "site %s: no forecast of its %s was made before today",
			 site->name, suan_signal_kind_name(kind));
}

/* ---- all of them ---- */

static void tell_site(struct suan_teller *t, const struct suan_site_spec *site,
		      const struct suan_sim_site_signals *g)
{
	for (int k = 0; k < SUAN_NSIGNALS; k++) {
		struct series s = {.site = site, .kind = (enum suan_signal_kind)k};

		if (k == SUAN_SIGNAL_PRICE && g->tariff)
			s.tariff = g->tariff;
		else if (g->of[k].series.count > 0)
			s.signal = &g->of[k];
		else
			continue;
		if (s.signal && !s.signal->dated)
			suan_log(SUAN_LOG_WARN,
				 "site %s: the times of its %s are no dates: it is for simulations",
				 site->name, suan_signal_kind_name(s.kind));
		else
			tell_one(t, &s);
	}
	for (int k = 0; k < SUAN_NSIGNALS; k++)
		tell_forecast(t, site, (enum suan_signal_kind)k, &g->issues[k]);
}

void suan_teller_tell(struct suan_teller *t)
{
	const struct suan_network *net = suan_engine_network(suan_core_engine(t->core));

	suan_timer_set(t->again, AGAIN_MS);
	for (uint32_t i = 0; net && t->file && i < net->nsites; i++) {
		struct suan_network one = {.sites = &net->sites[i], .nsites = 1};
		struct suan_sim_signals g = {0};
		struct suan_err err = {0};

		/* site by site, so that one bad file keeps none of the others away */
		if (suan_sim_signals_read(&one, t->file, &g, &err) == SUAN_OK)
			tell_site(t, one.sites, &g.sites[0]);
		else
			suan_log(SUAN_LOG_ERROR, "%s; what was known before counts", err.text);
		suan_sim_signals_done(&g);
	}
}

static void on_again(void *ctx)
{
	suan_teller_tell(ctx);
}

enum suan_code suan_teller_new(struct suan_teller **ret, struct suan_loop *loop,
			       struct suan_core *core, const char *network_file)
{
	struct suan_teller *t = calloc(1, sizeof(*t));
	enum suan_code rc;

	if (!t)
		return SUAN_ENOMEM;
	t->core = core;
	t->file = network_file;
	rc = suan_timer_new(&t->again, loop, on_again, t);
	if (rc == SUAN_OK)
		rc = suan_timer_new(&t->remember, loop, on_remember, t);
	if (rc == SUAN_OK)
		*ret = t;
	else
		suan_teller_free(t);
	return rc;
}

void suan_teller_free(struct suan_teller *t)
{
	struct told *next;

	if (!t)
		return;
	suan_timer_free(t->again);
	suan_timer_free(t->remember);
	for (struct told *x = t->posted; x; x = next) {
		next = x->next;
		free(x);
	}
	free(t);
}
