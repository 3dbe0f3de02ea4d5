/* Names of key usages and of extended key usages. */
#include <string.h>

#include "autocsr/csr.h"
#include "base/ascii.h"

#define PKIX "1.3.6.1.5.5.7.3."
#define MS "1.3.6.1.4.1.311."

/* IANA's "SMI Security for PKIX Extended Key Purpose", Microsoft's, and those of others that are met. The
 * names are OpenSSL's short names where it has one. */
static const struct acsr_eku table[] = {
	{ "serverAuth", PKIX "1", "TLS server" },
	{ "clientAuth", PKIX "2", "TLS client" },
	{ "codeSigning", PKIX "3", "signing of programs" },
	{ "emailProtection", PKIX "4", "S/MIME mail" },
	{ "ipsecEndSystem", PKIX "5", "IPsec end system (retired, RFC 4945)" },
	{ "ipsecTunnel", PKIX "6", "IPsec tunnel (retired, RFC 4945)" },
	{ "ipsecUser", PKIX "7", "IPsec user (retired, RFC 4945)" },
	{ "timeStamping", PKIX "8", "time stamps (RFC 3161)" },
	{ "OCSPSigning", PKIX "9", "OCSP answers for a CA (RFC 6960)" },
	{ "DVCS", PKIX "10", "data validation server (RFC 3029)" },
	{ "sbgpCertAAServerAuth", PKIX "11", "S-BGP attribute authority" },
	{ "scvpResponder", PKIX "12", "SCVP responder" },
	{ "eapOverPPP", PKIX "13", "EAP over PPP (RFC 4334)" },
	{ "eapOverLAN", PKIX "14", "EAP over LAN, WLAN (RFC 4334)" },
	{ "scvpServer", PKIX "15", "SCVP server (RFC 5055)" },
	{ "scvpClient", PKIX "16", "SCVP client (RFC 5055)" },
	{ "ipsecIKE", PKIX "17", "IPsec key exchange (RFC 4945)" },
	{ "capwapAC", PKIX "18", "CAPWAP controller (RFC 5415)" },
	{ "capwapWTP", PKIX "19", "CAPWAP access point (RFC 5415)" },
	{ "sipDomain", PKIX "20", "SIP domain (RFC 5924)" },
	{ "secureShellClient", PKIX "21", "SSH client (RFC 6187)" },
	{ "secureShellServer", PKIX "22", "SSH server (RFC 6187)" },
	{ "sendRouter", PKIX "23", "SEND router (RFC 6494)" },
	{ "sendProxiedRouter", PKIX "24", "SEND proxied router (RFC 6494)" },
	{ "sendOwner", PKIX "25", "SEND owner (RFC 6494)" },
	{ "sendProxiedOwner", PKIX "26", "SEND proxied owner (RFC 6494)" },
	{ "cmcCA", PKIX "27", "CMC CA (RFC 6402)" },
	{ "cmcRA", PKIX "28", "CMC registration authority (RFC 6402)" },
	{ "cmcArchive", PKIX "29", "CMC archive (RFC 6402)" },
	{ "id-kp-bgpsec-router", PKIX "30", "BGPsec router (RFC 8209)" },
	{ "id-kp-BrandIndicatorforMessageIdentification", PKIX "31", "brand logo in mail (BIMI)" },
	{ "cmKGA", PKIX "32", "CMP key generation (RFC 9480)" },
	{ "rpcTLSClient", PKIX "33", "RPC with TLS, client (RFC 9289)" },
	{ "rpcTLSServer", PKIX "34", "RPC with TLS, server (RFC 9289)" },
	{ "bundleSecurity", PKIX "35", "Bundle Protocol security (RFC 9174)" },
	{ "documentSigning", PKIX "36", "signing of documents (RFC 9336)" },
	{ "jwt", PKIX "37", "5G: JWT signing (RFC 9509)" },
	{ "httpContentEncrypt", PKIX "38", "5G: HTTP content encryption (RFC 9509)" },
	{ "oauthAccessTokenSigning", PKIX "39", "5G: OAuth tokens (RFC 9509)" },
	{ "imUri", PKIX "40", "instant messaging (RFC 9734)" },
	{ "configSigning", PKIX "41", "signing of configuration (RFC 9809)" },
	{ "trustAnchorConfigSigning", PKIX "42", "signing of trust anchors (RFC 9809)" },
	{ "updatePackageSigning", PKIX "43", "signing of updates (RFC 9809)" },
	{ "safetyCommunication", PKIX "44", "safety communication (RFC 9809)" },
	{ "anyExtendedKeyUsage", "2.5.29.37.0", "any purpose" },
	{ "ikeIntermediate", "1.3.6.1.5.5.8.2.2", "IPsec IKE intermediate (macOS, Windows)" },
	{ "pkInitClientAuth", "1.3.6.1.5.2.3.4", "Kerberos PKINIT client (RFC 4556)" },
	{ "pkInitKDC", "1.3.6.1.5.2.3.5", "Kerberos key distribution centre (RFC 4556)" },
	{ "msSmartcardLogin", MS "20.2.2", "Windows smart card log-on" },
	{ "msEnrollmentAgent", MS "20.2.1", "Windows enrolment on behalf of others" },
	{ "msCodeInd", MS "2.1.21", "individual code signing" },
	{ "msCodeCom", MS "2.1.22", "commercial code signing" },
	{ "msCTLSign", MS "10.3.1", "trust list signing" },
	{ "msTimeStamping", MS "10.3.2", "Microsoft time stamps" },
	{ "msSGC", MS "10.3.3", "server gated crypto (retired)" },
	{ "msEFS", MS "10.3.4", "encrypting file system" },
	{ "msEFSRecovery", MS "10.3.4.1", "recovery of encrypted files" },
	{ "msWHQLCrypto", MS "10.3.5", "Windows hardware driver verification" },
	{ "msNT5Crypto", MS "10.3.6", "Windows system component verification" },
	{ "msOEMWHQLCrypto", MS "10.3.7", "OEM Windows component verification" },
	{ "msEmbeddedNTCrypto", MS "10.3.8", "embedded Windows component verification" },
	{ "msRootListSigner", MS "10.3.9", "root list signer" },
	{ "msQualifiedSubordination", MS "10.3.10", "qualified subordination" },
	{ "msKeyRecovery", MS "10.3.11", "key recovery" },
	{ "msDocumentSigning", MS "10.3.12", "Microsoft document signing" },
	{ "msLifetimeSigning", MS "10.3.13", "signatures end with the certificate" },
	{ "msCAExchange", MS "21.5", "CA exchange (private key archival)" },
	{ "msKeyRecoveryAgent", MS "21.6", "key recovery agent" },
	{ "msDSEmailReplication", MS "21.19", "directory replication by mail" },
	{ "msSystemHealth", MS "47.1.1", "system health authentication" },
	{ "msRemoteDesktop", MS "54.1.2", "Remote Desktop server" },
	{ "msKernelModeCodeSigning", MS "61.1.1", "kernel mode code signing" },
	{ "msBitLocker", MS "67.1.1", "BitLocker" },
	{ "msBitLockerRecovery", MS "67.1.2", "BitLocker recovery" },
	{ "nsSGC", "2.16.840.1.113730.4.1", "Netscape server gated crypto (retired)" },
	{ "adobePDFSigning", "1.2.840.113583.1.1.5", "Adobe PDF signing" },
	{ "intelAMT", "2.16.840.1.113741.1.2.3", "Intel AMT provisioning" },
	{ "ct_precert_signer", "1.3.6.1.4.1.11129.2.4.4", "signing of precertificates (RFC 6962)" },
	{ "tcgEKCertificate", "2.23.133.8.1", "TPM endorsement key" },
	{ "tcgAIKCertificate", "2.23.133.8.3", "TPM attestation identity key" },
	{ "mdlDS", "1.0.18013.5.1.2", "mobile driving licence signer (ISO 18013-5)" },
};

const struct acsr_eku *acsr_eku_at(size_t i)
{
	return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
}

const struct acsr_eku *acsr_eku_find(const char *name_or_oid)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (ascii_casecmp(table[i].name, name_or_oid) == 0 || strcmp(table[i].oid, name_or_oid) == 0)
			return &table[i];
	return NULL;
}

static const char *const usages[] = { "digitalSignature", "nonRepudiation", "keyEncipherment",
	"dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly" };

const char *acsr_ku_name(size_t bit)
{
	return bit < sizeof(usages) / sizeof(usages[0]) ? usages[bit] : NULL;
}

unsigned acsr_ku_find(const char *name)
{
	if (ascii_casecmp(name, "contentCommitment") == 0)
		return ACSR_KU_NON_REPUDIATION;
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if (ascii_casecmp(usages[i], name) == 0)
			return 1u << i;
	return 0;
}
