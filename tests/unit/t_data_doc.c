/* Bodies about data sets: what each command takes, and which field is at fault. */
#include "lib/tap.h"

#include <string.h>

#include "wire/data_doc.h"

#define NOW_MS 1000000

static enum suan_code doc(enum suan_data_op op, const char *text, struct suan_arena *a,
			  struct suan_data_command *c, struct suan_err *err)
{
	*err = (struct suan_err){0};
	*c = (struct suan_data_command){.op = op};
	return suan_data_doc_read(text, strlen(text), NOW_MS, a, c, err);
}

static void t_put(struct suan_arena *a)
{
	struct suan_data_command c;
	struct suan_err err;

	is_int(doc(SUAN_DATA_PUT,
		   "{\"source\": \"/d/x\", \"site\": \"east\", \"sha256\": \"ab\", "
		   "\"bytes\": \"2KiB\", "
		   "\"sites\": [\"east\", \"west\"], \"hubs\": [], \"users\": \"*\", "
		   "\"accounts\": [\"bio\"], \"account\": \"org\", \"ttl_s\": 5}",
		   a, &c, &err), SUAN_OK, "everything");
	is_str(c.source, "/d/x", "source");
	is_str(c.site, "east", "site");
	is_str(c.sha256, "ab", "sha256");
	is_str(c.account, "org", "account");
	ok(c.bytes == 2048 && c.expires_ms == NOW_MS + 5000, "amounts");
	ok(c.sites.count == 2 && c.hubs.count == 0 && c.users.count == 1 && c.accounts.count == 1,
	   "lists");
	is_str(c.sites.list[1], "west", "the second site");
	is_str(c.users.list[0], "*", "a list of one");
	is_int(doc(SUAN_DATA_PUT, "{\"source\": \"s3://b/k\", \"bytes\": 7, "
		   "\"expires\": \"now+1d\"}",
		   a, &c, &err), SUAN_OK, "a URL");
	ok(c.bytes == 7 && c.expires_ms == NOW_MS + 86400000, "a number, a time");
	is_str(c.site, "", "what is absent is empty");
}

static void t_actions(struct suan_arena *a)
{
	struct suan_data_command c;
	struct suan_err err;

	is_int(doc(SUAN_DATA_VERIFY, "", a, &c, &err), SUAN_OK, "no body");
	is_str(c.site, "", "of all sites");
	is_int(doc(SUAN_DATA_EVICT, "{\"site\": \"east\"}", a, &c, &err), SUAN_OK, "a site");
	is_str(c.site, "east", "it is named");
	is_int(doc(SUAN_DATA_GRANT, "{\"users\": [\"ann\"], \"accounts\": \"bio\"}", a, &c, &err),
	       SUAN_OK, "a grant");
	ok(c.users.count == 1 && c.accounts.count == 1, "for both");
}

static void t_wrong(struct suan_arena *a)
{
	static const struct {
		enum suan_data_op op;
		const char *text, *field;
	} cases[] = {
		{SUAN_DATA_PUT, "{\"source\": \"d/x\"}", "source"},
		{SUAN_DATA_PUT, "{\"sorce\": \"/d/x\"}", "sorce"},
		{SUAN_DATA_PUT, "{\"bytes\": \"many\"}", "bytes"},
		{SUAN_DATA_PUT, "{\"bytes\": -1}", "bytes"},
		{SUAN_DATA_PUT, "{\"ttl_s\": 1, \"expires\": 2}", "expires"},
		{SUAN_DATA_PUT, "{\"ttl_s\": 0}", "ttl_s"},
		{SUAN_DATA_PUT, "{\"expires\": \"soon\"}", "expires"},
		{SUAN_DATA_PUT, "{\"sites\": [1]}", "sites/0"},
		{SUAN_DATA_PUT, "{\"users\": 5}", "users"},
		{SUAN_DATA_EVICT, "{\"users\": []}", "users"},
		{SUAN_DATA_GRANT, "{\"site\": \"east\"}", "site"},
		{SUAN_DATA_PUT, "[]", ""},
		{SUAN_DATA_PUT, "{} {}", ""},
	};
	struct suan_data_command c;
	struct suan_err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ok(doc(cases[i].op, cases[i].text, a, &c, &err) == SUAN_EINVAL, "%s: %s",
		   cases[i].text, err.text);
		is_str(err.field, cases[i].field, "names the field");
	}
	ok(!c.source && !c.site, "a bad one changes nothing");
}

int main(void)
{
	struct suan_arena a;

	suan_arena_init(&a, 0);
	t_put(&a);
	t_actions(&a);
	t_wrong(&a);
	suan_arena_done(&a);
	return tap_done();
}
