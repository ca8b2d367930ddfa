/* Events as bytes: length, tagged fields, and four bytes of their hash to notice damage by. */
#include "engine/record.h"

#include <stddef.h>
#include <string.h>

#include "base/codec.h"
#include "base/hash.h"
#include "engine/accounts.h"
#include "engine/pack.h"
#include "engine/record_data.h"
#include "engine/record_reserve.h"
#include "engine/record_signal.h"

#define SUM_BYTES 4u

enum { EV_SEQ = 1, EV_NOW, EV_TYPE, EV_BODY, EV_RULES };
#define RULES 1u	/* absent: those of the first version */
enum { SUB_JOB = 1, SUB_KEY, SUB_HASH, SUB_TAGS };
enum { JOB_ARRAY = 20, JOB_DEP, JOB_SITE, JOB_HUB, JOB_NOT_SITE, JOB_NOT_HUB, JOB_PAYLOAD,
       JOB_ENV, JOB_INPUT = 140, JOB_TAGS };
enum { RANGE_CAP = 1, RANGE_RUN };
enum { REPORT_USAGE = 20 };
enum { SITE_NAME = 1, SITE_STATE };
enum { CAPACITY_POOL = 1, CAPACITY_NODES };

#define TABLE(rows) {rows, sizeof(rows) / sizeof((rows)[0])}
#define AT(type, member) offsetof(struct type, member)

static const struct suan_pack_row job_rows[] = {
	{1, SUAN_PACK_STR, AT(suan_job_spec, name), 0},
	{2, SUAN_PACK_STR, AT(suan_job_spec, user), 0},
	{3, SUAN_PACK_STR, AT(suan_job_spec, account), 0},
	{4, SUAN_PACK_STR, AT(suan_job_spec, qos), 0},
	{5, SUAN_PACK_U32, AT(suan_job_spec, req.tasks), 0},
	{6, SUAN_PACK_U32, AT(suan_job_spec, req.nodes), 0},
	{7, SUAN_PACK_U32, AT(suan_job_spec, req.cores), 0},
	{8, SUAN_PACK_U32, AT(suan_job_spec, req.gpus), 0},
	{9, SUAN_PACK_U64, AT(suan_job_spec, req.memory), 0},
	{10, SUAN_PACK_BOOL, AT(suan_job_spec, req.exclusive), 0},
	{11, SUAN_PACK_STR, AT(suan_job_spec, gpu), 0},
	{12, SUAN_PACK_I64, AT(suan_job_spec, walltime_ms), 0},
	{13, SUAN_PACK_I64, AT(suan_job_spec, estimate_ms), 0},
	{14, SUAN_PACK_I64, AT(suan_job_spec, begin_ms), 0},
	{15, SUAN_PACK_I64, AT(suan_job_spec, deadline_ms), 0},
	{16, SUAN_PACK_I32, AT(suan_job_spec, priority), 0},
	{17, SUAN_PACK_BOOL, AT(suan_job_spec, hold), 0},
	{18, SUAN_PACK_BOOL, AT(suan_job_spec, checkpointable), 0},
	{19, SUAN_PACK_U32, AT(suan_job_spec, guarantee), SUAN_AT_LEAST_ONCE},
	{70, SUAN_PACK_STR, AT(suan_job_spec, home), 0},
	{50, SUAN_PACK_STR, AT(suan_job_spec, reservation), 0},
	{130, SUAN_PACK_STR, AT(suan_job_spec, near), 0},
	{131, SUAN_PACK_U32, AT(suan_job_spec, max_latency_us), 0},
	{120, SUAN_PACK_U32, AT(suan_job_spec, goal), SUAN_NGOALS - 1},
	{121, SUAN_PACK_I64, AT(suan_job_spec, max_delay_ms), 0},
};
static const struct suan_pack_table job_table = TABLE(job_rows);

static const struct suan_pack_row run_rows[] = {
	{1, SUAN_PACK_U32, AT(suan_range_run, first), 0},
	{2, SUAN_PACK_U32, AT(suan_range_run, last), 0},
	{3, SUAN_PACK_U32, AT(suan_range_run, step), 0},
};
static const struct suan_pack_table run_table = TABLE(run_rows);

