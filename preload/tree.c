/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "index.h"
#include "sys.h"

#define UNLOADED UINT64_MAX

/*
 * The next entry of an append-only table, or 0 if it is full or has no pages. Room is looked for before the
 * number is taken, so that a full file system leaves no growing gap; a gap that a race leaves is never ready.
 */
static uint32_t entry_take(uint32_t *used, struct region *region, size_t entry_bytes)
{
	uint32_t id = __atomic_load_n(used, __ATOMIC_RELAXED);

	if (!region_ensure(region, (id + 1) * entry_bytes))
		return 0;
	id = __atomic_fetch_add(used, 1, __ATOMIC_ACQ_REL);
	return region_ensure(region, (id + 1) * entry_bytes) ? id : 0;
}

/* ---- modules ---- */

/* What identifies a loaded object, gathered without a system call but for a relative name. */
struct identity {
	uint64_t base, size;
	uint32_t build_id_size;
	uint8_t build_id[32];
	bool truncated;
	char path[ARENA_MODULE_PATH];
};

/* Private beside arena_module: where each module's mapping starts. */
static uintptr_t *module_starts;

static void path_set(struct identity *identity, const char *directory, const char *name)
{
	size_t directory_length = directory ? strlen(directory) + 1 : 0;
	size_t length = directory_length + strlen(name);
	char full[2 * ARENA_PATH_MAX];

	if (length >= sizeof(full))
		length = sizeof(full) - 1;
	if (directory_length && directory_length < sizeof(full)) {
		memcpy(full, directory, directory_length - 1);
		full[directory_length - 1] = '/';
	}
	memcpy(full + directory_length, name, length - directory_length);
	identity->truncated = length >= sizeof(identity->path);
	if (identity->truncated) {
		memcpy(identity->path, full + length - sizeof(identity->path) + 1, sizeof(identity->path) - 1);
		length = sizeof(identity->path) - 1;
	} else {
		memcpy(identity->path, full, length);
	}
	identity->path[length] = '\0';
}

static void identity_path(struct identity *identity, const struct link_map *map)
{
	char directory[ARENA_PATH_MAX];
	ssize_t length;

	if (!map->l_name || !map->l_name[0]) {
		path_set(identity, NULL, shim.exe);
	} else if (map->l_name[0] == '/') {
		path_set(identity, NULL, map->l_name);
	} else if (strncmp(map->l_name, "linux-vdso", 10) == 0) {
		path_set(identity, NULL, "[vdso]");
	} else {
		length = sys_readlink("/proc/self/cwd", directory, sizeof(directory) - 1);
		directory[length > 0 ? length : 0] = '\0';
		path_set(identity, directory, map->l_name);
	}
}

static void identity_note(struct identity *identity, const char *note, size_t size)
{
	while (size >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *header = (const ElfW(Nhdr) *)note;
		size_t name_size = (header->n_namesz + 3u) & ~3u;
		size_t total = sizeof(*header) + name_size + ((header->n_descsz + 3u) & ~3u);

		if (total > size)
			return;
		if (header->n_type == NT_GNU_BUILD_ID && header->n_namesz == 4 && header->n_descsz &&
		    header->n_descsz <= sizeof(identity->build_id) && memcmp(note + sizeof(*header), "GNU", 4) == 0) {
			identity->build_id_size = header->n_descsz;
			memcpy(identity->build_id, note + sizeof(*header) + name_size, header->n_descsz);
			return;
		}
		note += total;
		size -= total;
	}
}

/* The headers of a loaded object are mapped with its first segment. */
static void identity_build_id(struct identity *identity, uintptr_t start)
{
	const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *)start;
	const ElfW(Phdr) * segments;

	if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_phentsize != sizeof(ElfW(Phdr)) ||
	    elf->e_phoff + elf->e_phnum * sizeof(ElfW(Phdr)) > ARENA_PAGE)
		return;
	segments = (const ElfW(Phdr) *)(start + elf->e_phoff);
	for (int i = 0; i < elf->e_phnum && !identity->build_id_size; i++)
		if (segments[i].p_type == PT_NOTE)
			identity_note(identity, (const char *)(identity->base + segments[i].p_vaddr),
				      segments[i].p_memsz);
}

