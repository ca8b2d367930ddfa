#include "wire/reserve_doc.h"

#include <string.h>

#include "base/num.h"
#include "base/range.h"

#define MOST_MEMORY (INT64_C(1) << 50)
#define LONGEST_S   315360000 /* ten years */
#define MOST_NAMES  1000u

void suan_reserve_doc_init(struct suan_reserve_doc *d, int64_t base_ms, int64_t now_ms)
{
	*d = (struct suan_reserve_doc){
		.r = {.name = "", .owner = "", .site = "", .pool = "", .gpu = ""},
		.base_ms = base_ms,
		.now_ms = now_ms};
}

static bool read_time(struct suan_json *j, struct suan_reserve_doc *d, int64_t *ret)
{
	struct suan_err err = {0};
	const char *text;

	if (suan_json_peek(j) == SUAN_JSON_NUMBER)
		return suan_json_fixed(j, 3, ret);
	if (!suan_json_string(j, &text))
		return false;
	if (suan_parse_time(text, suan_sat_add(d->base_ms, d->now_ms), ret, &err) == SUAN_OK) {
		*ret -= d->base_ms;
		return true;
	}
	return suan_json_fail(j, SUAN_EINVAL, "%s", err.text);
}

static bool read_duration(struct suan_json *j, struct suan_reserve_doc *d)
{
	struct suan_err err = {0};
	const char *text;

	if (suan_json_peek(j) == SUAN_JSON_NUMBER)
		return suan_json_fixed(j, 3, &d->duration_ms);
	if (!suan_json_string(j, &text))
		return false;
	if (suan_parse_duration(text, 1000, &d->duration_ms, &err) == SUAN_OK)
		return true;
	return suan_json_fail(j, SUAN_EINVAL, "%s", err.text);
}

static bool read_memory(struct suan_json *j, struct suan_reserve_doc *d)
{
	struct suan_err err = {0};
	const char *text;
	uint64_t bytes = 0;
	int64_t n = 0;

	if (suan_json_peek(j) == SUAN_JSON_NUMBER) {
		if (!suan_json_i64(j, 0, MOST_MEMORY, &n))
			return false;
		d->r.req.memory = (uint64_t)n;
		return true;
	}
	if (!suan_json_string(j, &text))
		return false;
	if (suan_parse_size(text, 1, &bytes, &err) != SUAN_OK || bytes > MOST_MEMORY)
		return suan_json_fail(j, SUAN_EINVAL, "%s",
				      err.text[0] ? err.text : "too much memory");
	d->r.req.memory = bytes;
	return true;
}

static bool read_count(struct suan_json *j, int64_t most, uint32_t *ret)
{
	int64_t n;

	if (!suan_json_i64(j, 0, most, &n))
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool read_names(struct suan_json *j, struct suan_names *ret)
{
	ret->list = suan_arena_array(j->arena, MOST_NAMES, sizeof(char *));
	if (!ret->list)
		return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
	if (suan_json_peek(j) == SUAN_JSON_STRING) {
		ret->count = 1;
		return suan_json_string(j, &ret->list[0]);
	}
	if (!suan_json_array(j))
		return false;
	while (suan_json_element(j)) {
		if (ret->count == MOST_NAMES)
			return suan_json_fail(j, SUAN_EINVAL, "expected at most %u names",
					      MOST_NAMES);
		if (!suan_json_string(j, &ret->list[ret->count]))
			return false;
		ret->count++;
	}
	return !j->failed;
}

/* "0-3,7" */
static bool read_nodes(struct suan_json *j, struct suan_reserve_doc *d)
{
	struct suan_err err = {0};
	struct suan_range set = {0};
	const char *text;
	uint32_t *list;

	if (!suan_json_string(j, &text))
		return false;
	if (suan_range_parse(text, &set, &err) != SUAN_OK || set.cap)
		return suan_json_fail(j, SUAN_EINVAL,
				      "expected numbers of nodes such as 0-3,7, found \"%.60s\"",
				      text);
	list = suan_arena_array(j->arena, set.count, sizeof(*list));
	if (!list)
		return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < set.count; i++)
		list[i] = suan_range_at(&set, i);
	d->r.list = list;
	d->r.nlist = set.count;
	return true;
}

static bool read_place(struct suan_json *j, struct suan_reserve_doc *d, const char *name)
{
	struct suan_reserve *r = &d->r;

	if (strcmp(name, "name") == 0)
		return suan_json_string(j, &r->name);
	if (strcmp(name, "site") == 0)
		return suan_json_string(j, &r->site);
	if (strcmp(name, "pool") == 0)
		return suan_json_string(j, &r->pool);
	if (strcmp(name, "gpu") == 0)
		return suan_json_string(j, &r->gpu);
	if (strcmp(name, "users") == 0)
		return read_names(j, &r->users);
	if (strcmp(name, "accounts") == 0)
		return read_names(j, &r->accounts);
	if (strcmp(name, "maintenance") == 0)
		return suan_json_bool(j, &r->maintenance);
	if (strcmp(name, "single") == 0)
		return suan_json_bool(j, &r->single);
	return suan_json_fail_name(j, "unknown field; expected name, from, to, duration_s, "
					  "site, pool, nodes, node_list, tasks, cores, memory, "
					  "gpus, gpu, users, accounts, maintenance or single");
}

bool suan_reserve_doc_read(struct suan_json *j, struct suan_reserve_doc *d, const char *name)
{
	struct suan_req *q = &d->r.req;

	if (strcmp(name, "from") == 0)
		return read_time(j, d, &d->r.from_ms);
	if (strcmp(name, "to") == 0)
		return read_time(j, d, &d->r.to_ms);
	if (strcmp(name, "duration_s") == 0)
		return read_duration(j, d);
	if (strcmp(name, "nodes") == 0)
		return read_count(j, 1000000, &d->r.nodes);
	if (strcmp(name, "node_list") == 0)
		return read_nodes(j, d);
	if (strcmp(name, "tasks") == 0)
		return read_count(j, 1000000, &q->tasks);
	if (strcmp(name, "cores") == 0)
		return read_count(j, 65536, &q->cores);
	if (strcmp(name, "gpus") == 0)
		return read_count(j, 1024, &q->gpus);
	if (strcmp(name, "memory") == 0)
		return read_memory(j, d);
	return read_place(j, d, name);
}

bool suan_reserve_doc_settle(struct suan_reserve_doc *d, struct suan_err *err)
{
	struct suan_reserve *r = &d->r;
	int64_t from = r->from_ms > d->now_ms ? r->from_ms : d->now_ms;
	bool shape = r->req.tasks || r->req.cores || r->req.gpus || r->req.memory;

	if ((r->to_ms != 0) == (d->duration_ms != 0))
		suan_fail_field(err, SUAN_EINVAL, "to",
				"expected one of to and duration_s: how long");
	else if (d->duration_ms < 0 || d->duration_ms > LONGEST_S * INT64_C(1000))
		suan_fail_field(err, SUAN_EINVAL, "duration_s",
				"expected a duration of at most ten years");
	else if ((r->nodes > 0) + (r->nlist > 0) + shape > 1)
		suan_fail_field(err, SUAN_EINVAL, "nodes",
				"expected only one of nodes, node_list and what tasks need");
	else if (!r->maintenance && !r->nodes && !r->nlist && !shape)
		suan_fail_field(err, SUAN_EINVAL, "nodes",
				"how much? expected nodes, node_list, or tasks, cores, memory or "
				"gpus");
	if (err->code != SUAN_OK)
		return false;
	if (d->duration_ms)
		r->to_ms = from + d->duration_ms;
	return true;
}
