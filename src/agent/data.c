#include "agent/data.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/copy.h"
#include "base/map.h"
#include "base/num.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/log.h"

#define PROGRESS_MS    5000 /* between reports: each is an event */
#define BYTES_PER_MBIT 125000u

struct copying { /* under way */
	struct copying *next;
	struct suan_agent_data *data;
	uint32_t transfer, attempt, set;
	bool check; /* an own copy is read */
	uint64_t told_bytes;
	int64_t told_ms;
};

struct suan_agent_data {
	struct suan_agent_data_config config;
	char *site, *folder;
	struct suan_copier *copier;
	struct copying *list;
	struct suan_map kept; /* data sets that KEEP named */
	bool kept_lost;	      /* one of them is not remembered: nothing is swept */
};

static uint64_t id_of(const struct copying *x)
{
	return (uint64_t)x->transfer << 32 | x->attempt;
}

static struct copying **find(struct suan_agent_data *d, uint32_t transfer)
{
	struct copying **p = &d->list;

	while (*p && (*p)->transfer != transfer)
		p = &(*p)->next;
	return p;
}

static void drop(struct suan_agent_data *d, struct copying *x)
{
	struct copying **p = find(d, x->transfer);

	while (*p && *p != x)
		p = &(*p)->next;
	if (*p)
		*p = x->next;
	free(x);
}

/* ---- telling ---- */

static void tell(struct suan_agent_data *d, const struct suan_transfer_report *r)
{
	d->config.transfer(d->config.ctx, r);
}

static void on_progress(void *ctx, uint64_t id, uint64_t bytes, uint64_t total)
{
	struct copying *x = ctx;
	int64_t now = suan_clock_mono_us() / 1000;

	(void)id;
	(void)total;
	if (now - x->told_ms < PROGRESS_MS || bytes == x->told_bytes)
		return;
	x->told_ms = now;
	x->told_bytes = bytes;
	tell(x->data, &(struct suan_transfer_report){.id = x->transfer,
						     .attempt = x->attempt,
						     .kind = SUAN_TRANSFER_PROGRESS,
						     .bytes = bytes});
}

/* Is it the source that is wrong, so that another one is wanted? */
static bool is_broken(const struct copying *x, const struct suan_copy_result *r)
{
	return !r->at_target && (r->fault == SUAN_COPY_GONE || r->fault == SUAN_COPY_WRONG_SUM ||
				 (x->check && r->fault == SUAN_COPY_CHANGED));
}

static void on_done(void *ctx, const struct suan_copy_result *r)
{
	struct copying *x = ctx;
	struct suan_transfer_report report = {.id = x->transfer,
					      .attempt = x->attempt,
					      .kind = SUAN_TRANSFER_DONE,
					      .bytes = r->bytes,
					      .files = r->files,
					      .sha256 = r->sha256};

	if (r->rc != SUAN_OK && r->fault != SUAN_COPY_CANCELLED) {
		report.kind = is_broken(x, r) ? SUAN_TRANSFER_BROKEN : SUAN_TRANSFER_FAILED;
		report.text = r->err->text;
		suan_log(SUAN_LOG_WARN, "site %s: data set %" PRIu32 ": %s", x->data->site, x->set,
			 r->err->text);
	}
	if (r->fault != SUAN_COPY_CANCELLED)
		tell(x->data, &report);
	drop(x->data, x);
}

static void fail(struct suan_agent_data *d, const struct suan_copy_order *c, const char *text)
{
	tell(d, &(struct suan_transfer_report){.id = c->transfer,
					       .attempt = c->attempt,
					       .kind = SUAN_TRANSFER_FAILED,
					       .text = text});
}

/* ---- orders ---- */

static bool path_of(const char *folder, uint32_t set, char *out, size_t n)
{
	int len = snprintf(out, n, "%s/%" PRIu32, folder, set);

	return len > 0 && (size_t)len < n;
}

/* false: told why. */
static bool source_of(struct suan_agent_data *d, const struct suan_copy_order *c, char *out,
		      size_t n)
{
	const char *folder = d->folder;
	char text[256];

	if (!c->from[0] && strlen(c->source) >= n) {
		fail(d, c, "the name of the source is too long");
		return false;
	}
	if (!c->from[0]) {
		(void)snprintf(out, n, "%s", c->source);
		return true;
	}
	if (strcmp(c->from, d->site) != 0)
		folder = d->config.peer ? d->config.peer(d->config.ctx, c->from) : NULL;
	if (folder && path_of(folder, c->data, out, n))
		return true;
	(void)snprintf(text, sizeof(text), "the copy at %s cannot be read from %s", c->from,
		       d->site);
	fail(d, c, text);
	return false;
}

