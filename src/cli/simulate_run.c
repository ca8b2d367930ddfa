/* suan simulate: reading, running, writing. */
#include "cli/simulate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/memory.h"
#include "sys/reader.h"
#include "wire/accounts.h"
#include "wire/network.h"

#define REFRESH_US 200000
#define BAR_WIDTH  30

static volatile sig_atomic_t interrupted, reading;

struct run { /* of one call */
	const struct suan_simulate *s;
	struct suan_arena arena;
	struct suan_network net;
	struct suan_accounts accounts;
	struct suan_trace trace;
	struct suan_sim_outages outages;
	struct suan_sim_reserves reserves;
	struct suan_sim_data data;
	struct suan_sim_signals signals;
	struct suan_sim_setup setup[SUAN_SIMULATE_POLICIES];
	struct suan_sim_result result[SUAN_SIMULATE_POLICIES];
	struct suan_sim_scores scores[SUAN_SIMULATE_POLICIES];
	struct suan_sim_bounds bounds[SUAN_SIMULATE_POLICIES];
	struct suan_sim_plan plans[SUAN_SIM_AIMS];
	struct suan_sim_outcome outcome[SUAN_SIMULATE_POLICIES];
	int64_t began_us, read_us, read_rss;
	const char *doing; /* for the bar */
	bool bar;
	int64_t phase_us, shown_us;
	struct suan_err err;
};

static void note_interrupt(int signo)
{
	static const char text[] = "\nsuan: interrupted while reading\n";

	(void)signo;
	interrupted = 1;
	if (!reading)
		return;
	/* A read that waits goes on after a signal, and there is nothing to clean up yet. */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) >= 0)
		_exit(SUAN_EXIT_INTERRUPTED);
	_exit(SUAN_EXIT_FAILED);
}

static int complain(const struct run *r)
{
	const struct suan_err *e = &r->err;

	fprintf(stderr, "suan %s: %s\n", r->s->command->name, e->text);
	if (e->code == SUAN_ENOTFOUND)
		return SUAN_EXIT_NOTFOUND;
	return e->code == SUAN_EINVAL || e->code == SUAN_ECORRUPT || e->code == SUAN_ETOOBIG
		       ? SUAN_EXIT_USAGE
		       : SUAN_EXIT_FAILED;
}

/* ---- progress ---- */

static void clear_bar(const struct run *r)
{
	if (r->bar)
		fprintf(stderr, "\r\033[K");
}

static void draw(struct run *r, uint64_t done, uint64_t all, const char *unit)
{
	int64_t now = suan_clock_mono_us();
	double part = all ? (double)done / (double)all : 0;
	double rate = (double)done * 1e6 / (double)(now - r->phase_us + 1);
	char bar[BAR_WIDTH + 1];

	if (!r->bar || now - r->shown_us < REFRESH_US)
		return;
	r->shown_us = now;
	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < (int)(part * BAR_WIDTH) ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r\033[K%s [%s] %3.0f %%, %.0f %s/s", r->doing, bar, part * 100, rate,
		unit);
	if (rate > 0 && all > done)
		fprintf(stderr, ", %.0f s left", (double)(all - done) / rate);
	fflush(stderr);
}

static void begin_phase(struct run *r, const char *doing)
{
	r->doing = doing;
	r->phase_us = r->shown_us = suan_clock_mono_us();
}

static bool tick(void *ctx, uint64_t over, uint64_t all)
{
	draw(ctx, over, all, "jobs");
	return !interrupted;
}

/* ---- reading ---- */

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && strcmp(s + n - m, tail) == 0;
}

/* By the name; what has no telling name begins with { if it is JSON Lines. */
static enum suan_trace_form form_of(const char *name, const char *bytes, size_t n)
{
	size_t i = 0;

