/* SPDX-License-Identifier: MIT */
/*
 * symbols_test.c - the symbolizer against addr2line on programs built here, and what it does when files are missing,
 * changed, stripped, or compressed. Runs in the repository's root; needs gcc, g++, binutils and python3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ctype.h>
#include <elf.h>
#include <gelf.h>
#include <link.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../analyzer/symbols/elf_file.h"
#include "../../analyzer/symbols/names.h"
#include "../../analyzer/symbols/ranges.h"
#include "../../analyzer/symbols/symbols.h"

#define NESTED "tests/programs/sym_nested.c"
#define TEMPLATES "tests/programs/sym_templates.cc"

static char directory[] = "/tmp/seep-symbols-XXXXXX";

/* ---- helpers ---- */

/* Runs a shell command in which @ stands for the test's directory. */
__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char text[4096], command[8192] = "", *end = command;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (const char *at = text; *at; at++)
		if (*at == '@')
			end = stpcpy(end, directory);
		else
			*end++ = *at, *end = '\0';
	if (system(command) != 0)
		fail_msg("this command failed: %s", command);
}

static const char *file_path(const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const char *build_id_of(const char *path)
{
	static char ids[4][160];
	static unsigned next;
	char *id = ids[next++ % 4];
	struct elf_file file;

	assert_int_equal(elf_file_open(&file, path), 0);
	snprintf(id, sizeof(ids[0]), "%s", file.build_id);
	elf_file_close(&file);
	return id;
}

static struct model_module module_of(const char *path, const char *build_id)
{
	return (struct model_module){.id = 1, .path = (char *)path, .build_id = (char *)build_id, .symbol_status = ""};
}

static struct symbolizer *open_with_path(const char *debug_path)
{
	struct symbolizer_options options = {.debug_path = debug_path};
	struct symbolizer *symbolizer;

	assert_int_equal(symbolizer_open(&options, &symbolizer, NULL), 0);
	return symbolizer;
}

static void assert_status(const char *path, const char *build_id, const char *debug_path, const char *expected)
{
	struct symbolizer *symbolizer = open_with_path(debug_path);
	struct model_module module = module_of(path, build_id);

	assert_string_equal(symbolizer_status(symbolizer, &module, NULL), expected);
	symbolizer_close(symbolizer);
}

/* The address and size of a symbol, as nm tells. */
static uint64_t symbol_address(const char *path, const char *name)
{
	char command[512], line[512], found[512];
	uint64_t address, result = 0;
	FILE *nm;

	snprintf(command, sizeof(command), "nm %s", path);
	nm = popen(command, "r");
	assert_non_null(nm);
	while (fgets(line, sizeof(line), nm))
		if (sscanf(line, "%lx %*c %511s", &address, found) == 2 && !strcmp(found, name))
			result = address;
	assert_int_equal(pclose(nm), 0);
	assert_int_not_equal(result, 0);
	return result;
}

/* Asserts that an address of the module resolves to `function`, with a line or without. */
static void assert_resolves(struct symbolizer *symbolizer, const struct model_module *module, uint64_t address,
			    const char *function, bool has_line)
{
	struct model_symbol *symbols;
	size_t count;

	assert_int_equal(symbolizer_resolve(symbolizer, module, address, true, &symbols, &count), 0);
	assert_true(count > 0);
	assert_string_equal(symbols[count - 1].function, function);
	assert_int_equal(symbols[count - 1].file != NULL, has_line);
	assert_int_equal(symbols[count - 1].line != 0, has_line);
	symbols_release(symbols, count);
}

static void assert_unknown(struct symbolizer *symbolizer, const struct model_module *module, uint64_t address)
{
	struct model_symbol *symbols;
	size_t count;

	assert_int_equal(symbolizer_resolve(symbolizer, module, address, true, &symbols, &count), 0);
	assert_int_equal(count, 0);
	assert_null(symbols);
}

/* ---- ranges ---- */

static void ranges_of_higher_priority_hide_the_others(void **state)
{
	struct ranges ranges = {0};

	(void)state;
	assert_int_equal(ranges_add(&ranges, 100, 200, 1, 0), 0);
	assert_int_equal(ranges_add(&ranges, 120, 180, 2, 1), 0);
	assert_int_equal(ranges_add(&ranges, 140, 150, 3, 2), 0);
	assert_int_equal(ranges_add(&ranges, 300, 300, 4, 9), 0);
	assert_int_equal(ranges_seal(&ranges), 0);
	assert_int_equal(ranges_find(&ranges, 99), RANGES_NONE);
	assert_int_equal(ranges_find(&ranges, 100), 1);
	assert_int_equal(ranges_find(&ranges, 120), 2);
	assert_int_equal(ranges_find(&ranges, 149), 3);
	assert_int_equal(ranges_find(&ranges, 150), 2);
	assert_int_equal(ranges_find(&ranges, 199), 1);
	assert_int_equal(ranges_find(&ranges, 200), RANGES_NONE);
	assert_int_equal(ranges_find(&ranges, 300), RANGES_NONE);
	ranges_release(&ranges);
}

static uint32_t naive_find(const struct range *items, size_t count, uint64_t address)
{
	const struct range *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (items[i].start <= address && address < items[i].end &&
		    (!best || items[i].priority > best->priority ||
		     (items[i].priority == best->priority && items[i].start > best->start)))
			best = &items[i];
	return best ? best->value : RANGES_NONE;
}

static void random_ranges_agree_with_a_linear_search(void **state)
{
	struct range items[40];

	(void)state;
	srandom(7);
	for (int round = 0; round < 200; round++) {
		size_t count = (size_t)random() % 40;
		struct ranges ranges = {0};

		for (size_t i = 0; i < count; i++) {
			items[i].start = (uint64_t)random() % 100;
			items[i].end = items[i].start + (uint64_t)random() % 30;
			items[i].value = (uint32_t)i;
			items[i].priority = (uint32_t)random() % 4;
			assert_int_equal(
				ranges_add(&ranges, items[i].start, items[i].end, items[i].value, items[i].priority),
				0);
		}
		assert_int_equal(ranges_seal(&ranges), 0);
		for (uint64_t at = 0; at < 140; at++)
			assert_int_equal(ranges_find(&ranges, at), naive_find(items, count, at));
		ranges_release(&ranges);
	}
}

static void assert_readable(const char *symbol, const char *expected)
{
	char *name = name_readable(symbol);

	assert_string_equal(name, expected);
	free(name);
}

static void names_are_demangled_and_c_names_are_not(void **state)
{
	(void)state;
	assert_readable("_ZN4seep3topEi", "seep::top(int)");
	assert_readable("f", "f");
	assert_readable("_Znot_mangled", "_Znot_mangled");
	assert_readable("memcpy@@GLIBC_2.14", "memcpy");
	assert_readable("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write");
}

/* ---- addr2line as the oracle ---- */

/* One function with its line, as a line of text. Paths differ in how "." and ".." are written: basenames do not. */
struct frame_text {
	char function[4096];
	char place[256];
};

static void place_of(char *place, size_t size, const char *file, unsigned line)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	snprintf(place, size, "%.200s:%u", file ? (slash ? slash + 1 : file) : "??", line);
}

