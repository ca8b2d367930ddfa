/* Accounts, classes of quality of service, and setting them. */
#include "wire/accounts.h"

#include "api/meta.h"
#include "core/doc.h"
#include "sys/clock.h"

void suan_api_accounts(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	int64_t now = suan_clock_now_ms();
	struct suan_api_object o;

	suan_api_object_open(&o, NULL);
	suan_jsonw_open(&o.w, "accounts", '[');
	suan_doc_accounts(e, now, &o.w);
	suan_jsonw_close(&o.w, ']');
	suan_doc_fair_share(e, &o.w);
	suan_api_object_send(c, &o);
}

void suan_api_qos(struct suan_api_call *c)
{
	struct suan_api_object o;

	suan_api_object_open(&o, "qos");
	suan_doc_classes(suan_api_engine(c->api), &o.w);
	suan_api_object_send(c, &o);
}

static void accounts_set(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;

	if (answer->code != SUAN_OK)
		suan_api_refuse(c, answer);
	else
		suan_api_accounts(c);
}

void suan_api_accounts_put(struct suan_api_call *c)
{
	struct suan_event ev = {.type = SUAN_EV_ACCOUNTS, .now_ms = suan_clock_now_ms()};
	struct suan_accounts *a = suan_arena_alloc(&c->arena, sizeof(*a));
	struct suan_err err = {0};
	enum suan_code rc = SUAN_ENOMEM;
	size_t n;
	const char *body = suan_http_body(c->req, &n);

	if (a)
		rc = suan_accounts_parse(body, n, "body", &c->arena, a, &err);
	else
		suan_fail(&err, rc, "out of memory");
	if (rc != SUAN_OK) {
		suan_api_problem(c, suan_api_status(rc), &err);
		return;
	}
	ev.u.accounts = a;
	suan_core_post(suan_api_config(c->api)->core, &ev, &c->arena, accounts_set, c);
}
