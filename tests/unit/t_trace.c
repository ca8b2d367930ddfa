/* Workload traces: both forms, every rule, damaged lines, pieces, sorting, load and shaking; and
 * real logs against their cleaned forms when the shared data is there ($SUAN_SHARED_DATA, else
 * ../shared/data beside the source). */
#include "lib/tap.h"

#include "lib/oom.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/rng.h"
#include "wire/json.h"
#include "wire/trace.h"

static struct suan_err err;

static enum suan_code read_pieces(enum suan_trace_form form, const char *text, size_t n,
				  size_t piece, struct suan_trace *ret)
{
	struct suan_trace_reader *r = suan_trace_reader_new(form, "log");
	enum suan_code rc = SUAN_OK;

	memset(ret, 0, sizeof(*ret));
	memset(&err, 0, sizeof(err));
	if (!r)
		return suan_fail(&err, SUAN_ENOMEM, "no reader");
	for (size_t at = 0; at < n && rc == SUAN_OK; at += piece)
		rc = suan_trace_feed(r, text + at, n - at < piece ? n - at : piece, &err);
	if (rc == SUAN_OK)
		rc = suan_trace_take(r, ret, &err);
	suan_trace_reader_free(r);
	return rc;
}

static enum suan_code read_text(enum suan_trace_form form, const char *text, struct suan_trace *ret)
{
	size_t n = strlen(text);

	return read_pieces(form, text, n, n ? n : 1, ret);
}

/* ---- tables as text ---- */

static void print_job(const struct suan_trace *t, const struct suan_trace_job *j,
		      struct suan_buf *out)
{
	suan_buf_addf(out,
		      "%" PRIu64 " at=%" PRId64 " run=%" PRId64 " est=%" PRId64 " due=%" PRId64
		      " mem=%" PRIu64 " %ux%u gpus=%u nodes=%u [%s %s %s %s]",
		      j->id, j->submit_ms, j->run_ms, j->estimate_ms, j->deadline_ms, j->memory,
		      j->tasks, j->cores, j->gpus, j->nodes, t->strings[j->user],
		      t->strings[j->account], t->strings[j->site], t->strings[j->gpu]);
	for (uint32_t i = 0; i < j->ninputs; i++)
		suan_buf_addf(out, " <%s>", t->strings[t->inputs[j->first_input + i]]);
	suan_buf_addc(out, '\n');
}

/* Owned. */
static char *print(const struct suan_trace *t)
{
	struct suan_buf out = {0};

	for (size_t i = 0; i < t->njobs; i++)
		print_job(t, &t->jobs[i], &out);
	suan_buf_addf(&out, "rejected=%" PRIu64 " procs=%" PRIu64, t->rejected, t->max_procs);
	return suan_buf_take(&out, NULL);
}

static void check(enum suan_trace_form form, const char *text, const char *want, const char *what)
{
	struct suan_trace t;
	char *got = NULL;

	if (ok(read_text(form, text, &t) == SUAN_OK, "%s: read%s%s", what, err.text[0] ? ": " : "",
	       err.text)) {
		got = print(&t);
		is_str(got, want, what);
	}
	free(got);
	suan_trace_done(&t);
}

static void refused(enum suan_trace_form form, const char *text, const char *want)
{
	struct suan_trace t;

	is_int(read_text(form, text, &t), SUAN_EINVAL, want);
	is_str(err.text, want, "the text says so");
	ok(t.jobs == NULL, "nothing is given");
	suan_trace_done(&t);
}

/* ---- SWF ---- */

#define SWF(text, want, what) check(SUAN_TRACE_SWF, text, want, what)
#define TAIL		      "due=0 mem=0 "