/* Behind the bracket that closes the one at `open`. */
static const char *closing(const char *open)
{
	size_t depth = 0;

	do {
		depth += strchr("<({", *open) != NULL;
		depth -= strchr(">)}", *open) != NULL;
	} while (*open && *open++ && depth);
	return open;
}

/*
 * "ns::helper(int) [clone .isra.0]" -> "helper": what remains equal where only one of the two knows scopes and
 * arguments.
 */
static void base_name(const char *name, char *out, size_t size)
{
	size_t length = 0;

	while (*name && length + 16 < size) {
		if (!strncmp(name, "operator()", 10)) {
			length += (size_t)sprintf(out + length, "operator()");
			name += 10;
		} else if (*name == '(' && !strstr(closing(name), "::")) {
			break;
		} else if (strchr("<({", *name)) {
			name = closing(name);
		} else if (*name == ' ' || *name == ':') {
			length = 0;
			name++;
		} else {
			out[length++] = *name++;
		}
	}
	out[length] = '\0';
}

static bool same_function(const char *ours, const char *theirs)
{
	char a[4096], b[4096], *suffix;

	if (!strcmp(ours, theirs))
		return true;
	base_name(ours, a, sizeof(a));
	base_name(theirs, b, sizeof(b));
	/* addr2line appends to C names what the linker's symbol has: main.cold, fill.part.0 */
	suffix = strchr(b, '.');
	if (suffix)
		*suffix = '\0';
	return !strcmp(a, b);
}

struct comparison {
	unsigned addresses, frames, inlined, functions_differ, lines_differ, depths_differ;
};

