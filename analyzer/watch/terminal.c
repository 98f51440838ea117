/* SPDX-License-Identifier: MIT */
#define NCURSES_WIDECHAR 1
#include "terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "terminfo.h"

enum { ESCAPE_MS = 50, COLOUR_RED = 1, COLOUR_YELLOW, COLOUR_GREEN, LONGEST_LEAVE = 256 };

static struct {
	pthread_mutex_t lock; /* of curses: whoever exits closes the terminal while another thread may be drawing */
	bool is_open, is_utf8, has_colours;
	SCREEN *curses;
	struct termios before;
	sigset_t unblocked; /* what signals were blocked before */
	int errors;         /* standard error is kept here; -1 it is not */
	int real_errors;    /* where it went before */
	char leave[LONGEST_LEAVE];
	volatile sig_atomic_t ended_by, was_resized, was_stopped, was_continued;
} terminal = {.errors = -1, .real_errors = -1};

/* ---- standard error ---- */

static void keep_errors(void)
{
	terminal.errors = memfd_create("seep-errors", MFD_CLOEXEC);
	terminal.real_errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (terminal.errors < 0 || terminal.real_errors < 0)
		return;
	fflush(stderr);
	dup2(terminal.errors, STDERR_FILENO);
}

/* Async-signal-safe but for what stderr still buffers, which is nothing. */
static void tell_errors(void)
{
	char bytes[4096];
	ssize_t size;

	if (terminal.errors < 0 || terminal.real_errors < 0)
		return;
	dup2(terminal.real_errors, STDERR_FILENO);
	lseek(terminal.errors, 0, SEEK_SET);
	while ((size = read(terminal.errors, bytes, sizeof(bytes))) > 0)
		if (write(STDERR_FILENO, bytes, (size_t)size) < 0)
			break;
	close(terminal.errors);
	terminal.errors = -1;
}

/* ---- signals ---- */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGXCPU};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void on_ending(int number)
{
	terminal.ended_by = number;
}

static void on_event(int number)
{
	if (number == SIGWINCH)
		terminal.was_resized = 1;
	else if (number == SIGTSTP)
		terminal.was_stopped = 1;
	else
		terminal.was_continued = 1;
}

/* Curses may be in the middle of anything: what it would write was asked of it beforehand. */
static void on_crash(int number)
{
	ssize_t ignored = write(STDOUT_FILENO, terminal.leave, strlen(terminal.leave));

	(void)ignored;
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
	tell_errors();
	signal(number, SIG_DFL);
	raise(number);
}

/* nohup and the like: what is ignored stays ignored. */
static void take_signal(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler}, before;

	if (sigaction(number, NULL, &before) || before.sa_handler == SIG_IGN)
		return;
	sigaction(number, &action, NULL);
}

/* Blocked but while we wait: so no handler runs in the middle of anything. */
static void block_signals(void)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < COUNT_OF(ending); i++)
		sigaddset(&blocked, ending[i]);
	sigaddset(&blocked, SIGWINCH);
	sigaddset(&blocked, SIGTSTP);
	sigaddset(&blocked, SIGCONT);
	pthread_sigmask(SIG_BLOCK, &blocked, &terminal.unblocked);
}

static void take_signals(void)
{
	for (size_t i = 0; i < COUNT_OF(ending); i++)
		take_signal(ending[i], on_ending);
	for (size_t i = 0; i < COUNT_OF(crashes); i++)
		take_signal(crashes[i], on_crash);
	take_signal(SIGTSTP, on_event);
	take_signal(SIGCONT, on_event);
	take_signal(SIGWINCH, on_event);
}

/* ---- opening and closing ---- */

bool terminal_is_capable(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && terminfo_load(STDOUT_FILENO);
}

static void choose_colours(void)
{
	const char *unwanted = getenv("NO_COLOR");

	terminal.has_colours = has_colors() && !(unwanted && *unwanted) && start_color() == OK;
	if (!terminal.has_colours)
		return;
	use_default_colors();
	init_pair(COLOUR_RED, COLOR_RED, -1);
	init_pair(COLOUR_YELLOW, COLOR_YELLOW, -1);
	init_pair(COLOUR_GREEN, COLOR_GREEN, -1);
}

