/* SPDX-License-Identifier: MIT */
/*
 * doctor_test.c - `seep doctor` on programs that have one trouble each. Runs in the repository's root; needs gcc,
 * binutils and python3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../analyzer/commands/commands.h"
#include "../../analyzer/commands/doctor.h"
#include "../../preload/arena.h"

#define PROGRAM "tests/programs/sym_nested.c"

static char directory[] = "/tmp/seep-doctor-XXXXXX";

/* ---- helpers ---- */

/* Runs a shell command in which @ stands for the test's directory. */
static void shell(const char *text)
{
	char command[8192] = "", *end = command;

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
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const struct finding *finding_of(const struct examination *examination, const char *id)
{
	for (size_t i = 0; i < examination->count; i++)
		if (!strcmp(examination->findings[i].id, id))
			return &examination->findings[i];
	return NULL;
}

/* Asserts one finding of that id and weight for a command; a weight says what it does to the verdict. */
static void assert_finding(const char *command, const char *id, enum finding_weight weight)
{
	struct examination examination = {0};
	const struct finding *finding;

	assert_int_equal(doctor_examine_command(command, &examination, NULL), 0);
	finding = finding_of(&examination, id);
	if (!finding)
		fail_msg("%s: no finding '%s' among %zu", command, id, examination.count);
	assert_int_equal(finding->weight, weight);
	assert_int_equal(examination_weight(&examination), weight);
	/* one sentence, the full stop is the report's */
	assert_null(strchr(finding->text, '\n'));
	assert_int_not_equal(finding->text[strlen(finding->text) - 1], '.');
	examination_release(&examination);
}

static void assert_no_finding(const char *command, const char *id)
{
	struct examination examination = {0};

	assert_int_equal(doctor_examine_command(command, &examination, NULL), 0);
	assert_null(finding_of(&examination, id));
	examination_release(&examination);
}

/* Runs the command as the shell would; its exit code, and what it printed in `out` and `error`. */
static int run_doctor(const char *const *arguments, char *out, char *error, size_t size)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		char *argv[8] = {(char *)"doctor"};
		int argc = 1, code;

		for (; arguments[argc - 1]; argc++)
			argv[argc] = (char *)arguments[argc - 1];
		if (!freopen(file_path("out"), "w", stdout) || !freopen(file_path("error"), "w", stderr))
			_exit(99);
		code = command_doctor(argc, argv);
		fflush(NULL);
		_exit(code);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(file_path(i ? "error" : "out"), "r");
		char *to = i ? error : out;

		assert_non_null(file);
		to[fread(to, 1, size - 1, file)] = '\0';
		fclose(file);
	}
	return WEXITSTATUS(status);
}

/* `expected` NULL: nothing at all. */
static void assert_says(const char *text, const char *expected)
{
	if (!expected)
		assert_string_equal(text, "");
	else if (!strstr(text, expected))
		fail_msg("'%s' is not in: %s", expected, text);
}

static void assert_run(const char *const *arguments, int code, const char *in_out, const char *in_error)
{
	char out[16384], error[4096];

	assert_int_equal(run_doctor(arguments, out, error, sizeof(error)), code);
	assert_says(out, in_out);
	assert_says(error, in_error);
}

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- programs ---- */

static void a_plain_program_with_debug_info_has_no_finding(void **state)
{
	struct examination examination = {0};

	(void)state;
	assert_int_equal(doctor_examine_command(file_path("plain"), &examination, NULL), 0);
	assert_int_equal(examination.count, 0);
	examination_release(&examination);
}

static void what_a_preload_cannot_reach_is_unseen(void **state)
{
	(void)state;
	assert_finding(file_path("static"), "static", FINDING_BLOCKS);
	assert_finding(file_path("static-pie"), "static-pie", FINDING_BLOCKS);
	assert_finding(file_path("musl"), "musl", FINDING_BLOCKS);
	assert_finding(file_path("other-libc"), "other libc", FINDING_BLOCKS);
	assert_finding(file_path("no-linker"), "no dynamic linker", FINDING_BLOCKS);
	assert_finding(file_path("other-machine"), "other machine", FINDING_BLOCKS);
	assert_finding(file_path("go"), "go", FINDING_BLOCKS);
	assert_finding(file_path("sanitized"), "sanitizer", FINDING_BLOCKS);
}

