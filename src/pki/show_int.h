/*
 * Pieces of the JSON documents (show.h), for the files that make them.
 *
 * Building goes on after a failed allocation and ends with NULL: a piece that is NULL makes whatever it is
 * put into NULL, so only the end result is looked at.
 */
#ifndef PKI_SHOW_INT_H
#define PKI_SHOW_INT_H

#include <openssl/x509v3.h>

#include "base/buf.h"
#include "pki/ossl.h"
#include "pki/reading.h"
#include "pki/show.h"

/* Add and pass on; the value is taken over, also on failure, when the container is given up. */
json_t *show_set(json_t *o, const char *key, json_t *value);
json_t *show_add(json_t *list, json_t *value);

/* Text that may hold anything. */
json_t *show_text(const void *p, size_t n);
json_t *show_str(const char *s);
/* An ASN.1 string as UTF-8, or "#" and its hex when it is none. */
json_t *show_asn1_string(const ASN1_STRING *s);
/* Hex of at most `max` bytes, with "…" behind what was cut. */
json_t *show_hex_cut(const uint8_t *p, size_t n, size_t max);
/* RFC 3339, or null for a time that cannot be read. */
json_t *show_asn1_time(const ASN1_TIME *t);
/* A serial number: hex octets, with "-" in front of a negative one. */
json_t *show_serial(const ASN1_INTEGER *i);
/* INTEGER of any size, decimal. */
json_t *show_asn1_integer(const ASN1_INTEGER *i);
/* Its short name, or the dotted OID. `oid` always dotted. */
json_t *show_object_name(const ASN1_OBJECT *o);
json_t *show_oid(const ASN1_OBJECT *o);
json_t *show_base64(const uint8_t *p, size_t n);

/* Three members from a Name: PREFIX, PREFIX_text, PREFIX_rdns. What is broken goes to `how`. */
json_t *show_set_name(json_t *o, const char *prefix, const X509_NAME *name, const struct reading *how);
/* "CN=…,O=…" */
json_t *show_name_text(const X509_NAME *name);
/* "DNS:www.example.com" */
json_t *show_general(const GENERAL_NAME *g);
/* A list of them. */
json_t *show_generals(const GENERAL_NAMES *gens);
/* The same as objects: type, value, and how it reads in Unicode. */
json_t *show_typed_generals(const GENERAL_NAMES *gens);

/* Members sans, names, key_usage, extended_key_usage, ca, path_length, must_staple, extensions. */
json_t *show_set_extensions(json_t *o, const STACK_OF(X509_EXTENSION) * exts);
/* All of them as a list of objects: oid, name, critical, values, hex, length. */
json_t *show_extension_list(const STACK_OF(X509_EXTENSION) * exts);
/* The value of one as lines of text: a list of strings, empty when nothing in it can be read. */
json_t *show_extension_values(X509_EXTENSION *x);
/* Of extensions and attributes: ours, so that it does not change with OpenSSL, else OpenSSL's, else "". Static. */
const char *show_extension_name(const char *oid, int nid);
json_t *show_key_usage(const ASN1_BIT_STRING *bits);
json_t *show_oids(const STACK_OF(ASN1_OBJECT) * list);
/* The strings, numbers and OIDs anywhere in a DER element, in order; empty when it is no DER. */
json_t *show_der_values(const uint8_t *der, size_t len);

/* Members key_type, key, spki_sha256, spki_sha256_base64, from a SubjectPublicKeyInfo in DER. */
json_t *show_set_key(json_t *o, const uint8_t *spki, size_t len);
/* show_cert and show_crl of decoded objects; what cannot be shown is {"error": …}. */
json_t *show_x509(const X509 *x);
json_t *show_x509_crl(const X509_CRL *crl, const struct show_options *opt);
/* Members sha256 and sha1 over the whole DER. */
json_t *show_set_fingerprints(json_t *o, const uint8_t *der, size_t len);
/* "sha256WithRSAEncryption", with the digest for RSASSA-PSS. */
json_t *show_signature_alg(const X509_ALGOR *alg);
/* A private key that lies open, or was opened (encryption is an object then, else null; taken over). */
json_t *show_private_key(EVP_PKEY *pkey, const char *form, json_t *encryption);
/* One that stays closed. */
json_t *show_locked_key(const char *form, json_t *encryption);
/* "current" "expired" "future" at the time of the program's clock. */
json_t *show_state(const ASN1_TIME *from, const ASN1_TIME *to);

/* *out, or sys.nomem when it could not be built. */
ACSR_MUST_USE enum acsr_result show_take(json_t **out, json_t *built, struct acsr_err *e);

#endif
