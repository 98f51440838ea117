# SPDX-License-Identifier: MIT
# Seep. `make help` lists the targets.

CC       ?= gcc
PREFIX   ?= /usr/local
DESTDIR  ?=
BINDIR   ?= $(PREFIX)/bin
LIBDIR   ?= $(PREFIX)/lib
MANDIR   ?= $(PREFIX)/share/man
BUILD    ?= build
VERSION  := 0.1.0

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wundef
CFLAGS   ?= -O2 -g
COMMON   := -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -MMD -MP -DSEEP_VERSION='"$(VERSION)"'

# The shim: no builtin malloc semantics, frame pointers so that a hook finds its caller's frame in one load,
# -fexceptions because operator new throws through it.
SHIM_FLAGS := -fPIC -fvisibility=hidden -fno-builtin -fno-omit-frame-pointer -fno-optimize-sibling-calls \
	-fexceptions -fasynchronous-unwind-tables -ftls-model=initial-exec -fno-stack-protector
ANALYZER_LIBS := -lsqlite3 -ldw -lelf -lz -lstdc++ -lm

SHIM_OBJECTS     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard preload/*.c))
ANALYZER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out analyzer/main.c,$(wildcard analyzer/*/*.c)))
UNIT_TESTS       := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*_test.c))
PROGRAMS         := $(patsubst tests/programs/%.c,$(BUILD)/tests/programs/%,$(wildcard tests/programs/*.c)) \
	$(patsubst tests/programs/%.cc,$(BUILD)/tests/programs/%,$(wildcard tests/programs/*.cc))

all: $(BUILD)/seep $(BUILD)/libseep.so ## build/seep and build/libseep.so

$(BUILD)/libseep.so: $(SHIM_OBJECTS)
	$(CC) -shared -Wl,-soname,libseep.so -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete $(LDFLAGS) -o $@ $^

$(BUILD)/seep: $(BUILD)/analyzer/main.o $(ANALYZER_OBJECTS)
	$(CC) $(LDFLAGS) -o $@ $^ $(ANALYZER_LIBS)

$(BUILD)/preload/%.o: preload/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) $(SHIM_FLAGS) -c -o $@ $<

$(BUILD)/analyzer/%.o: analyzer/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(COMMON) -I$(BUILD) -c -o $@ $<

# schema.sql as a C string literal, so that the binary and the documented schema cannot differ.
$(BUILD)/schema_sql.h: analyzer/store/schema.sql
	@mkdir -p $(@D)
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
$(patsubst %.c,$(BUILD)/%.o,$(wildcard analyzer/store/*.c)): $(BUILD)/schema_sql.h

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

clean: ## remove the build
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: all clean help