static const struct suan_pack_row dep_rows[] = {
	{1, SUAN_PACK_U32, AT(suan_dep, type), SUAN_AFTERCORR},
	{2, SUAN_PACK_U64, AT(suan_dep, job), 0},
};
static const struct suan_pack_table dep_table = TABLE(dep_rows);

static const struct suan_pack_row target_rows[] = {
	{1, SUAN_PACK_U64, AT(suan_target, job), 0},
	{2, SUAN_PACK_BOOL, AT(suan_target, all), 0},
	{3, SUAN_PACK_U32, AT(suan_target, index), 0},
	{4, SUAN_PACK_I32, AT(suan_target, priority), 0},
	{60, SUAN_PACK_BOOL, AT(suan_target, preempt), 0},
};
static const struct suan_pack_table target_table = TABLE(target_rows);

static const struct suan_pack_row report_rows[] = {
	{1, SUAN_PACK_U64, AT(suan_report, run.job), 0},
	{2, SUAN_PACK_U32, AT(suan_report, run.index), 0},
	{3, SUAN_PACK_U32, AT(suan_report, run.attempt), 0},
	{4, SUAN_PACK_U32, AT(suan_report, kind), SUAN_REPORT_ENDED},
	{5, SUAN_PACK_I64, AT(suan_report, at_ms), 0},
	{6, SUAN_PACK_U32, AT(suan_report, outcome), SUAN_OUT_UNKNOWN},
	{7, SUAN_PACK_I32, AT(suan_report, exit_code), 0},
	{8, SUAN_PACK_I32, AT(suan_report, signal), 0},
	{9, SUAN_PACK_STR, AT(suan_report, text), 0},
	{10, SUAN_PACK_BOOL, AT(suan_report, forget), 0},
};
static const struct suan_pack_table report_table = TABLE(report_rows);

/* ---- writing ---- */

static void put_table(struct suan_buf *b, uint32_t tag, const struct suan_pack_table *t,
		      const void *from)
{
	size_t mark = suan_put_begin(b, tag);

	suan_pack(b, t, from);
	suan_put_end(b, mark);
}

static void put_range(struct suan_buf *b, const struct suan_range *r)
{
	size_t mark;

	if (!r || r->nruns == 0)
		return;
	mark = suan_put_begin(b, JOB_ARRAY);
	if (r->cap)
		suan_put_u64(b, RANGE_CAP, r->cap);
	for (uint32_t i = 0; i < r->nruns && i < SUAN_RANGE_MAX_RUNS; i++)
		put_table(b, RANGE_RUN, &run_table, &r->runs[i]);
	suan_put_end(b, mark);
}

static void put_names(struct suan_buf *b, uint32_t tag, const struct suan_names *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		suan_put_bytes(b, tag, list->list[i], strlen(list->list[i]));
}

static void put_job(struct suan_buf *b, const struct suan_job_spec *j)
{
	size_t mark = suan_put_begin(b, SUB_JOB);

	suan_pack(b, &job_table, j);
	put_range(b, j->array);
	for (uint32_t i = 0; i < j->ndeps; i++)
		put_table(b, JOB_DEP, &dep_table, &j->deps[i]);
	put_names(b, JOB_SITE, &j->site);
	put_names(b, JOB_HUB, &j->hub);
	put_names(b, JOB_NOT_SITE, &j->not_site);
	put_names(b, JOB_NOT_HUB, &j->not_hub);
	put_names(b, JOB_INPUT, &j->inputs);
	if (j->payload_len)
		suan_put_bytes(b, JOB_PAYLOAD, j->payload, j->payload_len);
	if (j->env_len)
		suan_put_bytes(b, JOB_ENV, j->env, j->env_len);
	suan_put_end(b, mark);
}

