#include "lib/tap.h"

#include <math.h>

#include "base/rng.h"
#include "plan/plan.h"

static struct suan_err err;

static bool near(double a, double b)
{
	double d = a < b ? b - a : a - b, size = b < 0 ? -b : b;

	return d <= 1e-6 * (size + 1);
}

static void test_small(void)
{
	/* two places, three slots; the second place is cheap in the second slot */
	static const double capacity[] = {2, 1}, rate[] = {5, 6, 4, 1, 3, 7};
	struct suan_plan_work w[] = {{0, 1, 3, 2, 0}, {0, 0, 1, 1, 0}, {0, 2, 3, 1, 0}};
	struct suan_plan_transport t = {2, 3, capacity, rate, w, 3};
	struct suan_plan_answer a = {0};

	is_int(suan_plan_transport(&t, &a, &err), SUAN_OK, "solved");
	/* one at 1, one at 4; the one that must, at 5; the last at 3 */
	ok(near(a.cost, 1 + 4 + 5 + 3) && near(a.late, 0), "cost %f", a.cost);
	w[0].amount = 8;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_OK, "more than there is room for");
	/* room for 6 in two slots, one of them taken: 3 are late, at 1 each */
	ok(near(a.late, 3) && near(a.cost, 5 + 6 + 5 + 8 + 1 + 3 + 3 * 1), "late %f, cost %f",
	   a.late, a.cost);
	w[0].allow = 1;
	w[0].amount = 1;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_OK, "in one place only");
	ok(near(a.cost, 4 + 5 + 1), "cost %f", a.cost);
	t.nworks = 0;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_OK, "nothing to do");
	ok(near(a.cost, 0) && near(a.late, 0), "costs nothing");
}

/* One slot of one place is cheap, but a work of two slots does one in it at most. */
static void test_most(void)
{
	static const double capacity[] = {9, 9}, rate[] = {5, 6, 1, 2, 3, 7};
	struct suan_plan_work w[] = {{0, 2, 3, 2, 1}, {0, 2, 3, 2, 1}};
	struct suan_plan_transport t = {2, 3, capacity, rate, w, 2};
	struct suan_plan_answer a = {0};

	is_int(suan_plan_transport(&t, &a, &err), SUAN_OK, "solved");
	ok(near(a.cost, 2 * (1 + 3)) && near(a.late, 0), "one a slot each: cost %f", a.cost);
	w[0].most = w[1].most = 0;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_OK, "without limits");
	ok(near(a.cost, 4 * 1), "all in the cheapest: cost %f", a.cost);
	w[1] = (struct suan_plan_work){1, 1, 3, 3, 1};
	w[0].most = 1;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_OK, "more than it can do");
	ok(near(a.late, 2), "is late: %f", a.late);
	w[1].most = -1;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_EINVAL, "less than nothing");
}

static void test_negative(void)
{
	static const double capacity[] = {1}, rate[] = {2, -3, -1};
	struct suan_plan_work w[] = {{0, 2, 1, 2.5, 0}};
	struct suan_plan_transport t = {1, 3, capacity, rate, w, 1};
	struct suan_plan_answer a = {0};

	is_int(suan_plan_transport(&t, &a, &err), SUAN_OK, "prices below nothing");
	ok(near(a.cost, -3 - 1 + 1), "cost %f", a.cost);
}

static void test_refusals(void)
{
	static const double capacity[] = {1}, rate[] = {2};
	struct suan_plan_work w = {0, 0, 1, 1, 0};
	struct suan_plan_transport t = {1, 1, capacity, rate, &w, 1};
	struct suan_plan_answer a = {.cost = 7};

	t.nplaces = 65;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_EINVAL, "too many places");
	is_str(err.text, "found 65 places and 1 slots, want 1 to 64 places and a slot", "said");
	t.nplaces = 1;
	w.allow = 2;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_EINVAL, "no such place");
	w.allow = 1;
	w.until = 1;
	is_int(suan_plan_transport(&t, &a, &err), SUAN_EINVAL, "no such slot");
	is_str(err.text, "work 0 is nowhere, or at no time", "said");
	w = (struct suan_plan_work){1, 0, 1, 1, 0};
	is_int(suan_plan_transport(&t, &a, &err), SUAN_EINVAL, "backwards");
	ok(near(a.cost, 7), "nothing was written");
}

/* ---- against another way to solve it: units one by one along cheapest paths ---- */

#define PLACES 3
#define SLOTS  6
#define UNITS  12

struct small {
	double capacity[PLACES], rate[PLACES * SLOTS];
	struct suan_plan_work units[UNITS]; /* each of amount 1 */
	int at[UNITS];			    /* the cell it has; −1: none */
	int used[PLACES * SLOTS];
};

static bool may(const struct suan_plan_work *u, int cell)
{
	uint32_t slot = (uint32_t)cell / PLACES;

	return slot >= u->from && slot <= u->until && (u->allow >> (cell % PLACES) & 1);
}

