/* Writing and reading the hand-over archive. */
#include "autocsr/archive.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "archive_int.h"
#include "base/limits.h"
#include "base/rnd.h"
#include "base/secret.h"
#include "base/str.h"

/* Little-endian writing and reading at a moving pointer. */
static uint8_t *put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v & 0xffffu), v >> 16);
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* DOS date and time, high half the date; before 1980 and for 0 its first day. */
static uint32_t dos_time(int64_t t)
{
	const uint32_t first = 1u << 21 | 1u << 16;
	time_t when = (time_t)t;
	struct tm tm;

	if (t <= 0 || gmtime_r(&when, &tm) == NULL || tm.tm_year < 80 || tm.tm_year > 207)
		return first;
	return (uint32_t)(tm.tm_year - 80) << 25 | (uint32_t)(tm.tm_mon + 1) << 21 |
	       (uint32_t)tm.tm_mday << 16 | (uint32_t)tm.tm_hour << 11 | (uint32_t)tm.tm_min << 5 |
	       (uint32_t)tm.tm_sec / 2;
}

static int64_t from_dos(uint32_t d)
{
	struct tm tm = { .tm_year = (int)(d >> 25) + 80,
		.tm_mon = (int)(d >> 21 & 15) - 1,
		.tm_mday = (int)(d >> 16 & 31),
		.tm_hour = (int)(d >> 11 & 31),
		.tm_min = (int)(d >> 5 & 63),
		.tm_sec = (int)(d & 31) * 2 };

	return (int64_t)timegm(&tm);
}

static enum acsr_result check_name(const char *name, size_t n, struct acsr_err *e)
{
	if (n == 0 || n > ACSR_ARCHIVE_NAME_MAX || memchr(name, 0, n) != NULL || !str_is_utf8(name, n))
		return err_set(
			e, "archive.name", "the entry's name is empty, too long, or not text in UTF-8");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '/' || name[i] == '\\')
			return err_set(
				e, "archive.name", "the entry's name holds a path or a control character");
	return ACSR_OK;
}

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* What the local and the central header say alike: version needed to extra length. */
struct entry {
	unsigned flags;
	uint32_t time;
	uint32_t packed, size;
	const char *name;
	size_t name_len;
};

static uint8_t *put_common(uint8_t *p, const struct entry *en)
{
	p = put16(p, 51);
	p = put16(p, en->flags);
	p = put16(p, AE_METHOD);
	p = put32(p, en->time);
	p = put32(p, 0); /* CRC: AE-2 leaves it out */
	p = put32(p, en->packed);
	p = put32(p, en->size);
	p = put16(p, (unsigned)en->name_len);
	return put16(p, AE_EXTRA_SIZE);
}

static uint8_t *put_name_extra(uint8_t *p, const struct entry *en)
{
	memcpy(p, en->name, en->name_len);
	p = put16(p + en->name_len, AE_EXTRA_ID);
	p = put16(p, AE_EXTRA_SIZE - 4);
	p = put16(p, 2); /* AE-2 */
	*p++ = 'A';
	*p++ = 'E';
	*p++ = 3;           /* AES-256 */
	return put16(p, 0); /* stored */
}

static uint8_t *put_directory(uint8_t *p, const struct entry *en, uint32_t offset)
{
	uint8_t *start = p;
	uint32_t size;

	p = put32(p, ZIP_CENTRAL);
	p = put16(p, 3 << 8 | 51); /* made on Unix, so that the mode below counts */
	p = put_common(p, en);
	p = put16(p, 0); /* comment */
	p = put16(p, 0); /* disk */
	p = put16(p, 0); /* internal attributes */
	p = put32(p, 0100600u << 16);
	p = put32(p, 0); /* offset of the local header */
	p = put_name_extra(p, en);
	size = (uint32_t)(p - start);

	p = put32(p, ZIP_END);
	p = put32(p, 0); /* disks */
	p = put16(p, 1);
	p = put16(p, 1);
	p = put32(p, size);
	p = put32(p, offset);
	return put16(p, 0);
}

