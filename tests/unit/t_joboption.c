/* Options: ours and sbatch's, their units, and what sbatch's claims become per task. */
#include "t_wire.h"

/* ---- finding ---- */

static const struct {
	const char *option, *field;
	bool sbatch;
} found[] = {
	{"cores", "cores", false}, {"cpus-per-task", "cores", true}, {"cpus-per-t", "cores", true},
	{"walltime", "walltime_s", false}, {"time", "walltime_s", true},
	{"tim", "walltime_s", true},
	{"estimate", "estimate_s", false}, {"not-site", "not_site", false},
	{"job-name", "name", true}, {"nodes", "nodes", false}, {"gpus", "gpus", false},
	{"mem", "memory", true}, {"memory", "memory", false}, {"clusters", "site", true},
	{"cluster", "site", true}, {"mem-per-cpu", "mem-per-cpu", true}, {"gres", "gres", true},
	{"nice", "nice", true}, {"part", "partition", true}, {"no-r", "no-requeue", true},
	{"export", "export", true}, {"args", "args", false},
};

static const struct {
	const char *option, *error;
} lost[] = {
	{"walltme", "unknown option --walltme; did you mean --walltime?"},
	{"not_site", "unknown option --not_site; did you mean --not-site?"},
	{"xyzzy", "unknown option --xyzzy"},
	{"", "unknown option --"},
	{"budget", "--budget: not supported by this version"},
	{"max-latency-ms", "unknown option --max-latency-ms; did you mean --max-latency?"},
	{"mail", "sbatch: option '--mail' is ambiguous; possibilities: '--mail-type' "
		 "'--mail-user'"},
};

static void finds(void)
{
	const struct suan_job_field *f;
	struct suan_buf name;
	struct suan_err err = {0};
	bool sbatch;
	uint32_t n;

	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		sbatch = !found[i].sbatch;
		f = suan_job_option(found[i].option, &sbatch, &err);
		is_str(f ? f->name : NULL, found[i].field, found[i].option);
		ok(sbatch == found[i].sbatch, "whose it is");
	}
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		memset(&err, 0, sizeof(err));
		ok(!suan_job_option(lost[i].option, &sbatch, &err), "no --%s", lost[i].option);
		is_str(err.text, lost[i].error, "and says so");
		is_int(err.code, SUAN_EINVAL, "code");
	}
	ok(!suan_job_sbatch_option("foo", &err), "sbatch knows no --foo");
	is_str(err.text, "sbatch: unrecognized option '--foo'", "in sbatch's words");
	ok(!suan_job_sbatch_option("ntask-per-node", &err), "nor --ntask-per-node");
	is_str(err.text,
	       "sbatch: unrecognized option '--ntask-per-node'; did you mean '--ntasks-per-node'?",
	       "with the nearest");
	ok(!suan_job_sbatch_option("walltime", &err), "nor ours");
	ok(!suan_job_sbatch_option("gpus-per", &err), "nor half of two");
	is_str(err.text,
	       "sbatch: option '--gpus-per' is ambiguous; possibilities: '--gpus-per-node' "
	       "'--gpus-per-task'",
	       "ambiguous");
	is_str(suan_job_letter('c')->name, "cores", "-c");
	is_str(suan_job_letter('p')->name, "partition", "-p");
	ok(!suan_job_letter('Z') && !suan_job_letter('\0'), "no -Z");
	f = suan_job_fields(&n);
	suan_buf_init(&name, 0);
	for (uint32_t i = 0; i < n; i++) {
		suan_buf_reset(&name);
		suan_job_option_name(&f[i], &name);
		ok(suan_job_option(suan_buf_str(&name), &sbatch, &err) == &f[i] && !sbatch,
		   "--%s", suan_buf_str(&name));
		ok(!f[i].letter || suan_job_letter(f[i].letter) == &f[i], "letter of %s",
		   f[i].name);
	}
	suan_buf_done(&name);
}

/* ---- setting ---- */

struct option {
	const char *name, *value;
};

static enum suan_code set(struct t_wire *t, const struct option *o, bool all_sbatch)
{
	bool sbatch = true;
	const struct suan_job_field *f = all_sbatch ? suan_job_sbatch_option(o->name, &t->err)
						    : suan_job_option(o->name, &sbatch, &t->err);

