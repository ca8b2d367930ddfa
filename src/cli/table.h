/* Tables for the terminal: columns by name from JSON objects, widths of Chinese text right, colours
 * on a terminal only. */
#ifndef SUAN_CLI_TABLE_H
#define SUAN_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct suan_column {
	const char *name; /* of --format; "a.b" is not a path but a name for fill */
	const char *title;
	bool right; /* align right */
	int least;  /* on a terminal its text may be cut to this many columns, 0 = not at all */
	int rank;   /* in a narrow one the highest goes first, see cli/fit.h */
	/* Text of a cell; default (NULL): the member called name. */
	void (*fill)(const json_t *row, struct suan_buf *out);
};

struct suan_table {
	const struct suan_column *columns; /* ended by name NULL */
	const char *format;		   /* "id,name,state" or NULL = default_format */
	const char *default_format;
	bool no_header;
	bool wrap; /* on a terminal the last text, aligned left, goes on below itself instead of
		      being cut */
};

/* Prints the rows, on a terminal so that each fits it, elsewhere in full. false: --format names
 * an unknown column (said on stderr). */
bool suan_table_print(const struct suan_table *t, const json_t *rows);
/* "--format help": prints the names of all columns. false: it is another format. */
bool suan_table_help(const struct suan_table *t);

/* Control characters and the like become '?': a job's texts must not steer the reader's terminal.
 */
void suan_cli_add_clean(struct suan_buf *out, const char *text);

bool suan_cli_out_is_terminal(void);
/* ANSI colour of a job state, "" when not on a terminal or NO_COLOR is set. */
const char *suan_cli_state_colour(const char *state);
const char *suan_cli_colour_end(void);
int suan_cli_terminal_width(void); /* else COLUMNS, else 80 */

/* "3 m ago"-like short forms and plain text of common members. */
void suan_cli_fill_time(const char *rfc3339, struct suan_buf *out); /* "11-21 08:00:03" local */
int64_t suan_cli_time_ms(const json_t *v); /* RFC 3339 string → ms, 0 when null */
void suan_cli_fill_elapsed(const json_t *row, struct suan_buf *out); /* end or now − start */

#endif
