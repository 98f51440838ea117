// SPDX-License-Identifier: MIT
//
// nodeadlock.cc SECONDS - everything at once that may hold a lock inside Seep when something else needs it: dlopen and
// dlclose loops, 1 kHz signals whose handlers allocate and open descriptors, forks, exceptions, cancelled and
// exiting threads. Its own watchdog ends it with code 3 and the name of who stands still for 20 s.
// To be run with reentrant_plugin.so preloaded: only then may a handler allocate at any moment.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace
{

enum { LOADER, FORKER, THROWER, CANCELLER, STARTER, ALLOCATOR, OPENER, WORKERS };
const char *const names[WORKERS] = {"loader", "forker", "thrower", "canceller", "starter", "allocator", "opener"};
constexpr int STANDS_STILL_S = 20;

std::atomic<unsigned long> progress[WORKERS];
std::atomic<unsigned long> handled;
std::atomic<bool> stopping;
pthread_t threads[WORKERS];
std::string folder;

void handler(int)
{
	int saved = errno;

	free(malloc(handled % 500));
	close(eventfd(0, 0));
	handled++;
	errno = saved;
}

void load()
{
	for (const char *name : {"/stack_one_plugin.so", "/stack_two_plugin.so"}) {
		void *library = dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL);

		if (!library) {
			fprintf(stderr, "nodeadlock: %s\n", dlerror());
			_exit(2);
		}
		reinterpret_cast<void (*)()>(dlsym(library, "plugin_run"))();
		dlclose(library);
	}
}

// The child has one thread, and what the others held is held for ever.
void fork_once()
{
	pid_t child = fork();

	if (child == 0) {
		alarm(10);
		for (int i = 0; i < 100; i++)
			free(malloc(i));
		close(eventfd(0, 0));
		_exit(0);
	}
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	if (status != 0) {
		fprintf(stderr, "nodeadlock: a forked child ended with status %#x (0xe is its alarm)\n", status);
		_exit(3);
	}
}

[[gnu::noinline]] void throw_deep(int depth)
{
	std::string here(100, 'x');

	if (depth == 0)
		throw std::runtime_error(here);
	throw_deep(depth - 1);
	__asm__ volatile("" : : "r"(&here) : "memory");
}

void throw_once()
{
	try {
		throw_deep(20);
	} catch (const std::exception &) {
	}
}

void *cancelled_start(void *)
{
	for (;;) {
		free(malloc(100));
		pthread_testcancel();
	}
	return nullptr;
}

void cancel_once()
{
	pthread_t thread;

	if (pthread_create(&thread, nullptr, cancelled_start, nullptr))
		return;
	usleep(200);
	pthread_cancel(thread);
	pthread_join(thread, nullptr);
}

void *exiting_start(void *argument)
{
	free(malloc(10));
	pthread_exit(argument);
}

void start_once()
{
	pthread_t thread;

	if (!pthread_create(&thread, nullptr, exiting_start, nullptr))
		pthread_join(thread, nullptr);
	if (!pthread_create(&thread, nullptr, exiting_start, nullptr))
		pthread_detach(thread);
	usleep(100);
}

void allocate_once()
{
	char *block = static_cast<char *>(malloc(50));

	for (size_t size = 100; size < 100000; size *= 3)
		block = static_cast<char *>(realloc(block, size));
	free(block);
}

void open_once()
{
	FILE *stream = fopen("/dev/null", "r");

	if (stream)
		fclose(stream);
	close(open("/dev/null", O_RDONLY));
}

void (*const steps[WORKERS])() = {load, fork_once, throw_once, cancel_once, start_once, allocate_once, open_once};

void *work(void *argument)
{
	long self = reinterpret_cast<long>(argument);

	while (!stopping) {
		steps[self]();
		progress[self]++;
	}
	return nullptr;
}

void *signal_all(void *)
{
	for (unsigned i = 0; !stopping; i++) {
		pthread_kill(threads[i % WORKERS], SIGUSR1);
		usleep(1000);
	}
	return nullptr;
}

void watch(int seconds)
{
	unsigned long last[WORKERS] = {};
	int still[WORKERS] = {};

	for (int second = 0; second < seconds; second++) {
		sleep(1);
		for (int i = 0; i < WORKERS; i++) {
			still[i] = progress[i] == last[i] ? still[i] + 1 : 0;
			last[i] = progress[i];
			if (still[i] == STANDS_STILL_S) {
				fprintf(stderr, "nodeadlock: the %s stands still\n", names[i]);
				_exit(3);
			}
		}
	}
}

} // namespace

int main(int argc, char **argv)
{
	pthread_t signaller;
	struct sigaction action = {};

	if (argc != 2) {
		fprintf(stderr, "usage: nodeadlock SECONDS\n");
		return 2;
	}
	folder = std::string(argv[0], strrchr(argv[0], '/'));
	action.sa_handler = handler;
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, nullptr);
	for (long i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], nullptr, work, reinterpret_cast<void *>(i));
	pthread_create(&signaller, nullptr, signal_all, nullptr);
	watch(atoi(argv[1]));
	stopping = true;
	pthread_join(signaller, nullptr);
	alarm(STANDS_STILL_S); // a join that never returns is a deadlock too
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], nullptr);
	printf("nodeadlock: %s s, %lu signals handled", argv[1], handled.load());
	for (int i = 0; i < WORKERS; i++)
		printf(", %s %lu", names[i], progress[i].load());
	printf("\n");
	return 0;
}
