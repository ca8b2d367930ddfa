/* Elements of jobs. Records exist only for those that something happened to. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state.h"

static uint32_t nchunks(const struct suan_array *a)
{
	return (a->set->count + SUAN_CHUNK - 1) / SUAN_CHUNK;
}

static uint32_t chunk_len(const struct suan_array *a, uint32_t c)
{
	uint32_t left = a->set->count - c * SUAN_CHUNK;

	return left < SUAN_CHUNK ? left : SUAN_CHUNK;
}

static size_t bits_bytes(const struct suan_array *a)
{
	return ((size_t)a->set->count + 63) / 64 * sizeof(*a->bits);
}

/* ---- reading ---- */

uint32_t suan_elems_count(const struct suan_job *j)
{
	const struct suan_array *a = suan_jobs_array(j);

	return a ? a->set->count : 1;
}

uint32_t suan_elems_in(const struct suan_job *j, enum suan_state s)
{
	const struct suan_array *a = suan_jobs_array(j);

	if (a)
		return a->counts[s];
	return (enum suan_state)(j->one ? j->one->state : SUAN_PENDING) == s;
}

uint32_t suan_elems_index(const struct suan_job *j, uint32_t pos)
{
	const struct suan_array *a = suan_jobs_array(j);

	return a ? suan_range_at(a->set, pos) : 0;
}

bool suan_elems_pos(const struct suan_job *j, uint32_t index, uint32_t *ret)
{
	const struct suan_array *a = suan_jobs_array(j);

	if (a)
		return suan_range_pos(a->set, index, ret);
	*ret = 0;
	return index == 0;
}

uint32_t suan_elems_held(const struct suan_job *j)
{
	const struct suan_array *a = suan_jobs_array(j);

	if (a)
		return a->held;
	return j->one ? j->one->held : j->held;
}

uint32_t suan_elems_limbo(const struct suan_job *j)
{
	const struct suan_array *a = suan_jobs_array(j);

	if (a)
		return a->limbo;
	return j->one ? j->one->limbo : 0;
}

uint32_t suan_elems_active(const struct suan_job *j)
{
	return suan_elems_in(j, SUAN_STAGING) + suan_elems_in(j, SUAN_RUNNING) +
	       suan_elems_limbo(j);
}

const struct suan_elem *suan_elems_get(const struct suan_job *j, uint32_t pos)
{
	static const struct suan_elem waiting = {.pool = SUAN_NO_POOL};
	static const struct suan_elem held = {.pool = SUAN_NO_POOL, .held = true};
	const struct suan_array *a = suan_jobs_array(j);

	if (!a && j->one)
		return j->one;
	if (!a)
		return j->held ? &held : &waiting;
	if (a->chunks && a->chunks[pos / SUAN_CHUNK])
		return &a->chunks[pos / SUAN_CHUNK][pos % SUAN_CHUNK];
	return &a->rest;
}

bool suan_elems_has_record(const struct suan_job *j, uint32_t pos)
{
	const struct suan_array *a = suan_jobs_array(j);

	return a ? a->chunks && a->chunks[pos / SUAN_CHUNK] : j->one != NULL;
}

struct suan_elem *suan_elems_at(struct suan_job *j, uint32_t pos)
{
	struct suan_array *a = suan_jobs_array(j);

	assert(suan_elems_has_record(j, pos));
	return a ? &a->chunks[pos / SUAN_CHUNK][pos % SUAN_CHUNK] : j->one;
}

uint32_t suan_elems_rest(const struct suan_job *j)
{
	const struct suan_array *a = suan_jobs_array(j);
	uint32_t n = 0;

	if (!a)
		return j->one ? 0 : 1;
	if (!a->chunks)
		return a->set->count;
	for (uint32_t c = 0; c < nchunks(a); c++)
		n += a->chunks[c] ? 0 : chunk_len(a, c);
	return n;
}

const struct suan_place *suan_elems_places(const struct suan_elem *x)
{
	if (x->nplaces == 0)
		return NULL;
	return x->nplaces == 1 ? &x->places.one : x->places.many;
}

/* ---- ready ones ---- */

bool suan_elems_is_ready(const struct suan_engine *e, const struct suan_job *j, uint32_t pos)
{
	const struct suan_elem *x = suan_elems_get(j, pos);
	uint64_t in_the_way;

	if (x->state != SUAN_PENDING || x->held)
		return false;
	return x->attempt > 0 || !suan_deps_has_corr(j) ||
	       suan_deps_element(e, j, suan_elems_index(j, pos), &in_the_way) == SUAN_DEPS_MET;
}

