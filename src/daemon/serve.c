/* `suan serve`: one process that is the platform, with embedded agents for its local sites. */
#include "daemon/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "api/api.h"
#include "core/core.h"
#include "daemon/reload.h"
#include "daemon/teller.h"
#include "daemon/settings.h"
#include "http/server.h"
#include "store/store.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/memory.h"

#define TRIM_BYTES     (1u << 20)
#define IDLE_TIMEOUT_S 120

struct service;

struct local_site { /* a site whose agent lives in this process */
	struct service *service;
	struct suan_agent *agent;
	uint32_t number; /* the engine's */
	char *data;	 /* folder of its copies of data sets; owned */
};

struct service {
	const struct suan_daemon_settings *s;
	struct suan_loop *loop;
	struct suan_timer *wake;
	struct suan_core *core;
	struct suan_api *api;
	struct suan_http_server *http;
	struct suan_teller *teller;
	struct local_site *sites;
	uint32_t nsites;
	char program[4096];
	uint64_t logged; /* bytes of the log at the end of the last round */
	bool failing;	 /* the last commit failed: said once */
};

/* ---- the round ---- */

static void set_wake(struct service *v)
{
	int64_t at = suan_core_wake(v->core), now = suan_clock_now_ms();

	if (at == SUAN_FOREVER)
		suan_timer_stop(v->wake);
	else
		suan_timer_set(v->wake, at > now ? at - now : 0);
}

/* A bulk takes several times its size for a moment. */
static void trim_after_bulk(struct service *v)
{
	struct suan_core_stats stats;

	suan_core_stats(v->core, &stats);
	if (stats.log_bytes - v->logged > TRIM_BYTES)
		suan_memory_trim();
	v->logged = stats.log_bytes;
}

static void round_over(void *ctx)
{
	struct service *v = ctx;
	struct suan_err err = {0};
	enum suan_code rc = suan_core_flush(v->core, suan_clock_now_ms(), &err);

	if (rc != SUAN_OK && !v->failing)
		suan_log(SUAN_LOG_ERROR,
			 "cannot commit: %s; submissions are refused until it works", err.text);
	if (rc == SUAN_OK && v->failing)
		suan_log(SUAN_LOG_INFO, "commits work again");
	v->failing = rc != SUAN_OK;
	trim_after_bulk(v);
	set_wake(v);
}

static void woken(void *ctx)
{
	(void)ctx; /* the round's end does the work */
}

static void stop_signal(void *ctx, int signo)
{
	struct service *v = ctx;

	suan_log(SUAN_LOG_INFO, "%s: stopping; runs go on", strsignal(signo));
	suan_loop_stop(v->loop);
}

static void reload_signal(void *ctx, int signo)
{
	struct service *v = ctx;

	(void)signo;
	if (!v->core)
		return;
	suan_reload(v->s, v->core);
	suan_teller_tell(v->teller);
}

/* ---- sites of this process ---- */

static void site_report(void *ctx, const struct suan_report *report)
{
	struct local_site *l = ctx;

	if (l->service->core)
		suan_core_report(l->service->core, report);
}

/* Of a pool of the network; a site may have others. */
static void site_capacity(void *ctx, const char *pool, uint32_t nodes)
{
	struct local_site *l = ctx;
	struct suan_core *core = l->service->core;
	struct suan_event ev = {.type = SUAN_EV_CAPACITY};
	struct suan_site_view site;
	struct suan_pool_view v;

	if (!core || !suan_engine_site(suan_core_engine(core), l->number, &site))
		return;
	ev.u.capacity.pool =
		suan_engine_find_pool(suan_core_engine(core), site.spec->name, pool);
	if (!suan_engine_pool(suan_core_engine(core), ev.u.capacity.pool, &v))
		return;
	ev.u.capacity.nodes = nodes < v.spec.nodes ? nodes : v.spec.nodes;
	if (ev.u.capacity.nodes == v.usable_nodes)
		return;
	ev.now_ms = suan_clock_now_ms();
	suan_core_post(core, &ev, NULL, NULL, NULL);
}

