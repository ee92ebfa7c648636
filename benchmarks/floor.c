// The floor: the least that a server on this machine can do for a delivery. One thread waits for sockets with epoll;
// a GET is answered with the head of an event stream and held, and the body of a POST is written to every stream that
// is held, one write(2) each. No channels, no tokens, no history, no database; a browser that does not read stops all.
//
//   cc -O2 -o floor floor.c && ./floor PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_SOCKETS = 65536, REQUEST_BYTES = 65536, EVENTS = 256 };

static const char OPENED[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n: hi\n\n";
static const char ACCEPTED[] = "HTTP/1.1 204 No Content\r\n\r\n";

static int streams[MOST_SOCKETS], open_streams;
static struct request { size_t length; char bytes[REQUEST_BYTES + 1]; } *requests[MOST_SOCKETS];

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static void forget(int fd) {
    for (int i = 0; i < open_streams; i++)
        if (streams[i] == fd) streams[i--] = streams[--open_streams];
    free(requests[fd]);
    requests[fd] = NULL;
    close(fd);
}

static void say(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return; // it has left; read(2) tells so as well
        bytes += written, length -= (size_t)written;
    }
}

static void publish(const char *body, size_t length) {
    static char event[REQUEST_BYTES + 64];
    static unsigned long number;
    int size = snprintf(event, sizeof event, "id: %lu\ndata: %.*s\n\n", ++number, (int)length, body);
    for (int i = 0; i < open_streams; i++) say(streams[i], event, (size_t)size);
}

// Answers what has come in whole. A request that is none, or too long, ends the connection.
static void answer(int fd) {
    struct request *request = requests[fd];
    char *end;
    while ((end = memmem(request->bytes, request->length, "\r\n\r\n", 4)) != NULL) {
        size_t head = (size_t)(end + 4 - request->bytes), body = 0;
        if (strncmp(request->bytes, "GET ", 4) == 0) {
            say(fd, OPENED, sizeof OPENED - 1);
            streams[open_streams++] = fd;
        } else {
            const char *field = strcasestr(request->bytes, "\r\nContent-Length:");
            if (field == NULL || field > end || (body = strtoul(field + 17, NULL, 10)) > REQUEST_BYTES - head) {
                forget(fd);
                return;
            }
            if (request->length < head + body) return;
            publish(request->bytes + head, body);
            say(fd, ACCEPTED, sizeof ACCEPTED - 1);
        }
        request->length -= head + body;
        memmove(request->bytes, request->bytes + head + body, request->length + 1);
    }
    if (request->length == REQUEST_BYTES) forget(fd);
}

static void take(int fd) {
    struct request *request = requests[fd];
    ssize_t count = read(fd, request->bytes + request->length, REQUEST_BYTES - request->length);
    if (count <= 0) {
        forget(fd);
        return;
    }
    request->length += (size_t)count;
    request->bytes[request->length] = 0;
    answer(fd);
}

static void welcome(int listener, int epoll) {
    int one = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0) return;
    if (fd >= MOST_SOCKETS || (requests[fd] = malloc(sizeof *requests[fd])) == NULL)
        give_up("floor: no room for another connection");
    requests[fd]->length = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "usage: floor PORT\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) give_up("floor: can't listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++)
            events[i].data.fd == listener ? welcome(listener, epoll) : take(events[i].data.fd);
    }
}
