/* suan signals: prices, carbon, renewable power and temperature of sites, as a service knows them,
 * and telling it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/signals_file.h"
#include "cli/table.h"
#include "sys/clock.h"
#include "sys/fs.h"

#define MOST_FILE     (64u << 20)
#define MOST_OPERANDS 4

static const struct suan_option signals_options[] = {
	{"from", 0, "TIME", "show: from when (now)"},
	{"to", 0, "TIME", "show: until when (a day later)"},
	{"issued", 0, "TIME", "put: the values are a forecast, made then (now)"},
	{"until", 0, "TIME", "put VALUE: it holds until then (a day)"},
	{"replace", 0, NULL, "put: what was told before of this kind is void"},
	{"exchange", 0, "YUAN", "put FILE: one unit of its currency is so many yuan"},
	{"lifecycle", 0, NULL, "put FILE: of a file with both, the lifecycle factors"},
	{"dry-run", 0, NULL, "put: only check it"},
	{"network", 'n', "FILE", "read the series of a network file instead; needs no server"},
	{"format", 'o', "COLUMNS", "columns to print, with commas; \"help\" lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

struct signals {
	struct suan_client client;
	struct suan_signals_shown shown;
	const char *from, *to, *issued, *until, *exchange;
	bool replace, lifecycle, dry_run;
	const char *operands[MOST_OPERANDS];
	int noperands;
};

static const struct suan_column columns[] = {
	{"site", "SITE", false, 8, 0, NULL},	      {"kind", "KIND", false, 0, 0, NULL},
	{"value", "NOW", true, 0, 0, NULL},	      {"unit", "UNIT", false, 0, 1, NULL},
	{"source", "SOURCE", false, 0, 2, NULL},      {"values", "VALUES", true, 0, 6, NULL},
	{"from", "FROM", false, 0, 7, NULL},	      {"until", "UNTIL", false, 0, 3, NULL},
	{"issued", "ISSUED", false, 0, 8, NULL},      {"told", "TOLD", false, 0, 9, NULL},
	{"gaps", "GAPS", true, 0, 4, NULL},	      {"duplicates", "TWICE", true, 0, 5, NULL},
	{"estimated", "ESTIMATED", true, 0, 6, NULL}, {"tariff", "TARIFF", false, 0, 9, NULL},
	{"marginal", "MARGINAL", false, 0, 9, NULL},  {NULL, NULL, false, 0, 0, NULL},
};
static const char usual[] = "site,kind,value,unit,source,until,gaps,duplicates,estimated";

static const struct suan_column part_columns[] = {
	{"from", "FROM", false, 0, 0, NULL},	 {"until", "UNTIL", false, 0, 1, NULL},
	{"value", "VALUE", true, 0, 0, NULL},	 {"source", "SOURCE", false, 0, 2, NULL},
	{"issued", "ISSUED", false, 0, 3, NULL}, {NULL, NULL, false, 0, 0, NULL},
};

static int print(struct signals *s, const struct suan_table *t, json_t *answer, const char *list)
{
	if (s->shown.json)
		suan_client_print_json(answer);
	else if (!suan_table_print(t, json_object_get(answer, list)))
		return SUAN_EXIT_USAGE;
	return SUAN_EXIT_OK;
}

static int list(struct signals *s, const char *site)
{
	struct suan_table t = {.columns = columns,
			       .format = s->shown.format,
			       .default_format = usual,
			       .no_header = s->shown.no_header};
	struct suan_buf path = {0};
	json_t *answer = NULL;
	int rc;

	if (suan_table_help(&t))
		return SUAN_EXIT_OK;
	suan_buf_adds(&path, "/v1/signals");
	if (site)
		suan_client_query(&path, "site", site);
	rc = suan_client_get(&s->client, &answer, "%s", suan_buf_str(&path));
	if (rc == SUAN_EXIT_OK)
		rc = print(s, &t, answer, "signals");
	json_decref(answer);
	suan_buf_done(&path);
	return rc;
}

static int show(struct signals *s, const char *site, const char *kind)
{
	struct suan_table t = {.columns = part_columns,
			       .format = s->shown.format,
			       .default_format = "from,until,value,source",
			       .no_header = s->shown.no_header};
	struct suan_buf path = {0};
	json_t *answer = NULL;
	int rc;

	if (suan_table_help(&t))
		return SUAN_EXIT_OK;
	suan_buf_adds(&path, "/v1/signals/");
	suan_client_segment(&path, site);
	suan_client_query(&path, "kind", kind);
	if (s->from)
		suan_client_query(&path, "from", s->from);
	if (s->to)
		suan_client_query(&path, "to", s->to);
	suan_client_query(&path, "limit", "10000");
	rc = suan_client_get(&s->client, &answer, "%s", suan_buf_str(&path));
	if (rc == SUAN_EXIT_OK)
		rc = print(s, &t, answer, "values");
	json_decref(answer);
	suan_buf_done(&path);
	return rc;
}

/* ---- put ---- */

