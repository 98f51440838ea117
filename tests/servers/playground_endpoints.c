/* SPDX-License-Identifier: MIT */
/* playground_endpoints.c - what the playground does under each URL; see playground.h. Called by several threads. */
#include "common.h"
#include "http_client.h"
#include "playground.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { MEGABYTE = 1024 * 1024, BLOCK_SIZE = 1024, SCATTER_EACH = 64, POOL_CLASSES = 25, POOL_MAX = 16 };

static const char plain[] = "text/plain", binary[] = "application/octet-stream";

/* ---- answers ---- */

static void answer_text(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void answer_text(struct answer *answer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(answer->text, sizeof(answer->text), format, arguments);
	va_end(arguments);
	answer->status = 200;
	answer->type = plain;
	answer->body = answer->text;
	answer->size = strlen(answer->text);
	answer->release = NULL;
}

static void answer_body(struct answer *answer, const char *type, char *body, size_t size, void (*release)(char *))
{
	*answer = (struct answer){.status = 200, .type = type, .body = body, .size = size, .release = release};
}

void answer_refuse(struct answer *answer, int status, const char *why)
{
	answer_text(answer, "%s\n", why);
	answer->status = status;
}

static void answer_fail(struct answer *answer, const char *what)
{
	char why[256];

	snprintf(why, sizeof(why), "%s: %s", what, strerror(errno));
	answer_refuse(answer, 503, why);
}

void answer_release(struct answer *answer)
{
	if (answer->release)
		answer->release((char *)answer->body);
	answer->release = NULL;
}

static void body_free(char *body)
{
	free(body);
}

/* ---- /hello, /bigstring, /staticstring ---- */

static void hello(struct answer *answer)
{
	answer_text(answer, "hello\n");
}

static void bigstring(struct answer *answer)
{
	char *text = malloc(STRING_SIZE);

	if (!text) {
		answer_fail(answer, "no memory");
		return;
	}
	memset(text, 'x', STRING_SIZE);
	answer_body(answer, plain, text, STRING_SIZE, body_free);
}

static void staticstring(struct answer *answer)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct string_list strings = {.last = &strings.first};
	struct string *string = malloc(sizeof(*string));

	if (!string) {
		answer_fail(answer, "no memory");
		return;
	}
	string->next = NULL;
	memset(string->text, 'x', STRING_SIZE);
	pthread_mutex_lock(&lock);
	string_keep(&strings, string);
	pthread_mutex_unlock(&lock);
	answer_text(answer, "kept\n");
}

/* ---- /fileprovider ---- */

static const char *const watched[] = {".", "/etc", "/usr"};
enum { WATCHED_COUNT = sizeof(watched) / sizeof(watched[0]) };

static int provider_open(void)
{
	int provider = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	for (size_t i = 0; provider >= 0 && i < WATCHED_COUNT; i++) {
		if (inotify_add_watch(provider, watched[i], IN_MOVED_TO) < 0) {
			close(provider);
			provider = -1;
		}
	}
	return provider;
}

static void fileprovider(struct answer *answer)
{
	int provider = provider_open();

	if (provider < 0) {
		answer_fail(answer, "cannot watch files");
		return;
	}
	answer_text(answer, "watching %d directories\n", WATCHED_COUNT);
	provider_done(provider);
}

/* ---- /loh, /array, /pooledarray ---- */

static void loh(struct answer *answer, size_t size)
{
	char *block = malloc(size);

	if (!block) {
		answer_fail(answer, "no memory");
		return;
	}
	memset(block, 'l', size);
	answer_text(answer, "%zu bytes\n", size);
	free(block);
}

/* xorshift64* (Marsaglia 2003, Vigna 2016). */
static uint64_t random_next(void)
{
	static _Thread_local uint64_t state;

	if (!state)
		state = (uint64_t)clock_ns() ^ (uintptr_t)&state;
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717u;
}

static void random_fill(char *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t word = random_next();

		memcpy(bytes + at, &word, size - at < sizeof(word) ? size - at : sizeof(word));
	}
}

static void array(struct answer *answer, size_t size)
{
	char *bytes = malloc(size);

	if (!bytes) {
		answer_fail(answer, "no memory");
		return;
	}
	random_fill(bytes, size);
	answer_body(answer, binary, bytes, size, body_free);
}

struct pooled {
	struct pooled *next;
	size_t class; /* room for 2 to the power of it */
	char bytes[];
};

static struct {
	pthread_mutex_t lock;
	struct pooled *free[POOL_CLASSES];
	size_t count[POOL_CLASSES];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char *pool_take(size_t size)
{
	size_t class = 0;
	struct pooled *pooled;

	while (((size_t)1 << class) < size)
		class ++;
	pthread_mutex_lock(&pool.lock);
	pooled = pool.free[class];
	if (pooled) {
		pool.free[class] = pooled->next;
		pool.count[class]--;
	}
	pthread_mutex_unlock(&pool.lock);
	if (!pooled)
		pooled = malloc(sizeof(*pooled) + ((size_t)1 << class));
	if (!pooled)
		return NULL;
	pooled->class = class;
	return pooled->bytes;
}

static void pool_give(char *bytes)
{
	struct pooled *pooled = (struct pooled *)(bytes - offsetof(struct pooled, bytes));

	pthread_mutex_lock(&pool.lock);
	if (pool.count[pooled->class] < POOL_MAX) {
		pooled->next = pool.free[pooled->class];
		pool.free[pooled->class] = pooled;
		pool.count[pooled->class]++;
		pooled = NULL;
	}
	pthread_mutex_unlock(&pool.lock);
	free(pooled);
}

static void pooledarray(struct answer *answer, size_t size)
{
	char *bytes = pool_take(size);

	if (!bytes) {
		answer_fail(answer, "no memory");
		return;
	}
	random_fill(bytes, size);
	answer_body(answer, binary, bytes, size, pool_give);
}

/* ---- /httpclient1, /httpclient2 ---- */

/* Passes the upstream's answer on. Returns false when the connection is of no use any more. */
static bool upstream_ask(int fd, struct answer *answer)
{
	struct http_answer got;

	if (http_get(fd, "/hello", &got)) {
		answer_fail(answer, "no answer from upstream");
		return false;
	}
	answer_body(answer, plain, got.body, got.size, body_free);
	answer->status = got.status;
	return got.keeps_connection;
}

static void httpclient_new(uint16_t upstream, struct answer *answer)
{
	int fd = loopback_connect(upstream);

	if (fd < 0) {
		answer_fail(answer, "no connection to upstream");
		return;
	}
	upstream_ask(fd, answer);
	close(fd);
}

static void httpclient_shared(uint16_t upstream, struct answer *answer)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int fd = -1;