	if (ends_with(name, ".jsonl") || ends_with(name, ".jsonl.gz"))
		return SUAN_TRACE_JSONL;
	if (ends_with(name, ".swf") || ends_with(name, ".swf.gz"))
		return SUAN_TRACE_SWF;
	while (i < n && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\n'))
		i++;
	return i < n && bytes[i] == '{' ? SUAN_TRACE_JSONL : SUAN_TRACE_SWF;
}

static enum suan_code feed_all(struct run *r, struct suan_file_reader *file,
			       struct suan_trace_reader **parser)
{
	const char *name = suan_file_reader_name(file);
	uint64_t done, all;
	const void *bytes;
	size_t n;
	enum suan_code rc;

	for (;;) {
		rc = suan_file_reader_next(file, &bytes, &n, &r->err);
		if (rc == SUAN_OK && !*parser) {
			*parser = suan_trace_reader_new(form_of(name, bytes, n), name);
			if (!*parser)
				rc = suan_fail(&r->err, SUAN_ENOMEM, "out of memory");
		}
		if (rc != SUAN_OK || n == 0)
			return rc;
		rc = suan_trace_feed(*parser, bytes, n, &r->err);
		if (rc != SUAN_OK)
			return rc;
		suan_file_reader_progress(file, &done, &all);
		draw(r, done, all, "bytes");
	}
}

static enum suan_code read_trace(struct run *r)
{
	struct suan_file_reader *file = NULL;
	struct suan_trace_reader *parser = NULL;
	enum suan_code rc = suan_file_reader_open(r->s->trace, &file, &r->err);

	begin_phase(r, "reading");
	if (rc == SUAN_OK)
		rc = feed_all(r, file, &parser);
	if (rc == SUAN_OK)
		rc = suan_trace_take(parser, &r->trace, &r->err);
	suan_trace_reader_free(parser);
	suan_file_reader_close(file);
	clear_bar(r);
	return rc;
}

static enum suan_code shape_trace(struct run *r)
{
	const struct suan_simulate *s = r->s;
	size_t had = r->trace.njobs;

	suan_sim_cut(&r->trace, s->from_ms, s->until_ms, s->jobs);
	if (had > 0 && r->trace.njobs == 0)
		return suan_fail(&r->err, SUAN_EINVAL,
				 "%s: no job is submitted between --from and --until", s->trace);
	if (s->load_milli != 1000)
		suan_trace_load(&r->trace, (uint32_t)s->load_milli);
	if (s->shake)
		suan_trace_shake(&r->trace,
				 s->seed ? suan_hash_u64(s->seed, s->shake_seed) : s->shake_seed);
	return SUAN_OK;
}

static enum suan_code read_text(struct run *r, const char *path, struct suan_buf *text)
{
	suan_buf_init(text, (size_t)1 << 30);
	return suan_fs_read(path, text, &r->err);
}

static enum suan_code read_network(struct run *r)
{
	struct suan_buf text;
	enum suan_code rc;

	if (!r->s->network)
		return suan_sim_one_machine(&r->arena, r->s->cores, &r->net, &r->err);
	rc = read_text(r, r->s->network, &text);
	if (rc == SUAN_OK)
		rc = suan_network_parse(suan_buf_str(&text), text.len, r->s->network, &r->arena,
					&r->net, &r->err);
	suan_buf_done(&text);
	return rc;
}

static enum suan_code read_accounts(struct run *r)
{
	struct suan_buf text;
	enum suan_code rc;

	if (!r->s->accounts)
		return SUAN_OK;
	rc = read_text(r, r->s->accounts, &text);
	if (rc == SUAN_OK)
		rc = suan_accounts_parse(suan_buf_str(&text), text.len, r->s->accounts, &r->arena,
					 &r->accounts, &r->err);
	suan_buf_done(&text);
	return rc;
}

static enum suan_code read_outages(struct run *r)
{
	struct suan_buf text;
	enum suan_code rc;

	if (!r->s->faults)
		return SUAN_OK;
	rc = read_text(r, r->s->faults, &text);
	if (rc == SUAN_OK)
		rc = suan_sim_outages_parse(&text, r->s->faults, &r->net, &r->outages, &r->err);
	suan_buf_done(&text);
	return rc;
}

/* Behind the trace, whose first submission is when they are made if they do not say. */
static enum suan_code read_reservations(struct run *r)
{
	struct suan_sim_times times = {.start_ms = r->s->start_ms};
	struct suan_buf text;
	enum suan_code rc;

