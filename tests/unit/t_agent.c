/* A site's side with the fake driver: orders that come twice, stops at every moment, files in and
 * out, and what it says of runs that it does not know. */
#include "agent/agent.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/oom.h"
#include "lib/tap.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "wire/payload.h"

static struct suan_loop *loop;
static char home[] = "/tmp/suan-t_agent-XXXXXX";

#define GUARD_US 60000000 /* a test that waits longer has failed */
#define HUGE	 ((off_t)1 << 40)
#define ENOUGH	 ((rlim_t)4 << 30) /* no file is written larger, should a test fail */

struct seen {
	unsigned started, ended;
	struct suan_report last;
	char text[256];
};

static void on_report(void *ctx, const struct suan_report *r)
{
	struct seen *s = ctx;

	s->started += r->kind == SUAN_REPORT_STARTED;
	s->ended += r->kind == SUAN_REPORT_ENDED;
	s->last = *r;
	snprintf(s->text, sizeof(s->text), "%s", r->text ? r->text : "");
}

static struct suan_agent *open_agent(const char *name, struct seen *s)
{
	char dir[128];
	struct suan_agent_config config = {.site = "s",
					   .driver = "fake",
					   .state_dir = dir,
					   .program = "/bin/true",
					   .loop = loop,
					   .grace_ms = 10,
					   .report = on_report,
					   .ctx = s};
	struct suan_agent *a = NULL;
	struct suan_err err = {0};

	snprintf(dir, sizeof(dir), "%s/%s", home, name);
	ok(suan_agent_open(&a, &config, &err) == SUAN_OK, "%s opens: %s", name, err.text);
	return a;
}

/* An order to start; the payload is encoded into *bytes, which must live as long as the order. */
static struct suan_order order(uint64_t job, const struct suan_payload *p, struct suan_buf *bytes)
{
	static const struct suan_place place = {0, 1};
	struct suan_order o = {.kind = SUAN_ORDER_START,
			       .run = {job, 0, 1},
			       .site = "s",
			       .hub = "h",
			       .pool = "p",
			       .job_name = "n",
			       .user = "u",
			       .account = "",
			       .req = {.tasks = 1, .cores = 1},
			       .places = &place,
			       .nplaces = 1,
			       .walltime_ms = 60000};
	struct suan_err err = {0};

	suan_buf_init(bytes, 0);
	if (suan_payload_put(bytes, p, &err) != SUAN_OK)
		ok(false, "payload: %s", err.text);
	o.payload = bytes->data;
	o.payload_len = bytes->len;
	o.env = "";
	return o;
}

static struct suan_payload command(const char **argv, uint32_t n)
{
	return (struct suan_payload){.command = argv,
				     .ncommand = n,
				     .script = "",
				     .dir = "",
				     .stdin_path = "",
				     .stdout_path = "",
				     .stderr_path = ""};
}

static void until_ended(struct seen *s, unsigned count)
{
	int64_t until = suan_clock_mono_us() + GUARD_US;
	struct suan_err err = {0};

	while (s->ended < count && suan_clock_mono_us() < until)
		if (suan_loop_once(loop, 1000, &err) != SUAN_OK)
			abort();
}

static void send(struct suan_agent *a, enum suan_order_kind kind, struct suan_run_id run)
{
	struct suan_order o = {.kind = kind, .run = run};

	suan_agent_orders(a, &o, 1);
}

static void test_twice(void)
{
	const char *argv[] = {"fake", "exit", "3", NULL};
	struct suan_payload p = command(argv, 3);
	struct seen s = {0};
	struct suan_buf bytes;
	struct suan_agent *a = open_agent("twice", &s);
	struct suan_order o = order(1, &p, &bytes);

	suan_agent_orders(a, &o, 1);
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 1);
	is_int(s.started, 1, "started once");
	is_int(s.last.outcome, SUAN_OUT_EXITED, "exited");
	is_int(s.last.exit_code, 3, "with its code");
	suan_agent_orders(a, &o, 1);
	is_int(s.ended, 2, "asked again: tells its end again");
	is_int(s.started, 1, "and does not start again");
	send(a, SUAN_ORDER_FORGET, o.run);
	suan_agent_close(a);
	suan_buf_done(&bytes);
}

