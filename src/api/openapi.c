/* The OpenAPI 3.1 document, made from the route table and the job fields. */
#include <string.h>

#include "api/call.h"

struct schema {
	const char *name, *json;
};

/* Answers may gain members in later versions; clients skip what they do not know. */
/* a list, or the one name alone */
#define NAMES "{\"type\":[\"array\",\"string\"],\"items\":{\"type\":\"string\"}}"

static const struct schema schemas[] = {
	{"JobList",
	 "{\"type\":\"object\",\"required\":[\"jobs\",\"next\"],\"properties\":{"
	 "\"jobs\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/JobShort\"}},"
	 "\"next\":{\"type\":[\"string\",\"null\"]}}}"},
	{"JobShort",
	 "{\"type\":\"object\",\"required\":[\"id\",\"name\",\"user\",\"state\",\"site\",\"pool\","
	 "\"submit\",\"start\",\"end\",\"exit_code\",\"reason\"],\"properties\":{"
	 "\"id\":{\"type\":\"integer\"},\"name\":{\"type\":\"string\"},"
	 "\"user\":{\"type\":\"string\"},\"account\":{\"type\":\"string\"},"
	 "\"state\":{\"$ref\":\"#/components/schemas/State\"},"
	 "\"site\":{\"type\":[\"string\",\"null\"]},\"pool\":{\"type\":[\"string\",\"null\"]},"
	 "\"submit\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"start\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"end\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"exit_code\":{\"type\":[\"integer\",\"null\"]},\"signal\":{\"type\":\"integer\"},"
	 "\"reason\":{\"type\":[\"string\",\"null\"]},\"reason_text\":{\"type\":\"string\"},"
	 "\"predicted_start\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"predicted_start_p50\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"predicted_start_p90\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"predicted_start_p99\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"predicted_site\":{\"type\":[\"string\",\"null\"]},"
	 "\"preempted\":{\"type\":\"integer\"},\"preempted_core_s\":{\"type\":\"number\"},"
	 "\"priority\":{\"type\":\"integer\"},\"tasks\":{\"type\":\"integer\"},"
	 "\"cores\":{\"type\":\"integer\"},\"gpus\":{\"type\":\"integer\"},"
	 "\"array\":{\"type\":\"string\"},\"elements\":{\"type\":\"integer\"},"
	 "\"counts\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}}}"},
	{"State",
	 "{\"enum\":[\"PENDING\",\"STAGING\",\"RUNNING\",\"COMPLETED\",\"FAILED\",\"TIMEOUT\","
	 "\"OUT_OF_MEMORY\",\"CANCELLED\",\"PREEMPTED\",\"UNKNOWN\"]}"},
	{"Time", "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"},
	{"Bulk", "{\"type\":\"object\",\"required\":[\"first\",\"count\"],\"properties\":{"
		 "\"first\":{\"type\":\"integer\"},\"count\":{\"type\":\"integer\"}}}"},
	{"Check", "{\"type\":\"object\",\"required\":[\"ok\",\"candidates\"],\"properties\":{"
		  "\"ok\":{\"type\":\"boolean\"},\"reason\":{\"type\":\"string\"},"
		  "\"reason_text\":{\"type\":\"string\"},\"quota\":{\"type\":\"object\"},"
		  "\"candidates\":{\"type\":\"array\",\"items\":"
		  "{\"$ref\":\"#/components/schemas/Candidate\"}}}}"},
	{"Quote",
	 "{\"type\":\"object\",\"description\":\"without hold as Check; with it the offers are in "
	 "quote\",\"properties\":{\"ok\":{\"type\":\"boolean\"},"
	 "\"candidates\":{\"type\":\"array\",\"items\":{"
	 "\"$ref\":\"#/components/schemas/Candidate\"}},"
	 "\"by\":{\"enum\":[\"cost\",\"carbon\"]},\"waiting\":{\"type\":\"array\",\"items\":{"
	 "\"$ref\":\"#/components/schemas/Waiting\"}},\"id\":{\"type\":\"integer\"},"
	 "\"quote\":{\"$ref\":\"#/components/schemas/Check\"},"
	 "\"held\":{\"$ref\":\"#/components/schemas/Reservation\"}}}"},
	{"Waiting",
	 "{\"type\":\"object\",\"required\":[\"wait_s\",\"site\",\"start\","
	 "\"cost_change_percent\"],"
	 "\"properties\":{\"wait_s\":{\"type\":\"integer\"},"
	 "\"site\":{\"type\":[\"string\",\"null\"]},"
	 "\"start\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"cost_yuan\":{\"type\":[\"number\",\"null\"]},"
	 "\"cost_change_percent\":{\"type\":[\"number\",\"null\"]},"
	 "\"carbon_change_percent\":{\"type\":[\"number\",\"null\"]}}}"},
	{"Candidate",
	 "{\"type\":\"object\",\"required\":[\"site\",\"pool\",\"start\",\"chosen\",\"reason\"],"
	 "\"properties\":{\"site\":{\"type\":[\"string\",\"null\"]},"
	 "\"pool\":{\"type\":[\"string\",\"null\"]},"
	 "\"start\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"chosen\":{\"type\":\"boolean\"},\"reason\":{\"type\":[\"string\",\"null\"]},"
	 "\"start_p50\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"start_p90\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"end\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"data_arrival\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"energy_kwh\":{\"type\":[\"number\",\"null\"]},"
	 "\"cost_yuan\":{\"type\":[\"number\",\"null\"]},"
	 "\"carbon_kg\":{\"type\":\"object\",\"properties\":{"
	 "\"location\":{\"type\":[\"number\",\"null\"]},"
	 "\"market\":{\"type\":[\"number\",\"null\"]}}},"
	 "\"reason_text\":{\"type\":\"string\"}}}"},
	{"Why", "{\"type\":\"object\",\"required\":[\"job\",\"index\",\"state\",\"candidates\"],"
		"\"properties\":{\"job\":{\"type\":\"integer\"},\"index\":{\"type\":\"integer\"},"
		"\"state\":{\"$ref\":\"#/components/schemas/State\"},"
		"\"decided\":{\"$ref\":\"#/components/schemas/Time\"},"
		"\"reason\":{\"type\":[\"string\",\"null\"]},"
		"\"reason_text\":{\"type\":[\"string\",\"null\"]},"
		"\"predicted_start_p50\":{\"$ref\":\"#/components/schemas/Time\"},"
		"\"predicted_start_p90\":{\"$ref\":\"#/components/schemas/Time\"},"
		"\"predicted_start_p99\":{\"$ref\":\"#/components/schemas/Time\"},"
		"\"binding\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/Change\"},"
		"{\"type\":\"null\"}]},"
		"\"changes\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/"
		"Change\"}},"
		"\"candidates\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/"
		"Candidate\"}}}}"},
	{"Change", "{\"type\":\"object\",\"required\":[\"kind\",\"text\"],\"properties\":{"
		   "\"kind\":{\"enum\":[\"cores\",\"gpus\",\"memory\",\"room\",\"latency\","
		   "\"lists\",\"priority\"]},\"text\":{\"type\":\"string\"},"
		   "\"site\":{\"type\":[\"string\",\"null\"]},"
		   "\"pool\":{\"type\":[\"string\",\"null\"]},"
		   "\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"},"
		   "\"earlier_s\":{\"type\":\"number\"}}}"},
	{"Patch", "{\"type\":\"object\",\"required\":[\"priority\"],\"additionalProperties\":false,"
		  "\"properties\":{\"priority\":{\"type\":\"integer\",\"minimum\":-1000000,"
		  "\"maximum\":1000000}}}"},
	{"Done", "{\"type\":\"object\",\"properties\":{\"job\":{\"type\":\"integer\"},"
		 "\"index\":{\"type\":\"integer\"}}}"},
	{"TaskList",
	 "{\"type\":\"object\",\"required\":[\"tasks\",\"next\"],\"properties\":{"
	 "\"tasks\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Task\"}},"
	 "\"next\":{\"type\":[\"string\",\"null\"]}}}"},
	{"Task",
	 "{\"type\":\"object\",\"required\":[\"job\",\"index\",\"attempt\",\"state\"],"
	 "\"properties\":{\"job\":{\"type\":\"integer\"},\"index\":{\"type\":\"integer\"},"
	 "\"attempt\":{\"type\":\"integer\"},\"state\":{\"$ref\":\"#/components/schemas/State\"},"
	 "\"text\":{\"type\":\"string\"},\"usage\":{\"type\":\"object\"}}}"},
	{"SiteList", "{\"type\":\"object\",\"required\":[\"sites\"],\"properties\":{\"sites\":"
		     "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Site\"}}}}"},
	{"Site",
	 "{\"type\":\"object\",\"required\":[\"name\",\"hub\",\"state\",\"pools\"],\"properties\":{"
	 "\"name\":{\"type\":\"string\"},\"hub\":{\"type\":\"string\"},"
	 "\"latency_ms\":{\"type\":[\"number\",\"null\"]},"
	 "\"state\":{\"enum\":[\"up\",\"down\",\"drain\",\"modelled\",\"gone\"]},"
	 "\"home\":{\"type\":[\"object\",\"null\"],\"required\":[\"jobs\",\"ratio\","
	 "\"guarded\"],\"properties\":{\"jobs\":{\"type\":\"integer\"},"
	 "\"ratio\":{\"type\":\"number\"},\"guarded\":{\"type\":\"boolean\"}}},"
	 "\"pools\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Pool\"}}}}"},
	{"PoolList", "{\"type\":\"object\",\"required\":[\"pools\"],\"properties\":{\"pools\":"
		     "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Pool\"}}}}"},
	{"Pool",
	 "{\"type\":\"object\",\"required\":[\"name\",\"nodes\",\"cores_total\",\"cores_used\"],"
	 "\"properties\":{\"site\":{\"type\":\"string\"},\"name\":{\"type\":\"string\"},"
	 "\"nodes\":{\"type\":\"integer\"},\"delegated\":{\"type\":\"boolean\"},"
	 "\"cores_total\":{\"type\":\"integer\"},"
	 "\"cores_used\":{\"type\":\"integer\"}}}"},
	{"LinkList", "{\"type\":\"object\",\"required\":[\"links\"],\"properties\":{\"links\":"
		     "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"from\","
		     "\"to\",\"gbit\",\"ms\"]}}}}"},
	{"HubList", "{\"type\":\"object\",\"required\":[\"hubs\",\"cities\"],\"properties\":{"
		    "\"hubs\":{\"type\":\"array\"},\"cities\":{\"type\":\"array\"}}}"},
	{"Limits",
	 "{\"type\":\"object\",\"description\":\"absent: no limit; memory in bytes or as "
	 "\\\"64GiB\\\"; pending: jobs that wait\",\"properties\":{"
	 "\"runs\":{\"type\":\"integer\"},\"cores\":{\"type\":\"integer\"},"
	 "\"gpus\":{\"type\":\"integer\"},\"memory\":{\"type\":[\"integer\",\"string\"]},"
	 "\"pending\":{\"type\":\"integer\"}}}"},
	{"AccountsAsk",
	 "{\"type\":\"object\",\"additionalProperties\":false,\"description\":\"as in "
	 "suan.yaml(5); what is left out is gone\",\"properties\":{"
	 "\"accounts\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	 "\"required\":[\"name\"]}},\"qos\":{\"type\":\"array\",\"items\":{\"type\":"
	 "\"object\",\"required\":[\"name\"]}},\"fair_share\":{\"type\":\"object\"},"
	 "\"default_account\":{\"type\":\"string\"},\"default_qos\":{\"type\":\"string\"}}}"},
	{"AccountList",
	 "{\"type\":\"object\",\"required\":[\"accounts\",\"fair_share\",\"default_account\","
	 "\"default_qos\"],\"properties\":{\"accounts\":{\"type\":\"array\",\"items\":{"
	 "\"$ref\":\"#/components/schemas/Account\"}},\"fair_share\":{\"type\":\"object\"}}}"},
	{"Account",
	 "{\"type\":\"object\",\"required\":[\"name\",\"parent\",\"shares\",\"share\","
	 "\"factor\",\"usage\",\"running\",\"pending\",\"users\"],\"properties\":{"
	 "\"name\":{\"type\":\"string\"},\"parent\":{\"type\":\"string\"},"
	 "\"share\":{\"type\":\"number\",\"description\":\"due to it of the whole network\"},"
	 "\"factor\":{\"type\":\"number\",\"description\":\"part of the longest head start "
	 "that its jobs have\"},"
	 "\"usage\":{\"type\":\"object\",\"description\":\"decayed: core_hours, gpu_hours, "
	 "memory_gib_hours\"},"
	 "\"limits\":{\"$ref\":\"#/components/schemas/Limits\"},"
	 "\"user_limits\":{\"$ref\":\"#/components/schemas/Limits\"},"
	 "\"users\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}"},
	{"QosList",
	 "{\"type\":\"object\",\"required\":[\"qos\"],\"properties\":{\"qos\":{\"type\":"
	 "\"array\",\"items\":{\"type\":\"object\",\"required\":[\"name\",\"priority\","
	 "\"usage_factor\",\"preemptable\",\"preempts\",\"running\",\"pending\"]}}}}"},
	{"Reserve",
	 "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
	 "\"name\":{\"type\":\"string\"},"
	 "\"from\":{\"type\":[\"string\",\"number\"]},"
	 "\"to\":{\"type\":[\"string\",\"number\"]},"
	 "\"duration_s\":{\"type\":[\"string\",\"number\"]},"
	 "\"site\":{\"type\":\"string\"},\"pool\":{\"type\":\"string\"},"
	 "\"nodes\":{\"type\":\"integer\"},"
	 "\"node_list\":{\"type\":\"string\",\"examples\":[\"0-3,7\"]},"
	 "\"tasks\":{\"type\":\"integer\"},\"cores\":{\"type\":\"integer\"},"
	 "\"memory\":{\"type\":[\"integer\",\"string\"]},"
	 "\"gpus\":{\"type\":\"integer\"},\"gpu\":{\"type\":\"string\"},"
	 "\"users\":{\"type\":[\"string\",\"array\"],\"items\":{\"type\":\"string\"}},"
	 "\"accounts\":{\"type\":[\"string\",\"array\"],\"items\":{\"type\":\"string\"}},"
	 "\"maintenance\":{\"type\":\"boolean\"},\"single\":{\"type\":\"boolean\"}}}"},
	{"Reservation",
	 "{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{"
	 "\"id\":{\"type\":\"integer\"},\"name\":{\"type\":\"string\"},"
	 "\"kind\":{\"enum\":[\"capacity\",\"maintenance\"]},"
	 "\"state\":{\"enum\":[\"WAITING\",\"ACTIVE\",\"BROKEN\"]},"
	 "\"reason\":{\"type\":\"string\"},\"reason_text\":{\"type\":\"string\"},"
	 "\"nodes_lost\":{\"type\":\"integer\"},\"owner\":{\"type\":\"string\"},"
	 "\"users\":{\"type\":\"array\"},\"accounts\":{\"type\":\"array\"},"
	 "\"made\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"from\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"to\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"single\":{\"type\":\"boolean\"},\"job\":{\"type\":\"integer\"},"
	 "\"site\":{\"type\":[\"string\",\"null\"]},"
	 "\"pool\":{\"type\":[\"string\",\"null\"]},"
	 "\"nodes\":{\"type\":\"integer\"},\"parts\":{\"type\":\"array\",\"items\":{"
	 "\"type\":\"object\",\"properties\":{\"site\":{\"type\":\"string\"},"
	 "\"pool\":{\"type\":\"string\"},\"nodes\":{\"type\":\"string\"}}}},"
	 "\"inputs\":{\"type\":\"array\",\"description\":\"data sets whose links and room are "
	 "held\",\"items\":{\"type\":\"object\",\"properties\":{"
	 "\"data\":{\"type\":[\"string\",\"null\"]},\"bytes\":{\"type\":\"integer\"},"
	 "\"from\":{\"type\":[\"string\",\"null\"]},"
	 "\"begin\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"end\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"mbit_s\":{\"type\":[\"integer\",\"null\"]}}}}}}"},
	{"ReservationList",
	 "{\"type\":\"object\",\"required\":[\"reservations\"],\"properties\":{"
	 "\"reservations\":{\"type\":\"array\",\"items\":"
	 "{\"$ref\":\"#/components/schemas/Reservation\"}}}}"},
	{"ReservationCheck",
	 "{\"type\":\"object\",\"required\":[\"ok\",\"nodes\"],\"properties\":{"
	 "\"ok\":{\"type\":\"boolean\"},\"site\":{\"type\":\"string\"},"
	 "\"pool\":{\"type\":\"string\"},\"nodes\":{\"type\":\"integer\"},"
	 "\"from\":{\"$ref\":\"#/components/schemas/Time\"},"
	 "\"to\":{\"$ref\":\"#/components/schemas/Time\"}}}"},
	{"DataAsk",
	 "{\"type\":\"object\",\"required\":[\"source\",\"site\"],"
	 "\"additionalProperties\":false,\"properties\":{\"source\":{\"type\":\"string\"},"
	 "\"site\":{\"type\":\"string\"},\"sha256\":{\"type\":\"string\"},"
	 "\"bytes\":{\"type\":[\"integer\",\"string\"]},\"account\":{\"type\":\"string\"},"
	 "\"sites\":" NAMES ",\"hubs\":" NAMES ",\"users\":" NAMES ",\"accounts\":" NAMES ","
	 "\"expires\":{\"type\":[\"string\",\"number\"]},"
	 "\"ttl_s\":{\"type\":[\"string\",\"number\"]}}}"},
	{"DataSite",
	 "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
	 "\"site\":{\"type\":\"string\"}}}"},
	{"DataGrant",
	 "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
	 "\"users\":" NAMES ",\"accounts\":" NAMES "}}"},
	{"Transfer",
	 "{\"type\":\"object\",\"required\":[\"id\",\"data\",\"kind\",\"state\",\"bytes\","
	 "\"done\"],\"properties\":{\"kind\":{\"enum\":[\"import\",\"copy\",\"check\"]},"
	 "\"state\":{\"enum\":[\"RUNNING\",\"WAITING\"]}}}"},
	{"TransferList",
	 "{\"type\":\"object\",\"required\":[\"transfers\"],\"properties\":{\"transfers\":{"
	 "\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Transfer\"}}}}"},
	{"DataSet",
	 "{\"type\":\"object\",\"required\":[\"name\"],\"properties\":{"
	 "\"state\":{\"enum\":[\"READY\",\"COPYING\",\"LOST\"]},"
	 "\"replicas\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	 "\"required\":[\"site\",\"state\",\"kept\",\"runs\"],\"properties\":{"
	 "\"state\":{\"enum\":[\"COPYING\",\"COMPLETE\",\"LOST\"]},"
	 "\"transfer\":{\"oneOf\":[{\"type\":\"null\"},"
	 "{\"$ref\":\"#/components/schemas/Transfer\"}]}}}}}}"},
	{"DataList",
	 "{\"type\":\"object\",\"required\":[\"data\",\"next\"],\"properties\":{\"data\":{"
	 "\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/DataSet\"}},"
	 "\"next\":{\"type\":[\"string\",\"null\"]}}}"},
	{"SignalTold",
	 "{\"type\":\"object\",\"required\":[\"site\",\"kind\",\"values\"],"
	 "\"additionalProperties\":false,\"properties\":{\"site\":{\"type\":\"string\"},"
	 "\"kind\":{\"enum\":[\"price\",\"carbon\",\"carbon_market\",\"renewable\","
	 "\"temperature\"]},\"values\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	 "\"required\":[\"time\",\"value\"],\"properties\":{\"time\":{\"type\":[\"string\","
	 "\"number\"]},\"value\":{\"type\":\"number\"}}}},"
	 "\"until\":{\"type\":[\"string\",\"number\"]},"
	 "\"issued\":{\"type\":[\"string\",\"number\"]},"
	 "\"period\":{\"enum\":[\"day\",\"week\"]},\"replace\":{\"type\":\"boolean\"},"
	 "\"marginal\":{\"type\":\"boolean\"}}}"},
	{"SignalPut",
	 "{\"type\":\"object\",\"required\":[\"site\",\"kind\",\"values\"],\"properties\":{"
	 "\"values\":{\"type\":\"integer\"},\"checked_only\":{\"type\":\"boolean\"}}}"},
	{"SignalList",
	 "{\"type\":\"object\",\"required\":[\"signals\"],\"properties\":{\"signals\":{"
	 "\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"site\",\"kind\","
	 "\"value\",\"unit\",\"source\"]}}}}"},
	{"Signal",
	 "{\"type\":\"object\",\"required\":[\"site\",\"kind\",\"unit\",\"values\",\"next\"],"
	 "\"properties\":{\"values\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	 "\"required\":[\"from\",\"until\",\"value\",\"source\"]}}}}"},
	{"TokenAsk",
	 "{\"type\":\"object\",\"required\":[\"user\"],\"additionalProperties\":false,"
	 "\"properties\":{\"user\":{\"type\":\"string\"},\"role\":{\"enum\":[\"viewer\",\"user\","
	 "\"operator\",\"site\",\"admin\"]},\"expires_s\":{\"type\":\"integer\",\"minimum\":1}}}"},
	{"Token",
	 "{\"type\":\"object\",\"required\":[\"id\",\"token\",\"user\",\"role\"],\"properties\":{"
	 "\"id\":{\"type\":\"string\"},\"token\":{\"type\":\"string\"}}}"},
	{"TokenList", "{\"type\":\"object\",\"required\":[\"tokens\"],\"properties\":{\"tokens\":"
		      "{\"type\":\"array\"}}}"},
	{"Whoami", "{\"type\":\"object\",\"required\":[\"user\",\"role\"]}"},
	{"Info",
	 "{\"type\":\"object\",\"required\":[\"version\",\"network\",\"policy\",\"jobs\"]}"},
	{"Any", "{\"type\":\"object\"}"},
	{"Problem",
	 "{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\"],"
	 "\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
	 "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
	 "\"field\":{\"type\":\"string\",\"description\":\"the field of the body, query "
	 "parameter, part of the path or header at fault\"},"
	 "\"line\":{\"type\":\"integer\",\"description\":\"of a bulk\"},"
	 "\"reason\":{\"type\":\"string\",\"description\":\"which rule refused\"},"
	 "\"a\":{\"type\":\"integer\",\"description\":\"what was wanted, as reason says\"},"
	 "\"b\":{\"type\":\"integer\",\"description\":\"what is possible\"}}}"},
};

