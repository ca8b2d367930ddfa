/* Worker threads: work on a thread, done on the loop; closing with work queued. */
#include "lib/tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sys/workers.h"

enum { N = 200 };

static struct suan_loop *loop;
static pthread_t main_thread;
static atomic_int worked, worked_here;
static int finished, finished_elsewhere;

static void work(void *ctx)
{
	(void)ctx;
	atomic_fetch_add(&worked, 1);
	if (pthread_equal(pthread_self(), main_thread))
		atomic_fetch_add(&worked_here, 1);
}

static void done(void *ctx)
{
	(void)ctx;
	if (!pthread_equal(pthread_self(), main_thread))
		finished_elsewhere++;
	if (++finished == N)
		suan_loop_stop(loop);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void pass_gate(void *ctx)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	work(ctx);
}

int main(void)
{
	struct suan_err err = {0};
	struct suan_workers *w = NULL;

	main_thread = pthread_self();
	if (suan_loop_new(&loop, &err) != SUAN_OK)
		abort();
	ok(suan_workers_new(&w, loop, 3, &err) == SUAN_OK, "three threads %s", err.text);
	for (int i = 0; i < N; i++)
		if (suan_workers_do(w, work, done, NULL) != SUAN_OK)
			abort();
	ok(suan_loop_run(loop, &err) == SUAN_OK, "loop ran");
	is_int(worked, N, "all work was done");
	is_int(worked_here, 0, "none of it on the loop's thread");
	is_int(finished, N, "all was told");
	is_int(finished_elsewhere, 0, "on the loop's thread");

	pthread_mutex_lock(&gate);
	for (int i = 0; i < 50; i++)
		if (suan_workers_do(w, pass_gate, done, NULL) != SUAN_OK)
			abort();
	pthread_mutex_unlock(&gate);
	suan_workers_free(w);
	is_int(finished, N, "nothing is told after the end");
	suan_workers_free(NULL);
	suan_loop_free(loop);
	return tap_done();
}
