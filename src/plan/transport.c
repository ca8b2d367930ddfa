/* Columns and rows of the transportation problem. Work that is allowed in the same places and ends
 * with the same slot is one group: from slot to slot what was not done is carried on. So the
 * programme grows with groups × slots, not with works × slots:
 *   carried in + released = done in each place + late + carried on     (each group and slot)
 *   Σ places done ≤ what its works can do at most, those released       (each group and slot)
 *   Σ groups done ≤ capacity                                            (each place and slot)
 * Works of one group lend each other what they can do in a slot, so that groups are of works whose
 * windows are about as long. */
#include "plan/plan.h"

#include <coin/Clp_C_Interface.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

#define MOST_COLUMNS 20000000u

struct programme {
	const struct suan_plan_transport *t;
	struct suan_plan_work *works; /* owned; by (until, allow, from) */
	/* rows */
	double *lower, *upper;
	size_t nrows, lower_cap, upper_cap;
	/* columns: where the entries of each begin, and what a unit costs */
	int *start, *row;
	double *entry, *cost;
	size_t ncols, start_cap, cost_cap, nentries, row_cap, entry_cap;
	double cheapest, late; /* rate; what a unit of late work costs in the programme */
	size_t first_late, nlate;
};

/* Windows of one kind are at most twice as long as others of it. Without limits all are alike. */
static uint32_t kind(const struct suan_plan_work *w)
{
	uint32_t k = 0;

	for (uint32_t span = w->until - w->from + 1; w->most > 0 && span > 0; span /= 2)
		k++;
	return k;
}