	if (!r->s->reservations)
		return SUAN_OK;
	times.first_ms = r->trace.njobs ? r->trace.jobs[0].submit_ms : 0;
	rc = read_text(r, r->s->reservations, &text);
	if (rc == SUAN_OK)
		rc = suan_sim_reserves_parse(&text, r->s->reservations, &times, &r->arena,
					     &r->reserves, &r->err);
	suan_buf_done(&text);
	return rc;
}

static enum suan_code read_data(struct run *r)
{
	struct suan_buf text;
	enum suan_code rc;

	if (!r->s->data)
		return SUAN_OK;
	rc = read_text(r, r->s->data, &text);
	if (rc == SUAN_OK)
		rc = suan_sim_data_parse(&text, r->s->data, &r->net, &r->data, &r->err);
	suan_buf_done(&text);
	return rc;
}

static enum suan_code read_signals(struct run *r)
{
	enum suan_code rc = SUAN_OK;

	if (r->s->network)
		rc = suan_sim_signals_read(&r->net, r->s->network, &r->signals, &r->err);
	if (rc == SUAN_OK)
		rc = suan_sim_signals_align(&r->signals, r->s->start_ms,
					    r->trace.njobs ? r->trace.jobs[0].submit_ms : 0,
					    &r->err);
	return rc;
}

static enum suan_code prepare_out(struct run *r)
{
	enum suan_code rc;

	if (!r->s->out)
		return SUAN_OK;
	rc = suan_fs_mkdirs(r->s->out, 0777, &r->err);
	if (rc == SUAN_OK && access(r->s->out, W_OK | X_OK) != 0)
		rc = suan_fail(&r->err, SUAN_EDENIED, "cannot write there: %s", strerror(errno));
	if (rc != SUAN_OK)
		suan_err_prefix(&r->err, "--out %s", r->s->out);
	return rc;
}

static enum suan_code read_all(struct run *r)
{
	enum suan_code rc = prepare_out(r);

	if (rc == SUAN_OK)
		rc = read_network(r);
	if (rc == SUAN_OK)
		rc = read_accounts(r);
	if (rc == SUAN_OK)
		rc = read_outages(r);
	if (rc == SUAN_OK)
		rc = read_data(r);
	if (rc == SUAN_OK)
		rc = read_trace(r);
	if (rc == SUAN_OK)
		rc = shape_trace(r);
	if (rc == SUAN_OK)
		rc = read_reservations(r);
	if (rc == SUAN_OK)
		rc = read_signals(r);
	r->read_us = suan_clock_mono_us() - r->began_us;
	r->read_rss = suan_memory_peak_bytes();
	return rc;
}

/* ---- simulating ---- */

/* Those that the network has figures for; one at least. */
static enum suan_code find_plans(struct run *r, struct suan_sim_outcome *o)
{
	const struct suan_sim_bound *least = &o->bounds->joint;
	bool known[SUAN_SIM_AIMS] = {least->cost != SUAN_SIM_NONE, least->carbon != SUAN_SIM_NONE};
	enum suan_code rc = SUAN_OK;

	if (!known[SUAN_SIM_CHEAPEST] && !known[SUAN_SIM_GREENEST])
		return suan_fail(&r->err, SUAN_EINVAL,
				 "%s: nothing to plan by; each pool needs a busy_watt, and each "
				 "site a price or a carbon",
				 r->s->network);
	if (r->bar)
		fprintf(stderr, "\r\033[K%s: solving for the plans …", o->policy);
	for (enum suan_sim_aim aim = 0; aim < SUAN_SIM_AIMS && rc == SUAN_OK; aim++)
		if (known[aim])
			rc = suan_sim_find_plan(o->setup, o->result, aim, &r->plans[aim], &r->err);
	clear_bar(r);
	o->plans = r->plans;
	return rc;
}

static enum suan_code find_bounds(struct run *r, uint32_t i)
{
	struct suan_sim_outcome *o = &r->outcome[i];
	enum suan_code rc;

