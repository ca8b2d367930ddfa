#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/nearest.h"

void suan_args_init(struct suan_args *a, const struct suan_command *c, int argc, char **argv)
{
	*a = (struct suan_args){.command = c, .argc = argc, .argv = argv, .at = 1};
}

/* Exact name, or the only one that begins so. */
static const struct suan_option *find_long(const struct suan_command *c, const char *name, size_t n)
{
	const struct suan_option *found = NULL;

	for (const struct suan_option *o = c->options; o && o->name; o++) {
		if (strncmp(o->name, name, n) != 0)
			continue;
		if (o->name[n] == '\0')
			return o;
		if (found)
			return NULL;
		found = o;
	}
	return found;
}

static const struct suan_option *find_letter(const struct suan_command *c, char letter)
{
	for (const struct suan_option *o = c->options; o && o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* The closest name, or else one that begins alike; NULL: none is near. */
static const char *near_option(const struct suan_command *c, const char *typed)
{
	const struct suan_option *o;
	struct suan_nearest near;

	suan_nearest_init(&near, typed);
	for (o = c->options; o && o->name; o++)
		suan_nearest_try(&near, o->name);
	if (near.best)
		return near.best;
	for (o = c->options; o && o->name; o++)
		if (strncmp(o->name, typed, 2) == 0)
			return o->name;
	return NULL;
}

static int no_such(struct suan_args *a, const char *arg, size_t n)
{
	const char *near;
	char typed[64];

	snprintf(typed, sizeof(typed), "%.*s", (int)(n < sizeof(typed) ? n : sizeof(typed)), arg);
	near = near_option(a->command, typed);
	suan_cli_usage(a->command, "no option --%s%s%s%s", typed, near ? " (did you mean --" : "",
		       near ? near : "", near ? "?)" : "");
	return SUAN_ARG_BAD;
}

static int need_value(struct suan_args *a, const struct suan_option *o, const char **ret)
{
	if (a->at >= a->argc) {
		suan_cli_usage(a->command, "--%s needs a value: %s", o->name, o->value);
		return SUAN_ARG_BAD;
	}
	*ret = a->argv[a->at++];
	return SUAN_ARG_OPTION;
}

static int take_long(struct suan_args *a, const char *arg, const struct suan_option **ret_opt,
		     const char **ret_value)
{
	size_t n = strcspn(arg, "=");
	const struct suan_option *o = find_long(a->command, arg, n);

	if (!o)
		return no_such(a, arg, n);
	*ret_opt = o;
	*ret_value = NULL;
	if (!o->value && arg[n] == '=') {
		suan_cli_usage(a->command, "--%s takes no value", o->name);
		return SUAN_ARG_BAD;
	}
	if (!o->value)
		return SUAN_ARG_OPTION;
	if (arg[n] == '=') {
		*ret_value = arg + n + 1;
		return SUAN_ARG_OPTION;
	}
	return need_value(a, o, ret_value);
}

static int take_letter(struct suan_args *a, const struct suan_option **ret_opt,
		       const char **ret_value)
{
	const struct suan_option *o = find_letter(a->command, *a->cluster);

	if (!o) {
		suan_cli_usage(a->command, "no option -%c", *a->cluster);
		return SUAN_ARG_BAD;
	}
	*ret_opt = o;
	*ret_value = NULL;
	a->cluster++;
	if (!o->value) {
		if (!*a->cluster)
			a->cluster = NULL;
		return SUAN_ARG_OPTION;
	}
	if (*a->cluster) {
		*ret_value = a->cluster;
		a->cluster = NULL;
		return SUAN_ARG_OPTION;
	}
	a->cluster = NULL;
	return need_value(a, o, ret_value);
}

int suan_args_next(struct suan_args *a, const struct suan_option **ret_opt, const char **ret_value)
{
	const char *arg;

	if (a->cluster && *a->cluster)
		return take_letter(a, ret_opt, ret_value);
	if (a->at >= a->argc)
		return SUAN_ARG_END;
	arg = a->argv[a->at++];
	*ret_opt = NULL;
	*ret_value = arg;
	if (a->rest || arg[0] != '-' || !arg[1])
		return SUAN_ARG_OPERAND;
	if (strcmp(arg, "--") == 0) {
		a->rest = true;
		return suan_args_next(a, ret_opt, ret_value);
	}
	if (arg[1] == '-')
		return take_long(a, arg + 2, ret_opt, ret_value);
	a->cluster = arg + 1;
	return take_letter(a, ret_opt, ret_value);
}

int suan_cli_usage(const struct suan_command *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "suan %s: ", c->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry: suan %s --help\n", c->name);
	return SUAN_EXIT_USAGE;
}

int suan_cli_unknown(const char *name, const struct suan_command *const *const lists[])
{
	struct suan_nearest near;

	suan_nearest_init(&near, name);
	for (size_t i = 0; lists[i]; i++)
		for (size_t k = 0; lists[i][k]; k++)
			if (lists[i][k]->summary)
				suan_nearest_try(&near, lists[i][k]->name);
	fprintf(stderr, "suan: no such command \"%s\"%s%s%s; suan --help lists them\n", name,
		near.best ? " (did you mean " : "", near.best ? near.best : "",
		near.best ? "?)" : "");
	return SUAN_EXIT_USAGE;
}

void suan_cli_print_help(const struct suan_command *c)
{
	char left[64];

	printf("usage: %s\n\n%s\n", c->usage, c->summary ? c->summary : "");
	if (c->help)
		printf("\n%s\n", c->help);
	if (c->options && c->options->name)
		printf("\noptions:\n");
	for (const struct suan_option *o = c->options; o && o->name; o++) {
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		printf("  %-28s %s\n", left, o->help);
	}
	if (c->more)
		c->more();
}

/* A word as a shell takes it. */
static void add_word(struct suan_buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_=+.,:/@%";

	if (word[0] && !word[strspn(word, plain)]) {
		suan_buf_adds(out, word);
		return;
	}
	suan_buf_addc(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			suan_buf_adds(out, "'\\'");
		suan_buf_addc(out, *word);
	}
	suan_buf_addc(out, '\'');
}

void suan_cli_add_command(const char *const *words, int n, struct suan_buf *out)
{
	suan_buf_adds(out, "suan");
	for (int i = 0; i < n; i++) {
		suan_buf_addc(out, ' ');
		add_word(out, words[i]);
	}
}
