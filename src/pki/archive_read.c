/*
 * Reading hand-over archives: strict, and with an answer of its own for each way in which a file can be
 * something else, so that the person who holds it knows what to do next.
 */
#include "autocsr/archive.h"

#include <openssl/sha.h>
#include <string.h>
#include <time.h>

#include "archive_int.h"
#include "base/limits.h"
#include "base/secret.h"

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
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

static enum acsr_result truncated(struct acsr_err *e, const char *where)
{
	return err_set(e, "archive.truncated",
		"the archive is cut short in %s; it did not arrive whole, fetch it again", where);
}

static enum acsr_result altered(struct acsr_err *e, const char *text)
{
	return err_set(e, "archive.altered",
		"the archive was altered or damaged: %s; do not use it, ask for another", text);
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
		return err_set(e, "archive.unencrypted",
			"the archive is not encrypted; treat what is in it as known to others");
	if (method != AE_METHOD)
		return err_set(e, "archive.zipcrypto",
			"the archive uses the old ZIP encryption (ZipCrypto), which protects nothing; treat "
			"what is in it as known to others");
	if ((flags & ~(ZIP_FLAG_ENCRYPTED | ZIP_FLAG_UTF8)) != 0)
		return bad_format(e, "flags that are not supported");
	l->time = get32(p + 6);
	l->crc = get32(p + 10);
	l->packed = get32(p + 14);
	l->size = get32(p + 18);
	l->name_len = get16(p + 22);
	if (l->name_len + extra > left)
		return truncated(e, "a header");
	return ACSR_OK;
}

static enum acsr_result read_local(const uint8_t *p, size_t len, struct layout *l, struct acsr_err *e)
{
	size_t extra, overhead;

	TRY(read_common(p + 4, len - ZIP_LOCAL_SIZE, l, e));
	extra = get16(p + 28);
	l->name = (const char *)p + ZIP_LOCAL_SIZE;
	TRY(archive_check_name(l->name, l->name_len, e));
	TRY(read_extra(p + ZIP_LOCAL_SIZE + l->name_len, extra, l, e));
	overhead = ae_salt_size(l->strength) + AE_VERIFIER + AE_MAC;
	l->data = p + ZIP_LOCAL_SIZE + l->name_len + extra;
	if (l->packed < overhead || l->packed - overhead != l->size)
		return altered(e, "its sizes do not add up");
	if (l->packed > len - (size_t)(l->data - p))
		return truncated(e, "its contents");
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
		return altered(e, "its two headers differ");
	if (aes == NULL || memcmp(aes, l->aes, AE_EXTRA_SIZE) != 0)
		return altered(e, "its two headers differ");
	return ACSR_OK;
}

static enum acsr_result several(struct acsr_err *e)
{
	return err_set(
		e, "archive.entries", "the archive has several entries; exactly one, the key, is right");
}

static enum acsr_result check_end(
	const uint8_t *p, size_t central_size, size_t central_at, struct acsr_err *e)
{
	if (get32(p) != ZIP_END || get32(p + 4) != 0)
		return altered(e, "its end record is missing");
	if (get16(p + 8) != 1 || get16(p + 10) != 1)
		return several(e);
	if (get32(p + 12) != central_size || get32(p + 16) != central_at || get16(p + 20) != 0)
		return altered(e, "its end record does not fit");
	return ACSR_OK;
}

/* Does the end of the file count one entry only, whatever lies in front of it? */
static bool says_one_entry(const uint8_t *p, size_t left)
{
	const uint8_t *end;

	if (left < ZIP_END_SIZE)
		return false;
	end = p + left - ZIP_END_SIZE;
	return get32(end) == ZIP_END && get16(end + 10) == 1;
}

/* What follows the entry's data when that is not the central header that we expect. */
static enum acsr_result unexpected(const uint8_t *p, size_t left, struct acsr_err *e)
{
	if (left >= 4 && get32(p) == ZIP_LOCAL)
		return says_one_entry(p, left) ? err_set(e, "archive.appended",
							 "a second entry is hidden in the archive: its own "
							 "directory does not "
							 "list it; do not use it, ask for another")
					       : several(e);
	if (left < ZIP_CENTRAL_SIZE)
		return truncated(e, "its directory");
	return altered(e, "something unknown follows its contents");
}

static enum acsr_result check_start(const uint8_t *p, size_t len, struct acsr_err *e)
{
	if (len > LIMIT_ARCHIVE)
		return err_set(e, "archive.too-large", "the archive has more than %d bytes", LIMIT_ARCHIVE);
	if (len >= ZIP_END_SIZE && get32(p) == ZIP_END)
		return err_set(e, "archive.empty", "the archive holds nothing");
	if (len >= 4 && get32(p) != ZIP_LOCAL && says_one_entry(p, len))
		return err_set(e, "archive.prepended",
			"something stands in front of the archive, such as a self-extracting program; do not "
			"run "
			"it, ask for the plain .zip");
	if (len < 4 || get32(p) != ZIP_LOCAL)
		return bad_format(e, "it does not begin like a ZIP file");
	if (len < ZIP_LOCAL_SIZE)
		return truncated(e, "a header");
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
		return truncated(e, "its directory");
	TRY(check_central(p + at, extra, l, e));
	if (left >= central + 4 && get32(p + at + central) == ZIP_CENTRAL)
		return several(e);
	if (left < central + ZIP_END_SIZE)
		return truncated(e, "its end record");
	TRY(check_end(p + at + central, central, at, e));
	if (left != central + ZIP_END_SIZE)
		return err_set(e, "archive.appended",
			"%zu bytes that do not belong to the archive are appended to it; do not use it, ask "
			"for "
			"another",
			left - central - ZIP_END_SIZE);
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
		return l->crc == 0 ? ACSR_OK : altered(e, "an AE-2 entry has a checksum");
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

enum acsr_result acsr_archive_is_handover(const struct acsr_archive_info *info, struct acsr_err *e)
{
	if (info->bits != 256)
		return err_set(e, "archive.aes-bits",
			"the archive is encrypted with AES-%u; a hand-over archive has AES-256", info->bits);
	if (info->version != 2)
		return err_set(e, "archive.ae1",
			"the archive is WinZip AE-%d, which shows a checksum of its contents; a hand-over "
			"archive "
			"is AE-2",
			info->version);
	return ACSR_OK;
}
