#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "wire/json.h"

/* Adds one byte that may not stand in a string as it is. */
static void escape(struct suan_buf *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4 & 15], hex[c & 15]};
	const char *at = c ? strchr(from, c) : NULL;

	if (!at) {
		suan_buf_add(out, text, sizeof(text));
		return;
	}
	text[1] = to[at - from];
	suan_buf_add(out, text, 2);
}

void suan_json_quote(struct suan_buf *out, const char *s, size_t n)
{
	size_t done = 0, i = 0;
	uint32_t c;

	suan_buf_addc(out, '"');
	while (i < n) {
		unsigned char b = (unsigned char)s[i];
		size_t step = 1;

		if (b >= 0x80)
			step = suan_utf8_next(s + i, n - i, &c);
		if (step && b >= 0x20 && b != '"' && b != '\\' && b != 0x7f) {
			i += step;
			continue;
		}
		suan_buf_add(out, s + done, i - done);
		if (step)
			escape(out, b);
		else
			suan_buf_adds(out, "\xef\xbf\xbd");
		done = ++i;
	}
	suan_buf_add(out, s + done, n - done);
	suan_buf_addc(out, '"');
}

static void begin(struct suan_jsonw *w, const char *name)
{
	if (w->comma)
		suan_buf_addc(w->out, ',');
	w->comma = true;
	if (!name)
		return;
	suan_json_quote(w->out, name, strlen(name));
	suan_buf_addc(w->out, ':');
}

void suan_jsonw_init(struct suan_jsonw *w, struct suan_buf *out)
{
	w->out = out;
	w->comma = false;
}

void suan_jsonw_open(struct suan_jsonw *w, const char *name, char bracket)
{
	assert(bracket == '{' || bracket == '[');
	begin(w, name);
	suan_buf_addc(w->out, bracket);
	w->comma = false;
}

void suan_jsonw_close(struct suan_jsonw *w, char bracket)
{
	assert(bracket == '}' || bracket == ']');
	suan_buf_addc(w->out, bracket);
	w->comma = true;
}

void suan_jsonw_str(struct suan_jsonw *w, const char *name, const char *value)
{
	begin(w, name);
	if (value)
		suan_json_quote(w->out, value, strlen(value));
	else
		suan_buf_adds(w->out, "null");
}

void suan_jsonw_i64(struct suan_jsonw *w, const char *name, int64_t value)
{
	begin(w, name);
	suan_buf_add_i64(w->out, value);
}

void suan_jsonw_fixed(struct suan_jsonw *w, const char *name, int64_t value, unsigned digits)
{
	uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char decimals[20];
	unsigned n = digits;

	assert(digits <= 18);
	begin(w, name);
	if (value < 0)
		suan_buf_addc(w->out, '-');
	for (unsigned i = digits; i > 0; i--) {
		decimals[i - 1] = (char)('0' + v % 10);
		v /= 10;
	}
	while (n > 0 && decimals[n - 1] == '0')
		n--;
	suan_buf_add_u64(w->out, v);
	if (n == 0)
		return;
	suan_buf_addc(w->out, '.');
	suan_buf_add(w->out, decimals, n);
}

void suan_jsonw_bool(struct suan_jsonw *w, const char *name, bool value)
{
	begin(w, name);
	suan_buf_adds(w->out, value ? "true" : "false");
}

void suan_jsonw_null(struct suan_jsonw *w, const char *name)
{
	begin(w, name);
	suan_buf_adds(w->out, "null");
}

void suan_jsonw_time(struct suan_jsonw *w, const char *name, int64_t ms)
{
	char text[32];

	if (ms == 0) {
		suan_jsonw_null(w, name);
		return;
	}
	suan_format_time(ms, text);
	suan_jsonw_str(w, name, text);
}

void suan_jsonw_raw(struct suan_jsonw *w, const char *name, const char *json, size_t n)
{
	begin(w, name);
	suan_buf_add(w->out, json, n);
}
