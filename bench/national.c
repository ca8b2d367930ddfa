/* Jobs of a country as JSON Lines for suan simulate, made up but plausible: national JOBS DAYS SEED.
 * Twelve cities submit by their weights in examples/east-west/network.yaml, more by day than at night
 * and more on workdays. 85 of 100 jobs want processors, the others accelerators; sizes and run times
 * are log-normal with long tails (as Lublin and Feitelson 2003 found in logs), people ask for round
 * times of which they use a part. The same arguments give the same bytes. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name;
	double weight;
} cities[] = {
	{"beijing", 0.142},   {"tianjin", 0.054}, {"shanghai", 0.153},	{"nanjing", 0.057},
	{"hangzhou", 0.065},  {"guangzhou", 0.099}, {"shenzhen", 0.112}, {"wuhan", 0.065},
	{"zhengzhou", 0.044}, {"chengdu", 0.072}, {"chongqing-city", 0.098}, {"xian", 0.039},
};

static const int round_s[] = {600, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200};

static uint64_t state;

static uint64_t next(void) /* splitmix64 (Steele, Lea and Flood 2014) */
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static double part(void) /* in (0, 1) */
{
	return ((double)(next() >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void) /* Box and Muller 1958 */
{
	return sqrt(-2 * log(part())) * cos(2 * M_PI * part());
}

static double within(double x, double least, double most)
{
	return x < least ? least : x > most ? most : x;
}

/* How busy the second of the week is, of 1: least at 4 o'clock, most at 16, half on two days. */
static double busy(double second)
{
	double hour = fmod(second / 3600, 24), day = fmod(second / 86400, 7);

	return (0.55 - 0.45 * cos((hour - 4) / 24 * 2 * M_PI)) * (day >= 5 ? 0.5 : 1);
}

static const char *city(void)
{
	double x = part();
	size_t i = 0;

	while (i + 1 < sizeof(cities) / sizeof(cities[0]) && x >= cities[i].weight)
		x -= cities[i++].weight;
	return cities[i].name;
}

static void put_job(uint64_t id, int64_t submit)
{
	int accelerators = part() < 0.15, run, estimate, tasks, per_task;
	double used = within(0.1 + 0.9 * part(), 0.1, 1);
	size_t k = 0;

	if (accelerators) {
		run = (int)within(exp(8.3 + 1.5 * normal()), 30, 259200);
		tasks = 1 << (int)within(1.2 * fabs(normal()) + 0.6 * (part() < 0.1) * 6 * part(), 0, 7);
		per_task = tasks > 1 ? 8 : 1 << (int)(part() * 4);
	} else {
		run = (int)within(exp(6.2 + 1.9 * normal()), 10, 259200);
		tasks = 1 << (int)within(2.2 * fabs(normal()), 0, 10);
		per_task = 1 << (int)within(2 + 1.5 * normal(), 0, 6);
	}
	while (k + 1 < sizeof(round_s) / sizeof(round_s[0]) && round_s[k] * used < run)
		k++;
	estimate = round_s[k];
	printf("{\"id\":%" PRIu64 ",\"submit_s\":%" PRId64 ",\"run_s\":%d,\"estimate_s\":%d,\"tasks\":%d,"
	       "\"cores\":%d,\"gpus\":%d,\"user\":\"u%d\",\"site\":\"%s\"}\n",
	       id, submit, run < estimate ? run : estimate, estimate, tasks,
	       accelerators ? per_task * 12 : per_task, accelerators ? per_task : 0,
	       (int)(20000 * part() * part()), city());
}

int main(int argc, char **argv)
{
	uint64_t jobs = argc == 4 ? strtoull(argv[1], NULL, 10) : 0;
	double seconds = argc == 4 ? strtod(argv[2], NULL) * 86400 : 0, all = 0, sum = 0;
	uint64_t made = 0;

	if (jobs == 0 || seconds < 1) {
		fprintf(stderr, "usage: national JOBS DAYS SEED\n");
		return 2;
	}
	state = strtoull(argv[3], NULL, 10);
	for (double t = 0; t < seconds; t++)
		all += busy(t);
	for (double t = 0; t < seconds; t++) {
		sum += busy(t);
		for (; made < jobs && (double)made < sum / all * (double)jobs; made++)
			put_job(made + 1, (int64_t)t);
	}
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
