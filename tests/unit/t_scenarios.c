/* Golden histories: tests/scenarios/NAME.txt. A line is an event or a question; the lines with ">"
 * behind it are what came of it, all of it and in this order. The test writes each file anew and
 * compares. `t_scenarios FILE` prints what the file would be.
 *
 *	site NAME HUB [model]			pool SITE NAME NODES CORES [GPUS KIND]
 *	network					policy KIND [model] [pending=N] [attempts=N]
 *	at MS					submit TASKSxCORES LIMIT_MS [OPTION=VALUE …]
 *	pass					started JOB[.INDEX][#ATTEMPT]
 *	ended RUN OUTCOME [CODE]		cancel|hold|release|requeue|forget JOB[.INDEX]
 *	priority JOB N				state SITE up|down|drain
 *	capacity SITE POOL NODES		reload
 *	show JOB[.INDEX]			why JOB[.INDEX]
 */
#include <dirent.h>

#include "base/arena.h"
#include "lib/engine_kit.h"

#define MOST_WORDS 16

struct scene {
	struct kit k;
	struct suan_buf out;
	char *words[MOST_WORDS];
	int n;
	struct suan_arena arena; /* names that the network keeps */
};

/* ---- answers ---- */

static void say_pool(struct scene *s, uint32_t pool)
{
	struct suan_pool_view p;
	struct suan_site_view v;

	if (suan_engine_pool(s->k.e, pool, &p) && suan_engine_site(s->k.e, p.site, &v))
		suan_buf_addf(&s->out, " %s/%s", v.spec->name, p.name);
}

static void say_run(struct scene *s, const char *word, const struct suan_run_id *r)
{
	suan_buf_addf(&s->out, "> %s %" PRIu64 ".%u#%u", word, r->job, r->index, r->attempt);
}

static void say_places(struct scene *s, struct suan_run_id run)
{
	uint32_t n;
	const struct suan_place *p = suan_engine_places(s->k.e, run, &n);

	for (uint32_t i = 0; i < n; i++)
		suan_buf_addf(&s->out, " %u:%u", p[i].node, p[i].tasks);
}

static void say_effect(struct scene *s, const struct suan_effect *f)
{
	if (f->type == SUAN_FX_WAKE) {
		suan_buf_addf(&s->out, "> wake %" PRId64, f->at_ms);
	} else if (f->type == SUAN_FX_CHANGED) {
		say_run(s, "changed", &f->run);
		suan_buf_addf(&s->out, " %s", suan_state_name(f->state));
	} else {
		say_run(s, f->type == SUAN_FX_START ? "start" : "stop", &f->run);
		say_pool(s, f->pool);
		if (f->type == SUAN_FX_START)
			say_places(s, f->run);
	}
	suan_buf_addc(&s->out, '\n');
}

static void say_effects(struct scene *s)
{
	const struct suan_effects *fx = &s->k.fx;

	if (fx->refused) {
		suan_buf_addf(&s->out, "> refused %s %" PRId64 " %" PRId64,
			      suan_reason_name(fx->refused), fx->a, fx->b);
		say_pool(s, fx->pool);
		suan_buf_addc(&s->out, '\n');
	} else if (fx->code != SUAN_OK) {
		suan_buf_addf(&s->out, "> %s: %s\n", suan_code_name(fx->code), s->k.err.text);
	} else if (fx->first_job) {
		suan_buf_addf(&s->out, "> job %" PRIu64 "%s\n", fx->first_job,
			      fx->repeated ? " again" : "");
	}
	for (size_t i = 0; i < fx->count; i++)
		say_effect(s, &fx->list[i]);
}

/* ---- words ---- */

static int64_t number(const char *text)
{
	return strtoll(text, NULL, 10);
}

/* "3", "3.7", "3.7#2"; the attempt is the present one if it is not said. */
static struct suan_run_id run_of(const struct scene *s, const char *text, bool *ret_all)
{
	struct suan_run_id r = {.job = strtoull(text, NULL, 10)};
	const char *dot = strchr(text, '.'), *sharp = strchr(text, '#');
	struct suan_task_view v;

	*ret_all = !dot;
	if (dot)
		r.index = (uint32_t)number(dot + 1);
	if (sharp)
		r.attempt = (uint32_t)number(sharp + 1);
	else if (suan_engine_task(s->k.e, r.job, r.index, &v))
		r.attempt = v.attempt;
	return r;
}

static const char *option(const struct scene *s, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < s->n; i++)
		if (strncmp(s->words[i], name, n) == 0 &&
		    (s->words[i][n] == '=' || s->words[i][n] == '\0'))
			return s->words[i][n] ? s->words[i] + n + 1 : "";
	return NULL;
}

