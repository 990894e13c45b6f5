/* Makes the n-th call of one kind fail, for files below one folder: LD_PRELOAD of the fault
 * injection tests. FAULT_CALL names the kind, FAULT_N the call (0: none fails), FAULT_ERRNO the
 * error, FAULT_UNDER the folder, FAULT_COUNT a file that gets a byte for each such call. */
#define UNDER "FAULT_UNDER"
#include "../below.h"

static int counted;

static int is_under_fd(int fd) {
  char path[PATH_MAX];
  return path_of(fd, path);
}

/* Whether this call is the one to fail; sets errno then. */
static int fails(const char *call, int under) {
  const char *wanted = getenv("FAULT_CALL");
  if (!under || !wanted || strcmp(wanted, call) != 0) return 0;
  int n = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
  const char *count = getenv("FAULT_COUNT");
  if (count) {
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
    ssize_t (*put)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    int fd = real(count, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0) {
      if (put(fd, ".", 1) < 0) abort();
      close(fd);
    }
  }
  const char *which = getenv("FAULT_N");
  if (!which || n != atoi(which)) return 0;
  errno = atoi(getenv("FAULT_ERRNO"));
  return 1;
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT); }
#define OPENED(call) \
  if (fails("open", writes(flags) && is_under(path))) return -1; \
  return call
OPENS()

ssize_t write(int fd, const void *bytes, size_t n) {
  REAL(write);
  if (fails("write", is_under_fd(fd))) return -1;
  return real(fd, bytes, n);
}
ssize_t writev(int fd, const struct iovec *v, int n) {
  REAL(writev);
  if (fails("write", is_under_fd(fd))) return -1;
  return real(fd, v, n);
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
  REAL(pwrite);
  if (fails("write", is_under_fd(fd))) return -1;
  return real(fd, bytes, n, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
  REAL(pwrite64);
  if (fails("write", is_under_fd(fd))) return -1;
  return real(fd, bytes, n, at);
}
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  if (fails("write", is_under_fd(fd))) return -1;
  return real(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  if (fails("write", is_under_fd(fd))) return -1;
  return real(fd, size);
}
int fsync(int fd) {
  REAL(fsync);
  if (fails("sync", is_under_fd(fd))) return -1;
  return real(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  if (fails("sync", is_under_fd(fd))) return -1;
  return real(fd);
}
int flock(int fd, int how) {
  REAL(flock);
  if (fails("flock", !(how & LOCK_UN) && is_under_fd(fd))) return -1;
  return real(fd, how);
}
int rename(const char *from, const char *to) {
  REAL(rename);
  if (fails("rename", is_under(to))) return -1;
  return real(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
  REAL(renameat);
  if (fails("rename", is_under(to))) return -1;
  return real(a, from, b, to);
}
int link(const char *from, const char *to) {
  REAL(link);
  if (fails("link", is_under(to))) return -1;
  return real(from, to);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
  REAL(linkat);
  if (fails("link", is_under(to))) return -1;
  return real(a, from, b, to, flags);
}
int unlink(const char *path) {
  REAL(unlink);
  if (fails("unlink", is_under(path))) return -1;
  return real(path);
}
int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (fails("mkdir", is_under(path))) return -1;
  return real(path, mode);
}
