/* Sockets, a CA of one certificate, and a client. */
#include "front_double.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { ANSWER_MAX = 8 << 20, SILENCE_S = 30 };

static struct blob last_csr; /* what front asked for last, for front_sign_late */

static void ok(int r)
{
	if (r < 0)
		fail_msg("gnutls: %s", gnutls_strerror(r));
}

/* --- the process --- */

static uint16_t listen_at(int place)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
	if (fd != place) {
		assert_int_equal(dup2(fd, place), place);
		close(fd);
	}
	return ntohs(sa.sin_port);
}

void front_listen(struct front_double *d)
{
	memset(d, 0, sizeof(*d));
	d->https = listen_at(4);
	d->http = listen_at(5);
	snprintf(d->base, sizeof(d->base), "/tmp/autocsr-front-XXXXXX");
	assert_non_null(mkdtemp(d->base));
	snprintf(d->dir, sizeof(d->dir), "%.40s/state", d->base);
	assert_int_equal(mkdir(d->dir, 0700), 0);
}

void front_start(struct front_double *d, const char *const *keys)
{
	struct msg_ready ready;

	harness_launch(&d->h, FRONT_BINARY, ROLE_FRONT, d->dir, keys);
	harness_peer(&d->h, ROLE_CORE);
	front_sign(d);
	harness_recv(&d->h, ROLE_AUTOCSRD, MSG_ready, &ready, NULL, NULL);
}

void front_stop(struct front_double *d)
{
	harness_stop(&d->h);
}

void front_remove(struct front_double *d)
{
	char command[128];

	blob_free(&last_csr);
	snprintf(command, sizeof(command), "rm -rf %s", d->base);
	assert_int_equal(system(command), 0);
}

/* --- the CA --- */

static void self_signed(gnutls_x509_crt_t ca, gnutls_x509_privkey_t key)
{
	int64_t now = clock_now();

	ok(gnutls_x509_crt_set_version(ca, 3));
	ok(gnutls_x509_crt_set_dn_by_oid(ca, GNUTLS_OID_X520_COMMON_NAME, 0, "test CA", 7));
	ok(gnutls_x509_crt_set_serial(ca, "\x01", 1));
	ok(gnutls_x509_crt_set_activation_time(ca, now - 60));
	ok(gnutls_x509_crt_set_expiration_time(ca, now + 86400));
	ok(gnutls_x509_crt_set_basic_constraints(ca, 1, -1));
	ok(gnutls_x509_crt_set_key(ca, key));
	ok(gnutls_x509_crt_sign2(ca, ca, key, GNUTLS_DIG_SHA256, 0));
}

static char *issue(const struct blob *csr, gnutls_x509_crt_t ca, gnutls_x509_privkey_t key)
{
	gnutls_datum_t der = { .data = csr->p, .size = (unsigned)csr->len }, pem;
	gnutls_x509_crq_t q;
	gnutls_x509_crt_t c;
	int64_t now = clock_now();
	char *out;

	ok(gnutls_x509_crq_init(&q));
	ok(gnutls_x509_crq_import(q, &der, GNUTLS_X509_FMT_DER));
	ok(gnutls_x509_crq_verify(q, 0));
	ok(gnutls_x509_crt_init(&c));
	ok(gnutls_x509_crt_set_crq(c, q));
	ok(gnutls_x509_crt_set_crq_extensions(c, q));
	ok(gnutls_x509_crt_set_version(c, 3));
	ok(gnutls_x509_crt_set_serial(c, "\x02", 1));
	ok(gnutls_x509_crt_set_activation_time(c, now - 60));
	ok(gnutls_x509_crt_set_expiration_time(c, now + 86400));
	ok(gnutls_x509_crt_sign2(c, ca, key, GNUTLS_DIG_SHA256, 0));
	ok(gnutls_x509_crt_export2(c, GNUTLS_X509_FMT_PEM, &pem));
	out = strndup((char *)pem.data, pem.size);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(c);
	gnutls_x509_crq_deinit(q);
	return out;
}