static bool read_text(FILE *from, char *line, size_t size)
{
	if (!fgets(line, (int)size, from))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* addr2line's "dir/file.c:12 (discriminator 3)" or "??:?" as place_of() has it. */
static void oracle_place(char *line, char *place, size_t size)
{
	char *colon = strrchr(line, ':');

	assert_non_null(colon);
	*colon = '\0';
	place_of(place, size, strcmp(line, "??") != 0 ? line : NULL, (unsigned)atoi(colon + 1));
}

static void compare_frames(struct comparison *result, const struct frame_text *theirs, size_t their_count,
			   const struct model_symbol *ours, size_t our_count, uint64_t address)
{
	char place[256];

	result->addresses++;
	if (our_count != their_count) {
		result->depths_differ++;
		print_message("# %lx: %zu frames, addr2line has %zu\n", address, our_count, their_count);
		return;
	}
	for (size_t i = 0; i < our_count; i++) {
		place_of(place, sizeof(place), ours[i].file, ours[i].line);
		result->frames++;
		result->inlined += i + 1 < our_count;
		if (!same_function(ours[i].function, theirs[i].function)) {
			result->functions_differ++;
			print_message("# %lx/%zu: %s, addr2line has %s\n", address, i, ours[i].function,
				      theirs[i].function);
		}
		if (strcmp(place, theirs[i].place) != 0) {
			result->lines_differ++;
			print_message("# %lx/%zu: %s, addr2line has %s\n", address, i, place, theirs[i].place);
		}
	}
}

#define FRAMES_MAX 64

/* Every instruction of the functions (by symbol) that belong to the program's own source files. */
static struct comparison compare_with_addr2line(const char *path, const char *symbols_from, const char *debug_path)
{
	struct symbolizer *symbolizer = open_with_path(debug_path);
	struct model_module module = module_of(path, build_id_of(path));
	struct frame_text *theirs = calloc(FRAMES_MAX, sizeof(*theirs));
	struct comparison result = {0};
	char line[8192];
	FILE *oracle;

	assert_non_null(theirs);
	/* What lies between functions is padding, and addr2line gives that the name of what comes before. */
	shell("objdump -dw -j .text %s | grep -vE '\\s(nop|xchg|data16|cs nop|int3|hlt).*$' |"
	      " awk '/^[0-9a-f]+ </ {own = $2 !~ "
	      "/^<(_start|_init|_fini|deregister_tm|register_tm|__do_global|frame_dummy)/}"
	      " own && /^ +[0-9a-f]+:\\t/ {sub(\":\", \"\", $1); print \"0x\" $1}' > @/addresses",
	      symbols_from);
	shell("addr2line -a -i -f -C -e %s < @/addresses > @/oracle; echo 0x0 >> @/oracle", symbols_from);
	oracle = fopen(file_path("oracle"), "r");
	assert_non_null(oracle);
	assert_true(read_text(oracle, line, sizeof(line)));
	for (uint64_t address = strtoull(line, NULL, 16); address;) {
		struct model_symbol *ours;
		size_t our_count, their_count = 0;

		while (read_text(oracle, line, sizeof(line)) && strncmp(line, "0x", 2) != 0) {
			assert_true(their_count < FRAMES_MAX);
			snprintf(theirs[their_count].function, sizeof(theirs[0].function), "%.4000s", line);
			assert_true(read_text(oracle, line, sizeof(line)));
			oracle_place(line, theirs[their_count].place, sizeof(theirs[0].place));
			their_count++;
		}
		assert_int_equal(symbolizer_resolve(symbolizer, &module, address, true, &ours, &our_count), 0);
		compare_frames(&result, theirs, their_count, ours, our_count, address);
		symbols_release(ours, our_count);
		address = strtoull(line, NULL, 16);
	}
	fclose(oracle);
	free(theirs);
	symbolizer_close(symbolizer);
	print_message("# %s: %u addresses, %u frames, %u of them inlined\n", path, result.addresses, result.frames,
		      result.inlined);
	return result;
}

static void assert_agrees(struct comparison result, unsigned addresses, unsigned inlined)
{
	assert_true(result.addresses >= addresses);
	assert_true(result.inlined >= inlined);
	assert_int_equal(result.depths_differ, 0);
	assert_int_equal(result.lines_differ, 0);
	/*
	 * At a few instructions that begin a piece of an inlined function addr2line names its caller instead (binutils
	 * 2.40; llvm-symbolizer does not).
	 */
	assert_true(result.functions_differ * 1000 <= result.frames);
}

static void every_instruction_of_a_c_program_agrees_with_addr2line(void **state)
{
	(void)state;
	assert_agrees(compare_with_addr2line(file_path("nested"), file_path("nested"), NULL), 100, 30);
}

static void every_instruction_of_a_cxx_program_agrees_with_addr2line(void **state)
{
	(void)state;
	assert_agrees(compare_with_addr2line(file_path("templates"), file_path("templates"), NULL), 1000, 1000);
}

static void dwarf_4_agrees_with_addr2line_too(void **state)
{
	(void)state;
	shell("g++ -O2 -g -gdwarf-4 -o @/dwarf4 " TEMPLATES);
	assert_agrees(compare_with_addr2line(file_path("dwarf4"), file_path("dwarf4"), NULL), 1000, 1000);
}

static void split_dwarf_agrees_with_a_build_that_is_not_split(void **state)
{
	(void)state;
	shell("g++ -O2 -g -gsplit-dwarf -dumpdir @/ -o @/split " TEMPLATES);
	/* addr2line reads no .dwo: the same code, not split, is the oracle. */
	assert_agrees(compare_with_addr2line(file_path("split"), file_path("templates"), NULL), 1000, 1000);
}

/* ---- what frames say ---- */

static void a_return_address_is_looked_up_before_itself(void **state)
{
	struct symbolizer *symbolizer = open_with_path(NULL);
	struct model_module module = module_of(file_path("nested"), build_id_of(file_path("nested")));
	uint64_t start = symbol_address(module.path, "table_sum");
	struct model_symbol *symbols;
	size_t count;

	(void)state;
	assert_resolves(symbolizer, &module, start, "table_sum", true);
	/* The address behind a call that is the last instruction of a function is the next function's first. */
	assert_int_equal(symbolizer_resolve(symbolizer, &module, start, false, &symbols, &count), 0);
	assert_true(!count || strcmp(symbols[count - 1].function, "table_sum") != 0);
	symbols_release(symbols, count);
	symbolizer_close(symbolizer);
}

static bool has_chain(const struct model_symbol *symbols, size_t count, const char *const *names)
{
	size_t i = 0;

	for (; i < count && names[i]; i++)
		if (strcmp(symbols[i].function, names[i]) != 0)
			return false;
	return i == count && !names[i];
}

static void inlined_calls_come_innermost_first_with_the_lines_of_their_calls(void **state)
{
	static const char *const chain[] = {"checked", "text_copy", "table_add", "table_fill", NULL};
	struct symbolizer *symbolizer = open_with_path(NULL);
	struct model_module module = module_of(file_path("nested"), build_id_of(file_path("nested")));
	uint64_t start = symbol_address(module.path, "table_fill");
	bool found = false;

	(void)state;
	for (uint64_t address = start; address < start + 400 && !found; address++) {
		struct model_symbol *symbols;
		size_t count;

		assert_int_equal(symbolizer_resolve(symbolizer, &module, address, true, &symbols, &count), 0);
		found = has_chain(symbols, count, chain);
		for (size_t i = 0; found && i < count; i++) {
			assert_non_null(strstr(symbols[i].file, "/sym_nested.c"));
			/* compiled under a relative name, and found from anywhere */
			assert_int_equal(symbols[i].file[0], '/');
			/* a call stands behind the first line of the function that makes it */
			assert_true(symbols[i].line > symbols[i].start_line);
		}
		symbols_release(symbols, count);
	}
	assert_true(found);
	symbolizer_close(symbolizer);
}

static void functions_without_linkage_get_their_scopes(void **state)
{
	struct symbolizer *symbolizer = open_with_path(NULL);
	struct model_module module = module_of(file_path("templates"), build_id_of(file_path("templates")));
	bool helper = false, local = false, lambda = false;
	FILE *addresses;
	char line[64];

	(void)state;
	shell("objdump -d -j .text %s | sed -n 's/^ *\\([0-9a-f]*\\):\\t.*/\\1/p' > @/addresses", module.path);
	addresses = fopen(file_path("addresses"), "r");
	assert_non_null(addresses);
	while (read_text(addresses, line, sizeof(line))) {
		struct model_symbol *symbols;
		size_t count;

		assert_int_equal(
			symbolizer_resolve(symbolizer, &module, strtoull(line, NULL, 16), true, &symbols, &count), 0);
		for (size_t i = 0; i < count; i++) {
			helper |= !strcmp(symbols[i].function, "seep_test::(anonymous namespace)::hidden_helper");
			local |= !strncmp(symbols[i].function, "seep_test::count_all(", 21) &&
				 strstr(symbols[i].function, "::Local::twice");
			lambda |= !strcmp(symbols[i].function, "main::{lambda}::operator()");
		}
		symbols_release(symbols, count);
	}
	fclose(addresses);
	assert_true(helper);
	assert_true(local);
	assert_true(lambda);
	symbolizer_close(symbolizer);
}

static void a_plt_stub_has_the_name_of_what_it_calls(void **state)
{
	struct symbolizer *symbolizer = open_with_path("/nonexistent");
	unsigned found = 0;

	(void)state;
	for (int bare = 0; bare < 2; bare++) {
		const char *path = file_path(bare ? "stripped" : "nested");
		struct model_module module = module_of(path, build_id_of(path));
		struct elf_file file;
		GElf_Shdr header;

		assert_int_equal(elf_file_open(&file, path), 0);
		if (!elf_section(file.elf, ".plt.sec", &header))
			assert_non_null(elf_section(file.elf, ".plt", &header));
		for (uint64_t at = header.sh_addr; at < header.sh_addr + header.sh_size; at++) {
			struct model_symbol *symbols;
			size_t count;

			assert_int_equal(symbolizer_resolve(symbolizer, &module, at, true, &symbols, &count), 0);
			found += count == 1 && !strcmp(symbols[0].function, "malloc@plt");
			symbols_release(symbols, count);
		}
		elf_file_close(&file);
	}
	assert_int_equal(found, 32);
	symbolizer_close(symbolizer);
}

static void an_own_vdso_is_named_and_another_is_not(void **state)
{
	ElfW(Ehdr) *image = (void *)getauxval(AT_SYSINFO_EHDR);
	struct symbolizer *symbolizer = open_with_path(NULL);
	struct elf_file file;
	struct model_module module, other = module_of("linux-vdso.so.1", "0011");
	GElf_Shdr header;
	GElf_Sym symbol;
	Elf_Scn *section;

	(void)state;
	assert_non_null(image);
	assert_int_equal(elf_file_open_image(&file, image, image->e_shoff + image->e_shnum * image->e_shentsize), 0);
	module = module_of("linux-vdso.so.1", file.build_id);
	section = elf_section(file.elf, ".dynsym", &header);
	assert_non_null(section);
	for (int i = 1; gelf_getsym(elf_getdata(section, NULL), i, &symbol); i++)
		if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC)
			break;
	assert_string_equal(symbolizer_status(symbolizer, &module, NULL), "no debug info");
	assert_string_equal(symbolizer_status(symbolizer, &other, NULL), "code of no file");
	{
		struct model_symbol *symbols;
		size_t count;

		assert_int_equal(symbolizer_resolve(symbolizer, &module, symbol.st_value, true, &symbols, &count), 0);
		assert_int_equal(count, 1);
		symbols_release(symbols, count);
	}
	elf_file_close(&file);
	symbolizer_close(symbolizer);
}