static void identity_of(struct identity *identity, const struct dl_find_object *object)
{
	memset(identity, 0, sizeof(*identity));
	identity->base = object->dlfo_link_map->l_addr;
	identity->size = (uint64_t)((char *)object->dlfo_map_end - (char *)object->dlfo_map_start);
	identity_path(identity, object->dlfo_link_map);
	identity_build_id(identity, (uintptr_t)object->dlfo_map_start);
}

static bool identity_is(const struct identity *identity, const struct arena_module *module)
{
	return module->size == identity->size && module->build_id_size == identity->build_id_size &&
	       memcmp(module->build_id, identity->build_id, identity->build_id_size) == 0 &&
	       strcmp(module->path, identity->path) == 0;
}

static uint32_t modules_count(void)
{
	uint32_t used = __atomic_load_n(&shim.slot.header->modules_used, __ATOMIC_ACQUIRE);

	return used < shim.arena->module_capacity ? used : shim.arena->module_capacity;
}

static uint32_t module_append(const struct identity *identity, uintptr_t start)
{
	uint32_t id =
		entry_take(&shim.slot.header->modules_used, &shim.slot.modules_region, sizeof(struct arena_module));
	struct arena_module *module = &shim.slot.modules[id];

	if (!id)
		return ARENA_MODULE_ANONYMOUS;
	module->build_id_size = identity->build_id_size;
	memcpy(module->build_id, identity->build_id, sizeof(module->build_id));
	module->size = identity->size;
	module->path_truncated = identity->truncated;
	module->generation = 1;
	memcpy(module->path, identity->path, sizeof(module->path));
	module_starts[id] = start;
	module->base = identity->base;
	__atomic_store_n(&module->ready, 1, __ATOMIC_RELEASE);
	return id;
}

/* The module that an address lies in now; ARENA_MODULE_ANONYMOUS for code of no file. */
static uint32_t module_of(uintptr_t address)
{
	struct dl_find_object object;
	struct identity identity;
	uint32_t count = modules_count();

	if (!module_starts || _dl_find_object((void *)address, &object) != 0)
		return ARENA_MODULE_ANONYMOUS;
	for (uint32_t id = 1; id < count; id++)
		if (module_starts[id] == (uintptr_t)object.dlfo_map_start &&
		    __atomic_load_n(&shim.slot.modules[id].base, __ATOMIC_RELAXED) != UNLOADED)
			return id;
	identity_of(&identity, &object);
	for (uint32_t id = 1; id < count; id++) {
		struct arena_module *module = &shim.slot.modules[id];

		if (!__atomic_load_n(&module->ready, __ATOMIC_ACQUIRE) || module->base != UNLOADED ||
		    !identity_is(&identity, module))
			continue;
		module_starts[id] = (uintptr_t)object.dlfo_map_start;
		module->generation++;
		__atomic_store_n(&module->base, identity.base, __ATOMIC_RELEASE);
		return id;
	}
	return module_append(&identity, (uintptr_t)object.dlfo_map_start);
}

void modules_revalidate(void)
{
	uint32_t count = modules_count();

	for (uint32_t id = 1; module_starts && id < count; id++) {
		struct arena_module *module = &shim.slot.modules[id];
		struct dl_find_object object;
		struct identity identity;

		if (!__atomic_load_n(&module->ready, __ATOMIC_ACQUIRE) || module->base == UNLOADED)
			continue;
		if (_dl_find_object((void *)module_starts[id], &object) == 0) {
			identity_of(&identity, &object);
			if (identity.base == module->base && identity_is(&identity, module))
				continue;
		}
		__atomic_store_n(&module->base, UNLOADED, __ATOMIC_RELEASE);
	}
}

/* ---- nodes ---- */

static struct index nodes_index, sites_index;
uint32_t *heap_sites;

struct node_key {
	uint32_t parent;
	uint32_t module_and_flags; /* 0 in a look-up by address */
	uint64_t offset;
	uintptr_t address;
	uint32_t flags;
};

static const struct arena_node *node_at(uint32_t id)
{
	return &shim.slot.nodes[id];
}

static bool node_matches_address(uint32_t id, const void *pointer)
{
	const struct node_key *key = pointer;
	const struct arena_node *node = node_at(id);
	uint32_t word = __atomic_load_n(&node->module_and_flags, __ATOMIC_ACQUIRE);
	uint32_t module = (word & ARENA_NODE_MODULE_MASK) - 1;

	return node->parent == key->parent && (word & ~ARENA_NODE_MODULE_MASK) == key->flags &&
	       module < ARENA_MODULE_PSEUDO &&
	       __atomic_load_n(&shim.slot.modules[module].base, __ATOMIC_ACQUIRE) + node->offset == key->address;
}

