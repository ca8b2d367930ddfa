/* Data sets: immutable bytes with copies at sites. Where copies are and may be, who may read them,
 * and when they arrive where somebody wants them. Transfers hold a part of each link on their way
 * until they are expected to end, and links are never oversold: transfer.c. Inside of the engine
 * only; reading is in engine.h. */
#ifndef SUAN_ENGINE_DATA_H
#define SUAN_ENGINE_DATA_H

#include "engine/state.h"

struct suan_profile;

#define SUAN_DIRECT_MBIT 1000u	/* between two sites of a network without links, and from outside */
#define SUAN_SHA256_HEX	 64u

struct suan_replica {
	uint32_t site;
	uint8_t state;		/* enum suan_replica_state */
	bool kept;		/* somebody asked for it: the cache does not drop it */
	uint32_t runs;		/* that read it now */
	uint32_t wanted_pass;	/* the last pass that planned a job with it there */
	int64_t used_ms, checked_ms;
};

struct suan_dataset {
	struct suan_arena arena;	/* owns the strings */
	uint32_t id, name;		/* name: interned */
	const char *owner, *account, *source;
	char sha256[SUAN_SHA256_HEX + 1];	/* "" = not known yet */
	uint64_t bytes, files;
	int64_t made_ms, expires_ms;
	struct suan_names sites, hubs, users, accounts;
	struct suan_replica *replicas;	/* owned; by site */
	size_t nreplicas, cap;
	uint32_t text;			/* interned: what went wrong last */
};

struct suan_transfer {
	uint32_t id, data, from, to;	/* from: SUAN_NO_POOL outside; = to: a check */
	uint32_t attempt, failures;
	uint32_t avoid;			/* source of the last failure + 1; 0 = none */
	bool running, asked;		/* asked: by a user, not only by jobs */
	bool booked;			/* not begun: from, begin, end, mbit were held for it */
	int64_t made_ms, retry_ms, begin_ms, end_ms;	/* end: reserved */
	uint64_t done_bytes, mbit;
	/* what follows from the state: transfer.c */
	bool wanted;			/* by the last pass */
	bool was_lost;			/* made by the last pass, where a lost copy was */
	bool put_off;			/* has no room any more */
	int64_t plan_begin_ms, plan_end_ms;
	uint32_t plan_from;
	uint64_t plan_mbit;
};

/* Jobs with the same inputs share one: when these are at each site. Its number is the planner's set
 * of arrivals. */
struct suan_want {
	uint32_t refs;		/* jobs; 0: free slot */
	uint32_t text;		/* interned: the ids */
	uint32_t live;		/* jobs that the planner has */
	uint32_t count;
	uint32_t *ids;		/* owned; ascending */
};

/* ---- data.c: the table ---- */

void suan_data_done(struct suan_engine *e);
struct suan_dataset *suan_data_find(const struct suan_engine *e, uint32_t id);
struct suan_dataset *suan_data_lookup(const struct suan_engine *e, const char *name);
struct suan_replica *suan_data_replica(const struct suan_dataset *d, uint32_t site);
struct suan_transfer *suan_data_transfer(const struct suan_engine *e, uint32_t id);
/* The one that makes or checks that copy; NULL: none. */
struct suan_transfer *suan_data_coming(const struct suan_engine *e, uint32_t data, uint32_t site);
bool suan_data_readable(const struct suan_dataset *d, const char *user, const char *account);
/* Residency: may a copy be there? */
bool suan_data_allows(const struct suan_engine *e, const struct suan_dataset *d, uint32_t site);
uint32_t suan_data_complete(const struct suan_dataset *d);	/* complete copies */
/* A data set from a PUT, unlisted; owned. */
SUAN_MUSTUSE enum suan_code suan_data_make(struct suan_engine *e,
					   const struct suan_data_command *c,
					   struct suan_dataset **ret);
void suan_data_free(struct suan_engine *e, struct suan_dataset *d);
/* Room for one more data set, replica, transfer; then they go in. */
SUAN_MUSTUSE enum suan_code suan_data_room(struct suan_engine *e);
void suan_data_add(struct suan_engine *e, struct suan_dataset *d);
SUAN_MUSTUSE enum suan_code suan_data_replica_room(struct suan_dataset *d);
struct suan_replica *suan_data_put_replica(struct suan_engine *e, struct suan_dataset *d,
					   uint32_t site);
void suan_data_drop_replica(struct suan_engine *e, struct suan_dataset *d, uint32_t site);
SUAN_MUSTUSE enum suan_code suan_data_transfer_room(struct suan_engine *e, size_t more);
struct suan_transfer *suan_data_put_transfer(struct suan_engine *e, struct suan_dataset *d,
					     uint32_t to, int64_t now_ms);
void suan_data_drop_transfer(struct suan_engine *e, uint32_t id);
/* Takes the data set out with all of its copies and transfers; room for the effects is there. */
void suan_data_remove(struct suan_engine *e, struct suan_dataset *d, struct suan_effects *fx);
/* Does a job that is not over read it? */
bool suan_data_read(const struct suan_engine *e, const struct suan_dataset *d);
const char *suan_data_verify(const struct suan_engine *e);

/* ---- data_wants.c: jobs and their inputs ---- */

#define SUAN_WANT_ASKED 1u	/* the set of a job that is only asked about */
SUAN_MUSTUSE enum suan_code suan_wants_add(struct suan_engine *e, const uint32_t *ids, uint32_t n,
					   uint32_t *ret);
/* By name; every name is known. */
SUAN_MUSTUSE enum suan_code suan_wants_of_job(struct suan_engine *e,
					      const struct suan_names *inputs, uint32_t *ret);
