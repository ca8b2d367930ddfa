/* Snapshots: the same state in the same bytes, however it was reached; damage is an error. */
#include "base/hash.h"
#include "base/codec.h"
#include "lib/engine_random.h"
#include "lib/slow.h"

#ifdef SLOW_BUILD
#define EACH 3 /* byte */
#else
#define EACH 1
#endif

static bool save(const struct suan_engine *e, struct suan_buf *b)
{
	suan_buf_init(b, 0);
	return suan_engine_save(e, b, NULL) == SUAN_OK;
}

static void t_empty(void)
{
	struct suan_engine *e = suan_engine_new(), *next = NULL;
	struct suan_buf b;

	ok(save(e, &b) && suan_engine_load(&next, b.data, b.len, NULL) == SUAN_OK,
	   "an engine that saw nothing");
	ok(next && suan_engine_hash(next) == suan_engine_hash(e), "is the same again");
	suan_engine_free(next);
	suan_engine_free(e);
	suan_buf_done(&b);
}

/* What was opened and is as before again must not show. */
static void t_canonical(void)
{
	struct kit a, b;
	struct suan_job_spec s = kit_job(1, 1, 1000);

	struct suan_range set;

	if (suan_range_parse("0-999", &set, NULL) != SUAN_OK)
		abort();
	s.array = &set;
	kit_one_pool(&a, 1, 4);
	kit_one_pool(&b, 1, 4);
	kit_submit(&a, &s);
	kit_submit(&b, &s);
	kit_index(&a, SUAN_EV_HOLD, 1, 500);
	kit_index(&a, SUAN_EV_RELEASE, 1, 500);
	kit_index(&b, SUAN_EV_RELEASE, 1, 7);
	kit_index(&b, SUAN_EV_RELEASE, 1, 7);
	ok(suan_engine_hash(a.e) == suan_engine_hash(b.e), "hold and release leave no trace");
	kit_all(&a, SUAN_EV_HOLD, 1);
	kit_all(&b, SUAN_EV_HOLD, 1);
	ok(suan_engine_hash(a.e) == suan_engine_hash(b.e), "nor when all are held");
	kit_all(&a, SUAN_EV_CANCEL, 1);
	kit_all(&b, SUAN_EV_CANCEL, 1);
	ok(suan_engine_hash(a.e) == suan_engine_hash(b.e), "nor when all are cancelled");
	kit_index(&a, SUAN_EV_REQUEUE, 1, 900);
	ok(suan_engine_hash(a.e) != suan_engine_hash(b.e), "a difference shows");
	kit_done(&a);
	kit_done(&b);
}

static void t_parts(void)
{
	struct kit k;
	struct suan_engine *next = NULL;
	struct suan_job_spec s = kit_job(2, 1, 90000);
	const char *site = "a";
	struct suan_dep dep = {SUAN_AFTERNOTOK, 1};
	struct suan_job_view v;
	struct suan_candidate c[2];
	struct suan_buf b;
	int64_t when;
	uint32_t n;

	kit_one_pool(&k, 2, 4);
	kit_submit(&k, &s);
	kit_pass(&k);
	kit_report(&k, &(struct suan_report){.run = {1, 0, 1},
					     .kind = SUAN_REPORT_ENDED,
					     .at_ms = 1500,
					     .outcome = SUAN_OUT_EXITED,
					     .exit_code = 7,
					     .usage = {1, 2, 3, 4},
					     .text = "no"});
	s.account = "org";
	s.qos = "high";
	s.site = (struct suan_names){&site, 1};
	s.deps = &dep;
	s.ndeps = 1;
	s.estimate_ms = 5000;
	s.begin_ms = 70000;
	s.deadline_ms = 900000;
	s.priority = -3;
	s.checkpointable = true;
	s.guarantee = SUAN_AT_LEAST_ONCE;
	s.payload = "p\0q";
	s.payload_len = 3;
	s.env = "e";
	s.env_len = 1;
	kit_submit(&k, &s);
	kit_site_state(&k, "a", SUAN_SITE_DRAIN);
	ok(save(k.e, &b) && suan_engine_load(&next, b.data, b.len, NULL) == SUAN_OK, "load");
	ok(suan_engine_seq(next) == suan_engine_seq(k.e) && suan_engine_now(next) == k.now,
	   "number and time");
	ok(suan_engine_job(next, 1, &v) && v.exit_code == 7 && v.state == SUAN_FAILED, "an end");
	n = suan_engine_why(next, (struct suan_run_id){1, 0, 0}, c, 2, &when);
	ok(n == 1 && when == 1000 && c[0].reason == SUAN_R_CHOSEN, "why it was where it was");
	ok(suan_engine_places(next, (struct suan_run_id){1, 0, 1}, &n) && n == 1, "its places");
	ok(suan_engine_job(next, 2, &v) && v.priority == -3 && v.checkpointable &&
		   v.guarantee == SUAN_AT_LEAST_ONCE && v.begin_ms == 70000 &&
		   v.deadline_ms == 900000 && v.estimate_ms == 5000 && v.walltime_ms == 90000,
	   "numbers");
	ok(v.ndeps == 1 && v.deps[0].type == SUAN_AFTERNOTOK && v.deps[0].job == 1, "deps");
	ok(v.payload_len == 3 && memcmp(v.payload, "p\0q", 3) == 0 && v.env_len == 1, "bytes");
	is_str(v.account, "org", "account");
	is_str(v.qos, "high", "qos");
	ok(v.site.count == 1 && strcmp(v.site.list[0], "a") == 0 && v.not_hub.count == 0, "lists");
	suan_engine_free(next);
	suan_buf_done(&b);
	kit_done(&k);
}

