/* Data sets: where copies are, when they come to where a job wants them, who may read them, and
 * what goes when there is no room. */
#include "lib/engine_kit.h"

#define MB     1000000ull
#define SECOND 1000

/* Sites a and b in the east, c in the west, one node of four cores each; a → b and a → c with
 * 1 Gbit/s, b → c with 100 Mbit/s. */
static struct suan_link_spec links[] = {{"a", "b", 1000, 1000, 0, 0},
					{"a", "c", 1000, 1000, 0, 0},
					{"b", "c", 100, 9000, 0, 0}};

static void three_sites(struct kit *k)
{
	static const char *const names[] = {"a", "b", "c"};

	kit_init(k);
	for (int i = 0; i < 3; i++)
		kit_pool(kit_site(k, names[i], i < 2 ? "east" : "west"), "p", 1, 4);
	k->net.links = links;
	k->net.nlinks = 3;
	kit_network(k);
}

static enum suan_code command(struct kit *k, const struct suan_data_command *c)
{
	struct suan_event ev = {.type = SUAN_EV_DATA, .u.data = c};

	return kit_step(k, &ev);
}

/* There already. Returns its number. */
static uint32_t put(struct kit *k, const char *name, const char *site, uint64_t bytes)
{
	struct suan_data_command c = {.op = SUAN_DATA_PUT, .name = name, .who = "u", .site = site,
				      .bytes = bytes, .present = true};

	return command(k, &c) == SUAN_OK ? k->fx.data : 0;
}

static enum suan_code act(struct kit *k, enum suan_data_op op, const char *name, const char *site)
{
	return command(k, &(struct suan_data_command){.op = op, .name = name, .who = "u",
						      .site = site});
}

static enum suan_code tell(struct kit *k, const struct suan_effect *copy,
			   enum suan_transfer_kind kind)
{
	struct suan_event ev = {.type = SUAN_EV_TRANSFER};
	struct suan_transfer_view v = {.id = 0};

	if (!copy)
		return SUAN_ENOTFOUND;
	(void)suan_engine_transfer(k->e, copy->transfer, &v);
	ev.u.transfer = (struct suan_transfer_report){
		.id = copy->transfer, .attempt = copy->run.attempt, .kind = kind,
		.bytes = v.bytes, .files = 1, .sha256 = "", .text = "said the site"};
	return kit_step(k, &ev);
}

static uint64_t job(struct kit *k, const char *const *inputs, uint32_t n, const char *site)
{
	struct suan_job_spec s = kit_job(1, 4, 60 * SECOND);

	s.inputs = (struct suan_names){(const char **)(uintptr_t)inputs, n};
	if (site)
		s.site = (struct suan_names){&site, 1};
	return kit_submit(k, &s);
}

static uint64_t job_of(struct kit *k, const char *input, const char *site)
{
	return job(k, &input, 1, site);
}

static enum suan_replica_state replica(const struct kit *k, uint32_t id, uint32_t site)
{
	struct suan_replica_view r;

	for (uint32_t i = 0; suan_engine_replica(k->e, id, i, &r); i++)
		if (r.site == site)
			return r.state;
	return (enum suan_replica_state)-1;
}

/* The job goes where the data are, while that is first. */
static void t_goes_there(void)
{
	struct kit k;
	uint32_t d;
	uint64_t id;

	three_sites(&k);
	d = put(&k, "film", "b", 100 * MB);
	is_int(d, 1, "a data set");
	id = job_of(&k, "film", NULL);
	kit_pass(&k);
	ok(kit_state(&k, id, 0) == SUAN_STAGING && kit_view(&k, id).pool == 1,
	   "a job starts where its input is");
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 0, "nothing moves");
	ok(kit_view(&k, id).ninputs == 1 && kit_view(&k, id).inputs[0] == d,
	   "it says what it reads");
	is_int(act(&k, SUAN_DATA_RM, "film", NULL), SUAN_ECONFLICT, "what is read stays");
	kit_started(&k, id, 0, 1);
	kit_ended(&k, id, 0, 1, SUAN_OUT_EXITED);
	is_int(act(&k, SUAN_DATA_RM, "film", NULL), SUAN_OK, "and goes then");
	is_int((int64_t)kit_effects(&k, SUAN_FX_ERASE), 1, "its copy too");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

