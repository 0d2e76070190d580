#include "sigv4.h"

#include <stdio.h>
#include <string.h>

static void derive_key(struct signer *signer)
{
	const char *parts[] = { signer->region, signer->service, "aws4_request" };
	char secret[256];
	uint8_t mac[SHA256_SIZE];
	int length = snprintf(secret, sizeof secret, "AWS4%s", signer->secret_key);
	hmac_prepare(&signer->key, secret, (size_t)length);
	hmac_sign(&signer->key, signer->date, 8, mac);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		hmac_prepare(&signer->key, mac, sizeof mac);
		hmac_sign(&signer->key, parts[i], strlen(parts[i]), mac);
	}
	hmac_prepare(&signer->key, mac, sizeof mac);
}

void signer_set_time(struct signer *signer, time_t now)
{
	char date[17];
	struct tm utc;
	gmtime_r(&now, &utc);
	strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &utc);
	int same_day = !memcmp(date, signer->date, 8);
	memcpy(signer->date, date, sizeof date);
	if (same_day)
		return;
	snprintf(signer->scope, sizeof signer->scope, "%.8s/%s/%s/aws4_request", date, signer->region,
		 signer->service);
	derive_key(signer);
}

static void hash_hex(const char *data, size_t length, char out[2 * SHA256_SIZE])
{
	struct sha256 hash;
	uint8_t digest[SHA256_SIZE];
	sha256_start(&hash);
	sha256_add(&hash, data, length);
	sha256_finish(&hash, digest);
	sha256_hex(digest, out);
}

size_t signer_request(const struct signer *signer, const char *host, const char *path, const char *body,
		      size_t body_length, char *out, size_t room)
{
	char body_hash[2 * SHA256_SIZE], canonical_hash[2 * SHA256_SIZE], signature[2 * SHA256_SIZE];
	char canonical[1024], to_sign[512], canonical_type[64] = "", type_line[64] = "";
	const char *signed_headers = "host;x-amz-date";
	uint8_t mac[SHA256_SIZE];

	if (signer->invocation_type) {
		signed_headers = "host;x-amz-date;x-amz-invocation-type";
		snprintf(canonical_type, sizeof canonical_type, "x-amz-invocation-type:%s\n", signer->invocation_type);
		snprintf(type_line, sizeof type_line, "X-Amz-Invocation-Type: %s\r\n", signer->invocation_type);
	}
	hash_hex(body, body_length, body_hash);
	int length = snprintf(canonical, sizeof canonical, "POST\n%s\n\nhost:%s\nx-amz-date:%s\n%s\n%s\n%.64s", path,
			      host, signer->date, canonical_type, signed_headers, body_hash);
	if (length < 0 || (size_t)length >= sizeof canonical)
		return 0;
	hash_hex(canonical, (size_t)length, canonical_hash);
	length = snprintf(to_sign, sizeof to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%.64s", signer->date, signer->scope,
			  canonical_hash);
	if (length < 0 || (size_t)length >= sizeof to_sign)
		return 0;
	hmac_sign(&signer->key, to_sign, (size_t)length, mac);
	sha256_hex(mac, signature);
	length = snprintf(out, room,
			  "POST %s HTTP/1.1\r\nHost: %s\r\nX-Amz-Date: %s\r\n%s"
			  "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, "
			  "Signature=%.64s\r\nContent-Length: %zu\r\n\r\n",
			  path, host, signer->date, type_line, signer->access_key, signer->scope, signed_headers, signature,
			  body_length);
	if (length < 0 || (size_t)length + body_length > room)
		return 0;
	memcpy(out + length, body, body_length);
	return (size_t)length + body_length;
}