static void test_stop(void)
{
	const char *argv[] = {"fake", "exit", "0", "after", "600000", NULL};
	struct suan_payload p = command(argv, 5);
	struct seen s = {0};
	struct suan_buf bytes;
	struct suan_agent *a = open_agent("stop", &s);
	struct suan_order o = order(2, &p, &bytes);

	send(a, SUAN_ORDER_STOP, o.run);
	is_int(s.ended, 0, "a stop for a run it never had is nothing");
	suan_agent_orders(a, &o, 1);
	send(a, SUAN_ORDER_STOP, o.run);
	until_ended(&s, 1);
	is_int(s.last.outcome, SUAN_OUT_CANCELLED, "stopped");
	suan_agent_close(a);
	suan_buf_done(&bytes);
}

static void test_unknown(void)
{
	const char *argv[] = {"fake", "exit", "0", NULL};
	struct suan_payload p = command(argv, 3);
	struct seen s = {0};
	struct suan_buf bytes;
	struct suan_agent *a = open_agent("unknown", &s);
	struct suan_order o = order(3, &p, &bytes);

	o.staged = o.started = true;
	suan_agent_orders(a, &o, 1);
	is_int(s.last.outcome, SUAN_OUT_UNKNOWN, "one that was started but is not here");
	is_int(s.started, 0, "is not started again");
	suan_buf_done(&bytes);
	o = order(4, &p, &bytes);
	o.staged = true;
	suan_agent_orders(a, &o, 1);
	is_int(s.last.outcome, SUAN_OUT_UNKNOWN, "nor one that a lost state folder may have had");
	suan_agent_close(a);
	a = open_agent("unknown", &s);
	o.run.job = 5;
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 3);
	is_int(s.last.outcome, SUAN_OUT_EXITED,
	       "with its memory intact it was never started: runs");
	suan_agent_close(a);
	suan_buf_done(&bytes);
}

/* ---- files that take long ---- */

/* A file that nobody can copy in the time of a test. */
static const char *huge(const char *name)
{
	static char path[128];
	struct rlimit before, none;
	int fd;

	(void)getrlimit(RLIMIT_FSIZE, &before);
	none = before;
	none.rlim_cur = none.rlim_max;
	(void)setrlimit(RLIMIT_FSIZE, &none);
	snprintf(path, sizeof(path), "%s/%s", home, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, HUGE) < 0 || close(fd) < 0)
		abort();
	(void)setrlimit(RLIMIT_FSIZE, &before);
	return path;
}

/* Names in a folder of the test that hold `part`. */
static size_t count_in(const char *dir, const char *part)
{
	struct suan_err err;
	struct suan_buf names;
	char path[160];
	size_t n = 0, found = 0;
	const char *p;

	snprintf(path, sizeof(path), "%s/%s", home, dir);
	suan_buf_init(&names, 0);
	if (suan_fs_list(path, &names, &n, &err) != SUAN_OK)
		n = 0;
	p = names.data;
	for (; n; n--, p += strlen(p) + 1)
		found += strstr(p, part) != NULL;
	suan_buf_done(&names);
	return found;
}

static void until_count(const char *dir, const char *part, size_t want)
{
	int64_t until = suan_clock_mono_us() + GUARD_US;
	struct suan_err err;

	while (count_in(dir, part) != want && suan_clock_mono_us() < until)
		if (suan_loop_once(loop, 1, &err) != SUAN_OK)
			abort();
	is_int((long long)count_in(dir, part), (long long)want, dir);
}

