#include "cli/fit.h"

#include <stdint.h>
#include <string.h>

#include "base/num.h"

/* Of the columns that may be shortened and still can, the widest, of equals the last; NULL: none.
 */
static struct suan_fit *widest(struct suan_fit *c, int n)
{
	struct suan_fit *found = NULL;

	for (int i = 0; i < n; i++)
		if (c[i].least > 0 && c[i].width > c[i].least &&
		    (!found || c[i].width >= found->width))
			found = &c[i];
	return found;
}

static int total(const struct suan_fit *c, int n)
{
	int sum = -SUAN_FIT_GAP;

	for (int i = 0; i < n; i++)
		sum += c[i].width ? c[i].width + SUAN_FIT_GAP : 0;
	return sum;
}

/* NULL: only one column is left. */
static struct suan_fit *least_important(struct suan_fit *c, const bool *out, int n)
{
	struct suan_fit *found = NULL;
	int left = 0;

	for (int i = 0; i < n; i++) {
		if (out[i])
			continue;
		left++;
		if (!found || c[i].rank >= found->rank)
			found = &c[i];
	}
	return left > 1 ? found : NULL;
}

void suan_fit_columns(struct suan_fit *c, int n, int room)
{
	bool out[SUAN_FIT_COLUMNS] = {false};

	for (;;) {
		struct suan_fit *gone, *wide;

		for (int i = 0; i < n; i++)
			c[i].width = out[i] ? 0 : c[i].natural > 0 ? c[i].natural : 1;
		while (total(c, n) > room && (wide = widest(c, n)) != NULL)
			wide->width--;
		if (total(c, n) <= room)
			return;
		gone = least_important(c, out, n);
		if (!gone)
			break;
		out[gone - c] = true;
	}
	for (int i = 0; i < n; i++)
		if (!out[i])
			c[i].width = room > 0 ? room : 1;
}

size_t suan_fit_text(const char *text, int room)
{
	size_t n = strlen(text), used = 0;
	int columns = 0;

	if ((int)suan_utf8_width(text) <= room)
		return n;
	while (used < n) {
		uint32_t c;
		size_t len = suan_utf8_next(text + used, n - used, &c);
		char one[5] = "";

		len = len ? len : 1;
		memcpy(one, text + used, len);
		columns += (int)suan_utf8_width(one);
		if (columns > room - 1)
			break;
		used += len;
	}
	return used;
}
