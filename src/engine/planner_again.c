/* Passes that go on where the last one ended. Under easy, when every start that may be planned is
 * planned, and since then nothing happened but that items came which stand behind all of these:
 *   - what could not start cannot start now. The nodes have not become freer, and the planned
 *     starts are where they were: no run has ended or is expected to have, so that what is free
 *     does not change until the first of these times, and a search from now finds what one from
 *     the last pass on found;
 *   - so only the new items may start, in order.
 * If the last pass started something after it planned, the plan that it left is the one that would
 * be made now only where it is one start (what was backfilled does not delay that), and only if no
 * nodes said no where the sums said now (that looks at the first end, which may be another one).
 *
 * Quotas count what is planned anew in each pass, whom a start pushes out is looked for anew,
 * windows begin and end, and what a start waits for arrives; so with them every pass is a whole
 * one.
 *
 * Under conservative, what has a slot keeps it: only items without one have to be met, and mostly
 * these are the new ones. */
#include "engine/planner_pass.h"

void suan_again_note(struct suan_planner *p, uint32_t item)
{
	struct suan_again *a = &p->again;

	if (a->count < SUAN_MOST_ADDED)
		a->list[a->count++] = item;
	else
		a->lost = true;
}

bool suan_again_lack(const struct suan_planner *p, uint64_t starts)
{
	const struct suan_again *a = &p->again;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < a->count; i++) {
		const struct suan_waiting *w = &p->waiting.items[a->list[i]];

		sum += w->count - w->slots - w->due;
	}
	return !a->lost && sum == starts;
}

void suan_again_sort(struct suan_planner *p)
{
	struct suan_again *a = &p->again;

	for (uint32_t i = 1; i < a->count; i++)
		for (uint32_t k = i; k > 0; k--) {
			uint32_t item = a->list[k];

			if (!suan_classes_before(&p->waiting, item, a->list[k - 1]))
				break;
			a->list[k] = a->list[k - 1];
			a->list[k - 1] = item;
		}
}

/* Does the item stand before the planned start? */
static bool is_before(const struct suan_waiting *x, const struct suan_planned *y)
{
	if (x->priority != y->priority)
		return x->priority > y->priority;
	if (x->key != y->key)
		return x->key < y->key;
	return x->id < y->id;
}

bool suan_pass_may_go_on(const struct suan_planner *p, uint32_t depth, bool idle)
{
	const struct suan_again *a = &p->again;

	if (!a->only || a->lost || p->kind != SUAN_PLAN_EASY || idle || p->nplanned < depth ||
	    p->quotas.ngroups > 0 || p->push || p->nwindows > 0 || p->waiting.delayed > 0)
		return false;
	if (p->nstarts > 0 && (p->nplanned > 1 || a->packed))
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (is_before(&p->waiting.items[a->list[i]], &p->planned[p->nplanned - 1]))
			return false;
	return true;
}
