/* SPDX-License-Identifier: MIT */
#include "fd_mark.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "sockets.h"

struct table {
	const struct watch *watch;
	const struct tick *tick;
	struct fd_survey survey;
	struct sockets sockets;
	struct arena_fd *fds; /* the shim's */
	uint32_t fd_count;
	uint32_t mark_id;
};

/* What /proc says of a descriptor, if it says something. */
static void describe(const struct table *table, struct store_descriptor *descriptor)
{
	const struct fd_entry *entry = fd_survey_find(&table->survey, descriptor->fd);
	const struct socket_entry *socket;

	if (!entry)
		return;
	descriptor->target = entry->target;
	socket = entry->socket_inode ? sockets_find(&table->sockets, entry->socket_inode) : NULL;
	if (!socket)
		return;
	descriptor->target = socket->name ? socket->name : entry->target;
	descriptor->tcp_state = tcp_state_name(socket->tcp_state);
}

static int put_seen(const struct table *table, const struct arena_fd *fd)
{
	uint32_t mark_epoch = watch_header(table->watch)->fd_mark_epoch;
	struct store_descriptor descriptor = {.fd = fd->fd,
					      .kind = kind_name((enum seep_kind)fd->kind),
					      .site_id = watch_site_id(table->watch, fd->site),
					      .age_s = (int64_t)mark_epoch - (int64_t)fd->birth_epoch};

	describe(table, &descriptor);
	return store_put_descriptor(table->tick->store, table->mark_id, &descriptor, table->tick->error);
}

static int put_seen_ones(const struct table *table)
{
	int code = SEEP_OK;

	for (uint32_t i = 0; i < table->fd_count && code == SEEP_OK; i++) {
		if (arena_fd_status(arena_head(table->tick->arena), &table->fds[i]) == ARENA_ENTRY_OK)
			code = put_seen(table, &table->fds[i]);
	}
	return code;
}

static int compare_fds(const void *a, const void *b)
{
	int32_t left = ((const struct arena_fd *)a)->fd;
	int32_t right = ((const struct arena_fd *)b)->fd;

	return (left > right) - (left < right);
}

/* Descriptors that only /proc knows. */
static int put_unseen_ones(const struct table *table)
{
	int code = SEEP_OK;

	for (size_t i = 0; i < table->survey.count && code == SEEP_OK; i++) {
		const struct fd_entry *entry = &table->survey.entries[i];
		struct store_descriptor descriptor = {.fd = entry->fd, .kind = kind_name(entry->kind), .age_s = -1};
		struct arena_fd key = {.fd = entry->fd};

		if (table->fd_count && bsearch(&key, table->fds, table->fd_count, sizeof(key), compare_fds))
			continue;
		describe(table, &descriptor);
		code = store_put_descriptor(table->tick->store, table->mark_id, &descriptor, table->tick->error);
	}
	return code;
}

static int put_mark(struct table *table)
{
	const struct slot_header *header = watch_header(table->watch);
	const struct arena_header *head = arena_head(table->tick->arena);
	char text[160];
	struct store_mark mark = {
		.process_id = watch_process_id(table->watch),
		.node_id = watch_node_id(table->watch, header->fd_mark_node),
		.time_ns = (int64_t)head->created_realtime_ns + ((int64_t)header->fd_mark_epoch - 1) * NS_PER_S,
		.kind = "descriptor limit",
		.text = text,
	};

	snprintf(text, sizeof(text), "%s: %u descriptors were open, and the %s limit allowed no more",
		 header->fd_mark == ENFILE ? "ENFILE" : "EMFILE", header->fds_used,
		 header->fd_mark == ENFILE ? "system's" : "process's");
	return store_put_mark(table->tick->store, &mark, &table->mark_id, table->tick->error);
}

static int read_tables(struct table *table, bool lives)
{
	uint32_t used = watch_header(table->watch)->fds_used;

	if (used) {
		table->fds = calloc(used, sizeof(*table->fds));
		if (!table->fds)
			return error_set(table->tick->error, SEEP_ERR_MEMORY,
					 "the recorder has no memory for a table of %u descriptors", used);
		table->fd_count = arena_read_fds(table->tick->arena, watch_slot(table->watch), table->fds, used);
		qsort(table->fds, table->fd_count, sizeof(table->fds[0]), compare_fds);
	}
	if (lives && fd_survey_read(&table->survey, watch_pid(table->watch)))
		sockets_read(&table->sockets, watch_pid(table->watch), true);
	return SEEP_OK;
}

int fd_mark_record(const struct watch *watch, const struct tick *tick, bool lives)
{
	struct table table = {.watch = watch, .tick = tick};
	int code;

	if (!watch_header(watch)->fd_mark || store_has_mark(tick->store, watch_process_id(watch), "descriptor limit"))
		return SEEP_OK;
	code = read_tables(&table, lives);
	if (code == SEEP_OK)
		code = put_mark(&table);
	if (code == SEEP_OK)
		code = put_seen_ones(&table);
	if (code == SEEP_OK)
		code = put_unseen_ones(&table);
	free(table.fds);
	fd_survey_release(&table.survey);
	sockets_release(&table.sockets);
	return code;
}
