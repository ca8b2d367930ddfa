/* The subcommands that need more than the HTTP client. */
#include "daemon/daemon.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "daemon/replay.h"
#include "daemon/serve.h"
#include "daemon/settings.h"
#include "driver/driver.h"
#include "wire/json.h"

#define MAX_OPTIONS 32

static int run_serve(int argc, char **argv);
static int run_config(int argc, char **argv);
static int run_replay(int argc, char **argv);
static void print_json_option(void);

static const struct suan_command serve = {
	.name = "serve",
	.usage = "suan serve --data DIR --network FILE [OPTION]…",
	.summary = "run the platform, with agents for its local sites",
	.help = "Keeps its state in DIR and may be killed at any time: acknowledged work is never\n"
		"lost, and runs go on while it is down. Without --insecure-local the first start\n"
		"writes an administrator's token to DIR/admin.token; put it in SUAN_TOKEN.",
	.options = suan_daemon_options,
	.run = run_serve,
};

static const struct suan_command config = {
	.name = "config",
	.usage = "suan config check [OPTION]…",
	.summary = "check settings and network file without starting anything",
	.help = "Takes the options of `suan serve` and says what they amount to.",
	.options = suan_daemon_options,
	.more = print_json_option,
	.run = run_config,
};

static const struct suan_command replay = {
	.name = "replay",
	.usage = "suan replay --data DIR [OPTION]…",
	.summary = "what if? the log of a service as a simulation",
	.help = "Takes what was really asked of a service, and runs it through the scheduler "
		"again\n"
		"under another policy or with other sites, beside what really happened. The "
		"service\n"
		"may be running; it is only read.",
	.options = suan_replay_options,
	.run = run_replay,
};

static const struct suan_command shepherd = {
	.name = "shepherd",
	.usage = "suan shepherd STATE_DIR",
	.summary = NULL, /* internal: started by the local driver, parent of its runs */
	.run = suan_shepherd_main,
};

const struct suan_command *const suan_daemon_commands[] = {&serve, &config, &replay, &shepherd,
							   NULL};

static int run_serve(int argc, char **argv)
{
	return suan_serve(&serve, argc, argv);
}

static int run_replay(int argc, char **argv)
{
	return suan_replay_main(&replay, argc, argv);
}

struct network_sums {
	uint64_t nodes, cores, gpus;
	uint32_t pools, real; /* real: sites with a driver */
};

static struct network_sums sum_network(const struct suan_network *n)
{
	struct network_sums t = {0};

	for (uint32_t i = 0; i < n->nsites; i++) {
		const struct suan_site_spec *s = &n->sites[i];

		t.real += s->driver[0] != '\0';
		t.pools += s->npools;
		for (uint32_t k = 0; k < s->npools; k++) {
			t.nodes += s->pools[k].nodes;
			t.cores += (uint64_t)s->pools[k].nodes * s->pools[k].cores;
			t.gpus += (uint64_t)s->pools[k].nodes * s->pools[k].gpus;
		}
	}
	return t;
}

static void print_network(const struct suan_network *n)
{
	struct network_sums t = sum_network(n);

	printf("network %s: %u hubs, %u sites (%u with a driver, the others modelled only), %u "
	       "pools, "
	       "%llu nodes, %llu cores, %llu accelerators, %u links, %u cities\n",
	       n->name, n->nhubs, n->nsites, t.real, t.pools, (unsigned long long)t.nodes,
	       (unsigned long long)t.cores, (unsigned long long)t.gpus, n->nlinks, n->ncities);
}

static void network_to_json(const struct suan_network *n, struct suan_jsonw *w)
{
	struct network_sums t = sum_network(n);

	suan_jsonw_open(w, "network", '{');
	suan_jsonw_str(w, "name", n->name);
	suan_jsonw_i64(w, "hubs", n->nhubs);
	suan_jsonw_i64(w, "sites", n->nsites);
	suan_jsonw_i64(w, "sites_with_driver", t.real);
	suan_jsonw_i64(w, "pools", t.pools);
	suan_jsonw_i64(w, "nodes", (int64_t)t.nodes);
	suan_jsonw_i64(w, "cores", (int64_t)t.cores);
	suan_jsonw_i64(w, "gpus", (int64_t)t.gpus);
	suan_jsonw_i64(w, "links", n->nlinks);
	suan_jsonw_i64(w, "cities", n->ncities);
	suan_jsonw_close(w, '}');
}

