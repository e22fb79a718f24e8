/*
 * Writes down, in one order over all processes it is preloaded into, every change below POWER_ROOT: the log from which disk.ts
 * builds what a power cut would have left. Linux with glibc only.
 *
 * POWER_ROOT: absolute path without symbolic links and without a slash at its end.
 * POWER_LOG: the log, appended to; it must lie outside of POWER_ROOT.
 *
 * An operation and its record are written under one lock, so that the order of the records is the order of the changes. A sync is two
 * records, begin and end, with the sync itself outside of the lock: only what was written before the begin is safe at the end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPENED = 1, WRITTEN, TRUNCATED, RENAMED, UNLINKED, MADE, REMOVED, LINKED, SYNC_BEGUN, SYNC_ENDED };
enum { CREATED = 1 };

struct __attribute__((packed)) header {
  uint32_t magic;
  uint8_t type;
  uint8_t flags;
  uint16_t unused;
  uint32_t pid;
  uint64_t time_ns;
  uint64_t inode;
  uint64_t number;
  uint32_t first_length;
  uint32_t second_length;
};

static const uint32_t MAGIC = 0x43525750;
static char root[PATH_MAX];
static size_t root_length;
static dev_t root_device;
static int log_fd = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t serial;

static void die(const char *what) {
  fprintf(stderr, "power recorder: %s: %s\n", what, strerror(errno));
  abort();
}

__attribute__((constructor)) static void start(void) {
  const char *directory = getenv("POWER_ROOT");
  const char *log = getenv("POWER_LOG");
  struct stat facts;
  if (!directory || !log) return;
  if (strlen(directory) >= sizeof root || stat(directory, &facts) != 0) die("POWER_ROOT");
  strcpy(root, directory);
  root_length = strlen(root);
  root_device = facts.st_dev;
  log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) die("POWER_LOG");
}

/* The lock file description is this process's own, also after fork: flock() holds between processes, the mutex between threads. */
static void lock(void) {
  pthread_mutex_lock(&mutex);
  while (flock(log_fd, LOCK_EX) != 0)
    if (errno != EINTR) die("lock");
}

static void unlock(void) {
  int before = errno;
  flock(log_fd, LOCK_UN);
  pthread_mutex_unlock(&mutex);
  errno = before;
}

static int is_inside(const char *path) {
  return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* Puts the absolute name into `full`; false when the change is none of ours. */
static int resolve(int directory, const char *path, char *full) {
  if (log_fd < 0 || !path) return 0;
  if (path[0] == '/') {
    if (strlen(path) >= PATH_MAX) return 0;
    strcpy(full, path);
    return is_inside(full);
  }
  char base[PATH_MAX];
  if (directory == AT_FDCWD) {
    if (!getcwd(base, sizeof base)) return 0;
  } else {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length <= 0) return 0;
    base[length] = 0;
  }
  if (strlen(base) + strlen(path) + 2 > PATH_MAX) return 0;
  sprintf(full, "%s/%s", base, path);
  return is_inside(full);
}

/* True when the descriptor is a file or directory below the root; `facts` then describes it. */
static int is_ours(int fd, struct stat *facts) {
  if (log_fd < 0 || fd == log_fd) return 0;
  int before = errno;
  int found = 0;
  if (fstat(fd, facts) == 0 && facts->st_dev == root_device && (S_ISREG(facts->st_mode) || S_ISDIR(facts->st_mode))) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length > 0) {
      path[length] = 0;
      found = is_inside(path);
    }
  }
  errno = before;
  return found;
}

static void record(int type, int flags, uint64_t inode, uint64_t number, const void *first, size_t first_length,
                   const void *second, size_t second_length) {
  int before = errno;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct header header = {
      .magic = MAGIC,
      .type = (uint8_t)type,
      .flags = (uint8_t)flags,
      .pid = (uint32_t)getpid(),
      .time_ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec,
      .inode = inode,
      .number = number,
      .first_length = (uint32_t)first_length,
      .second_length = (uint32_t)second_length,
  };
  struct iovec parts[3] = {
      {&header, sizeof header}, {(void *)first, first_length}, {(void *)second, second_length}};
  size_t total = sizeof header + first_length + second_length;
  if (syscall(SYS_writev, log_fd, parts, 3) != (ssize_t)total) die("writing the log");
  errno = before;
}

static void record_path(int type, int flags, uint64_t inode, const char *path) {
  record(type, flags, inode, 0, path, strlen(path), NULL, 0);
}

static uint64_t inode_of(const char *path) {
  struct stat facts;
  return lstat(path, &facts) == 0 ? facts.st_ino : 0;
}

/* ---- names ---- */

