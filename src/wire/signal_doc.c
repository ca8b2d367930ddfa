#include "wire/signal_doc.h"

#include <string.h>

#include "base/num.h"
#include "engine/signals.h"

#define MOST_VALUES 100000u
#define DAY_MS	    INT64_C(86400000)

static const struct {
	const char *unit;
	unsigned digits;
} kinds[SUAN_NSIGNALS] = {
	[SUAN_SIGNAL_PRICE] = {"yuan/kWh", 6},	    [SUAN_SIGNAL_CARBON] = {"g/kWh", 3},
	[SUAN_SIGNAL_CARBON_MARKET] = {"g/kWh", 3}, [SUAN_SIGNAL_RENEWABLE] = {"share", 6},
	[SUAN_SIGNAL_TEMPERATURE] = {"degC", 3},
};

unsigned suan_signal_digits(enum suan_signal_kind k)
{
	return kinds[k].digits;
}

const char *suan_signal_unit_name(enum suan_signal_kind k)
{
	return kinds[k].unit;
}

bool suan_signal_kind_parse(const char *name, enum suan_signal_kind *ret, struct suan_err *err)
{
	for (int k = 0; k < SUAN_NSIGNALS; k++) {
		if (strcmp(suan_signal_kind_name((enum suan_signal_kind)k), name) != 0)
			continue;
		*ret = (enum suan_signal_kind)k;
		return true;
	}
	suan_fail_field(err, SUAN_EINVAL, "kind",
			"found \"%.40s\", want price, carbon, carbon_market, renewable or "
			"temperature",
			name);
	return false;
}

struct doc {
	struct suan_arena *arena;
	struct suan_signal_spec spec;
	struct suan_signal_step *steps; /* in the arena */
	size_t nsteps, cap;
	bool has_kind, has_until;
	int64_t now_ms;
};

static bool read_time(struct suan_json *j, const struct doc *d, int64_t *ret)
{
	struct suan_err err = {0};
	const char *text;

	if (suan_json_peek(j) == SUAN_JSON_NUMBER)
		return suan_json_fixed(j, 3, ret);
	if (!suan_json_string(j, &text))
		return false;
	if (suan_parse_time(text, d->now_ms, ret, &err) == SUAN_OK)
		return true;
	return suan_json_fail(j, SUAN_EINVAL, "%s", err.text);
}

static bool room(struct suan_json *j, struct doc *d)
{
	struct suan_signal_step *more;
	size_t cap = d->cap ? d->cap * 2 : 64;

	if (d->nsteps < d->cap)
		return true;
	if (d->nsteps >= MOST_VALUES)
		return suan_json_fail(j, SUAN_ETOOBIG, "more than %u values at once", MOST_VALUES);
	more = suan_arena_array(d->arena, cap, sizeof(*more));
	if (!more)
		return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
	if (d->nsteps)
		memcpy(more, d->steps, d->nsteps * sizeof(*more));
	d->steps = more;
	d->cap = cap;
	return true;
}

static bool read_value(struct suan_json *j, struct doc *d)
{
	struct suan_signal_step *s;
	bool time = false, value = false;
	const char *name;

	if (!room(j, d))
		return false;
	s = &d->steps[d->nsteps];
	if (!suan_json_object(j))
		return false;
	while (suan_json_member(j, &name)) {
		if (strcmp(name, "time") == 0 && !time)
			time = read_time(j, d, &s->at_ms);
		else if (strcmp(name, "value") == 0 && !value)
			value = suan_json_fixed(j, suan_signal_digits(d->spec.kind), &s->value);
		else
			suan_json_fail_name(j, "want time and value, each once");
	}
	if (j->failed)
		return false;
	if (!time || !value)
		return suan_json_fail(j, SUAN_EINVAL, "want time and value, each once");
	d->nsteps++;
	return true;
}

static bool read_values(struct suan_json *j, struct doc *d)
{
	if (!d->has_kind)
		return suan_json_fail(j, SUAN_EINVAL, "kind must come before the values");
	if (!suan_json_array(j))
		return false;
	while (suan_json_element(j) && read_value(j, d))
		;
	return !j->failed;
}

static bool read_kind(struct suan_json *j, struct doc *d)
{
	struct suan_err err = {0};
	const char *text;

	if (!suan_json_string(j, &text))
		return false;
	d->has_kind = suan_signal_kind_parse(text, &d->spec.kind, &err);
	return d->has_kind || suan_json_fail(j, SUAN_EINVAL, "%s", err.text);
}

static bool read_period(struct suan_json *j, struct doc *d)
{
	const char *text;

	if (!suan_json_string(j, &text))
		return false;
	if (strcmp(text, "day") != 0 && strcmp(text, "week") != 0)
		return suan_json_fail(j, SUAN_EINVAL, "found \"%.40s\", want day or week", text);
	d->spec.period_ms = text[0] == 'd' ? DAY_MS : 7 * DAY_MS;
	return true;
}

static bool read_member(struct suan_json *j, struct doc *d, const char *name)
{
	if (strcmp(name, "site") == 0)
		return suan_json_string(j, &d->spec.site);
	if (strcmp(name, "kind") == 0)
		return read_kind(j, d);
	if (strcmp(name, "values") == 0)
		return read_values(j, d);
	if (strcmp(name, "period") == 0)
		return read_period(j, d);
	if (strcmp(name, "until") == 0)
		return d->has_until = read_time(j, d, &d->spec.until_ms);
	if (strcmp(name, "issued") == 0)
		return read_time(j, d, &d->spec.issued_ms);
	if (strcmp(name, "replace") == 0)
		return suan_json_bool(j, &d->spec.replace);
	if (strcmp(name, "marginal") == 0)
		return suan_json_bool(j, &d->spec.marginal);
	return suan_json_fail_name(j, "unknown key; known: site, kind, values, until, issued, "
				      "period, replace, marginal");
}

/* As long as the one before it; one alone is taken for an hour. */
static void find_end(struct doc *d)
{
	int64_t long_ms = 3600000;
	size_t n = d->nsteps;

	if (d->has_until || d->spec.period_ms || n == 0)
		return;
	if (n > 1 && d->steps[n - 1].at_ms > d->steps[n - 2].at_ms)
		long_ms = d->steps[n - 1].at_ms - d->steps[n - 2].at_ms;
	d->spec.until_ms = suan_sat_add(d->steps[n - 1].at_ms, long_ms);
}

enum suan_code suan_signal_doc_read(const char *text, size_t n, int64_t now_ms,
				    struct suan_arena *arena, struct suan_signal_spec *ret,
				    struct suan_err *err)
{
	struct doc d = {.arena = arena, .spec = {.site = ""}, .now_ms = now_ms};
	struct suan_json j;
	const char *name;

	suan_json_init(&j, text, n, arena, err);
	if (suan_json_object(&j))
		while (suan_json_member(&j, &name) && read_member(&j, &d, name))
			;
	if (!j.failed)
		suan_json_finish(&j);
	if (j.failed)
		return j.code;
	if (!d.spec.site[0])
		return suan_fail_field(err, SUAN_EINVAL, "site", "which site?");
	if (!d.has_kind)
		return suan_fail_field(err, SUAN_EINVAL, "kind", "which kind of signal?");
	find_end(&d);
	d.spec.steps = d.steps;
	d.spec.nsteps = (uint32_t)d.nsteps;
	*ret = d.spec;
	return SUAN_OK;
}
