/* What is asked of a reservation, as JSON: every member, and what is wrong with bad ones. */
#include "lib/tap.h"

#include <string.h>

#include "wire/reserve_doc.h"

#define NOW INT64_C(1795000000000)

/* false: *err says why. */
static bool read_doc(const char *text, struct suan_arena *a, struct suan_reserve_doc *d,
		     struct suan_err *err)
{
	struct suan_json j;
	const char *name;

	*err = (struct suan_err){0};
	suan_reserve_doc_init(d, 0, NOW);
	suan_json_init(&j, text, strlen(text), a, err);
	if (suan_json_object(&j))
		while (suan_json_member(&j, &name) && suan_reserve_doc_read(&j, d, name))
			;
	return !j.failed && suan_json_finish(&j) && suan_reserve_doc_settle(d, err);
}

static void t_good(void)
{
	struct suan_arena a = {0};
	struct suan_reserve_doc d;
	struct suan_err err;

	ok(read_doc("{\"name\":\"n\",\"site\":\"s\",\"pool\":\"p\",\"gpu\":\"g\",\"from\":\"now+"
		    "1h\","
		    "\"to\":\"now+2h\",\"nodes\":3,\"users\":\"ann\",\"accounts\":[\"a\",\"b\"],"
		    "\"single\":true}",
		    &a, &d, &err),
	   "nodes: %s", err.text);
	ok(strcmp(d.r.name, "n") == 0 && strcmp(d.r.site, "s") == 0 && strcmp(d.r.pool, "p") == 0 &&
		   strcmp(d.r.gpu, "g") == 0,
	   "names");
	ok(d.r.from_ms == NOW + 3600000 && d.r.to_ms == NOW + 7200000 && d.r.nodes == 3, "times");
	ok(d.r.users.count == 1 && d.r.accounts.count == 2 && d.r.single, "people");
	ok(read_doc(
		   "{\"tasks\":2,\"cores\":4,\"gpus\":1,\"memory\":\"2GiB\",\"duration_s\":\"1h\"}",
		   &a, &d, &err),
	   "tasks: %s", err.text);
	ok(d.r.req.tasks == 2 && d.r.req.cores == 4 && d.r.req.gpus == 1 &&
		   d.r.req.memory == UINT64_C(2) << 30 && d.r.to_ms == NOW + 3600000,
	   "what they need, from now on");
	ok(read_doc("{\"memory\":4096,\"duration_s\":90,\"from\":1795000100}", &a, &d, &err),
	   "numbers: %s", err.text);
	ok(d.r.req.memory == 4096 && d.r.to_ms == INT64_C(1795000190000), "and their end");
	ok(read_doc("{\"node_list\":\"0-2,7\",\"site\":\"s\",\"pool\":\"p\",\"duration_s\":1}", &a,
		    &d, &err),
	   "a list of nodes: %s", err.text);
	ok(d.r.nlist == 4 && d.r.list[3] == 7, "four");
	ok(read_doc("{\"maintenance\":true,\"site\":\"s\",\"duration_s\":1}", &a, &d, &err),
	   "maintenance of all: %s", err.text);
	suan_arena_done(&a);
}

static void t_bad(void)
{
	static const char *const bad[][2] = {
		{"{\"nodes\":1}", "expected one of to and duration_s"},
		{"{\"nodes\":1,\"to\":\"now+1h\",\"duration_s\":1}", "expected one of to and"},
		{"{\"nodes\":1,\"duration_s\":-1}", "at most ten years"},
		{"{\"nodes\":1,\"duration_s\":400000000}", "at most ten years"},
		{"{\"nodes\":1,\"cores\":1,\"duration_s\":1}", "expected only one of nodes"},
		{"{\"nodes\":1,\"node_list\":\"1\",\"duration_s\":1}",
		 "expected only one of nodes"},
		{"{\"duration_s\":1}", "how much?"},
		{"{\"from\":\"soon\"}", "right is a time"},
		{"{\"to\":true}", "string"},
		{"{\"duration_s\":\"long\"}", "duration_s"},
		{"{\"duration_s\":[]}", "duration_s"},
		{"{\"memory\":\"much\"}", "memory"},
		{"{\"memory\":\"100000T\"}", "too much memory"},
		{"{\"memory\":-1}", "memory"},
		{"{\"memory\":true}", "memory"},
		{"{\"nodes\":-1}", "nodes"},
		{"{\"cores\":70000}", "cores"},
		{"{\"gpus\":\"two\"}", "gpus"},
		{"{\"tasks\":1.5}", "tasks"},
		{"{\"node_list\":\"x\"}", "numbers of nodes such as"},
		{"{\"node_list\":\"0-3%2\"}", "numbers of nodes such as"},
		{"{\"node_list\":5}", "node_list"},
		{"{\"users\":5}", "users"},
		{"{\"users\":[5]}", "users/0"},
		{"{\"accounts\":{}}", "accounts"},
		{"{\"maintenance\":1}", "maintenance"},
		{"{\"single\":\"no\"}", "single"},
		{"{\"name\":5}", "name"},
		{"{\"site\":5}", "site"},
		{"{\"pool\":5}", "pool"},
		{"{\"gpu\":5}", "gpu"},
		{"{\"sight\":\"s\"}", "unknown field; expected name, from"},
	};
	struct suan_arena a = {0};
	struct suan_reserve_doc d;
	struct suan_err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bool good = read_doc(bad[i][0], &a, &d, &err);

		ok(!good && (strstr(err.text, bad[i][1]) || strcmp(err.field, bad[i][1]) == 0),
		   "%s: %s: %s", bad[i][0], err.field, err.text);
	}
	suan_arena_done(&a);
}

static void t_many_names(void)
{
	struct suan_arena a = {0};
	struct suan_buf b = {0};
	struct suan_reserve_doc d;
	struct suan_err err;

	suan_buf_adds(&b, "{\"users\":[\"u\"");
	for (int i = 0; i < 1000; i++)
		suan_buf_adds(&b, ",\"u\"");
	suan_buf_adds(&b, "]}");
	ok(!read_doc(suan_buf_str(&b), &a, &d, &err) && strstr(err.text, "at most 1000 names"),
	   "too many: %s", err.text);
	suan_buf_done(&b);
	suan_arena_done(&a);
}

int main(void)
{
	t_good();
	t_bad();
	t_many_names();
	return tap_done();
}
