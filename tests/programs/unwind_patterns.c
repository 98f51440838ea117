/* SPDX-License-Identifier: MIT */
/*
 * unwind_patterns.c PATTERN COUNT - allocates COUNT times or a little more from one shape of stack. `expect` lines say
 * how often below which function, but for signals that come at any moment: what a handler allocates while its thread is
 * inside the allocator passes for the allocator's own. For the patterns with signals reentrant_plugin.so is to be
 * preloaded: only then may a handler allocate at any moment.
 */
#include "expect.h"

#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

static FRAME void allocate(void)
{
	void *block = malloc(10);

	KEEP(block);
	free(block);
	KEEP(block);
}

static void expect_count(const char *function, uint64_t count)
{
	expect(1, function, "heap", (struct expected){count, count, count * 10, count * 10});
}

/* ---- frames of every shape ---- */

static FRAME void frame_alloca(size_t size)
{
	char *room = alloca(size);

	memset(room, 1, size);
	allocate();
	KEEP(room);
}

static FRAME void frame_realigned(size_t size)
{
	_Alignas(64) char room[128];

	memset(room, 1, sizeof(room));
	frame_alloca(size);
	KEEP(room);
}

/* Arguments on the stack, a realigned frame and alloca: the frame is found by an expression. */
static FRAME long frame_expression(long a, long b, long c, long d, long e, long f, long g, long h, size_t size)
{
	_Alignas(32) char room[64];
	char *more = alloca(size);

	memset(room, 1, sizeof(room));
	memset(more, 1, size);
	frame_realigned(size);
	KEEP(room);
	KEEP(more);
	return a + b + c + d + e + f + g + h;
}

static FRAME __attribute__((optimize("no-omit-frame-pointer"))) void frame_pointer(size_t size)
{
	char *sum = (char *)frame_expression(1, 2, 3, 4, 5, 6, 7, 8, size);

	allocate();
	KEEP(sum);
}

static void run_frames(unsigned count)
{
	unsigned rounds = count / 2 + 1;

	for (unsigned i = 0; i < rounds; i++)
		frame_pointer(i % 500 + 1);
	expect_count("frame_pointer", 2 * rounds);
	expect_count("frame_expression", rounds);
	expect_count("frame_realigned", rounds);
	expect_count("frame_alloca", rounds);
}

/* ---- depth ---- */

/* The way down and back by calls of changing depth, so that the common outer part is long, short or none. */
static FRAME void descend(int depth, int every)
{
	char room[24];

	KEEP(room);
	if (depth % every == 0)
		allocate();
	if (depth > 0)
		descend(depth - 1, every);
	if (depth % every == 1)
		allocate();
	KEEP(room);
}

static void run_depth(unsigned count)
{
	static const int depths[] = {10, 240, 40, 300, 90, 600, 3, 510};

	for (unsigned made = 0, i = 0; made < count; i++) {
		descend(depths[i % 8], i % 8 < 4 ? 2 : 7);
		made += 20;
	}
}

/* ---- what earlier calls left on the stack ---- */

/*
 * Frames with unwritten room: return addresses and saved registers of earlier calls stay in it. The sizes vary so that
 * inner frames come to lie where they were while their callers do not.
 */
static FRAME void stale_inner(void)
{
	allocate();
	KEEP(stale_inner);
}

static FRAME void stale_room(unsigned choice)
{
	char *room = alloca(16 * (choice >> 4 & 15) + 1);

	KEEP(room);
	if (choice >> 8 & 1)
		stale_inner();
	allocate();
	KEEP(room);
}

static FRAME void stale_between(unsigned choice)
{
	char room[8];

	KEEP(room);
	stale_room(choice);
	KEEP(room);
}

static FRAME void stale_outer(unsigned choice)
{
	char *room = alloca(16 * (choice & 7) + 1);

	KEEP(room);
	if (choice & 8)
		stale_between(choice);
	else
		stale_room(choice);
	KEEP(room);
}

static void run_stale(unsigned count)
{
	uint64_t random = 1, made = 0, between = 0;

	while (made < count) {
		unsigned choice = (unsigned)(random >> 40);
		unsigned allocations = 1 + (choice >> 8 & 1);

		stale_outer(choice);
		made += allocations;
		between += choice & 8 ? allocations : 0;
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
	}
	expect_count("stale_outer", made);
	expect_count("stale_between", between);
}

/* ---- coroutines ---- */

enum { COROUTINES = 8, COROUTINE_STACK = 64 * 1024 };
static ucontext_t contexts[COROUTINES + 1];
static unsigned coroutine_turns;

