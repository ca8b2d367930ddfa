/* Widths of columns, and cutting of cells. */
#include "cli/fit.h"

#include <limits.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "lib/tap.h"

static void widths(const char *what, const struct suan_fit *in, int n, int room, const int *want)
{
	struct suan_fit c[SUAN_FIT_COLUMNS];
	bool same = true;

	memcpy(c, in, (size_t)n * sizeof(*c));
	suan_fit_columns(c, n, room);
	for (int i = 0; i < n; i++)
		same = same && c[i].width == want[i];
	ok(same, "%s", what);
	for (int i = 0; !same && i < n; i++)
		printf("# column %d: %d, want %d\n", i, c[i].width, want[i]);
}

static void columns(void)
{
	static const struct suan_fit c[4] = {{.natural = 5},
					     {.natural = 30, .least = 10, .rank = 1},
					     {.natural = 8, .rank = 3},
					     {.natural = 20, .least = 10, .rank = 2}};
	static const struct suan_fit fixed[2] = {{.natural = 50}, {.natural = 4}};
	static const struct suan_fit equal[3] = {{.natural = 9}, {.natural = 9}, {.natural = 9}};

	widths("all that is wanted without a terminal", c, 4, INT_MAX, (int[]){5, 30, 8, 20});
	widths("an exact fit", c, 4, 69, (int[]){5, 30, 8, 20});
	widths("the widest gives way", c, 4, 68, (int[]){5, 29, 8, 20});
	widths("then both", c, 4, 49, (int[]){5, 15, 8, 15});
	widths("down to the least", c, 4, 39, (int[]){5, 10, 8, 10});
	widths("then the highest rank goes, and the others have its room", c, 4, 38,
	       (int[]){5, 15, 0, 14});
	widths("then the next", c, 4, 28, (int[]){5, 21, 0, 0});
	widths("one is left, cut", c, 4, 4, (int[]){4, 0, 0, 0});
	widths("of equals the last goes", equal, 3, 20, (int[]){9, 9, 0});
	widths("the first stays, cut", fixed, 2, 20, (int[]){20, 0});
	widths("no room at all", fixed, 2, 0, (int[]){1, 0});
	widths("empty cells without a header", (struct suan_fit[]){{0}, {.natural = 3}}, 2, 9,
	       (int[]){1, 3});
}

static void texts(void)
{
	is_int(suan_fit_text("abcdef", 6), 6, "it fits");
	is_int(suan_fit_text("abcdef", 5), 4, "one column is the ellipsis");
	is_int(suan_fit_text("abcdef", 1), 0, "the ellipsis alone");
	is_int(suan_fit_text("", 3), 0, "nothing");
	is_int(suan_fit_text("\xe5\xbc\xa0\xe5\xae\xb6\xe5\x8f\xa3", 6), 9,
	       "three wide characters in six columns");
	is_int(suan_fit_text("\xe5\xbc\xa0\xe5\xae\xb6\xe5\x8f\xa3", 5), 6,
	       "two of them and the ellipsis in five");
	is_int(suan_fit_text("\xe5\xbc\xa0\xe5\xae\xb6\xe5\x8f\xa3", 4), 3,
	       "half a character is none");
	is_int(suan_fit_text("ae\xcc\x81xyz", 3), 4, "an accent stays with its letter");
	is_int(suan_fit_text("a\xff\xfe"
			     "bc",
			     3),
	       2, "bytes that are no UTF-8 count one column");
}

/* Whatever the columns are, the row fits and something is shown. */
static void random_columns(void)
{
	struct suan_rng r;
	bool fits = true, shown = true;

	suan_rng_init(&r, 7);
	for (int k = 0; k < 3000; k++) {
		struct suan_fit c[SUAN_FIT_COLUMNS];
		int n = 1 + (int)suan_rng_below(&r, SUAN_FIT_COLUMNS), sum = -SUAN_FIT_GAP;
		int room = 1 + (int)suan_rng_below(&r, 150), there = 0;

		for (int i = 0; i < n; i++)
			c[i] = (struct suan_fit){.natural = (int)suan_rng_below(&r, 60),
						 .least = (int)suan_rng_below(&r, 20),
						 .rank = (int)suan_rng_below(&r, 5)};
		suan_fit_columns(c, n, room);
		for (int i = 0; i < n; i++) {
			sum += c[i].width ? c[i].width + SUAN_FIT_GAP : 0;
			there += c[i].width > 0;
		}
		fits = fits && sum <= room;
		shown = shown && there > 0;
	}
	ok(fits, "rows never wrap (seed 7)");
	ok(shown, "a column is always shown (seed 7)");
}

int main(void)
{
	columns();
	texts();
	random_columns();
	return tap_done();
}
