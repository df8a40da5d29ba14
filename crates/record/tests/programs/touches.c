// Touches parts of large blocks: touches one|double|kept|heaps|alone|ended|small|resident|many.
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void highwater_mark(const char *text) __attribute__((weak));

#define PAGE 4096

// Writes bytes that the compiler cannot leave out.
static void fill(char *begin, size_t length) {
  for (volatile char *byte = begin; byte < begin + length; byte += 64) *byte = 1;
}

static char *of_thread[50];

// Fills blocks of an arena of its own and stays, with it, to the end.
static void *work(void *barrier) {
  for (int at = 0; at < 50; at++) fill(of_thread[at] = malloc(4096), 4096);
  pthread_barrier_wait(barrier);
  pthread_barrier_wait(barrier);
  return 0;
}

// The KiB that are resident in all mappings but those of the recorder: its file, its library and the library's data right behind
// it.
static long resident_beside_recorder(void) {
  static char text[1 << 18];
  int file = open("/proc/self/smaps", O_RDONLY);
  size_t length = 0;
  for (ssize_t part; (part = read(file, text + length, sizeof text - 1 - length)) > 0;) length += part;
  close(file);
  text[length] = 0;
  long sum = 0;
  unsigned long begin, end, own_end = 0;
  int is_own = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    char name[512] = "";
    long size;
    if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %511s", &begin, &end, name) >= 2) {
      is_own = strstr(name, "libhighwater_record") || strstr(name, ".hwr") || (!*name && begin == own_end);
      if (strstr(name, "libhighwater_record")) own_end = end;
    } else if (!is_own && sscanf(line, "Rss: %ld", &size) == 1) {
      sum += size;
    }
  }
  return sum;
}

// Waits until the first thread has ended, and goes on.
static void *outlive(void *first) {
  pthread_join(*(pthread_t *)first, 0);
  fill(malloc(4 << 20), 4 << 20);
  if (highwater_mark) highwater_mark("alone");
  exit(0);
}

// Calls the allocator, and ends.
static void *call_once(void *none) {
  char *volatile own = malloc(1000);
  free(own);
  return none;
}

int main(int count, char **arguments) {
  char *mode = arguments[1];
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
  if (!strcmp(mode, "one")) {
    char *volatile block = malloc(1ul << 30);
    fill(block + 1000 * PAGE, 1);
    if (highwater_mark) highwater_mark("touched");
    fill(block + 2000 * PAGE, 1);
    free(block);
  } else if (!strcmp(mode, "double")) {
    // A buffer that doubles while its lowest eighth is written.
    size_t size = 1 << 20;
    char *volatile block = malloc(size);
    for (; size < 64 << 20; size *= 2) {
      fill(block, size / 8);
      block = realloc(block, size * 2);
    }
    free(block);
  } else if (!strcmp(mode, "kept")) {
    char *volatile block = malloc(64 << 20);
    fill(block + 10 * PAGE, 5 * PAGE);
  } else if (!strcmp(mode, "heaps")) {
    static char *blocks[75];
    for (int at = 0; at < 75; at++) fill(blocks[at] = malloc(4096), 4096);
    char *volatile mapped = malloc(64 << 20);
    fill(mapped + 10 * PAGE, 5 * PAGE);
    pthread_barrier_t barrier;
    pthread_t thread;
    pthread_barrier_init(&barrier, 0, 2);
    pthread_create(&thread, 0, work, &barrier);
    pthread_barrier_wait(&barrier);
    if (highwater_mark) highwater_mark("filled");
    exit(0);
  } else if (!strcmp(mode, "alone")) {
    fill(malloc(8 << 20), 8 << 20);
    pthread_t thread, *first = malloc(sizeof *first);
    *first = pthread_self();
    pthread_create(&thread, 0, outlive, first);
    pthread_exit(0);
  } else if (!strcmp(mode, "ended")) {
    char *block = malloc(4 << 20);
    for (int at = 0; at < 5; at++) {
      pthread_t thread;
      pthread_create(&thread, 0, call_once, 0);
      pthread_join(thread, 0);
      // Longer than measurements are apart.
      for (int round = 0; round < 500; round++) fill(block, 4 << 20);
      fill(malloc(100), 100);
    }
  } else if (!strcmp(mode, "small")) {
    mallopt(M_MMAP_THRESHOLD, 64 << 10);
    char *volatile block = malloc(100 << 10);
    fill(block, 1);
    if (highwater_mark) highwater_mark("mapped");
  } else if (!strcmp(mode, "resident")) {
    fill(malloc(8 << 20), 8 << 20);
    char mark[64];
    // The first ones touch what measuring itself needs.
    for (int at = 0; at < 3; at++) {
      snprintf(mark, sizeof mark, "resident-%ld", resident_beside_recorder());
      if (highwater_mark) highwater_mark(mark);
    }
  } else {
    // More blocks than the recorder follows, in an order that is not theirs when they are freed.
    static char *blocks[9000];
    for (int at = 0; at < 9000; at++) {
      blocks[at] = malloc(130 << 10);
      if (!blocks[at]) return 1;
    }
    for (int at = 0; at < 9000; at++) free(blocks[at * 7 % 9000]);
  }
  puts("done");
  return 0;
}
