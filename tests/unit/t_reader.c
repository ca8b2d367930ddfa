/* Files in pieces: plain, gzip, damaged gzip, standard input. */
#include "lib/tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/rng.h"
#include "sys/fs.h"
#include "sys/reader.h"

static char top[] = "/tmp/suan-t_reader-XXXXXX";
static struct suan_err err;

static const char *at(const char *name)
{
	static char paths[8][300];
	static int next;
	char *p = paths[next++ % 8];

	(void)snprintf(p, 300, "%s/%s", top, name);
	return p;
}

static void put(const char *name, const struct suan_buf *b)
{
	if (suan_fs_write(at(name), suan_buf_str(b), b->len, 0644, false, &err) != SUAN_OK)
		abort();
}

/* n bytes that pack to about half. */
static void make(size_t n, struct suan_buf *ret)
{
	struct suan_rng rng;

	suan_rng_init(&rng, n);
	suan_buf_init(ret, 0);
	while (ret->len < n)
		suan_buf_addc(ret, (char)('a' + suan_rng_below(&rng, 16)));
}

static void pack(const struct suan_buf *plain, struct suan_buf *out)
{
	z_stream z = {0};

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    suan_buf_reserve(out, deflateBound(&z, plain->len) + 100) != SUAN_OK)
		abort();
	z.next_in = (Bytef *)plain->data;
	z.avail_in = (uInt)plain->len;
	z.next_out = (Bytef *)out->data + out->len;
	z.avail_out = (uInt)(out->cap - out->len - 1);
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	out->len += z.total_out;
	(void)deflateEnd(&z);
}

static enum suan_code read_all(const char *path, struct suan_buf *out)
{
	uint64_t read = 0, total = 0, before = 0;
	struct suan_file_reader *r = NULL;
	enum suan_code rc;
	const void *p;
	size_t n = 1;

	suan_buf_init(out, 0);
	memset(&err, 0, sizeof(err));
	rc = suan_file_reader_open(path, &r, &err);
	while (rc == SUAN_OK && n > 0) {
		rc = suan_file_reader_next(r, &p, &n, &err);
		if (rc != SUAN_OK)
			break;
		suan_buf_add(out, p, n);
		suan_file_reader_progress(r, &read, &total);
		if (read < before || (total && read > total))
			ok(false, "progress goes on: %" PRIu64 " of %" PRIu64, read, total);
		before = read;
	}
	if (rc == SUAN_OK && total && read != total)
		ok(false, "progress ends at the end: %" PRIu64 " of %" PRIu64, read, total);
	suan_file_reader_close(r);
	return rc;
}

static bool same(const struct suan_buf *a, const struct suan_buf *b)
{
	return a->len == b->len && memcmp(suan_buf_str(a), suan_buf_str(b), a->len) == 0;
}

static void gives(const char *name, const struct suan_buf *want, const char *what)
{
	struct suan_buf got;
	enum suan_code rc = read_all(at(name), &got);

	ok(rc == SUAN_OK && same(&got, want), "%s%s%s", what, err.text[0] ? ": " : "", err.text);
	suan_buf_done(&got);
}

static void test_sizes(void)
{
	const size_t sizes[] = {0, 1, 2, 3, 1000, 262143, 262144, 262145, 1000000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct suan_buf plain, packed = {0};

		make(sizes[i], &plain);
		pack(&plain, &packed);
		put("plain", &plain);
		put("packed", &packed);
		gives("plain", &plain, "a plain file");
		gives("packed", &plain, "a packed file");
		suan_buf_done(&plain);
		suan_buf_done(&packed);
	}
}

static void test_members(void)
{
	struct suan_buf plain, twice = {0}, packed = {0}, none = {0};

	make(300000, &plain);
	suan_buf_add(&twice, plain.data, plain.len);
	suan_buf_add(&twice, plain.data, plain.len);
	pack(&plain, &packed);
	pack(&none, &packed);
	pack(&plain, &packed);
	put("f", &packed);
	gives("f", &twice, "members after each other, one of them empty");
	for (int i = 0; i < 300000; i++)
		suan_buf_addc(&packed, '\0');
	put("f", &packed);
	gives("f", &twice, "zeros at the end");
	pack(&plain, &packed);
	suan_buf_add(&twice, plain.data, plain.len);
	put("f", &packed);
	gives("f", &twice, "zeros between");
	suan_buf_done(&plain);
	suan_buf_done(&twice);
	suan_buf_done(&packed);
}

/* The first byte of the second member is the last one of a piece. */
static void test_member_at_edge(void)
{
	struct suan_buf plain, want = {0}, packed = {0}, got;
	size_t first;

	make(1000, &plain);
	pack(&plain, &packed);
	suan_buf_add(&want, plain.data, plain.len);
	first = 262143 - packed.len;
	for (size_t i = 0; i < first; i++)
		suan_buf_addc(&packed, '\0');
	pack(&plain, &packed);
	suan_buf_add(&want, plain.data, plain.len);
	put("f", &packed);
	gives("f", &want, "a member that begins with the last byte of a piece");
	packed.data[262144] = 'x';
	put("f", &packed);
	is_int(read_all(at("f"), &got), SUAN_ECORRUPT, "another byte there");
	ok(strstr(err.text, "f: byte 262143: found other bytes behind the gzip data") != NULL,
	   "the text says where: %s", err.text);
	suan_buf_done(&plain);
	suan_buf_done(&got);
	suan_buf_done(&want);
	suan_buf_done(&packed);
}

