/* Reservations: nodes that are kept for somebody, or for nobody, over some time. Which nodes is
 * decided when one is made, among those that are certainly free by then, so the promise is exact;
 * the planner keeps them as windows (planner.h). Inside of the engine only. */
#ifndef SUAN_ENGINE_RESERVE_H
#define SUAN_ENGINE_RESERVE_H

#include "engine/state.h"

struct suan_transfer;

struct suan_reserved {		/* of one pool */
	uint32_t *nodes;	/* ascending; in the arena of the reservation */
	uint32_t pool, count;
};

struct suan_booked {		/* a data set that its job reads: reserve_data.c */
	uint32_t data;
	uint32_t from;		/* site; SUAN_NO_POOL: it is there, or comes anyway */
	int64_t begin_ms, end_ms;	/* of the transfer, with so much of each link */
	uint64_t mbit;
};

struct suan_reservation {
	struct suan_arena arena;	/* owns all below */
	const char *name, *owner;
	struct suan_names users, accounts;
	struct suan_reserved *parts;
	struct suan_booked *held;	/* of a single one */
	int64_t made_ms, from_ms, to_ms;
	int64_t until_ms;	/* of a single one without a job: over then; 0 = not */
	uint64_t job;		/* of a single one: the job it is for; 0 = none yet */
	uint64_t body_hash;
	uint32_t id, nparts, nheld;
	bool maintenance, single, has_key;
	uint8_t key[16];
};

/* ---- reserve.c: the table ---- */

void suan_reserve_done(struct suan_engine *e);
void suan_reserve_free(struct suan_reservation *r);
struct suan_reservation *suan_reserve_find(const struct suan_engine *e, uint32_t id);
/* By number or name; NULL: none. */
struct suan_reservation *suan_reserve_lookup(const struct suan_engine *e, const char *name);
bool suan_reserve_admits(const struct suan_reservation *r, const char *user, const char *account);
/* Nodes of all parts; those that cannot be used now, and why. */
uint32_t suan_reserve_nodes(const struct suan_reservation *r);
uint32_t suan_reserve_lost(const struct suan_engine *e, const struct suan_reservation *r,
			   enum suan_reason *ret);
/* Is the node in a reservation other than `but` at some time of [from, to)? *ret_to: until then. */
bool suan_reserve_taken(const struct suan_engine *e, uint32_t pool, uint32_t node,
			const int64_t span[2], const struct suan_reservation *but);
/* Room for one more; then it is put in by id. */
SUAN_MUSTUSE enum suan_code suan_reserve_room(struct suan_engine *e);
void suan_reserve_add(struct suan_engine *e, struct suan_reservation *r);
/* The planner hears of all of them. */
SUAN_MUSTUSE enum suan_code suan_reserve_sync(struct suan_engine *e);
/* After a pass: what is over goes, nodes that were lost are replaced. true: there is more room, or
 * other room, than the pass knew of. `prepare` before anything is written: what can fail. */
SUAN_MUSTUSE enum suan_code suan_reserve_prepare(struct suan_engine *e, int64_t now_ms);
bool suan_reserve_settle(struct suan_engine *e, int64_t now_ms);
/* When the next one is given back unless its job comes; SUAN_FOREVER: none. */
int64_t suan_reserve_wake(const struct suan_engine *e);
void suan_reserve_joined(struct suan_engine *e, const struct suan_job *j);	/* was submitted */
/* A sentence, or NULL: nothing is wrong. */
const char *suan_reserve_verify(const struct suan_engine *e);

/* ---- reserve_pick.c: which nodes ---- */

/* Nodes for the wish, as one malloc'd list of parts whose nodes lie behind it (owned). Where they
 * cannot be had, *out is refused and *ret NULL. The planner knows the pools. */
struct suan_pick_wish {
	const struct suan_reserve *r;
	int64_t from_ms, to_ms, now_ms;
};
SUAN_MUSTUSE enum suan_code suan_reserve_pick(const struct suan_engine *e,
					      const struct suan_pick_wish *w,
					      struct suan_reserved **ret, uint32_t *ret_n,
					      struct suan_effects *out, struct suan_err *err);
/* Nodes that a wish takes of the pool; 0: it can never hold it (*ret, a, b say why). */
uint32_t suan_reserve_wants(const struct suan_engine *e, const struct suan_reserve *r,
			    uint32_t pool, struct suan_effects *out);
/* Is the node certainly free over [from, to), by what runs there (over_ms) and is reserved? */
bool suan_reserve_free_node(const struct suan_engine *e, uint32_t pool, uint32_t node,
			    int64_t over_ms, const struct suan_pick_wish *w);

/* ---- reserve_data.c: what its job reads ---- */

/* The transfers to the pool's site, from when the job may come at the latest. *out is refused where
 * something cannot be there in time or has no room. Changes only what is planned. */
struct suan_bookings {
	struct suan_booked *list;	/* owned */
	uint32_t n, site;
	uint64_t bytes;		/* that the site has to take */
};
SUAN_MUSTUSE enum suan_code suan_reserve_book(struct suan_engine *e, const struct suan_pick_wish *w,
					      uint32_t pool, struct suan_bookings *ret,
					      struct suan_effects *out);
/* Is the data set held for a job to come, or for one that came? */
bool suan_reserve_reads(const struct suan_engine *e, uint32_t data);
/* Must its copy at the site stay? */
bool suan_reserve_keeps(const struct suan_engine *e, uint32_t data, uint32_t site);
/* Is a transfer wanted by one, whoever else may want it? */
bool suan_reserve_awaits(const struct suan_engine *e, const struct suan_transfer *x);
/* Held at the site for what is not there yet, apart from one data set. */
uint64_t suan_reserve_bytes(const struct suan_engine *e, uint32_t site, uint32_t but);
/* Takes what is held from the links. */
SUAN_MUSTUSE enum suan_code suan_reserve_hold_links(struct suan_engine *e, int64_t now_ms);
/* Its job comes: room for the transfers (*more: of the jobs before), then they are made. */
SUAN_MUSTUSE enum suan_code suan_reserve_transfer_room(struct suan_engine *e,
						       const struct suan_job *j, size_t *more);
void suan_reserve_order(struct suan_engine *e, const struct suan_job *j);
const char *suan_reserve_verify_held(const struct suan_engine *e, const struct suan_reservation *r);

/* ---- engine_reserve.c: events ---- */

SUAN_MUSTUSE enum suan_code suan_engine_reserve(struct suan_engine *e, const struct suan_event *ev,
						bool only_ask, struct suan_effects *fx,
						struct suan_err *err);
void suan_engine_unreserve(struct suan_engine *e, const struct suan_event *ev);
void suan_engine_ask_unreserve(const struct suan_engine *e, const struct suan_event *ev,
			       struct suan_effects *fx, struct suan_err *err);
/* Makes one from its parts; the table gets it by suan_reserve_add. All is copied. */
struct suan_reserve_parts {
	const struct suan_reserved *list;
	const struct suan_booked *held;
	uint32_t n, nheld;
};
SUAN_MUSTUSE enum suan_code suan_reserve_make(const struct suan_reserve *spec,
					      const struct suan_reserve_parts *parts,
					      struct suan_reservation **ret);

/* ---- reserve_pack.c: in snapshots ---- */

void suan_reserve_put(const struct suan_reservation *r, uint32_t tag, struct suan_buf *b);
/* Reads one and puts it in. ECORRUPT: damaged. */
SUAN_MUSTUSE enum suan_code suan_reserve_get(struct suan_engine *e, const struct suan_field *f,
					     struct suan_arena *scratch);

#endif
