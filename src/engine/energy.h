/* What runs draw, cost and emit, by the signals of their site.
 *
 * A node draws its idle watts always and its busy ones when all of it is at work; between them the
 * draw goes with the share that is held. A run that holds a share of a node, of its cores or of its
 * accelerators, whichever is more, is charged that share of the busy watts (its share of the idle
 * draw and all that its work adds), and the watts of each accelerator that it holds. What is
 * reserved counts, used or not (ISO/IEC 21031). All of it times the PUE, which may follow the
 * temperature; then times price and carbon intensity of each moment. The rent of nodes
 * (price_hour_uyuan) is added by share. Whole numbers, rounded half up once, at the end. */
#ifndef SUAN_ENGINE_ENERGY_H
#define SUAN_ENGINE_ENERGY_H

#include "engine/signals.h"

#define SUAN_NOT_KNOWN (-1)	/* of a part of a footprint */

/* Each SUAN_NOT_KNOWN where the network does not say enough. Prices below 0 may make the cost
 * negative; one of −1 is then told as 0. */
struct suan_footprint {
	int64_t energy_j, cost_uyuan, carbon_mg, market_mg;
};

struct suan_energy_at {		/* a pool; all borrowed */
	const struct suan_signals *signals;
	uint32_t site;		/* its number in the signals */
	const struct suan_site_spec *spec;
	const struct suan_pool_spec *pool;
};

/* One run with these needs over [from, to). A run of others on the pool does not matter to it. */
void suan_energy_of(const struct suan_energy_at *at, const struct suan_req *req, int64_t from_ms,
		    int64_t to_ms, struct suan_footprint *ret);

/* PUE at an outside temperature, interpolated between the points of the curve and level beyond
 * them, in thousandths; pue_milli without a curve. */
uint32_t suan_energy_pue(const struct suan_site_spec *site, int64_t temperature_mdeg);

/* ---- sums over many runs: rounded once ---- */

struct suan_energy_area {	/* of shares × time, times PUE, price or intensity */
	suan_int128 ms, pue, price, carbon, market;
};
struct suan_energy_use {	/* zeroed: nothing */
	struct suan_energy_area node, gpu;
};

/* Adds a run; whole nodes; or (negative count) takes nodes away. */
void suan_energy_add(const struct suan_energy_at *at, const struct suan_req *req, int64_t from_ms,
		     int64_t to_ms, struct suan_energy_use *to);
void suan_energy_add_nodes(const struct suan_energy_at *at, int64_t nodes, int64_t from_ms,
			   int64_t to_ms, struct suan_energy_use *to);
/* What the use draws at the busy watts, with the rent; or at the idle watts, without. */
void suan_energy_busy(const struct suan_energy_at *at, const struct suan_energy_use *u,
		      struct suan_footprint *ret);
void suan_energy_idle(const struct suan_energy_at *at, const struct suan_energy_use *u,
		      struct suan_footprint *ret);

/* ---- many runs at one site, of which one kind of sum is compared ---- */

struct suan_energy_curve {	/* zeroed: none yet */
	struct suan_series rate;	/* owned; PUE times signal */
	enum suan_signal_kind kind;
};
struct suan_energy_run {	/* both borrowed */
	const struct suan_pool_spec *pool;	/* of the site of the curve */
	const struct suan_req *req;
	int64_t from_ms, to_ms;			/* within the span of the curve */
};

/* PRICE, CARBON or CARBON_MARKET over [span_ms[0], span_ms[1]) at the site of *at; its series is
 * given back with suan_series_done. ENOMEM: there is none. */
SUAN_MUSTUSE enum suan_code suan_energy_curve(const struct suan_energy_at *at,
					      const int64_t span_ms[2], enum suan_signal_kind kind,
					      struct suan_energy_curve *ret);
/* As suan_energy_add, but of that kind and of the time alone. */
void suan_energy_add_on(const struct suan_energy_curve *c, const struct suan_energy_run *run,
			struct suan_energy_use *to);

/* ---- measured ---- */

struct suan_metered {
	int64_t from_ms, to_ms;
	int64_t joule;	/* before PUE; < 0: not known */
};
/* Energy that was measured, as if it was drawn evenly. With the rent of req. */
void suan_energy_measured(const struct suan_energy_at *at, const struct suan_req *req,
			  const struct suan_metered *m, struct suan_footprint *ret);
/* Carbon of making the nodes, by share and time of their lives, in mg; SUAN_NOT_KNOWN. */
int64_t suan_energy_embodied_mg(const struct suan_pool_spec *pool, const struct suan_req *req,
				int64_t from_ms, int64_t to_ms);

#endif
