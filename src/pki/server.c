/* The table of servers. */
#include "autocsr/server.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define PAIR                                     \
	{                                        \
		{ ACSR_PART_FULLCHAIN, ".pem" }, \
		{                                \
			ACSR_PART_KEY, ".key"    \
		}                                \
	}
#define ONE(part, suffix)            \
	{                            \
		{                    \
			part, suffix \
		}                    \
	}

static const struct acsr_server servers[] = {
	{ "nginx", "nginx", PAIR, NULL,
		"ssl_certificate     %1;\n"
		"ssl_certificate_key %2;\n",
		NULL },
	{ "apache", "Apache httpd", PAIR, NULL,
		"SSLEngine on\n"
		"SSLCertificateFile    \"%1\"\n"
		"SSLCertificateKeyFile \"%2\"\n",
		"2.4.8 or newer; SSLCertificateChainFile is not needed" },
	{ "haproxy", "HAProxy", ONE(ACSR_PART_CHAIN_KEY, ".pem"), NULL, "bind :443 ssl crt %1\n", NULL },
	{ "caddy", "Caddy", PAIR, NULL, "tls %1 %2\n", NULL },
	{ "lighttpd", "lighttpd", PAIR, NULL,
		"ssl.engine  = \"enable\"\n"
		"ssl.pemfile = \"%1\"\n"
		"ssl.privkey = \"%2\"\n",
		"1.4.53 or newer" },
	{ "postfix", "Postfix", ONE(ACSR_PART_KEY_CHAIN, ".pem"), NULL,
		"smtpd_tls_chain_files = %1\n"
		"smtpd_tls_security_level = may\n",
		"3.4 or newer; the key stands before its certificates" },
	{ "dovecot", "Dovecot", PAIR, NULL,
		"ssl = required\n"
		"ssl_cert = <%1\n"
		"ssl_key = <%2\n",
		"2.4 calls them ssl_server_cert_file and ssl_server_key_file" },
	{ "exim", "Exim", PAIR, NULL,
		"tls_advertise_hosts = *\n"
		"tls_certificate = %1\n"
		"tls_privatekey = %2\n",
		"the user that Exim runs as must be able to read the key" },
	{ "postgresql", "PostgreSQL", PAIR, NULL,
		"ssl = on\n"
		"ssl_cert_file = '%1'\n"
		"ssl_key_file = '%2'\n",
		"the key must belong to the user postgres, or to root with mode 0640" },
	{ "iis", "IIS (Windows)", ONE(ACSR_PART_PKCS12, ".pfx"), NULL,
		"Import-PfxCertificate -FilePath \"%1\" -CertStoreLocation Cert:\\LocalMachine\\My -Password "
		"(Read-Host -AsSecureString)\n",
		"Windows Server 2019, Windows 10 1709 and newer open it; older ones need --p12 legacy. "
		"Delete the file "
		"when it is imported" },
	{ "tomcat", "Apache Tomcat", ONE(ACSR_PART_PKCS12, ".p12"), "tomcat",
		"<Connector port=\"8443\" protocol=\"org.apache.coyote.http11.Http11NioProtocol\" "
		"SSLEnabled=\"true\">\n"
		"  <SSLHostConfig>\n"
		"    <Certificate certificateKeystoreFile=\"%1\" certificateKeystoreType=\"PKCS12\"\n"
		"                 certificateKeyAlias=\"tomcat\" certificateKeystorePassword=\"...\"/>\n"
		"  </SSLHostConfig>\n"
		"</Connector>\n",
		"Java 8u301, 11.0.12 and newer open it; older ones need --p12 legacy" },
};

#define COUNT (sizeof(servers) / sizeof(servers[0]))

const struct acsr_server *acsr_server_at(size_t i)
{
	return i < COUNT ? &servers[i] : NULL;
}

enum acsr_result acsr_server_find(const struct acsr_server **out, const char *name, struct acsr_err *e)
{
	char names[200] = "";
	size_t n = 0;

	for (size_t i = 0; i < COUNT; i++) {
		if (strcmp(servers[i].name, name) == 0) {
			*out = &servers[i];
			return ACSR_OK;
		}
		n += (size_t)snprintf(
			names + n, sizeof(names) - n, "%s%s", i > 0 ? ", " : "", servers[i].name);
	}
	return err_set(e, "usage.server", "unknown server \"%.40s\"; known are %s", name, names);
}

bool acsr_server_secret(const struct acsr_server_file *f)
{
	return f->part != ACSR_PART_FULLCHAIN;
}
