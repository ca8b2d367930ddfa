/* Random histories for tests of the scheduler: every kind of event, also wrong, late and repeated
 * ones, from a seed. */
#ifndef SUAN_TESTS_ENGINE_RANDOM_H
#define SUAN_TESTS_ENGINE_RANDOM_H

#include "base/rng.h"
#include "lib/accounts_kit.h"

struct history {
	struct kit k;
	struct suan_rng rng;
	uint64_t last_job;
	struct suan_report last;	/* told again now and then */
	struct suan_range sets[4];	/* of the arrays of one submission */
	uint32_t nsets;
	char texts[4][12];		/* reservations that jobs name */
	uint32_t ntexts;
	bool conservative;	/* no other policy */
	bool preempting;	/* jobs of classes that stop each other */
	int64_t min_run_ms;	/* of those */
	bool passed;		/* the last event was a pass */
	bool accounts;		/* jobs name accounts and classes, defined or not */
	bool homes;		/* sites are guarded against losing by sharing */
	bool signals;		/* sites are told of prices, carbon and so on */
	uint32_t latencies[20];	/* of the network: from city x and each site */
	bool data;		/* jobs read data sets, which move over links */
	struct suan_link_spec links[8];
	uint64_t copies, reads;	/* transfers that began; starts of jobs with inputs */
	uint64_t holds;		/* quotes with inputs that were kept */
};

static inline uint32_t dice(struct history *h, uint32_t n)
{
	return (uint32_t)suan_rng_below(&h->rng, n);
}

/* Without dice: what else happens is as without latencies. */
static inline void history_latencies(struct history *h)
{
	static struct suan_city_spec cities[] = {{"x", "", "", 0, 0, 0}};
	struct suan_network *net = &h->k.net;

	net->cities = cities;
	net->ncities = 1;
	net->latency_us = h->latencies;
	net->nlatency = (1 + net->nsites) * net->nsites;
	for (uint32_t i = 0; i < net->nlatency; i++)
		h->latencies[i] = i % 7 == 5 ? SUAN_FAR_US
					     : (uint32_t)(h->k.now + i * 7919) % 9000;
}

/* Between sites and over a city that is none; now and then none at all. */
static inline void random_links(struct history *h)
{
	static const char *const ends[] = {"a", "b", "c", "d", "city"};
	struct kit *k = &h->k;

	k->net.links = h->links;
	k->net.nlinks = dice(h, 12) ? 3 + dice(h, 6) : 0;
	for (uint32_t i = 0; i < k->net.nlinks; i++) {
		uint32_t from = dice(h, 5);

		h->links[i] = (struct suan_link_spec){
			.from = ends[from], .to = ends[(from + 1 + dice(h, 4)) % 5]};
		h->links[i].mbit_s = dice(h, 15) ? 8u << dice(h, 5) : 0;
		h->links[i].latency_us = dice(h, 3) * 1000;
	}
	for (uint32_t i = 0; i < k->net.nsites; i++)
		k->sites[i].cache_bytes = dice(h, 3) ? 0 : 3000000 + dice(h, 6000000);
}

static inline void history_network(struct history *h)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	static const char *const hubs[] = {"east", "west"};
	struct kit *k = &h->k;

	k->net.nsites = 0;
	for (uint32_t i = 0; i < 4; i++) {
		struct suan_site_spec *s;
		struct suan_pool_spec *p;

		if (i > 0 && dice(h, 5) == 0)
			continue;
		s = kit_site(k, names[i], hubs[i % 2]);
		if (i == 3)
			s->driver = "";
		s->price_uyuan_kwh = (int64_t)dice(h, 3) * 400000;
		p = kit_pool(s, "cpu", 1 + dice(h, 4), 4 + dice(h, 2) * 4);
		p->busy_watt = 400;
		p->delegated = i == 2 ? dice(h, 3) : SUAN_DELEGATED_BY_DRIVER;
		if (dice(h, 2)) {
			p = kit_pool(s, "gpu", 1 + dice(h, 2), 8);
			p->gpu = dice(h, 2) ? "a800" : "910b";
			p->gpus = 4;
			p->delegated = dice(h, 4) ? SUAN_DELEGATED_NO : SUAN_DELEGATED_YES;
		}
	}
	history_latencies(h);
	if (h->data)
		random_links(h);
	kit_network(k);
}

