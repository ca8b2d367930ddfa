#include "wire/network_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/num.h"
#include "wire/nearest.h"

#define LONGEST_NAME 64u

struct check {
	const struct suan_network *net;
	const struct suan_yaml *y;
	const char *file;
	struct suan_err *err;
	enum suan_code rc;
	struct suan_map sites, cities;	/* hash of the name → number */
};

/* ---- errors ---- */

/* Steps into the value at the path. */
static void seek(struct suan_json *j, const char *path)
{
	const char *name;

	while (*path && !j->failed) {
		size_t n = strcspn(path, "/");

		if (suan_json_peek(j) == SUAN_JSON_ARRAY) {
			unsigned long at = strtoul(path, NULL, 10);

			(void)suan_json_array(j);
			for (unsigned long i = 0; suan_json_element(j) && i < at; i++)
				(void)suan_json_skip(j);
		} else if (suan_json_object(j)) {
			while (suan_json_member(j, &name) &&
			       (strlen(name) != n || memcmp(name, path, n) != 0))
				(void)suan_json_skip(j);
		}
		path += n + (path[n] == '/');
	}
}

/* Reports an error at the path, with its line. Returns false. */
static bool fault(struct check *c, const char *path, const char *fmt, ...) SUAN_PRINTF(3, 4);

static bool fault(struct check *c, const char *path, const char *fmt, ...)
{
	struct suan_arena arena;
	struct suan_json j;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	suan_arena_init(&arena, 0);
	suan_yaml_reader(c->y, c->file, &arena, &j, c->err);
	seek(&j, path);
	(void)suan_json_fail(&j, SUAN_EINVAL, "%s", text);
	c->rc = j.code;
	suan_arena_done(&arena);
	return false;
}

static bool no_memory(struct check *c)
{
	c->rc = suan_fail(c->err, SUAN_ENOMEM, "out of memory");
	return false;
}

/* ---- names ---- */

static uint64_t hash(const char *s)
{
	return suan_hash_bytes(SUAN_HASH_START, s, strlen(s));
}

/* Names stand in lists, paths and listings: no blanks, commas, slashes. */
static bool good_name(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > LONGEST_NAME)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f || strchr(",/:\"'\\", s[i]))
			return false;
	return true;
}

static bool check_name(struct check *c, const char *list, uint32_t i, const char *name)
{
	char path[96];

	if (good_name(name))
		return true;
	(void)snprintf(path, sizeof(path), "%s/%u/name", list, (unsigned)i);
	return fault(c, path,
		     "expected a name of 1 to %u bytes without blanks, commas, colons, slashes and "
		     "quotes, found \"%.70s\"",
		     LONGEST_NAME, name);
}

/* Puts the name into the map; false + error: it is there already. */
static bool check_new(struct check *c, struct suan_map *seen, const char *list, uint32_t i,
		      const char *name)
{
	char path[96];

	if (!check_name(c, list, i, name))
		return false;
	(void)snprintf(path, sizeof(path), "%s/%u/name", list, (unsigned)i);
	if (suan_map_get(seen, hash(name), NULL))
		return fault(c, path, "\"%s\" is there already; expected another name", name);
	if (suan_map_put(seen, hash(name), i) != SUAN_OK)
		return no_memory(c);
	return true;
}

/* ---- hubs and sites ---- */

static bool check_hubs(struct check *c, struct suan_map *hubs)
{
	static const char *const sides[] = {"", "east", "west", "both"};

	for (uint32_t i = 0; i < c->net->nhubs; i++) {
		const struct suan_hub_spec *h = &c->net->hubs[i];
		bool known = false;
		char path[96];

		if (!check_new(c, hubs, "hubs", i, h->name))
			return false;
		for (size_t k = 0; k < sizeof(sides) / sizeof(sides[0]); k++)
			known = known || strcmp(h->side, sides[k]) == 0;
		(void)snprintf(path, sizeof(path), "hubs/%u/side", (unsigned)i);
		if (!known)
			return fault(c, path, "expected east, west or both, found \"%.60s\"",
				     h->side);
	}
	return true;
}

/* A site or city may lie in no listed hub, but a name one letter away from one is a slip. */
static bool check_hub_of(struct check *c, const struct suan_map *hubs, const char *list,
			 uint32_t i, const char *hub)
{
	struct suan_nearest near;
	char path[96];

	if (!hub[0] || !c->net->nhubs || suan_map_get(hubs, hash(hub), NULL))
		return true;
	suan_nearest_init(&near, hub);
	for (uint32_t k = 0; k < c->net->nhubs; k++)
		suan_nearest_try(&near, c->net->hubs[k].name);
	if (!near.best || near.distance > 1)
		return true;
	(void)snprintf(path, sizeof(path), "%s/%u/hub", list, (unsigned)i);
	return fault(c, path, "found \"%s\", which is no hub; did you mean \"%s\"?", hub,
		     near.best);
}