static void test_files(void)
{
	const char *argv[] = {"fake", "exit", "0", NULL};
	char from[128], back[128], bad[128];
	struct suan_stage in = {"in/data", from, ""}, out = {"in/data", back, ""};
	struct suan_payload p = command(argv, 3);
	struct suan_err err = {0};
	struct seen s = {0};
	struct suan_buf bytes, text;
	struct suan_agent *a = open_agent("files", &s);
	struct suan_order o;

	snprintf(from, sizeof(from), "%s/from", home);
	snprintf(back, sizeof(back), "%s/back-%%j", home);
	snprintf(bad, sizeof(bad), "%s/back-6", home);
	ok(suan_fs_write(from, "hello", 5, 0644, false, &err) == SUAN_OK, "a file to bring in");
	p.inputs = &in;
	p.outputs = &out;
	p.ninputs = p.noutputs = 1;
	o = order(6, &p, &bytes);
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 1);
	is_int(s.last.outcome, SUAN_OUT_EXITED, "ran with its files");
	suan_buf_init(&text, 0);
	ok(suan_fs_read(bad, &text, &err) == SUAN_OK, "the output came back under its pattern");
	is_str(suan_buf_str(&text), "hello", "unchanged");
	suan_buf_done(&text);
	suan_buf_done(&bytes);
	in.sha256 = "00";
	o = order(7, &p, &bytes);
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 2);
	is_int(s.last.outcome, SUAN_OUT_STAGING_FAILED, "wrong digest");
	ok(strstr(s.text, "SHA-256"), "in words: %s", s.text);
	is_int(s.started, 1, "never started");
	send(a, SUAN_ORDER_FORGET, o.run);
	send(a, SUAN_ORDER_DROP, (struct suan_run_id){.job = 7});
	until_count("files/runs", "7_0.1", 0);
	suan_agent_close(a);
	suan_buf_done(&bytes);
}

static void test_stop_while_staging_in(void)
{
	const char *argv[] = {"fake", "exit", "0", NULL};
	struct suan_stage in = {"data", huge("huge-in"), ""};
	struct suan_payload p = command(argv, 3);
	struct seen s = {0}, other = {0};
	struct suan_agent *a = open_agent("slow", &s), *b = open_agent("quick", &other);
	struct suan_order o[3], small;
	struct suan_buf bytes[3], small_bytes;
	char from[128];
	struct suan_stage little = {"data", from, ""};
	struct suan_err err;

	p.inputs = &in;
	p.ninputs = 1;
	for (int i = 0; i < 3; i++)
		o[i] = order(20 + (uint64_t)i, &p, &bytes[i]);
	suan_agent_orders(a, o, 3);
	until_count("slow/runs/20_0.1", "tmp", 1);
	until_count("slow/runs/21_0.1", "tmp", 1);
	send(a, SUAN_ORDER_STOP, o[2].run);
	is_int(s.ended, 1, "one that waits for its turn is stopped at once");
	is_int(s.last.outcome, SUAN_OUT_CANCELLED, "cancelled");

	snprintf(from, sizeof(from), "%s/little", home);
	ok(suan_fs_write(from, "hello", 5, 0644, false, &err) == SUAN_OK, "a little file");
	p.inputs = &little;
	small = order(23, &p, &small_bytes);
	suan_agent_orders(b, &small, 1);
	until_ended(&other, 1);
	is_int(other.last.outcome, SUAN_OUT_EXITED, "another site's files do not wait");
	is_int(s.ended, 1, "for these");

	send(a, SUAN_ORDER_STOP, o[0].run);
	until_ended(&s, 2);
	is_int(s.last.outcome, SUAN_OUT_CANCELLED, "one under way is stopped too");
	until_count("slow/runs", "20_0.1", 0);

	suan_agent_close(a);
	ok(s.ended == 2, "a copy does not hold up the end of the service");
	is_int((long long)count_in("slow/runs/21_0.1", ""), 0, "and nothing half done stays");
	suan_buf_done(&bytes[1]);
	p.inputs = &little;
	o[1] = order(21, &p, &bytes[1]);
	o[1].staged = true;
	snprintf(from, sizeof(from), "%s/slow/runs/21_0.1/data.tmp-0", home);
	ok(suan_fs_write(from, "x", 1, 0644, false, &err) == SUAN_OK, "as after a kill");
	snprintf(from, sizeof(from), "%s/little", home);
	a = open_agent("slow", &s);
	suan_agent_orders(a, &o[1], 1);
	until_ended(&s, 3);
	is_int(s.last.outcome, SUAN_OUT_EXITED, "staged anew after the next start");
	is_int((long long)count_in("slow/runs/21_0.1", ""), 1, "and cleanly");
	suan_agent_close(a);
	suan_agent_close(b);
	for (int i = 0; i < 3; i++)
		suan_buf_done(&bytes[i]);
	suan_buf_done(&small_bytes);
}

