#include "engine/forecast.h"

#define ONE	 1000000 /* levels are millionths */
#define OCTAVE	 32768	 /* logarithms have 15 binary digits */
#define BIN	 (OCTAVE / 8)
#define LOWEST	 (-14 * OCTAVE)	  /* where the first bin begins */
#define PAR	 (14 * 8 - 1)	  /* bin of waits as planned */
#define PRIOR	 10u		  /* such waits that every histogram begins with */
#define ENOUGH	 20u		  /* of these a histogram speaks for itself */
#define FADE	 1000u		  /* at so many, each counts half */
#define BLIND_MS INT64_C(3600000) /* stands for the planned wait of those that have none */
#define ABOVE	 16 /* of a level above 1: so many half octaves more than the longest */
#define DEBT	 (100 * ONE)
#define FINE	 30 /* binary digits of a ratio */
#define BLOCK	 SUAN_FORECAST_BLOCK

static const struct {
	int32_t percent;
	int32_t step;	     /* of the level at a miss that was promised never to happen, / 100 */
	int32_t least, most; /* of the level that is used, above what is promised */
} asked[SUAN_NCONFIDENCES] = {
	{50, 400, -420000, 420000},
	{90, 50, -100000, 100000 + ONE / ABOVE},
	{99, 80, -40000, 10000 + ONE / ABOVE},
};

/* log2, off by less than a hundredth. x > 0. */
static int32_t log_of(uint64_t x)
{
	uint32_t e = 63u - (uint32_t)__builtin_clzll(x);
	uint32_t f = (uint32_t)((x << (63 - e) << 1) >> 49);
	uint32_t bend = f * (OCTAVE - f) / OCTAVE;

	return (int32_t)(e * OCTAVE + f + bend * 11049 / OCTAVE);
}

/* Its inverse, as good. */
static uint64_t power_of(uint64_t log)
{
	uint32_t f = (uint32_t)(log % OCTAVE);
	uint32_t bend = f * (OCTAVE - f) / OCTAVE;
	uint64_t m = OCTAVE + f - bend * 11049 / OCTAVE;
	uint64_t e = log / OCTAVE;

	return e >= 15 ? m << (e - 15) : m >> (15 - e);
}

static uint32_t octave_of(int64_t wait_ms)
{
	uint32_t o = 63u - (uint32_t)__builtin_clzll((uint64_t)(wait_ms / 1000) + 1);

	return o < SUAN_FORECAST_OCTAVES ? o : SUAN_FORECAST_OCTAVES - 1;
}

/* One of those with a planned wait. */
static bool is_planned(uint32_t class)
{
	return class >= SUAN_FORECAST_FIRST && class < SUAN_FORECAST_LIMITED;
}

bool suan_forecast_range(uint32_t class, uint64_t *ret_from_s, uint64_t *ret_below_s)
{
	uint32_t o = (class - SUAN_FORECAST_FIRST) / SUAN_FORECAST_KINDS;

	if (!is_planned(class))
		return false;
	*ret_from_s = (UINT64_C(1) << o) - 1;
	*ret_below_s = o + 1 < SUAN_FORECAST_OCTAVES ? (UINT64_C(2) << o) - 1 : UINT64_MAX;
	return true;
}

/* ---- saying ---- */

/* From bin i on, the first one with which there are so many; *below: in those before it. */
static uint32_t walk(const struct suan_spread *s, uint32_t least, uint32_t i, uint32_t *below)
{
	for (;; i++) {
		for (; i % BLOCK == 0 && *below + s->blocks[i / BLOCK] < least; i += BLOCK)
			*below += s->blocks[i / BLOCK];
		if (s->bins[i] > 0 && *below + s->bins[i] >= least)
			return i;
		*below += s->bins[i];
	}
}

/* Where such parts of it lie below, found in one walk; a level below the one before it need not be
 * exact. Those above ONE lie beyond the longest seen. */
