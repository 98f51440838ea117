/* SPDX-License-Identifier: MIT */
#include "elf_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/error.h"

/* elf.h of Debian 12 does not know it yet. */
#define COMPRESSION_ZSTD 2
#define PAGE 4096u

static void read_build_id(struct elf_file *file)
{
	const unsigned char *bytes;
	ssize_t size = dwelf_elf_gnu_build_id(file->elf, (const void **)&bytes);

	if (size > ELF_BUILD_ID_BYTES)
		size = ELF_BUILD_ID_BYTES;
	for (ssize_t i = 0; i < size; i++)
		snprintf(file->build_id + 2 * i, 3, "%02x", bytes[i]);
}

static int open_regular(const char *path)
{
	struct stat status;
	/* O_NONBLOCK: a FIFO of that name must not make us wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? SEEP_ERR_NOT_FOUND : SEEP_ERR_IO;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		return fd;
	close(fd);
	return SEEP_ERR_NOT_OURS;
}

/* Takes over elf; closes the file unless it is one. */
static int accept_elf(struct elf_file *file)
{
	if (file->elf && elf_kind(file->elf) == ELF_K_ELF) {
		read_build_id(file);
		return SEEP_OK;
	}
	elf_file_close(file);
	return SEEP_ERR_NOT_OURS;
}

int elf_file_open(struct elf_file *file, const char *path)
{
	int fd = open_regular(path);

	*file = (struct elf_file){0};
	if (fd < 0)
		return fd;
	file->fd = fd;
	file->path = strdup(path);
	if (!file->path) {
		close(fd);
		return SEEP_ERR_MEMORY;
	}
	elf_version(EV_CURRENT);
	file->elf = elf_begin(fd, ELF_C_READ, NULL);
	return accept_elf(file);
}

int elf_file_open_image(struct elf_file *file, void *image, size_t bytes)
{
	*file = (struct elf_file){0};
	elf_version(EV_CURRENT);
	file->elf = elf_memory(image, bytes);
	return accept_elf(file);
}

void elf_file_close(struct elf_file *file)
{
	if (file->elf)
		elf_end(file->elf);
	debug_sections_release(&file->sections);
	if (file->path)
		close(file->fd);
	free(file->path);
	*file = (struct elf_file){0};
}

Elf_Scn *elf_section(Elf *elf, const char *name, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *found;

		if (!gelf_getshdr(section, header))
			continue;
		found = elf_strptr(elf, names, header->sh_name);
		if (found && !strcmp(found, name))
			return section;
	}
	return NULL;
}

int elf_code_ranges(Elf *elf, struct ranges *out)
{
	size_t count;

	*out = (struct ranges){0};
	if (elf_getphdrnum(elf, &count))
		return SEEP_OK;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD || !(segment.p_flags & PF_X))
			continue;
		if (ranges_add(out, segment.p_vaddr, segment.p_vaddr + segment.p_memsz, 0, 0)) {
			ranges_release(out);
			return SEEP_ERR_MEMORY;
		}
	}
	return ranges_seal(out);
}

uint64_t elf_extent(Elf *elf)
{
	uint64_t low = UINT64_MAX, high = 0;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD)
			continue;
		if (segment.p_vaddr < low)
			low = segment.p_vaddr;
		if (segment.p_vaddr + segment.p_memsz > high)
			high = segment.p_vaddr + segment.p_memsz;
	}
	if (low > high)
		return 0;
	return ((high + PAGE - 1) & ~(uint64_t)(PAGE - 1)) - (low & ~(uint64_t)(PAGE - 1));
}

bool elf_has_zstd_debug(Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		GElf_Chdr compression;
		const char *name;

		/* libelf clears the flag when it has decompressed a section. */
		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_COMPRESSED))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (name && !strncmp(name, ".debug_", 7) && gelf_getchdr(section, &compression) &&
		    compression.ch_type == COMPRESSION_ZSTD)
			return true;
	}
	return false;
}