static void what_is_no_program_is_said(void **state)
{
	(void)state;
	assert_finding(file_path("library.so"), "not a program", FINDING_BLOCKS);
	assert_finding(file_path("object.o"), "not a program", FINDING_BLOCKS);
	assert_finding(file_path("text"), "not ELF", FINDING_BLOCKS);
	assert_finding(file_path("empty"), "not ELF", FINDING_BLOCKS);
	assert_finding(file_path("not-executable"), "not executable", FINDING_BLOCKS);
	assert_finding(directory, "not a file", FINDING_BLOCKS);
}

static void an_allocator_in_the_program_hides_its_heap_alone(void **state)
{
	(void)state;
	assert_finding(file_path("own-malloc"), "own allocator", FINDING_HEAP);
	assert_finding(file_path("prefixed-jemalloc"), "own allocator", FINDING_HEAP);
	assert_finding(file_path("stripped-jemalloc"), "own allocator", FINDING_HEAP);
	assert_no_finding(file_path("plain"), "own allocator");
}

static void missing_names_are_a_note(void **state)
{
	(void)state;
	assert_finding(file_path("no-debug"), "no debug info", FINDING_NOTE);
	assert_finding(file_path("no-build-id"), "no build-id", FINDING_NOTE);
}

static void a_script_is_followed_to_its_interpreter(void **state)
{
	struct examination examination = {0};

	(void)state;
	assert_int_equal(doctor_examine_command(file_path("script"), &examination, NULL), 0);
	assert_non_null(finding_of(&examination, "script"));
	assert_string_equal(examination.subject, file_path("script"));
	assert_string_equal(examination.path, file_path("plain"));
	examination_release(&examination);
	assert_finding(file_path("script-of-static"), "static", FINDING_BLOCKS);
	assert_finding(file_path("env-script"), "static", FINDING_BLOCKS);
	assert_finding(file_path("orphan-script"), "no interpreter", FINDING_BLOCKS);
	assert_finding(file_path("circular-script"), "not ELF", FINDING_BLOCKS);
}

static void managed_heaps_limit_what_is_seen(void **state)
{
	(void)state;
	unsetenv("PYTHONMALLOC");
	assert_finding(file_path("python3.99"), "pymalloc", FINDING_LIMITS);
	setenv("PYTHONMALLOC", "malloc", 1);
	assert_no_finding(file_path("python3.99"), "pymalloc");
	unsetenv("PYTHONMALLOC");
	assert_no_finding(file_path("pythonic"), "pymalloc");
	assert_finding(file_path("node"), "managed heap", FINDING_LIMITS);
	assert_no_finding(file_path("node_exporter"), "managed heap");
}

