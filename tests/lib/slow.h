/* Builds in which every step costs many times more, with sanitizers or without optimisation, run
 * fewer random cases; the optimised builds run them all. */
#ifndef SUAN_TESTS_SLOW_H
#define SUAN_TESTS_SLOW_H

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define SLOW_BUILD
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOW_BUILD
#endif
#endif

#endif
