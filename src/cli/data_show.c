#include "cli/data_show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"

#define BAR 20

static const char *text_of(const json_t *row, const char *member)
{
	const char *s = json_string_value(json_object_get(row, member));

	return s ? s : "";
}

static int64_t number_of(const json_t *row, const char *member)
{
	return json_integer_value(json_object_get(row, member));
}

/* ---- cells ---- */

static void add_size(int64_t bytes, struct suan_buf *out)
{
	char size[32];

	suan_format_size((uint64_t)bytes, size);
	suan_buf_adds(out, bytes > 0 ? size : "-");
}

static void fill_bytes(const json_t *row, struct suan_buf *out)
{
	add_size(number_of(row, "bytes"), out);
}

static void fill_copies(const json_t *row, struct suan_buf *out)
{
	suan_buf_addf(out, "%lld/%lld", (long long)number_of(row, "complete"),
		      (long long)number_of(row, "copies"));
}

/* Where complete copies are; in brackets where they are not. */
static void fill_at(const json_t *row, struct suan_buf *out)
{
	const json_t *r;
	size_t i;

	json_array_foreach (json_object_get(row, "replicas"), i, r) {
		bool complete = strcmp(text_of(r, "state"), "COMPLETE") == 0;

		suan_buf_adds(out, i ? "," : "");
		suan_buf_adds(out, complete ? "" : "(");
		suan_cli_add_clean(out, text_of(r, "site"));
		suan_buf_adds(out, complete ? "" : ")");
	}
}

static void fill_expires(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "expires")), out);
}

static void fill_used(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "used")), out);
}

static void fill_checked(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "checked")), out);
}

static void fill_begin(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "begin")), out);
}

static void fill_eta(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "eta")), out);
}

static void fill_from(const json_t *row, struct suan_buf *out)
{
	suan_cli_add_clean(out, json_object_get(row, "from") && text_of(row, "from")[0]
					? text_of(row, "from") : "-");
}

static unsigned percent(const json_t *transfer)
{
	int64_t bytes = number_of(transfer, "bytes"), done = number_of(transfer, "done");

	if (bytes <= 0 || done <= 0)
		return 0;
	return done >= bytes ? 100 : (unsigned)((double)done * 100.0 / (double)bytes);
}

static void fill_done(const json_t *row, struct suan_buf *out)
{
	if (number_of(row, "bytes") > 0)
		suan_buf_addf(out, "%u%%", percent(row));
	else
		add_size(number_of(row, "done"), out);
}

static void fill_rate(const json_t *row, struct suan_buf *out)
{
	add_size(number_of(row, "rate"), out);
	if (number_of(row, "rate") > 0)
		suan_buf_adds(out, "/s");
}

static void fill_progress(const json_t *row, struct suan_buf *out)
{
	const json_t *x = json_object_get(row, "transfer");

	if (!json_is_object(x))
		return;
	suan_buf_addf(out, "%s ", text_of(x, "kind"));
	fill_done(x, out);
}

/* ---- tables ---- */

static const struct suan_column data_columns[] = {
	{"name", "NAME", false, 12, 0, NULL},
	{"state", "STATE", false, 0, 1, NULL},
	{"bytes", "SIZE", true, 0, 2, fill_bytes},
	{"files", "FILES", true, 0, 8, NULL},
	{"copies", "COPIES", true, 0, 5, fill_copies},
	{"at", "AT", false, 10, 3, fill_at},
	{"owner", "OWNER", false, 6, 4, NULL},
	{"expires", "EXPIRES", false, 0, 6, fill_expires},
	{"source", "SOURCE", false, 10, 8, NULL},
	{"sha256", "SHA256", false, 8, 9, NULL},
	{"text", "TEXT", false, 10, 7, NULL},
	{NULL, NULL, false, 0, 0, NULL},
};

static const struct suan_column replica_columns[] = {
	{"site", "SITE", false, 10, 0, NULL},
	{"state", "STATE", false, 0, 0, NULL},
	{"kept", "KEPT", false, 0, 4, NULL},
	{"runs", "RUNS", true, 0, 3, NULL},
	{"used", "USED", false, 0, 5, fill_used},
	{"checked", "CHECKED", false, 0, 6, fill_checked},
	{"progress", "UNDER WAY", false, 8, 1, fill_progress},
	{NULL, NULL, false, 0, 0, NULL},
};

static const struct suan_column transfer_columns[] = {
	{"id", "ID", true, 0, 4, NULL},
	{"data", "DATA", false, 10, 0, NULL},
	{"kind", "KIND", false, 0, 3, NULL},
	{"from", "FROM", false, 8, 2, fill_from},
	{"to", "TO", false, 8, 1, NULL},
	{"state", "STATE", false, 0, 1, NULL},
	{"bytes", "SIZE", true, 0, 4, fill_bytes},
	{"done", "DONE", true, 0, 1, fill_done},
	{"rate", "RATE", true, 0, 5, fill_rate},
	{"begin", "BEGIN", false, 0, 8, fill_begin},
	{"eta", "EXPECTED", false, 0, 2, fill_eta},
	{"failures", "FAILED", true, 0, 6, NULL},
	{"text", "TEXT", false, 10, 7, NULL},
	{NULL, NULL, false, 0, 0, NULL},
};

