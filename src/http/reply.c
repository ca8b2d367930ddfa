#include "http/reply.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/request.h"

#define PROBLEM_TYPE "application/problem+json"

struct MHD_Response *suan_http_problem(int status, const char *detail)
{
	static const struct {
		int status;
		const char *code, *title;
	} all[] = {
		{400, "invalid", "Bad request"},
		{413, "too-big", "Too large"},
		{503, "busy", "Not available"},
		{500, "io", "Internal error"},
	};
	size_t i = 0;
	struct MHD_Response *response;
	char text[512];
	int n;

	while (i + 1 < sizeof(all) / sizeof(all[0]) && all[i].status != status)
		i++;
	n = snprintf(text, sizeof(text),
		     "{\"type\":\"urn:suan:error:%s\",\"title\":\"%s\",\"status\":%d,"
		     "\"detail\":\"%s\"}\n",
		     all[i].code, all[i].title, status, detail);

	response = MHD_create_response_from_buffer((size_t)n, text, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return NULL;
	if (MHD_add_response_header(response, "Content-Type", PROBLEM_TYPE) != MHD_YES ||
	    MHD_add_response_header(response, "Connection", "close") != MHD_YES) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

/* "Name: value\n…" */
static bool add_headers(struct MHD_Response *response, char *headers)
{
	char *rest = headers, *line;
	bool good = true;

	while (good && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, ':');

		if (!value)
			continue;
		*value++ = '\0';
		value += strspn(value, " \t");
		value[strcspn(value, "\r")] = '\0';
		good = MHD_add_response_header(response, line, value) == MHD_YES;
	}
	return good;
}

struct MHD_Response *suan_http_build(struct suan_http_answer *answer, char *text)
{
	static char nothing[1];
	struct MHD_Response *response;

	if (answer->n > 0)
		response = MHD_create_response_from_buffer(answer->n, answer->body,
							   MHD_RESPMEM_MUST_FREE);
	else
		response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return NULL;
	if (answer->n > 0)
		answer->body = NULL;
	if ((answer->type_at > 0 && MHD_add_response_header(response, "Content-Type",
							    text + answer->type_at) != MHD_YES) ||
	    (answer->headers_at > 0 && !add_headers(response, text + answer->headers_at))) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

/* Behind the request's own strings. 0: none, or out of memory, then with text marked so. */
static size_t keep(struct suan_buf *text, const char *s)
{
	size_t at = text->len;

	return s && suan_buf_add(text, s, strlen(s) + 1) ? at : 0;
}

void suan_http_reply(struct suan_http_request *req, const struct suan_http_reply *reply)
{
	struct suan_http_answer answer = {
		.status = (unsigned)reply->status, .body = reply->body, .n = reply->n};

	/* Memory flows from the loop's thread back to it: cheaper than making the response here. */
	answer.type_at = keep(&req->text, reply->type);
	answer.headers_at = keep(&req->text, reply->headers);
	if (suan_buf_ok(&req->text, NULL) != SUAN_OK)
		answer.status = 0; /* refused by MHD: closes the connection */
	if (suan_http_request_answer(req, &answer))
		return;
	free(reply->body);
	suan_http_request_abandon(req);
}
