/* How wide the columns of a table may be on a terminal: the widest text gives way first, then the
 * least important columns go. */
#ifndef SUAN_CLI_FIT_H
#define SUAN_CLI_FIT_H

#include <stdbool.h>
#include <stddef.h>

#define SUAN_FIT_GAP	 2  /* spaces between columns */
#define SUAN_FIT_COLUMNS 32 /* most columns of a table */

struct suan_fit {
	int natural; /* in: width of the widest cell */
	int least;   /* in: its text may be shortened to this many columns; 0 = not at all */
	int rank;  /* in: the highest is left out first, of equals the last; 0 = kept to the end */
	int width; /* out; 0 = left out */
};

/* Sets the widths so that a row takes at most room columns. At least one column is shown, cut if
 * even that is too wide. */
void suan_fit_columns(struct suan_fit *c, int n, int room);
/* Bytes of text to print before "…" so that both take at most room columns; marks that combine
 * stay with their letter. The whole text when it fits. */
size_t suan_fit_text(const char *text, int room);

#endif
