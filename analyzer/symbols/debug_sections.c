/* SPDX-License-Identifier: MIT */
#include "debug_sections.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Deflate makes no more of a byte than this: who claims more is damaged, and would have us allocate it. */
#define MOST_INFLATION 1032

static bool is_needless(const char *name)
{
	static const char *const needless[] = {".debug_loc",     ".debug_loclists", ".debug_frame",   ".debug_macro",
					       ".debug_macinfo", ".debug_pubnames", ".debug_pubtypes"};

	for (size_t i = 0; i < sizeof(needless) / sizeof(*needless); i++)
		if (!strcmp(name, needless[i]))
			return true;
	return false;
}

static void hide(Elf_Scn *section, GElf_Shdr *header)
{
	header->sh_type = SHT_NOBITS;
	header->sh_flags &= ~(GElf_Xword)SHF_COMPRESSED;
	gelf_update_shdr(section, header);
}

/* A buffer of its own for the section's bytes, or NULL. */
static void *buffer_add(struct debug_sections *sections, size_t bytes)
{
	void **grown = realloc(sections->buffers, (sections->count + 1) * sizeof(*grown));
	void *buffer;

	if (!grown)
		return NULL;
	sections->buffers = grown;
	buffer = malloc(bytes);
	if (buffer)
		grown[sections->count++] = buffer;
	return buffer;
}

static void inflate_section(struct debug_sections *sections, struct libdeflate_decompressor *decompressor,
			    Elf_Scn *section, GElf_Shdr *header, size_t prefix)
{
	GElf_Chdr compression;
	Elf_Data *data;
	void *buffer;

	if (!gelf_getchdr(section, &compression) || compression.ch_type != ELFCOMPRESS_ZLIB)
		return;
	data = elf_getdata(section, NULL);
	if (!data || !data->d_buf || data->d_size <= prefix || !compression.ch_size ||
	    compression.ch_size / MOST_INFLATION > data->d_size)
		return;
	buffer = buffer_add(sections, compression.ch_size);
	if (!buffer || libdeflate_zlib_decompress(decompressor, (char *)data->d_buf + prefix, data->d_size - prefix,
						  buffer, compression.ch_size, NULL) != LIBDEFLATE_SUCCESS)
		return;
	header->sh_flags &= ~(GElf_Xword)SHF_COMPRESSED;
	header->sh_size = compression.ch_size;
	header->sh_addralign = compression.ch_addralign;
	if (!gelf_update_shdr(section, header))
		return;
	data->d_buf = buffer;
	data->d_size = compression.ch_size;
	data->d_type = ELF_T_BYTE;
}

void debug_sections_prepare(struct debug_sections *sections, Elf *elf)
{
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	size_t prefix = gelf_getclass(elf) == ELFCLASS64 ? sizeof(Elf64_Chdr) : sizeof(Elf32_Chdr);
	Elf_Scn *section = NULL;
	size_t names;

	while (decompressor && !elf_getshdrstrndx(elf, &names) && (section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (!name || strncmp(name, ".debug_", 7) != 0)
			continue;
		if (is_needless(name))
			hide(section, &header);
		else if (header.sh_flags & SHF_COMPRESSED)
			inflate_section(sections, decompressor, section, &header, prefix);
	}
	if (decompressor)
		libdeflate_free_decompressor(decompressor);
}

void debug_sections_release(struct debug_sections *sections)
{
	for (size_t i = 0; i < sections->count; i++)
		free(sections->buffers[i]);
	free(sections->buffers);
	*sections = (struct debug_sections){0};
}
