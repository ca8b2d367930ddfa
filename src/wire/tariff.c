#include "wire/tariff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define DAY_MIN	   1440
#define MIN_MS	   60000
#define ALL_DAYS   0x7f
#define ALL_MONTHS 0xfff
#define MOST_PRICE INT64_C(1000000000)

/* ---- words ---- */

/* Cuts the text at the first of the marks; the rest, or NULL. */
static char *cut(char *s, char mark)
{
	char *at = strchr(s, mark);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " ");
	for (n = strlen(s); n > 0 && s[n - 1] == ' '; n--)
		s[n - 1] = '\0';
	return s;
}

/* "8", "08:30" → minutes, up to 24:00. */
static bool clock_of(char *s, uint32_t *ret)
{
	char *minutes = cut(s, ':');
	uint64_t h, m = 0;

	if (suan_parse_u64(s, &h, NULL) != SUAN_OK || h > 24 ||
	    (minutes && (strlen(minutes) != 2 || suan_parse_u64(minutes, &m, NULL) != SUAN_OK)) ||
	    m > 59 || h * 60 + m > DAY_MIN)
		return false;
	*ret = (uint32_t)(h * 60 + m);
	return true;
}

static enum suan_code read_hours(char *s, struct suan_tariff_rule *r, struct suan_err *err)
{
	char *next, whole[64];
	uint32_t from, to;

	for (s = trim(s); s && *s; s = next) {
		char *until;

		next = cut(s, ',');
		s = trim(s);
		(void)snprintf(whole, sizeof(whole), "%.60s", s);
		until = cut(s, '-');
		if (r->nspans == SUAN_TARIFF_SPANS)
			return suan_fail_field(err, SUAN_EINVAL, "hours",
					       "more than %u spans in one rule", SUAN_TARIFF_SPANS);
		if (!until || !clock_of(trim(s), &from) || !clock_of(trim(until), &to) ||
		    from == to || from == DAY_MIN)
			return suan_fail_field(err, SUAN_EINVAL, "hours",
					       "found \"%s\", want hours such as 08:00-12:00, "
					       "22:00-06:00",
					       whole);
		r->from[r->nspans] = (uint16_t)from;
		r->to[r->nspans++] = (uint16_t)to;
	}
	return SUAN_OK;
}

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
					  "jul", "aug", "sep", "oct", "nov", "dec"};

struct words {
	const char *const *names;
	uint32_t count;
	const char *field, *example;
};

static bool one_of(const struct words *w, const char *s, uint32_t *ret)
{
	uint64_t n;

	for (uint32_t i = 0; i < w->count; i++)
		if (strcmp(s, w->names[i]) == 0) {
			*ret = i;
			return true;
		}
	if (w->count != 12 || suan_parse_u64(s, &n, NULL) != SUAN_OK || n < 1 || n > 12)
		return false;
	*ret = (uint32_t)n - 1;
	return true;
}

/* "mon-fri,sun" → bits; nothing: all. */
static enum suan_code read_set(char *s, const struct words *w, uint32_t *ret, struct suan_err *err)
{
	uint32_t set = 0, from, to;
	char *next, whole[64];

	for (s = trim(s); s && *s; s = next) {
		char *until;

		next = cut(s, ',');
		s = trim(s);
		(void)snprintf(whole, sizeof(whole), "%.60s", s);
		until = cut(s, '-');
		if (!one_of(w, trim(s), &from) || !one_of(w, until ? trim(until) : s, &to))
			return suan_fail_field(err, SUAN_EINVAL, w->field, "found \"%s\", want %s",
					       whole, w->example);
		for (uint32_t i = from;; i = (i + 1) % w->count) {
			set |= 1u << i;
			if (i == to)
				break;
		}
	}
	*ret = set ? set : (1u << w->count) - 1;
	return SUAN_OK;
}

static enum suan_code read_rule(char *s, struct suan_tariff_rule *r, struct suan_err *err)
{
	static const struct words months = {month_names, 12, "months",
					    "months such as 7-8 or dec-feb"};
	static const struct words days = {day_names, 7, "days", "days such as mon-fri or sat,sun"};
	char *part[5] = {s};
	uint32_t set[2] = {0};
	enum suan_code rc;

