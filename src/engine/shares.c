#include "engine/shares.h"

#include <string.h>

#define POWERS	 32
#define LN2_Q62	 UINT64_C(3196577161300663915)
#define INV_Q32	 UINT64_C(6196328019) /* 1 / ln 2 */
#define PART	 32

__extension__ typedef unsigned __int128 wide;

/* 2^(−1/2), 2^(−1/4), … in units of 2^−62. */
static const uint64_t powers[POWERS] = {
	UINT64_C(3260954456333195553), UINT64_C(3877950241171266237), UINT64_C(4228934724888366668),
	UINT64_C(4416165660797809419), UINT64_C(4512867096753504463), UINT64_C(4562008997483360349),
	UINT64_C(4586780255215411731), UINT64_C(4599216278082138665), UINT64_C(4605446927862164404),
	UINT64_C(4608565417332308035), UINT64_C(4610125453837388245), UINT64_C(4610905670110601999),
	UINT64_C(4611295827762151833), UINT64_C(4611490918967884501), UINT64_C(4611588467665893036),
	UINT64_C(4611637242788701951), UINT64_C(4611661630543559956), UINT64_C(4611673824469352645),
	UINT64_C(4611679921444339948), UINT64_C(4611682969934856344), UINT64_C(4611684494180870228),
	UINT64_C(4611685256304066092), UINT64_C(4611685637365711255), UINT64_C(4611685827896545643),
	UINT64_C(4611685923161965790), UINT64_C(4611685970794676601), UINT64_C(4611685994611032191),
	UINT64_C(4611686006519210032), UINT64_C(4611686012473298964), UINT64_C(4611686015450343433),
	UINT64_C(4611686016938865668), UINT64_C(4611686017683126786),
};

uint64_t suan_decay(int64_t dt_ms, int64_t half_life_ms)
{
	uint64_t halves = (uint64_t)(dt_ms / half_life_ms), rest = (uint64_t)(dt_ms % half_life_ms);
	uint64_t x = (uint64_t)(((wide)rest << 62) / (uint64_t)half_life_ms), f = SUAN_DECAY_ONE;

	if (halves >= 62)
		return 0;
	for (unsigned i = 0; i < POWERS; i++)
		if (x >> (61 - i) & 1)
			f = (uint64_t)(((wide)f * powers[i]) >> 62);
	/* what is left of x is below 2^−32: 2^(−x) = 1 − x · ln 2 to the last bit but one */
	x &= (UINT64_C(1) << (62 - POWERS)) - 1;
	x = (uint64_t)(((wide)x * LN2_Q62) >> 62);
	f -= (uint64_t)(((wide)f * x) >> 62);
	return f >> halves;
}

/* In units of 2^−24 ms. */
static uint64_t decay_sum_q24(int64_t half_life_ms)
{
	return (uint64_t)(((wide)(uint64_t)half_life_ms * INV_Q32) >> 8);
}

int64_t suan_decay_sum(int64_t half_life_ms)
{
	return (int64_t)(decay_sum_q24(half_life_ms) >> 24);
}

static void settle_one(struct suan_meter *m, unsigned i, uint64_t keep, uint64_t added_q24)
{
	wide sum = ((wide)m->used[i] * keep) >> (62 - PART);

	sum += ((wide)m->part[i] * keep) >> 62;
	sum += ((wide)m->rate_milli[i] * added_q24 / 1000) << (PART - 24);
	if (sum >> (64 + PART))
		sum = ~(wide)0 >> (64 - PART);
	m->used[i] = (uint64_t)(sum >> PART);
	m->part[i] = (uint32_t)sum;
}

void suan_meter_settle(struct suan_meter *m, int64_t now_ms, int64_t half_life_ms)
{
	uint64_t keep, added;

	if (now_ms <= m->at_ms)
		return;
	keep = suan_decay(now_ms - m->at_ms, half_life_ms);
	added = (uint64_t)(((wide)decay_sum_q24(half_life_ms) * (SUAN_DECAY_ONE - keep)) >> 62);
	for (unsigned i = 0; i < SUAN_NMETERS; i++)
		settle_one(m, i, keep, added);
	m->at_ms = now_ms;
}

bool suan_meter_empty(const struct suan_meter *m)
{
	for (unsigned i = 0; i < SUAN_NMETERS; i++)
		if (m->used[i] || m->part[i] || m->rate_milli[i])
			return false;
	return true;
}
