/* kill -9 in the middle of commits: what was acknowledged is there, in order, and no half batch. */
#include "t_store.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/rng.h"

#define ROUNDS 60
#define SEED   20261121u
#define OPS    (&suan_store_sqlite)

/* The victim: commits and says each number that is durable, until it is killed. Some batches are
 * large enough to be hit in the middle of writing; now and then a snapshot and a trim. */
static void commit_for_ever(const char *location, int out, uint64_t seed)
{
	struct suan_store *s;
	struct suan_rng rng;

	if (OPS->open(&s, location, NULL) != SUAN_OK)
		_exit(1);
	suan_rng_init(&rng, seed);
	for (;;) {
		bool large = suan_rng_below(&rng, 20) == 0;
		uint32_t count = 1 + (uint32_t)suan_rng_below(&rng, 5);
		uint64_t last;

		if (commit_records(s, count, large ? 200000 : 100, NULL) != SUAN_OK)
			_exit(2);
		last = OPS->last_seq(s);
		if (write(out, &last, sizeof(last)) != sizeof(last))
			_exit(3);
		if (suan_rng_below(&rng, 40) == 0 &&
		    (OPS->snapshot_put(s, last, &last, sizeof(last), NULL) != SUAN_OK ||
		     OPS->trim(s, last - last / 4, NULL) != SUAN_OK))
			_exit(4);
	}
}

/* Lets it run for so many acknowledgements and a little more, kills it, and returns the last number
 * it said; 0: it ended by itself. */
static uint64_t run_and_kill(const char *location, struct suan_rng *rng)
{
	uint64_t acks = suan_rng_below(rng, 80), spin = suan_rng_below(rng, 2000000);
	uint64_t seed = suan_rng_next(rng), last = 0, said;
	int fds[2], status = 0;
	pid_t child;

	fflush(stdout);
	if (pipe(fds) < 0)
		return 0;
	child = fork();
	if (child == 0) {
		(void)close(fds[0]);
		commit_for_ever(location, fds[1], seed);
	}
	(void)close(fds[1]);
	for (uint64_t i = 0; i <= acks && read(fds[0], &said, sizeof(said)) == sizeof(said); i++)
		last = said;
	for (volatile uint64_t i = 0; i < spin; i++)
		;
	(void)kill(child, SIGKILL);
	while (read(fds[0], &said, sizeof(said)) == sizeof(said))
		last = said;
	(void)close(fds[0]);
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) {
		printf("# ended by itself: %d\n", WEXITSTATUS(status));
		return 0;
	}
	return last;
}

/* The snapshot belongs to its number, and the log goes on from it. */
static bool snapshot_fits(struct suan_store *s, uint64_t *ret_seq)
{
	struct suan_buf out = {0};
	uint64_t inside = 0;
	enum suan_code rc = OPS->snapshot_get(s, ret_seq, &out, NULL);
	bool good = rc == SUAN_ENOTFOUND;

	if (rc == SUAN_OK && out.len == sizeof(inside)) {
		memcpy(&inside, out.data, sizeof(inside));
		good = inside == *ret_seq;
	}
	suan_buf_done(&out);
	return good;
}

int main(void)
{
	struct folder f = folder_new();
	struct suan_rng rng;
	uint64_t before = 0, unsaid = 0;
	int good = 0;

	suan_rng_init(&rng, SEED);
	printf("# seed %u\n", SEED);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t said = run_and_kill(f.path, &rng), seq = 0, end;
		struct suan_store *s = NULL;
		struct suan_err err = {0};

		if (OPS->open(&s, f.path, &err) != SUAN_OK) {
			printf("# round %d: %s\n", i, err.text);
			break;
		}
		end = OPS->last_seq(s);
		unsaid += end > said;
		if (said > before && end >= said && end <= said + 5 && snapshot_fits(s, &seq) &&
		    holds_records(s, seq, &err))
			good++;
		else
			printf("# round %d: said %" PRIu64 ", has %" PRIu64 ": %s\n", i, said, end,
			       err.text);
		before = end;
		OPS->close(s);
	}
	is_int(good, ROUNDS, "killed in the middle of commits: every acknowledged batch is whole");
	printf("# %" PRIu64 " records; %" PRIu64 " times the last one had not been said yet\n",
	       before, unsaid);
	folder_drop(&f);
	return tap_done();
}
