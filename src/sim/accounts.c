/* What accounts got of the machines, beside what was due to them. Only the time up to the last
 * submission counts: after it everybody gets what is left, whatever the shares. */
#include "sim/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/wide.h"

#define MILLION 1000000

struct tally {
	const struct suan_sim_setup *s;
	struct suan_sim_account *list;	/* owned until handed over */
	suan_wide *core_ms, *wait_ms;	/* owned; one per account */
	uint32_t *of_name;		/* owned: string of the trace → account, or NONE */
	suan_wide all_ms;
};

#define NONE UINT32_MAX

static uint32_t find(const struct suan_accounts *a, const char *name)
{
	for (uint32_t i = 0; i < a->naccounts; i++)
		if (strcmp(a->accounts[i].name, name) == 0)
			return i;
	return NONE;
}

static uint32_t parent_of(const struct suan_accounts *a, uint32_t i)
{
	return a->accounts[i].parent[0] ? find(a, a->accounts[i].parent) : NONE;
}

static int64_t due(const struct suan_accounts *a, uint32_t account)
{
	uint64_t ppm = MILLION;

	for (uint32_t i = account; i != NONE; i = parent_of(a, i)) {
		uint64_t all = 0;

		for (uint32_t k = 0; k < a->naccounts; k++)
			if (strcmp(a->accounts[k].parent, a->accounts[i].parent) == 0)
				all += a->accounts[k].shares;
		ppm = all ? ppm * a->accounts[i].shares / all : 0;
	}
	return (int64_t)ppm;
}

/* The last submission, by the simulation's zero. */
static int64_t last_submit(const struct tally *t, const struct suan_sim_result *r)
{
	return r->nrows > 0 ? suan_sim_submit_ms(t->s, r, &r->rows[r->nrows - 1]) : 0;
}

static uint32_t account_of(const struct tally *t, const struct suan_sim_row *row)
{
	const struct suan_accounts *a = t->s->accounts;
	const char *name;

	if (!t->s->more)
		return t->of_name[suan_sim_job(t->s, row)->account];
	name = t->s->more[row->job].spec->account;
	return find(a, name && name[0] ? name : a->default_account);
}

static void count(struct tally *t, const struct suan_sim_result *r,
		  const struct suan_sim_row *row, int64_t until_ms)
{
	const struct suan_trace_job *j = suan_sim_job(t->s, row);
	int64_t start = row->start_ms, end = suan_sat_add(start, j->run_ms);
	suan_wide wait = 0, core_ms = 0;

	if (start >= 0) {
		int64_t clipped = end < until_ms ? end : until_ms;

		wait = (suan_wide)(start - suan_sim_submit_ms(t->s, r, row));
		if (clipped > start)
			core_ms = (suan_wide)(clipped - start) * j->tasks * j->cores;
	}
	t->all_ms += core_ms;
	for (uint32_t i = account_of(t, row); i != NONE; i = parent_of(t->s->accounts, i)) {
		t->list[i].jobs++;
		t->list[i].started += start >= 0;
		t->core_ms[i] += core_ms;
		t->wait_ms[i] += wait;
	}
}

static bool make(struct tally *t)
{
	const struct suan_accounts *a = t->s->accounts;
	const struct suan_trace *trace = t->s->trace;
	size_t n = a->naccounts;

	t->list = calloc(n + 1, sizeof(*t->list));
	t->core_ms = calloc(n + 1, sizeof(*t->core_ms));
	t->wait_ms = calloc(n + 1, sizeof(*t->wait_ms));
	t->of_name = calloc((size_t)trace->nstrings + 1, sizeof(*t->of_name));
	if (!t->list || !t->core_ms || !t->wait_ms || !t->of_name)
		return false;
	for (uint32_t i = 0; i < trace->nstrings; i++) {
		const char *name = trace->strings[i];

		t->of_name[i] = find(a, name[0] ? name : a->default_account);
	}
	return true;
}

