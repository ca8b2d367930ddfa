/* DATA and TRANSFER: what users do with data sets, and what sites say about copies. */
#include <stdlib.h>
#include <string.h>

#include "engine/data.h"
#include "engine/reserve.h"

/* ---- may it be done? ---- */

struct question {
	const struct suan_engine *e;
	const struct suan_data_command *c;
	struct suan_effects *fx;
	struct suan_err *err;
	int64_t now_ms;
	struct suan_dataset *d;		/* NULL: none has the name */
	uint32_t site;			/* SUAN_NO_POOL: none was named */
};

static void invalid(const struct question *q, const char *field, const char *text)
{
	q->fx->code = suan_fail_field(q->err, SUAN_EINVAL, field, "%s", text);
}

static void conflict(const struct question *q, const char *text)
{
	q->fx->code = suan_fail(q->err, SUAN_ECONFLICT, "data set %.100s %s", q->c->name, text);
}

static void refuse(const struct question *q, enum suan_reason r)
{
	q->fx->code = SUAN_EREFUSED;
	q->fx->refused = r;
}

/* Letters, digits and . _ - / : so that it can stand in commands and addresses. */
static bool name_good(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9');

		if (!word && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return n > 0 && n <= 200;
}

static bool hex_good(const char *s)
{
	return !s || !s[0] ||
	       (strlen(s) == SUAN_SHA256_HEX && strspn(s, "0123456789abcdef") == SUAN_SHA256_HEX);
}

static bool places_known(const struct question *q, const struct suan_names *list, bool hubs)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const char *s = list->list[i];

		if (hubs ? suan_net_has_hub(&q->e->net, s)
			 : suan_net_site(&q->e->net, s) != SUAN_NO_POOL)
			continue;
		q->fx->code = suan_fail_field(q->err, SUAN_EINVAL, hubs ? "hubs" : "sites",
					      "no %s \"%.100s\" in the network",
					      hubs ? "hub" : "site", s);
		return false;
	}
	return true;
}

static bool same_again(const struct question *q)
{
	const struct suan_data_command *c = q->c;
	const struct suan_dataset *d = q->d;

	return strcmp(d->owner, c->who ? c->who : "") == 0 && d->source[0] &&
	       strcmp(d->source, c->source ? c->source : "") == 0 &&
	       suan_data_replica(d, q->site);
}

static bool allowed(const struct question *q)
{
	const struct suan_names *sites = &q->c->sites, *hubs = &q->c->hubs;
	const struct suan_site_spec *s = q->e->net.sites[q->site].spec;

	return (sites->count == 0 && hubs->count == 0) || suan_rules_holds(sites, s->name) ||
	       suan_rules_holds(hubs, s->hub);
}

static void ask_put(const struct question *q)
{
	const struct suan_data_command *c = q->c;

	if (!name_good(c->name))
		invalid(q, "name", "not a name of a data set; right are letters, digits, dots, "
				   "dashes and underscores, at most 200, the first a letter or "
				   "digit");
	else if (q->d && !same_again(q))
		conflict(q, "is there already; data sets do not change: right is another name");
	else if (q->site == SUAN_NO_POOL)
		invalid(q, "site", "no site is named; right is the site where the data go");
	else if (!hex_good(c->sha256))
		invalid(q, "sha256", "not a SHA-256; right are 64 hex digits in small letters");
	else if (!c->present && (!c->source || !c->source[0]))
		invalid(q, "source", "no source; right is an absolute path or a URL");
	else if (c->expires_ms < 0 || (c->expires_ms && c->expires_ms <= q->now_ms))
		invalid(q, "expires", "it expires before it is there; right is a time to come");
	else if (places_known(q, &c->sites, false) && places_known(q, &c->hubs, true) &&
		 !allowed(q))
		refuse(q, SUAN_R_NOT_ALLOWED);
	else if (q->d)
		q->fx->repeated = true;
}

static void ask_evict(const struct question *q)
{
	const struct suan_replica *r = suan_data_replica(q->d, q->site);

	if (!r)
		q->fx->code = suan_fail_field(q->err, SUAN_ENOTFOUND, "site",
					      "no copy of %.100s at %.100s", q->c->name,
					      q->c->site);
	else if (r->runs > 0)
		conflict(q, "is read by a run there; right is to wait until that is over");
	else if (suan_reserve_keeps(q->e, q->d->id, q->site))
		conflict(q, "is held there for a job to come, by a quote or reservation; right is "
			    "to give that back first, or to wait");
	else if (r->state == SUAN_REPLICA_COMPLETE && suan_data_complete(q->d) == 1)
		conflict(q, "has no other complete copy; right is to replicate it first, or rm");
}