static void copy(struct suan_agent_data *d, const struct suan_copy_order *c)
{
	struct copying **old = find(d, c->transfer), *x;
	char source[4096], target[4096];
	struct suan_copy_events events = {.progress = on_progress, .done = on_done};
	struct suan_copy_spec spec = {.source = source,
				      .target = target,
				      .bytes = c->bytes,
				      .sha256 = c->sha256,
				      .limit_bytes_s = c->mbit * BYTES_PER_MBIT};
	struct suan_err err = {0};

	if (*old && (*old)->attempt == c->attempt)
		return; /* ordered twice */
	if (*old)
		(void)suan_copy_cancel(d->copier, id_of(*old), true);
	if (!source_of(d, c, source, sizeof(source)))
		return;
	x = calloc(1, sizeof(*x));
	if (!x || !path_of(d->folder, c->data, target, sizeof(target))) {
		free(x);
		fail(d, c, "out of memory");
		return;
	}
	*x = (struct copying){.data = d,
			      .transfer = c->transfer,
			      .attempt = c->attempt,
			      .set = c->data,
			      .check = strcmp(c->from, d->site) == 0};
	if (x->check)
		spec.target = NULL;
	spec.id = id_of(x);
	events.ctx = x;
	x->next = d->list;
	d->list = x;
	if (suan_copy_start(d->copier, &spec, &events, &err) == SUAN_OK)
		return;
	drop(d, x);
	/* What the source is called is the user's; it will not become right. */
	tell(d, &(struct suan_transfer_report){.id = c->transfer,
					       .attempt = c->attempt,
					       .kind = err.code == SUAN_EINVAL
							       ? SUAN_TRANSFER_BROKEN
							       : SUAN_TRANSFER_FAILED,
					       .text = err.text});
}

static void erase(struct suan_agent_data *d, uint32_t set)
{
	char path[4096], part[4096];
	struct suan_err err = {0};

	for (struct copying *x = d->list; x; x = x->next)
		if (x->set == set)
			(void)suan_copy_cancel(d->copier, id_of(x), false);
	if (!path_of(d->folder, set, path, sizeof(path)))
		return;
	if (suan_fs_exists(path) && suan_fs_remove_tree(path, &err) != SUAN_OK)
		suan_log(SUAN_LOG_WARN, "site %s: %s", d->site, err.text);
	/* of a copy that is not under way now; one that is removes them itself */
	for (int i = 0; i < 2; i++) {
		(void)snprintf(part, sizeof(part), "%s/.%" PRIu32 ".suan-%s", d->folder, set,
			       i ? "journal" : "part");
		if (suan_fs_exists(part) && suan_fs_remove_tree(part, &err) != SUAN_OK)
			suan_log(SUAN_LOG_WARN, "site %s: %s", d->site, err.text);
	}
}

/* Number of a copy, a part or a journal by its name; false: something else. */
static bool set_of(const char *name, uint32_t *ret)
{
	char digits[12];
	size_t n;
	uint64_t v;

	name += name[0] == '.';
	n = strspn(name, "0123456789");
	if (n == 0 || n >= sizeof(digits) || (name[n] && strncmp(name + n, ".suan-", 6) != 0))
		return false;
	memcpy(digits, name, n);
	digits[n] = '\0';
	if (suan_parse_u64(digits, &v, NULL) != SUAN_OK || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static void sweep(struct suan_agent_data *d)
{
	struct suan_buf names = {0};
	struct suan_err err = {0};
	const char *name;
	size_t count = 0;
	uint32_t set;

	if (d->kept_lost)
		suan_log(SUAN_LOG_WARN, "site %s: out of memory: old copies are not looked for",
			 d->site);
	else if (suan_fs_list(d->folder, &names, &count, &err) != SUAN_OK)
		suan_log(SUAN_LOG_WARN, "site %s: %s", d->site, err.text);
	name = suan_buf_str(&names);
	for (size_t i = 0; i < count; i++, name += strlen(name) + 1)
		if (set_of(name, &set) && !suan_map_get(&d->kept, set, NULL)) {
			suan_log(SUAN_LOG_INFO, "site %s: data set %" PRIu32 " is no more: removed",
				 d->site, set);
			erase(d, set);
		}
	suan_buf_done(&names);
	suan_map_done(&d->kept);
	suan_map_init(&d->kept);
	d->kept_lost = false;
}

void suan_agent_data_order(struct suan_agent_data *d, const struct suan_order *o)
{
	struct copying *x;

	switch (o->kind) {
	case SUAN_ORDER_COPY:
		copy(d, &o->copy);
		break;
	case SUAN_ORDER_COPY_STOP:
		x = *find(d, o->copy.transfer);
		if (x && x->attempt == o->copy.attempt)
			(void)suan_copy_cancel(d->copier, id_of(x), true);
		break;
	case SUAN_ORDER_ERASE:
		erase(d, o->copy.data);
		break;
	case SUAN_ORDER_KEEP:
		d->kept_lost |= suan_map_put(&d->kept, o->copy.data, 1) != SUAN_OK;
		break;
	case SUAN_ORDER_SWEEP:
		sweep(d);
		break;
	case SUAN_ORDER_START:
	case SUAN_ORDER_STOP:
	case SUAN_ORDER_FORGET:
	case SUAN_ORDER_DROP:
		break;
	}
}

/* ---- life ---- */

enum suan_code suan_agent_data_open(struct suan_agent_data **ret,
				    const struct suan_agent_data_config *config,
				    struct suan_err *err)
{
	struct suan_agent_data *d = calloc(1, sizeof(*d));
	struct suan_copier_config copier = {.loop = config->loop};
	enum suan_code rc;

	if (!d)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	suan_map_init(&d->kept);
	d->config = *config;
	d->site = strdup(config->site);
	d->folder = suan_fs_absolute(config->folder);
	rc = d->site && d->folder ? suan_fs_mkdirs(d->folder, 0755, err)
				  : suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		rc = suan_copier_new(&d->copier, &copier, err);
	if (rc == SUAN_OK)
		*ret = d;
	else
		suan_agent_data_close(d);
	return rc;
}

void suan_agent_data_close(struct suan_agent_data *d)
{
	if (!d)
		return;
	if (d->copier)
		suan_copier_free(d->copier);
	while (d->list)
		drop(d, d->list);
	suan_map_done(&d->kept);
	free(d->site);
	free(d->folder);
	free(d);
}
