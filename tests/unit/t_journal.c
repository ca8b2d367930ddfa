/* The shepherd's journal: what was written is read; damage is cut off; failures change nothing. */
#include "lib/tap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver/journal.h"
#include "sys/fs.h"

static char top[] = "/tmp/suan-t_journal-XXXXXX";
static char path[100];
static struct suan_err err;

static bool cannot_cut; /* files */

int ftruncate(int fd, off_t size)
{
	if (!cannot_cut)
		return (int)syscall(SYS_ftruncate, fd, size);
	errno = EIO;
	return -1;
}

struct story {
	int records, forgets;
	struct suan_herd_run last;
};

static void tell(void *ctx, const struct suan_herd_run *run, bool forgotten)
{
	struct story *s = ctx;

	s->records++;
	s->forgets += forgotten;
	s->last = *run;
}

static struct suan_journal *reopen(struct suan_journal *j, struct story *s)
{
	*s = (struct story){0};
	suan_journal_close(j);
	j = NULL;
	ok(suan_journal_open(&j, path, tell, s, &err) == SUAN_OK, "open %s", err.text);
	return j;
}

static void put(struct suan_journal *j, uint64_t job)
{
	struct suan_herd_run r = {.id = {job, 1, 2}, .state = SUAN_HERD_STARTED, .pid = 77};

	if (suan_journal_put(j, &r) != SUAN_OK)
		abort();
}

static void test_fields(void)
{
	struct suan_herd_run r = {.id = {UINT64_MAX, 3, 4},
				  .state = SUAN_HERD_ENDED,
				  .pid = 5,
				  .start_ticks = 6,
				  .start_ms = 7,
				  .walltime_ms = INT64_MAX,
				  .grace_ms = 9,
				  .memory_bytes = 10,
				  .ending = SUAN_OUT_TIMEOUT,
				  .end_ms = 12,
				  .outcome = SUAN_OUT_MEMORY,
				  .exit_code = -1,
				  .signal = 15,
				  .usage = {16, 17, 18, 19},
				  .text = "why"};
	struct suan_journal *j = NULL;
	struct story s;

	j = reopen(j, &s);
	is_str(suan_journal_boot_id(j), "", "a new one has no boot id");
	ok(suan_journal_begin(j, "boot-1") == SUAN_OK && suan_journal_commit(j, &err) == SUAN_OK,
	   "begin");
	ok(suan_journal_put(j, &r) == SUAN_OK && suan_journal_write(j, true, &err) == SUAN_OK,
	   "write");
	j = reopen(j, &s);
	is_str(suan_journal_boot_id(j), "boot-1", "boot id");
	ok(s.records == 1 && memcmp(&s.last.usage, &r.usage, sizeof(r.usage)) == 0, "read back");
	ok(suan_herd_same(s.last.id, r.id) && s.last.state == r.state && s.last.pid == 5 &&
		   s.last.start_ticks == 6 && s.last.start_ms == 7 &&
		   s.last.walltime_ms == INT64_MAX && s.last.grace_ms == 9 &&
		   s.last.memory_bytes == 10,
	   "what was known at the start");
	ok(s.last.ending == SUAN_OUT_TIMEOUT && s.last.end_ms == 12 &&
		   s.last.outcome == SUAN_OUT_MEMORY && s.last.exit_code == -1 &&
		   s.last.signal == 15,
	   "and at the end");
	is_str(s.last.text, "why", "text");
	ok(suan_journal_forget(j, r.id) == SUAN_OK, "forget");
	ok(suan_journal_pending(j), "waits for a write");
	j = reopen(j, &s);
	is_int(s.forgets, 0, "not written, not there");
	ok(suan_journal_forget(j, r.id) == SUAN_OK && suan_journal_write(j, false, &err) == SUAN_OK,
	   "forget");
	j = reopen(j, &s);
	is_int(s.forgets, 1, "written");
	suan_journal_close(j);
}

