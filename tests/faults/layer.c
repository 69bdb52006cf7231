/* A layer over the C library that fails one call which changes the disk: the n-th.
 *
 * Preloaded into a Python process (LD_PRELOAD) it stands below everything there: Python's own
 * file calls, SQLite, native code. It is asleep until faults_begin. Calls on anything but files
 * and folders pass. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum fault { COUNT, FULL, BROKEN, TORN, KILLED, KILLED_TORN };

#define MOST 4096

static int awake, at;
static _Atomic int seen; /* native code writes in threads of its own */
static enum fault fault;
static char kinds[MOST + 1]; /* w(rite) s(ync) r(ename) u(nlink) c(ut), in order */

void faults_begin(int which, int what) {
    awake = 1;
    at = which;
    fault = what;
    seen = 0;
}

const char *faults_end(void) {
    awake = 0;
    kinds[seen < MOST ? seen : MOST] = 0;
    return kinds;
}

/* Count a call; say whether it is the one that fails. */
static int is_next(char kind) {
    if (!awake) return 0;
    int number = seen++;
    if (number < MOST) kinds[number] = kind;
    return number == at && fault != COUNT;
}

static int is_file(int fd) {
    struct stat status;
    int before = errno, is = fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    errno = before;
    return is;
}

static int fail(void) {
    if (fault == KILLED || fault == KILLED_TORN) kill(getpid(), SIGKILL);
    errno = fault == FULL ? ENOSPC : EIO;
    return -1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define TORN_FIRST (fault == TORN || fault == KILLED_TORN)

ssize_t write(int fd, const void *bytes, size_t length) {
    if (awake && is_file(fd) && is_next('w')) {
        if (TORN_FIRST) NEXT(write)(fd, bytes, length / 2);
        return fail();
    }
    return NEXT(write)(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    if (awake && is_file(fd) && is_next('w')) {
        if (TORN_FIRST) NEXT(pwrite)(fd, bytes, length / 2, offset);
        return fail();
    }
    return NEXT(pwrite)(fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    if (awake && is_file(fd) && is_next('w')) {
        if (TORN_FIRST) NEXT(pwrite64)(fd, bytes, length / 2, offset);
        return fail();
    }
    return NEXT(pwrite64)(fd, bytes, length, offset);
}

int fsync(int fd) { return is_next('s') ? fail() : NEXT(fsync)(fd); }

int fdatasync(int fd) { return is_next('s') ? fail() : NEXT(fdatasync)(fd); }

int syncfs(int fd) { return is_next('s') ? fail() : NEXT(syncfs)(fd); }

int ftruncate(int fd, off_t length) { return is_next('c') ? fail() : NEXT(ftruncate)(fd, length); }

int ftruncate64(int fd, off64_t length) {
    return is_next('c') ? fail() : NEXT(ftruncate64)(fd, length);
}

int rename(const char *from, const char *to) { return is_next('r') ? fail() : NEXT(rename)(from, to); }

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return is_next('r') ? fail() : NEXT(renameat)(from_folder, from, to_folder, to);
}

int unlink(const char *path) { return is_next('u') ? fail() : NEXT(unlink)(path); }

int unlinkat(int folder, const char *path, int flags) {
    return is_next('u') ? fail() : NEXT(unlinkat)(folder, path, flags);
}