static void put_submit(struct suan_buf *b, const struct suan_submit *s)
{
	size_t mark = suan_put_begin(b, EV_BODY);

	for (uint32_t i = 0; i < s->njobs; i++)
		put_job(b, &s->jobs[i]);
	if (s->has_key) {
		suan_put_bytes(b, SUB_KEY, s->key, sizeof(s->key));
		suan_put_u64(b, SUB_HASH, s->body_hash);
	}
	suan_put_end(b, mark);
}

static void put_report(struct suan_buf *b, const struct suan_report *r)
{
	size_t mark = suan_put_begin(b, EV_BODY);

	suan_pack(b, &report_table, r);
	put_table(b, REPORT_USAGE, &suan_pack_usage, &r->usage);
	suan_put_end(b, mark);
}

static void put_pair(struct suan_buf *b, const char *name, uint32_t a, uint32_t c)
{
	size_t mark = suan_put_begin(b, EV_BODY);

	if (name)
		suan_put_str(b, SITE_NAME, name);
	else
		suan_put_u64(b, CAPACITY_POOL, a);
	suan_put_u64(b, name ? (uint32_t)SITE_STATE : (uint32_t)CAPACITY_NODES, c);
	suan_put_end(b, mark);
}

static bool put_body(struct suan_buf *b, const struct suan_event *ev)
{
	switch (ev->type) {
	case SUAN_EV_NETWORK:
		suan_pack_network(b, EV_BODY, ev->u.network);
		return true;
	case SUAN_EV_POLICY:
		put_table(b, EV_BODY, &suan_pack_policy, &ev->u.policy);
		return true;
	case SUAN_EV_SUBMIT:
		put_submit(b, &ev->u.submit);
		return true;
	case SUAN_EV_CANCEL:
	case SUAN_EV_HOLD:
	case SUAN_EV_RELEASE:
	case SUAN_EV_REQUEUE:
	case SUAN_EV_PRIORITY:
	case SUAN_EV_FORGET:
		put_table(b, EV_BODY, &target_table, &ev->u.target);
		return true;
	case SUAN_EV_REPORT:
		put_report(b, &ev->u.report);
		return true;
	case SUAN_EV_SITE:
		put_pair(b, ev->u.site.name ? ev->u.site.name : "", 0, ev->u.site.state);
		return true;
	case SUAN_EV_CAPACITY:
		put_pair(b, NULL, ev->u.capacity.pool, ev->u.capacity.nodes);
		return true;
	case SUAN_EV_PASS:
		return true;
	case SUAN_EV_ACCOUNTS:
		suan_pack_accounts(b, EV_BODY, ev->u.accounts);
		return true;
	case SUAN_EV_RESERVE:
		suan_record_put_reserve(b, EV_BODY, ev->u.reserve);
		return true;
	case SUAN_EV_UNRESERVE:
		put_table(b, EV_BODY, &suan_record_unreserve, &ev->u.unreserve);
		return true;
	case SUAN_EV_SIGNAL:
		suan_record_put_signal(b, EV_BODY, ev->u.signal);
		return true;
	case SUAN_EV_DATA:
		suan_record_put_data(b, EV_BODY, ev->u.data);
		return true;
	case SUAN_EV_TRANSFER:
		put_table(b, EV_BODY, &suan_record_transfer, &ev->u.transfer);
		return true;
	}
	return false;
}

enum suan_code suan_record_put(struct suan_buf *out, const struct suan_event *ev,
			       struct suan_err *err)
{
	size_t before = out->len, mark = suan_put_begin(out, 0);
	uint8_t sum[SUM_BYTES];
	uint64_t hash;
	enum suan_code rc;

	suan_put_u64(out, EV_SEQ, ev->seq);
	suan_put_i64(out, EV_NOW, ev->now_ms);
	suan_put_u64(out, EV_TYPE, (uint64_t)ev->type);
	if (!ev->old_rules)
		suan_put_u64(out, EV_RULES, RULES);
	if (!put_body(out, ev)) {
		suan_buf_cut(out, before);
		return suan_fail(err, SUAN_EINVAL, "no such event: %u", (unsigned)ev->type);
	}
	if (out->failed == SUAN_OK) {
		hash = suan_hash_bytes(SUAN_HASH_START, out->data + mark, out->len - mark);
		for (unsigned i = 0; i < SUM_BYTES; i++)
			sum[i] = (uint8_t)(hash >> (8 * i));
		suan_buf_add(out, sum, SUM_BYTES);
	}
	suan_put_end(out, mark);
	rc = suan_buf_ok(out, err);
	if (rc != SUAN_OK)
		suan_buf_cut(out, before);
	return rc;
}

