/* SPDX-License-Identifier: MIT */
/* handles_directories.c - directories that are listed and not always closed. */
#include "handles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

static FRAME DIR *directory_list(void)
{
	DIR *directory = opendir("/");

	REQUIRE(directory && readdir(directory));
	return directory;
}

static FRAME DIR *directory_wrap(void)
{
	int fd = openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
	DIR *directory = fdopendir(fd);

	REQUIRE(directory);
	return directory;
}

int main(void)
{
	DIR *volatile none = NULL;

	for (int i = 0; i < 10; i++) {
		DIR *directory = directory_list();

		if (i >= 4)
			closedir(directory);
	}
	closedir(directory_wrap());
	directory_wrap();
	REQUIRE(!opendir("/there/is/no/such"));
	/* as without Seep: an answer, not a crash */
	REQUIRE(closedir(none) == -1 && errno == EINVAL);

	expect_handles("directory_list", "directory-stream", 10, 6);
	expect_handles("directory_list", "file", 10, 6);
	expect_handles("directory_wrap", "directory-stream", 2, 1);
	expect_handles("directory_wrap", "file", 2, 1);
	expect_misuses(0);
	return 0;
}
