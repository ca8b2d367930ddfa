#include "cli/pieces.h"

#include <stdio.h>
#include <string.h>

#include "wire/json.h"

#define PIECE (1u << 20)

void suan_pieces_done(struct suan_pieces *p)
{
	suan_buf_done(&p->held);
}

/* Bytes at the end that begin a character without finishing it, at most three. */
static size_t unfinished(const char *s, size_t n)
{
	for (size_t k = 1; k <= 3 && k <= n; k++) {
		unsigned char b = (unsigned char)s[n - k];

		if (b >= 0xc0)
			return k < (b < 0xe0 ? 2u : b < 0xf0 ? 3u : 4u) ? k : 0;
		if (b < 0x80)
			return 0;
	}
	return 0;
}

static bool print(struct suan_pieces *p, size_t n)
{
	const char *text = suan_buf_str(&p->held);
	struct suan_err err = {0};
	struct suan_buf out, quoted;
	struct suan_jsonw w;
	bool good;

	suan_buf_init(&out, 0);
	suan_buf_init(&quoted, 0);
	suan_json_quote(&quoted, text, n);
	suan_jsonw_init(&w, &out);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_str(&w, "id", p->id);
	suan_jsonw_str(&w, "stream", p->stream);
	suan_jsonw_i64(&w, "offset", p->offset);
	suan_jsonw_i64(&w, "next", p->offset + (long long)n);
	suan_jsonw_raw(&w, "text", suan_buf_str(&quoted), quoted.len);
	suan_jsonw_close(&w, '}');
	suan_buf_addc(&out, '\n');
	good = suan_buf_ok(&quoted, &err) == SUAN_OK && suan_buf_ok(&out, &err) == SUAN_OK &&
	       fwrite(suan_buf_str(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	suan_buf_done(&quoted);
	suan_buf_done(&out);
	p->written = true;
	p->offset += (long long)n;
	return good;
}

bool suan_pieces_flush(struct suan_pieces *p)
{
	size_t keep = unfinished(suan_buf_str(&p->held), p->held.len), n = p->held.len - keep;
	char rest[4] = "";

	if (n == 0)
		return true;
	memcpy(rest, suan_buf_str(&p->held) + n, keep);
	if (!print(p, n))
		return false;
	suan_buf_reset(&p->held);
	return suan_buf_add(&p->held, rest, keep);
}

bool suan_pieces_add(struct suan_pieces *p, const char *bytes, size_t n)
{
	return suan_buf_add(&p->held, bytes, n) && (p->held.len < PIECE || suan_pieces_flush(p));
}

bool suan_pieces_end(struct suan_pieces *p)
{
	bool good = true;

	if (p->held.len || !p->written)
		good = print(p, p->held.len);
	suan_buf_reset(&p->held);
	return good;
}
