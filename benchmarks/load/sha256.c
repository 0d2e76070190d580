#include "sha256.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, int bits)
{
	return (word >> bits) | (word << (32 - bits));
}

static void compress_portable(uint32_t state[8], const uint8_t *data, size_t blocks)
{
	for (; blocks; blocks--, data += SHA256_BLOCK) {
		uint32_t w[64];
		for (int i = 0; i < 16; i++)
			w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 |
			       (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
		for (int i = 16; i < 64; i++) {
			uint32_t a = w[i - 15], b = w[i - 2];
			w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ (a >> 3)) +
			       (rotate(b, 17) ^ rotate(b, 19) ^ (b >> 10));
		}
		uint32_t s[8];
		memcpy(s, state, sizeof s);
		for (int i = 0; i < 64; i++) {
			uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
				      ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
			uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
				      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
			memmove(s + 1, s, 7 * sizeof *s);
			s[4] += t1;
			s[0] = t1 + t2;
		}
		for (int i = 0; i < 8; i++)
			state[i] += s[i];
	}
}

#if defined(__x86_64__)
/* The instructions keep the state as (A B E F) and (C D G H) and do two rounds each; the message schedule of a
 * group of four words is made three groups ahead of its use. */
__attribute__((target("sha,sse4.1,ssse3"))) static void compress_sha_ni(uint32_t state[8], const uint8_t *data,
									size_t blocks)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	__m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
	__m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
	__m128i abef = _mm_alignr_epi8(low, high, 8);
	__m128i cdgh = _mm_blend_epi16(high, low, 0xF0);

	for (; blocks; blocks--, data += SHA256_BLOCK) {
		const __m128i abef_before = abef, cdgh_before = cdgh;
		__m128i w[4];
		for (int i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), big_endian);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			__m128i now = w[i & 3];
			__m128i sum = _mm_add_epi32(now, _mm_loadu_si128((const __m128i *)(K + 4 * i)));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
			if (i < 12) {
				__m128i next = w[(i + 1) & 3], last = w[(i + 3) & 3];
				__m128i middle = _mm_alignr_epi8(last, w[(i + 2) & 3], 4);
				__m128i part = _mm_add_epi32(_mm_sha256msg1_epu32(now, next), middle);
				w[i & 3] = _mm_sha256msg2_epu32(part, last);
			}
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}

	low = _mm_shuffle_epi32(abef, 0x1B);
	high = _mm_shuffle_epi32(cdgh, 0xB1);
	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xF0));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static int has_sha_ni(void)
{
	unsigned a, b, c, d;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29)) && __builtin_cpu_supports("sse4.1");
}
#endif

static void (*compress)(uint32_t state[8], const uint8_t *data, size_t blocks) = compress_portable;

const char *sha256_choose(int portable_only)
{
#if defined(__x86_64__)
	if (!portable_only && has_sha_ni()) {
		compress = compress_sha_ni;
		return "sha-ni";
	}
#endif
	(void)portable_only;
	compress = compress_portable;
	return "portable";
}

void sha256_start(struct sha256 *hash)
{
	static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	memcpy(hash->state, first, sizeof first);
	hash->length = 0;
}

void sha256_add(struct sha256 *hash, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	size_t held = hash->length % SHA256_BLOCK;
	hash->length += length;
	if (held) {
		size_t take = SHA256_BLOCK - held < length ? SHA256_BLOCK - held : length;
		memcpy(hash->block + held, bytes, take);
		if (held + take < SHA256_BLOCK)
			return;
		compress(hash->state, hash->block, 1);
		bytes += take;
		length -= take;
	}
	compress(hash->state, bytes, length / SHA256_BLOCK);
	memcpy(hash->block, bytes + length - length % SHA256_BLOCK, length % SHA256_BLOCK);
}

static void store_big_endian(uint8_t *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

void sha256_finish(struct sha256 *hash, uint8_t digest[SHA256_SIZE])
{
	size_t held = hash->length % SHA256_BLOCK;
	hash->block[held++] = 0x80;
	if (held > SHA256_BLOCK - 8) {
		memset(hash->block + held, 0, SHA256_BLOCK - held);
		compress(hash->state, hash->block, 1);
		held = 0;
	}
	memset(hash->block + held, 0, SHA256_BLOCK - 8 - held);
	store_big_endian(hash->block + SHA256_BLOCK - 8, hash->length * 8, 8);
	compress(hash->state, hash->block, 1);
	for (int i = 0; i < 8; i++)
		store_big_endian(digest + 4 * i, hash->state[i], 4);
}

void sha256_hex(const uint8_t digest[SHA256_SIZE], char out[2 * SHA256_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < SHA256_SIZE; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
}

void hmac_prepare(struct hmac_key *key, const void *secret, size_t length)
{
	uint8_t pad[SHA256_BLOCK] = { 0 };
	if (length > SHA256_BLOCK) {
		struct sha256 hash;
		sha256_start(&hash);
		sha256_add(&hash, secret, length);
		sha256_finish(&hash, pad);
	} else {
		memcpy(pad, secret, length);
	}
	for (int i = 0; i < SHA256_BLOCK; i++)
		pad[i] ^= 0x36;
	sha256_start(&key->inner);
	sha256_add(&key->inner, pad, sizeof pad);
	for (int i = 0; i < SHA256_BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_start(&key->outer);
	sha256_add(&key->outer, pad, sizeof pad);
}

void hmac_sign(const struct hmac_key *key, const void *data, size_t length, uint8_t mac[SHA256_SIZE])
{
	struct sha256 hash = key->inner;
	uint8_t digest[SHA256_SIZE];
	sha256_add(&hash, data, length);
	sha256_finish(&hash, digest);
	hash = key->outer;
	sha256_add(&hash, digest, sizeof digest);
	sha256_finish(&hash, mac);
}
