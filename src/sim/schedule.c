/* schedule.csv: one line per accepted job, in the order of submission. */
#include <string.h>

#include "sim/sim.h"

#define PIECE_BYTES 65536

static void add_fixed(struct suan_buf *out, int64_t v, unsigned unit, int digits)
{
	if (v == SUAN_SIM_NONE)
		return;
	suan_buf_add_i64(out, v / unit);
	if (v % unit)
		suan_buf_addf(out, ".%0*lld", digits, (long long)(v % unit));
}

/* RFC 4180: quotes only where they are needed. */
static void add_text(struct suan_buf *out, const char *s)
{
	if (!s[strcspn(s, ",\"\r\n")]) {
		suan_buf_adds(out, s);
		return;
	}
	suan_buf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"')
			suan_buf_addc(out, '"');
		suan_buf_addc(out, *s);
	}
	suan_buf_addc(out, '"');
}

static void add_place(struct suan_buf *out, const struct suan_network *net, uint32_t pool)
{
	const struct suan_site_spec *site = net->sites;

	if (pool == SUAN_NO_POOL) {
		suan_buf_addc(out, ',');
		return;
	}
	while (pool >= site->npools) {
		pool -= site->npools;
		site++;
	}
	add_text(out, site->name);
	suan_buf_addc(out, ',');
	add_text(out, site->pools[pool].name);
}

static uint64_t largest_id(const struct suan_trace *t)
{
	uint64_t most = 0;

	for (size_t i = 0; i < t->njobs; i++)
		most = t->jobs[i].id > most ? t->jobs[i].id : most;
	return most;
}

/* Elements of arrays as elsewhere: JOB_INDEX. */
static void add_index(struct suan_buf *out, const struct suan_sim_setup *s,
		      const struct suan_sim_row *row)
{
	const struct suan_sim_more *m = s->more ? &s->more[row->job] : NULL;

	if (!m || !m->spec->array)
		return;
	suan_buf_addc(out, '_');
	suan_buf_add_u64(out, suan_range_at(m->spec->array, m->pos));
}

static void add_row(struct suan_buf *out, const struct suan_sim_outcome *o,
		    const struct suan_sim_meter *m, const struct suan_sim_row *row, uint64_t ids)
{
	const struct suan_trace_job *j = suan_sim_job(o->setup, row);
	int64_t cost = SUAN_SIM_NONE, carbon = SUAN_SIM_NONE;

	suan_buf_add_u64(out, j->id + row->job / o->setup->trace->njobs * ids);
	add_index(out, o->setup, row);
	suan_buf_addc(out, ',');
	add_place(out, o->setup->network, row->pool);
	suan_buf_addc(out, ',');
	add_fixed(out, suan_sim_submit_ms(o->setup, o->result, row), 1000, 3);
	suan_buf_addc(out, ',');
	if (row->start_ms >= 0) {
		add_fixed(out, row->start_ms, 1000, 3);
		suan_buf_addc(out, ',');
		add_fixed(out, row->start_ms + j->run_ms, 1000, 3);
		suan_sim_footprint(m, o->result, row, &cost, &carbon);
	} else {
		suan_buf_addc(out, ',');
	}
	suan_buf_addc(out, ',');
	suan_buf_add_u64(out, (uint64_t)j->tasks * j->cores);
	suan_buf_addc(out, ',');
	add_fixed(out, cost, 1000000, 6);
	suan_buf_addc(out, ',');
	add_fixed(out, carbon, 1000000, 6);
	suan_buf_addc(out, '\n');
}

bool suan_sim_print_schedule(const struct suan_sim_outcome *o,
			     bool (*sink)(void *ctx, const char *bytes, size_t n), void *ctx)
{
	uint64_t ids = largest_id(o->setup->trace);
	struct suan_sim_meter *meter = NULL;
	struct suan_buf out = {0};
	bool good;

	if (suan_sim_meter_new(o->setup, &meter) != SUAN_OK)
		return false;
	suan_buf_adds(&out, "job,site,pool,submit,start,end,cores,cost,carbon\n");
	good = out.failed == SUAN_OK;
	for (size_t i = 0; good && i < o->result->nrows; i++) {
		add_row(&out, o, meter, &o->result->rows[i], ids);
		good = out.failed == SUAN_OK;
		if (good && out.len >= PIECE_BYTES) {
			good = sink(ctx, suan_buf_str(&out), out.len);
			suan_buf_reset(&out);
		}
	}
	good = good && sink(ctx, suan_buf_str(&out), out.len);
	suan_buf_done(&out);
	suan_sim_meter_free(meter);
	return good;
}