static void test_stop_while_staging_out(void)
{
	const char *argv[] = {"fake", "exit", "0", "after", "40", NULL};
	char file[128], back[128];
	struct suan_stage out = {file, back, ""};
	struct suan_payload p = command(argv, 5);
	struct seen s = {0};
	struct suan_agent *a = open_agent("out", &s);
	struct suan_order o, other;
	struct suan_buf bytes, other_bytes;

	snprintf(file, sizeof(file), "%s", huge("huge-out"));
	snprintf(back, sizeof(back), "%s/results/%%j", home);
	p.outputs = &out;
	p.noutputs = 1;
	o = order(30, &p, &bytes);
	other = order(31, &p, &other_bytes);
	suan_agent_orders(a, &o, 1);
	until_count("results", "30.tmp", 1);
	send(a, SUAN_ORDER_STOP, o.run);
	until_ended(&s, 1);
	is_int(s.last.outcome, SUAN_OUT_CANCELLED, "stopped while its outputs were copied");
	is_int(s.last.usage.cpu_ms, 40, "what it used is told");
	ok(strstr(s.text, "kept in"), "and where they are: %s", s.text);
	is_int((long long)count_in("results", ""), 0, "nothing half done stays");

	send(a, SUAN_ORDER_FORGET, o.run);
	suan_agent_orders(a, &other, 1);
	until_count("results", "31.tmp", 1);
	suan_agent_close(a);
	is_int((long long)count_in("results", ""), 0, "nor at the end of the service");
	is_int(s.ended, 1, "which tells nothing");
	ok(truncate(file, 5) == 0, "a smaller file");
	a = open_agent("out", &s);
	other.staged = other.started = true;
	suan_agent_orders(a, &other, 1);
	until_ended(&s, 2);
	is_int(s.last.outcome, SUAN_OUT_EXITED, "the next brings them back");
	is_int((long long)count_in("results", "31"), 1, "there they are");
	suan_agent_close(a);
	suan_buf_done(&bytes);
	suan_buf_done(&other_bytes);
}

static void test_outputs_missing(void)
{
	const char *argv[] = {"fake", "exit", "0", "after", "30", NULL};
	struct suan_stage out = {"none", "/tmp/none", ""};
	struct suan_payload p = command(argv, 5);
	struct seen s = {0};
	struct suan_agent *a = open_agent("missing", &s);
	struct suan_buf bytes;
	struct suan_order o;

	p.outputs = &out;
	p.noutputs = 1;
	o = order(40, &p, &bytes);
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 1);
	is_int(s.last.outcome, SUAN_OUT_STAGING_FAILED, "outputs that are not there");
	is_int(s.last.usage.cpu_ms, 30, "what it used is told all the same");
	ok(strstr(s.text, "none") && strstr(s.text, "No such file"), "text: %s", s.text);
	o.staged = o.started = true;
	suan_agent_orders(a, &o, 1);
	is_int(s.last.outcome, SUAN_OUT_STAGING_FAILED, "told again, it is the same");
	suan_agent_close(a);
	suan_buf_done(&bytes);
}

/* ---- faults of the site ---- */

static void test_faults_of_the_site(void)
{
	const char *argv[] = {"fake", "exit", "0", NULL};
	struct suan_stage in = {"data", huge("huge-full"), ""};
	struct suan_payload p = command(argv, 3);
	struct seen s = {0};
	struct suan_agent *a = open_agent("faulty", &s);
	struct rlimit before, small;
	struct suan_buf bytes;
	struct suan_order o;
	struct suan_err err;
	char runs[128];

	p.inputs = &in;
	p.ninputs = 1;
	(void)getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 100000;
	(void)setrlimit(RLIMIT_FSIZE, &small);
	o = order(50, &p, &bytes);
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 1);
	(void)setrlimit(RLIMIT_FSIZE, &before);
	is_int(s.last.outcome, SUAN_OUT_NOT_STARTED, "no room for the inputs");
	ok(strstr(s.text, "File too large"), "text: %s", s.text);
	until_count("faulty/runs", "50_0.1", 0);
	suan_buf_done(&bytes);

	in.url = "/no/such/input";
	o = order(51, &p, &bytes);
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 2);
	is_int(s.last.outcome, SUAN_OUT_STAGING_FAILED, "an input that is missing is the job's");
	suan_buf_done(&bytes);

	snprintf(runs, sizeof(runs), "%s/faulty/runs", home);
	ok(suan_fs_remove_tree(runs, &err) == SUAN_OK &&
		   suan_fs_write(runs, "", 0, 0600, false, &err) == SUAN_OK,
	   "no folders can be made");
	p.ninputs = 0;
	o = order(52, &p, &bytes);
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 3);
	is_int(s.last.outcome, SUAN_OUT_NOT_STARTED, "no folder for the run");
	ok(strstr(s.text, "cannot make the folder"), "text: %s", s.text);
	suan_agent_close(a);
	suan_buf_done(&bytes);
}

