/* What the files of the reference planner share. */
#ifndef SUAN_TESTS_REFPLAN_INSIDE_H
#define SUAN_TESTS_REFPLAN_INSIDE_H

#include "lib/refplan.h"

struct ref_amount {
	int64_t cores, gpus, memory, idle;
};

/* refplan.c */
int64_t ref_earliest(const struct ref *r, uint32_t pool, const struct suan_ask *asked,
		     int64_t from);
void ref_take_unnumbered(const struct suan_plan_pool *p, const struct ref_run *run,
			 struct ref_amount *from);
uint32_t ref_changes(const struct ref *r, uint32_t pool, int64_t after, int64_t *ret);
struct ref_amount ref_free_at(const struct ref *r, uint32_t pool, int64_t at, bool hard_only);
bool ref_fits(struct ref_amount want, struct ref_amount have);
struct ref_amount ref_total(const struct suan_plan_pool *p, const struct suan_req *q);
int64_t ref_least(int64_t a, int64_t b);
struct ref_amount ref_empty_node(const struct suan_plan_pool *p);
int64_t ref_tasks_in(const struct suan_req *q, struct ref_amount a);
struct ref_amount ref_on_node(const struct ref *r, uint32_t pool, uint32_t node, int64_t at);
bool ref_start_in(struct ref *r, const struct ref_item *x, uint32_t pool);

/* refpack.c */
bool ref_admits(const struct suan_plan_pool *p, const struct suan_req *q);
struct ref_amount ref_runs_leave(const struct ref *r, uint32_t pool);
int64_t ref_growth(const struct ref *r, const struct ref_run *run, uint32_t node, int64_t tasks);
bool ref_by_mix(const struct ref *r, uint32_t pool);

/* refslots.c */
uint32_t ref_slots_of(const struct ref *r, uint64_t id, uint32_t upto);
void ref_settle_slots(struct ref *r);
void ref_predict_from_slots(struct ref *r);

#endif