static inline void history_init(struct history *h, uint64_t seed)
{
	memset(h, 0, sizeof(*h));
	kit_init(&h->k);
	suan_rng_init(&h->rng, seed);
	h->accounts = seed % 2;
}

static inline void random_limits(struct history *h, struct suan_limits *l)
{
	static const uint32_t most[SUAN_NLIMITS] = {6, 20, 4, 6, 12};

	memset(l, 0, sizeof(*l));
	for (uint32_t i = 0; i < SUAN_NLIMITS; i++)
		if (dice(h, 4) == 0)
			kit_limit(l, (enum suan_limit)i,
				  (uint64_t)dice(h, most[i]) << (i == SUAN_LIMIT_MEMORY ? 30 : 0));
}

/* Accounts, classes and limits anew; now and then none. */
static inline void random_accounts(struct history *h)
{
	static const char *const defaults[] = {"", "edu", "org/ai"};
	struct accounts_kit a;

	accounts_full(&a);
	for (uint32_t i = 0; i < a.all.naccounts; i++) {
		a.accounts[i].shares = dice(h, 4);
		random_limits(h, &a.accounts[i].limits);
		random_limits(h, &a.accounts[i].user_limits);
	}
	for (uint32_t i = 0; i < a.all.nqos; i++) {
		a.qos[i].usage_factor_milli = dice(h, 3) * 700;
		a.qos[i].max_walltime_ms = dice(h, 4) ? 0 : 40000;
		random_limits(h, &a.qos[i].limits);
		random_limits(h, &a.qos[i].user_limits);
	}
	a.all.default_account = defaults[dice(h, 3)];
	a.all.default_qos = dice(h, 2) ? "" : "normal";
	a.all.fair_share = (struct suan_fair_share){60000 + dice(h, 60000), dice(h, 3) * 20000,
						    1000 + dice(h, 5000)};
	if (dice(h, 5) == 0)
		a.all.naccounts -= 1 + dice(h, 2);
	if (dice(h, 8) == 0)
		accounts_empty(&a);
	if (a.all.naccounts < 4 && strcmp(a.all.default_account, "edu") == 0)
		a.all.default_account = "";
	accounts_set(&h->k, &a);
}

static inline void random_array(struct history *h, struct suan_range *r)
{
	char text[64];

	if (dice(h, 20) == 0)
		snprintf(text, sizeof(text), "0-%u", 200 + dice(h, 400));
	else
		snprintf(text, sizeof(text), "%u-%u:%u%%%u", dice(h, 3), 3 + dice(h, 8),
			 1 + dice(h, 2), dice(h, 4));
	if (suan_range_parse(text, r, NULL) != SUAN_OK)
		abort();
}

/* Jobs of high may stop those of low and once, those of once those of low. */
static inline void history_classes(struct history *h)
{
	static const char *const stoppable[] = {"low", "once"};
	struct suan_names both = {(const char **)(uintptr_t)stoppable, 2};
	struct accounts_kit a;

	accounts_empty(&a);
	kit_qos(&a, "high", 1 + (int32_t)dice(h, 3))->preempts = both;
	kit_qos(&a, "low", -1 - (int32_t)dice(h, 2))->preemptable = true;
	kit_qos(&a, "once", 0)->preemptable = true;
	a.qos[2].preempts = (struct suan_names){both.list, 1};
	a.qos[2].preempt_cancels = true;
	a.qos[2].grace_ms = dice(h, 2) * 3000;
	for (uint32_t i = 0; h->accounts && i < a.all.nqos; i++) {
		random_limits(h, &a.qos[i].limits);
		random_limits(h, &a.qos[i].user_limits);
	}
	accounts_set(&h->k, &a);
}

