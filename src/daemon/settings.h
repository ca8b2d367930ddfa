/* Settings of `suan serve` from file and command line, with the network they name. */
#ifndef SUAN_DAEMON_SETTINGS_H
#define SUAN_DAEMON_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/cli.h"
#include "wire/network.h"

struct suan_daemon_settings {
	struct suan_arena arena; /* owns all strings */
	struct suan_settings set;
	struct suan_network net;
	bool has_network;
	const char *config; /* the file of settings; NULL: none */
	/* The command line they are from; borrowed. */
	const struct suan_command *command;
	int argc;
	char **argv;
};

/* The options that `suan serve` and `suan config check` share. */
extern const struct suan_option suan_daemon_options[];

/* Reads --config first, then lets the other options win, then reads the network file. Returns
 * SUAN_EXIT_OK or the exit code, after printing what is wrong. */
int suan_daemon_settings(struct suan_daemon_settings *s, const struct suan_command *c, int argc,
			 char **argv);
/* The file of settings as it is now, with the same options on the command line, into a fresh *ret
 * (suan_daemon_settings_done); the network file is not read. ENOTFOUND …: the file cannot be read;
 * EINVAL: what is wrong and where. */
SUAN_MUSTUSE enum suan_code suan_daemon_settings_again(const struct suan_daemon_settings *was,
						       struct suan_daemon_settings *ret,
						       struct suan_err *err);
/* A data folder is named, or nothing needs one: the store is memory, there are no tokens to hand
 * out and no site keeps the files of runs. EINVAL: err says what needs it. */
SUAN_MUSTUSE enum suan_code suan_daemon_check_data(const struct suan_daemon_settings *s,
						   struct suan_err *err);
void suan_daemon_settings_done(struct suan_daemon_settings *s);

#endif
