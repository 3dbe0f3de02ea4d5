/* The second factor: enrolling, each code once, recovery codes, and what wrong ones cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <liboath/oath.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core_world.h"

static int64_t step_now(void)
{
	return clock_now() / 30;
}

static void code_at(const char *secret, int64_t step, char out[7])
{
	char *key;
	size_t n;

	assert_int_equal(oath_base32_decode(secret, strlen(secret), &key, &n), OATH_OK);
	assert_int_equal(n, 20);
	assert_int_equal(
		oath_hotp_generate(key, n, (uint64_t)step, 6, false, OATH_HOTP_DYNAMIC_TRUNCATION, out),
		OATH_OK);
	free(key);
}

static unsigned login(struct world *w, const char *totp)
{
	char body[300];

	snprintf(body, sizeof(body),
		"{\"email\":\"ann@example.com\",\"password\":\"" WORLD_PASSWORD "\",\"totp\":\"%s\"}", totp);
	return world_ask(w, &(struct ask){ "POST", "/api/v1/session", .body = body });
}

/* Turn it on; the secret and the first recovery code. Uses the code of the step before now. */
static void enable(struct world *w, const struct person *p, char secret[40], char recovery[20])
{
	char body[100], code[7];

	assert_int_equal(world_as(w, p, "POST", "/totp", "{\"password\":\"" WORLD_PASSWORD "\"}"), 200);
	snprintf(secret, 40, "%s", json_string_value(json_object_get(w->answer, "secret")));
	assert_int_equal(strlen(secret), 32);
	code_at(secret, step_now() - 1, code);
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
	assert_int_equal(world_as(w, p, "POST", "/totp/confirm", body), 200);
	assert_int_equal(json_array_size(json_object_get(w->answer, "recovery_codes")), 10);
	snprintf(recovery, 20, "%s",
		json_string_value(json_array_get(json_object_get(w->answer, "recovery_codes"), 0)));
}

static void enrolling_shows_key_and_picture_and_is_not_active_before_the_code(void **state)
{
	struct world *w = *state;
	struct person ann;
	const char *uri, *svg;

	world_register(w, "ann@example.com", &ann);
	assert_int_equal(world_as(w, &ann, "POST", "/totp", "{\"password\":\"not the password\"}"), 401);
	assert_int_equal(world_as(w, &ann, "POST", "/totp", "{\"password\":\"" WORLD_PASSWORD "\"}"), 200);
	uri = json_string_value(json_object_get(w->answer, "otpauth_uri"));
	svg = json_string_value(json_object_get(w->answer, "qr_svg"));
	assert_non_null(strstr(uri, "otpauth://totp/AutoCSR:ann%40example.com?secret="));
	assert_non_null(strstr(uri, "&issuer=AutoCSR"));
	assert_non_null(strstr(svg, "<svg xmlns="));
	assert_int_equal(login(w, ""), 200);
	assert_int_equal(world_as(w, &ann, "POST", "/totp/confirm", "{\"code\":\"000000\"}"), 422);
	assert_int_equal(login(w, ""), 200);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM users WHERE LENGTH(totp) = 20"), 0);
}

static void each_code_works_once_and_not_long(void **state)
{
	struct world *w = *state;
	struct person ann;
	char secret[40], recovery[20], code[7];

	world_register(w, "ann@example.com", &ann);
	enable(w, &ann, secret, recovery);
	assert_int_equal(login(w, ""), 401);
	assert_string_equal(world_problem(w), "auth.totp");
	code_at(secret, step_now() - 2, code);
	assert_int_equal(login(w, code), 401);
	code_at(secret, step_now() + 3, code);
	assert_int_equal(login(w, code), 401);
	code_at(secret, step_now(), code);
	assert_int_equal(login(w, code), 200);
	assert_int_equal(login(w, code), 401);
	assert_string_equal(world_problem(w), "auth.totp");
	/* nor one from before it, though it was never used */
	world_exec(w, "UPDATE users SET totp_counter = totp_counter + 1000");
	code_at(secret, step_now() + 1, code);
	assert_int_equal(login(w, code), 401);
}

static void a_recovery_code_works_once_in_any_spelling(void **state)
{
	struct world *w = *state;
	struct person ann;
	char secret[40], recovery[20], typed[40];

	world_register(w, "ann@example.com", &ann);
	enable(w, &ann, secret, recovery);
	snprintf(typed, sizeof(typed), " %s ", recovery);
	for (char *p = typed; *p != '\0'; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p == '0' ? 'O' : *p == '1' ? 'l' : *p;
	assert_int_equal(login(w, typed), 200);
	assert_int_equal(login(w, recovery), 401);
	assert_int_equal(login(w, "zzzzz-zzzzz"), 401);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NOT NULL"), 1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM recovery_codes WHERE LENGTH(hash) <> 32"), 0);
}

static void wrong_codes_are_counted_and_asking_for_one_is_not(void **state)
{
	struct world *w = *state;
	struct person ann;
	char secret[40], recovery[20];
	unsigned last = 0;

	world_register(w, "ann@example.com", &ann);
	enable(w, &ann, secret, recovery);
	for (int i = 0; i < 15; i++)
		assert_int_equal(login(w, ""), 401);
	for (int i = 0; i < 12 && last != 429; i++) {
		last = login(w, "zzzzz-zzzzz");
		/* a right password without a code does not wipe the slate */
		if (last == 401 && i < 4)
			assert_int_equal(login(w, ""), 401);
	}
	assert_int_equal(last, 429);
}

static void turning_it_off_takes_password_and_code(void **state)
{
	struct world *w = *state;
	struct person ann;
	char secret[40], recovery[20], body[200];

	world_register(w, "ann@example.com", &ann);
	enable(w, &ann, secret, recovery);
	assert_int_equal(world_as(w, &ann, "POST", "/totp", "{\"password\":\"" WORLD_PASSWORD "\"}"), 409);
	assert_int_equal(world_as(w, &ann, "DELETE", "/totp", "{\"password\":\"" WORLD_PASSWORD "\"}"), 401);
	snprintf(body, sizeof(body), "{\"password\":\"not the password\",\"totp\":\"%s\"}", recovery);
	assert_int_equal(world_as(w, &ann, "DELETE", "/totp", body), 401);
	snprintf(body, sizeof(body), "{\"password\":\"" WORLD_PASSWORD "\",\"totp\":\"%s\"}", recovery);
	assert_int_equal(world_as(w, &ann, "DELETE", "/totp", body), 204);
	assert_int_equal(login(w, ""), 200);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM recovery_codes"), 0);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM users WHERE totp IS NOT NULL"), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		T(enrolling_shows_key_and_picture_and_is_not_active_before_the_code),
		T(each_code_works_once_and_not_long),
		T(a_recovery_code_works_once_in_any_spelling),
		T(wrong_codes_are_counted_and_asking_for_one_is_not),
		T(turning_it_off_takes_password_and_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
