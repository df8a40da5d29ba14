// Prints the nanoseconds of processor time that a large block takes from malloc to free, every page of it written: large BLOCKS BYTES.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int count, char **arguments) {
  int blocks = atoi(arguments[1]);
  size_t bytes = atol(arguments[2]);
  struct timespec begin, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  for (int round = 0; round < blocks; round++) {
    volatile char *block = malloc(bytes);
    if (!block) return 1;
    for (size_t at = 0; at < bytes; at += 4096) block[at] = 1;
    free((void *)block);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  double passed = (end.tv_sec - begin.tv_sec) * 1e9 + end.tv_nsec - begin.tv_nsec;
  printf("%.1f\n", passed / blocks);
  return 0;
}
