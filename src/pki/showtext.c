/* The smallest pieces of the JSON documents: text, hex, times, numbers, OIDs. */
#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "pki/certview.h"
#include "pki/show_int.h"

json_t *show_set(json_t *o, const char *key, json_t *value)
{
	if (o == NULL || value == NULL) {
		json_decref(o);
		json_decref(value);
		return NULL;
	}
	if (json_object_set_new(o, key, value) == 0)
		return o;
	json_decref(o);
	return NULL;
}

json_t *show_add(json_t *list, json_t *value)
{
	if (list == NULL || value == NULL) {
		json_decref(list);
		json_decref(value);
		return NULL;
	}
	if (json_array_append_new(list, value) == 0)
		return list;
	json_decref(list);
	return NULL;
}

enum acsr_result show_take(json_t **out, json_t *built, struct acsr_err *e)
{
	ERR_clear_error();
	if (built == NULL)
		return err_nomem(e);
	*out = built;
	return ACSR_OK;
}

/* Every byte that is not printable ASCII as \xNN. */
static json_t *spelled(const uint8_t *p, size_t n)
{
	CLEANUP_STR char *s = NULL;

	if (reading_escape(&s, p, n, NULL) != ACSR_OK)
		return NULL;
	return json_string(s);
}

json_t *show_text(const void *p, size_t n)
{
	if (n == 0)
		return json_string("");
	if (memchr(p, '\0', n) != NULL || !str_is_utf8(p, n))
		return spelled(p, n);
	return json_stringn(p, n);
}

json_t *show_str(const char *s)
{
	return show_text(s, strlen(s));
}

json_t *show_hex_cut(const uint8_t *p, size_t n, size_t max)
{
	size_t now = n < max ? n : max;
	char *hex = malloc(2 * now + 4);
	json_t *s;

	if (hex == NULL)
		return NULL;
	hex_encode(p, now, hex);
	if (now < n)
		memcpy(hex + 2 * now, "\xe2\x80\xa6", 4);
	s = json_string(hex);
	free(hex);
	return s;
}

json_t *show_hex(const uint8_t *p, size_t n)
{
	return show_hex_cut(p, n, n);
}

json_t *show_base64(const uint8_t *p, size_t n)
{
	char *b64 = malloc(B64_LEN(n));
	json_t *s;

	if (b64 == NULL)
		return NULL;
	b64_encode(p, n, false, b64);
	s = json_string(b64);
	free(b64);
	return s;
}

json_t *show_time(int64_t t)
{
	char s[21];

	clock_rfc3339(t, s);
	return json_string(s);
}

json_t *show_asn1_time(const ASN1_TIME *t)
{
	int64_t at;

	if (t == NULL || certview_time(&at, t, NULL) != ACSR_OK)
		return json_null();
	return show_time(at);
}

json_t *show_state(const ASN1_TIME *from, const ASN1_TIME *to)
{
	int64_t now = clock_now(), start, end;

	if (certview_time(&start, from, NULL) != ACSR_OK)
		return json_null();
	if (now < start)
		return json_string("future");
	if (to == NULL)
		return json_string("current");
	if (certview_time(&end, to, NULL) != ACSR_OK)
		return json_null();
	return json_string(now > end ? "expired" : "current");
}

json_t *show_asn1_integer(const ASN1_INTEGER *i)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(i, NULL);
	char *dec = bn != NULL && BN_num_bytes(bn) <= 64 ? BN_bn2dec(bn) : NULL;
	json_t *s = dec != NULL ? json_string(dec) : json_string("(too large)");

	OPENSSL_free(dec);
	BN_free(bn);
	return s;
}

json_t *show_serial(const ASN1_INTEGER *i)
{
	const uint8_t *p = ASN1_STRING_get0_data(i);
	size_t n = (size_t)ASN1_STRING_length(i);
	json_t *hex, *out;

	while (n > 1 && *p == 0) {
		p++;
		n--;
	}
	hex = show_hex_cut(p, n, 64);
	if (hex == NULL || ASN1_STRING_type(i) != V_ASN1_NEG_INTEGER)
		return hex;
	out = json_sprintf("-%s", json_string_value(hex));
	json_decref(hex);
	return out;
}

json_t *show_oid(const ASN1_OBJECT *o)
{
	char oid[128];

	ossl_oid(o, oid, sizeof(oid));
	return json_string(oid);
}

json_t *show_object_name(const ASN1_OBJECT *o)
{
	int nid = OBJ_obj2nid(o);

	return nid != NID_undef ? json_string(OBJ_nid2sn(nid)) : show_oid(o);
}

json_t *show_asn1_string(const ASN1_STRING *s)
{
	CLEANUP_STR char *hex = NULL;
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, s);
	size_t len = (size_t)ASN1_STRING_length(s);
	json_t *out;

	ERR_clear_error();
	if (n >= 0) {
		out = show_text(utf8, (size_t)n);
		OPENSSL_free(utf8);
		return out;
	}
	hex = malloc(2 * len + 2);
	if (hex == NULL)
		return NULL;
	hex[0] = '#';
	hex_encode(ASN1_STRING_get0_data(s), len, hex + 1);
	return json_string(hex);
}

json_t *show_set_fingerprints(json_t *o, const uint8_t *der, size_t len)
{
	uint8_t sha256[32], sha1[20];

	SHA256(der, len, sha256);
	SHA1(der, len, sha1);
	o = show_set(o, "sha256", show_hex(sha256, 32));
	return show_set(o, "sha1", show_hex(sha1, 20));
}

json_t *show_findings(const struct acsr_findings *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n; i++) {
		const struct acsr_finding *f = &l->v[i];

		list = show_add(list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "id", f->id, "result",
					      acsr_severity_name(f->severity), "field", show_str(f->field),
					      "source", show_str(f->source), "text", show_str(f->text),
					      "remedy", show_str(f->remedy)));
	}
	return list;
}

json_t *show_problem(const struct acsr_err *e)
{
	const struct err_face *face = err_face(e->id);
	char type[128];
	json_t *o;

	snprintf(type, sizeof(type), "urn:autocsr:error:%s", e->id);
	o = json_pack("{s:s, s:s, s:i, s:o, s:i}", "type", type, "title", face->title, "status", face->http,
		"detail", show_str(e->text), "exit_code", face->exit_code);
	if (e->field[0] != '\0')
		o = show_set(o, "field", show_str(e->field));
	if (e->source[0] != '\0')
		o = show_set(o, "source", show_str(e->source));
	return o;
}