struct suan_table suan_cli_data_table(void)
{
	return (struct suan_table){.columns = data_columns,
				   .default_format = "name,state,bytes,copies,at,owner,expires"};
}

struct suan_table suan_cli_replica_table(void)
{
	return (struct suan_table){.columns = replica_columns,
				   .default_format = "site,state,kept,runs,used,checked,progress"};
}

struct suan_table suan_cli_transfer_table(void)
{
	return (struct suan_table){
		.columns = transfer_columns,
		.default_format = "id,data,kind,from,to,state,bytes,done,rate,eta,failures"};
}

/* ---- waiting ---- */

int suan_cli_data_get(struct suan_client *c, const char *name, json_t **ret)
{
	struct suan_buf path;
	int rc;

	suan_buf_init(&path, 0);
	suan_client_segment(&path, name);
	rc = suan_client_get(c, ret, "/v1/data/%s", suan_buf_str(&path));
	suan_buf_done(&path);
	return rc;
}

void suan_cli_data_nap(void)
{
	struct timespec second = {.tv_sec = 1};

	nanosleep(&second, NULL);
}

static const json_t *replica_at(const json_t *doc, const char *site)
{
	const json_t *r;
	size_t i;

	json_array_foreach (json_object_get(doc, "replicas"), i, r)
		if (strcmp(text_of(r, "site"), site) == 0)
			return r;
	return NULL;
}

/* Of the copies that are waited for. */
struct waiting {
	int pending, lost;
	int64_t failures;
	const json_t *transfer; /* one that is under way; borrowed */
};

static void count_replica(const json_t *r, struct waiting *w)
{
	const json_t *x = json_object_get(r, "transfer");

	if (json_is_object(x)) {
		w->pending++;
		w->failures += number_of(x, "failures");
		if (!w->transfer || strcmp(text_of(x, "state"), "RUNNING") == 0)
			w->transfer = x;
	} else if (!r || strcmp(text_of(r, "state"), "LOST") == 0) {
		w->lost++;
	} else if (strcmp(text_of(r, "state"), "COMPLETE") != 0) {
		w->pending++;
	}
}

static struct waiting look(const json_t *doc, const char *const *sites, int n)
{
	struct waiting w = {0};
	const json_t *r;
	size_t i;

	for (int k = 0; k < n; k++)
		count_replica(replica_at(doc, sites[k]), &w);
	if (n == 0)
		json_array_foreach (json_object_get(doc, "replicas"), i, r)
			count_replica(r, &w);
	return w;
}

static void draw(const char *name, const json_t *x)
{
	unsigned done = percent(x), filled = done * BAR / 100;
	struct suan_buf line;

	suan_buf_init(&line, 0);
	suan_cli_add_clean(&line, name);
	suan_buf_addf(&line, " to %s [", text_of(x, "to"));
	for (unsigned i = 0; i < BAR; i++)
		suan_buf_addc(&line, i < filled ? '#' : '.');
	suan_buf_addf(&line, "] %u%% of ", done);
	fill_bytes(x, &line);
	if (number_of(x, "rate") > 0) {
		suan_buf_addc(&line, ' ');
		fill_rate(x, &line);
	}
	fprintf(stderr, "\r%.*s\033[K", suan_cli_terminal_width() - 1, suan_buf_str(&line));
	suan_buf_done(&line);
}

static void say(const char *name, const json_t *doc)
{
	struct suan_buf line;

	suan_buf_init(&line, 0);
	suan_cli_add_clean(&line, text_of(doc, "text"));
	fprintf(stderr, "suan data: %s: %s\n", name,
		line.len ? suan_buf_str(&line) : "a copy is lost or was not made");
	suan_buf_done(&line);
}

int suan_cli_data_wait(struct suan_client *c, const char *name, const char *const *sites, int n,
		       json_t **ret)
{
	bool terminal = isatty(STDERR_FILENO);
	int64_t failures = 0;
	struct waiting w;
	int rc;

	for (;;) {
		json_decref(*ret);
		*ret = NULL;
		rc = suan_cli_data_get(c, name, ret);
		if (rc != SUAN_EXIT_OK)
			return rc;
		w = look(*ret, sites, n);
		if (terminal && w.transfer)
			draw(name, w.transfer);
		if (w.failures > failures)
			say(name, *ret); /* it is tried again */
		failures = w.failures;
		if (w.pending == 0)
			break;
		suan_cli_data_nap();
	}
	if (terminal)
		fputs("\r\033[K", stderr);
	if (w.lost == 0)
		return SUAN_EXIT_OK;
	say(name, *ret);
	return SUAN_EXIT_FAILED;
}