static void quantiles(const struct suan_spread *s, const int32_t level[SUAN_NCONFIDENCES],
		      int32_t ret[SUAN_NCONFIDENCES])
{
	uint32_t below = 0, i = 0;

	for (int c = 0; c < SUAN_NCONFIDENCES; c++) {
		int32_t above = level[c] > ONE ? level[c] - ONE : 0;
		uint64_t want = (uint64_t)(level[c] - above) * s->total, in;

		i = walk(s, (uint32_t)((want + ONE - 1) / ONE), i, &below);
		in = want > (uint64_t)below * ONE ? want - (uint64_t)below * ONE : 0;
		ret[c] = LOWEST + (int32_t)(i * BIN + in * BIN / (s->bins[i] * UINT64_C(1000000)));
		ret[c] += (int32_t)((int64_t)above * ABOVE * (OCTAVE / 2) / ONE);
	}
}

/* The narrowest one that has seen enough. */
static const struct suan_spread *spread_for(const struct suan_forecast *f, uint32_t class)
{
	const struct suan_spread *own = &f->classes[class].own, *octave;

	if (own->total >= ENOUGH || !is_planned(class))
		return own;
	octave = &f->octaves[(class - SUAN_FORECAST_FIRST) / SUAN_FORECAST_KINDS];
	return octave->total >= ENOUGH ? octave : &f->all;
}

static void levels(const struct suan_forecast_class *k, int32_t ret[SUAN_NCONFIDENCES])
{
	for (int c = 0; c < SUAN_NCONFIDENCES; c++) {
		int32_t more = k->level[c];

		more = more < asked[c].least ? asked[c].least : more;
		more = more > asked[c].most ? asked[c].most : more;
		ret[c] = asked[c].percent * (ONE / 100) + more;
	}
}

/* Whole seconds, rounded up. */
static uint32_t bound_of(int64_t wait_ms, int32_t q)
{
	unsigned __int128 ratio = power_of((uint64_t)(q + FINE * (int64_t)OCTAVE));
	unsigned __int128 wide = (ratio * ((uint64_t)wait_ms + 1000)) >> FINE;
	uint64_t ms = (uint64_t)wide;

	if (wide > UINT32_MAX * UINT64_C(1000))
		return UINT32_MAX;
	return ms > 1000 ? (uint32_t)((ms - 1) / 1000) : 0;
}

void suan_forecast_give(const struct suan_forecast *f, const struct suan_outlook *o,
			struct suan_given *ret)
{
	int32_t level[SUAN_NCONFIDENCES], q[SUAN_NCONFIDENCES] = {-OCTAVE, 0, OCTAVE};
	int64_t wait_ms = o->start_ms > o->now_ms ? o->start_ms - o->now_ms : 0;
	const struct suan_spread *s;
	uint32_t least = 0;

	*ret = (struct suan_given){.at_ms = o->now_ms, .class = SUAN_FORECAST_BLIND};
	if (o->start_ms > 0) {
		uint32_t kind = octave_of(wait_ms) * SUAN_FORECAST_KINDS + o->wide;

		ret->class = (uint16_t)(SUAN_FORECAST_FIRST + kind);
		ret->point_s =
			wait_ms / 1000 < UINT32_MAX ? (uint32_t)(wait_ms / 1000) : UINT32_MAX;
	} else {
		if (o->limited)
			ret->class = SUAN_FORECAST_LIMITED;
		wait_ms = BLIND_MS;
	}
	levels(&f->classes[ret->class], level);
	s = spread_for(f, ret->class);
	if (s->total > 0)
		quantiles(s, level, q);
	for (int c = 0; c < SUAN_NCONFIDENCES; c++) {
		uint32_t bound = bound_of(wait_ms, q[c]);

		least = bound > least ? bound : least;
		ret->bound_s[c] = least;
	}
}

/* ---- learning ---- */

static void put_in(struct suan_spread *s, uint32_t bin, uint16_t n)
{
	s->bins[bin] = (uint16_t)(s->bins[bin] + n);
	s->blocks[bin / BLOCK] = (uint16_t)(s->blocks[bin / BLOCK] + n);
	s->total += n;
}

static void note(struct suan_spread *s, uint32_t bin)
{
	struct suan_spread old;

	if (s->total == 0)
		put_in(s, PAR, PRIOR);
	put_in(s, bin, 1);
	if (s->total < FADE)
		return;
	old = *s;
	*s = (struct suan_spread){0};
	for (uint32_t i = 0; i < SUAN_FORECAST_BINS; i++)
		put_in(s, i, old.bins[i] / 2);
}