static void raw(struct suan_jsonw *w, const char *name, const char *json)
{
	suan_jsonw_raw(w, name, json, strlen(json));
}

static void put_job_schema(struct suan_jsonw *w)
{
	uint32_t n;
	const struct suan_job_field *f = suan_job_fields(&n);

	suan_jsonw_open(w, "Job", '{');
	suan_jsonw_str(w, "type", "object");
	suan_jsonw_str(w, "description",
		       "A job as submitted: command or script is required. Answers add what "
		       "JobShort has.");
	suan_jsonw_open(w, "properties", '{');
	for (uint32_t i = 0; i < n; i++) {
		suan_jsonw_open(w, f[i].name, '{');
		suan_jsonw_str(w, "description", f[i].help);
		suan_jsonw_open(w, "allOf", '[');
		raw(w, NULL, f[i].schema);
		suan_jsonw_close(w, ']');
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, '}');
	suan_jsonw_close(w, '}');
}

static void put_content(struct suan_jsonw *w, const char *type, const char *schema)
{
	char ref[96] = "#/components/schemas/";

	suan_jsonw_open(w, type, '{');
	suan_jsonw_open(w, "schema", '{');
	if (schema) {
		strncat(ref, schema, sizeof(ref) - strlen(ref) - 1);
		suan_jsonw_str(w, "$ref", ref);
	} else
		suan_jsonw_str(w, "type", "string");
	suan_jsonw_close(w, '}');
	suan_jsonw_close(w, '}');
}

