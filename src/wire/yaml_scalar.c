#include "wire/yaml_scalar.h"

#include <string.h>

#include "wire/json.h"

/* ---- text ---- */

/* Bytes of the line break at p: 1, 2, or 0 for none. */
static size_t break_length(const char *p, const char *end)
{
	if (p == end || (*p != '\n' && *p != '\r'))
		return 0;
	return *p == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Steps over the line breaks at p and the blanks around them: one is a space, more are one break
 * less (YAML 1.2, 7.3: flow folding). */
static const char *fold(const char *p, const char *end, struct suan_buf *out)
{
	unsigned breaks = 0;
	size_t n;

	while ((n = break_length(p, end)) > 0) {
		breaks++;
		p += n;
		while (p < end && is_blank(*p))
			p++;
	}
	if (breaks == 1)
		suan_buf_addc(out, ' ');
	for (; breaks > 1; breaks--)
		suan_buf_addc(out, '\n');
	return p;
}

/* What stands between single quotes. By hand, since libfyaml 0.7.12 makes three quotes of ''''. */
static void single_quoted(const char *p, const char *end, struct suan_buf *out)
{
	size_t solid = out->len; /* blanks behind this vanish before a line break */

	while (p < end) {
		if (break_length(p, end)) {
			suan_buf_cut(out, solid);
			p = fold(p, end, out);
			solid = out->len;
			continue;
		}
		suan_buf_addc(out, *p);
		if (!is_blank(*p))
			solid = out->len;
		p += *p == '\'' && p + 1 < end ? 2 : 1;
	}
}

/* In libfyaml 0.7.12 fy_token_get_text leaks memory on scalars of many pieces, and
 * fy_token_iter_read returns wrong bytes. */
static bool pieces(struct fy_token *token, struct suan_buf *out)
{
	struct fy_token_iter *iter = fy_token_iter_create(token);
	const struct fy_iter_chunk *chunk = NULL;
	int failed = 0;

	if (!iter)
		return false;
	while ((chunk = fy_token_iter_chunk_next(iter, chunk, &failed)) != NULL)
		suan_buf_add(out, chunk->str, chunk->len);
	fy_token_iter_destroy(iter);
	return !failed;
}

bool suan_yaml_scalar_text(struct fy_token *token, const char *input, struct suan_buf *out)
{
	const struct fy_mark *from, *to;

	if (!token)
		return true;
	if (fy_token_scalar_style(token) != FYSS_SINGLE_QUOTED)
		return pieces(token, out) && suan_buf_ok(out, NULL) == SUAN_OK;
	from = fy_token_start_mark(token);
	to = fy_token_end_mark(token);
	if (!from || !to)
		return false;
	single_quoted(input + from->input_pos, input + to->input_pos, out);
	return suan_buf_ok(out, NULL) == SUAN_OK;
}

/* ---- meaning ---- */

static bool is_word(const char *s, size_t n, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
			return true;
	return false;
}

void suan_yaml_scalar_plain(const char *s, size_t n, struct suan_buf *out)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const yes[] = {"true", "True", "TRUE", NULL};
	static const char *const no[] = {"false", "False", "FALSE", NULL};

	if (is_word(s, n, nulls))
		suan_buf_adds(out, "null");
	else if (is_word(s, n, yes))
		suan_buf_adds(out, "true");
	else if (is_word(s, n, no))
		suan_buf_adds(out, "false");
	else if (suan_json_is_number(s, n))
		suan_buf_add(out, s, n);
	else
		suan_json_quote(out, s, n);
}
