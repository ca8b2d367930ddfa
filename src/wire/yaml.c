#include "wire/yaml.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "wire/yaml_depth.h"
#include "wire/yaml_scalar.h"

#define MOST_OUTPUT  (64u << 20) /* bytes that aliases may expand to */
#define MOST_ANCHORS 1000
#define TOO_DEEP     "nested deeper than 32"

_Static_assert(SUAN_JSON_DEPTH == 32, "TOO_DEEP says so");

/* A node with an anchor: the bytes of JSON it became. */
struct anchor {
	char *name;	 /* owned */
	size_t from, to; /* to = 0: still open */
};

struct level {
	bool mapping, want_key;
	bool any;      /* something written in it */
	size_t anchor; /* its own, from 1; 0 = none */
};

struct converter {
	struct suan_yaml *y;
	const char *input;
	struct suan_err *err;
	enum suan_code rc;
	struct level at[SUAN_JSON_DEPTH];
	unsigned depth;
	struct anchor *anchors; /* owned */
	size_t nanchors, cap;
	unsigned documents;
	bool any;	      /* the document has a root */
	uint32_t line;	      /* of the event, from 1 */
	struct suan_buf text; /* of a scalar */
};

static bool fail(struct converter *c, enum suan_code code, const char *text)
{
	if (c->rc == SUAN_OK)
		c->rc = suan_fail(c->err, code, "line %u: %s", (unsigned)c->line, text);
	return false;
}

static bool no_memory(struct converter *c)
{
	return fail(c, SUAN_ENOMEM, "out of memory");
}

static bool add_mark(struct converter *c)
{
	struct suan_yaml *y = c->y;

	if (y->nmarks && y->marks[y->nmarks - 1].line == c->line)
		return true;
	if (suan_grow(&y->marks, &y->cap, y->nmarks + 1, sizeof(*y->marks)) != SUAN_OK)
		return no_memory(c);
	y->marks[y->nmarks++] = (struct suan_json_mark){y->json.len, c->line};
	return true;
}

/* Writes the comma, if one is due, before a key or an item. */
static bool begin_node(struct converter *c, bool scalar)
{
	struct level *l = c->depth ? &c->at[c->depth - 1] : NULL;

	if (!l) {
		c->any = true;
	} else if (l->mapping && !l->want_key) {
		l->want_key = true;
	} else {
		if (l->mapping && !scalar)
			return fail(c, SUAN_EINVAL,
				    "expected a plain key, found a list, a map or "
				    "an alias");
		if (l->any)
			suan_buf_addc(&c->y->json, ',');
		l->any = true;
		l->want_key = false;
	}
	return add_mark(c);
}

static bool is_key(const struct converter *c)
{
	/* Asked after begin_node, which has moved on. */
	return c->depth && c->at[c->depth - 1].mapping && !c->at[c->depth - 1].want_key;
}

/* ---- anchors ---- */

