#include "wire/nearest.h"

#include <string.h>

#define LONGEST 40	/* names longer than this are not compared */

void suan_nearest_init(struct suan_nearest *n, const char *name)
{
	n->name = name;
	n->best = NULL;
	/* One more than is accepted: a third of the letters may be wrong, at least one. */
	n->distance = strlen(name) < 3 ? 2 : strlen(name) / 3 + 1;
	if (n->distance > 4)
		n->distance = 4;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t rows[3][LONGEST + 1];

	if (na > LONGEST || nb > LONGEST)
		return LONGEST;
	for (size_t k = 0; k <= nb; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= na; i++) {
		const size_t *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t k = 1; k <= nb; k++) {
			row[k] = least(above[k] + 1, row[k - 1] + 1,
				       above[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				row[k] = least(row[k], two_above[k - 2] + 1, row[k]);
		}
	}
	return rows[na % 3][nb];
}

void suan_nearest_try(struct suan_nearest *n, const char *candidate)
{
	size_t d = edit_distance(n->name, candidate);

	if (d >= n->distance || d >= strlen(candidate))
		return;
	n->distance = d;
	n->best = candidate;
}
