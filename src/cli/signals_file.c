/* suan signals --network FILE: the series that a network file names, read and judged. Needs no
 * server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/signals_file.h"
#include "cli/table.h"
#include "sim/sim.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "wire/json.h"
#include "wire/network.h"
#include "wire/signal_doc.h"

#define MOST_FILE (64u << 20)

struct call {
	const char *network, *format;
	bool no_header, json;
	struct suan_arena arena;
	struct suan_network net;
	struct suan_sim_signals signals;
	struct suan_err err;
};

static const struct suan_column columns[] = {
	{"site", "SITE", false, 8, 0, NULL},
	{"kind", "KIND", false, 0, 0, NULL},
	{"form", "FORM", false, 6, 5, NULL},
	{"from", "FROM", false, 0, 2, NULL},
	{"until", "UNTIL", false, 0, 1, NULL},
	{"step_s", "STEP S", true, 0, 4, NULL},
	{"values", "VALUES", true, 0, 6, NULL},
	{"min", "MIN", true, 0, 7, NULL},
	{"mean", "MEAN", true, 0, 0, NULL},
	{"max", "MAX", true, 0, 7, NULL},
	{"unit", "UNIT", false, 0, 3, NULL},
	{"gaps", "GAPS", true, 0, 0, NULL},
	{"first_gap", "FIRST GAP", false, 0, 8, NULL},
	{"missing_s", "MISSING S", true, 0, 8, NULL},
	{"duplicates", "TWICE", true, 0, 0, NULL},
	{"estimated", "ESTIMATED", true, 0, 6, NULL},
	{"unordered", "UNORDERED", false, 0, 9, NULL},
	{"marginal", "MARGINAL", false, 0, 9, NULL},
	{"currency", "CURRENCY", false, 0, 9, NULL},
	{"file", "FILE", false, 8, 9, NULL},
	{NULL, NULL, false, 0, 0, NULL},
};
static const char usual[] = "site,kind,from,until,step_s,values,min,mean,max,unit,gaps,duplicates,"
			    "estimated";

/* Sum / span, half away from zero. */
static int64_t mean_of(const struct suan_signal *g)
{
	const struct suan_series *s = &g->series;
	int64_t from = s->steps[0].at_ms;
	suan_int128 span = (suan_int128)g->until_ms - from, sum;

	if (span <= 0)
		return s->steps[0].value;
	sum = suan_series_sum(s, from, g->until_ms);
	return (int64_t)((sum < 0 ? sum - span / 2 : sum + span / 2) / span);
}

/* A date, or seconds where there are none. */
static void add_time(struct suan_jsonw *w, const char *name, const struct suan_signal *g,
		     int64_t ms)
{
	if (g->dated)
		suan_jsonw_time(w, name, ms);
	else
		suan_jsonw_fixed(w, name, ms, 3);
}

static void add_site(struct suan_jsonw *w, const struct suan_site_spec *site,
		     enum suan_signal_kind kind, const struct suan_signal *g)
{
	const struct suan_series *s = &g->series;
	unsigned digits = suan_signal_digits(kind);
	int64_t least, most;

	if (s->count == 0)
		return;
	least = most = s->steps[0].value;
	for (size_t i = 1; i < s->count; i++) {
		least = s->steps[i].value < least ? s->steps[i].value : least;
		most = s->steps[i].value > most ? s->steps[i].value : most;
	}
	suan_jsonw_open(w, NULL, '{');
	suan_jsonw_str(w, "site", site->name);
	suan_jsonw_str(w, "kind", suan_signal_kind_name(kind));
	suan_jsonw_str(w, "form", suan_signal_form_name(g->form));
	add_time(w, "from", g, s->steps[0].at_ms);
	add_time(w, "until", g, g->until_ms);
	suan_jsonw_fixed(w, "step_s", g->step_ms, 3);
	suan_jsonw_i64(w, "values", (int64_t)s->count);
	suan_jsonw_fixed(w, "min", least, digits);
	suan_jsonw_fixed(w, "mean", mean_of(g), digits);
	suan_jsonw_fixed(w, "max", most, digits);
	suan_jsonw_str(w, "unit", suan_signal_unit_name(kind));
	suan_jsonw_i64(w, "gaps", (int64_t)g->gaps);
	if (g->gaps)
		add_time(w, "first_gap", g, g->first_gap_ms);
	else
		suan_jsonw_null(w, "first_gap");
	suan_jsonw_fixed(w, "missing_s", g->gap_ms, 3);
	suan_jsonw_i64(w, "duplicates", (int64_t)g->duplicates);
	suan_jsonw_i64(w, "estimated", (int64_t)g->estimated);
	suan_jsonw_bool(w, "unordered", g->unordered);
	suan_jsonw_bool(w, "marginal", g->marginal);
	suan_jsonw_str(w, "currency", g->currency[0] ? g->currency : NULL);
	suan_jsonw_str(w, "file",
		       g->form == SUAN_SIGNAL_RULES ? NULL : suan_sim_signal_file(site, kind));
	suan_jsonw_close(w, '}');
}