static int do_open(int directory, const char *path, int flags, mode_t mode) {
  char full[PATH_MAX];
  int changes = (flags & (O_CREAT | O_TRUNC)) != 0;
  if (!changes || !resolve(directory, path, full)) return (int)syscall(SYS_openat, directory, path, flags, mode);
  lock();
  struct stat facts;
  int is_new = lstat(full, &facts) != 0;
  int fd = (int)syscall(SYS_openat, directory, path, flags, mode);
  if (fd >= 0 && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)) {
    if (is_new) record_path(OPENED, CREATED, facts.st_ino, full);
    else if (flags & O_TRUNC) record(TRUNCATED, 0, facts.st_ino, 0, NULL, 0, NULL, 0);
  }
  unlock();
  return fd;
}

#define MODE_OF(flags)                                  \
  mode_t mode = 0;                                      \
  if ((flags) & (O_CREAT | O_TMPFILE)) {                \
    va_list list;                                       \
    va_start(list, flags);                              \
    mode = va_arg(list, mode_t);                        \
    va_end(list);                                       \
  }

int open(const char *path, int flags, ...) { MODE_OF(flags) return do_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return do_open(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return do_open(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return do_open(at, path, flags | O_LARGEFILE, mode); }
int creat(const char *path, mode_t mode) { return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* The name is known only when the file is there. Templates are absolute wherever the box makes temporary files. */
static int do_temporary(char *template, int flags) {
  static int (*real)(char *, int);
  if (!real) real = (int (*)(char *, int))dlsym(RTLD_NEXT, "mkostemp");
  char full[PATH_MAX];
  if (!resolve(AT_FDCWD, template, full)) return real(template, flags);
  lock();
  int fd = real(template, flags);
  struct stat facts;
  if (fd >= 0 && fstat(fd, &facts) == 0 && resolve(AT_FDCWD, template, full))
    record_path(OPENED, CREATED, facts.st_ino, full);
  unlock();
  return fd;
}

int mkstemp(char *template) { return do_temporary(template, 0); }
int mkstemp64(char *template) { return do_temporary(template, 0); }
int mkostemp(char *template, int flags) { return do_temporary(template, flags); }
int mkostemp64(char *template, int flags) { return do_temporary(template, flags); }

char *mkdtemp(char *template) {
  static char *(*real)(char *);
  if (!real) real = (char *(*)(char *))dlsym(RTLD_NEXT, "mkdtemp");
  char full[PATH_MAX];
  if (!resolve(AT_FDCWD, template, full)) return real(template);
  lock();
  char *made = real(template);
  if (made && resolve(AT_FDCWD, made, full)) record_path(MADE, 0, inode_of(full), full);
  unlock();
  return made;
}

static int do_rename(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
  char old_path[PATH_MAX], new_path[PATH_MAX];
  int old_inside = resolve(from_at, from, old_path), new_inside = resolve(to_at, to, new_path);
  if (!old_inside && !new_inside) return (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
  lock();
  int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
  if (result == 0) {
    if (old_inside != new_inside) die("a file was moved across the root");
    record(RENAMED, 0, inode_of(new_path), 0, old_path, strlen(old_path), new_path, strlen(new_path));
  }
  unlock();
  return result;
}

int rename(const char *from, const char *to) { return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return do_rename(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return do_rename(a, from, b, to, flags); }

static int do_unlink(int at, const char *path, int flags) {
  char full[PATH_MAX];
  if (!resolve(at, path, full)) return (int)syscall(SYS_unlinkat, at, path, flags);
  lock();
  int result = (int)syscall(SYS_unlinkat, at, path, flags);
  if (result == 0) record_path(flags & AT_REMOVEDIR ? REMOVED : UNLINKED, 0, 0, full);
  unlock();
  return result;
}

int unlink(const char *path) { return do_unlink(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return do_unlink(at, path, flags); }
int rmdir(const char *path) { return do_unlink(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  int result = do_unlink(AT_FDCWD, path, 0);
  return result != 0 && errno == EISDIR ? rmdir(path) : result;
}

static int do_mkdir(int at, const char *path, mode_t mode) {
  char full[PATH_MAX];
  if (!resolve(at, path, full)) return (int)syscall(SYS_mkdirat, at, path, mode);
  lock();
  int result = (int)syscall(SYS_mkdirat, at, path, mode);
  if (result == 0) record_path(MADE, 0, inode_of(full), full);
  unlock();
  return result;
}

int mkdir(const char *path, mode_t mode) { return do_mkdir(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return do_mkdir(at, path, mode); }

static int do_link(int from_at, const char *from, int to_at, const char *to, int flags) {
  char old_path[PATH_MAX], new_path[PATH_MAX];
  if (!resolve(from_at, from, old_path) || !resolve(to_at, to, new_path))
    return (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
  lock();
  int result = (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
  if (result == 0) record(LINKED, 0, inode_of(new_path), 0, old_path, strlen(old_path), new_path, strlen(new_path));
  unlock();
  return result;
}

int link(const char *from, const char *to) { return do_link(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int a, const char *from, int b, const char *to, int flags) { return do_link(a, from, b, to, flags); }

int symlink(const char *target, const char *path) {
  char full[PATH_MAX];
  if (resolve(AT_FDCWD, path, full)) die("symbolic links are not recorded");
  return (int)syscall(SYS_symlinkat, target, AT_FDCWD, path);
}

/* ---- bytes ---- */

static void record_bytes(ino_t inode, uint64_t at, const struct iovec *parts, int count, size_t written) {
  char *bytes = malloc(written ? written : 1);
  size_t have = 0;
  if (!bytes) die("memory");
  for (int i = 0; i < count && have < written; i += 1) {
    size_t take = parts[i].iov_len < written - have ? parts[i].iov_len : written - have;
    memcpy(bytes + have, parts[i].iov_base, take);
    have += take;
  }
  record(WRITTEN, 0, inode, at, bytes, written, NULL, 0);
  free(bytes);
}

/* `at` < 0: where the descriptor stands, or at the end when it appends. */
static ssize_t do_write(int fd, const struct iovec *parts, int count, off_t at) {
  struct stat facts;
  if (!is_ours(fd, &facts))
    return at < 0 ? syscall(SYS_writev, fd, parts, count)
                  : syscall(SYS_pwritev, fd, parts, count, (unsigned long)at, (unsigned long)((uint64_t)at >> 32));
  lock();
  ssize_t written;
  uint64_t from;
  if (at < 0) {
    written = syscall(SYS_writev, fd, parts, count);
    from = (uint64_t)lseek(fd, 0, SEEK_CUR) - (uint64_t)(written > 0 ? written : 0);
  } else {
    if (fcntl(fd, F_GETFL) & O_APPEND) die("a positioned write to an appending file");
    written = syscall(SYS_pwritev, fd, parts, count, (unsigned long)at, (unsigned long)((uint64_t)at >> 32));
    from = (uint64_t)at;
  }
  if (written > 0) record_bytes(facts.st_ino, from, parts, count, (size_t)written);
  unlock();
  return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  struct stat facts;
  if (!is_ours(fd, &facts)) return syscall(SYS_write, fd, bytes, length);
  struct iovec part = {(void *)bytes, length};
  return do_write(fd, &part, 1, -1);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  struct iovec part = {(void *)bytes, length};
  return do_write(fd, &part, 1, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return pwrite(fd, bytes, length, at); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return do_write(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return do_write(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return do_write(fd, parts, count, at); }

static int do_truncate(int fd, off_t size) {
  struct stat facts;
  if (!is_ours(fd, &facts)) return (int)syscall(SYS_ftruncate, fd, size);
  lock();
  int result = (int)syscall(SYS_ftruncate, fd, size);
  if (result == 0) record(TRUNCATED, 0, facts.st_ino, (uint64_t)size, NULL, 0, NULL, 0);
  unlock();
  return result;
}

int ftruncate(int fd, off_t size) { return do_truncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return do_truncate(fd, size); }
int truncate(const char *path, off_t size) {
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  int result = do_truncate(fd, size);
  syscall(SYS_close, fd);
  return result;
}
int truncate64(const char *path, off64_t size) { return truncate(path, size); }

int posix_fallocate(int fd, off_t at, off_t length) {
  struct stat facts;
  if (is_ours(fd, &facts)) return EOPNOTSUPP;
  return syscall(SYS_fallocate, fd, 0, at, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t at, off64_t length) { return posix_fallocate(fd, at, length); }
int fallocate(int fd, int mode, off_t at, off_t length) {
  struct stat facts;
  if (is_ours(fd, &facts)) return errno = EOPNOTSUPP, -1;
  return (int)syscall(SYS_fallocate, fd, mode, at, length);
}
int fallocate64(int fd, int mode, off64_t at, off64_t length) { return fallocate(fd, mode, at, length); }

/* Copies inside the kernel are refused for our files: every caller falls back to read and write, which are recorded. */
ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t length, unsigned flags) {
  struct stat facts;
  if (is_ours(out, &facts)) return errno = ENOSYS, -1;
  return syscall(SYS_copy_file_range, in, in_at, out, out_at, length, flags);
}
ssize_t sendfile(int out, int in, off_t *at, size_t length) {
  struct stat facts;
  if (is_ours(out, &facts)) return errno = EINVAL, -1;
  return syscall(SYS_sendfile, out, in, at, length);
}
ssize_t sendfile64(int out, int in, off64_t *at, size_t length) { return sendfile(out, in, at, length); }

/* ---- syncs ---- */

static int do_sync(int fd, long call) {
  struct stat facts;
  if (!is_ours(fd, &facts)) return (int)syscall(call, fd);
  lock();
  uint64_t number = ((uint64_t)getpid() << 32) | ++serial;
  record(SYNC_BEGUN, 0, facts.st_ino, number, NULL, 0, NULL, 0);
  unlock();
  int result = (int)syscall(call, fd);
  if (result == 0) {
    lock();
    record(SYNC_ENDED, 0, facts.st_ino, number, NULL, 0, NULL, 0);
    unlock();
  }
  return result;
}

/* sync_file_range() promises nothing about metadata or caches, so it counts as nothing and needs no record. */
int fsync(int fd) { return do_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return do_sync(fd, SYS_fdatasync); }
