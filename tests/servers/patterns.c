/* SPDX-License-Identifier: MIT */
/*
 * patterns.c - a server that holds things in all the ways in which servers do, right and wrong, each asked for by name:
 * what tests/verdicts/record.sh records growth of known truth from.
 *
 * A request is a line "VERB NUMBER", its answer "ok"; one thread serves all connections. Each verb has its functions,
 * after which its callsites are labelled. Never bounded are
 *   forget         a request's record is freed, but every --each th is not
 *   fail           what is made on the error path stays
 *   abandon        a session that misses the list of what ends
 *   spill          a file opened for the request is not closed
 *   thread         a thread that nobody joins
 *   map            a mapping
 *   append         one buffer, a page longer with each 64 such requests
 *   remember       an entry for each number, never taken out: a leak unless the numbers are bounded
 *   table          the same in a hash table of one block, which doubles
 * and bounded are
 *   hello          a record for the time of the request
 *   session        lives for 10 to 20 seconds
 *   cache          the --most newest numbers
 *   job            up to --threads threads, started when none is idle
 *   log            lines, kept until 2,000 are written to a file at once; it is rotated every 15 seconds
 *   retire         records freed together every 30 seconds
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_SIZE = 256, EVENTS_AT_ONCE = 64, TICK_MS = 100, BUCKETS = 65536, PAGE = 4096, APPENDS_A_PAGE = 64 };
enum { LOG_LINES = 2000, LOG_TURN_MS = 15000, RETIRE_MS = 30000, SESSION_LEAST_MS = 10000, SESSION_MORE_MS = 10000 };
enum { JOB_MS = 50 };

static int each = 1000, most = 5000, threads = 32;

/* The server has no plan for this. */
static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- what lives for a request ---- */

struct record {
	struct record *next;
	uint64_t number;
	char text[80];
};

static struct record *record_new(uint64_t number)
{
	struct record *record = need(malloc(sizeof(*record)));

	record->number = number;
	snprintf(record->text, sizeof(record->text), "request %llu", (unsigned long long)number);
	return record;
}

static void hello(uint64_t number)
{
	free(record_new(number));
}

static void forget(uint64_t number)
{
	static int count;
	struct record *record = record_new(number);

	if (++count % each)
		free(record);
}

static void fail(uint64_t number)
{
	char *message = need(malloc(120));

	snprintf(message, 120, "%llu is no number", (unsigned long long)number);
}

/* ---- sessions ---- */

struct session {
	TAILQ_ENTRY(session) entry;
	uint64_t number;
	int64_t end_ms;
	char state[400];
};
static TAILQ_HEAD(, session) sessions = TAILQ_HEAD_INITIALIZER(sessions);

static struct session *session_new(uint64_t number)
{
	struct session *session = need(calloc(1, sizeof(*session)));

	session->number = number;
	session->end_ms = clock_ms() + SESSION_LEAST_MS + (int64_t)(number % SESSION_MORE_MS);
	return session;
}

static void session_begin(uint64_t number)
{
	struct session *session = session_new(number);

	TAILQ_INSERT_TAIL(&sessions, session, entry);
}

static void session_abandon(uint64_t number)
{
	session_new(number);
}

static void sessions_end(int64_t now_ms)
{
	struct session *session, *next;

	for (session = TAILQ_FIRST(&sessions); session; session = next) {
		next = TAILQ_NEXT(session, entry);
		if (session->end_ms > now_ms)
			continue;
		TAILQ_REMOVE(&sessions, session, entry);
		free(session);
	}
}

/* ---- maps ---- */

struct item {
	TAILQ_ENTRY(item) age;
	struct item *next; /* in its bucket */
	uint64_t number;
	char value[200];
};
TAILQ_HEAD(items, item);

struct map {
	struct item *buckets[BUCKETS];
	struct items by_age; /* the newest first */
	int count;
};
static struct map cached, remembered;

static struct item **item_place(struct map *map, uint64_t number)
{
	struct item **place = &map->buckets[number * 11400714819323198485u >> 48];

	while (*place && (*place)->number != number)
		place = &(*place)->next;
	return place;
}

static struct item *item_new(uint64_t number)
{
	struct item *item = need(calloc(1, sizeof(*item)));

	item->number = number;
	return item;
}

static void item_put(struct map *map, struct item **place, struct item *item)
{
	*place = item;
	TAILQ_INSERT_HEAD(&map->by_age, item, age);
	map->count++;
}

static void cache_evict(void)
{
	struct item *oldest = TAILQ_LAST(&cached.by_age, items);

	*item_place(&cached, oldest->number) = oldest->next;
	TAILQ_REMOVE(&cached.by_age, oldest, age);
	cached.count--;
	free(oldest);
}

