/* The subcommands that need more than the HTTP client. */
#include "daemon/daemon.h"

#include <stdio.h>
#include <string.h>

#include "daemon/serve.h"
#include "daemon/settings.h"
#include "driver/driver.h"

static int run_serve(int argc, char **argv);
static int run_config(int argc, char **argv);

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
	.run = run_config,
};

static const struct suan_command shepherd = {
	.name = "shepherd",
	.usage = "suan shepherd STATE_DIR",
	.summary = NULL, /* internal: started by the local driver, parent of its runs */
	.run = suan_shepherd_main,
};

const struct suan_command *const suan_daemon_commands[] = {&serve, &config, &shepherd, NULL};

static int run_serve(int argc, char **argv)
{
	return suan_serve(&serve, argc, argv);
}

static void print_network(const struct suan_network *n)
{
	uint64_t nodes = 0, cores = 0, gpus = 0;
	uint32_t pools = 0, real = 0;

	for (uint32_t i = 0; i < n->nsites; i++) {
		const struct suan_site_spec *s = &n->sites[i];

		real += s->driver[0] != '\0';
		pools += s->npools;
		for (uint32_t k = 0; k < s->npools; k++) {
			nodes += s->pools[k].nodes;
			cores += (uint64_t)s->pools[k].nodes * s->pools[k].cores;
			gpus += (uint64_t)s->pools[k].nodes * s->pools[k].gpus;
		}
	}
	printf("network %s: %u hubs, %u sites (%u with a driver, the others modelled only), %u "
	       "pools, "
	       "%llu nodes, %llu cores, %llu accelerators, %u links, %u cities\n",
	       n->name, n->nhubs, n->nsites, real, pools, (unsigned long long)nodes,
	       (unsigned long long)cores, (unsigned long long)gpus, n->nlinks, n->ncities);
}

static int run_config(int argc, char **argv)
{
	struct suan_daemon_settings s;
	struct suan_err err = {0};
	int rc;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		suan_cli_print_help(&config);
		return SUAN_EXIT_OK;
	}
	if (argc < 2 || strcmp(argv[1], "check") != 0)
		return suan_cli_usage(&config, "expected: suan config check");
	rc = suan_daemon_settings(&s, &config, argc - 1, argv + 1);
	if (rc == SUAN_EXIT_OK && !s.has_network)
		fprintf(stderr,
			"suan config: note: no network file; the one of the last start is used\n");
	if (rc == SUAN_EXIT_OK && suan_daemon_check_data(&s, &err) != SUAN_OK)
		fprintf(stderr, "suan config: note: suan serve would refuse: %s\n", err.text);
	if (rc == SUAN_EXIT_OK) {
		if (s.has_network)
			print_network(&s.net);
		printf("settings: store %s in \"%s\", listen %s, policy %s%s\n", s.set.store,
		       s.set.data, s.set.listen, suan_policy_name(s.set.policy.kind),
		       s.set.insecure_local ? ", insecure-local" : "");
		printf("ok\n");
	}
	suan_daemon_settings_done(&s);
	return rc;
}
