#include "driver/herd.h"

#include <string.h>

#include "base/codec.h"
#include "base/hash.h"

enum tag {
	T_KIND = 1,
	T_RUN,
	T_TEXT,
	T_VERSION,
	T_DIR,
	T_STDIN,
	T_STDOUT,
	T_STDERR,
	T_APPEND,
	T_CORES,
	T_ARG,
	T_ENV,
};

enum run_tag {
	R_JOB = 1,
	R_INDEX,
	R_ATTEMPT,
	R_STATE,
	R_PID,
	R_TICKS,
	R_START,
	R_WALLTIME,
	R_GRACE,
	R_MEMORY,
	R_ENDING,
	R_END,
	R_OUTCOME,
	R_EXIT,
	R_SIGNAL,
	R_CPU,
	R_RSS,
	R_READ,
	R_WRITTEN,
	R_TEXT,
};

static void put_u64(struct suan_buf *b, uint32_t tag, uint64_t v)
{
	if (v)
		suan_put_u64(b, tag, v);
}

static void put_i64(struct suan_buf *b, uint32_t tag, int64_t v)
{
	if (v)
		suan_put_i64(b, tag, v);
}

/* With its NUL, so that the reader can borrow it. */
static void put_text(struct suan_buf *b, uint32_t tag, const char *s)
{
	if (s && *s)
		suan_put_bytes(b, tag, s, strlen(s) + 1);
}

static void put_run(struct suan_buf *b, const struct suan_herd_run *r)
{
	size_t mark = suan_put_begin(b, T_RUN);

	put_u64(b, R_JOB, r->id.job);
	put_u64(b, R_INDEX, r->id.index);
	put_u64(b, R_ATTEMPT, r->id.attempt);
	put_u64(b, R_STATE, r->state);
	put_i64(b, R_PID, r->pid);
	put_u64(b, R_TICKS, r->start_ticks);
	put_i64(b, R_START, r->start_ms);
	put_i64(b, R_WALLTIME, r->walltime_ms);
	put_i64(b, R_GRACE, r->grace_ms);
	put_u64(b, R_MEMORY, r->memory_bytes);
	put_u64(b, R_ENDING, r->ending);
	put_i64(b, R_END, r->end_ms);
	put_u64(b, R_OUTCOME, r->outcome);
	put_i64(b, R_EXIT, r->exit_code);
	put_i64(b, R_SIGNAL, r->signal);
	put_i64(b, R_CPU, r->usage.cpu_ms);
	put_i64(b, R_RSS, r->usage.max_rss_bytes);
	put_i64(b, R_READ, r->usage.read_bytes);
	put_i64(b, R_WRITTEN, r->usage.write_bytes);
	put_text(b, R_TEXT, r->text);
	suan_put_end(b, mark);
}

void suan_herd_put(struct suan_buf *b, const struct suan_herd_message *m)
{
	suan_put_u64(b, T_KIND, m->kind);
	if (m->kind != SUAN_HERD_HELLO && m->kind != SUAN_HERD_SYNCED)
		put_run(b, &m->run);
	put_text(b, T_TEXT, m->text);
	put_u64(b, T_VERSION, m->version);
	if (m->kind != SUAN_HERD_START)
		return;
	put_text(b, T_DIR, m->dir);
	put_text(b, T_STDIN, m->stdin_path);
	put_text(b, T_STDOUT, m->stdout_path);
	put_text(b, T_STDERR, m->stderr_path);
	put_u64(b, T_APPEND, m->append);
	put_u64(b, T_CORES, m->cores);
	for (const char *const *p = m->argv; *p; p++)
		suan_put_bytes(b, T_ARG, *p, strlen(*p) + 1);
	for (const char *const *p = m->envp; *p; p++)
		suan_put_bytes(b, T_ENV, *p, strlen(*p) + 1);
}

/* ---- reading ---- */

/* Borrowed; "" when the field is not a string. */
static const char *text_of(const struct suan_field *f)
{
	if (!f->is_bytes || f->len == 0 || f->bytes[f->len - 1] != '\0')
		return "";
	return (const char *)f->bytes;
}

static void get_usage(const struct suan_field *f, struct suan_usage *u)
{
	if (f->tag == R_CPU)
		u->cpu_ms = suan_field_i64(f);
	else if (f->tag == R_RSS)
		u->max_rss_bytes = suan_field_i64(f);
	else if (f->tag == R_READ)
		u->read_bytes = suan_field_i64(f);
	else if (f->tag == R_WRITTEN)
		u->write_bytes = suan_field_i64(f);
}

static void get_end(const struct suan_field *f, struct suan_herd_run *r)
{
	switch (f->tag) {
	case R_ENDING:
		r->ending = (enum suan_outcome)f->u64;
		break;
	case R_END:
		r->end_ms = suan_field_i64(f);
		break;
	case R_OUTCOME:
		r->outcome = (enum suan_outcome)f->u64;
		break;
	case R_EXIT:
		r->exit_code = (int32_t)suan_field_i64(f);
		break;
	case R_SIGNAL:
		r->signal = (int32_t)suan_field_i64(f);
		break;
	case R_TEXT:
		strncpy(r->text, text_of(f), sizeof(r->text) - 1);
		break;
	default:
		get_usage(f, &r->usage);
	}
}

