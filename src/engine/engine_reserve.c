/* RESERVE and UNRESERVE: who may, how much, when; then the nodes are picked and kept. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/data.h"
#include "engine/reserve.h"

#define HOUR_MS 3600000

/* ---- the wish alone ---- */

static bool invalid(struct suan_effects *out, struct suan_err *err, const char *field,
		    const char *text)
{
	out->code = suan_fail_field(err, SUAN_EINVAL, field, "%s", text);
	return false;
}

static bool all_digits(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && s[n] == '\0';
}

static bool place_known(const struct suan_engine *e, const struct suan_reserve *r,
			struct suan_effects *out, struct suan_err *err)
{
	bool site = r->site && r->site[0], pool = r->pool && r->pool[0];
	uint32_t at = site ? suan_net_site(&e->net, r->site) : SUAN_NO_POOL, in = SUAN_NO_POOL;

	if (site && at == SUAN_NO_POOL) {
		out->code = suan_fail_field(err, SUAN_EINVAL, "site",
					    "no site \"%.100s\" in the network", r->site);
		return false;
	}
	if (site && pool)
		in = suan_net_pool(&e->net, at, r->pool);
	if (site && pool && in == SUAN_NO_POOL) {
		out->code = suan_fail_field(err, SUAN_EINVAL, "pool",
					    "no pool \"%.100s\" at site %.100s", r->pool, r->site);
		return false;
	}
	if (in != SUAN_NO_POOL && suan_net_delegated(&e->net, in)) {
		out->code = suan_fail_field(err, SUAN_EINVAL, "pool",
					    "pool %.100s of site %.100s is delegated: another "
					    "scheduler chooses its nodes, so none can be kept",
					    r->pool, r->site);
		return false;
	}
	if (r->nlist > 0 && !(site && pool))
		return invalid(out, err, "node_list",
			       "nodes are named without a pool; right is a site and a pool too");
	if (r->maintenance && !site)
		return invalid(out, err, "site",
			       "maintenance of no site; right is the name of a site");
	return true;
}

static bool wish_good(const struct suan_engine *e, const struct suan_pick_wish *w,
		      struct suan_effects *out, struct suan_err *err)
{
	const struct suan_reserve *r = w->r;

	if (r->from_ms < 0)
		return invalid(out, err, "from",
			       "the begin is before 1970; right is a time to come");
	if (w->to_ms <= w->from_ms)
		return invalid(out, err, "to",
			       "it ends before it begins or is over already; right "
			       "is an end after the begin, and to come");
	if (r->until_ms && (!r->single || r->until_ms <= w->now_ms || r->until_ms > w->to_ms))
		return invalid(out, err, "until",
			       "only what is for one job is given back before its end, at a time "
			       "to come");
	if (r->inputs.count > 0 && (!r->single || !r->until_ms || r->limit_ms < 0 ||
				    r->limit_ms > w->to_ms - w->from_ms))
		return invalid(out, err, "inputs",
			       "data is held for one job that has a time until which it may come, "
			       "and the time that it takes lies within the reservation");
	if (r->name && all_digits(r->name))
		return invalid(out, err, "name", "the name is a number; right is a word");
	if (r->name && r->name[0] && suan_reserve_lookup(e, r->name)) {
		out->code = suan_fail_field(err, SUAN_ECONFLICT, "name",
					    "there is a reservation \"%.100s\" already", r->name);
		return false;
	}
	if (r->maintenance && (r->single || r->users.count || r->accounts.count))
		return invalid(out, err, "maintenance",
			       "nobody may use what is in maintenance; "
			       "right is no user, no account and no job");
	return place_known(e, r, out, err);
}

/* ---- quotas ---- */

static bool refuse(struct suan_effects *out, enum suan_reason r, int64_t a, int64_t b)
{
	out->code = SUAN_EREFUSED;
	out->refused = r;
	out->a = a;
	out->b = b;
	return false;
}

/* Node-milliseconds still to come. */
static int64_t still(const struct suan_reservation *r, int64_t now_ms)
{
	int64_t from = r->from_ms > now_ms ? r->from_ms : now_ms, sum;

	if (r->to_ms <= from)
		return 0;
	return suan_mul_i64(r->to_ms - from, suan_reserve_nodes(r), &sum) ? sum : INT64_MAX;
}