/* Bytes that somebody meant to be believed: damaged, but with the right sum. */
static bool forged(const struct suan_buf *b, size_t at, int bit)
{
	struct suan_engine *e = NULL;
	struct suan_reader r;
	struct suan_field f;
	struct suan_buf c;
	size_t last = 0;
	bool good = true;

	suan_buf_init(&c, 0);
	if (!suan_buf_add(&c, b->data, b->len))
		abort();
	suan_reader_init(&r, b->data, b->len);
	while (suan_get_field(&r, &f) && f.tag != 11)
		last = (size_t)((const char *)r.p - b->data);
	if (at >= last) {
		suan_buf_done(&c);
		return true;
	}
	c.data[at] ^= (char)(1 << bit);
	suan_buf_cut(&c, last);
	suan_put_u64(&c, 11, suan_hash_bytes(SUAN_HASH_START, c.data, c.len));
	if (suan_engine_load(&e, c.data, c.len, NULL) == SUAN_OK) {
		struct suan_err err = {0};

		/* Believed: then it must be a state like any other. */
		good = suan_engine_verify(e, &err) == SUAN_OK;
		if (!good)
			printf("# byte %zu bit %d: %s\n", at, bit, err.text);
		suan_engine_free(e);
	}
	suan_buf_done(&c);
	return good;
}

static void t_damage(bool homes, bool data, uint64_t events)
{
	struct history h;
	struct suan_engine *e;
	struct suan_buf b;
	uint32_t accepted = 0, crooked = 0;

	history_init(&h, 5);
	h.homes = h.signals = homes;
	h.data = data;
	while (suan_engine_seq(h.k.e) < events)
		history_step(&h);
	if (!save(h.k.e, &b))
		abort();
	printf("# %zu bytes\n", b.len);
	for (size_t i = 0; i < b.len; i += EACH) {
		b.data[i] ^= (char)(1 << (i % 8));
		accepted += suan_engine_load(&e, b.data, b.len, NULL) != SUAN_ECORRUPT;
		b.data[i] ^= (char)(1 << (i % 8));
	}
	for (size_t n = 0; n < b.len; n += 7)
		accepted += suan_engine_load(&e, b.data, n, NULL) != SUAN_ECORRUPT;
	is_int(accepted, 0, "a changed or missing byte is noticed");
	for (size_t i = 0; i < b.len; i += EACH)
		crooked += !forged(&b, i, (int)(i % 7));
	is_int(crooked, 0, "what is believed is a proper state");
	suan_buf_done(&b);
	kit_done(&h.k);
}

int main(void)
{
	t_empty();
	t_canonical();
	t_parts();
	t_damage(false, false, 150);
	t_damage(true, false, 110);
	t_damage(false, true, 150);
	return tap_done();
}