/* ---- where debug info lies ---- */

static void a_stripped_program_finds_its_debug_file_by_build_id(void **state)
{
	const char *id = build_id_of(file_path("stripped"));
	struct model_module module = module_of(file_path("stripped"), id);
	struct symbolizer *symbolizer;
	const char *debug_file;
	char list[512];

	(void)state;
	assert_status(module.path, id, "/nonexistent", "no debug info");
	shell("mkdir -p @/debug/.build-id/%.2s && cp @/nested.debug @/debug/.build-id/%.2s/%s.debug", id, id, id + 2);
	symbolizer = open_with_path(file_path("debug"));
	assert_string_equal(symbolizer_status(symbolizer, &module, &debug_file), "debug info");
	assert_non_null(strstr(debug_file, "/debug/.build-id/"));
	symbolizer_close(symbolizer);
	assert_agrees(compare_with_addr2line(module.path, file_path("nested"), file_path("debug")), 100, 30);
	snprintf(list, sizeof(list), "/nonexistent:%s", file_path("debug"));
	assert_status(module.path, id, list, "debug info");
}

static void a_debug_file_of_another_build_in_the_right_place_is_refused(void **state)
{
	const char *id = build_id_of(file_path("stripped"));

	(void)state;
	shell("mkdir -p @/wrong/.build-id/%.2s && cp @/rebuilt @/wrong/.build-id/%.2s/%s.debug", id, id, id + 2);
	assert_status(file_path("stripped"), id, file_path("wrong"), "no debug info");
}

