/* SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), with the CPU's own instructions where it has them. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_BLOCK = 64 };

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes taken in so far */
	uint8_t block[SHA256_BLOCK];
};

/* A key that has been absorbed once: each message then costs its own blocks and one more. */
struct hmac_key {
	struct sha256 inner, outer;
};

/* Chooses the implementation; call it once, before anything else here. Returns its name. */
const char *sha256_choose(int portable_only);

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t length);
void sha256_finish(struct sha256 *hash, uint8_t digest[SHA256_SIZE]);
void sha256_hex(const uint8_t digest[SHA256_SIZE], char out[2 * SHA256_SIZE]);

void hmac_prepare(struct hmac_key *key, const void *secret, size_t length);
void hmac_sign(const struct hmac_key *key, const void *data, size_t length, uint8_t mac[SHA256_SIZE]);

#endif
