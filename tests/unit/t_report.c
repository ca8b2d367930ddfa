/* The report: well-formed, nothing from elsewhere, every text escaped and in two languages, figures
 * and shapes as they must be. */
#include "lib/tap.h"

#include "lib/oom.h"

#include <stdlib.h>

#include "base/num.h"
#include "base/rng.h"
#include "sim/report.h"

#define NONE SUAN_REPORT_NONE

static struct suan_err err;

static const struct suan_report_scores no_scores = {
	.makespan = NONE,
	.utilization = NONE,
	.awrt = NONE,
	.wait = {NONE, NONE, NONE, NONE, NONE},
	.slowdown = {NONE, NONE, NONE, NONE, NONE},
	.deadlines_met = NONE,
	.deadlines_missed = NONE,
	.energy = NONE,
	.carbon = NONE,
	.cost = NONE,
	.moved_bytes = NONE,
};

/* Owned. */
static char *write_page(const struct suan_report_input *r)
{
	struct suan_buf out = {0};
	enum suan_code rc = suan_report_write(r, &out, &err);

	if (rc != SUAN_OK)
		ok(false, "the report: %s", err.text);
	return suan_buf_take(&out, NULL);
}

static unsigned count(const char *page, const char *what)
{
	unsigned n = 0;

	for (const char *p = page; (p = strstr(p, what)) != NULL; p += strlen(what))
		n++;
	return n;
}

static void has(const char *page, const char *what)
{
	ok(strstr(page, what) != NULL, "has %.60s", what);
}

static void has_not(const char *page, const char *what)
{
	ok(strstr(page, what) == NULL, "has no %.60s", what);
}

/* ---- a small report ---- */

static const struct suan_report_site one_site[] = {{"alpha", 4}};
/* Waits 0, 0, 10 and 100 s; the machine is full from 0 to 100, half full from 100 to 200. */
static const struct suan_report_run four_runs[] = {
	{11, 0, 0, 100000, 0, 3},
	{12, 0, 0, 50000, 0, 1},
	{13, 40000, 50000, 100000, 0, 1},
	{14, 0, 100000, 200000, 0, 2},
};

static void begin(struct suan_report_input *r, struct suan_report_case *c)
{
	*c = (struct suan_report_case){
		.name = "easy", .all = no_scores, .runs = four_runs, .nruns = 4};
	*r = (struct suan_report_input){.trace = "small.swf",
				  .version = "9.9",
				  .sites = one_site,
				  .nsites = 1,
				  .cases = c,
				  .ncases = 1};
}

/* ---- well-formed ---- */

static bool is_void(const char *name)
{
	return strcmp(name, "meta") == 0 || strcmp(name, "link") == 0 ||
	       strcmp(name, "!DOCTYPE") == 0;
}

/* Every element is closed in its turn; quotes of attributes are balanced. */
static bool balanced(const char *page)
{
	char open[64][24], name[24];
	unsigned depth = 0;

	for (const char *p = page; *p; p++) {
		bool end, empty;
		size_t n;

		if (*p != '<')
			continue;
		end = *++p == '/';
		p += end;
		n = strcspn(p, " >/\n");
		if (n == 0 || n >= sizeof(name))
			return false;
		memcpy(name, p, n);
		name[n] = '\0';
		for (p += n; *p != '>'; p++) {
			if (*p == '"')
				p = strchr(p + 1, '"');
			if (!p || !*p || *p == '<')
				return false;
		}
		empty = p[-1] == '/' || is_void(name);
		if (end && (depth == 0 || strcmp(open[--depth], name) != 0))
			return false;
		if (!end && !empty) {
			if (depth == 64)
				return false;
			memcpy(open[depth++], name, n + 1);
			if (strcmp(name, "script") == 0 || strcmp(name, "style") == 0)
				p = strstr(p, "</") - 1;
		}
	}
	return depth == 0;
}