/* JSON and what means the same fields has the schema; everything else is text. */
static void put_request(struct suan_jsonw *w, const struct suan_api_body *body)
{
	size_t most = sizeof(body->types) / sizeof(body->types[0]);

	suan_jsonw_open(w, "requestBody", '{');
	suan_jsonw_open(w, "content", '{');
	for (size_t i = 0; i < most && body->types[i].name; i++)
		put_content(w, body->types[i].name,
			    strncmp(body->types[i].name, "text/", 5) ? body->schema : NULL);
	suan_jsonw_close(w, '}');
	suan_jsonw_close(w, '}');
}

static void put_parameter(struct suan_jsonw *w, const char *name, const char *in, const char *help)
{
	suan_jsonw_open(w, NULL, '{');
	suan_jsonw_str(w, "name", name);
	suan_jsonw_str(w, "in", in);
	suan_jsonw_bool(w, "required", strcmp(in, "path") == 0);
	if (help)
		suan_jsonw_str(w, "description", help);
	raw(w, "schema", "{\"type\":\"string\"}");
	suan_jsonw_close(w, '}');
}

static void put_parameters(struct suan_jsonw *w, const struct suan_api_route *r)
{
	suan_jsonw_open(w, "parameters", '[');
	if (strstr(r->path, "{id}"))
		put_parameter(w, "id", "path", NULL);
	if (strstr(r->path, "{name}"))
		put_parameter(w, "name", "path", NULL);
	for (int i = 0; i < SUAN_API_PARAMS && r->params[i].name; i++)
		put_parameter(w, r->params[i].name, "query", r->params[i].help);
	suan_jsonw_close(w, ']');
}

