/* SPDX-License-Identifier: MIT */
#include "elf_symbols.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "names.h"

struct elf_symbol {
	const char *name;
	uint64_t start, end;
	enum elf_symbol_kind kind;
	unsigned binding;
};

int elf_symbols_append(struct elf_symbols *symbols, const char *name, uint64_t start, uint64_t end,
		       enum elf_symbol_kind kind, unsigned binding)
{
	struct elf_symbol *grown;
	size_t capacity;

	if (symbols->count == symbols->capacity) {
		capacity = symbols->capacity ? symbols->capacity * 2 : 256;
		grown = realloc(symbols->items, capacity * sizeof(*grown));
		if (!grown)
			return SEEP_ERR_MEMORY;
		symbols->items = grown;
		symbols->capacity = capacity;
	}
	symbols->items[symbols->count++] =
		(struct elf_symbol){.name = name, .start = start, .end = end, .kind = kind, .binding = binding};
	return SEEP_OK;
}

/* The end of the executable section that holds the symbol, or 0. */
static uint64_t code_section_end(Elf *elf, const GElf_Sym *symbol)
{
	GElf_Shdr header;
	Elf_Scn *section;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= SHN_LORESERVE)
		return 0;
	section = elf_getscn(elf, symbol->st_shndx);
	if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR))
		return 0;
	return header.sh_addr + header.sh_size;
}

static int add_symbol(struct elf_symbols *symbols, Elf *elf, const GElf_Sym *symbol, const char *name)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);
	uint64_t section_end;

	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return SEEP_OK;
	/* "$x" and ".L" are the assembler's own labels. */
	if (!name || !name[0] || name[0] == '$' || name[0] == '.')
		return SEEP_OK;
	section_end = code_section_end(elf, symbol);
	if (!section_end)
		return SEEP_OK;
	if (symbol->st_size)
		return elf_symbols_append(symbols, name, symbol->st_value, symbol->st_value + symbol->st_size,
					  ELF_SYMBOL_SIZED, GELF_ST_BIND(symbol->st_info));
	return elf_symbols_append(symbols, name, symbol->st_value, section_end, ELF_SYMBOL_UNSIZED,
				  GELF_ST_BIND(symbol->st_info));
}

static Elf_Scn *section_of_type(Elf *elf, GElf_Word type, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, header) && header->sh_type == type)
			return section;
	return NULL;
}

static int add_table(struct elf_symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;

	if (!data || !header->sh_entsize)
		return SEEP_OK;
	for (int i = 0; gelf_getsym(data, i, &symbol); i++)
		if (add_symbol(symbols, elf, &symbol, elf_strptr(elf, header->sh_link, symbol.st_name)))
			return SEEP_ERR_MEMORY;
	return SEEP_OK;
}

/* No search for debug files here, and above all none over the network. */
static int find_no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *file,
			     const char *link, GElf_Word crc, char **out)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc, (void)out;
	errno = 0;
	return -1;
}

static const Dwfl_Callbacks mini_callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = find_no_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* The symbol table that distributions compress into .gnu_debugdata: libdwfl alone knows how to unpack it. */
static int add_mini(struct elf_symbols *symbols, const struct elf_file *file)
{
	Dwfl *dwfl = symbols->mini = dwfl_begin(&mini_callbacks);
	Dwfl_Module *module = dwfl ? dwfl_report_offline(dwfl, file->path, file->path, -1) : NULL;
	int count;

	if (!module || dwfl_report_end(dwfl, NULL, NULL))
		return SEEP_OK;
	count = dwfl_module_getsymtab(module);
	for (int i = 0; i < count; i++) {
		GElf_Sym symbol;
		GElf_Word section;
		Elf *elf;
		const char *name =
			dwfl_module_getsym_info(module, i, &symbol, &(GElf_Addr){0}, &section, &elf, &(Dwarf_Addr){0});

		if (name && elf && add_symbol(symbols, elf, &symbol, name))
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}

int elf_symbols_add(struct elf_symbols *symbols, const struct elf_file *file)
{
	GElf_Shdr header;
	GElf_Ehdr elf_header;
	Elf_Scn *section = section_of_type(file->elf, SHT_SYMTAB, &header);

	if (section) {
		if (add_table(symbols, file->elf, section, &header))
			return SEEP_ERR_MEMORY;
	} else {
		section = section_of_type(file->elf, SHT_DYNSYM, &header);
		if (section && add_table(symbols, file->elf, section, &header))
			return SEEP_ERR_MEMORY;
		if (file->path && !symbols->mini && elf_section(file->elf, ".gnu_debugdata", &header) &&
		    add_mini(symbols, file))
			return SEEP_ERR_MEMORY;
	}
	if (gelf_getehdr(file->elf, &elf_header) && elf_header.e_machine == EM_X86_64)
		return plt_x86_64_add(symbols, file->elf);
	return SEEP_OK;
}

/* ---- one name for each address ---- */

static unsigned leading_underscores(const char *name)
{
	return (unsigned)strspn(name, "_");
}

/*
 * By start; among aliases first the one a reader would write: with an extent, the fewest underscores ("read", not
 * "__libc_read"), global, short.
 */
static int compare_symbols(const void *left, const void *right)
{
	const struct elf_symbol *a = left, *b = right;
	size_t a_length, b_length;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (leading_underscores(a->name) != leading_underscores(b->name))
		return leading_underscores(a->name) < leading_underscores(b->name) ? -1 : 1;
	if ((a->binding == STB_LOCAL) != (b->binding == STB_LOCAL))
		return a->binding == STB_LOCAL ? 1 : -1;
	a_length = strlen(a->name);
	b_length = strlen(b->name);
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void drop_aliases(struct elf_symbols *symbols)
{
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++)
		if (!kept || symbols->items[kept - 1].start != symbols->items[i].start)
			symbols->items[kept++] = symbols->items[i];
	symbols->count = kept;
}

int elf_symbols_seal(struct elf_symbols *symbols)
{
	if (!symbols->count)
		return SEEP_OK;
	qsort(symbols->items, symbols->count, sizeof(*symbols->items), compare_symbols);
	drop_aliases(symbols);
	for (size_t i = 0; i < symbols->count; i++) {
		const struct elf_symbol *symbol = &symbols->items[i];
		uint64_t end = symbol->end;
		bool sized = symbol->kind != ELF_SYMBOL_UNSIZED;

		if (!sized && i + 1 < symbols->count && symbols->items[i + 1].start < end)
			end = symbols->items[i + 1].start;
		if (ranges_add(&symbols->ranges, symbol->start, end, (uint32_t)i, sized))
			return SEEP_ERR_MEMORY;
	}
	return ranges_seal(&symbols->ranges);
}

void elf_symbols_release(struct elf_symbols *symbols)
{
	ranges_release(&symbols->ranges);
	free(symbols->items);
	if (symbols->mini)
		dwfl_end(symbols->mini);
	*symbols = (struct elf_symbols){0};
}

char *elf_symbols_name(const struct elf_symbols *symbols, uint64_t address)
{
	uint32_t found = ranges_find(&symbols->ranges, address);
	char *readable, *stub;

	if (found == RANGES_NONE)
		return NULL;
	readable = name_readable(symbols->items[found].name);
	if (!readable || symbols->items[found].kind != ELF_SYMBOL_PLT)
		return readable;
	if (asprintf(&stub, "%s@plt", readable) < 0)
		stub = NULL;
	free(readable);
	return stub;
}