static void test_swf_rules(void)
{
	SWF("1 10 -1 100 4 -1 -1 8 200 -1 1 7 3 -1 -1 -1 -1 -1\n",
	    "1 at=10000 run=100000 est=200000 " TAIL
	    "4x1 gpus=0 nodes=0 [7 3  ]\nrejected=0 procs=0",
	    "allocated processors count");
	SWF("1 10 -1 100 -1 -1 -1 8 200 -1 1 7 3\n",
	    "1 at=10000 run=100000 est=200000 " TAIL
	    "8x1 gpus=0 nodes=0 [7 3  ]\nrejected=0 procs=0",
	    "else those asked for");
	SWF("1 10 -1 100 0 -1 -1 8 200\n",
	    "1 at=10000 run=100000 est=200000 " TAIL "8x1 gpus=0 nodes=0 [   ]\nrejected=0 procs=0",
	    "none allocated; nine columns do");
	SWF("1 10 -1 100 4 -1 -1 8 -1 -1 1 0 -1\n",
	    "1 at=10000 run=100000 est=100000 " TAIL
	    "4x1 gpus=0 nodes=0 [0   ]\nrejected=0 procs=0",
	    "without estimate the run time; user 0, no group");
	SWF("1 10 -1 100 4 -1 -1 8 60\n",
	    "1 at=10000 run=60000 est=60000 " TAIL "4x1 gpus=0 nodes=0 [   ]\nrejected=0 procs=0",
	    "cut at the estimate");
	SWF("5 10 -1 0 4 -1 -1 8 60\n6 10 -1 -1 4 -1 -1 8 60\n7 10 0 9 -1 0 0 0 60\n"
	    "8 -1 0 9 1 0 0 1 60\n9 -0.5 0 9 1 0 0 1 60\n-1 0 0 9 1 0 0 1 60\n",
	    "6 at=0 run=9000 est=60000 " TAIL "1x1 gpus=0 nodes=0 [   ]\nrejected=5 procs=0",
	    "rejected records; one without a number");
	SWF("1 10.25 -1 100.5 4 99.125 -1 8 200.0006 -1 1 7 3\n",
	    "1 at=10250 run=100500 est=200001 " TAIL
	    "4x1 gpus=0 nodes=0 [7 3  ]\nrejected=0 procs=0",
	    "parts of seconds");
	SWF("1. .5 -1 1.9999 4.0 x -1 8 200 -1 1 7.0 3\n",
	    "1 at=500 run=2000 est=200000 " TAIL "4x1 gpus=0 nodes=0 [7 3  ]\nrejected=0 procs=0",
	    "numbers as some programs print them");
	SWF("\t 1\t10 -1  100   4 -1 -1 8 200 -1 1 7 3 -1 -1 -1 -1 -1  \r\n \n\r\n",
	    "1 at=10000 run=100000 est=200000 " TAIL
	    "4x1 gpus=0 nodes=0 [7 3  ]\nrejected=0 procs=0",
	    "tabs, DOS ends, empty lines");
	SWF("1 1356996147 0 56011 64 1 1024 64 86400 68719476736 1 62 1 1 -1 1 1 1 {1241,1241} "
	    "q_2w "
	    "1:ppn=12 x y",
	    "1 at=1356996147000 run=56011000 est=86400000 " TAIL
	    "64x1 gpus=0 nodes=0 [62 1  ]\nrejected=0 procs=0",
	    "more columns than the format has, no end of line");
	SWF("123456789012345678 1 0 1 4294967295 0 0 1 1 0 1 999999999 16384\n",
	    "123456789012345678 at=1000 run=1000 est=1000 " TAIL
	    "4294967295x1 gpus=0 nodes=0 [999999999 16384  ]\nrejected=0 procs=0",
	    "large numbers");
	SWF("\xef\xbb\xbf; MaxProcs: 8\n1 1 0 1 1 0 0 1 1\n",
	    "1 at=1000 run=1000 est=1000 " TAIL "1x1 gpus=0 nodes=0 [   ]\nrejected=0 procs=8",
	    "a byte order mark");
}

static void header(const char *text, uint64_t want)
{
	static unsigned number;
	char log[400];
	struct suan_trace t;

	(void)snprintf(log, sizeof(log), "%s\n1 1 0 1 1 0 0 1 1\n", text);
	if (ok(read_text(SUAN_TRACE_SWF, log, &t) == SUAN_OK, "header %s", err.text))
		ok(t.max_procs == want, "header %u: %" PRIu64, ++number, t.max_procs);
	suan_trace_done(&t);
}

static void test_swf_header(void)
{
	header("; MaxProcs: 128", 128);
	header(";MaxProcs:128", 128);
	header("  ;;\t maxprocs :\t128 (all)\r", 128);
	header("; MaxNodes: 64", 64);
	header("; MaxNodes: 64\n; MaxProcs: 128", 128);
	header("; MaxProcs: 128\n; MaxNodes: 64", 128);
	header("; MaxProcs: 128\n; MaxProcs: 256", 128);
	header("; MaxProcs: many", 0);
	header("; MaxProcs: 1,024", 0);
	header("; MaxProcs 128", 0);
	header("; MaxProcs: 99999999999", 0);
	header("; MaxProcsPerJob: 12", 0);
	header("; Note: MaxProcs: 12", 0);
	header("; MaxProcs:", 0);
	header(";", 0);
}