/* Only root can make a setuid program of another user, and drop its rights to see capabilities matter. */
static void programs_with_more_rights_than_their_user_are_unseen(void **state)
{
	struct statvfs mount;
	struct examination examination = {0};
	int status;
	pid_t child;

	(void)state;
	shell("cp @/plain @/own-setuid && chmod u+s @/own-setuid");
	assert_no_finding(file_path("own-setuid"), "setuid");
	if (getuid() != 0)
		return;
	shell("cp @/plain @/setuid && chown 65534:65534 @/setuid && chmod 4755 @/setuid &&"
	      " cp @/setuid @/setgid && chown 65534:65534 @/setgid && chmod 2755 @/setgid && chmod 755 @");
	assert_int_equal(statvfs(directory, &mount), 0);
	assert_int_equal(doctor_examine_command(file_path("setuid"), &examination, NULL), 0);
	assert_non_null(finding_of(&examination, mount.f_flag & ST_NOSUID ? "nosuid" : "setuid"));
	examination_release(&examination);
	if (!(mount.f_flag & ST_NOSUID))
		assert_finding(file_path("setgid"), "setgid", FINDING_BLOCKS);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		/* a program that may be run but not read */
		_exit(setgid(65534) || setuid(65534) ||
		      doctor_examine_command(file_path("unreadable"), &examination, NULL) != SEEP_ERR_IO);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_package_is_found_by_its_file(void **state)
{
	char *package = doctor_package_of("/bin/sh");

	(void)state;
	if (!access("/var/lib/dpkg/info/dash.list", R_OK))
		assert_string_equal(package, "dash");
	free(package);
	assert_null(doctor_package_of(file_path("plain")));
}

/* ---- exit codes and sentences ---- */

static void exit_codes_are_those_of_the_design(void **state)
{
	(void)state;
	assert_run(ARGUMENTS(file_path("static")), SEEP_EXIT_FINDING, "Seep will not see ", NULL);
	assert_run(ARGUMENTS(file_path("static"), "--json", "-x"), SEEP_EXIT_FINDING, "Seep will not see ", NULL);
	assert_run(ARGUMENTS("no-such-program-anywhere"), SEEP_EXIT_UNKNOWN, NULL, "there is no program");
	assert_run(ARGUMENTS("/no/such/file"), SEEP_EXIT_UNKNOWN, NULL, "there is no file /no/such/file");
	assert_run(ARGUMENTS("--pid", "2147483647"), SEEP_EXIT_UNKNOWN, NULL, "there is no process 2147483647");
	assert_run(ARGUMENTS("--pid", "12x"), SEEP_EXIT_USAGE, NULL, "--pid takes the number of a process, not '12x'");
	assert_run(ARGUMENTS("--pid", "0"), SEEP_EXIT_USAGE, NULL, "--pid takes the number of a process");
	assert_run(ARGUMENTS("--pid"), SEEP_EXIT_USAGE, NULL, "--pid needs the number of a process");
	assert_run(ARGUMENTS("--pid", "1", "true"), SEEP_EXIT_USAGE, NULL, "not both");
	assert_run(ARGUMENTS("--frobnicate"), SEEP_EXIT_USAGE, NULL, "unknown option '--frobnicate'");
	assert_run(ARGUMENTS(NULL), SEEP_EXIT_USAGE, NULL, "name a program");
	assert_run(ARGUMENTS("--help"), SEEP_EXIT_OK, "usage: seep doctor", NULL);
}

static void json_says_the_same(void **state)
{
	(void)state;
	assert_run(ARGUMENTS("--json", file_path("static")), SEEP_EXIT_FINDING, "\"verdict\": \"does not see\"", NULL);
	assert_run(ARGUMENTS("--json", file_path("own-malloc")), SEEP_EXIT_FINDING, "\"id\": \"own allocator\"", NULL);
	shell("python3 -c 'import json; d = json.load(open(\"@/out\")); assert d[\"sees\"] is False and"
	      " len([f for f in d[\"findings\"] if f[\"weight\"] == \"heap unseen\"]) == 1'");
}

/* ---- processes ---- */

static const char *decimal(pid_t pid)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return text;
}

static void *map_file(const char *path)
{
	int fd = open(path, O_RDWR);
	void *mapping = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return mapping;
}

/* A process that maps these files (NULL none) and waits; end it with end_process(). */
static pid_t start_process(const char *library, const char *arena)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		/* a test that fails must not leave it behind */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if ((library && map_file(library) == MAP_FAILED) || (arena && map_file(arena) == MAP_FAILED))
			_exit(1);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The smallest arena that a reader takes for one, with `pid` in its first slot. */