static void ask_site(const struct question *q)
{
	if (q->c->op == SUAN_DATA_EVICT)
		ask_evict(q);
	else if (q->c->op == SUAN_DATA_REPLICATE && !suan_data_allows(q->e, q->d, q->site))
		refuse(q, SUAN_R_NOT_ALLOWED);
	else if (q->c->op == SUAN_DATA_REPLICATE && suan_data_replica(q->d, q->site) &&
		 suan_data_replica(q->d, q->site)->state != SUAN_REPLICA_LOST)
		q->fx->repeated = true;
}

static void ask_known(const struct question *q)
{
	const struct suan_data_command *c = q->c;
	bool site = c->op == SUAN_DATA_REPLICATE || c->op == SUAN_DATA_EVICT;

	if (!q->d)
		q->fx->code = suan_fail(q->err, SUAN_ENOTFOUND, "no data set \"%.100s\"",
					c->name ? c->name : "");
	else if (!c->operate && strcmp(q->d->owner, c->who ? c->who : "") != 0)
		q->fx->code = suan_fail(q->err, SUAN_EREFUSED,
					"data set %.100s is of %.100s; only its owner and "
					"operators may do this", c->name, q->d->owner);
	else if (site && q->site == SUAN_NO_POOL)
		invalid(q, "site", "no site is named; right is the name of a site");
	else if (c->op == SUAN_DATA_RM && suan_data_read(q->e, q->d))
		conflict(q, "is an input of jobs that are not over; right is to cancel them first");
	else if (c->op == SUAN_DATA_RM && suan_reserve_reads(q->e, q->d->id))
		conflict(q, "is held for a job to come, by a quote or reservation; right is to "
			    "give that back first, or to wait");
	else if (c->op == SUAN_DATA_GRANT && c->users.count + c->accounts.count == 0)
		invalid(q, "users", "nobody is named; right is a user or an account, or * for all");
	else
		ask_site(q);
}

void suan_engine_ask_data(const struct suan_engine *e, const struct suan_event *ev,
			  struct suan_effects *fx, struct suan_err *err)
{
	const struct suan_data_command *c = ev->u.data;
	struct question q = {e, c, fx, err, ev->now_ms, suan_data_lookup(e, c->name),
			     SUAN_NO_POOL};

	if (c->op < SUAN_DATA_PUT || c->op > SUAN_DATA_VERIFY) {
		invalid(&q, "op", "no such command");
		return;
	}
	if (c->site && c->site[0]) {
		q.site = suan_net_site(&e->net, c->site);
		if (q.site == SUAN_NO_POOL) {
			fx->code = suan_fail_field(err, SUAN_EINVAL, "site",
						   "no site \"%.100s\" in the network", c->site);
			return;
		}
	}
	if (c->op == SUAN_DATA_PUT)
		ask_put(&q);
	else
		ask_known(&q);
	fx->data = q.d ? q.d->id : 0;
}

/* ---- commands ---- */

static enum suan_code put(struct suan_engine *e, const struct suan_event *ev,
			  struct suan_effects *fx)
{
	const struct suan_data_command *c = ev->u.data;
	uint32_t site = suan_net_site(&e->net, c->site);
	struct suan_dataset *d = NULL;
	struct suan_replica *r;
	enum suan_code rc = suan_data_make(e, c, &d);

	if (rc == SUAN_OK)
		rc = suan_data_room(e);
	if (rc == SUAN_OK)
		rc = suan_data_replica_room(d);
	if (rc == SUAN_OK)
		rc = suan_data_transfer_room(e, 1);
	if (rc != SUAN_OK) {
		suan_data_free(e, d);
		return rc;
	}
	d->id = e->data.last_id + 1;
	d->made_ms = ev->now_ms;
	suan_data_add(e, d);
	r = suan_data_put_replica(e, d, site);
	r->kept = true;
	r->used_ms = ev->now_ms;
	if (c->present)
		r->state = SUAN_REPLICA_COMPLETE;
	else
		suan_data_put_transfer(e, d, site, ev->now_ms)->asked = true;
	fx->data = d->id;
	return SUAN_OK;
}