static bool node_matches_offset(uint32_t id, const void *pointer)
{
	const struct node_key *key = pointer;
	const struct arena_node *node = node_at(id);

	return node->parent == key->parent && node->offset == key->offset &&
	       __atomic_load_n(&node->module_and_flags, __ATOMIC_ACQUIRE) == key->module_and_flags;
}

static uint32_t node_append(const struct node_key *key)
{
	uint32_t id = entry_take(&shim.slot.header->nodes_used, &shim.slot.nodes_region, sizeof(struct arena_node));
	struct arena_node *node = &shim.slot.nodes[id];

	if (!id)
		return 0;
	node->parent = key->parent;
	node->offset = key->offset;
	__atomic_store_n(&node->module_and_flags, key->module_and_flags, __ATOMIC_RELEASE);
	return id;
}

static COLD struct node_id node_create(struct node_key *key, uint64_t address_hash)
{
	uint32_t module = module_of(key->address);
	uint64_t offset_hash;
	uint32_t id;

	key->offset = key->address - shim.slot.modules[module].base;
	key->module_and_flags = (module + 1) | key->flags;
	offset_hash = index_hash(index_hash(key->parent, key->module_and_flags), ~key->offset);
	id = index_find(&nodes_index, offset_hash, node_matches_offset, key);
	if (!id) {
		id = node_append(key);
		if (!id)
			return (struct node_id){PSEUDO_MISSING};
		id = index_insert(&nodes_index, offset_hash, id, node_matches_offset, key);
	}
	index_insert(&nodes_index, address_hash, id, node_matches_address, key);
	return (struct node_id){id};
}

struct node_id tree_child(struct node_id parent, uintptr_t address, unsigned flags)
{
	struct node_key key = {.parent = parent.n, .address = address};
	uint64_t hash = index_hash(parent.n + ((uint64_t)flags << 32), address);
	uint32_t id;

	if (UNLIKELY(flags))
		key.flags = (flags & FRAME_EXACT ? ARENA_FRAME_EXACT : 0) |
			    (flags & FRAME_GUESSED ? ARENA_FRAME_GUESSED : 0);
	id = index_find(&nodes_index, hash, node_matches_address, &key);
	return LIKELY(id) ? (struct node_id){id} : node_create(&key, hash);
}

struct tree_path path_cache[1 << PATH_SET_BITS][PATH_WAYS] __attribute__((aligned(128)));

/* The way that is void, or has been written less often. */
static struct tree_path *path_victim(struct tree_path *set, uint32_t generation)
{
	for (int way = 0; way < PATH_WAYS; way++)
		if (set[way].parent.n == 0 && set[way].frames[0] == 0)
			return &set[way];
	for (int way = 0; way < PATH_WAYS; way++)
		if (set[way].generation != generation)
			return &set[way];
	return &set[atomic_load_explicit(&set[0].writes, memory_order_relaxed) >
		    atomic_load_explicit(&set[1].writes, memory_order_relaxed)];
}
static_assert(PATH_WAYS == 2, "path_victim() chooses between two");

static void path_enter(struct tree_path *path, uint32_t generation, struct node_id parent, const uintptr_t *frames,
		       const struct node_id *nodes)
{
	uint32_t writes = atomic_load_explicit(&path->writes, memory_order_relaxed);

	if (writes & 1 || !atomic_compare_exchange_strong(&path->writes, &writes, writes + 1))
		return;
	path->generation = generation;
	path->parent = parent;
	memcpy(path->frames, frames, sizeof(path->frames));
	memcpy(path->nodes, nodes, sizeof(path->nodes));
	atomic_store_explicit(&path->writes, writes + 2, memory_order_release);
}

/* In a section: the ids that a cache holds are of entries that a fork's copy of the tree has. */
COLD bool tree_path_find(struct node_id parent, const uintptr_t frames[static PATH_FRAMES],
			 struct node_id nodes[static PATH_FRAMES])
{
	uint32_t generation = atomic_load_explicit(&shim.code_generation, memory_order_acquire);
	struct section section = section_begin();
	struct node_id node = parent;

