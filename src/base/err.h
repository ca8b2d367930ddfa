/* Result codes and error texts.
 * A function that can fail because of the world returns enum suan_code and, through its last
 * parameter, says what was wrong, where, and what would be right. */
#ifndef SUAN_BASE_ERR_H
#define SUAN_BASE_ERR_H

#define SUAN_MUSTUSE	   __attribute__((warn_unused_result))
#define SUAN_PRINTF(f, a)  __attribute__((format(printf, f, a)))

enum suan_code {
	SUAN_OK = 0,
	SUAN_ENOMEM,	   /* out of memory */
	SUAN_EINVAL,	   /* input is wrong: field and text say how */
	SUAN_ENOTFOUND,	   /* no such job, site, file … */
	SUAN_ECONFLICT,	   /* state does not allow it, or the key was used for something else */
	SUAN_EREFUSED,	   /* a policy or limit says no */
	SUAN_EDENIED,	   /* no or wrong credentials */
	SUAN_ETOOBIG,	   /* a size limit is passed */
	SUAN_EIO,	   /* disk or network failed */
	SUAN_EFULL,	   /* no space left */
	SUAN_ECORRUPT,	   /* stored bytes are damaged */
	SUAN_EUNREACHABLE, /* peer does not answer */
	SUAN_EBUSY,	   /* somebody else holds it; try later */
};

/* One failure. Zeroed = none. Filled by suan_fail(); the first failure wins is NOT applied: the
 * last call describes the error that is returned. */
struct suan_err {
	enum suan_code code;
	char field[96];	 /* field at fault, JSON-pointer-like ("pools/0/nodes"), or "" */
	char text[512];	 /* one sentence without newline */
};

/* Fills *err (err may be NULL) and returns code, so that "return suan_fail(…)" reads well. */
enum suan_code suan_fail(struct suan_err *err, enum suan_code code, const char *fmt, ...)
	SUAN_PRINTF(3, 4);
/* As suan_fail, with the field at fault. field is copied, cut if too long. */
enum suan_code suan_fail_field(struct suan_err *err, enum suan_code code, const char *field,
			       const char *fmt, ...) SUAN_PRINTF(4, 5);
/* Puts "prefix: " before the text, for context while an error travels up. */
void suan_err_prefix(struct suan_err *err, const char *fmt, ...) SUAN_PRINTF(2, 3);

/* Borrowed, constant: short stable word such as "not-found"; used in API errors. */
const char *suan_code_name(enum suan_code code);

#endif
