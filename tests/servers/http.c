/* SPDX-License-Identifier: MIT */
/* http.c - see http.h. */
#include "http.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum version { VERSION_1_0, VERSION_1_1 };

/* What the headers said. */
struct headers {
	int hosts;
	bool has_length, is_close, is_keep_alive;
	size_t length;
};

/* ---- lines ---- */

/* A token of RFC 9110: what methods and names of headers are made of. Returns its size. */
static size_t token_size(const char *text)
{
	size_t size = 0;

	while (isalnum((unsigned char)text[size]) || (text[size] && strchr("!#$%&'*+-.^_`|~", text[size])))
		size++;
	return size;
}

static bool has_control(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 127)
			return true;
	return false;
}

/* Returns the size of the line at the start of bytes, CR LF included; 0 when its end has not come; -1 when malformed.
 */
static long line_size(const char *bytes, size_t size)
{
	const char *end = memchr(bytes, '\n', size);
	size_t length = end ? (size_t)(end - bytes) : size;

	if (!end)
		return has_control(bytes, length - (length > 0 && bytes[length - 1] == '\r')) ? -1 : 0;
	if (length == 0 || bytes[length - 1] != '\r' || has_control(bytes, length - 1))
		return -1;
	return (long)length + 1;
}

const char *http_header_value(const char *line, const char *name, size_t *size)
{
	size_t length = strlen(name);
	const char *value = line + length + 1, *end;

	if (strncasecmp(line, name, length) || line[length] != ':')
		return NULL;
	value += strspn(value, " \t");
	end = strchr(value, '\r');
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*size = (size_t)(end - value);
	return value;
}

/* ---- the request line ---- */

static bool has_parent_segment(const char *path)
{
	for (const char *at = path; (at = strstr(at, "/..")); at += 3)
		if (at[3] == '/' || !at[3])
			return true;
	return false;
}

/* Returns 0 or a status. */
static int target_read(const char *target, size_t size, struct http_request *request)
{
	const char *query = memchr(target, '?', size);
	size_t length = query ? (size_t)(query - target) : size;

	if (size == 0 || target[0] != '/')
		return 400;
	if (length >= sizeof(request->path))
		return 414;
	memcpy(request->path, target, length);
	request->path[length] = '\0';
	return has_parent_segment(request->path) ? 400 : 0;
}

static int version_read(const char *text, enum version *version)
{
	if (strncmp(text, "HTTP/", 5) || !isdigit((unsigned char)text[5]) || text[6] != '.' ||
	    !isdigit((unsigned char)text[7]) || text[8] != '\r')
		return 400;
	if (text[5] != '1')
		return 505;
	*version = text[7] == '0' ? VERSION_1_0 : VERSION_1_1;
	return 0;
}

/* `line` ends with CR LF and has no other control characters. */
static int request_line_read(const char *line, struct http_request *request, enum version *version)
{
	size_t method = token_size(line), target;
	int status;

	if (method == 0 || line[method] != ' ')
		return 400;
	request->is_get = method == 3 && !memcmp(line, "GET", 3);
	request->is_head = method == 4 && !memcmp(line, "HEAD", 4);
	line += method + 1;
	target = strcspn(line, " \t\r");
	if (line[target] != ' ')
		return 400;
	status = version_read(line + target + 1, version);
	return status ? status : target_read(line, target, request);
}

/* ---- headers ---- */

static int length_read(const char *value, size_t size, struct headers *headers)
{
	size_t length = 0;

	if (size == 0 || size > 18)
		return size ? 413 : 400;
	for (size_t i = 0; i < size; i++) {
		if (!isdigit((unsigned char)value[i]))
			return 400;
		length = length * 10 + (size_t)(value[i] - '0');
	}
	if (headers->has_length && headers->length != length)
		return 400;
	headers->has_length = true;
	headers->length = length;
	return length > HTTP_BODY_MAX ? 413 : 0;
}

/* "Connection" is a list of words. */
static bool list_has(const char *value, size_t size, const char *word)
{
	const char *end = value + size;

	while (value < end) {
		size_t length = token_size(value);

		if (length == strlen(word) && !strncasecmp(value, word, length))
			return true;
		value += length ? length : 1;
	}
	return false;
}

/* `line` ends with CR LF. */
static int header_read(const char *line, struct headers *headers)
{
	size_t name = token_size(line), size;
	const char *value;

	if (name == 0 || line[name] != ':')
		return 400;
	if (http_header_value(line, "Host", &size))
		headers->hosts++;
	if (http_header_value(line, "Transfer-Encoding", &size))
		return 501;
	if ((value = http_header_value(line, "Content-Length", &size)))
		return length_read(value, size, headers);
	if ((value = http_header_value(line, "Connection", &size))) {
		headers->is_close |= list_has(value, size, "close");
		headers->is_keep_alive |= list_has(value, size, "keep-alive");
	}
	return 0;
}

static int headers_apply(const struct headers *headers, enum version version, struct http_request *request)
{
	request->body_size = headers->length;
	request->keeps_connection = version == VERSION_1_1 ? !headers->is_close : headers->is_keep_alive;
	return headers->hosts > 1 || (version == VERSION_1_1 && headers->hosts == 0) ? 400 : 0;
}

/* ---- the head ---- */

bool http_request_read(const char *bytes, size_t size, struct http_request *request)
{
	struct headers headers = {0};
	enum version version = VERSION_1_1;
	size_t at = size >= 2 && !memcmp(bytes, "\r\n", 2) ? 2 : 0; /* an empty line before it is ignored */
	bool is_first = true;

	*request = (struct http_request){0};
	while (!request->status) {
		long line = line_size(bytes + at, size - at);

		if (line == 0 && size < HTTP_HEAD_MAX)
			return false;
		if (line <= 0) {
			request->status = line ? 400 : 431;
		} else if (is_first) {
			request->status = request_line_read(bytes + at, request, &version);
		} else if (line == 2) {
			request->head_size = at + 2;
			request->status = headers_apply(&headers, version, request);
			return true;
		} else {
			request->status = header_read(bytes + at, &headers);
		}
		is_first = false;
		at += line > 0 ? (size_t)line : 0;
	}
	return true;
}

/* ---- answers ---- */

static const char *status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {{200, "OK"},
		     {400, "Bad Request"},
		     {404, "Not Found"},
		     {405, "Method Not Allowed"},
		     {413, "Content Too Large"},
		     {414, "URI Too Long"},
		     {431, "Request Header Fields Too Large"},
		     {501, "Not Implemented"},
		     {503, "Service Unavailable"},
		     {505, "HTTP Version Not Supported"}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Unknown";
}

size_t http_answer_write(const struct http_answer_head *head, char *text, size_t room)
{
	return (size_t)snprintf(
		text, room, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: %s\r\n\r\n",
		head->status, status_text(head->status), head->type, head->body_size,
		head->status == 405 ? "Allow: GET, HEAD\r\n" : "", head->keeps_connection ? "keep-alive" : "close");
}