static enum acsr_result check_write(const char *name, const struct acsr_secret *plain,
	const struct acsr_secret *code, size_t cap, struct acsr_err *e)
{
	size_t n = strlen(name);

	TRY(check_name(name, n, e));
	if (acsr_secret_len(code) == 0 || acsr_secret_len(code) > 63)
		return err_set(e, "archive.code.length", "an archive's code has 1 to 63 characters");
	if (acsr_secret_len(plain) == 0 || cap < ACSR_ARCHIVE_SIZE(n, acsr_secret_len(plain)) ||
		ACSR_ARCHIVE_SIZE(n, acsr_secret_len(plain)) > LIMIT_ARCHIVE)
		return err_set(e, "archive.size", "the archive would be empty or larger than its room");
	return ACSR_OK;
}

enum acsr_result acsr_archive_write(const char *name, const struct acsr_secret *plain,
	const struct acsr_secret *code, int64_t mtime, uint8_t *out, size_t cap, size_t *len,
	struct acsr_err *e)
{
	struct entry en = { .time = dos_time(mtime), .name = name };
	struct ae_job job = { .strength = 3, .code = code, .encrypt = true };
	uint8_t salt[16], *p, *data;

	TRY(check_write(name, plain, code, cap, e));
	en.name_len = strlen(name);
	en.flags = ZIP_FLAG_ENCRYPTED | (is_ascii(name) ? 0 : ZIP_FLAG_UTF8);
	en.size = (uint32_t)acsr_secret_len(plain);
	en.packed = en.size + (uint32_t)sizeof(salt) + AE_VERIFIER + AE_MAC;
	TRY(rnd_fill(salt, sizeof(salt), e));

	/* Encrypt to where the ciphertext belongs, then write the headers around it. */
	data = out + ZIP_LOCAL_SIZE + en.name_len + AE_EXTRA_SIZE;
	job.salt = salt;
	job.in = acsr_secret_bytes(plain);
	job.n = acsr_secret_len(plain);
	job.out = data + sizeof(salt) + AE_VERIFIER;
	TRY(ae_run(&job, e));
	memcpy(data, salt, sizeof(salt));
	memcpy(data + sizeof(salt), job.verifier, AE_VERIFIER);
	memcpy(job.out + job.n, job.mac, AE_MAC);

	p = put_name_extra(put_common(put32(out, ZIP_LOCAL), &en), &en);
	p = put_directory(p + en.packed, &en, (uint32_t)(p + en.packed - out));
	*len = (size_t)(p - out);
	return ACSR_OK;
}

/* Where everything lies in an archive that has been checked. */
struct layout {
	const char *name;
	size_t name_len;
	unsigned version, strength;
	uint32_t crc, time;
	const uint8_t *aes;  /* the AES extra field */
	const uint8_t *data; /* salt first */
	size_t packed, size;
};

static enum acsr_result bad_format(struct acsr_err *e, const char *text)
{
	return err_set(e, "archive.format", "this is not a hand-over archive: %s", text);
}

/* The one AES field among the extra fields; others (times, owners) say nothing that we honour. */
static const uint8_t *find_aes(const uint8_t *p, size_t n)
{
	const uint8_t *found = NULL;

	while (n >= 4) {
		size_t size = 4 + (size_t)get16(p + 2);

		if (size > n)
			return NULL;
		if (get16(p) == AE_EXTRA_ID) {
			if (found != NULL || size != AE_EXTRA_SIZE)
				return NULL;
			found = p;
		}
		p += size;
		n -= size;
	}
	return n == 0 ? found : NULL;
}

static enum acsr_result read_extra(const uint8_t *p, size_t n, struct layout *l, struct acsr_err *e)
{
	const uint8_t *aes = find_aes(p, n);

	if (aes == NULL || aes[6] != 'A' || aes[7] != 'E')
		return bad_format(e, "its AES field is missing or not alone");
	l->aes = aes;
	l->version = get16(aes + 4);
	l->strength = aes[8];
	if ((l->version != 1 && l->version != 2) || l->strength < 1 || l->strength > 3)
		return bad_format(e, "an unknown version or strength of AES");
	if (get16(aes + 9) != 0)
		return err_set(e, "archive.method", "the entry is compressed; only stored entries are read");
	return ACSR_OK;
}

