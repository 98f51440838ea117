/* SPDX-License-Identifier: MIT */
#include "elf_symbols.h"

#include <string.h>

#include "../base/error.h"

#define DEFAULT_ENTRY_BYTES 16
#define JUMP_BYTES 6 /* ff 25 disp32: jmp *disp(%rip) */

/* GOT entry -> index of its dynamic symbol. */
static int collect_slots(Elf *elf, struct ranges *slots)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *data;
		GElf_Rela relocation;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA)
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getrela(data, i, &relocation); i++) {
			unsigned type = (unsigned)GELF_R_TYPE(relocation.r_info);

			if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
				continue;
			if (ranges_add(slots, relocation.r_offset, relocation.r_offset + 8,
				       (uint32_t)GELF_R_SYM(relocation.r_info), 0))
				return SEEP_ERR_MEMORY;
		}
	}
	return ranges_seal(slots);
}

/* The address that an entry's indirect jump reads its target from, or 0. */
static uint64_t jump_slot(const unsigned char *entry, size_t size, uint64_t address)
{
	for (size_t i = 0; i + JUMP_BYTES <= size; i++) {
		int32_t displacement;

		if (entry[i] != 0xff || entry[i + 1] != 0x25)
			continue;
		memcpy(&displacement, entry + i + 2, sizeof(displacement));
		return address + i + JUMP_BYTES + (uint64_t)(int64_t)displacement;
	}
	return 0;
}

struct dynamic_names {
	Elf *elf;
	Elf_Data *symbols;
	size_t strings;
};

static const char *dynamic_name(const struct dynamic_names *names, uint32_t index)
{
	GElf_Sym symbol;
	const char *name;

	if (!gelf_getsym(names->symbols, (int)index, &symbol))
		return NULL;
	name = elf_strptr(names->elf, names->strings, symbol.st_name);
	return name && name[0] ? name : NULL;
}

static int add_section(struct elf_symbols *symbols, const struct dynamic_names *names, const struct ranges *slots,
		       const char *section_name)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_section(names->elf, section_name, &header);
	Elf_Data *data = section && header.sh_type == SHT_PROGBITS ? elf_getdata(section, NULL) : NULL;
	size_t step = section && header.sh_entsize >= JUMP_BYTES ? header.sh_entsize : DEFAULT_ENTRY_BYTES;

	if (!data || !data->d_buf)
		return SEEP_OK;
	for (size_t at = 0; at + step <= data->d_size; at += step) {
		uint64_t address = header.sh_addr + at;
		uint64_t slot = jump_slot((const unsigned char *)data->d_buf + at, step, address);
		uint32_t index = ranges_find(slots, slot);
		const char *name = index == RANGES_NONE ? NULL : dynamic_name(names, index);

		if (name && elf_symbols_append(symbols, name, address, address + step, ELF_SYMBOL_PLT, STB_GLOBAL))
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}

int plt_x86_64_add(struct elf_symbols *symbols, Elf *elf)
{
	static const char *const sections[] = {".plt", ".plt.sec", ".plt.got", ".plt.bnd"};
	struct dynamic_names names = {.elf = elf};
	struct ranges slots = {0};
	GElf_Shdr header;
	Elf_Scn *section = elf_section(elf, ".dynsym", &header);
	int result;

	/* A debug file keeps the section's header alone. */
	if (!section || header.sh_type != SHT_DYNSYM)
		return SEEP_OK;
	names.symbols = elf_getdata(section, NULL);
	names.strings = header.sh_link;
	if (!names.symbols)
		return SEEP_OK;
	result = collect_slots(elf, &slots);
	for (size_t i = 0; !result && i < sizeof(sections) / sizeof(*sections); i++)
		result = add_section(symbols, &names, &slots, sections[i]);
	ranges_release(&slots);
	return result;
}