static void test_no_memory(void)
{
	const char *argv[] = {"fake", "exit", "0", NULL};
	char from[128];
	struct suan_stage in = {"data", from, ""};
	struct suan_payload p = command(argv, 3);
	struct seen s = {0};
	struct suan_agent *a = open_agent("poor", &s);
	struct suan_err err;
	unsigned bad = 0, runs = 0, refused = 0;

	snprintf(from, sizeof(from), "%s/little", home);
	ok(suan_fs_write(from, "hello", 5, 0644, false, &err) == SUAN_OK, "a little file");
	p.inputs = &in;
	for (int with = 0; with < 2; with++) {
		p.ninputs = (uint32_t)with;
		for (unsigned n = 1; oom_next(n); n++) {
			struct suan_buf bytes;
			struct suan_order o = order(1000 + runs, &p, &bytes);

			oom_arm(n);
			suan_agent_orders(a, &o, 1);
			(void)oom_disarm();
			until_ended(&s, ++runs);
			refused += s.last.outcome == SUAN_OUT_NOT_STARTED;
			bad += s.last.outcome != SUAN_OUT_NOT_STARTED &&
			       s.last.outcome != SUAN_OUT_EXITED;
			suan_buf_done(&bytes);
		}
		oom.hit = false;
	}
	is_int(s.ended, runs, "each is told once");
	is_int(bad, 0, "no job fails because the site has no memory");
	ok(refused > 5 || !oom_works(), "%u of %u went elsewhere", refused, runs);
	suan_agent_close(a);
}

/* ---- folders of forgotten jobs ---- */

static void test_drop(void)
{
	const char *argv[] = {"fake", "exit", "0", NULL};
	struct suan_payload p = command(argv, 3);
	struct seen s = {0};
	struct suan_agent *a = open_agent("drop", &s);
	struct suan_buf bytes;
	struct suan_order o = order(60, &p, &bytes);
	struct suan_err err;
	char foreign[128];

	for (o.run.index = 0; o.run.index < 300; o.run.index++)
		suan_agent_orders(a, &o, 1);
	o.run = (struct suan_run_id){61, 0, 1};
	suan_agent_orders(a, &o, 1);
	until_ended(&s, 301);
	is_int((long long)count_in("drop/runs", "60_"), 300, "300 folders");
	send(a, SUAN_ORDER_DROP, (struct suan_run_id){.job = 60});
	ok(count_in("drop/runs", "60_") >= 300 - 64, "are not removed in one go");
	suan_agent_close(a);
	ok(count_in("drop/runs", "60_") >= 300 - 64, "nor is the end of the service held up");
	a = open_agent("drop", &s);
	until_count("drop/runs", "60_", 0);
	is_int((long long)count_in("drop/runs", "61_"), 1, "others stay");
	until_count("drop", "drops", 0);
	snprintf(foreign, sizeof(foreign), "%s/drop/runs/62_0.1", home);
	ok(suan_fs_mkdirs(foreign, 0700, &err) == SUAN_OK, "a folder that appears by itself");
	send(a, SUAN_ORDER_DROP, (struct suan_run_id){.job = 62});
	send(a, SUAN_ORDER_DROP, (struct suan_run_id){.job = 61});
	until_count("drop/runs", "61_", 0);
	ok(suan_fs_exists(foreign), "the folder of runs is not read for each job");
	suan_agent_close(a);
	suan_buf_done(&bytes);
}

int main(void)
{
	struct rlimit limit;
	struct suan_err err = {0};

	if (!mkdtemp(home) || suan_loop_new(&loop, &err) != SUAN_OK) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = ENOUGH;
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	test_twice();
	test_stop();
	test_unknown();
	test_files();
	test_stop_while_staging_in();
	test_stop_while_staging_out();
	test_outputs_missing();
	test_faults_of_the_site();
	test_no_memory();
	test_drop();
	suan_loop_free(loop);
	ok(suan_fs_remove_tree(home, &err) == SUAN_OK, "cleaned up");
	return tap_done();
}
