/* Results as one JSON object, and as text for people. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "engine/model.h"
#include "sim/accounts.h"
#include "sim/forecast.h"
#include "sim/reservations.h"
#include "sim/sim.h"
#include "wire/json.h"

/* ---- JSON ---- */

static void number(struct suan_jsonw *w, const char *name, int64_t millionths)
{
	if (millionths == SUAN_SIM_NONE)
		suan_jsonw_null(w, name);
	else
		suan_jsonw_fixed(w, name, millionths, 6);
}

static void spread_json(struct suan_jsonw *w, const char *name, const struct suan_sim_spread *s)
{
	suan_jsonw_open(w, name, '{');
	number(w, "mean", s->mean);
	number(w, "p50", s->p50);
	number(w, "p90", s->p90);
	number(w, "p99", s->p99);
	number(w, "max", s->max);
	suan_jsonw_close(w, '}');
}

static void part_json(struct suan_jsonw *w, const struct suan_sim_part *p, int64_t moved_bytes)
{
	suan_jsonw_open(w, "jobs", '{');
	suan_jsonw_i64(w, "total", (int64_t)p->total);
	suan_jsonw_i64(w, "completed", (int64_t)p->completed);
	suan_jsonw_i64(w, "rejected", (int64_t)p->rejected);
	suan_jsonw_i64(w, "failed", (int64_t)p->failed);
	suan_jsonw_i64(w, "unfinished", (int64_t)p->unfinished);
	suan_jsonw_close(w, '}');
	suan_jsonw_i64(w, "cores", (int64_t)p->cores);
	number(w, "makespan_s", p->makespan);
	number(w, "utilization", p->utilization);
	spread_json(w, "wait_s", &p->wait);
	spread_json(w, "bounded_slowdown", &p->slowdown);
	number(w, "awrt_s", p->awrt);
	suan_jsonw_open(w, "deadlines", '{');
	suan_jsonw_i64(w, "met", (int64_t)p->deadlines_met);
	suan_jsonw_i64(w, "missed", (int64_t)p->deadlines_missed);
	suan_jsonw_close(w, '}');
	number(w, "energy_kwh", p->energy);
	suan_jsonw_open(w, "carbon_kg", '{');
	number(w, "location", p->carbon);
	number(w, "market", p->market); /* null: the network says nothing of contracts */
	suan_jsonw_close(w, '}');
	number(w, "cost_yuan", p->cost);
	if (moved_bytes == SUAN_SIM_NONE)
		suan_jsonw_null(w, "moved_bytes");
	else
		suan_jsonw_i64(w, "moved_bytes", moved_bytes);
	suan_jsonw_open(w, "idle", '{');
	number(w, "energy_kwh", p->idle_energy);
	number(w, "carbon_kg", p->idle_carbon);
	number(w, "cost_yuan", p->idle_cost);
	suan_jsonw_close(w, '}');
}

/* How those fared who submit at this site. */
static void own_json(struct suan_jsonw *w, const struct suan_sim_part *p)
{
	suan_jsonw_open(w, "submitted_here", '{');
	suan_jsonw_i64(w, "jobs", (int64_t)p->own_jobs);
	number(w, "wait_s", p->own_wait);
	number(w, "bounded_slowdown", p->own_slowdown);
	number(w, "awrt_s", p->own_awrt);
	suan_jsonw_close(w, '}');
}

/* The same against their site alone. account: what the scheduler thinks of it; NULL: of all. */
static void home_json(struct suan_jsonw *w, const struct suan_sim_part *p,
		      const struct suan_home_view *account)
{
	suan_jsonw_open(w, "home", '{');
	suan_jsonw_i64(w, "jobs", (int64_t)p->home_jobs);
	number(w, "awrt_s", p->home_awrt);
	number(w, "alone_awrt_s", p->home_alone);
	number(w, "ratio", p->home_ratio);
	number(w, "gain", p->home_gain);
	if (account)
		number(w, "account",
		       account->jobs ? (int64_t)account->ratio_milli * 1000 : SUAN_SIM_NONE);
	suan_jsonw_close(w, '}');
}

