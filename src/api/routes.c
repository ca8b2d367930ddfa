/* The route table: one place for router, documentation and the coverage test. */
#include <string.h>

#include "api/call.h"
#include "api/feed.h"
#include "api/jobs.h"
#include "api/meta.h"

#define P_LIMIT                                                                                    \
	{                                                                                          \
		"limit", "at most so many, 1 to 1000 (100)"                                        \
	}
#define P_CURSOR                                                                                   \
	{                                                                                          \
		"cursor", "\"next\" of the page before"                                            \
	}
#define P_STATE                                                                                    \
	{                                                                                          \
		"state", "states, comma-separated"                                                 \
	}
#define COMMAND_STATUSES                                                                           \
	{                                                                                          \
		200, 400, 401, 403, 404, 409, 507                                                  \
	}

#define LARGEST_JOB   (16u << 20)
#define LARGEST_YAML  (256u << 10) /* its parser takes microseconds for a byte */
#define LARGEST_SMALL (64u << 10)

static const struct suan_api_body job_body = {"Job",
					      {{"application/json", LARGEST_JOB},
					       {"application/yaml", LARGEST_YAML},
					       {"text/x-shellscript", LARGEST_JOB}}};
static const struct suan_api_body bulk_body = {"Job", {{"application/x-ndjson", 0}}};
static const struct suan_api_body patch_body = {"Patch", {{"application/json", LARGEST_SMALL}}};
static const struct suan_api_body token_body = {"TokenAsk", {{"application/json", LARGEST_SMALL}}};

static const struct suan_api_body accounts_body = {
	"AccountsAsk", {{"application/json", LARGEST_YAML}, {"application/yaml", LARGEST_YAML}}};