	if (r->bar)
		fprintf(stderr, "\r\033[K%s: solving for the bounds …", o->policy);
	rc = suan_sim_find_bounds(&r->setup[i], &r->result[i], &r->bounds[i], &r->err);
	clear_bar(r);
	o->bounds = &r->bounds[i];
	if (rc == SUAN_OK)
		rc = suan_sim_capture(&r->setup[i], &r->bounds[i], &r->err);
	if (rc == SUAN_OK && r->s->plan)
		return find_plans(r, o);
	if (rc == SUAN_OK && i == 0 && o->bounds->joint.cost == SUAN_SIM_NONE &&
	    o->bounds->joint.carbon == SUAN_SIM_NONE)
		fprintf(stderr, "suan simulate: --bound: nothing to bound; each pool needs a "
				"busy_watt, and each site a price or a carbon\n");
	return rc;
}

/* The classic policies plan as far as they need, unless told otherwise. */
static uint32_t steps_of(const struct suan_simulate *s, enum suan_policy_kind policy)
{
	if (s->has_steps)
		return s->plan_steps;
	return policy == SUAN_POLICY_SUAN ? SUAN_PLAN_STEPS : 0;
}

static enum suan_code simulate(struct run *r, uint32_t i)
{
	const struct suan_simulate *s = r->s;
	struct suan_sim_outcome *o = &r->outcome[i];
	int64_t began = suan_clock_mono_us(), simulated;
	enum suan_code rc;

	r->setup[i] =
		(struct suan_sim_setup){.network = &r->net,
					.trace = &r->trace,
					.outages = &r->outages,
					.data = s->data ? &r->data : NULL,
					.signals = &r->signals,
					.forecast_error_ppm = s->forecast_error_ppm,
					.seed = s->seed,
					.accounts = s->accounts ? &r->accounts : NULL,
					.policy = {.kind = s->policies[i],
						   .plan_depth = s->plan_depth,
						   .plan_steps = steps_of(s, s->policies[i]),
						   .packing = SUAN_FRAGMENTATION,
						   .ignore_homes = s->ignore_homes,
						   .preemption = {s->min_run_ms, s->grace_ms, 0}},
					.checkpoint_ms = s->checkpoint_ms,
					.commands = r->reserves.list,
					.ncommands = r->reserves.count,
					.estimates = s->estimates,
					.repeat = s->repeat,
					.processors_only = !s->network,
					.choice = s->choices[i],
					.goal = s->goal,
					.delays = s->delays,
					.ndelays = s->ndelays,
					.hurry = s->plan,
					.tick = tick,
					.ctx = r};
	*o = (struct suan_sim_outcome){.policy = s->names[i],
				       .setup = &r->setup[i],
				       .result = &r->result[i],
				       .scores = &r->scores[i]};
	begin_phase(r, o->policy);
	rc = suan_sim_run(&r->setup[i], &r->result[i], &r->err);
	clear_bar(r);
	simulated = suan_clock_mono_us();
	if (rc == SUAN_OK && !r->result[i].stopped)
		rc = suan_sim_score(&r->setup[i], &r->result[i], &r->scores[i], &r->err);
	if (rc == SUAN_OK && s->alone && !r->result[i].stopped) {
		begin_phase(r, "alone");
		rc = suan_sim_alone(&r->setup[i], &r->result[i], &r->scores[i], &r->err);
		clear_bar(r);
	}
	if (rc == SUAN_OK && !r->result[i].stopped && s->bound)
		rc = find_bounds(r, i);
	o->perf = (struct suan_sim_perf){.wall_us = r->read_us + suan_clock_mono_us() - began,
					 .read_us = r->read_us,
					 .simulate_us = simulated - began,
					 .peak_rss_bytes = suan_memory_peak_bytes(),
					 .read_rss_bytes = r->read_rss};
	return rc;
}

/* Scores beyond the end of a series take its last day: said, because it is seldom meant. */
static void warn(const struct run *r)
{
	int64_t least = 1000000;

	for (uint32_t i = 0; i < r->s->npolicies; i++)
		if (r->scores[i].covered != SUAN_SIM_NONE && r->scores[i].covered < least)
			least = r->scores[i].covered;
	if (least < 1000000)
		fprintf(stderr,
			"suan %s: the price and carbon series cover %.1f %% of the time; "
			"before them their first values count, after them their last day (--start "
			"moves the trace)\n",
			r->s->command->name, (double)least / 10000);
}

/* ---- writing ---- */

static bool to_file(void *ctx, const char *bytes, size_t n)
{
	return fwrite(bytes, 1, n, ctx) == n;
}

static enum suan_code write_file(struct run *r, const struct suan_sim_outcome *o, const char *path,
				 const char *part)
{
	FILE *f = fopen(part, "wb");
	bool good = f && suan_sim_print_schedule(o, to_file, f);

	if (f)
		good = fclose(f) == 0 && good;
	if (good && rename(part, path) == 0)
		return SUAN_OK;
	(void)suan_fail(&r->err, SUAN_EIO, "cannot write %s: %s", path, strerror(errno));
	if (f)
		(void)unlink(part);
	return SUAN_EIO;
}

/* DIR/schedule.csv; with several policies DIR/POLICY/schedule.csv. Whole or not at all. */
static enum suan_code write_schedule(struct run *r, uint32_t i)
{
	struct suan_buf path = {0}, part = {0};
	enum suan_code rc = SUAN_OK;

