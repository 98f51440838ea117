/* SPDX-License-Identifier: MIT */
#include "symbols.h"

#include <elfutils/libdwelf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "debug_files.h"
#include "dwarf_index.h"
#include "elf_symbols.h"
#include "symbol_cache.h"

#define DEFAULT_DEBUG_PATH "/usr/lib/debug"
#define STATUS_COMPLETE "debug info"
#define STATUS_WITHOUT "no debug info"

struct module {
	char *key; /* path, newline, build-id */
	const char *status;
	struct elf_file file, debug, supplementary;
	Dwarf *dwarf, *supplementary_dwarf;
	struct ranges code;
	struct dwarf_index *index;
	struct elf_symbols symbols;
	bool symbols_read;
	bool is_open;
	struct symbol_cache *cache; /* what it knows holds; NULL: none */
	bool is_kept;               /* what is found out goes into it */
	UT_hash_handle hh;
};

struct symbolizer {
	struct debug_search search;
	char *cache_directory; /* NULL: none */
	struct module *modules;
};

int symbolizer_open(const struct symbolizer_options *options, struct symbolizer **out, struct error *error)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
	const char *path = options && options->debug_path ? options->debug_path : DEFAULT_DEBUG_PATH;

	*out = NULL;
	if (symbolizer)
		symbolizer->search.path = strdup(path);
	if (symbolizer && options && options->cache_directory)
		symbolizer->cache_directory = strdup(options->cache_directory);
	if (!symbolizer || !symbolizer->search.path) {
		symbolizer_close(symbolizer);
		return error_set(error, SEEP_ERR_MEMORY, "no memory left to resolve symbols");
	}
	symbolizer->search.use_debuginfod = options && options->use_debuginfod;
	*out = symbolizer;
	return SEEP_OK;
}

static void module_close(struct module *module)
{
	dwarf_index_close(module->index);
	elf_symbols_release(&module->symbols);
	ranges_release(&module->code);
	if (module->dwarf)
		dwarf_end(module->dwarf);
	if (module->supplementary_dwarf)
		dwarf_end(module->supplementary_dwarf);
	elf_file_close(&module->supplementary);
	elf_file_close(&module->debug);
	elf_file_close(&module->file);
	symbol_cache_close(module->cache);
	free(module->key);
	free(module);
}

void symbolizer_close(struct symbolizer *symbolizer)
{
	struct module *module, *next;

	if (!symbolizer)
		return;
	HASH_ITER(hh, symbolizer->modules, module, next)
	{
		HASH_DEL(symbolizer->modules, module);
		module_close(module);
	}
	free(symbolizer->search.path);
	free(symbolizer->cache_directory);
	free(symbolizer);
}

void symbolizer_save(struct symbolizer *symbolizer)
{
	struct module *module, *next;

	HASH_ITER(hh, symbolizer->modules, module, next)
	{
		if (module->is_kept)
			symbol_cache_save(module->cache);
	}
}

/* ---- opening the file that was recorded, and no other ---- */

