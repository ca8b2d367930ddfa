/* Shell scripts with #SBATCH and #SUAN lines. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "wire/job.h"
#include "wire/job_value.h"

#define MOST_SCRIPT (4u << 20)

struct script {
	struct suan_job_doc *doc;
	struct suan_arena *arena;
	struct suan_buf *warnings;
	struct suan_err *err;
	int64_t now_ms;
	unsigned line;
	bool sbatch;	/* the line is sbatch's */
};

/* One word of a line, and whether the line has ended instead. */
enum word { WORD, LINE_END, BAD_WORD };

static enum suan_code fail(const struct script *s, const char *text)
{
	return suan_fail(s->err, SUAN_EINVAL, "line %u: %s", s->line, text);
}

/* ---- words ---- */

/* Copies what stands in quotes of the kind at *p; NULL: they do not end. */
static const char *take_quoted(const char *p, const char *end, char **to)
{
	char quote = *p++;

	for (; p < end && *p != quote; p++) {
		if (quote == '"' && *p == '\\' && p + 1 < end && strchr("\"\\$`", p[1]))
			p++;
		*(*to)++ = *p;
	}
	return p < end ? p + 1 : NULL;
}

/* Takes the next word of the line, without its quotes. A "#" where a word begins ends the line. */
static enum word take_word(const char **at, const char *end, char *to)
{
	const char *p = *at;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	*at = p;
	if (p == end || *p == '#')
		return LINE_END;
	while (p && p < end && *p != ' ' && *p != '\t' && *p != '\r') {
		if (*p == '"' || *p == '\'')
			p = take_quoted(p, end, &to);
		else if (*p == '\\' && p + 1 < end)
			*to++ = p[1], p += 2;
		else
			*to++ = *p++;
	}
	*to = '\0';
	if (!p)
		return BAD_WORD;
	*at = p;
	return WORD;
}

/* ---- options ---- */

static enum suan_code apply(const struct script *s, const struct suan_job_field *f, bool sbatch,
			    const char *shown, const char *value)
{
	enum suan_code rc;

	if (f->ignored) {
		if (s->warnings)
			suan_buf_addf(s->warnings, "line %u: %s is ignored: %s\n", s->line, shown,
				      f->help);
		return SUAN_OK;
	}
	rc = suan_job_set(s->doc, f, &(struct suan_job_text){value, sbatch, s->now_ms, s->arena},
			  s->err);
	if (rc != SUAN_OK)
		suan_err_prefix(s->err, "line %u: %s", s->line, shown);
	return rc;
}

/* The value of an option that needs one: the next word. */
static const char *next_value(const struct script *s, const char **at, const char *end,
			      const char *shown)
{
	char *value = suan_arena_alloc(s->arena, (size_t)(end - *at) + 1);
	enum word w = value ? take_word(at, end, value) : BAD_WORD;

	if (w == WORD)
		return value;
	if (!value)
		(void)suan_fail(s->err, SUAN_ENOMEM, "out of memory");
	else if (w == BAD_WORD)
		(void)fail(s, "expected a closing quote, found the end of the line");
	else
		(void)suan_fail(s->err, SUAN_EINVAL,
				"line %u: %s: expected a value, found the end of the line",
				s->line, shown);
	return NULL;
}

static enum suan_code code_of(const struct script *s)
{
	return s->err && s->err->code ? s->err->code : SUAN_EINVAL;
}

static enum suan_code take_long(const struct script *s, char *word, const char **at,
				const char *end)
{
	char *equal = strchr(word, '=');
	const char *value = NULL;
	const struct suan_job_field *f;
	bool sbatch = true;

	if (equal) {
		*equal = '\0';
		value = equal + 1;
	}
	f = s->sbatch ? suan_job_sbatch_option(word + 2, s->err)
		      : suan_job_option(word + 2, &sbatch, s->err);
	if (!f) {
		suan_err_prefix(s->err, "line %u", s->line);
		return code_of(s);
	}
	if (!value && f->type != SUAN_F_BOOL) {
		value = next_value(s, at, end, word);
		if (!value)
			return code_of(s);
	}
	return apply(s, f, sbatch, word, value);
}

/* "-c1", "-c 1", "-Hc1". */
static enum suan_code take_short(const struct script *s, const char *word, const char **at,
				 const char *end)
{
	for (const char *p = word + 1; *p; p++) {
		const struct suan_job_field *f = suan_job_letter(*p);
		char shown[3] = {'-', *p, '\0'};
		const char *value = p + 1;
		enum suan_code rc;

		if (!f)
			return suan_fail_field(s->err, SUAN_EINVAL, shown,
					       "line %u: sbatch: invalid option -- '%c'", s->line,
					       *p);
		if (f->type == SUAN_F_BOOL) {
			rc = apply(s, f, true, shown, NULL);
			if (rc != SUAN_OK)
				return rc;
			continue;
		}
		if (!*value)
			value = next_value(s, at, end, shown);
		return value ? apply(s, f, true, shown, value) : code_of(s);
	}
	return SUAN_OK;
}