static void a_debuglink_is_followed_only_if_the_crc_is_right(void **state)
{
	const char *id;

	(void)state;
	shell("mkdir -p @/link && cp @/nested.debug @/link/program.debug && cp @/stripped @/link/program &&"
	      " cd @/link && objcopy --add-gnu-debuglink=program.debug program");
	id = build_id_of(file_path("link/program"));
	assert_status(file_path("link/program"), id, "/nonexistent", "debug info");
	shell("mkdir @/link/.debug && mv @/link/program.debug @/link/.debug/");
	assert_status(file_path("link/program"), id, "/nonexistent", "debug info");
	shell("mkdir -p @/global@/link && mv @/link/.debug/program.debug @/global@/link/");
	assert_status(file_path("link/program"), id, "/nonexistent", "no debug info");
	assert_status(file_path("link/program"), id, file_path("global"), "debug info");
	shell("printf x >> @/global@/link/program.debug");
	assert_status(file_path("link/program"), id, file_path("global"), "no debug info");
}

static void a_stripped_program_keeps_the_names_of_its_dynamic_symbols(void **state)
{
	struct model_module module;
	struct symbolizer *symbolizer = open_with_path("/nonexistent");
	uint64_t exported, hidden;

	(void)state;
	shell("gcc -O2 -g -rdynamic -o @/exporting " NESTED " && strip -o @/exporting.stripped @/exporting");
	module = module_of(file_path("exporting.stripped"), build_id_of(file_path("exporting.stripped")));
	exported = symbol_address(file_path("exporting"), "table_fill");
	hidden = symbol_address(file_path("exporting"), "table_free");
	assert_resolves(symbolizer, &module, exported, "table_fill", false);
	/* not the nearest symbol before it: that would be a wrong name */
	assert_unknown(symbolizer, &module, hidden);
	symbolizer_close(symbolizer);
}

static void a_compressed_symbol_table_names_static_functions(void **state)
{
	struct model_module module;
	struct symbolizer *symbolizer = open_with_path("/nonexistent");

	(void)state;
	shell("objcopy --strip-debug @/nested @/mini.elf && objcopy --only-keep-debug @/mini.elf @/mini.symbols &&"
	      " python3 -c 'import lzma; open(\"@/mini.xz\", \"wb\").write(lzma.compress(open(\"@/mini.symbols\","
	      " \"rb\").read()))' && objcopy --add-section .gnu_debugdata=@/mini.xz @/stripped @/mini");
	module = module_of(file_path("mini"), build_id_of(file_path("mini")));
	assert_resolves(symbolizer, &module, symbol_address(file_path("nested"), "table_free"), "table_free", false);
	symbolizer_close(symbolizer);
}

/* ---- files that cannot be used ---- */

static void a_program_that_was_rebuilt_is_never_used(void **state)
{
	struct model_module module = module_of(file_path("rebuilt"), build_id_of(file_path("nested")));
	struct symbolizer *symbolizer = open_with_path("/nonexistent");

	(void)state;
	assert_string_not_equal(build_id_of(file_path("rebuilt")), module.build_id);
	assert_string_equal(symbolizer_status(symbolizer, &module, NULL), "build-id differs");
	assert_unknown(symbolizer, &module, symbol_address(file_path("nested"), "table_fill"));
	symbolizer_close(symbolizer);
}

