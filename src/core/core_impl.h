/* Inside of src/core: the parts of struct suan_core and what its files share. */
#ifndef SUAN_CORE_CORE_IMPL_H
#define SUAN_CORE_CORE_IMPL_H

#include "base/map.h"
#include "core/core.h"

#define CHANGE_RING 65536u

struct suan_core_pending { /* a posted command until it is answered */
	struct suan_event ev;
	struct suan_arena arena; /* owns what ev points to */
	suan_core_done_fn *done;
	void *ctx;
	struct suan_core_answer answer;
	struct suan_err err;
};

struct suan_core_pending_list {
	struct suan_core_pending *list; /* owned */
	size_t count, cap;
};

struct suan_core_report_list { /* facts from sites, with owned texts */
	struct suan_report *list;
	size_t count, cap;
};

struct suan_core_run_list { /* runs a site has to be told about */
	struct suan_run_id *list;
	size_t count, cap;
};

struct suan_core_copy_list { /* effects about data sets, of which a site has to be told */
	struct suan_effect *list;
	size_t count, cap;
};

struct suan_core_site_out {	    /* per engine site */
	struct suan_site_link link; /* link.orders NULL: not attached */
	struct suan_core_run_list starts, stops, forgets;
	struct suan_core_copy_list copies;
};

struct suan_core_transfer { /* a report that could not be made durable yet; owned */
	struct suan_core_transfer *next;
	struct suan_core *core;
	struct suan_transfer_report report; /* strings in the two below */
	char sha256[65], text[256];
};

struct suan_core {
	struct suan_store *store;
	struct suan_engine *engine;
	struct suan_effects fx;
	struct suan_buf records; /* of the batch being committed */
	struct suan_core_pending_list posted, answering;
	struct suan_core_report_list reports;
	struct suan_core_site_out *sites;
	size_t nsites, sites_cap;
	struct suan_core_run_list drops; /* jobs forgotten in this round */
	struct suan_core_transfer *again; /* to be posted once more */
	struct suan_change *ring;	 /* CHANGE_RING entries */
	uint64_t changes;		 /* how many were ever put in the ring */
	uint64_t last_change;
	uint64_t lost_change; /* id of the last one that the ring no longer has */
	void (*listen)(void *ctx, const struct suan_change *change);
	void *listen_ctx;
	int64_t wake_ms, retry_ms;
	int64_t recovered_ms; /* time of the last event before this process */
	uint64_t snapshot_bytes, grown_bytes, last_snapshot_bytes;
	uint32_t keep_finished;
	uint64_t forget_from;	   /* jobs up to this id were looked at for forgetting */
	struct suan_arena scratch; /* of one order or document */
	struct suan_core_stats stats;
	bool flushing;
};

/* recover.c */
SUAN_MUSTUSE enum suan_code suan_core_recover(struct suan_core *c, struct suan_core_opened *opened,
					      struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_core_snapshot(struct suan_core *c, struct suan_err *err);

/* effects.c */
/* Makes room for every site the engine knows. */
SUAN_MUSTUSE enum suan_code suan_core_sites_grow(struct suan_core *c);
/* Takes in the effects of one step (c->fx): changes to the ring, orders to the sites' lists. */
void suan_core_take_effects(struct suan_core *c, const struct suan_event *ev);
/* Hands the collected orders to the attached sites. */
void suan_core_send_orders(struct suan_core *c);
void suan_core_effects_done(struct suan_core *c);

/* core.c */
bool suan_core_push_run(struct suan_core_run_list *l, struct suan_run_id run);

/* ---- copies.c ---- */

/* An effect COPY, COPY_STOP or ERASE, for its site. */
void suan_core_copy_effect(struct suan_core *c, const struct suan_effect *f);
/* Orders for a site about data sets. */
void suan_core_send_copies(struct suan_core *c, struct suan_core_site_out *s);
/* All that a site that was just attached should be doing and have. */
void suan_core_attach_copies(struct suan_core *c, uint32_t site,
			     const struct suan_site_link *link);
/* Posts reports that could not be committed. */
void suan_core_transfers_again(struct suan_core *c);
void suan_core_transfers_done(struct suan_core *c);

#endif
