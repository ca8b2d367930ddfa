/* The command line: one const struct per subcommand, beside its function (as in tmux). Front door
 * of src/cli. */
#ifndef SUAN_CLI_CLI_H
#define SUAN_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "engine/model.h"

/* Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 refused by policy, 5 unreachable. */
enum suan_exit {
	SUAN_EXIT_OK,
	SUAN_EXIT_FAILED,
	SUAN_EXIT_USAGE,
	SUAN_EXIT_NOTFOUND,
	SUAN_EXIT_REFUSED,
	SUAN_EXIT_UNREACHABLE
};

struct suan_option {
	const char *name;  /* long, without dashes; NULL ends the table */
	char letter;	   /* 0 = none */
	const char *value; /* name of its argument for the help, NULL = a switch */
	const char *help;
};

struct suan_command {
	const char *name;
	const char *usage;   /* "suan list [OPTION]… [JOB]…" */
	const char *summary; /* one line */
	const char *help;    /* further paragraphs, may be NULL */
	const struct suan_option *options;
	void (*more)(void);		   /* prints further options for the help, may be NULL */
	int (*run)(int argc, char **argv); /* argv[0] = command; returns an exit code */
};

/* All client commands, NULL-terminated. */
extern const struct suan_command *const suan_cli_commands[];

/* Help of one command on stdout. */
void suan_cli_print_help(const struct suan_command *c);
/* "suan list: no such option --foo (did you mean --format?)" on stderr; returns SUAN_EXIT_USAGE. */
int suan_cli_usage(const struct suan_command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Policies by name, with commas, into ret (up to most). Returns an exit code; what is wrong is told
 * as by suan_cli_usage. */
int suan_cli_policies(const struct suan_command *c, const char *list, enum suan_policy_kind *ret,
		      uint32_t most, uint32_t *ret_n);

/* Adds "suan WORD WORD…" as a shell takes it. */
void suan_cli_add_command(const char *const *words, int n, struct suan_buf *out);

/* "suan: no such command "lst" (did you mean list?)" on stderr, for a name that is in none of the
 * lists (each and all of them ended by NULL); returns SUAN_EXIT_USAGE. */
int suan_cli_unknown(const char *name, const struct suan_command *const *const lists[]);

/* One parsed option or operand at a time; handles --opt=v, --opt v, -ov, -o v, --, and permutes
 * nothing: parsing goes on behind operands. `--help` is answered by the caller of the loop. */
struct suan_args {
	const struct suan_command *command;
	int argc, at;
	char **argv;
	const char *cluster; /* rest of "-abc" */
	bool rest;	     /* behind "--" */
};
enum {
	SUAN_ARG_END,
	SUAN_ARG_OPTION,
	SUAN_ARG_OPERAND,
	SUAN_ARG_BAD
};
void suan_args_init(struct suan_args *a, const struct suan_command *c, int argc, char **argv);
/* On SUAN_ARG_OPTION *ret_opt and *ret_value (NULL for switches); on OPERAND *ret_value. BAD: an
 * error was printed. */
int suan_args_next(struct suan_args *a, const struct suan_option **ret_opt, const char **ret_value);

#endif