static void cache(uint64_t number)
{
	struct item **place = item_place(&cached, number), *item = *place;

	if (item) {
		TAILQ_REMOVE(&cached.by_age, item, age);
		TAILQ_INSERT_HEAD(&cached.by_age, item, age);
		return;
	}
	item_put(&cached, place, item_new(number));
	if (cached.count > most)
		cache_evict();
}

static void remember(uint64_t number)
{
	struct item **place = item_place(&remembered, number);

	if (!*place)
		item_put(&remembered, place, item_new(number));
}

/* Open addressing; 0 is free. Full to two thirds it doubles. */
static struct {
	uint64_t *numbers;
	size_t room, count;
} table;

static bool table_put(uint64_t number)
{
	size_t at = number * 11400714819323198485u >> 20 & (table.room - 1);

	while (table.numbers[at] && table.numbers[at] != number)
		at = (at + 1) & (table.room - 1);
	if (table.numbers[at] == number)
		return false;
	table.numbers[at] = number;
	return true;
}

static void table_double(void)
{
	uint64_t *old = table.numbers;
	size_t old_room = table.room;

	table.room = old_room ? 2 * old_room : 64;
	table.numbers = need(calloc(table.room, sizeof(*table.numbers)));
	for (size_t i = 0; i < old_room; i++)
		if (old[i])
			table_put(old[i]);
	free(old);
}

static void table_add(uint64_t number)
{
	if (table.count * 3 >= table.room * 2)
		table_double();
	table.count += table_put(number + 1);
}

/* ---- handles ---- */

static void spill(uint64_t number)
{
	char byte;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	(void)number;
	if (fd >= 0 && read(fd, &byte, 1) < 0)
		close(fd);
}

static void *thread_run(void *argument)
{
	return argument;
}

static void thread_start(uint64_t number)
{
	pthread_t thread;

	(void)number;
	pthread_create(&thread, NULL, thread_run, NULL);
}

static void map_pages(uint64_t number)
{
	char *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages != MAP_FAILED)
		pages[0] = (char)number;
}

static void append(uint64_t number)
{
	static char *buffer;
	static size_t count;

	if (count % APPENDS_A_PAGE == 0)
		buffer = need(realloc(buffer, (count / APPENDS_A_PAGE + 1) * PAGE));
	memset(buffer + count * (PAGE / APPENDS_A_PAGE), (int)number, PAGE / APPENDS_A_PAGE);
	count++;
}

/* ---- a thread pool ---- */

struct job {
	STAILQ_ENTRY(job) entry;
	uint64_t number;
};
static STAILQ_HEAD(, job) jobs = STAILQ_HEAD_INITIALIZER(jobs);
static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_job = PTHREAD_COND_INITIALIZER;
static int pool_size, pool_idle;

static struct job *job_take(void)
{
	struct job *job;

	pthread_mutex_lock(&jobs_lock);
	pool_idle++;
	while (!(job = STAILQ_FIRST(&jobs)))
		pthread_cond_wait(&has_job, &jobs_lock);
	pool_idle--;
	STAILQ_REMOVE_HEAD(&jobs, entry);
	pthread_mutex_unlock(&jobs_lock);
	return job;
}

static void *worker_run(void *argument)
{
	char *scratch = need(malloc(PAGE));

	for (;;) {
		struct job *job = job_take();

		memset(scratch, (int)job->number, PAGE);
		usleep(JOB_MS * 1000);
		free(job);
	}
	return argument;
}

static void worker_start(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, worker_run, NULL))
		pool_size++;
}

static void job_put(uint64_t number)
{
	struct job *job = need(malloc(sizeof(*job)));

	job->number = number;
	pthread_mutex_lock(&jobs_lock);
	STAILQ_INSERT_TAIL(&jobs, job, entry);
	if (!pool_idle && pool_size < threads)
		worker_start();
	pthread_cond_signal(&has_job);
	pthread_mutex_unlock(&jobs_lock);
}

/* ---- logs, and what is freed all at once ---- */

static struct record *lines, *retired;
static int line_count;
static FILE *log_file;

static void records_free(struct record **list)
{
	while (*list) {
		struct record *next = (*list)->next;

		free(*list);
		*list = next;
	}
}

static void log_write(void)
{
	if (!log_file)
		log_file = need(tmpfile());
	for (const struct record *line = lines; line; line = line->next)
		fprintf(log_file, "%s\n", line->text);
	fflush(log_file);
	records_free(&lines);
	line_count = 0;
}

