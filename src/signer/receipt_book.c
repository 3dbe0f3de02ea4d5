/* One line a receipt, found again by part and request. */
#include "receipt_book.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "autocsr/note.h"

static const char key_name[] = "receipt";

/* What the index knows a receipt by: no two have the same. */
static enum acsr_result handle_of(
	const char *part, const char *request, struct serial *out, struct acsr_err *e)
{
	uint8_t digest[32];
	char text[100];

	snprintf(text, sizeof(text), "%s/%s", part, request);
	if (EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), digest, NULL) != 1)
		return err_set(e, "sys.openssl", "cannot hash the name of a receipt");
	out->len = sizeof(out->v);
	memcpy(out->v, digest, sizeof(out->v));
	return ACSR_OK;
}

static enum acsr_result remember(
	struct receipt_book *b, const struct serial *handle, off_t at, struct acsr_err *e)
{
	static const uint8_t none[32];

	TRY(serial_index_reserve(&b->index, e));
	serial_index_add(&b->index, handle, none);
	serial_index_find(&b->index, handle)->issued_at = at;
	return ACSR_OK;
}

static enum acsr_result take(void *arg, const struct log_line *l, off_t at, struct acsr_err *e)
{
	struct receipt_book *b = arg;
	struct serial handle;

	if (l->n != 7 || strcmp(l->field[2], "receipt") != 0)
		return ACSR_FAIL;
	TRY(handle_of(l->field[3], l->field[4], &handle, e));
	return serial_index_find(&b->index, &handle) == NULL ? remember(b, &handle, at, e) : ACSR_FAIL;
}

static enum acsr_result load_key(
	struct receipt_book *b, const char *base_url, const struct key_store *keys, struct acsr_err *e)
{
	const char *host = strstr(base_url, "://");
	char name[ACSR_NOTE_NAME + 1];

	TRY(key_store_load(keys, key_name, &b->key, e));
	if (b->key == NULL)
		TRY(key_store_make(keys, key_name, "ed25519", &b->key, e));
	snprintf(name, sizeof(name), "%.150s/receipts", host != NULL ? host + 3 : base_url);
	TRY(acsr_note_verifier(name, b->key, &b->verifier, e));
	return acsr_key_spki(b->key, &b->spki, e);
}

enum acsr_result receipt_book_open(struct receipt_book *b, const char *dir, const char *base_url,
	const struct key_store *keys, size_t *healed, struct acsr_err *e)
{
	*b = (struct receipt_book){
		.file = { .what = "the book of receipts", .damaged = "sys.receipt-log", .fd = -1 }
	};
	TRY(load_key(b, base_url, keys, e));
	return log_file_open(&b->file, dir, "receipts.log", take, b, healed, e);
}

void receipt_book_close(struct receipt_book *b)
{
	if (b->file.what != NULL)
		log_file_close(&b->file);
	serial_index_free(&b->index);
	acsr_key_free(b->key);
	acsr_blob_free(&b->spki);
	acsr_blob_free(&b->verifier);
}

/* The one that was signed before. With another key than today's when that one was lost: then what it says is
 * signed again, and says the same. */
static enum acsr_result repeat(struct receipt_book *b, off_t at, struct buf *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf line = { 0 }, signature = { 0 };
	uint8_t fresh[RECEIPT_SIGNATURE];
	char *field[7] = { NULL }, *rest;

	TRY(log_file_line(&b->file, at, &line, e));
	rest = (char *)line.p;
	for (size_t i = 0; i < 7; i++)
		field[i] = strsep(&rest, "\t");
	buf_init(&signature, 200);
	if (rest == NULL || b64_decode(field[6], strlen(field[6]), false, &signature, NULL) != ACSR_OK ||
		signature.len != RECEIPT_SIGNATURE)
		return err_set(
			e, "sys.receipt-log", "a line of the book of receipts has changed on the disk");
	memcpy(fresh, signature.p, sizeof(fresh));
	if (receipt_verify(field[5], strlen(field[5]), fresh, b->key, NULL) != ACSR_OK)
		TRY(receipt_sign(field[5], strlen(field[5]), b->key, fresh, e));
	return receipt_document(field[5], strlen(field[5]), fresh, b->key, out, e);
}

static enum acsr_result write_down(struct receipt_book *b, const struct receipt *r, const char *text,
	const uint8_t signature[RECEIPT_SIGNATURE], struct acsr_err *e)
{
	char b64[B64_LEN(RECEIPT_SIGNATURE)];
	CLEANUP_BUF struct buf line = { 0 };

	b64_encode(signature, RECEIPT_SIGNATURE, false, b64);
	TRY(log_file_begin(&b->file, &line, "receipt", e));
	TRY(log_file_text(&line, r->part, e));
	TRY(log_file_text(&line, r->request, e));
	TRY(log_file_text(&line, text, e));
	TRY(log_file_text(&line, b64, e));
	return log_file_append(&b->file, &line, e);
}

static enum acsr_result sign_new(struct receipt_book *b, const struct receipt *r, const struct serial *handle,
	struct buf *out, struct acsr_err *e)
{
	uint8_t signature[RECEIPT_SIGNATURE];
	CLEANUP_BUF struct buf text = { 0 };
	off_t at = b->file.end;

	buf_init(&text, RECEIPT_MAX - 1024);
	TRY(receipt_print(r, &text, e));
	TRY(receipt_sign((const char *)text.p, text.len, b->key, signature, e));
	TRY(serial_index_reserve(&b->index, e));
	TRY(write_down(b, r, buf_cstr(&text), signature, e));
	TRY(remember(b, handle, at, e));
	return receipt_document((const char *)text.p, text.len, signature, b->key, out, e);
}

enum acsr_result receipt_book_sign(
	struct receipt_book *b, const struct receipt *r, struct buf *out, struct acsr_err *e)
{
	const struct serial_entry *known;
	struct serial handle;

	TRY(receipt_check(r, e));
	TRY(handle_of(r->part, r->request, &handle, e));
	known = serial_index_find(&b->index, &handle);
	return known != NULL ? repeat(b, known->issued_at, out, e) : sign_new(b, r, &handle, out, e);
}
