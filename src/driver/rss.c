#include "driver/rss.h"

#include <stdlib.h>

#include "sys/process.h"

struct sample {
	struct suan_rss *list;
	size_t n;
	bool exact; /* second look: processes of runs that seem over, by PSS */
};

static int by_session(const void *a, const void *b)
{
	int64_t x = ((const struct suan_rss *)a)->session;
	int64_t y = ((const struct suan_rss *)b)->session;

	return (x > y) - (x < y);
}

static bool look(void *ctx, int64_t pid)
{
	struct sample *s = ctx;
	struct suan_process_stat st;
	struct suan_rss key, *r;

	if (!suan_process_stat(pid, &st) || st.rss_bytes <= 0)
		return true;
	key.session = st.session;
	r = bsearch(&key, s->list, s->n, sizeof(key), by_session);
	if (!r)
		return true;
	if (!s->exact) {
		r->bytes += (uint64_t)st.rss_bytes;
	} else if (r->over) {
		int64_t pss = suan_process_pss_bytes(pid);

		/* 0: cannot tell, or just ended. Then a live one counts with all it has. */
		r->bytes += (uint64_t)(pss > 0 ? pss : st.state == 'Z' ? 0 : st.rss_bytes);
	}
	return true;
}

static bool judge(struct suan_rss *list, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		list[i].over = list[i].bytes > list[i].limit_bytes;
		any = any || list[i].over;
	}
	return any;
}

/* Resident sizes count pages that forked processes share once for each; so what seems too much is
 * looked at again, exactly and slower. */
void suan_rss_sample(struct suan_rss *list, size_t n)
{
	struct sample s = {list, n, false};

	if (n == 0)
		return;
	qsort(list, n, sizeof(*list), by_session);
	for (size_t i = 0; i < n; i++)
		list[i].bytes = 0;
	suan_process_each(look, &s);
	if (!judge(list, n))
		return;
	for (size_t i = 0; i < n; i++)
		if (list[i].over)
			list[i].bytes = 0;
	s.exact = true;
	suan_process_each(look, &s);
	(void)judge(list, n);
}