enum suan_code suan_sim_score_accounts(const struct suan_sim_setup *s,
				       const struct suan_sim_result *r,
				       struct suan_sim_scores *ret)
{
	struct tally t = {.s = s};
	bool good;

	if (!s->accounts || s->accounts->naccounts == 0)
		return SUAN_OK;
	good = make(&t);
	for (size_t i = 0; good && i < r->nrows; i++)
		count(&t, r, &r->rows[i], last_submit(&t, r));
	for (uint32_t i = 0; good && i < s->accounts->naccounts; i++) {
		struct suan_sim_account *x = &t.list[i];

		x->name = s->accounts->accounts[i].name;
		x->parent = s->accounts->accounts[i].parent;
		for (uint32_t up = parent_of(s->accounts, i); up != NONE;
		     up = parent_of(s->accounts, up))
			x->depth++;
		x->share = due(s->accounts, i);
		x->got = t.all_ms ? (int64_t)(t.core_ms[i] * MILLION / t.all_ms) : 0;
		x->core_uh = (int64_t)(t.core_ms[i] * 10 / 36);
		x->wait_ms = x->started ? (int64_t)(t.wait_ms[i] / x->started) : SUAN_SIM_NONE;
	}
	free(t.core_ms);
	free(t.wait_ms);
	free(t.of_name);
	if (!good) {
		free(t.list);
		return SUAN_ENOMEM;
	}
	ret->accounts = t.list;
	ret->naccounts = s->accounts->naccounts;
	return SUAN_OK;
}

void suan_sim_accounts_json(const struct suan_sim_scores *s, struct suan_jsonw *w)
{
	if (s->naccounts == 0)
		return;
	suan_jsonw_open(w, "accounts", '[');
	for (uint32_t i = 0; i < s->naccounts; i++) {
		const struct suan_sim_account *x = &s->accounts[i];

		suan_jsonw_open(w, NULL, '{');
		suan_jsonw_str(w, "name", x->name);
		suan_jsonw_str(w, "parent", x->parent);
		suan_jsonw_fixed(w, "share", x->share, 6);
		suan_jsonw_fixed(w, "got", x->got, 6);
		suan_jsonw_i64(w, "jobs", (int64_t)x->jobs);
		suan_jsonw_fixed(w, "core_hours", x->core_uh, 6);
		if (x->wait_ms == SUAN_SIM_NONE)
			suan_jsonw_null(w, "wait_s");
		else
			suan_jsonw_fixed(w, "wait_s", x->wait_ms, 3);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

void suan_sim_print_accounts(const struct suan_sim_scores *s, struct suan_buf *out)
{
	size_t width = 7;

	for (uint32_t i = 0; i < s->naccounts; i++) {
		size_t n = suan_utf8_width(s->accounts[i].name) + 2u * s->accounts[i].depth;

		width = n > width ? n : width;
	}
	suan_buf_addf(out, "%-*s %9s %9s %11s %13s %13s\n", (int)width, "ACCOUNT", "SHARE", "GOT",
		      "JOBS", "CORE-HOURS", "MEAN WAIT, S");
	for (uint32_t i = 0; i < s->naccounts; i++) {
		const struct suan_sim_account *x = &s->accounts[i];
		size_t n = suan_utf8_width(x->name) + 2u * x->depth;

		suan_buf_addf(out, "%*s%s%*s", (int)(2 * x->depth), "", x->name, (int)(width - n),
			      "");
		suan_buf_addf(out, " %6lld.%01lld%% %6lld.%01lld%%", (long long)(x->share / 10000),
			      (long long)(x->share / 1000 % 10), (long long)(x->got / 10000),
			      (long long)(x->got / 1000 % 10));
		suan_buf_addf(out, " %11llu %13lld", (unsigned long long)x->jobs,
			      (long long)(x->core_uh / MILLION));
		if (x->wait_ms == SUAN_SIM_NONE)
			suan_buf_addf(out, " %13s\n", "-");
		else
			suan_buf_addf(out, " %13lld\n", (long long)(x->wait_ms / 1000));
	}
}
