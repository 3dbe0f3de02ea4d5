/* The table of commands that work on this machine alone. */
#include "cli/cmds.h"

static const struct opt csr_new[] = {
	{ "host", OPT_MANY, "NAME", "DNS name or IP address, wildcards too" },
	{ "ip", OPT_MANY, "ADDRESS", "IP address" },
	{ "email", OPT_MANY, "ADDRESS", "e-mail address (for S/MIME and client certificates)" },
	{ "uri", OPT_MANY, "URI", "URI" },
	{ "upn", OPT_MANY, "NAME", "user principal name (Windows log-on)" },
	{ "subject", OPT_ONE, "DN", "'CN=…,O=…,L=…,C=DE'; without it the first host is the CN" },
	{ "key", OPT_ONE, "TYPE",
		"rsa:2048 (default) rsa:3072 rsa:4096 ec:p256 ec:p384 ec:p521 ed25519 ed448 ml-dsa-44 … "
		"slh-dsa-…" },
	{ "digest", OPT_ONE, "NAME", "SHA256, SHA384, SHA512; by the key when left out" },
	{ "eku", OPT_MANY, "USAGE", "serverAuth, clientAuth, … or an OID" },
	{ "must-staple", OPT_FLAG, NULL, "ask for the must-staple extension (RFC 7633)" },
	{ "policy", OPT_ONE, "NAME", "public: refuse what no public CA takes; private (default)" },
	{ "out", OPT_ONE, "FILE.csr", "where the CSR goes; standard output when left out" },
	{ "archive", OPT_ONE, "FILE.zip",
		"put the key into an AES-256 archive with an unlock code of its own" },
	{ "code-file", OPT_ONE, "FILE", "write the unlock code there (0600) instead of showing it" },
	{ "keyout", OPT_ONE, "FILE", "or put the key into a PKCS#8 PEM file (0600)" },
	{ "passphrase-file", OPT_ONE, "FILE",
		"encrypt that file with this passphrase; asked for when left out" },
	{ "no-passphrase", OPT_FLAG, NULL, "leave that file unencrypted" },
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const struct opt csr_check[] = {
	{ "host", OPT_MANY, "NAME", "is this name covered?" },
	{ "policy", OPT_ONE, "NAME|FILE", "public, private (default), or a JSON policy file" },
	{ 0 },
};

static const struct opt match[] = {
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of encrypted keys" },
	{ 0 },
};

static const struct opt key_check[] = {
	{ "policy", OPT_ONE, "NAME", "public or private (default)" },
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of an encrypted key" },
	{ 0 },
};

static const struct opt archive_open[] = {
	{ "out", OPT_ONE, "FILE", "where the key goes (0600); the entry's own name when left out" },
	{ "code-file", OPT_ONE, "FILE", "file with the unlock code; asked for when left out" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const struct opt cert_show[] = {
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of a PKCS#12 file" },
	{ 0 },
};

static const struct opt cert_verify[] = {
	{ "root", OPT_MANY, "FILE", "trust anchors; the system's when left out" },
	{ "chain", OPT_MANY, "FILE", "intermediate certificates" },
	{ "crl", OPT_MANY, "FILE", "revocation lists, PEM or DER" },
	{ "host", OPT_MANY, "NAME", "names that the certificate must cover" },
	{ "at", OPT_ONE, "TIME", "as of 2026-11-23T08:15:00Z; now when left out" },
	{ "eku", OPT_ONE, "USAGE", "serverAuth or clientAuth must be allowed" },
	{ 0 },
};

static const struct opt cert_convert[] = {
	{ "to", OPT_ONE, "FORMAT", "pem (all of it), leaf, chain, fullchain, der, p7b, p12" },
	{ "p12", OPT_ONE, "KIND", "PKCS#12: modern (AES-256, HMAC-SHA256) or legacy (3DES, SHA-1, weak)" },
	{ "out", OPT_ONE, "FILE", "standard output when left out, but not for PKCS#12" },
	{ "chain", OPT_MANY, "FILE", "more certificates to put in" },
	{ "key", OPT_ONE, "FILE", "private key for PKCS#12" },
	{ "key-passphrase-file", OPT_ONE, "FILE", "passphrase of --key, or for --keyout" },
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of the PKCS#12 file, read or written" },
	{ "name", OPT_ONE, "TEXT", "friendly name in PKCS#12" },
	{ "keyout", OPT_ONE, "FILE", "write the key of a PKCS#12 file there (0600)" },
	{ "no-passphrase", OPT_FLAG, NULL, "leave --keyout unencrypted" },
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char csr_new_text[] =
	"The private key is never printed. It goes into an AES-256 archive (opens with 7-Zip, WinZip, "
	"WinRAR,\n"
	"Keka, bsdtar) whose unlock code is made by the machine, or into a PKCS#8 file.\n"
	"\n"
	"  autocsr csr new --host www.example.com example.com --out www.csr --archive www.zip\n"
	"  autocsr csr new --host www.example.com --key ec:p256 --keyout www.key --no-passphrase >www.csr\n"
	"  autocsr csr new --subject 'CN=Ann,O=Example GmbH,C=DE' --email ann@example.com --eku clientAuth "
	"\\\n"
	"      --keyout ann.key --passphrase-file pass.txt --out ann.csr\n";

static const char csr_show_text[] =
	"PEM with any wrapping, base64 without BEGIN and END lines, or DER; - is standard input.\n"
	"\n"
	"  autocsr csr show www.csr\n"
	"  autocsr csr show --json - <www.csr\n";

static const char csr_check_text[] =
	"Exit code 1 when a rule is broken or a name is not covered.\n"
	"\n"
	"  autocsr csr check www.csr --host www.example.com example.com\n"
	"  autocsr csr check www.csr --policy public\n"
	"  autocsr csr check www.csr --policy ours.json\n"
	"      {\"base\": \"private\", \"key_types\": [\"ec:p256\"], \"wildcards\": false,\n"
	"       \"suffixes\": [\"example.com\"], \"subject_required\": [\"O\"]}\n";

static const char match_text[] = "Keys, CSRs and certificates belong together when their public keys are the "
				 "same. Exit code 1 when not.\n"
				 "\n"
				 "  autocsr match www.key www.csr www.pem\n";

static const char key_check_text[] = "Size, exponent, small factors, close primes (Fermat), ROCA, curve and "
				     "point. Exit code 1 when weak.\n"
				     "\n"
				     "  autocsr key check www.pem --policy public\n";

static const char archive_open_text[] =
	"The code may be typed in groups, in any case, with or without its check symbol.\n"
	"\n"
	"  autocsr archive open www.zip\n"
	"  autocsr archive open www.zip --code-file code.txt --out www.key\n";

static const char archive_show_text[] = "Needs no code. Compare the SHA-256 with the one in the order.\n"
					"\n"
					"  autocsr archive show www.zip\n";

static const char cert_show_text[] = "PEM, DER, PKCS#7 and PKCS#12.\n"
				     "\n"
				     "  autocsr cert show fullchain.pem\n";

static const char cert_verify_text[] =
	"Certificates behind the first one in FILE are used as intermediates. Exit code 1 when it does not "
	"verify.\n"
	"\n"
	"  autocsr cert verify fullchain.pem --root root.pem --host www.example.com\n"
	"  autocsr cert verify www.pem --chain ca.pem --root root.pem --crl ca.crl --at "
	"2027-01-01T00:00:00Z\n";

static const char cert_convert_text[] = "  autocsr cert convert fullchain.pem --to p7b --out www.p7b\n"
					"  autocsr cert convert www.p7b --to fullchain\n"
					"  autocsr cert convert fullchain.pem --p12 modern --key www.key "
					"--passphrase-file p.txt --out www.p12\n"
					"  autocsr cert convert www.p12 --passphrase-file p.txt --to "
					"fullchain --keyout www.key --no-passphrase\n";

#define RUN(name) .run = cmd_##name##_run, .show = cmd_##name##_show

const struct command command_toolkit[] = {
	{ "csr", "new", "", 0, 0, "make a key and a CSR", csr_new_text, csr_new, RUN(csr_new) },
	{ "csr", "show", "FILE", 1, 1, "what a CSR asks for", csr_show_text, NULL, RUN(csr_show) },
	{ "csr", "check", "FILE", 1, 1, "every rule that a CA will judge it by", csr_check_text, csr_check,
		RUN(csr_check) },
	{ "match", NULL, "FILE FILE…", 2, 64, "do keys, CSRs and certificates belong together?", match_text,
		match, RUN(match) },
	{ "key", "check", "FILE", 1, 1, "is the key in a key file, CSR or certificate weak?", key_check_text,
		key_check, RUN(key_check) },
	{ "archive", "open", "FILE.zip", 1, 1, "take the key out of its archive", archive_open_text,
		archive_open, RUN(archive_open) },
	{ "archive", "show", "FILE.zip", 1, 1, "what lies in an archive, without the code", archive_show_text,
		NULL, RUN(archive_show) },
	{ "cert", "show", "FILE", 1, 1, "what a certificate says", cert_show_text, cert_show,
		RUN(cert_show) },
	{ "cert", "verify", "FILE", 1, 1, "up to a root, at a time, for names, against CRLs",
		cert_verify_text, cert_verify, RUN(cert_verify) },
	{ "cert", "convert", "FILE", 1, 1, "PEM, DER, PKCS#7, PKCS#12", cert_convert_text, cert_convert,
		RUN(cert_convert) },
	{ 0 },
};