static bool bit_at(const struct suan_array *a, uint32_t pos)
{
	return a->bits[pos / 64] >> (pos % 64) & 1;
}

static void set_bit(struct suan_array *a, uint32_t pos, bool on)
{
	if (bit_at(a, pos) == on)
		return;
	a->bits[pos / 64] ^= UINT64_C(1) << (pos % 64);
	if (on) {
		a->ready++;
		if (pos < a->cursor)
			a->cursor = pos;
	} else {
		a->ready--;
		if (pos == a->cursor)
			a->cursor++;
	}
}

void suan_elems_refresh(struct suan_engine *e, struct suan_job *j, uint32_t pos)
{
	struct suan_array *a = suan_jobs_array(j);

	if (a)
		set_bit(a, pos, suan_elems_is_ready(e, j, pos));
}

uint32_t suan_elems_ready(const struct suan_job *j)
{
	const struct suan_array *a = suan_jobs_array(j);
	const struct suan_elem *x;

	if (a)
		return a->ready;
	x = suan_elems_get(j, 0);
	return x->state == SUAN_PENDING && !x->held;
}

uint32_t suan_elems_next_ready(const struct suan_job *j, uint32_t from)
{
	const struct suan_array *a = suan_jobs_array(j);
	uint32_t count = suan_elems_count(j);

	if (!a)
		return from == 0 && suan_elems_ready(j) ? 0 : SUAN_NO_POS;
	if (!a->bits)
		return from < count && a->ready ? from : SUAN_NO_POS;
	if (from < a->cursor)
		from = a->cursor;
	for (uint32_t w = from / 64; (uint64_t)w * 64 < count; w++) {
		uint64_t word = a->bits[w];

		if (w == from / 64)
			word &= UINT64_MAX << (from % 64);
		if (word)
			return w * 64 + (uint32_t)__builtin_ctzll(word);
	}
	return SUAN_NO_POS;
}

/* ---- records ---- */

enum suan_code suan_elems_unfold(struct suan_engine *e, struct suan_job *j)
{
	struct suan_array *a = suan_jobs_array(j);
	size_t table;

	if (!a || a->bits)
		return SUAN_OK;
	table = nchunks(a) * sizeof(*a->chunks);
	a->chunks = suan_jobs_alloc(e, table);
	a->bits = suan_jobs_alloc(e, bits_bytes(a));
	if (!a->chunks || !a->bits) {
		suan_jobs_release(e, a->chunks, table);
		suan_jobs_release(e, a->bits, bits_bytes(a));
		a->chunks = NULL;
		a->bits = NULL;
		return SUAN_ENOMEM;
	}
	for (uint32_t pos = 0; a->ready && pos < a->set->count; pos++)
		a->bits[pos / 64] |= UINT64_C(1) << (pos % 64);
	a->cursor = 0;
	return SUAN_OK;
}

static enum suan_code open_one(struct suan_engine *e, struct suan_job *j)
{
	struct suan_elem *x = suan_jobs_room(e, sizeof(*x));

	if (!x)
		return SUAN_ENOMEM;
	*x = *suan_elems_get(j, 0);
	j->one = x;
	j->held = false;
	e->nelems++;
	return SUAN_OK;
}

enum suan_code suan_elems_open(struct suan_engine *e, struct suan_job *j, uint32_t pos)
{
	struct suan_array *a = suan_jobs_array(j);
	uint32_t c = pos / SUAN_CHUNK, n;
	struct suan_elem *chunk;

	if (suan_elems_has_record(j, pos))
		return SUAN_OK;
	if (!a)
		return open_one(e, j);
	if (suan_elems_unfold(e, j) != SUAN_OK)
		return SUAN_ENOMEM;
	n = chunk_len(a, c);
	chunk = suan_jobs_room(e, n * sizeof(*chunk));
	if (!chunk)
		return SUAN_ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		chunk[i] = a->rest;
	a->chunks[c] = chunk;
	e->nelems += n;
	return SUAN_OK;
}

void suan_elems_clear(struct suan_engine *e, struct suan_elem *x)
{
	if (x->nplaces > 1)
		suan_jobs_release(e, x->places.many, x->nplaces * sizeof(*x->places.many));
	x->nplaces = 0;
	suan_intern_drop(e->strings, x->text);
	suan_intern_drop(e->strings, x->why);
	x->text = x->why = 0;
}