/* ---- reading ---- */

static void get_range(struct suan_unpack *u, const struct suan_field *f,
		      const struct suan_range **ret_set)
{
	struct suan_range *ret = suan_arena_alloc(u->arena, sizeof(*ret));
	struct suan_reader r;
	struct suan_field x;
	uint64_t count = 0;

	if (!ret) {
		u->nomem = true;
		return;
	}
	*ret_set = ret;
	suan_field_reader(f, &r);
	u->bad |= !f->is_bytes;
	while (!u->bad && suan_get_field(&r, &x)) {
		struct suan_range_run *run = &ret->runs[ret->nruns];

		if (x.tag == RANGE_CAP) {
			ret->cap = (uint32_t)x.u64;
			u->bad |= x.is_bytes || x.u64 > UINT32_MAX;
		} else if (x.tag == RANGE_RUN && ret->nruns == SUAN_RANGE_MAX_RUNS) {
			u->bad = true;
		} else if (x.tag == RANGE_RUN) {
			suan_unpack_all(u, &run_table, &x, run);
			u->bad |= run->step == 0 || run->last < run->first;
			count += u->bad ? 0 : (run->last - run->first) / run->step + 1;
			ret->nruns++;
		}
	}
	u->bad |= r.bad || count > SUAN_RANGE_MAX_COUNT;
	ret->count = (uint32_t)count;
}

static struct suan_names *names_of(struct suan_job_spec *j, uint32_t tag)
{
	switch (tag) {
	case JOB_SITE:
		return &j->site;
	case JOB_HUB:
		return &j->hub;
	case JOB_NOT_SITE:
		return &j->not_site;
	case JOB_NOT_HUB:
		return &j->not_hub;
	case JOB_INPUT:
		return &j->inputs;
	default:
		return NULL;
	}
}

static void get_job_field(struct suan_unpack *u, const struct suan_field *x,
			  struct suan_job_spec *j)
{
	struct suan_names *names = names_of(j, x->tag);

	if (suan_unpack_field(u, &job_table, x, j))
		return;
	if (names) {
		names->list[names->count++] = suan_unpack_str(u, x);
	} else if (x->tag == JOB_ARRAY) {
		get_range(u, x, &j->array);
	} else if (x->tag == JOB_DEP) {
		suan_unpack_all(u, &dep_table, x, &j->deps[j->ndeps++]);
	} else if (x->tag == JOB_PAYLOAD) {
		j->payload = x->bytes;
		j->payload_len = x->len;
		u->bad |= !x->is_bytes;
	} else if (x->tag == JOB_ENV) {
		j->env = x->bytes;
		j->env_len = x->len;
		u->bad |= !x->is_bytes;
	}
}

static void get_job(struct suan_unpack *u, const struct suan_field *f, struct suan_job_spec *j)
{
	uint32_t counts[JOB_TAGS];
	struct suan_reader r;
	struct suan_field x;

	suan_unpack_clear(&job_table, j);
	suan_unpack_count(u, f, counts, JOB_TAGS);
	for (uint32_t tag = JOB_SITE; tag <= JOB_NOT_HUB; tag++)
		if (counts[tag])
			names_of(j, tag)->list = suan_unpack_list(u, counts[tag],
								  sizeof(char *));
	if (counts[JOB_INPUT])
		j->inputs.list = suan_unpack_list(u, counts[JOB_INPUT], sizeof(char *));
	if (counts[JOB_DEP])
		j->deps = suan_unpack_list(u, counts[JOB_DEP], sizeof(*j->deps));
	u->bad |= counts[JOB_ARRAY] > 1;
	suan_field_reader(f, &r);
	while (!u->nomem && !u->bad && suan_get_field(&r, &x))
		get_job_field(u, &x, j);
}

