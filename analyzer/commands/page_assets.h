/* SPDX-License-Identifier: MIT */
/*
 * page_assets.h - the page (dashboards/page/dist) as it was built, within the binary.
 *
 * index.html names the other two in one line each, and has one line where a report puts its data: what stands in for
 * them when the page is to be one file are PAGE_STYLE_LINE, PAGE_SCRIPT_LINE and PAGE_DATA_LINE. Neither file holds
 * what would end its element.
 */
#ifndef SEEP_PAGE_ASSETS_H
#define SEEP_PAGE_ASSETS_H

#include <stddef.h>

#define PAGE_STYLE_LINE "<link rel=\"stylesheet\" href=\"page.css\">"
#define PAGE_SCRIPT_LINE "<script src=\"page.js\"></script>"
#define PAGE_DATA_LINE "<!-- seep-data -->"

/* X(identifier, path, media type, file): what the page consists of. */
#define PAGE_ASSETS(X)                                                     \
	X(INDEX, "/", "text/html; charset=utf-8", "index.html")            \
	X(SCRIPT, "/page.js", "text/javascript; charset=utf-8", "page.js") \
	X(STYLE, "/page.css", "text/css; charset=utf-8", "page.css")

enum page_asset_name {
#define X(id, path, type, file) PAGE_ASSET_##id,
	PAGE_ASSETS(X)
#undef X
		PAGE_ASSET_COUNT
};

struct page_asset {
	const char *path, *type;
	const char *bytes; /* not terminated */
	size_t size;
};

/* Static: valid as long as the program runs. */
struct page_asset page_asset(enum page_asset_name name);

#endif