static void a_program_without_build_id_is_known_by_its_size(void **state)
{
	struct model_module module;

	(void)state;
	shell("gcc -O2 -g -Wl,--build-id=none -o @/anonymous " NESTED);
	assert_status(file_path("anonymous"), "", NULL, "debug info");
	assert_status(file_path("nested"), "", NULL, "build-id differs");
	assert_status(file_path("anonymous"), "00112233", NULL, "build-id differs");
	module = module_of(file_path("anonymous"), "");
	module.size = 64 << 20;
	{
		struct symbolizer *symbolizer = open_with_path(NULL);

		assert_string_equal(symbolizer_status(symbolizer, &module, NULL), "file changed");
		symbolizer_close(symbolizer);
	}
}

static void a_removed_program_is_still_named_by_its_debug_file(void **state)
{
	const char *id = build_id_of(file_path("stripped"));
	struct model_module module = module_of(file_path("removed"), id);
	struct symbolizer *symbolizer = open_with_path(file_path("gone-debug"));

	(void)state;
	assert_status(module.path, id, "/nonexistent", "file gone");
	assert_status("/memfd:code (deleted)", "", "/nonexistent", "file gone");
	assert_status("/usr/bin/true (deleted)", "", "/nonexistent", "file gone");
	shell("mkdir -p @/gone-debug/.build-id/%.2s && cp @/nested.debug @/gone-debug/.build-id/%.2s/%s.debug", id, id,
	      id + 2);
	assert_string_equal(symbolizer_status(symbolizer, &module, NULL), "debug info");
	assert_resolves(symbolizer, &module, symbol_address(file_path("nested"), "table_fill"), "table_fill", true);
	symbolizer_close(symbolizer);
}

static void what_is_no_elf_file_is_said(void **state)
{
	(void)state;
	shell("echo hello > @/text; mkdir -p @/dir; mkfifo @/fifo; : > @/empty; head -c 100 @/nested > @/cut");
	assert_status(file_path("text"), "", NULL, "not an ELF file");
	assert_status(file_path("dir"), "", NULL, "not an ELF file");
	assert_status(file_path("fifo"), "", NULL, "not an ELF file");
	assert_status(file_path("empty"), "", NULL, "not an ELF file");
	assert_status("", "", NULL, "code of no file");
	assert_status("[vdso]", "", NULL, "code of no file");
}

/* A truncated or scrambled file gives fewer names, and nothing worse. */
static void damaged_files_do_no_harm(void **state)
{
	const char *path = file_path("damaged");
	const char *id = build_id_of(file_path("nested"));

	(void)state;
	srandom(11);
	for (int round = 0; round < 60; round++) {
		struct symbolizer *symbolizer = open_with_path("/nonexistent");
		struct model_module module = module_of(path, id);
		struct model_symbol *symbols;
		size_t count;

		shell("python3 - <<'END'\nimport random\nrandom.seed(%d)\n"
		      "data = bytearray(open('@/nested', 'rb').read())\n"
		      "for i in range(40): data[random.randrange(0x1000, len(data))] = random.randrange(256)\n"
		      "open('@/damaged', 'wb').write(data[:len(data) - random.choice([0, 0, 100, 5000])])\nEND\n",
		      round);
		for (uint64_t address = 0x1000; address < 0x1600; address += 7) {
			assert_int_not_equal(symbolizer_resolve(symbolizer, &module, address, true, &symbols, &count),
					     SEEP_ERR_USAGE);
			symbols_release(symbols, count);
		}
		symbolizer_close(symbolizer);
	}
}

/* ---- compressed sections ---- */

static void zlib_compressed_sections_are_read(void **state)
{
	(void)state;
	shell("objcopy --compress-debug-sections=zlib @/nested @/zlib");
	assert_agrees(compare_with_addr2line(file_path("zlib"), file_path("nested"), "/nonexistent"), 100, 30);
}

/* One that claims to be a thousand GiB, and one whose bytes are not zlib's: the symbol table still names functions. */
static void damaged_zlib_sections_do_no_harm(void **state)
{
	static const char *const files[] = {"zlib-claims", "zlib-bytes"};

	(void)state;
	shell("python3 - <<'END'\nimport struct\nwhole = open('@/zlib', 'rb').read()\n"
	      "start = struct.unpack_from('<Q', whole, 40)[0]\nsize, count = struct.unpack_from('<HH', whole, 58)\n"
	      "for name in 'claims', 'bytes':\n"
	      "    data = bytearray(whole)\n"
	      "    for i in range(count):\n"
	      "        flags, _, offset, length = struct.unpack_from('<QQQQ', data, start + i * size + 8)\n"
	      "        if flags & 0x800 and name == 'claims': struct.pack_into('<Q', data, offset + 8, 1 << 40)\n"
	      "        if flags & 0x800 and name == 'bytes': data[offset + 24:offset + length] = bytes(length - 24)\n"
	      "    open('@/zlib-' + name, 'wb').write(data)\nEND\n");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct symbolizer *symbolizer = open_with_path("/nonexistent");
		struct model_module module = module_of(file_path(files[i]), build_id_of(file_path(files[i])));

		assert_resolves(symbolizer, &module, symbol_address(file_path("nested"), "table_fill"), "table_fill",
				false);
		symbolizer_close(symbolizer);
	}
}

