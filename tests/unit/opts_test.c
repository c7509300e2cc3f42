/* SPDX-License-Identifier: ISC */
/* Tests of lib/opts.c: every kind of option, what is refused and how, usage and version. */
#include <getopt.h>

#include "log.h"
#include "loop_help.h"
#include "opts.h"

static struct {
	bool flag, other;
	const char *text, *file, *maybe, *commas;
	struct opt_list list;
	uint64_t number, fd, ms;
} got;

static const struct opt table[] = {
	{ 'f', "flag", NULL, OPT_FLAG, &got.flag, 0, 0, "a flag" },
	{ 0, "other-flag", NULL, OPT_FLAG, &got.other, 0, 0, "a flag without a letter" },
	{ 't', "text", "TEXT", OPT_TEXT, &got.text, 0, 0, "a text" },
	{ 0, "file", "FILE", OPT_FILE, &got.file, 0, 0, "a file" },
	{ 'l', "list", "ADDR", OPT_LIST, &got.list, 0, 0, "a list (repeatable)" },
	{ 'n', "number", "N", OPT_NUMBER, &got.number, 1, 64, "a number" },
	{ 0, "fd", "FD", OPT_FD, &got.fd, 0, 0, "a descriptor" },
	{ 's', "seconds", "SECONDS", OPT_SECONDS, &got.ms, 0, 600000, "seconds (5)" },
	{ 0, "maybe", "CIDR,...", OPT_MAYBE, &got.maybe, 0, 0, "a value or none" },
	{ 0, "commas", "CIDR,...", OPT_COMMAS, &got.commas, 0, 0, "a list with commas" },
	{ 'h', "help", NULL, OPT_HELP, NULL, 0, 0, "print this and exit" },
	{ 'V', "version", NULL, OPT_VERSION, NULL, 0, 0, "print the version and exit" },
};

#define WORDS 16

/* argv of exact-size heap copies, from words separated by blanks ("_" is an empty word). */
static char *argv[WORDS];
static int argc;