static void set_modes(void)
{
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
}

static void init_lock(void)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&terminal.lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

static int no_terminal(struct error *error)
{
	return error_set(error, SEEP_ERR_IO, "cannot use the terminal: %s; redirect the output to get whole reports",
			 strerror(errno));
}

int terminal_open(struct error *error)
{
	setlocale(LC_CTYPE, "");
	terminal.is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (tcgetattr(STDIN_FILENO, &terminal.before))
		return no_terminal(error);
	terminfo_leave(terminal.leave, sizeof(terminal.leave));
	init_lock();
	block_signals();
	take_signals(); /* before curses, which takes those that nobody has taken */
	terminal.curses = newterm(NULL, stdout, stdin);
	if (!terminal.curses) {
		pthread_sigmask(SIG_SETMASK, &terminal.unblocked, NULL);
		return no_terminal(error);
	}
	terminal.is_open = true;
	atexit(terminal_close);
	keep_errors();
	choose_colours();
	set_modes();
	return SEEP_OK;
}

void terminal_close(void)
{
	if (!terminal.curses)
		return;
	pthread_mutex_lock(&terminal.lock);
	if (terminal.is_open) {
		terminal.is_open = false;
		signal(SIGTTOU, SIG_IGN); /* in the background it would stop us here */
		endwin();
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
		tell_errors();
	}
	pthread_mutex_unlock(&terminal.lock);
}

void terminal_leave(int exit_code)
{
	int number = terminal.ended_by;

	terminal_close();
	if (number) {
		signal(number, SIG_DFL);
		pthread_sigmask(SIG_SETMASK, &terminal.unblocked, NULL);
		raise(number);
	}
	fflush(NULL);
	_exit(exit_code);
}

/* ---- waiting ---- */

static bool resize(void)
{
	struct winsize size;

	terminal.was_resized = 0;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col) {
		pthread_mutex_lock(&terminal.lock);
		if (terminal.is_open)
			resizeterm(size.ws_row, size.ws_col);
		pthread_mutex_unlock(&terminal.lock);
	}
	return true;
}

/* Stopped by the keyboard: the shell gets its terminal as it was, and we the view when we go on. */
static void stop(void)
{
	sigset_t stopping;

	terminal.was_stopped = 0;
	def_prog_mode();
	endwin();
	signal(SIGTSTP, SIG_DFL);
	sigemptyset(&stopping);
	sigaddset(&stopping, SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stopping, NULL);
	raise(SIGTSTP);
	/* continued */
	pthread_sigmask(SIG_BLOCK, &stopping, NULL);
	take_signal(SIGTSTP, on_event);
	terminal.was_continued = 1;
}

/* Whoever had the terminal meanwhile may have left it in any state and size. */
static void go_on(void)
{
	terminal.was_continued = 0;
	reset_prog_mode();
	set_modes();
	clearok(curscr, TRUE);
	refresh();
	resize();
}

static bool handle_signals(void)
{
	bool is_any = terminal.was_resized || terminal.was_stopped || terminal.was_continued;

	if (terminal.was_stopped)
		stop();
	if (terminal.was_continued)
		go_on();
	if (terminal.was_resized)
		resize();
	return is_any;
}

/* A terminal that has gone is readable for ever and has nothing to read. */
static bool is_gone(const struct pollfd *keyboard)
{
	int waiting = 0;

	if (keyboard->revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return keyboard->revents & POLLIN && (ioctl(STDIN_FILENO, FIONREAD, &waiting) || !waiting);
}

enum terminal_event terminal_wait(int descriptor)
{
	struct pollfd files[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = descriptor, .events = POLLIN}};

	for (;;) {
		int count = ppoll(files, COUNT_OF(files), NULL, &terminal.unblocked);

		if (terminal.ended_by)
			return TERMINAL_ENDED;
		if (handle_signals())
			return TERMINAL_REDRAW;
		if (count < 0)
			continue;
		return is_gone(&files[0]) ? TERMINAL_ENDED : TERMINAL_READY;
	}
}

/* ---- keys ---- */

