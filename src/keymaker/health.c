/* One function for each thing that is computed, one row for what it must give. */
#include "health.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "autocsr/archive.h"
#include "autocsr/key.h"
#include "base/secret.h"
#include "base/str.h"

/* --- digests, MACs, key derivation --- */

static bool sha1(uint8_t *out, size_t *n)
{
	return EVP_Q_digest(NULL, "SHA1", NULL, "abc", 3, out, n) == 1;
}

static bool sha256(uint8_t *out, size_t *n)
{
	return EVP_Q_digest(NULL, "SHA256", NULL, "abc", 3, out, n) == 1;
}

static bool sha384(uint8_t *out, size_t *n)
{
	return EVP_Q_digest(NULL, "SHA384", NULL, "abc", 3, out, n) == 1;
}

static bool hmac(const char *digest, uint8_t *out, size_t *n)
{
	static const uint8_t text[] = "what do ya want for nothing?";

	return EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, "Jefe", 4, text, sizeof(text) - 1, out, HEALTH_MAX,
		       n) != NULL;
}

static bool hmac_sha1(uint8_t *out, size_t *n)
{
	return hmac("SHA1", out, n);
}

static bool hmac_sha256(uint8_t *out, size_t *n)
{
	return hmac("SHA256", out, n);
}

static bool pbkdf2_sha1(uint8_t *out, size_t *n)
{
	*n = 20;
	return PKCS5_PBKDF2_HMAC("password", 8, (const uint8_t *)"salt", 4, 4096, EVP_sha1(), 20, out) == 1;
}

static bool pbkdf2_sha256(uint8_t *out, size_t *n)
{
	*n = 64;
	return PKCS5_PBKDF2_HMAC("passwd", 6, (const uint8_t *)"salt", 4, 1, EVP_sha256(), 64, out) == 1;
}

/* --- ciphers --- */

struct cipher_run {
	const char *name;
	const char *key, *iv, *in; /* hex; iv NULL: none */
	const char *aad;           /* hex, or NULL; then no tag either */
};

/* Ciphertext, and the tag behind it. */
static bool run_cipher(const struct cipher_run *r, uint8_t *out, size_t *n)
{
	uint8_t key[32], iv[16], in[128], aad[16];
	size_t key_len = 0, iv_len = 0, in_len = 0, aad_len = 0;
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, r->name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int a = 0, b = 0;
	bool ok = cipher != NULL && ctx != NULL &&
		  hex_decode(r->key, key, sizeof(key), &key_len, NULL) == ACSR_OK &&
		  hex_decode(r->iv != NULL ? r->iv : "", iv, sizeof(iv), &iv_len, NULL) == ACSR_OK &&
		  hex_decode(r->in, in, sizeof(in), &in_len, NULL) == ACSR_OK &&
		  hex_decode(r->aad != NULL ? r->aad : "", aad, sizeof(aad), &aad_len, NULL) == ACSR_OK &&
		  EVP_EncryptInit_ex2(ctx, cipher, key, r->iv != NULL ? iv : NULL, NULL) == 1 &&
		  EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		  (aad_len == 0 || EVP_EncryptUpdate(ctx, NULL, &a, aad, (int)aad_len) == 1) &&
		  EVP_EncryptUpdate(ctx, out, &a, in, (int)in_len) == 1 &&
		  EVP_EncryptFinal_ex(ctx, out + a, &b) == 1;

	*n = (size_t)(a + b);
	if (ok && r->aad != NULL) {
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + *n) == 1;
		*n += 16;
	}
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ok;
}

#define NIST_KEY "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"

static bool aes_ecb(uint8_t *out, size_t *n)
{
	static const struct cipher_run r = { "AES-256-ECB", NIST_KEY, NULL,
		"6bc1bee22e409f96e93d7e117393172a", NULL };

	return run_cipher(&r, out, n);
}

static bool aes_cbc(uint8_t *out, size_t *n)
{
	static const struct cipher_run r = { "AES-256-CBC", NIST_KEY, "000102030405060708090a0b0c0d0e0f",
		"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51", NULL };

	return run_cipher(&r, out, n);
}

static bool aes_gcm(uint8_t *out, size_t *n)
{
	static const struct cipher_run r = { "AES-256-GCM",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"000000000000000000000000", "00000000000000000000000000000000", "" };

	return run_cipher(&r, out, n);
}

static bool triple_des(uint8_t *out, size_t *n)
{
	static const struct cipher_run r = { "DES-EDE3-CBC",
		"0123456789abcdef23456789abcdef01456789abcdef0123", "0000000000000000", "5468652071756663",
		NULL };

	return run_cipher(&r, out, n);
}