static void free_chunk(struct suan_engine *e, struct suan_elem *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		suan_elems_clear(e, &list[i]);
	e->nelems -= n;
	suan_jobs_release(e, list, n * sizeof(*list));
}

void suan_elems_free(struct suan_engine *e, struct suan_job *j)
{
	struct suan_array *a = suan_jobs_array(j);

	if (j->one)
		free_chunk(e, j->one, 1);
	j->one = NULL;
	if (!a || !a->chunks)
		return;
	for (uint32_t c = 0; c < nchunks(a); c++)
		if (a->chunks[c])
			free_chunk(e, a->chunks[c], chunk_len(a, c));
	suan_jobs_release(e, a->chunks, nchunks(a) * sizeof(*a->chunks));
	suan_jobs_release(e, a->bits, bits_bytes(a));
	a->chunks = NULL;
	a->bits = NULL;
}

/* ---- summary ---- */

static const enum suan_state worst_first[] = {
	SUAN_RUNNING, SUAN_STAGING, SUAN_PENDING, SUAN_UNKNOWN, SUAN_FAILED, SUAN_TIMEOUT,
	SUAN_OUT_OF_MEMORY, SUAN_PREEMPTED, SUAN_CANCELLED, SUAN_COMPLETED,
};

enum suan_state suan_elems_summary(const struct suan_job *j)
{
	const struct suan_array *a = suan_jobs_array(j);

	if (!a)
		return j->one ? (enum suan_state)j->one->state : SUAN_PENDING;
	for (size_t i = 0; i < SUAN_NSTATES; i++)
		if (a->counts[worst_first[i]])
			return worst_first[i];
	return SUAN_PENDING;
}

uint32_t suan_elems_worst(const struct suan_job *j)
{
	struct suan_array *a = suan_jobs_array(j);

	if (!suan_state_final((enum suan_state)j->summary))
		return SUAN_NO_POS;
	if (!a)
		return 0;
	/* Found when first asked for; every change of an element forgets it. */
	for (uint32_t pos = 0; a->worst == SUAN_NO_POS && pos < a->set->count; pos++)
		if (suan_elems_get(j, pos)->state == j->summary)
			a->worst = pos;
	return a->worst;
}

static void summarise(struct suan_engine *e, struct suan_job *j)
{
	struct suan_array *a = suan_jobs_array(j);
	enum suan_state now = suan_elems_summary(j);

	if (a)
		a->worst = SUAN_NO_POS;
	e->summaries[j->summary]--;
	e->summaries[now]++;
	suan_acct_summary(e, j, j->summary, now);
	if (!suan_state_final(now))
		suan_acct_live(e, j);
	j->summary = (uint8_t)now;
}

/* ---- changes ---- */

static void tell_change(const struct suan_engine *e, const struct suan_job *j, uint32_t pos,
			struct suan_effects *fx)
{
	const struct suan_elem *x = suan_elems_get(j, pos);
	struct suan_effect f = {.type = SUAN_FX_CHANGED, .pool = x->pool,
				.state = (enum suan_state)x->state};

	if (e->policy.terse)
		return;
	f.run = (struct suan_run_id){j->id, suan_elems_index(j, pos), x->attempt};
	suan_effects_push(fx, &f);
}

void suan_elems_move(struct suan_engine *e, struct suan_spot at, enum suan_state to, bool limbo,
		     struct suan_effects *fx)
{
	struct suan_job *j = at.job;
	uint32_t pos = at.pos;
	struct suan_elem *x = suan_elems_at(j, pos);
	struct suan_array *a = suan_jobs_array(j);
	enum suan_state from = (enum suan_state)x->state;
	unsigned phase = suan_deps_phase(j);

	if (a) {
		a->counts[from]--;
		a->counts[to]++;
		a->held -= x->held;
		a->limbo -= x->limbo;
		a->limbo += limbo;
	}
	x->state = (uint8_t)to;
	x->held = false;
	x->limbo = limbo;
	suan_elems_refresh(e, j, pos);
	summarise(e, j);
	if (from != to)
		tell_change(e, j, pos, fx);
	suan_deps_tell(e, j, phase);
	if ((from == SUAN_COMPLETED) != (to == SUAN_COMPLETED))
		suan_deps_tell_element(e, j, suan_elems_index(j, pos));
	suan_sync_mark(e, j);
}

