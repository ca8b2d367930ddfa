/* The part of `suan signals` that reads a network file. */
#ifndef SUAN_CLI_SIGNALS_FILE_H
#define SUAN_CLI_SIGNALS_FILE_H

#include <stdbool.h>

struct suan_signals_shown {
	const char *network, *format; /* format NULL: the usual columns */
	bool no_header, json;
};

/* Prints a row for each series of the file; returns an exit code. */
int suan_cli_signals_of_file(const struct suan_signals_shown *shown);

#endif
