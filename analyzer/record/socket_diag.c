/* SPDX-License-Identifier: MIT */
#include "socket_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ALL_STATES = 0xfff, ANSWER_BYTES = 32 * 1024, PATIENCE_S = 1 };

/* The older request, which has no family that must match. */
static bool ask(int fd)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req request;
	} message = {
		.head = {.nlmsg_len = sizeof(message),
			 .nlmsg_type = TCPDIAG_GETSOCK,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			 .nlmsg_seq = 1},
		.request = {.idiag_family = AF_INET, .idiag_states = ALL_STATES},
	};
	struct timeval patience = {PATIENCE_S, 0};

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	       send(fd, &message, sizeof(message), 0) == (ssize_t)sizeof(message);
}

enum part { PART_READ, PART_LAST, PART_FAILED };

static enum part read_part(const char *bytes, size_t size, bool (*each)(uint64_t, uint8_t, void *), void *context)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *)bytes;

	for (; NLMSG_OK(head, size); head = NLMSG_NEXT(head, size)) {
		const struct inet_diag_msg *socket = NLMSG_DATA(head);

		if (head->nlmsg_type == NLMSG_DONE)
			return PART_LAST;
		if (head->nlmsg_type == NLMSG_ERROR || head->nlmsg_len < NLMSG_LENGTH(sizeof(*socket)))
			return PART_FAILED;
		if (socket->idiag_inode && !each(socket->idiag_inode, socket->idiag_state, context))
			return PART_FAILED;
	}
	return PART_READ;
}

bool socket_diag_read(bool (*each)(uint64_t inode, uint8_t tcp_state, void *context), void *context)
{
	_Alignas(struct nlmsghdr) char bytes[ANSWER_BYTES];
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	enum part part = PART_READ;
	ssize_t size;

	if (fd < 0)
		return false;
	if (!ask(fd))
		part = PART_FAILED;
	while (part == PART_READ) {
		size = recv(fd, bytes, sizeof(bytes), 0);
		part = size > 0 ? read_part(bytes, (size_t)size, each, context) : PART_FAILED;
	}
	close(fd);
	return part == PART_LAST;
}