static enum suan_code replicate(struct suan_engine *e, struct suan_dataset *d, uint32_t site,
				int64_t now_ms)
{
	struct suan_replica *r = suan_data_replica(d, site);
	struct suan_transfer *x = r ? suan_data_coming(e, d->id, site) : NULL;
	enum suan_code rc = suan_data_transfer_room(e, 1);

	if (rc == SUAN_OK && !r)
		rc = suan_data_replica_room(d);
	if (rc != SUAN_OK)
		return rc;
	if (!r)
		r = suan_data_put_replica(e, d, site);
	if (r->state == SUAN_REPLICA_LOST || (!x && r->state != SUAN_REPLICA_COMPLETE)) {
		r->state = SUAN_REPLICA_COPYING;
		x = suan_data_put_transfer(e, d, site, now_ms);
	}
	if (x)
		x->asked = true;
	r->kept = true;
	return SUAN_OK;
}

static void evict(struct suan_engine *e, struct suan_dataset *d, uint32_t site,
		  struct suan_effects *fx)
{
	const struct suan_transfer *x = suan_data_coming(e, d->id, site);

	if (x && x->running)
		suan_effects_push(fx, &(struct suan_effect){
			.type = SUAN_FX_COPY_STOP, .run.attempt = x->attempt,
			.pool = SUAN_NO_POOL, .transfer = x->id, .data = d->id, .site = site});
	if (x)
		suan_data_drop_transfer(e, x->id);
	suan_data_drop_replica(e, d, site);
	suan_effects_push(fx, &(struct suan_effect){
		.type = SUAN_FX_ERASE, .pool = SUAN_NO_POOL, .data = d->id, .site = site});
}

static bool join(struct suan_arena *a, struct suan_names *to, const struct suan_names *more)
{
	struct suan_names both = {suan_arena_array(a, to->count + more->count + 1u,
						   sizeof(*both.list)), to->count};

	if (!both.list)
		return false;
	memcpy(both.list, to->list, to->count * sizeof(*both.list));
	for (uint32_t i = 0; i < more->count; i++) {
		if (suan_rules_holds(&both, more->list[i]))
			continue;
		both.list[both.count] = suan_arena_str(a, more->list[i]);
		if (!both.list[both.count++])
			return false;
	}
	*to = both;
	return true;
}

static enum suan_code grant(struct suan_dataset *d, const struct suan_data_command *c)
{
	struct suan_names users = d->users;

	if (!join(&d->arena, &users, &c->users) || !join(&d->arena, &d->accounts, &c->accounts))
		return SUAN_ENOMEM;
	d->users = users;
	return SUAN_OK;
}

/* A check reads the copy again, by its own site. */
static enum suan_code verify(struct suan_engine *e, struct suan_dataset *d, uint32_t site,
			     int64_t now_ms)
{
	enum suan_code rc = suan_data_transfer_room(e, d->nreplicas);

	if (rc != SUAN_OK)
		return rc;
	for (size_t i = 0; i < d->nreplicas; i++) {
		const struct suan_replica *r = &d->replicas[i];
		struct suan_transfer *x;

		if ((site != SUAN_NO_POOL && r->site != site) ||
		    r->state != SUAN_REPLICA_COMPLETE || suan_data_coming(e, d->id, r->site))
			continue;
		x = suan_data_put_transfer(e, d, r->site, now_ms);
		x->from = r->site;
		x->asked = true;
	}
	return SUAN_OK;
}

enum suan_code suan_engine_data(struct suan_engine *e, const struct suan_event *ev,
				struct suan_effects *fx)
{
	const struct suan_data_command *c = ev->u.data;
	struct suan_dataset *d = suan_data_lookup(e, c->name);
	uint32_t site = c->site && c->site[0] ? suan_net_site(&e->net, c->site) : SUAN_NO_POOL;
	enum suan_code rc = suan_effects_reserve(fx, e->data.ntransfers + e->data.copies + 2);

	if (rc != SUAN_OK || fx->repeated)
		return rc;
	switch (c->op) {
	case SUAN_DATA_PUT:
		return put(e, ev, fx);
	case SUAN_DATA_REPLICATE:
		return replicate(e, d, site, ev->now_ms);
	case SUAN_DATA_EVICT:
		evict(e, d, site, fx);
		return SUAN_OK;
	case SUAN_DATA_RM:
		suan_data_remove(e, d, fx);
		return SUAN_OK;
	case SUAN_DATA_GRANT:
		return grant(d, c);
	case SUAN_DATA_VERIFY:
		return verify(e, d, site, ev->now_ms);
	}
	return SUAN_OK;
}

