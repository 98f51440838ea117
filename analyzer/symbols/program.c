/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "elf_file.h"

#ifndef DF_1_PIE
#define DF_1_PIE 0x08000000
#endif

/* ---- what a defined symbol or a string tells ---- */

/* Functions that only the allocator itself defines. With a prefix of its own it is out of every preload's reach. */
static const struct allocator_mark {
	const char *symbol, *allocator;
} allocator_symbols[] = {
	{"je_malloc", "jemalloc"},     {"mallocx", "jemalloc"},
	{"je_mallocx", "jemalloc"},    {"_rjem_malloc", "jemalloc"},
	{"_rjem_mallocx", "jemalloc"}, {"tc_malloc", "tcmalloc"},
	{"tc_version", "tcmalloc"},    {"TCMallocInternalMalloc", "tcmalloc"},
	{"mi_malloc", "mimalloc"},     {"mi_heap_malloc", "mimalloc"},
	{"rpmalloc", "rpmalloc"},      {"sn_malloc", "snmalloc"},
	{"xxmalloc", "Hoard"},         {"scalable_malloc", "TBB's allocator"},
	{"nedmalloc", "nedmalloc"},
};

/* Messages that a stripped program still holds. */
static const struct allocator_mark allocator_strings[] = {
	{"<jemalloc>: ", "jemalloc"},
	{"tcmalloc: large alloc", "tcmalloc"},
	{"mimalloc: error: ", "mimalloc"},
};

static const char *const sanitizer_symbols[] = {"__asan_init", "__msan_init", "__tsan_init", "__lsan_init"};

static void note_symbol(struct program *program, const char *name)
{
	if (!strcmp(name, "malloc"))
		program->defines_malloc = true;
	if (!strcmp(name, "rust_eh_personality"))
		program->is_rust = true;
	for (size_t i = 0; i < sizeof(sanitizer_symbols) / sizeof(*sanitizer_symbols); i++)
		if (!strcmp(name, sanitizer_symbols[i]))
			program->has_sanitizer = true;
	for (size_t i = 0; i < sizeof(allocator_symbols) / sizeof(*allocator_symbols); i++)
		if (!strcmp(name, allocator_symbols[i].symbol))
			program->allocator = allocator_symbols[i].allocator;
}

static void read_symbols(struct program *program, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		unsigned type = GELF_ST_TYPE(symbol.st_info);
		const char *name;

		if (symbol.st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_GNU_IFUNC))
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name)
			note_symbol(program, name);
	}
}

static void search_strings(struct program *program, Elf *elf)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_section(elf, ".rodata", &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;

	if (!data || !data->d_buf)
		return;
	for (size_t i = 0; i < sizeof(allocator_strings) / sizeof(*allocator_strings); i++) {
		const char *text = allocator_strings[i].symbol;

		if (memmem(data->d_buf, data->d_size, text, strlen(text)))
			program->allocator = allocator_strings[i].allocator;
	}
}

static bool section_says(Elf *elf, const char *name, const char *text)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_section(elf, name, &header);
	Elf_Data *data = section && header.sh_type != SHT_NOBITS ? elf_getdata(section, NULL) : NULL;

	return data && data->d_buf && memmem(data->d_buf, data->d_size, text, strlen(text));
}

static void read_sections(struct program *program, Elf *elf)
{
	GElf_Shdr header;
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header))
			continue;
		program->has_symbol_table |= header.sh_type == SHT_SYMTAB;
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM)
			read_symbols(program, elf, section, &header);
	}
	if (!program->allocator)
		search_strings(program, elf);
	program->has_debug_info = elf_section(elf, ".debug_info", &header) && header.sh_type != SHT_NOBITS;
	program->is_go = elf_section(elf, ".go.buildinfo", &header) || elf_section(elf, ".note.go.buildid", &header);
	program->is_rust |= section_says(elf, ".comment", "rustc version");
}

/* ---- segments ---- */

static char *read_interpreter(Elf *elf, const GElf_Phdr *segment)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)segment->p_offset, segment->p_filesz, ELF_T_BYTE);

	return data && data->d_buf ? strndup(data->d_buf, data->d_size) : NULL;
}

static int add_needed(struct program *program, const char *name)
{
	char **grown = realloc(program->needed, (program->needed_count + 1) * sizeof(*grown));

	if (!grown)
		return SEEP_ERR_MEMORY;
	program->needed = grown;
	grown[program->needed_count] = strdup(name);
	return grown[program->needed_count++] ? SEEP_OK : SEEP_ERR_MEMORY;
}

/* Returns the DT_FLAGS_1 of the dynamic section, and collects its DT_NEEDED. */
static int read_dynamic(struct program *program, Elf *elf, uint64_t *flags)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf_Data *data;
	GElf_Dyn entry;

	*flags = 0;
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNAMIC)
			break;
	data = section ? elf_getdata(section, NULL) : NULL;
	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		const char *name;

		if (entry.d_tag == DT_FLAGS_1)
			*flags = entry.d_un.d_val;
		if (entry.d_tag != DT_NEEDED)
			continue;
		name = elf_strptr(elf, header.sh_link, entry.d_un.d_val);
		if (name && add_needed(program, name))
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}

static int read_segments(struct program *program, Elf *elf)
{
	GElf_Phdr segment;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return SEEP_OK;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_INTERP)
			continue;
		free(program->interpreter);
		program->interpreter = read_interpreter(elf, &segment);
		if (!program->interpreter)
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}

static enum program_type type_of(const struct program *program, unsigned elf_type, uint64_t flags)
{
	if (elf_type == ET_EXEC)
		return PROGRAM_EXECUTABLE;
	if (elf_type != ET_DYN)
		return PROGRAM_OTHER;
	/* A library looks like a static-pie program, but for this flag. */
	return program->interpreter || (flags & DF_1_PIE) ? PROGRAM_EXECUTABLE : PROGRAM_SHARED_LIBRARY;
}

static int read_file(struct program *program, const struct elf_file *file)
{
	GElf_Ehdr header;
	uint64_t flags;

	if (!gelf_getehdr(file->elf, &header))
		return SEEP_ERR_NOT_OURS;
	program->machine = header.e_machine;
	program->bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	program->is_position_independent = header.e_type == ET_DYN;
	program->build_id = strdup(file->build_id);
	if (!program->build_id || read_segments(program, file->elf) || read_dynamic(program, file->elf, &flags))
		return SEEP_ERR_MEMORY;
	program->type = type_of(program, header.e_type, flags);
	read_sections(program, file->elf);
	return SEEP_OK;
}

int program_read(const char *path, struct program *out)
{
	struct elf_file file;
	int result = elf_file_open(&file, path);

	*out = (struct program){0};
	if (result)
		return result;
	result = read_file(out, &file);
	elf_file_close(&file);
	if (result)
		program_release(out);
	return result;
}

void program_release(struct program *program)
{
	for (size_t i = 0; i < program->needed_count; i++)
		free(program->needed[i]);
	free(program->needed);
	free(program->interpreter);
	free(program->build_id);
	*program = (struct program){0};
}

const char *program_machine_name(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_386:
		return "i386";
	case EM_AARCH64:
		return "aarch64";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390";
	default:
		return "another machine";
	}
}

bool program_needs(const struct program *program, const char *prefix)
{
	for (size_t i = 0; i < program->needed_count; i++)
		if (!strncmp(program->needed[i], prefix, strlen(prefix)))
			return true;
	return false;
}
