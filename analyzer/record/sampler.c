/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include <string.h>

#include "../base/clock.h"
#include "proc.h"

/*
 * After looks that took the CPU time t together, a kind rests for so many times t: it takes less than that part of a
 * core, whatever the machine and the number of processes, descriptors and connections.
 */
static const int64_t rests[LOOK_COUNT] = {[LOOK_MEMORY] = 1000,
					  [LOOK_DESCRIPTORS] = 1000,
					  [LOOK_SOCKETS] = 500,
					  [LOOK_PAGES] = 2000,
					  [LOOK_OWNERS] = 2000};

void sampler_begin(struct sampler *sampler, int64_t now_ns)
{
	for (int i = 0; i < LOOK_COUNT; i++) {
		sampler->is_due[i] = now_ns >= sampler->due_ns[i];
		sampler->cpu_ns[i] = 0;
	}
	/* they are counted by what the descriptors stand for */
	sampler->is_due[LOOK_SOCKETS] &= sampler->is_due[LOOK_DESCRIPTORS];
}

void sampler_end(struct sampler *sampler, int64_t now_ns)
{
	for (int i = 0; i < LOOK_COUNT; i++) {
		if (!sampler->is_due[i])
			continue;
		sampler->due_ns[i] = now_ns + sampler->cpu_ns[i] * rests[i];
	}
	sockets_release(&sampler->sockets);
	sampler->sockets_known = false;
	sampler->network[0] = '\0';
}

void sampler_release(struct sampler *sampler)
{
	sockets_release(&sampler->sockets);
}

/* ---- memory, CPU, threads ---- */

static void look_at_memory(uint32_t pid, struct store_process_figures *figures)
{
	struct proc_memory memory;
	struct proc_stat stat;

	if (proc_memory_read(pid, &memory)) {
		figures->rss_anon = memory.rss_anon;
		figures->rss_file = memory.rss_file;
		figures->rss_shmem = memory.rss_shmem;
		figures->swap = memory.swap;
		figures->vm_size = memory.vm_size;
		figures->vm_hwm = memory.vm_hwm;
	}
	if (proc_stat_read(pid, &stat)) {
		figures->cpu_user_ns = stat.user_ns;
		figures->cpu_system_ns = stat.system_ns;
		figures->threads = stat.threads;
	}
}

/* ---- descriptors ---- */

/* The sockets of the process's network namespace: mostly the one of the process before. */
static bool sockets_of(struct sampler *sampler, uint32_t pid)
{
	char network[64];

	proc_link_read(pid, "ns/net", network, sizeof(network));
	if (network[0] && strcmp(network, sampler->network) == 0)
		return sampler->sockets_known;
	sockets_release(&sampler->sockets);
	memcpy(sampler->network, network, sizeof(network));
	sampler->sockets_known = sockets_read(&sampler->sockets, pid, false);
	return sampler->sockets_known;
}

static void count_states(struct sampler *sampler, const struct fd_survey *survey, uint32_t pid, int64_t *tcp)
{
	struct fd_counts counts = fd_survey_counts(survey);

	if (counts.by_kind[SEEP_KIND_SOCKET] && !sockets_of(sampler, pid))
		return;
	memset(tcp, 0, TCP_STATE_COUNT * sizeof(*tcp));
	for (size_t i = 0; i < survey->count; i++) {
		uint64_t inode = survey->entries[i].socket_inode;
		const struct socket_entry *socket = inode ? sockets_find(&sampler->sockets, inode) : NULL;

		if (socket && socket->tcp_state < TCP_STATE_COUNT)
			tcp[socket->tcp_state]++;
	}
}

static int record_unseen(const struct watch *watch, const struct fd_survey *survey, struct sample_memory *memory,
			 const struct tick *tick)
{
	struct fd_counts in_proc = fd_survey_counts(survey);
	struct fd_counts in_shim = watch_descriptors(watch);
	struct unseen_list look = fd_unseen(&in_proc, &in_shim);
	struct unseen_list both = unseen_in_both(&look, &memory->last_look);

	memory->last_look = look;
	if (!memory->has_looked) {
		memory->has_looked = true;
		return SEEP_OK;
	}
	if (memory->is_stored && both.count == memory->stored.count &&
	    memcmp(both.entries, memory->stored.entries, both.count * sizeof(both.entries[0])) == 0)
		return SEEP_OK;
	memory->stored = both;
	memory->is_stored = true;
	return store_put_unseen(tick->store, watch_process_id(watch), both.entries, both.count, tick->error);
}

