#include "cli/table.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/fit.h"
#include "sys/clock.h"

bool suan_cli_out_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

static bool colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return suan_cli_out_is_terminal() && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
}

const char *suan_cli_state_colour(const char *state)
{
	static const struct {
		const char *state, *colour;
	} map[] = {
		{"RUNNING", "\033[36m"},   {"STAGING", "\033[36m"},	  {"COMPLETED", "\033[32m"},
		{"PENDING", "\033[33m"},   {"CANCELLED", "\033[2m"},	  {"FAILED", "\033[31m"},
		{"TIMEOUT", "\033[31m"},   {"OUT_OF_MEMORY", "\033[31m"}, {"UNKNOWN", "\033[35m"},
		{"PREEMPTED", "\033[35m"},
	};

	for (size_t i = 0; colours() && state && i < sizeof(map) / sizeof(map[0]); i++)
		if (strcmp(state, map[i].state) == 0)
			return map[i].colour;
	return "";
}

const char *suan_cli_colour_end(void)
{
	return colours() ? "\033[0m" : "";
}

int suan_cli_terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		return w.ws_col;
	return columns && atoi(columns) > 0 ? atoi(columns) : 80;
}

/* ---- cells ---- */

/* C0 and C1 control characters, line separators, and what turns the direction of writing. */
static bool steers(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void suan_cli_add_clean(struct suan_buf *out, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		uint32_t c = 0;
		size_t len = suan_utf8_next(text, n, &c);

		if (len && !steers(c))
			suan_buf_add(out, text, len);
		else
			suan_buf_addc(out, '?');
		len = len ? len : 1;
		text += len;
		n -= len;
	}
}

static void fill_value(const json_t *v, struct suan_buf *out)
{
	if (!v || json_is_null(v))
		suan_buf_addc(out, '-');
	else if (json_is_string(v))
		suan_cli_add_clean(out, json_string_value(v)[0] ? json_string_value(v) : "-");
	else if (json_is_integer(v))
		suan_buf_add_i64(out, json_integer_value(v));
	else if (json_is_real(v))
		suan_buf_addf(out, "%.6g", json_real_value(v));
	else if (json_is_boolean(v))
		suan_buf_adds(out, json_is_true(v) ? "yes" : "no");
}

static const struct suan_column *find_column(const struct suan_column *c, const char *name,
					     size_t n)
{
	for (; c->name; c++)
		if (strlen(c->name) == n && strncmp(c->name, name, n) == 0)
			return c;
	return NULL;
}

static void add_names(const struct suan_column *columns, struct suan_buf *out)
{
	for (const struct suan_column *c = columns; c->name; c++)
		suan_buf_addf(out, "%s%s", c == columns ? "" : ",", c->name);
}

bool suan_table_help(const struct suan_table *t)
{
	struct suan_buf names;

	if (!t->format || strcmp(t->format, "help") != 0)
		return false;
	suan_buf_init(&names, 0);
	add_names(t->columns, &names);
	printf("%s\n", suan_buf_str(&names));
	suan_buf_done(&names);
	return true;
}

static int pick(const struct suan_table *t, const struct suan_column **ret)
{
	const char *f = t->format ? t->format : t->default_format;
	int n = 0;

	while (*f && n < SUAN_FIT_COLUMNS) {
		size_t len = strcspn(f, ",");

		ret[n] = find_column(t->columns, f, len);
		if (!ret[n]) {
			struct suan_buf all;

			suan_buf_init(&all, 0);
			add_names(t->columns, &all);
			fprintf(stderr, "suan: --format: no column \"%.*s\"; there are %s\n",
				(int)len, f, suan_buf_str(&all));
			suan_buf_done(&all);
			return -1;
		}
		n++;
		f += len + (f[len] == ',');
	}
	return n;
}

/* Spaces are printed before the next text only, so that no line ends in them. */
static void print_cell(const struct suan_column *c, const char *text, int width, int *spaces)
{
	const char *colour = strcmp(c->name, "state") == 0 ? suan_cli_state_colour(text) : "";
	int natural = (int)suan_utf8_width(text), gap = width > natural ? width - natural : 0;
	size_t n = suan_fit_text(text, width);

	if (c->right)
		*spaces += gap;
	if (n || text[0]) {
		printf("%*s%s%.*s%s%s", *spaces, "", colour, (int)n, text, text[n] ? "…" : "",
		       colour[0] ? suan_cli_colour_end() : "");
		*spaces = 0;
	}
	*spaces += (c->right ? 0 : gap) + SUAN_FIT_GAP;
}

/* All cells as one list of strings, row by row. */
static char **fill_cells(const struct suan_column *const *cols, int n, const json_t *rows,
			 struct suan_fit *fit)
{
	size_t nrows = json_array_size(rows);
	char **cells = calloc(nrows * (size_t)n + 1, sizeof(*cells));