static bool is_vdso(const char *path)
{
	return !strcmp(path, "[vdso]") || !strncmp(path, "linux-vdso", 10) || !strncmp(path, "linux-gate", 10);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

/* NULL if this is the recorded file, else the status that says why it is not. */
static const char *compare_identity(const struct elf_file *file, const struct model_module *recorded)
{
	size_t length = strlen(recorded->build_id);
	uint64_t extent;

	/* The arena keeps 32 bytes of a build-id: 64 digits may be the beginning of a longer one. */
	if (length == 64 ? strncmp(file->build_id, recorded->build_id, length) != 0
			 : strcmp(file->build_id, recorded->build_id) != 0)
		return "build-id differs";
	if (length)
		return NULL;
	extent = elf_extent(file->elf);
	return recorded->size && extent && recorded->size > extent ? "file changed" : NULL;
}

/* The vdso is in no file, but this process has one too, and it is the same if the build-id is. */
static const char *open_vdso(struct module *module, const struct model_module *recorded)
{
	ElfW(Ehdr) *image = (void *)getauxval(AT_SYSINFO_EHDR);

	/* The section headers are the last thing in the kernel's image. */
	if (!image || !recorded->build_id[0] ||
	    elf_file_open_image(&module->file, image, image->e_shoff + image->e_shnum * image->e_shentsize))
		return "code of no file";
	if (!compare_identity(&module->file, recorded))
		return NULL;
	elf_file_close(&module->file);
	return "code of no file";
}

static const char *open_recorded(struct module *module, const struct model_module *recorded)
{
	const char *differs;

	if (!recorded->path[0])
		return "code of no file";
	if (is_vdso(recorded->path))
		return open_vdso(module, recorded);
	if (ends_with(recorded->path, " (deleted)") || !strncmp(recorded->path, "/memfd:", 7))
		return "file gone";
	switch (elf_file_open(&module->file, recorded->path)) {
	case SEEP_OK:
		break;
	case SEEP_ERR_NOT_FOUND:
		return "file gone";
	case SEEP_ERR_NOT_OURS:
		return "not an ELF file";
	default:
		return "file unreadable";
	}
	differs = compare_identity(&module->file, recorded);
	if (differs)
		elf_file_close(&module->file);
	return differs;
}

/* ---- debug info ---- */

static bool has_debug_info(Elf *elf)
{
	GElf_Shdr header;

	return (elf_section(elf, ".debug_info", &header) || elf_section(elf, ".zdebug_info", &header)) &&
	       header.sh_type != SHT_NOBITS;
}

/* The ELF file that holds the debug info, or NULL. */
static struct elf_file *find_debug_info(struct symbolizer *symbolizer, struct module *module,
					const struct model_module *recorded)
{
	if (module->file.elf && has_debug_info(module->file.elf))
		return &module->file;
	/* The build-id proves that the file belongs to what ran, even if what ran has been replaced since. */
	if (debug_file_by_build_id(&symbolizer->search, recorded->build_id, &module->debug) &&
	    (!module->file.elf || debug_file_by_link(&symbolizer->search, &module->file, &module->debug)))
		return NULL;
	return has_debug_info(module->debug.elf) ? &module->debug : NULL;
}

static const char *open_supplementary(struct symbolizer *symbolizer, struct module *module, struct elf_file *source)
{
	const char *name;
	const unsigned char *bytes;
	char build_id[2 * ELF_BUILD_ID_BYTES + 1] = "";
	ssize_t size = dwelf_dwarf_gnu_debugaltlink(module->dwarf, &name, (const void **)&bytes);

	if (size <= 0)
		return NULL;
	for (ssize_t i = 0; i < size && i < ELF_BUILD_ID_BYTES; i++)
		snprintf(build_id + 2 * i, 3, "%02x", bytes[i]);
	if (debug_file_supplementary(&symbolizer->search, source, name, build_id, &module->supplementary))
		return "supplementary file missing";
	debug_sections_prepare(&module->supplementary.sections, module->supplementary.elf, module->supplementary.fd);
	module->supplementary_dwarf = dwarf_begin_elf(module->supplementary.elf, DWARF_C_READ, NULL);
	if (!module->supplementary_dwarf)
		return "supplementary file missing";
	dwarf_setalt(module->dwarf, module->supplementary_dwarf);
	return NULL;
}

static void forget_dwarf(struct module *module)
{
	dwarf_index_close(module->index);
	module->index = NULL;
	if (module->dwarf)
		dwarf_end(module->dwarf);
	module->dwarf = NULL;
}

static const char *open_dwarf(struct symbolizer *symbolizer, struct module *module, struct elf_file *source)
{
	const char *missing;

	debug_sections_prepare(&source->sections, source->elf, source->fd);
	module->dwarf = dwarf_begin_elf(source->elf, DWARF_C_READ, NULL);
	/* Half of the sections would name half of the functions wrongly: all or nothing. */
	if (elf_has_zstd_debug(source->elf)) {
		forget_dwarf(module);
		return "zstd-compressed section";
	}
	if (!module->dwarf)
		return STATUS_WITHOUT;
	missing = open_supplementary(symbolizer, module, source);
	if (missing) {
		forget_dwarf(module);
		return missing;
	}
	if (elf_code_ranges(module->file.elf ? module->file.elf : source->elf, &module->code) ||
	    dwarf_index_open(module->dwarf, &module->code, &module->index)) {
		forget_dwarf(module);
		return STATUS_WITHOUT;
	}
	return STATUS_COMPLETE;
}

static void module_open(struct symbolizer *symbolizer, struct module *module, const struct model_module *recorded)
{
	const char *unusable = open_recorded(module, recorded);
	struct elf_file *source = find_debug_info(symbolizer, module, recorded);

	if (source)
		module->status = open_dwarf(symbolizer, module, source);
	else
		module->status = unusable ? unusable : STATUS_WITHOUT;
}

/* ---- what earlier runs found out ---- */

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* Without debug info it is the file that the answers came from: a stripped one has the build-id of the one that is not.
 */
static bool basis_holds(const struct symbolizer *symbolizer, const struct symbol_cache_basis *basis,
			const struct model_module *recorded)
{
	struct stat file;

	if (!strcmp(basis->status, STATUS_COMPLETE))
		return true;
	return stat(recorded->path, &file) == 0 && file.st_size == basis->file_bytes &&
	       nanoseconds(&file.st_mtim) == basis->file_changed_ns &&
	       !debug_file_may_be_there(&symbolizer->search, recorded->build_id, recorded->path, basis->link);
}

/* True if the module need not be opened before an address comes that is not known. */
static bool module_recall(const struct symbolizer *symbolizer, struct module *module,
			  const struct model_module *recorded)
{
	struct symbol_cache_basis basis;

	if (!symbolizer->cache_directory || !recorded->path[0])
		return false;
	module->cache = symbol_cache_open(symbolizer->cache_directory, recorded->build_id);
	if (!module->cache || !symbol_cache_read_basis(module->cache, &basis) ||
	    !basis_holds(symbolizer, &basis, recorded))
		return false;
	module->status = basis.status;
	return true;
}

static bool describe_basis(const struct module *module, struct symbol_cache_basis *basis)
{
	const char *link = NULL;
	struct stat file;
	uint32_t crc;

	*basis = (struct symbol_cache_basis){.status = module->status};
	if (module->index) {
		basis->debug_file = module->debug.elf ? module->debug.path : module->file.path;
		return basis->debug_file != NULL;
	}
	if (strcmp(module->status, STATUS_WITHOUT) != 0 || !module->file.path || fstat(module->file.fd, &file) < 0)
		return false;
	link = dwelf_elf_gnu_debuglink(module->file.elf, &crc);
	basis->link = link ? link : "";
	basis->file_bytes = file.st_size;
	basis->file_changed_ns = nanoseconds(&file.st_mtim);
	return true;
}

/* Opened without having been recalled: the cache begins anew, or there is none. */
static void module_begin_cache(struct module *module)
{
	struct symbol_cache_basis basis;

	if (!module->cache)
		return;
	module->is_kept = describe_basis(module, &basis) && !symbol_cache_begin(module->cache, &basis);
	if (module->is_kept)
		return;
	symbol_cache_close(module->cache);
	module->cache = NULL;
}

/* An address that is not known in a module that was recalled. What it is now may not be what it was. */
static void module_open_late(struct symbolizer *symbolizer, struct module *module, const struct model_module *recorded)
{
	const char *recalled = module->status;

	module->is_open = true;
	module_open(symbolizer, module, recorded);
	module->is_kept = strcmp(module->status, recalled) == 0;
}

/* NULL if memory ran out. */
static struct module *module_get(struct symbolizer *symbolizer, const struct model_module *recorded)
{
	struct module *module;
	char *key;

	if (asprintf(&key, "%s\n%s", recorded->path, recorded->build_id) < 0)
		return NULL;
	HASH_FIND_STR(symbolizer->modules, key, module);
	if (module) {
		free(key);
		return module;
	}
	module = calloc(1, sizeof(*module));
	if (!module) {
		free(key);
		return NULL;
	}
	module->key = key;
	HASH_ADD_KEYPTR(hh, symbolizer->modules, module->key, strlen(module->key), module);
	if (!module->hh.tbl) {
		module_close(module);
		return NULL;
	}
	if (module_recall(symbolizer, module, recorded))
		return module;
	module->is_open = true;
	module_open(symbolizer, module, recorded);
	module_begin_cache(module);
	return module;
}

/* NULL: none was found. */
static const char *module_debug_file(const struct module *module)
{
	struct symbol_cache_basis basis;

	if (module->index)
		return module->debug.elf ? module->debug.path : module->file.path;
	if (module->is_open || !symbol_cache_read_basis(module->cache, &basis) || !basis.debug_file[0])
		return NULL;
	return basis.debug_file;
}

const char *symbolizer_status(struct symbolizer *symbolizer, const struct model_module *recorded,
			      const char **debug_file)
{
	struct module *module = module_get(symbolizer, recorded);

	if (debug_file)
		*debug_file = NULL;
	if (!module)
		return STATUS_WITHOUT;
	if (debug_file)
		*debug_file = module_debug_file(module);
	return module->status;
}

/* ---- resolving ---- */

static void read_symbols(struct module *module)
{
	if (module->symbols_read)
		return;
	module->symbols_read = true;
	if ((module->file.elf && elf_symbols_add(&module->symbols, &module->file)) ||
	    (module->debug.elf && elf_symbols_add(&module->symbols, &module->debug)) ||
	    elf_symbols_seal(&module->symbols))
		elf_symbols_release(&module->symbols);
}

/* The outermost frame's name comes from the symbol table if DWARF has none. Without any there is no frame. */
static int name_outermost(struct module *module, uint64_t pc, struct model_symbol **frames, size_t *count)
{
	char *name;

	if (*count && (*frames)[*count - 1].function)
		return SEEP_OK;
	read_symbols(module);
	name = elf_symbols_name(&module->symbols, pc);
	if (!name && !*count)
		return SEEP_OK;
	if (!name)
		name = strdup("[unnamed]");
	if (name && !*count) {
		*frames = calloc(1, sizeof(**frames));
		*count = *frames ? 1 : 0;
	}
	if (!name || !*count) {
		free(name);
		return SEEP_ERR_MEMORY;
	}
	(*frames)[*count - 1].function = name;
	return SEEP_OK;
}

int symbolizer_resolve(struct symbolizer *symbolizer, const struct model_module *recorded, uint64_t offset, bool exact,
		       struct model_symbol **symbols, size_t *count)
{
	struct module *module = module_get(symbolizer, recorded);
	/* A return address is behind its call, maybe in the next line, or in the next function. */
	uint64_t pc = exact || !offset ? offset : offset - 1;
	int result = SEEP_OK;

	*symbols = NULL;
	*count = 0;
	if (!module)
		return SEEP_ERR_MEMORY;
	if (module->cache && symbol_cache_find(module->cache, pc, symbols, count))
		return SEEP_OK;
	if (!module->is_open)
		module_open_late(symbolizer, module, recorded);
	if (module->index)
		result = dwarf_index_find(module->index, pc, symbols, count);
	if (!result)
		result = name_outermost(module, pc, symbols, count);
	if (result) {
		symbols_release(*symbols, *count);
		*symbols = NULL;
		*count = 0;
	}
	/* without memory it is not kept */
	if (!result && module->is_kept && symbol_cache_add(module->cache, pc, *symbols, *count))
		module->is_kept = false;
	return result;
}

void symbols_release(struct model_symbol *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(symbols[i].function);
		free(symbols[i].file);
	}
	free(symbols);
}

