/* One way judged: OpenSSL verifies it and nothing else, and everything that it finds is noted. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certview.h"
#include "chain_int.h"

void chain_locate(const struct chain_job *j, const X509 *x, char out[32])
{
	snprintf(out, 32, "leaf");
	if (x == NULL || X509_cmp(x, j->leaf) == 0)
		return;
	for (int i = 0; i < sk_X509_num(j->intermediates); i++)
		if (X509_cmp(x, sk_X509_value(j->intermediates, i)) == 0) {
			snprintf(out, 32, "intermediates[%d]", i);
			break;
		}
	for (int i = 0; i < sk_X509_num(j->roots); i++)
		if (X509_cmp(x, sk_X509_value(j->roots, i)) == 0) {
			snprintf(out, 32, "roots[%d]", i);
			break;
		}
}

/* --- purposes --- */

/* OpenSSL knows rules of its own for some (key usage, Netscape types); the others are judged by their EKU. */
static const struct chain_purpose purposes[] = {
	{ "serverAuth", "1.3.6.1.5.5.7.3.1", X509_PURPOSE_SSL_SERVER },
	{ "clientAuth", "1.3.6.1.5.5.7.3.2", X509_PURPOSE_SSL_CLIENT },
	{ "codeSigning", "1.3.6.1.5.5.7.3.3", 0 },
	{ "emailProtection", "1.3.6.1.5.5.7.3.4", X509_PURPOSE_SMIME_SIGN },
	{ "timeStamping", "1.3.6.1.5.5.7.3.8", X509_PURPOSE_TIMESTAMP_SIGN },
	{ "OCSPSigning", "1.3.6.1.5.5.7.3.9", 0 },
};

static bool is_oid(const char *s)
{
	ASN1_OBJECT *o =
		strchr(s, '.') != NULL && s[strspn(s, "0123456789.")] == '\0' ? OBJ_txt2obj(s, 1) : NULL;

	ASN1_OBJECT_free(o);
	ERR_clear_error();
	return o != NULL;
}

enum acsr_result chain_purpose_find(struct chain_purpose *out, const char *eku, struct acsr_err *e)
{
	*out = (struct chain_purpose){ NULL, NULL, X509_PURPOSE_ANY };
	if (eku == NULL)
		return ACSR_OK;
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (strcmp(eku, purposes[i].name) == 0) {
			*out = purposes[i];
			out->oid = out->openssl == 0 ? out->oid : NULL;
			out->openssl = out->openssl == 0 ? X509_PURPOSE_ANY : out->openssl;
			return ACSR_OK;
		}
	if (!is_oid(eku))
		return err_set(e, "usage.purpose",
			"unknown purpose \"%.40s\"; use serverAuth, clientAuth, emailProtection, "
			"codeSigning, "
			"timeStamping, OCSPSigning or a dotted OID",
			eku);
	*out = (struct chain_purpose){ eku, eku, X509_PURPOSE_ANY };
	return ACSR_OK;
}

/* No EKU at all permits every use; anyExtendedKeyUsage does not count for a named one (BR 7.1.2.7.10). */
static bool permits(X509 *x, const char *oid)
{
	EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	bool yes = list == NULL && (X509_get_extension_flags(x) & EXFLAG_XKUSAGE) == 0;

	for (int i = 0; list != NULL && i < sk_ASN1_OBJECT_num(list); i++) {
		char s[80];

		ossl_oid(sk_ASN1_OBJECT_value(list, i), s, sizeof(s));
		yes |= strcmp(s, oid) == 0;
	}
	sk_ASN1_OBJECT_pop_free(list, ASN1_OBJECT_free);
	return yes;
}

/* --- one way --- */

void chain_attempt_free(struct chain_attempt *a)
{
	for (size_t i = 0; i < ACSR_CHAIN_MAX; i++)
		acsr_findings_free(&a->on[i]);
	acsr_findings_free(&a->whole);
	strv_free(&a->policies);
}