static FRAME void coroutine_turn(int self, int depth)
{
	if (depth > 0)
		coroutine_turn(self, depth - 1);
	else
		allocate();
	allocate();
	if (depth == self)
		swapcontext(&contexts[self], &contexts[(self + 1) % (COROUTINES + 1)]);
	KEEP(&depth);
}

static FRAME void coroutine_body(int self)
{
	for (;;)
		coroutine_turn(self, 10);
}

static void run_coroutines(unsigned count)
{
	static char stacks[COROUTINES][COROUTINE_STACK];

	for (int i = 1; i <= COROUTINES; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = stacks[i - 1];
		contexts[i].uc_stack.ss_size = COROUTINE_STACK;
		makecontext(&contexts[i], (void (*)(void))coroutine_body, 1, i);
	}
	for (coroutine_turns = 0; coroutine_turns * 100 < count; coroutine_turns++)
		coroutine_turn(0, 10);
}

/* ---- signals ---- */

static volatile sig_atomic_t handled;

static FRAME void handler(int number)
{
	(void)number;
	allocate();
	handled++;
}

static void handle(int number, int flags, void (*function)(int))
{
	static char stack[64 * 1024];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigaltstack(&alternate, NULL);
	sigaction(number, &(struct sigaction){.sa_handler = function, .sa_flags = flags}, NULL);
}

static int compare_longs(const void *a, const void *b)
{
	return (*(const long *)a > *(const long *)b) - (*(const long *)a < *(const long *)b);
}

/* Something of everything: calls through the PLT, callbacks out of libc, the vdso, tables, the hooks themselves. */
static FRAME void work(void)
{
	struct timespec now;
	long numbers[16];
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (int i = 0; i < 16; i++)
		numbers[i] = (now.tv_nsec * (i + 1)) % 97;
	qsort(numbers, 16, sizeof(numbers[0]), compare_longs);
	snprintf(text, sizeof(text), "%ld %f %s", numbers[3], (double)numbers[5], "text");
	KEEP(strstr(text, "xt"));
	KEEP((void *)strtol(text, NULL, 10));
}

/* A timer's signals, by turns on the alternate stack and on the own one. */
static void run_timer(unsigned count)
{
	struct itimerval every = {{0, 100}, {0, 100}};
	unsigned rounds = 0;

	handle(SIGALRM, SA_ONSTACK, handler);
	setitimer(ITIMER_REAL, &every, NULL);
	while ((unsigned)handled < count) {
		for (int i = 0; i < 20; i++)
			work();
		frame_realigned(50);
		handle(SIGALRM, ++rounds % 2 ? 0 : SA_ONSTACK, handler);
	}
	every = (struct itimerval){0};
	setitimer(ITIMER_REAL, &every, NULL);
}

static FRAME void raise_nested(int depth)
{
	if (depth > 0)
		raise_nested(depth - 1);
	else
		raise(SIGUSR1);
	KEEP(&depth);
}

static void raising_handler(int number)
{
	(void)number;
	allocate();
	raise(SIGUSR2);
	allocate();
	KEEP(&number);
}

/* A handler that raises a signal whose handler is on the same, alternate stack. */
static void run_nested(unsigned count)
{
	unsigned rounds = count / 3 + 1;

	handle(SIGUSR1, SA_ONSTACK, raising_handler);
	handle(SIGUSR2, SA_ONSTACK, handler);
	for (unsigned i = 0; i < rounds; i++)
		raise_nested((int)(i % 20));
	expect_count("raise_nested", 3 * rounds);
	expect_count("raising_handler", 3 * rounds);
	expect_count("handler", rounds);
}

static sigjmp_buf before;

static void jumping_handler(int number)
{
	handler(number);
	siglongjmp(before, 1);
}

static FRAME void jump_from(int depth)
{
	if (depth > 0)
		jump_from(depth - 1);
	else
		raise(SIGUSR1);
	KEEP(&depth);
}

static void run_jumps(unsigned count)
{
	volatile unsigned rounds = 0;

	handle(SIGUSR1, SA_ONSTACK, jumping_handler);
	while (rounds < count) {
		rounds++;
		if (sigsetjmp(before, 1) == 0)
			jump_from((int)(rounds % 30));
	}
	expect_count("jump_from", rounds);
}

/* ---- a signal after each instruction ---- */

/* The trap flag, in functions of their own so that nobody's red zone is written. */
void step_begin(void);
void step_end(void);
__asm__(".pushsection .text\n"
	".type step_begin, @function\n"
	"step_begin:\n.cfi_startproc\n"
	"pushfq\n.cfi_adjust_cfa_offset 8\n"
	"orq $0x100, (%rsp)\n"
	"popfq\n.cfi_adjust_cfa_offset -8\n"
	"ret\n.cfi_endproc\n.size step_begin, . - step_begin\n"
	".type step_end, @function\n"
	"step_end:\n.cfi_startproc\n"
	"pushfq\n.cfi_adjust_cfa_offset 8\n"
	"andq $~0x100, (%rsp)\n"
	"popfq\n.cfi_adjust_cfa_offset -8\n"
	"ret\n.cfi_endproc\n.size step_end, . - step_end\n"
	".popsection\n");