static void test_swf_damaged(void)
{
	const enum suan_trace_form f = SUAN_TRACE_SWF;

	refused(f, "; x\n\n1 10 -1 12x 4 -1 -1 8 200\n",
		"log:3: field 4 (run time): found \"12x\", want seconds, below 10^12");
	refused(f, "<html>\n",
		"log:1: field 1 (job number): found \"<html>\", want a whole number");
	refused(f, "1 10 -1 100 4 -1 -1 8\n",
		"log:1: field 9 (requested time): found the end of the line, want at least 9 "
		"fields");
	refused(f, "1",
		"log:1: field 2 (submit time): found the end of the line, want at least 9 "
		"fields");
	refused(f, "1 10 -1 100 4.5 -1 -1 8 200\n",
		"log:1: field 5 (processors): found \"4.5\", want a whole number below 2^32");
	refused(f, "1 10 -1 100 4 -1 -1 4294967296 200\n",
		"log:1: field 8 (requested processors): found \"4294967296\", want a whole number "
		"below 2^32");
	refused(f, "1 10 -1 1000000000000 4 -1 -1 1 200\n",
		"log:1: field 4 (run time): found \"1000000000000\", want seconds, below 10^12");
	refused(f, "1 -99999999999999 -1 1 4 -1 -1 1 200\n",
		"log:1: field 2 (submit time): found \"-99999999999999\", want seconds, below "
		"10^12");
	refused(f, "1234567890123456789 1 -1 1 4 -1 -1 1 200\n",
		"log:1: field 1 (job number): found \"1234567890123456789\", want a whole number");
	refused(f, "1 10 -1 100 4 -1 -1 8 - -1\n",
		"log:1: field 9 (requested time): found \"-\", want seconds, below 10^12");
	refused(f, "1 10 -1 100 4 -1 -1 8 . -1\n",
		"log:1: field 9 (requested time): found \".\", want seconds, below 10^12");
	refused(f, "1 10 -1 1e3 4 -1 -1 8 9 -1\n",
		"log:1: field 4 (run time): found \"1e3\", want seconds, below 10^12");
	refused(f, "1 10 -1 100 4 -1 -1 8 200 -1 1 anna 3\n",
		"log:1: field 12 (user): found \"anna\", want a whole number");
	refused(f, "1 10 -1 100 4 -1 -1 8 200 -1 1 1 0.25\n",
		"log:1: field 13 (group): found \"0.25\", want a whole number");
	refused(f, "1 10 \x01 100 4 -1 -1 8 200\n",
		"log:1: field 3 (wait time): found \"?\", want a whole number");
	refused(f, "1 1\x02 1 100 4 -1 -1 8 200\n",
		"log:1: field 2 (submit time): found \"1?\", want seconds, below 10^12");
	refused(f, "\xff\xfe binary and a word of more than forty characters\n",
		"log:1: field 1 (job number): found \"??\", want a whole number");
	refused(f, "awordofmorethanfortycharactersfromatextthatisnotalog\n",
		"log:1: field 1 (job number): found \"awordofmorethanfortycharactersfromatextt…\", "
		"want a whole number");
	refused(f, "", "log: found no job in it");
	refused(f, "; nothing\n\n", "log: found no job in it");
	refused(f, "1 10 -1 -1 4 -1 -1 8 200\n2 10 -1 -1 4 -1 -1 8 200",
		"log: found no job in it that has run time and processors, among 2 records");
}

/* Every number of digits at every distance from the end of the bytes, against the plain way. */
static void test_swf_numbers(void)
{
	unsigned wrong = 0, tried = 0;
	struct suan_rng rng;

	suan_rng_init(&rng, 1);
	for (unsigned i = 0; i < 1500; i++) {
		uint64_t limit = UINT64_C(10), id, user, submit;
		struct suan_trace t;
		char line[200];

		for (unsigned k = (unsigned)suan_rng_below(&rng, 17); k > 0; k--)
			limit *= 10;
		id = suan_rng_below(&rng, limit) + 1;
		user = suan_rng_below(&rng, limit);
		submit = suan_rng_below(&rng, limit < 1000000000000 ? limit : 1000000000000);
		(void)snprintf(line, sizeof(line),
			       "%*" PRIu64 " %" PRIu64 " 0 1 1 0 0 1 1 0 1 %" PRIu64, (int)(i % 13),
			       id, submit, user);
		tried++;
		if (read_text(SUAN_TRACE_SWF, line, &t) != SUAN_OK || t.jobs[0].id != id ||
		    t.jobs[0].submit_ms != (int64_t)submit * 1000 ||
		    strtoull(t.strings[t.jobs[0].user], NULL, 10) != user)
			wrong++;
		suan_trace_done(&t);
	}
	ok(tried == 1500 && wrong == 0, "%u of %u lines of random numbers are wrong", wrong, tried);
}

static void test_strings(void)
{
	struct suan_trace t;

	is_int(read_text(SUAN_TRACE_SWF,
			 "1 1 0 1 1 0 0 1 1 0 1 7 70000\n2 1 0 1 1 0 0 1 1 0 1 70000 7\n", &t),
	       SUAN_OK, "numbers below and above the small ones");
	is_int(t.nstrings, 3, "each is kept once");
	is_str(t.strings[0], "", "the first is empty");
	ok(t.jobs[0].user == t.jobs[1].account && t.jobs[1].user == t.jobs[0].account,
	   "users and groups share strings");
	suan_trace_done(&t);
}

/* ---- JSON Lines ---- */

#define JSONL(text, want, what) check(SUAN_TRACE_JSONL, text, want, what)

