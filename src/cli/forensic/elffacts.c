/* Program headers and the dynamic section, nothing else. */
#include "cli/forensic/elffacts.h"

#include <elf.h>
#include <string.h>

enum { HEADERS_MAX = 256, DYNAMIC_MAX = 4096 };

static enum acsr_result bad(struct acsr_err *e, const char *why)
{
	return err_set(e, "forensic.elf", "not an ELF file that can be read here: %s", why);
}

static bool inside(uint64_t at, uint64_t n, size_t len)
{
	return at <= len && n <= len - at;
}

static void take_dynamic(struct elffacts *f, const Elf64_Dyn *d)
{
	if (d->d_tag == DT_BIND_NOW || (d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_BIND_NOW) != 0) ||
		(d->d_tag == DT_FLAGS_1 && (d->d_un.d_val & DF_1_NOW) != 0))
		f->bind_now = true;
	if (d->d_tag == DT_FLAGS_1 && (d->d_un.d_val & DF_1_PIE) != 0)
		f->executable = true;
}

static enum acsr_result read_dynamic(
	struct elffacts *f, const Elf64_Phdr *h, const uint8_t *p, size_t len, struct acsr_err *e)
{
	size_t n = h->p_filesz / sizeof(Elf64_Dyn);

	if (!inside(h->p_offset, h->p_filesz, len) || n > DYNAMIC_MAX)
		return bad(e, "its dynamic section lies outside");
	for (size_t i = 0; i < n; i++) {
		Elf64_Dyn d;

		memcpy(&d, p + h->p_offset + i * sizeof(d), sizeof(d));
		if (d.d_tag == DT_NULL)
			break;
		take_dynamic(f, &d);
	}
	return ACSR_OK;
}

static enum acsr_result read_header(
	struct elffacts *f, const Elf64_Phdr *h, const uint8_t *p, size_t len, struct acsr_err *e)
{
	switch (h->p_type) {
	case PT_GNU_RELRO:
		f->relro = true;
		return ACSR_OK;
	case PT_GNU_STACK:
		f->nx_stack = (h->p_flags & PF_X) == 0;
		return ACSR_OK;
	case PT_INTERP:
		f->executable = true;
		return ACSR_OK;
	case PT_DYNAMIC:
		return read_dynamic(f, h, p, len, e);
	default:
		return ACSR_OK;
	}
}

enum acsr_result elffacts_read(struct elffacts *out, const uint8_t *p, size_t len, struct acsr_err *e)
{
	struct elffacts f = { 0 };
	Elf64_Ehdr h;

	if (len < sizeof(h) || memcmp(p, ELFMAG, SELFMAG) != 0)
		return bad(e, "it does not begin like one");
	memcpy(&h, p, sizeof(h));
	if (h.e_ident[EI_CLASS] != ELFCLASS64 ||
		h.e_ident[EI_DATA] != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB))
		return bad(e, "another word size or byte order");
	if (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phnum > HEADERS_MAX ||
		!inside(h.e_phoff, (uint64_t)h.e_phnum * sizeof(Elf64_Phdr), len))
		return bad(e, "its program headers lie outside");
	f.pie = h.e_type == ET_DYN;
	for (size_t i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr ph;

		memcpy(&ph, p + h.e_phoff + i * sizeof(ph), sizeof(ph));
		TRY(read_header(&f, &ph, p, len, e));
	}
	*out = f;
	return ACSR_OK;
}
