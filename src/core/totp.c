/* Turning the second factor on and off. */
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

#include "core/handlers.h"
#include "core/identity.h"
#include "core/kek.h"
#include "core/password.h"
#include "core/second.h"
#include "core/throttle.h"
#include "store/second_factor.h"

enum { KEY = 20, KEY_TEXT = 33, CODES_AN_HOUR = 30 };

/* RFC 4648 base32, as authenticator apps want it: 20 bytes make 32 characters without padding. */
static void base32(const uint8_t *p, size_t n, char *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		have += 8;
		for (; have >= 5; have -= 5)
			*out++ = alphabet[bits >> (have - 5) & 31];
	}
	*out = '\0';
}

static enum acsr_result put_squares(struct buf *out, const QRcode *qr, struct acsr_err *e)
{
	for (int y = 0; y < qr->width; y++)
		for (int x = 0; x < qr->width; x++)
			if (qr->data[y * qr->width + x] & 1)
				TRY(buf_printf(out, e, "M%d %dh1v1h-1z", x + 4, y + 4));
	return ACSR_OK;
}

/* Dark on white whatever the page's colours are, with the quiet zone of four squares. */
static enum acsr_result draw(struct buf *out, const char *text, struct acsr_err *e)
{
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	enum acsr_result r;
	int side;

	if (qr == NULL)
		return err_set(e, "sys.qr", "cannot draw the QR code");
	side = qr->width + 8;
	r = buf_printf(out, e,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		"shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dh-%dz\"/><path "
		"fill=\"#000\" d=\"",
		side, side, side, side, side);
	if (r == ACSR_OK)
		r = put_squares(out, qr, e);
	if (r == ACSR_OK)
		r = buf_putstr(out, "\"/></svg>", e);
	wipe(qr->data, (size_t)qr->width * (size_t)qr->width);
	QRcode_free(qr);
	return r;
}

/* The label's address: what is no plain character is percent-encoded (RFC 3986). */
static enum acsr_result put_encoded(struct buf *out, const char *s, struct acsr_err *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *s != '\0'; s++)
		TRY(strchr(plain, *s) != NULL ? buf_put(out, s, 1, e)
					      : buf_printf(out, e, "%%%02X", (unsigned char)*s));
	return ACSR_OK;
}

static enum acsr_result answer_key(struct request *q, const struct acsr_secret *key, struct acsr_err *e)
{
	CLEANUP_BUF struct buf uri = { 0 }, svg = { 0 };
	char text[KEY_TEXT];
	enum acsr_result r;

	buf_init(&uri, 4096);
	buf_init(&svg, 256 * 1024);
	base32(acsr_secret_bytes(key), acsr_secret_len(key), text);
	r = buf_putstr(&uri, "otpauth://totp/AutoCSR:", e);
	if (r == ACSR_OK)
		r = put_encoded(&uri, q->who.email, e);
	if (r == ACSR_OK)
		r = buf_printf(&uri, e, "?secret=%s&issuer=AutoCSR&algorithm=SHA1&digits=6&period=30", text);
	if (r == ACSR_OK)
		r = draw(&svg, buf_cstr(&uri), e);
	if (r == ACSR_OK)
		(void)request_answer(q, 200,
			json_pack("{s:s, s:s, s:s}", "secret", text, "otpauth_uri", buf_cstr(&uri), "qr_svg",
				buf_cstr(&svg)));
	wipe(text, sizeof(text));
	return r;
}

static enum acsr_result make_key(struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	CLEANUP_BUF struct buf wrapped = { 0 };

	buf_init(&wrapped, 4096);
	TRY(secret_random(&key, KEY, e));
	TRY(kek_wrap(c->kek, user_id, key, &wrapped, e));
	TRY(second_factor_clear(c->db, user_id, e));
	TRY(second_factor_set(c->db, user_id, (struct bytes){ wrapped.p, wrapped.len }, e));
	TRY(core_audit(c, q->who.email, q->who.account_id, "totp.started", user_id, e, "%s", ""));
	return answer_key(q, key, e);
}

static enum acsr_result self(struct core *c, const struct request *q, struct user *u, struct acsr_err *e)
{
	bool have;

	TRY(users_by_id(c->db, q->who.user_id, u, &have, e));
	return have ? ACSR_OK : err_set(e, "auth.required", "this user is gone");
}

static enum acsr_result refuse_active(const struct user *u, struct acsr_err *e)
{
	if (u->totp)
		return err_set(e, "state.totp", "the second factor is on already; turn it off first");
	return ACSR_OK;
}

enum acsr_result totp_start(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { 0 };
	const struct field fields[] = { { "password", FIELD_TEXT, true, &p.password, 1000 }, PROOF_FACTORS(p),
		{ 0 } };
	struct user u;

	TRY(request_fields(q, fields, e));
	TRY(self(c, q, &u, e));
	TRY(refuse_active(&u, e));
	return password_check(c, q, q->who.email, &p, make_key, e);
}

static enum acsr_result answer_recovery(struct core *c, struct request *q, struct acsr_err *e)
{
	json_t *codes;

	TRY(second_new_recovery(c, q->who.user_id, &codes, e));
	return request_answer(q, 200, json_pack("{s:o}", "recovery_codes", codes));
}

/* Six digits are soon tried through by a session that is not its owner's. */
static enum acsr_result check_pace(struct core *c, const struct user *u, struct acsr_err *e)
{
	char bucket[80];
	bool ok;

	snprintf(bucket, sizeof(bucket), "totp-confirm:%s", u->id);
	TRY(throttle_allow(c, bucket, CODES_AN_HOUR, &ok, e));
	return ok ? ACSR_OK
		  : err_set(e, "limit.totp", "too many codes were tried in this hour, try again later");
}

/* An answer and no failure of the step, so that the try stays counted. */
static enum acsr_result refuse_code(struct request *q)
{
	struct acsr_err why;

	(void)err_rule(&why, "request.field.code", "code", NULL,
		"this is not the code that the app shows now; is the clock of the device right?");
	request_problem(q, &why);
	return ACSR_OK;
}

enum acsr_result totp_confirm(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *code = NULL;
	const struct field fields[] = { { "code", FIELD_TEXT, true, &code, 32 }, { 0 } };
	struct user u;
	bool right;

	TRY(request_fields(q, fields, e));
	TRY(self(c, q, &u, e));
	TRY(refuse_active(&u, e));
	TRY(check_pace(c, &u, e));
	TRY(second_check_app(c, &u, code, &right, e));
	if (!right)
		return refuse_code(q);
	TRY(second_factor_activate(c->db, u.id, e));
	TRY(core_audit(c, u.email, u.account_id, "totp.enabled", u.id, e, "%s", ""));
	return answer_recovery(c, q, e);
}

static enum acsr_result remove_checked(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	struct user u;

	TRY(self(c, q, &u, e));
	u.totp = false;
	TRY(second_may_lose(c, &u, e));
	TRY(second_factor_clear(c->db, user_id, e));
	if (!proof_has_second(&u))
		TRY(recovery_clear(c->db, user_id, e));
	TRY(core_audit(c, q->who.email, q->who.account_id, "totp.disabled", user_id, e, "%s", ""));
	return request_answer(q, 204, NULL);
}

enum acsr_result totp_remove(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { .totp = "" };
	const struct field fields[] = { { "password", FIELD_TEXT, true, &p.password, 1000 }, PROOF_FACTORS(p),
		{ 0 } };

	TRY(request_fields(q, fields, e));
	return password_check(c, q, q->who.email, &p, remove_checked, e);
}