static int64_t rate(uint64_t jobs, int64_t us)
{
	return us > 0 ? (int64_t)((double)jobs * 1e6 / (double)us) : 0;
}

static void perf_json(struct suan_jsonw *w, const struct suan_sim_outcome *o)
{
	const struct suan_sim_perf *p = &o->perf;
	uint64_t jobs = o->result->total;
	int64_t beside = p->peak_rss_bytes - p->read_rss_bytes;

	suan_jsonw_open(w, "perf", '{');
	suan_jsonw_fixed(w, "wall_s", p->wall_us, 6);
	suan_jsonw_i64(w, "jobs_per_s", rate(jobs, p->wall_us));
	suan_jsonw_i64(w, "peak_rss_bytes", p->peak_rss_bytes);
	suan_jsonw_fixed(w, "read_s", p->read_us, 6);
	suan_jsonw_fixed(w, "simulate_s", p->simulate_us, 6);
	suan_jsonw_i64(w, "simulate_jobs_per_s", rate(jobs, p->simulate_us));
	suan_jsonw_fixed(w, "bytes_per_job",
			 beside > 0 && jobs > 0 ? beside * 10 / (int64_t)jobs : 0, 1);
	suan_jsonw_i64(w, "events", (int64_t)o->result->events);
	suan_jsonw_i64(w, "passes", (int64_t)o->result->passes);
	suan_jsonw_close(w, '}');
}

static const char *refusal_name(int reason)
{
	return reason ? suan_reason_name((enum suan_reason)reason) : "not-valid";
}

static void refused_json(struct suan_jsonw *w, const struct suan_sim_result *r)
{
	suan_jsonw_open(w, "rejected_because", '{');
	for (int i = 0; i < SUAN_NREASONS; i++)
		if (r->refused[i])
			suan_jsonw_i64(w, refusal_name(i), (int64_t)r->refused[i]);
	suan_jsonw_close(w, '}');
}

static void bound_json(struct suan_jsonw *w, const char *name, const struct suan_sim_bound *b)
{
	suan_jsonw_open(w, name, '{');
	number(w, "cost_yuan", b->cost);
	number(w, "carbon_kg", b->carbon);
	suan_jsonw_close(w, '}');
}

/* Parts of what can be saved of each. */
static void parts_json(struct suan_jsonw *w, const char *name, const struct suan_sim_bound *b)
{
	suan_jsonw_open(w, name, '{');
	number(w, "cost", b->cost);
	number(w, "carbon", b->carbon);
	suan_jsonw_close(w, '}');
}

static int64_t captured_by(enum suan_goal goal, const struct suan_sim_bound *b)
{
	if (goal == SUAN_GOAL_CHEAPEST)
		return b->cost;
	return goal == SUAN_GOAL_GREENEST ? b->carbon : SUAN_SIM_NONE;
}

void suan_sim_bounds_json(const struct suan_sim_bounds *b, enum suan_goal goal,
			  struct suan_jsonw *w)
{
	suan_jsonw_open(w, "bound", '{');
	number(w, "cost_yuan", b->joint.cost);
	number(w, "carbon_kg", b->joint.carbon);
	number(w, "captured", captured_by(goal, &b->captured));
	bound_json(w, "times_only", &b->times);
	bound_json(w, "places_only", &b->places);
	bound_json(w, "jobs", &b->jobs);
	if (b->fastest.cost != SUAN_SIM_NONE || b->fastest.carbon != SUAN_SIM_NONE) {
		bound_json(w, "fastest", &b->fastest);
		parts_json(w, "captured_of", &b->captured);
		parts_json(w, "times_only_of", &b->by_times);
		parts_json(w, "places_only_of", &b->by_places);
	}
	suan_jsonw_fixed(w, "slot_s", b->slot_ms, 3);
	suan_jsonw_close(w, '}');
}

