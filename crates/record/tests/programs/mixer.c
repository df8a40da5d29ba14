// Threads that allocate and free at random: mixer THREADS GENERATIONS ROUNDS.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rounds;

static void *work(void *seed) {
  unsigned state = (unsigned)(long)seed * 2654435761u + 1;
  void *blocks[64] = {0};
  for (int round = 0; round < rounds; round++) {
    state = state * 1664525u + 1013904223u;
    int at = (state >> 8) & 63;
    size_t size = (state >> 14) % 3000 + 1;
    if ((state & 255) == 0) size *= 100;
    switch ((state >> 4) & 7) {
      case 0: blocks[at] = realloc(blocks[at], size); break;
      case 1: free(blocks[at]); blocks[at] = calloc(3, size); break;
      case 2:
        free(blocks[at]);
        if (posix_memalign(&blocks[at], 64, size)) abort();
        break;
      default: free(blocks[at]); blocks[at] = malloc(size);
    }
    if (!blocks[at]) abort();
    memset(blocks[at], 1, 1);
  }
  for (int at = 0; at < 64; at++) free(blocks[at]);
  return 0;
}

int main(int count, char **arguments) {
  int threads = atoi(arguments[1]), generations = atoi(arguments[2]);
  rounds = atoi(arguments[3]);
  for (int generation = 0; generation < generations; generation++) {
    pthread_t started[256];
    for (long thread = 0; thread < threads; thread++)
      if (pthread_create(&started[thread], 0, work, (void *)(thread + 1 + generation * threads))) abort();
    for (int thread = 0; thread < threads; thread++) pthread_join(started[thread], 0);
  }
  puts("done");
  return 0;
}
