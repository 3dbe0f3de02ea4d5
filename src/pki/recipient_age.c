/* age recipients: Bech32 (BIP 173) of an X25519 point, with the prefix "age". */
#include <string.h>

#include "recipient_int.h"

#define CHECKSUM 6
#define CHARS 52 /* 256 bits and 4 of padding, 5 each */

static const char bech32[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(uint32_t sum, unsigned value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		if ((top >> i & 1) != 0)
			sum ^= generator[i];
	return sum;
}

static uint32_t start(const char *prefix, size_t n)
{
	uint32_t sum = 1;

	for (size_t i = 0; i < n; i++)
		sum = polymod(sum, (unsigned char)prefix[i] >> 5);
	sum = polymod(sum, 0);
	for (size_t i = 0; i < n; i++)
		sum = polymod(sum, (unsigned char)prefix[i] & 31);
	return sum;
}

static int value_of(uint8_t c)
{
	const char *at = c != '\0' ? strchr(bech32, c) : NULL;

	return at != NULL ? (int)(at - bech32) : -1;
}

/* The characters behind "age1" into 5-bit values; the checksum is right. */
static enum acsr_result read_values(uint8_t *out, struct bytes data, struct acsr_err *e)
{
	uint32_t sum = start("age", 3);

	for (size_t i = 0; i < data.len; i++) {
		int v = value_of(data.p[i]);

		if (v < 0)
			return err_set(e, "recipient.age",
				"character %zu of the age recipient is none that it can have (lower-case "
				"letters "
				"and digits, without 1, b, i and o)",
				i + 5);
		out[i] = (uint8_t)v;
		sum = polymod(sum, (unsigned)v);
	}
	if (sum != 1)
		return err_set(e, "recipient.age",
			"the age recipient's checksum does not fit: it is mistyped or cut off; copy it "
			"whole");
	return ACSR_OK;
}

static enum acsr_result to_bytes(uint8_t out[X25519_BYTES], const uint8_t values[CHARS], struct acsr_err *e)
{
	uint32_t bits = 0, n = 0;
	size_t at = 0;

	for (size_t i = 0; i < CHARS; i++) {
		bits = bits << 5 | values[i];
		n += 5;
		if (n >= 8) {
			n -= 8;
			out[at++] = (uint8_t)(bits >> n);
		}
	}
	if ((bits & 15) != 0)
		return err_set(e, "recipient.age", "the age recipient is not written as age writes it");
	return ACSR_OK;
}

/* age1NAME1…: the last 1 ends the prefix, as the data has none. */
static enum acsr_result other_type(struct bytes line, struct acsr_err *e)
{
	size_t n = line.len;

	while (n > 0 && line.p[n - 1] != '1')
		n--;
	if (n <= 4)
		return ACSR_OK;
	n -= 5;
	return err_set(e, "recipient.age.type",
		"age recipients of the kind \"%.*s\" need a program of their own; give one that age-keygen "
		"made (age1 and 58 characters)",
		n < 20 ? (int)n : 20, (const char *)line.p + 4);
}

static bool is_plain(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.p[i] < 0x21 || line.p[i] > 0x7e)
			return false;
	return true;
}

/* Points of small order give the same secret to everybody: nothing. These are all of them, on the curve and on its twist,
 * two also as they stand above the prime (RFC 7748 5 reads them so). The top bit is not part of the number. */
static bool has_small_order(const uint8_t point[X25519_BYTES])
{
	static const uint8_t all[][X25519_BYTES] = {
		{ 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
			0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
			0x00, 0x00, 0x00 },
		{ 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
			0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
			0x00, 0x00, 0x00 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
			0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f,
			0x49, 0xb8, 0x00 },
		{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
			0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0,
			0x9f, 0x11, 0x57 },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0x7f },
		{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0x7f },
		{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0x7f }
	};
	uint8_t u[X25519_BYTES];

	memcpy(u, point, sizeof(u));
	u[X25519_BYTES - 1] &= 0x7f;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (memcmp(u, all[i], sizeof(u)) == 0)
			return true;
	return false;
}

enum acsr_result recipient_age(struct acsr_recipient *r, struct bytes line, struct acsr_err *e)
{
	const struct bytes data = { line.p + 4, line.len - 4 };
	uint8_t values[CHARS + CHECKSUM];

	if (!is_plain(line))
		return err_set(e, "recipient.age", "an age recipient has no blanks and stands alone");
	TRY(other_type(line, e));
	if (data.len != sizeof(values))
		return err_set(e, "recipient.age",
			"an age recipient has %zu characters, this one %zu; copy it whole",
			sizeof(values) + 4, line.len);
	TRY(read_values(values, data, e));
	TRY(to_bytes(r->point, values, e));
	if (has_small_order(r->point))
		return err_rule(e, "recipient.point", NULL, "RFC 7748 6.1",
			"this age recipient is a point of small order: anybody could open what is sealed to "
			"it");
	r->kind = ACSR_RECIPIENT_AGE_X25519;
	memcpy(r->name, line.p, line.len);
	return ACSR_OK;
}