	if (!f)
		return SUAN_EINVAL;
	return suan_job_set(&t->doc, f, &(struct suan_job_text){o->value, sbatch, T_NOW, &t->arena},
			    &t->err);
}

static const struct {
	bool sbatch;
	struct option o[5];
	const char *json;
} good[] = {
	{false, {{"memory", "2GiB"}}, "{\"memory\":2147483648}"},
	{false, {{"memory", "100"}}, "{\"memory\":100}"},
	{true, {{"mem", "100"}}, "{\"memory\":104857600}"},
	{true, {{"mem", "4G"}, {"ntasks", "4"}}, "{\"tasks\":4,\"memory\":1073741824}"},
	{true, {{"mem", "4G"}, {"ntasks", "4"}, {"nodes", "2"}},
	 "{\"tasks\":4,\"nodes\":2,\"memory\":2147483648}"},
	{true, {{"mem", "4gb"}, {"ntasks", "3"}, {"nodes", "2"}},
	 "{\"tasks\":3,\"nodes\":2,\"memory\":2000000000}"},
	{true, {{"mem", "0"}}, "{}"},
	{true, {{"mem-per-cpu", "1G"}, {"cpus-per-task", "4"}},
	 "{\"cores\":4,\"memory\":4294967296}"},
	{true, {{"mem-per-cpu", "1G"}, {"mem", "2G"}}, "{\"memory\":2147483648}"},
	{true, {{"mem-per-cpu", "1024T"}, {"cpus-per-task", "65536"}},
	 "{\"cores\":65536,\"memory\":1125899906842624}"},
	{false, {{"mem", "2G"}, {"memory", "1GiB"}}, "{\"memory\":1073741824}"},
	{false, {{"walltime", "90"}}, "{\"walltime_s\":90}"},
	{false, {{"walltime", "90s"}}, "{\"walltime_s\":90}"},
	{true, {{"time", "90"}}, "{\"walltime_s\":5400}"},
	{true, {{"time", "2-00:00"}}, "{\"walltime_s\":172800}"},
	{true, {{"time", "10:0:0"}}, "{\"walltime_s\":36000}"},
	{true, {{"time", "20000"}}, "{\"walltime_s\":1200000}"},
	{true, {{"time", "10"}, {"time", "UNLIMITED"}}, "{}"},
	{true, {{"time", "infinite"}}, "{}"},
	{true, {{"time", "0"}}, "{}"},
	{true, {{"nodes", "2-4"}}, "{\"tasks\":2,\"nodes\":2}"},
	{true, {{"nodes", "2"}, {"ntasks-per-node", "8"}}, "{\"tasks\":16,\"nodes\":2}"},
	{true, {{"tasks-per-node", "8"}}, "{\"tasks\":8}"},
	{true, {{"nodes", "2"}, {"ntasks-per-node", "8"}, {"ntasks", "4"}},
	 "{\"tasks\":4,\"nodes\":2}"},
	{true, {{"gres", "gpu"}}, "{\"gpus\":1}"},
	{true, {{"gres", "gpu:2"}}, "{\"gpus\":2}"},
	{true, {{"gres", "gpu:a100:2"}}, "{\"gpus\":2,\"gpu\":\"a100\"}"},
	{true, {{"gres", "gpu:a100-40:1"}}, "{\"gpus\":1,\"gpu\":\"a100-40\"}"},
	{true, {{"gres", "gpu:v100"}}, "{\"gpus\":1,\"gpu\":\"v100\"}"},
	{true, {{"gres", "gres/gpu:2(S:0-1)"}}, "{\"gpus\":2}"},
	{true, {{"gres", "gpu:0"}}, "{}"},
	{true, {{"gres", "gpu:a100:0"}}, "{}"},
	{true, {{"gres", "gpu:4"}, {"nodes", "2"}, {"ntasks", "4"}},
	 "{\"tasks\":4,\"nodes\":2,\"gpus\":2}"},
	{true, {{"gpus", "4"}, {"ntasks", "4"}}, "{\"tasks\":4,\"gpus\":1}"},
	{true, {{"gpus", "h100:2"}}, "{\"gpus\":2,\"gpu\":\"h100\"}"},
	{false, {{"gpus", "4"}, {"ntasks", "4"}}, "{\"tasks\":4,\"gpus\":4}"},
	{false, {{"gres", "gpu:3"}, {"gpus", "2"}}, "{\"gpus\":2}"},
	{true, {{"gpus-per-node", "2"}}, "{\"gpus\":2}"},
	{true, {{"gpus-per-task", "2"}, {"ntasks", "3"}}, "{\"tasks\":3,\"gpus\":2}"},
	{true, {{"cpus-per-gpu", "8"}, {"gpus", "2"}}, "{\"cores\":16,\"gpus\":2}"},
	{true, {{"cpus-per-gpu", "8"}, {"gpus", "2"}, {"cpus-per-task", "3"}},
	 "{\"cores\":3,\"gpus\":2}"},
	{true, {{"cpus-per-gpu", "65536"}, {"gpus", "2"}}, "{\"cores\":65536,\"gpus\":2}"},
	{true, {{"cpus-per-gpu", "8"}}, "{}"},
	{true, {{"array", "0-31%10"}}, "{\"array\":\"0-31%10\"}"},
	{true, {{"array", "1-1"}}, "{\"array\":\"1\"}"},
	{true, {{"array", "0,6,16-32:4"}}, "{\"array\":\"0,6,16-32:4\"}"},
	{true, {{"dependency", "afterok:1:2,afterany:3"}},
	 "{\"after\":[{\"type\":\"afterok\",\"job\":1},{\"type\":\"afterok\",\"job\":2},"
	 "{\"type\":\"afterany\",\"job\":3}]}"},
	{true, {{"account", "a"}, {"qos", "q"}, {"job-name", "n"}},
	 "{\"name\":\"n\",\"account\":\"a\",\"qos\":\"q\"}"},
	{true, {{"clusters", "a,b"}}, "{\"site\":[\"a\",\"b\"]}"},
	{true, {{"hold", NULL}, {"exclusive", "user"}}, "{\"exclusive\":true,\"hold\":true}"},
	{false, {{"hold", NULL}, {"hold", "no"}}, "{}"},
	{false, {{"checkpointable", "true"}, {"exclusive", "1"}},
	 "{\"exclusive\":true,\"checkpointable\":true}"},
	{true, {{"begin", "now+1h"}}, "{\"begin\":\"2025-11-21T09:00:00.000Z\"}"},
	{true, {{"deadline", "2026-01-01T00:00:00Z"}},
	 "{\"deadline\":\"2026-01-01T00:00:00.000Z\"}"},
	{true, {{"priority", "5"}}, "{\"priority\":5}"},
	{true, {{"nice", NULL}}, "{\"priority\":-100}"},
	{true, {{"nice", "true"}}, "{\"priority\":-100}"},
	{true, {{"nice", "-7"}}, "{\"priority\":7}"},
	{true, {{"no-requeue", NULL}}, "{\"guarantee\":\"at-most-once\"}"},
	{true, {{"no-requeue", NULL}, {"requeue", NULL}}, "{}"},
	{false, {{"guarantee", "at-least-once"}}, "{\"guarantee\":\"at-least-once\"}"},
	{true, {{"open-mode", "append"}}, "{\"append\":true}"},
	{true, {{"open-mode", "append"}, {"open-mode", "truncate"}}, "{}"},
	{true, {{"export", "ALL,A=1,B"}, {"export", "A=2,C=x=y"}},
	 "{\"env\":{\"A\":\"2\",\"C\":\"x=y\"}}"},
	{false, {{"env", "A=1"}, {"env", "B="}, {"env", "A=3"}},
	 "{\"env\":{\"A\":\"3\",\"B\":\"\"}}"},
	{true, {{"chdir", "/w"}, {"input", "i"}, {"output", "o"}, {"error", "e"}},
	 "{\"dir\":\"/w\",\"stdin\":\"i\",\"stdout\":\"o\",\"stderr\":\"e\"}"},
	{false, {{"args", "a"}, {"args", ""}, {"args", "c"}}, "{\"args\":[\"a\",\"\",\"c\"]}"},
	{false, {{"inputs", "/a/b"}, {"inputs", "x=/c"}, {"inputs", "/odd=name"}},
	 "{\"inputs\":[{\"path\":\"b\",\"url\":\"/a/b\"},{\"path\":\"x\",\"url\":\"/c\"},"
	 "{\"path\":\"odd=name\",\"url\":\"/odd=name\"}]}"},
	{false, {{"outputs", "o=/r"}}, "{\"outputs\":[{\"path\":\"o\",\"url\":\"/r\"}]}"},
	{false, {{"not-hub", "x"}, {"hub", "y,z"}, {"hub", "w"}},
	 "{\"hub\":[\"w\"],\"not_hub\":[\"x\"]}"},
	{false, {{"near", "xian"}, {"max-latency", "5ms"}},
	 "{\"near\":\"xian\",\"max_latency_ms\":5}"},
	{true, {{"partition", "gpu"}, {"mail-type", "ALL"}, {"verbose", NULL}}, "{}"},
};