/* `p` points at "version needed": the 26 bytes that both headers share. */
static enum acsr_result read_common(const uint8_t *p, size_t left, struct layout *l, struct acsr_err *e)
{
	unsigned flags = get16(p + 2), method = get16(p + 4);
	size_t extra = get16(p + 24);

	if ((flags & ZIP_FLAG_ENCRYPTED) == 0)
		return err_set(e, "archive.unencrypted", "the archive is not encrypted");
	if (method != AE_METHOD)
		return err_set(e, "archive.unencrypted",
			"the archive uses an old ZIP encryption that protects nothing");
	if ((flags & ~(ZIP_FLAG_ENCRYPTED | ZIP_FLAG_UTF8)) != 0)
		return bad_format(e, "flags that are not supported");
	l->time = get32(p + 6);
	l->crc = get32(p + 10);
	l->packed = get32(p + 14);
	l->size = get32(p + 18);
	l->name_len = get16(p + 22);
	if (l->name_len + extra > left)
		return bad_format(e, "it ends in the middle of a header");
	return ACSR_OK;
}

static enum acsr_result read_local(const uint8_t *p, size_t len, struct layout *l, struct acsr_err *e)
{
	size_t extra, overhead;

	TRY(read_common(p + 4, len - ZIP_LOCAL_SIZE, l, e));
	extra = get16(p + 28);
	l->name = (const char *)p + ZIP_LOCAL_SIZE;
	TRY(check_name(l->name, l->name_len, e));
	TRY(read_extra(p + ZIP_LOCAL_SIZE + l->name_len, extra, l, e));
	overhead = ae_salt_size(l->strength) + AE_VERIFIER + AE_MAC;
	l->data = p + ZIP_LOCAL_SIZE + l->name_len + extra;
	if (l->packed < overhead || l->packed - overhead != l->size ||
		l->packed > len - (size_t)(l->data - p))
		return bad_format(e, "its sizes do not add up");
	return ACSR_OK;
}

/* The central header (its `extra` bytes of extra fields are there) must say what the local one says. */
static enum acsr_result check_central(
	const uint8_t *p, size_t extra, const struct layout *l, struct acsr_err *e)
{
	const uint8_t *local = (const uint8_t *)l->name - ZIP_LOCAL_SIZE, *name = p + ZIP_CENTRAL_SIZE;
	const uint8_t *aes = find_aes(name + l->name_len, extra);

	/* version needed to name length; no comment, first disk, at the beginning of the file */
	if (memcmp(p + 6, local + 4, 24) != 0 || get32(p + 32) != 0 || get32(p + 42) != 0 ||
		memcmp(name, l->name, l->name_len) != 0)
		return bad_format(e, "its two headers differ");
	if (aes == NULL || memcmp(aes, l->aes, AE_EXTRA_SIZE) != 0)
		return bad_format(e, "its two headers differ");
	return ACSR_OK;
}

static enum acsr_result check_end(
	const uint8_t *p, size_t central_size, size_t central_at, struct acsr_err *e)
{
	if (get32(p) != ZIP_END || get32(p + 4) != 0)
		return bad_format(e, "its end record is missing");
	if (get16(p + 8) != 1 || get16(p + 10) != 1)
		return err_set(e, "archive.entries", "the archive has %u entries; exactly one is right",
			get16(p + 10));
	if (get32(p + 12) != central_size || get32(p + 16) != central_at || get16(p + 20) != 0)
		return bad_format(e, "its end record does not fit");
	return ACSR_OK;
}

/* What follows the entry's data when that is not the central header that we expect. */
static enum acsr_result unexpected(const uint8_t *p, size_t left, struct acsr_err *e)
{
	if (left >= 4 && get32(p) == ZIP_LOCAL)
		return err_set(e, "archive.entries", "the archive has several entries; exactly one is right");
	return bad_format(e, "it is cut short or altered");
}