/*
 * Stops between any two instructions: in PLT entries, prologues, epilogues, the vdso, libc, and the hooks with all that
 * they call. Not malloc()'s: its lock-free pool would try for ever, as a handler changes it at each step.
 */
static void run_steps(unsigned count)
{
	handle(SIGTRAP, SA_ONSTACK, handler);
	while ((unsigned)handled < count) {
		step_begin();
		work();
		close(eventfd(0, 0));
		step_end();
		handle(SIGTRAP, handled % 2 ? 0 : SA_ONSTACK, handler);
	}
}

/* ---- code without unwind information ---- */

/* Calls a function; by rbp it can be followed, at least up to its caller. */
void bare_with_rbp(void (*function)(void));
/* The same with something else in rbp: here the stack ends. */
void bare_without_rbp(void (*function)(void), uintptr_t rbp);
/* The same with unwind information that needs rbx, as in ld.so's lazy binding. */
void framed_by_rbx(void (*function)(void));
__asm__(".pushsection .text\n"
	".type bare_with_rbp, @function\n"
	"bare_with_rbp:\n"
	"push %rbp\nmov %rsp, %rbp\nsub $32, %rsp\ncall *%rdi\nleave\nret\n"
	".size bare_with_rbp, . - bare_with_rbp\n"
	".type bare_without_rbp, @function\n"
	"bare_without_rbp:\n"
	"push %rbp\nmov %rsi, %rbp\ncall *%rdi\npop %rbp\nret\n"
	".size bare_without_rbp, . - bare_without_rbp\n"
	".type framed_by_rbx, @function\n"
	"framed_by_rbx:\n.cfi_startproc\n"
	"push %rbx\n.cfi_def_cfa_offset 16\n.cfi_offset rbx, -16\n"
	"mov %rsp, %rbx\n.cfi_def_cfa_register rbx\n"
	"and $-64, %rsp\ncall *%rdi\nmov %rbx, %rsp\n.cfi_def_cfa_register rsp\n"
	"pop %rbx\n.cfi_def_cfa_offset 8\nret\n"
	".cfi_endproc\n.size framed_by_rbx, . - framed_by_rbx\n"
	".popsection\n");

static FRAME void bare_caller(void)
{
	bare_with_rbp(allocate);
	KEEP(bare_caller);
}

static FRAME void rbx_user(void)
{
	framed_by_rbx(allocate);
	KEEP(rbx_user);
}

/* Both kinds in one stack. */
static FRAME void bare_and_rbx(void)
{
	bare_with_rbp(rbx_user);
	KEEP(bare_and_rbx);
}

static FRAME void bare_lost(uintptr_t rbp)
{
	bare_without_rbp(allocate, rbp);
	KEEP(bare_lost);
}

static void run_bare(unsigned count)
{
	static const uintptr_t odd[] = {0,           1, 8, 4096, UINT64_C(0x7fffffffeff8), UINT64_C(0x8000000000000000),
					~UINT64_C(0)};
	unsigned rounds = count / 3 + 1;

	for (unsigned i = 0; i < rounds; i++) {
		bare_caller();
		bare_and_rbx();
		bare_lost(odd[i % 7]);
	}
	expect_count("bare_caller", rounds);
	expect_count("bare_and_rbx", rounds);
	expect_count("bare_lost", 0);
	expect_count("allocate", 3 * rounds);
	dprintf(1, "trust %d broken_stacks %u\ntrust %d guessed_frames %u\n", (int)getpid(), rounds - (rounds + 6) / 7,
		(int)getpid(), 2 * rounds);
}

/* ---- choosing ---- */

static const struct {
	const char *name;
	void (*run)(unsigned count);
} patterns[] = {
	{"frames", run_frames},         {"stale", run_stale}, {"depth", run_depth},
	{"coroutines", run_coroutines}, {"timer", run_timer}, {"nested", run_nested},
	{"jumps", run_jumps},           {"steps", run_steps}, {"bare", run_bare},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (strcmp(argv[1], patterns[i].name) == 0) {
			patterns[i].run((unsigned)strtoul(argv[2], NULL, 10));
			return 0;
		}
	fprintf(stderr, "usage: unwind_patterns frames|stale|depth|coroutines|timer|nested|jumps|steps|bare COUNT\n");
	return 2;
}