static int64_t option_number(const struct scene *s, const char *name)
{
	const char *text = option(s, name);

	return text ? number(text) : 0;
}

/* The value whose word this is. */
static unsigned find_word(const char *text, const char *(*name)(unsigned), unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(text, name(i)) == 0)
			return i;
	printf("Bail out! what is \"%s\"?\n", text);
	exit(1);
}

static const char *dep_word(unsigned i)
{
	return suan_dep_name((enum suan_dep_type)i);
}

static const char *guarantee_word(unsigned i)
{
	return suan_guarantee_name((enum suan_guarantee)i);
}

static const char *policy_word(unsigned i)
{
	return suan_policy_name((enum suan_policy_kind)i);
}

static const char *event_word(unsigned i)
{
	return suan_event_name((enum suan_event_type)i);
}

static const char *site_word(unsigned i)
{
	static const char *const words[] = {"up", "down", "drain"};

	return words[i];
}

static const char *outcome_word(unsigned i)
{
	static const char *const words[] = {
		"",	     "exited",	    "signalled",    "timeout",	      "memory",
		"cancelled", "not-started", "start-failed", "staging-failed", "lost",
		"unknown"};

	return words[i];
}

/* ---- events ---- */

static void do_site(struct scene *s)
{
	struct suan_site_spec *v = kit_site(&s->k, suan_arena_str(&s->arena, s->words[1]),
					    suan_arena_str(&s->arena, s->words[2]));

	if (option(s, "model"))
		v->driver = "";
}

static void do_pool(struct scene *s)
{
	for (uint32_t i = 0; i < s->k.net.nsites; i++) {
		struct suan_pool_spec *p;

		if (strcmp(s->k.sites[i].name, s->words[1]) != 0)
			continue;
		p = kit_pool(&s->k.sites[i], suan_arena_str(&s->arena, s->words[2]),
			     (uint32_t)number(s->words[3]), (uint32_t)number(s->words[4]));
		if (s->n > 6) {
			p->gpus = (uint32_t)number(s->words[5]);
			p->gpu = suan_arena_str(&s->arena, s->words[6]);
		}
	}
}

static void do_policy(struct scene *s)
{
	kit_policy(&s->k,
		   &(struct suan_policy){.kind = (enum suan_policy_kind)find_word(
						 s->words[1], policy_word, SUAN_NPOLICIES),
					 .max_pending = (uint32_t)option_number(s, "pending"),
					 .max_attempts = (uint32_t)option_number(s, "attempts"),
					 .model_sites = option(s, "model") != NULL});
}

static void fill_spec(struct scene *s, struct suan_job_spec *j, struct suan_dep *dep,
		      const char **names)
{
	const char *x = strchr(s->words[1], 'x'), *after = option(s, "after");

	*j = kit_job((uint32_t)number(s->words[1]), (uint32_t)number(x + 1), number(s->words[2]));
	j->estimate_ms = option_number(s, "estimate");
	j->begin_ms = option_number(s, "begin");
	j->deadline_ms = option_number(s, "deadline");
	j->priority = (int32_t)option_number(s, "priority");
	j->req.nodes = (uint32_t)option_number(s, "nodes");
	j->req.exclusive = option(s, "exclusive") != NULL;
	j->hold = option(s, "hold") != NULL;
	if (option(s, "guarantee"))
		j->guarantee =
			(enum suan_guarantee)find_word(option(s, "guarantee"), guarantee_word, 3);
	if (option(s, "array")) {
		static struct suan_range set; /* one job at a time */

		if (suan_range_parse(option(s, "array"), &set, NULL) != SUAN_OK)
			abort();
		j->array = &set;
	}
	if (option(s, "gpus")) {
		j->req.gpus = (uint32_t)option_number(s, "gpus");
		j->gpu = option(s, "gpu") ? option(s, "gpu") : "";
	}
	names[0] = option(s, "on");
	names[1] = option(s, "not");
	j->site = (struct suan_names){&names[0], names[0] ? 1 : 0};
	j->not_site = (struct suan_names){&names[1], names[1] ? 1 : 0};
	if (after) {
		char *colon = strchr(after, ':');

		*colon = '\0';
		dep->type = (enum suan_dep_type)find_word(after, dep_word, 4);
		*colon = ':';
		dep->job = strtoull(colon + 1, NULL, 10);
		j->deps = dep;
		j->ndeps = 1;
	}
}

