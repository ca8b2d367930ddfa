/* Which nodes are kept when, and for whom, over plain arrays; see refplan.h. */
#include "lib/refplan.h"

#include <assert.h>
#include <string.h>

void ref_windows(struct ref *r, const struct suan_window *list, uint32_t n)
{
	assert(n <= REF_WINDOWS);
	memset(r->windows, 0, sizeof(r->windows));
	for (uint32_t i = 0; i < n; i++) {
		r->windows[i].w = list[i];
		for (uint32_t k = 0; k < list[i].count; k++)
			r->windows[i].node[list[i].nodes[k]] = true;
	}
	r->nwindows = n;
}

const struct ref_window *ref_window_of(const struct ref *r, uint32_t group)
{
	const struct ref_window *first = NULL;

	for (uint32_t i = 0; i < r->nwindows; i++) {
		const struct ref_window *w = &r->windows[i];

		if (w->w.group == group &&
		    (!first || w->w.pool < first->w.pool ||
		     (w->w.pool == first->w.pool && w->w.from_ms < first->w.from_ms)))
			first = w;
	}
	return first;
}

/* Is the node in a window, other than `but`, at some time of [from, to)? */
bool ref_in_window(const struct ref *r, uint32_t pool, uint32_t node, struct ref_span t)
{
	for (uint32_t i = 0; i < r->nwindows; i++) {
		const struct suan_window *w = &r->windows[i].w;

		if (&r->windows[i] != t.but && w->pool == pool && r->windows[i].node[node] &&
		    w->from_ms < t.to && w->to_ms > t.from)
			return true;
	}
	return false;
}

/* What starts are planned with. */
int64_t ref_length(const struct ref *r, uint32_t pool, const struct suan_ask *ask)
{
	for (uint32_t i = 0; i < r->nwindows; i++)
		if (r->windows[i].w.pool == pool)
			return ask->limit_ms;
	return ask->duration_ms;
}

struct suan_ask ref_planned_ask(const struct ref *r, uint32_t pool, const struct suan_ask *ask)
{
	struct suan_ask a = *ask;

	a.duration_ms = ref_length(r, pool, ask);
	return a;
}

/* May what asks for so much time start then? */
bool ref_in_time(const struct ref_window *w, const struct suan_ask *ask, int64_t at)
{
	if (at < w->w.from_ms || at >= w->w.to_ms)
		return false;
	return at + ask->limit_ms <= w->w.to_ms ||
	       (at <= w->w.from_ms + 5000 && ask->limit_ms <= w->w.to_ms - w->w.from_ms);
}

/* Is the node out for a start now? */
bool ref_hidden(const struct ref *r, const struct ref_run *run, uint32_t node)
{
	int64_t end = (r->after ? r->after_ms : r->now) + run->ask.limit_ms;
	const struct ref_window *w = run->ask.group ? ref_window_of(r, run->ask.group) : NULL;

	if (!run->ask.group)
		return ref_in_window(r, run->pool, node, (struct ref_span){r->now, end, NULL});
	return !w->node[node] || !ref_in_time(w, &run->ask, r->now) ||
	       ref_in_window(r, run->pool, node, (struct ref_span){r->now, end, w});
}