static void site_transfer(void *ctx, const struct suan_transfer_report *report)
{
	struct local_site *l = ctx;

	if (l->service->core)
		suan_core_transfer(l->service->core, report);
}

static const char *site_peer(void *ctx, const char *site)
{
	struct local_site *l = ctx;
	struct service *v = l->service;
	uint32_t number = suan_engine_find_site(suan_core_engine(v->core), site);

	for (uint32_t i = 0; i < v->nsites; i++)
		if (v->sites[i].number == number)
			return v->sites[i].data;
	return NULL;
}

static void site_orders(void *ctx, const struct suan_order *orders, uint32_t n)
{
	struct local_site *l = ctx;

	suan_agent_orders(l->agent, orders, n);
}

static enum suan_code site_log(void *ctx, uint32_t site, const struct suan_order *order,
			       const struct suan_log_ask *ask, struct suan_buf *out,
			       struct suan_err *err)
{
	struct service *v = ctx;

	for (uint32_t i = 0; i < v->nsites; i++)
		if (v->sites[i].number == site)
			return suan_agent_log(v->sites[i].agent, order, ask, out, err);
	return suan_fail(err, SUAN_ENOTFOUND, "the site is not attached");
}

static enum suan_code site_describe(void *ctx, uint32_t site, struct suan_buf *out)
{
	struct service *v = ctx;

	for (uint32_t i = 0; i < v->nsites; i++)
		if (v->sites[i].number == site)
			return suan_agent_describe(v->sites[i].agent, out);
	return SUAN_ENOTFOUND;
}

static enum suan_code open_site(struct service *v, const struct suan_site_spec *spec,
				struct suan_err *err)
{
	struct local_site *l = &v->sites[v->nsites];
	struct suan_site_link link = {.ctx = l, .orders = site_orders};
	struct suan_agent_config config = {.site = spec->name,
					   .driver = spec->driver,
					   .driver_conf = spec->driver_conf,
					   .program = v->program,
					   .loop = v->loop,
					   .grace_ms = v->s->set.grace_ms,
					   .report = site_report,
					   .capacity = site_capacity,
					   .transfer = site_transfer,
					   .peer = site_peer,
					   .ctx = l};
	struct suan_buf dir;
	enum suan_code rc;

	suan_buf_init(&dir, 0);
	suan_buf_addf(&dir, "%s/sites/%s", v->s->set.data, spec->name);
	config.state_dir = suan_buf_str(&dir);
	*l = (struct local_site){.service = v};
	rc = suan_agent_open(&l->agent, &config, err);
	suan_buf_adds(&dir, "/data");
	l->data = suan_buf_take(&dir, NULL);
	suan_buf_done(&dir);
	if (rc != SUAN_OK)
		return rc;
	v->nsites++;
	l->number = suan_engine_find_site(suan_core_engine(v->core), spec->name);
	return suan_core_attach(v->core, spec->name, &link, err);
}

static enum suan_code open_sites(struct service *v, struct suan_err *err)
{
	const struct suan_network *net = suan_engine_network(suan_core_engine(v->core));
	enum suan_code rc = SUAN_OK;

	if (!net || !net->nsites)
		return suan_fail_field(err, SUAN_EINVAL, "network",
				       "no sites: give --network FILE, see suan-network(5)");
	v->sites = calloc(net->nsites + 1, sizeof(*v->sites));
	if (!v->sites)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; rc == SUAN_OK && i < net->nsites; i++)
		if (net->sites[i].driver[0])
			rc = open_site(v, &net->sites[i], err);
	return rc;
}

/* ---- life ---- */

static enum suan_code open_core(struct service *v, struct suan_err *err)
{
	const struct suan_settings *set = &v->s->set;
	struct suan_core_config config = {.store = suan_store_find(set->store),
					  .location = set->data,
					  .network = v->s->has_network ? &v->s->net : NULL,
					  .accounts = set->has_accounts ? &set->accounts : NULL,
					  .policy = set->policy,
					  .snapshot_bytes = set->snapshot_bytes,
					  .keep_finished = set->keep_finished,
					  .now_ms = suan_clock_now_ms()};
	struct suan_core_opened opened = {0};
	int64_t began = suan_clock_mono_us();
	enum suan_code rc;

