/*
 * Put under a process by LD_PRELOAD: makes calls on files fail as a page of text in FAULTS_FILE says, one fault a line:
 *
 *   <call> <errno> <part of the path>
 *
 * Calls: open (also of what exists), write (all that change content: pwrite, ftruncate, ...), sync (fsync, fdatasync), link, rename,
 * unlink, mkdir. The page is shared memory: what a test writes there holds from the next call on. An empty page costs nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile char *page;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("FAULTS_FILE");
  if (!file) return;
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int fd = real(file, O_RDONLY);
  if (fd < 0) return;
  void *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) page = mapped;
  close(fd);
}

/* The errno with which a call on this path fails, 0 if it does not. */
static int fault(const char *call, const char *path) {
  if (!page || !page[0] || !path) return 0;
  char text[4097];
  for (int i = 0; i < 4096; i++) text[i] = page[i];
  text[4096] = 0;
  char *rest = NULL;
  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    char wanted[16], part[1024];
    int code;
    if (sscanf(line, "%15s %d %1023s", wanted, &code, part) == 3 && !strcmp(wanted, call) && strstr(path, part)) return code;
  }
  return 0;
}

static int fault_of(const char *call, int fd) {
  if (!page || !page[0]) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return fault(call, path);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAIL(code) do { int failed = (code); if (failed) { errno = failed; return -1; } } while (0)

#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }
int open(const char *path, int flags, ...) { REAL(open); MODE FAIL(fault("open", path)); return real(path, flags, mode); }
int open64(const char *path, int flags, ...) { REAL(open64); MODE FAIL(fault("open", path)); return real(path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { REAL(openat); MODE FAIL(fault("open", path)); return real(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { REAL(openat64); MODE FAIL(fault("open", path)); return real(at, path, flags, mode); }

ssize_t write(int fd, const void *from, size_t n) { REAL(write); FAIL(fault_of("write", fd)); return real(fd, from, n); }
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) { REAL(pwrite); FAIL(fault_of("write", fd)); return real(fd, from, n, at); }
ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) { REAL(pwrite64); FAIL(fault_of("write", fd)); return real(fd, from, n, at); }
ssize_t writev(int fd, const struct iovec *from, int n) { REAL(writev); FAIL(fault_of("write", fd)); return real(fd, from, n); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); FAIL(fault_of("write", fd)); return real(fd, size); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); FAIL(fault_of("write", fd)); return real(fd, size); }

int fsync(int fd) { REAL(fsync); FAIL(fault_of("sync", fd)); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); FAIL(fault_of("sync", fd)); return real(fd); }

int link(const char *from, const char *to) { REAL(link); FAIL(fault("link", to)); return real(from, to); }
int rename(const char *from, const char *to) { REAL(rename); FAIL(fault("rename", to)); return real(from, to); }
int unlink(const char *path) { REAL(unlink); FAIL(fault("unlink", path)); return real(path); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); FAIL(fault("mkdir", path)); return real(path, mode); }