static bool within_quota(const struct suan_engine *e, const struct suan_pick_wish *w,
			 uint64_t nodes, struct suan_effects *out)
{
	const struct suan_policy *p = &e->policy;
	const char *owner = w->r->owner ? w->r->owner : "";
	int64_t held = 0, ms = 0, wanted;

	if (w->r->exempt)
		return true;
	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		if (strcmp(r->owner, owner) != 0 || r->to_ms <= w->now_ms || r->maintenance)
			continue;
		held++;
		ms = suan_sat_add(ms, still(r, w->now_ms));
	}
	if (p->max_reservations && held >= p->max_reservations)
		return refuse(out, SUAN_R_RESERVATIONS, held, p->max_reservations);
	if (p->reserve_horizon_ms && w->to_ms - w->now_ms > p->reserve_horizon_ms)
		return refuse(out, SUAN_R_HORIZON, w->to_ms,
			      suan_sat_add(w->now_ms, p->reserve_horizon_ms));
	if (!suan_mul_i64(w->to_ms - w->from_ms, (int64_t)nodes, &wanted))
		wanted = INT64_MAX;
	ms = suan_sat_add(ms, wanted);
	if (p->max_node_hours && ms / HOUR_MS + (ms % HOUR_MS > 0) > p->max_node_hours)
		return refuse(out, SUAN_R_NODE_HOURS, ms / HOUR_MS + (ms % HOUR_MS > 0),
			      p->max_node_hours);
	return true;
}

/* ---- making one ---- */

static bool copy_names(struct suan_arena *a, const struct suan_names *from, struct suan_names *to)
{
	to->list = suan_arena_array(a, from->count + 1u, sizeof(char *));
	for (uint32_t i = 0; to->list && i < from->count; i++) {
		to->list[i] = suan_arena_str(a, from->list[i]);
		if (!to->list[i])
			return false;
		to->count++;
	}
	return to->list != NULL;
}

static bool copy_parts(struct suan_reservation *r, const struct suan_reserved *parts, uint32_t n)
{
	r->parts = suan_arena_array(&r->arena, n + 1u, sizeof(*r->parts));
	for (uint32_t i = 0; r->parts && i < n; i++) {
		r->parts[i] = parts[i];
		r->parts[i].nodes =
			suan_arena_array(&r->arena, parts[i].count + 1u, sizeof(uint32_t));
		if (!r->parts[i].nodes)
			return false;
		memcpy(r->parts[i].nodes, parts[i].nodes, parts[i].count * sizeof(uint32_t));
		r->nparts++;
	}
	return r->parts != NULL;
}

static bool copy_held(struct suan_reservation *r, const struct suan_booked *held, uint32_t n)
{
	if (n == 0)
		return true;
	r->held = suan_arena_array(&r->arena, n, sizeof(*held));
	if (!r->held)
		return false;
	memcpy(r->held, held, n * sizeof(*held));
	r->nheld = n;
	return true;
}

enum suan_code suan_reserve_make(const struct suan_reserve *spec,
				 const struct suan_reserve_parts *parts,
				 struct suan_reservation **ret)
{
	struct suan_reservation *r = calloc(1, sizeof(*r));

	if (!r)
		return SUAN_ENOMEM;
	suan_arena_init(&r->arena, 0);
	r->name = suan_arena_str(&r->arena, spec->name ? spec->name : "");
	r->owner = suan_arena_str(&r->arena, spec->owner ? spec->owner : "");
	if (!r->name || !r->owner || !copy_names(&r->arena, &spec->users, &r->users) ||
	    !copy_names(&r->arena, &spec->accounts, &r->accounts) ||
	    !copy_parts(r, parts->list, parts->n) ||
	    !copy_held(r, parts->held, parts->nheld)) {
		suan_reserve_free(r);
		return SUAN_ENOMEM;
	}
	r->maintenance = spec->maintenance;
	r->single = spec->single;
	r->until_ms = spec->until_ms;
	r->has_key = spec->has_key;
	memcpy(r->key, spec->key, sizeof(r->key));
	r->body_hash = spec->body_hash;
	*ret = r;
	return SUAN_OK;
}