static void
set_words(const char *words)
{
	char copy[256], *rest = copy, *word;

	for (int i = 0; i < argc; i++)
		free(argv[i]);
	snprintf(copy, sizeof(copy), "tool %s", words);
	for (argc = 0; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			argv[argc++] = strdup(strcmp(word, "_") == 0 ? "" : word);
	argv[argc] = NULL;
}

static void
parse(const char *words)
{
	free(got.list.item);
	memset(&got, 0, sizeof(got));
	got.number = got.ms = 4711;
	set_words(words);
	optind = 0;		/* getopt(3): begin anew */
	opts_parse(argc, argv, "tool [-l ADDR]... [options]", table,
	    sizeof(table) / sizeof(table[0]));
}

static void
parse_in_child(void)
{
	log_init("tool", LOG_LEVEL_INFO, false);
	optind = 1;		/* as when a process starts */
	opts_parse(argc, argv, "tool [-l ADDR]... [options]", table,
	    sizeof(table) / sizeof(table[0]));
}

static void
expect_refused(const char *words, const char *says)
{
	struct outcome o;

	set_words(words);
	o = in_child(parse_in_child);
	assert_int_equal(o.code, 100);
	assert_string_equal(o.out, "");
	assert_string_equal(o.err, says);
}

static void
without_options_everything_stays_as_it_was(void **state)
{
	(void)state;
	parse("");
	assert_false(got.flag || got.other);
	assert_null(got.text);
	assert_null(got.maybe);
	assert_int_equal(got.list.n, 0);
	assert_int_equal(got.number, 4711);
	assert_int_equal(got.ms, 4711);
}

static void
every_kind_is_taken_in_its_short_form(void **state)
{
	(void)state;
	parse("-f -t abc -l a:1 -n 64 -s 1.5 -l b:2");
	assert_true(got.flag);
	assert_false(got.other);
	assert_string_equal(got.text, "abc");
	assert_int_equal(got.list.n, 2);
	assert_string_equal(got.list.item[0], "a:1");
	assert_string_equal(got.list.item[1], "b:2");
	assert_int_equal(got.number, 64);
	assert_int_equal(got.ms, 1500);
}

static void
every_kind_is_taken_in_its_long_form(void **state)
{
	(void)state;
	parse("--flag --other-flag --text abc --list=a:1 --number=1 --seconds .25 --maybe");
	assert_true(got.flag && got.other);
	assert_string_equal(got.text, "abc");
	assert_int_equal(got.list.n, 1);
	assert_int_equal(got.number, 1);
	assert_int_equal(got.ms, 250);
	assert_string_equal(got.maybe, "");
	parse("--maybe=10.0.0.0/8");
	assert_string_equal(got.maybe, "10.0.0.0/8");
	expect_refused("--maybe=", "tool: error: --maybe= without a value; omit the '='\n");
	parse("--file x");
	assert_string_equal(got.file, "x");
	expect_refused("--file=", "tool: error: --file: empty\n");
	expect_refused("--list=", "tool: error: --list: empty\n");
}

static void
letters_may_be_joined_and_values_attached(void **state)
{
	(void)state;
	parse("-fn7 -tabc");
	assert_true(got.flag);
	assert_int_equal(got.number, 7);
	assert_string_equal(got.text, "abc");
}

static void
a_value_may_look_like_an_option(void **state)
{
	(void)state;
	parse("--text -f");
	assert_string_equal(got.text, "-f");
	assert_false(got.flag);
	parse("-t _");
	assert_string_equal(got.text, "");
}

static void
of_numbers_and_flags_the_last_one_counts(void **state)
{
	(void)state;
	parse("-n 1 -s 1 -f --number=2 -f -s 2");
	assert_int_equal(got.number, 2);
	assert_int_equal(got.ms, 2000);
	assert_true(got.flag);
}

static void
of_texts_too_but_not_in_silence(void **state)
{
	struct outcome o;

	(void)state;
	parse("-t a --text b");
	assert_string_equal(got.text, "b");
	parse("-t a -t _");
	assert_string_equal(got.text, "");
	set_words("-t a -n 1 --text b --text=b --text b");
	o = in_child(parse_in_child);
	assert_int_equal(o.code, 0);
	assert_string_equal(o.err, "tool: warn: --text is given twice, the last one counts\n");
}

/* The result, which is owned when something was added. */
static void
expect_list(const char *words, const char **out, const char *wanted)
{
	parse(words);
	assert_string_equal(*out, wanted);
	if (strchr(wanted, ',') != NULL)
		free((void *)(uintptr_t)*out);
}

static void
a_list_given_again_adds_to_the_first(void **state)
{
	static const char both[] = "tool: error: --maybe is given with and without a value\n";

	(void)state;
	expect_list("--commas a", &got.commas, "a");
	expect_list("--commas a --commas=b", &got.commas, "a,b");
	expect_list("--commas a,b --commas=c --commas c,d", &got.commas, "a,b,c,c,d");
	expect_list("--maybe=a --maybe=b --maybe=c", &got.maybe, "a,b,c");
	expect_list("--maybe --maybe", &got.maybe, "");
	expect_refused("--maybe --maybe=a", both);
	expect_refused("--maybe=a --maybe=b --maybe", both);
}

static void
nought_seconds_turn_a_deadline_off(void **state)
{
	(void)state;
	parse("-s 0");
	assert_int_equal(got.ms, 0);
}

static void
a_bad_number_is_refused_with_its_range(void **state)
{
	static const char *const bad[] = { "0", "65", "-1", "+1", "1x", "0x1",
		"18446744073709551617", "" };
	char words[64], says[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(words, sizeof(words), "--number=%s", bad[i]);
		snprintf(says, sizeof(says),
		    "tool: error: --number %s: not a number from 1 to 64\n", bad[i]);
		expect_refused(words, says);
	}
	expect_refused("-n 0", "tool: error: --number 0: not a number from 1 to 64\n");
}

static void
a_descriptor_must_be_open(void **state)
{
	static const char *const bad[] = { "-1", "", "x", "1000", "2147483648" };
	char words[64], says[128];

	(void)state;
	parse("--fd=1");
	assert_int_equal(got.fd, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(words, sizeof(words), "--fd=%s", bad[i]);
		snprintf(says, sizeof(says), "tool: error: --fd %s: not an open descriptor\n",
		    bad[i]);
		expect_refused(words, says);
	}
}

static void
bad_seconds_are_refused_with_their_range(void **state)
{
	static const char *const bad[] = { "-1", "601", "1s", "0.0001", "1e3", "5m" };
	char words[64], says[160];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(words, sizeof(words), "-s %s", bad[i]);
		snprintf(says, sizeof(says),
		    "tool: error: --seconds %s: not a number of seconds from 0 to 600 "
		    "with at most three decimals\n", bad[i]);
		expect_refused(words, says);
	}
}

