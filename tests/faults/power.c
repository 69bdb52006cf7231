/* A layer over the C library that knows what of a folder a power cut would leave.
 *
 * Preloaded into a process (LD_PRELOAD). After each sync that succeeds it lists, in the file
 * CALLVAULT_DURABLE, the files of the folder CALLVAULT_SYNCED as they were when the sync began:
 * size, inode, name. What was written, made or renamed since then is gone after the cut (power.py). */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* Write the list beside its place; it counts when the sync has succeeded. */
static int list_files(const char *folder, const char *list) {
    DIR *found = opendir(folder);
    if (found == NULL) return 0;
    FILE *out = fopen(list, "w");
    for (struct dirent *entry; out != NULL && (entry = readdir(found)) != NULL;) {
        struct stat status;
        if (fstatat(dirfd(found), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
            fprintf(out, "%lld %llu %s\n", (long long)status.st_size,
                    (unsigned long long)status.st_ino, entry->d_name);
    }
    closedir(found);
    return out != NULL && fclose(out) == 0;
}

/* Only a sync of the whole file system counts. */
int syncfs(int fd) {
    const char *folder = getenv("CALLVAULT_SYNCED"), *list = getenv("CALLVAULT_DURABLE");
    if (folder == NULL || list == NULL) return NEXT(syncfs)(fd);
    char unfinished[4096];
    snprintf(unfinished, sizeof unfinished, "%s.new", list);
    pthread_mutex_lock(&one_at_a_time);
    int is_listed = list_files(folder, unfinished), outcome = NEXT(syncfs)(fd);
    if (outcome == 0 && is_listed) rename(unfinished, list);
    pthread_mutex_unlock(&one_at_a_time);
    return outcome;
}
