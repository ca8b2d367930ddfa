/* Tables of candidates: of quotes and of decisions. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cli/table.h"

static void fill_mark(const json_t *row, struct suan_buf *out)
{
	suan_buf_adds(out, json_is_true(json_object_get(row, "chosen")) ? "*" : " ");
}

static void fill_time(const json_t *row, const char *member, struct suan_buf *out)
{
	const char *time = json_string_value(json_object_get(row, member));

	if (time)
		suan_cli_fill_time(time, out);
	else
		suan_buf_addc(out, '-');
}

static void fill_p50(const json_t *row, struct suan_buf *out)
{
	fill_time(row, "start_p50", out);
}

static void fill_p90(const json_t *row, struct suan_buf *out)
{
	fill_time(row, "start_p90", out);
}

static void fill_start(const json_t *row, struct suan_buf *out)
{
	fill_time(row, "start", out);
}

static void fill_end(const json_t *row, struct suan_buf *out)
{
	fill_time(row, "end", out);
}

static void fill_data(const json_t *row, struct suan_buf *out)
{
	fill_time(row, "data_arrival", out);
}

static void fill_number(const json_t *value, int digits, struct suan_buf *out)
{
	if (json_is_number(value))
		suan_buf_addf(out, "%.*f", digits, json_number_value(value));
	else
		suan_buf_addc(out, '-');
}

static void fill_cost(const json_t *row, struct suan_buf *out)
{
	fill_number(json_object_get(row, "cost_yuan"), 4, out);
}

static void fill_energy(const json_t *row, struct suan_buf *out)
{
	fill_number(json_object_get(row, "energy_kwh"), 4, out);
}

static void fill_location(const json_t *row, struct suan_buf *out)
{
	fill_number(json_object_get(json_object_get(row, "carbon_kg"), "location"), 4, out);
}

static void fill_market(const json_t *row, struct suan_buf *out)
{
	fill_number(json_object_get(json_object_get(row, "carbon_kg"), "market"), 4, out);
}

static void fill_reason(const json_t *row, struct suan_buf *out)
{
	const char *text = json_string_value(json_object_get(row, "reason_text"));

	suan_cli_add_clean(out, text ? text : "-");
}

static const struct suan_column columns[] = {
	{"chosen", "", false, 0, 1, fill_mark},
	{"site", "SITE", false, 12, 0, NULL},
	{"pool", "POOL", false, 4, 4, NULL},
	{"start", "PREDICTED START", true, 0, 3, fill_start},
	{"start_p50", "START P50", true, 0, 3, fill_p50},
	{"start_p90", "P90", true, 0, 6, fill_p90},
	{"end", "END", true, 0, 7, fill_end},
	{"data_arrival", "DATA", true, 0, 8, fill_data},
	{"cost_yuan", "YUAN", true, 0, 2, fill_cost},
	{"energy_kwh", "KWH", true, 0, 5, fill_energy},
	{"carbon_kg", "KGCO2", true, 0, 2, fill_location},
	{"market_kg", "MARKET", true, 0, 6, fill_market},
	{"reason", "WHY", false, 16, 2, fill_reason},
	{NULL, NULL, false, 0, 0, NULL},
};

/* "−18.0 %" */
static void fill_change(const json_t *v, struct suan_buf *out)
{
	double percent = json_number_value(v);

	if (!json_is_number(v))
		suan_buf_addc(out, '-');
	else
		suan_buf_addf(out, "%s%.1f %%", percent < 0 ? "−" : percent > 0 ? "+" : "",
			      percent < 0 ? -percent : percent);
}

static void fill_cost_change(const json_t *row, struct suan_buf *out)
{
	fill_change(json_object_get(row, "cost_change_percent"), out);
}

static void fill_carbon_change(const json_t *row, struct suan_buf *out)
{
	fill_change(json_object_get(row, "carbon_change_percent"), out);
}

static void fill_wait(const json_t *row, struct suan_buf *out)
{
	suan_buf_addf(out, "+%lld h",
		      (long long)json_integer_value(json_object_get(row, "wait_s")) / 3600);
}