/* Bellman and Ford over units and cells: the cheapest chain of moves that lets unit n in. */
static bool admit(struct small *s, int n, double *cost)
{
	double best[PLACES * SLOTS];
	int by[PLACES * SLOTS], end = -1;

	for (int c = 0; c < PLACES * SLOTS; c++) {
		best[c] = may(&s->units[n], c) ? s->rate[c] : 1e9;
		by[c] = n;
	}
	for (int round = 0; round < UNITS; round++)
		for (int u = 0; u < n; u++)
			for (int c = 0; s->at[u] >= 0 && c < PLACES * SLOTS; c++) {
				double x = best[s->at[u]] - s->rate[s->at[u]] + s->rate[c];

				if (!may(&s->units[u], c) || c == s->at[u] ||
				    best[s->at[u]] > 1e8 || x > best[c] - 1e-9)
					continue;
				best[c] = x;
				by[c] = u;
			}
	for (int c = 0; c < PLACES * SLOTS; c++)
		if (s->used[c] < (int)s->capacity[c % PLACES] && best[c] < 1e8 &&
		    (end < 0 || best[c] < best[end]))
			end = c;
	if (end < 0)
		return false;
	*cost += best[end];
	s->used[end]++;
	for (int guard = 0; guard < 100; guard++) {
		int u = by[end], was = s->at[u];

		s->at[u] = end;
		if (u == n)
			return true;
		end = was;
	}
	return false;
}

/* Is the work where it may be, as much of it as there is room for, and does it cost what is said?
 */
static bool adds_up(const struct small *s, const struct suan_plan_answer *a)
{
	double done = 0, cost = 0, cheapest = s->rate[0];

	for (int c = 0; c < PLACES * SLOTS; c++) {
		if (a->done[c] < -1e-6 || a->done[c] > s->capacity[c % PLACES] + 1e-6)
			return false;
		done += a->done[c];
		cost += a->done[c] * s->rate[c];
		cheapest = s->rate[c] < cheapest ? s->rate[c] : cheapest;
	}
	return near(done + a->late, UNITS) && near(cost + a->late * cheapest, a->cost);
}

/* With another capacity the cost cannot be less than what the worth of the old one says: the dual
 * values are a subgradient. Only where nothing is late, then or now. */
static bool worth_holds(struct small *s, const struct suan_plan_answer *a, int place, double more)
{
	struct suan_plan_transport t = {PLACES, SLOTS, s->capacity, s->rate, s->units, UNITS};
	struct suan_plan_answer b = {0};
	double least = a->cost;

	for (int slot = 0; slot < SLOTS; slot++)
		least -= more * a->worth[slot * PLACES + place];
	s->capacity[place] += more;
	if (suan_plan_transport(&t, &b, &err) != SUAN_OK)
		return false;
	s->capacity[place] -= more;
	return b.late > 1e-6 || b.cost >= least - 1e-6;
}

static void test_random(void)
{
	double done[PLACES * SLOTS], worth[PLACES * SLOTS];
	struct suan_rng rng;
	int wrong = 0, late = 0, off = 0, needed = 0, dear = 0;

	suan_rng_init(&rng, 11);
	for (int round = 0; round < 400; round++) {
		struct small s = {0};
		struct suan_plan_transport t = {PLACES, SLOTS, s.capacity, s.rate, s.units, UNITS};
		struct suan_plan_answer a = {.done = done, .worth = worth};
		double cost = 0;
		int out = 0, place = round % PLACES;

		for (int i = 0; i < PLACES; i++)
			s.capacity[i] = (double)suan_rng_between(&rng, 0, 2);
		for (int i = 0; i < PLACES * SLOTS; i++)
			s.rate[i] = (double)suan_rng_between(&rng, 0, 20);
		for (int i = 0; i < UNITS; i++) {
			uint32_t from = (uint32_t)suan_rng_between(&rng, 0, SLOTS - 1);

			s.units[i].from = from;
			s.units[i].until = (uint32_t)suan_rng_between(&rng, from, SLOTS - 1);
			s.units[i].allow = (uint64_t)suan_rng_between(&rng, 1, 7);
			s.units[i].amount = 1;
			s.at[i] = -1;
			out += !admit(&s, i, &cost);
		}
		wrong += suan_plan_transport(&t, &a, &err) != SUAN_OK || !near(a.late, out);
		if (out == 0)
			wrong += !near(a.cost, cost);
		late += out > 0;
		off += !adds_up(&s, &a);
		for (int c = 0; c < PLACES * SLOTS; c++) {
			needed += isinf(worth[c]) != 0;
			dear += out == 0 && worth[c] > 0;
			off += worth[c] < 0;
		}
		if (out == 0)
			off += !worth_holds(&s, &a, place, 1) ||
			       (s.capacity[place] > 0 && !worth_holds(&s, &a, place, -0.5));
	}
	is_int(wrong, 0, "400 random problems");
	is_int(off, 0, "what is done where adds up, and the worth of room holds");
	ok(needed > 50 && dear > 50, "room was needed %d times, and worth something %d times",
	   needed, dear);
	ok(late > 50 && late < 350, "some fit and some do not: %d", late);
}

int main(void)
{
	test_small();
	test_most();
	test_negative();
	test_refusals();
	test_random();
	return tap_done();
}
