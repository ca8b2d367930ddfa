/* Settings of the service. */
#include <stdlib.h>

#include "lib/tap.h"
#include "wire/network.h"

static const char every[] =
	"data: /var/lib/suan\n"
	"network: net.yaml\n"
	"listen: 0.0.0.0:80\n"
	"store: memory\n"
	"insecure_local: true\n"
	"tls_cert: c.pem\n"
	"tls_key: k.pem\n"
	"log_level: warn\n"
	"log_format: json\n"
	"policy:\n"
	"  kind: conservative\n"
	"  plan_depth: 50\n"
	"  plan_steps: 700\n"
	"  default_walltime: 2h\n"
	"  max_walltime: 604800\n"
	"  max_pending: 1000\n"
	"  max_attempts: 3\n"
	"  preemption: {min_run: 10m, grace: 1.5, max_victims: 7}\n"
	"  packing: best-fit\n"
	"  protect_homes: false\n"
	"  max_reservations_per_user: 4\n"
	"  max_reserved_node_hours: 500\n"
	"  reservation_horizon: 30d\n"
	"home: xian\n"
	"max_request_bytes: 1MiB\n"
	"max_connections: 10\n"
	"http_threads: 2\n"
	"snapshot_bytes: 2097152\n"
	"keep_finished: 5\n"
	"grace_ms: 250\n";

static void reads(void)
{
	struct suan_arena arena = {0};
	struct suan_settings s;
	struct suan_err err = {0};

	suan_settings_init(&s);
	is_str(s.listen, "127.0.0.1:7070", "default");
	is_str(s.store, "sqlite", "default");
	is_int(s.policy.plan_steps, SUAN_PLAN_STEPS, "default");
	ok(!s.policy.ignore_homes && !s.home[0], "homes are protected, no job has one");
	is_int((int64_t)s.max_request_bytes, 64 << 20, "default");
	is_int(suan_settings_parse(every, strlen(every), "s.yaml", &arena, &s, &err), SUAN_OK,
	       "every key");
	is_str(err.text, "", "no error");
	is_str(s.data, "/var/lib/suan", "data");
	is_str(s.network, "net.yaml", "network");
	is_str(s.listen, "0.0.0.0:80", "listen");
	is_str(s.store, "memory", "store");
	ok(s.insecure_local, "insecure_local");
	is_str(s.tls_cert, "c.pem", "tls_cert");
	is_str(s.log_level, "warn", "log_level");
	is_str(s.log_format, "json", "log_format");
	is_int(s.policy.kind, SUAN_POLICY_CONSERVATIVE, "kind");
	is_int(s.policy.plan_depth, 50, "plan_depth");
	is_int(s.policy.plan_steps, 700, "plan_steps");
	is_int(s.policy.default_walltime_ms, 7200000, "default_walltime");
	is_int(s.policy.max_walltime_ms, 604800000, "max_walltime");
	is_int(s.policy.max_pending, 1000, "max_pending");
	is_int(s.policy.max_attempts, 3, "max_attempts");
	is_int(s.policy.preemption.min_run_ms, 600000, "min_run");
	is_int(s.policy.preemption.grace_ms, 1500, "grace of preemption");
	is_int(s.policy.preemption.max_victims, 7, "max_victims");
	is_int(s.policy.packing, SUAN_BEST_FIT, "packing");
	ok(s.policy.ignore_homes, "protect_homes: false");
	is_str(s.home, "xian", "home");
	is_int(s.policy.max_reservations, 4, "max_reservations_per_user");
	is_int(s.policy.max_node_hours, 500, "max_reserved_node_hours");
	is_int(s.policy.reserve_horizon_ms, INT64_C(2592000000), "reservation_horizon");
	is_int((int64_t)s.max_request_bytes, 1 << 20, "max_request_bytes");
	is_int(s.max_connections, 10, "max_connections");
	is_int(s.http_threads, 2, "http_threads");
	is_int((int64_t)s.snapshot_bytes, 2097152, "snapshot_bytes");
	is_int(s.keep_finished, 5, "keep_finished");
	is_int(s.grace_ms, 250, "grace_ms");
	is_int(suan_settings_parse("grace_ms: 3s\n", 13, "s", &arena, &s, &err), SUAN_OK, "3s");
	is_int(s.grace_ms, 3000, "a duration");
	is_str(s.store, "memory", "other settings stay");
	suan_arena_done(&arena);
}