static void put_responses(struct suan_jsonw *w, const struct suan_api_route *r)
{
	static const int all[] = {200, 201, 400, 401, 403, 404, 409, 413, 415, 422, 500, 503, 507};
	const char *type = r->response_type ? r->response_type : "application/json";

	suan_jsonw_open(w, "responses", '{');
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int s = all[i];
		char code[4] = {(char)('0' + s / 100), (char)('0' + s / 10 % 10),
				(char)('0' + s % 10)};

		if (!suan_api_may_answer(r, s))
			continue;
		suan_jsonw_open(w, code, '{');
		suan_jsonw_str(w, "description", s < 300 ? "done" : "see detail");
		suan_jsonw_open(w, "content", '{');
		if (s < 300)
			put_content(w, type, r->response);
		else
			put_content(w, "application/problem+json", "Problem");
		suan_jsonw_close(w, '}');
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, '}');
}

static void put_operation(struct suan_jsonw *w, const struct suan_api_route *r)
{
	char method[8] = {0};

	for (size_t i = 0; r->method[i] && i < sizeof(method) - 1; i++)
		method[i] = (char)(r->method[i] | 0x20);
	suan_jsonw_open(w, method, '{');
	suan_jsonw_str(w, "operationId", r->operation);
	suan_jsonw_str(w, "summary", r->summary);
	suan_jsonw_str(w, "x-role", suan_role_name(r->role));
	if (r->role == SUAN_ROLE_NONE)
		raw(w, "security", "[]");
	put_parameters(w, r);
	if (r->request)
		put_request(w, r->request);
	put_responses(w, r);
	suan_jsonw_close(w, '}');
}

