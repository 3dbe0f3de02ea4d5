/* csr new: its options and its help text. */
#include "cli/newcsr.h"

const struct opt newcsr_opts[] = {
	{ "", OPT_HEAD, NULL, "names" },
	{ "host", OPT_MANY, "NAME", "DNS name or IP address, wildcards too" },
	{ "ip", OPT_MANY, "ADDRESS", "IP address" },
	{ "email", OPT_MANY, "ADDRESS", "e-mail address (S/MIME, client certificates), beyond ASCII too" },
	{ "uri", OPT_MANY, "URI", "URI" },
	{ "upn", OPT_MANY, "NAME", "user principal name (Windows log-on)" },
	{ "rid", OPT_MANY, "OID", "registered ID" },
	{ "dirname", OPT_EACH, "DN", "directory name, written like --subject" },
	{ "other", OPT_EACH, "OTHER", "another otherName: OID;UTF8:text, OID;IA5:text or OID;DER:hex" },

	{ "", OPT_HEAD, NULL, "subject" },
	{ "subject", OPT_ONE, "DN", "'CN=…,O=…,L=…,C=DE'; without a subject the first host is the CN" },
	{ "cn", OPT_EACH, "TEXT", "or by field: common name" },
	{ "o", OPT_EACH, "TEXT", "organisation" },
	{ "ou", OPT_EACH, "TEXT", "organisational unit" },
	{ "l", OPT_EACH, "TEXT", "city or town" },
	{ "st", OPT_EACH, "TEXT", "state or province" },
	{ "c", OPT_ONE, "CC", "country, two letters" },
	{ "serial", OPT_EACH, "TEXT", "serialNumber: registration number" },
	{ "dc", OPT_EACH, "TEXT", "domain component, the top one first" },
	{ "uid", OPT_EACH, "TEXT", "user ID" },
	{ "field", OPT_EACH, "NAME=TEXT", "any other field, by name or OID" },

	{ "", OPT_HEAD, NULL, "extensions and attributes" },
	{ "ku", OPT_MANY, "USAGE", "key usage: digitalSignature, keyEncipherment …", VALUES_KUS },
	{ "eku", OPT_MANY, "USAGE", "extended key usage: serverAuth, clientAuth … or an OID", VALUES_EKUS },
	{ "must-staple", OPT_FLAG, NULL, "must-staple (RFC 7633)" },
	{ "ca", OPT_FLAG, NULL, "for a CA: basic constraints CA:TRUE" },
	{ "pathlen", OPT_ONE, "N", "with --ca: so many CAs may follow below" },
	{ "no-ca", OPT_FLAG, NULL, "basic constraints CA:FALSE" },
	{ "policy-oid", OPT_EACH, "OID", "certificate policy; a CPS address may follow behind a blank" },
	{ "template", OPT_ONE, "NAME|OID", "Microsoft certificate template; OID:MAJOR:MINOR too" },
	{ "ski", OPT_FLAG, NULL, "subject key identifier" },
	{ "extension", OPT_EACH, "OID:HEX", "any extension as DER; OID:critical:HEX" },
	{ "challenge-password-file", OPT_ONE, "FILE", "challengePassword, from the file's first line" },
	{ "unstructured-name", OPT_ONE, "TEXT", "unstructuredName" },

	{ "", OPT_HEAD, NULL, "from what is there" },
	{ "from", OPT_ONE, "FILE",
		"renew: names, subject and extensions of this certificate or CSR, new key" },
	{ "request", OPT_ONE, "FILE",
		"a request file (INI, JSON) or an OpenSSL configuration; flags add to it" },
	{ "save-request", OPT_ONE, "FILE", "write such a file (JSON), to do the same again" },

	{ "", OPT_HEAD, NULL, "the key" },
	{ "key", OPT_ONE, "TYPE", "rsa:2048 when left out; $KEYS", VALUES_KEYS },
	{ "keyout", OPT_ONE, "FILE", "put the key into a PKCS#8 PEM file (0600)" },
	{ "passphrase-file", OPT_ONE, "FILE",
		"encrypt that file with this passphrase; asked for when left out" },
	{ "kdf", OPT_ONE, "KDF", "pbkdf2 (default, opens everywhere) or scrypt", "pbkdf2 scrypt" },
	{ "no-passphrase", OPT_FLAG, NULL, "leave that file unencrypted" },
	{ "seal-to", OPT_ONE, "RECIPIENT",
		"or seal that file to an age recipient, an SSH public key, or (@FILE) a certificate" },
	{ "archive", OPT_ONE, "FILE.zip", "or into an AES-256 archive with an unlock code of its own" },
	{ "code-file", OPT_ONE, "FILE", "write the unlock code there (0600) instead of showing it" },
	{ "p12", OPT_ONE, "FILE.p12", "or into a PKCS#12 key store, with a placeholder certificate" },
	{ "pq-form", OPT_ONE, "FORM", "a post-quantum key as seed (default), expanded or both",
		"seed expanded both" },
	{ "existing-key", OPT_ONE, "FILE", "or use this key; --passphrase-file opens it" },
	{ "token", OPT_ONE, "URI",
		"or a key in a PKCS#11 token: pkcs11:token=…;object=…; --key makes it there" },
	{ "module", OPT_ONE, "FILE.so", "PKCS#11 library; p11-kit's modules when left out" },
	{ "pin-file", OPT_ONE, "FILE", "the token's PIN; asked for when it wants one" },

	{ "", OPT_HEAD, NULL, "the CSR" },
	{ "out", OPT_ONE, "FILE.csr", "where the CSR goes; standard output when left out" },
	{ "digest", OPT_ONE, "NAME", "SHA256, SHA384, SHA512; by the key when left out",
		"SHA256 SHA384 SHA512" },
	{ "policy", OPT_ONE, "NAME", "public: refuse what no public CA takes; private (default)",
		"public private" },
	{ "force", OPT_FLAG, NULL, "replace files that exist" },

	{ "", OPT_HEAD, NULL, "always" },
	{ 0 },
};

const char newcsr_text[] =
	"Run bare on a terminal it asks, explains, and prints the line that does the same without "
	"questions.\n"
	"\n"
	"The private key is never printed. It goes into a PKCS#8 file, encrypted unless you say otherwise, "
	"or\n"
	"sealed to somebody's public key (opens with age, or openssl cms); into an AES-256 archive (opens "
	"with\n"
	"7-Zip, WinZip, WinRAR, Keka, bsdtar) whose unlock code is made by the machine; into a PKCS#12 key\n"
	"store; or it is there already, in a file or a token. Key, code and CSR appear together or not at "
	"all.\n"
	"\n"
	"  autocsr csr new --host www.example.com example.com --out www.csr --archive www.zip\n"
	"  autocsr csr new --host www.example.com --key ec:p256 --keyout www.key --no-passphrase >www.csr\n"
	"  autocsr csr new --host www.example.com --keyout www.key.age --seal-to age1… --out www.csr\n"
	"  autocsr csr new --cn Ann --o 'Example GmbH' --c DE --email ann@example.com --eku clientAuth \\\n"
	"      --keyout ann.key --passphrase-file pass.txt --out ann.csr\n"
	"  autocsr csr new --from old.pem --keyout new.key --out new.csr\n"
	"  autocsr csr new --ca --pathlen 0 --cn 'Example Sub CA' --ku keyCertSign cRLSign --existing-key "
	"ca.key\n"
	"  autocsr csr new --request web.ini --keyout www.key --out www.csr\n";