static void unique_ids(const char *page)
{
	unsigned twice = 0, n = 0;

	for (const char *p = page; (p = strstr(p, " id=\"")) != NULL; p++) {
		char id[80];

		(void)snprintf(id, sizeof(id), "%.*s\"", (int)strcspn(p + 5, "\"") + 5, p);
		twice += count(page, id) != 1;
		n++;
	}
	ok(n > 4 && twice == 0, "%u ids, %u of them twice", n, twice);
}

static void well_formed(const char *page, const char *what)
{
	ok(balanced(page), "%s: elements are balanced", what);
	ok(suan_utf8_valid(page, strlen(page)), "%s: UTF-8", what);
	is_int(count(page, "class=\"en\""), count(page, "class=\"zh\""),
	       "every text in two languages");
	is_int(count(page, "<svg role=\"img\" aria-labelledby="), count(page, "<desc id="),
	       "every plot has a description");
	is_int(count(page, "<script"), 1, "one script");
	is_int(count(page, "<style"), 1, "one style");
	unique_ids(page);
}

static void test_self_contained(void)
{
	static const char *const foreign[] = {"http:", "https:",  "src=",    "@import", "url(",
					      "<img",  "<object", "onclick", "onload"};
	struct suan_report_case c;
	struct suan_report_input r;
	char *page, *again;

	begin(&r, &c);
	page = write_page(&r);
	well_formed(page, "a small report");
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		has_not(page, foreign[i]);
	has(page, "default-src 'none'");
	has(page, "prefers-color-scheme:dark");
	has(page, "@media print");
	has(page, "width=device-width");
	again = write_page(&r);
	is_str(again, page, "the same again");
	free(page);
	free(again);
}

static void test_escaping(void)
{
	static const char evil[] =
		"</title><script>alert(\"1\")</script>&'\x01\xff\xc2\x85\n\xe2\x82";
	static const char safe[] =
		"&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd";
	const struct suan_report_site sites[] = {{evil, 4}, {evil, 0}};
	struct suan_report_case c;
	struct suan_report_input r;
	char *page;

	begin(&r, &c);
	r.network = r.trace = r.version = r.command = c.name = evil;
	r.sites = sites;
	r.nsites = 2;
	c.sites = (const struct suan_report_scores[]){no_scores, no_scores};
	page = write_page(&r);
	well_formed(page, "hostile names");
	has_not(page, "alert(\"1\")");
	has_not(page, "</script>&");
	ok(count(page, safe) >= 9, "%u times escaped", count(page, safe));
	free(page);
	begin(&r, &c);
	r.trace = r.version = c.name = NULL;
	page = write_page(&r);
	well_formed(page, "no names");
	has(page, "<bdi>–</bdi>");
	free(page);
}

/* ---- figures ---- */