	pthread_mutex_lock(&lock);
	if (fd < 0)
		fd = loopback_connect(upstream);
	if (fd < 0) {
		answer_fail(answer, "no connection to upstream");
	} else if (!upstream_ask(fd, answer)) {
		close(fd);
		fd = -1;
	}
	pthread_mutex_unlock(&lock);
}

/* ---- /spike, /scatter ---- */

struct block {
	struct block *next;
	char bytes[BLOCK_SIZE - sizeof(struct block *)];
};

struct block_list {
	struct block *first, **last;
};

static void blocks_append(struct block_list *list, struct block *block)
{
	block->next = NULL;
	*list->last = block;
	list->last = &block->next;
}

/* From the oldest on, as what is freed first stays in the thread's cache, and at the end of the heap would pin it all.
 */
static void blocks_free(struct block *block)
{
	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

/* `kept` gets one block in SCATTER_EACH, `others` the rest. False: there is no memory. */
static bool blocks_make(size_t size, struct block_list *kept, struct block_list *others)
{
	for (size_t i = 0; i < (size + BLOCK_SIZE - 1) / BLOCK_SIZE; i++) {
		struct block *block = malloc(sizeof(*block));

		if (!block)
			return false;
		memset(block->bytes, 'b', sizeof(block->bytes));
		blocks_append(i % SCATTER_EACH == 0 ? kept : others, block);
	}
	return true;
}

static void spike(struct answer *answer, size_t size)
{
	struct block_list blocks = {.last = &blocks.first};

	if (blocks_make(size, &blocks, &blocks))
		answer_text(answer, "%zu bytes\n", size);
	else
		answer_fail(answer, "no memory");
	blocks_free(blocks.first);
}

static void scatter(struct answer *answer, size_t size)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct block *survivors;
	struct block_list kept = {.last = &kept.first}, others = {.last = &others.first};
	struct block *before;

	if (blocks_make(size, &kept, &others))
		answer_text(answer, "%zu bytes\n", size);
	else
		answer_fail(answer, "no memory");
	blocks_free(others.first);
	pthread_mutex_lock(&lock);
	before = survivors;
	survivors = kept.first;
	pthread_mutex_unlock(&lock);
	blocks_free(before);
}

/* ---- the table ---- */

static const struct endpoint {
	const char *path; /* with a '/' at the end a size follows */
	void (*plain)(struct answer *answer);
	void (*sized)(struct answer *answer, size_t size);
	void (*relayed)(uint16_t upstream, struct answer *answer);
	size_t most;
} endpoints[] = {
	{"/hello", .plain = hello},
	{"/bigstring", .plain = bigstring},
	{"/staticstring", .plain = staticstring},
	{"/fileprovider", .plain = fileprovider},
	{"/loh/", .sized = loh, .most = 64 * MEGABYTE},
	{"/httpclient1", .relayed = httpclient_new},
	{"/httpclient2", .relayed = httpclient_shared},
	{"/array/", .sized = array, .most = 16 * MEGABYTE},
	{"/pooledarray/", .sized = pooledarray, .most = 16 * MEGABYTE},
	{"/spike/", .sized = spike, .most = 256 * MEGABYTE},
	{"/scatter/", .sized = scatter, .most = 256 * MEGABYTE},
};

static const struct endpoint *endpoint_find(const char *path)
{
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		const struct endpoint *endpoint = &endpoints[i];

		if (endpoint->sized ? !strncmp(path, endpoint->path, strlen(endpoint->path))
				    : !strcmp(path, endpoint->path))
			return endpoint;
	}
	return NULL;
}

static bool size_read(const char *text, size_t most, size_t *size)
{
	size_t digits = strspn(text, "0123456789");

	*size = strtoul(text, NULL, 10);
	return digits > 0 && digits < 12 && !text[digits] && *size > 0 && *size <= most;
}

static void sized_answer(const struct endpoint *endpoint, const char *path, struct answer *answer)
{
	size_t size;

	if (size_read(path + strlen(endpoint->path), endpoint->most, &size))
		endpoint->sized(answer, size);
	else
		answer_refuse(answer, 400, "not a size that can be served");
}

void endpoints_answer(const struct http_request *request, uint16_t upstream, struct answer *answer)
{
	const struct endpoint *endpoint = endpoint_find(request->path);

	if (!endpoint || (endpoint->relayed && !upstream))
		answer_refuse(answer, 404, "no such page");
	else if (!request->is_get && !request->is_head)
		answer_refuse(answer, 405, "pages can only be read");
	else if (endpoint->relayed)
		endpoint->relayed(upstream, answer);
	else if (endpoint->sized)
		sized_answer(endpoint, request->path, answer);
	else
		endpoint->plain(answer);
}
