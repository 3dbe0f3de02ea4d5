/*
 * tls-alpn-01 (RFC 8737, BR 3.2.2.4.20; for addresses RFC 8738): the server shows a certificate made for this challenge
 * to who speaks "acme-tls/1". The handshake is all; nothing is sent or read after it.
 */
#include <stdlib.h>
#include <string.h>

#include "prober/alpncert.h"
#include "prober/hosts.h"
#include "prober/show.h"
#include "prober/tlsconn.h"

#define SRC "RFC 8737 3"

/* As in the extension: the one protocol, with its length. */
static const unsigned char protocols[] = "\012acme-tls/1";
enum { PROTOCOLS = sizeof(protocols) - 1 };

struct alpn_state {
	struct netaddr addr; /* of an IP identifier */
	bool literal;
	struct host_look look;
	struct tlsconn *conn;
	json_t *step;
};

enum acsr_result alpn_open(SSL_CTX **out, struct acsr_err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	/* RFC 8737 4: TLS 1.2 or newer. Whatever key the client has made is fine: nothing depends on its strength. */
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_alpn_protos(ctx, protocols, PROTOCOLS) != 0) {
		SSL_CTX_free(ctx);
		return err_set(e, "sys.crypto", "OpenSSL cannot be set up for tls-alpn-01");
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	*out = ctx;
	return ACSR_OK;
}

static void fail(struct probe *p, const char *id, const char *what, const char *detail)
{
	struct acsr_err e;
	char name[121], shown[141];

	show_text(p->name, name, sizeof(name));
	show_text(detail, shown, sizeof(shown));
	(void)err_rule(
		&e, id, NULL, SRC, "asked %s, port %u; %s%s", name, (unsigned)p->p->alpn_port, what, shown);
	probe_done(p, &e, 0);
}

static void refused(struct probe *p, const char *why)
{
	fail(p, "validation.tls-alpn.address",
		"its address is not one of the public Internet, and is not asked; publish a public address. ",
		why);
}

/* --- the handshake is done --- */

static bool spoke_acme(SSL *ssl)
{
	const unsigned char *got;
	unsigned n;

	SSL_get0_alpn_selected(ssl, &got, &n);
	return n == PROTOCOLS - 1 && memcmp(got, protocols + 1, n) == 0;
}

static void judge(struct probe *p, SSL *ssl)
{
	struct alpn_state *s = p->state;
	X509 *cert = SSL_get1_peer_certificate(ssl);
	struct acsr_err e;

	evidence_text(s->step, "tls", SSL_get_version(ssl));
	if (!spoke_acme(ssl)) {
		fail(p, "validation.tls-alpn.protocol",
			"the server does not speak \"acme-tls/1\"; let the ACME client answer on this port",
			"");
	} else if (cert == NULL) {
		fail(p, "validation.tls-alpn.certificate", "the server showed no certificate", "");
	} else if (alpncert_check(cert, s->literal ? NULL : p->name, &s->addr, p->digest, &e) != ACSR_OK) {
		probe_done(p, &e, 0);
	} else {
		probe_done(p, NULL, 0);
	}
	X509_free(cert);
}

static void on_open(void *arg, struct tlsconn *t)
{
	struct probe *p = arg;

	/* RFC 8737 3: no data; the connection is closed by abandon, when the probe is done. */
	judge(p, tlsconn_ssl(t));
}

static void dial(struct probe *p);

static void on_closed(void *arg, struct tlsconn *t, enum tls_end how, const char *why)
{
	struct probe *p = arg;
	struct alpn_state *s = p->state;

	(void)t;
	s->conn = NULL;
	if (how == TLS_NO_CONNECTION && s->look.dialled < s->look.n_dial)
		dial(p);
	else if (how == TLS_NO_CONNECTION)
		fail(p, "validation.tls-alpn.connect",
			"no connection; let the server listen there, and open the firewall. ", why);
	else if (how == TLS_SLOW)
		fail(p, "validation.tls-alpn.timeout", "the answer took too long; let it come in time", "");
	else
		fail(p, "validation.tls-alpn.handshake",
			"no TLS handshake for \"acme-tls/1\" comes about: ", why);
}

static const struct tlsconn_ops ops = { on_open, NULL, on_closed };

static enum acsr_result dial_next(struct probe *p, struct acsr_err *e)
{
	struct alpn_state *s = p->state;
	char sni[ALPN_SNI];
	int64_t connect_ms = 0;
	const struct netaddr *to = host_next(&s->look, &connect_ms);
	SSL *ssl = SSL_new(p->p->alpn);

	alpncert_sni(s->literal ? NULL : p->name, &s->addr, sni);
	if (ssl == NULL || SSL_set_tlsext_host_name(ssl, sni) != 1) {
		SSL_free(ssl);
		return err_set(e, "validation.tls-alpn.name", "%s cannot be asked for by TLS", sni);
	}
	evidence_text(s->step, "sni", sni);
	return tlsconn_dial(
		&s->conn, p->p->loop, ssl, to, p->p->alpn_port, connect_ms, probe_left(p), &ops, p, e);
}

static void dial(struct probe *p)
{
	struct acsr_err e;

	if (dial_next(p, &e) != ACSR_OK)
		probe_done(p, &e, 0);
}

static void start(struct probe *p)
{
	struct alpn_state *s = calloc(1, sizeof(*s));
	struct acsr_err e;

	p->state = s;
	if (s == NULL || !p->has_digest) {
		(void)(s == NULL ? err_nomem(&e)
				 : err_set(&e, "validation.tls-alpn.digest",
					   "no key authorization to look for"));
		probe_done(p, &e, 0);
		return;
	}
	evidence_text(p->evidence, "method", "tls-alpn");
	s->literal = netaddr_parse(p->name, &s->addr);
	s->step = evidence_step(p);
	s->look = (struct host_look){
		.p = p, .host = p->name, .step = s->step, .found = dial, .refused = refused
	};
	if (s->literal)
		host_look_at(&s->look, &s->addr);
	else
		host_look_up(&s->look);
}

static void abandon(struct probe *p)
{
	struct alpn_state *s = p->state;

	host_forget(&s->look);
	tlsconn_free(s->conn);
	free(s);
}

static void late(struct probe *p, struct acsr_err *why)
{
	const struct alpn_state *s = p->state;
	struct dns_answer a = { .outcome = DNS_TIMEOUT, .name = p->name, .type = DNS_A };

	if (s->conn == NULL)
		(void)dns_error(why, &a);
	else
		(void)err_rule(why, "validation.tls-alpn.timeout", NULL, SRC,
			"asked %.200s, port %u; the answer took too long; let it come in time", p->name,
			(unsigned)p->p->alpn_port);
}

const struct probe_kind probe_alpn_kind = { "tls-alpn", start, abandon, late };