void suan_wants_drop(struct suan_engine *e, uint32_t want);
static inline uint32_t suan_wants_get(const struct suan_job *j)
{
	return j->more ? j->more->want : 0;
}
/* The planner has so many starts of the job, now and from now on. */
void suan_wants_planned(struct suan_engine *e, struct suan_job *j, uint32_t planned);
/* Tells the planner of all live ones; what is planned may move. */
SUAN_MUSTUSE enum suan_code suan_wants_sync(struct suan_engine *e, int64_t now_ms);
/* The set of a job that is asked about: SUAN_WANT_ASKED, or 0. */
SUAN_MUSTUSE enum suan_code suan_wants_ask(const struct suan_engine *e,
					   const struct suan_names *inputs, int64_t now_ms,
					   uint32_t *ret);
/* A run of the job begins or is over at the site. */
void suan_wants_began(struct suan_engine *e, const struct suan_job *j, uint32_t site,
		      int64_t now_ms);
void suan_wants_ended(struct suan_engine *e, const struct suan_job *j, uint32_t pool,
		      int64_t now_ms);

/* ---- transfer_path.c: ways through the network ---- */

struct suan_links {			/* what follows from the network */
	uint32_t nnodes, nlinks;	/* nodes: sites, then other ends of links */
	struct suan_way {
		uint32_t from, to;
		uint64_t mbit;
		int64_t length;		/* of the way: latency, then hops */
	} *ways;			/* owned; by number of the link */
	uint32_t **before;		/* owned; by site: the last link to each node */
	uint32_t *path;			/* owned; scratch, nnodes long */
	int64_t *length;		/* owned; scratch */
	bool *settled;			/* owned; scratch */
	struct suan_profile *free;	/* owned; by link: memory counts Mbit/s */
	int64_t next_ms;		/* something of the plan happens then */
};

SUAN_MUSTUSE enum suan_code suan_links_make(const struct suan_engine *e, struct suan_links **ret);
void suan_links_free(struct suan_links *l);
/* The links from site to site in l->path, from the end; their number. UINT32_MAX: no way.
 * Shortest by latency, then by links, then by their numbers (Dijkstra 1959). *ret_rc: no memory. */
uint32_t suan_links_path(struct suan_links *l, uint32_t from, uint32_t to, enum suan_code *ret_rc);

/* ---- transfer.c: who moves when ---- */

struct suan_course {
	int64_t begin_ms, end_ms;	/* FOREVER: never */
	uint64_t mbit;
	uint32_t from;
};
/* The earliest end of moving the bytes to a site from the complete copies there are. */
SUAN_MUSTUSE enum suan_code suan_transfer_course(const struct suan_engine *e,
						 const struct suan_dataset *d, uint32_t to,
						 int64_t from_ms, struct suan_course *ret);
/* The same, taken from the links until the next plan; FOREVER: nothing is. */
SUAN_MUSTUSE enum suan_code suan_transfer_book(const struct suan_engine *e,
					       const struct suan_dataset *d, uint32_t to,
					       int64_t from_ms, struct suan_course *ret);
/* Takes a course that was booked from the links, later if there is no room (what runs may go on
 * for longer than was thought). *c: as it is then; FOREVER: it can no longer be so. */
SUAN_MUSTUSE enum suan_code suan_transfer_hold(const struct suan_engine *e,
					       const struct suan_dataset *d, uint32_t to,
					       int64_t now_ms, struct suan_course *c);
/* Plans all transfers, if anything changed. Changes nothing else. */
SUAN_MUSTUSE enum suan_code suan_transfer_plan(struct suan_engine *e, int64_t now_ms);
/* The one that was just put in, behind all others. */
SUAN_MUSTUSE enum suan_code suan_transfer_plan_last(struct suan_engine *e, int64_t now_ms);
/* Which link a transfer would be on, and how much of each is taken by running ones. NULL: fine. */
const char *suan_transfer_verify(const struct suan_engine *e);
int64_t suan_transfer_backoff(uint32_t failures);

/* ---- data_settle.c: after a pass ---- */

/* Transfers for what the pass planned; can be taken back. ret_fx: effects that settling makes. */
SUAN_MUSTUSE enum suan_code suan_data_prepare(struct suan_engine *e, int64_t now_ms,
					      size_t *ret_fx);
void suan_data_undo(struct suan_engine *e);
/* Begins what may begin. When a pass is needed again. */
int64_t suan_data_settle(struct suan_engine *e, int64_t now_ms, struct suan_effects *fx);

/* ---- data_settle.c: room at sites ---- */

/* A copy there, complete or coming, takes its bytes. */
bool suan_data_takes(const struct suan_engine *e, const struct suan_dataset *d, uint32_t site);
/* Bytes that could be had at the site by dropping copies. */
uint64_t suan_data_most(const struct suan_engine *e, uint32_t site);
/* Drops copies until so many bytes are free; they can be had. Room for the effects is there. */
void suan_data_clear(struct suan_engine *e, uint32_t site, uint64_t bytes, struct suan_effects *fx);

/* ---- engine_data.c: events ---- */

void suan_engine_ask_data(const struct suan_engine *e, const struct suan_event *ev,
			  struct suan_effects *fx, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_engine_data(struct suan_engine *e, const struct suan_event *ev,
					     struct suan_effects *fx);
SUAN_MUSTUSE enum suan_code suan_engine_transfer_report(struct suan_engine *e,
							const struct suan_event *ev,
							struct suan_effects *fx);

/* ---- data_pack.c: in snapshots ---- */

void suan_data_put(const struct suan_engine *e, struct suan_buf *b);
SUAN_MUSTUSE enum suan_code suan_data_get(struct suan_engine *e, const struct suan_field *f,
					  struct suan_arena *scratch);
/* After the jobs: counts the runs that read. false: damaged. */
bool suan_data_restored(struct suan_engine *e);

#endif
