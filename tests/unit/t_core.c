/* The platform's writer on a memory store and on SQLite: answers come after commits, orders after
 * answers' events, and a failed commit leaves no trace. */
#include "core/core.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/doc.h"
#include "lib/tap.h"
#include "sys/fs.h"
#include "wire/job.h"
#include "wire/network.h"

static const char network_text[] =
	"network: n\n"
	"sites:\n"
	"  - {name: s, hub: h, driver: local, pools: [{name: p, nodes: 1, cores: 2, "
	"memory: 1GiB}]}\n";

/* ---- a store that fails on demand, in front of the memory store ---- */

struct failing {
	struct suan_store store;
	struct suan_store *inner;
};

static enum suan_code commit_code;
static const struct suan_store_ops failing_ops;

static struct suan_store *inner(struct suan_store *s)
{
	return ((struct failing *)s)->inner;
}

static enum suan_code failing_open(struct suan_store **ret, const char *location,
				   struct suan_err *err)
{
	struct failing *f = calloc(1, sizeof(*f));

	f->store.ops = &failing_ops;
	*ret = &f->store;
	return suan_store_memory.open(&f->inner, location, err);
}

static void failing_close(struct suan_store *s)
{
	suan_store_memory.close(inner(s));
	free(s);
}

static enum suan_code failing_commit(struct suan_store *s, const struct suan_store_batch *b,
				     struct suan_err *err)
{
	if (commit_code != SUAN_OK)
		return suan_fail(err, commit_code, "told to fail");
	return suan_store_memory.commit(inner(s), b, err);
}

static enum suan_code failing_replay(struct suan_store *s, uint64_t after,
				     enum suan_code (*fn)(void *, uint64_t, uint32_t, const void *,
							  size_t, struct suan_err *),
				     void *ctx, struct suan_err *err)
{
	return suan_store_memory.replay(inner(s), after, fn, ctx, err);
}

static enum suan_code failing_put(struct suan_store *s, uint64_t seq, const void *bytes, size_t n,
				  struct suan_err *err)
{
	return suan_store_memory.snapshot_put(inner(s), seq, bytes, n, err);
}

static enum suan_code failing_get(struct suan_store *s, uint64_t *seq, struct suan_buf *out,
				  struct suan_err *err)
{
	return suan_store_memory.snapshot_get(inner(s), seq, out, err);
}

static const struct suan_store_ops failing_ops = {
	.name = "failing",
	.open = failing_open,
	.close = failing_close,
	.commit = failing_commit,
	.replay = failing_replay,
	.snapshot_put = failing_put,
	.snapshot_get = failing_get,
};

/* ---- what came back ---- */

struct got {
	unsigned answers;
	struct suan_core_answer last;
	char text[512];
};

static void done(void *ctx, const struct suan_core_answer *a)
{
	struct got *g = ctx;

	g->answers++;
	g->last = *a;
	snprintf(g->text, sizeof(g->text), "%s", a->err->text);
}

struct site {
	unsigned starts, stops, forgets, drops;
	struct suan_run_id last;
	bool staged, started;
};

static void orders(void *ctx, const struct suan_order *o, uint32_t n)
{
	struct site *s = ctx;

	for (uint32_t i = 0; i < n; i++) {
		s->starts += o[i].kind == SUAN_ORDER_START;
		s->stops += o[i].kind == SUAN_ORDER_STOP;
		s->forgets += o[i].kind == SUAN_ORDER_FORGET;
		s->drops += o[i].kind == SUAN_ORDER_DROP;
		if (o[i].kind != SUAN_ORDER_START)
			continue;
		s->last = o[i].run;
		s->staged = o[i].staged;
		s->started = o[i].started;
	}
}

/* ---- making a core and jobs ---- */

static struct suan_arena net_arena;
static struct suan_network net;

static struct suan_core *open_on(const struct suan_store_ops *ops, const char *location,
				 const struct suan_network *network, uint32_t keep)
{
	struct suan_core_config config = {.store = ops,
					  .location = location,
					  .network = network,
					  .now_ms = 1000,
					  .keep_finished = keep};
	struct suan_core_opened opened;
	struct suan_core *c = NULL;
	struct suan_err err = {0};

	ok(suan_core_open(&c, &config, &opened, &err) == SUAN_OK, "opens: %s", err.text);
	return c;
}