static bool chacha20_poly1305(uint8_t *out, size_t *n)
{
	static const struct cipher_run r = { "ChaCha20-Poly1305",
		"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
		"070000004041424344454647",
		"4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a2049662049"
		"20"
		"636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073"
		"75"
		"6e73637265656e20776f756c642062652069742e",
		"50515253c0c1c2c3c4c5c6c7" };

	return run_cipher(&r, out, n);
}

/* With the key encryption key of its section 4.6. */
static bool aes_wrap(uint8_t *out, size_t *n)
{
	uint8_t kek[32], key[32];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int a = 0, b = 0;
	bool ok;

	for (unsigned i = 0; i < 32; i++) {
		kek[i] = (uint8_t)i;
		key[i] = (uint8_t)(i < 16 ? i * 0x11 : i - 16);
	}
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = ctx != NULL && EVP_EncryptInit_ex2(ctx, EVP_aes_256_wrap(), kek, NULL, NULL) == 1 &&
	     EVP_EncryptUpdate(ctx, out, &a, key, sizeof(key)) == 1 &&
	     EVP_EncryptFinal_ex(ctx, out + a, &b) == 1;
	*n = (size_t)(a + b);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* A stored archive that 7-Zip 16.02 made: 7z a -tzip -mem=AES256 -mx0. */
static bool ae2(uint8_t *out, size_t *n)
{
	static const uint8_t zip[] = { 0x50, 0x4b, 0x03, 0x04, 0x33, 0x00, 0x01, 0x00, 0x63, 0x00, 0x00, 0x00,
		0x21, 0x00, 0x00, 0x00, 0x00, 0x00, 0x29, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x00, 0x00, 0x07,
		0x00, 0x0b, 0x00, 0x6b, 0x65, 0x79, 0x2e, 0x74, 0x78, 0x74, 0x01, 0x99, 0x07, 0x00, 0x02,
		0x00, 0x41, 0x45, 0x03, 0x00, 0x00, 0x06, 0xa2, 0x74, 0x9b, 0x24, 0xd4, 0xc7, 0xb6, 0xab,
		0x8a, 0x5b, 0xd2, 0xb2, 0x37, 0x12, 0xcb, 0x27, 0xce, 0xb8, 0x7f, 0x30, 0x3e, 0xcf, 0x75,
		0xab, 0x59, 0xc1, 0xdd, 0x72, 0xfa, 0x82, 0xe9, 0x7f, 0x96, 0x80, 0xdc, 0x68, 0xc1, 0x82,
		0x09, 0xda, 0x50, 0x4b, 0x01, 0x02, 0x3f, 0x03, 0x33, 0x00, 0x01, 0x00, 0x63, 0x00, 0x00,
		0x00, 0x21, 0x00, 0x00, 0x00, 0x00, 0x00, 0x29, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x00, 0x00,
		0x07, 0x00, 0x0b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x80, 0xa4, 0x81, 0x00,
		0x00, 0x00, 0x00, 0x6b, 0x65, 0x79, 0x2e, 0x74, 0x78, 0x74, 0x01, 0x99, 0x07, 0x00, 0x02,
		0x00, 0x41, 0x45, 0x03, 0x00, 0x00, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00, 0x00, 0x00, 0x01,
		0x00, 0x01, 0x00, 0x40, 0x00, 0x00, 0x00, 0x59, 0x00, 0x00, 0x00, 0x00, 0x00 };
	CLEANUP_SECRET struct acsr_secret *code = NULL;
	CLEANUP_SECRET struct acsr_secret *plain = NULL;
	struct acsr_archive_info info;

	if (acsr_secret_new(&code, "ABCDEFGHJKMNPQRSTVWXYZ0123", 26, NULL) != ACSR_OK ||
		acsr_archive_open(zip, sizeof(zip), code, &plain, &info, NULL) != ACSR_OK ||
		acsr_secret_len(plain) > HEALTH_MAX)
		return false;
	*n = acsr_secret_len(plain);
	memcpy(out, acsr_secret_bytes(plain), *n);
	return true;
}

/* --- curves and pairs --- */

static bool x25519(uint8_t *out, size_t *n)
{
	uint8_t scalar[32], point[32];
	size_t len = 0;
	EVP_PKEY *own = NULL, *peer = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	bool ok = hex_decode("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", scalar, 32,
			  &len, NULL) == ACSR_OK &&
		  hex_decode("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", point, 32,
			  &len, NULL) == ACSR_OK;

	*n = 32;
	if (ok) {
		own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, 32);
		peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, 32);
		ctx = own != NULL ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	}
	ok = ctx != NULL && peer != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	     EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, out, n) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return ok;
}

