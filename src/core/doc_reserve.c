/* Reservations as JSON. */
#include <string.h>

#include "core/doc.h"

void suan_doc_names(struct suan_jsonw *w, const char *member, const struct suan_names *names)
{
	suan_jsonw_open(w, member, '[');
	for (uint32_t i = 0; i < names->count; i++)
		suan_jsonw_str(w, NULL, names->list[i]);
	suan_jsonw_close(w, ']');
}

/* "0-3,7" */
static void put_nodes(struct suan_jsonw *w, const uint32_t *nodes, uint32_t n)
{
	struct suan_buf text;

	suan_buf_init(&text, 0);
	for (uint32_t i = 0; i < n;) {
		uint32_t k = i;

		while (k + 1 < n && nodes[k + 1] == nodes[k] + 1)
			k++;
		suan_buf_addf(&text, k > i ? "%s%u-%u" : "%s%u", i ? "," : "", nodes[i], nodes[k]);
		i = k + 1;
	}
	suan_jsonw_str(w, "nodes", suan_buf_str(&text));
	suan_buf_done(&text);
}

static void put_part(const struct suan_engine *e, uint32_t id, uint32_t part, struct suan_jsonw *w)
{
	uint32_t pool, n;
	const uint32_t *nodes = suan_engine_reserved(e, id, part, &pool, &n);
	struct suan_pool_view p;
	struct suan_site_view s;

	suan_jsonw_open(w, NULL, '{');
	if (nodes && suan_engine_pool(e, pool, &p) && suan_engine_site(e, p.site, &s)) {
		suan_jsonw_str(w, "site", s.spec->name);
		suan_jsonw_str(w, "pool", p.name);
		put_nodes(w, nodes, n);
	}
	suan_jsonw_close(w, '}');
}

static void put_held(const struct suan_engine *e, const struct suan_held_view *h,
		     struct suan_jsonw *w)
{
	struct suan_data_view d;
	struct suan_site_view from;
	bool moved = h->from != SUAN_NO_POOL && suan_engine_site(e, h->from, &from);

	suan_jsonw_open(w, NULL, '{');
	suan_jsonw_str(w, "data", suan_engine_data_set(e, h->data, &d) ? d.name : NULL);
	suan_jsonw_i64(w, "bytes", (int64_t)h->bytes);
	suan_jsonw_str(w, "from", moved ? from.spec->name : NULL);
	suan_jsonw_time(w, "begin", moved ? h->begin_ms : 0);
	suan_jsonw_time(w, "end", moved ? h->end_ms : 0);
	if (moved)
		suan_jsonw_i64(w, "mbit_s", (int64_t)h->mbit);
	else
		suan_jsonw_null(w, "mbit_s");
	suan_jsonw_close(w, '}');
}

static void put_inputs(const struct suan_engine *e, uint32_t id, struct suan_jsonw *w)
{
	struct suan_held_view h;

	if (!suan_engine_held(e, id, 0, &h))
		return;
	suan_jsonw_open(w, "inputs", '[');
	for (uint32_t i = 0; suan_engine_held(e, id, i, &h); i++)
		put_held(e, &h, w);
	suan_jsonw_close(w, ']');
}

static const char *state_of(const struct suan_engine *e, const struct suan_reservation_view *v)
{
	if (v->broken != SUAN_R_NONE)
		return "BROKEN";
	return v->from_ms <= suan_engine_now(e) ? "ACTIVE" : "WAITING";
}

void suan_doc_reservation(const struct suan_engine *e, const struct suan_reservation_view *v,
			  struct suan_jsonw *w)
{
	uint32_t pool, n;
	struct suan_buf text;

	suan_jsonw_i64(w, "id", v->id);
	suan_jsonw_str(w, "name", v->name);
	suan_jsonw_str(w, "kind", v->maintenance ? "maintenance" : "capacity");
	suan_jsonw_str(w, "state", state_of(e, v));
	if (v->broken != SUAN_R_NONE) {
		suan_buf_init(&text, 0);
		suan_doc_reason(e, v->broken, v->lost, v->nodes, &text);
		suan_jsonw_str(w, "reason", suan_reason_name(v->broken));
		suan_jsonw_str(w, "reason_text", suan_buf_str(&text));
		suan_jsonw_i64(w, "nodes_lost", v->lost);
		suan_buf_done(&text);
	}
	suan_jsonw_str(w, "owner", v->owner);
	suan_doc_names(w, "users", &v->users);
	suan_doc_names(w, "accounts", &v->accounts);
	suan_jsonw_time(w, "made", v->made_ms);
	suan_jsonw_time(w, "from", v->from_ms);
	suan_jsonw_time(w, "to", v->to_ms);
	suan_jsonw_bool(w, "single", v->single);
	if (v->until_ms)
		suan_jsonw_time(w, "held_until", v->until_ms);
	if (v->job)
		suan_jsonw_i64(w, "job", (int64_t)v->job);
	if (suan_engine_reserved(e, v->id, 0, &pool, &n)) {
		struct suan_pool_view p;
		struct suan_site_view s;

		if (suan_engine_pool(e, pool, &p) && suan_engine_site(e, p.site, &s)) {
			suan_jsonw_str(w, "site", s.spec->name);
			suan_jsonw_str(w, "pool", v->nparts == 1 ? p.name : NULL);
		}
	}
	suan_jsonw_i64(w, "nodes", v->nodes);
	suan_jsonw_open(w, "parts", '[');
	for (uint32_t i = 0; i < v->nparts; i++)
		put_part(e, v->id, i, w);
	suan_jsonw_close(w, ']');
	put_inputs(e, v->id, w);
}
