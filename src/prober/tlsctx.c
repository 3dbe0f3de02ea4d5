/* The two ends of the mutual TLS between probers. */
#include "prober/tlsctx.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ipc/netaddr.h"

static enum acsr_result bad_file(struct acsr_err *e, const char *what, const char *file)
{
	unsigned long code = ERR_peek_error();
	const char *why = code != 0 ? ERR_reason_error_string(code) : NULL;

	(void)err_set(e, "config.value",
		"the %s for perspectives cannot be used: %.200s: %.100s; name a PEM file", what,
		*file != '\0' ? file : "none is named", why != NULL ? why : "not readable");
	ERR_clear_error();
	return ACSR_FAIL;
}

static enum acsr_result load(SSL_CTX *ctx, const struct tls_files *f, struct acsr_err *e)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, f->certificate) != 1)
		return bad_file(e, "certificate", f->certificate);
	if (SSL_CTX_use_PrivateKey_file(ctx, f->key, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_check_private_key(ctx) != 1)
		return bad_file(e, "key", f->key);
	if (SSL_CTX_load_verify_file(ctx, f->ca) != 1)
		return bad_file(e, "CA file", f->ca);
	return ACSR_OK;
}

enum acsr_result tlsctx_open(SSL_CTX **out, bool server, const struct tls_files *files, struct acsr_err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1) {
		SSL_CTX_free(ctx);
		return err_set(e, "sys.crypto", "OpenSSL has no TLS 1.3");
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* Each connection proves anew who it is. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	if (load(ctx, files, e) != ACSR_OK) {
		SSL_CTX_free(ctx);
		return ACSR_FAIL;
	}
	*out = ctx;
	return ACSR_OK;
}

SSL *tlsctx_client(SSL_CTX *ctx, const char *host)
{
	SSL *ssl = SSL_new(ctx);
	struct netaddr addr;
	bool ok;

	if (ssl == NULL)
		return NULL;
	if (netaddr_parse(host, &addr))
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	else
		ok = SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (ok)
		return ssl;
	SSL_free(ssl);
	return NULL;
}