static bool ed25519(uint8_t *out, size_t *n)
{
	uint8_t seed[32];
	size_t len = 0;
	EVP_PKEY *pkey = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	*n = 64;
	if (hex_decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, 32, &len,
		    NULL) == ACSR_OK)
		pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	ok = ctx != NULL && pkey != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	     EVP_DigestSign(ctx, out, n, (const uint8_t *)"", 0) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

/* 1 when a fresh pair takes its own signature and no other. */
static bool pair(const char *type, uint8_t *out, size_t *n)
{
	ACSR_CLEANUP_BLOB struct acsr_blob sig = { 0 };
	struct acsr_key *k = NULL;
	bool ok = acsr_key_generate(&k, type, NULL) == ACSR_OK &&
		  acsr_key_sign(k, "health", 6, &sig, NULL) == ACSR_OK &&
		  acsr_key_verify(k, "health", 6, sig.p, sig.len, NULL) == ACSR_OK &&
		  acsr_key_verify(k, "wealth", 6, sig.p, sig.len, NULL) != ACSR_OK;

	acsr_key_free(k);
	out[0] = ok;
	*n = 1;
	return ok;
}

static bool rsa_pair(uint8_t *out, size_t *n)
{
	return pair("rsa:2048", out, n);
}

static bool p256_pair(uint8_t *out, size_t *n)
{
	return pair("ec:p256", out, n);
}

static bool p384_pair(uint8_t *out, size_t *n)
{
	return pair("ec:p384", out, n);
}

/* --- the table --- */

static const struct health_test tests[] = {
	{ "SHA-1", "RFC 3174 7.3", sha1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "SHA-256", "RFC 6234 8.5", sha256,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "SHA-384", "RFC 6234 8.5", sha384,
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7" },
	{ "HMAC-SHA-1", "RFC 2202 3", hmac_sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ "HMAC-SHA-256", "RFC 4231 4.3", hmac_sha256,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "PBKDF2-HMAC-SHA-1", "RFC 6070 2", pbkdf2_sha1, "4b007901b765489abead49d926f721d065a429c1" },
	{ "PBKDF2-HMAC-SHA-256", "RFC 7914 11", pbkdf2_sha256,
		"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
		"49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783" },
	{ "AES-256", "SP 800-38A F.1.5", aes_ecb, "f3eed1bdb5d2a03c064b5a7e3db181f8" },
	{ "AES-256-CBC", "SP 800-38A F.2.5", aes_cbc,
		"f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d" },
	{ "AES-256-GCM", "McGrew and Viega, test case 14", aes_gcm,
		"cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	{ "AES-256 key wrap", "RFC 3394 4.6", aes_wrap,
		"28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21" },
	{ "3DES", "SP 800-67 B.1", triple_des, "a826fd8ce53b855f" },
	{ "ChaCha20-Poly1305", "RFC 8439 2.8.2", chacha20_poly1305,
		"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92"
		"728b"
		"1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831"
		"d7bc"
		"3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691" },
	{ "AE-2", "7-Zip", ae2, "6b6e6f776e20616e737765720a" },
	{ "X25519", "RFC 7748 5.2", x25519,
		"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
	{ "Ed25519", "RFC 8032 7.1", ed25519,
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
		"b46b"
		"d25bf5f0595bbe24655141438e7a100b" },
	{ "RSA", "a pair signs and verifies", rsa_pair, "01" },
	{ "ECDSA P-256", "a pair signs and verifies", p256_pair, "01" },
	{ "ECDSA P-384", "a pair signs and verifies", p384_pair, "01" },
};
#define N_TESTS (sizeof(tests) / sizeof(tests[0]))

const struct health_test *health_at(size_t i)
{
	return i < N_TESTS ? &tests[i] : NULL;
}

static bool passes(const struct health_test *t)
{
	uint8_t out[HEALTH_MAX] = { 0 }, want[HEALTH_MAX];
	size_t n = 0, n_want = 0;

	return t->compute(out, &n) && hex_decode(t->expected, want, sizeof(want), &n_want, NULL) == ACSR_OK &&
	       n == n_want && memcmp(out, want, n) == 0;
}

enum acsr_result health_run(const struct health_test *list, size_t n, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++) {
		bool good = passes(&list[i]);

		ERR_clear_error();
		if (!good)
			return err_rule(e, "sys.health", NULL, list[i].source,
				"%s does not give the known answer: OpenSSL (%s) cannot be trusted with keys "
				"on "
				"this machine",
				list[i].name, OpenSSL_version(OPENSSL_VERSION_STRING));
	}
	return ACSR_OK;
}

enum acsr_result health_run_all(struct acsr_err *e)
{
	return health_run(tests, N_TESTS, e);
}