/* The number of one there is, or of none. */
static inline const char *random_reservation(struct history *h)
{
	char *text = h->texts[h->ntexts++ % 4];
	uint32_t id = suan_engine_next_reservation(h->k.e, dice(h, 8));

	snprintf(text, sizeof(h->texts[0]), "%u", id ? id : dice(h, 200));
	return text;
}

static const char *const data_names[] = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"};

/* A quote for a job that reads something. */
static inline void random_quote(struct history *h, struct suan_reserve *r, const char **names)
{
	r->maintenance = false;
	r->single = true;
	r->from_ms = dice(h, 3) ? 0 : r->from_ms;
	r->until_ms = h->k.now + 1 + dice(h, 20000);
	r->to_ms = (r->from_ms ? r->from_ms : h->k.now) + 30000 + dice(h, 90000);
	r->limit_ms = dice(h, 20000);
	r->inputs.list = names;
	while (r->inputs.count < 2 && dice(h, 3))
		names[r->inputs.count++] = data_names[dice(h, 8)];
}

static inline void random_reserve(struct history *h)
{
	static const char *const sites[] = {"", "a", "b", "c", "e"};
	static const char *const names[] = {"", "", "one", "two", "7"};
	static const uint32_t nodes[] = {0, 2};
	const char *user = "v", *account = "acc", *inputs[2];
	struct suan_reserve r = {.name = names[dice(h, 5)], .owner = dice(h, 4) ? "u" : "v",
				 .site = sites[dice(h, 5)], .pool = dice(h, 2) ? "cpu" : "",
				 .gpu = dice(h, 8) ? "" : "a800", .nodes = dice(h, 3),
				 .req = {.tasks = dice(h, 8), .cores = dice(h, 3)}};
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .u.reserve = &r};

	r.from_ms = dice(h, 2) ? h->k.now + dice(h, 60000) : 0;
	r.to_ms = (r.from_ms ? r.from_ms : h->k.now) + dice(h, 90000);
	r.maintenance = dice(h, 5) == 0;
	r.single = dice(h, 6) == 0;
	r.until_ms = r.single && r.to_ms % 2 ? h->k.now + (r.to_ms - h->k.now) / 2 : 0;
	r.exempt = dice(h, 2);
	if (dice(h, 4) == 0)
		r.users = (struct suan_names){&user, 1};
	if (dice(h, 4) == 0)
		r.accounts = (struct suan_names){&account, 1};
	if (dice(h, 6) == 0) {
		r.list = nodes;
		r.nlist = 2;
	}
	if (dice(h, 3) == 0) {
		r.has_key = true;
		r.key[3] = (uint8_t)dice(h, 6);
		r.body_hash = dice(h, 2);
	}
	if (h->data && dice(h, 2))
		random_quote(h, &r, inputs);
	kit_step(&h->k, &ev);
	h->holds += r.inputs.count > 0 && h->k.fx.reservation && !h->k.fx.repeated;
}

static inline void random_unreserve(struct history *h)
{
	struct suan_event ev = {.type = SUAN_EV_UNRESERVE};

	ev.u.unreserve.id = suan_engine_next_reservation(h->k.e, dice(h, 8)) + (dice(h, 9) == 0);
	ev.u.unreserve.to_ms = dice(h, 2) ? h->k.now + dice(h, 60000) : 0;
	kit_step(&h->k, &ev);
}

static inline void random_signal(struct history *h)
{
	static const char *const sites[] = {"a", "b", "c", "none"};
	struct suan_signal_step steps[30];
	struct suan_signal_spec s = {.site = sites[dice(h, 4)], .steps = steps};
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .u.signal = &s};
	int64_t at = h->k.now;

	s.kind = (enum suan_signal_kind)dice(h, SUAN_NSIGNALS);
	s.period_ms = dice(h, 6) == 0 ? 86400000 : 0;
	s.nsteps = dice(h, 10) ? 1 + dice(h, 29) : 0;
	s.issued_ms = dice(h, 3) ? at : 0;
	s.marginal = dice(h, 6) == 0;
	s.replace = dice(h, 6) == 0;
	s.estimated = dice(h, 3);
	if (s.period_ms)
		at = 0;
	else if (dice(h, 2))
		at += dice(h, 90000);
	for (uint32_t i = 0; i < s.nsteps; i++) {
		steps[i] = (struct suan_signal_step){at, dice(h, 5) * 100};
		at += 1 + dice(h, 5000);
	}
	s.until_ms = at;
	kit_step(&h->k, &ev);
}