static void test_figures(void)
{
	struct suan_report_case c[2];
	struct suan_report_input r;
	char *page;

	begin(&r, &c[0]);
	c[0].all.total = 1234567;
	c[0].all.completed = 1234560;
	c[0].all.rejected = 7;
	c[0].all.utilization = 734567;
	c[0].all.makespan = INT64_C(29363626000000);
	c[0].all.wait = (struct suan_report_spread){6887743000, 0, 59949000, 900000000,
						    INT64_C(300000000000)};
	c[0].all.slowdown = (struct suan_report_spread){92801234, 1000000, 1234567, 999999999,
							INT64_C(14805400000)};
	c[0].all.carbon = 26444400000;
	c[0].all.cost = 1234567;
	c[0].all.energy = 999999;
	c[0].all.moved_bytes = 3 << 20;
	c[0].all.deadlines_met = 5;
	c[0].perf = (struct suan_report_perf){48000, 1243000, 3u << 20};
	c[1] = c[0];
	c[1].name = "fcfs";
	c[1].all.wait.mean = 6887743001;
	c[1].all.deadlines_met = 6;
	c[1].all.cost = NONE;
	r.cases = c;
	r.ncases = 2;
	r.load_milli = 1250;
	r.shaken = true;
	r.seed = 77;
	r.network = "net";
	page = write_page(&r);
	well_formed(page, "two policies");
	has(page, "<td>1,234,567</td><td>1,234,567</td>");
	has(page, "<td>73.5 %</td>");
	has(page, ">339 d 20 h</span>");
	has(page, ">339 天 20 时</span>");
	has(page, "<small>29,363,626.0<");
	has(page, "<td class=\"best\"><span class=\"en\" lang=\"en\">1 h 54 min</span>");
	has(page, "<small>6,887.7<");
	has(page, "<td><span class=\"en\" lang=\"en\">1 h 54 min</span>");
	has(page, ">59.9 s</span>");
	has(page, ">15 min 0 s</span>");
	has(page, ">3 d 11 h</span>");
	has(page, "<td>92.8</td>");
	has(page, "<td>1.23</td>");
	has(page, "<td>1,000.0</td>");
	has(page, "<td>14,805</td>");
	has(page, "<td>26,444<span");
	has(page, "<td>1.23<span class=\"en\" lang=\"en\"> yuan</span>");
	has(page, "<td>1.000<span class=\"en\" lang=\"en\"> kWh</span>");
	has(page, "<td>3 MiB</td>");
	has(page, "<td>5</td><td class=\"best\">6</td>");
	has(page, "<td>–</td>");
	has(page, "× 1.25");
	has(page, "<dd>77</dd>");
	has(page, ">0.048 s</span>");
	has(page, "1,243,000");
	has_not(page, "Failed");
	has_not(page, "Deadlines missed");
	is_int(count(page, "<details class=\"case\""), 2, "a part for each policy");
	is_int(count(page, "<details class=\"case\" open>"), 1, "one of them open");
	is_int(count(page, "<path class=\"line c1 d1\" d=\"M0 "), 2,
	       "the second curve in both plots");
	free(page);
}

/* ---- shapes ---- */

static void test_distributions(void)
{
	struct suan_report_case c;
	struct suan_report_input r;
	char *page;

	begin(&r, &c);
	page = write_page(&r);
	/* From 1 to 100 s on 600 steps: 10 s lie in the middle. */
	has(page, "<path class=\"line c0 d0\" d=\"M0 500H300V250H600V0H600\"/>");
	/* Slowdowns 1, 1, 1.2 and 2, from 1 to 2: log 1.2 / log 2 = 0.263. */
	has(page, "<path class=\"line c0 d0\" d=\"M0 500H158V250H600V0H600\"/>");
	has(page, "≤ <tspan class=\"en\" lang=\"en\">1 s</tspan>");
	has(page,
	    "x=\"50.00%\" y=\"277\" text-anchor=\"middle\"><tspan class=\"en\" lang=\"en\">10 s<");
	free(page);
}

static void test_utilization(void)
{
	struct suan_report_case c;
	struct suan_report_input r;
	char *page;

	begin(&r, &c);
	page = write_page(&r);
	has(page, "<path class=\"area\" d=\"M0 1000V0H250V500H500V1000Z\"/>");
	has(page, "<path class=\"line c0\" d=\"M0 0H250V500H500\"/>");
	has(page, " cores · mean </span>");
	has(page, "75.0 %<span");
	has(page, "100.0 %</span>");
	/* The axis over time: 200 s in steps of 30. */
	has(page,
	    "x=\"75.00%\" y=\"149\" text-anchor=\"middle\"><tspan class=\"en\" lang=\"en\">150 s<");
	free(page);
}

static void test_gantt(void)
{
	struct suan_report_case c;
	struct suan_report_input r;
	char *page;

	begin(&r, &c);
	page = write_page(&r);
	is_int(count(page, "<rect "), 4, "a bar a run");
	has(page, "<rect x=\"0\" y=\"250\" width=\"5000\" height=\"750\"><title>11: 3 cores 核, "
		  "run 运行 00:01:40, "
		  "wait 等待 00:00:00</title></rect>");
	has(page, "<rect x=\"0\" y=\"0\" width=\"2500\" height=\"250\"><title>12: ");
	has(page, "<rect x=\"2500\" y=\"0\" width=\"2500\" height=\"250\"><title>13: 1 cores 核, "
		  "run 运行 00:00:50, "
		  "wait 等待 00:00:10</title></rect>");
	has(page, "<rect x=\"5000\" y=\"500\" width=\"5000\" height=\"500\"><title>14: ");
	/* Only the last one waited for more than a minute. */
	ok(strstr(page, "<g class=\"bar k1\">\n<rect x=\"5000\"") != NULL, "its class");
	free(page);
}

