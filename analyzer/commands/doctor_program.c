/* SPDX-License-Identifier: MIT */
/* doctor_program.c - what of a program on disk stands between it and a preloaded library. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../analysis/memory.h"
#include "../symbols/program.h"
#include "../symbols/symbols.h"
#include "doctor.h"

#define SCRIPT_LINE_MAX 256 /* what the kernel reads of a script's first line */
#define SCRIPT_DEPTH_MAX 5  /* and how many interpreters it follows */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- finding the file ---- */

static bool is_program_file(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISREG(status.st_mode) && !access(path, X_OK);
}

/* The first executable of that name in PATH, or NULL. */
static char *find_in_path(const char *name)
{
	const char *list = getenv("PATH");

	for (list = list ? list : "/usr/local/bin:/usr/bin:/bin"; *list;) {
		size_t length = strcspn(list, ":");
		char *path = memory_format("%.*s%s%s", (int)length, list, length ? "/" : "./", name);

		if (is_program_file(path))
			return path;
		free(path);
		list += length + (list[length] == ':');
	}
	return NULL;
}

/* As a shell finds it: a path is taken as it is. NULL if PATH has no such program. */
static char *locate(const char *command)
{
	return strchr(command, '/') ? memory_string(command) : find_in_path(command);
}

static int find_command(const char *command, char **path, struct error *error)
{
	struct stat status;

	*path = locate(command);
	if (!*path)
		return error_set(error, SEEP_ERR_NOT_FOUND,
				 "there is no program '%s' in the directories of $PATH; give its path", command);
	if (!stat(*path, &status))
		return SEEP_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return error_set(error, SEEP_ERR_NOT_FOUND, "there is no file %s; check the path", command);
	return error_set(error, SEEP_ERR_IO, "cannot look at %s (%s); run as its user or as root", command,
			 strerror(errno));
}

/* ---- scripts ---- */

/* The words behind "#!": an interpreter, and what is behind it as one argument. False if it is no script. */
static bool read_script(const char *path, char line[SCRIPT_LINE_MAX + 1], char **interpreter, char **argument)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : read(fd, line, SCRIPT_LINE_MAX);

	if (fd >= 0)
		close(fd);
	if (got < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[got] = '\0';
	line[strcspn(line, "\n")] = '\0';
	*interpreter = line + 2 + strspn(line + 2, " \t");
	*argument = *interpreter + strcspn(*interpreter, " \t");
	if (**argument)
		*(*argument)++ = '\0';
	*argument += strspn(*argument, " \t");
	return true;
}

/* `env` runs the first of its arguments that is neither an option nor an assignment. */
static char *behind_env(char *argument)
{
	for (char *word = strtok(argument, " \t"); word; word = strtok(NULL, " \t"))
		if (word[0] != '-' && !strchr(word, '='))
			return locate(word);
	return NULL;
}

/* The program that runs a script, or NULL with a finding if there is none. *path is replaced. */
static bool follow_script(char **path, struct examination *out, bool *is_script)
{
	char line[SCRIPT_LINE_MAX + 1], *interpreter, *argument, *next = NULL;

	*is_script = read_script(*path, line, &interpreter, &argument);
	if (!*is_script)
		return true;
	if (is_program_file(interpreter))
		next = !strcmp(base_name(interpreter), "env") && *argument ? behind_env(argument)
									   : memory_string(interpreter);
	if (!next) {
		finding_add(out, FINDING_BLOCKS, "no interpreter",
			    "%s is a script whose interpreter '%s' is not here, so it does not run; install that",
			    *path, *argument ? argument : interpreter);
		return false;
	}
	finding_add(out, FINDING_NOTE, "script",
		    "%s is a script that %s runs: that is the program which Seep records, and what the script starts "
		    "is recorded with it",
		    *path, next);
	free(*path);
	*path = next;
	return true;
}

static bool follow_scripts(char **path, struct examination *out)
{
	bool is_script = true;

	for (int i = 0; is_script && i < SCRIPT_DEPTH_MAX; i++)
		if (!follow_script(path, out, &is_script))
			return false;
	return true;
}

/* ---- the file's mode and mount ---- */

static void examine_privileges(const char *path, const struct stat *file, const struct statvfs *mount,
			       struct examination *out)
{
	bool is_setuid = (file->st_mode & S_ISUID) && file->st_uid != getuid();
	bool is_setgid = (file->st_mode & S_ISGID) && (file->st_mode & S_IXGRP) && file->st_gid != getgid();
	bool is_privileged = getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;