/* The text lies in the middle of the document: nothing ends it. */
static char *copy_of(const char *text, size_t n)
{
	char *copy = malloc(n + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

static bool open_anchor(struct converter *c, struct fy_token *token)
{
	struct anchor *a;
	const char *name;
	size_t n;

	if (!token)
		return true;
	name = fy_token_get_text(token, &n);
	if (!name)
		return no_memory(c);
	if (c->nanchors == MOST_ANCHORS)
		return fail(c, SUAN_ETOOBIG, "more than 1000 anchors");
	if (suan_grow(&c->anchors, &c->cap, c->nanchors + 1, sizeof(*c->anchors)) != SUAN_OK)
		return no_memory(c);
	a = &c->anchors[c->nanchors];
	*a = (struct anchor){copy_of(name, n), c->y->json.len, 0};
	if (!a->name)
		return no_memory(c);
	c->nanchors++;
	return true;
}

static const struct anchor *find_anchor(const struct converter *c, const char *name, size_t n)
{
	for (size_t i = c->nanchors; i > 0; i--) {
		const struct anchor *a = &c->anchors[i - 1];

		if (strlen(a->name) == n && memcmp(a->name, name, n) == 0)
			return a;
	}
	return NULL;
}

static bool take_alias(struct converter *c, struct fy_token *token)
{
	size_t n = 0;
	const char *name = fy_token_get_text(token, &n);
	const struct anchor *a = name ? find_anchor(c, name, n) : NULL;
	struct suan_buf *json = &c->y->json;
	size_t len;

	if (!begin_node(c, false))
		return false;
	if (!a)
		return fail(c, SUAN_EINVAL, "alias of an anchor that was not set before");
	if (a->to == 0)
		return fail(c, SUAN_EINVAL, "alias cycle: the anchor lies around its own alias");
	len = a->to - a->from;
	if (suan_buf_reserve(json, len) != SUAN_OK)
		return fail(c, SUAN_ETOOBIG, "aliases expand to more than 64 MiB");
	return suan_buf_add(json, json->data + a->from, len);
}

/* ---- nodes ---- */

/* !!str makes a string of a plain word. */
static bool tagged_str(struct fy_token *tag)
{
	static const char str[] = "tag:yaml.org,2002:str";
	size_t n = 0;
	const char *text = tag ? fy_token_get_text(tag, &n) : NULL;

	return text && n == sizeof(str) - 1 && memcmp(text, str, n) == 0;
}

static bool take_scalar(struct converter *c, const struct fy_event *e)
{
	struct fy_token *value = e->scalar.value;
	struct suan_buf *json = &c->y->json;
	bool plain = !value || fy_token_scalar_style(value) == FYSS_PLAIN;
	const char *s;
	size_t n;

	if (!begin_node(c, true))
		return false;
	suan_buf_reset(&c->text);
	if (!suan_yaml_scalar_text(value, c->input, &c->text))
		return no_memory(c);
	s = suan_buf_str(&c->text);
	n = c->text.len;
	if (memchr(s, '\0', n))
		return fail(c, SUAN_EINVAL, "expected text without NUL");
	if (!suan_utf8_valid(s, n))
		return fail(c, SUAN_EINVAL, "expected UTF-8, found other bytes");
	if (is_key(c)) {
		if (e->scalar.anchor)
			return fail(c, SUAN_EINVAL, "expected a key without an anchor");
		suan_json_quote(json, s, n);
		suan_buf_addc(json, ':');
		return true;
	}
	if (!open_anchor(c, e->scalar.anchor))
		return false;
	if (plain && !tagged_str(e->scalar.tag))
		suan_yaml_scalar_plain(s, n, json);
	else
		suan_json_quote(json, s, n);
	if (e->scalar.anchor)
		c->anchors[c->nanchors - 1].to = json->len;
	return true;
}

static bool open_level(struct converter *c, bool mapping, struct fy_token *anchor)
{
	if (!begin_node(c, false))
		return false;
	if (c->depth == SUAN_JSON_DEPTH)
		return fail(c, SUAN_ETOOBIG, TOO_DEEP);
	if (!open_anchor(c, anchor))
		return false;
	suan_buf_addc(&c->y->json, mapping ? '{' : '[');
	c->at[c->depth++] = (struct level){mapping, true, false, anchor ? c->nanchors : 0};
	return true;
}

static bool close_level(struct converter *c)
{
	const struct level *l;

	assert(c->depth > 0);
	l = &c->at[--c->depth];
	suan_buf_addc(&c->y->json, l->mapping ? '}' : ']');
	if (l->anchor)
		c->anchors[l->anchor - 1].to = c->y->json.len;
	return true;
}

static bool take_event(struct converter *c, struct fy_event *e)
{
	const struct fy_mark *mark = fy_event_start_mark(e);

	if (mark && mark->line >= 0)
		c->line = (uint32_t)mark->line + 1;
	switch (e->type) {
	case FYET_DOCUMENT_START:
		if (c->documents++)
			return fail(c, SUAN_EINVAL, "expected one document, found a second one");
		return true;
	case FYET_ALIAS:
		return take_alias(c, e->alias.anchor);
	case FYET_SCALAR:
		return take_scalar(c, e);
	case FYET_SEQUENCE_START:
		return open_level(c, false, e->sequence_start.anchor);
	case FYET_MAPPING_START:
		return open_level(c, true, e->mapping_start.anchor);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		return close_level(c);
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END:
		break;
	}
	return true;
}

/* ---- parser ---- */

static void drop_output(struct fy_diag *diag, void *user, const char *text, size_t n)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)n;
}

static struct fy_diag *quiet_diag(void)
{
	struct fy_diag_cfg cfg;
	struct fy_diag *diag;

	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.output_fn = drop_output;
	cfg.level = FYET_ERROR;
	cfg.colorize = false;
	diag = fy_diag_create(&cfg);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

/* The first thing that the parser complained about. */
static void explain(struct converter *c, struct fy_diag *diag)
{
	void *iter = NULL;
	const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &iter);

	if (c->rc != SUAN_OK)
		return;
	if (!e) {
		(void)fail(c, SUAN_EINVAL, "not YAML");
		return;
	}
	c->rc = suan_fail(c->err, SUAN_EINVAL, "line %d, column %d: %s", e->line, e->column,
			  e->msg ? e->msg : "not YAML");
}