static struct suan_core *open_core(const struct suan_store_ops *ops, const char *location,
				   uint32_t keep)
{
	return open_on(ops, location, &net, keep);
}

static void submit(struct suan_core *c, const char *json, struct got *g)
{
	struct suan_arena arena;
	struct suan_job_doc *doc;
	struct suan_err err = {0};
	struct suan_json j;
	struct suan_event ev = {.type = SUAN_EV_SUBMIT, .now_ms = 2000};

	suan_arena_init(&arena, 0);
	doc = suan_arena_alloc(&arena, sizeof(*doc));
	suan_job_doc_init(doc);
	suan_json_init(&j, json, strlen(json), &arena, &err);
	if (suan_job_from_json(&j, 2000, doc) != SUAN_OK ||
	    suan_job_seal(doc, &arena, &err) != SUAN_OK) {
		ok(false, "job of the test: %s", err.text);
		return;
	}
	doc->spec.user = "tester";
	ev.u.submit.jobs = &doc->spec;
	ev.u.submit.njobs = 1;
	suan_core_post(c, &ev, &arena, done, g);
	suan_arena_done(&arena);
}

static void report(struct suan_core *c, struct suan_run_id run, enum suan_report_kind kind)
{
	struct suan_report r = {
		.run = run, .kind = kind, .at_ms = 2500, .outcome = SUAN_OUT_EXITED, .text = ""};

	suan_core_report(c, &r);
}

static void flush(struct suan_core *c, int64_t now)
{
	struct suan_err err = {0};

	ok(suan_core_flush(c, now, &err) == SUAN_OK, "flush at %lld: %s", (long long)now, err.text);
}

static enum suan_state state_of(struct suan_core *c, uint64_t id)
{
	struct suan_job_view v;

	return suan_engine_job(suan_core_engine(c), id, &v) ? v.state : SUAN_NSTATES;
}

/* ---- tests ---- */

static void test_life_of_a_job(void)
{
	struct suan_core *c = open_core(&suan_store_memory, NULL, 0);
	struct site s = {0};
	struct suan_site_link link = {&s, orders};
	struct suan_err err = {0};
	struct got g = {0};

	ok(suan_core_attach(c, "nowhere", &link, &err) == SUAN_ENOTFOUND, "no such site");
	ok(suan_core_attach(c, "s", &link, &err) == SUAN_OK, "attached");
	submit(c, "{\"command\":[\"true\"]}", &g);
	is_int(g.answers, 0, "not answered before it is durable");
	flush(c, 2000);
	is_int(g.answers, 1, "answered by the flush");
	is_int(g.last.code, SUAN_OK, "accepted");
	is_int(s.starts, 1, "ordered in the same round");
	is_int(state_of(c, 1), SUAN_STAGING, "staging");
	report(c, s.last, SUAN_REPORT_STARTED);
	flush(c, 2600);
	is_int(state_of(c, 1), SUAN_RUNNING, "running");
	report(c, s.last, SUAN_REPORT_ENDED);
	report(c, s.last, SUAN_REPORT_ENDED);
	flush(c, 2700);
	is_int(state_of(c, 1), SUAN_COMPLETED, "completed");
	is_int(s.forgets, 2, "the site may forget, also when it told twice");
	suan_core_close(c, 3000);
}

static void test_refusals_are_not_logged(void)
{
	struct suan_core *c = open_core(&suan_store_memory, NULL, 0);
	uint64_t seq = suan_engine_seq(suan_core_engine(c));
	struct got g = {0};

	submit(c, "{\"command\":[\"true\"],\"cores\":3}", &g);
	is_int(g.answers, 1, "refused at once");
	is_int(g.last.code, SUAN_EREFUSED, "by a rule");
	is_int(g.last.refused, SUAN_R_TOO_MANY_CORES, "which one");
	is_int(g.last.b, 2, "the largest that fits");
	ok(strstr(g.text, "3") && strstr(g.text, "2"), "in words: %s", g.text);
	flush(c, 2000);
	is_int((int64_t)suan_engine_seq(suan_core_engine(c)), (int64_t)seq, "nothing was logged");
	suan_core_close(c, 3000);
}

