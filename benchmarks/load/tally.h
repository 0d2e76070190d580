/* Every latency is kept and sorted at the end: percentiles are exact, no buckets. */
#ifndef TALLY_H
#define TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally {
	uint64_t *latencies_ns;
	size_t answers, room;
	size_t in_time; /* answers that came before the end of the measured time */
	size_t errors, reconnects;
	char first_error[160]; /* printable, without quotes and backslashes */
};

void tally_answer(struct tally *tally, uint64_t latency_ns, int in_time);
void tally_error(struct tally *tally, const char *what, const char *detail, size_t detail_length);

/* Prints one JSON object. `cpu_s` is what this process itself used. */
void tally_print(struct tally *tally, const char *sha256_name, int connections, double seconds, double cpu_s);

#endif