	*r = (struct suan_tariff_rule){0};
	for (int i = 1; i < 5; i++) {
		part[i] = cut(part[i - 1], ';');
		if (!part[i])
			return suan_fail_field(err, SUAN_EINVAL, "tariff",
					       "a rule without its five parts");
	}
	rc = read_hours(part[0], r, err);
	if (rc == SUAN_OK)
		rc = read_set(part[1], &months, &set[0], err);
	if (rc == SUAN_OK)
		rc = read_set(part[2], &days, &set[1], err);
	if (rc != SUAN_OK)
		return rc;
	r->months = (uint16_t)set[0];
	r->days = (uint8_t)set[1];
	if (suan_parse_fixed(part[3], 6, &r->price, NULL) != SUAN_OK || r->price < -MOST_PRICE ||
	    r->price > MOST_PRICE)
		return suan_fail_field(err, SUAN_EINVAL, "price",
				       "found \"%.40s\", want a number from -1000 to 1000",
				       part[3]);
	if (strlen(part[4]) >= sizeof(r->name))
		return suan_fail_field(err, SUAN_EINVAL, "name", "longer than %zu bytes",
				       sizeof(r->name) - 1);
	(void)snprintf(r->name, sizeof(r->name), "%s", part[4]);
	return SUAN_OK;
}

/* "+08:00" */
static enum suan_code read_zone(const char *s, int32_t *ret, struct suan_err *err)
{
	char text[8];
	uint32_t minutes;

	(void)snprintf(text, sizeof(text), "%.6s", *s ? s + 1 : "");
	if (strlen(s) != 6 || (*s != '+' && *s != '-') || !clock_of(text, &minutes) ||
	    minutes > 14 * 60)
		return suan_fail_field(err, SUAN_EINVAL, "zone",
				       "found \"%.40s\", want hours and minutes from UTC such as "
				       "+08:00",
				       s);
	*ret = *s == '-' ? -(int32_t)minutes : (int32_t)minutes;
	return SUAN_OK;
}

/* ---- looking ---- */

struct local {	     /* a time at the place */
	int64_t day; /* since the epoch */
	uint32_t minute, month, weekday;
};

static struct local local_of(const struct suan_tariff *t, int64_t at_ms)
{
	int64_t minutes = at_ms / MIN_MS - (at_ms % MIN_MS < 0) + t->zone_min;
	struct local l = {.day = minutes / DAY_MIN - (minutes % DAY_MIN < 0)};
	char text[32];
	const char *dash;

	l.minute = (uint32_t)(minutes - l.day * DAY_MIN);
	l.weekday = (uint32_t)(((l.day + 3) % 7 + 7) % 7); /* the epoch was a Thursday */
	suan_format_time(l.day * DAY_MIN * MIN_MS, text);
	dash = strchr(text + 1, '-');
	l.month = dash ? (uint32_t)strtoul(dash + 1, NULL, 10) - 1 : 0;
	return l;
}

static bool in_span(const struct suan_tariff_rule *r, uint32_t minute)
{
	for (uint32_t i = 0; i < r->nspans; i++) {
		bool over = r->to[i] <= r->from[i]; /* past midnight */
		bool after = minute >= r->from[i], before = minute < r->to[i];

		if (over ? after || before : after && before)
			return true;
	}
	return r->nspans == 0;
}

static const struct suan_tariff_rule *rule_at(const struct suan_tariff *t, const struct local *l)
{
	for (uint32_t i = 0; i < t->nrules; i++) {
		const struct suan_tariff_rule *r = &t->rules[i];

		if ((r->months >> l->month & 1) && (r->days >> l->weekday & 1) &&
		    in_span(r, l->minute))
			return r;
	}
	return NULL;
}

bool suan_tariff_has_seasons(const struct suan_tariff *t)
{
	for (uint32_t i = 0; i < t->nrules; i++)
		if (t->rules[i].months != ALL_MONTHS)
			return true;
	return false;
}