static void sets(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct t_wire t;

		t_wire_begin(&t);
		for (size_t k = 0; k < 5 && good[i].o[k].name; k++) {
			ok(set(&t, &good[i].o[k], good[i].sbatch) == SUAN_OK, "--%s=%s",
			   good[i].o[k].name, good[i].o[k].value ? good[i].o[k].value : "");
			if (t.err.text[0])
				printf("# %s\n", t.err.text);
		}
		is_str(t_wire_json(&t), good[i].json, "gives");
		t_wire_end(&t);
	}
}

static const struct {
	bool sbatch;
	struct option o;
	const char *error;
} bad[] = {
	{false, {"cores", "two"},
	 "cores: expected a whole number from 1 to 65536, found \"two\""},
	{false, {"cores", NULL}, "cores: expected a value, found none"},
	{false, {"cores", "0"}, "cores: expected a whole number from 1 to 65536, found \"0\""},
	{true, {"mem", "2000T"},
	 "memory: expected a size of at most 1024TiB, found \"2000T\""},
	{true, {"mem", "x"}, NULL},
	{false, {"memory", "x"}, NULL},
	{true, {"time", "x"}, NULL},
	{true, {"begin", "16:00"}, NULL},
	{true, {"array", "x"}, NULL},
	{true, {"nodes", "x"}, "nodes: expected a whole number from 1 to 1000000, found \"x\""},
	{true, {"nodes", "2-x"}, "nodes: expected a whole number from 1 to 1000000, found \"2-x\""},
	{true, {"ntasks-per-node", "0"},
	 "ntasks-per-node: expected a whole number from 1 to 1000000, found \"0\""},
	{true, {"gres", "lscratch:10"},
	 "gres: expected gpu:2 or gpu:KIND:2; suan knows no other resources, found "
	 "\"lscratch:10\""},
	{true, {"gres", "gpu:1,shard:2"},
	 "gres: expected gpu:2 or gpu:KIND:2; suan knows no other resources, found "
	 "\"gpu:1,shard:2\""},
	{true, {"gres", "gpu:"}, "gres: expected a number, or KIND:number, found \"gpu:\""},
	{true, {"gres", "gpu:a:b"}, "gres: expected a number, or KIND:number, found \"gpu:a:b\""},
	{true, {"gres", "gpu:a:b:1"},
	 "gres: expected a number, or KIND:number, found \"gpu:a:b:1\""},
	{true, {"gres", "gpu::1"}, "gres: expected a number, or KIND:number, found \"gpu::1\""},
	{true, {"gres", "gpu:9999"},
	 "gres: expected a whole number from 0 to 1024, found \"gpu:9999\""},
	{true, {"gpus-per-task", "9x"},
	 "gpus-per-task: expected a whole number from 0 to 1024, found \"9x\""},
	{true, {"nice", "x"},
	 "nice: expected a whole number from -1000000 to 1000000, found \"x\""},
	{true, {"open-mode", "x"}, "open-mode: expected append or truncate, found \"x\""},
	{true, {"export", "A,,B"}, "export: expected ALL, NONE, names or NAME=value, found \"A,,"
	 "B\""},
	{true, {"export", "A=1,,B"},
	 "export: expected ALL, NONE, names or NAME=value, found \"A=1,,B\""},
	{true, {"export", "=x"}, "export: expected NAME=value, found \"=x\""},
	{true, {"dependency", "singleton"},
	 "after: expected afterok, afterany, afternotok or aftercorr with job numbers such as "
	 "\"afterok:12:13,afterany:14\", found \"singleton\""},
	{true, {"dependency", "afterok:1?afterok:2"}, NULL},
	{true, {"clusters", ""}, "site: expected names separated by commas, found \"\""},
	{false, {"hold", "maybe"}, "hold: expected true or false, found \"maybe\""},
	{false, {"env", "A"}, "env: expected NAME=value, found \"A\""},
	{false, {"outputs", "/x"},
	 "outputs: expected NAME=PATH with the place where the output should go, found \"/x\""},
	{false, {"guarantee", "x"},
	 "guarantee: expected lease, at-most-once or at-least-once, found \"x\""},
	{false, {"priority", "9999999"},
	 "priority: expected a whole number from -1000000 to 1000000, found \"9999999\""},
};