	if (!is_setuid && !is_setgid && !is_privileged)
		return;
	if (mount->f_flag & ST_NOSUID) {
		finding_add(out, FINDING_NOTE, "nosuid",
			    "%s has a setuid bit, a setgid bit or capabilities, which its file system (mounted nosuid) "
			    "takes "
			    "away, so that LD_PRELOAD works but the program may not",
			    path);
		return;
	}
	finding_add(out, FINDING_BLOCKS,
		    is_privileged ? "capabilities"
		    : is_setuid   ? "setuid"
				  : "setgid",
		    "%s has %s, and the dynamic linker ignores LD_PRELOAD for such programs; %s", path,
		    is_privileged ? "file capabilities"
		    : is_setuid   ? "the setuid bit"
				  : "the setgid bit",
		    is_privileged ? "run it as root, or run a copy, which has none"
				  : "run it as the user and group that own it, or run a copy without the bit");
}

/* False if nothing more can be said. */
static bool examine_mode(const char *path, struct examination *out)
{
	struct statvfs mount = {0};
	struct stat file;

	if (stat(path, &file))
		return false;
	if (!S_ISREG(file.st_mode)) {
		finding_add(out, FINDING_BLOCKS, "not a file", "%s is not a file; name the program itself", path);
		return false;
	}
	statvfs(path, &mount);
	if (mount.f_flag & ST_NOEXEC) {
		finding_add(out, FINDING_BLOCKS, "noexec",
			    "%s lies on a file system mounted noexec, so it cannot be run from there; run a copy "
			    "elsewhere",
			    path);
		return false;
	}
	if (access(path, X_OK)) {
		finding_add(out, FINDING_BLOCKS, "not executable",
			    "%s is not executable; `chmod +x` it if it is a program", path);
		return false;
	}
	examine_privileges(path, &file, &mount, out);
	return true;
}

/* ---- how it is linked ---- */

static bool examine_format(const struct program *program, const char *path, struct examination *out)
{
	struct program self;
	bool is_ours;

	if (program->type != PROGRAM_EXECUTABLE) {
		finding_add(out, FINDING_BLOCKS, "not a program",
			    "%s is %s and not a program; name the program that uses it", path,
			    program->type == PROGRAM_SHARED_LIBRARY ? "a shared library" : "an object or core file");
		return false;
	}
	if (program_read("/proc/self/exe", &self))
		return true;
	is_ours = self.machine == program->machine && self.bits == program->bits;
	if (!is_ours)
		finding_add(
			out, FINDING_BLOCKS, "other machine",
			"%s is a %u-bit program for %s, and libseep.so is %u-bit for %s: the dynamic linker skips it; "
			"use a build of the program for this machine",
			path, program->bits, program_machine_name(program->machine), self.bits,
			program_machine_name(self.machine));
	program_release(&self);
	return is_ours;
}

/* The dynamic linker is what reads LD_PRELOAD. False if there is none that does, or none that can load libseep. */
static bool examine_linker(const struct program *program, const char *path, struct examination *out)
{
	const char *linker = program->interpreter;

	if (!linker)
		finding_add(out, FINDING_BLOCKS, program->is_position_independent ? "static-pie" : "static",
			    "%s is linked statically%s: no dynamic linker runs that could load libseep.so; link it "
			    "dynamically",
			    path, program->is_position_independent ? " (static-pie)" : "");
	else if (strstr(linker, "ld-musl"))
		finding_add(
			out, FINDING_BLOCKS, "musl",
			"%s uses musl (%s), which cannot load libseep.so: that needs glibc; build the program against "
			"glibc",
			path, linker);
	else if (strncmp(base_name(linker), "ld-linux", 8) != 0)
		finding_add(out, FINDING_BLOCKS, "other libc",
			    "%s is started by %s, which is not glibc's dynamic linker, so libseep.so cannot be loaded; "
			    "build "
			    "the program against glibc",
			    path, linker);
	else if (access(linker, X_OK))
		finding_add(out, FINDING_BLOCKS, "no dynamic linker",
			    "%s needs the dynamic linker %s, which is not here, so it does not run; install it", path,
			    linker);
	else
		return true;
	return false;
}

/* ---- who allocates ---- */

static void examine_go(const struct program *program, const char *path, struct examination *out)
{
	if (program->is_go)
		finding_add(out, FINDING_BLOCKS, "go",
			    "%s is a Go program: it allocates and opens by system calls of its own, and only C code "
			    "in it (cgo) would be seen; use Go's pprof for the rest",
			    path);
}