static void get_submit(struct suan_unpack *u, const struct suan_field *f, struct suan_submit *s)
{
	uint32_t counts[SUB_TAGS];
	struct suan_job_spec *jobs;
	struct suan_reader r;
	struct suan_field x;

	suan_unpack_count(u, f, counts, SUB_TAGS);
	jobs = suan_unpack_list(u, counts[SUB_JOB], sizeof(*jobs));
	s->jobs = jobs;
	suan_field_reader(f, &r);
	while (!u->nomem && !u->bad && suan_get_field(&r, &x)) {
		if (x.tag == SUB_JOB) {
			get_job(u, &x, &jobs[s->njobs++]);
		} else if (x.tag == SUB_KEY && x.is_bytes && x.len == sizeof(s->key)) {
			memcpy(s->key, x.bytes, sizeof(s->key));
			s->has_key = true;
		} else if (x.tag == SUB_HASH && !x.is_bytes) {
			s->body_hash = x.u64;
		}
	}
}

static void get_report(struct suan_unpack *u, const struct suan_field *f, struct suan_report *ret)
{
	struct suan_reader r;
	struct suan_field x;

	suan_unpack_clear(&report_table, ret);
	suan_field_reader(f, &r);
	while (suan_get_field(&r, &x)) {
		if (x.tag == REPORT_USAGE)
			suan_unpack_all(u, &suan_pack_usage, &x, &ret->usage);
		else
			suan_unpack_field(u, &report_table, &x, ret);
	}
	u->bad |= r.bad || !f->is_bytes;
}

static void get_site(struct suan_unpack *u, const struct suan_field *f, struct suan_event *ev)
{
	struct suan_reader r;
	struct suan_field x;

	ev->u.site.name = "";
	suan_field_reader(f, &r);
	while (suan_get_field(&r, &x)) {
		if (x.tag == SITE_NAME)
			ev->u.site.name = suan_unpack_str(u, &x);
		else if (x.tag == SITE_STATE && !x.is_bytes && x.u64 <= SUAN_SITE_DRAIN)
			ev->u.site.state = (enum suan_site_state)x.u64;
		else
			u->bad |= x.tag == SITE_STATE;
	}
	u->bad |= r.bad || !f->is_bytes;
}

static void get_capacity(struct suan_unpack *u, const struct suan_field *f, struct suan_event *ev)
{
	struct suan_reader r;
	struct suan_field x;

	suan_field_reader(f, &r);
	while (suan_get_field(&r, &x)) {
		u->bad |= x.is_bytes || x.u64 > UINT32_MAX;
		if (x.tag == CAPACITY_POOL)
			ev->u.capacity.pool = (uint32_t)x.u64;
		else if (x.tag == CAPACITY_NODES)
			ev->u.capacity.nodes = (uint32_t)x.u64;
	}
	u->bad |= r.bad || !f->is_bytes;
}