/* Not every binutils writes zstd: the header of a compressed section is changed to say so. */
static void zstd_compressed_sections_are_said(void **state)
{
	struct model_module module;
	struct symbolizer *symbolizer = open_with_path("/nonexistent");

	(void)state;
	shell("python3 - <<'END'\nimport struct\ndata = bytearray(open('@/zlib', 'rb').read())\n"
	      "start = struct.unpack_from('<Q', data, 40)[0]\nsize, count = struct.unpack_from('<HH', data, 58)\n"
	      "for i in range(count):\n"
	      "    flags, _, offset = struct.unpack_from('<QQQ', data, start + i * size + 8)\n"
	      "    if flags & 0x800: struct.pack_into('<I', data, offset, 2)\n"
	      "open('@/zstd', 'wb').write(data)\nEND\n");
	module = module_of(file_path("zstd"), build_id_of(file_path("zstd")));
	assert_string_equal(symbolizer_status(symbolizer, &module, NULL), "zstd-compressed section");
	assert_resolves(symbolizer, &module, symbol_address(file_path("nested"), "table_fill"), "table_fill", false);
	symbolizer_close(symbolizer);
}

/* ---- no network ---- */

static void no_server_is_asked_for_debug_info(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd waiting = {.fd = listener, .events = POLLIN};
	char url[64];

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	setenv("DEBUGINFOD_URLS", url, 1);
	assert_status(file_path("stripped"), build_id_of(file_path("stripped")), "/nonexistent", "no debug info");
	assert_status(file_path("mini"), build_id_of(file_path("mini")), "/nonexistent", "no debug info");
	assert_int_equal(poll(&waiting, 1, 200), 0);
	unsetenv("DEBUGINFOD_URLS");
	close(listener);
}

/* ---- a recording ---- */

static struct model_location location_at(uint32_t id, uint32_t module, uint64_t offset)
{
	return (struct model_location){.id = id, .module_id = module, .offset = offset, .exact = true};
}

static void a_later_try_never_forgets_what_an_earlier_one_knew(void **state)
{
	const char *id = build_id_of(file_path("nested"));
	uint64_t address = symbol_address(file_path("nested"), "table_fill");
	struct model_module modules[3] = {0};
	struct model_location locations[4] = {0};
	struct recording recording = {
		.modules = modules, .module_count = 3, .locations = locations, .location_count = 4};
	struct symbolizer *symbolizer = open_with_path("/nonexistent");

	(void)state;
	modules[1] = module_of(file_path("nested"), id);
	modules[1].symbol_status = strdup("");
	modules[2] = module_of(file_path("removed"), id);
	modules[2].id = 2;
	modules[2].symbol_status = strdup("no debug info");
	locations[1] = location_at(1, 1, address);
	locations[2] = location_at(2, 2, address);
	locations[2].symbols = calloc(1, sizeof(struct model_symbol));
	locations[2].symbols[0].function = strdup("known_before");
	locations[2].symbol_count = 1;
	locations[3] = location_at(3, 99, address);
	assert_int_equal(symbolizer_resolve_recording(symbolizer, &recording), 0);
	assert_true(locations[1].resolved);
	assert_string_equal(locations[1].symbols[0].function, "table_fill");
	assert_string_equal(modules[1].symbol_status, "debug info");
	assert_false(locations[2].resolved);
	assert_string_equal(locations[2].symbols[0].function, "known_before");
	assert_string_equal(modules[2].symbol_status, "no debug info");
	assert_false(locations[3].resolved);
	for (int i = 1; i < 3; i++) {
		symbols_release(locations[i].symbols, locations[i].symbol_count);
		free(modules[i].symbol_status);
	}
	symbolizer_close(symbolizer);
}

/* ---- */

/* ---- what is kept from run to run ---- */

static struct symbolizer *open_with_cache(const char *debug_path)
{
	struct symbolizer_options options = {.debug_path = debug_path, .cache_directory = directory};
	struct symbolizer *symbolizer;

	assert_int_equal(symbolizer_open(&options, &symbolizer, NULL), 0);
	return symbolizer;
}

/* Resolves an address and keeps the answer; the text of all frames with their lines, or "". Borrowed until the next
 * call. */
static const char *resolve_and_keep(const char *path, const char *build_id, const char *debug_path, uint64_t address,
				    const char *expected_status)
{
	static char text[1024];
	struct symbolizer *symbolizer = open_with_cache(debug_path);
	struct model_module module = module_of(path, build_id);
	struct model_symbol *symbols;
	size_t count, at = 0;

	text[0] = '\0';
	assert_int_equal(symbolizer_resolve(symbolizer, &module, address, true, &symbols, &count), 0);
	assert_string_equal(symbolizer_status(symbolizer, &module, NULL), expected_status);
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %s:%u;", symbols[i].function,
				       symbols[i].file ? symbols[i].file : "", symbols[i].line);
	symbols_release(symbols, count);
	symbolizer_save(symbolizer);
	symbolizer_close(symbolizer);
	return text;
}