/* Cores 0 and 2 are free, in two pieces; both go to one run. */
static void test_pieces(void)
{
	static const struct suan_report_run runs[] = {
		{1, 0, 0, 50000, 0, 1},	 {2, 0, 0, 100000, 0, 1},	  {3, 0, 0, 50000, 0, 1},
		{4, 0, 0, 100000, 0, 1}, {5, 50000, 50000, 100000, 0, 2},
	};
	struct suan_report_case c;
	struct suan_report_input r;
	char *page;

	begin(&r, &c);
	c.runs = runs;
	c.nruns = 5;
	page = write_page(&r);
	is_int(count(page, "<rect "), 6, "one run has two bars");
	has(page, "<rect x=\"5000\" y=\"750\" width=\"5000\" height=\"250\"><title>5: 2 cores");
	has(page, "<rect x=\"5000\" y=\"250\" width=\"5000\" height=\"250\"><title>5: 2 cores");
	free(page);
}

/* n runs one after the other on every core, of random lengths; the small ones are thinned out. */
static void test_thinning(void)
{
	const unsigned n = 30000, cores = 64;
	struct suan_report_run *runs = calloc(n, sizeof(*runs));
	int64_t free_at[64] = {0};
	const struct suan_report_site site = {"big", cores};
	struct suan_report_case c;
	struct suan_report_input r;
	struct suan_rng rng;
	char *page;

	suan_rng_init(&rng, 4);
	for (unsigned i = 0; i < n; i++) {
		unsigned k = i % cores;
		int64_t length = INT64_C(1000) << suan_rng_below(&rng, 12);

		runs[i] = (struct suan_report_run){i + 1, 0, free_at[k], free_at[k] + length, 0, 1};
		free_at[k] += length;
	}
	begin(&r, &c);
	r.sites = &site;
	c.runs = runs;
	c.nruns = n;
	page = write_page(&r);
	well_formed(page, "thousands of runs");
	ok(count(page, "<rect ") <= 2500, "%u bars", count(page, "<rect "));
	ok(count(page, "<rect ") > 2000, "but many");
	ok(count(page, " s1\" d=\"M") + count(page, " s2\" d=\"M") + count(page, " s3\" d=\"M") > 2,
	   "the others as tints");
	ok(strlen(page) < 1000000, "%zu bytes", strlen(page));
	has(page, "30,000<span");
	free(page);
	free(runs);
}

static void test_many_sites(void)
{
	const struct suan_report_site sites[] = {{"a", 4}, {"b", 2}, {"c", 0}};
	struct suan_report_run runs[4];
	struct suan_report_scores of_sites[] = {no_scores, no_scores, no_scores};
	struct suan_report_case c;
	struct suan_report_input r;
	char *page;

	begin(&r, &c);
	memcpy(runs, four_runs, sizeof(runs));
	runs[1].site = 1;
	c.runs = runs;
	of_sites[1].utilization = 250000;
	c.sites = of_sites;
	r.sites = sites;
	r.nsites = 3;
	page = write_page(&r);
	well_formed(page, "three sites");
	is_int(count(page, "<path class=\"area\""), 4, "utilisation of all and of each");
	is_int(count(page, "次运行"), 2, "a Gantt chart for each that has cores");
	has(page,
	    "<tr><th scope=\"row\"><bdi>b</bdi></th><td>2</td><td>0</td><td>25.0 %</td></tr>");
	has(page,
	    " cores · mean </span><span class=\"zh\" lang=\"zh-CN\"> 核 · 平均 </span>25.0 %<span");
	has(page, "<dd>6</dd>");
	free(page);
}

