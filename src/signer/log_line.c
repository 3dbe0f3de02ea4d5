/* TABs and SHA-256. */
#include "log_line.h"

#include <openssl/evp.h>
#include <string.h>

static enum acsr_result next_chain(
	const uint8_t chain[LOG_CHAIN], const void *line, size_t n, uint8_t out[LOG_CHAIN])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md != NULL && EVP_DigestInit_ex2(md, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(md, chain, LOG_CHAIN) == 1 && EVP_DigestUpdate(md, line, n) == 1 &&
		  EVP_DigestFinal_ex(md, out, NULL) == 1;

	EVP_MD_CTX_free(md);
	return ok ? ACSR_OK : ACSR_FAIL;
}

enum acsr_result log_line_seal(struct buf *line, uint8_t chain[LOG_CHAIN], struct acsr_err *e)
{
	char hex[2 * LOG_CHAIN + 1];

	if (next_chain(chain, line->p, line->len, chain) != ACSR_OK)
		return err_set(e, "sys.openssl", "cannot hash a line of the issuance log");
	hex_encode(chain, LOG_CHAIN, hex);
	return buf_printf(line, e, "\t%s\n", hex);
}

static enum acsr_result split(struct log_line *out, char *line)
{
	*out = (struct log_line){ 0 };
	for (char *p = line; p != NULL; out->n++) {
		if (out->n == LOG_FIELDS_MAX)
			return ACSR_FAIL;
		out->field[out->n] = strsep(&p, "\t");
	}
	return ACSR_OK;
}

enum acsr_result log_line_open(struct log_line *out, char *line, size_t n, uint8_t chain[LOG_CHAIN])
{
	uint8_t stated[LOG_CHAIN], next[LOG_CHAIN];
	char *tab = memrchr(line, '\t', n);

	if (tab == NULL || memchr(line, 0, n) != NULL || line[n] != '\0')
		return ACSR_FAIL;
	TRY(log_line_hash(tab + 1, stated));
	TRY(next_chain(chain, line, (size_t)(tab - line), next));
	if (memcmp(stated, next, LOG_CHAIN) != 0)
		return ACSR_FAIL;
	*tab = '\0';
	TRY(split(out, line));
	memcpy(chain, next, LOG_CHAIN);
	return ACSR_OK;
}

enum acsr_result log_line_serial(const char *hex, struct serial *out)
{
	TRY(hex_decode(hex, out->v, sizeof(out->v), &out->len, NULL));
	return out->len > 0 ? ACSR_OK : ACSR_FAIL;
}

enum acsr_result log_line_hash(const char *hex, uint8_t out[32])
{
	size_t n;

	TRY(hex_decode(hex, out, 32, &n, NULL));
	return n == 32 ? ACSR_OK : ACSR_FAIL;
}
