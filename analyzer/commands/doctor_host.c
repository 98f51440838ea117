/* SPDX-License-Identifier: MIT */
/* doctor_host.c - what of this machine stands between Seep and any program. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../analysis/memory.h"
#include "doctor.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* The shim puts its arena elsewhere below this. */
#define SHM_LEAST_BYTES (UINT64_C(4) << 20)

/* The kernel is asked and not its version: distributions backport, sandboxes imitate. */
static void examine_kernel(struct examination *out)
{
	struct utsname name;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return;
	if (madvise(memory, page, MADV_POPULATE_WRITE) && errno == EINVAL) {
		uname(&name);
		finding_add(
			out, FINDING_BLOCKS, "old kernel",
			"the kernel (%s) does not know MADV_POPULATE_WRITE, without which a full /dev/shm would kill "
			"the program; use Linux 5.14 or newer",
			name.release);
	}
	munmap(memory, page);
}

static void examine_arena_directory(struct examination *out)
{
	struct stat status;
	char *directory = memory_format("/dev/shm/seep-%u", geteuid());

	if (!lstat(directory, &status) &&
	    (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077)))
		finding_add(out, FINDING_NOTE, "arena directory",
			    "%s is not a directory of this user alone, so the arena will lie beside the recording; "
			    "remove it, or make it yours with mode 0700",
			    directory);
	free(directory);
}

static void examine_shared_memory(struct examination *out)
{
	struct statvfs status;
	uint64_t free_bytes;

	if (statvfs("/dev/shm", &status)) {
		finding_add(
			out, FINDING_NOTE, "no /dev/shm",
			"there is no /dev/shm here, so the arena will lie beside the recording, where its pages may be "
			"written to disk; mount a tmpfs there");
		return;
	}
	free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	if (free_bytes < SHM_LEAST_BYTES)
		finding_add(
			out, FINDING_NOTE, "small /dev/shm",
			"/dev/shm has %llu KiB left, so the arena will lie beside the recording; make room there (a "
			"container takes --shm-size)",
			(unsigned long long)(free_bytes >> 10));
	else
		examine_arena_directory(out);
}

/* Where `make` and `make install` put it, seen from `seep`. NULL if it is in neither. */
static char *find_library(void)
{
	static const char *const places[] = {"libseep.so", "../lib/libseep.so", "../lib/x86_64-linux-gnu/libseep.so"};
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length <= 0)
		return NULL;
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char *path = memory_format("%s/%s", self, places[i]);

		if (!access(path, R_OK))
			return path;
		free(path);
	}
	return NULL;
}

static void examine_library(struct examination *out)
{
	char *library = find_library();
	struct statvfs status;

	if (!library)
		finding_add(
			out, FINDING_BLOCKS, "no libseep.so",
			"libseep.so is neither beside seep nor in ../lib of its directory; build or install it again");
	else if (!statvfs(library, &status) && (status.f_flag & ST_NOEXEC))
		finding_add(
			out, FINDING_BLOCKS, "libseep.so noexec",
			"%s lies on a file system mounted noexec, from which no library can be loaded; install Seep "
			"elsewhere",
			library);
	free(library);
}

void doctor_examine_host(struct examination *out)
{
	examine_kernel(out);
	examine_shared_memory(out);
	examine_library(out);
}