	if (!config.store)
		return suan_fail_field(err, SUAN_EINVAL, "store",
				       "no store \"%s\"; there are sqlite and memory", set->store);
	rc = suan_core_open(&v->core, &config, &opened, err);
	suan_memory_trim();
	if (rc == SUAN_OK)
		suan_log(SUAN_LOG_INFO,
			 "recovered %llu jobs in %lld ms (snapshot at %llu, %llu events after it)",
			 (unsigned long long)opened.jobs,
			 (long long)((suan_clock_mono_us() - began) / 1000),
			 (unsigned long long)opened.snapshot_seq,
			 (unsigned long long)opened.replayed);
	return rc;
}

/* The first start without --insecure-local leaves an administrator's token in the data folder. */
static enum suan_code first_token(struct service *v, struct suan_err *err)
{
	char token[64];
	struct suan_buf path;
	enum suan_code rc = SUAN_OK;

	if (v->s->set.insecure_local)
		return SUAN_OK;
	suan_buf_init(&path, 0);
	suan_buf_addf(&path, "%s/admin.token", v->s->set.data);
	if (!suan_fs_exists(suan_buf_str(&path))) {
		rc = suan_api_token_new(v->api, "admin", "admin", token, err);
		if (rc == SUAN_OK)
			rc = suan_fs_write(suan_buf_str(&path), token, strlen(token), 0600, true,
					   err);
		if (rc == SUAN_OK)
			suan_log(SUAN_LOG_INFO, "administrator's token: %s", suan_buf_str(&path));
	}
	suan_buf_done(&path);
	return rc;
}

static void flush_soon(void *ctx)
{
	(void)ctx; /* every round ends with a flush */
}

static enum suan_code open_api(struct service *v, struct suan_err *err)
{
	const struct suan_settings *set = &v->s->set;
	const struct suan_network *net = suan_engine_network(suan_core_engine(v->core));
	struct suan_api_config config = {.core = v->core,
					 .loop = v->loop,
					 .insecure_local = set->insecure_local,
					 .max_request_bytes = set->max_request_bytes,
					 .network_name = net ? net->name : "",
					 .store_name = set->store,
					 .log = site_log,
					 .describe = site_describe,
					 .home = set->home,
					 .flush_soon = flush_soon,
					 .ctx = v};
	struct suan_http_config http = {.listen = set->listen,
					.cert_file = set->tls_cert[0] ? set->tls_cert : NULL,
					.key_file = set->tls_key[0] ? set->tls_key : NULL,
					.max_body_bytes = set->max_request_bytes,
					.max_connections = set->max_connections,
					.threads = set->http_threads,
					.idle_timeout_s = IDLE_TIMEOUT_S,
					.begin = suan_api_begin,
					.handle = suan_api_handle,
					.handled = suan_api_handled};
	enum suan_code rc;

	rc = suan_api_new(&v->api, &config, err);
	if (rc == SUAN_OK)
		rc = first_token(v, err);
	if (rc != SUAN_OK)
		return rc;
	suan_core_listen(v->core, suan_api_changed, v->api);
	http.ctx = v->api;
	return suan_http_server_start(&v->http, &http, err);
}

static bool loopback(const char *listen)
{
	size_t n = strcspn(listen, ":");

	/* Digits and dots only: 127.example.org is a name, and its owner says where it leads. */
	return (strncmp(listen, "127.", 4) == 0 && strspn(listen, "0123456789.") == n) ||
	       strncmp(listen, "[::1]:", 6) == 0 || strncmp(listen, "localhost:", 10) == 0;
}

static enum suan_code open_all(struct service *v, struct suan_err *err)
{
	enum suan_code rc;
	ssize_t n;

