/* Members of jobs and elements that a snapshot holds as they are. */
#ifndef SUAN_ENGINE_TABLES_H
#define SUAN_ENGINE_TABLES_H

#include "engine/pack.h"
#include "engine/state.h"

static const struct suan_pack_row suan_job_rows[] = {
	{1, SUAN_PACK_U64, offsetof(struct suan_job, id), 0},
	{2, SUAN_PACK_I64, offsetof(struct suan_job, submit_ms), 0},
	{3, SUAN_PACK_I64, offsetof(struct suan_job, walltime_ms), 0},
	{4, SUAN_PACK_I64, offsetof(struct suan_job, estimate_ms), 0},
	{5, SUAN_PACK_U32, offsetof(struct suan_job, req.tasks), 0},
	{6, SUAN_PACK_U32, offsetof(struct suan_job, req.nodes), 0},
	{7, SUAN_PACK_U32, offsetof(struct suan_job, req.cores), 0},
	{8, SUAN_PACK_U32, offsetof(struct suan_job, req.gpus), 0},
	{9, SUAN_PACK_U64, offsetof(struct suan_job, req.memory), 0},
	{10, SUAN_PACK_BOOL, offsetof(struct suan_job, req.exclusive), 0},
	{11, SUAN_PACK_I32, offsetof(struct suan_job, priority), 0},
	{12, SUAN_PACK_BOOL, offsetof(struct suan_job, checkpointable), 0},
	{13, SUAN_PACK_BOOL, offsetof(struct suan_job, started), 0},
	{14, SUAN_PACK_I64, offsetof(struct suan_job, predict_ms), 0},
	{15, SUAN_PACK_BOOL, offsetof(struct suan_job, known), 0},
};
static const struct suan_pack_table suan_job_members = {
	suan_job_rows, sizeof(suan_job_rows) / sizeof(suan_job_rows[0])};

static const struct suan_pack_row suan_elem_rows[] = {
	{1, SUAN_PACK_I64, offsetof(struct suan_elem, order_ms), 0},
	{2, SUAN_PACK_I64, offsetof(struct suan_elem, start_ms), 0},
	{3, SUAN_PACK_I64, offsetof(struct suan_elem, end_ms), 0},
	{4, SUAN_PACK_U32, offsetof(struct suan_elem, attempt), 0},
	{5, SUAN_PACK_I32, offsetof(struct suan_elem, exit_code), 0},
	{6, SUAN_PACK_I32, offsetof(struct suan_elem, signal), 0},
	{60, SUAN_PACK_I64, offsetof(struct suan_elem, stop_ms), 0},
	{61, SUAN_PACK_U64, offsetof(struct suan_elem, stop_for), 0},
};
static const struct suan_pack_table suan_elem_members = {
	suan_elem_rows, sizeof(suan_elem_rows) / sizeof(suan_elem_rows[0])};

static const struct suan_pack_row suan_past_rows[] = {
	{1, SUAN_PACK_I64, offsetof(struct suan_past, estimate_ms), 0},
	{2, SUAN_PACK_U32, offsetof(struct suan_past, nruns), SUAN_PAST_RUNS},
	{3, SUAN_PACK_I64, offsetof(struct suan_past, estimate_error), 0},
	{4, SUAN_PACK_I64, offsetof(struct suan_past, mean_error), 0},
	{5, SUAN_PACK_I64, offsetof(struct suan_past, runs_ms[0]), 0},
	{6, SUAN_PACK_I64, offsetof(struct suan_past, runs_ms[1]), 0},
	{7, SUAN_PACK_I64, offsetof(struct suan_past, runs_ms[2]), 0},
	{8, SUAN_PACK_I64, offsetof(struct suan_past, runs_ms[3]), 0},
};
static const struct suan_pack_table suan_past_members = {
	suan_past_rows, sizeof(suan_past_rows) / sizeof(suan_past_rows[0])};

#endif