/* Bound to another site: the data come, once for all who want them. */
static void t_comes(void)
{
	struct kit k;
	const struct suan_effect *copy;
	struct suan_effect first;
	struct suan_transfer_view v;
	uint32_t d;
	uint64_t one, two;

	three_sites(&k);
	d = put(&k, "film", "a", 125 * MB);
	one = job_of(&k, "film", "b");
	two = job_of(&k, "film", "b");
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 1, "one transfer for two jobs");
	copy = kit_effect(&k, SUAN_FX_COPY, 0);
	ok(copy && suan_engine_transfer(k.e, copy->transfer, &v) && v.from == 0 && v.to == 1 &&
		   v.mbit == 1000 && v.end_ms == k.now + SECOND,
	   "over the link, as long as its bytes take");
	first = *copy;
	copy = &first;
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_START), 0, "they wait");
	ok(kit_view(&k, one).reason == SUAN_R_DATA &&
		   kit_view(&k, one).reason_a == k.now + SECOND &&
		   kit_view(&k, one).predicted_start_ms == k.now + SECOND,
	   "for data, until these come");
	ok(replica(&k, d, 1) == SUAN_REPLICA_COPYING, "which are on their way");
	k.now += SECOND;
	is_int(tell(&k, copy, SUAN_TRANSFER_DONE), SUAN_OK, "they are there");
	is_int((int64_t)suan_engine_moved_bytes(k.e), (int64_t)(125 * MB), "moved once");
	kit_pass(&k);
	ok(kit_state(&k, one, 0) == SUAN_STAGING && kit_state(&k, two, 0) == SUAN_PENDING,
	   "the first starts at that time");
	is_int(act(&k, SUAN_DATA_EVICT, "film", "b"), SUAN_ECONFLICT, "what a run reads stays");
	is_int(tell(&k, copy, SUAN_TRANSFER_DONE), SUAN_ENOTFOUND, "told twice: nothing");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

/* A link that is taken is waited for; another way is not. */
static void t_links(void)
{
	struct kit k;
	struct suan_transfer_view v[3];

	three_sites(&k);
	put(&k, "one", "a", 125 * MB);
	put(&k, "two", "a", 125 * MB);
	put(&k, "far", "a", 125 * MB);
	act(&k, SUAN_DATA_REPLICATE, "one", "b");
	act(&k, SUAN_DATA_REPLICATE, "two", "b");
	act(&k, SUAN_DATA_REPLICATE, "far", "c");
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 2, "two of three begin");
	for (uint32_t i = 0; i < 3; i++)
		(void)suan_engine_transfer(k.e, i + 1, &v[i]);
	ok(!v[1].running && v[1].begin_ms == v[0].end_ms && v[1].end_ms == k.now + 2 * SECOND,
	   "the second on the link follows the first");
	ok(v[2].running && v[2].end_ms == k.now + SECOND, "the other has a link of its own");
	ok(kit_effect(&k, SUAN_FX_WAKE, 0) &&
		   kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms <= v[1].begin_ms,
	   "a pass comes in time");
	k.now = v[1].begin_ms;
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 0, "but not while the first overruns");
	ok(kit_good(&k), "links are not oversold");
	links[0].mbit_s = 500;
	kit_network(&k);
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY_STOP), 1, "what has no room any more stops");
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 1, "and goes on with what there is");
	(void)suan_engine_transfer(k.e, 1, &v[0]);
	ok(v[0].running && v[0].mbit == 500 && v[0].attempt == 2, "as a new attempt");
	ok(kit_good(&k), "links are not oversold");
	links[0].mbit_s = 1000;
	kit_done(&k);
}

