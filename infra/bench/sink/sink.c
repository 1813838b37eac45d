/*
 * The endpoint of the bench: accepts every POST and keeps, for each event, how often and when it came. In C, because an
 * endpoint in Node takes as much of the two cores as the worker that is measured; this one takes about 5 µs a POST.
 *
 *   sink EVENTS          listens on a free port of 127.0.0.1 and prints it
 *   POST (any path)      200 {}; the digits at the end of the body's first "id" are the number of the event
 *   GET /stats           JSON: accepted, distinct, repeated, unknown, unsigned, connections (that posted), cpuSeconds,
 *                        lastAtUs (Unix µs)
 *   GET /times           EVENTS little-endian 64-bit numbers: Unix µs of each event's first acceptance; 0: never came
 *
 * Ends when its stdin is closed, so that it cannot outlive the bench.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define MAX_CONNECTIONS 65536
#define SIGNATURE "x-reamaze-hmac-sha256:"

static const char ACCEPTED[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

struct connection {
  int has_posted;
  size_t length;
  char buffer[BUFFER_BYTES];
};

static struct connection *connections[MAX_CONNECTIONS];
static uint64_t *first_at_us;
static uint64_t event_count, accepted, distinct, repeated, unknown, unsigned_posts, opened, last_at_us;

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void end_connection(int fd) {
  free(connections[fd]);
  connections[fd] = NULL;
  close(fd);
}

/* The answers to GET are few and may be megabytes: they are written whole, waiting. */
static void write_whole(int fd, const char *bytes, size_t length) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written <= 0) break;
    bytes += written;
    length -= (size_t)written;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void answer_get(int fd, const char *request) {
  char head[256], stats[512];
  const char *body = stats;
  size_t length;
  if (strncmp(request, "GET /times", 10) == 0) {
    body = (const char *)first_at_us;
    length = event_count * sizeof *first_at_us;
  } else {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    length = (size_t)snprintf(
        stats, sizeof stats,
        "{\"accepted\":%lu,\"distinct\":%lu,\"repeated\":%lu,\"unknown\":%lu,\"unsigned\":%lu,"
        "\"connections\":%lu,\"cpuSeconds\":%.6f,\"lastAtUs\":%lu}",
        accepted, distinct, repeated, unknown, unsigned_posts, opened, cpu, last_at_us);
  }
  int head_length = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
  write_whole(fd, head, (size_t)head_length);
  write_whole(fd, body, length);
}

/* The number at the end of the first "id" of the body: 17 for "call-3-17". -1 when there is none. */
static int64_t number_of(const char *body, size_t length) {
  const char *id = memmem(body, length, "\"id\":\"", 6);
  if (id == NULL) return -1;
  id += 6;
  const char *end = memchr(id, '"', length - (size_t)(id - body));
  const char *digits = end;
  while (digits != NULL && digits > id && digits[-1] >= '0' && digits[-1] <= '9') digits--;
  return digits == NULL || digits == end ? -1 : strtoll(digits, NULL, 10);
}

static void accept_event(const char *body, size_t length) {
  int64_t number = number_of(body, length);
  last_at_us = now_us();
  accepted++;
  if (number < 0 || (uint64_t)number >= event_count) unknown++;
  else if (first_at_us[number] != 0) repeated++;
  else {
    first_at_us[number] = last_at_us;
    distinct++;
  }
}

/* Handles the first request in the buffer; returns how many bytes it took, 0 when it is not all there yet. */
static size_t handle_request(int fd, char *bytes, size_t length) {
  char *head_end = memmem(bytes, length, "\r\n\r\n", 4);
  if (head_end == NULL) return 0;
  size_t head_length = (size_t)(head_end - bytes) + 4, body_length = 0;
  int is_signed = 0;
  for (char *line = bytes; line < head_end; line = memchr(line, '\n', (size_t)(head_end + 2 - line)) + 1) {
    if (strncasecmp(line, "content-length:", 15) == 0) body_length = strtoul(line + 15, NULL, 10);
    else if (strncasecmp(line, SIGNATURE, sizeof SIGNATURE - 1) == 0) is_signed = 1;
  }
  if (length < head_length + body_length) return 0;
  if (bytes[0] == 'G') answer_get(fd, bytes);
  else {
    if (!connections[fd]->has_posted) opened++;
    connections[fd]->has_posted = 1;
    if (!is_signed) unsigned_posts++;
    accept_event(bytes + head_length, body_length);
    if (write(fd, ACCEPTED, sizeof ACCEPTED - 1) < 0) return length;
  }
  return head_length + body_length;
}

static void read_requests(int fd) {
  struct connection *connection = connections[fd];
  ssize_t got = read(fd, connection->buffer + connection->length, BUFFER_BYTES - connection->length);
  if (got <= 0) {
    end_connection(fd);
    return;
  }
  connection->length += (size_t)got;
  size_t done = 0, taken;
  while (done < connection->length &&
         (taken = handle_request(fd, connection->buffer + done, connection->length - done)) > 0)
    done += taken;
  memmove(connection->buffer, connection->buffer + done, connection->length - done);
  connection->length -= done;
  if (connection->length == BUFFER_BYTES) end_connection(fd);
}

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_connection(int poll, int listener) {
  int yes = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  if (fd >= MAX_CONNECTIONS || (connections[fd] = calloc(1, sizeof(struct connection))) == NULL) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  watch(poll, fd);
}

int main(int argc, char **argv) {
  event_count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
  first_at_us = calloc(event_count + 1, sizeof *first_at_us);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t address_length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
  if (first_at_us == NULL || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 4096) != 0) {
    perror("sink");
    return 1;
  }
  getsockname(listener, (struct sockaddr *)&address, &address_length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  signal(SIGPIPE, SIG_IGN);
  watch(poll, listener);
  watch(poll, STDIN_FILENO);
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) return 0;
      if (fd == listener) accept_connection(poll, listener);
      else if (connections[fd] != NULL) read_requests(fd);
    }
  }
}
