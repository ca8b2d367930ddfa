/* A site's side with the fake driver: orders that come twice, stops at every moment, files in and
 * out, and what it says of runs that it does not know. */
#include "agent/agent.h"

#include <stdlib.h>

#include "lib/tap.h"
#include "sys/fs.h"
#include "wire/payload.h"

static struct suan_loop *loop;
static struct suan_workers *workers;
static char home[] = "/tmp/suan-t_agent-XXXXXX";

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
					   .workers = workers,
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
	struct suan_err err = {0};

	while (s->ended < count && suan_loop_once(loop, 1000, &err) == SUAN_OK)
		;
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
	snprintf(bad, sizeof(bad), "%s/files/runs/7_0.1", home);
	ok(!suan_fs_exists(bad), "its folder is dropped");
	suan_agent_close(a);
	suan_buf_done(&bytes);
}

int main(void)
{
	struct suan_err err = {0};

	if (!mkdtemp(home) || suan_loop_new(&loop, &err) != SUAN_OK ||
	    suan_workers_new(&workers, loop, 1, &err) != SUAN_OK) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	test_twice();
	test_stop();
	test_unknown();
	test_files();
	suan_workers_free(workers);
	suan_loop_free(loop);
	ok(suan_fs_remove_tree(home, &err) == SUAN_OK, "cleaned up");
	return tap_done();
}
