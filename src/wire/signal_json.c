/* Signals as JSON: WattTime's API v3 and Electricity Maps' API v3. */
#include <string.h>

#include "base/arena.h"
#include "base/num.h"
#include "wire/json.h"
#include "wire/signal_inside.h"

struct reading {
	struct suan_signal_reader *r;
	struct suan_json j;
	struct suan_arena arena;
	const char *units, *type; /* of WattTime's meta; NULL: not there */
	const char *factor;	  /* of Electricity Maps: "lifecycle" or "direct" */
	bool watttime, maps;
};

struct point {
	const char *at;
	int64_t value;
	bool known, estimated;
};

static bool take_point(struct reading *x, const struct point *p)
{
	int64_t at;

	if (!p->at)
		return suan_json_fail(&x->j, SUAN_EINVAL, "a value without its time");
	if (strncmp(p->at, "now", 3) == 0 || suan_parse_time(p->at, 0, &at, NULL) != SUAN_OK)
		return suan_json_fail(&x->j, SUAN_EINVAL,
				      "found the time \"%.40s\", want RFC 3339 with its zone",
				      p->at);
	if (!p->known)
		return true; /* null: a gap */
	x->r->got.estimated += p->estimated;
	if (suan_signal_row(x->r, 0, at, p->value) == SUAN_OK)
		return true;
	x->j.failed = true;
	x->j.code = x->r->err ? x->r->err->code : SUAN_EINVAL;
	return false;
}

static bool read_value(struct suan_json *j, struct point *p)
{
	if (suan_json_peek(j) == SUAN_JSON_NULL)
		return suan_json_skip(j);
	p->known = true;
	return suan_json_fixed(j, 9, &p->value);
}

/* A member of a point; others are skipped. */
static bool read_member(struct reading *x, const char *name, struct point *p)
{
	struct suan_json *j = &x->j;

	if (strcmp(name, "point_time") == 0 || strcmp(name, "datetime") == 0)
		return suan_json_string(j, &p->at);
	if (strcmp(name, "value") == 0 || strcmp(name, "carbonIntensity") == 0)
		return read_value(j, p);
	if (strcmp(name, "isEstimated") == 0)
		return suan_json_bool(j, &p->estimated);
	if (strcmp(name, "emissionFactorType") == 0)
		return suan_json_string(j, &x->factor);
	return suan_json_skip(j);
}

static bool read_point(struct reading *x)
{
	struct point p = {0};
	const char *name;

	if (!suan_json_object(&x->j))
		return false;
	while (suan_json_member(&x->j, &name))
		if (!read_member(x, name, &p))
			return false;
	return !x->j.failed && take_point(x, &p);
}

static bool read_points(struct reading *x)
{
	if (!suan_json_array(&x->j))
		return false;
	while (suan_json_element(&x->j))
		if (!read_point(x))
			return false;
	return !x->j.failed;
}

static bool read_meta(struct reading *x)
{
	const char *name;

	if (!suan_json_object(&x->j))
		return false;
	while (suan_json_member(&x->j, &name)) {
		bool good;

		if (strcmp(name, "units") == 0)
			good = suan_json_string(&x->j, &x->units);
		else if (strcmp(name, "signal_type") == 0)
			good = suan_json_string(&x->j, &x->type);
		else
			good = suan_json_skip(&x->j);
		if (!good)
			return false;
	}
	return !x->j.failed;
}

/* A list of points, or (Electricity Maps' latest) the members of one. */
static bool read_top(struct reading *x)
{
	struct suan_json *j = &x->j;
	struct point p = {0};
	const char *name;

	if (!suan_json_object(j))
		return false;
	while (suan_json_member(j, &name)) {
		bool list = strcmp(name, "history") == 0 || strcmp(name, "forecast") == 0;
		bool good;

		x->watttime |= strcmp(name, "data") == 0;
		x->maps |= list || strcmp(name, "carbonIntensity") == 0;
		if (list || strcmp(name, "data") == 0)
			good = read_points(x);
		else if (strcmp(name, "meta") == 0)
			good = read_meta(x);
		else
			good = read_member(x, name, &p);
		if (!good)
			return false;
	}
	return !j->failed && suan_json_finish(j) && (!p.known || take_point(x, &p));
}

/* Values are grams or pounds; the series wants milligrams per kWh. */
static enum suan_code settle(struct reading *x)
{
	struct suan_signal_reader *r = x->r;
	enum suan_code rc;

	if (x->maps) {
		bool lifecycle = !x->factor || strcmp(x->factor, "lifecycle") == 0;

		rc = suan_signal_is(r, SUAN_SIGNAL_CARBON, SUAN_SIGNAL_MAPS_JSON);
		r->mul = 1;
		r->div = 1000000;
		if (rc == SUAN_OK && lifecycle != r->want->lifecycle)
			return suan_signal_fail(r, 0, "found %s factors, want %s ones",
						lifecycle ? "lifecycle" : "direct",
						lifecycle ? "direct" : "lifecycle");
		return rc;
	}
	if (!x->watttime)
		return suan_signal_fail(r, 0,
					"found neither \"data\" (WattTime) nor \"history\", "
					"\"forecast\" or \"carbonIntensity\" (Electricity Maps)");
	rc = suan_signal_is(r, SUAN_SIGNAL_CARBON, SUAN_SIGNAL_WATTTIME);
	if (rc != SUAN_OK)
		return rc;
	if (x->type && strcmp(x->type, "co2_moer") != 0 && strcmp(x->type, "co2_aoer") != 0)
		return suan_signal_fail(
			r, 0, "found the signal \"%.32s\", want co2_moer or co2_aoer", x->type);
	if (!x->units || strcmp(x->units, "lbs_co2_per_mwh") != 0)
		return suan_signal_fail(r, 0, "found units \"%.32s\", want lbs_co2_per_mwh",
					x->units ? x->units : "");
	r->got.marginal = !x->type || strcmp(x->type, "co2_moer") == 0;
	/* one pound is 0.45359237 kg: billionths of lb/MWh → mg/kWh */
	r->mul = 45359237;
	r->div = INT64_C(100000000000000);
	return SUAN_OK;
}

enum suan_code suan_signal_json(struct suan_signal_reader *r)
{
	struct reading x = {.r = r};
	struct suan_err err = {0};
	enum suan_code rc = SUAN_OK;

	suan_arena_init(&x.arena, 0);
	suan_json_init(&x.j, r->text, r->n, &x.arena, &err);
	if (!read_top(&x)) {
		rc = x.j.code ? x.j.code : SUAN_EINVAL;
		if (err.text[0])
			rc = suan_fail(r->err, rc, "%s: %s%s%s", r->file, err.field,
				       err.field[0] ? ": " : "", err.text);
	}
	if (rc == SUAN_OK)
		rc = settle(&x);
	suan_arena_done(&x.arena);
	return rc;
}