static void t_failures(void)
{
	struct kit k;
	const struct suan_effect *copy;
	struct suan_effect first;
	struct suan_transfer_view v;
	struct suan_data_view d;

	three_sites(&k);
	put(&k, "film", "a", 125 * MB);
	act(&k, SUAN_DATA_REPLICATE, "film", "b");
	kit_pass(&k);
	first = *kit_effect(&k, SUAN_FX_COPY, 0);
	tell(&k, &first, SUAN_TRANSFER_FAILED);
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 0, "not again at once");
	ok(kit_effect(&k, SUAN_FX_WAKE, 0) &&
		   kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms == k.now + SECOND, "but in a second");
	ok(suan_engine_data_set(k.e, 1, &d) && strcmp(d.text, "said the site") == 0,
	   "what went wrong is said");
	k.now += SECOND;
	kit_pass(&k);
	copy = kit_effect(&k, SUAN_FX_COPY, 0);
	ok(copy && copy->run.attempt == 2, "the second attempt");
	is_int(tell(&k, &first, SUAN_TRANSFER_DONE), SUAN_OK, "the first is over:");
	ok(replica(&k, 1, 1) == SUAN_REPLICA_COPYING, "what it says changes nothing");
	copy = &(struct suan_effect){.transfer = first.transfer, .run.attempt = 2};
	tell(&k, copy, SUAN_TRANSFER_DONE);
	act(&k, SUAN_DATA_REPLICATE, "film", "c");
	kit_pass(&k);
	first = *kit_effect(&k, SUAN_FX_COPY, 0);
	(void)suan_engine_transfer(k.e, first.transfer, &v);
	is_int(v.from, 0, "from the faster of two");
	tell(&k, &first, SUAN_TRANSFER_BROKEN);
	ok(replica(&k, 1, 0) == SUAN_REPLICA_LOST, "a broken copy is no source any more");
	k.now += SECOND;
	kit_pass(&k);
	(void)suan_engine_transfer(k.e, first.transfer, &v);
	ok(v.running && v.from == 1 && v.mbit == 100, "from the other then");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

static void t_new(void)
{
	struct suan_data_command c = {.op = SUAN_DATA_PUT, .name = "new", .who = "u",
				      .site = "b", .source = "/films/new"};
	struct suan_event ev = {.type = SUAN_EV_TRANSFER};
	static const char sha[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct suan_data_view d;
	struct kit k;
	uint64_t id;

	three_sites(&k);
	is_int(command(&k, &c), SUAN_OK, "new data from outside");
	id = job_of(&k, "new", NULL);
	ok(id > 0, "jobs may wait for them");
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 1, "they come at once");
	ev.u.transfer = (struct suan_transfer_report){
		.id = 1, .attempt = 1, .kind = SUAN_TRANSFER_DONE, .bytes = 7, .files = 2,
		.sha256 = sha, .text = ""};
	kit_step(&k, &ev);
	ok(suan_engine_data_set(k.e, 1, &d) && d.bytes == 7 && d.files == 2 &&
		   strcmp(d.sha256, sha) == 0 && d.complete == 1,
	   "and are known then");
	is_int((int64_t)suan_engine_moved_bytes(k.e), 0, "nothing moved between sites");
	kit_pass(&k);
	ok(kit_view(&k, id).pool == 1, "the job starts there");
	is_int(command(&k, &c), SUAN_OK, "the same again");
	ok(k.fx.repeated && k.fx.data == 1, "is the same");
	c.source = "/films/other";
	is_int(command(&k, &c), SUAN_ECONFLICT, "data sets do not change");
	c.name = "broken";
	command(&k, &c);
	kit_pass(&k);
	tell(&k, kit_effect(&k, SUAN_FX_COPY, 0), SUAN_TRANSFER_BROKEN);
	ok(replica(&k, 2, 1) == SUAN_REPLICA_LOST, "a source that is not there: lost");
	is_int(act(&k, SUAN_DATA_REPLICATE, "broken", "b"), SUAN_OK, "may be tried again");
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 1, "from its source");
	kit_done(&k);
}