/* ---- a whole recording ---- */

static int resolve_location(struct symbolizer *symbolizer, const struct model_module *module,
			    struct model_location *location)
{
	bool complete = !strcmp(symbolizer_status(symbolizer, module, NULL), STATUS_COMPLETE);
	struct model_symbol *symbols;
	size_t count;
	int result;

	if (!complete && location->symbol_count)
		return SEEP_OK;
	result = symbolizer_resolve(symbolizer, module, location->offset, location->exact, &symbols, &count);
	if (result)
		return result;
	if (count) {
		symbols_release(location->symbols, location->symbol_count);
		location->symbols = symbols;
		location->symbol_count = count;
	}
	location->resolved = complete;
	return SEEP_OK;
}

static int note_status(struct symbolizer *symbolizer, struct model_module *module)
{
	const char *status = symbolizer_status(symbolizer, module, NULL);
	char *copy;

	if (module->symbol_status[0] && strcmp(status, STATUS_COMPLETE) != 0)
		return SEEP_OK;
	copy = strdup(status);
	if (!copy)
		return SEEP_ERR_MEMORY;
	free(module->symbol_status);
	module->symbol_status = copy;
	return SEEP_OK;
}

int symbolizer_resolve_recording(struct symbolizer *symbolizer, struct recording *recording)
{
	for (size_t i = 0; i < recording->location_count; i++) {
		struct model_location *location = &recording->locations[i];
		struct model_module *module;

		if (!location->id || location->resolved || location->pseudo ||
		    location->module_id >= recording->module_count)
			continue;
		module = &recording->modules[location->module_id];
		if (!module->id || !module->path)
			continue;
		if (note_status(symbolizer, module) || resolve_location(symbolizer, module, location))
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}
