/* SPDX-License-Identifier: MIT */
/* What `seep export` writes, read back by readers of the tests' own. The real tools are tests/e2e/export.bats. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <zlib.h>

#include "../../analyzer/render/export.h"
#include "../../analyzer/render/protobuf.h"
#include "recording_fixture.h"

#define MOST 64

/* What has a meaning in some format, what ends a line, and what is no UTF-8. */
#define HOSTILE "<a href=\"x\">&';,%s\\\t\n\x01\xff=1"

struct test {
	struct fixture fixture;
	struct profile profile;
	struct samples samples;
	struct report_head head;
	struct buffer out;
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	fixture_init(&test->fixture);
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	buffer_release(&test->out);
	samples_release(&test->samples);
	profile_release(&test->profile);
	fixture_release(&test->fixture);
	free(test);
	return 0;
}

static void add_callsites(struct fixture *fixture)
{
	fixture_add(
		fixture, SEEP_KIND_HEAP, 3, 300,
		"libc.so.6!strdup; app!entry_new@src/cache.c:21 + cache_put@src/cache.c:44; app!main@src/main.c:120");
	fixture_add(fixture, SEEP_KIND_HEAP, 1, 1000, "app!log_line@src/log.c:8; app!main@src/main.c:93");
	fixture_add(fixture, SEEP_KIND_SOCKET, 12, 0, "app!listen_on@src/net.c:33; app!main@src/main.c:88");
}

static void build(struct test *test, enum export_format format, const char *type)
{
	struct profile_input input = {&test->fixture.recording, test->fixture.totals, test->fixture.count, 1};
	struct samples_options wanted = {.every_type = export_row(format)->has_every_type};
	struct profile_options options = {0};

	assert_true(value_type_find(type, &wanted.type));
	options.type = wanted.every_type ? samples_every_type() : wanted.type;
	profile_build(&input, 1, &options, &test->profile);
	samples_build(&test->profile, &wanted, &test->samples);
	test->head = (struct report_head){
		.recording = test->fixture.recording.path,
		.program = "app",
		.program_path = "/srv/app",
		.build_id = "abcd",
		.type = wanted.type,
		.time_ns = INT64_C(1763700000000000000),
		.duration_ns = 62150000000,
		.total = test->profile.total,
		.trust = trust_sum(&test->fixture.recording, 0, 0),
	};
}

static const char *render(struct test *test, enum export_format format, const char *type)
{
	struct export_source source = {
		.head = &test->head,
		.samples = &test->samples,
		.recording = &test->fixture.recording,
	};

	build(test, format, type);
	export_row(format)->render(&test->out, &source);
	return test->out.text;
}

/* ---- pprof ---- */

struct message {
	const uint8_t *at, *end;
};

struct field {
	uint32_t number;
	uint64_t value;      /* of a varint */
	struct message body; /* of the rest */
};

static uint64_t read_varint(struct message *message)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		assert_true(message->at < message->end);
		value |= (uint64_t)(*message->at & 0x7f) << shift;
		if (!(*message->at++ & 0x80))
			return value;
	}
	fail_msg("a varint of more than ten bytes");
	return 0;
}

static bool read_field(struct message *message, struct field *out)
{
	uint64_t tag;

	if (message->at == message->end)
		return false;
	tag = read_varint(message);
	*out = (struct field){.number = (uint32_t)(tag >> 3), .value = read_varint(message)};
	if ((tag & 7) == 0)
		return true;
	assert_int_equal(tag & 7, 2);
	assert_true(out->value <= (uint64_t)(message->end - message->at));
	out->body = (struct message){message->at, message->at + out->value};
	message->at += out->value;
	return true;
}

/* The n-th field of that number; fails if there is none. */
static struct field field_at(struct message message, uint32_t number, size_t n)
{
	struct field field;

	while (read_field(&message, &field))
		if (field.number == number && !n--)
			return field;
	fail_msg("no field %u", number);
	return field;
}

static size_t field_count(struct message message, uint32_t number)
{
	struct field field;
	size_t count = 0;

	while (read_field(&message, &field))
		count += field.number == number;
	return count;
}

/* The n-th of packed numbers. */
static int64_t packed_at(struct message body, size_t n)
{
	while (n--)
		read_varint(&body);
	return (int64_t)read_varint(&body);
}

static void check_string(struct message profile, uint64_t number, const char *text)
{
	struct field string = field_at(profile, 6, number);

	assert_int_equal(string.value, strlen(text));
	assert_memory_equal(string.body.at, text, strlen(text));
}

static struct message gunzip(const struct buffer *packed, uint8_t *out, size_t room)
{
	z_stream stream = {.next_in = (Bytef *)packed->text,
			   .avail_in = (uInt)packed->size,
			   .next_out = out,
			   .avail_out = (uInt)room};