static void write_arena(const char *path, pid_t pid)
{
	struct arena_header head = {
		.magic = ARENA_MAGIC,
		.version = ARENA_VERSION,
		.slot_count = 1,
		.slots_offset = 2 * ARENA_PAGE,
		.slot_size = 14 * ARENA_PAGE,
		.file_size = 16 * ARENA_PAGE,
		.modules_offset = ARENA_PAGE,
		.module_capacity = 1,
		.nodes_offset = 2 * ARENA_PAGE,
		.node_capacity = 8,
		.sites_offset = 3 * ARENA_PAGE,
		.site_capacity = 32,
		.misuse_offset = 4 * ARENA_PAGE,
		.misuse_capacity = 1,
		.fds_offset = 5 * ARENA_PAGE,
		.fd_capacity = 1,
		.releases_offset = 5 * ARENA_PAGE + 64,
		.release_capacity = 1,
		.mappings_offset = 12 * ARENA_PAGE,
		.mapping_capacity = 1,
		.stacks_offset = 13 * ARENA_PAGE,
		.stack_capacity = 1,
		.estimates_offset = 6 * ARENA_PAGE,
		.counters_offset = 7 * ARENA_PAGE,
		.events_offset = 9 * ARENA_PAGE,
		.mark_names_offset = 10 * ARENA_PAGE,
		.marks_offset = 11 * ARENA_PAGE,
		.shard_count = 1,
		.created_realtime_ns = (uint64_t)time(NULL) * 1000000000u,
		.interval_ms = 1000,
		.ready = 1,
		.epoch = 1,
	};
	struct arena_entry entry = {.state = SLOT_LIVE, .pid = (uint32_t)pid, .generation = 1};
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	snprintf(head.recording_path, sizeof(head.recording_path), "%s/seep.test.db", directory);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)head.file_size), 0);
	assert_int_equal(pwrite(fd, &head, sizeof(head), 0), sizeof(head));
	assert_int_equal(pwrite(fd, &entry, sizeof(entry), ARENA_PAGE), sizeof(entry));
	close(fd);
}

static void a_process_without_the_library_is_unseen(void **state)
{
	pid_t pid = start_process(NULL, NULL);

	(void)state;
	assert_run(ARGUMENTS("--pid", decimal(pid)), SEEP_EXIT_FINDING, "was started without libseep.so", NULL);
	end_process(pid);
}

static void a_process_whose_library_records_nothing_is_unseen(void **state)
{
	pid_t pid = start_process(file_path("libseep.so"), NULL);

	(void)state;
	assert_run(ARGUMENTS("--pid", decimal(pid)), SEEP_EXIT_FINDING, "could not begin to record", NULL);
	end_process(pid);
}