void suan_sim_print_json(const struct suan_sim_outcome *o, struct suan_buf *out)
{
	const struct suan_sim_scores *s = o->scores;
	char hash[17];
	struct suan_jsonw w;
	uint64_t h = o->result->schedule_hash;

	for (int i = 15; i >= 0; i--, h >>= 4)
		hash[i] = "0123456789abcdef"[h & 15];
	hash[16] = '\0';
	suan_jsonw_init(&w, out);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_str(&w, "policy", o->policy);
	part_json(&w, &s->all, s->moved_bytes);
	suan_jsonw_open(&w, "sites", '[');
	for (uint32_t i = 0; i < s->nsites; i++) {
		suan_jsonw_open(&w, NULL, '{');
		suan_jsonw_str(&w, "name", s->sites[i].name);
		part_json(&w, &s->sites[i], s->moved_bytes);
		own_json(&w, &s->sites[i]);
		if (s->alone)
			home_json(&w, &s->sites[i], &o->result->homes[i]);
		suan_jsonw_close(&w, '}');
	}
	suan_jsonw_close(&w, ']');
	suan_sim_accounts_json(s, &w);
	suan_sim_reservations_json(o, &w);
	if (s->alone)
		home_json(&w, &s->all, NULL);
	suan_sim_forecast_json(o->result, &w);
	if (o->bounds)
		suan_sim_bounds_json(o->bounds, o->setup->goal, &w);
	if (s->covered != SUAN_SIM_NONE) {
		suan_jsonw_open(&w, "signals", '{');
		suan_jsonw_i64(&w, "series", o->setup->signals->count);
		suan_jsonw_time(&w, "begin",
				suan_sat_add(o->setup->signals->shift_ms, o->result->zero_ms));
		number(&w, "covered", s->covered);
		suan_jsonw_close(&w, '}');
	}
	if (s->delayed > 0) {
		suan_jsonw_open(&w, "delays", '{');
		suan_jsonw_i64(&w, "jobs", (int64_t)s->delayed);
		suan_jsonw_i64(&w, "late", (int64_t)s->late);
		suan_jsonw_close(&w, '}');
	}
	refused_json(&w, o->result);
	suan_jsonw_i64(&w, "restarts", (int64_t)o->result->restarts);
	suan_jsonw_fixed(&w, "lost_core_s", o->result->lost_core_ms, 3);
	if (o->setup->accounts) {
		suan_jsonw_i64(&w, "preempted", (int64_t)o->result->preempted);
		suan_jsonw_fixed(&w, "preempted_core_s", o->result->preempted_core_ms, 3);
	}
	suan_jsonw_str(&w, "schedule_hash", hash);
	perf_json(&w, o);
	suan_jsonw_close(&w, '}');
}

void suan_sim_print_jsons(const struct suan_sim_outcome *list, uint32_t n, struct suan_buf *out)
{
	suan_buf_adds(out, "\"policies\":[");
	for (uint32_t i = 0; i < n; i++) {
		suan_buf_adds(out, i ? ",\n" : "\n");
		suan_sim_print_json(&list[i], out);
	}
	suan_buf_adds(out, "\n]");
}

/* ---- text ---- */

/* A number of millionths with so many decimals, 0 to 6, rounded half up; "-" when not known. */
static void add_number(struct suan_buf *out, int64_t millionths, unsigned digits)
{
	int64_t unit = 1;
	uint64_t v;

	if (millionths == SUAN_SIM_NONE) {
		suan_buf_adds(out, "-");
		return;
	}
	for (unsigned i = digits; i < 6; i++)
		unit *= 10;
	v = ((uint64_t)millionths + (uint64_t)unit / 2) / (uint64_t)unit;
	unit = 1;
	for (unsigned i = 0; i < digits; i++)
		unit *= 10;
	suan_buf_add_u64(out, v / (uint64_t)unit);
	if (digits > 0)
		suan_buf_addf(out, ".%0*llu", (int)digits,
			      (unsigned long long)(v % (uint64_t)unit));
}

#define NAME_WIDTH   24
#define LEAST_COLUMN 14

/* Text to the left, or to the right, of a column. */
static void add_padded(struct suan_buf *out, const char *text, size_t width, bool right)
{
	size_t used = suan_utf8_width(text);

	if (!right)
		suan_buf_adds(out, text);
	for (; used < width; used++)
		suan_buf_addc(out, ' ');
	if (right)
		suan_buf_adds(out, text);
}

