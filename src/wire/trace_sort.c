#include <stdlib.h>
#include <string.h>

#include "wire/trace_inside.h"

/* Keys are sorted instead of the jobs themselves: less memory, and less moving. */
struct key {
	int64_t submit_ms;
	size_t job; /* its place in the file */
};

/* Bottom-up merge sort; keys begin in the order of the file, so it need only be stable. Returns the
 * one of the two arrays that has the result. */
static struct key *merge_sort(struct key *from, struct key *to, size_t n)
{
	for (size_t run = 1; run < n; run *= 2) {
		struct key *swap;

		for (size_t lo = 0; lo < n; lo += 2 * run) {
			size_t mid = run < n - lo ? lo + run : n;
			size_t hi = run < n - mid ? mid + run : n;
			size_t a = lo, b = mid;

			for (size_t k = lo; k < hi; k++) {
				bool left = b == hi ||
					    (a < mid && from[a].submit_ms <= from[b].submit_ms);

				to[k] = left ? from[a++] : from[b++];
			}
		}
		swap = from;
		from = to;
		to = swap;
	}
	return from;
}

/* Puts job keys[i].job at i, for all i, circle by circle. */
static void permute(struct suan_trace_job *jobs, struct key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct suan_trace_job first = jobs[i];
		size_t at = i;

		while (keys[at].job != i) {
			size_t from = keys[at].job;

			jobs[at] = jobs[from];
			keys[at].job = at;
			at = from;
		}
		jobs[at] = first;
		keys[at].job = at;
	}
}

enum suan_code suan_trace_sort(struct suan_trace *t)
{
	struct key *keys;

	if (t->njobs > SIZE_MAX / 2 / sizeof(*keys))
		return SUAN_ENOMEM;
	keys = malloc(2 * t->njobs * sizeof(*keys));
	if (!keys)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < t->njobs; i++)
		keys[i] = (struct key){t->jobs[i].submit_ms, i};
	permute(t->jobs, merge_sort(keys, keys + t->njobs, t->njobs), t->njobs);
	free(keys);
	return SUAN_OK;
}