static void test_jsonl(void)
{
	JSONL("{\"id\":1,\"submit_s\":0,\"run_s\":3600,\"estimate_s\":7200,\"tasks\":1,\"cores\":8,"
	      "\"gpus\":0,\"user\":\"u1\",\"site\":\"beijing\",\"deadline_s\":90000,"
	      "\"inputs\":[{\"data\":\"d1\"}]}\n",
	      "1 at=0 run=3600000 est=7200000 due=90000000 mem=0 1x8 gpus=0 nodes=0 "
	      "[u1  beijing ] <d1>\nrejected=0 procs=0",
	      "the line of the format's description");
	JSONL("{\"run_s\":1}\n\n{\"run_s\":2.5,\"id\":null}",
	      "1 at=0 run=1000 est=1000 " TAIL "1x1 gpus=0 nodes=0 [   ]\n"
	      "2 at=0 run=2500 est=2500 " TAIL "1x1 gpus=0 nodes=0 [   ]\nrejected=0 procs=0",
	      "absent fields; an empty line; no end of line");
	JSONL("{\"id\":9,\"submit_s\":1.5,\"run_s\":10,\"estimate_s\":4,\"tasks\":2,\"cores\":3,"
	      "\"gpus\":4,"
	      "\"gpu\":\"a800\",\"memory\":\"2GiB\",\"nodes\":2,\"user\":\"\xe5\xbc\xa0\","
	      "\"account\":\"a\",\"site\":\"s\",\"deadline_s\":-1,"
	      "\"inputs\":[{\"data\":\"d1\"},{\"data\":\"d2\"}]}\r\n"
	      "{\"run_s\":1,\"memory\":512,\"inputs\":[{\"data\":\"d2\"}],\"user\":\"d1\"}\n",
	      "2 at=0 run=1000 est=1000 due=0 mem=512 1x1 gpus=0 nodes=0 [d1   ] <d2>\n"
	      "9 at=1500 run=4000 est=4000 due=0 mem=2147483648 2x3 gpus=4 nodes=2 "
	      "[\xe5\xbc\xa0 a s a800] <d1> <d2>\nrejected=0 procs=0",
	      "every field; sorted");
	JSONL("{\"run_s\":0}\n{\"run_s\":1,\"cores\":0}\n{\"run_s\":1,\"tasks\":0}\n"
	      "{\"run_s\":1,\"submit_s\":-1}\n{\"submit_s\":4,\"inputs\":[{\"data\":\"x\"}]}\n"
	      "{\"run_s\":3,\"estimate_s\":-1,\"inputs\":[{\"data\":\"y\"}]}\n",
	      "6 at=0 run=3000 est=3000 " TAIL "1x1 gpus=0 nodes=0 [   ] <y>\nrejected=5 procs=0",
	      "rejected ones leave nothing behind");
}

static void test_rejected_inputs(void)
{
	struct suan_trace t;

	is_int(read_text(SUAN_TRACE_JSONL,
			 "{\"inputs\":[{\"data\":\"x\"},{\"data\":\"y\"}]}\n"
			 "{\"run_s\":3,\"inputs\":[{\"data\":\"z\"}]}\n",
			 &t),
	       SUAN_OK, "a rejected job with inputs");
	is_int(t.ninputs, 1, "its inputs are not kept");
	suan_trace_done(&t);
}

static void test_jsonl_damaged(void)
{
	const enum suan_trace_form f = SUAN_TRACE_JSONL;

	refused(f, "{\"run_s\":1}\n{\"run_s\":1,\"sumbit_s\":2}\n",
		"log:2: sumbit_s: unknown key; did you mean \"submit_s\"?");
	is_str(err.field, "sumbit_s", "the field");
	refused(f, "{\"run_s\":1,\"walltime\":2}\n",
		"log:1: walltime: unknown key; known: id, submit_s, run_s, estimate_s, tasks, "
		"cores, "
		"gpus, gpu, memory, nodes, user, account, qos, checkpointable, site, not_hub, "
		"reservation, deadline_s, near, max_latency_ms, max_delay_s, goal, inputs");
	refused(f, "{\"run_s\":\"1\"}\n",
		"log:1: run_s: expected a number from -1000000000000 to 1000000000000, found "
		"\"1\"");
	refused(f, "{\"run_s\":1,\"run_s\":2}\n", "log:1: run_s: given twice");
	refused(f, "{\"run_s\":1\n",
		"log:1: column 11: expected ',' or '}', found the end of the text");
	refused(f, "\n[1]\n", "log:2: expected an object, found an array");
	refused(f, "{\"run_s\":1} x\n", "log:1: column 13: expected the end of the text, found x");
	refused(f, "{\"run_s\":1,\"cores\":-1}\n",
		"log:1: cores: expected a whole number from 0 to 4294967295, found -1");
	refused(f, "{\"run_s\":1,\"inputs\":\"d\"}\n",
		"log:1: inputs: expected an array such as [{\"data\": \"name\"}], found \"d\"");
	refused(f, "{\"run_s\":1,\"inputs\":[{\"data\":\"d\"},{}]}\n",
		"log:1: inputs/1: expected a key \"data\", found none");
	refused(f, "{\"run_s\":1,\"inputs\":[{\"data\":\"\"}]}\n",
		"log:1: inputs/0: expected the name of a data set, found \"\"");
	refused(f, "{\"run_s\":1e13}\n",
		"log:1: run_s: expected a number from -1000000000000 to 1000000000000, found 1e13");
	refused(f, " \n", "log: found no job in it");
}