static bool check_pools(struct check *c, uint32_t site)
{
	const struct suan_site_spec *s = &c->net->sites[site];
	struct suan_map seen;
	char list[64], path[96];
	bool good = true;

	suan_map_init(&seen);
	(void)snprintf(list, sizeof(list), "sites/%u/pools", (unsigned)site);
	for (uint32_t i = 0; i < s->npools && good; i++) {
		const struct suan_pool_spec *p = &s->pools[i];

		good = check_new(c, &seen, list, i, p->name);
		(void)snprintf(path, sizeof(path), "%s/%u/gpu", list, (unsigned)i);
		if (good && p->gpu[0] && !p->gpus)
			good = fault(c, path,
				     "names a kind but gpus is 0; expected gpus of at least 1");
	}
	suan_map_done(&seen);
	return good;
}

static bool check_places(struct check *c, const struct suan_map *hubs)
{
	const struct suan_network *net = c->net;

	if (!net->nsites)
		return fault(c, "sites", "expected at least one site, found none");
	for (uint32_t i = 0; i < net->nsites; i++) {
		if (!check_new(c, &c->sites, "sites", i, net->sites[i].name) ||
		    !check_hub_of(c, hubs, "sites", i, net->sites[i].hub) || !check_pools(c, i))
			return false;
	}
	for (uint32_t i = 0; i < net->ncities; i++) {
		if (!check_new(c, &c->cities, "cities", i, net->cities[i].name) ||
		    !check_hub_of(c, hubs, "cities", i, net->cities[i].hub))
			return false;
	}
	return true;
}

/* ---- links ---- */

/* A site may have the name of its city: for links they are one place. */
static bool is_place(const struct check *c, const char *name)
{
	return suan_map_get(&c->sites, hash(name), NULL) ||
	       suan_map_get(&c->cities, hash(name), NULL);
}

static bool unknown_end(struct check *c, uint32_t i, const char *end, const char *name)
{
	const struct suan_network *net = c->net;
	struct suan_nearest near;
	char path[96];

	suan_nearest_init(&near, name);
	for (uint32_t k = 0; k < net->nsites; k++)
		suan_nearest_try(&near, net->sites[k].name);
	for (uint32_t k = 0; k < net->ncities; k++)
		suan_nearest_try(&near, net->cities[k].name);
	(void)snprintf(path, sizeof(path), "links/%u/%s", (unsigned)i, end);
	if (near.best)
		return fault(c, path, "no site or city \"%.70s\"; did you mean \"%s\"?", name,
			     near.best);
	return fault(c, path, "expected the name of a site or city, found \"%.70s\"", name);
}

/* Without a list of cities, one end may be a place that the file says no more about. */
static bool check_ends(struct check *c, uint32_t i)
{
	const struct suan_link_spec *l = &c->net->links[i];
	bool from = is_place(c, l->from);
	bool to = is_place(c, l->to);
	bool loose = !c->net->ncities && (from || to);
	char path[96];

	if (!from && !(loose && good_name(l->from)))
		return unknown_end(c, i, "from", l->from);
	if (!to && !(loose && good_name(l->to)))
		return unknown_end(c, i, "to", l->to);
	(void)snprintf(path, sizeof(path), "links/%u/to", (unsigned)i);
	if (strcmp(l->from, l->to) == 0)
		return fault(c, path, "expected another place than \"%s\", where the link begins",
			     l->from);
	return true;
}

static bool check_links(struct check *c)
{
	struct suan_map seen;
	bool good = true;

	suan_map_init(&seen);
	for (uint32_t i = 0; i < c->net->nlinks && good; i++) {
		const struct suan_link_spec *l = &c->net->links[i];
		uint64_t key = suan_hash_u64(hash(l->from), hash(l->to));
		char path[96];

		good = check_ends(c, i);
		if (!good)
			break;
		(void)snprintf(path, sizeof(path), "links/%u", (unsigned)i);
		if (suan_map_get(&seen, key, NULL))
			good = fault(c, path, "a link from \"%s\" to \"%s\" is there already",
				     l->from, l->to);
		else if (suan_map_put(&seen, key, i) != SUAN_OK)
			good = no_memory(c);
	}
	suan_map_done(&seen);
	return good;
}

enum suan_code suan_network_check(const struct suan_network *net, const struct suan_yaml *y,
				  const char *file_name, struct suan_err *err)
{
	struct check c = {.net = net, .y = y, .file = file_name, .err = err, .rc = SUAN_OK};
	struct suan_map hubs;

	suan_map_init(&c.sites);
	suan_map_init(&c.cities);
	suan_map_init(&hubs);
	if (check_hubs(&c, &hubs) && check_places(&c, &hubs))
		(void)check_links(&c);
	suan_map_done(&c.sites);
	suan_map_done(&c.cities);
	suan_map_done(&hubs);
	return c.rc;
}