int64_t suan_tariff_at(const struct suan_tariff *t, int64_t at_ms, const char **ret_name)
{
	struct local l = local_of(t, at_ms);
	const struct suan_tariff_rule *r = rule_at(t, &l);

	*ret_name = r ? r->name : "";
	return r ? r->price : 0; /* there is one: it was looked at when it was read */
}

int64_t suan_tariff_next(const struct suan_tariff *t, int64_t at_ms)
{
	struct local l = local_of(t, at_ms);
	uint32_t best = DAY_MIN;

	for (uint32_t i = 0; i < t->nrules; i++)
		for (uint32_t k = 0; k < t->rules[i].nspans; k++) {
			uint32_t from = t->rules[i].from[k], to = t->rules[i].to[k];

			if (from > l.minute && from < best)
				best = from;
			if (to > l.minute && to < best)
				best = to;
		}
	return ((l.day * DAY_MIN + best) - t->zone_min) * MIN_MS;
}

enum suan_code suan_tariff_steps(const struct suan_tariff *t, int64_t from_ms, int64_t until_ms,
				 struct suan_series *ret)
{
	enum suan_code rc = SUAN_OK;
	int64_t last = INT64_MIN;
	const char *name;

	for (int64_t at = from_ms; rc == SUAN_OK && at < until_ms; at = suan_tariff_next(t, at)) {
		int64_t price = suan_tariff_at(t, at, &name);

		if (price != last)
			rc = suan_series_add(ret, at, price);
		last = price;
	}
	return rc;
}

enum suan_code suan_tariff_week(const struct suan_tariff *t, int64_t at_ms, struct suan_series *ret)
{
	const int64_t week_ms = INT64_C(7) * DAY_MIN * MIN_MS;
	struct local l = local_of(t, at_ms);
	struct suan_tariff now = {.zone_min = t->zone_min};
	enum suan_code rc;

	for (uint32_t i = 0; i < t->nrules; i++) {
		if (!(t->rules[i].months >> l.month & 1))
			continue;
		now.rules[now.nrules] = t->rules[i];
		now.rules[now.nrules++].months = ALL_MONTHS;
	}
	rc = suan_tariff_steps(&now, 0, week_ms, ret);
	(void)suan_series_seal(ret);
	return rc;
}

/* ---- reading ---- */

/* Every hour of every day of every month has a price. */
static enum suan_code check_whole(const struct suan_tariff *t, struct suan_err *err)
{
	for (uint32_t month = 0; month < 12; month++)
		for (uint32_t day = 0; day < 7; day++)
			for (uint32_t minute = 0; minute < DAY_MIN; minute++) {
				struct local l = {0, minute, month, day};

				if (rule_at(t, &l))
					continue;
				return suan_fail_field(
					err, SUAN_EINVAL, "tariff",
					"no rule says what %02u:%02u on a %s in %s costs; a last "
					"rule without hours is for the rest",
					minute / 60, minute % 60, day_names[day],
					month_names[month]);
			}
	return SUAN_OK;
}

enum suan_code suan_tariff_parse(const char *text, struct suan_tariff *ret, struct suan_err *err)
{
	char *copy = strdup(text), *rule, *next;
	struct suan_tariff t = {0};
	enum suan_code rc;

	if (!copy)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	next = cut(copy, '|');
	rc = read_zone(copy, &t.zone_min, err);
	while (rc == SUAN_OK && next) {
		rule = next;
		next = cut(rule, '|');
		if (t.nrules == SUAN_TARIFF_RULES)
			rc = suan_fail_field(err, SUAN_EINVAL, "tariff", "more than %u rules",
					     SUAN_TARIFF_RULES);
		else
			rc = read_rule(rule, &t.rules[t.nrules++], err);
		if (rc == SUAN_EINVAL)
			suan_err_prefix(err, "rule %u", t.nrules);
	}
	free(copy);
	if (rc == SUAN_OK)
		rc = check_whole(&t, err);
	if (rc == SUAN_OK)
		*ret = t;
	return rc;
}
