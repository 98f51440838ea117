# SPDX-License-Identifier: MIT
# Seep. `make help` lists the targets.

PREFIX   ?= /usr/local
DESTDIR  ?=
BINDIR   ?= $(PREFIX)/bin
LIBDIR   ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec/seep
INCDIR   ?= $(PREFIX)/include
MANDIR   ?= $(PREFIX)/share/man
BUILD    ?= build
JOBS     ?= $(shell nproc 2>/dev/null || echo 1)
VERSION  := 0.1.0

# What the machine must have, as PACKAGE:PROBE. PACKAGE is Debian's name; PROBE is the thing itself, by which it is found
# elsewhere: a command, a header (*.h), a library (*.so*), or - for what only Debian needs apart.
BUILD_NEEDS  := gcc:gcc g++:g++ libc6-dev:stdio.h libsqlite3-dev:sqlite3.h libdw-dev:elfutils/libdw.h libelf-dev:libelf.h \
	zlib1g-dev:zlib.h libdeflate-dev:libdeflate.h uthash-dev:uthash.h libunwind-dev:libunwind.h \
	libmicrohttpd-dev:microhttpd.h libpq-dev:postgresql/libpq-fe.h libncurses-dev:ncurses.h
DEMO_NEEDS   := redis-server:redis-server redis-tools:redis-benchmark procps:pgrep
INCIDENT_NEEDS := memcached:memcached
TEST_NEEDS   := $(DEMO_NEEDS) $(INCIDENT_NEEDS) libcmocka-dev:cmocka.h libevent-dev:event2/event.h libuv1-dev:uv.h \
	bats:bats python3:python3 sqlite3:sqlite3 valgrind:valgrind libc6-dbg:- heaptrack:heaptrack nginx:nginx wrk:wrk \
	postgresql:psql util-linux:setarch curl:curl libxml2-utils:xmllint perl:prove python3-jsonschema:- \
	python3-junitparser:- python3-sarif-python-om:- golang-go:go bsdutils:script \
	nodejs:node npm:npm chromium:chromium prometheus:prometheus victoria-metrics:victoria-metrics tmux:tmux
COMPAT_NEEDS := lighttpd:lighttpd haproxy:haproxy mosquitto:mosquitto mosquitto-clients:mosquitto_pub nodejs:node \
	default-jre-headless:keytool libjemalloc2:libjemalloc.so.2 libtcmalloc-minimal4:libtcmalloc_minimal.so.4 \
	libmimalloc2.0:libmimalloc.so.2
BENCH_NEEDS  := libjemalloc2:libjemalloc.so.2 libgoogle-perftools4:libtcmalloc.so.4 liblsan0:liblsan.so.0 \
	libmemcached-tools:memcaslap
TRUTH_NEEDS  := liblsan0:liblsan.so.0
VERIFY_NEEDS := libunwind8:libunwind.so.8 openssl:openssl perl:perl nodejs:node default-jre-headless:keytool
PAGE_NEEDS   := nodejs:node npm:npm
FUZZ_NEEDS   := clang:clang libclang-rt-dev:-
LINT_NEEDS   := clang-format:clang-format clang-tidy:clang-tidy shellcheck:shellcheck mandoc:mandoc

WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wvla -Wundef
CFLAGS   ?= -O2 -g
COMMON   := -D_GNU_SOURCE $(WARNINGS) -MMD -MP -DSEEP_VERSION='"$(VERSION)"'
C        := -std=gnu11 -Wstrict-prototypes -Wmissing-prototypes

# The shim: no builtin malloc semantics, frame pointers so that a hook finds its caller's frame in one load,
# -fexceptions because operator new throws through it, no small vectors because a field that was just stored is waited for
# when it is loaded as part of one.
SHIM_FLAGS := -fPIC -fvisibility=hidden -fno-builtin -fno-omit-frame-pointer -fno-optimize-sibling-calls \
	-fexceptions -fasynchronous-unwind-tables -ftls-model=initial-exec -fno-stack-protector -fno-tree-slp-vectorize