const struct suan_api_route suan_api_routes[] = {
	{"GET",
	 "/v1/jobs",
	 "listJobs",
	 SUAN_ROLE_VIEWER,
	 suan_api_list,
	 NULL,
	 "List jobs, newest first",
	 NULL,
	 "JobList",
	 NULL,
	 {P_STATE,
	  {"user", "owner; \"me\" = the caller"},
	  {"account", "account"},
	  {"name", "prefix of the name"},
	  {"site", "site of the latest run"},
	  {"hub", "hub of the latest run"},
	  P_LIMIT,
	  P_CURSOR},
	 {200, 400, 401}},
	{"POST",
	 "/v1/jobs",
	 "submitJob",
	 SUAN_ROLE_USER,
	 suan_api_submit,
	 suan_api_prepare_job,
	 "Submit one job; durable when answered. Idempotency-Key makes repeating safe",
	 &job_body,
	 "Job",
	 NULL,
	 {{0}},
	 {201, 200, 400, 401, 403, 409, 413, 422}},
	{"POST",
	 "/v1/jobs:bulk",
	 "submitBulk",
	 SUAN_ROLE_USER,
	 suan_api_submit_bulk,
	 suan_api_prepare_bulk,
	 "Submit JSON Lines, one job a line, all or nothing",
	 &bulk_body,
	 "Bulk",
	 NULL,
	 {{0}},
	 {201, 200, 400, 401, 403, 409, 413, 422}},
	{"POST",
	 "/v1/jobs:check",
	 "checkJob",
	 SUAN_ROLE_USER,
	 suan_api_check,
	 suan_api_prepare_job,
	 "Check a job and list its candidates; nothing is kept",
	 &job_body,
	 "Check",
	 NULL,
	 {{0}},
	 {200, 400, 401, 403, 422}},
	{"GET",
	 "/v1/jobs/{id}",
	 "getJob",
	 SUAN_ROLE_VIEWER,
	 suan_api_show,
	 NULL,
	 "Everything about a job, or about one element (12_5)",
	 NULL,
	 "Job",
	 NULL,
	 {{0}},
	 {200, 400, 401, 404}},
	{"PATCH",
	 "/v1/jobs/{id}",
	 "patchJob",
	 SUAN_ROLE_USER,
	 suan_api_patch,
	 NULL,
	 "Change the priority of a job",
	 &patch_body,
	 "Done",
	 NULL,
	 {{0}},
	 {200, 400, 401, 403, 404}},
	{"GET",
	 "/v1/jobs/{id}/tasks",
	 "listTasks",
	 SUAN_ROLE_VIEWER,
	 suan_api_tasks,
	 NULL,
	 "Elements of an array job",
	 NULL,
	 "TaskList",
	 NULL,
	 {P_STATE, P_LIMIT, P_CURSOR},
	 {200, 400, 401, 404}},
	{"GET",
	 "/v1/jobs/{id}/why",
	 "whyJob",
	 SUAN_ROLE_VIEWER,
	 suan_api_why,
	 NULL,
	 "Candidates with predicted starts, and why each won or lost",
	 NULL,
	 "Why",
	 NULL,
	 {{0}},
	 {200, 400, 401, 404}},
	{"GET",
	 "/v1/jobs/{id}/logs",
	 "jobLogs",
	 SUAN_ROLE_VIEWER,
	 suan_api_logs,
	 NULL,
	 "Output of a task; Suan-Next-Offset tells where to go on",
	 NULL,
	 NULL,
	 "text/plain; charset=utf-8",
	 {{"stream", "stdout (default) or stderr"},
	  {"offset", "first byte"},
	  {"limit", "bytes, 1 to 16 MiB (256 KiB)"},
	  {"follow", "0 or 1: go on until the task is over"}},
	 {200, 400, 401, 404}},
	{"POST",
	 "/v1/jobs/{id}:cancel",
	 "cancelJob",
	 SUAN_ROLE_USER,
	 suan_api_cancel,
	 NULL,
	 "Stop a job or take it out of the queue",
	 NULL,
	 "Done",
	 NULL,
	 {{0}},
	 COMMAND_STATUSES},
	{"POST",
	 "/v1/jobs/{id}:hold",
	 "holdJob",
	 SUAN_ROLE_USER,
	 suan_api_hold,
	 NULL,
	 "Keep a waiting job from starting",
	 NULL,
	 "Done",
	 NULL,
	 {{0}},
	 COMMAND_STATUSES},
	{"POST",
	 "/v1/jobs/{id}:release",
	 "releaseJob",
	 SUAN_ROLE_USER,
	 suan_api_release,
	 NULL,
	 "Let a held job start",
	 NULL,
	 "Done",
	 NULL,
	 {{0}},
	 COMMAND_STATUSES},
	{"POST",
	 "/v1/jobs/{id}:requeue",
	 "requeueJob",
	 SUAN_ROLE_USER,
	 suan_api_requeue,
	 NULL,
	 "Run a job again as a new attempt",
	 NULL,
	 "Done",
	 NULL,
	 {{0}},
	 COMMAND_STATUSES},
	{"POST",
	 "/v1/jobs/{id}:preempt",
	 "preemptJob",
	 SUAN_ROLE_OPERATOR,
	 suan_api_preempt,
	 NULL,
	 "Stop a running job for others; it waits and starts again",
	 NULL,
	 "Done",
	 NULL,
	 {{0}},
	 COMMAND_STATUSES},
	{"GET",
	 "/v1/events",
	 "events",
	 SUAN_ROLE_VIEWER,
	 suan_api_events,
	 NULL,
	 "State changes as server-sent events; resumes by Last-Event-ID",
	 NULL,
	 NULL,
	 "text/event-stream",
	 {{"job", "only this job"}, {"after", "id of the last event seen"}},
	 {200, 400, 401}},
	{"GET",
	 "/v1/sites",
	 "listSites",
	 SUAN_ROLE_VIEWER,
	 suan_api_sites,
	 NULL,
	 "Sites with their pools and what is in use",
	 NULL,
	 "SiteList",
	 NULL,
	 {{0}},
	 {200, 401}},
	{"GET",
	 "/v1/sites/{name}",
	 "getSite",
	 SUAN_ROLE_VIEWER,
	 suan_api_site,
	 NULL,
	 "One site",
	 NULL,
	 "Site",
	 NULL,
	 {{0}},
	 {200, 401, 404}},
	{"POST",
	 "/v1/sites/{name}:drain",
	 "drainSite",
	 SUAN_ROLE_OPERATOR,
	 suan_api_site_drain,
	 NULL,
	 "Let nothing new start at a site",
	 NULL,
	 "Site",
	 NULL,
	 {{0}},
	 {200, 401, 403, 404}},
	{"POST",
	 "/v1/sites/{name}:resume",
	 "resumeSite",
	 SUAN_ROLE_OPERATOR,
	 suan_api_site_resume,
	 NULL,
	 "Open a site again",
	 NULL,
	 "Site",
	 NULL,
	 {{0}},
	 {200, 401, 403, 404}},
	{"GET",
	 "/v1/pools",
	 "listPools",
	 SUAN_ROLE_VIEWER,
	 suan_api_pools,
	 NULL,
	 "Pools of equal nodes",
	 NULL,
	 "PoolList",
	 NULL,
	 {{0}},
	 {200, 401}},
	{"GET",
	 "/v1/links",
	 "listLinks",
	 SUAN_ROLE_VIEWER,
	 suan_api_links,
	 NULL,
	 "Links between sites",
	 NULL,
	 "LinkList",
	 NULL,
	 {{0}},
	 {200, 401}},
	{"GET",
	 "/v1/hubs",
	 "listHubs",
	 SUAN_ROLE_VIEWER,
	 suan_api_hubs,
	 NULL,
	 "Hubs and cities of the network",
	 NULL,
	 "HubList",
	 NULL,
	 {{0}},
	 {200, 401}},
	{"GET",
	 "/v1/accounts",
	 "listAccounts",
	 SUAN_ROLE_VIEWER,
	 suan_api_accounts,
	 NULL,
	 "Accounts and their users: shares, decayed usage, standing, what runs, limits",
	 NULL,
	 "AccountList",
	 NULL,
	 {{0}},
	 {200, 401}},
	{"PUT",
	 "/v1/accounts",
	 "setAccounts",
	 SUAN_ROLE_ADMIN,
	 suan_api_accounts_put,
	 NULL,
	 "Define all accounts, classes and fair shares anew; usage stays with the names",
	 &accounts_body,
	 "AccountList",
	 NULL,
	 {{0}},
	 {200, 400, 401, 403, 413, 507}},
	{"GET",
	 "/v1/qos",
	 "listQos",
	 SUAN_ROLE_VIEWER,
	 suan_api_qos,
	 NULL,
	 "Classes of quality of service: priority, limits, what runs",
	 NULL,
	 "QosList",
	 NULL,
	 {{0}},
	 {200, 401}},
	{"GET",
	 "/v1/tokens",
	 "listTokens",
	 SUAN_ROLE_ADMIN,
	 suan_api_tokens_list,
	 NULL,
	 "Access tokens, without their secrets",
	 NULL,
	 "TokenList",
	 NULL,
	 {{0}},
	 {200, 401, 403}},
	{"POST",
	 "/v1/tokens",
	 "createToken",
	 SUAN_ROLE_ADMIN,
	 suan_api_tokens_create,
	 NULL,
	 "Make an access token; its secret is shown once",
	 &token_body,
	 "Token",
	 NULL,
	 {{0}},
	 {201, 400, 401, 403}},
	{"DELETE",
	 "/v1/tokens/{id}",
	 "revokeToken",
	 SUAN_ROLE_ADMIN,
	 suan_api_tokens_revoke,
	 NULL,
	 "Take an access token back",
	 NULL,
	 "Done",
	 NULL,
	 {{0}},
	 {200, 401, 403, 404}},
	{"GET",
	 "/v1/whoami",
	 "whoami",
	 SUAN_ROLE_VIEWER,
	 suan_api_whoami,
	 NULL,
	 "User and role of the caller",
	 NULL,
	 "Whoami",
	 NULL,
	 {{0}},
	 {200, 401}},
	{"GET",
	 "/v1/info",
	 "info",
	 SUAN_ROLE_VIEWER,
	 suan_api_info,
	 NULL,
	 "Version, network, policy, job counts",
	 NULL,
	 "Info",
	 NULL,
	 {{0}},
	 {200, 401}},
	{"GET",
	 "/healthz",
	 "healthz",
	 SUAN_ROLE_NONE,
	 suan_api_healthz,
	 NULL,
	 "Does it answer?",
	 NULL,
	 NULL,
	 "text/plain; charset=utf-8",
	 {{0}},
	 {200}},
	{"GET",
	 "/readyz",
	 "readyz",
	 SUAN_ROLE_NONE,
	 suan_api_readyz,
	 NULL,
	 "Can it commit?",
	 NULL,
	 NULL,
	 "text/plain; charset=utf-8",
	 {{0}},
	 {200, 503}},
	{"GET",
	 "/metrics",
	 "metrics",
	 SUAN_ROLE_NONE,
	 suan_api_metrics,
	 NULL,
	 "OpenMetrics or Prometheus text",
	 NULL,
	 NULL,
	 "text/plain; version=0.0.4; charset=utf-8",
	 {{0}},
	 {200}},
	{"GET",
	 "/openapi.json",
	 "openapi",
	 SUAN_ROLE_NONE,
	 suan_api_openapi_json,
	 NULL,
	 "This document",
	 NULL,
	 "Any",
	 NULL,
	 {{0}},
	 {200}},
};

