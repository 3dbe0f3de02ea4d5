/* Data, and how to look into it. */
#include "dntable.h"
#include "base/ascii.h"

#include <openssl/asn1.h>
#include <string.h>

#define UTF8 V_ASN1_UTF8STRING
#define PRINTABLE V_ASN1_PRINTABLESTRING
#define IA5 V_ASN1_IA5STRING
#define NUMERIC V_ASN1_NUMERICSTRING
#define X520 "2.5.4."
#define MS_EV "1.3.6.1.4.1.311.60.2.1."
#define PILOT "0.9.2342.19200300.100.1."
#define PKCS9 "1.2.840.113549.1.9."
#define PDA "1.3.6.1.5.5.7.9." /* RFC 3739 */
#define UB_NAME 32768

static const struct dn_type types[] = {
	{ "CN", "commonName", X520 "3", UTF8, 64, 80, "common name: a host name, or a person's" },
	{ "O", "organizationName", X520 "10", UTF8, 64, 60, "organisation" },
	{ "OU", "organizationalUnitName", X520 "11", UTF8, 64, 70, "unit of the organisation" },
	{ "C", "countryName", X520 "6", PRINTABLE, 2, 20, "country, two letters (ISO 3166)" },
	{ "ST", "stateOrProvinceName S SP", X520 "8", UTF8, 128, 30, "state or province, written out" },
	{ "L", "localityName", X520 "7", UTF8, 128, 40, "town" },
	{ "street", "streetAddress", X520 "9", UTF8, 128, 50, "street and number" },
	{ "postalCode", "PC", X520 "17", UTF8, 40, 45, "postal code" },
	{ "serialNumber", "", X520 "5", PRINTABLE, 64, 85, "registration number (EV), or a device's" },
	{ "businessCategory", "", X520 "15", UTF8, 128, 65,
		"EV: Private Organization, Government Entity, Business Entity, Non-Commercial Entity" },
	{ "jurisdictionL", "jurisdictionLocalityName jurisdictionOfIncorporationLocalityName", MS_EV "1",
		UTF8, 128, 24, "EV: where it is registered, town" },
	{ "jurisdictionST", "jurisdictionStateOrProvinceName jurisdictionOfIncorporationStateOrProvinceName",
		MS_EV "2", UTF8, 128, 23, "EV: where it is registered, state" },
	{ "jurisdictionC", "jurisdictionCountryName jurisdictionOfIncorporationCountryName", MS_EV "3",
		PRINTABLE, 2, 22, "EV: where it is registered, country" },
	{ "GN", "givenName G", X520 "42", UTF8, UB_NAME, 76, "given name" },
	{ "SN", "surname", X520 "4", UTF8, UB_NAME, 77, "family name" },
	{ "title", "T", X520 "12", UTF8, 64, 75, "a person's title" },
	{ "DC", "domainComponent", PILOT "25", IA5, 63, 10, "one label of a domain" },
	{ "UID", "userId", PILOT "1", UTF8, 256, 95, "user name in a directory" },
	{ "emailAddress", "E email pkcs9email", PKCS9 "1", IA5, 255, 90,
		"mailbox; better in the alternative names" },
	{ "dnQualifier", "dnq", X520 "46", PRINTABLE, 64, 84, "tells equal names apart" },
	{ "organizationIdentifier", "orgId", X520 "97", UTF8, 256, 64,
		"registration (VATDE-123456789, NTRGB-12345678)" },
	{ "pseudonym", "", X520 "65", UTF8, 128, 79, "instead of a person's name" },
	{ "initials", "", X520 "43", UTF8, UB_NAME, 78, "initials" },
	{ "generationQualifier", "generation", X520 "44", UTF8, UB_NAME, 78, "Jr., III" },
	{ "name", "", X520 "41", UTF8, UB_NAME, 75, "a name" },
	{ "description", "", X520 "13", UTF8, 1024, 96, "free text" },
	{ "telephoneNumber", "", X520 "20", PRINTABLE, 32, 91, "telephone number" },
	{ "houseIdentifier", "", X520 "51", UTF8, UB_NAME, 51, "building" },
	{ "postOfficeBox", "", X520 "18", UTF8, 40, 46, "post office box" },
	{ "physicalDeliveryOfficeName", "", X520 "19", UTF8, 128, 47, "delivery office" },
	{ "destinationIndicator", "", X520 "27", PRINTABLE, 128, 92, "telegram destination" },
	{ "x121Address", "", X520 "24", NUMERIC, 15, 92, "X.121 address" },
	{ "internationalISDNNumber", "", X520 "25", NUMERIC, 16, 92, "ISDN number" },
	{ "role", "", X520 "72", UTF8, UB_NAME, 75, "role" },
	{ "dmdName", "", X520 "54", UTF8, UB_NAME, 15, "directory management domain" },
	{ "unstructuredName", "", PKCS9 "2", UTF8, 255, 93, "name without a form (Cisco: host name)" },
	{ "unstructuredAddress", "", PKCS9 "8", UTF8, 255, 94, "address without a form" },
	{ "placeOfBirth", "", PDA "2", UTF8, 128, 97, "place of birth" },
	{ "gender", "", PDA "3", PRINTABLE, 1, 97, "M or F" },
	{ "countryOfCitizenship", "", PDA "4", PRINTABLE, 2, 97, "country of citizenship" },
	{ "countryOfResidence", "", PDA "5", PRINTABLE, 2, 97, "country of residence" },
	{ "postalAddress", "", X520 "16", 0, 0, 49, "postal address" },
	{ "x500UniqueIdentifier", "", X520 "45", 0, 0, 86, "unique identifier, bits" },
};

const struct dn_type *dn_type_at(size_t i)
{
	return i < sizeof(types) / sizeof(types[0]) ? &types[i] : NULL;
}

/* Is `name` one of the words of `list`? */
static int has_word(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; *list != '\0'; list += strspn(list, " ")) {
		size_t word = strcspn(list, " ");

		if (word == n && ascii_ncasecmp(list, name, n) == 0)
			return 1;
		list += word;
	}
	return 0;
}

const struct dn_type *dn_type_find(const char *name)
{
	if (ascii_ncasecmp(name, "OID.", 4) == 0)
		name += 4;
	for (const struct dn_type *t = types; t < types + sizeof(types) / sizeof(types[0]); t++)
		if (ascii_casecmp(t->name, name) == 0 || strcmp(t->oid, name) == 0 || has_word(t->alias, name))
			return t;
	return NULL;
}
