#include "daemon/reload.h"

#include <stddef.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/log.h"

static const char the_policy[] = "policy", the_accounts[] = "accounts";

static void changed(void *ctx, const struct suan_core_answer *answer)
{
	const char *what = ctx;

	if (answer->code == SUAN_OK)
		suan_log(SUAN_LOG_INFO, "settings: the %s changed as in the file", what);
	else
		suan_log(SUAN_LOG_ERROR, "settings: the %s did not change: %s", what,
			 answer->err->text);
}

/* ---- what needs a new start ---- */

struct fixed {
	const char *name;
	size_t at, size; /* size 0: a string */
};

#define TEXT(member) {#member, offsetof(struct suan_settings, member), 0}
#define VALUE(member)                                                                              \
	{#member, offsetof(struct suan_settings, member),                                          \
	 sizeof(((struct suan_settings *)0)->member)}

static const struct fixed fixed[] = {
	TEXT(data),
	TEXT(network),
	TEXT(listen),
	TEXT(store),
	VALUE(insecure_local),
	TEXT(tls_cert),
	TEXT(tls_key),
	TEXT(log_level),
	TEXT(log_format),
	TEXT(home),
	VALUE(max_request_bytes),
	VALUE(max_connections),
	VALUE(http_threads),
	VALUE(snapshot_bytes),
	VALUE(keep_finished),
	VALUE(grace_ms),
};

static bool same(const struct fixed *f, const struct suan_settings *a,
		 const struct suan_settings *b)
{
	const char *x = (const char *)a + f->at, *y = (const char *)b + f->at, *s, *t;

	if (f->size)
		return memcmp(x, y, f->size) == 0;
	memcpy(&s, x, sizeof(s));
	memcpy(&t, y, sizeof(t));
	return strcmp(s, t) == 0;
}

static void tell_fixed(const struct suan_settings *now, const struct suan_settings *file)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!same(&fixed[i], now, file))
			suan_log(SUAN_LOG_WARN,
				 "settings: %s takes effect at the next start of the service",
				 fixed[i].name);
}

/* ---- what does not ---- */

static void post(struct suan_core *core, const struct suan_event *ev, struct suan_arena *arena,
		 const char *what)
{
	suan_core_post(core, ev, arena, changed, (void *)(uintptr_t)what);
}

/* Both or none: first they are looked at, then posted. */
static enum suan_code bring(struct suan_core *core, struct suan_daemon_settings *file,
			    struct suan_err *err)
{
	/* the event outlives *file, and takes its arena with it */
	struct suan_accounts *copy = suan_arena_alloc(&file->arena, sizeof(*copy));
	struct suan_core_config config = {.accounts = file->set.has_accounts ? copy : NULL,
					  .policy = file->set.policy};
	struct suan_event policy = {.type = SUAN_EV_POLICY, .now_ms = suan_clock_now_ms()};
	struct suan_event accounts = {.type = SUAN_EV_ACCOUNTS, .now_ms = policy.now_ms};
	struct suan_core_answer answer = {.code = SUAN_OK};
	struct suan_core_diff diff;
	enum suan_code rc;

	if (!copy)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	*copy = file->set.accounts;
	rc = suan_core_differs(core, &config, &diff, err);
	policy.u.policy = config.policy;
	accounts.u.accounts = config.accounts;
	if (rc == SUAN_OK && diff.policy)
		suan_core_check(core, &policy, &answer, err);
	if (rc == SUAN_OK && answer.code == SUAN_OK && diff.accounts)
		suan_core_check(core, &accounts, &answer, err);
	if (rc != SUAN_OK || answer.code != SUAN_OK)
		return rc != SUAN_OK ? rc : answer.code;
	if (!diff.policy && !diff.accounts)
		suan_log(SUAN_LOG_INFO, "settings: read again, policy and accounts are as before");
	if (diff.policy)
		post(core, &policy, NULL, the_policy);
	if (diff.accounts)
		post(core, &accounts, &file->arena, the_accounts);
	return SUAN_OK;
}

void suan_reload(const struct suan_daemon_settings *now, struct suan_core *core)
{
	struct suan_daemon_settings file;
	struct suan_err err = {0};
	enum suan_code rc = suan_daemon_settings_again(now, &file, &err);

	if (rc == SUAN_OK) {
		tell_fixed(&now->set, &file.set);
		rc = bring(core, &file, &err);
	}
	if (rc != SUAN_OK)
		suan_log(SUAN_LOG_ERROR, "settings: not read again, all stays as it was: %s",
			 err.text);
	suan_daemon_settings_done(&file);
}
