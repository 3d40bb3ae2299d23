/* Writes down what a process does to the files of one folder, in order: the power-loss rig (tests/crash) plays it again
 * and keeps only what was synced, and a random part of the rest.
 *
 *   cc -shared -fPIC -O2 -o powerloss.so powerloss.c -ldl -lpthread
 *   LD_PRELOAD=powerloss.so POWERLOSS_FOLDER=<folder> POWERLOSS_TRACE=<file> program …
 *
 * A record of the trace, little-endian: operation (1), descriptor (4), offset (8), length (4), then so many bytes. A record is
 * written after the call it tells of, in one write, under one lock: what the process was told is always in the trace.
 * Writes through memory maps and from inside the C library (fopen) are not seen; the databases use neither for data. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE = 2, TRUNCATE = 3, SYNC = 4, RENAME = 5, UNLINK = 6, MKDIR = 7, RMDIR = 8 };
enum { DESCRIPTORS = 65536 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char watched[DESCRIPTORS];
static int trace = -1;
static const char *folder;
static size_t folder_length;

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("POWERLOSS_TRACE");
    folder = getenv("POWERLOSS_FOLDER");
    if (!file || !folder) return;
    folder_length = strlen(folder);
    trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (trace < 0) abort();
}

static int within(const char *path) {
    return trace >= 0 && path && strncmp(path, folder, folder_length) == 0 &&
           (path[folder_length] == '/' || path[folder_length] == 0);
}

static int is_watched(int fd) { return trace >= 0 && fd >= 0 && fd < DESCRIPTORS && watched[fd]; }

static void note(uint8_t operation, int32_t fd, uint64_t offset, const void *bytes, uint32_t length) {
    unsigned char head[17];
    memcpy(head, &operation, 1);
    memcpy(head + 1, &fd, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, &length, 4);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, length}};
    long wanted = (long)(sizeof head + length);
    if (syscall(SYS_writev, trace, parts, 2) != wanted) abort();
}

static void note_path(uint8_t operation, int fd, const char *path, uint64_t flags) {
    note(operation, fd, flags, path, (uint32_t)strlen(path));
}

static int opened(int fd, const char *path, int flags) {
    if (fd < 0 || fd >= DESCRIPTORS) return fd;
    watched[fd] = (unsigned char)within(path);
    if (watched[fd]) note_path(OPEN, fd, path, (uint64_t)((flags & O_TRUNC) != 0) | ((flags & O_CREAT) ? 2u : 0u));
    return fd;
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list arguments; \
        va_start(arguments, flags); \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(arguments, mode_t) : 0; \
        va_end(arguments); \
        pthread_mutex_lock(&lock); \
        int fd = opened(real(path, flags, mode), path, flags); \
        pthread_mutex_unlock(&lock); \
        return fd; \
    }
OPENS(open)
OPENS(open64)

int close(int fd) {
    REAL(int, "close", int);
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < DESCRIPTORS) watched[fd] = 0;
    int result = real(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!is_watched(fd)) return real(fd, bytes, count);
    pthread_mutex_lock(&lock);
    ssize_t written = real(fd, bytes, count);
    if (written > 0) note(WRITE, fd, (uint64_t)(lseek(fd, 0, SEEK_CUR) - written), bytes, (uint32_t)written);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (!is_watched(fd)) return real(fd, parts, count);
    /* One part at a time: a short write is allowed, and what was written is known. */
    for (int i = 0; i < count; i++)
        if (parts[i].iov_len) return write(fd, parts[i].iov_base, parts[i].iov_len);
    return 0;
}

#define PWRITES(name, offset_type) \
    ssize_t name(int fd, const void *bytes, size_t count, offset_type offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, offset_type); \
        if (!is_watched(fd)) return real(fd, bytes, count, offset); \
        pthread_mutex_lock(&lock); \
        ssize_t written = real(fd, bytes, count, offset); \
        if (written > 0) note(WRITE, fd, (uint64_t)offset, bytes, (uint32_t)written); \
        pthread_mutex_unlock(&lock); \
        return written; \
    }
PWRITES(pwrite, off_t)
PWRITES(pwrite64, off64_t)

#define TRUNCATES(name, offset_type) \
    int name(int fd, offset_type length) { \
        REAL(int, #name, int, offset_type); \
        pthread_mutex_lock(&lock); \
        int result = real(fd, length); \
        if (result == 0 && is_watched(fd)) note(TRUNCATE, fd, (uint64_t)length, "", 0); \
        pthread_mutex_unlock(&lock); \
        return result; \
    }
TRUNCATES(ftruncate, off_t)
TRUNCATES(ftruncate64, off64_t)

#define SYNCS(name) \
    int name(int fd) { \
        REAL(int, #name, int); \
        if (!is_watched(fd)) return real(fd); \
        pthread_mutex_lock(&lock); \
        /* No disk is asked: the rig decides what it kept. */ \
        (void)real; \
        note(SYNC, fd, 0, "", 0); \
        pthread_mutex_unlock(&lock); \
        return 0; \
    }
SYNCS(fsync)
SYNCS(fdatasync)

/* Promises nothing about a crash: no sync. */
int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags) {
    REAL(int, "sync_file_range", int, off64_t, off64_t, unsigned);
    return is_watched(fd) ? 0 : real(fd, offset, count, flags);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    pthread_mutex_lock(&lock);
    int result = real(from, to);
    if (result == 0 && within(from)) {
        char both[2 * PATH_MAX];
        size_t first = strlen(from) + 1, second = strlen(to);
        if (first + second > sizeof both) abort();
        memcpy(both, from, first);
        memcpy(both + first, to, second);
        note(RENAME, -1, 0, both, (uint32_t)(first + second));
    }
    pthread_mutex_unlock(&lock);
    return result;
}

#define PATHS(name, operation) \
    int name(const char *path) { \
        REAL(int, #name, const char *); \
        pthread_mutex_lock(&lock); \
        int result = real(path); \
        if (result == 0 && within(path)) note_path(operation, -1, path, 0); \
        pthread_mutex_unlock(&lock); \
        return result; \
    }
PATHS(unlink, UNLINK)
PATHS(rmdir, RMDIR)

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    pthread_mutex_lock(&lock);
    int result = real(path, mode);
    if (result == 0 && within(path)) note_path(MKDIR, -1, path, 0);
    pthread_mutex_unlock(&lock);
    return result;
}