static void examine_allocator(const struct program *program, const char *path, struct examination *out)
{
	const char *allocator = program->allocator ? program->allocator : "an allocator of its own";

	if (program->has_sanitizer)
		finding_add(out, FINDING_BLOCKS, "sanitizer",
			    "%s was built with a sanitizer, which replaces malloc and refuses to start behind another "
			    "preloaded library; use a build without -fsanitize",
			    path);
	else if (program->defines_malloc || program->allocator)
		finding_add(
			out, FINDING_HEAP, "own allocator",
			"%s has %s linked in, and calls to it do not pass the dynamic linker; link the program with "
			"the allocator as a shared library, or without it",
			path, allocator);
	else if (program->is_rust)
		finding_add(out, FINDING_NOTE, "rust",
			    "%s is a Rust program with the system's allocator, so Seep sees its heap; a "
			    "#[global_allocator] "
			    "that it would be linked with was not found",
			    path);
}

/* Programs that take memory in chunks and hand it out themselves: by the name of the program, or of its library. */
static const struct managed_heap {
	const char *program, *library, *what, *advice;
} managed_heaps[] = {
	{"java", "libjli.so", "The Java heap",
	 "use a heap histogram (jcmd PID GC.class_histogram) for the objects in it"},
	{"node", "libnode.so", "V8's heap", "use a heap snapshot (--heapsnapshot-signal) for the objects in it"},
	{"nodejs", NULL, "V8's heap", "use a heap snapshot (--heapsnapshot-signal) for the objects in it"},
	{"mono", "libmono", "Mono's heap", "use Mono's own profiler for the objects in it"},
	{"dotnet", "libhostfxr.so", "The .NET heap", "use dotnet-gcdump for the objects in it"},
	{"ruby", "libruby", "Ruby's object slots", "use ObjectSpace for the objects in it"},
	{"php", "libphp", "PHP's request memory", "set USE_ZEND_ALLOC=0 in its environment to see each allocation"},
	{"beam", NULL, "Erlang's heap", "use recon_alloc for what is in its carriers"},
	{NULL, "libglib-2.0.so", "GLib's slices (before GLib 2.76)",
	 "set G_SLICE=always-malloc in its environment to see each "
	 "of them"},
};

/* "python" stands for python, python3 and python3.11, but not for pythonic. */
static bool is_named(const char *path, const char *name)
{
	const char *base = base_name(path);
	size_t length = strlen(name);

	return !strncmp(base, name, length) && strspn(base + length, "0123456789.-_dm") == strlen(base + length);
}

static void examine_managed_heaps(const struct program *program, const char *path, const char *python,
				  struct examination *out)
{
	for (size_t i = 0; i < sizeof(managed_heaps) / sizeof(*managed_heaps); i++) {
		const struct managed_heap *heap = &managed_heaps[i];

		if ((heap->program && is_named(path, heap->program)) ||
		    (heap->library && program_needs(program, heap->library)))
			finding_add(out, heap->program ? FINDING_LIMITS : FINDING_NOTE, "managed heap",
				    "%s: Seep sees only the chunks that it is made of; %s", heap->what, heap->advice);
	}
	if ((is_named(path, "python") || program_needs(program, "libpython")) &&
	    (!python || strcmp(python, "malloc") != 0))
		finding_add(out, FINDING_LIMITS, "pymalloc",
			    "Python hands out small objects from arenas of its own, of which Seep sees only the "
			    "chunks; set "
			    "PYTHONMALLOC=malloc in its environment to see each object");
}

/* ---- names ---- */

static bool file_has_line(const char *path, const char *wanted)
{
	FILE *list = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0;
	bool found = false;

	while (list && !found && getline(&line, &capacity, list) > 0) {
		line[strcspn(line, "\n")] = '\0';
		found = !strcmp(line, wanted);
	}
	free(line);
	if (list)
		fclose(list);
	return found;
}

char *doctor_package_of(const char *path)
{
	char resolved[PATH_MAX];
	const char *other = NULL; /* lists from before /bin became a link to /usr/bin */
	char *package = NULL;
	glob_t lists;

	if (!realpath(path, resolved) || glob("/var/lib/dpkg/info/*.list", 0, NULL, &lists))
		return NULL;
	if (!strncmp(resolved, "/usr/", 5))
		other = resolved + 4;
	for (size_t i = 0; i < lists.gl_pathc && !package; i++)
		if (file_has_line(lists.gl_pathv[i], resolved) || (other && file_has_line(lists.gl_pathv[i], other)))
			package = memory_string(base_name(lists.gl_pathv[i]));
	globfree(&lists);
	if (package)
		package[strcspn(package, ":")] = '\0';
	/* without an architecture, the name ends where ".list" begins */
	if (package && strlen(package) > 5 && !strcmp(package + strlen(package) - 5, ".list"))
		package[strlen(package) - 5] = '\0';
	return package;
}