static void get_body(struct suan_unpack *u, const struct suan_field *f, struct suan_event *ev)
{
	struct suan_accounts *accounts;
	struct suan_network *net;

	switch (ev->type) {
	case SUAN_EV_NETWORK:
		net = suan_unpack_list(u, 1, sizeof(*net));
		if (net)
			suan_unpack_network(u, f, net);
		ev->u.network = net;
		break;
	case SUAN_EV_POLICY:
		suan_unpack_all(u, &suan_pack_policy, f, &ev->u.policy);
		break;
	case SUAN_EV_SUBMIT:
		get_submit(u, f, &ev->u.submit);
		break;
	case SUAN_EV_CANCEL:
	case SUAN_EV_HOLD:
	case SUAN_EV_RELEASE:
	case SUAN_EV_REQUEUE:
	case SUAN_EV_PRIORITY:
	case SUAN_EV_FORGET:
		suan_unpack_all(u, &target_table, f, &ev->u.target);
		break;
	case SUAN_EV_REPORT:
		get_report(u, f, &ev->u.report);
		break;
	case SUAN_EV_SITE:
		get_site(u, f, ev);
		break;
	case SUAN_EV_CAPACITY:
		get_capacity(u, f, ev);
		break;
	case SUAN_EV_PASS:
		break;
	case SUAN_EV_ACCOUNTS:
		accounts = suan_unpack_list(u, 1, sizeof(*accounts));
		if (accounts)
			suan_unpack_accounts(u, f, accounts);
		ev->u.accounts = accounts;
		break;
	case SUAN_EV_RESERVE:
		ev->u.reserve = suan_record_get_reserve(u, f);
		break;
	case SUAN_EV_UNRESERVE:
		suan_unpack_all(u, &suan_record_unreserve, f, &ev->u.unreserve);
		break;
	case SUAN_EV_SIGNAL:
		ev->u.signal = suan_record_get_signal(u, f);
		break;
	case SUAN_EV_DATA:
		ev->u.data = suan_record_get_data(u, f);
		break;
	case SUAN_EV_TRANSFER:
		suan_unpack_all(u, &suan_record_transfer, f, &ev->u.transfer);
		break;
	}
}

static void get_event(struct suan_unpack *u, struct suan_reader *r, struct suan_event *ev)
{
	struct suan_field x, body = {.is_bytes = true};
	bool has_body = false;

	ev->old_rules = true;
	while (suan_get_field(r, &x)) {
		u->bad |= x.tag <= EV_TYPE && x.is_bytes;
		if (x.tag == EV_SEQ) {
			ev->seq = x.u64;
		} else if (x.tag == EV_NOW) {
			ev->now_ms = suan_field_i64(&x);
		} else if (x.tag == EV_TYPE) {
			ev->type = (enum suan_event_type)x.u64;
			u->bad |= x.u64 > SUAN_EV_TRANSFER;
		} else if (x.tag == EV_BODY) {
			body = x;
			has_body = true;
		} else if (x.tag == EV_RULES) {
			ev->old_rules = x.is_bytes || x.u64 < RULES;
		}
	}
	u->bad |= r->bad || ev->type < SUAN_EV_NETWORK || !body.is_bytes ||
		  (!has_body && ev->type != SUAN_EV_PASS);
	if (!u->bad)
		get_body(u, &body, ev);
}

static bool sum_good(const uint8_t *bytes, size_t n)
{
	uint64_t hash = suan_hash_bytes(SUAN_HASH_START, bytes, n);

	for (unsigned i = 0; i < SUM_BYTES; i++)
		if (bytes[n + i] != (uint8_t)(hash >> (8 * i)))
			return false;
	return true;
}

enum suan_code suan_record_get(const void *bytes, size_t n, size_t *pos, struct suan_arena *arena,
			       struct suan_event *ret, struct suan_err *err)
{
	struct suan_unpack u = {.arena = arena};
	struct suan_event ev;
	struct suan_reader r;
	struct suan_field f;

	if (*pos > n)
		return suan_fail(err, SUAN_ECORRUPT, "record at %zu of %zu bytes", *pos, n);
	suan_reader_init(&r, (const uint8_t *)bytes + *pos, n - *pos);
	if (!suan_get_field(&r, &f) || !f.is_bytes || f.tag != 0 || f.len < SUM_BYTES ||
	    !sum_good(f.bytes, f.len - SUM_BYTES))
		return suan_fail(err, SUAN_ECORRUPT, "the record at byte %zu is damaged", *pos);
	memset(&ev, 0, sizeof(ev));
	f.len -= SUM_BYTES;
	suan_reader_init(&r, f.bytes, f.len);
	get_event(&u, &r, &ev);
	if (u.bad)
		return suan_fail(err, SUAN_ECORRUPT, "the record at byte %zu is damaged", *pos);
	if (u.nomem)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	*pos = (size_t)(f.bytes + f.len + SUM_BYTES - (const uint8_t *)bytes);
	*ret = ev;
	return SUAN_OK;
}