static void test_any(void)
{
	const char *want = "1 at=0 run=1000 est=1000 " TAIL "1x1 gpus=0 nodes=0 [   ]\n"
			   "rejected=0 procs=0";

	check(SUAN_TRACE_ANY, "\n  \n {\"run_s\":1}\n", want, "looks like JSON");
	check(SUAN_TRACE_ANY, "\xef\xbb\xbf{\"run_s\":1}\n", want, "behind a byte order mark");
	check(SUAN_TRACE_ANY, "\n  \n1 0 -1 1 1 -1 -1 1 1\n", want, "does not");
	check(SUAN_TRACE_ANY, "; {\n1 0 -1 1 1 -1 -1 1 1\n", want, "begins with a comment");
	refused(SUAN_TRACE_ANY, "1 0 -1 1 1 -1 -1 1 1\n{\"run_s\":1}\n",
		"log:2: field 1 (job number): found \"{\"run_s\":1}\", want a whole number");
	refused(SUAN_TRACE_ANY, "\n \n", "log: found no job in it");
}

/* ---- pieces ---- */

static const char swf_log[] = "; Version: 2.2\r\n; MaxProcs: 64\r\n"
			      "1 100 5 3600 4 3500.5 -1 4 7200 -1 1 3 1 -1 1 -1 -1 -1\r\n"
			      "2 50 5 60 -1 -1 -1 16 30 -1 1 70000 1 -1 1 -1 -1 -1\r\n\r\n"
			      "3 100 5 -1 4 -1 -1 4 7200 -1 5 3 1 -1 1 -1 -1 -1\r\n"
			      "  4 100.25   5 10.5 4 -1 -1 4 -1 -1 1 -1 -1\r\n"
			      "5 50 5 1 1 -1 -1 1 1";
static const char jsonl_log[] =
	"{\"id\":1,\"submit_s\":100,\"run_s\":3600,\"tasks\":4,\"estimate_s\":7200,\"user\":\"3\","
	"\"account\":\"1\"}\n"
	"{\"id\":2,\"submit_s\":50,\"run_s\":60,\"tasks\":16,\"estimate_s\":30,\"user\":\"70000\","
	"\"account\":\"1\"}\n"
	"{\"id\":3,\"submit_s\":100,\"tasks\":4,\"estimate_s\":7200,\"user\":\"3\"}\n\n"
	"{\"id\":4,\"submit_s\":100.25,\"run_s\":10.5,\"tasks\":4}\n"
	"{\"id\":5,\"submit_s\":50,\"run_s\":1,\"estimate_s\":1.0}";
static const char both[] =
	"2 at=50000 run=30000 est=30000 " TAIL "16x1 gpus=0 nodes=0 [70000 1  ]\n"
	"5 at=50000 run=1000 est=1000 " TAIL "1x1 gpus=0 nodes=0 [   ]\n"
	"1 at=100000 run=3600000 est=7200000 " TAIL "4x1 gpus=0 nodes=0 [3 1  ]\n"
	"4 at=100250 run=10500 est=10500 " TAIL "4x1 gpus=0 nodes=0 [   ]\nrejected=1 procs=";

static void pieces(const char *log, size_t n, const char *want)
{
	for (size_t piece = 1; piece <= n; piece++) {
		struct suan_trace t;
		char *got = NULL;
		bool same = false;

		if (read_pieces(SUAN_TRACE_ANY, log, n, piece, &t) == SUAN_OK) {
			got = print(&t);
			same = strcmp(got, want) == 0;
		}
		if (!same || piece == 1 || piece == n)
			ok(same, "pieces of %zu of %zu bytes%s%s", piece, n,
			   err.text[0] ? ": " : "", err.text);
		free(got);
		suan_trace_done(&t);
	}
}

static void test_pieces(void)
{
	char want[sizeof(both) + 4];

	(void)snprintf(want, sizeof(want), "%s64", both);
	pieces(swf_log, sizeof(swf_log) - 1, want);
	check(SUAN_TRACE_SWF, swf_log, want, "the log in one piece");
	(void)snprintf(want, sizeof(want), "%s0", both);
	pieces(jsonl_log, sizeof(jsonl_log) - 1, want);
	check(SUAN_TRACE_JSONL, jsonl_log, want, "the same jobs as JSON Lines");
}

