// Workers that are forked while threads allocate: forks WORKERS THREADS.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void work(unsigned state, int rounds) {
  void *blocks[64] = {0};
  for (int round = 0; round < rounds; round++) {
    state = state * 1664525u + 1013904223u;
    int at = (state >> 8) & 63;
    free(blocks[at]);
    blocks[at] = malloc((state >> 14) % 3000);
  }
  for (int at = 0; at < 64; at++) free(blocks[at]);
}

static volatile int is_over;

static void *storm(void *seed) {
  unsigned state = (unsigned)(long)seed;
  while (!is_over) work(state++, 50);
  return 0;
}

int main(int count, char **arguments) {
  int workers = atoi(arguments[1]), threads = atoi(arguments[2]), right = 0;
  pthread_t started[64];
  work(1, 5000);
  void *inherited = malloc(100);
  for (long thread = 0; thread < threads; thread++) pthread_create(&started[thread], 0, storm, (void *)(thread * 1000));
  for (int worker = 0; worker < workers; worker++) {
    pid_t process = fork();
    if (!process) {
      free(inherited);
      work(worker + 5, 1000);
      _exit(worker & 7);
    }
    int status;
    waitpid(process, &status, 0);
    right += WIFEXITED(status) && WEXITSTATUS(status) == (worker & 7);
  }
  is_over = 1;
  for (int thread = 0; thread < threads; thread++) pthread_join(started[thread], 0);
  printf("%d\n", right);
  return 0;
}
