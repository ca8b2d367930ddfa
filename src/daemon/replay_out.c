/* suan replay: what it tells. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "daemon/replay.h"
#include "sys/fs.h"
#include "wire/json.h"

static uint32_t copy_outcomes(const struct suan_replayed *r, uint32_t from,
			      struct suan_sim_outcome out[SUAN_REPLAY_POLICIES + 1])
{
	for (uint32_t i = from; i < r->nruns; i++)
		out[i - from] = r->runs[i].outcome;
	return r->nruns - from;
}

/* ---- JSON ---- */

static void log_json(const struct suan_replayed *r, struct suan_jsonw *w)
{
	const struct suan_demand_counts *c = &r->demand.counts;

	suan_jsonw_open(w, "log", '{');
	suan_jsonw_str(w, "data", r->asked->data);
	suan_jsonw_i64(w, "events", (int64_t)r->past.events);
	suan_jsonw_time(w, "from", r->window.from_ms);
	suan_jsonw_time(w, "until", r->window.until_ms);
	suan_jsonw_time(w, "zero", r->demand.zero_ms);
	suan_jsonw_str(w, "policy", suan_policy_name(r->past.policy.kind));
	suan_jsonw_i64(w, "networks", r->whatif.networks);
	suan_jsonw_i64(w, "accounts_changes", r->accounts.nlater);
	suan_jsonw_i64(w, "jobs", (int64_t)c->jobs);
	suan_jsonw_i64(w, "tasks", (int64_t)c->tasks);
	suan_jsonw_i64(w, "carried", (int64_t)c->carried);
	suan_jsonw_i64(w, "held", (int64_t)c->held);
	suan_jsonw_i64(w, "reruns_left_out", (int64_t)c->reruns);
	suan_jsonw_i64(w, "dependencies_met", (int64_t)c->dependencies_met);
	suan_jsonw_open(w, "left_out", '{');
	suan_jsonw_i64(w, "running", (int64_t)c->running);
	suan_jsonw_i64(w, "waiting", (int64_t)c->waiting);
	suan_jsonw_i64(w, "held", (int64_t)c->waiting_held);
	suan_jsonw_i64(w, "cancelled", (int64_t)c->cancelled);
	suan_jsonw_i64(w, "unknown", (int64_t)c->unknown);
	suan_jsonw_close(w, '}');
	suan_jsonw_i64(w, "outages", (int64_t)r->outages.count);
	suan_jsonw_i64(w, "outages_left_out", r->outages_left_out);
	suan_jsonw_close(w, '}');
}

static void print_json(const struct suan_replayed *r, struct suan_buf *out)
{
	struct suan_sim_outcome list[SUAN_REPLAY_POLICIES + 1];
	struct suan_jsonw w;

	suan_jsonw_init(&w, out);
	suan_jsonw_open(&w, NULL, '{');
	log_json(r, &w);
	suan_buf_adds(out, ",\n\"as_it_was\":");
	suan_sim_print_json(&r->runs[0].outcome, out);
	suan_buf_adds(out, ",\n");
	suan_sim_print_jsons(list, copy_outcomes(r, 1, list), out);
	suan_buf_adds(out, "}\n");
}

/* ---- text ---- */

static void note(struct suan_buf *out, uint64_t n, const char *what)
{
	if (n > 0)
		suan_buf_addf(out, "  %llu %s\n", (unsigned long long)n, what);
}

static void log_text(const struct suan_replayed *r, struct suan_buf *out)
{
	const struct suan_demand_counts *c = &r->demand.counts;
	char from[32], until[32];

	suan_format_time(r->window.from_ms, from);
	suan_format_time(r->window.until_ms, until);
	suan_buf_addf(out, "%llu tasks of %llu jobs, submitted from %s until %s; policy %s\n",
		      (unsigned long long)c->tasks, (unsigned long long)c->jobs, from, until,
		      suan_policy_name(r->past.policy.kind));
	note(out, c->carried, "were submitted earlier and not over then: they count from there");
	note(out, c->held, "were held for a time");
	note(out, c->reruns, "runs after a requeue are left out");
	note(out, c->dependencies_met, "dependencies on what is left out count as met");
	note(out, c->running, "tasks still ran when the log ends: left out");
	note(out, c->waiting, "tasks still waited when the log ends: left out");
	note(out, c->waiting_held, "tasks were still held when the log ends: left out");
	note(out, c->cancelled, "tasks were cancelled before they started: left out");
	note(out, c->unknown, "tasks ended in a way that nobody knows: left out");
	note(out, r->whatif.networks > 1 ? r->whatif.networks : 0,
	     "networks were in force, one after the other; nodes come and go with them");
	note(out, r->accounts.nlater, "times accounts or classes were defined anew in that time");
	note(out, r->outages_left_out,
	     "changes were of sites or pools that this network does not have");
	suan_buf_addc(out, '\n');
}