/* What was told, in a line. */
static int told(const struct signals *s, const json_t *answer)
{
	const char *from = json_string_value(json_object_get(answer, "from"));
	long long values = json_integer_value(json_object_get(answer, "values"));
	long long gaps = json_integer_value(json_object_get(answer, "gaps"));
	long long twice = json_integer_value(json_object_get(answer, "duplicates"));

	if (s->shown.json) {
		suan_client_print_json(answer);
		return SUAN_EXIT_OK;
	}
	printf("%s of %s: %lld value%s%s%s%s%s%s\n",
	       json_string_value(json_object_get(answer, "kind")),
	       json_string_value(json_object_get(answer, "site")), values, values == 1 ? "" : "s",
	       from ? " from " : "", from ? from : "", from ? " to " : "",
	       from ? json_string_value(json_object_get(answer, "until")) : "",
	       s->dry_run ? "; not told, as asked" : "");
	if (gaps || twice)
		fprintf(stderr,
			"suan signals: %lld gaps, in which the value before goes on; %lld "
			"times that came twice, of which the last counts\n",
			gaps, twice);
	return SUAN_EXIT_OK;
}

static int put_value(struct signals *s, const char *kind, const char *value)
{
	struct suan_client_call call = {
		.method = "POST", .path = s->dry_run ? "/v1/signals?check=true" : "/v1/signals"};
	json_t *answer = NULL, *body;
	char now[32];
	int rc;

	suan_format_time(suan_clock_now_ms(), now);
	body = json_pack("{s:s, s:s, s:[{s:s, s:f}], s:b}", "site", s->operands[1], "kind", kind,
			 "values", "time", s->from ? s->from : now, "value", strtod(value, NULL),
			 "replace", s->replace);
	json_object_set_new(body, "until", json_string(s->until ? s->until : "now+1d"));
	if (s->issued)
		json_object_set_new(body, "issued", json_string(s->issued));
	call.body = body;
	rc = suan_client_do(&s->client, &call, &answer);
	if (rc == SUAN_EXIT_OK)
		rc = told(s, answer);
	json_decref(answer);
	json_decref(body);
	return rc;
}

/* By its first letter; which form exactly the server finds out. */
static const char *type_of(const char *text)
{
	text += strspn(text, " \t\r\n");
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	return *text == '<' ? "application/xml" : *text == '{' ? "application/json" : "text/csv";
}

static int put_file(struct signals *s, const char *kind, const char *file)
{
	struct suan_client_call call = {.method = "POST"};
	struct suan_buf text, path = {0};
	struct suan_err err = {0};
	json_t *answer = NULL;
	enum suan_code read;
	int rc;

	suan_buf_init(&text, MOST_FILE);
	read = suan_fs_read(strcmp(file, "-") == 0 ? "/dev/stdin" : file, &text, &err);
	if (read != SUAN_OK) {
		fprintf(stderr, "suan signals: %s; want a file or a number\n", err.text);
		suan_buf_done(&text);
		return read == SUAN_ENOTFOUND ? SUAN_EXIT_NOTFOUND : SUAN_EXIT_FAILED;
	}
	suan_buf_adds(&path, "/v1/signals");
	suan_client_query(&path, "site", s->operands[1]);
	suan_client_query(&path, "kind", kind);
	if (s->exchange)
		suan_client_query(&path, "exchange", s->exchange);
	if (s->issued)
		suan_client_query(&path, "issued", s->issued);
	if (s->lifecycle)
		suan_client_query(&path, "lifecycle", "true");
	if (s->replace)
		suan_client_query(&path, "replace", "true");
	if (s->dry_run)
		suan_client_query(&path, "check", "true");
	call.path = suan_buf_str(&path);
	call.text = suan_buf_str(&text);
	call.n = text.len;
	call.type = type_of(call.text);
	rc = suan_client_do(&s->client, &call, &answer);
	if (rc == SUAN_EXIT_OK)
		rc = told(s, answer);
	json_decref(answer);
	suan_buf_done(&path);
	suan_buf_done(&text);
	return rc;
}

