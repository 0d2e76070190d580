/* Signature Version 4 for one kind of request: POST, JSON body; the headers `host`, `x-amz-date` and, where there is
 * one, `x-amz-invocation-type` are signed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
#ifndef SIGV4_H
#define SIGV4_H

#include <stddef.h>
#include <time.h>

#include "sha256.h"

struct signer {
	const char *access_key, *secret_key, *region, *service; /* borrowed */
	const char *invocation_type; /* borrowed; NULL: the header is left out */
	char date[17];   /* 20260131T235959Z */
	char scope[128]; /* 20260131/region/service/aws4_request */
	struct hmac_key key;
};

/* Sets the time that the next signatures carry; derives the day's key when the day has changed. */
void signer_set_time(struct signer *signer, time_t now);

/* Writes the whole request, signed over exactly this body, to `out`; returns its length or 0 if it does not fit.
 * `path` must need no percent-encoding. */
size_t signer_request(const struct signer *signer, const char *host, const char *path, const char *body,
		      size_t body_length, char *out, size_t room);

#endif