static void
unknown_options_are_refused_by_name(void **state)
{
	(void)state;
	expect_refused("--bogus", "tool: error: unknown option --bogus; -h lists the options\n");
	expect_refused("-f -x", "tool: error: unknown option -x; -h lists the options\n");
	expect_refused("-xf", "tool: error: unknown option -x; -h lists the options\n");
	expect_refused("--bogus=1", "tool: error: unknown option --bogus; -h lists the options\n");
	expect_refused("-\xc3\xa9", "tool: error: unknown option -\\xc3; -h lists the options\n");
	expect_refused("-f\xff", "tool: error: unknown option -\\xff; -h lists the options\n");
}

static void
parse_two_ways_in_child(void)
{
	log_init("tool", LOG_LEVEL_INFO, false);
	optind = 1;
	opts_parse(argc, argv, "tool -l ADDR" OPTS_OR "tool -c", table,
	    sizeof(table) / sizeof(table[0]));
}

static void
a_synopsis_of_several_lines_is_aligned(void **state)
{
	struct outcome o;

	(void)state;
	set_words("-h");
	o = in_child(parse_two_ways_in_child);
	assert_non_null(strstr(o.out, "usage: tool -l ADDR\n       tool -c\n\n"));
}

static void
a_flag_takes_no_value(void **state)
{
	(void)state;
	expect_refused("--flag=1", "tool: error: --flag takes no value; -h lists the options\n");
	expect_refused("--help=", "tool: error: --help takes no value; -h lists the options\n");
}

static void
a_long_option_is_a_whole_word(void **state)
{
	static const char *const row[][2] = {
		{ "--tex a", "--tex (--text?)" },
		{ "word --tex=secret", "--tex (--text?)" },
		{ "--fla", "--fla (--flag?)" },
		{ "--fla=1", "--fla (--flag?)" },
		{ "-f --tex", "--tex (--text?)" },
		{ "--may", "--may (--maybe?)" },
		{ "--may=secret", "--may (--maybe?)" },
		{ "--f", "--f" },
	};
	char says[128];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(says, sizeof(says),
		    "tool: error: unknown option %s; -h lists the options\n", row[i][1]);
		expect_refused(row[i][0], says);
	}
	parse("--text --text");
	assert_string_equal(got.text, "--text");
}

static void
a_missing_value_is_refused_by_name(void **state)
{
	(void)state;
	expect_refused("-t", "tool: error: -t needs a value; -h lists the options\n");
	expect_refused("-f --text", "tool: error: --text needs a value; -h lists the options\n");
}

static void
words_left_over_are_refused(void **state)
{
	(void)state;
	expect_refused("-f word", "tool: error: unexpected word \"word\"; -h shows the usage\n");
	expect_refused("word -f", "tool: error: unexpected word \"word\"; -h shows the usage\n");
	expect_refused("-- -f", "tool: error: unexpected word \"-f\"; -h shows the usage\n");
	expect_refused("_", "tool: error: unexpected word \"\"; -h shows the usage\n");
}