static bool is_number(const char *text)
{
	int64_t v;

	return suan_parse_fixed(text, 6, &v, NULL) == SUAN_OK;
}

/* ---- the command ---- */

static int dispatch(struct signals *s)
{
	const char *verb = s->operands[0];
	int n = s->noperands;

	if (s->shown.network)
		return n ? suan_cli_usage(&suan_cli_signals,
					  "unexpected \"%s\"; the sites are --network FILE", verb)
			 : suan_cli_signals_of_file(&s->shown);
	if (n == 0)
		return list(s, NULL);
	if (strcmp(verb, "list") == 0 && n <= 2)
		return list(s, s->operands[1]);
	if (strcmp(verb, "show") == 0 && n == 3)
		return show(s, s->operands[1], s->operands[2]);
	if (strcmp(verb, "put") == 0 && n == 4)
		return is_number(s->operands[3]) ? put_value(s, s->operands[2], s->operands[3])
						 : put_file(s, s->operands[2], s->operands[3]);
	if (strcmp(verb, "show") == 0)
		return suan_cli_usage(&suan_cli_signals, "of what? show SITE KIND");
	if (strcmp(verb, "put") == 0)
		return suan_cli_usage(&suan_cli_signals, "what? put SITE KIND VALUE|FILE");
	if (n == 1)
		return list(s, verb);
	return suan_cli_usage(&suan_cli_signals, "unexpected \"%s\"; want list, show or put", verb);
}

static bool take(struct signals *s, const struct suan_option *o, const char *value)
{
	const struct {
		const char *name, **text;
		bool *flag;
	} mine[] = {
		{"from", &s->from, NULL},
		{"to", &s->to, NULL},
		{"issued", &s->issued, NULL},
		{"until", &s->until, NULL},
		{"exchange", &s->exchange, NULL},
		{"network", &s->shown.network, NULL},
		{"format", &s->shown.format, NULL},
		{"replace", NULL, &s->replace},
		{"lifecycle", NULL, &s->lifecycle},
		{"dry-run", NULL, &s->dry_run},
		{"no-header", NULL, &s->shown.no_header},
		{"json", NULL, &s->shown.json},
	};

	for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++) {
		if (strcmp(mine[i].name, o->name) != 0)
			continue;
		if (mine[i].text)
			*mine[i].text = value;
		else
			*mine[i].flag = true;
		return true;
	}
	return suan_client_option(&s->client, o, value);
}

static int run(int argc, char **argv)
{
	struct signals s = {0};
	const struct suan_option *o;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&s.client, &suan_cli_signals);
	suan_args_init(&args, &suan_cli_signals, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &o, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND && s.noperands == MOST_OPERANDS)
			rc = suan_cli_usage(&suan_cli_signals, "unexpected \"%s\"", value);
		else if (kind == SUAN_ARG_OPERAND)
			s.operands[s.noperands++] = value;
		else
			(void)take(&s, o, value);
	}
	if (rc == SUAN_EXIT_OK)
		rc = dispatch(&s);
	suan_client_done(&s.client);
	return rc;
}

const struct suan_command suan_cli_signals = {
	.name = "signals",
	.usage = "suan signals [list] [SITE] | show SITE KIND | put SITE KIND VALUE|FILE | "
		 "--network "
		 "FILE",
	.summary = "prices, carbon, renewable power and temperature of sites: list, show, tell",
	.help = "KIND: price (yuan/kWh), carbon and carbon_market (g/kWh), renewable (0 to 1),\n"
		"temperature (degrees Celsius). put takes a number that holds from now on, or a "
		"file:\n"
		"our own CSV, Electricity Maps, WattTime, ENTSO-E, prices per MWh; - is standard "
		"input.\n"
		"With --network it reads and judges what a network file names; no server is "
		"needed.",
	.options = signals_options,
	.run = run,
};