static uint64_t loss_of(int32_t percent, int64_t bound_s, int64_t wait_s)
{
	int64_t loss = wait_s > bound_s ? (wait_s - bound_s) * percent
					: (bound_s - wait_s) * (100 - percent);

	return (uint64_t)loss;
}

static void judge(struct suan_forecast_class *k, const struct suan_given *g, int64_t wait_s)
{
	k->sums.width_s += g->bound_s[SUAN_P90] - g->bound_s[SUAN_P50];
	for (int c = 0; c < SUAN_NCONFIDENCES; c++) {
		int32_t percent = asked[c].percent;
		bool held = wait_s <= (int64_t)g->bound_s[c];
		int32_t level = k->level[c] + asked[c].step * (held ? percent - 100 : percent);

		k->level[c] = level < -DEBT ? -DEBT : level > DEBT ? DEBT : level;
		k->sums.held[c] += held;
		k->sums.loss[c] += loss_of(percent, g->bound_s[c], wait_s);
		k->sums.point_loss[c] += loss_of(percent, g->point_s, wait_s);
	}
}

static uint32_t bin_of(const struct suan_given *g, int64_t wait_ms)
{
	int64_t point_ms = is_planned(g->class) ? (int64_t)g->point_s * 1000 : BLIND_MS;
	int32_t log = log_of((uint64_t)wait_ms + 1000) - log_of((uint64_t)point_ms + 1000);
	int32_t bin = (log - LOWEST + BIN - 1) / BIN - 1; /* a bin has its upper end */

	if (log <= LOWEST)
		return 0;
	return bin < (int32_t)SUAN_FORECAST_BINS ? (uint32_t)bin : SUAN_FORECAST_BINS - 1;
}

void suan_forecast_learn(struct suan_forecast *f, const struct suan_given *g, int64_t start_ms)
{
	struct suan_forecast_class *k = &f->classes[g->class];
	int64_t wait_ms = start_ms > g->at_ms ? start_ms - g->at_ms : 0;
	uint32_t bin;

	k->sums.count++;
	if (g->class == SUAN_FORECAST_PROMPT)
		return;
	judge(k, g, wait_ms / 1000 + (wait_ms % 1000 > 0));
	bin = bin_of(g, wait_ms);
	note(&k->own, bin);
	if (!is_planned(g->class))
		return;
	note(&f->octaves[(g->class - SUAN_FORECAST_FIRST) / SUAN_FORECAST_KINDS], bin);
	note(&f->all, bin);
}

/* ---- as bytes ---- */

/* Parts are classes, octaves, all; then the class that came later. CLASSES: no class. */
static uint32_t class_at(uint32_t part)
{
	if (part == SUAN_FORECAST_PARTS - 1)
		return SUAN_FORECAST_LIMITED;
	return part < SUAN_FORECAST_LIMITED ? part : SUAN_FORECAST_CLASSES;
}

static const struct suan_spread *spread_at(const struct suan_forecast *f, uint32_t part)
{
	uint32_t class = class_at(part);

	if (class < SUAN_FORECAST_CLASSES)
		return &f->classes[class].own;
	part -= SUAN_FORECAST_LIMITED;
	return part < SUAN_FORECAST_OCTAVES ? &f->octaves[part] : &f->all;
}

bool suan_forecast_known(const struct suan_forecast *f, uint32_t part)
{
	uint32_t class = class_at(part);

	return class < SUAN_FORECAST_CLASSES ? f->classes[class].sums.count > 0
					     : spread_at(f, part)->total > 0;
}

static uint64_t zigzag(int32_t v)
{
	return v < 0 ? (uint64_t)(-(int64_t)v) * 2 - 1 : (uint64_t)v * 2;
}

static int32_t unzigzag(uint64_t v)
{
	return (int32_t)(v & 1 ? -(int64_t)(v / 2) - 1 : (int64_t)(v / 2));
}

static void put_class(const struct suan_forecast_class *k, struct suan_buf *out)
{
	suan_put_varint(out, k->sums.count);
	suan_put_varint(out, k->sums.width_s);
	for (int c = 0; c < SUAN_NCONFIDENCES; c++) {
		suan_put_varint(out, k->sums.held[c]);
		suan_put_varint(out, k->sums.loss[c]);
		suan_put_varint(out, k->sums.point_loss[c]);
		suan_put_varint(out, zigzag(k->level[c]));
	}
}