/* Answer with a certificate of a new CA. */
static void answer(struct front_double *d, uint64_t id, int64_t renew_at)
{
	struct msg_tls_certificate m = { .renew_at = (uint64_t)renew_at };
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t ca;

	ok(gnutls_x509_privkey_init(&key));
	ok(gnutls_x509_privkey_generate(
		key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	ok(gnutls_x509_crt_init(&ca));
	self_signed(ca, key);
	m.fullchain = issue(&last_csr, ca, key);
	harness_send(&d->h, ROLE_CORE, MSG_tls_certificate, id, &m, -1);
	free(m.fullchain);
	gnutls_x509_crt_deinit(ca);
	gnutls_x509_privkey_deinit(key);
}

void front_sign(struct front_double *d)
{
	struct msg_tls_request asked = { 0 };
	uint64_t id;

	harness_recv(&d->h, ROLE_CORE, MSG_tls_request, &asked, &id, NULL);
	blob_free(&last_csr);
	last_csr = asked.csr;
	asked.csr = (struct blob){ 0 };
	answer(d, id, clock_now() + 3600);
	harness_clear(MSG_tls_request, &asked);
}

void front_sign_late(struct front_double *d)
{
	answer(d, 0, clock_now() - 1);
}

/* --- the client --- */

static bool start_tls(struct client *c)
{
	int r;

	ok(gnutls_certificate_allocate_credentials(&c->cred));
	ok(gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL));
	ok(gnutls_set_default_priority(c->tls));
	ok(gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, c->cred));
	gnutls_transport_set_int(c->tls, c->fd);
	gnutls_handshake_set_timeout(c->tls, HARNESS_TIMEOUT_MS);
	do
		r = gnutls_handshake(c->tls);
	while (r < 0 && !gnutls_error_is_fatal(r));
	return r == 0;
}

void client_connect(struct client *c, uint16_t port)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)
	};
	struct timeval limit = { .tv_sec = SILENCE_S };

	*c = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
}

bool client_try_open(struct client *c, const struct front_double *d, bool tls)
{
	client_connect(c, tls ? d->https : d->http);
	if (!tls || start_tls(c))
		return true;
	client_close(c);
	return false;
}

void client_open(struct client *c, const struct front_double *d, bool tls)
{
	assert_true(client_try_open(c, d, tls));
}

void client_close(struct client *c)
{
	if (c->tls != NULL) {
		gnutls_deinit(c->tls);
		gnutls_certificate_free_credentials(c->cred);
	}
	close(c->fd);
	*c = (struct client){ .fd = -1 };
}

/* What a server that has refused does not take any more is no failure of the test. */
void client_send(struct client *c, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		ssize_t w =
			c->tls != NULL ? gnutls_record_send(c->tls, at, n) : send(c->fd, at, n, MSG_NOSIGNAL);

		if (w == GNUTLS_E_INTERRUPTED)
			continue;
		if (w <= 0)
			return;
		at += w;
		n -= (size_t)w;
	}
}

void client_text(struct client *c, const char *s)
{
	client_send(c, s, strlen(s));
}

static bool more(struct client *c, struct buf *b)
{
	uint8_t chunk[16384];
	struct acsr_err e;
	ssize_t n;

	do
		n = c->tls != NULL ? gnutls_record_recv(c->tls, chunk, sizeof(chunk))
				   : recv(c->fd, chunk, sizeof(chunk), 0);
	while (c->tls != NULL && n < 0 && !gnutls_error_is_fatal((int)n) && n != GNUTLS_E_AGAIN);
	if (n == GNUTLS_E_AGAIN || (c->tls == NULL && n < 0 && errno == EAGAIN))
		fail_msg("the server said nothing for %d s", SILENCE_S);
	if (n <= 0)
		return false;
	assert_int_equal(buf_put(b, chunk, (size_t)n, &e), ACSR_OK);
	return true;
}

static bool is_whole(struct buf *b)
{
	const char *s = buf_cstr(b), *end = strstr(s, "\r\n\r\n");
	const char *length = strcasestr(s, "\r\nContent-Length:");

	if (end == NULL)
		return false;
	if (length == NULL || length > end)
		return true;
	return b->len >= (size_t)(end - s) + 4 + strtoul(length + 17, NULL, 10);
}

const char *client_answer(struct client *c, struct buf *b)
{
	buf_init(b, ANSWER_MAX);
	while (!is_whole(b) && more(c, b))
		;
	return buf_cstr(b);
}

const char *client_rest(struct client *c, struct buf *b)
{
	buf_init(b, ANSWER_MAX);
	while (more(c, b))
		;
	return buf_cstr(b);
}

int status_of(const char *answer)
{
	return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}
