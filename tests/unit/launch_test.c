/* SPDX-License-Identifier: ISC */
/* Tests of lib/launch.c and launch_std.c: what we were started with, each case in its own child. */
#include "launch.h"
#include "launch_std.h"
#include "listeners.h"
#include "loop_help.h"

#define child_test(name)                                                                \
	static void                                                                     \
	name(void **state)                                                              \
	{                                                                               \
		(void)state;                                                            \
		expect_well(in_child_##name);                                           \
	}

static struct listeners ls;

static void
set_number(const char *name, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	setenv(name, text, 1);
}

static void
child_listen(int at)
{
	struct addr a;
	int fd;

	CHILD_CHECK(addr_parse(slice_str("127.0.0.1:0"), ADDR_LISTEN, &a) == ADDR_OK &&
	    sock_listen(&a, &fd) == 0);
	CHILD_CHECK(fcntl(fd, F_SETFL, 0) == 0);
	if (fd != at)
		CHILD_CHECK(dup2(fd, at) == at && close(fd) == 0);
	CHILD_CHECK(fcntl(at, F_SETFD, 0) == 0);
}

/* ---- systemd ---- */

static void
in_child_sockets_of_systemd_are_adopted_and_the_variables_cleared(void)
{
	char name[SOCK_NAME_MAX];

	child_listen(3);
	child_listen(4);
	set_number("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "a:b", 1);
	CHILD_CHECK(launch_systemd(&ls) == 2);
	CHILD_CHECK(ls.count == 2);
	CHILD_CHECK(ls.first->io.fd == 3 && ls.first->next->io.fd == 4);
	CHILD_CHECK(strcmp(ls.first->name, sock_name(3, name)) == 0);
	CHILD_CHECK(!ls.first->from_routes && ls.first->addr[0] == '\0');
	CHILD_CHECK(fcntl(3, F_GETFD) == FD_CLOEXEC && (fcntl(3, F_GETFL) & O_NONBLOCK));
	CHILD_CHECK(getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL &&
	    getenv("LISTEN_FDNAMES") == NULL);
	CHILD_CHECK(launch_systemd(&ls) == 0);
	listeners_close_all(&ls, true);
}
child_test(sockets_of_systemd_are_adopted_and_the_variables_cleared)

static void
in_child_sockets_meant_for_another_process_are_left_alone(void)
{
	static const char *const pid[] = { "1", "", "x", "-1" };

	child_listen(3);
	for (size_t i = 0; i < sizeof(pid) / sizeof(pid[0]); i++) {
		setenv("LISTEN_PID", pid[i], 1);
		setenv("LISTEN_FDS", "1", 1);
		CHILD_CHECK(launch_systemd(&ls) == 0);
		CHILD_CHECK(getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL);
	}
	setenv("LISTEN_FDS", "1", 1);
	CHILD_CHECK(launch_systemd(&ls) == 0);
	set_number("LISTEN_PID", getpid());
	CHILD_CHECK(launch_systemd(&ls) == 0);
	CHILD_CHECK(ls.count == 0 && fcntl(3, F_GETFD) == 0);
}
child_test(sockets_meant_for_another_process_are_left_alone)

static void
in_child_a_number_of_sockets_that_is_none_means_none(void)
{
	static const char *const n[] = { "0", "", "x", "-1", "99999999" };

	child_listen(3);
	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
		set_number("LISTEN_PID", getpid());
		setenv("LISTEN_FDS", n[i], 1);
		CHILD_CHECK(launch_systemd(&ls) == 0);
	}
}
child_test(a_number_of_sockets_that_is_none_means_none)

static void
in_child_a_descriptor_that_does_not_listen_is_an_error(void)
{
	int pair[2];

	CHILD_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHILD_CHECK(pair[0] == 3 || dup2(pair[0], 3) == 3);
	set_number("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "1", 1);
	CHILD_CHECK(launch_systemd(&ls) == -1 && errno == ENOTSOCK);
}
child_test(a_descriptor_that_does_not_listen_is_an_error)

static void
in_child_sockets_that_are_not_wanted_are_closed_and_counted(void)
{
	int file;

	child_listen(3);
	child_listen(4);
	file = open("/dev/null", O_RDONLY);
	CHILD_CHECK(file == 5 || (dup2(file, 5) == 5 && close(file) == 0));
	set_number("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES", "a:b:c", 1);
	CHILD_CHECK(launch_refuse_systemd() == 2);
	CHILD_CHECK(fcntl(3, F_GETFD) == -1 && fcntl(4, F_GETFD) == -1 && fcntl(5, F_GETFD) != -1);
	CHILD_CHECK(getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL &&
	    getenv("LISTEN_FDNAMES") == NULL);
	child_listen(3);
	CHILD_CHECK(launch_refuse_systemd() == 0 && fcntl(3, F_GETFD) != -1);
}
child_test(sockets_that_are_not_wanted_are_closed_and_counted)

/* ---- descriptor 0 listens ---- */

static void
in_child_a_listening_descriptor_0_is_adopted(void)
{
	struct launch_one one;

	child_listen(STDIN_FILENO);
	CHILD_CHECK(!launch_one_connection(&one));
	CHILD_CHECK(launch_stdin_listener(&ls) == 1);
	CHILD_CHECK(ls.first->io.fd == STDIN_FILENO);
	listeners_close_all(&ls, false);
}
child_test(a_listening_descriptor_0_is_adopted)

static void
in_child_a_connection_is_no_listener(void)
{
	int pair[2];

	CHILD_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 &&
	    dup2(pair[0], STDIN_FILENO) == STDIN_FILENO);
	CHILD_CHECK(launch_stdin_listener(&ls) == 0);
	close(STDIN_FILENO);
	CHILD_CHECK(launch_stdin_listener(&ls) == 0);
}
child_test(a_connection_is_no_listener)

/* ---- one connection ---- */

static int far_fd;		/* the client's end, in the child */

/* A TCP connection; returns our end, blocking. */
static int
child_connection(void)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int fd;

	child_listen(50);
	CHILD_CHECK(getsockname(50, (struct sockaddr *)&sa, &len) == 0);
	far_fd = socket(AF_INET, SOCK_STREAM, 0);
	CHILD_CHECK(connect(far_fd, (struct sockaddr *)&sa, len) == 0);
	fd = accept(50, NULL, NULL);
	CHILD_CHECK(fd != -1);
	return fd;
}