# Fixture programs: calls of malloc stay calls, and frames are not there to be followed along rbp.
FIXTURE_FLAGS := -pthread -fno-builtin -fomit-frame-pointer
# A fixture may ask for more in a comment: "Build with: -lfoo".
OWN_FLAGS      = $(shell sed -n 's,.*Build with: \([^*]*\).*,\1,p' $<)
ANALYZER_LIBS := -lsqlite3 -ldw -lelf -lz -ldeflate -lm
# Where libpq-fe.h is differs from system to system.
PQ_FLAGS       = -isystem $(shell pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)

SHIM_OBJECTS     := $(patsubst %,$(BUILD)/%.o,$(basename $(wildcard preload/*.c preload/*.S)))
# Folders of programs of their own, seep-serve, seep-push and seep-watch, with the libraries that seep itself is not to load.
COMPANION_FOLDERS := analyzer/http/ analyzer/serve/ analyzer/push/ analyzer/watch/
COMPANIONS       := $(foreach name,serve push watch,$(if $(wildcard analyzer/$(name)/*.c),$(BUILD)/seep-$(name)))
ANALYZER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out analyzer/store/empty_image.c $(COMPANION_FOLDERS:%=%%), \
	$(wildcard analyzer/*/*.c)))
objects_of        = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1:%=analyzer/%/*.c)))
UNIT_TESTS       := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))
PLUGINS          := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/programs/*_plugin.c))
PROGRAMS         := $(patsubst %.c,$(BUILD)/%,$(filter-out %_plugin.c,$(wildcard tests/programs/*.c))) \
	$(patsubst %.cc,$(BUILD)/%,$(wildcard tests/programs/*.cc)) $(PLUGINS)
SERVERS          := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/servers/*_buggy.c tests/servers/*_fixed.c tests/servers/*_load.c)) \
	$(BUILD)/tests/servers/chat_posix_buggy $(BUILD)/tests/servers/chat_posix_fixed $(BUILD)/tests/servers/patterns
SERVER_OBJECTS   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/servers/*.c))
TRUTH_SERVERS    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/truth/leak_*.c tests/truth/bait_*.c))
TRUTH_PROGRAMS   := $(TRUTH_SERVERS) $(BUILD)/tests/truth/lines_load
BENCH_PROGRAMS   := $(patsubst %.c,$(BUILD)/%,$(filter-out %_preload.c,$(wildcard tests/bench/*.c))) \
	$(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/bench/*_preload.c))
MAN_PAGES        := $(wildcard analyzer/man/*.[157])
SCRIPTS          := .ci/run $(wildcard tests/*/*.sh tests/*/*.bash tests/*/*.bats)
SOURCES          := $(wildcard preload/*.[ch] analyzer/*.c analyzer/*/*.[ch] tests/*/*.[ch] tests/*/*.cc)

all: $(BUILD)/seep $(BUILD)/libseep.so $(COMPANIONS) ## build/seep, build/libseep.so, and what seep serve, seep push and seep top --watch are

$(BUILD)/libseep.so: $(SHIM_OBJECTS)
	$(CC) -shared -Wl,-soname,libseep.so -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete $(LDFLAGS) -o $@ $^

$(BUILD)/seep: $(BUILD)/analyzer/main.o $(ANALYZER_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ANALYZER_LIBS)

$(BUILD)/seep-serve: $(call objects_of,serve http) $(ANALYZER_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ANALYZER_LIBS) -lmicrohttpd -pthread
$(BUILD)/seep-push: $(call objects_of,push) $(ANALYZER_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ANALYZER_LIBS) -lpq
$(BUILD)/seep-watch: $(call objects_of,watch) $(ANALYZER_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ANALYZER_LIBS) -lncursesw -ltinfo -pthread
$(BUILD)/analyzer/push/%.o: COMMON += $(PQ_FLAGS)

# It jumps where others call.
$(BUILD)/preload/heap_quick.o: SHIM_FLAGS += -fomit-frame-pointer -foptimize-sibling-calls
$(BUILD)/preload/%.o: preload/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) $(SHIM_FLAGS) -c -o $@ $<

