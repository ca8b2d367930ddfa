#include "sim/reservations.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "wire/list.h"
#include "wire/reserve_doc.h"
#include "wire/yaml.h"

/* ---- reading ---- */

struct file {
	const struct suan_sim_times *times;
	struct suan_arena *arena;
	struct suan_sim_reserves all;
};

struct entry {
	struct suan_reserve_doc doc;
	int64_t made_ms;
	bool has_made;
};

static bool read_made(struct suan_json *j, struct entry *x)
{
	struct suan_reserve_doc d = x->doc;

	/* a time is a time: by the reader of `from` */
	if (!suan_reserve_doc_read(j, &d, "from"))
		return false;
	x->made_ms = d.r.from_ms;
	x->has_made = true;
	return true;
}

static bool read_member(struct suan_json *j, struct entry *x, const char *name)
{
	if (strcmp(name, "made") == 0)
		return read_made(j, x);
	if (strcmp(name, "owner") == 0)
		return suan_json_string(j, &x->doc.r.owner);
	return suan_reserve_doc_read(j, &x->doc, name);
}

static bool keep(struct suan_json *j, struct file *f, const struct entry *x)
{
	struct suan_sim_reserves *all = &f->all;
	struct suan_reserve *r = (void *)suan_arena_mem(f->arena, &x->doc.r, sizeof(*r));
	struct suan_sim_command *list =
		suan_list_copy(f->arena, all->list, all->count, sizeof(*list));
	uint32_t i = all->count;

	if (!r || !list)
		return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
	for (; i > 0 && list[i - 1].at_ms > x->made_ms; i--)
		list[i] = list[i - 1];
	list[i] = (struct suan_sim_command){.at_ms = x->made_ms, .reserve = r};
	all->list = list;
	all->count++;
	return true;
}

static bool read_entry(struct suan_json *j, struct file *f)
{
	struct entry x = {.made_ms = f->times->first_ms};
	struct suan_err why = {0};
	const char *name;

	suan_reserve_doc_init(&x.doc, f->times->start_ms == INT64_MIN ? 0 : f->times->start_ms,
			      f->times->first_ms);
	if (!suan_json_object(j))
		return false;
	while (suan_json_member(j, &name))
		if (!read_member(j, &x, name))
			return false;
	if (j->failed)
		return false;
	x.doc.now_ms = x.made_ms;
	x.doc.r.exempt = true;
	if (!suan_reserve_doc_settle(&x.doc, &why))
		return suan_json_fail(j, SUAN_EINVAL, "%s: %s", why.field, why.text);
	return keep(j, f, &x);
}

static bool read_file(struct suan_json *j, struct file *f)
{
	const char *name;

	if (!suan_json_object(j))
		return false;
	while (suan_json_member(j, &name)) {
		if (strcmp(name, "reservations") != 0)
			return suan_json_fail_name(j, "unknown field; expected reservations");
		if (!suan_json_array(j))
			return false;
		while (suan_json_element(j))
			if (!read_entry(j, f))
				return false;
	}
	return !j->failed;
}

enum suan_code suan_sim_reserves_parse(const struct suan_buf *text, const char *file,
				       const struct suan_sim_times *times,
				       struct suan_arena *arena, struct suan_sim_reserves *ret,
				       struct suan_err *err)
{
	struct file f = {.times = times, .arena = arena};
	struct suan_yaml y;
	struct suan_json j;
	enum suan_code rc = suan_yaml_open(&y, suan_buf_str(text), text->len, err);

	if (rc != SUAN_OK) {
		suan_err_prefix(err, "%s", file);
	} else {
		suan_yaml_reader(&y, file, arena, &j, err);
		if (!read_file(&j, &f) || !suan_json_finish(&j))
			rc = j.code;
	}
	suan_yaml_close(&y);
	if (rc == SUAN_OK)
		*ret = f.all;
	return rc;
}

/* ---- in the walk ---- */

void suan_sim_reservation_note(const struct suan_engine *e, const struct suan_sim_setup *s,
			       const uint32_t *site_of_pool, int64_t zero_ms,
			       struct suan_sim_reservation *x)
{
	struct suan_reservation_view v = {0};
	uint32_t pool, n, first = 0;

	(void)suan_engine_reservation(e, x->id, &v);
	x->from_ms = v.from_ms - zero_ms;
	x->to_ms = v.to_ms - zero_ms;
	x->pool = SUAN_NO_POOL;
	x->site = SUAN_NO_POOL;
	for (uint32_t i = 0; i < v.nparts; i++) {
		if (!suan_engine_reserved(e, x->id, i, &pool, &n))
			continue;
		x->site = site_of_pool[pool];
		for (first = 0; site_of_pool[first] != x->site; first++)
			continue;
		x->pool = v.nparts == 1 ? pool - first : SUAN_NO_POOL;
		x->cores += (uint64_t)n * s->network->sites[x->site].pools[pool - first].cores;
	}
}

void suan_sim_reservations_watch(const struct suan_engine *e, struct suan_sim_result *r,
				 int64_t at_ms, uint32_t *open)
{
	for (uint32_t i = 0; *open > 0 && i < r->nreservations; i++) {
		struct suan_sim_reservation *x = &r->reservations[i];
		struct suan_reservation_view v;

		if (!x->id)
			continue;
		if (at_ms >= x->to_ms || !suan_engine_reservation(e, x->id, &v)) {
			x->id = 0;
			(*open)--;
		} else if (at_ms >= x->from_ms) {
			x->broken |= v.lost > 0;
		}
	}
}