static size_t errors_of(const struct acsr_findings *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->v[i].severity == ACSR_ERROR;
	return n;
}

size_t chain_attempt_errors(const struct chain_attempt *a)
{
	size_t n = errors_of(&a->whole);

	for (size_t i = 0; i < a->path.n; i++)
		n += errors_of(&a->on[i]);
	return n;
}

static size_t depth_of(const struct chain_attempt *a, const X509 *x)
{
	for (size_t i = 0; x != NULL && i < a->path.n; i++)
		if (X509_cmp(a->path.v[i], x) == 0)
			return i;
	return SIZE_MAX;
}

static struct chain_attempt *attempt_of(X509_STORE_CTX *ctx, bool *nested)
{
	X509_STORE_CTX *parent = X509_STORE_CTX_get0_parent_ctx(ctx);

	*nested = parent != NULL;
	return X509_STORE_CTX_get_app_data(parent != NULL ? parent : ctx);
}

/* notAfter is the last valid second (RFC 5280 4.1.2.5); OpenSSL calls a certificate expired in that second.
 */
static bool is_last_second(X509_STORE_CTX *ctx, const X509 *x)
{
	int64_t end;

	return x != NULL && X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_HAS_EXPIRED &&
	       certview_time(&end, X509_get0_notAfter(x), NULL) == ACSR_OK &&
	       end == (int64_t)X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(ctx));
}

/* Notes what OpenSSL found and lets it go on, so that the report is whole. */
static int note(int ok, X509_STORE_CTX *ctx)
{
	const X509 *x = X509_STORE_CTX_get_current_cert(ctx);
	bool nested;
	struct chain_attempt *a = attempt_of(ctx, &nested);
	size_t depth = depth_of(a, x);
	char where[32] = "";
	struct chain_verdict v = { X509_STORE_CTX_get_error(ctx), x, X509_STORE_CTX_get0_current_crl(ctx),
		where, nested, !nested && a->path.anchored && depth > 0 && depth + 1 == a->path.n };

	if (ok || is_last_second(ctx, x)) {
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	if (x != NULL)
		chain_locate(a->j, x, where);
	if (chain_explain(a->j, &v, depth == SIZE_MAX ? &a->whole : &a->on[depth], a->e) != ACSR_OK) {
		a->broken = true;
		return 0;
	}
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

/* On the way that is tried, only the next certificate is an issuer; the issuers of CRLs are found freely. */
static int only_this_way(X509_STORE_CTX *ctx, X509 *x, X509 *issuer)
{
	bool nested;
	const struct chain_attempt *a = attempt_of(ctx, &nested);
	size_t depth = depth_of(a, x);

	if (!nested && depth != SIZE_MAX && X509_cmp(x, issuer) != 0)
		return depth + 1 < a->path.n && X509_cmp(a->path.v[depth + 1], issuer) == 0;
	return X509_check_issued(issuer, x) == X509_V_OK;
}

static enum acsr_result add_policies(
	X509_VERIFY_PARAM *param, const struct acsr_chain *in, struct acsr_err *e)
{
	static const char *const any[] = { "2.5.29.32.0" };
	const char *const *list = in->n_policies > 0 ? in->policies : any;

	for (size_t i = 0; i < (in->n_policies > 0 ? in->n_policies : 1); i++) {
		ASN1_OBJECT *o = is_oid(list[i]) ? OBJ_txt2obj(list[i], 1) : NULL;

		if (o == NULL)
			return err_set(
				e, "usage.policy", "\"%.80s\" is no policy; give a dotted OID", list[i]);
		if (X509_VERIFY_PARAM_add0_policy(param, o) != 1) {
			ASN1_OBJECT_free(o);
			return err_nomem(e);
		}
	}
	return ACSR_OK;
}

static unsigned long flags_of(const struct acsr_chain *in)
{
	unsigned long f = X509_V_FLAG_POLICY_CHECK;

	if (in->n_crls > 0)
		f |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS;
	f |= in->crl_all ? X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL : 0;
	f |= in->partial ? X509_V_FLAG_PARTIAL_CHAIN : 0;
	f |= in->strict ? X509_V_FLAG_X509_STRICT : 0;
	f |= in->explicit_policy ? X509_V_FLAG_EXPLICIT_POLICY : 0;
	f |= in->inhibit_any_policy ? X509_V_FLAG_INHIBIT_ANY : 0;
	f |= in->inhibit_mapping ? X509_V_FLAG_INHIBIT_MAP : 0;
	return f;
}

static enum acsr_result prepare(struct chain_attempt *a, struct acsr_err *e)
{
	const struct acsr_chain *in = a->j->in;
	X509_STORE_CTX *ctx = a->j->ctx;
	X509_VERIFY_PARAM *param;

	X509_STORE_CTX_cleanup(ctx);
	X509_STORE_set_check_issued(a->j->store, only_this_way);
	if (X509_STORE_CTX_init(ctx, a->j->store, a->j->leaf, a->j->intermediates) != 1)
		return ossl_err(e, "sys.openssl", "cannot verify");
	X509_STORE_CTX_set_app_data(ctx, a);
	X509_STORE_CTX_set0_crls(ctx, a->j->crls);
	X509_STORE_CTX_set_verify_cb(ctx, note);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)in->at);
	X509_VERIFY_PARAM_set_auth_level(param, 2); /* 112 bits: RSA 2048, no SHA-1 */
	X509_VERIFY_PARAM_set_depth(param, ACSR_CHAIN_MAX);
	X509_VERIFY_PARAM_set_flags(param, flags_of(in));
	if (X509_VERIFY_PARAM_set_purpose(param, a->purpose.openssl) != 1)
		return ossl_err(e, "sys.openssl", "cannot verify");
	return add_policies(param, in, e);
}