	assert_int_equal(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	inflateEnd(&stream);
	return (struct message){out, out + stream.total_out};
}

static void numbers_of_every_size_are_written_as_varints(void **state)
{
	static const uint64_t numbers[] = {1, 127, 128, 300, UINT32_MAX, INT64_MAX, (uint64_t)INT64_C(-1), UINT64_MAX};
	struct test *test = *state;
	size_t count = sizeof(numbers) / sizeof(numbers[0]);
	struct message message;

	for (size_t i = 0; i < count; i++)
		protobuf_uint(&test->out, 16, numbers[i]);
	protobuf_uint(&test->out, 17, 0);
	protobuf_packed(&test->out, 18, numbers, count);
	message = (struct message){(uint8_t *)test->out.text, (uint8_t *)test->out.text + test->out.size};
	assert_int_equal(test->out.text[0], (char)0x80); /* 16 << 3: more than one byte */
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(field_at(message, 16, i).value, numbers[i]);
		assert_int_equal(packed_at(field_at(message, 18, 0).body, i), numbers[i]);
	}
	assert_int_equal(field_count(message, 17), 0);
}

static void pprof_has_every_type_with_its_values(void **state)
{
	static uint8_t plain[1 << 16];
	struct test *test = *state;
	struct message profile, sample, types;

	add_callsites(&test->fixture);
	render(test, EXPORT_PPROF, "sockets");
	profile = gunzip(&test->out, plain, sizeof(plain));
	assert_int_equal(field_count(profile, 1), VALUE_REPORT_TYPES);
	assert_int_equal(field_count(profile, 2), 3);
	types = field_at(profile, 1, 0).body;
	check_string(profile, field_at(types, 1, 0).value, "inuse_space");
	check_string(profile, field_at(types, 2, 0).value, "bytes");
	check_string(profile, field_at(profile, 14, 0).value, "sockets"); /* the default is what was asked for */
	sample = field_at(profile, 2, 0).body;
	assert_int_equal(packed_at(field_at(sample, 2, 0).body, 0), 300);
	assert_int_equal(packed_at(field_at(sample, 2, 0).body, 1), 3);
	assert_int_equal(packed_at(field_at(sample, 2, 0).body, 2), 600);
	assert_int_equal(packed_at(field_at(sample, 2, 0).body, 4), 0);
	sample = field_at(profile, 2, 2).body;
	assert_int_equal(packed_at(field_at(sample, 2, 0).body, 0), 0);
	assert_int_equal(packed_at(field_at(sample, 2, 0).body, 4), 12);
	assert_int_equal(packed_at(field_at(sample, 2, 0).body, 5), 12); /* a socket is a descriptor */
	check_string(profile, field_at(field_at(sample, 3, 0).body, 2, 0).value, "socket");
	assert_int_equal(field_at(profile, 9, 0).value, test->head.time_ns);
	assert_int_equal(field_at(profile, 10, 0).value, test->head.duration_ns);
	check_string(profile, 0, "");
}

static void pprof_has_inlined_lines_innermost_first_in_a_mapping(void **state)
{
	static uint8_t plain[1 << 16];
	struct test *test = *state;
	struct message profile, sample, location, line, function, mapping;

	add_callsites(&test->fixture);
	render(test, EXPORT_PPROF, "inuse_space");
	profile = gunzip(&test->out, plain, sizeof(plain));
	mapping = field_at(profile, 3, 0).body;
	check_string(profile, field_at(mapping, 5, 0).value, "/srv/app");
	check_string(profile, field_at(mapping, 6, 0).value, "abcd");
	sample = field_at(profile, 2, 0).body;
	assert_int_equal(packed_at(field_at(sample, 1, 0).body, 0), 1);
	location = field_at(profile, 4, 0).body;
	assert_int_equal(field_at(location, 1, 0).value, 1);
	assert_int_equal(field_at(location, 2, 0).value, field_at(mapping, 1, 0).value);
	assert_in_range(field_at(location, 3, 0).value, field_at(mapping, 2, 0).value, field_at(mapping, 3, 0).value);
	assert_int_equal(field_count(location, 4), 2);
	line = field_at(location, 4, 0).body;
	assert_int_equal(field_at(line, 2, 0).value, 21);
	function = field_at(profile, 5, field_at(line, 1, 0).value - 1).body;
	check_string(profile, field_at(function, 2, 0).value, "entry_new");
	check_string(profile, field_at(function, 4, 0).value, "src/cache.c");
	line = field_at(location, 4, 1).body;
	function = field_at(profile, 5, field_at(line, 1, 0).value - 1).body;
	check_string(profile, field_at(function, 2, 0).value, "cache_put");
}