/* Without dice, as above. */
static inline void near_somewhere(struct suan_job_spec *s)
{
	int64_t way = s->walltime_ms % 9000;

	s->near = way == 0 ? "x" : way == 1000 ? "b" : "";
	s->max_latency_us = s->near[0] ? 3000 + (uint32_t)(s->walltime_ms % 7000) : 0;
}

static inline void random_goal(struct history *h, struct suan_job_spec *s)
{
	if (!h->signals || dice(h, 3) > 0)
		return;
	s->goal = (enum suan_goal)(1 + dice(h, SUAN_NGOALS - 1));
	s->max_delay_ms = dice(h, 4) ? 1 + 1000 * (int64_t)dice(h, 30000) : 0;
}

static inline void random_spec(struct history *h, struct suan_job_spec *s, struct suan_dep *deps,
			       const char **lists)
{
	static const char *const gpus[] = {"", "a800", "910b", "none"};
	static const char *const homes[] = {"a", "b", "c", "d", ""};
	int64_t limit = 1000 * (1 + (int64_t)dice(h, 60));

	*s = kit_job(1 + dice(h, 4), 1 + dice(h, 4), limit);
	s->estimate_ms = dice(h, 2) ? 1 + (int64_t)dice(h, (uint32_t)limit) : 0;
	s->req.memory = (uint64_t)dice(h, 3) << 29;
	s->req.exclusive = dice(h, 8) == 0;
	s->req.nodes = dice(h, 6) == 0 ? 1 + dice(h, s->req.tasks) : 0;
	if (dice(h, 8) == 0) {
		s->req.gpus = dice(h, 3);
		s->gpu = gpus[dice(h, 4)];
	}
	s->guarantee = (enum suan_guarantee)dice(h, 3);
	s->priority = (int32_t)dice(h, 3) - 1;
	s->hold = dice(h, 10) == 0;
	s->begin_ms = dice(h, 8) == 0 ? h->k.now + dice(h, 20000) : 0;
	s->deadline_ms = dice(h, 10) == 0 ? h->k.now + dice(h, 90000) : 0;
	s->array = NULL;
	if (dice(h, 3) == 0) {
		s->array = &h->sets[h->nsets % 4];
		random_array(h, &h->sets[h->nsets++ % 4]);
	}
	s->deps = deps;
	s->ndeps = dice(h, 3) == 0 && h->last_job ? 1 + dice(h, 2) : 0;
	for (uint32_t i = 0; i < s->ndeps; i++) {
		deps[i].type = (enum suan_dep_type)dice(h, 4);
		deps[i].job = h->last_job - dice(h, 8 < h->last_job ? 8 : (uint32_t)h->last_job);
	}
	lists[0] = dice(h, 30) == 0 ? "nowhere" : dice(h, 2) ? "a" : "b";
	lists[1] = "west";
	if (dice(h, 6) == 0)
		s->site = (struct suan_names){&lists[0], 1};
	if (dice(h, 6) == 0)
		s->not_hub = (struct suan_names){&lists[1], 1};
	near_somewhere(s);
	if (h->accounts && !h->preempting) {
		static const char *const accounts[] = {"org", "org/ai", "org/film", "edu", "",
						       "nobody"};
		static const char *const classes[] = {"normal", "low", "high", "", "none"};
		static const char *const users[] = {"u", "v", "w", ""};
		uint32_t odd = dice(h, 12);

		s->account = accounts[odd == 0 ? 5 : dice(h, 5)];
		s->qos = classes[odd == 1 ? 4 : dice(h, 4)];
		s->user = users[dice(h, 4)];
	}
	s->home = h->homes && dice(h, 6) ? homes[dice(h, 5)] : "";
	s->reservation = dice(h, h->preempting ? 40 : 5) == 0 ? random_reservation(h) : "";
	s->payload = "payload";
	s->payload_len = dice(h, 8);
	s->env = "environment";
	s->env_len = dice(h, 12);
	random_goal(h, s);
	if (h->preempting) {
		static const char *const classes[] = {"", "low", "low", "once", "high", "high"};

		s->qos = classes[dice(h, 6)];
		s->checkpointable = dice(h, 4) == 0;
	}
}

