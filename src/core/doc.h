/* Jobs, tasks, sites, pools and links as JSON documents: the one form that the API, the archive and
 * the command line share. */
#ifndef SUAN_CORE_DOC_H
#define SUAN_CORE_DOC_H

#include "core/core.h"
#include "wire/json.h"

/* Members of an object that the caller has opened. */
/* Short: id, name, user, account, state, reason, reason_text, site, pool, submit, start, end,
 * exit_code, signal, priority, array, tasks, cores, nodes, gpus, predicted_start, predicted_site,
 * predicted_start_p50, _p90, _p99, counts. */
void suan_doc_job_short(const struct suan_engine *e, const struct suan_job_view *v,
			struct suan_jsonw *w);
/* Of a job that waits for its first start: predicted_start_p50, _p90, _p99. Part of the others. */
void suan_doc_forecast(const struct suan_job_view *v, struct suan_jsonw *w);
/* Full: short plus every field of the job as submitted (wire/job.h names) and its usage. */
SUAN_MUSTUSE enum suan_code suan_doc_job_full(const struct suan_engine *e,
					      const struct suan_job_view *v, struct suan_jsonw *w,
					      struct suan_err *err);
void suan_doc_task(const struct suan_engine *e, const struct suan_task_view *v,
		   struct suan_jsonw *w);
void suan_doc_site(const struct suan_engine *e, const struct suan_site_view *v,
		   struct suan_jsonw *w);
void suan_doc_pool(const struct suan_engine *e, const struct suan_pool_view *v,
		   struct suan_jsonw *w);
void suan_doc_candidate(const struct suan_engine *e, const struct suan_candidate *c,
			struct suan_jsonw *w);
/* doc_quote.c: a candidate with its costs; what waiting is worth beside the chosen one; what would
 * have changed a decision. */
void suan_doc_offer(const struct suan_engine *e, const struct suan_offer *o, struct suan_jsonw *w);
void suan_doc_remedy(const struct suan_engine *e, const struct suan_remedy *c,
		     struct suan_jsonw *w);
void suan_doc_waiting(const struct suan_engine *e, const struct suan_offer *chosen,
		      const struct suan_waiting_offer *row, struct suan_jsonw *w);
void suan_doc_names(struct suan_jsonw *w, const char *member, const struct suan_names *names);
void suan_doc_reservation(const struct suan_engine *e, const struct suan_reservation_view *v,
			  struct suan_jsonw *w);
/* doc_quote.c: energy_kwh; negative: null. */
void suan_doc_kwh(struct suan_jsonw *w, int64_t joule);
/* doc_footprint.c: energy, cost and carbon of the last run of each element, SCI (ISO/IEC 21031),
 * by the signals that are known now; null before it started, and of arrays of more than 1,000. */
void suan_doc_footprint(const struct suan_engine *e, const struct suan_job_view *v,
			struct suan_jsonw *w);
void suan_doc_task_footprint(const struct suan_engine *e, const struct suan_task_view *t,
			     struct suan_jsonw *w);
/* doc_data.c: a data set with its copies and what makes or checks them; a transfer. */
void suan_doc_data(const struct suan_engine *e, const struct suan_data_view *d,
		   struct suan_jsonw *w);
void suan_doc_transfer(const struct suan_engine *e, const struct suan_transfer_view *t,
		       struct suan_jsonw *w);
/* doc_signal.c: a signal with its value at now_ms, and how good it is; false: nothing is known, and
 * nothing was written. */
bool suan_doc_signal(const struct suan_engine *e, uint32_t site, enum suan_signal_kind kind,
		     int64_t now_ms, struct suan_jsonw *w);
/* What holds from span[0] on, for as long as it is the same, up to span[1]; returns until when. */
int64_t suan_doc_signal_part(const struct suan_engine *e, uint32_t site,
			     enum suan_signal_kind kind, const int64_t span[2],
			     struct suan_jsonw *w);
/* One sentence with numbers for a reason: "wants 64 cores per task, the largest node has 32". */
void suan_doc_reason(const struct suan_engine *e, enum suan_reason reason, int64_t a, int64_t b,
		     struct suan_buf *out);

/* The same of a refusal, with the place of the nearest miss where that helps. */
void suan_doc_refusal(const struct suan_engine *e, const struct suan_candidate *miss,
		      struct suan_buf *out);

/* "account org: 96 of at most 100 cores in use, wants 8" */
void suan_doc_quota(const struct suan_quota_view *q, struct suan_buf *out);
/* Members reason, reason_text and quota of what a limit keeps waiting. */
void suan_doc_limited(const struct suan_quota_view *q, struct suan_jsonw *w);
/* doc_accounts.c: accounts with their users, as of now_ms; classes; with their lists opened. */
void suan_doc_accounts(const struct suan_engine *e, int64_t now_ms, struct suan_jsonw *w);
void suan_doc_classes(const struct suan_engine *e, struct suan_jsonw *w);
void suan_doc_fair_share(const struct suan_engine *e, struct suan_jsonw *w);

#endif