static enum acsr_result take_policies(struct chain_attempt *a, struct acsr_err *e)
{
	X509_POLICY_TREE *tree = X509_STORE_CTX_get0_policy_tree(a->j->ctx);
	STACK_OF(X509_POLICY_NODE) *nodes = tree != NULL ? X509_policy_tree_get0_user_policies(tree) : NULL;

	for (int i = 0; i < sk_X509_POLICY_NODE_num(nodes); i++) {
		char oid[80];

		ossl_oid(X509_policy_node_get0_policy(sk_X509_POLICY_NODE_value(nodes, i)), oid, sizeof(oid));
		TRY(strv_add(&a->policies, oid, e));
	}
	return ACSR_OK;
}

static enum acsr_result check_eku(struct chain_attempt *a, struct acsr_err *e)
{
	for (size_t i = 0; a->purpose.oid != NULL && i < a->path.n; i++) {
		char where[32];
		struct chain_verdict v = { X509_V_ERR_INVALID_PURPOSE, a->path.v[i], NULL, where, false,
			false };

		/* A root's EKU constrains nobody (RFC 5280 6.1.1 (d)). */
		if ((i > 0 && a->path.anchored && i + 1 == a->path.n) ||
			permits(a->path.v[i], a->purpose.oid))
			continue;
		chain_locate(a->j, a->path.v[i], where);
		TRY(chain_explain(a->j, &v, &a->on[i], e));
	}
	return ACSR_OK;
}

enum acsr_result chain_judge(struct chain_attempt *a, struct acsr_err *e)
{
	int ok;

	TRY(prepare(a, e));
	a->e = e;
	ok = X509_verify_cert(a->j->ctx);
	if (a->broken)
		return ACSR_FAIL;
	if (ok != 1 && X509_STORE_CTX_get_error(a->j->ctx) == X509_V_ERR_OUT_OF_MEM)
		return err_nomem(e);
	if (ok != 1 && chain_attempt_errors(a) == 0) {
		struct chain_verdict v = { X509_STORE_CTX_get_error(a->j->ctx), NULL, NULL, "", false,
			false };

		TRY(chain_explain(a->j, &v, &a->whole, e));
	}
	TRY(check_eku(a, e));
	return take_policies(a, e);
}