/* ---- a process ---- */

static void look_at_pages(const struct watch *watch, struct store_process_figures *figures)
{
	const struct slot_header *header = watch_header(watch);

	figures->seep_private_bytes =
		proc_resident_bytes(watch_pid(watch), header->private_ranges, header->private_range_count);
}

/* Charges a kind of look with the CPU time since the last charge. */
static void charge(struct sampler *sampler, enum look look, int64_t *since_ns)
{
	int64_t now_ns = clock_cpu_ns();

	sampler->cpu_ns[look] += now_ns - *since_ns;
	*since_ns = now_ns;
}

static int look_at_all(struct sampler *sampler, const struct watch *watch, struct sample_memory *memory,
		       const struct tick *tick, struct store_process_sample *sample)
{
	int64_t since_ns = clock_cpu_ns();
	struct fd_survey survey = {0};
	int code = SEEP_OK;

	if (sampler->is_due[LOOK_MEMORY])
		look_at_memory(watch_pid(watch), &sample->figures);
	charge(sampler, LOOK_MEMORY, &since_ns);
	if (sampler->is_due[LOOK_DESCRIPTORS] && fd_survey_read(&survey, watch_pid(watch))) {
		sample->figures.descriptors = (int64_t)survey.count;
		code = record_unseen(watch, &survey, memory, tick);
		charge(sampler, LOOK_DESCRIPTORS, &since_ns);
		if (sampler->is_due[LOOK_SOCKETS])
			count_states(sampler, &survey, watch_pid(watch), sample->tcp);
		charge(sampler, LOOK_SOCKETS, &since_ns);
	}
	fd_survey_release(&survey);
	if (sampler->is_due[LOOK_PAGES])
		look_at_pages(watch, &sample->figures);
	charge(sampler, LOOK_PAGES, &since_ns);
	return code;
}

static int look_at_figures(struct sampler *sampler, const struct watch *watch, struct sample_memory *memory,
			   const struct tick *tick, struct store_process_sample *sample)
{
	bool any_is_due = false;
	int code;

	for (int i = 0; i < LOOK_OWNERS; i++)
		any_is_due |= sampler->is_due[i];
	if (!any_is_due)
		return SEEP_OK;
	code = look_at_all(sampler, watch, memory, tick, sample);
	if (sample->figures.cpu_user_ns >= 0 && sample->figures.cpu_system_ns >= 0)
		memory->cpu_ns = sample->figures.cpu_user_ns + sample->figures.cpu_system_ns;
	return code ? code : store_put_process_sample(tick->store, sample, tick->error);
}

/* With many of them they are counted seldom; the shim counts them at each tick. */
static int64_t descriptors_held(const struct watch *watch)
{
	struct fd_counts in_shim = watch_descriptors(watch);

	return fd_counts_sum(&in_shim);
}

static int look_at_owners(struct sampler *sampler, const struct watch *watch, struct sample_memory *memory,
			  const struct tick *tick)
{
	int64_t since_ns = clock_cpu_ns();
	int code;

	if (!sampler->is_due[LOOK_OWNERS] || !memory->is_whole || !look_is_due(&memory->look, tick))
		return SEEP_OK;
	code = look_take(&memory->look, watch, descriptors_held(watch) + memory->unseen_descriptors, tick);
	charge(sampler, LOOK_OWNERS, &since_ns);
	return code;
}

int sampler_take(struct sampler *sampler, const struct watch *watch, struct sample_memory *memory,
		 const struct tick *tick)
{
	struct store_process_sample sample = {.process_id = watch_process_id(watch)};
	int code;

	memory->cpu_ns = -1;
	memset(&sample.figures, -1, sizeof(sample.figures));
	memset(sample.tcp, -1, sizeof(sample.tcp));
	sample.figures.time = tick->now_ns / NS_PER_S;
	code = look_at_figures(sampler, watch, memory, tick, &sample);
	if (sample.figures.descriptors >= 0)
		memory->unseen_descriptors = sample.figures.descriptors - descriptors_held(watch);
	return code ? code : look_at_owners(sampler, watch, memory, tick);
}
