#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "sys/clock.h"

#define MAX_COLUMNS 32

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
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		return w.ws_col;
	return 80;
}

/* ---- cells ---- */

void suan_cli_add_clean(struct suan_buf *out, const char *text)
{
	for (; *text; text++)
		suan_buf_addc(out, (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
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

void suan_table_names(const struct suan_column *columns, struct suan_buf *out)
{
	for (const struct suan_column *c = columns; c->name; c++)
		suan_buf_addf(out, "%s%s", c == columns ? "" : ",", c->name);
}

static int pick(const struct suan_table *t, const struct suan_column **ret)
{
	const char *f = t->format ? t->format : t->default_format;
	int n = 0;

	while (*f && n < MAX_COLUMNS) {
		size_t len = strcspn(f, ",");

		ret[n] = find_column(t->columns, f, len);
		if (!ret[n]) {
			struct suan_buf all;

			suan_buf_init(&all, 0);
			suan_table_names(t->columns, &all);
			fprintf(stderr, "--format: no column \"%.*s\"; there are %s\n", (int)len, f,
				suan_buf_str(&all));
			suan_buf_done(&all);
			return -1;
		}
		n++;
		f += len + (f[len] == ',');
	}
	return n;
}

static void pad(int n)
{
	printf("%*s", n > 0 ? n : 0, "");
}

static void print_cell(const struct suan_column *c, const char *text, int width, bool last)
{
	int w = (int)suan_utf8_width(text);
	const char *colour = strcmp(c->name, "state") == 0 ? suan_cli_state_colour(text) : "";

	if (c->right)
		pad(width - w);
	printf("%s%s%s", colour, text, colour[0] ? suan_cli_colour_end() : "");
	if (!c->right && !last)
		pad(width - w);
	if (!last)
		printf("  ");
}

/* All cells as one list of strings, row by row. */
static char **fill_cells(const struct suan_column *const *cols, int n, const json_t *rows,
			 int *width)
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
			if (w > width[k])
				width[k] = w;
			cells[i * (size_t)n + (size_t)k] = suan_buf_take(&b, NULL);
		}
	}
	return cells;
}

/* On a terminal the last column gives way, so that a row stays a line. */
static void cut_last(char *cell, int room)
{
	int width = 0;

	if ((int)suan_utf8_width(cell) <= room)
		return;
	for (char *p = cell; *p;) {
		char *next = p + 1;
		char keep;
		int w;

		while ((*next & 0xc0) == 0x80)
			next++;
		keep = *next;
		*next = '\0';
		w = (int)suan_utf8_width(p);
		*next = keep;
		if (width + w > room - 1) {
			*p = '\0';
			return;
		}
		width += w;
		p = next;
	}
}

/* Columns left for the last one; a large number when not on a terminal. */
static int room_for_last(const int *width, int n)
{
	int room = suan_cli_terminal_width();

	if (!suan_cli_out_is_terminal())
		return 1 << 20;
	for (int k = 0; k + 1 < n; k++)
		room -= width[k] + 2;
	return room < 8 ? 8 : room;
}

bool suan_table_print(const struct suan_table *t, const json_t *rows)
{
	const struct suan_column *cols[MAX_COLUMNS];
	int width[MAX_COLUMNS] = {0}, n = pick(t, cols);
	size_t total = json_array_size(rows) * (size_t)(n > 0 ? n : 0);
	char **cells;
	int room;

	if (n < 0)
		return false;
	for (int k = 0; k < n && !t->no_header; k++)
		width[k] = (int)suan_utf8_width(cols[k]->title);
	cells = fill_cells(cols, n, rows, width);
	room = room_for_last(width, n);
	for (int k = 0; k < n && !t->no_header; k++)
		print_cell(cols[k], cols[k]->title, width[k], k + 1 == n);
	if (!t->no_header && n)
		putchar('\n');
	for (size_t i = 0; cells && i < total; i++) {
		int k = (int)(i % (size_t)n);

		if (k + 1 == n && cells[i])
			cut_last(cells[i], room);
		print_cell(cols[k], cells[i] ? cells[i] : "", width[k], k + 1 == n);
		if (k + 1 == n)
			putchar('\n');
		free(cells[i]);
	}
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