static void
set_remote(const char *ip, const char *port)
{
	unsetenv("TCPREMOTEIP");
	unsetenv("TCPREMOTEPORT");
	if (ip != NULL)
		setenv("TCPREMOTEIP", ip, 1);
	if (port != NULL)
		setenv("TCPREMOTEPORT", port, 1);
}

static bool
is_blocking(int fd)
{
	return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void
in_child_one_socket_on_0_and_1_is_a_connection_with_its_own_peer(void)
{
	struct launch_one one;
	struct endpoint far;
	int fd = child_connection();

	CHILD_CHECK(dup2(fd, 0) == 0 && dup2(fd, 1) == 1);
	set_remote("192.0.2.9", "9");
	CHILD_CHECK(launch_one_connection(&one));
	CHILD_CHECK(one.in_fd == 0 && one.out_fd == 0);
	sock_local(far_fd, &far);
	CHILD_CHECK(one.peer.family == AF_INET && one.peer.port == far.port &&
	    memcmp(one.peer.ip, far.ip, 16) == 0);
	CHILD_CHECK(!is_blocking(0));
	launch_restore();
	CHILD_CHECK(is_blocking(0));
}
child_test(one_socket_on_0_and_1_is_a_connection_with_its_own_peer)

static void
in_child_a_socket_on_0_alone_is_a_connection(void)
{
	struct launch_one one;
	int fd = child_connection(), null = open("/dev/null", O_WRONLY);

	CHILD_CHECK(dup2(fd, 0) == 0 && dup2(null, 1) == 1);
	CHILD_CHECK(launch_one_connection(&one));
	CHILD_CHECK(one.in_fd == 0 && one.out_fd == 0 && one.peer.family == AF_INET);
}
child_test(a_socket_on_0_alone_is_a_connection)

static void
in_child_a_socketpair_has_the_peer_the_environment_tells(void)
{
	struct launch_one one;
	char text[ENDPOINT_TEXT_MAX];
	int pair[2];

	CHILD_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHILD_CHECK(dup2(pair[0], 0) == 0 && dup2(pair[0], 1) == 1);
	set_remote(NULL, NULL);
	CHILD_CHECK(launch_one_connection(&one) && one.out_fd == 0 && one.peer.family == AF_UNIX);
	set_remote("2001:db8::1", "51234");
	CHILD_CHECK(launch_one_connection(&one));
	CHILD_CHECK(strcmp(endpoint_text(&one.peer, text), "[2001:db8::1]:51234") == 0);
	set_remote("192.0.2.1", NULL);
	CHILD_CHECK(launch_one_connection(&one));
	CHILD_CHECK(strcmp(endpoint_text(&one.peer, text), "192.0.2.1:0") == 0);
}
child_test(a_socketpair_has_the_peer_the_environment_tells)

static void
in_child_two_pipes_are_a_connection(void)
{
	static const char *const bad[] = { "", "unix", "192.0.2.300", "192.0.2.1:80", "host" };
	struct launch_one one;
	char text[ENDPOINT_TEXT_MAX];
	int in[2], out[2];

	CHILD_CHECK(pipe(in) == 0 && pipe(out) == 0 && dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1);
	set_remote("192.0.2.1", "51234");
	CHILD_CHECK(launch_one_connection(&one));
	CHILD_CHECK(one.in_fd == 0 && one.out_fd == 1);
	CHILD_CHECK(strcmp(endpoint_text(&one.peer, text), "192.0.2.1:51234") == 0);
	CHILD_CHECK(!is_blocking(0) && !is_blocking(1));
	launch_restore();
	CHILD_CHECK(is_blocking(0) && is_blocking(1));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_remote(bad[i], "51234");
		CHILD_CHECK(launch_one_connection(&one) && one.peer.family == AF_UNSPEC);
	}
	set_remote("192.0.2.1", "65536");
	CHILD_CHECK(launch_one_connection(&one) && one.peer.port == 0);
}
child_test(two_pipes_are_a_connection)