/* A byte order mark counts at the beginning of the file only, not of a piece. */
static void test_late_mark(void)
{
	static const char log[] = "1 1 0 1 1 0 0 1 1\n\xef\xbb\xbf"
				  "2 1 0 1 1 0 0 1 1\n";
	struct suan_trace t;

	is_int(read_pieces(SUAN_TRACE_SWF, log, sizeof(log) - 1, 18, &t), SUAN_EINVAL,
	       "a byte order mark in the middle");
	is_str(err.text, "log:2: field 1 (job number): found \"???2\", want a whole number",
	       "where");
	suan_trace_done(&t);
}

static void long_line(size_t n, size_t piece, bool good)
{
	static const char end[] = "\n1 1 0 1 1 0 0 1 1\n";
	struct suan_buf b = {0};
	struct suan_trace t;
	enum suan_code rc;

	suan_buf_adds(&b, ";");
	while (b.len < n)
		suan_buf_addc(&b, 'x');
	suan_buf_adds(&b, end);
	rc = read_pieces(SUAN_TRACE_SWF, b.data, b.len, piece, &t);
	is_int(rc, good ? SUAN_OK : SUAN_EINVAL, "a long line");
	if (!good)
		is_str(err.text,
		       "log:1: found a line of more than 1048576 bytes, want a trace of jobs",
		       "the text says so");
	suan_trace_done(&t);
	suan_buf_done(&b);
}

static void test_long_lines(void)
{
	struct suan_buf b = {0};
	struct suan_trace t;

	for (size_t piece = 1000; piece <= 10000000; piece *= 100) {
		long_line(1048575, piece, true);
		long_line(1048576, piece, false);
	}
	suan_buf_adds(&b, "{\"run_s\":1,\"user\":\"");
	while (b.len < 1048576)
		suan_buf_addc(&b, 'x');
	suan_buf_adds(&b, "\"}\n");
	is_int(read_pieces(SUAN_TRACE_JSONL, b.data, b.len, b.len, &t), SUAN_EINVAL,
	       "also as JSON");
	is_int(read_pieces(SUAN_TRACE_JSONL, b.data, b.len, 1000, &t), SUAN_EINVAL, "in pieces");
	suan_buf_done(&b);
}

/* ---- order, load, shaking ---- */

/* n jobs at random times of few, so that many are equal; ids in the order of the file. */
static void random_trace(uint64_t seed, unsigned n, unsigned times, struct suan_trace *ret)
{
	struct suan_buf b = {0};
	struct suan_rng rng;

	suan_rng_init(&rng, seed);
	for (unsigned i = 1; i <= n; i++)
		suan_buf_addf(&b, "%u %u 0 1 1 0 0 1 1\n", i,
			      (unsigned)suan_rng_below(&rng, times));
	if (read_text(SUAN_TRACE_SWF, suan_buf_str(&b), ret) != SUAN_OK)
		ok(false, "%s", err.text);
	suan_buf_done(&b);
}

static void test_sort(void)
{
	unsigned wrong = 0, sums = 0;

	for (unsigned n = 1; n <= 200; n++) {
		struct suan_trace t;
		uint64_t sum = 0;

		random_trace(n, n, n % 7 * 5 + 1, &t);
		for (size_t i = 0; i < t.njobs; i++) {
			const struct suan_trace_job *j = &t.jobs[i];

			sum += j->id;
			if (i > 0 && (j->submit_ms < j[-1].submit_ms ||
				      (j->submit_ms == j[-1].submit_ms && j->id < j[-1].id)))
				wrong++;
		}
		sums += t.njobs == n && sum == (uint64_t)n * (n + 1) / 2;
		suan_trace_done(&t);
	}
	is_int(wrong, 0, "by submission, equal ones as in the file");
	is_int(sums, 200, "every job is there once");
}

static const char spaced[] = "1 10 0 1 1 0 0 1 1\n2 10 0 1 1 0 0 1 1\n3 110 0 1 1 0 0 1 1\n"
			     "4 1010 0 1 1 0 0 1 1\n";

static void loaded(uint32_t milli, int64_t third, int64_t fourth)
{
	struct suan_trace t;

	if (read_text(SUAN_TRACE_SWF, spaced, &t) != SUAN_OK)
		return;
	suan_trace_load(&t, milli);
	is_int(t.jobs[0].submit_ms, 10000, "the first stays");
	is_int(t.jobs[1].submit_ms, 10000, "together stay together");
	is_int(t.jobs[2].submit_ms, third, "the third");
	is_int(t.jobs[3].submit_ms, fourth, "the fourth");
	suan_trace_done(&t);
}

