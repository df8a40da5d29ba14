// A daemon: its starter has ended before it calls the allocator, and a process without such calls came between.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int alive[2];
  char nothing;
  void *volatile block = malloc(777);
  if (pipe(alive)) return 1;
  if (!fork()) {
    if (fork()) _exit(0);
    // The pipe ends once the others have.
    close(alive[1]);
    read(alive[0], &nothing, 1);
    free(block);
    block = malloc(778);
    _exit(0);
  }
  wait(0);
  _exit(0);
}
