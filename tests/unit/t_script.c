/* Scripts with #SBATCH and #SUAN lines: the corpus of whole scripts, the rules of reading, errors.
 */
#include <stdlib.h>

#include "t_wire.h"

/* ---- corpus ---- */

static char *read_file(const char *name, const char *ending)
{
	const char *source = getenv("SUAN_SOURCE");
	char path[600];
	char *text = calloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/corpus/script/%s.%s", source ? source : ".", name,
		 ending);
	f = fopen(path, "rb");
	if (f) {
		(void)!fread(text, 1, 65535, f);
		fclose(f);
	}
	return text;
}

/* What the script of tests/corpus/script/NAME.sh asks for is in NAME.json, without the script. */
static void corpus(void)
{
	static const char *const names[] = {"array", "dos", "gpu", "gromacs", "suan", "train"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *script = read_file(names[i], "sh");
		char *json = read_file(names[i], "json");
		struct t_wire t;

		t_wire_begin(&t);
		ok(t_wire_from_script(&t, script) == SUAN_OK, "%s.sh", names[i]);
		is_str(t.err.text, "", "no error");
		is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_OK, "seals");
		ok(!strchr(t.doc.run.script, '\r') && t.doc.run.script[0] == '#', "clean text");
		t.doc.run.script = "";
		json[strcspn(json, "\n")] = '\0';
		/* Sealing has sorted the environment. */
		if (strcmp(names[i], "array") == 0)
			ok(strstr(t_wire_json(&t), "\"env\":{\"MODE\":\"fast\",\"OMP_NUM_THREADS\":"
						   "\"4\"}"),
			   "environment");
		else
			is_str(t_wire_json(&t), json, "asks for");
		t_wire_end(&t);
		t_wire_begin(&t);
		ok(t_wire_from_script(&t, script) == SUAN_OK, "again");
		t.doc.run.script = "";
		is_str(t_wire_json(&t), json, "asks for the same before sealing");
		t_wire_end(&t);
		free(script);
		free(json);
	}
}

/* ---- rules ---- */

static const struct {
	const char *text, *json;
} good[] = {
	{"#!/bin/sh", "{}"},
	{"#!/bin/sh\n#SBATCH\n#SBATCH \n#SUAN\t\n", "{}"},
	{"#!/bin/sh\n#SBATCH\t-c4\n", "{\"cores\":4}"},
	{"#!/bin/sh\n\n   \n\t# x\n#SBATCH -c 4", "{\"cores\":4}"},
	{"#!/bin/sh\nset -e\n#SBATCH -c 4\n", "{}"},
	{"#!/bin/sh\n  #SBATCH -c 4\n", "{}"},
	{"#!/bin/sh\n#SBATCH -Hc4 # -n 5\n", "{\"cores\":4,\"hold\":true}"},
	{"#!/bin/sh\n#SBATCH -c 4 -c 5\n#SBATCH --cpus-per-task 6\n", "{\"cores\":6}"},
	{"#!/bin/sh\n#SBATCH -J a\\ b -o \"c\\\"d\\x\" -e 'e\"f\\'\n",
	 "{\"name\":\"a b\",\"stdout\":\"c\\\"d\\\\x\",\"stderr\":\"e\\\"f\\\\\"}"},
	{"#!/bin/sh\n#SBATCH -J a#b\n", "{\"name\":\"a#b\"}"},
	{"#!/bin/sh\n#SBATCH -J ''\n", "{}"},
	{"#!/bin/sh\n#SBATCH --job-name=\n", "{}"},
	{"#!/bin/sh\n#SBATCH --export=A='b c'\n", "{\"env\":{\"A\":\"b c\"}}"},
	{"#!/bin/sh\n#SUAN --hold=false -c 2\n", "{\"cores\":2}"},
	{"#!/bin/sh\n#SBATCH --nice --mem 1G\n", "{\"memory\":1073741824,\"priority\":-100}"},
};

