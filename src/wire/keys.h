/* Objects of plain values by a table of keys: network files and settings. Not for jobs, whose
 * fields have a table of their own (wire/job.h). */
#ifndef SUAN_WIRE_KEYS_H
#define SUAN_WIRE_KEYS_H

#include "wire/json.h"

enum suan_key_type {
	SUAN_KEY_STRING,	/* const char * */
	SUAN_KEY_BOOL,
	SUAN_KEY_U32, SUAN_KEY_U64,
	SUAN_KEY_I32_FIXED, SUAN_KEY_U32_FIXED, SUAN_KEY_I64_FIXED,	/* `digits` decimals */
	SUAN_KEY_U64_FIXED,
	SUAN_KEY_SIZE,		/* uint64_t; bytes or "2GiB" */
	SUAN_KEY_DURATION,	/* int64_t ms; "1h30m"; a number is s (digits = 3) or ms (0) */
	SUAN_KEY_CALL,		/* read() does it */
};

struct suan_key {
	const char *name;
	enum suan_key_type type;
	uint32_t at;		/* offset in the object */
	unsigned digits;
	int64_t min, max;	/* of the stored value */
	bool (*read)(struct suan_json *j, void *object);
	bool required;
};

struct suan_keys {
	const struct suan_key *list;
	uint32_t count;		/* at most 64 */
};

/* Reads one object. Null counts as absent. Errors: unknown key (with the nearest or all), twice,
 * missing, wrong type, out of range. false: j has the error. */
bool suan_keys_read(struct suan_json *j, const struct suan_keys *keys, void *object);
/* A list of objects of one kind, in the reader's arena; false: j has the error. */
struct suan_key_items {
	struct suan_keys keys;
	size_t size;			/* of one */
	void (*init)(void *item);	/* before its keys are read */
};
bool suan_keys_items(struct suan_json *j, const struct suan_key_items *kind, void **ret,
		     uint32_t *ret_n);
/* "1.5", "-2" for messages and files: v / 10^digits without zeros at the end. */
void suan_keys_decimal(int64_t v, unsigned digits, char out[32]);

#endif
