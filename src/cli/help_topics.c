/* autocsr help TOPIC: what one wants to know before one knows which command. */
#include <string.h>

#include "cli/help.h"

static const struct {
	const char *name, *text;
} topics[] = {
	{ "keys", "Which kind of key?\n"
		  "\n"
		  "  rsa:2048    works everywhere; the default\n"
		  "  rsa:3072 rsa:4096\n"
		  "              slower for the server, wanted by some rules for after 2030\n"
		  "  ec:p256     small and fast, taken by every public CA and every browser of this decade\n"
		  "  ec:p384 ec:p521\n"
		  "              where a rule names them\n"
		  "  ed25519 ed448\n"
		  "              private CAs only: no public CA takes them for TLS\n"
		  "  ml-dsa-… slh-dsa-…\n"
		  "              post-quantum, private CAs only, with OpenSSL 3.5 or newer\n"
		  "\n"
		  "Here: $KEYS\n"
		  "\n"
		  "  autocsr csr new --host www.example.com --key ec:p256\n"
		  "  autocsr key check FILE        is a key weak?\n" },
	{ "names", "Whom is a certificate for?\n"
		   "\n"
		   "  --host www.example.com        a server; give every name, also the one without www\n"
		   "  --host '*.example.com'        every name one label below, but not example.com itself\n"
		   "  --host bücher.example         becomes xn--bcher-kva.example in the certificate\n"
		   "  --host 192.0.2.1 2001:db8::1  addresses\n"
		   "  --email ann@example.com       S/MIME and client certificates\n"
		   "  --upn ann@corp.example        Windows log-on\n"
		   "  --uri urn:example:device:7    services and devices (SPIFFE, OPC UA)\n"
		   "\n"
		   "Clients look at these names alone; the common name (CN) is a copy for old software.\n"
		   "The organisation (--o, --l, --c) is for OV and EV, and for a company's own CA.\n" },
	{ "places",
		"Where does the private key go?\n"
		"\n"
		"  --keyout FILE --passphrase-file F\n"
		"                a file that a passphrase protects (PKCS#8); without the file it is asked "
		"for\n"
		"  --keyout FILE --no-passphrase\n"
		"                a file that a server reads by itself; keep it where only the server reads\n"
		"  --keyout FILE --seal-to RECIPIENT\n"
		"                for one person: an age recipient, an SSH public key, or a certificate "
		"(@FILE)\n"
		"  --archive FILE.zip\n"
		"                to hand it to somebody: AES-256, opened with a code that goes another way\n"
		"  --p12 FILE.p12\n"
		"                a key store for Java, Tomcat or Windows\n"
		"  --token 'pkcs11:token=…;object=…'\n"
		"                it never leaves the HSM or card\n"
		"  --existing-key FILE\n"
		"                it is there already\n"
		"\n"
		"Lost the key? Make another, and a new CSR: --from OLD.pem keeps everything else.\n" },
	{ "requests", "Request files: what to ask for, kept in a file for the next time\n"
		      "\n"
		      "  host = www.example.com example.com\n"
		      "  key = ec:p256\n"
		      "  eku = serverAuth\n"
		      "\n"
		      "  [subject]\n"
		      "  O = Example GmbH\n"
		      "  C = DE\n"
		      "\n"
		      "  autocsr csr new --request web.ini --keyout www.key --out www.csr\n"
		      "  autocsr csr new --host www.example.com --keyout www.key --save-request web.json\n"
		      "\n"
		      "JSON with the same keys is taken too, and the configuration of openssl req.\n"
		      "man autocsr-csr-new lists the keys.\n" },
	{ "exit",
		"Exit codes\n"
		"\n"
		"  0  done\n"
		"  1  the answer is no: a check failed, keys do not match, the code does not fit\n"
		"  2  wrong usage: the text says what to type instead\n"
		"  3  bad input: a file, a name or a field\n"
		"  4  refused by policy\n"
		"  5  the service, the network, the system or this OpenSSL could not do it\n"
		"\n"
		"Every error has a stable id, such as name.underscore. With --json it is a problem document\n"
		"(RFC 9457) on standard output: type, title, detail, field, source, exit_code.\n" },
};
#define LINE_WIDTH 100
#define N_TOPICS (sizeof(topics) / sizeof(topics[0]))

const char *help_topic_at(size_t i)
{
	return i < N_TOPICS ? topics[i].name : NULL;
}

/* At the last blank before the line gets too long. */
static void break_lines(char *text)
{
	size_t column = 0;
	char *blank = NULL;

	for (char *p = text; *p != '\0'; p++, column++) {
		if (*p == '\n') {
			column = 0;
			blank = NULL;
		} else if (*p == ' ') {
			blank = p;
		}
		if (column > LINE_WIDTH && blank != NULL) {
			*blank = '\n';
			column = (size_t)(p - blank);
			blank = NULL;
		}
	}
}

bool help_topic(const char *name, char *out, size_t cap)
{
	for (size_t i = 0; i < N_TOPICS; i++)
		if (strcmp(topics[i].name, name) == 0) {
			help_expand(topics[i].text, out, cap);
			break_lines(out);
			return true;
		}
	return false;
}
