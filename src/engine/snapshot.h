/* Tags of a snapshot, shared by snapshot.c (writes) and load.c (reads). A snapshot holds what
 * follows from events and nothing else: no interned ids, no addresses, no planning. Equal states
 * give equal bytes, however they were reached; the hash of the state is the hash of these bytes. */
#ifndef SUAN_ENGINE_SNAPSHOT_H
#define SUAN_ENGINE_SNAPSHOT_H

#define SUAN_SNAPSHOT_VERSION 1u

enum suan_snapshot_tag {	/* of the whole, in this order */
	SUAN_SNAP_VERSION = 1,
	SUAN_SNAP_SEQ,
	SUAN_SNAP_NOW,
	SUAN_SNAP_NEXT_ID,
	SUAN_SNAP_POLICY,
	SUAN_SNAP_NETWORK,
	SUAN_SNAP_SITE,
	SUAN_SNAP_POOL,
	SUAN_SNAP_STRING,	/* numbered from 1 in order */
	SUAN_SNAP_JOB,
	SUAN_SNAP_SUM,		/* hash of all bytes before it; the last field */
	SUAN_SNAP_SLOT,		/* of conservative, before the sum: see planner_slots.c */
	SUAN_SNAP_FREED,
	SUAN_SNAP_EPOCH,	/* in the head */
	SUAN_SNAP_PAST,		/* run times of a user, after the strings */
	SUAN_SNAP_FORECAST,	/* a part of the forecast, see forecast.h */
	SUAN_SNAP_ACCOUNTS = 40,	/* after the network; absent: none are defined */
	SUAN_SNAP_LEVEL = 41,	/* of an account */
	SUAN_SNAP_LEAF = 42,	/* a user in an account, after the strings */
	SUAN_SNAP_STANDING = 43,	/* when standings are found again */
	SUAN_SNAP_MIX = 90,	/* a shape of the mix, after the strings; see fragment.h */
	SUAN_SNAP_PASSED = 91,	/* of conservative: time of the last pass */
	SUAN_SNAP_HOME = 70,	/* account of a home, after the jobs; alone_save.c */
	SUAN_SNAP_TWIN,		/* by job, after the homes */
	SUAN_SNAP_RESERVATION = 50,	/* before the jobs; reserve_pack.c */
	SUAN_SNAP_RESERVE_ID = 51,	/* of the last one ever made */
	SUAN_SNAP_SIGNAL = 100,	/* of a site and kind, after the sites; signals_save.c */
	SUAN_SNAP_GOALS = 120,	/* when goals were planned last */
	SUAN_SNAP_INFLOW,	/* one kind of inflow.h */
	SUAN_SNAP_DATA = 140,	/* before the jobs; data_pack.c */
	SUAN_SNAP_TRANSFER, SUAN_SNAP_DATA_ID, SUAN_SNAP_TRANSFER_ID, SUAN_SNAP_MOVED,
};

enum suan_snapshot_leaf {	/* LEVEL has the first two */
	SUAN_SNAP_LEAF_ACCOUNT = 1, SUAN_SNAP_LEAF_LEVEL, SUAN_SNAP_LEAF_USER, SUAN_SNAP_LEAF_AT,
	SUAN_SNAP_LEAF_USED = 10,	/* one each, then the parts of one */
	SUAN_SNAP_LEAF_PART = 20
};

enum suan_snapshot_past { SUAN_SNAP_PAST_USER = 20 };	/* 1 … 8: members by table */

enum suan_snapshot_inflow {
	SUAN_SNAP_INFLOW_KIND = 1, SUAN_SNAP_INFLOW_SINCE, SUAN_SNAP_INFLOW_WIDTH,
	SUAN_SNAP_INFLOW_AREA
};

enum suan_snapshot_mix {
	SUAN_SNAP_MIX_CORES = 1, SUAN_SNAP_MIX_GPUS, SUAN_SNAP_MIX_MEMORY, SUAN_SNAP_MIX_WEIGHT,
	SUAN_SNAP_MIX_KIND
};

enum suan_snapshot_site {
	SUAN_SNAP_SITE_SPEC = 1, SUAN_SNAP_SITE_STATE, SUAN_SNAP_SITE_GONE
};

enum suan_snapshot_pool {
	SUAN_SNAP_POOL_SPEC = 1, SUAN_SNAP_POOL_SITE, SUAN_SNAP_POOL_USABLE, SUAN_SNAP_POOL_GONE,
	SUAN_SNAP_POOL_FAILURES, SUAN_SNAP_POOL_RETRY, SUAN_SNAP_POOL_PAUSED
};

enum suan_snapshot_job {	/* 1 … 19: members by table */
	SUAN_SNAP_JOB_NAME = 20, SUAN_SNAP_JOB_USER, SUAN_SNAP_JOB_ACCOUNT, SUAN_SNAP_JOB_QOS,
	SUAN_SNAP_JOB_PAYLOAD, SUAN_SNAP_JOB_ENV, SUAN_SNAP_JOB_GPU, SUAN_SNAP_JOB_RULE,
	SUAN_SNAP_JOB_RANGE,
	SUAN_SNAP_JOB_GUARANTEE = 30, SUAN_SNAP_JOB_HELD, SUAN_SNAP_JOB_BEGIN,
	SUAN_SNAP_JOB_DEADLINE, SUAN_SNAP_JOB_DEP, SUAN_SNAP_JOB_FIRST_START,
	SUAN_SNAP_JOB_LAST_END, SUAN_SNAP_JOB_LAST_POOL, SUAN_SNAP_JOB_REST, SUAN_SNAP_JOB_ELEM,
	SUAN_SNAP_JOB_KEY, SUAN_SNAP_JOB_KEY_HASH, SUAN_SNAP_JOB_KEY_COUNT,
	SUAN_SNAP_JOB_GIVEN,
	SUAN_SNAP_JOB_RESERVATION = 50,
	SUAN_SNAP_JOB_PREEMPTED = 60, SUAN_SNAP_JOB_PREEMPTED_WORK,
	SUAN_SNAP_JOB_HOME = 70, SUAN_SNAP_JOB_ALONE,	/* site + 1; 2 if nobody follows it */
	SUAN_SNAP_JOB_GOAL = 120, SUAN_SNAP_JOB_MAX_DELAY, SUAN_SNAP_JOB_TARGET_TIME,
	SUAN_SNAP_JOB_TARGET,
	SUAN_SNAP_JOB_INPUTS = 140	/* ids of data sets */
};

enum suan_snapshot_elem {	/* 1 … 9: members by table */
	SUAN_SNAP_ELEM_POS = 10, SUAN_SNAP_ELEM_STATE, SUAN_SNAP_ELEM_REASON,
	SUAN_SNAP_ELEM_FLAGS, SUAN_SNAP_ELEM_LOSSES, SUAN_SNAP_ELEM_POOL, SUAN_SNAP_ELEM_USAGE,
	SUAN_SNAP_ELEM_TEXT, SUAN_SNAP_ELEM_WHY, SUAN_SNAP_ELEM_PLACES
};

#endif