	for (int i = 0; i < PATH_FRAMES && node.n != PSEUDO_MISSING; i++) {
		if (frames[i])
			node = tree_child(node, TREE_FRAME_ADDRESS(frames[i]), TREE_FRAME_FLAGS(frames[i]));
		nodes[i] = node;
	}
	if (node.n != PSEUDO_MISSING && atomic_load_explicit(&shim.unloading, memory_order_acquire) == 0)
		path_enter(path_victim(tree_path_set(parent, frames), generation), generation, parent, frames, nodes);
	section_end(section);
	return node.n != PSEUDO_MISSING;
}

void tree_caches_void(void)
{
	atomic_fetch_add(&shim.code_generation, 1);
	sys_madvise(heap_sites, (size_t)shim.arena->node_capacity * sizeof(*heap_sites), MADV_DONTNEED);
}

uint32_t tree_frames(struct node_id node, uintptr_t *frames, uint32_t max)
{
	uint32_t count = 0;

	for (; node.n >= PSEUDO_COUNT && count < max; node.n = node_at(node.n)->parent) {
		const struct arena_node *at = node_at(node.n);
		uint32_t module = (at->module_and_flags & ARENA_NODE_MODULE_MASK) - 1;

		frames[count++] = TREE_FRAME(shim.slot.modules[module].base + at->offset,
					     (at->module_and_flags & ARENA_FRAME_EXACT ? FRAME_EXACT : 0) |
						     (at->module_and_flags & ARENA_FRAME_GUESSED ? FRAME_GUESSED : 0));
	}
	return count;
}

/* ---- sites ---- */

struct site_key {
	uint32_t node;
	uint16_t kind;
	uint64_t interval;
};

static bool site_matches(uint32_t id, const void *pointer)
{
	const struct site_key *key = pointer;
	const struct arena_site *site = &shim.slot.sites[id];

	return site->node == key->node && site->kind == key->kind && site->interval == key->interval;
}

static COLD uint32_t site_append(const struct site_key *key)
{
	uint32_t used = __atomic_load_n(&shim.slot.header->sites_used, __ATOMIC_RELAXED);
	struct arena_site *site;
	uint32_t id;

	if (!region_ensure(&shim.slot.counters_region[SHARED_SHARD], (used + 64) * sizeof(struct arena_counters)))
		return 0;
	id = entry_take(&shim.slot.header->sites_used, &shim.slot.sites_region, sizeof(struct arena_site));
	if (!id)
		return 0;
	site = &shim.slot.sites[id];
	site->node = key->node;
	site->kind = key->kind;
	site->interval = key->interval;
	__atomic_store_n(&site->ready, 1, __ATOMIC_RELEASE);
	return id;
}

COLD struct site_id tree_site_find(struct node_id node, enum seep_kind kind, uint64_t interval)
{
	struct site_key key = {node.n, (uint16_t)kind, interval};
	uint64_t hash = index_hash((uint64_t)kind << 32 ^ interval << 8, node.n);
	struct section section;
	uint32_t id;

	if (UNLIKELY(node.n == PSEUDO_MISSING && !interval))
		return (struct site_id){kind + 1u};
	section = section_begin(); /* as in tree_path_find() */
	id = index_find(&sites_index, hash, site_matches, &key);
	if (!id) {
		id = site_append(&key);
		if (id)
			id = index_insert(&sites_index, hash, id, site_matches, &key);
		else if (interval)
			trust_add(TRUST_DROPPED_EVENTS, 1); /* it will be counted, for itself alone */
	}
	if (kind == SEEP_KIND_HEAP && !interval)
		heap_sites[node.n] = id;
	section_end(section);
	return (struct site_id){id ? id : kind + 1u};
}

struct site_id site_pseudo(enum arena_pseudo pseudo, enum seep_kind kind)
{
	return tree_site((struct node_id){(uint32_t)pseudo}, kind);
}

enum seep_kind site_kind(struct site_id site)
{
	return (enum seep_kind)shim.slot.sites[site.n].kind;
}

bool tree_init(void)
{
	module_starts = pages_map(shim.arena->module_capacity * sizeof(*module_starts));
	heap_sites = pages_map((size_t)shim.arena->node_capacity * sizeof(*heap_sites));
	return module_starts && heap_sites;
}
