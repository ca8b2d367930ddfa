/* Control groups, on folders that look like them: what is written where, and when it is refused. */
#include "lib/tap.h"

#include <stdlib.h>

#include "sys/cgroup.h"
#include "sys/fs.h"

static char top[] = "/tmp/suan-t_cgroup-XXXXXX";
static struct suan_err err;

static void put(const char *name, const char *text)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	if (suan_fs_write(path, text, strlen(text), 0644, false, &err) != SUAN_OK)
		abort();
}

static const char *get(const char *name)
{
	static char text[100];
	char path[300];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	if (suan_fs_read_at(path, 0, text, sizeof(text) - 1, &n, &err) != SUAN_OK)
		n = 0;
	text[n] = '\0';
	return text;
}

static void make(const char *name)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	if (suan_fs_mkdirs(path, 0755, &err) != SUAN_OK)
		abort();
}

int main(void)
{
	struct suan_cgroup_limits limits = {64u << 20, 2};
	struct suan_cgroup *c;
	const char *why = "";

	if (!mkdtemp(top))
		abort();
	ok(!suan_cgroup_open_at(top, "suan", &why), "no controllers: %s", why);
	put("cgroup.controllers", "cpu pids\n");
	ok(!suan_cgroup_open_at(top, "suan", &why), "no memory controller: %s", why);
	put("cgroup.controllers", "cpu memory pids\n");
	put("cgroup.subtree_control", "");
	ok(!suan_cgroup_open_at(top, "suan", &why), "not delegated: %s", why);
	make("suan");
	put("suan/cgroup.subtree_control", "memory");
	c = suan_cgroup_open_at(top, "suan", &why);
	ok(c != NULL, "permitted");
	if (!c)
		return tap_done();
	ok(suan_cgroup_make(c, "x", &limits, &err) != SUAN_OK, "no limit, no group: %s", err.text);
	make("suan/1_0.1");
	put("suan/1_0.1/memory.max", "");
	put("suan/1_0.1/memory.oom.group", "");
	put("suan/1_0.1/cpu.weight", "");
	put("suan/1_0.1/cgroup.kill", "");
	put("suan/1_0.1/memory.events", "low 0\noom 0\noom_kill 0\n");
	ok(suan_cgroup_make(c, "1_0.1", &limits, &err) == SUAN_OK, "a group %s", err.text);
	is_str(get("suan/1_0.1/memory.max"), "67108864", "memory");
	is_str(get("suan/1_0.1/memory.oom.group"), "1", "all of it is killed");
	is_str(get("suan/1_0.1/cpu.weight"), "200", "share of processors");
	ok(strstr(suan_cgroup_procs(c, "1_0.1"), "/suan/1_0.1/cgroup.procs") != NULL, "procs");
	ok(!suan_cgroup_oom(c, "1_0.1"), "limit not hit");
	put("suan/1_0.1/memory.events", "low 0\noom 1\noom_kill 2\n");
	ok(suan_cgroup_oom(c, "1_0.1"), "limit hit");
	suan_cgroup_kill(c, "1_0.1");
	is_str(get("suan/1_0.1/cgroup.kill"), "1", "kill");
	make("suan/2_0.1");
	suan_cgroup_sweep(c);
	ok(!suan_fs_exists(suan_cgroup_procs(c, "2_0.1")), "an empty one goes");
	is_str(get("suan/1_0.1/cgroup.kill"), "1", "one in use stays");
	suan_cgroup_free(c);
	suan_cgroup_free(NULL);
	c = suan_cgroup_open("suan-test", &why);
	ok(c != NULL || *why, "on this machine: %s", c ? "permitted" : why);
	suan_cgroup_free(c);
	ok(suan_fs_remove_tree(top, &err) == SUAN_OK, "tidy");
	return tap_done();
}
