/* What Slurm's commands are asked and answer; the script of a batch runs here in a real shell. */
#include "lib/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/slurm_text.h"
#include "sys/fs.h"

static unsigned rows(const char *text, struct suan_slurm_row *last)
{
	const char *p = text, *end = text + strlen(text);
	unsigned n = 0;

	while (suan_slurm_row(&p, end, last))
		n++;
	return n;
}

static void t_squeue(void)
{
	struct suan_slurm_row r;

	is_int(rows("17_3|RUNNING|0|suan-ab-1|1795812683|4|main|None|\n", &r), 1, "a row");
	ok(strcmp(r.id, "17_3") == 0 && r.element == 3 && r.state == SUAN_SLURM_RUNNING &&
		   strcmp(r.name, "suan-ab-1") == 0 && r.start_ms == 1795812683000 && r.cpus == 4 &&
		   strcmp(r.partition, "main") == 0 && strcmp(r.reason, "None") == 0,
	   "all of it");
	is_int(rows("2|FAILED|768|a|N/A|1|m|NonZeroExitCode|\n", &r), 1, "of 22.05");
	ok(r.exit_code == 3 && r.signal == 0 && r.start_ms == 0 && r.element == 0, "exit code 3");
	is_int(rows("2|FAILED|9|a|5|1|m|x|\n", &r), 1, "killed");
	ok(r.exit_code == 0 && r.signal == 9, "signal 9");
	is_int(rows("2|FAILED|3:0|a|5|1|m|x|\n2|FAILED|0:15|a|5|1|m|x|", &r), 2, "of 23.02");
	ok(r.exit_code == 0 && r.signal == 15, "code:signal");
	is_int(rows("slurm_load_jobs error\n\n1_[0-3]|PENDING|0|a|5|1|m|x|\n|||\n"
		    "1|STRANGE|0|a|5|1|m|x|\nx|PENDING|0|a|5|1|m|x|\n1|PENDING|z|a|5|1|m|x|\n"
		    "7|COMPLETING|0|a|5|1|m|x|\n",
		    &r),
	       1, "what is not understood is passed over");
	ok(r.state == SUAN_SLURM_RUNNING && !suan_slurm_over(r.state), "ending is not the end");
	is_int(rows("7|TIMEOUT|0|a|5|1|m|x|\n", &r), 1, "timeout");
	ok(suan_slurm_over(r.state), "is an end");
}

static void t_sbatch(void)
{
	struct suan_arena a = {0};
	struct suan_slurm_ask b = {.token = "suan-ab-7",
				   .partition = "gpu",
				   .script = "/s",
				   .job_name = "it's",
				   .req = {.tasks = 3,
					   .cores = 4,
					   .gpus = 2,
					   .memory = UINT64_C(10) << 20,
					   .exclusive = true},
				   .walltime_ms = 90000,
				   .grace_ms = 10000,
				   .count = 12,
				   .most = 5};
	const char *const *argv = suan_slurm_sbatch(&b, &a);
	struct suan_buf all = {0};
	char id[40];

	for (; argv && *argv; argv++)
		suan_buf_addf(&all, "%s ", *argv);
	is_str(suan_buf_str(&all),
	       "sbatch --parsable --no-requeue --job-name=suan-ab-7 --comment=it's "
	       "--output=/dev/null --error=/dev/null --chdir=/ --time=3 --partition=gpu "
	       "--ntasks=3 --cpus-per-task=4 --mem-per-cpu=3M --gpus-per-task=2 --exclusive "
	       "--array=0-11%5 /s ",
	       "arguments");
	ok(suan_slurm_id("123\n", id) && strcmp(id, "123") == 0, "an id");
	ok(suan_slurm_id("123;east\n", id) && strcmp(id, "123") == 0, "an id of a cluster");
	ok(!suan_slurm_id("", id) && !suan_slurm_id("Submitted 1", id) && !suan_slurm_id("12x", id),
	   "no id");
	suan_buf_done(&all);
	suan_arena_done(&a);
}

static void t_sinfo(void)
{
	static const char text[] = "n1|main|2/6/0/8|mixed|\nn2|main|0/0/8/8|down*|\n"
				   "n3|big|8/0/0/8|allocated|\nn4|big|1/2|idle|\nnonsense\n";
	const char *p = text, *end = text + strlen(text);
	struct suan_slurm_node n;

	ok(suan_slurm_node(&p, end, &n) && n.usable && n.allocated == 2 && n.total == 8 &&
		   strcmp(n.partition, "main") == 0,
	   "a node that has work");
	ok(suan_slurm_node(&p, end, &n) && !n.usable && n.total == 8, "one that is down");
	ok(suan_slurm_node(&p, end, &n) && n.usable && n.allocated == 8, "a full one");
	ok(!suan_slurm_node(&p, end, &n), "nonsense is passed over");
}

static void t_result(void)
{
	static const char good[] = "exit 3\ntimeout no\nbegan 100\nend 105\n"
				   "0m0.01s 0m0.02s\n1m2.500000s 0m0.250s\n";
	static const char bad[] = "cannot no such directory: /x\nbegan 7\nend 8\n";
	struct suan_slurm_result r;

	ok(suan_slurm_result(good, strlen(good), &r) && r.started && r.exit_code == 3 &&
		   !r.timeout && r.start_ms == 100000 && r.end_ms == 105000,
	   "a result");
	is_int(r.cpu_ms, 62750, "processor time of its children");
	ok(suan_slurm_result(bad, strlen(bad), &r) && !r.started, "it could not start");
	is_str(r.text, "no such directory: /x", "why");
	ok(!suan_slurm_result(good, 20, &r) && !suan_slurm_result("", 0, &r), "half a result");
}