static void test_load(void)
{
	struct suan_trace t = {0};

	loaded(1000, 110000, 1010000);
	loaded(1250, 90000, 810000);
	loaded(500, 210000, 2010000);
	loaded(3000, 43333, 343333);
	loaded(4294967295u, 10000, 10000);
	suan_trace_load(&t, 2000);
	is_int(t.njobs, 0, "an empty table is fine");
	ok(read_text(SUAN_TRACE_JSONL,
		     "{\"run_s\":1}\n{\"run_s\":1,\"submit_s\":1000,\"deadline_s\":1500}\n"
		     "{\"run_s\":1,\"submit_s\":1000,\"deadline_s\":100}\n",
		     &t) == SUAN_OK,
	   "deadlines");
	suan_trace_load(&t, 2000);
	is_int(t.jobs[1].submit_ms, 500000, "twice the load");
	is_int(t.jobs[1].deadline_ms, 1000000, "a deadline keeps its distance");
	is_int(t.jobs[2].deadline_ms, 1, "one that was past stays one");
	suan_trace_done(&t);
	ok(read_text(SUAN_TRACE_SWF, "1 0 0 1 1 0 0 1 1\n2 999999999999 0 1 1 0 0 1 1\n", &t) ==
		   SUAN_OK,
	   "far apart");
	suan_trace_load(&t, 1);
	suan_trace_load(&t, 1);
	suan_trace_load(&t, 1);
	is_int(t.jobs[1].submit_ms, INT64_MAX, "for ever at most");
	suan_trace_done(&t);
}

static void test_shake(void)
{
	struct suan_trace a, b, c, plain;
	int64_t sum = 0;
	unsigned outside = 0, low = 0, high = 0, differ = 0, same = 0;

	random_trace(5, 4000, 1000000, &plain);
	random_trace(5, 4000, 1000000, &a);
	random_trace(5, 4000, 1000000, &b);
	random_trace(5, 4000, 1000000, &c);
	suan_trace_shake(&a, 7);
	suan_trace_shake(&b, 7);
	suan_trace_shake(&c, 8);
	is_int(a.jobs[0].submit_ms, plain.jobs[0].submit_ms, "the first stays");
	for (size_t i = 1; i < plain.njobs; i++) {
		int64_t was = plain.jobs[i].submit_ms - plain.jobs[i - 1].submit_ms;
		int64_t is = a.jobs[i].submit_ms - a.jobs[i - 1].submit_ms;

		outside += is < was / 2 - 1 || is > was + was / 2 + 1;
		low += is < was * 3 / 4;
		high += is > was * 5 / 4;
		same += a.jobs[i].submit_ms == b.jobs[i].submit_ms &&
			a.jobs[i].id == plain.jobs[i].id;
		differ += a.jobs[i].submit_ms != c.jobs[i].submit_ms;
		sum += is;
	}
	is_int(outside, 0, "gaps change by half at most");
	ok(low > 800 && low < 1200 && high > 800 && high < 1200, "evenly: %u and %u of 3999", low,
	   high);
	is_int(same, plain.njobs - 1, "the same seed gives the same, in the same order");
	ok(differ > 3900, "another seed another: %u", differ);
	ok(sum > 950000000 && sum < 1050000000, "about the same length: %" PRId64, sum);
	suan_trace_done(&a);
	suan_trace_done(&b);
	suan_trace_done(&c);
	suan_trace_done(&plain);
}

/* ---- out of memory ---- */

static void test_oom(void)
{
	static const char *const logs[] = {
		"2 9 0 1 1 0 0 1 1 0 1 7 70000\n1 1 0 1 1 0 0 1 1 0 1 8 70001\n3 1",
		"{\"run_s\":1,\"user\":\"u\",\"inputs\":[{\"data\":\"a\"},{\"data\":\"b\"}]}\n"
		"{\"run_s\":1,\"site\":\"\\u00e4\",\"gpu\":\"g\",\"account\":\"c\"}",
	};
	const enum suan_trace_form forms[] = {SUAN_TRACE_SWF, SUAN_TRACE_JSONL};

	for (unsigned k = 0; k < 2; k++) {
		unsigned failures = 0, wrong = 0, harmless = 0;

		for (unsigned n = 1; oom_next(n); n++) {
			struct suan_trace t = {0};
			enum suan_code rc;
			bool hit;

			oom_arm(n);
			rc = read_text(forms[k], logs[k], &t);
			hit = oom_disarm();
			failures += hit;
			/* Giving memory back may fail: the reallocs that make arrays smaller. */
			harmless += hit && rc == SUAN_OK && t.njobs == 2;
			if (hit && rc != SUAN_OK)
				wrong += rc != SUAN_ENOMEM || t.jobs != NULL;
			/* The first log ends in the middle of a line, which is known last. */
			if (!hit)
				wrong += rc != (k ? SUAN_OK : SUAN_EINVAL);
			suan_trace_done(&t);
		}
		ok(wrong == 0 && (failures > 5 || !oom_works()), "%u failed allocations, %u wrong",
		   failures, wrong);
		ok(harmless <= 2 * k, "%u of them harmless", harmless);
	}
}

