#include "daemon/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sys/fs.h"
#include "sys/log.h"

#define CONFIG_LIMIT (64u << 20)

const struct suan_option suan_daemon_options[] = {
	{"config", 'f', "FILE", "read settings from FILE, see suan.yaml(5)"},
	{"data", 'd', "DIR", "folder for the log, the lock and the runs of local sites"},
	{"network", 'n', "FILE", "network file, see suan-network(5)"},
	{"listen", 'l', "HOST:PORT", "address to serve HTTP on (127.0.0.1:7070)"},
	{"store", 0, "NAME", "where state is kept: sqlite (default) or memory (lost at exit)"},
	{"policy", 0, "NAME", "suan (default), easy, fcfs, conservative, sjf, ljf, f1, wfp3"},
	{"insecure-local", 0, NULL, "no tokens; listens on loopback only"},
	{"tls-cert", 0, "FILE", "serve HTTPS with this certificate chain (PEM)"},
	{"tls-key", 0, "FILE", "private key of the certificate (PEM)"},
	{"log-level", 0, "LEVEL", "debug, info (default), warn or error"},
	{"log-format", 0, "FORMAT", "text (default) or json"},
	{"help", 'h', NULL, "show this help"},
	{NULL, 0, NULL, NULL},
};

static int complain(const struct suan_command *c, const struct suan_err *err)
{
	bool named = !err->field[0] || strstr(err->text, err->field);

	fprintf(stderr, "suan %s: %s%s%s\n", c->name, named ? "" : err->field, named ? "" : ": ",
		err->text);
	return err->code == SUAN_EINVAL ? SUAN_EXIT_USAGE : SUAN_EXIT_FAILED;
}

static enum suan_code read_text(const char *path, struct suan_buf *out, struct suan_err *err)
{
	suan_buf_init(out, CONFIG_LIMIT);
	return suan_fs_read(path, out, err);
}

static enum suan_code read_config(struct suan_daemon_settings *s, const char *path,
				  struct suan_err *err)
{
	struct suan_buf text;
	enum suan_code rc = read_text(path, &text, err);

	if (rc == SUAN_OK)
		rc = suan_settings_parse(suan_buf_str(&text), text.len, path, &s->arena, &s->set,
					 err);
	suan_buf_done(&text);
	if (rc == SUAN_OK)
		s->config = path;
	return rc;
}

static int read_network(struct suan_daemon_settings *s, const struct suan_command *c)
{
	struct suan_err err = {0};
	struct suan_buf text;
	enum suan_code rc;

	if (!s->set.network || !s->set.network[0])
		return SUAN_EXIT_OK;
	rc = read_text(s->set.network, &text, &err);
	if (rc == SUAN_OK)
		rc = suan_network_parse(suan_buf_str(&text), text.len, s->set.network, &s->arena,
					&s->net, &err);
	suan_buf_done(&text);
	s->has_network = rc == SUAN_OK;
	return rc == SUAN_OK ? SUAN_EXIT_OK : complain(c, &err);
}

static bool set_policy(struct suan_daemon_settings *s, const char *name)
{
	for (int k = 0; k < SUAN_NPOLICIES; k++) {
		if (strcmp(name, suan_policy_name((enum suan_policy_kind)k)) == 0) {
			s->set.policy.kind = (enum suan_policy_kind)k;
			return true;
		}
	}
	return false;
}

/* One option; false: its value is wrong. */
static bool apply(struct suan_daemon_settings *s, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		{"data", &s->set.data},		  {"network", &s->set.network},
		{"listen", &s->set.listen},	  {"store", &s->set.store},
		{"tls-cert", &s->set.tls_cert},	  {"tls-key", &s->set.tls_key},
		{"log-level", &s->set.log_level}, {"log-format", &s->set.log_format},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].to = value;
			return true;
		}
	}
	if (strcmp(name, "insecure-local") == 0)
		return s->set.insecure_local = true;
	if (strcmp(name, "policy") == 0)
		return set_policy(s, value);
	return true;
}

/* Pass 0 reads --config only, pass 1 everything else, so that options win wherever they stand. */
static int read_options(struct suan_daemon_settings *s, const struct suan_command *c, int argc,
			char **argv)
{
	for (int pass = 0; pass < 2; pass++) {
		const struct suan_option *opt;
		const char *value;
		struct suan_err err = {0};
		struct suan_args a;
		int kind;

		suan_args_init(&a, c, argc, argv);
		while ((kind = suan_args_next(&a, &opt, &value)) != SUAN_ARG_END) {
			if (kind == SUAN_ARG_BAD)
				return SUAN_EXIT_USAGE;
			if (kind == SUAN_ARG_OPERAND)
				return suan_cli_usage(c, "unexpected argument \"%s\"", value);
			if (strcmp(opt->name, "help") == 0) {
				suan_cli_print_help(c);
				exit(SUAN_EXIT_OK);
			}
			if (pass == 0 && strcmp(opt->name, "config") == 0 &&
			    read_config(s, value, &err) != SUAN_OK)
				return complain(c, &err);
			if (pass == 1 && !apply(s, opt->name, value))
				return suan_cli_usage(
					c, "--%s: \"%s\" is not known; see suan %s --help",
					opt->name, value, c->name);
		}
	}
	return SUAN_EXIT_OK;
}