static int by_group(const void *a, const void *b)
{
	const struct suan_plan_work *x = a, *y = b;

	if (x->until != y->until)
		return x->until < y->until ? -1 : 1;
	if (x->allow != y->allow)
		return x->allow < y->allow ? -1 : 1;
	if (kind(x) != kind(y))
		return kind(x) < kind(y) ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

static enum suan_code add_row(struct programme *p, double lower, double upper)
{
	enum suan_code rc = suan_grow(&p->lower, &p->lower_cap, p->nrows + 1, sizeof(*p->lower));

	if (rc == SUAN_OK)
		rc = suan_grow(&p->upper, &p->upper_cap, p->nrows + 1, sizeof(*p->upper));
	if (rc != SUAN_OK)
		return rc;
	p->lower[p->nrows] = lower;
	p->upper[p->nrows++] = upper;
	return SUAN_OK;
}

static enum suan_code begin_column(struct programme *p, double cost)
{
	enum suan_code rc = suan_grow(&p->start, &p->start_cap, p->ncols + 2, sizeof(*p->start));

	if (rc == SUAN_OK)
		rc = suan_grow(&p->cost, &p->cost_cap, p->ncols + 1, sizeof(*p->cost));
	if (rc != SUAN_OK)
		return rc;
	p->start[p->ncols] = (int)p->nentries;
	p->cost[p->ncols++] = cost;
	p->start[p->ncols] = (int)p->nentries;
	return SUAN_OK;
}

static enum suan_code add_entry(struct programme *p, size_t row, double x)
{
	enum suan_code rc = suan_grow(&p->row, &p->row_cap, p->nentries + 1, sizeof(*p->row));

	if (rc == SUAN_OK)
		rc = suan_grow(&p->entry, &p->entry_cap, p->nentries + 1, sizeof(*p->entry));
	if (rc != SUAN_OK)
		return rc;
	p->row[p->nentries] = (int)row;
	p->entry[p->nentries++] = x;
	p->start[p->ncols] = (int)p->nentries;
	return SUAN_OK;
}

static size_t capacity_row(const struct programme *p, uint32_t slot, uint32_t place)
{
	return (size_t)slot * p->t->nplaces + place;
}

static size_t rows_a_slot(const struct suan_plan_work *first)
{
	return first->most > 0 ? 2 : 1;
}

static enum suan_code add_place(struct programme *p, const struct suan_plan_work *first,
				uint32_t slot, uint32_t place)
{
	size_t row = p->nrows - rows_a_slot(first), at = capacity_row(p, slot, place);
	enum suan_code rc = begin_column(p, p->t->rate[at]);

	if (rc == SUAN_OK)
		rc = add_entry(p, at, 1);
	for (size_t i = row; i < p->nrows && rc == SUAN_OK; i++)
		rc = add_entry(p, i, 1);
	return rc;
}

/* Of one group in a slot. */
struct released {
	double amount; /* by this slot */
	double most;   /* of all so far */
};

/* Rows of one group in this slot, and its columns: done in each place, and carried on. */
static enum suan_code add_slot(struct programme *p, const struct suan_plan_work *first,
			       uint32_t slot, const struct released *r)
{
	size_t row = p->nrows;
	enum suan_code rc = add_row(p, r->amount, r->amount);

	if (rc == SUAN_OK && first->most > 0)
		rc = add_row(p, 0, r->most);
	for (uint32_t i = 0; i < p->t->nplaces && rc == SUAN_OK; i++)
		if (first->allow >> i & 1)
			rc = add_place(p, first, slot, i);
	if (rc != SUAN_OK || slot == first->until)
		return rc;
	rc = begin_column(p, 0);
	if (rc == SUAN_OK)
		rc = add_entry(p, row, 1);
	return rc == SUAN_OK ? add_entry(p, row + rows_a_slot(first), -1) : rc;
}

static enum suan_code add_group(struct programme *p, const struct suan_plan_work *list, size_t n)
{
	enum suan_code rc = SUAN_OK;
	struct released r = {0};
	size_t i = 0;

	for (uint32_t slot = list->from; slot <= list->until && rc == SUAN_OK; slot++) {
		r.amount = 0;
		for (; i < n && list[i].from == slot; i++) {
			r.amount += list[i].amount;
			r.most += list[i].most;
		}
		rc = add_slot(p, list, slot, &r);
		if (p->ncols > MOST_COLUMNS)
			return SUAN_ETOOBIG;
	}
	return rc;
}

/* Late work leaves each group in its last slot. All such columns stand together at the end. */
static enum suan_code add_late(struct programme *p, const size_t *rows, size_t n)
{
	/* dearer than anything, so that nothing is late which need not be; counted out afterwards
	 */
	double dear = 0;
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < (size_t)p->t->nslots * p->t->nplaces; i++) {
		double x = p->t->rate[i] < 0 ? -p->t->rate[i] : p->t->rate[i];

		dear = x > dear ? x : dear;
	}
	p->late = dear * 100 + 1;
	p->first_late = p->ncols;
	p->nlate = n;
	for (size_t i = 0; i < n && rc == SUAN_OK; i++) {
		rc = begin_column(p, p->late);
		if (rc == SUAN_OK)
			rc = add_entry(p, rows[i], 1);
	}
	return rc;
}

static enum suan_code build(struct programme *p)
{
	const struct suan_plan_transport *t = p->t;
	size_t *rows = NULL, nrows = 0, rows_cap = 0;
	enum suan_code rc = SUAN_OK;

	p->cheapest = t->rate[0];
	for (size_t i = 0; i < (size_t)t->nslots * t->nplaces && rc == SUAN_OK; i++) {
		rc = add_row(p, 0, t->capacity[i % t->nplaces]);
		p->cheapest = t->rate[i] < p->cheapest ? t->rate[i] : p->cheapest;
	}
	for (size_t i = 0, n; i < t->nworks && rc == SUAN_OK; i += n) {
		const struct suan_plan_work *w = &p->works[i];

		for (n = 1; i + n < t->nworks && w[n].until == w->until &&
			    w[n].allow == w->allow && kind(&w[n]) == kind(w);)
			n++;
		rc = add_group(p, w, n);
		if (rc == SUAN_OK)
			rc = suan_grow(&rows, &rows_cap, nrows + 1, sizeof(*rows));
		if (rc == SUAN_OK)
			rows[nrows++] = p->nrows - rows_a_slot(w);
	}
	if (rc == SUAN_OK)
		rc = add_late(p, rows, nrows);
	free(rows);
	return rc;
}

