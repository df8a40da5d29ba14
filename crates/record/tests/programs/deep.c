// A library whose constructor and function call the allocator, and which starts a thread.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void *volatile kept;

__attribute__((constructor)) static void begin(void) { kept = malloc(777); }

static void call(size_t bytes) {
  for (int at = 0; at < 50; at++) {
    void *volatile block = malloc(bytes);
    free(block);
  }
}

static void *run(void *nothing) {
  call(778);
  return nothing;
}

void use(void) {
  pthread_t thread;
  char *copy = strdup("strdup calls malloc inside the C library");
  pthread_create(&thread, 0, run, 0);
  call(779);
  pthread_join(thread, 0);
  free(copy);
  free(kept);
}