static void test_failed_commit(void)
{
	struct suan_core *c;
	struct site s = {0};
	struct suan_site_link link = {&s, orders};
	struct suan_err err = {0};
	struct got g = {0};
	uint64_t seq;

	commit_code = SUAN_OK;
	c = open_core(&failing_ops, NULL, 0);
	ok(suan_core_attach(c, "s", &link, &err) == SUAN_OK, "attached");
	submit(c, "{\"command\":[\"true\"]}", &g);
	flush(c, 2000);
	seq = suan_engine_seq(suan_core_engine(c));
	report(c, s.last, SUAN_REPORT_STARTED);
	submit(c, "{\"command\":[\"true\"]}", &g);
	commit_code = SUAN_EFULL;
	is_int(suan_core_flush(c, 3000, &err), SUAN_EFULL, "the disk is full");
	is_int(g.last.code, SUAN_EFULL, "the submission is refused");
	is_int((int64_t)suan_engine_seq(suan_core_engine(c)), (int64_t)seq, "nothing happened");
	is_int(state_of(c, 1), SUAN_STAGING, "the report waits");
	ok(suan_core_wake(c) > 3000 && suan_core_wake(c) < SUAN_FOREVER, "it will be tried again");
	commit_code = SUAN_OK;
	flush(c, 5000);
	is_int(state_of(c, 1), SUAN_RUNNING, "the report was kept");
	is_int(state_of(c, 2), SUAN_NSTATES, "the refused job does not exist");
	suan_core_close(c, 6000);
}

static void test_restart(const char *dir)
{
	struct suan_core *c = open_core(&suan_store_sqlite, dir, 0);
	struct site s = {0}, again = {0};
	struct suan_site_link link = {&s, orders}, link2 = {&again, orders};
	struct suan_err err = {0};
	struct got g = {0};
	uint64_t hash;

	ok(suan_core_attach(c, "s", &link, &err) == SUAN_OK, "attached");
	submit(c, "{\"command\":[\"a\"]}", &g);
	flush(c, 2000);
	report(c, s.last, SUAN_REPORT_STARTED);
	submit(c, "{\"command\":[\"b\"],\"hold\":true}", &g);
	flush(c, 2100);
	hash = suan_engine_hash(suan_core_engine(c));
	suan_core_close(c, INT64_MIN); /* as after kill -9: no snapshot, no last flush */
	c = open_core(&suan_store_sqlite, dir, 0);
	is_int(state_of(c, 1), SUAN_RUNNING, "recovered");
	is_int(state_of(c, 2), SUAN_PENDING, "the held one too");
	ok(suan_core_attach(c, "s", &link2, &err) == SUAN_OK, "attached again");
	is_int(again.starts, 1, "the open run is ordered again");
	ok(again.staged && again.started, "as one that the site has");
	suan_core_close(c, 4000);
	c = open_core(&suan_store_sqlite, dir, 0);
	is_int(state_of(c, 1), SUAN_RUNNING, "recovered from the snapshot");
	ok(hash != 0, "state had a hash");
	suan_core_close(c, 5000);
}

static void test_forgetting(void)
{
	struct suan_core *c = open_core(&suan_store_memory, NULL, 16);
	struct site s = {0};
	struct suan_site_link link = {&s, orders};
	struct suan_err err = {0};
	struct got g = {0};
	struct suan_buf text;

	ok(suan_core_attach(c, "s", &link, &err) == SUAN_OK, "attached");
	for (int i = 0; i < 24; i++) {
		submit(c, "{\"command\":[\"true\"]}", &g);
		flush(c, 2000 + i);
		report(c, s.last, SUAN_REPORT_ENDED);
		flush(c, 2000 + i);
	}
	flush(c, 3000);
	is_int(state_of(c, 1), SUAN_NSTATES, "the oldest is forgotten");
	is_int(state_of(c, 24), SUAN_COMPLETED, "the newest is kept");
	ok(s.drops > 0, "its folder may go");
	suan_buf_init(&text, 0);
	ok(suan_core_archived(c, 1, &text, &err) == SUAN_OK &&
		   strstr(suan_buf_str(&text), "COMPLETED"),
	   "its document is in the archive");
	ok(suan_core_archived(c, 24, &text, &err) == SUAN_ENOTFOUND, "others are not");
	suan_buf_done(&text);
	suan_core_close(c, 4000);
}