/* What stands in each cell, whose rows are the first. */
static void tell_cells(const struct programme *p, Clp_Simplex *model, struct suan_plan_answer *a)
{
	size_t cells = (size_t)p->t->nslots * p->t->nplaces;
	const double *x = Clp_primalColumnSolution(model), *dual = Clp_dualRowSolution(model);

	for (size_t i = 0; a->done && i < cells; i++)
		a->done[i] = 0;
	for (size_t i = 0; a->done && i < p->first_late; i++)
		if ((size_t)p->row[p->start[i]] < cells)
			a->done[p->row[p->start[i]]] += x[i];
	for (size_t i = 0; a->worth && i < cells; i++) {
		/* nothing but late work costs so much more than the dearest rate */
		a->worth[i] = -dual[i] > p->late / 2 ? HUGE_VAL : dual[i] < 0 ? -dual[i] : 0;
	}
}

static enum suan_code solve(const struct programme *p, struct suan_plan_answer *ret,
			    struct suan_err *err)
{
	struct suan_plan_answer a = {
		.columns = p->ncols, .rows = p->nrows, .done = ret->done, .worth = ret->worth};
	Clp_Simplex *model = Clp_newModel();
	const double *x;
	int status;

	if (!model)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	Clp_setLogLevel(model, 0);
	Clp_loadProblem(model, (int)p->ncols, (int)p->nrows, p->start, p->row, p->entry, NULL, NULL,
			p->cost, p->lower, p->upper);
	/* primal: on these it is some four times as fast as dual */
	status = Clp_initialPrimalSolve(model);
	if (status != 0) {
		Clp_deleteModel(model);
		return suan_fail(err, SUAN_EIO, "the solver gave up with status %d", status);
	}
	x = Clp_primalColumnSolution(model);
	for (size_t i = 0; i < p->nlate; i++)
		a.late += x[p->first_late + i];
	for (size_t i = 0; i < p->first_late; i++)
		a.cost += x[i] * p->cost[i];
	a.cost += a.late * p->cheapest;
	tell_cells(p, model, &a);
	Clp_deleteModel(model);
	*ret = a;
	return SUAN_OK;
}

static enum suan_code check(const struct suan_plan_transport *t, struct suan_err *err)
{
	uint64_t known = t->nplaces < 64 ? (UINT64_C(1) << t->nplaces) - 1 : UINT64_MAX;

	if (t->nplaces == 0 || t->nplaces > SUAN_PLAN_PLACES || t->nslots == 0)
		return suan_fail(err, SUAN_EINVAL,
				 "found %u places and %u slots, want 1 to %u places and a slot",
				 t->nplaces, t->nslots, SUAN_PLAN_PLACES);
	for (size_t i = 0; i < t->nworks; i++) {
		const struct suan_plan_work *w = &t->works[i];

		if (w->from > w->until || w->until >= t->nslots || !(w->allow & known) ||
		    (w->allow & ~known) || !(w->amount >= 0) || !(w->most >= 0))
			return suan_fail(err, SUAN_EINVAL, "work %zu is nowhere, or at no time", i);
	}
	return SUAN_OK;
}

enum suan_code suan_plan_transport(const struct suan_plan_transport *t,
				   struct suan_plan_answer *ret, struct suan_err *err)
{
	struct programme p = {.t = t};
	enum suan_code rc = check(t, err);

	if (rc != SUAN_OK)
		return rc;
	p.works = malloc((t->nworks + 1) * sizeof(*p.works));
	rc = p.works ? SUAN_OK : SUAN_ENOMEM;
	if (rc == SUAN_OK && t->nworks > 0) {
		memcpy(p.works, t->works, t->nworks * sizeof(*p.works));
		qsort(p.works, t->nworks, sizeof(*p.works), by_group);
	}
	if (rc == SUAN_OK)
		rc = build(&p);
	if (rc == SUAN_ENOMEM)
		suan_fail(err, rc, "out of memory");
	else if (rc == SUAN_ETOOBIG)
		suan_fail(err, rc, "the linear programme has more than %u columns: take fewer jobs",
			  MOST_COLUMNS);
	else
		rc = solve(&p, ret, err);
	free(p.works);
	free(p.lower);
	free(p.upper);
	free(p.start);
	free(p.row);
	free(p.entry);
	free(p.cost);
	return rc;
}
