/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/sock.c: listening, stale socket files, connecting, names, descriptors passed along.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "loop_help.h"

/* The kernel: this definition stands before libc's. */
static int accept_errno;	/* what accepting fails with, 0: it works */

int
accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
{
	errno = accept_errno;
	return accept_errno != 0 ? -1 : (int)syscall(SYS_accept4, fd, peer, len, flags);
}

static bool says_little;	/* of TCP_INFO */

int
getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	int r = (int)syscall(SYS_getsockopt, fd, level, option, value, len);

	if (r == 0 && says_little && level == IPPROTO_TCP && option == TCP_INFO)
		memset(value, 0, *len);
	return r;
}

static int
make_our_dir(void **state)
{
	(void)state;
	make_dir();
	return 0;
}

static int
remove_our_dir(void **state)
{
	(void)state;
	remove_dir();
	return 0;
}

#define dir_test(f) cmocka_unit_test_setup_teardown(f, make_our_dir, remove_our_dir)

static const char *
unix_text(const char *name)
{
	static char text[128];

	snprintf(text, sizeof(text), "unix:%s", in_dir(name));
	return text;
}

static int
try_listen(const char *text, int *fd)
{
	struct addr a = address(text, ADDR_LISTEN);

	return sock_listen(&a, fd);
}

static int
connect_text(const char *text)
{
	struct addr a = address(text, 0);
	struct sockaddr_storage sa;
	socklen_t len = addr_sockaddr(&a, &sa);
	int fd;

	if (sock_connect(&sa, len, false, &fd) == SOCK_REFUSED)
		return -1;
	await(fd, POLLOUT);
	if (sock_error(fd) == 0)
		return fd;
	close(fd);
	return -1;
}

static unsigned
port_of(int fd)
{
	struct endpoint e;

	sock_local(fd, &e);
	return e.port;
}

static void
expect_flags(int fd)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static int
nodelay(int fd)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &len), 0);
	return value;
}

static int
take_one(int lfd, struct endpoint *peer)
{
	int fd;

	await(lfd, POLLIN);
	assert_int_equal(sock_accept(lfd, &fd, peer), SOCK_ACCEPTED);
	expect_flags(fd);
	return fd;
}

/* Connect to target, which lfd listens on, and say what the two ends think of each other. */
static void
expect_peer(int lfd, const char *target, const char *peer_ip, int family)
{
	struct endpoint peer, local;
	char text[ENDPOINT_TEXT_MAX], want[ENDPOINT_TEXT_MAX];
	int out = connect_text(target), in;

	assert_true(out != -1);
	in = take_one(lfd, &peer);
	sock_local(out, &local);
	assert_int_equal(peer.family, family);
	snprintf(want, sizeof(want), family == AF_INET6 ? "[%s]:%u" : "%s:%u", peer_ip, local.port);
	assert_string_equal(endpoint_text(&peer, text), want);
	sock_peer(in, &peer);
	assert_string_equal(endpoint_text(&peer, text), want);
	assert_int_equal(nodelay(in), 1);	/* inherited */
	sock_nodelay(out);
	assert_int_equal(nodelay(out), 1);
	expect_flags(out);
	close(in);
	close(out);
}

/* ---- listening ---- */

static void
an_ipv4_address_is_listened_on(void **state)
{
	char name[SOCK_NAME_MAX], want[64];
	int lfd = listen_on("127.0.0.1:0");

	(void)state;
	snprintf(want, sizeof(want), "127.0.0.1:%u", port_of(lfd));
	assert_string_equal(sock_name(lfd, name), want);
	expect_flags(lfd);
	expect_peer(lfd, want, "127.0.0.1", AF_INET);
	close(lfd);
}

static void
an_ipv6_address_is_for_ipv6_alone(void **state)
{
	char name[SOCK_NAME_MAX], want[64];
	int lfd;

	(void)state;
	if (try_listen("[::1]:0", &lfd) == -1)
		skip();
	snprintf(want, sizeof(want), "[::1]:%u", port_of(lfd));
	assert_string_equal(sock_name(lfd, name), want);
	expect_peer(lfd, want, "::1", AF_INET6);
	close(lfd);
	lfd = listen_on("[::]:0");
	snprintf(want, sizeof(want), "127.0.0.1:%u", port_of(lfd));
	assert_int_equal(connect_text(want), -1);
	close(lfd);
}

