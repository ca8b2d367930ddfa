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
	const char *name = status == 413 ? "too-big" : status == 503 ? "busy" : "io";
	const char *title = status == 413   ? "Content Too Large"
			    : status == 503 ? "Service Unavailable"
					    : "Internal Server Error";
	struct MHD_Response *response;
	char text[512];
	int n = snprintf(text, sizeof(text),
			 "{\"type\":\"urn:suan:error:%s\",\"title\":\"%s\",\"status\":%d,"
			 "\"detail\":\"%s\"}\n",
			 name, title, status, detail);

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

/* "Name: value\n…"; the copy is cut up in place. */
static bool add_headers(struct MHD_Response *response, const char *headers)
{
	char *copy = strdup(headers), *rest = copy, *line;
	bool good = copy != NULL;

	while (good && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, ':');

		if (!value)
			continue;
		*value++ = '\0';
		value += strspn(value, " \t");
		value[strcspn(value, "\r")] = '\0';
		good = MHD_add_response_header(response, line, value) == MHD_YES;
	}
	free(copy);
	return good;
}

static struct MHD_Response *make_response(const struct suan_http_reply *reply)
{
	struct MHD_Response *response;
	static char nothing[1];

	if (reply->n > 0) {
		response = MHD_create_response_from_buffer(reply->n, reply->body,
							   MHD_RESPMEM_MUST_FREE);
	} else {
		response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
	}
	if (!response || reply->n == 0)
		free(reply->body);
	if (!response)
		return NULL;
	if ((reply->type &&
	     MHD_add_response_header(response, "Content-Type", reply->type) != MHD_YES) ||
	    (reply->headers && !add_headers(response, reply->headers))) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

void suan_http_reply(struct suan_http_request *req, const struct suan_http_reply *reply)
{
	struct MHD_Response *response = make_response(reply);

	if (suan_http_request_answer(req, (unsigned)reply->status, response, NULL))
		return;
	if (response)
		MHD_destroy_response(response);
	suan_http_request_abandon(req);
}
