/* SPDX-License-Identifier: MIT */
#include "debug_sections.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Deflate makes no more of a byte than this: who claims more is damaged, and would have us allocate it. */
#define MOST_INFLATION 1032
#define MOST_SECTION_BYTES (1u << 30)

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

/* A buffer of the struct's own, or NULL. */
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

/* The section as it is in the file, behind its compression header; NULL if it is not one to inflate. */
static unsigned char *read_compressed(int fd, const GElf_Shdr *header, Elf64_Chdr *compression)
{
	size_t size = header->sh_size;
	unsigned char *bytes;

	if (size <= sizeof(*compression) || size > MOST_SECTION_BYTES)
		return NULL;
	bytes = malloc(size);
	if (!bytes)
		return NULL;
	if (pread(fd, bytes, size, (off_t)header->sh_offset) == (ssize_t)size) {
		memcpy(compression, bytes, sizeof(*compression));
		if (compression->ch_type == ELFCOMPRESS_ZLIB && compression->ch_size &&
		    compression->ch_size / MOST_INFLATION <= size)
			return bytes;
	}
	free(bytes);
	return NULL;
}

/* libelf takes a section without bytes as it is, and reads nothing: then it is given ours. */
static void give_bytes(Elf_Scn *section, GElf_Shdr *header, const Elf64_Chdr *compression, void *bytes)
{
	GElf_Word type = header->sh_type;
	Elf_Data *data;

	header->sh_size = compression->ch_size;
	header->sh_addralign = compression->ch_addralign;
	hide(section, header);
	data = elf_getdata(section, NULL);
	if (!data)
		return;
	header->sh_type = type;
	gelf_update_shdr(section, header);
	data->d_buf = bytes;
	data->d_size = compression->ch_size;
}

static void inflate_section(struct debug_sections *sections, struct libdeflate_decompressor *decompressor, int fd,
			    Elf_Scn *section, GElf_Shdr *header)
{
	Elf64_Chdr compression;
	unsigned char *bytes = read_compressed(fd, header, &compression);
	void *buffer = bytes ? buffer_add(sections, compression.ch_size) : NULL;

	if (buffer &&
	    libdeflate_zlib_decompress(decompressor, bytes + sizeof(compression), header->sh_size - sizeof(compression),
				       buffer, compression.ch_size, NULL) == LIBDEFLATE_SUCCESS)
		give_bytes(section, header, &compression, buffer);
	free(bytes);
}

/* Its compression headers are read as they are. */
static bool is_native(Elf *elf)
{
	const char *identity = elf_getident(elf, NULL);

	return identity && identity[EI_CLASS] == ELFCLASS64 && identity[EI_DATA] == ELFDATA2LSB;
}

void debug_sections_prepare(struct debug_sections *sections, Elf *elf, int fd)
{
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	bool can_inflate = decompressor && is_native(elf);
	Elf_Scn *section = NULL;
	size_t names;

	while (!elf_getshdrstrndx(elf, &names) && (section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (!name || strncmp(name, ".debug_", 7) != 0)
			continue;
		if (is_needless(name))
			hide(section, &header);
		else if (can_inflate && header.sh_flags & SHF_COMPRESSED)
			inflate_section(sections, decompressor, fd, section, &header);
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