/* The bins that are not empty: how many empty ones before it, and what is in it. */
void suan_forecast_put(const struct suan_forecast *f, uint32_t part, struct suan_buf *out)
{
	const struct suan_spread *s = spread_at(f, part);
	uint32_t next = 0, class = class_at(part);

	suan_put_varint(out, part);
	if (class < SUAN_FORECAST_CLASSES)
		put_class(&f->classes[class], out);
	for (uint32_t i = 0; i < SUAN_FORECAST_BINS; i++) {
		if (s->bins[i] == 0)
			continue;
		suan_put_varint(out, i - next);
		suan_put_varint(out, s->bins[i]);
		next = i + 1;
	}
}

static bool get_class(struct suan_reader *r, struct suan_forecast_class *k)
{
	uint64_t level = 0;
	bool good = suan_get_varint(r, &k->sums.count) && suan_get_varint(r, &k->sums.width_s) &&
		    k->sums.count > 0;

	for (int c = 0; good && c < SUAN_NCONFIDENCES; c++) {
		good = suan_get_varint(r, &k->sums.held[c]) &&
		       suan_get_varint(r, &k->sums.loss[c]) &&
		       suan_get_varint(r, &k->sums.point_loss[c]) && suan_get_varint(r, &level) &&
		       k->sums.held[c] <= k->sums.count && level <= 2 * (uint64_t)DEBT;
		if (good)
			k->level[c] = unzigzag(level);
	}
	return good;
}

static bool get_spread(struct suan_reader *r, struct suan_spread *ret)
{
	uint64_t gap, n, at = 0;

	*ret = (struct suan_spread){0};
	for (; r->p < r->end; at++) {
		if (!suan_get_varint(r, &gap) || !suan_get_varint(r, &n) ||
		    gap >= SUAN_FORECAST_BINS - at || n == 0 || n >= FADE - ret->total)
			return false;
		at += gap;
		put_in(ret, (uint32_t)at, (uint16_t)n);
	}
	return true;
}

bool suan_forecast_get(struct suan_forecast *f, struct suan_reader *r)
{
	struct suan_forecast_class k = {0};
	uint64_t part;
	uint32_t class;

	if (!suan_get_varint(r, &part) || part >= SUAN_FORECAST_PARTS ||
	    suan_forecast_known(f, (uint32_t)part))
		return false;
	class = class_at((uint32_t)part);
	if (class < SUAN_FORECAST_CLASSES && !get_class(r, &k))
		return false;
	if (!get_spread(r, &k.own) ||
	    (part != SUAN_FORECAST_PROMPT) != (k.own.total > 0)) /* who knows has seen something */
		return false;
	if (class < SUAN_FORECAST_CLASSES)
		f->classes[class] = k;
	else if (part < SUAN_FORECAST_LIMITED + SUAN_FORECAST_OCTAVES)
		f->octaves[part - SUAN_FORECAST_LIMITED] = k.own;
	else
		f->all = k.own;
	return true;
}

void suan_given_put(const struct suan_given *g, struct suan_buf *out)
{
	suan_put_varint(out, (uint64_t)g->at_ms);
	suan_put_varint(out, g->class);
	suan_put_varint(out, g->point_s);
	for (int c = 0; c < SUAN_NCONFIDENCES; c++)
		suan_put_varint(out, g->bound_s[c]);
}

bool suan_given_get(struct suan_reader *r, struct suan_given *ret)
{
	uint64_t v[3 + SUAN_NCONFIDENCES];
	struct suan_given g = {0};

	for (int i = 0; i < 3 + SUAN_NCONFIDENCES; i++)
		if (!suan_get_varint(r, &v[i]) || v[i] > (i == 0 ? INT64_MAX : UINT32_MAX) ||
		    (i > 3 && v[i] < v[i - 1]))
			return false;
	if (v[1] == SUAN_FORECAST_PROMPT || v[1] >= SUAN_FORECAST_CLASSES || r->p < r->end)
		return false;
	g.at_ms = (int64_t)v[0];
	g.class = (uint16_t)v[1];
	g.point_s = (uint32_t)v[2];
	for (int c = 0; c < SUAN_NCONFIDENCES; c++)
		g.bound_s[c] = (uint32_t)v[3 + c];
	*ret = g;
	return true;
}
