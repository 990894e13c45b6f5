/* What the libraries laid below the program share: which calls are about files below one folder. Includers
 * define UNDER, the variable that names the folder, and OPENED(call), the body of what opens a file: it may
 * use `path` and `flags`, and `call` makes the real call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int is_under(const char *path) {
  const char *under = getenv(UNDER);
  return under && path && strncmp(path, under, strlen(under)) == 0;
}

/* The path of an open file below the folder; 0 if it is none. */
static int path_of(int fd, char *path) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(name, path, PATH_MAX - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  return is_under(path);
}

static mode_t mode_of(int flags, va_list args) {
  return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0;
}

#define MODE_ARGUMENT() \
  va_list args; \
  va_start(args, flags); \
  mode_t mode = mode_of(flags, args); \
  va_end(args)
#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    MODE_ARGUMENT(); \
    OPENED(real(path, flags, mode)); \
  }
#define OPENAT(name) \
  int name(int dir, const char *path, int flags, ...) { \
    REAL(name); \
    MODE_ARGUMENT(); \
    OPENED(real(dir, path, flags, mode)); \
  }
#define OPENS() OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)
