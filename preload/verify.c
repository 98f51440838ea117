/* SPDX-License-Identifier: MIT */
/*
 * verify.c - SEEP_OPTIONS=verify_unwind=1: every capture is compared with libunwind's full walk. A debug mode.
 *
 * What is compared: each frame, innermost first, to the thread's start, to the frame where a stack was cut, or to where
 * it broke. Where code has no unwind information both go on along rbp by the definition in capture.h, and from there
 * each further frame is libunwind's again. Not compared: stacks of a process that is being single-stepped, and of
 * children of threaded processes.
 *
 * libunwind is loaded here only, with RTLD_LOCAL: linked, Debian's would export _Unwind_* and take over the server's
 * C++ exceptions. Its cache of rules is emptied when a library is unloaded. Steps, not unw_backtrace(), whose own
 * cache of frames goes stale then and cannot be emptied.
 */
#define UNW_LOCAL_ONLY /* the local unwinder, in libunwind.so.8 itself */
#include <errno.h>
#include <libunwind.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "capture.h"
#include "hooks.h"
#include "sys.h"
#include "tree.h"

#define STRING(x) STRING_(x)
#define STRING_(x) #x

/* The names are macros for the architecture's symbols. */
static __typeof__(&unw_init_local) init_local;
static __typeof__(&unw_step) step;
static __typeof__(&unw_get_reg) get_reg;
static __typeof__(&unw_flush_cache) flush_cache;
static int (*getcontext_of)(unw_context_t *);
static unw_addr_space_t *address_space;

bool verify_init(void)
{
	void *library = dlopen("libunwind.so.8", RTLD_LOCAL | RTLD_NOW);
	__typeof__(&unw_set_caching_policy) set_policy;
	__typeof__(&unw_set_cache_size) set_size;

	if (!library)
		return false;
	init_local = (__typeof__(init_local))dlsym(library, STRING(unw_init_local));
	step = (__typeof__(step))dlsym(library, STRING(unw_step));
	get_reg = (__typeof__(get_reg))dlsym(library, STRING(unw_get_reg));
	getcontext_of = (int (*)(unw_context_t *))dlsym(library, "_Ux86_64_getcontext");
	set_policy = (__typeof__(set_policy))dlsym(library, STRING(unw_set_caching_policy));
	set_size = (__typeof__(set_size))dlsym(library, STRING(unw_set_cache_size));
	flush_cache = (__typeof__(flush_cache))dlsym(library, STRING(unw_flush_cache));
	address_space = dlsym(library, STRING(unw_local_addr_space));
	if (!init_local || !step || !get_reg || !getcontext_of || !set_policy || !set_size || !flush_cache ||
	    !address_space)
		return false;
	set_policy(*address_space, UNW_CACHE_GLOBAL);
	set_size(*address_space, 8192, 0);
	return true;
}

static void say(const char *text)
{
	sys_write(2, text, strlen(text));
}

static void say_hex(uintptr_t value)
{
	char text[19];

	for (int i = 0; i < 16; i++)
		text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
	text[16] = ' ';
	text[17] = '\0';
	say(text);
}

static COLD void difference(const uintptr_t *frames, uint32_t count, uint32_t at, uintptr_t expected)
{
	static _Atomic(int) said;

	trust_add(TRUST_VERIFY_DIFFERENCES, 1);
	if (atomic_fetch_add(&said, 1))
		return;
	say("libseep: verify_unwind: libunwind has ");
	say_hex(expected);
	say("at the frame after the first of these that it shares\n");
	for (uint32_t i = 0; i < count && i <= at; i++)
		say_hex(TREE_FRAME_ADDRESS(frames[i]));
	say("\n");
}

/* Advances to the hook's caller; false if the walk does not meet it. */
static bool skip_own_frames(unw_cursor_t *cursor, const struct hook_frame *hook)
{
	unw_word_t ip, sp;

	while (step(cursor) > 0) {
		get_reg(cursor, UNW_REG_IP, &ip);
		get_reg(cursor, UNW_REG_SP, &sp);
		if (ip == hook->return_address && sp == (uintptr_t)(hook + 1))
			return true;
	}
	return false;
}

/*
 * From a frame without unwind information to its caller along rbp, as capture.h says. libunwind would go there too, but
 * leave its stack pointer at the old CFA + 16 instead of rbp + 16 (1.6.2, x86_64/Gstep.c), and a caller that is found
 * by rsp after that is a wrong one. So it starts anew from the caller. False: rbp leads nowhere.
 */
