#include "sim/moves.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum suan_code suan_sim_moves_begin(struct suan_sim_moves *m, const struct suan_engine *e,
				    const struct suan_effect *f)
{
	struct suan_transfer_view v;

	if (!suan_engine_transfer(e, f->transfer, &v))
		return SUAN_OK;
	if (suan_grow(&m->list, &m->cap, m->count + 1, sizeof(*m->list)) != SUAN_OK)
		return SUAN_ENOMEM;
	m->list[m->count++] =
		(struct suan_sim_move){v.end_ms, f->transfer, f->run.attempt, v.bytes};
	return SUAN_OK;
}

static void drop(struct suan_sim_moves *m, size_t i)
{
	memmove(&m->list[i], &m->list[i + 1], (m->count - i - 1) * sizeof(*m->list));
	m->count--;
}

void suan_sim_moves_stop(struct suan_sim_moves *m, const struct suan_effect *f)
{
	for (size_t i = m->count; i-- > 0;)
		if (m->list[i].transfer == f->transfer && m->list[i].attempt == f->run.attempt)
			drop(m, i);
}

int64_t suan_sim_moves_next(const struct suan_sim_moves *m)
{
	int64_t next = SUAN_FOREVER;

	for (size_t i = 0; i < m->count; i++)
		next = m->list[i].end_ms < next ? m->list[i].end_ms : next;
	return next;
}

bool suan_sim_moves_pop(struct suan_sim_moves *m, int64_t now_ms, struct suan_sim_move *ret)
{
	size_t at = m->count;

	for (size_t i = 0; i < m->count; i++)
		if (m->list[i].end_ms <= now_ms &&
		    (at == m->count || m->list[i].transfer < m->list[at].transfer))
			at = i;
	if (at == m->count)
		return false;
	*ret = m->list[at];
	drop(m, at);
	return true;
}

void suan_sim_moves_done(struct suan_sim_moves *m)
{
	free(m->list);
	*m = (struct suan_sim_moves){0};
}