	for (size_t i = 0; cells && i < nrows; i++) {
		const json_t *row = json_array_get(rows, i);

		for (int k = 0; k < n; k++) {
			struct suan_buf b;
			int w;

			suan_buf_init(&b, 0);
			if (cols[k]->fill)
				cols[k]->fill(row, &b);
			else
				fill_value(json_object_get(row, cols[k]->name), &b);
			w = (int)suan_utf8_width(suan_buf_str(&b));
			if (w > fit[k].natural)
				fit[k].natural = w;
			cells[i * (size_t)n + (size_t)k] = suan_buf_take(&b, NULL);
		}
	}
	return cells;
}

static void print_line(const struct suan_column *const *cols, const struct suan_fit *fit, int n,
		       char *const *cells)
{
	int spaces = 0;

	for (int k = 0; k < n; k++) {
		const char *text = cells ? cells[k] : cols[k]->title;

		if (fit[k].width)
			print_cell(cols[k], text ? text : "", fit[k].width, &spaces);
	}
	putchar('\n');
}

/* Bytes of text for one line of width columns: up to the last space that fits, else what fits. */
static size_t line_bytes(const char *text, int width)
{
	size_t fits = suan_fit_text(text, width + 1), cut = fits;
	uint32_t c;

	if ((int)suan_utf8_width(text) <= width)
		return fits;
	while (cut > 0 && text[cut] != ' ')
		cut--;
	if (cut > 0)
		return cut;
	fits = suan_fit_text(text, width);
	return fits ? fits : suan_utf8_next(text, strlen(text), &c);
}

/* The last text, which is aligned left, goes on below itself when it is longer than its column. */
static void print_wrapped(const struct suan_column *const *cols, const struct suan_fit *fit, int n,
			  char **cells)
{
	char *whole = cells[n - 1], *text = whole;
	int indent = 0;

	for (int k = 0; k < n - 1; k++)
		indent += fit[k].width ? fit[k].width + SUAN_FIT_GAP : 0;
	do {
		size_t used = line_bytes(text, fit[n - 1].width);
		char *line = strndup(text, used);

		cells[n - 1] = line;
		if (text == whole)
			print_line(cols, fit, n, cells);
		else
			printf("%*s%s\n", indent, "", line ? line : "");
		free(line);
		text += used;
		text += strspn(text, " ");
	} while (*text);
	cells[n - 1] = whole;
}

bool suan_table_print(const struct suan_table *t, const json_t *rows)
{
	const struct suan_column *cols[SUAN_FIT_COLUMNS];
	struct suan_fit fit[SUAN_FIT_COLUMNS] = {0};
	size_t nrows = json_array_size(rows);
	int n = pick(t, cols);
	char **cells;

	if (n <= 0)
		return n == 0;
	for (int k = 0; k < n; k++) {
		fit[k].natural = t->no_header ? 0 : (int)suan_utf8_width(cols[k]->title);
		fit[k].least = cols[k]->least;
		fit[k].rank = cols[k]->rank;
	}
	cells = fill_cells(cols, n, rows, fit);
	suan_fit_columns(fit, n, suan_cli_out_is_terminal() ? suan_cli_terminal_width() : INT_MAX);
	if (!t->no_header)
		print_line(cols, fit, n, NULL);
	for (size_t i = 0; cells && i < nrows; i++) {
		char **row = cells + i * (size_t)n;

		if (t->wrap && row[n - 1] && fit[n - 1].width)
			print_wrapped(cols, fit, n, row);
		else
			print_line(cols, fit, n, row);
	}
	for (size_t i = 0; cells && i < nrows * (size_t)n; i++)
		free(cells[i]);
	free(cells);
	return true;
}

/* ---- times ---- */

int64_t suan_cli_time_ms(const json_t *v)
{
	struct suan_err err = {0};
	int64_t ms = 0;

	if (json_is_string(v) && suan_parse_time(json_string_value(v), 0, &ms, &err) != SUAN_OK)
		return 0;
	return ms;
}

void suan_cli_fill_time(const char *rfc3339, struct suan_buf *out)
{
	struct suan_err err = {0};
	struct tm tm;
	int64_t ms;
	time_t t;

	if (!rfc3339 || suan_parse_time(rfc3339, 0, &ms, &err) != SUAN_OK) {
		suan_buf_addc(out, '-');
		return;
	}
	t = (time_t)(ms / 1000);
	localtime_r(&t, &tm);
	suan_buf_addf(out, "%02d-%02d %02d:%02d:%02d", tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		      tm.tm_min, tm.tm_sec);
}

void suan_cli_fill_elapsed(const json_t *row, struct suan_buf *out)
{
	int64_t start = suan_cli_time_ms(json_object_get(row, "start"));
	int64_t end = suan_cli_time_ms(json_object_get(row, "end"));
	char text[32];

	if (!start) {
		suan_buf_addc(out, '-');
		return;
	}
	end = end ? end : suan_clock_now_ms();
	suan_format_duration(end > start ? end - start : 0, text);
	suan_buf_adds(out, text);
}
