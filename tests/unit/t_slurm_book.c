/* What Slurm was given, kept over restarts. */
#include "lib/tap.h"

#include <stdlib.h>
#include <string.h>

#include "driver/slurm_book.h"
#include "sys/fs.h"

struct list {
	struct suan_slurm_entry e[8];
	char text[8][64];
	unsigned n;
};

static bool keep(void *ctx, const struct suan_slurm_entry *e)
{
	struct list *l = ctx;

	(void)snprintf(l->text[l->n], sizeof(l->text[0]), "%s", e->end.text);
	l->e[l->n++] = *e;
	return true;
}

static bool refuse(void *ctx, const struct suan_slurm_entry *e)
{
	(void)ctx;
	(void)e;
	return false;
}

static void open_book(struct suan_slurm_book **b, const char *path)
{
	struct suan_err err = {0};

	if (suan_slurm_book_open(b, path, &err) != SUAN_OK) {
		printf("# %s\n", err.text);
		abort();
	}
}

static void t_kept(const char *path)
{
	struct suan_slurm_book *b;
	struct suan_slurm_entry e = {.id = {7, 1, 2}, .element = 1};
	struct list l = {0};
	char name[16];
	uint64_t first, second;

	open_book(&b, path);
	(void)snprintf(name, sizeof(name), "%s", suan_slurm_book_name(b));
	ok(strlen(name) == 8, "a name: %s", name);
	if (suan_slurm_book_begin(b, NULL) != SUAN_OK ||
	    suan_slurm_book_batch(b, &first, NULL) != SUAN_OK)
		abort();
	e.batch = first;
	is_int(suan_slurm_book_run(b, &e, NULL), SUAN_OK, "a run");
	e.id.index = e.element = 0;
	is_int(suan_slurm_book_run(b, &e, NULL), SUAN_OK, "another");
	is_int(suan_slurm_book_commit(b, NULL), SUAN_OK, "on the disk");
	if (suan_slurm_book_begin(b, NULL) != SUAN_OK ||
	    suan_slurm_book_batch(b, &second, NULL) != SUAN_OK)
		abort();
	ok(second > first, "numbers go up");
	suan_slurm_book_undo(b);
	e.ended = true;
	e.stop_ms = 5;
	e.grace_ms = 6;
	e.end = (struct suan_report){.at_ms = 9,
				     .outcome = SUAN_OUT_SIGNALLED,
				     .exit_code = 1,
				     .signal = 15,
				     .usage = {.cpu_ms = 44},
				     .text = "it's over"};
	if (suan_slurm_book_begin(b, NULL) != SUAN_OK)
		abort();
	is_int(suan_slurm_book_run(b, &e, NULL), SUAN_OK, "the end of one");
	is_int(suan_slurm_book_commit(b, NULL), SUAN_OK, "on the disk");
	suan_slurm_book_close(b);

	open_book(&b, path);
	is_str(suan_slurm_book_name(b), name, "the same name");
	is_int(suan_slurm_book_each(b, keep, &l, NULL), SUAN_OK, "read");
	is_int(l.n, 2, "two runs");
	ok(l.e[0].id.index == 0 && l.e[1].id.index == 1 && l.e[0].batch == first, "in order");
	ok(l.e[0].ended && l.e[0].stop_ms == 5 && l.e[0].grace_ms == 6 && l.e[0].end.at_ms == 9 &&
		   l.e[0].end.outcome == SUAN_OUT_SIGNALLED && l.e[0].end.signal == 15 &&
		   l.e[0].end.usage.cpu_ms == 44 && strcmp(l.text[0], "it's over") == 0,
	   "the end is there");
	ok(!l.e[1].ended && l.e[1].element == 1, "the other has none");
	is_int(suan_slurm_book_each(b, refuse, NULL, NULL), SUAN_ENOMEM, "broken off");
	if (suan_slurm_book_begin(b, NULL) != SUAN_OK ||
	    suan_slurm_book_forget(b, (struct suan_run_id){7, 0, 2}, NULL) != SUAN_OK ||
	    suan_slurm_book_batch(b, &second, NULL) != SUAN_OK ||
	    suan_slurm_book_commit(b, NULL) != SUAN_OK)
		abort();
	ok(second > first, "no number is given twice");
	l.n = 0;
	is_int(suan_slurm_book_each(b, keep, &l, NULL), SUAN_OK, "read");
	ok(l.n == 1 && l.e[0].id.index == 1, "one is forgotten");
	suan_slurm_book_close(b);
}

static void t_damaged(const char *path)
{
	struct suan_slurm_book *b = NULL;
	struct suan_err err = {0};

	if (suan_fs_write(path, "nonsense, and enough of it to be read as a page", 47, 0600, false,
			  NULL) != SUAN_OK)
		abort();
	is_int(suan_slurm_book_open(&b, path, &err), SUAN_ECORRUPT, "not a book");
	ok(!b && strstr(err.text, path), "%s", err.text);
	is_int(suan_slurm_book_open(&b, "/no/such/folder/book", &err), SUAN_EIO, "no folder");
	suan_slurm_book_close(NULL);
}

int main(void)
{
	char folder[] = "/tmp/suan-t_slurm_book-XXXXXX", path[64];

	if (!mkdtemp(folder))
		abort();
	(void)snprintf(path, sizeof(path), "%s/book.db", folder);
	t_kept(path);
	(void)snprintf(path, sizeof(path), "%s/bad.db", folder);
	t_damaged(path);
	if (suan_fs_remove_tree(folder, NULL) != SUAN_OK)
		abort();
	return tap_done();
}
