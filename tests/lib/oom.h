/* Fail the n-th allocation of a test program, to prove that running out of memory changes nothing.
 * Include it in ONE file of the program (the test itself): it defines malloc, calloc and realloc
 * (strdup, strndup) for the whole process, libraries included. Works plain and with ASan, UBSan and
 * TSan, with gcc and clang; under valgrind nothing fails (see oom_works). Only the thread that
 * armed it sees failures; other threads go on undisturbed.
 *
 *	for (unsigned n = 1; oom_next(n); n++) {	// ends when nothing was left to fail
 *		… set up; what it allocates here does not count …
 *		oom_arm(n);				// the n-th allocation from here on fails
 *		rc = suan_thing_add(t, …, &err);
 *		hit = oom_disarm();			// did it fail one?
 *		ok(rc == (hit ? SUAN_ENOMEM : SUAN_OK), "allocation %u", n);
 *		… on a hit: check that t is as it was; take everything down …
 *	}
 *
 * oom_arm_all(n) fails the n-th and every later one: for code that falls back to smaller requests.
 * What is tested must be in another file than the test: compilers move or drop a malloc they see.
 * Do not print between arm and disarm: stdio allocates too. */
#ifndef SUAN_TESTS_OOM_H
#define SUAN_TESTS_OOM_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What runs before a sanitizer is up. */
#if defined(__has_attribute) && __has_attribute(disable_sanitizer_instrumentation)
#define OOM_RAW __attribute__((disable_sanitizer_instrumentation))
#else
#define OOM_RAW __attribute__((no_sanitize("thread")))
#endif

/* Volatile: compilers take for granted that malloc changes no variable of ours. */
static _Thread_local struct {
	volatile unsigned left; /* allocations until one fails; 0 = none will */
	volatile bool all;	/* all later ones fail too */
	volatile bool hit;
} oom;

static inline void oom_arm(unsigned n)
{
	oom.all = false;
	oom.hit = false;
	oom.left = n;
}

static inline void oom_arm_all(unsigned n)
{
	oom_arm(n);
	oom.all = true;
}

/* True: an allocation was failed since oom_arm. */
static inline bool oom_disarm(void)
{
	oom.left = 0;
	return oom.hit;
}

/* Loop condition: true at first, and as long as the round before failed an allocation. */
static inline bool oom_next(unsigned n)
{
	return n == 1 || oom.hit;
}

OOM_RAW static inline bool oom_strikes(void)
{
	if (oom.left == 0)
		return false;
	oom.left = oom.left - 1;
	if (oom.left > 0)
		return false;
	if (oom.all)
		oom.left = 1;
	oom.hit = true;
	errno = ENOMEM;
	return true;
}

/* The allocator underneath: that of a statically linked sanitizer, else the next in line. */
extern void *__interceptor_malloc(size_t n) __attribute__((weak));
extern void *__interceptor_calloc(size_t n, size_t elem) __attribute__((weak));
extern void *__interceptor_realloc(void *p, size_t n) __attribute__((weak));

OOM_RAW static inline void *oom_under(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (!p)
		abort();
	return p;
}

OOM_RAW void *malloc(size_t n)
{
	static void *(*under)(size_t);

	if (oom_strikes())
		return NULL;
	if (__interceptor_malloc)
		return __interceptor_malloc(n);
	if (!__atomic_load_n(&under, __ATOMIC_RELAXED)) {
		void *p = oom_under("malloc");
		void *(*f)(size_t);

		memcpy(&f, &p, sizeof(f));
		__atomic_store_n(&under, f, __ATOMIC_RELAXED);
	}
	return under(n);
}

OOM_RAW void *calloc(size_t n, size_t elem)
{
	static void *(*under)(size_t, size_t);

	if (oom_strikes())
		return NULL;
	if (__interceptor_calloc)
		return __interceptor_calloc(n, elem);
	if (!__atomic_load_n(&under, __ATOMIC_RELAXED)) {
		void *p = oom_under("calloc");
		void *(*f)(size_t, size_t);

		memcpy(&f, &p, sizeof(f));
		__atomic_store_n(&under, f, __ATOMIC_RELAXED);
	}
	return under(n, elem);
}

OOM_RAW void *realloc(void *old, size_t n)
{
	static void *(*under)(void *, size_t);

	if (oom_strikes())
		return NULL;
	if (__interceptor_realloc)
		return __interceptor_realloc(old, n);
	if (!__atomic_load_n(&under, __ATOMIC_RELAXED)) {
		void *p = oom_under("realloc");
		void *(*f)(void *, size_t);

		memcpy(&f, &p, sizeof(f));
		__atomic_store_n(&under, f, __ATOMIC_RELAXED);
	}
	return under(old, n);
}

/* Some sanitizers' own strdup would pass malloc by. */
char *strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = malloc(len + 1);

	if (copy) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

char *strdup(const char *s)
{
	return strndup(s, strlen(s));
}

/* False where an allocator that is not ours answers (valgrind's, unless it is told
 * --soname-synonyms=somalloc=nouserintercepts): the loop above then runs once, without a hit. */
static inline bool oom_works(void)
{
	void *(*volatile alloc)(size_t) = malloc;
	void *p;
	bool hit;

	oom_arm(1);
	p = alloc(1);
	hit = oom_disarm();
	free(p);
	oom.hit = false;
	return hit;
}

#endif