/* ---- data sets ---- */

static inline void random_data(struct history *h)
{
	static const char *const sites[] = {"a", "b", "c", "d", "a", "b", "", "nowhere"};
	static const char *const hubs[] = {"east", "west"};
	static const char *const users[] = {"v", "*"};
	struct suan_data_command c = {.op = SUAN_DATA_PUT, .name = data_names[dice(h, 8)],
				      .who = dice(h, 5) ? "u" : "v", .account = "acc"};
	struct suan_event ev = {.type = SUAN_EV_DATA, .u.data = &c};
	uint32_t what = dice(h, 12);

	c.site = sites[dice(h, 8)];
	c.operate = dice(h, 4) == 0;
	if (what >= 4)
		c.op = (enum suan_data_op)(1 + (what - 4) % 6);
	if (what == 9 || what == 10)
		c.op = SUAN_DATA_REPLICATE;
	if (dice(h, 2))
		c.users = (struct suan_names){(const char **)(uintptr_t)&users[dice(h, 2)], 1};
	if (c.op == SUAN_DATA_PUT) {
		c.source = dice(h, 9) ? "/somewhere" : "";
		c.present = dice(h, 2);
		c.bytes = c.present || dice(h, 2) ? 1000 + dice(h, 3000000) : 0;
		if (dice(h, 3) == 0)
			c.hubs = (struct suan_names){
				(const char **)(uintptr_t)&hubs[dice(h, 2)], 1};
		if (dice(h, 6) == 0)
			c.expires_ms = h->k.now + dice(h, 60000);
	}
	kit_step(&h->k, &ev);
}