static void log_add(uint64_t number)
{
	struct record *line = record_new(number);

	line->next = lines;
	lines = line;
	if (++line_count == LOG_LINES)
		log_write();
}

static void log_rotate(void)
{
	if (log_file)
		fclose(log_file);
	log_file = NULL;
}

static void retire(uint64_t number)
{
	struct record *record = record_new(number);

	record->next = retired;
	retired = record;
}

static void tick(void)
{
	static int64_t rotated_ms, freed_ms;
	int64_t now_ms = clock_ms();

	sessions_end(now_ms);
	if (now_ms - rotated_ms > LOG_TURN_MS) {
		log_rotate();
		rotated_ms = now_ms;
	}
	if (now_ms - freed_ms > RETIRE_MS) {
		records_free(&retired);
		freed_ms = now_ms;
	}
}

/* ---- requests ---- */

static const struct verb {
	const char *name;
	void (*serve)(uint64_t number);
} verbs[] = {
	{"hello", hello},
	{"forget", forget},
	{"fail", fail},
	{"session", session_begin},
	{"abandon", session_abandon},
	{"spill", spill},
	{"thread", thread_start},
	{"map", map_pages},
	{"append", append},
	{"remember", remember},
	{"cache", cache},
	{"table", table_add},
	{"job", job_put},
	{"log", log_add},
	{"retire", retire},
};

static bool request_serve(char *line)
{
	char *space = strchr(line, ' ');

	if (!space)
		return false;
	*space = 0;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, line))
			continue;
		verbs[i].serve(strtoull(space + 1, NULL, 10));
		return true;
	}
	return false;
}

/* ---- connections ---- */

struct connection {
	int fd;
	size_t size;
	char bytes[LINE_SIZE];
};

static void connection_open(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct connection *connection;

	if (fd < 0)
		return;
	connection = need(calloc(1, sizeof(*connection)));
	connection->fd = fd;
	if (watch_add(epoll, fd, EPOLLIN, (uintptr_t)connection))
		abort();
}

static void connection_close(struct connection *connection)
{
	close(connection->fd);
	free(connection);
}

/* Serves the lines that have come. Returns false when one is none. */
static bool lines_serve(struct connection *connection)
{
	char *end;

	while ((end = memchr(connection->bytes, '\n', connection->size))) {
		size_t used = (size_t)(end + 1 - connection->bytes);

		*end = 0;
		if (!request_serve(connection->bytes) || send(connection->fd, "ok\n", 3, MSG_NOSIGNAL) != 3)
			return false;
		connection->size -= used;
		memmove(connection->bytes, end + 1, connection->size);
	}
	return connection->size < LINE_SIZE;
}

static void connection_serve(struct connection *connection)
{
	ssize_t got = recv(connection->fd, connection->bytes + connection->size, LINE_SIZE - connection->size, 0);

	connection->size += got > 0 ? (size_t)got : 0;
	if (got <= 0 || !lines_serve(connection))
		connection_close(connection);
}

/* Until SIGTERM or SIGINT. */
static void serve(int epoll, int listener, int signals)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int64_t ticked_ms = 0;

	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS_AT_ONCE, TICK_MS);

		for (int i = 0; i < count; i++) {
			if (events[i].data.u64 == (uint64_t)signals)
				return;
			if (events[i].data.u64 == (uint64_t)listener)
				connection_open(epoll, listener);
			else
				connection_serve((struct connection *)(uintptr_t)events[i].data.u64);
		}
		if (clock_ms() - ticked_ms >= TICK_MS) {
			tick();
			ticked_ms = clock_ms();
		}
	}
}

int main(int argc, char **argv)
{
	const struct argument arguments[] = {
		{"each", &each, 1, 1000000}, {"most", &most, 1, 10000000}, {"threads", &threads, 1, 1000}, {0}};
	int wanted = 0, signals = signals_open(), epoll = epoll_create1(EPOLL_CLOEXEC), listener;
	uint16_t port;

	arguments_read(argc, argv, &wanted, arguments);
	TAILQ_INIT(&cached.by_age);
	TAILQ_INIT(&remembered.by_age);
	descriptors_raise();
	port = (uint16_t)wanted;
	listener = loopback_listen(&port);
	if (signals < 0 || epoll < 0 || listener < 0 || watch_add(epoll, signals, EPOLLIN, (uint64_t)signals) ||
	    watch_add(epoll, listener, EPOLLIN, (uint64_t)listener)) {
		fprintf(stderr, "patterns: cannot listen on 127.0.0.1:%u: %s\n", port, strerror(errno));
		return 1;
	}
	port_print(port);
	serve(epoll, listener, signals);
	return 0;
}