static const struct {
	const char *text, *error;
} bad[] = {
	{"5\n", "s.yaml:1: expected an object, found 5"},
	{"listn: x\n", "s.yaml:1: listn: unknown key; did you mean \"listen\"?"},
	{"data: x\nstore: mongo\n",
	 "s.yaml:2: store: expected sqlite or memory, found \"mongo\""},
	{"store: [x]\n", "s.yaml:1: store: expected a string, found an array"},
	{"log_level: loud\n",
	 "s.yaml:1: log_level: expected debug or info or warn or error, found \"loud\""},
	{"log_format: xml\n", "s.yaml:1: log_format: expected text or json, found \"xml\""},
	{"policy: easy\n", "s.yaml:1: policy: expected an object, found \"easy\""},
	{"policy:\n  kind: best\n",
	 "s.yaml:2: policy/kind: expected easy or fcfs or conservative or sjf or ljf or f1 or "
	 "wfp3 or suan, found \"best\""},
	{"policy:\n  packing: tight\n",
	 "s.yaml:2: policy/packing: expected best-fit or fragmentation, found \"tight\""},
	{"policy:\n  plan_depth: 0\n",
	 "s.yaml:2: policy/plan_depth: expected a whole number from 1 to 1000000, found 0"},
	{"policy:\n  plan_steps: some\n",
	 "s.yaml:2: policy/plan_steps: expected a whole number from 0 to 1000000000, found "
	 "\"some\""},
	{"policy:\n  max_walltime: 1h\n  default_walltime: 2h\n",
	 "s.yaml:3: policy: expected a default_walltime of at most max_walltime"},
	{"policy:\n  max_walltime: -1\n",
	 "s.yaml:2: policy/max_walltime: expected a duration from 0 to 315360000, found -1"},
	{"policy:\n  max_walltime: true\n",
	 "s.yaml:2: policy/max_walltime: expected a duration such as \"1h30m\", found true"},
	{"policy:\n  max_walltime: never\n", NULL},
	{"policy:\n  protect_homes: 2\n",
	 "s.yaml:2: policy/protect_homes: expected true or false, found 2"},
	{"insecure_local: 1\n", "s.yaml:1: insecure_local: expected true or false, found 1"},
	{"max_request_bytes: 5\n",
	 "s.yaml:1: max_request_bytes: expected bytes from 1024 to 17179869184, found 5"},
	{"tls_cert: x\n", "s.yaml: expected both tls_cert and tls_key, found one of them"},
	{"tls_key: x\n", "s.yaml: expected both tls_cert and tls_key, found one of them"},
	{"a: [\n", NULL},
};

static void refuses(void)
{
	struct suan_arena arena = {0};
	struct suan_settings s;
	struct suan_err err;
	char *big = calloc(1, (1u << 20) + 2);

	suan_settings_init(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		is_int(suan_settings_parse(bad[i].text, strlen(bad[i].text), "s.yaml", &arena, &s,
					   &err),
		       SUAN_EINVAL, "refuses");
		if (bad[i].error)
			is_str(err.text, bad[i].error, "and says why");
		else
			ok(strncmp(err.text, "s.yaml", 6) == 0, "and says where: %s", err.text);
	}
	is_str(s.store, "sqlite", "nothing changed");
	is_str(s.tls_cert, "", "here too");
	memset(big, '#', (1u << 20) + 1);
	is_int(suan_settings_parse(big, (1u << 20) + 1, "s.yaml", &arena, &s, &err), SUAN_ETOOBIG,
	       "1 MiB + 1");
	is_str(err.text, "s.yaml: settings may have 1048576 bytes, found 1048577", "says so");
	free(big);
	suan_arena_done(&arena);
}

int main(void)
{
	reads();
	refuses();
	return tap_done();
}