static void
the_option_that_is_wrong_is_named_and_not_a_word_in_front_of_it(void **state)
{
	struct outcome o;

	(void)state;
	set_words("word --bogus");
	o = in_child(parse_in_child);
	assert_int_equal(o.code, 100);
	assert_null(strstr(o.err, "option word"));
	set_words("word -t");
	o = in_child(parse_in_child);
	assert_int_equal(o.code, 100);
	assert_null(strstr(o.err, "word needs a value"));
}

static void
help_prints_every_option_and_exits_0(void **state)
{
	static const char *const line[] = {
		"usage: tool [-l ADDR]... [options]\n",
		"  -f, --flag                         a flag\n",
		"  --other-flag                       a flag without a letter\n",
		"  -t, --text TEXT                    a text\n",
		"  -l, --list ADDR                    a list (repeatable)\n",
		"  -n, --number N                     a number\n",
		"  -s, --seconds SECONDS              seconds (5)\n",
		"  --maybe[=CIDR,...]                 a value or none\n",
		"  --commas CIDR,...                  a list with commas\n",
		"  -h, --help                         print this and exit\n",
		"  -V, --version                      print the version and exit\n",
	};
	static const char *const ask[] = { "-h", "--help", "-f --help --bogus", "-fh" };
	const char *at;

	(void)state;
	for (size_t k = 0; k < sizeof(ask) / sizeof(ask[0]); k++) {
		set_words(ask[k]);
		struct outcome o = in_child(parse_in_child);

		assert_int_equal(o.code, 0);
		assert_string_equal(o.err, "");
		at = o.out;
		for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++) {
			at = strstr(at, line[i]);
			assert_non_null(at);
			at += strlen(line[i]);
		}
		assert_string_equal(at, "");
	}
}

static void
version_prints_the_tools_name_and_its_version(void **state)
{
	static const char *const ask[] = { "-V", "--version", "-f -V word" };

	(void)state;
	for (size_t k = 0; k < sizeof(ask) / sizeof(ask[0]); k++) {
		set_words(ask[k]);
		struct outcome o = in_child(parse_in_child);

		assert_int_equal(o.code, 0);
		assert_string_equal(o.out, "tool " VERSION "\n");
		assert_string_equal(o.err, "");
	}
}

/* Parse for words: they and the program, as one text "WORD WORD|PROGRAM ARG". */
static const char *
parse_words(const char *text)
{
	static char out[256];
	char **words, **program;
	size_t len = 0;

	free(got.list.item);
	memset(&got, 0, sizeof(got));
	set_words(text);
	optind = 0;
	opts_parse_words(argc, argv, "tool WORD... [-- PROGRAM]", table,
	    sizeof(table) / sizeof(table[0]), &words, &program);
	out[0] = '\0';
	assert_true(program == NULL || *program != NULL);
	for (char **w = words; *w != NULL; w++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
		    w == words ? "" : " ", *w);
	for (char **w = program; program != NULL && *w != NULL; w++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
		    w == program ? "|" : " ", *w);
	free(words);
	return out;
}

static void
a_tool_may_take_words_before_between_and_behind_its_options(void **state)
{
	(void)state;
	assert_string_equal(parse_words("a=1 -f b=2 -t text c=3"), "a=1 b=2 c=3");
	assert_true(got.flag);
	assert_string_equal(got.text, "text");
	assert_string_equal(parse_words("-f"), "");
	assert_string_equal(parse_words("a -l x:1 - _"), "a - ");
}

static void
what_stands_behind_two_hyphens_is_the_program(void **state)
{
	(void)state;
	assert_string_equal(parse_words("a -f b -- sshd -i -f -- x"), "a b|sshd -i -f -- x");
	assert_true(got.flag);
	assert_string_equal(parse_words("-- sshd"), "|sshd");
	assert_string_equal(parse_words("a --"), "a");
	assert_string_equal(parse_words("a -- -t b"), "a|-t b");
	assert_null(got.text);
}

static void
two_hyphens_may_be_the_value_of_an_option(void **state)
{
	(void)state;
	assert_string_equal(parse_words("a -t -- b -- c"), "a b|c");
	assert_string_equal(got.text, "--");
	assert_string_equal(parse_words("a --text -- b"), "a b");
}

