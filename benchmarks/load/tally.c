#include "tally.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void tally_answer(struct tally *tally, uint64_t latency_ns, int in_time)
{
	if (tally->answers == tally->room) {
		tally->room = tally->room ? 2 * tally->room : 1 << 16;
		tally->latencies_ns = realloc(tally->latencies_ns, tally->room * sizeof *tally->latencies_ns);
		if (!tally->latencies_ns)
			abort();
	}
	tally->latencies_ns[tally->answers++] = latency_ns;
	tally->in_time += in_time != 0;
}

void tally_error(struct tally *tally, const char *what, const char *detail, size_t detail_length)
{
	if (tally->errors++)
		return;
	char *text = tally->first_error;
	int length = snprintf(text, sizeof tally->first_error, "%s %.*s", what, (int)detail_length, detail);
	for (int i = 0; i < length && text[i]; i++)
		if (!isprint((unsigned char)text[i]) || text[i] == '"' || text[i] == '\\')
			text[i] = '.';
}

static int by_size(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

/* Nearest rank: the smallest latency that at least this share of the answers did not exceed. */
static double percentile_us(const struct tally *tally, double share)
{
	if (!tally->answers)
		return 0;
	double exact = share * (double)tally->answers;
	size_t rank = (size_t)exact;
	if ((double)rank < exact)
		rank++;
	return (double)tally->latencies_ns[rank ? rank - 1 : 0] / 1e3;
}

void tally_print(struct tally *tally, const char *sha256_name, int connections, double seconds, double cpu_s)
{
	if (tally->answers)
		qsort(tally->latencies_ns, tally->answers, sizeof *tally->latencies_ns, by_size);
	double cpu_us = tally->answers ? cpu_s * 1e6 / (double)tally->answers : 0;
	printf("{\"sha256\": \"%s\", \"connections\": %d, \"seconds\": %.6f, \"requests\": %zu, \"errors\": %zu, "
	       "\"reconnects\": %zu, \"requests_per_s\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
	       "\"p999_us\": %.1f, \"max_us\": %.1f, \"cpu_us\": %.2f, \"first_error\": \"%s\"}\n",
	       sha256_name, connections, seconds, tally->answers, tally->errors, tally->reconnects,
	       (double)tally->in_time / seconds, percentile_us(tally, 0.5), percentile_us(tally, 0.99),
	       percentile_us(tally, 0.999), percentile_us(tally, 1), cpu_us, tally->first_error);
}