static void print_text(const struct suan_replayed *r, struct suan_buf *out)
{
	struct suan_sim_outcome list[SUAN_REPLAY_POLICIES + 1];

	log_text(r, out);
	suan_sim_print_table(list, copy_outcomes(r, 0, list), out);
	for (uint32_t i = 0; i < r->nruns; i++) {
		suan_buf_addf(out, "\n%s\n", r->runs[i].outcome.policy);
		suan_sim_print_sites(&r->runs[i].scores, out);
		if (r->runs[i].scores.naccounts > 0) {
			suan_buf_addc(out, '\n');
			suan_sim_print_accounts(&r->runs[i].scores, out);
		}
	}
}

void suan_replay_print(const struct suan_replayed *r)
{
	struct suan_buf out = {0};

	if (r->asked->json)
		print_json(r, &out);
	else
		print_text(r, &out);
	fputs(suan_buf_str(&out), stdout);
	suan_buf_done(&out);
}

/* ---- files ---- */

static bool to_buf(void *ctx, const char *bytes, size_t n)
{
	return suan_buf_add(ctx, bytes, n);
}

/* DIR/as-it-was/schedule.csv, DIR/POLICY/schedule.csv. */
static enum suan_code write_schedule(struct suan_replayed *r, uint32_t i)
{
	struct suan_buf path = {0}, text = {0};
	enum suan_code rc;

	suan_buf_addf(&path, "%s/%s", r->asked->out, i ? r->runs[i].outcome.policy : "as-it-was");
	rc = suan_buf_ok(&path, &r->err);
	if (rc == SUAN_OK)
		rc = suan_fs_mkdirs(suan_buf_str(&path), 0777, &r->err);
	suan_buf_adds(&path, "/schedule.csv");
	if (rc == SUAN_OK && !suan_sim_print_schedule(&r->runs[i].outcome, to_buf, &text))
		rc = suan_fail(&r->err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		rc = suan_fs_write(suan_buf_str(&path), suan_buf_str(&text), text.len, 0666, false,
				   &r->err);
	suan_buf_done(&path);
	suan_buf_done(&text);
	return rc;
}

/* A page has one set of sites: how it was is on it when the network is the same. */
static enum suan_code write_page(struct suan_replayed *r)
{
	const struct suan_replay *s = r->asked;
	bool same = !s->network && s->nadd == 0 && s->nwithout == 0;
	struct suan_sim_about about = {
		.network = r->whatif.now.name, .trace = s->data, .load_milli = 1000};
	struct suan_sim_outcome list[SUAN_REPLAY_POLICIES + 1];
	uint32_t n = copy_outcomes(r, same ? 0 : 1, list);
	struct suan_buf path = {0}, page = {0}, command = {0};
	enum suan_code rc;

	suan_cli_add_command(s->words, s->nwords, &command);
	about.command = suan_buf_str(&command);
	suan_buf_addf(&path, "%s/report.html", s->out);
	rc = suan_buf_ok(&path, &r->err);
	if (rc == SUAN_OK)
		rc = suan_sim_print_page(list, n, &about, &page, &r->err);
	if (rc == SUAN_OK)
		rc = suan_fs_write(suan_buf_str(&path), suan_buf_str(&page), page.len, 0666, false,
				   &r->err);
	suan_buf_done(&command);
	suan_buf_done(&path);
	suan_buf_done(&page);
	return rc;
}

enum suan_code suan_replay_write(struct suan_replayed *r)
{
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; rc == SUAN_OK && i < r->nruns; i++)
		rc = write_schedule(r, i);
	return rc == SUAN_OK ? write_page(r) : rc;
}
