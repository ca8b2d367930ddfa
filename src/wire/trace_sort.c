#include <stdlib.h>
#include <string.h>

#include "wire/trace_inside.h"

/* Keys are sorted instead of the jobs themselves: less memory, and less moving. */
struct key {
	int64_t submit_ms;
	size_t job; /* its place in the file */
};

#define BLOCK 16u /* sorted by insertion */

static void insertion_sort(struct key *keys, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct key v = keys[i];
		size_t at = i;

		for (; at > 0 && keys[at - 1].submit_ms > v.submit_ms; at--)
			keys[at] = keys[at - 1];
		keys[at] = v;
	}
}

/* First of keys[lo] … keys[hi - 1] that is later than ms, or, with equal, not earlier; hi: none. */
static size_t first_after(const struct key *keys, size_t lo, size_t hi, int64_t ms, bool equal)
{
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (keys[mid].submit_ms > ms || (equal && keys[mid].submit_ms == ms))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Two sorted neighbours become one. Logs are nearly sorted, so that only a few keys at the border
 * of the two have to move. */
static void merge(struct key *keys, size_t lo, size_t mid, size_t hi, struct key *room)
{
	size_t n, left = 0, right = mid, to;

	to = first_after(keys, lo, mid, keys[mid].submit_ms, false);
	hi = first_after(keys, mid, hi, keys[mid - 1].submit_ms, true);
	n = mid - to;
	if (n == 0)
		return;
	memcpy(room, keys + to, n * sizeof(*room));
	while (left < n) {
		bool other = right < hi && keys[right].submit_ms < room[left].submit_ms;

		keys[to++] = other ? keys[right++] : room[left++];
	}
}

/* Bottom-up merge sort; keys begin in the order of the file, so it need only be stable. */
static void merge_sort(struct key *keys, size_t n, struct key *room)
{
	for (size_t lo = 0; lo < n; lo += BLOCK)
		insertion_sort(keys + lo, n - lo < BLOCK ? n - lo : BLOCK);
	for (size_t run = BLOCK; run < n; run *= 2)
		for (size_t lo = 0; n - lo > run; lo += 2 * run) {
			size_t hi = n - lo > 2 * run ? lo + 2 * run : n;

			merge(keys, lo, lo + run, hi, room);
			if (hi == n)
				break;
		}
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
	merge_sort(keys, t->njobs, keys + t->njobs);
	permute(t->jobs, keys, t->njobs);
	free(keys);
	return SUAN_OK;
}