static void test_damage(void)
{
	struct suan_journal *j = NULL;
	struct suan_buf b;
	struct story s;
	size_t whole, n;
	int wrong = 0;

	(void)unlink(path);
	j = reopen(j, &s);
	for (uint64_t i = 1; i <= 3; i++)
		put(j, i);
	ok(suan_journal_write(j, false, &err) == SUAN_OK, "three records");
	whole = suan_journal_bytes(j);
	suan_journal_close(j);
	suan_buf_init(&b, 0);
	if (suan_fs_read(path, &b, &err) != SUAN_OK)
		abort();
	is_int(b.len, whole, "size");
	for (n = 0; n < whole; n++) { /* cut at each byte; then one byte wrong */
		for (int flip = 0; flip < 2; flip++) {
			struct story t = {0};

			b.data[n] = (char)(b.data[n] ^ (flip ? 0x20 : 0));
			if (suan_fs_write(path, b.data, flip ? whole : n, 0600, false, &err) !=
			    SUAN_OK)
				abort();
			b.data[n] = (char)(b.data[n] ^ (flip ? 0x20 : 0));
			j = NULL;
			if (suan_journal_open(&j, path, tell, &t, &err) != SUAN_OK)
				abort();
			wrong += t.records != (int)(n / (whole / 3));
			put(j, 9);
			if (suan_journal_write(j, false, &err) != SUAN_OK)
				abort();
			suan_journal_close(j);
			j = NULL;
			t = (struct story){0};
			if (suan_journal_open(&j, path, tell, &t, &err) != SUAN_OK)
				abort();
			wrong += t.last.id.job != 9;
			suan_journal_close(j);
		}
	}
	is_int(wrong, 0, "all records before the damage, and it can be added to");
	suan_buf_done(&b);
}

static void test_rewrite(void)
{
	struct suan_journal *j = NULL;
	struct story s;

	(void)unlink(path);
	j = reopen(j, &s);
	for (uint64_t i = 0; i < 100; i++)
		put(j, i);
	ok(suan_journal_write(j, false, &err) == SUAN_OK, "many");
	ok(suan_journal_begin(j, "boot-2") == SUAN_OK, "anew");
	put(j, 42);
	ok(suan_journal_commit(j, &err) == SUAN_OK, "commit %s", err.text);
	put(j, 43);
	ok(suan_journal_write(j, false, &err) == SUAN_OK, "goes on in the new one");
	j = reopen(j, &s);
	ok(s.records == 2 && s.last.id.job == 43, "the new one has what matters");
	is_str(suan_journal_boot_id(j), "boot-2", "and its boot id");
	suan_journal_close(j);
}

/* A file that may not grow: the kernel writes a piece of the record, then none. */
static void test_full(void)
{
	struct rlimit before, small;
	struct suan_journal *j = NULL;
	struct story s;

	(void)unlink(path);
	j = reopen(j, &s);
	put(j, 1);
	ok(suan_journal_write(j, false, &err) == SUAN_OK, "first");
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = suan_journal_bytes(j) + 5;
	(void)setrlimit(RLIMIT_FSIZE, &small);
	put(j, 2);
	ok(suan_journal_write(j, false, &err) != SUAN_OK, "no space: %s", err.text);
	ok(suan_journal_pending(j), "the record waits");
	(void)setrlimit(RLIMIT_FSIZE, &before);
	ok(suan_journal_write(j, false, &err) == SUAN_OK, "space again");
	j = reopen(j, &s);
	ok(s.records == 2 && s.last.id.job == 2, "nothing is torn or lost");
	suan_journal_close(j);
}

/* A write is torn and what is torn cannot be cut off at once: nothing may be put behind it. */
static void test_torn(void)
{
	struct rlimit before, small;
	struct suan_spawn_note note;
	struct suan_journal *j = NULL;
	struct story s;

	(void)unlink(path);
	j = reopen(j, &s);
	put(j, 1);
	ok(suan_journal_write(j, false, &err) == SUAN_OK, "first");
	(void)getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = suan_journal_bytes(j) + 5;
	(void)setrlimit(RLIMIT_FSIZE, &small);
	cannot_cut = true;
	put(j, 2);
	ok(suan_journal_write(j, false, &err) != SUAN_OK, "torn: %s", err.text);
	(void)setrlimit(RLIMIT_FSIZE, &before);
	ok(suan_journal_write(j, false, &err) != SUAN_OK, "still torn: %s", err.text);
	ok(suan_journal_note(j, (struct suan_run_id){3, 0, 1}, &note) != SUAN_OK,
	   "no child may write either");
	cannot_cut = false;
	ok(suan_journal_write(j, false, &err) == SUAN_OK, "cut and written");
	j = reopen(j, &s);
	ok(s.records == 2 && s.last.id.job == 2, "all is read back");
	suan_journal_close(j);
}

int main(void)
{
	if (!mkdtemp(top))
		abort();
	(void)snprintf(path, sizeof(path), "%s/journal", top);
	test_fields();
	test_damage();
	test_rewrite();
	test_full();
	test_torn();
	ok(suan_fs_remove_tree(top, &err) == SUAN_OK, "tidy");
	return tap_done();
}