static void test_nothing_ran(void)
{
	struct suan_report_case c;
	struct suan_report_input r;
	char *page;

	begin(&r, &c);
	c.runs = NULL;
	c.nruns = 0;
	page = write_page(&r);
	well_formed(page, "no runs");
	has_not(page, "<rect ");
	free(page);
	begin(&r, &c);
	c.runs = (const struct suan_report_run[]){{1, 5, 5, 5, 0, 1}};
	c.nruns = 1;
	page = write_page(&r);
	well_formed(page, "a run without length");
	free(page);
}

/* ---- failures ---- */

static void test_failures(void)
{
	struct suan_report_case c;
	struct suan_report_input r;
	struct suan_buf out;
	unsigned hits = 0, wrong = 0;

	begin(&r, &c);
	suan_buf_init(&out, 20000);
	is_int(suan_report_write(&r, &out, &err), SUAN_ETOOBIG, "a limit");
	suan_buf_done(&out);
	for (unsigned n = 1; oom_next(n); n++) {
		enum suan_code rc;
		bool hit;

		suan_buf_init(&out, 0);
		oom_arm(n);
		rc = suan_report_write(&r, &out, &err);
		hit = oom_disarm();
		hits += hit;
		wrong += rc != (hit ? SUAN_ENOMEM : SUAN_OK);
		suan_buf_done(&out);
	}
	ok(wrong == 0 && (hits > 5 || !oom_works()), "%u failed allocations, %u wrong", hits,
	   wrong);
}

/* Tables of accounts and reservations; the latter are drawn from the top, under one another where
 * they overlap. */
static void test_lists(void)
{
	static const struct suan_report_account accounts[] = {
		{"<org>", 0, 750000, 500000, 12345678, 60000000, 9, 8},
		{"sub", 1, 0, 0, 0, NONE, 0, 0},
	};
	static const struct suan_report_reservation list[] = {
		{.name = "<c>", .pool = "p", .from_ms = 50000, .to_ms = 900000, .nodes = 2,
		 .cores = 2, .jobs = 3, .used_core_hours = 2500000},
		{.maintenance = true, .kept = SUAN_REPORT_BROKEN, .from_ms = 100000,
		 .to_ms = 150000, .nodes = 1, .cores = 1},
		{.name = "x", .site = SIZE_MAX, .kept = SUAN_REPORT_REFUSED, .why = "too <much>",
		 .to_ms = 100000},
	};
	struct suan_report_case c;
	struct suan_report_input r;
	char *page;

	begin(&r, &c);
	page = write_page(&r);
	has_not(page, ">Accounts<");
	has_not(page, ">Reservations<");
	has_not(page, "shapes held");
	free(page);
	c.accounts = accounts;
	c.naccounts = 2;
	c.reservations = list;
	c.nreservations = 3;
	page = write_page(&r);
	ok(balanced(page), "well-formed");
	has(page, ">Accounts</span>");
	has(page, ">账户</span>");
	has(page, "<bdi>&lt;org&gt;</bdi></th><td>75.0 %</td><td>50.0 %</td><td>0.67</td>");
	has(page, "<td>0.0 %</td><td>0.0 %</td><td>–</td>");
	has(page, ">预留</span>");
	has(page, "<bdi>&lt;c&gt;</bdi>");
	has(page, ">BROKEN</span>");
	has(page, "<small>too &lt;much&gt;</small>");
	/* the page goes from 0 to 200 s, of 4 cores */
	has(page, "<rect x=\"2500\" y=\"0\" width=\"7500\" height=\"500\">"
		  "<title>&lt;c&gt;: 2 nodes");
	has(page, "<rect class=\"lost\" x=\"5000\" y=\"500\" width=\"2500\" height=\"250\">");
	is_int(count(page, "<rect "), 6, "what was refused is not drawn");
	free(page);
}

int main(void)
{
	test_self_contained();
	test_escaping();
	test_figures();
	test_distributions();
	test_utilization();
	test_gantt();
	test_pieces();
	test_lists();
	test_thinning();
	test_many_sites();
	test_nothing_ran();
	test_failures();
	return tap_done();
}