static const struct suan_column wait_columns[] = {
	{"wait_s", "WAIT", true, 0, 0, fill_wait},
	{"cost_change_percent", "COST", true, 0, 1, fill_cost_change},
	{"carbon_change_percent", "CARBON", true, 0, 2, fill_carbon_change},
	{"site", "SITE", false, 12, 3, NULL},
	{"pool", "POOL", false, 4, 5, NULL},
	{"start", "START", true, 0, 4, fill_start},
	{NULL, NULL, false, 0, 0, NULL},
};

static void print_waiting(const json_t *quote)
{
	const struct suan_table t = {
		.columns = wait_columns,
		.default_format = "wait_s,cost_change_percent,carbon_change_percent,site,pool,"
				  "start"};
	const json_t *rows = json_object_get(quote, "waiting");
	const char *by = json_string_value(json_object_get(quote, "by"));

	if (json_array_size(rows) == 0)
		return;
	printf("waiting, by %s:\n", by ? by : "cost");
	(void)suan_table_print(&t, rows);
}

/* "links and room for 2 data sets, 12 GiB, there by 11-27 17:02:10 at the latest" */
static void print_inputs(const json_t *inputs)
{
	const char *latest = NULL;
	json_int_t bytes = 0, sets = 0;
	struct suan_buf end;
	char size[32];
	size_t i;
	json_t *x;

	json_array_foreach(inputs, i, x) {
		const char *at = json_string_value(json_object_get(x, "end"));

		if (!at)
			continue;	/* it is there */
		sets++;
		bytes += json_integer_value(json_object_get(x, "bytes"));
		if (!latest || strcmp(at, latest) > 0)
			latest = at;
	}
	if (!latest)
		return;
	suan_format_size((uint64_t)bytes, size);
	suan_buf_init(&end, 0);
	suan_cli_fill_time(latest, &end);
	printf("with links and room for %lld data set%s, %s, there at the latest %s\n",
	       (long long)sets, sets == 1 ? "" : "s", size, suan_buf_str(&end));
	suan_buf_done(&end);
}

static void print_held(const json_t *answer)
{
	const json_t *held = json_object_get(answer, "held");
	const char *site = json_string_value(json_object_get(held, "site"));
	json_int_t nodes = json_integer_value(json_object_get(held, "nodes"));
	struct suan_buf from, until;

	suan_buf_init(&from, 0);
	suan_buf_init(&until, 0);
	fill_time(held, "from", &from);
	fill_time(held, "held_until", &until);
	printf("held until %s: quote %lld, %lld node%s at %s from %s\n", suan_buf_str(&until),
	       (long long)json_integer_value(json_object_get(answer, "id")), (long long)nodes,
	       nodes == 1 ? "" : "s", site ? site : "-", suan_buf_str(&from));
	print_inputs(json_object_get(held, "inputs"));
	suan_buf_done(&from);
	suan_buf_done(&until);
}

struct suan_table suan_cli_candidate_table(void)
{
	return (struct suan_table){
		.columns = columns,
		.default_format = "chosen,site,pool,start,end,cost_yuan,energy_kwh,carbon_kg,"
				  "market_kg,reason",
		.wrap = true};
}

bool suan_cli_print_candidates(const json_t *candidates, const char *format, bool no_header)
{
	struct suan_table t = suan_cli_candidate_table();

	t.format = format;
	t.no_header = no_header;
	return suan_table_print(&t, candidates);
}

void suan_cli_print_quote(const json_t *answer)
{
	const json_t *inner = json_object_get(answer, "quote");
	const json_t *quote = inner ? inner : answer;
	const struct suan_table t = {
		.columns = columns,
		.default_format = "chosen,site,pool,start_p50,start_p90,end,data_arrival,cost_yuan,"
				  "energy_kwh,carbon_kg,market_kg,reason",
		.wrap = true};

	const char *limit = json_string_value(json_object_get(quote, "reason_text"));

	if (limit)
		printf("the job is fine but would wait for a limit: %s; candidates:\n", limit);
	else
		printf("the job is fine; candidates:\n");
	(void)suan_table_print(&t, json_object_get(quote, "candidates"));
	print_waiting(quote);
	if (inner)
		print_held(answer);
}
