/* The series of the files as the engine is told of them: exactly, and as far ahead as they go. */
#include <stdlib.h>

#include "base/num.h"
#include "engine/signals.h"
#include "sim/feed.h"

enum suan_code suan_sim_feed(const struct suan_signal *g, int64_t shift_ms,
			     struct suan_signal_spec *ret)
{
	const struct suan_series *s = &g->series;
	struct suan_signal_step *steps = malloc(s->count * sizeof(*steps));
	uint32_t n = 0;

	if (!steps)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < s->count && n < SUAN_SIM_FED; i++) {
		int64_t at = suan_sat_add(s->steps[i].at_ms, shift_ms);

		if (at >= SUAN_SIGNALS_AHEAD_MS)
			break;
		if (at <= 0)
			n = 0; /* it holds when time begins, unless a later one does */
		steps[n++] = (struct suan_signal_step){at < 0 ? 0 : at, s->steps[i].value};
	}
	ret->steps = steps;
	ret->nsteps = n;
	ret->until_ms = suan_sat_add(g->until_ms, shift_ms);
	if (ret->until_ms > SUAN_SIGNALS_AHEAD_MS)
		ret->until_ms = SUAN_SIGNALS_AHEAD_MS;
	if (n > 0 && ret->until_ms <= steps[n - 1].at_ms)
		ret->until_ms = steps[n - 1].at_ms + 1; /* one value: then it holds for ever */
	return SUAN_OK;
}