struct figure {
	const char *name;
	size_t at; /* of an int64_t in struct suan_sim_part */
	unsigned digits;
	bool often_unknown; /* left out when no column knows it */
};

#define AT(member) offsetof(struct suan_sim_part, member)

static const struct figure figures[] = {
	{"makespan s", AT(makespan), 0, false},
	{"utilization", AT(utilization), 4, false},
	{"wait s, mean", AT(wait.mean), 3, false},
	{"  p50", AT(wait.p50), 0, false},
	{"  p90", AT(wait.p90), 0, false},
	{"  p99", AT(wait.p99), 0, false},
	{"  max", AT(wait.max), 0, false},
	{"bounded slowdown, mean", AT(slowdown.mean), 4, false},
	{"  p50", AT(slowdown.p50), 4, false},
	{"  p90", AT(slowdown.p90), 4, false},
	{"  p99", AT(slowdown.p99), 4, false},
	{"  max", AT(slowdown.max), 4, false},
	{"AWRT s", AT(awrt), 3, false},
	{"energy kWh", AT(energy), 3, true},
	{"carbon kg", AT(carbon), 3, true},
	{"  market-based", AT(market), 3, true},
	{"cost yuan", AT(cost), 2, true},
};

static const struct figure site_figures[] = {
	{"UTILIZATION", AT(utilization), 4, false}, {"WAIT S", AT(wait.mean), 1, false},
	{"SLOWDOWN", AT(slowdown.mean), 2, false},  {"AWRT S", AT(awrt), 0, false},
	{"ENERGY KWH", AT(energy), 1, false},	    {"COST YUAN", AT(cost), 2, false},
};

/* Of the jobs submitted at a site, wherever they ran, and with the site alone. */
static const struct figure home_figures[] = {
	{"AWRT SHARED S", AT(home_awrt), 0, false},
	{"AWRT ALONE S", AT(home_alone), 0, false},
	{"RATIO", AT(home_ratio), 4, false},
};

static int64_t value_of(const struct suan_sim_part *p, const struct figure *f)
{
	int64_t v;

	memcpy(&v, (const char *)p + f->at, sizeof(v));
	return v;
}

static void add_cell(struct suan_buf *out, int64_t millionths, unsigned digits, size_t width)
{
	struct suan_buf text = {0};

	add_number(&text, millionths, digits);
	suan_buf_addc(out, ' ');
	add_padded(out, suan_buf_str(&text), width, true);
	suan_buf_done(&text);
}

static size_t column_width(const char *title)
{
	size_t n = suan_utf8_width(title);

	return n > LEAST_COLUMN ? n : LEAST_COLUMN;
}

static bool worth_a_row(const struct suan_sim_outcome *list, uint32_t n, const struct figure *f)
{
	bool known = !f->often_unknown;

	for (uint32_t i = 0; i < n; i++)
		known |= value_of(&list[i].scores->all, f) != SUAN_SIM_NONE;
	return known;
}

static void count_row(const struct suan_sim_outcome *list, uint32_t n, const char *name, size_t at,
		      struct suan_buf *out)
{
	bool any = at == AT(total) || at == AT(completed);
	uint64_t v;

	for (uint32_t i = 0; i < n; i++) {
		memcpy(&v, (const char *)&list[i].scores->all + at, sizeof(v));
		any |= v > 0;
	}
	if (!any)
		return;
	add_padded(out, name, NAME_WIDTH, false);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(&v, (const char *)&list[i].scores->all + at, sizeof(v));
		add_cell(out, (int64_t)v * 1000000, 0, column_width(list[i].policy));
	}
	suan_buf_addc(out, '\n');
}

/* Of what waited: how many percent started by the times that were said, and by how many points the
 * worst of the larger classes is off. */
