/* Patterns of file names. */
#include "lib/tap.h"
#include "wire/job.h"

static const struct {
	const char *pattern, *name;
} cases[] = {
	{"", ""},
	{"plain.log", "plain.log"},
	{"slurm-%j.out", "slurm-12.out"},
	{"slurm-%A_%a.out", "slurm-12_7.out"},
	{"%4j-%3a", "0012-007"},
	{"%x/%u@%N", "my_job/ann@node1"},
	{"%J", "12.7"},
	{"100%%", "100%"},
	{"%", "%"},
	{"a%", "a%"},
	{"%q%j", "%q12"},
	{"%4q", "%4q"},
	{"%99999999999999999999j", "0000000012"},
	{"%5%", "%"},
	{"\xe7\xae\x97-%j", "\xe7\xae\x97-12"},
};

int main(void)
{
	struct suan_file_names n = {.job = 12, .index = 7, .is_array = true, .name = "my/job",
				    .user = "ann", .node = "node1"};
	struct suan_buf b;

	suan_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		suan_buf_reset(&b);
		is_int(suan_job_file_name(cases[i].pattern, &n, &b), SUAN_OK, cases[i].pattern);
		is_str(suan_buf_str(&b), cases[i].name, "name");
	}
	n.name = n.user = n.node = NULL;
	suan_buf_reset(&b);
	is_int(suan_job_file_name("%x%u%N.", &n, &b), SUAN_OK, "names unknown");
	is_str(suan_buf_str(&b), ".", "are empty");
	suan_buf_done(&b);
	suan_buf_init(&b, 3);
	is_int(suan_job_file_name("%j%j", &n, &b), SUAN_ETOOBIG, "no room");
	suan_buf_done(&b);
	return tap_done();
}