static void do_submit(struct scene *s)
{
	struct suan_job_spec j;
	struct suan_dep dep;
	const char *names[2];
	struct suan_event ev = {.type = SUAN_EV_SUBMIT, .u.submit = {.jobs = &j, .njobs = 1}};

	fill_spec(s, &j, &dep, names);
	if (option(s, "key")) {
		ev.u.submit.has_key = true;
		ev.u.submit.key[0] = (uint8_t)option_number(s, "key");
		ev.u.submit.body_hash = (uint64_t)option_number(s, "body");
	}
	kit_step(&s->k, &ev);
}

static void do_report(struct scene *s, enum suan_report_kind kind)
{
	bool all;
	struct suan_report r = {
		.run = run_of(s, s->words[1], &all), .kind = kind, .at_ms = s->k.now, .text = ""};

	if (kind == SUAN_REPORT_ENDED)
		r.outcome = (enum suan_outcome)find_word(s->words[2], outcome_word,
							 SUAN_OUT_UNKNOWN + 1);
	if (s->n > 3 && r.outcome == SUAN_OUT_SIGNALLED)
		r.signal = (int32_t)number(s->words[3]);
	else if (s->n > 3)
		r.exit_code = (int32_t)number(s->words[3]);
	kit_report(&s->k, &r);
}

static void do_command(struct scene *s, enum suan_event_type type)
{
	struct suan_event ev = {.type = type};
	struct suan_run_id r = run_of(s, s->words[1], &ev.u.target.all);

	ev.u.target.job = r.job;
	ev.u.target.index = r.index;
	if (type == SUAN_EV_PRIORITY)
		ev.u.target.priority = (int32_t)number(s->words[2]);
	kit_step(&s->k, &ev);
}

static void do_capacity(struct scene *s)
{
	struct suan_event ev = {.type = SUAN_EV_CAPACITY};

	ev.u.capacity.pool = suan_engine_find_pool(s->k.e, s->words[1], s->words[2]);
	ev.u.capacity.nodes = (uint32_t)number(s->words[3]);
	kit_step(&s->k, &ev);
}

static void do_reload(struct scene *s)
{
	struct suan_engine *next = NULL;
	struct suan_buf b;
	struct suan_err err = {0};

	suan_buf_init(&b, 0);
	if (suan_engine_save(s->k.e, &b, &err) != SUAN_OK ||
	    suan_engine_load(&next, b.data, b.len, &err) != SUAN_OK) {
		printf("Bail out! reload: %s\n", err.text);
		exit(1);
	}
	suan_buf_done(&b);
	suan_engine_free(s->k.e);
	s->k.e = next;
	s->k.fx.count = 0;
}

/* ---- questions ---- */

static void do_show(struct scene *s)
{
	struct suan_task_view t;
	struct suan_job_view v;
	bool all;
	struct suan_run_id r = run_of(s, s->words[1], &all);

	if (!suan_engine_job(s->k.e, r.job, &v)) {
		suan_buf_addf(&s->out, "> no job\n");
		return;
	}
	if (!all && suan_engine_task(s->k.e, r.job, r.index, &t)) {
		suan_buf_addf(&s->out, "> %s %s %" PRId64 " %" PRId64, suan_state_name(t.state),
			      suan_reason_name(t.reason), t.reason_a, t.reason_b);
		say_pool(s, t.pool);
	} else {
		suan_buf_addf(&s->out, "> %s %s %" PRId64 " %" PRId64, suan_state_name(v.state),
			      suan_reason_name(v.reason), v.reason_a, v.reason_b);
		say_pool(s, v.pool);
		for (int i = 0; i < SUAN_NSTATES && v.is_array; i++)
			if (v.counts[i])
				suan_buf_addf(&s->out, ", %u %s", v.counts[i],
					      suan_state_name((enum suan_state)i));
		if (v.predicted_start_ms)
			suan_buf_addf(&s->out, ", predicted %" PRId64, v.predicted_start_ms);
	}
	suan_buf_addc(&s->out, '\n');
}

static void do_why(struct scene *s)
{
	struct suan_candidate c[16];
	bool all;
	int64_t when;
	struct suan_run_id r = run_of(s, s->words[1], &all);
	uint32_t n = suan_engine_why(s->k.e, (struct suan_run_id){r.job, r.index, 0}, c, 16, &when);

	for (uint32_t i = 0; i < n && i < 16; i++) {
		suan_buf_adds(&s->out, ">");
		say_pool(s, c[i].pool);
		suan_buf_addf(&s->out, " %s", suan_reason_name(c[i].reason));
		if (c[i].start_ms != SUAN_FOREVER)
			suan_buf_addf(&s->out, " at %" PRId64, c[i].start_ms);
		suan_buf_addc(&s->out, '\n');
	}
}

