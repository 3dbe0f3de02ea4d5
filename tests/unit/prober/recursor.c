/* See recursor.h: libunbound asks, and its answer packets go out as they are. */
#include "recursor.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unbound.h>
#include <unistd.h>

#include "prober/resolver.h"

struct recursor {
	int fd;
	struct ub_ctx *ctx;
};

/* Bytes of the one question behind the header, and its name and type; 0: not a question. */
static size_t read_question(const uint8_t *p, size_t n, char name[1024], int *type)
{
	size_t end = 12;

	while (end < n && p[end] != 0)
		end += p[end] + 1u;
	if (end + 5 > n || !dns_name_from_wire((struct bytes){ p + 12, end + 1 - 12 }, name))
		return 0;
	*type = p[end + 1] << 8 | p[end + 2];
	return end + 5 - 12;
}

/* The id, flags and question are the asker's (it mixes the case of names); RA, and RCODE from the answer. */
static size_t make_answer(
	uint8_t *out, size_t cap, const uint8_t *q, size_t question, const struct ub_result *res)
{
	size_t n = (size_t)res->answer_len;

	memcpy(out, q, 12 + question);
	memset(out + 4, 0, 8);
	out[5] = 1;
	out[2] = 0x81;
	out[3] = (uint8_t)(0x80 | res->rcode);
	if (res->answer_packet == NULL || n < 12 + question || n > cap)
		return 12 + question;
	memcpy(out + 12 + question, (const uint8_t *)res->answer_packet + 12 + question, n - 12 - question);
	memcpy(out + 4, (const uint8_t *)res->answer_packet + 4, 8);
	return n;
}

static void *run(void *arg)
{
	struct recursor *r = arg;

	for (;;) {
		uint8_t q[4096], out[4096];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(r->fd, q, sizeof(q), 0, (struct sockaddr *)&from, &from_len);
		struct ub_result *res;
		char name[1024];
		size_t question;
		int type;

		if (n < 12 || (question = read_question(q, (size_t)n, name, &type)) == 0)
			continue;
		if (ub_resolve(r->ctx, *name != '\0' ? name : ".", type, 1, &res) != 0)
			continue;
		(void)sendto(r->fd, out, make_answer(out, sizeof(out), q, question, res), 0,
			(struct sockaddr *)&from, from_len);
		ub_resolve_free(res);
	}
	return NULL;
}

int recursor_up(int authority_port)
{
	struct recursor *r = calloc(1, sizeof(*r));
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t n = sizeof(sa);
	char authority[32];
	pthread_t t;

	if (r == NULL)
		abort();
	snprintf(authority, sizeof(authority), "127.0.0.1@%d", authority_port);
	r->ctx = ub_ctx_create();
	if (r->ctx == NULL || ub_ctx_set_option(r->ctx, "do-not-query-localhost:", "no") != 0 ||
		ub_ctx_set_fwd(r->ctx, authority) != 0 || ub_ctx_zone_remove(r->ctx, "test.") != 0)
		abort();
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(r->fd, (struct sockaddr *)&sa, n) != 0 ||
		getsockname(r->fd, (struct sockaddr *)&sa, &n) != 0 || pthread_create(&t, NULL, run, r) != 0)
		abort();
	pthread_detach(t);
	return ntohs(sa.sin_port);
}