static void forecast_rows(const struct suan_sim_outcome *list, uint32_t n, struct suan_buf *out)
{
	static const char *const rows[] = {"started by its p50, %", "  p90, %", "  p99, %",
					   "  worst class, points"};
	struct suan_forecast_view all;
	bool any = false;

	for (uint32_t i = 0; i < n; i++) {
		suan_sim_forecast_all(list[i].result, &all);
		any |= all.count > 0;
	}
	for (int k = 0; any && k < 4; k++) {
		add_padded(out, rows[k], NAME_WIDTH, false);
		for (uint32_t i = 0; i < n; i++) {
			int64_t v = suan_sim_forecast_worst(list[i].result);

			suan_sim_forecast_all(list[i].result, &all);
			if (k < 3)
				v = suan_sim_forecast_share(all.held[k], all.count);
			add_cell(out, v == SUAN_SIM_NONE ? v : v * 100, 2,
				 column_width(list[i].policy));
		}
		suan_buf_addc(out, '\n');
	}
}

/* Why jobs were rejected: a row a reason. */
static void refused_rows(const struct suan_sim_outcome *list, uint32_t n, struct suan_buf *out)
{
	for (int k = 0; k < SUAN_NREASONS; k++) {
		uint64_t all = 0;

		for (uint32_t i = 0; i < n; i++)
			all += list[i].result->refused[k];
		if (!all)
			continue;
		suan_buf_adds(out, "    ");
		add_padded(out, refusal_name(k), NAME_WIDTH - 4, false);
		for (uint32_t i = 0; i < n; i++)
			add_cell(out, (int64_t)list[i].result->refused[k] * 1000000, 0,
				 column_width(list[i].policy));
		suan_buf_addc(out, '\n');
	}
}

void suan_sim_print_table(const struct suan_sim_outcome *list, uint32_t n, struct suan_buf *out)
{
	add_padded(out, "policy", NAME_WIDTH, false);
	for (uint32_t i = 0; i < n; i++) {
		suan_buf_addc(out, ' ');
		add_padded(out, list[i].policy, column_width(list[i].policy), true);
	}
	suan_buf_addc(out, '\n');
	count_row(list, n, "jobs", AT(total), out);
	count_row(list, n, "  completed", AT(completed), out);
	count_row(list, n, "  rejected", AT(rejected), out);
	refused_rows(list, n, out);
	count_row(list, n, "  failed", AT(failed), out);
	count_row(list, n, "  unfinished", AT(unfinished), out);
	count_row(list, n, "deadlines met", AT(deadlines_met), out);
	count_row(list, n, "deadlines missed", AT(deadlines_missed), out);
	for (size_t k = 0; k < sizeof(figures) / sizeof(figures[0]); k++) {
		if (!worth_a_row(list, n, &figures[k]))
			continue;
		add_padded(out, figures[k].name, NAME_WIDTH, false);
		for (uint32_t i = 0; i < n; i++)
			add_cell(out, value_of(&list[i].scores->all, &figures[k]),
				 figures[k].digits, column_width(list[i].policy));
		suan_buf_addc(out, '\n');
	}
	forecast_rows(list, n, out);
	add_padded(out, "simulated jobs/s", NAME_WIDTH, false);
	for (uint32_t i = 0; i < n; i++)
		add_cell(out, rate(list[i].result->total, list[i].perf.simulate_us) * 1000000, 0,
			 column_width(list[i].policy));
	suan_buf_addc(out, '\n');
}

struct sites_table {
	const struct figure *columns;
	size_t ncolumns;
	size_t jobs;	/* where the number of jobs is */
};

static void print_sites(const struct suan_sim_scores *s, const struct sites_table *t,
			struct suan_buf *out)
{
	size_t name = 4;
	uint64_t jobs;

