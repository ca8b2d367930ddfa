#include "sys/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fs_parts.h"
#include "sys/oserr.h"

struct suan_cgroup {
	char base[PATH_MAX];	/* our folder */
	char path[PATH_MAX];	/* scratch of suan_cgroup_procs */
};

/* Reads a small file; "" when it is not there. */
static void read_text(const char *path, char *out, size_t size)
{
	int fd = suan_fs_open(path, O_RDONLY, 0);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

static bool write_text(const char *path, const char *text)
{
	int fd = suan_fs_open(path, O_WRONLY, 0);
	int e = fd < 0 ? errno : suan_fs_write_all(fd, text, strlen(text));

	if (fd >= 0)
		(void)close(fd);
	errno = e;
	return e == 0;
}

static bool join(char out[PATH_MAX], const char *a, const char *b)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", a, b);

	return n > 0 && n < PATH_MAX;
}

/* The line "0::/path" of /proc/self/cgroup under the mount point of version 2. */
static bool own_place(char out[PATH_MAX])
{
	char text[PATH_MAX];
	const char *line;
	const char *mount = NULL;

	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0)
		mount = "/sys/fs/cgroup";
	else if (access("/sys/fs/cgroup/unified/cgroup.controllers", F_OK) == 0)
		mount = "/sys/fs/cgroup/unified";
	read_text("/proc/self/cgroup", text, sizeof(text));
	line = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	if (!mount || !line)
		return false;
	line = strchr(line, '/') + 1;
	return snprintf(out, PATH_MAX, "%s/%.*s", mount, (int)strcspn(line, "\n"), line) <
	       PATH_MAX;
}

struct suan_cgroup *suan_cgroup_open(const char *name, const char **why)
{
	char place[PATH_MAX];

	if (own_place(place))
		return suan_cgroup_open_at(place, name, why);
	*why = "no cgroup v2 here";
	return NULL;
}

/* Controllers must be handed down at the parent and again at our folder. */
static const char *prepare(struct suan_cgroup *c, const char *parent)
{
	char path[PATH_MAX];
	char text[512];

	if (!join(path, parent, "cgroup.controllers"))
		return "path of the cgroup is too long";
	read_text(path, text, sizeof(text));
	if (!strstr(text, "memory"))
		return "cgroup v2 without the memory controller";
	if (join(path, parent, "cgroup.subtree_control"))
		(void)write_text(path, "+memory +pids +cpu");	/* may be so already */
	if (mkdir(c->base, 0755) < 0 && errno != EEXIST)
		return "not permitted to make a cgroup";
	if (!join(path, c->base, "cgroup.subtree_control"))
		return "path of the cgroup is too long";
	if (!write_text(path, "+memory") || (read_text(path, text, sizeof(text)),
					     !strstr(text, "memory"))) {
		(void)rmdir(c->base);
		return "the memory controller is not delegated";
	}
	(void)write_text(path, "+pids");
	(void)write_text(path, "+cpu");
	return NULL;
}

struct suan_cgroup *suan_cgroup_open_at(const char *parent, const char *name, const char **why)
{
	struct suan_cgroup *c = calloc(1, sizeof(*c));

	*why = "out of memory";
	if (!c)
		return NULL;
	*why = join(c->base, parent, name) ? prepare(c, parent) : "path of the cgroup is too long";
	if (*why) {
		free(c);
		return NULL;
	}
	return c;
}

void suan_cgroup_free(struct suan_cgroup *c)
{
	if (!c)
		return;
	suan_cgroup_sweep(c);
	(void)rmdir(c->base);	/* fails while groups are in it, as it should */
	free(c);
}

static const char *file_of(struct suan_cgroup *c, const char *group, const char *file)
{
	char dir[PATH_MAX];

	if (!join(dir, c->base, group) || !join(c->path, dir, file))
		c->path[0] = '\0';
	return c->path;
}

enum suan_code suan_cgroup_make(struct suan_cgroup *c, const char *group,
				const struct suan_cgroup_limits *limits, struct suan_err *err)
{
	char text[32];
	char dir[PATH_MAX];

	if (!join(dir, c->base, group))
		return suan_fail(err, SUAN_ETOOBIG, "path of the cgroup %s is too long", group);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return suan_fail_os(err, errno, "cannot make the cgroup %s", dir);
	if (limits->memory_bytes) {
		(void)snprintf(text, sizeof(text), "%" PRIu64, limits->memory_bytes);
		if (!write_text(file_of(c, group, "memory.max"), text)) {
			int e = errno;

			(void)rmdir(dir);
			return suan_fail_os(err, e, "cannot limit the memory of %s", dir);
		}
		(void)write_text(file_of(c, group, "memory.swap.max"), "0");
		(void)write_text(file_of(c, group, "memory.oom.group"), "1");
	}
	if (limits->cores) {
		uint32_t weight = limits->cores > 100 ? 10000 : limits->cores * 100;

		(void)snprintf(text, sizeof(text), "%" PRIu32, weight);
		(void)write_text(file_of(c, group, "cpu.weight"), text);
	}
	return SUAN_OK;
}

const char *suan_cgroup_procs(struct suan_cgroup *c, const char *group)
{
	return file_of(c, group, "cgroup.procs");
}

void suan_cgroup_kill(struct suan_cgroup *c, const char *group)
{
	(void)write_text(file_of(c, group, "cgroup.kill"), "1");
}

bool suan_cgroup_oom(struct suan_cgroup *c, const char *group)
{
	char text[512];
	const char *p;

	read_text(file_of(c, group, "memory.events"), text, sizeof(text));
	p = strstr(text, "oom_kill ");
	return p && strtoull(p + 9, NULL, 10) > 0;
}

void suan_cgroup_sweep(struct suan_cgroup *c)
{
	DIR *d = opendir(c->base);
	const struct dirent *de;

	if (!d)
		return;
	/* The kernel refuses to remove one that processes are in. */
	while ((de = readdir(d)))
		if (de->d_name[0] != '.')
			(void)unlinkat(dirfd(d), de->d_name, AT_REMOVEDIR);
	(void)closedir(d);
}