static void t_refusals(void)
{
	static const struct {
		struct suan_data_command c;
		enum suan_code code;
		const char *field;
	} bad[] = {
		{{.op = 0, .name = "x"}, SUAN_EINVAL, "op"},
		{{.op = SUAN_DATA_PUT, .name = "", .site = "a", .source = "/x"}, SUAN_EINVAL,
		 "name"},
		{{.op = SUAN_DATA_PUT, .name = "a/b", .site = "a", .source = "/x"}, SUAN_EINVAL,
		 "name"},
		{{.op = SUAN_DATA_PUT, .name = "x", .site = "z", .source = "/x"}, SUAN_EINVAL,
		 "site"},
		{{.op = SUAN_DATA_PUT, .name = "x", .source = "/x"}, SUAN_EINVAL, "site"},
		{{.op = SUAN_DATA_PUT, .name = "x", .site = "a"}, SUAN_EINVAL, "source"},
		{{.op = SUAN_DATA_PUT, .name = "x", .site = "a", .source = "/x", .sha256 = "12"},
		 SUAN_EINVAL, "sha256"},
		{{.op = SUAN_DATA_PUT, .name = "x", .site = "a", .source = "/x", .expires_ms = 5},
		 SUAN_EINVAL, "expires"},
		{{.op = SUAN_DATA_RM, .name = "x", .who = "u"}, SUAN_ENOTFOUND, ""},
		{{.op = SUAN_DATA_RM, .name = "film", .who = "v"}, SUAN_EREFUSED, ""},
		{{.op = SUAN_DATA_REPLICATE, .name = "film", .who = "u"}, SUAN_EINVAL, "site"},
		{{.op = SUAN_DATA_EVICT, .name = "film", .who = "u", .site = "b"}, SUAN_ENOTFOUND,
		 "site"},
		{{.op = SUAN_DATA_EVICT, .name = "film", .who = "u", .site = "a"}, SUAN_ECONFLICT,
		 ""},
		{{.op = SUAN_DATA_GRANT, .name = "film", .who = "u"}, SUAN_EINVAL, "users"},
	};
	struct kit k;

	three_sites(&k);
	put(&k, "film", "a", 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(command(&k, &bad[i].c), bad[i].code, bad[i].c.name);
		is_str(k.err.field, bad[i].field, "its field");
	}
	is_int(command(&k, &(struct suan_data_command){.op = SUAN_DATA_RM, .name = "film",
						       .who = "v", .operate = true}),
	       SUAN_OK, "an operator may");
	kit_done(&k);
}

static void t_rights(void)
{
	const char *hub = "east", *user = "v", *film = "film";
	struct suan_data_command c = {.op = SUAN_DATA_PUT, .name = film, .who = "u", .site = "c",
				      .bytes = 5, .present = true, .hubs = {&hub, 1}};
	struct suan_job_spec s = kit_job(1, 1, SECOND);
	struct kit k;

	three_sites(&k);
	is_int(command(&k, &c), SUAN_EREFUSED, "data for the east cannot be put in the west");
	c.site = "a";
	is_int(command(&k, &c), SUAN_OK, "but in the east");
	is_int(act(&k, SUAN_DATA_REPLICATE, film, "c"), SUAN_EREFUSED, "nor copied there");
	is_int(k.fx.refused, SUAN_R_NOT_ALLOWED, "for that reason");
	is_int((int64_t)job_of(&k, film, "c"), 0, "a job that reads them cannot run there");
	is_int(k.fx.refused, SUAN_R_RESIDENCY, "for what it reads");
	ok(job_of(&k, film, "b") > 0, "but in the east");
	s.inputs = (struct suan_names){&film, 1};
	s.user = "v";
	is_int((int64_t)kit_submit(&k, &s), 0, "who was not granted them cannot read them");
	is_str(k.err.field, "inputs", "and is told");
	is_int(command(&k, &(struct suan_data_command){.op = SUAN_DATA_GRANT, .name = film,
						       .who = "u", .users = {&user, 1}}),
	       SUAN_OK, "granted");
	ok(kit_submit(&k, &s) > 0, "then");
	film = "none";
	is_int((int64_t)kit_submit(&k, &s), 0, "data that are not there");
	kit_done(&k);
}