	suan_buf_adds(&path, r->s->out);
	if (r->s->npolicies > 1) {
		suan_buf_addf(&path, "/%s", r->outcome[i].policy);
		rc = suan_fs_mkdirs(suan_buf_str(&path), 0777, &r->err);
	}
	suan_buf_adds(&path, "/schedule.csv");
	suan_buf_addf(&part, "%s.part", suan_buf_str(&path));
	if (rc == SUAN_OK)
		rc = suan_buf_ok(&part, &r->err);
	if (rc == SUAN_OK)
		rc = write_file(r, &r->outcome[i], suan_buf_str(&path), suan_buf_str(&part));
	suan_buf_done(&path);
	suan_buf_done(&part);
	return rc;
}

static enum suan_code write_page(struct run *r)
{
	const struct suan_simulate *s = r->s;
	const char *slash = strrchr(s->trace, '/');
	struct suan_buf command = {0}, path = {0}, page = {0};
	struct suan_sim_about about = {.network = s->network ? r->net.name : NULL,
				       .trace = slash ? slash + 1 : s->trace,
				       .load_milli = (uint32_t)s->load_milli,
				       .shaken = s->shake,
				       .seed = s->shake_seed};
	enum suan_code rc;

	suan_cli_add_command(s->words, s->nwords, &command);
	about.command = suan_buf_str(&command);
	suan_buf_addf(&path, "%s/report.html", s->out);
	rc = suan_buf_ok(&path, &r->err);
	if (rc == SUAN_OK)
		rc = suan_sim_print_page(r->outcome, s->npolicies, &about, &page, &r->err);
	if (rc == SUAN_OK)
		rc = suan_fs_write(suan_buf_str(&path), suan_buf_str(&page), page.len, 0666, false,
				   &r->err);
	suan_buf_done(&command);
	suan_buf_done(&path);
	suan_buf_done(&page);
	return rc;
}

/* DIR/cheapest.csv, DIR/greenest.csv: the plans slot by slot. */
static enum suan_code write_plans(struct run *r)
{
	enum suan_code rc = SUAN_OK;