static void refuses(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct t_wire t;

		t_wire_begin(&t);
		ok(set(&t, &bad[i].o, bad[i].sbatch) == SUAN_EINVAL, "refuses --%s=%s",
		   bad[i].o.name, bad[i].o.value ? bad[i].o.value : "");
		if (bad[i].error)
			is_str(t.err.text, bad[i].error, "and says why");
		else
			ok(strstr(t.err.text, ": "), "and says why: %s", t.err.text);
		is_str(t_wire_json(&t), "{}", "nothing changed");
		t_wire_end(&t);
	}
}

static const struct {
	struct option o[4];
	const char *error;
} unresolved[] = {
	{{{"ntasks", "8"}, {"gres", "gpu:1"}},
	 "gpus: 1 accelerators cannot be shared out evenly over 8 tasks; write --gpus-per-task, or "
	 "fewer tasks with more --cpus-per-task"},
	{{{"ntasks", "2"}, {"gpus", "3"}},
	 "gpus: 3 accelerators cannot be shared out evenly over 2 tasks; write --gpus-per-task, or "
	 "fewer tasks with more --cpus-per-task"},
	{{{"nodes", "1000"}, {"ntasks-per-node", "1001"}},
	 "tasks: 1000 nodes of 1001 tasks are more than 1000000"},
};

