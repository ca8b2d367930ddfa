/* What the copier reads from disks and from others: the first byte chooses the form. A manifest
 * that is taken prints as it was; a journal or log that is taken says nothing impossible. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/copy_journal.h"
#include "agent/copy_log.h"
#include "agent/manifest.h"

#define FIRST "suan-copy-tree 1 00\nboot x\n"

static void check(bool good)
{
	if (!good)
		abort();
}

static void manifest(const char *text, size_t n)
{
	struct suan_manifest m = {0};
	struct suan_buf b = {0};

	if (suan_manifest_read(&m, text, n, NULL) == SUAN_OK) {
		check(suan_manifest_print(&m, &b, NULL) == SUAN_OK);
		check(b.len == n && memcmp(b.data, text, n) == 0);
		for (size_t i = 0; i < m.count; i++)
			check(suan_manifest_path_ok(m.list[i].path) &&
			      suan_manifest_find(&m, m.list[i].path) == &m.list[i]);
	} else {
		check(m.count == 0);
	}
	suan_manifest_done(&m);
	suan_buf_done(&b);
}

/* The slots get digests that are right, else nothing behind them is ever reached. */
static void journal(const uint8_t *bytes, size_t n)
{
	uint8_t file[SUAN_COPY_JOURNAL] = {0}, again[SUAN_COPY_SLOT];
	struct suan_copy_journal j, k;

	(void)suan_copy_journal_read(&j, bytes, n);
	memcpy(file, "scj1", 4);
	n = n > SUAN_COPY_SLOT - 24 ? SUAN_COPY_SLOT - 24 : n;
	if (n > 0)
		memcpy(file + 24, bytes, n);
	file[4] = (uint8_t)n;
	file[5] = (uint8_t)(n >> 8);
	suan_digest16(file + 24, n, file + 8);
	if (!suan_copy_journal_read(&j, file, sizeof(file)))
		return;
	check(j.done <= INT64_MAX && strlen(j.version) < SUAN_COPY_VERSION);
	check(suan_copy_journal_write(&j, again) == SUAN_OK);
	memcpy(file, again, sizeof(again));
	check(suan_copy_journal_read(&k, file, sizeof(file)));
	check(k.done == j.done && strcmp(k.version, j.version) == 0 && k.seq == j.seq);
}

static void log_of(const char *text, size_t n)
{
	struct suan_copy_log log = {.fd = -1};
	size_t good, at = 0;

	if (suan_copy_log_read(&log, text, n, FIRST, &good)) {
		check(good <= n && (good == 0 || text[good - 1] == '\n'));
		for (size_t i = 0; i < log.count; i++) {
			check(suan_manifest_path_ok(log.list[i].e.path));
			if (i + 1 == log.count ||
			    strcmp(log.list[i].e.path, log.list[i + 1].e.path) != 0)
				check(suan_copy_log_find(&log, log.list[i].e.path, &at) ==
				      &log.list[i]);
		}
	}
	suan_copy_log_close(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return 0;
	if (bytes[0] == 'm')
		manifest((const char *)bytes + 1, n - 1);
	else if (bytes[0] == 'l')
		log_of((const char *)bytes + 1, n - 1);
	else
		journal(bytes + 1, n - 1);
	return 0;
}