	for (enum suan_sim_aim aim = 0; aim < SUAN_SIM_AIMS && rc == SUAN_OK; aim++) {
		struct suan_buf path = {0}, text = {0};

		if (r->plans[aim].npools == 0)
			continue;
		suan_buf_addf(&path, "%s/%s.csv", r->s->out, suan_sim_aim_name(aim));
		suan_sim_print_plan_csv(&r->outcome[0], aim, &text);
		rc = suan_buf_ok(&path, &r->err);
		if (rc == SUAN_OK)
			rc = suan_buf_ok(&text, &r->err);
		if (rc == SUAN_OK)
			rc = suan_fs_write(suan_buf_str(&path), suan_buf_str(&text), text.len, 0666,
					   false, &r->err);
		suan_buf_done(&path);
		suan_buf_done(&text);
	}
	return rc;
}

static enum suan_code write_all(struct run *r)
{
	enum suan_code rc = SUAN_OK;

	if (r->s->plan)
		return r->s->out ? write_plans(r) : rc;
	for (uint32_t i = 0; rc == SUAN_OK && r->s->out && i < r->s->npolicies; i++)
		rc = write_schedule(r, i);
	return rc == SUAN_OK && r->s->out ? write_page(r) : rc;
}

static void print_json(const struct run *r, struct suan_buf *out)
{
	if (r->s->npolicies == 1) {
		suan_sim_print_json(&r->outcome[0], out);
	} else {
		suan_buf_addc(out, '{');
		suan_sim_print_jsons(r->outcome, r->s->npolicies, out);
		suan_buf_addc(out, '}');
	}
	suan_buf_addc(out, '\n');
}

static void print(struct run *r)
{
	struct suan_buf out = {0};

	if (r->s->plan && r->s->json) {
		suan_sim_print_plans_json(&r->outcome[0], &out);
		suan_buf_addc(&out, '\n');
	} else if (r->s->plan)
		suan_sim_print_plans_text(&r->outcome[0], &out);
	else if (r->s->json)
		print_json(r, &out);
	else if (r->s->npolicies == 1)
		suan_sim_print_text(&r->outcome[0], &out);
	else
		suan_sim_print_table(r->outcome, r->s->npolicies, &out);
	fputs(suan_buf_str(&out), stdout);
	suan_buf_done(&out);
}

static int run_all(struct run *r)
{
	uint32_t done = 0;

	reading = 1;
	if (read_all(r) != SUAN_OK)
		return complain(r);
	reading = 0;
	for (; done < r->s->npolicies && !interrupted; done++)
		if (simulate(r, done) != SUAN_OK)
			return complain(r);
	if (interrupted) {
		fprintf(stderr, "suan %s: interrupted; nothing was written\n", r->s->command->name);
		return SUAN_EXIT_INTERRUPTED;
	}
	if (write_all(r) != SUAN_OK)
		return complain(r);
	print(r);
	warn(r);
	return SUAN_EXIT_OK;
}

int suan_simulate(const struct suan_simulate *s)
{
	struct sigaction on_int = {.sa_handler = note_interrupt}, before;
	struct run *r = calloc(1, sizeof(*r));
	int rc;

	if (!r) {
		fprintf(stderr, "suan %s: out of memory\n", s->command->name);
		return SUAN_EXIT_FAILED;
	}
	r->s = s;
	r->bar = isatty(STDERR_FILENO) == 1;
	r->began_us = suan_clock_mono_us();
	suan_arena_init(&r->arena, 0);
	sigemptyset(&on_int.sa_mask);
	sigaction(SIGINT, &on_int, &before);
	rc = run_all(r);
	sigaction(SIGINT, &before, NULL);
	for (uint32_t i = 0; i < s->npolicies; i++) {
		suan_sim_result_done(&r->result[i]);
		suan_sim_scores_done(&r->scores[i]);
	}
	for (enum suan_sim_aim aim = 0; aim < SUAN_SIM_AIMS; aim++)
		suan_sim_plan_done(&r->plans[aim]);
	suan_sim_outages_done(&r->outages);
	suan_sim_data_done(&r->data);
	suan_sim_signals_done(&r->signals);
	suan_trace_done(&r->trace);
	suan_arena_done(&r->arena);
	free(r);
	return rc;
}