static bool first_of_path(uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (strcmp(suan_api_routes[k].path, suan_api_routes[i].path) == 0)
			return false;
	return true;
}

static void put_paths(struct suan_jsonw *w)
{
	uint32_t n = suan_api_route_count();

	suan_jsonw_open(w, "paths", '{');
	for (uint32_t i = 0; i < n; i++) {
		if (!first_of_path(i))
			continue;
		suan_jsonw_open(w, suan_api_routes[i].path, '{');
		for (uint32_t k = i; k < n; k++)
			if (strcmp(suan_api_routes[k].path, suan_api_routes[i].path) == 0)
				put_operation(w, &suan_api_routes[k]);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, '}');
}

enum suan_code suan_api_openapi(struct suan_buf *out, struct suan_err *err)
{
	struct suan_jsonw w;

	suan_jsonw_init(&w, out);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_str(&w, "openapi", "3.1.0");
	suan_jsonw_open(&w, "info", '{');
	suan_jsonw_str(&w, "title", "suan");
	suan_jsonw_str(&w, "version", SUAN_VERSION);
	suan_jsonw_str(&w, "description", "Many compute centres, used as one.");
	raw(&w, "license", "{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}");
	suan_jsonw_close(&w, '}');
	raw(&w, "security", "[{\"bearer\":[]}]");
	put_paths(&w);
	suan_jsonw_open(&w, "components", '{');
	raw(&w, "securitySchemes", "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}");
	suan_jsonw_open(&w, "schemas", '{');
	put_job_schema(&w);
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		raw(&w, schemas[i].name, schemas[i].json);
	suan_jsonw_close(&w, '}');
	suan_jsonw_close(&w, '}');
	suan_jsonw_close(&w, '}');
	return suan_buf_ok(out, err);
}