static const struct suan_candidate *in_pool(const struct suan_candidate *list, uint32_t pool)
{
	while (list->pool != pool)
		list++;
	return list;
}

/* A job that is only asked about starts when its input is there, and nothing else changes. */
static void t_asks(void)
{
	const char *hub = "east", *film = "film";
	struct suan_data_command c = {.op = SUAN_DATA_PUT, .name = film, .who = "u", .site = "a",
				      .bytes = 125 * MB, .present = true, .hubs = {&hub, 1}};
	struct suan_job_spec s = kit_job(1, 4, 60 * SECOND);
	struct suan_candidate list[3];
	struct kit k;
	uint64_t hash;

	three_sites(&k);
	command(&k, &c);
	kit_pass(&k);
	hash = suan_engine_hash(k.e);
	s.inputs = (struct suan_names){&film, 1};
	is_int(suan_engine_quote(k.e, &s, k.now, list, 3), 3, "three pools");
	ok(list[0].pool == 0 && list[0].reason == SUAN_R_CHOSEN && list[0].start_ms == k.now,
	   "at once where the data are");
	is_int(in_pool(list, 1)->start_ms - k.now, SECOND, "later where they come to");
	is_int(in_pool(list, 2)->reason, SUAN_R_RESIDENCY, "not where they may not be");
	is_int((int64_t)suan_engine_hash(k.e), (int64_t)hash, "asking changes no state");
	s.inputs.count = 0;
	(void)suan_engine_quote(k.e, &s, k.now, list, 3);
	ok(list[2].start_ms == k.now, "without inputs at once everywhere");
	kit_done(&k);
}

/* Room for two: what was used last stays, and nothing is ever the last copy that goes. */
static void t_cache(void)
{
	struct kit k;
	struct suan_replica_view r;
	uint64_t id;

	three_sites(&k);
	k.sites[1].cache_bytes = 250 * MB;
	kit_network(&k);
	put(&k, "one", "a", 125 * MB);
	put(&k, "two", "a", 125 * MB);
	put(&k, "three", "a", 125 * MB);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"one", "two", "three"};

		id = job_of(&k, names[i], "b");
		kit_pass(&k);
		if (i == 2) {
			is_int((int64_t)kit_effects(&k, SUAN_FX_ERASE), 1, "one makes room");
			is_int(kit_effect(&k, SUAN_FX_ERASE, 0)->data, 1, "the one used first");
		}
		k.now += 2 * SECOND;
		tell(&k, kit_effect(&k, SUAN_FX_COPY, 0), SUAN_TRANSFER_DONE);
		kit_pass(&k);
		kit_started(&k, id, 0, 1);
		kit_ended(&k, id, 0, 1, SUAN_OUT_EXITED);
	}
	ok(replica(&k, 1, 1) == (enum suan_replica_state)-1 &&
		   replica(&k, 2, 1) == SUAN_REPLICA_COMPLETE &&
		   replica(&k, 3, 1) == SUAN_REPLICA_COMPLETE,
	   "the other two are there");
	is_int(act(&k, SUAN_DATA_EVICT, "two", "a"), SUAN_OK, "with two copies one may go");
	is_int(act(&k, SUAN_DATA_EVICT, "three", "a"), SUAN_OK, "of the other too");
	id = job_of(&k, "one", "b");
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_ERASE), 0, "last copies make no room");
	is_int((int64_t)kit_effects(&k, SUAN_FX_COPY), 0, "so nothing comes");
	ok(suan_engine_replica(k.e, 1, 1, &r) && r.state == SUAN_REPLICA_COPYING, "it waits");
	put(&k, "large", "a", 251 * MB);
	id = job_of(&k, "large", "b");
	kit_pass(&k);
	ok(kit_view(&k, id).reason == SUAN_R_DATA && kit_view(&k, id).reason_a == SUAN_FOREVER,
	   "what is larger than the cache never comes");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

