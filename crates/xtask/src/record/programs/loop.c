// Prints the nanoseconds of processor time that a malloc or free of 64 bytes takes: loop CALLS.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int count, char **arguments) {
  int pairs = atoi(arguments[1]) / 2;
  struct timespec begin, end;
  for (int round = -pairs / 20; round < pairs; round++) {
    if (!round) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    void *volatile block = malloc(64);
    free(block);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  double passed = (end.tv_sec - begin.tv_sec) * 1e9 + end.tv_nsec - begin.tv_nsec;
  printf("%.3f\n", passed / pairs / 2);
  return 0;
}