static void print_settings_json(const struct suan_daemon_settings *s)
{
	struct suan_buf out;
	struct suan_jsonw w;

	suan_buf_init(&out, 0);
	suan_jsonw_init(&w, &out);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_bool(&w, "ok", true);
	if (s->has_network)
		network_to_json(&s->net, &w);
	else
		suan_jsonw_null(&w, "network");
	suan_jsonw_open(&w, "settings", '{');
	suan_jsonw_str(&w, "store", s->set.store);
	suan_jsonw_str(&w, "data", s->set.data[0] ? s->set.data : NULL);
	suan_jsonw_str(&w, "listen", s->set.listen);
	suan_jsonw_str(&w, "policy", suan_policy_name(s->set.policy.kind));
	suan_jsonw_bool(&w, "insecure_local", s->set.insecure_local);
	suan_jsonw_close(&w, '}');
	suan_jsonw_close(&w, '}');
	printf("%s\n", suan_buf_str(&out));
	suan_buf_done(&out);
}

static void print_settings(const struct suan_daemon_settings *s)
{
	if (s->has_network)
		print_network(&s->net);
	printf("settings: store %s in \"%s\", listen %s, policy %s%s\n", s->set.store, s->set.data,
	       s->set.listen, suan_policy_name(s->set.policy.kind),
	       s->set.insecure_local ? ", insecure-local" : "");
	printf("ok\n");
}

/* Of config alone, beside the table that it shares with serve. */
static const struct suan_option json_option = {"json", 0, NULL, "JSON, stable for scripts"};

static void print_json_option(void)
{
	printf("      --%-22s %s\n", json_option.name, json_option.help);
}

static bool has_json(const struct suan_command *c, int argc, char **argv)
{
	const struct suan_option *opt;
	const char *value;
	struct suan_args a;
	int kind;

	suan_args_init(&a, c, argc, argv);
	while ((kind = suan_args_next(&a, &opt, &value)) != SUAN_ARG_END && kind != SUAN_ARG_BAD)
		if (kind == SUAN_ARG_OPTION && strcmp(opt->name, json_option.name) == 0)
			return true;
	return false;
}

static int check_settings(int argc, char **argv)
{
	struct suan_option options[MAX_OPTIONS] = {json_option};
	struct suan_command c = {.name = config.name, .usage = config.usage, .options = options};
	struct suan_daemon_settings s;
	struct suan_err err = {0};
	int rc;

	for (int i = 1; suan_daemon_options[i - 1].name; i++) {
		assert(i + 1 < MAX_OPTIONS);
		options[i] = suan_daemon_options[i - 1];
	}
	c.summary = config.summary;
	c.help = config.help;
	rc = suan_daemon_settings(&s, &c, argc, argv);
	if (rc == SUAN_EXIT_OK && !s.has_network)
		fprintf(stderr,
			"suan config: note: no network file; the one of the last start is used\n");
	if (rc == SUAN_EXIT_OK && suan_daemon_check_data(&s, &err) != SUAN_OK)
		fprintf(stderr, "suan config: note: suan serve would refuse: %s\n", err.text);
	if (rc == SUAN_EXIT_OK && has_json(&c, argc, argv))
		print_settings_json(&s);
	else if (rc == SUAN_EXIT_OK)
		print_settings(&s);
	suan_daemon_settings_done(&s);
	return rc;
}

static int run_config(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		suan_cli_print_help(&config);
		return SUAN_EXIT_OK;
	}
	if (argc < 2 || strcmp(argv[1], "check") != 0)
		return suan_cli_usage(&config, "expected: suan config check");
	return check_settings(argc - 1, argv + 1);
}