static enum acsr_result check_start(const uint8_t *p, size_t len, struct acsr_err *e)
{
	if (len > LIMIT_ARCHIVE)
		return err_set(e, "archive.too-large", "the archive has more than %d bytes", LIMIT_ARCHIVE);
	if (len >= ZIP_END_SIZE && get32(p) == ZIP_END)
		return err_set(e, "archive.entries", "the archive is empty");
	if (len < ZIP_LOCAL_SIZE + ZIP_CENTRAL_SIZE + ZIP_END_SIZE || get32(p) != ZIP_LOCAL)
		return bad_format(e, "it does not begin like a ZIP file");
	return ACSR_OK;
}

static enum acsr_result read_layout(const uint8_t *p, size_t len, struct layout *l, struct acsr_err *e)
{
	size_t at, central, left, extra;

	TRY(check_start(p, len, e));
	TRY(read_local(p, len, l, e));
	at = (size_t)(l->data - p) + l->packed;
	left = len - at;
	if (left < ZIP_CENTRAL_SIZE || get32(p + at) != ZIP_CENTRAL)
		return unexpected(p + at, left, e);
	extra = get16(p + at + 30);
	central = ZIP_CENTRAL_SIZE + l->name_len + extra;
	if (left < central)
		return bad_format(e, "it is cut short");
	TRY(check_central(p + at, extra, l, e));
	if (left >= central + 4 && get32(p + at + central) == ZIP_CENTRAL)
		return err_set(e, "archive.entries", "the archive has several entries; exactly one is right");
	if (left < central + ZIP_END_SIZE)
		return bad_format(e, "it is cut short");
	TRY(check_end(p + at + central, central, at, e));
	if (left != central + ZIP_END_SIZE)
		return err_set(e, "archive.entries", "something is appended to the archive");
	return ACSR_OK;
}

static void describe(const uint8_t *p, size_t len, const struct layout *l, struct acsr_archive_info *info)
{
	if (info == NULL)
		return;
	*info = (struct acsr_archive_info){ .size = l->size,
		.version = (int)l->version,
		.bits = 64 + 64 * l->strength,
		.mtime = from_dos(l->time) };
	memcpy(info->name, l->name, l->name_len);
	SHA256(p, len, info->sha256);
}

enum acsr_result acsr_archive_show(
	const uint8_t *p, size_t len, struct acsr_archive_info *info, struct acsr_err *e)
{
	struct layout l;

	TRY(read_layout(p, len, &l, e));
	describe(p, len, &l, info);
	return ACSR_OK;
}

/* AE-1 keeps the CRC of the plaintext; AE-2 must not (it would tell about short contents). */
static enum acsr_result check_crc(const struct layout *l, const struct acsr_secret *plain, struct acsr_err *e)
{
	uint32_t crc = 0xffffffffu;

	if (l->version == 2)
		return l->crc == 0 ? ACSR_OK : bad_format(e, "an AE-2 entry with a checksum");
	for (size_t i = 0; i < acsr_secret_len(plain); i++) {
		crc ^= acsr_secret_bytes(plain)[i];
		for (int b = 0; b < 8; b++)
			crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
	}
	return ~crc == l->crc ? ACSR_OK : err_set(e, "archive.damaged", "the archive's checksum is wrong");
}

enum acsr_result acsr_archive_open(const uint8_t *p, size_t len, const struct acsr_secret *code,
	struct acsr_secret **plain, struct acsr_archive_info *info, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	struct ae_job job = { .code = code };
	struct layout l;

	TRY(read_layout(p, len, &l, e));
	TRY(secret_zeroed(&s, l.size, e));
	job.strength = l.strength;
	job.salt = l.data;
	job.want_verifier = l.data + ae_salt_size(l.strength);
	job.in = job.want_verifier + AE_VERIFIER;
	job.n = l.size;
	job.want_mac = job.in + job.n;
	job.out = secret_data(s);
	TRY(ae_run(&job, e));
	TRY(check_crc(&l, s, e));
	describe(p, len, &l, info);
	*plain = s;
	s = NULL;
	return ACSR_OK;
}