static void
in_child_two_sockets_are_a_connection_of_two_ends(void)
{
	struct launch_one one;
	int a[2], b[2];

	CHILD_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM, 0, b) == 0);
	CHILD_CHECK(dup2(a[0], 0) == 0 && dup2(b[0], 1) == 1);
	set_remote(NULL, NULL);
	CHILD_CHECK(launch_one_connection(&one));
	CHILD_CHECK(one.in_fd == 0 && one.out_fd == 1);
}
child_test(two_sockets_are_a_connection_of_two_ends)

static void
in_child_files_and_terminals_are_no_connection(void)
{
	struct launch_one one;
	int null = open("/dev/null", O_RDWR), pipefd[2];

	CHILD_CHECK(pipe(pipefd) == 0);
	CHILD_CHECK(dup2(null, 0) == 0 && dup2(null, 1) == 1 && !launch_one_connection(&one));
	CHILD_CHECK(dup2(pipefd[0], 0) == 0 && !launch_one_connection(&one));
	CHILD_CHECK(is_blocking(0));
	CHILD_CHECK(dup2(null, 0) == 0 && dup2(pipefd[1], 1) == 1 && !launch_one_connection(&one));
	close(0);
	CHILD_CHECK(!launch_one_connection(&one));
	close(1);
	CHILD_CHECK(!launch_one_connection(&one));
}
child_test(files_and_terminals_are_no_connection)

static void
in_child_what_did_not_block_before_does_not_after(void)
{
	struct launch_one one;
	int in[2], out[2];

	CHILD_CHECK(pipe2(in, O_NONBLOCK) == 0 && pipe(out) == 0 && dup2(in[0], 0) == 0 &&
	    dup2(out[1], 1) == 1);
	CHILD_CHECK(launch_one_connection(&one));
	launch_restore();
	CHILD_CHECK(!is_blocking(0) && is_blocking(1));
}
child_test(what_did_not_block_before_does_not_after)

static void
in_child_nothing_is_logged_into_the_connection(void)
{
	struct launch_one one;
	char text[64];
	int fd = child_connection(), said = dup(STDERR_FILENO);

	CHILD_CHECK(dup2(fd, 0) == 0 && dup2(fd, 1) == 1 && dup2(fd, 2) == 2);
	bool is_one = launch_one_connection(&one);
	ssize_t written = write(STDERR_FILENO, "x", 1);

	dup2(said, STDERR_FILENO);
	CHILD_CHECK(is_one && written == 1);
	CHILD_CHECK(recv(far_fd, text, sizeof(text), MSG_DONTWAIT) == -1 && errno == EAGAIN);
}
child_test(nothing_is_logged_into_the_connection)