static void add_all(const struct call *c, struct suan_buf *out)
{
	struct suan_jsonw w;

	suan_jsonw_init(&w, out);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_open(&w, "signals", '[');
	for (uint32_t i = 0; i < c->net.nsites; i++) {
		const struct suan_site_spec *s = &c->net.sites[i];

		for (int k = 0; k < SUAN_NSIGNALS; k++)
			add_site(&w, s, (enum suan_signal_kind)k, &c->signals.sites[i].of[k]);
	}
	suan_jsonw_close(&w, ']');
	suan_jsonw_close(&w, '}');
	suan_buf_addc(out, '\n');
}

static int print(const struct call *c)
{
	struct suan_table t = {.columns = columns,
			       .format = c->format,
			       .default_format = usual,
			       .no_header = c->no_header};
	struct suan_buf out = {0};
	json_t *all;
	int rc = SUAN_EXIT_OK;

	add_all(c, &out);
	if (c->json) {
		fputs(suan_buf_str(&out), stdout);
		suan_buf_done(&out);
		return SUAN_EXIT_OK;
	}
	all = json_loads(suan_buf_str(&out), 0, NULL);
	suan_buf_done(&out);
	if (!all) {
		fprintf(stderr, "suan signals: out of memory\n");
		return SUAN_EXIT_FAILED;
	}
	if (c->signals.count == 0)
		fprintf(stderr, "suan signals: no site of %s names a file or a tariff\n",
			c->network);
	else if (!suan_table_print(&t, json_object_get(all, "signals")))
		rc = SUAN_EXIT_USAGE;
	json_decref(all);
	return rc;
}

static enum suan_code read_files(struct call *c)
{
	struct suan_buf text;
	enum suan_code rc;

	suan_buf_init(&text, MOST_FILE);
	rc = suan_fs_read(c->network, &text, &c->err);
	if (rc == SUAN_OK)
		rc = suan_network_parse(suan_buf_str(&text), text.len, c->network, &c->arena,
					&c->net, &c->err);
	suan_buf_done(&text);
	if (rc == SUAN_OK)
		rc = suan_sim_signals_read(&c->net, c->network, &c->signals, &c->err);
	if (rc == SUAN_OK)
		rc = suan_sim_signals_align(&c->signals, INT64_MIN, suan_clock_now_ms(), &c->err);
	return rc;
}

static int complain(const struct suan_err *e)
{
	fprintf(stderr, "suan signals: %s\n", e->text);
	if (e->code == SUAN_ENOTFOUND)
		return SUAN_EXIT_NOTFOUND;
	return e->code == SUAN_EINVAL || e->code == SUAN_ECORRUPT || e->code == SUAN_ETOOBIG
		       ? SUAN_EXIT_USAGE
		       : SUAN_EXIT_FAILED;
}

int suan_cli_signals_of_file(const struct suan_signals_shown *shown)
{
	struct call c = {.network = shown->network,
			 .format = shown->format,
			 .no_header = shown->no_header,
			 .json = shown->json};
	int rc;

	if (suan_table_help(&(struct suan_table){
		    .columns = columns, .format = c.format, .default_format = usual}))
		return SUAN_EXIT_OK;
	suan_arena_init(&c.arena, 0);
	rc = read_files(&c) == SUAN_OK ? print(&c) : complain(&c.err);
	suan_sim_signals_done(&c.signals);
	suan_arena_done(&c.arena);
	return rc;
}