/* ---- use ---- */

static const char *name_of(const struct suan_sim_setup *s, const struct suan_sim_row *row)
{
	const char *name;

	if (s->more)
		name = s->more[row->job].spec->reservation;
	else
		name = s->trace->strings[suan_sim_job(s, row)->reservation];
	return name ? name : "";
}

static void use(const struct suan_sim_setup *s, struct suan_sim_result *r,
		const struct suan_sim_row *row, const char *name)
{
	const struct suan_trace_job *j = suan_sim_job(s, row);
	int64_t area;

	for (uint32_t i = 0; i < r->nreservations; i++) {
		struct suan_sim_reservation *x = &r->reservations[i];

		if (!x->made || strcmp(x->spec->name, name) != 0 || row->start_ms < x->from_ms ||
		    row->start_ms >= x->to_ms)
			continue;
		x->jobs++;
		if (!suan_mul_i64((int64_t)j->tasks * j->cores, j->run_ms, &area))
			area = INT64_MAX;
		x->used_core_ms = suan_sat_add(x->used_core_ms, area);
		return;
	}
}

void suan_sim_use_reservations(const struct suan_sim_setup *s, struct suan_sim_result *r)
{
	for (size_t i = 0; r->nreservations > 0 && i < r->nrows; i++) {
		const char *name = name_of(s, &r->rows[i]);

		if (name[0] && r->rows[i].start_ms >= 0)
			use(s, r, &r->rows[i], name);
	}
}

/* ---- telling ---- */

const char *suan_sim_reservation_word(const struct suan_sim_reservation *x)
{
	return !x->made ? "refused" : x->broken ? "broken" : "kept";
}

static const char *pool_of(const struct suan_network *net, const struct suan_sim_reservation *x)
{
	return x->site == SUAN_NO_POOL || x->pool == SUAN_NO_POOL
		       ? NULL
		       : net->sites[x->site].pools[x->pool].name;
}

int64_t suan_sim_reservation_core_uh(const struct suan_sim_reservation *x)
{
	return (int64_t)((__int128)x->used_core_ms * 10 / 36);
}

void suan_sim_reservations_json(const struct suan_sim_outcome *o, struct suan_jsonw *w)
{
	const struct suan_network *net = o->setup->network;

	if (o->result->nreservations == 0)
		return;
	suan_jsonw_open(w, "reservations", '[');
	for (uint32_t i = 0; i < o->result->nreservations; i++) {
		const struct suan_sim_reservation *x = &o->result->reservations[i];

		suan_jsonw_open(w, NULL, '{');
		suan_jsonw_str(w, "name", x->spec->name[0] ? x->spec->name : NULL);
		suan_jsonw_str(w, "result", suan_sim_reservation_word(x));
		if (!x->made)
			suan_jsonw_str(w, "reason", x->refused);
		suan_jsonw_bool(w, "maintenance", x->spec->maintenance);
		suan_jsonw_str(w, "site",
			       x->site == SUAN_NO_POOL ? NULL : net->sites[x->site].name);
		suan_jsonw_str(w, "pool", pool_of(net, x));
		suan_jsonw_i64(w, "nodes", x->nodes);
		suan_jsonw_i64(w, "cores", (int64_t)x->cores);
		suan_jsonw_fixed(w, "from_s", x->from_ms, 3);
		suan_jsonw_fixed(w, "to_s", x->to_ms, 3);
		suan_jsonw_i64(w, "jobs", (int64_t)x->jobs);
		suan_jsonw_fixed(w, "used_core_hours", suan_sim_reservation_core_uh(x), 6);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

static void add_time(struct suan_buf *out, int64_t ms)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%.0f", (double)ms / 1000);
	suan_buf_addf(out, " %11s", text);
}

void suan_sim_print_reservations(const struct suan_sim_outcome *o, struct suan_buf *out)
{
	const struct suan_network *net = o->setup->network;

	suan_buf_addf(out, "%-16s %-20s %6s %11s %11s %8s %6s %12s\n", "RESERVATION", "PLACE",
		      "NODES", "FROM S", "TO S", "RESULT", "JOBS", "CORE-HOURS");
	for (uint32_t i = 0; i < o->result->nreservations; i++) {
		const struct suan_sim_reservation *x = &o->result->reservations[i];
		const char *pool = pool_of(net, x);
		char place[96] = "-";

		if (x->site != SUAN_NO_POOL)
			(void)snprintf(place, sizeof(place), "%.40s%s%.40s",
				       net->sites[x->site].name, pool ? "/" : "",
				       pool ? pool : "");
		suan_buf_addf(out, "%-16s %-20s %6u",
			      x->spec->name[0] ? x->spec->name
			      : x->spec->maintenance ? "(maintenance)"
						     : "-",
			      place, x->nodes);
		add_time(out, x->from_ms);
		add_time(out, x->to_ms);
		suan_buf_addf(out, " %8s %6llu %12.2f\n",
			      x->broken ? "BROKEN" : suan_sim_reservation_word(x),
			      (unsigned long long)x->jobs,
			      (double)suan_sim_reservation_core_uh(x) / 1000000);
		if (!x->made)
			suan_buf_addf(out, "  %s\n", x->refused);
	}
}
