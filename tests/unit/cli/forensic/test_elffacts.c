/* This very program, judged by readelf's words in the build; and everything that is no ELF file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <elf.h>

#include "base/buf.h"
#include "cli/forensic/elffacts.h"

static struct buf self(void)
{
	struct buf b = { 0 };

	buf_init(&b, 64 * 1024 * 1024);
	assert_int_equal(buf_read_file(&b, "/proc/self/exe", NULL), ACSR_OK);
	return b;
}

static void this_program(void **state)
{
	struct buf b = self();
	struct elffacts f;

	(void)state;
	assert_int_equal(elffacts_read(&f, b.p, b.len, NULL), ACSR_OK);
	assert_true(f.executable && f.pie && f.relro && f.nx_stack);
	buf_free(&b);
}

/* A program made by hand: one dynamic section with the entry that is asked for. */
static size_t make(uint8_t *out, int64_t tag, uint64_t value)
{
	Elf64_Ehdr h = {
		.e_type = ET_DYN, .e_phoff = sizeof(h), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2
	};
	Elf64_Phdr ph[2] = { { .p_type = PT_DYNAMIC, .p_offset = sizeof(h) + sizeof(ph), .p_filesz = 32 },
		{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W } };
	Elf64_Dyn d[2] = { { .d_tag = tag, .d_un = { value } }, { .d_tag = DT_NULL } };

	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), ph, sizeof(ph));
	memcpy(out + sizeof(h) + sizeof(ph), d, sizeof(d));
	return sizeof(h) + sizeof(ph) + sizeof(d);
}

static void every_way_to_say_bind_now(void **state)
{
	static const struct {
		int64_t tag;
		uint64_t value;
		bool now;
	} ways[] = { { DT_BIND_NOW, 0, true }, { DT_FLAGS, DF_BIND_NOW, true },
		{ DT_FLAGS_1, DF_1_NOW, true }, { DT_FLAGS, DF_STATIC_TLS, false },
		{ DT_FLAGS_1, DF_1_PIE, false }, { DT_SONAME, 8, false } };
	uint8_t file[512];
	struct elffacts f;

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		size_t n = make(file, ways[i].tag, ways[i].value);

		assert_int_equal(elffacts_read(&f, file, n, NULL), ACSR_OK);
		assert_int_equal(f.bind_now, ways[i].now);
		assert_true(f.nx_stack && f.pie && !f.relro);
		assert_int_equal(f.executable, ways[i].value == DF_1_PIE && ways[i].tag == DT_FLAGS_1);
	}
}

static void damaged_files_are_refused(void **state)
{
	uint8_t file[512];
	size_t n = make(file, DT_BIND_NOW, 0);
	struct acsr_err e = { 0 };
	struct elffacts f;

	(void)state;
	for (size_t i = 0; i < n - 1; i++)
		if (i < sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr))
			assert_int_equal(elffacts_read(&f, file, i, NULL), ACSR_FAIL);
	file[EI_CLASS] = ELFCLASS32;
	assert_int_equal(elffacts_read(&f, file, n, &e), ACSR_FAIL);
	assert_string_equal(e.id, "forensic.elf");
	make(file, DT_BIND_NOW, 0);
	memset(file + offsetof(Elf64_Ehdr, e_phoff), 0xff, 8);
	assert_int_equal(elffacts_read(&f, file, n, NULL), ACSR_FAIL);
	make(file, DT_BIND_NOW, 0);
	memset(file + sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), 0xff, 8);
	assert_int_equal(elffacts_read(&f, file, n, NULL), ACSR_FAIL);
	make(file, DT_BIND_NOW, 0);
	memset(file + sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), 0xff, 8);
	assert_int_equal(elffacts_read(&f, file, n, NULL), ACSR_FAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_program),
		cmocka_unit_test(every_way_to_say_bind_now),
		cmocka_unit_test(damaged_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
