/* Writes down what a process does to the files of one directory: LD_PRELOAD=record.so.

   RECORD_DIR is the directory, RECORD_LOG the log that all processes share. Each record is one
   append, so the log has one order for all of them. A write is noted before it is made (whoever
   cuts the power after the note may find it made, or not); an fsync after it has returned (only
   then may anybody rely on it). Files that end in -shm hold nothing that outlives the power. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096
#define NAME 64
#define HIGH 900 /* the log's descriptor lies above those that programs count on */

struct head {
  char op;
  uint8_t name_length;
  uint16_t zero;
  uint32_t pid;
  int64_t offset;
  uint32_t length;
} __attribute__((packed));

static char names[FILES][NAME];
static const char *directory;
static size_t directory_length;
static int log_file = -1;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void ensure_log(void) {
  const char *path = getenv("RECORD_LOG");
  int file;
  if (log_file >= 0 && fcntl(log_file, F_GETFD) >= 0) return;
  log_file = -1;
  directory = getenv("RECORD_DIR");
  if (!path || !directory) return;
  directory_length = strlen(directory);
  file = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  log_file = fcntl(file, F_DUPFD_CLOEXEC, HIGH);
  REAL(close)(file);
}

__attribute__((constructor)) static void begin(void) { ensure_log(); }

static void note(char op, const char *name, int64_t offset, const void *data, uint32_t length) {
  int before = errno;
  struct head head = {op, (uint8_t)strlen(name), 0, (uint32_t)getpid(), offset, length};
  struct iovec parts[3] = {{&head, sizeof head},
                           {(void *)name, head.name_length},
                           {(void *)data, data ? length : 0}};
  ensure_log();
  if (log_file >= 0 && REAL(writev)(log_file, parts, 3) < 0) abort();
  errno = before;
}

/* The name of a path in the directory; NULL for all others, and for what nobody keeps. */
static const char *name_in(const char *path) {
  const char *name;
  size_t length;
  ensure_log();
  if (log_file < 0 || strncmp(path, directory, directory_length) != 0) return NULL;
  name = path + directory_length;
  if (*name++ != '/') return NULL;
  length = strlen(name);
  if (!length || length >= NAME || strchr(name, '/')) return NULL;
  if (length > 4 && strcmp(name + length - 4, "-shm") == 0) return NULL;
  return name;
}

static void opened(int file, const char *path, int flags) {
  const char *name = name_in(path);
  if (file < 0 || file >= FILES) return;
  names[file][0] = 0;
  if (!name) return;
  strcpy(names[file], name);
  if (flags & O_CREAT) note('c', name, 0, NULL, 0);
  if (flags & O_TRUNC) note('t', name, 0, NULL, 0);
}

static const char *name_of(int file) {
  return file >= 0 && file < FILES && names[file][0] ? names[file] : NULL;
}

#define MODE                      \
  int mode = 0;                   \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list rest;                 \
    va_start(rest, flags);        \
    mode = va_arg(rest, int);     \
    va_end(rest);                 \
  }

int open(const char *path, int flags, ...) {
  MODE
  int file = REAL(open)(path, flags, mode);
  opened(file, path, flags);
  return file;
}

int open64(const char *path, int flags, ...) {
  MODE
  int file = REAL(open64)(path, flags, mode);
  opened(file, path, flags);
  return file;
}

int openat(int at, const char *path, int flags, ...) {
  MODE
  int file = REAL(openat)(at, path, flags, mode);
  opened(file, path, flags);
  return file;
}

int openat64(int at, const char *path, int flags, ...) {
  MODE
  int file = REAL(openat64)(at, path, flags, mode);
  opened(file, path, flags);
  return file;
}

int close(int file) {
  if (file >= 0 && file < FILES) names[file][0] = 0;
  return REAL(close)(file);
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) {
  const char *name = name_of(file);
  if (name) note('w', name, offset, data, (uint32_t)length);
  return REAL(pwrite)(file, data, length, offset);
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
  const char *name = name_of(file);
  if (name) note('w', name, offset, data, (uint32_t)length);
  return REAL(pwrite64)(file, data, length, offset);
}

ssize_t write(int file, const void *data, size_t length) {
  const char *name = name_of(file);
  if (name) note('w', name, lseek(file, 0, SEEK_CUR), data, (uint32_t)length);
  return REAL(write)(file, data, length);
}

int ftruncate(int file, off_t length) {
  const char *name = name_of(file);
  if (name) note('t', name, length, NULL, 0);
  return REAL(ftruncate)(file, length);
}

int ftruncate64(int file, off64_t length) {
  const char *name = name_of(file);
  if (name) note('t', name, length, NULL, 0);
  return REAL(ftruncate64)(file, length);
}

int fsync(int file) {
  const char *name = name_of(file);
  int failed = REAL(fsync)(file);
  if (name && !failed) note('s', name, 0, NULL, 0);
  return failed;
}

int fdatasync(int file) {
  const char *name = name_of(file);
  int failed = REAL(fdatasync)(file);
  if (name && !failed) note('s', name, 0, NULL, 0);
  return failed;
}

int unlink(const char *path) {
  const char *name = name_in(path);
  if (name) note('u', name, 0, NULL, 0);
  return REAL(unlink)(path);
}