void suan_elems_hold(struct suan_engine *e, struct suan_job *j, uint32_t pos, bool held)
{
	struct suan_array *a = suan_jobs_array(j);
	struct suan_elem *x = suan_elems_at(j, pos);

	if (x->held == held || x->state != SUAN_PENDING)
		return;
	x->held = held;
	if (a) {
		a->held += held ? 1 : UINT32_MAX;
		suan_elems_refresh(e, j, pos);
	}
	suan_sync_mark(e, j);
}

/* After a change of the rest: readiness of every element without a record. */
static void refresh_rest(struct suan_engine *e, struct suan_job *j)
{
	struct suan_array *a = suan_jobs_array(j);

	if (!a->bits) {
		a->ready = a->rest.state == SUAN_PENDING && !a->rest.held ? a->set->count : 0;
		a->cursor = 0;
		return;
	}
	for (uint32_t pos = 0; pos < a->set->count; pos++)
		if (!suan_elems_has_record(j, pos))
			suan_elems_refresh(e, j, pos);
}

/* The rest is changed even if no element is left in it: what it says must not depend on which
 * records happen to exist, because a snapshot leaves out records that say the same as the rest. */
void suan_elems_hold_rest(struct suan_engine *e, struct suan_job *j, bool held)
{
	struct suan_array *a = suan_jobs_array(j);
	uint32_t n = suan_elems_rest(j);

	if (!a) {
		j->held = n ? held : j->held;
	} else if (a->rest.state == SUAN_PENDING && a->rest.held != held) {
		a->rest.held = held;
		a->held += held ? n : -n;
		if (n)
			refresh_rest(e, j);
	}
	suan_sync_mark(e, j);
}

void suan_elems_move_rest(struct suan_engine *e, struct suan_job *j, enum suan_state to,
			  int64_t end_ms, struct suan_effects *fx)
{
	struct suan_array *a = suan_jobs_array(j);
	uint32_t n = suan_elems_rest(j);
	unsigned phase = suan_deps_phase(j);

	if (!a || (enum suan_state)a->rest.state == to)
		return;
	a->counts[a->rest.state] -= n;
	a->counts[to] += n;
	a->held -= a->rest.held ? n : 0;
	a->rest.held = false;
	a->rest.state = (uint8_t)to;
	a->rest.end_ms = end_ms;
	a->rest.reason = to == SUAN_CANCELLED ? SUAN_R_CANCELLED_BY_USER : SUAN_R_NONE;
	if (n == 0)
		return;
	if (end_ms > a->last_end_ms)
		a->last_end_ms = end_ms;
	refresh_rest(e, j);
	summarise(e, j);
	for (uint32_t pos = 0; pos < a->set->count; pos++)
		if (!suan_elems_has_record(j, pos))
			tell_change(e, j, pos, fx);
	suan_deps_tell(e, j, phase);
	suan_sync_mark(e, j);
}

bool suan_elems_as_rest(const struct suan_elem *x, const struct suan_elem *rest)
{
	return x->attempt == 0 && x->state == rest->state && x->held == rest->held &&
	       x->end_ms == rest->end_ms && x->reason == rest->reason;
}

void suan_elems_recount(struct suan_engine *e, struct suan_job *j)
{
	struct suan_array *a = suan_jobs_array(j);
	uint32_t n;

	if (!a) {
		j->summary = (uint8_t)suan_elems_summary(j);
		return;
	}
	memset(a->counts, 0, sizeof(a->counts));
	a->held = a->limbo = 0;
	n = suan_elems_rest(j);
	a->counts[a->rest.state] = n;
	a->held = a->rest.held ? n : 0;
	for (uint32_t c = 0; a->chunks && c < nchunks(a); c++)
		for (uint32_t i = 0; a->chunks[c] && i < chunk_len(a, c); i++) {
			a->counts[a->chunks[c][i].state]++;
			a->held += a->chunks[c][i].held;
			a->limbo += a->chunks[c][i].limbo;
		}
	if (!a->bits) {
		refresh_rest(e, j);
	} else {
		for (uint32_t pos = 0; pos < a->set->count; pos++)
			suan_elems_refresh(e, j, pos);
	}
	j->summary = (uint8_t)suan_elems_summary(j);
}
