// Calls for memory beside the allocator, and ends by _exit: maps.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
  void *before = sbrk(4096);
  void *volatile block = malloc(1 << 20);
  char *mapped = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mapped[0] = 1;
  int refused = mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
  char *moved = mremap(mapped, 1 << 20, 4 << 20, MREMAP_MAYMOVE);
  madvise(moved, 1 << 20, MADV_DONTNEED);
  munmap(moved, 4 << 20);
  void *old = sbrk(4096);
  printf("%d %d %d\n", refused, before != (void *)-1, sbrk(0) == (char *)old + 4096);
  free(block);
  fflush(stdout);
  _exit(3);
}