static void get_start(const struct suan_field *f, struct suan_herd_run *r)
{
	switch (f->tag) {
	case R_JOB:
		r->id.job = f->u64;
		break;
	case R_INDEX:
		r->id.index = (uint32_t)f->u64;
		break;
	case R_ATTEMPT:
		r->id.attempt = (uint32_t)f->u64;
		break;
	case R_STATE:
		r->state = (enum suan_herd_state)f->u64;
		break;
	case R_PID:
		r->pid = suan_field_i64(f);
		break;
	case R_TICKS:
		r->start_ticks = f->u64;
		break;
	case R_START:
		r->start_ms = suan_field_i64(f);
		break;
	case R_WALLTIME:
		r->walltime_ms = suan_field_i64(f);
		break;
	case R_GRACE:
		r->grace_ms = suan_field_i64(f);
		break;
	case R_MEMORY:
		r->memory_bytes = f->u64;
		break;
	default:
		get_end(f, r);
	}
}

static bool get_run(const struct suan_field *f, struct suan_herd_run *r)
{
	struct suan_reader in;
	struct suan_field sub;

	suan_field_reader(f, &in);
	while (suan_get_field(&in, &sub))
		get_start(&sub, r);
	return !in.bad;
}

struct counts {
	size_t args, envs;
};

static bool count_lists(const void *bytes, size_t n, struct counts *ret)
{
	struct suan_reader in;
	struct suan_field f;

	*ret = (struct counts){0};
	suan_reader_init(&in, bytes, n);
	while (suan_get_field(&in, &f)) {
		ret->args += f.tag == T_ARG;
		ret->envs += f.tag == T_ENV;
	}
	return !in.bad;
}

static bool get_field(const struct suan_field *f, struct suan_herd_message *m)
{
	switch (f->tag) {
	case T_KIND:
		m->kind = (enum suan_herd_kind)f->u64;
		break;
	case T_RUN:
		return get_run(f, &m->run);
	case T_TEXT:
		m->text = text_of(f);
		break;
	case T_VERSION:
		m->version = f->u64;
		break;
	case T_DIR:
		m->dir = text_of(f);
		break;
	case T_STDIN:
		m->stdin_path = text_of(f);
		break;
	case T_STDOUT:
		m->stdout_path = text_of(f);
		break;
	case T_STDERR:
		m->stderr_path = text_of(f);
		break;
	case T_APPEND:
		m->append = f->u64 != 0;
		break;
	case T_CORES:
		m->cores = (uint32_t)f->u64;
		break;
	default:
		break;
	}
	return true;
}

bool suan_herd_get(const void *bytes, size_t n, struct suan_arena *arena,
		   struct suan_herd_message *ret)
{
	struct suan_reader in;
	struct suan_field f;
	struct counts total, at = {0};
	const char **argv, **envp;

	*ret = (struct suan_herd_message){
		.text = "", .dir = "", .stdin_path = "", .stdout_path = "", .stderr_path = ""};
	if (!count_lists(bytes, n, &total))
		return false;
	argv = suan_arena_array(arena, total.args + 1, sizeof(*argv));
	envp = suan_arena_array(arena, total.envs + 1, sizeof(*envp));
	if (!argv || !envp)
		return false;
	suan_reader_init(&in, bytes, n);
	while (suan_get_field(&in, &f)) {
		if (f.tag == T_ARG)
			argv[at.args++] = text_of(&f);
		else if (f.tag == T_ENV)
			envp[at.envs++] = text_of(&f);
		else if (!get_field(&f, ret))
			return false;
	}
	ret->argv = argv;
	ret->envp = envp;
	return true;
}

/* ---- runs ---- */

uint64_t suan_herd_key(struct suan_run_id id)
{
	uint64_t h = suan_hash_u64(SUAN_HASH_START, id.job);

	return suan_hash_u64(h, (uint64_t)id.index << 32 | id.attempt);
}

bool suan_herd_same(struct suan_run_id a, struct suan_run_id b)
{
	return a.job == b.job && a.index == b.index && a.attempt == b.attempt;
}

void suan_herd_report(const struct suan_herd_run *run, bool ended, struct suan_report *ret)
{
	*ret = (struct suan_report){.run = run->id, .text = ""};
	if (!ended) {
		ret->kind = SUAN_REPORT_STARTED;
		ret->at_ms = run->start_ms;
		return;
	}
	ret->kind = SUAN_REPORT_ENDED;
	ret->at_ms = run->end_ms;
	ret->outcome = run->outcome;
	ret->exit_code = run->exit_code;
	ret->signal = run->signal;
	ret->usage = run->usage;
	ret->text = run->text;
}