static void test_changes(void)
{
	struct suan_core *c = open_core(&suan_store_memory, NULL, 0);
	struct suan_change ch;
	struct got g = {0};
	uint64_t after = suan_core_last_change(c), n = 0;
	bool gap;

	submit(c, "{\"command\":[\"true\"],\"hold\":true}", &g);
	submit(c, "{\"command\":[\"true\"],\"hold\":true}", &g);
	flush(c, 2000);
	while (suan_core_next_change(c, after, &ch, &gap)) {
		ok(!gap && ch.id > after, "ids rise");
		after = ch.id;
		n++;
	}
	is_int((int64_t)n, 2, "one change each");
	is_int((int64_t)after, (int64_t)suan_core_last_change(c), "the last one is the last");
	ok(suan_core_next_change(c, 1, &ch, &gap) && gap, "what came before the ring is a gap");
	suan_core_close(c, 3000);
}

/* ---- sites that fail, come and go ---- */

static void read_network(const char *text, struct suan_network *ret)
{
	struct suan_err err = {0};

	if (suan_network_parse(text, strlen(text), "test", &net_arena, ret, &err) == SUAN_OK)
		return;
	printf("Bail out! %s\n", err.text);
	exit(1);
}

static struct suan_network other_net(void)
{
	struct suan_network n;

	read_network("network: n\n"
		     "sites:\n"
		     "  - {name: t, hub: h, driver: local, pools: [{name: p, nodes: 1, cores: 2, "
		     "memory: 1GiB}]}\n",
		     &n);
	return n;
}

static struct suan_network both_nets(void)
{
	struct suan_network n;

	read_network("network: n\n"
		     "sites:\n"
		     "  - {name: s, hub: h, driver: local, pools: [{name: p, nodes: 1, cores: 2, "
		     "memory: 1GiB}]}\n"
		     "  - {name: t, hub: h, driver: local, pools: [{name: p, nodes: 1, cores: 2, "
		     "memory: 1GiB}]}\n",
		     &n);
	return n;
}

static const char *sub_dir(const char *dir, const char *name, char path[256])
{
	struct suan_err err = {0};

	snprintf(path, 256, "%s/%s", dir, name);
	ok(suan_fs_mkdirs(path, 0700, &err) == SUAN_OK, "a folder");
	return path;
}

struct hopeless { /* a site that answers every order with an error, at once */
	struct suan_core *core;
	enum suan_outcome outcome;
	unsigned starts;
};

static void refuse(void *ctx, const struct suan_order *o, uint32_t n)
{
	struct hopeless *h = ctx;

	for (uint32_t i = 0; i < n; i++) {
		if (o[i].kind != SUAN_ORDER_START)
			continue;
		h->starts++;
		suan_core_report(h->core, &(struct suan_report){.run = o[i].run,
								.kind = SUAN_REPORT_ENDED,
								.outcome = h->outcome,
								.text = "no room"});
	}
}

/* Rounds as the loop makes them, whenever the core wants to be woken, until this time. */
static unsigned rounds_until(struct suan_core *c, int64_t from_ms, int64_t to_ms)
{
	struct suan_err err = {0};
	unsigned rounds = 0;

	for (int64_t now = from_ms; now <= to_ms && rounds < 1000; rounds++) {
		if (suan_core_flush(c, now, &err) != SUAN_OK)
			break;
		now = suan_core_wake(c) > now ? suan_core_wake(c) : now;
	}
	return rounds;
}

static void test_hopeless_site(enum suan_outcome outcome, unsigned most)
{
	struct suan_core *c = open_core(&suan_store_memory, NULL, 0);
	struct hopeless h = {.core = c, .outcome = outcome};
	struct suan_site_link link = {&h, refuse};
	struct suan_err err = {0};
	struct got g = {0};
	unsigned rounds;

	ok(suan_core_attach(c, "s", &link, &err) == SUAN_OK, "attached");
	submit(c, "{\"command\":[\"a\"]}", &g);
	submit(c, "{\"command\":[\"b\"]}", &g);
	rounds = rounds_until(c, 2000, 1000000);
	ok(h.starts >= 2 && h.starts <= most, "outcome %d: %u starts in 16 minutes", outcome,
	   h.starts);
	ok(rounds < 100, "in %u rounds", rounds);
	suan_core_close(c, 1000000);
}