static void a_difference_has_negative_values(void **state)
{
	static uint8_t plain[1 << 16];
	struct test *test = *state;
	struct model_total later = {0};
	struct profile_input inputs[2];
	struct samples_options wanted = {.every_type = true};
	struct profile_options options = {.type = samples_every_type()};
	struct export_source source = {
		.head = &test->head, .samples = &test->samples, .recording = &test->fixture.recording};
	struct message profile;

	add_callsites(&test->fixture);
	later = test->fixture.totals[0];
	later.live_bytes = 50;
	inputs[0] = (struct profile_input){&test->fixture.recording, &later, 1, 1};
	inputs[1] = (struct profile_input){&test->fixture.recording, test->fixture.totals, 1, -1};
	value_type_find("inuse_space", &wanted.type);
	profile_build(inputs, 2, &options, &test->profile);
	samples_build(&test->profile, &wanted, &test->samples);
	test->head.recording = "fixture.db";
	export_pprof(&test->out, &source);
	profile = gunzip(&test->out, plain, sizeof(plain));
	assert_int_equal(field_count(profile, 2), 1);
	assert_int_equal(packed_at(field_at(field_at(profile, 2, 0).body, 2, 0).body, 0), -250);
	assert_int_equal(test->samples.items[0].before, 300);
	assert_int_equal(test->samples.items[0].after, 50);
}

static void what_did_not_change_is_no_sample(void **state)
{
	struct test *test = *state;
	struct profile_options options = {.type = samples_every_type()};
	struct samples_options wanted = {.every_type = true};
	struct profile_input inputs[2];

	add_callsites(&test->fixture);
	for (int i = 0; i < 2; i++)
		inputs[i] = (struct profile_input){&test->fixture.recording, test->fixture.totals, test->fixture.count,
						   i ? -1 : 1};
	value_type_find("inuse_space", &wanted.type);
	profile_build(inputs, 2, &options, &test->profile);
	samples_build(&test->profile, &wanted, &test->samples);
	assert_int_equal(test->samples.count, 0);
}

/* ---- text ---- */

static void collapsed_stacks_are_one_line_each(void **state)
{
	struct test *test = *state;

	add_callsites(&test->fixture);
	assert_string_equal(render(test, EXPORT_COLLAPSED, "inuse_space"),
			    "main;cache_put;entry_new 300\nmain;log_line 1000\n");
}

/* The fixture's own syntax knows some of the characters: the name is set behind it. */
static void rename_innermost(struct test *test, const char *name)
{
	struct model_symbol *symbol = &test->fixture.recording.locations[2].symbols[0];

	free(symbol->function);
	symbol->function = memory_string(name);
}

static void a_hostile_name_stays_one_frame_of_one_line(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 7, "app!leak; app!main");
	rename_innermost(test, HOSTILE);
	assert_string_equal(render(test, EXPORT_COLLAPSED, "inuse_space"),
			    "main;<a href=\"x\">&'?,%s\\???\xef\xbf\xbd=1 7\n");
}

static void json_quotes_a_hostile_name(void **state)
{
	struct test *test = *state;
	const char *text;

	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 7, "app!leak; app!main");
	rename_innermost(test, HOSTILE);
	text = render(test, EXPORT_JSON, "inuse_space");
	assert_non_null(strstr(text, "\"<a href=\\\"x\\\">&';,%s\\\\\\t\\n\\u0001\\ufffd=1\""));
}

static void csv_doubles_quotes_and_disarms_formulas(void **state)
{
	struct test *test = *state;
	const char *text;

	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 7, "app!leak; app!main");
	rename_innermost(test, "=1,\"x\"\n");
	text = strchr(render(test, EXPORT_CSV, "inuse_space"), '\n') + 1;
	assert_string_equal(text, "heap,\"'=1,\"\"x\"\"?\",\"\",,\"/srv/app\",no,7,1,14,2,0,0,0,0,0,0,0,"
				  "\"main;=1,\"\"x\"\"?\"\n");
}

static void svg_escapes_a_hostile_name(void **state)
{
	struct test *test = *state;
	const char *text;

	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 7, "app!leak; app!main");
	rename_innermost(test, HOSTILE "\xef\xbf\xbf");
	text = render(test, EXPORT_SVG, "inuse_space");
	assert_non_null(
		strstr(text, "<title>&lt;a href=&quot;x&quot;&gt;&amp;';,%s\\???\xef\xbf\xbd=1?: 7B, 100%; itself 7B"));
	assert_null(strstr(text, "<a "));
}

static void a_frame_of_the_flame_graph_is_as_wide_as_its_value(void **state)
{
	struct test *test = *state;
	const char *text;

	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 300, "app!three; app!main");
	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 100, "app!one; app!main");
	text = render(test, EXPORT_SVG, "inuse_space");
	assert_non_null(
		strstr(text, "<title>main: 400B, 100%; itself 0</title><rect x=\"10.00\" y=\"64\" width=\"1180.00\""));
	assert_non_null(strstr(
		text, "<title>three: 300B, 75.00%; itself 300B</title><rect x=\"10.00\" y=\"46\" width=\"885.00\""));
	assert_non_null(strstr(
		text, "<title>one: 100B, 25.00%; itself 100B</title><rect x=\"895.00\" y=\"46\" width=\"295.00\""));
}