static bool step_along_rbp(unw_cursor_t *cursor, unw_context_t *context)
{
	static const struct {
		int of_unwinder, of_context;
	} kept[] = {{UNW_X86_64_RBX, REG_RBX},
		    {UNW_X86_64_R12, REG_R12},
		    {UNW_X86_64_R13, REG_R13},
		    {UNW_X86_64_R14, REG_R14},
		    {UNW_X86_64_R15, REG_R15}};
	greg_t *registers = context->uc_mcontext.gregs;
	unw_word_t value;
	const greg_t *frame;

	if (get_reg(cursor, UNW_X86_64_RBP, &value) != 0 || value == 0)
		return false;
	frame = (const greg_t *)value; // NOLINT(performance-no-int-to-ptr): the frame that rbp points to
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (get_reg(cursor, kept[i].of_unwinder, &value) == 0)
			registers[kept[i].of_context] = (greg_t)value;
	registers[REG_RBP] = frame[0];
	registers[REG_RIP] = frame[1];
	registers[REG_RSP] = (greg_t)(frame + 2);
	return registers[REG_RIP] != 0 && init_local(cursor, context) == 0;
}

/* Each frame by libunwind; where it has no information too, by the definition of a guessed frame. */
static void frames_compare(unw_cursor_t *cursor, unw_context_t *context, const uintptr_t *frames,
			   const struct capture *capture)
{
	bool goes_on = true;
	unw_word_t ip;

	for (uint32_t i = 0; i < capture->count; i++) {
		ip = 0;
		if (goes_on)
			get_reg(cursor, UNW_REG_IP, &ip);
		if (ip != TREE_FRAME_ADDRESS(frames[i])) {
			difference(frames, capture->count, i, ip);
			return;
		}
		if (!(TREE_FRAME_FLAGS(frames[i]) & FRAME_GUESSED))
			goes_on = step(cursor) > 0;
		else if (i + 1 == capture->count && capture->is_broken)
			return; /* rbp does not lead on: it is not for libunwind to try it */
		else
			goes_on = step_along_rbp(cursor, context);
	}
	ip = 0;
	if (goes_on)
		get_reg(cursor, UNW_REG_IP, &ip);
	if ((ip != 0) != capture->is_truncated)
		difference(frames, capture->count, capture->count, ip);
}

/* libunwind blocks all signals, and the kernel ends a process that has the one of its steps blocked. */
static bool is_single_stepped(void)
{
	enum { TRAP_FLAG = 0x100 };

	return __builtin_ia32_readeflags_u64() & TRAP_FLAG;
}

/* What is cached of the code is void when a library was unloaded. */
static void caches_check(void)
{
	static _Atomic(uint32_t) seen;
	uint32_t generation = atomic_load(&shim.code_generation);

	if (atomic_load(&shim.unloading) || atomic_exchange(&seen, generation) != generation)
		flush_cache(*address_space, 0, 0);
}

/*
 * A child has its parent's locks as they were at the moment of the fork: where there were other threads, one of
 * libunwind's or of the dynamic linker's may be held for ever. Nothing is compared there.
 */
static bool locks_are_free(void)
{
	static _Atomic(pid_t) owner;
	pid_t pid = sys_getpid();

	if (atomic_load(&owner) == pid || shim_in_vfork_child)
		return true;
	if (atomic_exchange(&owner, pid) != 0 && !__libc_single_threaded)
		shim.verify_unwind = false;
	return shim.verify_unwind;
}

static uint64_t signal_bit(int number)
{
	return UINT64_C(1) << (number - 1);
}

struct comparison {
	const struct hook_frame *hook;
	const uintptr_t *frames;
	const struct capture *capture;
};

/*
 * Called by dl_iterate_phdr(), that is with the dynamic linker's lock, which libunwind takes as well: in this order
 * always. Otherwise a thread that allocates inside dlopen() would wait for libunwind's lock, and the holder for it.
 */
static int compare(struct dl_phdr_info *info, size_t size, void *argument)
{
	const struct comparison *comparison = argument;
	unw_context_t context;
	unw_cursor_t cursor;

	(void)info;
	(void)size;
	caches_check();
	getcontext_of(&context);
	init_local(&cursor, &context);
	if (skip_own_frames(&cursor, comparison->hook))
		frames_compare(&cursor, &context, comparison->frames, comparison->capture);
	else
		difference(comparison->frames, comparison->capture->count, 0, 0);
	return 1;
}

/*
 * Signals wait meanwhile: libunwind's acquisitions are not the program's and pass unrecorded, but those of a handler
 * are.
 */
void verify_stack(const struct hook_frame *hook, const uintptr_t *frames, const struct capture *capture)
{
	struct comparison comparison = {hook, frames, capture};
	uintptr_t allocator_frame = local.allocator_frame;
	uint64_t asynchronous = ~(signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | signal_bit(SIGFPE) |
				  signal_bit(SIGTRAP)),
		 blocked;
	int saved_errno = errno;

	if (is_single_stepped() || !locks_are_free())
		return;
	sys_rt_sigprocmask(SIG_SETMASK, &asynchronous, &blocked);
	local.allocator_frame = UINTPTR_MAX;
	trust_add(TRUST_VERIFY_CAPTURES, 1);
	dl_iterate_phdr(compare, &comparison);
	local.allocator_frame = allocator_frame;
	sys_rt_sigprocmask(SIG_SETMASK, &blocked, NULL);
	errno = saved_errno;
}