static void test_truncated(void)
{
	struct suan_buf plain, packed = {0}, got;
	unsigned wrong = 0;
	char want[80];

	make(1000, &plain);
	pack(&plain, &packed);
	for (size_t n = packed.len - 1; n >= 2; n -= n > 24 ? 5 : 1) {
		suan_buf_cut(&packed, n);
		put("f", &packed);
		(void)snprintf(want, sizeof(want), "f: byte %zu: the gzip data ends early, after ",
			       n);
		if (read_all(at("f"), &got) != SUAN_ECORRUPT || !strstr(err.text, want))
			wrong++;
		suan_buf_done(&got);
	}
	is_int(wrong, 0, "gzip cut anywhere is refused");
	ok(strstr(err.text, "after 0 unpacked bytes") != NULL, "the text: %s", err.text);
	suan_buf_cut(&packed, 1);
	put("f", &packed);
	gives("f", &packed, "one byte of it is plain");
	suan_buf_done(&plain);
	suan_buf_done(&packed);
}

static void test_damaged(void)
{
	struct suan_buf plain, packed = {0}, got;
	unsigned wrong = 0, tried = 0;

	make(1000, &plain);
	pack(&plain, &packed);
	/* From 10 on: before are fields of the header that say nothing about the bytes. */
	for (size_t i = 10; i < packed.len; i += 3) {
		packed.data[i] = (char)(packed.data[i] ^ 0x55);
		put("f", &packed);
		wrong += read_all(at("f"), &got) != SUAN_ECORRUPT;
		suan_buf_done(&got);
		packed.data[i] = (char)(packed.data[i] ^ 0x55);
		tried++;
	}
	ok(tried > 150 && wrong == 0, "%u damaged bytes, %u not found", tried, wrong);
	packed.data[packed.len - 5] = (char)(packed.data[packed.len - 5] ^ 1);
	put("f", &packed);
	is_int(read_all(at("f"), &got), SUAN_ECORRUPT, "a wrong checksum");
	ok(strstr(err.text, "damaged gzip data (incorrect data check) after 1000 unpacked bytes") !=
			   NULL &&
		   strstr(err.text, ": byte "),
	   "the text: %s", err.text);
	suan_buf_done(&got);
	suan_buf_done(&plain);
	suan_buf_done(&packed);
}

static void test_world(void)
{
	struct suan_file_reader *r = NULL;
	struct suan_buf got;

	is_int(suan_file_reader_open(at("none"), &r, &err), SUAN_ENOTFOUND, "no such file");
	ok(strstr(err.text, "cannot open /tmp/suan-t_reader-") && strstr(err.text, "No such file"),
	   "the text: %s", err.text);
	ok(r == NULL, "nothing is given");
	is_int(read_all(top, &got), SUAN_EINVAL, "a folder");
	ok(strstr(err.text, "cannot read /tmp/suan-t_reader-") && strstr(err.text, "directory"),
	   "the text: %s", err.text);
	suan_buf_done(&got);
	suan_file_reader_close(NULL);
}

/* A pipe that gives one byte first: what it holds is still told by two. */
static void test_standard_input(void)
{
	struct suan_buf plain, packed = {0}, got;
	struct suan_file_reader *r = NULL;
	int keep = dup(STDIN_FILENO), ends[2];

	make(1000, &plain);
	pack(&plain, &packed);
	if (keep < 0 || pipe(ends) != 0 || dup2(ends[0], STDIN_FILENO) < 0 ||
	    write(ends[1], packed.data, packed.len) != (ssize_t)packed.len)
		abort();
	(void)close(ends[1]);
	is_int(read_all("-", &got), SUAN_OK, "standard input");
	ok(same(&got, &plain), "unpacked too");
	suan_buf_done(&got);
	is_int(suan_file_reader_open("-", &r, &err), SUAN_OK, "again");
	is_str(suan_file_reader_name(r), "standard input", "its name");
	suan_file_reader_close(r);
	ok(fcntl(STDIN_FILENO, F_GETFD) >= 0, "it stays open");
	(void)dup2(keep, STDIN_FILENO);
	(void)close(keep);
	(void)close(ends[0]);
	suan_buf_done(&plain);
	suan_buf_done(&packed);
}

static void test_progress(void)
{
	struct suan_file_reader *r = NULL;
	struct suan_buf plain, packed = {0};
	uint64_t read, total;
	const void *p;
	size_t n;

	make(2000000, &plain);
	pack(&plain, &packed);
	put("f", &packed);
	is_int(suan_file_reader_open(at("f"), &r, &err), SUAN_OK, "open");
	suan_file_reader_progress(r, &read, &total);
	ok(read == 0 && total == packed.len, "at the beginning");
	is_int(suan_file_reader_next(r, &p, &n, &err), SUAN_OK, "a piece");
	suan_file_reader_progress(r, &read, &total);
	ok(read > total / 20 && read < total / 4, "an eighth: %" PRIu64 " of %" PRIu64, read,
	   total);
	suan_file_reader_close(r);
	suan_buf_done(&plain);
	suan_buf_done(&packed);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_sizes();
	test_members();
	test_member_at_edge();
	test_truncated();
	test_damaged();
	test_world();
	test_standard_input();
	test_progress();
	if (suan_fs_remove_tree(top, &err) != SUAN_OK)
		return 1;
	return tap_done();
}
