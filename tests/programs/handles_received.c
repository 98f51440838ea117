/* SPDX-License-Identifier: MIT */
/* handles_received.c - descriptors that come in messages (SCM_RIGHTS), also in one that has no room for all. */
#include "handles.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum { SENT = 4 };

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(SENT * sizeof(int))];
};

static void descriptors_send(int channel, const int *fds, int count)
{
	union control control = {.bytes = {0}};
	char byte = 'x';
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes};
	struct cmsghdr *item;

	message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
	item = CMSG_FIRSTHDR(&message);
	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	memcpy(CMSG_DATA(item), fds, (size_t)count * sizeof(int));
	REQUIRE(sendmsg(channel, &message, 0) == 1);
}

static void message_prepare(struct msghdr *message, struct iovec *data, union control *control, size_t room)
{
	*message = (struct msghdr){.msg_iov = data, .msg_iovlen = 1, .msg_control = control->bytes};
	message->msg_controllen = room;
}

static int first_received(struct msghdr *message)
{
	struct cmsghdr *item = CMSG_FIRSTHDR(message);
	int fd;

	REQUIRE(item && item->cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(item), sizeof(fd));
	return fd;
}

static FRAME int receive_one_message(int channel, size_t room, bool *truncated)
{
	union control control;
	char byte;
	struct iovec data = {&byte, 1};
	struct msghdr message;

	message_prepare(&message, &data, &control, room);
	REQUIRE(recvmsg(channel, &message, MSG_CMSG_CLOEXEC) == 1);
	*truncated = message.msg_flags & MSG_CTRUNC;
	return first_received(&message);
}

static FRAME int receive_truncated(int channel)
{
	bool truncated;
	int fd = receive_one_message(channel, CMSG_LEN(2 * sizeof(int)), &truncated);

	REQUIRE(truncated);
	return fd;
}

static FRAME void receive_two_messages(int channel)
{
	union control control[2];
	char bytes[2];
	struct iovec data[2] = {{&bytes[0], 1}, {&bytes[1], 1}};
	struct mmsghdr messages[2] = {{.msg_len = 0}, {.msg_len = 0}};

	for (int i = 0; i < 2; i++)
		message_prepare(&messages[i].msg_hdr, &data[i], &control[i], sizeof(control[i]));
	REQUIRE(recvmmsg(channel, messages, 2, 0, NULL) == 2);
}

static FRAME void receive_no_control(int channel)
{
	char byte;

	REQUIRE(recv(channel, &byte, 1, 0) == 1);
}

int main(void)
{
	int channel[2], fds[SENT];
	bool truncated;

	REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, channel) == 0);
	fds[0] = open("/dev/null", O_RDONLY);
	fds[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	REQUIRE(pipe(&fds[2]) == 0);

	descriptors_send(channel[0], fds, SENT);
	close(receive_one_message(channel[1], sizeof(union control), &truncated));
	REQUIRE(!truncated);
	descriptors_send(channel[0], fds, SENT);
	close(receive_truncated(channel[1]));
	descriptors_send(channel[0], fds, 1);
	descriptors_send(channel[0], fds + 1, 2);
	receive_two_messages(channel[1]);
	descriptors_send(channel[0], fds, SENT);
	receive_no_control(channel[1]);

	/* receive_truncated() receives through receive_one_message() */
	expect_handles("receive_one_message", "file", 2, 2);
	expect_handles("receive_one_message", "socket", 2, 0);
	expect_handles("receive_one_message", "pipe", 2, 0);
	expect_handles("receive_truncated", "file", 1, 1);
	expect_handles("receive_truncated", "socket", 1, 0);
	expect_handles("receive_two_messages", "file", 1, 0);
	expect_handles("receive_two_messages", "socket", 1, 0);
	expect_handles("receive_two_messages", "pipe", 1, 0);
	expect_trust("overwritten_blocks", 0);
	return 0;
}