static void run(struct converter *c, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_event *e;
	bool good = true;
	bool ended = false;

	while (good && (e = fy_parser_parse(parser)) != NULL) {
		ended = e->type == FYET_STREAM_END;
		good = take_event(c, e);
		fy_parser_event_free(parser, e);
		if (good && suan_buf_ok(&c->y->json, NULL) != SUAN_OK)
			good = fail(c, SUAN_ETOOBIG, "too large");
	}
	if (good && (!ended || fy_diag_got_error(diag)))
		explain(c, diag);
	else if (good && !c->any)
		(void)fail(c, SUAN_EINVAL, "expected a map, found nothing");
}

static void parse(struct converter *c, const char *text, size_t n)
{
	struct fy_diag *diag = quiet_diag();
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 |
					    FYPCF_COLLECT_DIAG,
				   .diag = diag};
	struct fy_parser *parser = diag ? fy_parser_create(&cfg) : NULL;

	if (!parser || fy_parser_set_string(parser, text, n) != 0)
		(void)no_memory(c);
	else
		run(c, parser, diag);
	if (parser)
		fy_parser_destroy(parser);
	if (diag)
		fy_diag_destroy(diag);
}

/* Line breaks before the offset. */
static unsigned line_of(const char *text, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

/* What the parser need not see: bytes that are no text, and no text at all. */
static enum suan_code check_text(const char *text, size_t n, struct suan_err *err)
{
	bool blank = true;
	uint32_t ch;

	for (size_t i = 0; i < n;) {
		size_t step = suan_utf8_next(text + i, n - i, &ch);

		if (step == 0 || ch == 0)
			return suan_fail(err, SUAN_EINVAL, "line %u: expected UTF-8, found %s",
					 line_of(text, i), step ? "NUL" : "other bytes");
		blank = blank && (ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t');
		i += step;
	}
	return blank ? suan_fail(err, SUAN_EINVAL, "line 1: expected a map, found nothing")
		     : SUAN_OK;
}

/* JSON is taken as it is: libfyaml 0.7.12 does not join the halves of "\ud83d\ude00". false: it is
 * something else, or there is no memory; nothing is kept. */
static bool take_json(struct suan_yaml *y, const char *text, size_t n)
{
	struct suan_arena arena = {0};
	struct suan_json j;
	uint32_t line = 1;
	bool good;

	suan_json_init(&j, text, n, &arena, NULL);
	good = suan_json_peek(&j) == SUAN_JSON_OBJECT && suan_json_skip(&j) && suan_json_finish(&j);
	suan_arena_done(&arena);
	for (size_t i = 0; good && i < n; i++) {
		if (i > 0 && text[i - 1] != '\n')
			continue;
		good = suan_grow(&y->marks, &y->cap, y->nmarks + 1, sizeof(*y->marks)) == SUAN_OK;
		if (good)
			y->marks[y->nmarks++] = (struct suan_json_mark){i, line++};
	}
	good = good && suan_buf_add(&y->json, text, n);
	if (!good)
		y->nmarks = 0;
	return good;
}

enum suan_code suan_yaml_open(struct suan_yaml *y, const char *text, size_t n, struct suan_err *err)
{
	struct converter *c;
	unsigned line;
	enum suan_code rc;

	memset(y, 0, sizeof(*y));
	suan_buf_init(&y->json, MOST_OUTPUT);
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		n -= 3;
	}
	rc = check_text(text, n, err);
	if (rc != SUAN_OK)
		return rc;
	if (take_json(y, text, n))
		return SUAN_OK;
	line = suan_yaml_too_deep(text, n, SUAN_JSON_DEPTH);
	if (line)
		return suan_fail(err, SUAN_ETOOBIG, "line %u: " TOO_DEEP, line);
	c = calloc(1, sizeof(*c));
	if (!c)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	c->y = y;
	c->input = text;
	c->err = err;
	c->line = 1;
	parse(c, text, n);
	rc = c->rc;
	for (size_t i = 0; i < c->nanchors; i++)
		free(c->anchors[i].name);
	free(c->anchors);
	suan_buf_done(&c->text);
	free(c);
	return rc;
}

void suan_yaml_reader(const struct suan_yaml *y, const char *file, struct suan_arena *arena,
		      struct suan_json *ret, struct suan_err *err)
{
	suan_json_init(ret, suan_buf_str(&y->json), y->json.len, arena, err);
	ret->lenient = true;
	ret->file = file;
	ret->marks = y->marks;
	ret->nmarks = y->nmarks;
}

void suan_yaml_close(struct suan_yaml *y)
{
	if (!y)
		return;
	suan_buf_done(&y->json);
	free(y->marks);
	memset(y, 0, sizeof(*y));
}
