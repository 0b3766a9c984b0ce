/* Lets the n-th operation on the files of FAULT_DIR go wrong: LD_PRELOAD=inject.so.

   A process calls fault_arm() when it begins, and fault_count() tells how many there were. An
   operation is a write, an fsync, a truncation or a deletion; -shm files do not count.

   Or the file FAULT_SWITCH says what goes wrong as long as it is there: e (EIO), f (no space),
   r (read-only), y (fsync alone fails), s (the process dies before it sends anything). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES 4096

enum { NOTHING, KILL, EIO_ONCE, FULL_ONCE, SHORT_ONCE, EIO_FROM, FULL_FROM, READ_ONLY_FROM };

static char watched[FILES];
static long counted, fails_at;
static int what;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void fault_arm(long at, int action) {
  counted = 0;
  fails_at = at;
  what = action;
}

long fault_count(void) { return counted; }

static int is_ours(const char *path) {
  const char *directory = getenv("FAULT_DIR");
  size_t length = strlen(path);
  if (!directory || strncmp(path, directory, strlen(directory)) != 0) return 0;
  return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

static void opened(int file, const char *path) {
  if (file >= 0 && file < FILES) watched[file] = (char)is_ours(path);
}

static int is_watched(int file) { return file >= 0 && file < FILES && watched[file]; }

/* What the switch says; 0 where there is none. */
static char switched(void) {
  const char *path = getenv("FAULT_SWITCH");
  char said = 0;
  int before = errno, file = path ? REAL(open)(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file >= 0) {
    if (read(file, &said, 1) != 1) said = 0;
    REAL(close)(file);
  }
  errno = before;
  return said;
}

/* What becomes of the next operation: 0 it is made, -1 it fails (errno says how), 1 half of it. */
static int fate(int is_sync) {
  int is_it, is_from;
  char said = switched();
  if (said == 'e' || said == 'f' || said == 'r' || (said == 'y' && is_sync)) {
    errno = said == 'f' ? ENOSPC : said == 'r' ? EROFS : EIO;
    return -1;
  }
  counted++;
  if (!fails_at) return 0;
  is_it = counted == fails_at;
  is_from = counted >= fails_at;
  if (what == KILL && is_it) kill(getpid(), SIGKILL);
  if (what == SHORT_ONCE && is_it) return 1;
  if (what == SHORT_ONCE && counted == fails_at + 1) { /* the other half finds no room */
    errno = ENOSPC;
    return -1;
  }
  if ((what == EIO_ONCE && is_it) || (what == EIO_FROM && is_from)) errno = EIO;
  else if ((what == FULL_ONCE && is_it) || (what == FULL_FROM && is_from)) errno = ENOSPC;
  else if (what == READ_ONLY_FROM && is_from) errno = EROFS;
  else return 0;
  return -1;
}

#define MODE                      \
  int mode = 0;                   \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list rest;                 \
    va_start(rest, flags);        \
    mode = va_arg(rest, int);     \
    va_end(rest);                 \
  }

#define OPEN(name)                            \
  int name(const char *path, int flags, ...) {  \
    MODE                                      \
    int file = REAL(name)(path, flags, mode); \
    opened(file, path);                       \
    return file;                              \
  }
OPEN(open)
OPEN(open64)

int close(int file) {
  if (file >= 0 && file < FILES) watched[file] = 0;
  return REAL(close)(file);
}

#define PWRITE(name, type)                                                 \
  ssize_t name(int file, const void *data, size_t length, type offset) {   \
    int bad = is_watched(file) ? fate(0) : 0;                              \
    if (bad < 0) return -1;                                                \
    if (bad > 0 && length > 1) {                                           \
      return REAL(name)(file, data, length / 2, offset);                   \
    }                                                                      \
    return REAL(name)(file, data, length, offset);                         \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FILE_ONLY(name) \
  int name(int file) { return is_watched(file) && fate(1) < 0 ? -1 : REAL(name)(file); }
FILE_ONLY(fsync)
FILE_ONLY(fdatasync)

#define RESIZE(name, type)                                                   \
  int name(int file, type length) {                                          \
    return is_watched(file) && fate(0) < 0 ? -1 : REAL(name)(file, length);  \
  }
RESIZE(ftruncate, off_t)
RESIZE(ftruncate64, off64_t)

int unlink(const char *path) { return is_ours(path) && fate(0) < 0 ? -1 : REAL(unlink)(path); }

ssize_t send(int socket, const void *data, size_t length, int flags) {
  if (switched() == 's') kill(getpid(), SIGKILL);
  return REAL(send)(socket, data, length, flags);
}
