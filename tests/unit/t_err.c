#include "lib/tap.h"

#include "base/err.h"
#include "base/num.h"

static void test_fail(void)
{
	struct suan_err err;

	memset(&err, 'x', sizeof(err));
	is_int(suan_fail(&err, SUAN_EIO, "disk %d of %s", 3, "login"), SUAN_EIO,
	       "returns the code");
	is_int(err.code, SUAN_EIO, "keeps the code");
	is_str(err.text, "disk 3 of login", "prints the text");
	is_str(err.field, "", "no field");
	is_int(suan_fail_field(&err, SUAN_EINVAL, "pools/0", "found %s", "x"), SUAN_EINVAL,
	       "returns the code with a field");
	is_str(err.field, "pools/0", "keeps the field");
	is_str(err.text, "found x", "text with a field");
	suan_fail(&err, SUAN_EIO, "again: %s", err.text);
	is_str(err.text, "again: found x", "an argument may be the error's own text");
	suan_fail_field(&err, SUAN_EINVAL, "a", "x");
	suan_fail_field(&err, SUAN_EINVAL, err.field, "y");
	is_str(err.field, "a", "the field may be the error's own");
	suan_fail_field(&err, SUAN_EINVAL, NULL, "z");
	is_str(err.field, "", "NULL is no field");
	is_int(suan_fail(NULL, SUAN_EBUSY, "x"), SUAN_EBUSY, "err may be NULL");
	is_int(suan_fail_field(NULL, SUAN_EBUSY, "f", "x"), SUAN_EBUSY, "err may be NULL (field)");
}

static void test_long(void)
{
	struct suan_err err;
	char big[2000];

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	suan_fail_field(&err, SUAN_EINVAL, big, "%s", big);
	is_int(strlen(err.text), sizeof(err.text) - 1, "long text is cut");
	is_int(strlen(err.field), sizeof(err.field) - 1, "long field is cut");
	big[sizeof(err.text) - 1] = '\0';
	suan_fail(&err, SUAN_EINVAL, "%s", big);
	is_str(err.text, big, "the longest text fits");
	for (size_t at = sizeof(err.text) - 6; at < sizeof(err.text) + 2; at++) {
		memset(big, 'a', 600);
		memcpy(big + at, "\xf0\x9f\x98\x80", 4);
		big[600] = '\0';
		suan_fail(&err, SUAN_EINVAL, "%s", big);
		ok(suan_utf8_valid(err.text, strlen(err.text)) && !strchr(err.text, '?'),
		   "a character torn at %zu is dropped", at);
	}
}

static void test_scrub(void)
{
	struct suan_err err;

	suan_fail(&err, SUAN_EINVAL,
		  "a\nb\tc\x7f"
		  "d \xff \xc3 \xe4\xb8\xad");
	is_str(err.text, "a b c d ? ? \xe4\xb8\xad", "one line of valid UTF-8");
	suan_fail_field(&err, SUAN_EINVAL, "x\ny\x80", "t");
	is_str(err.field, "x y?", "the field as well");
}

static void test_prefix(void)
{
	struct suan_err err;
	char big[600];

	suan_fail_field(&err, SUAN_EINVAL, "f", "inner");
	suan_err_prefix(&err, "line %d", 7);
	is_str(err.text, "line 7: inner", "prefix");
	is_str(err.field, "f", "prefix keeps the field");
	is_int(err.code, SUAN_EINVAL, "prefix keeps the code");
	suan_err_prefix(NULL, "x");
	memset(big, 'p', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	suan_err_prefix(&err, "%s", big);
	is_int(strlen(err.text), sizeof(err.text) - 1, "a long prefix is cut");
	ok(err.text[510] == 'p', "and fills the text");
}

static void test_names(void)
{
	static const char *const names[] = {"ok",	"no-memory", "invalid", "not-found",
					    "conflict", "refused",   "denied",	"too-big",
					    "io",	"full",	     "corrupt", "unreachable",
					    "busy",	"unknown"};

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		is_str(suan_code_name((enum suan_code)i), names[i], names[i]);
}

int main(void)
{
	test_fail();
	test_long();
	test_scrub();
	test_prefix();
	test_names();
	return tap_done();
}