/* Put 0, 1 and 2 there and fill them; whether what is written to 2 then comes out at far. */
static bool
child_is_heard(int in, int out, int err, int far)
{
	int said = dup(STDERR_FILENO);
	char text[64];
	ssize_t written;

	CHILD_CHECK(dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2);
	launch_fill_std();
	written = write(STDERR_FILENO, "x", 1);
	CHILD_CHECK(dup2(said, STDERR_FILENO) == STDERR_FILENO && close(said) == 0);
	CHILD_CHECK(written == 1);
	return recv(far, text, sizeof(text), MSG_DONTWAIT) == 1;
}

static void
in_child_a_client_that_is_standard_error_hears_nothing(void)
{
	int fd = child_connection(), null = open("/dev/null", O_RDWR);

	CHILD_CHECK(!child_is_heard(fd, fd, fd, far_fd));
	CHILD_CHECK(!child_is_heard(fd, null, fd, far_fd));
}
child_test(a_client_that_is_standard_error_hears_nothing)

/* A parent may read standard output and error by one socket, as node does for "2>&1". */
static void
in_child_a_parent_that_reads_output_and_errors_hears_them(void)
{
	int in[2], out[2];

	CHILD_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, in) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM, 0, out) == 0);
	CHILD_CHECK(child_is_heard(in[0], out[0], out[0], out[1]));
	CHILD_CHECK(child_is_heard(in[0], in[0], out[0], out[1]));
	CHILD_CHECK(child_is_heard(in[0], in[0], in[0], in[1]));	/* as sshd does */
}
child_test(a_parent_that_reads_output_and_errors_hears_them)

/* ---- the address a client connected to ---- */

static void
in_child_where_a_client_connected_to_is_of_its_own_family(void)
{
	struct endpoint out, peer = { .family = AF_INET };
	int fd = child_connection();

	unsetenv("TCPLOCALIP");
	launch_local(fd, &peer, &out);
	CHILD_CHECK(out.family == AF_INET && out.port != 0);
	peer.family = AF_INET6;
	launch_local(fd, &peer, &out);
	CHILD_CHECK(out.family == AF_INET6 && out.port == 0);
	setenv("TCPLOCALIP", "2001:db8::1", 1);
	setenv("TCPLOCALPORT", "443", 1);
	launch_local(fd, &peer, &out);
	CHILD_CHECK(out.family == AF_INET6 && out.port == 443);
	peer.family = AF_UNIX;
	launch_local(fd, &peer, &out);
	CHILD_CHECK(out.family == AF_UNSPEC && out.port == 0);
}
child_test(where_a_client_connected_to_is_of_its_own_family)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_of_systemd_are_adopted_and_the_variables_cleared),
		cmocka_unit_test(sockets_meant_for_another_process_are_left_alone),
		cmocka_unit_test(a_number_of_sockets_that_is_none_means_none),
		cmocka_unit_test(a_descriptor_that_does_not_listen_is_an_error),
		cmocka_unit_test(sockets_that_are_not_wanted_are_closed_and_counted),
		cmocka_unit_test(a_listening_descriptor_0_is_adopted),
		cmocka_unit_test(a_connection_is_no_listener),
		cmocka_unit_test(one_socket_on_0_and_1_is_a_connection_with_its_own_peer),
		cmocka_unit_test(a_socket_on_0_alone_is_a_connection),
		cmocka_unit_test(a_socketpair_has_the_peer_the_environment_tells),
		cmocka_unit_test(two_pipes_are_a_connection),
		cmocka_unit_test(two_sockets_are_a_connection_of_two_ends),
		cmocka_unit_test(files_and_terminals_are_no_connection),
		cmocka_unit_test(what_did_not_block_before_does_not_after),
		cmocka_unit_test(nothing_is_logged_into_the_connection),
		cmocka_unit_test(a_client_that_is_standard_error_hears_nothing),
		cmocka_unit_test(a_parent_that_reads_output_and_errors_hears_them),
		cmocka_unit_test(where_a_client_connected_to_is_of_its_own_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