static void
parse_words_in_child(void)
{
	char **words, **program;

	log_init("tool", LOG_LEVEL_INFO, false);
	optind = 1;
	opts_parse_words(argc, argv, "tool WORD...", table, sizeof(table) / sizeof(table[0]),
	    &words, &program);
}

static void
with_words_too_the_option_that_is_wrong_is_named(void **state)
{
	static const char *const row[][2] = {
		{ "word --bogus word",
		    "tool: error: unknown option --bogus; -h lists the options\n" },
		{ "word -x", "tool: error: unknown option -x; -h lists the options\n" },
		{ "word -t", "tool: error: -t needs a value; -h lists the options\n" },
		{ "word --text", "tool: error: --text needs a value; -h lists the options\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		set_words(row[i][0]);
		struct outcome o = in_child(parse_words_in_child);

		assert_int_equal(o.code, 100);
		assert_string_equal(o.err, row[i][1]);
	}
}

static int
forget_words(void **state)
{
	(void)state;
	set_words("");
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	free(got.list.item);
	return 0;
}

static void
a_value_that_is_not_of_its_kind_is_logged(void **state)
{
	(void)state;
	log_init("tool", LOG_LEVEL_INFO, false);
	catch_stderr();
	assert_true(opts_check_cidrs("--from", NULL));
	assert_true(opts_check_cidrs("--from", "10.0.0.0/8,::1"));
	assert_false(opts_check_cidrs("--from", "10.0.0.0/8,x"));
	assert_false(opts_check_cidrs("--from", ""));
	assert_true(opts_check_listen("-m", NULL));
	assert_true(opts_check_listen("-m", "127.0.0.1:0"));
	assert_false(opts_check_listen("-m", "9"));
	log_flush();
	assert_string_equal(caught_stderr(),
	    "tool: error: --from: \"x\" is not an address or CIDR\n"
	    "tool: error: --from: \"\" is not an address or CIDR\n"
	    "tool: error: -m 9: no port (HOST:PORT, :PORT or unix:/PATH)\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_everything_stays_as_it_was),
		cmocka_unit_test(every_kind_is_taken_in_its_short_form),
		cmocka_unit_test(every_kind_is_taken_in_its_long_form),
		cmocka_unit_test(letters_may_be_joined_and_values_attached),
		cmocka_unit_test(a_value_may_look_like_an_option),
		cmocka_unit_test(of_numbers_and_flags_the_last_one_counts),
		cmocka_unit_test(of_texts_too_but_not_in_silence),
		cmocka_unit_test(a_list_given_again_adds_to_the_first),
		cmocka_unit_test(nought_seconds_turn_a_deadline_off),
		cmocka_unit_test(a_bad_number_is_refused_with_its_range),
		cmocka_unit_test(a_descriptor_must_be_open),
		cmocka_unit_test(bad_seconds_are_refused_with_their_range),
		cmocka_unit_test(unknown_options_are_refused_by_name),
		cmocka_unit_test(a_flag_takes_no_value),
		cmocka_unit_test(a_long_option_is_a_whole_word),
		cmocka_unit_test(a_missing_value_is_refused_by_name),
		cmocka_unit_test(words_left_over_are_refused),
		cmocka_unit_test(the_option_that_is_wrong_is_named_and_not_a_word_in_front_of_it),
		cmocka_unit_test(help_prints_every_option_and_exits_0),
		cmocka_unit_test(a_synopsis_of_several_lines_is_aligned),
		cmocka_unit_test(version_prints_the_tools_name_and_its_version),
		cmocka_unit_test(a_tool_may_take_words_before_between_and_behind_its_options),
		cmocka_unit_test(what_stands_behind_two_hyphens_is_the_program),
		cmocka_unit_test(two_hyphens_may_be_the_value_of_an_option),
		cmocka_unit_test(with_words_too_the_option_that_is_wrong_is_named),
		cmocka_unit_test(a_value_that_is_not_of_its_kind_is_logged),
	};

	return cmocka_run_group_tests(tests, NULL, forget_words);
}