static void a_recorded_process_is_seen_while_a_recorder_reads_its_arena(void **state)
{
	char arena[256];
	pid_t pid;
	int fd;

	(void)state;
	snprintf(arena, sizeof(arena), "%s/0123.arena", directory);
	write_arena(arena, 1);
	pid = start_process(file_path("libseep.so"), arena);
	write_arena(arena, pid);
	assert_run(ARGUMENTS("--pid", decimal(pid)), SEEP_EXIT_FINDING, "no recorder reads that", NULL);
	fd = open(arena, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_run(ARGUMENTS("--pid", decimal(pid)), SEEP_EXIT_OK, "records it into ", NULL);
	assert_run(ARGUMENTS("--json", "--pid", decimal(pid)), SEEP_EXIT_OK, "/seep.test.db\"", NULL);
	write_arena(arena, 1);
	assert_run(ARGUMENTS("--pid", decimal(pid)), SEEP_EXIT_OK, "has no slot under this number", NULL);
	close(fd);
	unlink(arena);
	assert_run(ARGUMENTS("--pid", decimal(pid)), SEEP_EXIT_FINDING, "whose file has been removed", NULL);
	end_process(pid);
}

static void a_damaged_arena_is_no_reason_to_fail(void **state)
{
	pid_t pid;

	(void)state;
	shell("head -c 9000 /dev/urandom > @/bad.arena");
	pid = start_process(file_path("libseep.so"), file_path("bad.arena"));
	assert_run(ARGUMENTS("--pid", decimal(pid)), SEEP_EXIT_OK, "cannot be read", NULL);
	end_process(pid);
}

/* ---- */

static int build_programs(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	shell("gcc -g -o @/plain " PROGRAM " && gcc -g -static -o @/static " PROGRAM);
	shell("gcc -g -static-pie -fPIE -o @/static-pie " PROGRAM " && gcc -o @/no-debug " PROGRAM);
	shell("gcc -g -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 -o @/musl " PROGRAM);
	shell("gcc -g -Wl,--dynamic-linker=/libexec/ld-elf.so.1 -o @/other-libc " PROGRAM);
	shell("gcc -g -Wl,--dynamic-linker=/nowhere/ld-linux-x86-64.so.2 -o @/no-linker " PROGRAM);
	shell("gcc -g -Wl,--build-id=none -o @/no-build-id " PROGRAM);
	shell("gcc -g -shared -fPIC -o @/library.so " PROGRAM " && gcc -g -c -o @/object.o " PROGRAM
	      " && chmod +x @/object.o");
	/* e_machine, two bytes at 18: 183 is aarch64 */
	shell("cp @/plain @/other-machine && printf '\\267\\000' | dd of=@/other-machine bs=1 seek=18 conv=notrunc "
	      "status=none");
	shell("objcopy --add-section .go.buildinfo=/etc/hostname @/plain @/go");
	shell("cat " PROGRAM " > @/p.c && echo 'void __asan_init(void); void __asan_init(void) {}' >> @/p.c &&"
	      " gcc -g -o @/sanitized @/p.c");
	shell("cat " PROGRAM " > @/p.c && echo 'void *malloc(size_t n) { return n ? NULL : NULL; }' >> @/p.c &&"
	      " gcc -g -fno-builtin -o @/own-malloc @/p.c");
	shell("cat " PROGRAM " > @/p.c && echo 'void *je_malloc(size_t n) { return malloc(n); }' >> @/p.c &&"
	      " gcc -g -o @/prefixed-jemalloc @/p.c");
	shell("cat " PROGRAM " > @/p.c && echo 'const char *says(void); const char *says(void)"
	      " { return \"<jemalloc>: out of memory\"; }' >> @/p.c && gcc -g -s -rdynamic -o @/stripped-jemalloc "
	      "@/p.c");
	shell("echo hello > @/text && chmod +x @/text && : > @/empty && chmod +x @/empty && cp @/plain @/not-executable"
	      " && chmod 644 @/not-executable && cp @/plain @/unreadable && chmod 711 @/unreadable");
	shell("printf '#!@/plain -x\\n' > @/script && printf '#! @/static\\n' > @/script-of-static &&"
	      " printf '#!/usr/bin/env -S A=1 @/static -v\\n' > @/env-script &&"
	      " printf '#!/no/such/interpreter\\n' > @/orphan-script && printf '#!@/circular-script\\n' > "
	      "@/circular-script"
	      " && chmod +x @/*script*");
	shell("for name in python3.99 pythonic node node_exporter libseep.so; do cp @/plain @/$name; done");
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
		cmocka_unit_test(a_plain_program_with_debug_info_has_no_finding),
		cmocka_unit_test(what_a_preload_cannot_reach_is_unseen),
		cmocka_unit_test(what_is_no_program_is_said),
		cmocka_unit_test(an_allocator_in_the_program_hides_its_heap_alone),
		cmocka_unit_test(missing_names_are_a_note),
		cmocka_unit_test(a_script_is_followed_to_its_interpreter),
		cmocka_unit_test(managed_heaps_limit_what_is_seen),
		cmocka_unit_test(programs_with_more_rights_than_their_user_are_unseen),
		cmocka_unit_test(a_package_is_found_by_its_file),
		cmocka_unit_test(exit_codes_are_those_of_the_design),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(a_process_without_the_library_is_unseen),
		cmocka_unit_test(a_process_whose_library_records_nothing_is_unseen),
		cmocka_unit_test(a_recorded_process_is_seen_while_a_recorder_reads_its_arena),
		cmocka_unit_test(a_damaged_arena_is_no_reason_to_fail),
	};

	return cmocka_run_group_tests(tests, build_programs, remove_programs);
}