static void a_name_that_does_not_fit_is_cut_between_characters(void **state)
{
	struct test *test = *state;

	/* 5 % of 1180 pixels have room for 8 characters */
	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 950, "app!big; app!main");
	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 50,
		    "app!aa\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac\xc3\x9f-too-long; app!main");
	assert_non_null(
		strstr(render(test, EXPORT_SVG, "inuse_space"), ">aa\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac..</text>"));
}

/* Sums "a" sizes over the "+" lines: what heaptrack takes for leaked. */
static void expect_heaptrack(const char *text, uint64_t bytes, uint64_t calls)
{
	uint64_t sizes[MOST], sum = 0, count = 0, number;
	size_t kinds = 0;

	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		number = line[0] && line[1] == ' ' ? strtoull(line + 2, NULL, 16) : 0;
		if (line[0] == 'a') {
			assert_true(kinds < MOST);
			sizes[kinds++] = number;
		} else if (line[0] == '+') {
			assert_true(number < kinds);
			sum += sizes[number];
			count++;
		}
	}
	assert_int_equal(sum, bytes);
	assert_int_equal(count, calls);
}

static void heaptrack_gets_every_held_byte_though_blocks_do_not_divide_it(void **state)
{
	struct test *test = *state;
	const char *text;

	fixture_add(&test->fixture, SEEP_KIND_HEAP, 7, 1000, "app!in@a.c:1 + out@a.c:9; app!main@a.c:20");
	fixture_add(&test->fixture, SEEP_KIND_HEAP, 3, 2, "app!tiny; app!main@a.c:21"); /* malloc(0) among them */
	fixture_add(&test->fixture, SEEP_KIND_SOCKET, 12, 0, "app!socket_make; app!main");
	text = render(test, EXPORT_HEAPTRACK, "inuse_space");
	expect_heaptrack(text, 1002, 10);
	assert_int_equal(strncmp(text, "v 10400 2\nX app\n", 16), 0);
	assert_non_null(strstr(text, "s main\ns a.c\ni 100f 1 2 3 14\nt 1 0\ns in\ns out\n"));
	assert_null(strstr(text, "socket_make"));
}

static void more_blocks_than_lines_are_bundled_for_heaptrack(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, SEEP_KIND_HEAP, 3000000, 100000001, "app!many; app!main");
	expect_heaptrack(render(test, EXPORT_HEAPTRACK, "inuse_space"), 100000001, 750000);
}

static void speedscope_has_a_profile_for_each_type_with_values(void **state)
{
	struct test *test = *state;
	const char *text;

	add_callsites(&test->fixture);
	text = render(test, EXPORT_SPEEDSCOPE, "sockets");
	assert_non_null(
		strstr(text, "\"name\": \"inuse_space\",\n      \"unit\": \"bytes\",\n      \"startValue\": 0,\n      "
			     "\"endValue\": 1300,"));
	assert_null(strstr(text, "\"threads\""));
	/* after the four of the heap */
	assert_non_null(strstr(text, "\"activeProfileIndex\": 4"));
}

static void an_empty_recording_is_a_valid_file_in_every_format(void **state)
{
	for (int format = EXPORT_NONE + 1; format < EXPORT_COUNT; format++) {
		struct test *test;

		if (!export_row((enum export_format)format)->render)
			continue;
		set_up((void **)&test);
		render(test, (enum export_format)format, "inuse_space");
		assert_non_null(test->out.text);
		tear_down((void **)&test);
	}
	(void)state;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_of_every_size_are_written_as_varints),
		TEST(pprof_has_every_type_with_its_values),
		TEST(pprof_has_inlined_lines_innermost_first_in_a_mapping),
		TEST(a_difference_has_negative_values),
		TEST(what_did_not_change_is_no_sample),
		TEST(collapsed_stacks_are_one_line_each),
		TEST(a_hostile_name_stays_one_frame_of_one_line),
		TEST(json_quotes_a_hostile_name),
		TEST(csv_doubles_quotes_and_disarms_formulas),
		TEST(svg_escapes_a_hostile_name),
		TEST(a_frame_of_the_flame_graph_is_as_wide_as_its_value),
		TEST(a_name_that_does_not_fit_is_cut_between_characters),
		TEST(heaptrack_gets_every_held_byte_though_blocks_do_not_divide_it),
		TEST(more_blocks_than_lines_are_bundled_for_heaptrack),
		TEST(speedscope_has_a_profile_for_each_type_with_values),
		TEST(an_empty_recording_is_a_valid_file_in_every_format),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