static const struct {
	const char *text, *error;
} bad[] = {
	{"", "line 1: expected \"#!\" at the start of the script, such as \"#!/bin/sh\", found "
	 "\"\""},
	{"echo hi\n",
	 "line 1: expected \"#!\" at the start of the script, such as \"#!/bin/sh\", found \"echo "
	 "hi \""},
	{"#!/bin/sh\n#SBATCH --foo\n", "line 2: sbatch: unrecognized option '--foo'"},
	{"#!/bin/sh\n\n#SBATCH --ntask-per-nod=3\n",
	 "line 3: sbatch: unrecognized option '--ntask-per-nod'; did you mean "
	 "'--ntasks-per-node'?"},
	{"#!/bin/sh\n#SBATCH --walltime=3\n", "line 2: sbatch: unrecognized option '--walltime'"},
	{"#!/bin/sh\n#SBATCH -Z\n", "line 2: sbatch: invalid option -- 'Z'"},
	{"#!/bin/sh\n#SUAN --walltme 3\n",
	 "line 2: unknown option --walltme; did you mean --walltime?"},
	{"#!/bin/sh\n#SUAN --goal green\n",
	 "line 2: --goal: goal: expected fastest, cheapest, greenest or balanced, found \"green\""},
	{"#!/bin/sh\n#SBATCH -c two\n",
	 "line 2: -c: cores: expected a whole number from 1 to 65536, found \"two\""},
	{"#!/bin/sh\n#SBATCH --cpus-per-task=two\n",
	 "line 2: --cpus-per-task: cores: expected a whole number from 1 to 65536, found \"two\""},
	{"#!/bin/sh\n#SBATCH -c\n", "line 2: -c: expected a value, found the end of the line"},
	{"#!/bin/sh\n#SBATCH --mem # 4G\n",
	 "line 2: --mem: expected a value, found the end of the line"},
	{"#!/bin/sh\n#SBATCH -J 'abc\n",
	 "line 2: expected a closing quote, found the end of the line"},
	{"#!/bin/sh\n#SBATCH 'abc\n",
	 "line 2: expected a closing quote, found the end of the line"},
	{"#!/bin/sh\n#SBATCH -c 4 foo\n",
	 "line 2: expected an option such as --time=10, found \"foo\""},
	{"#!/bin/sh\n#SBATCH -\n", "line 2: expected an option such as --time=10, found \"-\""},
	{"#!/bin/sh\n#SBATCH --\n", "line 2: expected an option such as --time=10, found \"--\""},
	{"#!/bin/sh\n#SBATCH -Hx\n", "line 2: -x: expected a value, found the end of the line"},
	{"#!/bin/sh\n#SUAN -J a\xff\n", "line 2: expected UTF-8, found other bytes"},
	{"#!/bin/sh\ntrue\n\necho \xe4\xb8", "line 4: expected UTF-8, found other bytes"},
	{"#!/bin/sh\n#SUAN --hold=maybe\n",
	 "line 2: --hold: hold: expected true or false, found \"maybe\""},
};

static void rules(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct t_wire t;

		t_wire_begin(&t);
		ok(t_wire_from_script(&t, good[i].text) == SUAN_OK, "rule %zu", i);
		is_str(t.doc.run.script, good[i].text, "the text");
		t.doc.run.script = "";
		is_str(t_wire_json(&t), good[i].json, "asks for");
		t_wire_end(&t);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct t_wire t;

		t_wire_begin(&t);
		ok(t_wire_from_script(&t, bad[i].text) == SUAN_EINVAL, "refuses %zu", i);
		is_str(t.err.text, bad[i].error, "says why");
		is_int(t.err.code, SUAN_EINVAL, "code");
		t_wire_end(&t);
	}
}

static void warnings(void)
{
	struct t_wire t;
	const char *text = "#!/bin/sh\n#SBATCH -p gpu --mail-type=ALL -c 2\n#SBATCH -v\n";

	t_wire_begin(&t);
	is_int(t_wire_from_script(&t, text), SUAN_OK, "ignored options");
	is_str(suan_buf_str(&t.warnings),
	       "line 2: -p is ignored: suan chooses the pool; use --site or --hub to choose a "
	       "place\n"
	       "line 2: --mail-type is ignored: suan sends no mail\n"
	       "line 3: -v is ignored: suan says what matters\n",
	       "are told");
	is_int(suan_job_from_script(text, strlen(text), 0, &t.arena, &t.doc, NULL), SUAN_OK,
	       "nobody listens");
	is_int(suan_job_from_script("#!/b\n#SBATCH -c\n", 15, 0, &t.arena, &t.doc, NULL),
	       SUAN_EINVAL, "nobody listens to errors");
	t_wire_end(&t);
}

/* Fields that the script does not mention stay. */
static void stays(void)
{
	struct t_wire t;

	t_wire_begin(&t);
	t.doc.spec.req.cores = 3;
	is_int(t_wire_from_script(&t, "#!/bin/sh\n#SBATCH -n 2\n"), SUAN_OK, "script");
	t.doc.run.script = "";
	is_str(t_wire_json(&t), "{\"tasks\":2,\"cores\":3}", "both");
	t_wire_end(&t);
}

static void sizes(void)
{
	struct t_wire t;
	char *big = calloc(1, (4u << 20) + 2);
	enum suan_code rc = SUAN_ENOMEM;
	const char *text = "#!/bin/sh\n#SBATCH -c 2 -J 'a b' --mem 4G --nice --export=A=1,B\n";
	bool named = true;

	memset(big, '#', (4u << 20) + 1);
	big[1] = '!';
	t_wire_begin(&t);
	is_int(t_wire_from_script(&t, big), SUAN_ETOOBIG, "4 MiB + 1");
	is_str(t.err.text, "a script may have 4194304 bytes, found 4194305", "says so");
	is_int(suan_job_from_script("#!\0x", 4, 0, &t.arena, &t.doc, &t.err), SUAN_EINVAL,
	       "NUL");
	is_str(t.err.text, "expected a script, found a NUL byte", "says so");
	t_wire_end(&t);
	free(big);
	for (size_t limit = 16; rc == SUAN_ENOMEM; limit += 16) {
		t_wire_begin(&t);
		suan_arena_init(&t.arena, limit);
		rc = t_wire_from_script(&t, text);
		named = named && (rc == SUAN_OK || t.err.code == SUAN_ENOMEM);
		t_wire_end(&t);
	}
	ok(rc == SUAN_OK && named, "failures to allocate are reported");
}

int main(void)
{
	corpus();
	rules();
	warnings();
	stays();
	sizes();
	return tap_done();
}