static inline void random_transfer(struct history *h)
{
	static const char sha[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct suan_event ev = {.type = SUAN_EV_TRANSFER};
	struct suan_transfer_report *r = &ev.u.transfer;
	struct suan_transfer_view v = {.id = 0};
	uint32_t skip = dice(h, 4), id = 0, next;

	while ((next = suan_engine_next_transfer(h->k.e, id)) && (id == 0 || skip-- > 0))
		id = next;
	(void)suan_engine_transfer(h->k.e, id, &v);
	*r = (struct suan_transfer_report){.id = id, .attempt = v.attempt, .sha256 = "",
					   .text = "", .bytes = v.bytes};
	r->kind = dice(h, 3) ? SUAN_TRANSFER_DONE
			     : (enum suan_transfer_kind)(1 + dice(h, SUAN_TRANSFER_BROKEN));
	if (r->kind == SUAN_TRANSFER_PROGRESS)
		r->bytes = v.bytes / 2;
	if (r->kind == SUAN_TRANSFER_DONE) {
		r->sha256 = sha + (dice(h, 30) == 0 ? 64 : 0);
		r->files = 1 + dice(h, 3);
		r->bytes = v.bytes ? v.bytes : 1000 + dice(h, 3000000);
	}
	if (r->kind >= SUAN_TRANSFER_FAILED)
		r->text = dice(h, 2) ? "no such file" : "";
	r->attempt += dice(h, 20) == 0;
	kit_step(&h->k, &ev);
}

static inline void random_inputs(struct history *h, struct suan_job_spec *s, const char **names)
{
	s->inputs.list = names;
	for (uint32_t i = 0; i < 2 && h->data && dice(h, 3); i++) {
		const char *name = data_names[dice(h, 8)];

		if (suan_engine_find_data(h->k.e, name) || dice(h, 12) == 0)
			names[s->inputs.count++] = name;
	}
}

static inline void random_submit(struct history *h)
{
	struct suan_job_spec specs[3];
	struct suan_dep deps[3][2];
	const char *lists[3][2], *inputs[3][2];
	struct suan_event ev = {.type = SUAN_EV_SUBMIT,
				.u.submit = {.jobs = specs, .njobs = 1}};

	ev.u.submit.njobs += dice(h, 4) == 0 ? dice(h, 3) : 0;
	for (uint32_t i = 0; i < ev.u.submit.njobs; i++) {
		random_spec(h, &specs[i], deps[i], lists[i]);
		random_inputs(h, &specs[i], inputs[i]);
	}
	if (dice(h, 3) == 0) {
		ev.u.submit.has_key = true;
		ev.u.submit.key[0] = 1;
		ev.u.submit.key[9] = (uint8_t)dice(h, 40);
		ev.u.submit.body_hash = dice(h, 2);
	}
	if (kit_step(&h->k, &ev) == SUAN_OK && !h->k.fx.repeated)
		h->last_job = h->k.fx.first_job + h->k.fx.njobs - 1;
}

/* A job of those that came last; now and then none. */
static inline uint64_t random_job(struct history *h)
{
	uint64_t span = h->last_job < 40 ? h->last_job + 1 : 40;

	return h->last_job + 1 - suan_rng_below(&h->rng, span + 1);
}

static inline void random_command(struct history *h)
{
	static const enum suan_event_type types[] = {
		SUAN_EV_CANCEL, SUAN_EV_HOLD, SUAN_EV_RELEASE, SUAN_EV_RELEASE, SUAN_EV_REQUEUE,
		SUAN_EV_PRIORITY, SUAN_EV_FORGET, SUAN_EV_FORGET};
	struct suan_event ev = {.type = types[dice(h, 8)]};

	ev.u.target.job = random_job(h);
	ev.u.target.all = dice(h, 2);
	ev.u.target.index = dice(h, 10);
	ev.u.target.priority = (int32_t)dice(h, 5);
	ev.u.target.preempt = h->preempting && dice(h, 2);
	kit_step(&h->k, &ev);
}

static inline void random_report(struct history *h)
{
	struct suan_report r = {.text = "", .kind = SUAN_REPORT_STARTED};
	uint32_t skip = dice(h, 12);

	if (dice(h, 10) == 0) {
		kit_report(&h->k, &h->last);
		return;
	}
	while (suan_engine_next_run(h->k.e, &r.run) && skip-- > 0)
		;
	if (r.run.job == 0)
		return;
	r.at_ms = h->k.now;
	if (dice(h, 3) > 0) {
		r.kind = SUAN_REPORT_ENDED;
		r.outcome = dice(h, 2) ? SUAN_OUT_EXITED
				       : (enum suan_outcome)(1 + dice(h, SUAN_OUT_UNKNOWN));
		r.exit_code = dice(h, 3) == 0 ? (int32_t)dice(h, 4) : 0;
		r.signal = r.outcome == SUAN_OUT_SIGNALLED ? 9 : 0;
		r.usage = (struct suan_usage){dice(h, 1000), dice(h, 1000), 1, 2};
		r.text = dice(h, 3) ? "" : "said the site";
		r.forget = dice(h, 6) == 0;
	} else if (dice(h, 4) == 0) {
		r.kind = SUAN_REPORT_STAGING;
	}
	if (dice(h, 15) == 0)
		r.run.attempt += dice(h, 2) ? 1u : UINT32_MAX;
	kit_report(&h->k, &r);
	h->last = r;
}

static inline struct suan_preemption random_preemption(struct history *h)
{
	if (!h->preempting)
		return (struct suan_preemption){0};
	h->min_run_ms = 1 + dice(h, 2) * 2000;
	return (struct suan_preemption){h->min_run_ms, 1 + dice(h, 5000), 1 + dice(h, 6)};
}

static inline void random_site(struct history *h)
{
	static const char *const names[] = {"a", "b", "c", "d", "none"};
	struct suan_event ev = {.type = SUAN_EV_CAPACITY};
	uint32_t what = dice(h, 12);

	if (what < 6) {
		kit_site_state(&h->k, names[dice(h, 5)],
			       (enum suan_site_state)(dice(h, 2) ? 0 : dice(h, 3)));
	} else if (what < 10) {
		ev.u.capacity.pool = dice(h, 9);
		ev.u.capacity.nodes = dice(h, 6);
		kit_step(&h->k, &ev);
	} else if (what < 11) {
		if (h->accounts && !h->preempting && dice(h, 3))
			random_accounts(h);
		else
			history_network(h);
	} else {
		uint32_t kind = dice(h, SUAN_NPOLICIES);
		struct suan_preemption preemption = random_preemption(h);

		kit_policy(&h->k, &(struct suan_policy){
			.kind = h->conservative ? SUAN_POLICY_CONSERVATIVE
				: h->homes	? dice(h, 4) ? SUAN_POLICY_SUAN : SUAN_POLICY_EASY
						: (enum suan_policy_kind)kind,
			.plan_depth = dice(h, 2) * 4, .max_walltime_ms = dice(h, 4) ? 0 : 50000,
			.max_pending = dice(h, 4) ? 0 : 20, .max_attempts = 1 + dice(h, 4),
			.model_sites = dice(h, 2), .terse = dice(h, 3) == 0,
			.plan_steps = h->k.now % 2 ? SUAN_PLAN_STEPS : 0,
			.preemption = preemption,
			.packing = (enum suan_packing)dice(h, SUAN_NPACKINGS),
			.ignore_homes = h->homes && dice(h, 8) == 0,
			.max_reservations = dice(h, 3) ? 0 : 2,
			.max_node_hours = dice(h, 3) ? 0 : 1,
			.reserve_horizon_ms = dice(h, 3) ? 0 : 60000});
	}
}

static inline void random_copy(struct history *h)
{
	if (dice(h, 3))
		random_transfer(h);
	else
		random_data(h);
}

static inline void history_pass(struct history *h)
{
	const struct suan_effect *start;

	h->passed = true;
	kit_pass(&h->k);
	h->copies += kit_effects(&h->k, SUAN_FX_COPY);
	for (size_t i = 0; h->data && (start = kit_effect(&h->k, SUAN_FX_START, i)); i++)
		h->reads += kit_view(&h->k, start->run.job).ninputs > 0;
}

/* One event. The first is the network. */
static inline void history_step(struct history *h)
{
	uint32_t what = dice(h, 100);

	h->passed = false;
	if (suan_engine_seq(h->k.e) == 0) {
		history_network(h);
		return;
	}
	if (h->preempting && (suan_engine_seq(h->k.e) == 1 || dice(h, 300) == 0)) {
		history_classes(h);
		return;
	}
	if (h->preempting && suan_engine_seq(h->k.e) == 2) {
		kit_policy(&h->k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN,
							.preemption = random_preemption(h)});
		return;
	}
	if (suan_engine_seq(h->k.e) == 1 && h->homes) {
		kit_policy(&h->k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN});
		return;
	}
	h->k.now += dice(h, 3) ? dice(h, 500) : dice(h, 4) ? 0 : dice(h, 20000);
	if (h->signals && dice(h, 8) == 0) {
		random_signal(h);
		return;
	}
	if (h->data && dice(h, 4) == 0) {
		random_copy(h);
		return;
	}
	if (what < (h->preempting ? 40 : 20))
		random_submit(h);
	else if (what < 65)
		random_report(h);
	else if (what < 75)
		random_command(h);
	else if (what < 78)
		random_site(h);
	else if (what < 81 && (!h->preempting || dice(h, 12) == 0))	/* they leave little room */
		random_reserve(h);
	else if (what < 82)
		random_unreserve(h);
	else
		history_pass(h);
}

#endif