static void test_added_site(const char *dir)
{
	struct suan_network two = both_nets();
	struct site s = {0}, t = {0};
	struct suan_site_link to_s = {&s, orders}, to_t = {&t, orders};
	struct suan_err err = {0};
	struct got g = {0};
	char path[256];
	struct suan_core *c = open_core(&suan_store_sqlite, sub_dir(dir, "added", path), 0);

	ok(suan_core_attach(c, "s", &to_s, &err) == SUAN_OK, "attached");
	submit(c, "{\"command\":[\"a\"],\"cores\":2}", &g);
	submit(c, "{\"command\":[\"b\"],\"cores\":2}", &g);
	flush(c, 2000);
	is_int(s.starts, 1, "one has room");
	suan_core_close(c, 2000);
	c = open_on(&suan_store_sqlite, path, &two, 0);
	is_int(state_of(c, 2), SUAN_STAGING, "the other starts at a new site");
	s = (struct site){0};
	ok(suan_core_attach(c, "s", &to_s, &err) == SUAN_OK &&
		   suan_core_attach(c, "t", &to_t, &err) == SUAN_OK,
	   "attached");
	ok(s.starts == 1 && s.staged, "the old site may know its run");
	ok(t.starts == 1 && !t.staged && !t.started, "the new one cannot");
	suan_core_close(c, 3000);
}

static void test_removed_site(const char *dir)
{
	struct suan_network other = other_net(), two = both_nets();
	struct site s = {0};
	struct suan_site_link link = {&s, orders};
	struct suan_err err = {0};
	struct suan_job_view v;
	struct suan_buf text;
	struct got g = {0};
	char path[256];
	struct suan_core *c = open_core(&suan_store_sqlite, sub_dir(dir, "removed", path), 0);

	ok(suan_core_attach(c, "s", &link, &err) == SUAN_OK, "attached");
	submit(c, "{\"command\":[\"a\"],\"walltime_s\":60}", &g);
	flush(c, 2000);
	suan_core_close(c, 2000);
	c = open_on(&suan_store_sqlite, path, &other, 0);
	ok(suan_engine_job(suan_core_engine(c), 1, &v) && v.state == SUAN_UNKNOWN &&
		   v.reason == SUAN_R_SITE_GONE,
	   "the site is gone: UNKNOWN");
	suan_buf_init(&text, 0);
	suan_doc_reason(suan_core_engine(c), v.reason, v.reason_a, v.reason_b, &text);
	ok(strstr(suan_buf_str(&text), "not in the network") && strstr(suan_buf_str(&text), "1970"),
	   "in words: %s", suan_buf_str(&text));
	suan_buf_done(&text);
	suan_core_close(c, 3000);
	c = open_on(&suan_store_sqlite, path, &two, 0);
	s = (struct site){0};
	ok(suan_core_attach(c, "s", &link, &err) == SUAN_OK, "back");
	ok(s.starts == 1 && s.started, "the run is ordered as one that is never started anew");
	report(c, s.last, SUAN_REPORT_ENDED);
	flush(c, 4000);
	is_int(state_of(c, 1), SUAN_COMPLETED, "its end is taken");
	is_int(s.forgets, 1, "and may be forgotten");
	suan_core_close(c, 5000);
}

/* As a version left it that let such runs be. */
static void test_stranded_run(const char *dir)
{
	struct suan_network other = other_net();
	struct suan_event ev = {
		.now_ms = 2000, .type = SUAN_EV_NETWORK, .old_rules = true, .u.network = &other};
	struct site s = {0};
	struct suan_site_link link = {&s, orders};
	struct suan_err err = {0};
	struct got g = {0};
	char path[256];
	struct suan_core *c = open_core(&suan_store_sqlite, sub_dir(dir, "stranded", path), 0);

	ok(suan_core_attach(c, "s", &link, &err) == SUAN_OK, "attached");
	submit(c, "{\"command\":[\"a\"]}", &g);
	flush(c, 2000);
	report(c, s.last, SUAN_REPORT_STARTED);
	suan_core_post(c, &ev, NULL, NULL, NULL);
	flush(c, 2100);
	is_int(state_of(c, 1), SUAN_RUNNING, "by the old rules it runs for ever");
	suan_core_close(c, INT64_MIN);
	c = open_on(&suan_store_sqlite, path, &other, 0);
	is_int(state_of(c, 1), SUAN_UNKNOWN, "found when the service starts");
	suan_core_close(c, 3000);
	c = open_on(&suan_store_sqlite, path, NULL, 0);
	is_int(state_of(c, 1), SUAN_UNKNOWN, "without a network file too");
	suan_core_close(c, 3000);
}