static void t_expires(void)
{
	struct suan_data_command c = {.op = SUAN_DATA_PUT, .name = "film", .who = "u",
				      .site = "a", .bytes = 5, .present = true,
				      .expires_ms = 61 * SECOND};
	struct kit k;
	uint64_t id;

	three_sites(&k);
	command(&k, &c);
	id = job_of(&k, "film", NULL);
	kit_pass(&k);
	ok(kit_effect(&k, SUAN_FX_WAKE, 0) && kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms == 61 * SECOND,
	   "a pass when it expires");
	k.now = 61 * SECOND;
	kit_pass(&k);
	is_int(suan_engine_find_data(k.e, "film"), 1, "while a job reads it, it stays");
	kit_ended(&k, id, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(suan_engine_find_data(k.e, "film"), 0, "then it goes");
	is_int((int64_t)kit_effects(&k, SUAN_FX_ERASE), 1, "with its copy");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

static void t_check(void)
{
	struct kit k;
	struct suan_replica_view r;

	three_sites(&k);
	put(&k, "film", "a", 5);
	is_int(act(&k, SUAN_DATA_VERIFY, "film", ""), SUAN_OK, "read again");
	kit_pass(&k);
	tell(&k, kit_effect(&k, SUAN_FX_COPY, 0), SUAN_TRANSFER_DONE);
	ok(suan_engine_replica(k.e, 1, 0, &r) && r.state == SUAN_REPLICA_COMPLETE &&
		   r.checked_ms == k.now && suan_engine_moved_bytes(k.e) == 0,
	   "still right");
	act(&k, SUAN_DATA_VERIFY, "film", "a");
	kit_pass(&k);
	tell(&k, kit_effect(&k, SUAN_FX_COPY, 0), SUAN_TRANSFER_BROKEN);
	ok(replica(&k, 1, 0) == SUAN_REPLICA_LOST, "no more");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

/* Two inputs at two sites: one of them moves, and a busy place is weighed against the way. */
static void t_weighs(void)
{
	static const char *const both[] = {"large", "small"};
	struct kit k;
	struct suan_job_view v;
	uint64_t id;

	three_sites(&k);
	put(&k, "large", "b", 1250 * MB);
	put(&k, "small", "a", 125 * MB);
	id = job(&k, both, 2, NULL);
	kit_pass(&k);
	v = kit_view(&k, id);
	ok(v.predicted_pool == 1 && v.predicted_start_ms == k.now + SECOND,
	   "the small one moves to the large one");
	kit_done(&k);
	three_sites(&k);
	put(&k, "film", "a", 125 * MB);
	id = job_of(&k, "film", "a");
	kit_pass(&k);
	id = job_of(&k, "film", NULL);
	kit_pass(&k);
	v = kit_view(&k, id);
	ok(v.predicted_pool != 0 && v.predicted_start_ms == k.now + SECOND,
	   "data move away from where all is busy for longer than the way takes");
	kit_done(&k);
}

int main(void)
{
	t_goes_there();
	t_comes();
	t_links();
	t_failures();
	t_new();
	t_refusals();
	t_rights();
	t_asks();
	t_cache();
	t_expires();
	t_check();
	t_weighs();
	return tap_done();
}
