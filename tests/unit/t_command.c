/* Commands beside the loop: what they print, how they end, and that the time limit holds. */
#include "lib/tap.h"

#include <stdlib.h>
#include <string.h>

#include "sys/command.h"

struct seen {
	struct suan_command_end end;
	char out[64], error[64];
	unsigned times;
	struct suan_loop *loop;
};

static void done(void *ctx, const struct suan_command_end *end)
{
	struct seen *s = ctx;

	s->end = *end;
	(void)snprintf(s->out, sizeof(s->out), "%s", end->out);
	(void)snprintf(s->error, sizeof(s->error), "%s", end->error);
	s->times++;
}

static const char *const env[] = {"PATH=/usr/bin:/bin", "WORD=there", NULL};

static enum suan_code start(struct seen *s, const char *script, int64_t limit_ms,
			    struct suan_command **ret)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct suan_command_spec spec = {.loop = s->loop,
					 .argv = argv,
					 .envp = env,
					 .limit_ms = limit_ms,
					 .most_bytes = 8,
					 .done = done,
					 .ctx = s};

	s->times = 0;
	return suan_command_start(ret, &spec, NULL);
}

static void run(struct seen *s, const char *script, int64_t limit_ms)
{
	struct suan_command *c;

	if (start(s, script, limit_ms, &c) != SUAN_OK)
		abort();
	while (!s->times)
		if (suan_loop_once(s->loop, 1000, NULL) != SUAN_OK)
			abort();
}

static void t_ends(struct seen *s)
{
	run(s, "echo $WORD", 60000);
	ok(s->end.ended && !s->end.signalled && s->end.code == 0, "ended with 0");
	is_str(s->out, "there\n", "its output, and its environment");
	ok(!s->end.cut && s->end.out_n == 6, "all of it");
	run(s, "echo first >&2; echo; echo last >&2; echo >&2; exit 3", 60000);
	ok(s->end.ended && s->end.code == 3, "ended with 3");
	is_str(s->error, "last", "the last line that says anything");
	run(s, "kill -9 $$", 60000);
	ok(s->end.signalled && s->end.code == 9, "ended by a signal");
	run(s, "echo 0123456789", 60000);
	ok(s->end.cut && strcmp(s->out, "01234567") == 0, "output is cut");
	run(s, "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done", 60000);
	ok(s->end.ended && s->end.code == 0 && s->end.cut, "more than a pipe holds");
	run(s, "sleep 1000 & exit 0", 60000);
	ok(s->end.ended && s->end.code == 0, "what it leaves behind is not waited for");
}

static void t_limit(struct seen *s)
{
	struct suan_command *c;
	const char *const none[] = {"no-such-program-here", NULL};
	struct suan_command_spec spec = {
		.loop = s->loop, .argv = none, .envp = env, .limit_ms = 1, .done = done};
	struct suan_err err = {0};

	run(s, "sleep 1000", 20);
	ok(!s->end.ended && s->end.signalled, "killed when its time is over");
	ok(start(s, "sleep 1000", 60000, &c) == SUAN_OK, "started");
	suan_command_cancel(c);
	is_int(suan_loop_once(s->loop, 0, NULL), SUAN_OK, "a round");
	is_int(s->times, 0, "a cancelled one tells nothing");
	is_int(suan_command_start(&c, &spec, &err), SUAN_ENOTFOUND, "no such program");
	ok(strstr(err.text, "no-such-program-here") != NULL, "%s", err.text);
	suan_command_cancel(NULL);
}

int main(void)
{
	struct seen s = {0};

	if (suan_loop_new(&s.loop, NULL) != SUAN_OK)
		abort();
	t_ends(&s);
	t_limit(&s);
	suan_loop_free(s.loop);
	return tap_done();
}