/* ---- reports ---- */

static enum suan_code set_text(struct suan_engine *e, struct suan_dataset *d, const char *text)
{
	uint32_t id = 0;
	enum suan_code rc = text && text[0]
				    ? suan_intern_add(e->strings, text, strlen(text), &id)
				    : SUAN_OK;

	if (rc != SUAN_OK)
		return rc;
	suan_intern_drop(e->strings, d->text);
	d->text = id;
	return SUAN_OK;
}

/* Is it what it should be? What is not known yet is learnt. */
static bool is_same(struct suan_dataset *d, const struct suan_transfer_report *r)
{
	bool known = r->sha256 && strlen(r->sha256) == SUAN_SHA256_HEX;

	if (known && d->sha256[0] && strcmp(d->sha256, r->sha256) != 0)
		return false;
	if (known && !d->sha256[0])
		memcpy(d->sha256, r->sha256, SUAN_SHA256_HEX + 1);
	if (suan_data_complete(d) == 0 || d->bytes == 0)
		d->bytes = r->bytes;
	if (d->files == 0)
		d->files = r->files;
	return true;
}

static void done(struct suan_engine *e, struct suan_dataset *d, const struct suan_transfer *x,
		 int64_t now_ms)
{
	struct suan_replica *r = suan_data_replica(d, x->to);

	if (x->from == x->to)
		r->checked_ms = now_ms;
	else if (x->from != SUAN_NO_POOL)
		e->data.moved_bytes += d->bytes;
	if (r->state == SUAN_REPLICA_COPYING)
		r->used_ms = now_ms;
	r->state = SUAN_REPLICA_COMPLETE;
	suan_data_drop_transfer(e, x->id);
}

static void failed(struct suan_transfer *x, int64_t now_ms)
{
	x->running = false;
	x->failures += x->failures < UINT32_MAX;
	x->avoid = x->from != SUAN_NO_POOL && x->from != x->to ? x->from + 1 : 0;
	x->retry_ms = now_ms + suan_transfer_backoff(x->failures);
}

/* The source is not what it should be: what is read of it is lost. A copy that a run reads goes on
 * being counted until that is over. */
static void broken(struct suan_engine *e, struct suan_dataset *d, struct suan_transfer *x,
		   int64_t now_ms)
{
	struct suan_replica *source = x->from == SUAN_NO_POOL ? NULL
							      : suan_data_replica(d, x->from);

	if (source && source->runs == 0 && source->state == SUAN_REPLICA_COMPLETE)
		source->state = SUAN_REPLICA_LOST;
	if (x->from != SUAN_NO_POOL && x->from != x->to) {
		failed(x, now_ms);
		return;
	}
	if (x->from == SUAN_NO_POOL)
		suan_data_replica(d, x->to)->state = SUAN_REPLICA_LOST;
	suan_data_drop_transfer(e, x->id);
}

enum suan_code suan_engine_transfer_report(struct suan_engine *e, const struct suan_event *ev,
					   struct suan_effects *fx)
{
	const struct suan_transfer_report *r = &ev->u.transfer;
	struct suan_transfer *x = suan_data_transfer(e, r->id);
	struct suan_dataset *d = x ? suan_data_find(e, x->data) : NULL;
	enum suan_transfer_kind kind = r->kind;
	enum suan_code rc;

	if (!d) {
		fx->code = SUAN_ENOTFOUND;
		return SUAN_OK;
	}
	if (!x->running || x->attempt != r->attempt)
		return SUAN_OK;	/* of an attempt that is over */
	if (kind == SUAN_TRANSFER_PROGRESS) {
		x->done_bytes = r->bytes;
		return SUAN_OK;
	}
	rc = set_text(e, d, kind == SUAN_TRANSFER_DONE ? NULL : r->text);
	if (rc != SUAN_OK)
		return rc;
	e->data.stale = true;
	if (kind == SUAN_TRANSFER_DONE && !is_same(d, r))
		kind = SUAN_TRANSFER_BROKEN;
	if (kind == SUAN_TRANSFER_DONE)
		done(e, d, x, ev->now_ms);
	else if (kind == SUAN_TRANSFER_BROKEN)
		broken(e, d, x, ev->now_ms);
	else
		failed(x, ev->now_ms);
	return SUAN_OK;
}
