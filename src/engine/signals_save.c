/* Signals in snapshots, and what must be so of them at any time. */
#include <stdlib.h>
#include <string.h>

#include "engine/signals_inside.h"

enum {
	TOLD = 20,
	TARIFF,
	TAGS
};

struct head { /* what is written by table */
	uint32_t site, kind;
	bool marginal;
	int64_t told_ms, issued_ms, period_ms;
	uint64_t estimated, duplicates, gaps;
};

static const struct suan_pack_row rows[] = {
	{1, SUAN_PACK_U32, offsetof(struct head, site), 0},
	{2, SUAN_PACK_U32, offsetof(struct head, kind), SUAN_NSIGNALS - 1},
	{3, SUAN_PACK_BOOL, offsetof(struct head, marginal), 0},
	{4, SUAN_PACK_I64, offsetof(struct head, told_ms), 0},
	{5, SUAN_PACK_I64, offsetof(struct head, issued_ms), 0},
	{6, SUAN_PACK_I64, offsetof(struct head, period_ms), 0},
	{7, SUAN_PACK_U64, offsetof(struct head, estimated), 0},
	{8, SUAN_PACK_U64, offsetof(struct head, duplicates), 0},
	{9, SUAN_PACK_U64, offsetof(struct head, gaps), 0},
};
static const struct suan_pack_table table = {rows, sizeof(rows) / sizeof(rows[0])};

/* ---- writing ---- */

static bool was_told(const struct suan_track *t)
{
	return t->ntold > 0 || t->ntariff > 0 || t->told_ms || t->issued_ms || t->estimated ||
	       t->duplicates || t->gaps;
}

/* Times as distances, so that equal steps take a few bytes. */
static void save_told(const struct suan_track *t, struct suan_buf *out)
{
	size_t mark = suan_put_begin(out, TOLD);
	int64_t last = 0;

	for (size_t i = 0; i < t->ntold; i++) {
		const struct suan_signal_told *x = &t->told[i];

		suan_put_signed(out, x->from_ms - last);
		suan_put_varint(out, x->hole ? 0 : (uint64_t)x->issued_ms + 1);
		suan_put_signed(out, x->value);
		last = x->from_ms;
	}
	suan_put_end(out, mark);
}

static void save_tariff(const struct suan_track *t, struct suan_buf *out)
{
	size_t mark = suan_put_begin(out, TARIFF);

	for (uint32_t i = 0; i < t->ntariff; i++) {
		suan_put_varint(out, (uint64_t)t->tariff[i].at_ms);
		suan_put_signed(out, t->tariff[i].value);
	}
	suan_put_end(out, mark);
}

void suan_signals_save(const struct suan_signals *g, uint32_t tag, struct suan_buf *out)
{
	for (uint32_t i = 0; i < g->nsites; i++)
		for (uint32_t k = 0; k < SUAN_NSIGNALS; k++) {
			const struct suan_track *t = &g->sites[i].tracks[k];
			const struct head h = {
				i, k, t->marginal, t->told_ms, t->issued_ms,
				t->ntariff > 0 ? t->period_ms : 0, t->estimated, t->duplicates,
				t->gaps};
			size_t mark;

			if (!was_told(t))
				continue;
			mark = suan_put_begin(out, tag);
			suan_pack(out, &table, &h);
			if (t->ntold > 0)
				save_told(t, out);
			if (t->ntariff > 0)
				save_tariff(t, out);
			suan_put_end(out, mark);
		}
}

/* ---- reading ---- */

static void load_told(struct suan_unpack *u, const struct suan_field *x, struct suan_track *t)
{
	struct suan_reader r;
	int64_t step = 0, last = 0;
	uint64_t issued = 0;

	u->bad |= !x->is_bytes || t->told != NULL;
	if (u->bad)
		return;
	t->told = calloc(x->len / 3 + 1, sizeof(*t->told)); /* a step takes three bytes at least */
	u->nomem |= !t->told;
	suan_field_reader(x, &r);
	while (!u->nomem && !u->bad && r.p < r.end) {
		struct suan_signal_told *to = &t->told[t->ntold];

		u->bad |= !suan_get_signed(&r, &step) || !suan_get_varint(&r, &issued) ||
			  !suan_get_signed(&r, &to->value) || issued > INT64_MAX ||
			  __builtin_add_overflow(last, step, &to->from_ms);
		to->hole = issued == 0;
		to->issued_ms = to->hole ? 0 : (int64_t)issued - 1;
		last = to->from_ms;
		t->ntold++;
	}
}

static void load_tariff(struct suan_unpack *u, const struct suan_field *x, struct suan_track *t)
{
	struct suan_reader r;
	int64_t value = 0;
	uint64_t at = 0;

	u->bad |= !x->is_bytes || t->tariff != NULL;
	if (u->bad)
		return;
	t->tariff = calloc(x->len / 2 + 1, sizeof(*t->tariff));
	u->nomem |= !t->tariff;
	suan_field_reader(x, &r);
	while (!u->nomem && !u->bad && r.p < r.end) {
		u->bad |= !suan_get_varint(&r, &at) || at > INT64_MAX;
		u->bad |= !suan_get_signed(&r, &value);
		t->tariff[t->ntariff++] = (struct suan_signal_step){(int64_t)at, value};
	}
}

