/* Writing the hand-over archive. */
#include "autocsr/archive.h"

#include <string.h>
#include <time.h>

#include "archive_int.h"
#include "base/limits.h"
#include "base/rnd.h"
#include "base/secret.h"
#include "base/str.h"

/* Little-endian writing at a moving pointer. */
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

enum acsr_result archive_check_name(const char *name, size_t n, struct acsr_err *e)
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

	TRY(archive_check_name(name, n, e));
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