/* The options of one line. */
static enum suan_code take_options(const struct script *s, const char *p, const char *end)
{
	char *word = suan_arena_alloc(s->arena, (size_t)(end - p) + 1);
	enum suan_code rc = SUAN_OK;

	if (!word)
		return suan_fail(s->err, SUAN_ENOMEM, "out of memory");
	while (rc == SUAN_OK) {
		enum word w = take_word(&p, end, word);

		if (w == LINE_END)
			break;
		if (w == BAD_WORD)
			rc = fail(s, "expected a closing quote, found the end of the line");
		else if (strncmp(word, "--", 2) == 0 && word[2])
			rc = take_long(s, word, &p, end);
		else if (word[0] == '-' && word[1] && word[1] != '-')
			rc = take_short(s, word, &p, end);
		else
			rc = suan_fail(s->err, SUAN_EINVAL,
				       "line %u: expected an option such as --time=10, found "
				       "\"%.60s\"",
				       s->line, word);
	}
	return rc;
}

/* ---- lines ---- */

static bool begins(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) > n && memcmp(p, word, n) == 0 &&
	       (p[n] == ' ' || p[n] == '\t');
}

/* A line of the script's head; *ret_more = false: the first command. */
static enum suan_code take_line(struct script *s, const char *p, const char *end, bool *ret_more)
{
	const char *q = p;

	*ret_more = true;
	if (begins(p, end, "#SBATCH")) {
		s->sbatch = true;
		return take_options(s, p + 7, end);
	}
	if (begins(p, end, "#SUAN")) {
		s->sbatch = false;
		return take_options(s, p + 5, end);
	}
	while (q < end && (*q == ' ' || *q == '\t' || *q == '\r'))
		q++;
	*ret_more = q == end || *q == '#';
	return SUAN_OK;
}

static enum suan_code take_lines(struct script *s, const char *text)
{
	const char *p = text;
	bool more = true;

	for (s->line = 1; *p && more; s->line++) {
		size_t n = strcspn(p, "\n");
		enum suan_code rc = take_line(s, p, p + n, &more);

		if (rc != SUAN_OK)
			return rc;
		p += n + (p[n] == '\n');
	}
	return SUAN_OK;
}

/* The whole text, commands too: JSON could not carry other bytes unchanged. */
static enum suan_code check_utf8(struct script *s, const char *p)
{
	for (; *p; s->line++) {
		size_t n = strcspn(p, "\n");

		if (!suan_utf8_valid(p, n))
			return fail(s, "expected UTF-8, found other bytes");
		p += n + (p[n] == '\n');
	}
	s->line = 1;
	return SUAN_OK;
}

/* A copy without byte order mark and with LF for CRLF; NULL: out of memory. */
static char *clean_copy(const char *text, size_t n, struct suan_arena *arena)
{
	char *copy = suan_arena_alloc(arena, n + 1);
	char *to = copy;
	size_t i = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	for (; copy && i < n; i++)
		if (text[i] != '\r' || i + 1 == n || text[i + 1] != '\n')
			*to++ = text[i];
	return copy;
}

enum suan_code suan_job_from_script(const char *text, size_t n, int64_t now_ms,
				    struct suan_arena *arena, struct suan_job_doc *doc,
				    struct suan_err *err)
{
	struct suan_err own = {0};
	struct script s = {.doc = doc, .arena = arena, .warnings = doc->warnings,
			   .err = err ? err : &own, .now_ms = now_ms, .line = 1};
	enum suan_code rc;
	char *copy;

	if (n > MOST_SCRIPT)
		return suan_fail(s.err, SUAN_ETOOBIG, "a script may have %u bytes, found %zu",
				 MOST_SCRIPT, n);
	if (memchr(text, '\0', n))
		return suan_fail(s.err, SUAN_EINVAL, "expected a script, found a NUL byte");
	copy = clean_copy(text, n, arena);
	if (!copy)
		return suan_fail(s.err, SUAN_ENOMEM, "out of memory");
	if (strncmp(copy, "#!", 2) != 0)
		return suan_fail(s.err, SUAN_EINVAL,
				 "line 1: expected \"#!\" at the start of the script, such as "
				 "\"#!/bin/sh\", found \"%.20s\"",
				 copy);
	rc = check_utf8(&s, copy);
	if (rc == SUAN_OK)
		rc = take_lines(&s, copy);
	if (rc != SUAN_OK)
		return rc;
	doc->run.script = copy;
	suan_job_mark_given(doc, suan_job_field_named("script"));
	return SUAN_OK;
}