static void
a_port_alone_means_every_address_of_both_families(void **state)
{
	char name[SOCK_NAME_MAX], text[64];
	int lfd = listen_on(":0");

	(void)state;
	sock_name(lfd, name);
	snprintf(text, sizeof(text), "127.0.0.1:%u", port_of(lfd));
	expect_peer(lfd, text, "127.0.0.1", AF_INET);
	if (strncmp(name, "0.0.0.0:", 8) == 0) {	/* a kernel without IPv6 */
		close(lfd);
		skip();
	}
	snprintf(text, sizeof(text), "[::1]:%u", port_of(lfd));
	expect_peer(lfd, text, "::1", AF_INET6);
	snprintf(text, sizeof(text), "[::]:%u", port_of(lfd));
	assert_string_equal(name, text);
	close(lfd);
}

static void
a_taken_port_is_refused_and_no_descriptor_is_lost(void **state)
{
	char text[64];
	int lfd = listen_on("127.0.0.1:0"), fd, before = open_fds();

	(void)state;
	snprintf(text, sizeof(text), "127.0.0.1:%u", port_of(lfd));
	assert_int_equal(try_listen(text, &fd), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(fd, -1);
	assert_int_equal(open_fds(), before);
	close(lfd);
}

static void
a_port_just_left_can_be_taken_again(void **state)
{
	struct endpoint peer;
	char text[64];
	int lfd = listen_on("127.0.0.1:0"), out, in;

	(void)state;
	snprintf(text, sizeof(text), "127.0.0.1:%u", port_of(lfd));
	out = connect_text(text);
	in = take_one(lfd, &peer);
	close(in);		/* our end is in TIME_WAIT from here on */
	close(out);
	close(lfd);
	assert_int_equal(try_listen(text, &lfd), 0);
	close(lfd);
}

/* ---- unix sockets ---- */

static void
unix_sockets_are_listened_on_by_path_and_by_abstract_name(void **state)
{
	char name[SOCK_NAME_MAX], abstract[64];
	struct endpoint peer;
	int lfd = listen_on(unix_text("sock")), out, in;

	(void)state;
	assert_string_equal(sock_name(lfd, name), unix_text("sock"));
	out = connect_text(unix_text("sock"));
	in = take_one(lfd, &peer);
	assert_int_equal(peer.family, AF_UNIX);
	assert_string_equal(sock_name(in, name), unix_text("sock"));
	assert_string_equal(sock_name(out, name), "unix:");
	close(in);
	close(out);
	close(lfd);

	snprintf(abstract, sizeof(abstract), "unix:@tcproute-test-%d", (int)getpid());
	lfd = listen_on(abstract);
	assert_string_equal(sock_name(lfd, name), abstract);
	out = connect_text(abstract);
	assert_true(out != -1);
	close(out);
	close(lfd);
}

static void
a_stale_socket_file_is_replaced(void **state)
{
	int lfd = listen_on(unix_text("sock")), fd;

	(void)state;
	close(lfd);		/* the file stays, nobody answers */
	lfd = listen_on(unix_text("sock"));
	fd = connect_text(unix_text("sock"));
	assert_true(fd != -1);
	close(fd);
	close(lfd);
}

/* As a user who may not remove it, whoever runs the tests. */
static void
listen_without_the_right_to(void)
{
	int fd;

	if (geteuid() == 0 && setuid(65534) == -1)
		_exit(1);
	_exit(try_listen(unix_text("sock"), &fd) == -1 && fd == -1 ? errno : 0);
}

static void
a_stale_socket_file_that_cannot_be_removed_is_told_as_such(void **state)
{
	int lfd = listen_on(unix_text("sock"));

	(void)state;
	close(lfd);
	assert_int_equal(chmod(in_dir("sock"), 0777), 0);	/* stale for others too */
	assert_int_equal(chmod(in_dir("."), 0555), 0);
	assert_int_equal(in_child(listen_without_the_right_to).code, EACCES);
	assert_int_equal(chmod(in_dir("."), 0755), 0);
}

static void
a_socket_somebody_serves_is_not_taken_away(void **state)
{
	int lfd = listen_on(unix_text("sock")), fd;

	(void)state;
	assert_int_equal(try_listen(unix_text("sock"), &fd), -1);
	assert_int_equal(errno, EADDRINUSE);
	fd = connect_text(unix_text("sock"));
	assert_true(fd != -1);
	close(fd);
	close(lfd);
}

static void
a_live_socket_with_a_full_backlog_is_not_taken_away_either(void **state)
{
	int lfd = listen_on(unix_text("sock")), fd, waiting[3];
	struct addr a = address(unix_text("sock"), 0);
	struct sockaddr_storage sa;
	socklen_t len = addr_sockaddr(&a, &sa);

	(void)state;
	assert_int_equal(listen(lfd, 0), 0);
	for (int i = 0; i < 3; i++)
		sock_connect(&sa, len, false, &waiting[i]);
	assert_int_equal(sock_connect(&sa, len, false, &fd), SOCK_BUSY);
	assert_int_equal(fd, -1);
	assert_int_equal(try_listen(unix_text("sock"), &fd), -1);
	assert_int_equal(errno, EADDRINUSE);
	for (int i = 0; i < 3; i++)
		if (waiting[i] != -1)
			close(waiting[i]);
	close(lfd);
}

static void
a_plain_file_is_never_taken_away(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	write_file(in_dir("sock"), "precious");
	assert_int_equal(try_listen(unix_text("sock"), &fd), -1);
	assert_int_equal(errno, ENOTSOCK);
	assert_int_equal(stat(in_dir("sock"), &st), 0);
	assert_int_equal(st.st_size, 8);
}

static void
the_longest_path_works(void **state)
{
	char text[160], name[SOCK_NAME_MAX];
	int lfd, fd, n = snprintf(text, sizeof(text), "unix:%s/", dir_path);

	(void)state;
	memset(text + n, 'x', (size_t)(5 + 107 - n));
	text[5 + 107] = '\0';
	lfd = listen_on(text);
	assert_string_equal(sock_name(lfd, name), text);
	fd = connect_text(text);
	assert_true(fd != -1);
	close(fd);
	close(lfd);
	lfd = listen_on(text);		/* stale now */
	close(lfd);
}

/* ---- reading and writing ---- */

/* Of pipes that a write need not wait for, which older kernels lack. */
static bool
pipes_know_nowait(int fd)
{
	const struct iovec iov = { (char[]){ "x" }, 1 };

	return syscall(SYS_pwritev2, fd, &iov, 1L, -1L, -1L, 8L) == 1;
}

static void
a_pipe_in_blocking_mode_is_not_waited_for(void **state)
{
	static char bytes[200000];
	const struct iovec iov = { bytes, sizeof(bytes) };
	int end[2];

	(void)state;
	assert_int_equal(pipe(end), 0);
	alarm(20);
	assert_int_equal(sock_get(end[0], bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EAGAIN);
	if (pipes_know_nowait(end[1])) {
		assert_in_range(sock_put(end[1], &iov, 1, 0), 1, sizeof(bytes) - 1);
		assert_int_equal(sock_put(end[1], &iov, 1, 0), -1);
		assert_int_equal(errno, EAGAIN);
		assert_in_range(sock_get(end[0], bytes, sizeof(bytes)), 1, sizeof(bytes) - 1);
	}
	close(end[1]);
	assert_int_equal(sock_get(end[0], bytes, sizeof(bytes)), 0);
	close(end[0]);
	alarm(0);
}

static void
a_named_pipe_in_blocking_mode_is_not_waited_for(void **state)
{
	const struct iovec iov = { (char[]){ "some" }, 4 };
	char bytes[10];
	int fd;

	(void)state;
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	fd = open(in_dir("fifo"), O_RDWR | O_CLOEXEC);
	alarm(20);
	assert_int_equal(sock_get(fd, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(sock_put(fd, &iov, 1, 0), 4);
	assert_int_equal(sock_get(fd, bytes, sizeof(bytes)), 4);
	alarm(0);
	close(fd);
}

static void
write_without_pwritev2(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwritev2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	const struct iovec iov = { (char[]){ "some" }, 4 };
	int end[2];

	CHILD_CHECK(pipe(end) == 0);
	CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	CHILD_CHECK(sock_put(end[1], &iov, 1, 0) == 4);
}

static void
a_pipe_is_written_to_where_a_filter_does_not_know_how(void **state)
{
	(void)state;
	expect_well(write_without_pwritev2);
}

/* ---- accepting and connecting ---- */

static void
nobody_waiting_is_no_error(void **state)
{
	struct endpoint peer;
	int lfd = listen_on("127.0.0.1:0"), fd;

	(void)state;
	assert_int_equal(sock_accept(lfd, &fd, &peer), SOCK_NONE);
	close(lfd);
}

static void
what_does_not_listen_is_broken(void **state)
{
	struct endpoint peer;
	int pair[2], fd;

	(void)state;
	unix_pair(pair);
	assert_int_equal(sock_accept(pair[0], &fd, &peer), SOCK_BROKEN);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(sock_accept(-1, &fd, &peer), SOCK_BROKEN);
	close(pair[0]);
	close(pair[1]);
}

static void
a_failure_that_leaves_the_client_waiting_is_a_pause(void **state)
{
	static const struct {
		int error;
		enum sock_accept want;
	} row[] = {
		{ EAGAIN, SOCK_NONE }, { EMFILE, SOCK_FULL }, { ENOMEM, SOCK_FULL },
		{ EINTR, SOCK_GONE }, { ECONNABORTED, SOCK_GONE }, { ENETUNREACH, SOCK_GONE },
		{ EPROTO, SOCK_GONE }, { EACCES, SOCK_BROKEN }, { EPERM, SOCK_BROKEN },
		{ ENOSYS, SOCK_BROKEN }, { EOPNOTSUPP, SOCK_BROKEN }, { EINVAL, SOCK_BROKEN },
	};
	struct endpoint peer;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		accept_errno = row[i].error;
		assert_int_equal(sock_accept(-1, &fd, &peer), row[i].want);
		assert_int_equal(errno, row[i].error);
		assert_int_equal(fd, -1);
	}
	accept_errno = 0;
}

static void
running_out_of_descriptors_is_told_from_other_failures(void **state)
{
	struct rlimit old, tight;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct endpoint peer;
	int lfd = listen_on("127.0.0.1:0"), out, fd, hole;
	enum sock_accept accepted;
	enum sock_connect connected;

	(void)state;
	getsockname(lfd, (struct sockaddr *)&sa, &len);
	sock_connect(&sa, len, false, &out);
	await(lfd, POLLIN);
	hole = dup(lfd);
	close(hole);		/* the lowest free descriptor */
	getrlimit(RLIMIT_NOFILE, &old);
	tight = old;
	tight.rlim_cur = (rlim_t)hole;
	setrlimit(RLIMIT_NOFILE, &tight);
	accepted = sock_accept(lfd, &fd, &peer);
	connected = sock_connect(&sa, len, false, &fd);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(accepted, SOCK_FULL);
	assert_int_equal(connected, SOCK_NO_FDS);
	assert_int_equal(fd, -1);
	close(out);
	close(lfd);
}

static void
nobody_there_is_refused_with_the_reason_and_no_descriptor_lost(void **state)
{
	char text[64];
	int lfd = listen_on("127.0.0.1:0"), before;

	(void)state;
	snprintf(text, sizeof(text), "127.0.0.1:%u", port_of(lfd));
	close(lfd);
	before = open_fds();
	assert_int_equal(connect_text(text), -1);
	assert_int_equal(connect_text(unix_text("nobody")), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(open_fds(), before);
}

static void
who_speaks_first_is_heard_at_once(void **state)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct endpoint peer;
	char byte;
	int lfd = listen_on("127.0.0.1:0"), out, in;

	(void)state;
	getsockname(lfd, (struct sockaddr *)&sa, &len);
	assert_int_not_equal(sock_connect(&sa, len, true, &out), SOCK_REFUSED);
	await(out, POLLOUT);
	assert_int_equal(sock_error(out), 0);
	assert_int_equal(write(out, "x", 1), 1);
	in = take_one(lfd, &peer);
	await(in, POLLIN);
	assert_int_equal(read(in, &byte, 1), 1);
	close(in);
	close(out);
	close(lfd);
}

static void
kinds_of_descriptors_are_told_apart(void **state)
{
	struct endpoint e;
	int lfd = listen_on("127.0.0.1:0"), ulfd = listen_on(unix_text("sock")), pair[2], pipefd[2];
	int dgram = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	unix_pair(pair);
	assert_int_equal(pipe(pipefd), 0);
	assert_true(sock_is_listening(lfd));
	assert_true(sock_is_listening(ulfd));
	assert_true(sock_is_stream(pair[0]));
	assert_false(sock_is_listening(pair[0]));
	assert_false(sock_is_stream(dgram));
	assert_false(sock_is_listening(dgram));
	assert_false(sock_is_stream(pipefd[0]));
	assert_false(sock_is_listening(pipefd[0]));
	assert_false(sock_is_listening(-1));
	sock_peer(pipefd[0], &e);
	assert_int_equal(e.family, AF_UNSPEC);
	sock_peer(lfd, &e);
	assert_int_equal(e.family, AF_UNSPEC);
	sock_peer(pair[0], &e);
	assert_int_equal(e.family, AF_UNIX);
	assert_int_equal(sock_error(pair[0]), 0);
	assert_int_equal(sock_error(pipefd[0]), ENOTSOCK);
	sock_nodelay(pair[0]);
	sock_nodelay(pipefd[0]);
	close(lfd);
	close(ulfd);
	close(dgram);
	close(pair[0]);
	close(pair[1]);
	close(pipefd[0]);
	close(pipefd[1]);
}

static void
silence_counts_from_what_the_kernel_sent_last_if_it_says_when(void **state)
{
	int pair[2];

	(void)state;
	tcp_pair(pair);
	assert_int_equal(write(pair[0], "x", 1), 1);
	assert_in_range(sock_rest_ms(pair[0], 60000), 50000, 60000);
	says_little = true;
	assert_int_equal(sock_rest_ms(pair[0], 60000), 0);
	says_little = false;
	close(pair[0]);
	close(pair[1]);
	unix_pair(pair);
	assert_int_equal(sock_rest_ms(pair[0], 60000), 0);
	close(pair[0]);
	close(pair[1]);
}

static void
a_reset_reaches_the_peer_as_a_reset(void **state)
{
	int pair[2];
	char byte;

	(void)state;
	tcp_pair(pair);
	sock_close(pair[0], true);
	await(pair[1], POLLIN);
	assert_int_equal(read(pair[1], &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	close(pair[1]);
}

/* Else a connection that was silent for so long would get the same time again, for ever. */
static void
the_kernel_is_not_asked_about_a_silence_longer_than_it_counts(void **state)
{
	const uint64_t day = 86400000, month = 30 * day;
	int pair[2];

	(void)state;
	tcp_pair(pair);
	assert_true(sock_rest_ms(pair[0], day) > day / 2);
	assert_int_equal(sock_rest_ms(pair[0], month), 0);
	assert_int_equal(sock_rest_ms(pair[0], 100 * month), 0);
	sock_close(pair[0], false);
	sock_close(pair[1], false);
}

static void
a_socket_somebody_else_made_becomes_one_of_ours(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(sock_adopt(fd), 0);
	expect_flags(fd);
	assert_int_equal(nodelay(fd), 1);
	close(fd);
	assert_int_equal(sock_adopt(fd), -1);
	assert_int_equal(errno, EBADF);
}

/* ---- descriptors passed along ---- */

static bool
same_description(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	    x.st_dev == y.st_dev;
}

static void
a_descriptor_arrives_with_its_message(void **state)
{
	char *data = malloc(5);
	int pair[2], pipefd[2], got;

	(void)state;
	unix_pair(pair);
	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(sock_send_fd(pair[0], "hello", 5, pipefd[0]), 0);
	assert_int_equal(sock_recv_fd(pair[1], data, 5, &got), 5);
	assert_memory_equal(data, "hello", 5);
	assert_true(same_description(got, pipefd[0]));
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(pipefd[1], "x", 1), 1);
	assert_int_equal(read(got, data, 5), 1);
	close(got);
	close(pipefd[0]);
	close(pipefd[1]);
	close(pair[0]);
	close(pair[1]);
	free(data);
}

static void
a_message_without_a_descriptor_and_the_end_are_told(void **state)
{
	char data[8];
	int pair[2], got = 4711;

	(void)state;
	unix_pair(pair);
	assert_int_equal(sock_recv_fd(pair[1], data, sizeof(data), &got), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(got, -1);
	assert_int_equal(write(pair[0], "abc", 3), 3);
	assert_int_equal(sock_recv_fd(pair[1], data, sizeof(data), &got), 3);
	assert_int_equal(got, -1);
	close(pair[0]);
	assert_int_equal(sock_recv_fd(pair[1], data, sizeof(data), &got), 0);
	assert_int_equal(got, -1);
	close(pair[1]);
}

static void
send_many(int fd, int pass, size_t n)
{
	union {
		char buf[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
	    .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	for (size_t i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &pass, sizeof(int));
	assert_int_equal(sendmsg(fd, &msg, 0), 1);
}

static void
of_a_few_descriptors_one_is_kept_and_of_many_none(void **state)
{
	char data[8];
	int pair[2], got, before;

	(void)state;
	unix_pair(pair);
	before = open_fds();
	for (size_t n = 1; n <= 16; n++) {
		send_many(pair[0], pair[0], n);
		if (n <= 4) {
			assert_int_equal(sock_recv_fd(pair[1], data, sizeof(data), &got), 1);
			assert_true(got != -1);
			assert_int_equal(open_fds(), before + 1);
			close(got);
		} else {
			assert_int_equal(sock_recv_fd(pair[1], data, sizeof(data), &got), -1);
			assert_int_equal(errno, EMSGSIZE);
			assert_int_equal(got, -1);
			assert_int_equal(open_fds(), before);
		}
	}
	close(pair[0]);
	close(pair[1]);
}

static void
a_descriptor_without_room_for_it_says_so(void **state)
{
	struct rlimit was, tight;
	char data[8];
	int pair[2], got;

	(void)state;
	unix_pair(pair);
	assert_int_equal(sock_send_fd(pair[0], "x", 1, pair[0]), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	tight = was;
	tight.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(sock_recv_fd(pair[1], data, sizeof(data), &got), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(got, -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(write(pair[0], "abc", 3), 3);
	assert_int_equal(sock_recv_fd(pair[1], data, sizeof(data), &got), 3);
	close(pair[0]);
	close(pair[1]);
}

static void
a_socket_without_room_says_so(void **state)
{
	static char junk[65536];
	int pair[2];

	(void)state;
	unix_pair(pair);
	while (write(pair[0], junk, sizeof(junk)) > 0)
		;
	assert_int_equal(sock_send_fd(pair[0], "x", 1, pair[0]), -1);
	assert_int_equal(errno, EAGAIN);
	close(pair[1]);
	assert_int_equal(sock_send_fd(pair[0], "x", 1, pair[0]), -1);
	assert_int_equal(errno, EPIPE);		/* and no SIGPIPE */
	close(pair[0]);
}

static void
a_message_that_fits_only_in_part_is_a_failure(void **state)
{
	static char huge[4 << 20];
	int pair[2];

	(void)state;
	unix_pair(pair);
	assert_int_equal(sock_send_fd(pair[0], huge, sizeof(huge), pair[0]), -1);
	assert_int_equal(errno, EMSGSIZE);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_address_is_listened_on),
		cmocka_unit_test(an_ipv6_address_is_for_ipv6_alone),
		cmocka_unit_test(a_port_alone_means_every_address_of_both_families),
		cmocka_unit_test(a_taken_port_is_refused_and_no_descriptor_is_lost),
		cmocka_unit_test(a_port_just_left_can_be_taken_again),
		dir_test(unix_sockets_are_listened_on_by_path_and_by_abstract_name),
		dir_test(a_stale_socket_file_is_replaced),
		dir_test(a_stale_socket_file_that_cannot_be_removed_is_told_as_such),
		dir_test(a_socket_somebody_serves_is_not_taken_away),
		dir_test(a_live_socket_with_a_full_backlog_is_not_taken_away_either),
		dir_test(a_plain_file_is_never_taken_away),
		dir_test(the_longest_path_works),
		cmocka_unit_test(a_pipe_in_blocking_mode_is_not_waited_for),
		dir_test(a_named_pipe_in_blocking_mode_is_not_waited_for),
		cmocka_unit_test(a_pipe_is_written_to_where_a_filter_does_not_know_how),
		cmocka_unit_test(nobody_waiting_is_no_error),
		cmocka_unit_test(what_does_not_listen_is_broken),
		cmocka_unit_test(a_failure_that_leaves_the_client_waiting_is_a_pause),
		cmocka_unit_test(running_out_of_descriptors_is_told_from_other_failures),
		dir_test(nobody_there_is_refused_with_the_reason_and_no_descriptor_lost),
		cmocka_unit_test(who_speaks_first_is_heard_at_once),
		dir_test(kinds_of_descriptors_are_told_apart),
		cmocka_unit_test(silence_counts_from_what_the_kernel_sent_last_if_it_says_when),
		cmocka_unit_test(a_reset_reaches_the_peer_as_a_reset),
		cmocka_unit_test(the_kernel_is_not_asked_about_a_silence_longer_than_it_counts),
		cmocka_unit_test(a_socket_somebody_else_made_becomes_one_of_ours),
		cmocka_unit_test(a_descriptor_arrives_with_its_message),
		cmocka_unit_test(a_message_without_a_descriptor_and_the_end_are_told),
		cmocka_unit_test(of_a_few_descriptors_one_is_kept_and_of_many_none),
		cmocka_unit_test(a_descriptor_without_room_for_it_says_so),
		cmocka_unit_test(a_socket_without_room_says_so),
		cmocka_unit_test(a_message_that_fits_only_in_part_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
