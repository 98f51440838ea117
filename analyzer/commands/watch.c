/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "../base/clock.h"

#define ENTER_SCREEN "\033[?1049h\033[?25l"
#define LEAVE_SCREEN "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"
#define REVERSE "\033[7m"
#define PLAIN "\033[0m"

/* What signal handlers need: the only state of the analyzer that is not in a struct of its caller. */
static struct {
	struct termios before;
	volatile sig_atomic_t is_taken, needs_redraw;
} terminal;

/* ---- the terminal ---- */

/* Async-signal-safe. */
static void leave_terminal(void)
{
	ssize_t ignored;

	if (!terminal.is_taken)
		return;
	terminal.is_taken = 0;
	ignored = write(STDOUT_FILENO, LEAVE_SCREEN, sizeof(LEAVE_SCREEN) - 1);
	(void)ignored;
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

static void enter_terminal(void)
{
	struct termios raw = terminal.before;
	ssize_t ignored;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	terminal.is_taken = 1;
	terminal.needs_redraw = 1;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	ignored = write(STDOUT_FILENO, ENTER_SCREEN, sizeof(ENTER_SCREEN) - 1);
	(void)ignored;
}

/* The terminal is given back at once, even in the middle of a long look-up; then the signal does what it does. */
static void on_deadly_signal(int number)
{
	leave_terminal();
	signal(number, SIG_DFL);
	raise(number);
}

static void on_stop(int number)
{
	int saved = errno;

	(void)number;
	leave_terminal();
	raise(SIGSTOP);
	/* continued */
	enter_terminal();
	errno = saved;
}

static void on_resize(int number)
{
	(void)number;
	terminal.needs_redraw = 1;
}

static void catch_signal(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, before;

	/* nohup and the like: what is ignored stays ignored */
	if (sigaction(number, NULL, &before) || before.sa_handler == SIG_IGN)
		return;
	sigaction(number, &action, NULL);
}

static bool take_terminal(void)
{
	if (tcgetattr(STDIN_FILENO, &terminal.before))
		return false;
	atexit(leave_terminal);
	catch_signal(SIGINT, on_deadly_signal);
	catch_signal(SIGTERM, on_deadly_signal);
	catch_signal(SIGHUP, on_deadly_signal);
	catch_signal(SIGQUIT, on_deadly_signal);
	catch_signal(SIGPIPE, on_deadly_signal);
	catch_signal(SIGTSTP, on_stop);
	catch_signal(SIGWINCH, on_resize);
	enter_terminal();
	return true;
}

/* ---- one refresh ---- */

#define FIXED_ROWS 10 /* our title, the report's head and the trust lines */

static struct winsize window(void)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	return size;
}

/* Rows that fit, unless the user has said how many. */
static size_t fitting_limit(const struct options *options, bool on_terminal)
{
	size_t rows = window().ws_row;

	if (!on_terminal || options->limit_is_given)
		return options->limit;
	return rows > FIXED_ROWS + 1 ? rows - FIXED_ROWS : 1;
}

static void add_title(const struct session *session, bool on_terminal, struct buffer *out)
{
	const struct options *options = session->options;
	time_t now = time(NULL);
	struct tm parts;
	char clock[16];

	localtime_r(&now, &parts);
	strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	buffer_format(out, "%s  ", clock);
	report_name(out, session->head.recording);
	buffer_format(out, "  %s, every %g s%s\n", session->head.is_live ? "recording" : "ended", options->watch_s,
		      on_terminal ? ", q quits" : "");
}

/* Adds a line cut to the columns of the window; escape sequences and UTF-8 continuations take none. */
static void add_cut(struct buffer *out, const char *line, size_t size, size_t columns)
{
	size_t used = 0, at = 0;

	while (at < size) {
		unsigned char byte = (unsigned char)line[at];

		if (byte == '\033') {
			size_t end = at + strcspn(line + at, "m");

			end = end < size ? end + 1 : size;
			buffer_add_bytes(out, line + at, end - at);
			at = end;
			continue;
		}
		used += (byte & 0xc0) != 0x80;
		if (used <= columns)
			buffer_add_bytes(out, line + at, 1);
		at++;
	}
}

static void add_screen(struct buffer *out, const char *text, bool is_title_bright)
{
	struct winsize size = window();

	buffer_add(out, HOME);
	for (unsigned row = 0; *text && row < size.ws_row; row++) {
		size_t length = strcspn(text, "\n");

		if (!row && is_title_bright)
			buffer_add(out, REVERSE);
		add_cut(out, text, length, size.ws_col);
		if (!row && is_title_bright)
			buffer_add(out, PLAIN);
		buffer_add(out, CLEAR_LINE);
		text += length + (text[length] == '\n');
		if (*text && row + 1 < size.ws_row)
			buffer_add(out, "\r\n");
	}
	buffer_add(out, CLEAR_BELOW);
}

struct watch {
	struct options options; /* the user's, with a limit that fits */
	report_function *print;
	struct session previous;
	bool on_terminal;
};

static int add_refresh(struct watch *watch, struct buffer *out, struct error *error)
{
	struct session session = {0};
	struct buffer text = {0};
	int code = session_open(&watch->options, &session, error);

	if (!code)
		code = session_build(&session, &watch->previous, error);
	if (!code)
		add_title(&session, watch->on_terminal, &text);
	if (!code)
		code = watch->print(&session, &text, error);
	session_close(&watch->previous);
	watch->previous = session;
	if (!code && watch->on_terminal)
		add_screen(out, text.text, session.head.style.is_coloured);
	else if (!code)
		buffer_format(out, "%s\n", text.text);
	buffer_release(&text);
	return code;
}

/* ---- the loop ---- */

/* Waits for the next moment to draw. False: the user wants to quit. */
static bool wait_for(int64_t until_ns, bool on_terminal)
{
	for (;;) {
		struct pollfd keyboard = {.fd = on_terminal ? STDIN_FILENO : -1, .events = POLLIN};
		int64_t left_ns = until_ns - clock_boottime_ns();
		char key;

		if (left_ns <= 0 || terminal.needs_redraw)
			return true;
		if (poll(&keyboard, 1, (int)(left_ns / NS_PER_MS) + 1) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q')
			return false;
		if (key == ' ' || key == '\n')
			return true;
	}
}

int watch_report(const struct options *options, report_function *print)
{
	struct watch watch = {.options = *options, .print = print};
	struct error error = {0};
	int code = SEEP_OK, cause = 0;

	watch.on_terminal = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && take_terminal();
	do {
		int64_t next_ns = clock_boottime_ns() + (int64_t)(options->watch_s * (double)NS_PER_S);

		struct buffer out = {0};

		terminal.needs_redraw = 0;
		watch.options.limit = fitting_limit(options, watch.on_terminal);
		code = add_refresh(&watch, &out, &error);
		if (!code)
			cause = buffer_print(&out, stdout);
		buffer_release(&out);
		if (code || cause || !wait_for(next_ns, watch.on_terminal))
			break;
	} while (true);
	leave_terminal();
	session_close(&watch.previous);
	return code ? command_fail(options->command_name, &error, code) : command_written(options, cause);
}