/* Holes are filled with the steps of a tariff, so that none may be endless. */
static const char *verify_told(const struct suan_track *t, enum suan_signal_kind kind)
{
	const int64_t most = SUAN_SIGNALS_KEEP_MS + SUAN_SIGNALS_AHEAD_MS;

	for (size_t i = 0; i < t->ntold; i++) {
		const struct suan_signal_told *x = &t->told[i];

		if (x->from_ms < 0 || x->from_ms > SUAN_SIGNALS_LAST_MS || x->issued_ms < 0 ||
		    (!x->hole && !suan_signals_fits(kind, x->value)))
			return "a step of a signal is out of range";
		if (x->hole && i + 1 < t->ntold && x[1].from_ms - x->from_ms > most)
			return "a signal has a hole of years";
		if (i > 0 && x->from_ms <= x[-1].from_ms)
			return "the steps of a signal do not go up";
		if (i > 0 && x->hole == x[-1].hole &&
		    (x->hole || (x->value == x[-1].value && x->issued_ms == x[-1].issued_ms)))
			return "two steps of a signal are one";
		if (x->hole && (x->value || x->issued_ms))
			return "nothing was told, but a value is there";
	}
	if (t->ntold > 0 && (t->told[0].hole || !t->told[t->ntold - 1].hole))
		return "a signal begins with nothing, or never ends";
	return NULL;
}

static const char *verify_tariff(const struct suan_track *t, enum suan_signal_kind kind)
{
	int64_t day = SUAN_SIGNALS_DAY_MS;

	if (t->ntariff == 0)
		return NULL;
	if (t->period_ms != day && t->period_ms != 7 * day)
		return "the period of a tariff is no day and no week";
	for (uint32_t i = 0; i < t->ntariff; i++)
		if (t->tariff[i].at_ms < 0 || t->tariff[i].at_ms >= t->period_ms ||
		    (i > 0 && t->tariff[i].at_ms <= t->tariff[i - 1].at_ms) ||
		    !suan_signals_fits(kind, t->tariff[i].value))
			return "the steps of a tariff are not in order";
	return NULL;
}

static const char *verify_view(const struct suan_track *t, const struct suan_signal_base *base)
{
	struct suan_track again = {.told = t->told, .ntold = t->ntold, .tariff = t->tariff,
				   .ntariff = t->ntariff, .period_ms = t->period_ms,
				   .marginal = t->marginal};
	const char *bad = NULL;

	if (suan_signals_derive(&again, base) != SUAN_OK)
		bad = "out of memory";
	else if (again.body.count != t->body.count || again.end_ms != t->end_ms ||
		 again.wheel.series.count != t->wheel.series.count)
		bad = "the view of a signal is not that of its steps";
	for (size_t i = 0; !bad && i < t->body.count; i++)
		if (memcmp(&t->body.steps[i], &again.body.steps[i], sizeof(int64_t) * 2) != 0)
			bad = "a value of a signal is wrong";
	again.told = NULL;
	again.tariff = NULL;
	suan_signals_done(&again);
	return bad;
}

static const char *verify_steps(const struct suan_track *t, enum suan_signal_kind kind)
{
	const char *bad = verify_told(t, kind);

	if (!bad)
		bad = verify_tariff(t, kind);
	if (!bad && t->marginal && kind != SUAN_SIGNAL_CARBON)
		bad = "something else than carbon is marginal";
	return bad;
}

const char *suan_signals_verify(const struct suan_signals *g)
{
	const char *bad = NULL;

	for (uint32_t i = 0; !bad && i < g->nsites; i++)
		for (int k = 0; !bad && k < SUAN_NSIGNALS; k++)
			bad = verify_steps(&g->sites[i].tracks[k], (enum suan_signal_kind)k);
	for (uint32_t i = 0; !bad && i < g->nsites; i++)
		for (int k = 0; !bad && k < SUAN_NSIGNALS; k++)
			bad = verify_view(&g->sites[i].tracks[k], &g->sites[i].base[k]);
	return bad;
}

static void get_parts(struct suan_unpack *u, const struct suan_field *f, struct suan_track *t)
{
	struct suan_reader r;
	struct suan_field x;

	suan_field_reader(f, &r);
	while (!u->bad && !u->nomem && suan_get_field(&r, &x)) {
		if (x.tag == TOLD)
			load_told(u, &x, t);
		else if (x.tag == TARIFF)
			load_tariff(u, &x, t);
	}
	u->bad |= r.bad;
}

enum suan_code suan_signals_load(struct suan_signals *g, const struct suan_field *f,
				 struct suan_arena *scratch)
{
	struct suan_unpack u = {.arena = scratch};
	struct suan_track t = {0};
	struct head h = {0};

	suan_unpack_all(&u, &table, f, &h);
	get_parts(&u, f, &t);
	u.bad |= h.site >= g->nsites || was_told(&g->sites[h.site].tracks[h.kind]);
	t.marginal = h.marginal;
	t.told_ms = h.told_ms;
	t.issued_ms = h.issued_ms;
	t.period_ms = h.period_ms;
	t.estimated = h.estimated;
	t.duplicates = h.duplicates;
	t.gaps = h.gaps;
	if (!u.bad && !u.nomem) {
		u.bad |= verify_steps(&t, (enum suan_signal_kind)h.kind) != NULL;
		u.nomem |= !u.bad && suan_signals_derive(&t, &g->sites[h.site].base[h.kind]) !=
					     SUAN_OK;
	}
	if (u.bad || u.nomem) {
		suan_signals_done(&t);
		return u.nomem ? SUAN_ENOMEM : SUAN_ECORRUPT;
	}
	g->sites[h.site].tracks[h.kind] = t;
	return SUAN_OK;
}