static void what_one_run_resolved_the_next_knows_without_the_file(void **state)
{
	const char *path = file_path("kept");
	uint64_t address;
	char id[160], first[1024];

	(void)state;
	shell("cp @/nested @/kept");
	snprintf(id, sizeof(id), "%s", build_id_of(path));
	address = symbol_address(path, "main");
	snprintf(first, sizeof(first), "%s", resolve_and_keep(path, id, "/nonexistent", address, "debug info"));
	assert_non_null(strstr(first, "sym_nested.c"));
	shell("rm @/kept");
	assert_string_equal(resolve_and_keep(path, id, "/nonexistent", address, "debug info"), first);
	/* what nobody asked before is not known, and the reason is today's */
	assert_string_equal(resolve_and_keep(path, id, "/nonexistent", address + 1, "file gone"), "");
	assert_string_equal(resolve_and_keep(path, id, "/nonexistent", address, "debug info"), first);
	shell("rm @/%s", id);
}

static void names_without_debug_info_are_kept_until_there_is_some(void **state)
{
	const char *path = file_path("kept");
	uint64_t address;
	char id[160], first[1024];

	(void)state;
	shell("objcopy --strip-debug @/nested @/kept");
	snprintf(id, sizeof(id), "%s", build_id_of(path));
	address = symbol_address(path, "main");
	for (int i = 0; i < 2; i++)
		assert_string_equal(resolve_and_keep(path, id, file_path("later"), address, "no debug info"),
				    "main :0;");
	shell("mkdir -p @/later/.build-id/%.2s && cp @/nested.debug @/later/.build-id/%.2s/%s.debug", id, id, id + 2);
	snprintf(first, sizeof(first), "%s", resolve_and_keep(path, id, file_path("later"), address, "debug info"));
	assert_non_null(strstr(first, "sym_nested.c"));
	shell("rm -r @/later @/%s", id);
	/* the same build-id, and another file under the name: one that was not stripped */
	resolve_and_keep(path, id, "/nonexistent", address, "no debug info");
	shell("cp @/nested @/kept");
	assert_string_equal(resolve_and_keep(path, id, "/nonexistent", address, "debug info"), first);
	shell("rm @/kept @/%s", id);
}

static int build_programs(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	shell("gcc -O2 -g -o @/nested " NESTED " && gcc -O2 -g -DSYM_PADDING=3 -o @/rebuilt " NESTED);
	shell("g++ -O2 -g -o @/templates " TEMPLATES);
	shell("objcopy --only-keep-debug @/nested @/nested.debug && strip -o @/stripped @/nested");
	return 0;
}

static int remove_programs(void **state)
{
	(void)state;
	shell("rm -rf @");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_of_higher_priority_hide_the_others),
		cmocka_unit_test(random_ranges_agree_with_a_linear_search),
		cmocka_unit_test(names_are_demangled_and_c_names_are_not),
		cmocka_unit_test(every_instruction_of_a_c_program_agrees_with_addr2line),
		cmocka_unit_test(every_instruction_of_a_cxx_program_agrees_with_addr2line),
		cmocka_unit_test(dwarf_4_agrees_with_addr2line_too),
		cmocka_unit_test(split_dwarf_agrees_with_a_build_that_is_not_split),
		cmocka_unit_test(a_return_address_is_looked_up_before_itself),
		cmocka_unit_test(inlined_calls_come_innermost_first_with_the_lines_of_their_calls),
		cmocka_unit_test(functions_without_linkage_get_their_scopes),
		cmocka_unit_test(a_plt_stub_has_the_name_of_what_it_calls),
		cmocka_unit_test(an_own_vdso_is_named_and_another_is_not),
		cmocka_unit_test(a_stripped_program_finds_its_debug_file_by_build_id),
		cmocka_unit_test(a_debug_file_of_another_build_in_the_right_place_is_refused),
		cmocka_unit_test(a_debuglink_is_followed_only_if_the_crc_is_right),
		cmocka_unit_test(a_stripped_program_keeps_the_names_of_its_dynamic_symbols),
		cmocka_unit_test(a_compressed_symbol_table_names_static_functions),
		cmocka_unit_test(a_program_that_was_rebuilt_is_never_used),
		cmocka_unit_test(a_program_without_build_id_is_known_by_its_size),
		cmocka_unit_test(a_removed_program_is_still_named_by_its_debug_file),
		cmocka_unit_test(what_is_no_elf_file_is_said),
		cmocka_unit_test(damaged_files_do_no_harm),
		cmocka_unit_test(zlib_compressed_sections_are_read),
		cmocka_unit_test(damaged_zlib_sections_do_no_harm),
		cmocka_unit_test(zstd_compressed_sections_are_said),
		cmocka_unit_test(no_server_is_asked_for_debug_info),
		cmocka_unit_test(a_later_try_never_forgets_what_an_earlier_one_knew),
		cmocka_unit_test(what_one_run_resolved_the_next_knows_without_the_file),
		cmocka_unit_test(names_without_debug_info_are_kept_until_there_is_some),
	};

	return cmocka_run_group_tests(tests, build_programs, remove_programs);
}