/* ---- lines ---- */

static bool is(const struct scene *s, const char *word)
{
	return strcmp(s->words[0], word) == 0;
}

static bool quiet(struct scene *s)
{
	if (is(s, "site"))
		do_site(s);
	else if (is(s, "pool"))
		do_pool(s);
	else if (is(s, "at"))
		s->k.now = number(s->words[1]);
	else if (is(s, "reload"))
		do_reload(s);
	else if (is(s, "show"))
		do_show(s);
	else if (is(s, "why"))
		do_why(s);
	else
		return false;
	return true;
}

static void event(struct scene *s)
{
	if (is(s, "network")) {
		kit_network(&s->k);
		s->k.net.nsites = 0; /* the next one is written out anew */
	} else if (is(s, "policy")) {
		do_policy(s);
	} else if (is(s, "submit")) {
		do_submit(s);
	} else if (is(s, "pass")) {
		kit_pass(&s->k);
	} else if (is(s, "started")) {
		do_report(s, SUAN_REPORT_STARTED);
	} else if (is(s, "ended")) {
		do_report(s, SUAN_REPORT_ENDED);
	} else if (is(s, "state")) {
		kit_site_state(&s->k, s->words[1],
			       (enum suan_site_state)find_word(s->words[2], site_word, 3));
	} else if (is(s, "capacity")) {
		do_capacity(s);
	} else {
		do_command(s, (enum suan_event_type)find_word(s->words[0], event_word,
							      SUAN_EV_FORGET + 1));
	}
	say_effects(s);
}

static void line(struct scene *s, const char *text)
{
	char copy[256], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", text);
	s->n = 0;
	while (s->n < MOST_WORDS && (word = strtok_r(rest, " \t", &rest)))
		s->words[s->n++] = word;
	if (s->n == 0 || s->words[0][0] == '#')
		return;
	if (!quiet(s))
		event(s);
	if (!kit_good(&s->k)) {
		printf("Bail out! after \"%s\"\n", text);
		exit(1);
	}
}

/* The file anew; *ret_was as it is. Both end with NUL. */
static void play(const char *path, struct suan_buf *ret, struct suan_buf *ret_was)
{
	struct scene s;
	char text[256];
	FILE *f = fopen(path, "r");

	memset(&s, 0, sizeof(s));
	if (!f) {
		printf("Bail out! cannot read %s\n", path);
		exit(1);
	}
	kit_init(&s.k);
	suan_buf_init(&s.out, 0);
	while (fgets(text, sizeof(text), f)) {
		suan_buf_adds(ret_was, text);
		text[strcspn(text, "\n")] = '\0';
		if (text[0] == '>')
			continue;
		suan_buf_addf(&s.out, "%s\n", text);
		line(&s, text);
	}
	(void)fclose(f);
	*ret = s.out;
	kit_done(&s.k);
	suan_arena_done(&s.arena);
}

static void compare(const char *path, const char *name)
{
	struct suan_buf now, was;
	const char *a, *b;
	int at = 1;

	suan_buf_init(&was, 0);
	play(path, &now, &was);
	a = suan_buf_str(&was);
	b = suan_buf_str(&now);
	if (!ok(strcmp(a, b) == 0, "%s", name)) {
		while (*a && *a == *b) {
			at += *a == '\n';
			a++;
			b++;
		}
		while (a > suan_buf_str(&was) && a[-1] != '\n') {
			a--;
			b--;
		}
		printf("# line %d\n#  got: %.*s\n# want: %.*s\n", at, (int)strcspn(b, "\n"), b,
		       (int)strcspn(a, "\n"), a);
	}
	suan_buf_done(&now);
	suan_buf_done(&was);
}

static int scenario(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 4 && strcmp(d->d_name + n - 4, ".txt") == 0;
}

int main(int argc, char **argv)
{
	const char *source = getenv("SUAN_SOURCE");
	struct suan_buf now, was;
	struct dirent **list;
	char path[4096];
	int n;

	if (argc > 1) {
		suan_buf_init(&was, 0);
		play(argv[1], &now, &was);
		fputs(suan_buf_str(&now), stdout);
		suan_buf_done(&now);
		suan_buf_done(&was);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/tests/scenarios", source ? source : ".");
	n = scandir(path, &list, scenario, alphasort);
	ok(n >= 12, "%d scenarios", n);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/tests/scenarios/%s", source ? source : ".",
			 list[i]->d_name);
		compare(path, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return tap_done();
}