static void test_oom_sort(void)
{
	unsigned hits = 0, wrong = 0;

	for (unsigned n = 1; oom_next(n); n++) {
		struct suan_trace t = {0};
		enum suan_code rc;
		bool hit;

		oom_arm(n);
		rc = read_text(SUAN_TRACE_SWF, "2 9 0 1 1 0 0 1 1\n1 1 0 1 1 0 0 1 1\n", &t);
		hit = oom_disarm();
		hits += hit;
		if (hit && rc != SUAN_ENOMEM && rc != SUAN_OK)
			wrong++;
		if (rc == SUAN_OK && (t.njobs != 2 || t.jobs[0].id != 1))
			wrong++;
		suan_trace_done(&t);
	}
	ok(wrong == 0 && (hits > 5 || !oom_works()), "%u failed allocations when sorting", hits);
}

/* ---- real logs ---- */

static char data_dir[4096];

static bool read_file(const char *name, struct suan_trace *ret)
{
	char command[4400], *piece = malloc(65536);
	struct suan_trace_reader *r = suan_trace_reader_new(SUAN_TRACE_ANY, name);
	enum suan_code rc = SUAN_OK;
	FILE *f;
	size_t n;

	memset(ret, 0, sizeof(*ret));
	(void)snprintf(command, sizeof(command), "zcat '%s/%s'", data_dir, name);
	f = popen(command, "r");
	if (!f || !r || !piece)
		abort();
	while (rc == SUAN_OK && (n = fread(piece, 1, 65536, f)) > 0)
		rc = suan_trace_feed(r, piece, n, &err);
	(void)pclose(f);
	if (rc == SUAN_OK)
		rc = suan_trace_take(r, ret, &err);
	if (!ok(rc == SUAN_OK, "%s is read", name))
		printf("# %s\n", err.text);
	suan_trace_reader_free(r);
	free(piece);
	return rc == SUAN_OK;
}

/* The raw log has the jobs of the cleaned one, but for those too large for the machine. */
static void compare(const char *raw_name, const char *clean_name, uint32_t procs)
{
	struct suan_trace raw, clean;
	size_t k = 0, wrong = 0, larger = 0;
	bool good = read_file(raw_name, &raw);

	if (read_file(clean_name, &clean) && good) {
		for (size_t i = 0; i < raw.njobs; i++) {
			const struct suan_trace_job *a = &raw.jobs[i], *b = &clean.jobs[k];

			if (a->tasks > procs) {
				larger++;
				continue;
			}
			if (k == clean.njobs || a->tasks != b->tasks || a->run_ms != b->run_ms ||
			    a->estimate_ms != b->estimate_ms || b->id != k + 1 ||
			    a->submit_ms - raw.jobs[0].submit_ms != b->submit_ms)
				wrong++;
			k += k < clean.njobs;
		}
		ok(wrong == 0 && k == clean.njobs && clean.rejected == 0,
		   "%s: %zu jobs as in the cleaned log, %zu too large, %" PRIu64 " rejected",
		   raw_name, k, larger, raw.rejected);
		is_int(clean.max_procs, procs, "processors");
		ok(raw.max_procs == procs || raw.max_procs == 0, "processors of the raw log");
	}
	suan_trace_done(&raw);
	suan_trace_done(&clean);
}

static void test_real_logs(void)
{
	const char *dir = getenv("SUAN_SHARED_DATA"), *source = getenv("SUAN_SOURCE");
	char probe[4200];
	FILE *f;

	if (dir)
		(void)snprintf(data_dir, sizeof(data_dir), "%s", dir);
	else
		(void)snprintf(data_dir, sizeof(data_dir), "%s/../shared/data",
			       source ? source : ".");
	(void)snprintf(probe, sizeof(probe), "%s/norm/kth_sp2.swf.gz", data_dir);
	f = fopen(probe, "rb");
	if (!f) {
		ok(true, "real logs # SKIP no data in %s", data_dir);
		return;
	}
	(void)fclose(f);
	compare("swf/KTH-SP2-1996-2.swf.gz", "norm/kth_sp2.swf.gz", 100);
	compare("swf/SDSC-SP2-1998-4.2-cln.swf.gz", "norm/sdsc_sp2.swf.gz", 128);
	compare("swf/HPC2N-2002-2.1-first3170.swf.gz", "norm/hpc2n_head.swf.gz", 240);
	compare("swf/lublin_256.swf.gz", "norm/lublin256.swf.gz", 256);
	compare("swf/LCG-2005-1.swf.gz", "norm/lcg.swf.gz", 24515);
	compare("swf/wagap-2013.swf.gz", "norm/wagap.swf.gz", 2176);
}

int main(void)
{
	test_swf_rules();
	test_swf_header();
	test_swf_damaged();
	test_swf_numbers();
	test_strings();
	test_jsonl();
	test_rejected_inputs();
	test_jsonl_damaged();
	test_any();
	test_pieces();
	test_late_mark();
	test_long_lines();
	test_sort();
	test_load();
	test_shake();
	test_oom();
	test_oom_sort();
	test_real_logs();
	return tap_done();
}