/* What would supply the debug info, as the end of a sentence; to be freed. */
static char *debug_advice(const struct program *program, const char *path)
{
	char *package = doctor_package_of(path), *advice;

	if (!program->build_id[0])
		advice = memory_string("build it with -g");
	else if (package)
		advice = memory_format("install %s-dbgsym, or put the debug file at "
				       "/usr/lib/debug/.build-id/%.2s/%s.debug",
				       package, program->build_id, program->build_id + 2);
	else
		advice = memory_format("build it with -g, or put the debug file at "
				       "/usr/lib/debug/.build-id/%.2s/%s.debug",
				       program->build_id, program->build_id + 2);
	free(package);
	return advice;
}

static void add_debug_finding(const struct program *program, const char *path, const char *name, const char *status,
			      struct examination *out)
{
	char *advice = debug_advice(program, path);
	const char *effect = program->has_symbol_table ? "functions have names, but no lines and no inlined calls"
						       : "most functions appear as file+offset";

	if (!strcmp(status, "no debug info"))
		finding_add(out, FINDING_NOTE, "no debug info", "%s has no debug info, so %s; %s", name, effect,
			    advice);
	else
		finding_add(out, FINDING_NOTE, "debug info unreadable",
			    "the debug info of %s cannot be used (%s), so %s; %s", name, status, effect, advice);
	free(advice);
}

static void examine_names(const struct program *program, const char *path, const char *name, struct examination *out)
{
	struct model_module module = {.path = (char *)path, .build_id = program->build_id, .symbol_status = (char *)""};
	struct symbolizer *symbolizer;
	const char *status;

	if (!program->build_id[0])
		finding_add(out, FINDING_NOTE, "no build-id",
			    "%s has no build-id, so Seep cannot tell it from a later build of the same size in memory; "
			    "link "
			    "it with -Wl,--build-id",
			    name);
	if (symbolizer_open(NULL, &symbolizer, NULL))
		return;
	status = symbolizer_status(symbolizer, &module, NULL);
	if (strcmp(status, "debug info") != 0)
		add_debug_finding(program, path, name, status, out);
	symbolizer_close(symbolizer);
}

/* ---- all together ---- */

static int read_program(const char *path, const char *name, struct program *program, struct examination *out,
			struct error *error)
{
	switch (program_read(path, program)) {
	case SEEP_OK:
		return SEEP_OK;
	case SEEP_ERR_NOT_FOUND:
		return error_set(error, SEEP_ERR_NOT_FOUND, "there is no file %s; check the path", path);
	case SEEP_ERR_NOT_OURS:
		finding_add(
			out, FINDING_BLOCKS, "not ELF",
			"%s is neither an ELF program nor a script that begins with #!; name the program that runs it",
			name);
		return SEEP_OK;
	case SEEP_ERR_MEMORY:
		return error_set(error, SEEP_ERR_MEMORY, "no memory left to read %s", path);
	default:
		return error_set(error, SEEP_ERR_IO, "cannot read %s (%s); run as its user or as root", path,
				 strerror(errno));
	}
}

int doctor_examine_file(const char *path, const char *name, const char *python, struct examination *out,
			struct error *error)
{
	struct program program = {0};
	int code = read_program(path, name, &program, out, error);

	/* zeroed if it is no ELF file */
	if (!code && program.build_id && examine_format(&program, name, out)) {
		bool is_linked = examine_linker(&program, name, out);

		examine_go(&program, name, out);
		/* a static program defines malloc as a matter of course */
		if (is_linked && !program.is_go)
			examine_allocator(&program, name, out);
		if (is_linked) {
			examine_managed_heaps(&program, name, python, out);
			examine_names(&program, path, name, out);
		}
	}
	program_release(&program);
	return code;
}

int doctor_examine_command(const char *command, struct examination *out, struct error *error)
{
	int code = find_command(command, &out->path, error);

	if (code)
		return code;
	out->subject = memory_string(out->path);
	if (!examine_mode(out->path, out) || !follow_scripts(&out->path, out))
		return SEEP_OK;
	if (strcmp(out->path, out->subject) != 0 && !examine_mode(out->path, out))
		return SEEP_OK;
	return doctor_examine_file(out->path, out->path, getenv("PYTHONMALLOC"), out, error);
}