static const struct {
	wint_t code;
	uint32_t key;
} known_keys[] = {
	{KEY_UP, WATCH_KEY_UP},           {KEY_DOWN, WATCH_KEY_DOWN},           {KEY_PPAGE, WATCH_KEY_PAGE_UP},
	{KEY_NPAGE, WATCH_KEY_PAGE_DOWN}, {KEY_HOME, WATCH_KEY_HOME},           {KEY_END, WATCH_KEY_END},
	{KEY_ENTER, WATCH_KEY_ENTER},     {KEY_BACKSPACE, WATCH_KEY_BACKSPACE}, {KEY_F(1), WATCH_KEY_HELP},
	{KEY_F(4), WATCH_KEY_FILTER},     {KEY_F(6), WATCH_KEY_SORT},           {KEY_F(10), WATCH_KEY_QUIT},
};

/* A sequence that terminfo does not know begins with an escape, too, which must not be taken for the key. */
static uint32_t escape_key(void)
{
	wint_t code;

	if (get_wch(&code) == ERR)
		return WATCH_KEY_ESCAPE;
	if (code != '[' && code != 'O') {
		unget_wch((wchar_t)code);
		return WATCH_KEY_ESCAPE;
	}
	while (get_wch(&code) != ERR)
		;
	return WATCH_KEY_NONE;
}

static uint32_t function_key(wint_t code)
{
	for (size_t i = 0; i < COUNT_OF(known_keys); i++)
		if (known_keys[i].code == code)
			return known_keys[i].key;
	return WATCH_KEY_NONE;
}

static uint32_t character_key(wint_t code)
{
	switch (code) {
	case '\033':
		return escape_key();
	case '\n':
	case '\r':
		return WATCH_KEY_ENTER;
	case 0x7f:
	case '\b':
		return WATCH_KEY_BACKSPACE;
	case 'L' - '@':
		clearok(curscr, TRUE);
		return WATCH_KEY_NONE;
	default:
		return code;
	}
}

uint32_t terminal_key(void)
{
	uint32_t key = WATCH_KEY_NONE;
	wint_t code;
	int found;

	pthread_mutex_lock(&terminal.lock);
	while (key == WATCH_KEY_NONE && terminal.is_open && (found = get_wch(&code)) != ERR)
		key = found == KEY_CODE_YES ? function_key(code) : character_key(code);
	pthread_mutex_unlock(&terminal.lock);
	return key;
}

/* ---- drawing ---- */

static attr_t attributes_of(unsigned style)
{
	attr_t attributes = A_NORMAL;

	if (style & SCREEN_STRONG)
		attributes |= A_BOLD;
	if (style & SCREEN_REVERSE)
		attributes |= A_REVERSE;
	if (terminal.has_colours && style & SCREEN_RED)
		attributes |= COLOR_PAIR(COLOUR_RED);
	else if (terminal.has_colours && style & SCREEN_YELLOW)
		attributes |= COLOR_PAIR(COLOUR_YELLOW);
	else if (terminal.has_colours && style & SCREEN_GREEN)
		attributes |= COLOR_PAIR(COLOUR_GREEN);
	return attributes;
}

static void show_line(int row, const struct screen_line *line)
{
	move(row, 0);
	for (size_t i = 0; i < line->span_count; i++) {
		attrset(attributes_of(line->spans[i].style));
		addnstr(line->text.text + line->spans[i].from, (int)line->spans[i].size);
	}
	attrset(A_NORMAL);
	if (line->columns < (size_t)COLS)
		clrtoeol();
}

void terminal_begin(struct screen *screen)
{
	screen_begin(screen, LINES > 0 ? (size_t)LINES : 1, COLS > 0 ? (size_t)COLS : 1, terminal.is_utf8);
}

void terminal_show(const struct screen *screen)
{
	pthread_mutex_lock(&terminal.lock);
	if (terminal.is_open) {
		for (size_t i = 0; i < screen->line_count; i++)
			show_line((int)i, &screen->lines[i]);
		if (screen->line_count < screen->rows) {
			move((int)screen->line_count, 0);
			clrtobot();
		}
		refresh();
	}
	pthread_mutex_unlock(&terminal.lock);
}