static void claims(void)
{
	for (size_t i = 0; i < sizeof(unresolved) / sizeof(unresolved[0]); i++) {
		struct t_wire t;

		t_wire_begin(&t);
		t.doc.run.script = "#!/bin/sh\n";
		for (size_t k = 0; k < 4 && unresolved[i].o[k].name; k++)
			ok(set(&t, &unresolved[i].o[k], true) == SUAN_OK, "--%s",
			   unresolved[i].o[k].name);
		is_int(suan_job_resolve(&t.doc, &t.err), SUAN_EINVAL, "cannot be resolved");
		is_str(t.err.text, unresolved[i].error, "and says why");
		is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_EINVAL, "nor sealed");
		ok(strstr(t_wire_json(&t), "script"), "but written");
		t_wire_end(&t);
	}
}

static void array_stays(void)
{
	struct t_wire t;
	struct option o = {"array", "1-3"}, wrong = {"array", "3-1"};

	t_wire_begin(&t);
	ok(set(&t, &o, false) == SUAN_OK && set(&t, &wrong, false) == SUAN_EINVAL, "--array");
	is_str(t_wire_json(&t), "{\"array\":\"1-3\"}", "a wrong one changes nothing");
	t_wire_end(&t);
}

static void exports(void)
{
	struct t_wire t;
	struct option o = {"export", "ALL,A=1,PATH"};

	t_wire_begin(&t);
	is_str(t.doc.export_names, "", "not given");
	ok(set(&t, &o, true) == SUAN_OK, "--export");
	is_str(t.doc.export_names, "ALL,PATH", "the submitter's part");
	t_wire_end(&t);
}

static void memory(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		enum suan_code rc = SUAN_ENOMEM;
		bool named = true;

		for (size_t limit = 16; rc == SUAN_ENOMEM; limit += 16) {
			struct t_wire t;

			t_wire_begin(&t);
			suan_arena_init(&t.arena, limit);
			rc = SUAN_OK;
			for (size_t k = 0; k < 5 && good[i].o[k].name && rc == SUAN_OK; k++)
				rc = set(&t, &good[i].o[k], good[i].sbatch);
			named = named && (rc == SUAN_OK || t.err.code == SUAN_ENOMEM);
			t_wire_end(&t);
		}
		ok(rc == SUAN_OK && named, "failures to allocate are reported: %s",
		   good[i].o[0].name);
	}
}

int main(void)
{
	finds();
	sets();
	refuses();
	claims();
	array_stays();
	exports();
	memory();
	return tap_done();
}
