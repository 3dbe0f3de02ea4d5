/* Registers are filled, cleared, and read back; the stack below is written, cleared and looked at. */
#include "base/clear.h"

#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#if defined(__x86_64__)

/* Both without the compiler in between. */
static void fill_and_clear_low(uint8_t after[16 * 16])
{
	static const uint8_t key[16] = "0123456789abcde";

	__asm__ volatile("movdqu (%0), %%xmm0\n\tmovdqa %%xmm0, %%xmm7\n\tmovdqa %%xmm0, %%xmm15" ::"r"(key)
			 : "xmm0", "xmm7", "xmm15");
	clear_registers();
	__asm__ volatile("movdqu %%xmm0, (%0)\n\tmovdqu %%xmm7, 16(%0)\n\tmovdqu %%xmm15, 32(%0)" ::"r"(after)
			 : "memory");
}

static void test_low_registers(void **state)
{
	uint8_t after[16 * 16], none[48] = { 0 };

	(void)state;
	memset(after, 1, sizeof(after));
	fill_and_clear_low(after);
	assert_memory_equal(none, after, 48);
}

static void test_high_registers(void **state)
{
	static const uint8_t key[64] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
	uint8_t after[64 * 3], none[64 * 3] = { 0 };
	uint16_t mask = 0xffff;

	(void)state;
	if (!__builtin_cpu_supports("avx512f"))
		skip();
	memset(after, 1, sizeof(after));
	__asm__ volatile(
		"vmovdqu64 (%0), %%zmm16\n\tvmovdqa64 %%zmm16, %%zmm24\n\tvmovdqa64 %%zmm16, %%zmm31\n\t"
		"kmovw %1, %%k3" ::"r"(key),
		"r"((uint32_t)mask));
	clear_registers();
	__asm__ volatile(
		"vmovdqu64 %%zmm16, (%1)\n\tvmovdqu64 %%zmm24, 64(%1)\n\tvmovdqu64 %%zmm31, 128(%1)\n\t"
		"kmovw %%k3, %%eax\n\tmovw %%ax, %0"
		: "=m"(mask)
		: "r"(after)
		: "memory", "rax");
	assert_memory_equal(none, after, sizeof(none));
	assert_int_equal(0, mask);
}

#endif

static uintptr_t where;

__attribute__((noinline, no_sanitize_address)) static void leave_a_secret(void)
{
	volatile char secret[4096];

	where = (uintptr_t)secret;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = 's';
}

__attribute__((noinline, no_sanitize_address)) static size_t count_left(void)
{
	const volatile char *p = (const volatile char *)where;
	size_t n = 0;

	for (size_t i = 0; i < 4096; i++)
		n += p[i] == 's';
	return n;
}

static void test_the_stack(void **state)
{
	(void)state;
#if defined(__SANITIZE_ADDRESS__)
	skip(); /* frames lie elsewhere and have zones between them */
#endif
	leave_a_secret();
	clear_stack();
	assert_in_range(count_left(), 0, 16); /* what these calls put there themselves */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(test_low_registers),
		cmocka_unit_test(test_high_registers),
#endif
		cmocka_unit_test(test_the_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