uint32_t suan_api_route_count(void)
{
	return sizeof(suan_api_routes) / sizeof(suan_api_routes[0]);
}

/* {…} takes everything up to '/', ':' or the end, but not nothing. */
static bool match(const char *pattern, const char *path, char *name, size_t room)
{
	while (*pattern) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t n = strcspn(path, "/:");

		if (n == 0 || n >= room)
			return false;
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		pattern = strchr(pattern, '}') + 1;
	}
	return *path == '\0';
}

void suan_api_methods(const char *path, struct suan_buf *out)
{
	char name[sizeof(((struct suan_api_call *)0)->name)];
	size_t before = out->len;

	for (uint32_t i = 0; i < suan_api_route_count(); i++)
		if (match(suan_api_routes[i].path, path, name, sizeof(name)))
			suan_buf_addf(out, "%s%s", out->len > before ? ", " : "",
				      suan_api_routes[i].method);
}

bool suan_api_may_answer(const struct suan_api_route *r, int status)
{
	for (int i = 0; i < SUAN_API_STATUSES && r->statuses[i]; i++)
		if (r->statuses[i] == status)
			return true;
	switch (status) {
	case 400: /* unknown query parameter */
	case 413: /* a body that nobody asked for has a limit, too */
	case 500:
	case 503: /* stopping */
		return true;
	case 401:
	case 403: /* --insecure-local: asked from elsewhere */
		return r->role != SUAN_ROLE_NONE;
	case 415:
		return r->request != NULL;
	default:
		return false;
	}
}

const struct suan_api_route *suan_api_find_route(const char *method, const char *path, char *name,
						 bool *ret_known)
{
	bool head = strcmp(method, "HEAD") == 0;

	*ret_known = false;
	for (uint32_t i = 0; i < suan_api_route_count(); i++) {
		const struct suan_api_route *r = &suan_api_routes[i];

		if (!match(r->path, path, name, sizeof(((struct suan_api_call *)0)->name)))
			continue;
		if (strcmp(r->method, head ? "GET" : method) == 0)
			return r;
		*ret_known = true;
	}
	return NULL;
}
