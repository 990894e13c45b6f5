/* Records what a program does to the files below one folder, in order, with the bytes: LD_PRELOAD of
 * the power cut tests. RECORD_UNDER names the folder, RECORD_TO the file that gets the record: for
 * each call a line of words, and behind the line of a write its bytes. Several processes may write one
 * record: each call is made and written down under one lock. */
#define UNDER "RECORD_UNDER"
#include "../below.h"

/* The path of an open file below the folder that still has a name; 0 if it is none. */
static int named(int fd, char *path) {
  return path_of(fd, path) && strstr(path, " (deleted)") == NULL;
}

static int lock_record(void) {
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
  int (*take)(int, int) = dlsym(RTLD_NEXT, "flock");
  const char *to = getenv("RECORD_TO");
  int fd = to ? real(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
  if (fd >= 0) take(fd, LOCK_EX);
  return fd;
}

static void note(int fd, const char *line, const void *bytes, size_t size) {
  ssize_t (*put)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  if (put(fd, line, strlen(line)) < 0) abort();
  for (size_t at = 0; at < size;) {
    ssize_t n = put(fd, (const char *)bytes + at, size - at);
    if (n < 0) abort();
    at += n;
  }
}

/* Makes a call and, if it went well, writes it down. */
#define RECORDED(type, under, call, ...) \
  if (!(under)) return call; \
  int record = lock_record(); \
  type result = call; \
  int saved = errno; \
  if (record >= 0) { \
    if (result != (type)-1) { __VA_ARGS__; } \
    close(record); \
  } \
  errno = saved; \
  return result

static void note_open(int record, const char *path, int flags) {
  char line[PATH_MAX + 32];
  snprintf(line, sizeof line, "open %s %d\n", path, (flags & O_TRUNC) != 0);
  note(record, line, "", 0);
}

#define CHANGES(flags) (((flags) & (O_CREAT | O_TRUNC)) && ((flags) & O_ACCMODE) != O_RDONLY)
#define OPENED(call) \
  RECORDED(int, CHANGES(flags) && is_under(path), call, note_open(record, path, flags))
OPENS()

static void note_write(int record, const char *path, off_t at, const void *bytes, ssize_t size) {
  char line[PATH_MAX + 64];
  snprintf(line, sizeof line, "write %s %lld %zd\n", path, (long long)at, size);
  note(record, line, bytes, size);
}

static off_t place(int fd) {
  struct stat info;
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_APPEND) && fstat(fd, &info) == 0) return info.st_size;
  return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t n) {
  REAL(write);
  char path[PATH_MAX];
  int under = named(fd, path);
  off_t at = under ? place(fd) : 0;
  RECORDED(ssize_t, under, real(fd, bytes, n), note_write(record, path, at, bytes, result));
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
  REAL(pwrite);
  char path[PATH_MAX];
  RECORDED(ssize_t, named(fd, path), real(fd, bytes, n, at),
           note_write(record, path, at, bytes, result));
}
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
  REAL(pwrite64);
  char path[PATH_MAX];
  RECORDED(ssize_t, named(fd, path), real(fd, bytes, n, at),
           note_write(record, path, at, bytes, result));
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  ssize_t size = 0;
  for (int i = 0; i < count; i++) {
    ssize_t n = write(fd, parts[i].iov_base, parts[i].iov_len);
    if (n < 0) return size > 0 ? size : -1;
    size += n;
    if ((size_t)n < parts[i].iov_len) break;
  }
  return size;
}

static void note_size(int record, const char *path, off_t size) {
  char line[PATH_MAX + 64];
  snprintf(line, sizeof line, "truncate %s %lld\n", path, (long long)size);
  note(record, line, "", 0);
}
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  char path[PATH_MAX];
  RECORDED(int, named(fd, path), real(fd, size), note_size(record, path, size));
}
int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  char path[PATH_MAX];
  RECORDED(int, named(fd, path), real(fd, size), note_size(record, path, size));
}

static void note_path(int record, const char *word, const char *path) {
  char line[PATH_MAX + 32];
  snprintf(line, sizeof line, "%s %s\n", word, path);
  note(record, line, "", 0);
}
int fsync(int fd) {
  REAL(fsync);
  char path[PATH_MAX];
  RECORDED(int, named(fd, path), real(fd), note_path(record, "sync", path));
}
int fdatasync(int fd) {
  REAL(fdatasync);
  char path[PATH_MAX];
  RECORDED(int, named(fd, path), real(fd), note_path(record, "sync", path));
}
int syncfs(int fd) {
  REAL(syncfs);
  char path[PATH_MAX];
  RECORDED(int, named(fd, path), real(fd), note_path(record, "syncfs", path));
}

static void note_paths(int record, const char *word, const char *from, const char *to) {
  char line[2 * PATH_MAX + 32];
  snprintf(line, sizeof line, "%s %s %s\n", word, from, to);
  note(record, line, "", 0);
}
int rename(const char *from, const char *to) {
  REAL(rename);
  RECORDED(int, is_under(to), real(from, to), note_paths(record, "rename", from, to));
}
int renameat(int a, const char *from, int b, const char *to) {
  REAL(renameat);
  RECORDED(int, is_under(to), real(a, from, b, to), note_paths(record, "rename", from, to));
}
int link(const char *from, const char *to) {
  REAL(link);
  RECORDED(int, is_under(to), real(from, to), note_paths(record, "link", from, to));
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
  REAL(linkat);
  RECORDED(int, is_under(to), real(a, from, b, to, flags), note_paths(record, "link", from, to));
}
int unlink(const char *path) {
  REAL(unlink);
  RECORDED(int, is_under(path), real(path), note_path(record, "unlink", path));
}
int unlinkat(int dir, const char *path, int flags) {
  REAL(unlinkat);
  RECORDED(int, is_under(path), real(dir, path, flags), note_path(record, "unlink", path));
}
int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  RECORDED(int, is_under(path), real(path, mode), note_path(record, "mkdir", path));
}