/* Runs have folders of their own below it, so it must not depend on where the server stands. */
static bool make_absolute(struct suan_daemon_settings *s)
{
	char *path;

	if (!s->set.data[0])
		return true;
	path = suan_fs_absolute(s->set.data);
	s->set.data = path ? suan_arena_str(&s->arena, path) : NULL;
	free(path);
	return s->set.data != NULL;
}

static int check(struct suan_daemon_settings *s, const struct suan_command *c)
{
	enum suan_log_level level;

	if (!suan_log_parse_level(s->set.log_level, &level))
		return suan_cli_usage(c, "log level \"%s\": expected debug, info, warn or error",
				      s->set.log_level);
	if (strcmp(s->set.log_format, "text") != 0 && strcmp(s->set.log_format, "json") != 0)
		return suan_cli_usage(c, "log format \"%s\": expected text or json",
				      s->set.log_format);
	if (!s->set.tls_cert[0] != !s->set.tls_key[0])
		return suan_cli_usage(c, "--tls-cert and --tls-key go together");
	return SUAN_EXIT_OK;
}

static int check_home(const struct suan_daemon_settings *s, const struct suan_command *c)
{
	bool known = !s->set.home[0] || !s->has_network;

	for (uint32_t i = 0; !known && i < s->net.nsites; i++)
		known = strcmp(s->net.sites[i].name, s->set.home) == 0;
	if (known)
		return SUAN_EXIT_OK;
	return suan_cli_usage(c,
			      "home: found \"%s\", expected the name of a site of the network",
			      s->set.home);
}

int suan_daemon_settings(struct suan_daemon_settings *s, const struct suan_command *c, int argc,
			 char **argv)
{
	int rc;

	memset(s, 0, sizeof(*s));
	suan_arena_init(&s->arena, 0);
	suan_settings_init(&s->set);
	s->command = c;
	s->argc = argc;
	s->argv = argv;
	rc = read_options(s, c, argc, argv);
	if (rc == SUAN_EXIT_OK && !make_absolute(s))
		rc = SUAN_EXIT_FAILED;
	if (rc == SUAN_EXIT_OK)
		rc = check(s, c);
	if (rc == SUAN_EXIT_OK)
		rc = read_network(s, c);
	return rc == SUAN_EXIT_OK ? check_home(s, c) : rc;
}

/* The command line is one that was taken before. */
static void apply_again(struct suan_daemon_settings *s)
{
	const struct suan_option *opt;
	const char *value;
	struct suan_args a;

	suan_args_init(&a, s->command, s->argc, s->argv);
	while (suan_args_next(&a, &opt, &value) == SUAN_ARG_OPTION)
		(void)apply(s, opt->name, value);
}

enum suan_code suan_daemon_settings_again(const struct suan_daemon_settings *was,
					  struct suan_daemon_settings *ret, struct suan_err *err)
{
	enum suan_code rc;

	*ret = (struct suan_daemon_settings){
		.command = was->command, .argc = was->argc, .argv = was->argv};
	suan_arena_init(&ret->arena, 0);
	suan_settings_init(&ret->set);
	if (!was->config)
		return suan_fail(err, SUAN_ENOTFOUND,
				 "the service was started without --config");
	rc = read_config(ret, was->config, err);
	if (rc != SUAN_OK)
		return rc;
	apply_again(ret);
	return make_absolute(ret) ? SUAN_OK : suan_fail(err, SUAN_ENOMEM, "out of memory");
}

enum suan_code suan_daemon_check_data(const struct suan_daemon_settings *s, struct suan_err *err)
{
	if (s->set.data[0])
		return SUAN_OK;
	if (strcmp(s->set.store, "memory") != 0)
		return suan_fail_field(err, SUAN_EINVAL, "data",
				       "--data DIR is needed: where state is kept");
	if (!s->set.insecure_local)
		return suan_fail_field(err, SUAN_EINVAL, "data",
				       "--data DIR is needed: the administrator's token is written "
				       "there; with --insecure-local there are no tokens");
	for (uint32_t i = 0; s->has_network && i < s->net.nsites; i++)
		if (s->net.sites[i].driver[0])
			return suan_fail_field(err, SUAN_EINVAL, "data",
					       "--data DIR is needed: site %s runs jobs, whose "
					       "files are kept there",
					       s->net.sites[i].name);
	return SUAN_OK;
}

void suan_daemon_settings_done(struct suan_daemon_settings *s)
{
	suan_arena_done(&s->arena);
}