	n = readlink("/proc/self/exe", v->program, sizeof(v->program) - 1);
	v->program[n > 0 ? n : 0] = '\0';
	if (v->s->set.insecure_local && !loopback(v->s->set.listen))
		return suan_fail_field(
			err, SUAN_EINVAL, "listen",
			"--insecure-local serves loopback only, not %s; use tokens for that",
			v->s->set.listen);
	rc = suan_loop_new(&v->loop, err);
	if (rc == SUAN_OK)
		rc = suan_loop_signal(v->loop, SIGTERM, stop_signal, v);
	if (rc == SUAN_OK)
		rc = suan_loop_signal(v->loop, SIGINT, stop_signal, v);
	if (rc == SUAN_OK)
		rc = suan_loop_signal(v->loop, SIGHUP, reload_signal, v);
	if (rc == SUAN_OK)
		rc = suan_timer_new(&v->wake, v->loop, woken, v);
	if (rc == SUAN_OK)
		rc = open_core(v, err);
	if (rc == SUAN_OK)
		rc = open_sites(v, err);
	if (rc == SUAN_OK)
		rc = open_api(v, err);
	if (rc == SUAN_OK)
		rc = suan_teller_new(&v->teller, v->loop, v->core,
				     v->s->has_network ? v->s->set.network : NULL);
	if (rc == SUAN_OK)
		rc = suan_loop_after(v->loop, round_over, v);
	if (rc == SUAN_OK)
		suan_teller_tell(v->teller);
	return rc;
}

/* Whoever can be called is closed after everybody who calls it: requests reach the core, and the
 * core's last round orders the agents. */
static void close_all(struct service *v)
{
	struct suan_err err = {0};

	suan_api_stop(v->api);
	/* Answers what came before the stop, while there is still a connection to answer on. */
	if (v->core && suan_core_flush(v->core, suan_clock_now_ms(), &err) != SUAN_OK)
		suan_log(SUAN_LOG_ERROR, "cannot commit: %s", err.text);
	if (v->http)
		suan_http_server_stop(v->http);
	suan_core_close(v->core, suan_clock_now_ms());
	suan_teller_free(v->teller);
	v->core = NULL; /* what agents still report will be told again after the next start */
	for (uint32_t i = 0; i < v->nsites; i++) {
		suan_agent_close(v->sites[i].agent);
		free(v->sites[i].data);
	}
	suan_api_free(v->api);
	free(v->sites);
	suan_timer_free(v->wake);
	suan_loop_free(v->loop);
}

static int exit_code(const struct suan_err *err)
{
	return err->code == SUAN_EINVAL ? SUAN_EXIT_USAGE : SUAN_EXIT_FAILED;
}

int suan_serve(const struct suan_command *c, int argc, char **argv)
{
	struct suan_daemon_settings settings;
	struct service v = {.s = &settings};
	enum suan_log_level level = SUAN_LOG_INFO;
	struct suan_err err = {0};
	int rc = suan_daemon_settings(&settings, c, argc, argv);

	if (rc != SUAN_EXIT_OK)
		goto out;
	if (suan_daemon_check_data(&settings, &err) != SUAN_OK) {
		rc = suan_cli_usage(c, "%s", err.text);
		goto out;
	}
	(void)suan_log_parse_level(settings.set.log_level, &level);
	suan_log_setup(level, strcmp(settings.set.log_format, "json") == 0);
	signal(SIGPIPE, SIG_IGN);
	if (open_all(&v, &err) != SUAN_OK || !v.loop) {
		fprintf(stderr, "suan serve: %s\n", err.text);
		rc = exit_code(&err);
	} else {
		if (!settings.set.tls_cert[0] && !loopback(settings.set.listen))
			suan_log(SUAN_LOG_WARN,
				 "tokens and jobs travel in clear text: give --tls-cert "
				 "and --tls-key, or listen on loopback");
		suan_log(SUAN_LOG_INFO, "serving %s://%s, %u local sites",
			 settings.set.tls_cert[0] ? "https" : "http", settings.set.listen,
			 v.nsites);
		if (suan_loop_run(v.loop, &err) != SUAN_OK) {
			suan_log(SUAN_LOG_ERROR, "%s", err.text);
			rc = SUAN_EXIT_FAILED;
		}
	}
	close_all(&v);
out:
	suan_daemon_settings_done(&settings);
	return rc;
}