/* The same key as before: true, and the answer of then. */
static bool known_key(const struct suan_engine *e, const struct suan_reserve *r,
		      struct suan_effects *out, struct suan_err *err)
{
	for (size_t i = 0; r->has_key && i < e->reserves.count; i++) {
		const struct suan_reservation *x = e->reserves.list[i];

		if (!x->has_key || memcmp(x->key, r->key, sizeof(x->key)) != 0)
			continue;
		if (x->body_hash != r->body_hash) {
			out->code = suan_fail(err, SUAN_ECONFLICT,
					      "the idempotency key was used "
					      "for another reservation");
			return true;
		}
		out->reservation = x->id;
		out->repeated = true;
		return true;
	}
	return false;
}

/* What is wished, as it was found. */
struct found {
	struct suan_reserved *parts;	/* owned, as the list of bookings */
	uint32_t nparts;
	struct suan_bookings data;
};

static enum suan_code keep(struct suan_engine *e, const struct suan_pick_wish *w,
			   const struct found *f, struct suan_effects *out)
{
	const struct suan_reserve_parts parts = {f->parts, f->data.list, f->nparts, f->data.n};
	struct suan_reservation *r = NULL;
	enum suan_code rc = suan_reserve_room(e);

	if (rc == SUAN_OK && f->data.bytes > 0)
		rc = suan_effects_reserve(out, e->data.copies);
	if (rc == SUAN_OK)
		rc = suan_reserve_make(w->r, &parts, &r);
	if (rc != SUAN_OK)
		return rc;
	if (f->data.bytes > 0)
		suan_data_clear(e, f->data.site, f->data.bytes, out);
	r->id = e->reserves.last_id + 1;
	r->made_ms = w->now_ms;
	r->from_ms = w->from_ms;
	r->to_ms = w->to_ms;
	out->reservation = r->id;
	suan_reserve_add(e, r);
	return SUAN_OK;
}

/* A planner that does not know all pools and windows cannot answer. */
static enum suan_code bring_up_to_date(struct suan_engine *e)
{
	return e->plan->pools_dirty || e->plan->windows_dirty ? suan_sync(e, e->now_ms) : SUAN_OK;
}

/* Nodes, then what the job reads. */
static enum suan_code find(struct suan_engine *e, const struct suan_pick_wish *w, struct found *f,
			   struct suan_effects *out, struct suan_err *err)
{
	enum suan_code rc = bring_up_to_date(e);

	if (rc == SUAN_OK)
		rc = suan_reserve_pick(e, w, &f->parts, &f->nparts, out, err);
	if (rc == SUAN_OK && out->code == SUAN_OK)
		rc = suan_reserve_book(e, w, f->parts[0].pool, &f->data, out);
	return rc;
}

enum suan_code suan_engine_reserve(struct suan_engine *e, const struct suan_event *ev,
				   bool only_ask, struct suan_effects *fx, struct suan_err *err)
{
	const struct suan_reserve *r = ev->u.reserve;
	struct suan_pick_wish w = {r, r->from_ms > ev->now_ms ? r->from_ms : ev->now_ms, r->to_ms,
				   ev->now_ms};
	struct found f = {0};
	uint64_t nodes = 0;
	enum suan_code rc;

	if (known_key(e, r, fx, err) || !wish_good(e, &w, fx, err))
		return SUAN_OK;
	rc = find(e, &w, &f, fx, err);
	if (rc == SUAN_OK && fx->code == SUAN_OK) {
		for (uint32_t i = 0; i < f.nparts; i++)
			nodes += f.parts[i].count;
		fx->nodes = (uint32_t)nodes;
		if (within_quota(e, &w, nodes, fx) && !only_ask)
			rc = keep(e, &w, &f, fx);
	}
	free(f.data.list);
	free(f.parts);
	return rc;
}

void suan_engine_ask_unreserve(const struct suan_engine *e, const struct suan_event *ev,
			       struct suan_effects *fx, struct suan_err *err)
{
	const struct suan_unreserve *u = &ev->u.unreserve;
	const struct suan_reservation *r = suan_reserve_find(e, u->id);

	fx->reservation = u->id;
	if (!r)
		fx->code = suan_fail(err, SUAN_ENOTFOUND, "no reservation %u", u->id);
	else if (u->to_ms > r->to_ms || (u->to_ms > ev->now_ms && u->to_ms <= r->from_ms))
		fx->code = suan_fail_field(err, SUAN_EINVAL, "to",
					   "the new end is not between the "
					   "begin and the end of the reservation");
}