$(BUILD)/preload/%.o: preload/%.S
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) -c -o $@ $<

# Hidden: libraries have functions of the same names (libkrb5, which libpq loads, has a profile_release, too), and would
# call ours.
$(BUILD)/analyzer/%.o: analyzer/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) -fvisibility=hidden -I$(BUILD) -c -o $@ $<

# schema.sql as a C string literal, so that the binary and the documented schema cannot differ; and postgres.sql.
$(BUILD)/schema_sql.h: analyzer/store/schema.sql
$(BUILD)/postgres_sql.h: analyzer/push/postgres.sql
$(BUILD)/%_sql.h:
	@mkdir -p $(@D)
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
$(BUILD)/analyzer/push/database.o: $(BUILD)/postgres_sql.h
$(BUILD)/analyzer/store/empty_image.o: $(BUILD)/schema_sql.h
# A new recording's file, made from it.
$(BUILD)/empty_image: $(BUILD)/analyzer/store/empty_image.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< -lsqlite3
$(BUILD)/empty_image.h: $(BUILD)/empty_image
	$< > $@ || { rm -f $@; exit 1; }
$(BUILD)/analyzer/store/writer.o: $(BUILD)/empty_image.h

# The page as it was built stands in the binary; `make page` builds it, which takes node and its packages.
$(BUILD)/analyzer/commands/page_assets.o: $(wildcard dashboards/page/dist/*)
PAGE_PACKAGES := dashboards/page/node_modules/.package-lock.json
$(PAGE_PACKAGES): dashboards/page/package-lock.json dashboards/page/package.json
	cd dashboards/page && npm ci --silent
	@touch $@
page: setup-page $(PAGE_PACKAGES) ## bundle dashboards/page into its dist/
	node dashboards/page/build.mjs $(if $(PAGE_OUT),--outdir=$(PAGE_OUT))

define BUILD_TEST
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) -I$(BUILD) $(LDFLAGS) -o $@ $< $(filter %.o,$^) -lcmocka $(ANALYZER_LIBS) $(OWN_FLAGS)
endef
$(BUILD)/tests/unit/%: tests/unit/%.c $(ANALYZER_OBJECTS)
	$(BUILD_TEST)
# A test of what is not in seep is named by it: http_target_test, push_sql_test.
SERVE_PARTS := $(filter-out %/main.o,$(call objects_of,serve http))
$(BUILD)/tests/unit/http_%: tests/unit/http_%.c $(SERVE_PARTS) $(ANALYZER_OBJECTS)
	$(BUILD_TEST) -lmicrohttpd -pthread
$(BUILD)/tests/unit/serve_%: tests/unit/serve_%.c $(SERVE_PARTS) $(ANALYZER_OBJECTS)
	$(BUILD_TEST) -lmicrohttpd -pthread
$(BUILD)/tests/unit/push_%: tests/unit/push_%.c $(filter-out %/main.o,$(call objects_of,push)) $(ANALYZER_OBJECTS)
	$(BUILD_TEST) -lpq
$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(SERVE_PARTS) $(ANALYZER_OBJECTS)
	$(BUILD_TEST) -lmicrohttpd -pthread -fsanitize=fuzzer

VERDICT_TOOL := $(BUILD)/tests/verdicts/judge_series
$(VERDICT_TOOL): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/verdicts/*.c)) $(ANALYZER_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ANALYZER_LIBS)
# Writes recordings that are long, or have what no server here would do.
RECORDING_TOOL := $(BUILD)/tests/push/recording
$(RECORDING_TOOL): $(BUILD)/tests/push/recording.o $(ANALYZER_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ANALYZER_LIBS)
$(BUILD)/tests/push/%.o: tests/push/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) -I$(BUILD) -c -o $@ $<
$(BUILD)/tests/verdicts/%.o: tests/verdicts/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) -I$(BUILD) -c -o $@ $<

$(BUILD)/tests/programs/%.so: tests/programs/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) $(FIXTURE_FLAGS) -shared -fPIC -o $@ $< $(OWN_FLAGS)
$(BUILD)/tests/programs/%: tests/programs/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) $(FIXTURE_FLAGS) -o $@ $< $(OWN_FLAGS)
$(BUILD)/tests/bench/%.so: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) $(FIXTURE_FLAGS) -shared -fPIC -o $@ $< $(OWN_FLAGS)
$(BUILD)/tests/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) $(FIXTURE_FLAGS) -o $@ $< $(OWN_FLAGS)
# It asks the analyzer itself.
$(BUILD)/tests/bench/page_cost: tests/bench/page_cost.c $(ANALYZER_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) $(LDFLAGS) -o $@ $< $(ANALYZER_OBJECTS) $(ANALYZER_LIBS)
$(BUILD)/tests/programs/%: tests/programs/%.cc
	@mkdir -p $(@D)
	$(CXX) $(CFLAGS) $(COMMON) $(FIXTURE_FLAGS) -o $@ $< $(OWN_FLAGS)

# A sample server is NAME.c with one of its two variants; all of them, and the load drivers, stand on common.c.
$(BUILD)/tests/servers/%.o: tests/servers/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) -pthread -c -o $@ $<
LINK_SERVER = $(CC) $(CFLAGS) -pthread $(LDFLAGS) -o $@ $(filter %.o,$^)
$(BUILD)/tests/servers/%_buggy: $(BUILD)/tests/servers/%_buggy.o $(BUILD)/tests/servers/%.o $(BUILD)/tests/servers/common.o
	$(LINK_SERVER)
$(BUILD)/tests/servers/%_fixed: $(BUILD)/tests/servers/%_fixed.o $(BUILD)/tests/servers/%.o $(BUILD)/tests/servers/common.o
	$(LINK_SERVER)
$(BUILD)/tests/servers/%_load: $(BUILD)/tests/servers/%_load.o $(BUILD)/tests/servers/common.o
	$(LINK_SERVER)
# The chat server's timers are timerfds, or POSIX timers in a second pair.
$(BUILD)/tests/servers/chat_buggy $(BUILD)/tests/servers/chat_fixed: $(BUILD)/tests/servers/chat_timerfd.o
$(BUILD)/tests/servers/chat_posix_%: $(BUILD)/tests/servers/chat_%.o $(BUILD)/tests/servers/chat.o \
		$(BUILD)/tests/servers/chat_posix.o $(BUILD)/tests/servers/common.o
	$(LINK_SERVER)
# All its variants are in one.
$(BUILD)/tests/servers/patterns: $(BUILD)/tests/servers/patterns.o $(BUILD)/tests/servers/common.o
	$(LINK_SERVER)
# The playground is more than one file.
$(BUILD)/tests/servers/playground_buggy $(BUILD)/tests/servers/playground_fixed: $(BUILD)/tests/servers/playground_endpoints.o \
	$(BUILD)/tests/servers/http.o $(BUILD)/tests/servers/http_client.o
$(BUILD)/tests/servers/playground_load: $(BUILD)/tests/servers/http.o $(BUILD)/tests/servers/http_client.o
.SECONDARY: $(SERVER_OBJECTS)

# A fixture of the benchmark of truth is the server of lines.c with a service of its own.
$(BUILD)/tests/truth/%.o: tests/truth/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(C) $(FIXTURE_FLAGS) -c -o $@ $<
$(TRUTH_SERVERS): $(BUILD)/tests/truth/lines.o
$(TRUTH_PROGRAMS): %: %.o $(BUILD)/tests/servers/common.o
	$(LINK_SERVER)

fixtures: all $(PROGRAMS) $(SERVERS) $(BENCH_PROGRAMS) $(VERDICT_TOOL) $(RECORDING_TOOL) $(TRUTH_PROGRAMS)
unit-tests: $(UNIT_TESTS)

demo: setup-demo ## a leaky server and its fix, and redis, under Seep: who holds what, and what leaks
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(SERVERS)
	@BUILD=$(BUILD) tests/servers/demo.sh

incidents: setup-incidents ## every sample server, buggy and fixed, under its driver: one report (3 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(SERVERS)
	@BUILD=$(BUILD) tests/servers/incidents.sh

test: setup-test ## unit, golden and end-to-end tests
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures unit-tests $(PAGE_PACKAGES)
	@BUILD=$(BUILD) tests/lib/run_tests.sh $(UNIT_TESTS) $(wildcard tests/golden/*.bats tests/e2e/*.bats)

compat: setup-compat ## more servers, runtimes and allocators under Seep
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures
	@BUILD=$(BUILD) tests/lib/run_tests.sh $(wildcard tests/compat/*.bats)

verdicts: setup-test ## the judgement against labelled series of real servers: confusion matrices
	@$(MAKE) --no-print-directory -s -j$(JOBS) $(VERDICT_TOOL)
	@$(VERDICT_TOOL) --known tests/verdicts/known.txt $(wildcard tests/verdicts/*.series)

verdicts-record: setup-compat ## record these series anew, from the servers themselves (25 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(SERVERS) $(VERDICT_TOOL)
	@BUILD=$(BUILD) tests/verdicts/record.sh

# The distribution's Python, whatever else a developer has in PATH.
DISTRIBUTION_PYTHON := PATH=/usr/bin:/bin:$$PATH python3 -B
verdicts-long: setup-test ## every variant of the sample servers, 60 s each, 50 times (RUNS=50; 1 h)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(SERVERS)
	@$(DISTRIBUTION_PYTHON) tests/verdicts/long.py --build $(BUILD) --runs $(or $(RUNS),50) \
		--command 'make verdicts-long$(if $(RUNS), RUNS=$(RUNS))'

truth: setup-truth ## labelled leaks and baits given to Seep and to its peers: precision, recall, time to verdict (10 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(SERVERS) $(TRUTH_PROGRAMS)
	@$(DISTRIBUTION_PYTHON) tests/truth/truth.py --build $(BUILD)

faults: setup-test ## 100 kills at random moments, counted to the call
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures
	@BUILD=$(BUILD) tests/faults/kill.sh 100

soak: setup-test ## 30 minutes of the fixed actor server; 10 minutes of everything at once, under a watchdog
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures
	@BUILD=$(BUILD) tests/soak/actor.sh 1800
	@BUILD=$(BUILD) tests/soak/nodeadlock.sh 600

verify-unwind: setup-verify ## 20 million stacks of many programs against libunwind's
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures
	@BUILD=$(BUILD) tests/soak/verify_unwind.sh 20

bounded: setup-demo ## 10 minutes of redis-benchmark: the recording's size against its events
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@BUILD=$(BUILD) tests/soak/bounded.sh 600

BENCH := $(DISTRIBUTION_PYTHON) tests/bench/bench.py --build $(BUILD)
bench-programs: all $(BENCH_PROGRAMS)
bench: setup-bench ## real programs under Seep and its peers (30 min; QUICK=1: 5 min, Seep and heaptrack)
	@$(MAKE) --no-print-directory -s -j$(JOBS) bench-programs
	@BENCH_COMMAND='make bench$(if $(QUICK), QUICK=1)' $(BENCH) compare $(if $(QUICK),--quick --out $(BUILD)/bench,--out tests/bench)
bench-micro: setup-bench ## nanoseconds that Seep adds to a malloc and free pair, by pattern
	@$(MAKE) --no-print-directory -s -j$(JOBS) bench-programs
	@BENCH_COMMAND='make bench-micro' $(BENCH) micro --out $(BUILD)/bench
bench-scale: setup-bench ## the same against live blocks, depth, threads and callsites, with charts
	@$(MAKE) --no-print-directory -s -j$(JOBS) bench-programs
	@BENCH_COMMAND='make bench-scale' $(BENCH) scale --out tests/bench
bench-recorder: setup-test ## what the recorder takes by itself: short runs, and 2,048 busy callsites
	@$(MAKE) --no-print-directory -s -j$(JOBS) bench-programs
	@BUILD=$(BUILD) tests/bench/recorder.sh 5
bench-page: setup-test $(PAGE_PACKAGES) ## first paint and interaction of the page with 10,000 callsites and a day of samples
	@node dashboards/page/bench/measure.mjs
bench-serve: setup-test ## what `seep serve` takes: answers from a day of 10,000 callsites, and a page open on 2,048 busy ones (5 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) bench-programs
	@$(BUILD)/tests/bench/page_cost 10000 2000
	@$(DISTRIBUTION_PYTHON) tests/bench/serve.py --build $(BUILD)

bench-watch: setup-test ## how fast seep top --watch answers to keys with 10,000 busy callsites (1 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@$(DISTRIBUTION_PYTHON) tests/bench/watch_keys.py --build $(BUILD)

sampling: setup-test ## 200 sampled runs: do the estimates' intervals hold the exact figures? (5 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(BUILD)/tests/bench/profile
	@BUILD=$(BUILD) tests/bench/sampling.sh $(RUNS)

selfcost: setup-test ## what Seep says that its hooks cost, beside what they do
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures
	@BUILD=$(BUILD) tests/bench/selfcost.sh

memory: setup-test ## what memory Seep adds, by size of blocks (5 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures
	@BUILD=$(BUILD) tests/bench/memory.sh

# The analyzer under a sanitizer beside the ordinary shim and fixtures, which no sanitizer is to be in: it has the
# allocator that the shim records.
SANITIZED = $(BUILD)/$(SANITIZER)/seep $(COMPANIONS:$(BUILD)/%=$(BUILD)/$(SANITIZER)/%)
ASAN_BATS := bad_input export gate growth metrics serve serve_attack serve_callsites serve_series push
TSAN_UNIT := $(filter $(BUILD)/tests/unit/http_% $(BUILD)/tests/unit/serve_% $(BUILD)/tests/unit/watch_%,$(UNIT_TESTS))
TSAN_BATS := serve serve_attack metrics watch
check-asan: SANITIZER := asan
check-asan: setup-test $(PAGE_PACKAGES) ## unit tests, and commands and servers end to end, under the address and undefined-behaviour sanitizers (10 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures
	@$(MAKE) --no-print-directory -s -j$(JOBS) BUILD=$(BUILD)/asan unit-tests $(SANITIZED) \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
	@BUILD=$(BUILD) tests/lib/sanitized.sh asan $(UNIT_TESTS:$(BUILD)/%=$(BUILD)/asan/%) $(ASAN_BATS:%=tests/e2e/%.bats)
check-tsan: SANITIZER := tsan
check-tsan: setup-test $(PAGE_PACKAGES) ## what has threads, seep serve and seep top --watch, under the thread sanitizer (5 min)
	@$(MAKE) --no-print-directory -s -j$(JOBS) fixtures
	@$(MAKE) --no-print-directory -s -j$(JOBS) BUILD=$(BUILD)/tsan $(SANITIZED) $(TSAN_UNIT:$(BUILD)/%=$(BUILD)/tsan/%) \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=thread'
	@BUILD=$(BUILD) tests/lib/sanitized.sh tsan $(TSAN_UNIT:$(BUILD)/%=$(BUILD)/tsan/%) $(TSAN_BATS:%=tests/e2e/%.bats)

FUZZERS := $(patsubst %.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
fuzz: setup-fuzz ## what strangers may send to seep serve, under libFuzzer and the sanitizers (3 min; SECONDS=60 each)
	@$(MAKE) --no-print-directory -s -j$(JOBS) BUILD=$(BUILD)/fuzz CC=clang $(FUZZERS) \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
	@BUILD=$(BUILD)/fuzz tests/fuzz/run.sh $(or $(SECONDS),60) $(FUZZERS)

lint: setup-lint $(PAGE_PACKAGES) ## warnings as errors, clang-tidy, shellcheck, the include ladder, man pages, the page's types
	$(MAKE) --no-print-directory -s -j$(JOBS) BUILD=$(BUILD)/lint CFLAGS='-O2 -g -Werror' fixtures unit-tests
	tests/lib/ladder.sh
	dashboards/page/node_modules/.bin/tsc -p dashboards/page
	shellcheck -x $(SCRIPTS)
	$(if $(MAN_PAGES),mandoc -T lint -W warning $(MAN_PAGES))
	clang-format --dry-run -Werror $(SOURCES)
	clang-tidy --quiet $(filter %.c,$(filter preload/% analyzer/%,$(SOURCES))) -- $(COMMON) $(PQ_FLAGS) -std=gnu11 -I$(BUILD)/lint

fmt: ## format the C sources
	clang-format -i $(SOURCES)

# Installs what is missing, and nothing when nothing is.
setup: setup-build ## install what the build needs
setup-build:
	@tests/lib/setup.sh $(BUILD_NEEDS)
setup-page:
	@tests/lib/setup.sh $(PAGE_NEEDS)
setup-demo:
	@tests/lib/setup.sh $(BUILD_NEEDS) $(DEMO_NEEDS)
setup-incidents:
	@tests/lib/setup.sh $(BUILD_NEEDS) $(INCIDENT_NEEDS)
setup-test:
	@tests/lib/setup.sh $(BUILD_NEEDS) $(TEST_NEEDS)
setup-compat: ## install the other servers
	@tests/lib/setup.sh $(BUILD_NEEDS) $(TEST_NEEDS) $(COMPAT_NEEDS)
setup-bench: ## install the tools that Seep is compared with
	@tests/lib/setup.sh $(BUILD_NEEDS) $(TEST_NEEDS) $(BENCH_NEEDS)
setup-truth:
	@tests/lib/setup.sh $(BUILD_NEEDS) $(TEST_NEEDS) $(TRUTH_NEEDS)
setup-verify:
	@tests/lib/setup.sh $(BUILD_NEEDS) $(TEST_NEEDS) $(VERIFY_NEEDS)
setup-fuzz:
	@tests/lib/setup.sh $(BUILD_NEEDS) $(TEST_NEEDS) $(FUZZ_NEEDS)
setup-lint:
	@tests/lib/setup.sh $(BUILD_NEEDS) $(TEST_NEEDS) $(LINT_NEEDS)

install: all ## into DESTDIR and PREFIX
	install -D -m 755 $(BUILD)/seep $(DESTDIR)$(BINDIR)/seep
	install -D -m 755 $(BUILD)/libseep.so $(DESTDIR)$(LIBDIR)/libseep.so
	$(foreach program,$(COMPANIONS),install -D -m 755 $(program) $(DESTDIR)$(LIBEXECDIR)/$(notdir $(program)) &&) true
	install -D -m 644 preload/seep.h $(DESTDIR)$(INCDIR)/seep.h
	$(foreach page,$(MAN_PAGES),install -D -m 644 $(page) $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) &&) true

uninstall: ## what install put there
	rm -f $(DESTDIR)$(BINDIR)/seep $(DESTDIR)$(LIBDIR)/libseep.so $(DESTDIR)$(INCDIR)/seep.h
	rm -f $(foreach program,$(COMPANIONS),$(DESTDIR)$(LIBEXECDIR)/$(notdir $(program)))
	@rmdir $(DESTDIR)$(LIBEXECDIR) 2>/dev/null || true
	rm -f $(foreach page,$(MAN_PAGES),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))

clean: ## remove the build
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all verdicts verdicts-record fixtures unit-tests demo incidents test compat faults soak verify-unwind bounded bench selfcost bench-programs verdicts-long truth setup-truth \
	bench-micro bench-scale bench-recorder bench-page sampling memory check-asan check-tsan fuzz lint fmt page setup setup-build setup-page setup-demo setup-incidents setup-test setup-compat setup-bench setup-verify setup-fuzz \
	setup-lint install uninstall clean help
