/* SPDX-License-Identifier: MIT */
#include "page_assets.h"

/* The assembler copies the files: a string literal of this size would take the compiler many times as long. Their paths
 * are relative to the top of the sources, where make compiles. */
#define X(id, path, type, file)                                                      \
	__asm__(".section .rodata\n"                                                 \
		"page_" #id "_start:\n"                                              \
		".incbin \"dashboards/page/dist/" file "\"\n"                        \
		"page_" #id "_end:\n"                                                \
		".byte 0\n"                                                          \
		".previous\n");                                                      \
	extern const char page_##id##_start[] __attribute__((visibility("hidden"))); \
	extern const char page_##id##_end[] __attribute__((visibility("hidden")));
PAGE_ASSETS(X)
#undef X

struct page_asset page_asset(enum page_asset_name name)
{
	switch (name) {
#define X(id, path_text, type_text, file)                                           \
	case PAGE_ASSET_##id:                                                       \
		return (struct page_asset){path_text, type_text, page_##id##_start, \
					   (size_t)(page_##id##_end - page_##id##_start)};
		PAGE_ASSETS(X)
#undef X
	case PAGE_ASSET_COUNT:
		break;
	}
	return (struct page_asset){0};
}