	for (uint32_t i = 0; i < s->nsites; i++)
		if (suan_utf8_width(s->sites[i].name) > name)
			name = suan_utf8_width(s->sites[i].name);
	add_padded(out, "SITE", name, false);
	add_padded(out, "JOBS", 11, true);
	for (size_t k = 0; k < t->ncolumns; k++) {
		suan_buf_addc(out, ' ');
		add_padded(out, t->columns[k].name, LEAST_COLUMN, true);
	}
	suan_buf_addc(out, '\n');
	for (uint32_t i = 0; i < s->nsites; i++) {
		const struct suan_sim_part *p = &s->sites[i];

		memcpy(&jobs, (const char *)p + t->jobs, sizeof(jobs));
		add_padded(out, p->name, name, false);
		add_cell(out, (int64_t)jobs * 1000000, 0, 10);
		for (size_t k = 0; k < t->ncolumns; k++)
			add_cell(out, value_of(p, &t->columns[k]), t->columns[k].digits,
				 LEAST_COLUMN);
		suan_buf_addc(out, '\n');
	}
}

void suan_sim_print_sites(const struct suan_sim_scores *s, struct suan_buf *out)
{
	static const struct sites_table ran = {
		site_figures, sizeof(site_figures) / sizeof(site_figures[0]), AT(total)};
	static const struct sites_table home = {
		home_figures, sizeof(home_figures) / sizeof(home_figures[0]), AT(home_jobs)};

	print_sites(s, &ran, out);
	if (!s->alone)
		return;
	suan_buf_adds(out, "\nJobs submitted at each site; alone: easy on its own pools\n");
	print_sites(s, &home, out);
}

static void bound_line(struct suan_buf *out, const char *what, const struct suan_sim_bound *b)
{
	char cost[32] = "-", carbon[32] = "-";

	if (b->cost != SUAN_SIM_NONE)
		(void)snprintf(cost, sizeof(cost), "%.2f", (double)b->cost / 1000000);
	if (b->carbon != SUAN_SIM_NONE)
		(void)snprintf(carbon, sizeof(carbon), "%.3f", (double)b->carbon / 1000000);
	suan_buf_addf(out, "%-36s %14s %14s\n", what, cost, carbon);
}

static void parts_line(struct suan_buf *out, const char *what, const struct suan_sim_bound *b)
{
	char cost[32] = "-", carbon[32] = "-";

	if (b->cost != SUAN_SIM_NONE)
		(void)snprintf(cost, sizeof(cost), "%.1f %%", (double)b->cost / 10000);
	if (b->carbon != SUAN_SIM_NONE)
		(void)snprintf(carbon, sizeof(carbon), "%.1f %%", (double)b->carbon / 10000);
	suan_buf_addf(out, "%-36s %14s %14s\n", what, cost, carbon);
}

static void bounds_text(const struct suan_sim_bounds *b, struct suan_buf *out)
{
	suan_buf_addf(out, "%-36s %14s %14s\n", "OF THE JOBS ALONE", "COST YUAN", "CARBON KG");
	if (b->fastest.cost != SUAN_SIM_NONE || b->fastest.carbon != SUAN_SIM_NONE)
		bound_line(out, "with the goal fastest", &b->fastest);
	bound_line(out, "as they ran", &b->jobs);
	bound_line(out, "at least, at the best places", &b->places);
	bound_line(out, "at least, at the best times", &b->times);
	bound_line(out, "at least, at the best of both", &b->joint);
	if (b->fastest.cost == SUAN_SIM_NONE && b->fastest.carbon == SUAN_SIM_NONE)
		return;
	parts_line(out, "captured of what can be saved", &b->captured);
	parts_line(out, "  at most, by the best places alone", &b->by_places);
	parts_line(out, "  at most, by the best times alone", &b->by_times);
}

void suan_sim_print_text(const struct suan_sim_outcome *o, struct suan_buf *out)
{
	suan_sim_print_table(o, 1, out);
	if (o->scores->nsites > 1 || o->scores->alone) {
		suan_buf_addc(out, '\n');
		suan_sim_print_sites(o->scores, out);
	}
	if (o->bounds) {
		suan_buf_addc(out, '\n');
		bounds_text(o->bounds, out);
	}
	if (o->scores->naccounts > 0) {
		suan_buf_addc(out, '\n');
		suan_sim_print_accounts(o->scores, out);
	}
	if (o->result->nreservations > 0) {
		suan_buf_addc(out, '\n');
		suan_sim_print_reservations(o, out);
	}
}