static void test_bad_settings(void)
{
	struct suan_core *c = open_core(&suan_store_memory, NULL, 0);
	struct suan_network two = both_nets();
	struct suan_event ev = {.now_ms = 2000, .type = SUAN_EV_NETWORK, .u.network = &two};
	struct got g = {0};

	two.sites[1].name = "s";
	suan_core_post(c, &ev, NULL, done, &g);
	is_int(g.last.code, SUAN_EINVAL, "a network that cannot be is refused");
	ev.type = SUAN_EV_POLICY;
	ev.u.policy = (struct suan_policy){.max_walltime_ms = -1};
	suan_core_post(c, &ev, NULL, done, &g);
	ok(g.answers == 2 && g.last.code == SUAN_EINVAL, "a policy too: %s", g.text);
	flush(c, 2000);
	suan_core_close(c, 3000);
}

/* A log written by version 0.1.0: every later version reads it. */
static void test_corpus(const char *dir)
{
	static const enum suan_state want[] = {SUAN_COMPLETED, SUAN_FAILED,   SUAN_COMPLETED,
					       SUAN_PENDING,   SUAN_PENDING,  SUAN_CANCELLED,
					       SUAN_PENDING,   SUAN_RUNNING,  SUAN_PENDING,
					       SUAN_PENDING,   SUAN_COMPLETED};
	const char *source = getenv("SUAN_SOURCE");
	struct suan_core_config config = {.store = &suan_store_sqlite, .now_ms = 1};
	struct suan_core_opened opened = {0};
	struct suan_job_view v;
	struct suan_core *c = NULL;
	struct suan_err err = {0};
	char from[4096], to[256];

	snprintf(from, sizeof(from), "%s/tests/corpus/log/v1/suan.db", source ? source : ".");
	snprintf(to, sizeof(to), "%s/corpus", dir);
	config.location = to;
	ok(suan_fs_mkdirs(to, 0700, &err) == SUAN_OK, "a folder");
	snprintf(to, sizeof(to), "%s/corpus/suan.db", dir);
	ok(suan_fs_copy(from, to, NULL, NULL, &err) == SUAN_OK, "a copy: %s", err.text);
	snprintf(to, sizeof(to), "%s/corpus", dir);
	ok(suan_core_open(&c, &config, &opened, &err) == SUAN_OK, "opens: %s", err.text);
	if (!c)
		return;
	is_int((int64_t)opened.jobs, 11, "all jobs");
	for (uint64_t i = 0; i < 11; i++)
		is_int(state_of(c, i + 1), want[i], "its state");
	ok(suan_engine_job(suan_core_engine(c), 4, &v) && v.priority == 7 && v.ndeps == 2 &&
		   v.req.memory == 64 << 20 && strcmp(v.account, "org/project") == 0,
	   "fields of job 4");
	ok(suan_engine_job(suan_core_engine(c), 3, &v) && strcmp(v.name, "数组") == 0 &&
		   v.array->cap == 2 && v.elements == 5,
	   "the array");
	ok(suan_engine_job(suan_core_engine(c), 10, &v) && v.elements == 1000000,
	   "the large array");
	is_int(suan_engine_network(suan_core_engine(c))->nlinks, 1, "the network");
	ok(suan_engine_verify(suan_core_engine(c), &err) == SUAN_OK, "invariants: %s", err.text);
	suan_core_close(c, 2);
}

int main(void)
{
	char dir[] = "/tmp/suan-t_core-XXXXXX";
	struct suan_err err = {0};

	suan_arena_init(&net_arena, 0);
	if (suan_network_parse(network_text, sizeof(network_text) - 1, "test", &net_arena, &net,
			       &err) != SUAN_OK ||
	    !mkdtemp(dir)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	test_life_of_a_job();
	test_refusals_are_not_logged();
	test_failed_commit();
	test_restart(dir);
	test_forgetting();
	test_hopeless_site(SUAN_OUT_NOT_STARTED, 26);
	test_hopeless_site(SUAN_OUT_LOST, 10);
	test_hopeless_site(SUAN_OUT_UNKNOWN, 2);
	test_hopeless_site(SUAN_OUT_START_FAILED, 2);
	test_added_site(dir);
	test_removed_site(dir);
	test_stranded_run(dir);
	test_bad_settings();
	test_corpus(dir);
	test_changes();
	ok(suan_fs_remove_tree(dir, &err) == SUAN_OK, "cleaned up");
	suan_arena_done(&net_arena);
	return tap_done();
}
