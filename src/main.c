/* suan: one binary, many subcommands. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "daemon/daemon.h"

static const struct suan_command *find(const struct suan_command *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp((*list)->name, name) == 0)
			return *list;
	return NULL;
}

static void print_list(const struct suan_command *const *list)
{
	for (; *list; list++)
		if ((*list)->summary)
			printf("  %-10s %s\n", (*list)->name, (*list)->summary);
}

static int print_usage(void)
{
	printf("suan: many compute centres, used as one\n\n"
	       "usage: suan COMMAND [OPTION]…\n\n"
	       "work:\n");
	print_list(suan_cli_commands);
	printf("\nservice:\n");
	print_list(suan_daemon_commands);
	printf("\nsuan COMMAND --help tells more; man suan tells all. The server is found by "
	       "SUAN_SERVER\n"
	       "(default http://127.0.0.1:7070), the token by SUAN_TOKEN.\n");
	return SUAN_EXIT_OK;
}

static int unknown(const char *name)
{
	const struct suan_command *const *const lists[] = {suan_cli_commands, suan_daemon_commands,
							   NULL};

	return suan_cli_unknown(name, lists);
}

/* What could not be printed was not done: an id on a full disk is lost. */
static int finish(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	if (errno != EPIPE)
		fprintf(stderr, "suan: cannot write the output: %s\n", strerror(errno));
	return rc ? rc : SUAN_EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	const struct suan_command *c;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_usage();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("suan %s\n", SUAN_VERSION);
		return SUAN_EXIT_OK;
	}
	if (strcmp(argv[1], "help") == 0 && argc < 3)
		return print_usage();
	if (strcmp(argv[1], "help") == 0) {
		c = find(suan_cli_commands, argv[2]);
		c = c ? c : find(suan_daemon_commands, argv[2]);
		if (!c)
			return unknown(argv[2]);
		suan_cli_print_help(c);
		return SUAN_EXIT_OK;
	}
	c = find(suan_cli_commands, argv[1]);
	c = c ? c : find(suan_daemon_commands, argv[1]);
	return c ? c->run(argc - 1, argv + 1) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	return finish(run(argc, argv));
}