/* ---- the script itself ---- */

struct rig {
	char folder[64];
	struct suan_buf text;
};

static void put(const char *folder, const char *name, struct suan_buf *b)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (suan_fs_write(path, b->data, b->len, 0600, false, NULL) != SUAN_OK)
		abort();
	suan_buf_reset(b);
}

static void begin(struct rig *g, const char *const *argv, int64_t walltime_ms)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "WORD=it's", "SLURM_JOB_ID=77",
					  "SLURM_ARRAY_TASK_ID=42", NULL};
	static const char *const names[] = {"9_0.1", "9_1.1"};
	char path[256], out[128];

	*g = (struct rig){.folder = "/tmp/suan t_slurm-XXXXXX"}; /* with a blank */
	if (!mkdtemp(g->folder))
		abort();
	(void)snprintf(path, sizeof(path), "%s/9_1.1", g->folder);
	(void)snprintf(out, sizeof(out), "%s/out", g->folder);
	if (suan_fs_mkdirs(path, 0700, NULL) != SUAN_OK)
		abort();
	suan_slurm_start(&g->text, &(struct suan_driver_run){.dir = g->folder,
							     .stdin_path = "/dev/null",
							     .stdout_path = out,
							     .stderr_path = "",
							     .argv = argv,
							     .envp = env,
							     .walltime_ms = walltime_ms,
							     .grace_ms = 500});
	put(path, "start", &g->text);
	suan_slurm_script(&g->text, g->folder, names, 2);
	put(g->folder, "script", &g->text);
}

static int execute(const struct rig *g, const char *element)
{
	char command[256];
	int rc;

	(void)snprintf(command, sizeof(command),
		       "SLURM_JOB_ID=5 SLURM_ARRAY_TASK_ID=%s sh '%s/script' 2>&1", element,
		       g->folder);
	rc = system(command); /* NOLINT: a fixed command */
	return rc < 0 ? rc : rc >> 8;
}

static const char *read_file(struct rig *g, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", g->folder, name);
	suan_buf_reset(&g->text);
	return suan_fs_read(path, &g->text, NULL) == SUAN_OK ? suan_buf_str(&g->text) : "nothing";
}

static void finish(struct rig *g)
{
	suan_buf_done(&g->text);
	if (suan_fs_remove_tree(g->folder, NULL) != SUAN_OK)
		abort();
}

static bool result_of(struct rig *g, struct suan_slurm_result *r)
{
	const char *text = read_file(g, "9_1.1/result");

	return suan_slurm_result(text, strlen(text), r);
}

static void t_script(void)
{
	static const char *const argv[] = {
		"sh", "-c",    "echo \"$WORD $SLURM_JOB_ID $SLURM_ARRAY_TASK_ID $1\"; exit 3",
		"x",  "a 'b'", NULL};
	struct suan_slurm_result r;
	struct rig g;

	begin(&g, argv, 60000);
	is_int(execute(&g, "1"), 3, "the script ends as the run did");
	is_str(read_file(&g, "out"), "it's 5 42 a 'b'\n", "environment and arguments");
	ok(result_of(&g, &r) && r.started && r.exit_code == 3 && !r.timeout && r.end_ms > 0,
	   "its result");
	is_int(execute(&g, "1"), 75, "a second copy finds it claimed");
	is_str(read_file(&g, "out"), "it's 5 42 a 'b'\n", "and does nothing");
	is_int(execute(&g, "0"), 75, "a run whose folder is gone");
	is_int(execute(&g, "7"), 75, "an element that there is not");
	finish(&g);
}

static void t_script_ends(void)
{
	static const char *const sleeps[] = {"sleep", "100", NULL};
	static const char *const none[] = {"no-such-program", NULL};
	struct suan_slurm_result r;
	struct rig g;

	begin(&g, sleeps, 1000);
	is_int(execute(&g, "1"), 124, "its walltime ends it");
	ok(result_of(&g, &r) && r.timeout, "and that is told");
	finish(&g);
	begin(&g, none, 60000);
	is_int(execute(&g, "1"), 127, "no such program");
	ok(result_of(&g, &r) && r.started && r.exit_code == 127, "is exit code 127");
	finish(&g);
	begin(&g, sleeps, 1000);
	suan_slurm_start(&g.text, &(struct suan_driver_run){.dir = "/nowhere/at/all",
							    .stdin_path = "/dev/null",
							    .stdout_path = "/dev/null",
							    .argv = none,
							    .envp = none + 1,
							    .walltime_ms = 1000});
	put(g.folder, "9_1.1/start", &g.text);
	is_int(execute(&g, "1"), 75, "no such directory");
	ok(result_of(&g, &r) && !r.started && strstr(r.text, "/nowhere/at/all"), "%s", r.text);
	finish(&g);
}

int main(void)
{
	t_squeue();
	t_sbatch();
	t_sinfo();
	t_result();
	t_script();
	t_script_ends();
	return tap_done();
}
